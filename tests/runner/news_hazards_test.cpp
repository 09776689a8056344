// SPDX-License-Identifier: Apache-2.0
//
// What befalls news on its way: replies that are lost or late, reads that fail, two who bring it at
// once, answers that no log takes. Whatever becomes of it, the run is driven on, nobody waits for
// himself, and everybody is told what is so.
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "invsaga/forwarding.hpp"
#include "tests/runner/news_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using ::testing::Contains;
using testing::ErrorIs;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::Kept;
using ::testing::Not;

// --- who drives the run afterwards

TEST_F(NewsHazardsInSplit, WhoHasTakenOverDrivesOnThoughTheRestFailed) {
  auto driver = process();
  auto other = process();
  const RunId run = unpaid(*driver);
  other->connection.at_append = [](const RunRecord& record) {
    return record.kind == RecordKind::outcome ? Mishap::failed : Mishap::none;
  };
  EXPECT_THAT(other->runner.complete(run, shop.last_pending(), paid), ErrorIs(Errc::unavailable));
  other->connection.at_append = nullptr;
  run_all();
  check_sound(run);
}

TEST_F(NewsHazards, WhoseRepliesAreLateDrivesOn) {
  auto driver = process();
  auto other = process();
  const RunId run = unpaid(*driver);
  other->connection.at_append = [](const RunRecord& record) {
    return record.kind == RecordKind::cancelled ? Mishap::late : Mishap::none;
  };
  EXPECT_THAT(other->runner.cancel(run, ""), ErrorIs(Errc::timed_out));
  other->connection.at_append = nullptr;
  while (other->connection.release_late()) {
  }
  run_all();
  check_sound(run);
}

TEST_F(NewsHazards, WhoseReplyWasLostDrivesOnThoughAReadFails) {
  auto driver = process();
  auto other = process();
  const RunId run = unpaid(*driver);
  other->connection.at_append = [](const RunRecord& record) {
    return record.kind == RecordKind::cancelled ? Mishap::lost : Mishap::none;
  };
  int reads = 0;
  other->connection.at_read = [&] { return ++reads == 4 ? Mishap::failed : Mishap::none; };
  EXPECT_EQ(other->runner.cancel(run, "").assume_value().decision, CancelDecision::accepted);
  other->connection.at_append = nullptr;
  run_all();
  EXPECT_EQ(outcome(run)->end, RunEnd::compensated);
  check_sound(run);
}

TEST_F(SlowNews, OneThatFailsLeavesTheRunToTheOther) {
  const RunId run = left_alone();
  Witness own;
  SlowRunner runner(*this, watched_by(own));
  slow.refuses_writes = true;
  Kept<NewsAnswer> first;
  runner.complete(run, shop.last_pending(), paid, first.completion());
  ASSERT_EQ(slow.held(), 1u);
  slow.refuses_writes = false;
  Kept<CancelAnswer> second;  // waits until the first is done with the run
  runner.cancel(run, "", second.completion());
  slow.release_all();
  ASSERT_TRUE(first.answer.has_value());
  EXPECT_THAT(*first.answer, ErrorIs(Errc::unavailable));
  ASSERT_TRUE(second.answer.has_value());
  EXPECT_EQ(second.answer->assume_value().decision, CancelDecision::accepted);
  run_all();
  check_sound(run);
  EXPECT_THAT(kinds(own.records(run)), Contains(RecordKind::cancelled));
}

TEST_F(SlowNews, ACancelWhileTheDriverReadsTheLogIsHeard) {
  SlowRunner runner(*this);
  const RunId run = first_unpaid(runner);
  slow.holds_reads = true;
  Kept<RecoveryReport> report;
  runner.recover(Duration{0}, report.completion());
  ASSERT_EQ(slow.held(), 1u);  // the driver has read; the answer is on its way
  slow.holds_reads = false;
  EXPECT_THAT(runner.cancel(run, "no more"), IsOk());
  slow.release_all();
  run_all();
  check_sound(run);
  EXPECT_EQ(outcome(run)->end, RunEnd::compensated);
}

TEST_F(SlowNews, ARunThatIsForgottenWhileItIsTakenIsLeft) {
  static_cast<void>(left_alone());
  SlowRunner runner(*this);
  slow.empty_read = 1;
  const RecoveryReport report = runner.recover();
  EXPECT_EQ(report.taken, 0u);
  EXPECT_EQ(report.left, 1u);
  EXPECT_EQ(runner.runs(), 0u);
}

// --- what is told

TEST_F(NewsHazards, TheObserverIsToldOfNewsWhoseReplyWasLost) {
  auto driver = process();
  Witness own;
  auto other = process(watched_by(own));
  const RunId run = unpaid(*driver);
  int times = 0;
  other->connection.at_append = [&](const RunRecord& record) {
    return record.kind == RecordKind::cancelled && times++ == 0 ? Mishap::lost : Mishap::none;
  };
  EXPECT_EQ(other->runner.cancel(run, "").assume_value().decision, CancelDecision::accepted);
  run_all();
  check_sound(run);
  // All that came behind what the driver wrote, once.
  const std::vector<RecordKind> all = kinds(records(run));
  const std::vector<RecordKind> told = kinds(own.records(run));
  ASSERT_LT(told.size(), all.size());
  EXPECT_EQ(told.front(), RecordKind::taken_over);
  EXPECT_TRUE(std::equal(told.rbegin(), told.rend(), all.rbegin()));
}

TEST_F(SlowNews, AnEndIsNotToldAgainByWhoReadTheLogBeforeIt) {
  Witness own;
  SlowRunner runner(*this, watched_by(own));
  const RunId run = first_unpaid(runner);
  slow.holds_reads = true;
  Kept<CancelAnswer> cancelled;
  runner.cancel(run, "", cancelled.completion());
  ASSERT_EQ(slow.held(), 1u);  // it has read; the answer is on its way
  slow.holds_reads = false;
  shop.took_effect("charge", shop.last_pending());
  EXPECT_THAT(runner.complete(run, shop.last_pending(), paid), IsOkAndHolds(NewsAnswer::recorded));
  ASSERT_EQ(runner.runs(), 0u);
  slow.release_all();
  ASSERT_TRUE(cancelled.answer.has_value());
  EXPECT_EQ(cancelled.answer->assume_value().decision, CancelDecision::too_late);
  run_all();
  EXPECT_EQ(own.outcomes(run).size(), 1u);
  EXPECT_EQ(own.records(run).size(), records(run).size());
  EXPECT_EQ(runner.runs(), 0u);
}

TEST_F(NewsHazards, WhatADriverHasToldIsNotToldAgainByWhoBringsItsAnswerOnceMore) {
  Witness own;
  auto driver = process(watched_by(own));
  auto other = process();
  shop.wait("charge", 2);  // of the other too
  const RunId run = begin(*driver);
  shop.took_effect("charge", shop.last_pending());
  int times = 0;
  driver->connection.at_append = [&](const RunRecord& record) {
    if (record.kind != RecordKind::outcome || times++ > 0) return Mishap::none;
    EXPECT_EQ(other->runner.cancel(run, "").assume_value().decision, CancelDecision::accepted);
    return Mishap::late;
  };
  Kept<NewsAnswer> told;
  driver->runner.complete(run, shop.last_pending(), paid, told.completion());
  run_all();
  check_sound(run);
  ASSERT_TRUE(told.answer.has_value());
  EXPECT_EQ(kinds(own.records(run)), kinds(records(run)));
}

TEST_F(SlowNews, WhatADriverHasToldBeforeItWentAwayIsNotToldAgain) {
  Witness own;
  SlowRunner runner(*this, watched_by(own));
  const RunId run = first_unpaid(runner);
  slow.holds_replies = true;
  Kept<CancelAnswer> cancelled;
  runner.cancel(run, "", cancelled.completion());
  ASSERT_EQ(slow.held(), 1u);  // it is in the log; the reply is on its way
  slow.holds_replies = false;
  auto other = process();
  shop.took_effect("charge", shop.last_pending());
  EXPECT_THAT(other->runner.complete(run, shop.last_pending(), paid),
              IsOkAndHolds(NewsAnswer::recorded));
  run_all();
  EXPECT_EQ(runner.recover().failed, 0u);  // its driver looks at the log, and goes
  EXPECT_EQ(runner.runs(), 0u);
  slow.release_all();
  EXPECT_EQ(cancelled.answer->assume_value().decision, CancelDecision::accepted);
  run_all();
  check_sound(run);
  EXPECT_EQ(kinds(own.records(run)), kinds(records(run)));
  EXPECT_EQ(own.outcomes(run).size(), 1u);
}

TEST_F(SlowNews, NewsOfTwoAtOnceIsToldOnceAndWhole) {
  const RunId run = left_alone();
  Witness own;
  SlowRunner runner(*this, watched_by(own));
  slow.holds_replies = true;
  Kept<CancelAnswer> first;
  runner.cancel(run, "", first.completion());
  ASSERT_EQ(slow.held(), 1u);  // it is in the log; the reply is on its way
  slow.holds_replies = false;
  Kept<NewsAnswer> second;
  runner.complete(run, shop.last_pending(), paid, second.completion());
  slow.release_all();
  run_all();
  check_sound(run);
  EXPECT_EQ(first.answer->assume_value().decision, CancelDecision::accepted);
  EXPECT_THAT(*second.answer, IsOkAndHolds(NewsAnswer::recorded));
  const std::vector<RecordKind> all = kinds(records(run));
  const auto taken = std::ranges::find(all, RecordKind::taken_over);
  EXPECT_EQ(kinds(own.records(run)), std::vector<RecordKind>(taken, all.end()));
}

TEST_F(SlowNews, WhoWantsToBeginWhatAnotherHasBegunTellsNothingOfIt) {
  Witness own;
  SlowRunner runner(*this, watched_by(own));
  slow.refuses_writes = true;
  Kept<StartAnswer> started;
  runner.start(sample::checkout, order(), request(), started.completion());
  ASSERT_EQ(slow.held(), 1u);
  slow.refuses_writes = false;
  auto other = process();
  const RunId run = unpaid(*other);
  EXPECT_EQ(runner.recover().left, 1u);  // it looks after its own, and reads the log
  ASSERT_TRUE(started.answer.has_value());
  EXPECT_EQ(started.answer->assume_value().state, ClaimState::in_progress);
  slow.release_all();
  EXPECT_EQ(runner.runs(), 0u);
  EXPECT_THAT(own.records(run), IsEmpty());
}

TEST_F(SlowNews, AStartWaitsForNewsOfTheSameRun) {
  const RunId run = left_alone();
  SlowRunner runner(*this);
  slow.holds_reads = true;
  Kept<CancelAnswer> cancelled;
  runner.cancel(run, "", cancelled.completion());
  Kept<StartAnswer> started;
  runner.start(sample::checkout, order(), request(), started.completion());
  EXPECT_FALSE(started.answer.has_value());
  let_go();
  ASSERT_TRUE(started.answer.has_value());
  EXPECT_EQ(started.answer->assume_value().state, ClaimState::in_progress);
  EXPECT_EQ(cancelled.answer->assume_value().decision, CancelDecision::accepted);
  run_all();
  check_sound(run);
}

TEST_F(SlowNews, RoomThatIsPromisedToNewsIsNoOthers) {
  const RunId run = left_alone();
  RunnerOptions options;
  options.max_runs = 1;
  SlowRunner runner(*this, options);
  slow.refuses_writes = true;
  Kept<CancelAnswer> cancelled;
  runner.cancel(run, "", cancelled.completion());
  ASSERT_EQ(slow.held(), 1u);
  slow.refuses_writes = false;
  EXPECT_THAT(runner.start(sample::checkout, order(), request("another")),
              ErrorIs(Errc::resource_exhausted));
  slow.release_all();
  EXPECT_THAT(*cancelled.answer, ErrorIs(Errc::unavailable));
  EXPECT_THAT(runner.start(sample::checkout, order(), request("another")), IsOk());
}

TEST_F(NewsHazards, AResumeThatIsNotInTheLogIsNotRecorded) {
  auto driver = process();
  const RunId run = stuck_at_the_commit(*driver);
  auto other = process();
  int times = 0;
  other->connection.at_append = [&](const RunRecord& record) {
    if (record.kind != RecordKind::resumed || times++ > 0) return Mishap::none;
    EXPECT_EQ(driver->runner.cancel(run, "").assume_value().decision, CancelDecision::accepted);
    return Mishap::late;
  };
  EXPECT_THAT(other->runner.resume(run), IsOkAndHolds(NewsAnswer::not_waited_for));
  EXPECT_THAT(story(run), Not(Contains("resumed")));
}

TEST_F(NewsHazards, AResumeThatIsInTheLogIsNotRecordedTwice) {
  auto driver = process();
  const RunId run = stuck_at_the_commit(*driver);
  auto other = process();
  other->connection.at_apply = driver->connection.at_apply;
  int times = 0;
  other->connection.at_append = [&](const RunRecord& record) {
    return record.kind == RecordKind::resumed && times++ == 0 ? Mishap::lost : Mishap::none;
  };
  EXPECT_THAT(other->runner.resume(run), IsOkAndHolds(NewsAnswer::recorded));
  run_all();
  const std::vector<std::string> words = story(run);
  EXPECT_EQ(std::count(words.begin(), words.end(), "resumed"), 1);
}

template <class Parts>
class NewsAnywhere : public NewsHazardsOn<Parts> {};
using EveryBackend = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(NewsAnywhere, EveryBackend);

/// Another has driven the run on since, to a call that the former driver knows nothing of.
TYPED_TEST(NewsAnywhere, AnAnswerAtADriverThatIsBehindIsNoneTooMany) {
  auto former = this->process();
  this->shop.fail("place", Error{Errc::unavailable});
  const RunId run = this->begin(*former);  // and waits, to try again
  auto now = this->process();
  this->shop.wait("charge");
  ASSERT_EQ(now->runner.recover().taken, 1u);
  const CallId charge = this->shop.last_pending();
  ASSERT_EQ(charge, call_id(run, sample::pay_step));
  this->shop.took_effect("charge", charge);
  EXPECT_THAT(former->runner.complete(run, charge, paid), IsOkAndHolds(NewsAnswer::recorded));
  this->run_all();
  this->check_sound(run);
}
// --- answers that no log takes

result<Reply<std::string>> ask(sample::Shop& shop, const StepContext& step, const sample::Order&) {
  static_cast<void>(shop.call("charge", step));
  return Reply<std::string>(pending);
}
result<void> unask(sample::Shop&, const StepContext&, const sample::Order&) { return success(); }
result<sample::Receipt> decide(const sample::Order&) { return sample::Receipt{}; }
constexpr auto asking = saga<sample::Order, sample::Shop>(
    "asking", 1, compensable<"ask">(ask, unask, {5s, sample::every_30s}),
    pivot<"decide">(decide, {2s, until_known}));

class LargeNews : public NewsHazards {
 protected:
  RunId begin_asking(Process& process) {
    StartRequest wanted;
    wanted.key = "a";
    shop.wait("charge", 1000);
    EXPECT_THAT(process.runner.start(asking, order(), wanted), IsOk());
    return run_id("asking", wanted);
  }
  std::unique_ptr<Process> asking_process() {
    auto made = process();
    made->runner.add(asking, shop);
    return made;
  }
  const result<std::string> large{std::string(2u << 20, 'x')};
  const result<std::string> small{std::string("x")};
};

TEST_F(LargeNews, AnAnswerOverTheLimitIsRefusedAndTheRunIsLeftAsItWas) {
  auto driver = asking_process();
  auto other = asking_process();
  const RunId run = begin_asking(*driver);
  const std::vector<std::string> before = story(run);
  EXPECT_THAT(other->runner.complete(run, call_id(run, 0), large), ErrorIs(Errc::limit_exceeded));
  EXPECT_THAT(driver->runner.complete(run, call_id(run, 0), large), ErrorIs(Errc::limit_exceeded));
  Kept<NewsAnswer> told;
  driver->runner.complete(run, call_id(run, 0), large, told.completion());
  ASSERT_TRUE(told.answer.has_value());
  EXPECT_THAT(*told.answer, ErrorIs(Errc::limit_exceeded));
  EXPECT_EQ(story(run), before);
  EXPECT_THAT(driver->runner.complete(run, call_id(run, 0), small),
              IsOkAndHolds(NewsAnswer::recorded));
  run_all();
  EXPECT_EQ(outcome(run)->end, RunEnd::completed);
}

TEST_F(LargeNews, AnErrorOfNoCodeIsNoAnswer) {
  auto driver = asking_process();
  const RunId run = begin_asking(*driver);
  Error none;
  none.code = Errc{};
  none.own = 5;
  EXPECT_THAT(driver->runner.complete(run, call_id(run, 0), result<std::string>(none)),
              ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(driver->runner.complete_undo(run, call_id(run, 0), result<void>(none)),
              ErrorIs(Errc::invalid_argument));
}

// --- nobody waits for himself

TEST_F(NewsHazards, WhoBringsAnAnswerDoesNotWaitForTheTimerOfALogThatCannotBeRead) {
  auto driver = process();
  auto other = process();
  const RunId run = unpaid(*driver);
  ASSERT_EQ(other->runner.cancel(run, "").assume_value().decision, CancelDecision::accepted);
  std::atomic<bool> down{true};
  driver->connection.at_read = [&] { return down ? Mishap::failed : Mishap::none; };
  auto waiting = std::async(
      std::launch::async, [&] { return driver->runner.complete(run, shop.last_pending(), paid); });
  const bool answered = waiting.wait_for(std::chrono::seconds(30)) == std::future_status::ready;
  EXPECT_TRUE(answered);
  down = false;
  if (!answered) run_for(10s);
  EXPECT_THAT(waiting.get(), ErrorIs(Errc::reply_lost));
}

TEST_F(SlowNews, ACompletionThatAsksWithoutOneIsRefused) {
  SlowRunner runner(*this);
  shop.wait("charge");
  ASSERT_THAT(runner.start(sample::checkout, order(), request()), IsOk());
  struct Asks {
    SlowRunner& runner;
    const RunId run;
    std::optional<result<RunStatus>> status;
  } asks{runner, run_of(), {}};
  slow.holds_reads = true;
  const auto done = [](void* context, std::uint64_t, result<CancelAnswer>&&) noexcept {
    auto& asking = *static_cast<Asks*>(context);
    asking.status.emplace(asking.runner.status(asking.run));
  };
  runner.cancel(asks.run, "", {done, &asks, 0});
  slow.release_all();  // as the store's only thread would
  ASSERT_TRUE(asks.status.has_value());
  EXPECT_THAT(*asks.status, ErrorIs(Errc::unavailable));
  let_go();
  run_all();
}

struct AtBegun final : RunObserver {
  std::function<void()> at_begun;
  void recorded(RunId, const RunState&, const RunRecord& record) override {
    if (record.kind == RecordKind::begun) at_begun();
  }
};

TEST_F(NewsHazards, AnObserverThatStartsTheRunItIsToldOfIsToldItIsInProgress) {
  AtBegun observer;
  RunnerOptions options;
  options.observer = &observer;
  auto process = this->process(options);
  std::optional<result<StartAnswer>> again;
  observer.at_begun = [&] {
    again.emplace(process->runner.start(sample::checkout, order(), request()));
  };
  begin(*process);
  ASSERT_TRUE(again.has_value());
  EXPECT_THAT(*again, testing::ClaimIs(ClaimState::in_progress));
}

TEST_F(SlowNews, WhereTurnsAreTheExecutorsNoStepIsCalledOnTheStoresThread) {
  const RunId run = left_alone();
  RunnerOptions options;
  options.on_executor = true;
  SlowRunner runner(*this, options);
  bool released = false;
  shop.script("charge", [&](const StepContext& context) {
    EXPECT_TRUE(released) << "called by whoever answered the read";
    shop.took_effect("charge", context.id);
    return result<Reply<sample::Receipt>>(Reply<sample::Receipt>(sample::Receipt{7}));
  });
  slow.holds_reads = true;
  Kept<RecoveryReport> report;
  runner.recover(Duration{0}, report.completion());
  while (slow.held() > 0) slow.release_all();
  released = true;
  slow.holds_reads = false;
  run_all();
  check_sound(run);
}

}  // namespace
}  // namespace invsaga::runner_tests
