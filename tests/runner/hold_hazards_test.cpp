// SPDX-License-Identifier: Apache-2.0
//
// Whoever brings a run news, begins it or takes it over holds it: others wait, in turn. What may
// befall who holds a run and who waits for it: no room, a driver that goes away, a timer, very many
// at once. No run is left that its log says is driven here, and nobody waits for himself.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "tests/runner/news_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::ErrorIs;
using testing::IsOk;
using testing::Kept;

/// Calls something once, when it is told of a record of that kind.
class Once final : public RunObserver {
 public:
  Once(RecordKind kind, std::function<void()> call) : kind_(kind), call_(std::move(call)) {}
  void recorded(RunId, const RunState&, const RunRecord& record) override {
    if (record.kind == kind_ && call_) std::exchange(call_, nullptr)();
  }

 private:
  RecordKind kind_;
  std::function<void()> call_;
};

/// Counts how often it is called, by completions of any type.
template <class T>
Completion<T> counted(std::size_t& count) {
  return {[](void* context, std::uint64_t, result<T>&&) noexcept {
            ++*static_cast<std::size_t*>(context);
          },
          &count, 0};
}

class Holds : public SlowNews {
 protected:
  /// Whom the log names as the run's driver.
  OwnerId owner_of(RunId run) {
    OwnerId owner;
    for (const RunRecord& record : records(run)) {
      const bool drives = record.kind == RecordKind::begun || record.kind == RecordKind::taken_over;
      if (drives) owner = record.owner;
    }
    return owner;
  }
  bool has_ended(RunId run) { return records(run).back().kind == RecordKind::ended; }
};

// --- who is full

TEST_F(Holds, WhoIsFullTakesNoRunOverFromWithinItsObserver) {
  auto driver = process();
  const RunId run = unpaid(*driver);
  Process* full = nullptr;
  Once observer(RecordKind::outcome, [&] {
    EXPECT_EQ(full->runner.cancel(run, "no").assume_value().decision, CancelDecision::accepted);
  });
  RunnerOptions options;
  options.observer = &observer;
  options.max_runs = 0;
  auto other = process(options);
  full = other.get();
  EXPECT_THAT(full->runner.complete(run, shop.last_pending(), paid), IsOk());
  EXPECT_EQ(owner_of(run), driver->runner.owner());
  run_all();
  check_sound(run);
}

TEST_F(Holds, WhoIsFullTakesNoRunOverWithNewsThatWaited) {
  auto driver = process();
  const RunId run = unpaid(*driver);
  Witness own;
  RunnerOptions options = watched_by(own);
  options.max_runs = 0;
  SlowRunner full(*this, options);
  slow.holds_replies = true;
  Kept<CancelAnswer> first;
  full.cancel(run, "", first.completion());  // it is in the log; the reply is on its way
  Kept<NewsAnswer> second;
  full.complete(run, shop.last_pending(), paid, second.completion());  // waits for its turn
  let_go();
  EXPECT_EQ(first.answer->assume_value().decision, CancelDecision::accepted);
  EXPECT_THAT(*second.answer, IsOk());
  EXPECT_EQ(owner_of(run), driver->runner.owner());
  EXPECT_EQ(kinds(own.records(run)),
            (std::vector<RecordKind>{RecordKind::cancelled, RecordKind::outcome}));
  run_all();
  check_sound(run);
}

TEST_F(Holds, WhoIsFullTakesNoPlaceWhileItTellsTheObserver) {
  stock_up(3);
  auto driver = process();
  const RunId one = unpaid(*driver, "1"), two = unpaid(*driver, "2");
  Once observer(RecordKind::cancelled, [&] { slow.release_all(); });
  RunnerOptions options;
  options.observer = &observer;
  options.max_runs = 1;
  SlowRunner runner(*this, options);
  slow.holds_replies = true;
  Kept<CancelAnswer> first;
  runner.cancel(one, "", first.completion());  // the place is promised to it
  slow.holds_replies = false;
  EXPECT_EQ(runner.cancel(two, "").assume_value().decision, CancelDecision::accepted);
  EXPECT_EQ(first.answer->assume_value().decision, CancelDecision::accepted);
  run_all();
  EXPECT_TRUE(has_ended(one));
  EXPECT_TRUE(has_ended(two));
}

TEST_F(Holds, ThePlaceOfADriverThatGoesAwayIsKeptForNewsOfItsRun) {
  stock_up(3);
  RunnerOptions options;
  options.max_runs = 1;
  SlowRunner runner(*this, options);
  shop.wait("charge", 3);
  ASSERT_THAT(runner.start(sample::checkout, order(), request()), IsOk());
  const RunId run = run_of();
  auto other = process();
  ASSERT_EQ(other->runner.recover().taken, 1u);
  slow.holds_reads = true;
  Kept<RecoveryReport> report;
  runner.recover(Duration{0}, report.completion());  // its driver reads; the answer is on its way
  slow.holds_reads = false;
  slow.holds_replies = true;
  Kept<CancelAnswer> cancelled;
  runner.cancel(run, "", cancelled.completion());
  slow.holds_replies = false;
  slow.release_first();  // the driver learns that another has taken the run over, and goes
  EXPECT_THAT(runner.start(sample::checkout, order("2"), request("2")),
              ErrorIs(Errc::resource_exhausted));
  slow.release_all();
  EXPECT_EQ(cancelled.answer->assume_value().decision, CancelDecision::accepted);
  EXPECT_EQ(owner_of(run), runner.owner());
  EXPECT_EQ(runner.runs(), 1u);
  shop.took_effect("charge", shop.last_pending());
  EXPECT_THAT(runner.complete(run, shop.last_pending(), paid), IsOk());
  run_all();
  EXPECT_TRUE(has_ended(run));
}

// --- who begins

TEST_F(Holds, WhereTurnsAreTheExecutorsAStartThatWaitedCallsNoStepOnTheStoresThread) {
  RunnerOptions options;
  options.on_executor = true;
  SlowRunner runner(*this, options);
  bool in_store = false, called_there = false;
  shop.script("place", [&](const StepContext& step) {
    called_there = in_store;
    shop.took_effect("place", step.id);
    return result<Reply<sample::Receipt>>(Reply<sample::Receipt>(sample::Receipt{7}));
  });
  slow.holds_reads = true;
  Kept<CancelAnswer> cancelled;
  runner.cancel(run_of(), "", cancelled.completion());  // nobody knows that run, so far
  Kept<StartAnswer> started;
  runner.start(sample::checkout, order(), request(), started.completion());
  EXPECT_FALSE(started.answer.has_value());
  slow.holds_reads = false;
  in_store = true;
  slow.release_all();
  in_store = false;
  run_all();
  EXPECT_FALSE(called_there);
  EXPECT_THAT(*started.answer, IsOk());
  check_sound(run_of());
}

TEST_F(Holds, ACancelWaitsForNoTimerOfARunThatBegins) {
  SlowRunner runner(*this);
  slow.refuses_writes = true;
  Kept<StartAnswer> started;
  runner.start(sample::checkout, order(), request(), started.completion());
  ASSERT_EQ(slow.held(), 1u);
  slow.fails_reads = true;
  Kept<NewsAnswer> brought;
  runner.complete(run_of(), call_id(run_of(), sample::pay_step), paid, brought.completion());
  slow.release_all();
  Kept<CancelAnswer> cancelled;
  runner.cancel(run_of(), "", cancelled.completion());
  EXPECT_TRUE(cancelled.answer.has_value());
  EXPECT_TRUE(started.answer.has_value());
  EXPECT_TRUE(brought.answer.has_value());
  EXPECT_EQ(runner.runs(), 0u);
}

TEST_F(Holds, WhoDoesNotBeginAnyMoreLooksAgainIfItIsToldOfNews) {
  Witness own;
  RunnerOptions options = watched_by(own);
  options.on_executor = true;
  SlowRunner runner(*this, options);
  StartRequest asked;
  asked.key = "1";
  asked.deadline = clock.now() + 50ms;
  const RunId run = run_id(sample::checkout.name(), asked);
  slow.times_out = true;
  Kept<StartAnswer> started;
  runner.start(sample::checkout, order(), asked, started.completion());
  slow.holds_reads = true;
  run_for(150ms);
  ASSERT_EQ(slow.held(), 1u);  // nothing of it was there; the answer is on its way
  slow.times_out = false;
  ASSERT_TRUE(slow.land());
  let_go();  // what comes of it is the executor's
  EXPECT_EQ(runner.cancel(run, "").assume_value().decision, CancelDecision::accepted);
  run_all();
  check_sound(run);
  EXPECT_EQ(kinds(own.records(run)), kinds(records(run)));
}

// --- very many

TEST_F(Holds, OneWhoWaitsIsNotResumedFromWithinAnother) {
  auto driver = process();
  const RunId run = unpaid(*driver);
  SlowRunner runner(*this);
  std::size_t answered = 0;
  int more = 3'000;
  std::uintptr_t high = 0, low = UINTPTR_MAX;
  slow.at_read = [&] {  // somebody comes while another holds the run
    // Not a local's address, which a sanitizer may put elsewhere.
    const auto at = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    high = std::max(high, at);
    low = std::min(low, at);
    if (more-- > 0) runner.resume(run, counted<NewsAnswer>(answered));
  };
  runner.resume(run, counted<NewsAnswer>(answered));
  slow.at_read = nullptr;
  EXPECT_EQ(answered, 3'001u);
  EXPECT_LT(high - low, 100'000u) << "bytes of the stack";
}

TEST_F(Holds, EachWhoWaitsReadsOnce) {
  auto driver = process();
  const RunId run = unpaid(*driver);
  SlowRunner runner(*this);
  std::size_t answered = 0, reads = 0;
  slow.holds_reads = true;
  slow.at_read = [&] { ++reads; };
  constexpr std::size_t many = 2'000;
  for (std::size_t i = 0; i < many; ++i) runner.resume(run, counted<NewsAnswer>(answered));
  while (slow.held() > 0) slow.release_all();
  slow.at_read = nullptr;
  EXPECT_EQ(answered, many);
  EXPECT_EQ(reads, many);
}

TEST_F(Holds, StartsBehindOneThatIsRefusedTryOneAfterTheOther) {
  SlowRunner runner(*this);
  std::size_t answered = 0, writes = 0;
  slow.refuses_writes = true;
  constexpr std::size_t many = 1'000;
  for (std::size_t i = 0; i < many; ++i) {
    runner.start(sample::checkout, order(), request(), counted<StartAnswer>(answered));
  }
  for (; slow.held() > 0; slow.release_all()) writes += slow.held();
  EXPECT_EQ(answered, many);
  EXPECT_EQ(writes, 3 * many) << "each is tried three times";
  EXPECT_EQ(runner.runs(), 0u);
}

TEST_F(Holds, WhoeverWaitsIsAnsweredIfTheRunnerEnds) {
  std::size_t answered = 0;
  const RunId run = left_alone();
  {
    SlowRunner runner(*this);
    slow.holds_reads = true;
    for (int i = 0; i < 10; ++i) {
      runner.cancel(run, "", counted<CancelAnswer>(answered));
      runner.complete(run, shop.last_pending(), paid, counted<NewsAnswer>(answered));
      runner.start(sample::checkout, order(), request(), counted<StartAnswer>(answered));
      runner.recover(Duration{0}, counted<RecoveryReport>(answered));
    }
  }
  slow.release_all();
  EXPECT_EQ(answered, 40u);
}

}  // namespace
}  // namespace invsaga::runner_tests
