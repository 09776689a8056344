// SPDX-License-Identifier: Apache-2.0
//
// Crashes, take-over, orphans: what becomes of a run when its owner dies, or only seems to.
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::ClaimIs;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::ErrorIs;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::Not;

template <class Parts>
class Recovery : public ::testing::Test, public RunnerFixture<Parts> {};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(Recovery, BothBackends);

// --- a crash at every write

enum class Way : std::uint8_t { sold, declined, hold_ran_out, cancelled };

/// Goes one of the document's ways, the first owner dying at its write number `writes`; the second
/// recovers. False if the first lived through it.
template <class Parts>
bool crash_at(Way way, int writes, bool lands) {
  RunnerFixture<Parts> fixture;
  auto first = fixture.process();
  first->connection.writes_left = writes;
  first->connection.last_write_lands = lands;
  if (way == Way::declined) fixture.shop.fail("charge", refuse(), 3);
  if (way == Way::hold_ran_out) fixture.clock.advance(Duration{0});
  const auto slow = [&](const StepContext& step) -> result<Reply<sample::Receipt>> {
    fixture.clock.advance(way == Way::hold_ran_out ? sample::hold_length + 1s : 0s);
    fixture.shop.took_effect("charge", step.id);
    return Reply<sample::Receipt>(sample::Receipt{});
  };
  if (way == Way::hold_ran_out) fixture.shop.script("charge", slow);
  if (way == Way::cancelled) fixture.shop.lose("charge");
  const auto begun = first->runner.start(sample::checkout, fixture.order(), fixture.request());
  if (way == Way::cancelled) {
    static_cast<void>(first->runner.cancel(fixture.run_of(), "changed my mind"));
  }
  fixture.run_for(10min);
  const bool died = first->connection.dead;
  first.reset();
  auto second = fixture.process();
  second->runner.recover();
  fixture.run_all();
  // The client asks until it is answered.
  const auto again = second->runner.start(sample::checkout, fixture.order(), fixture.request());
  EXPECT_THAT(again, IsOk()) << "way " << int(way) << ", write " << writes;
  fixture.run_all();
  SCOPED_TRACE(::testing::Message() << "way " << int(way) << ", write " << writes
                                    << (lands ? " landed" : " did not land"));
  if (again.has_value() && again.assume_value().state == ClaimState::in_progress) {
    fixture.clock.advance(1min);  // the first died between its claim and its first record
    EXPECT_THAT(second->runner.start(sample::checkout, fixture.order(), fixture.request()),
                ClaimIs(ClaimState::fresh));
    fixture.run_all();
  }
  fixture.check_sound(fixture.run_of());
  EXPECT_THAT(second->runner.start(sample::checkout, fixture.order(), fixture.request()),
              ClaimIs(ClaimState::completed));
  return died;
}

TYPED_TEST(Recovery, ACrashAtAnyWriteEndsDoneOrUndoneOnce) {
  for (const Way way : {Way::sold, Way::declined, Way::hold_ran_out, Way::cancelled}) {
    for (const bool lands : {false, true}) {
      int writes = 0;
      while (crash_at<TypeParam>(way, writes, lands)) ++writes;
      EXPECT_GE(writes, TypeParam::one_append ? 4 : 7);
    }
  }
}

TYPED_TEST(Recovery, TwoCrashesEndDoneOrUndoneOnce) {
  for (int first = 0; first < 10; ++first) {
    for (int second = 0; second < 10; ++second) {
      RunnerFixture<TypeParam> fixture;
      for (const int writes : {first, second}) {
        auto process = fixture.process();
        process->connection.writes_left = writes;
        process->connection.last_write_lands = (first + second) % 2 == 0;
        process->runner.recover();
        static_cast<void>(
            process->runner.start(sample::checkout, fixture.order(), fixture.request()));
        fixture.run_for(10min);
      }
      auto last = fixture.process();
      last->runner.recover();
      fixture.clock.advance(1min);
      static_cast<void>(last->runner.start(sample::checkout, fixture.order(), fixture.request()));
      fixture.run_all();
      SCOPED_TRACE(::testing::Message() << first << ", " << second);
      fixture.check_sound(fixture.run_of());
    }
  }
}

// --- what recovery takes

TYPED_TEST(Recovery, GoesOnWhereTheRunStoppedAndCallsNothingThatIsDoneAgain) {
  auto first = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*first);
  first.reset();
  auto second = this->process();
  const RecoveryReport report = second->runner.recover();
  EXPECT_EQ(report.taken, 1u);
  this->run_all();
  EXPECT_THAT(this->shop.calls(), ElementsAre("place", "charge", "charge", "clear"));
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
}

TYPED_TEST(Recovery, AgainIsSafe) {
  auto process = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*process);
  EXPECT_EQ(process->runner.recover().taken, 0u);
  EXPECT_EQ(process->runner.recover().left, 1u);
  EXPECT_EQ(process->runner.runs(), 1u);
  EXPECT_THAT(this->story(run), Not(Contains("taken_over")));
}

TYPED_TEST(Recovery, LeavesAloneARunThatHasMovedLately) {
  auto first = this->process();
  this->shop.wait("charge", 9);
  this->begin(*first);
  auto second = this->process();
  this->clock.advance(10s);
  const RecoveryReport report = second->runner.recover(1min);
  EXPECT_EQ(report.left, 1u);
  EXPECT_EQ(report.next_due, start_time + 1min);
  EXPECT_EQ(second->runner.recover(10s).taken, 1u);
}

/// The same saga as a later version has it.
constexpr auto version_2 = saga<sample::Order, sample::Shop>(
    "sample checkout", 2, compensable<"place">(sample::place, sample::cancel, {2s, standard}),
    pivot<"clear cart">(sample::clear, {2s, until_done}));

TYPED_TEST(Recovery, ADefinitionThatHasChangedNeverDrivesAnOldRun) {
  auto first = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*first);
  first.reset();
  typename RunnerFixture<TypeParam>::Connection connection(
      this->parts.backend, [this] { this->parts.advance_to(this->clock.now()); });
  SagaRunner runner(connection, Environment{this->clock, this->executor});
  runner.add(version_2, this->shop);
  const std::size_t before = this->records(run).size();
  EXPECT_EQ(runner.recover().unknown, 1u);
  this->run_all();
  EXPECT_EQ(this->records(run).size(), before);
  EXPECT_THAT(runner.status(run), ErrorIs(Errc::unknown_definition));
  EXPECT_THAT(runner.cancel(run, ""), ErrorIs(Errc::unknown_definition));
  EXPECT_THAT(runner.resume(run), ErrorIs(Errc::unknown_definition));
  const auto paid = sample::Receipt{};
  EXPECT_THAT(runner.complete(run, call_id(run, sample::pay_step), paid),
              ErrorIs(Errc::unknown_definition));
  EXPECT_THAT(runner.start(sample::checkout, this->order(), this->request("2")),
              ErrorIs(Errc::unknown_definition));
}

TYPED_TEST(Recovery, AnOldRunFinishesOnTheDefinitionItWasBegunWith) {
  auto first = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*first);
  first.reset();
  auto second = this->process();
  second->runner.add(version_2, this->shop);
  EXPECT_EQ(second->runner.recover().taken, 1u);
  ASSERT_THAT(second->runner.start(version_2, this->order(), this->request("2")), IsOk());
  this->run_all();
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
  EXPECT_EQ(this->stock().sold, 1);
  EXPECT_EQ(this->records(this->run_of("2")).size(), 6u);
}

TYPED_TEST(Recovery, OneBadRunNeverStopsTheOthers) {
  auto first = this->process();
  this->stock_up(9);
  this->shop.wait("charge", 9);
  for (const std::string number : {"1", "2", "3"}) this->begin(*first, number);
  first.reset();
  auto second = this->process();
  int settles = 0;
  second->connection.at_settle = [&] { return settles++ == 1 ? Mishap::failed : Mishap::none; };
  const RecoveryReport report = second->runner.recover();
  EXPECT_EQ(report.taken, 2u);
  EXPECT_EQ(report.failed, 1u);
  EXPECT_EQ(second->runner.recover().taken, 1u);  // the next time
  this->run_all();
  for (const std::string number : {"1", "2", "3"}) {
    EXPECT_EQ(this->outcome(this->run_of(number))->end, RunEnd::completed);
  }
}

TYPED_TEST(Recovery, ALogThatFlapsWhileItIsReadIsReadAgainByTheNext) {
  auto first = this->process();
  this->shop.wait("charge", 9);
  const RunId run = this->begin(*first);
  first.reset();
  auto second = this->process();
  int reads = 0;
  second->connection.at_read = [&] { return reads++ < 3 ? Mishap::failed : Mishap::none; };
  EXPECT_EQ(second->runner.recover().failed, 1u);
  while (second->runner.recover().failed > 0) {
  }
  this->run_all();
  this->check_sound(run);
}

// --- who was taken over

TYPED_TEST(Recovery, AnAnswerAtAFormerOwnerIsBroughtAllTheSame) {
  auto first = this->process();
  this->shop.wait("charge", 2);
  const RunId run = this->begin(*first);
  auto second = this->process();
  ASSERT_EQ(second->runner.recover().taken, 1u);
  const CallId call = this->shop.last_pending();
  const auto yes = sample::Receipt{};
  this->shop.took_effect("charge", call);
  // Its write is refused, as it was taken over; then it takes the run over with the answer.
  EXPECT_THAT(first->runner.complete(run, call, yes), IsOkAndHolds(NewsAnswer::recorded));
  EXPECT_THAT(this->story(run), Contains("outcome pay done"));
  OwnerId driver;
  for (const RunRecord& record : this->records(run)) {
    if (record.kind == RecordKind::taken_over) driver = record.owner;
  }
  EXPECT_EQ(driver, first->runner.owner());
  EXPECT_THAT(second->runner.complete(run, call, yes), IsOkAndHolds(NewsAnswer::not_waited_for));
  this->run_all();
  this->check_sound(run);
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
}

TYPED_TEST(Recovery, ALateAppendOfAFormerOwnerNeverLands) {
  auto first = this->process();
  first->connection.at_append = [](const RunRecord& record) {
    const bool paid = record.kind == RecordKind::outcome && record.step == sample::pay_step;
    return paid ? Mishap::late : Mishap::none;
  };
  const RunId run = this->begin(*first);
  auto second = this->process();
  ASSERT_EQ(second->runner.recover().taken, 1u);
  ASSERT_TRUE(second->runner.cancel(run, "").has_value());
  const std::vector<std::string> story = this->story(run);
  while (first->connection.release_late()) {
  }
  EXPECT_EQ(this->story(run), story);
  first->connection.at_append = nullptr;
  this->run_all();
  this->check_sound(run);
}

TYPED_TEST(Recovery, ALateOperationOfAFormerOwnerChangesNothingThatTheRunDoesNotKnow) {
  auto first = this->process();
  first->connection.at_apply = [](const Operation&) { return Mishap::late; };
  const RunId run = this->begin(*first);
  auto second = this->process();
  ASSERT_EQ(second->runner.recover().taken, 1u);
  this->run_for(1s);
  ASSERT_TRUE(first->connection.release_late());
  this->run_all();
  this->check_sound(run);
}

class RecoveryInSplit : public ::testing::Test, public RunnerFixture<InSplit> {};

// --- an end that its request was not told of

TEST_F(RecoveryInSplit, AnEndWhoseClaimWasNotToldIsToldToTheNextWhoAsks) {
  parts.claims.deaf = 1;
  auto first = process();
  ASSERT_THAT(first->runner.start(sample::checkout, order(), request()), IsOk());
  ASSERT_TRUE(outcome(run_of()).has_value());
  first.reset();  // before it could tell the claim
  auto second = process();
  EXPECT_EQ(second->runner.recover().taken, 0u);
  const auto again = second->runner.start(sample::checkout, order(), request());
  ASSERT_THAT(again, ClaimIs(ClaimState::completed));
  EXPECT_EQ(*again.assume_value().outcome, *outcome(run_of()));
  EXPECT_EQ(shop.times_called("charge"), 1u);
}

TEST_F(RecoveryInSplit, AClaimThatLapsedUnderARunIsToldHowItEnded) {
  parts.claims.deaf = 1;
  auto first = process();
  StartRequest request = this->request();
  request.deadline = start_time + 1min;  // the claim lapses then
  ASSERT_THAT(first->runner.start(sample::checkout, order(), request), IsOk());
  first.reset();
  clock.advance(2min);
  auto second = process();
  request.deadline = start_time + 1h;  // the client still wants to know
  EXPECT_THAT(second->runner.start(sample::checkout, order(), request),
              ClaimIs(ClaimState::completed));
  EXPECT_THAT(second->runner.start(sample::checkout, order(), request),
              ClaimIs(ClaimState::completed));
  EXPECT_EQ(shop.times_called("charge"), 1u);
}

// --- rule 9: what is decided is told before anything more is decided

TEST_F(RecoveryInSplit, AnEventThatDidNotComeToTheOutboxIsPutThereBeforeTheRunGoesOn) {
  auto first = process();
  parts.events.deaf = 1'000'000;
  ASSERT_FALSE(first->connection.dead);
  static_cast<void>(first->runner.start(sample::checkout, order(), request()));
  const RunId run = run_of();
  ASSERT_EQ(decided(run).size(), 1u);
  first.reset();
  parts.events.deaf = 0;
  auto second = process();
  second->runner.recover();
  run_all();
  EXPECT_EQ(told(run), decided(run));
  check_sound(run);
}

TEST_F(RecoveryInSplit, AnEventThatDidNotComeToTheOutboxIsPutThereAfterACancelToo) {
  auto owner = process();
  auto user = process();
  parts.events.deaf = 1;  // the event of the place step: in the log, not in the outbox
  static_cast<void>(owner->runner.start(sample::checkout, order(), request()));
  const RunId run = run_of();
  ASSERT_EQ(decided(run).size(), 1u);
  int reads = 0;  // who cancels reads before and after it has adopted the run, and drives it on
  user->connection.at_read = [&] { return reads++ < 2 ? Mishap::none : Mishap::failed; };
  ASSERT_EQ(user->runner.cancel(run, "").assume_value().decision, CancelDecision::accepted);
  EXPECT_EQ(told(run), decided(run));
  user->connection.at_read = nullptr;
  run_all();
  EXPECT_EQ(told(run), decided(run));
  check_sound(run);
}

TEST_F(RecoveryInSplit, NewsWhoseEventDidNotComeToTheOutboxIsPutThereBeforeItsRunGoesOn) {
  auto owner = process();
  auto user = process();
  shop.wait("charge");
  const RunId run = begin(*owner);
  run_for(0ms);
  shop.took_effect("charge", shop.last_pending());
  bool lost = false;
  user->connection.at_append = [&](const RunRecord& record) {
    if (record.kind == RecordKind::outcome && !std::exchange(lost, true)) parts.events.deaf = 1;
    if (record.kind == RecordKind::intent) {
      EXPECT_EQ(told(run), decided(run));
    }
    return Mishap::none;
  };
  EXPECT_THAT(user->runner.complete(run, shop.last_pending(), sample::Receipt{}),
              IsOkAndHolds(NewsAnswer::recorded));
  run_all();
  check_sound(run);
}

// --- stuck

TYPED_TEST(Recovery, AStuckRunIsToldOnceAndResumedByAPerson) {
  auto process = this->process();
  this->shop.fail("clear", refuse(), 2);
  const RunId run = this->begin(*process);
  this->run_all();
  auto status = process->runner.status(run).assume_value();
  EXPECT_EQ(status.end, RunEnd::stuck);
  EXPECT_EQ(status.status, OrderStatus::placed);
  EXPECT_EQ(status.step, "clear cart");
  EXPECT_EQ(process->runner.runs(), 0u);
  ASSERT_EQ(this->witness.outcomes(run).size(), 1u);
  EXPECT_EQ(this->witness.outcomes(run)[0].end, RunEnd::stuck);
  EXPECT_THAT(process->runner.resume(run),
              IsOkAndHolds(NewsAnswer::recorded));  // and is refused again
  EXPECT_EQ(this->witness.outcomes(run).size(), 2u);
  EXPECT_THAT(process->runner.resume(run), IsOkAndHolds(NewsAnswer::recorded));
  this->run_all();
  this->check_sound(run);
  EXPECT_THAT(process->runner.resume(run), IsOkAndHolds(NewsAnswer::not_waited_for));
}

TYPED_TEST(Recovery, AStuckRunIsResumedByWhoeverIsAsked) {
  auto first = this->process();
  this->shop.fail("clear", refuse());
  const RunId run = this->begin(*first);
  auto second = this->process();
  EXPECT_EQ(second->runner.recover().taken, 0u);
  EXPECT_THAT(this->story(run), Not(Contains("taken_over")));  // there is nothing to do
  first.reset();
  second.reset();
  auto third = this->process();
  EXPECT_THAT(third->runner.resume(run), IsOkAndHolds(NewsAnswer::recorded));
  this->run_all();
  this->check_sound(run);
}

// --- orphans (the document's B13)

constexpr Duration patience = KeeperOptions{}.orphaned_after;

TYPED_TEST(Recovery, AnOrphanIsDrivenOnExactlyWhenItsPatienceIsOver) {
  auto first = this->kept();
  auto second = this->kept();
  this->run_for(10s);
  this->shop.wait("charge");
  const RunId run = this->begin(*first);
  second->keeper->tick();  // else it rests: nothing is under way at it
  const Time last = this->records(run).back().at;
  this->run_for(1s);
  first.reset();  // it crashes
  this->executor.run_until(last + patience - 1ms);
  EXPECT_THAT(this->story(run), Not(Contains("taken_over")));
  this->executor.run_until(last + patience + 1ms);
  EXPECT_THAT(this->story(run), Contains("taken_over"));
  this->run_for(1s);
  this->check_sound(run);
}

TYPED_TEST(Recovery, ARunThatWaitsForAnAnswerIsNoOrphanAsLongAsItsOwnerLives) {
  auto first = this->kept();
  auto second = this->kept();
  this->shop.wait("charge", 1000);
  const RunId run = this->begin(*first);
  second->keeper->tick();
  this->run_for(3h);
  EXPECT_THAT(this->story(run), Not(Contains("taken_over")));
  EXPECT_EQ(first->runner.runs(), 1u);
  EXPECT_EQ(second->runner.runs(), 0u);
  first.reset();
  this->run_for(patience);
  EXPECT_THAT(this->story(run), Contains("taken_over"));
}

TYPED_TEST(Recovery, AnOrphanThatCannotBeDrivenOnIsStuckInTheEnd) {
  auto first = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*first);
  first.reset();
  this->shop.fail("clear", Error{Errc::unavailable}, 1'000'000);
  auto second = this->kept();
  this->run_for(24h * 4);
  EXPECT_EQ(second->runner.status(run).assume_value().end, RunEnd::stuck);
  EXPECT_EQ(second->runner.status(run).assume_value().status, OrderStatus::placed);
}

TYPED_TEST(Recovery, AStuckRunThatIsResumedElsewhereIsNoticed) {
  auto first = this->kept();
  auto user = this->process();
  this->shop.fail("clear", refuse());
  const RunId run = this->begin(*first);
  RunRecord resumed;  // by a person's tool, that drives nothing
  resumed.kind = RecordKind::resumed;
  resumed.step = sample::clear_step;
  const auto position = static_cast<Position>(this->records(run).size());
  ASSERT_THAT(testing::append(this->parts.backend, run, position, resumed), IsOk());
  first->keeper->tick();
  this->run_for(2 * patience);
  this->check_sound(run);
}

/// Whatever happens: as long as a run is not decided, something is armed to move it.
TYPED_TEST(Recovery, EveryRunThatIsNotDecidedHasSomethingArmed) {
  Rng chance(7);
  for (int round = 0; round < 200; ++round) {
    RunnerFixture<TypeParam> fixture;
    auto process = fixture.process();
    const auto mishap = [&] {
      return static_cast<Mishap>(chance.below(8) < 3 ? chance.below(3) : 0);
    };
    process->connection.at_apply = [&](const Operation&) { return mishap(); };
    process->connection.at_append = [&](const RunRecord&) { return mishap(); };
    process->connection.at_read = [&] {
      return mishap() == Mishap::none ? Mishap::none : Mishap::failed;
    };
    for (const char* step : {"place", "charge", "clear"}) {
      fixture.shop.fail(step, Error{Errc::unavailable}, static_cast<int>(chance.below(3)));
    }
    fixture.shop.wait("charge", static_cast<int>(chance.below(2)));
    const auto begun = process->runner.start(sample::checkout, fixture.order(), fixture.request());
    if (chance.below(2) == 0) static_cast<void>(process->runner.cancel(fixture.run_of(), ""));
    int steps = 0;
    do {
      const auto records = fixture.records(fixture.run_of());
      const bool open = !records.empty() && records.back().kind != RecordKind::ended &&
                        records.back().kind != RecordKind::stuck;
      ASSERT_TRUE(!open || fixture.executor.waiting() > 0) << "round " << round;
    } while (fixture.executor.step() && ++steps < 10'000);
    ASSERT_LT(steps, 10'000);
    if (fixture.records(fixture.run_of()).empty()) continue;  // it was not begun
    fixture.check_sound(fixture.run_of());
  }
}

}  // namespace
}  // namespace invsaga::runner_tests
