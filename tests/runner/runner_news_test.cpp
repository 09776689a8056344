// SPDX-License-Identifier: Apache-2.0
//
// News from outside: a call's answer and a cancel, at the process that drives the run and at
// others.
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using ::testing::Contains;
using testing::ErrorIs;
using testing::IsOk;
using testing::IsOkAndHolds;

template <class Parts>
class News : public ::testing::Test, public RunnerFixture<Parts> {
 protected:
  /// A run that waits for its payment's answer, and whose process has ended.
  RunId left_alone() {
    this->shop.wait("charge");
    auto gone = this->process();
    return this->begin(*gone);
  }
  /// The payment that nobody was told of yet was made.
  CallId charged() {
    const CallId call = this->shop.last_pending();
    this->shop.took_effect("charge", call);
    return call;
  }
};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(News, BothBackends);

// --- pending steps

TYPED_TEST(News, AStepCanBeCompletedFromOutside) {
  auto process = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*process);
  EXPECT_FALSE(this->outcome(run).has_value());
  const CallId call = this->shop.last_pending();
  EXPECT_THAT(process->runner.complete(run, call, result<sample::Receipt>(sample::Receipt{9})),
              IsOkAndHolds(NewsAnswer::recorded));
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
  EXPECT_THAT(process->runner.complete(run, call, result<sample::Receipt>(refuse())),
              IsOkAndHolds(NewsAnswer::not_waited_for));
}

TYPED_TEST(News, AnAnswerMayBeBroughtToAnyProcess) {
  auto driver = this->process();
  auto other = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*driver);
  const CallId call = this->shop.last_pending();
  this->shop.took_effect("charge", call);
  const auto paid = result<sample::Receipt>(sample::Receipt{9});
  EXPECT_THAT(other->runner.complete(RunId{1, 2}, call, paid), ErrorIs(Errc::not_found));
  EXPECT_THAT(other->runner.complete(run, call, paid), IsOkAndHolds(NewsAnswer::recorded));
  this->run_all();
  this->check_sound(run);
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
  EXPECT_THAT(this->story(run), Contains("taken_over"));
  EXPECT_EQ(driver->runner.runs() + other->runner.runs(), 0u);
  EXPECT_THAT(driver->runner.complete(run, call, paid), IsOkAndHolds(NewsAnswer::not_waited_for));
}

TYPED_TEST(News, AnAnswerToARunThatNobodyDrivesTakesItUp) {
  const RunId run = this->left_alone();
  const CallId call = this->charged();
  auto process = this->process();
  EXPECT_THAT(process->runner.complete(run, call, result<sample::Receipt>(sample::Receipt{9})),
              IsOkAndHolds(NewsAnswer::recorded));
  this->run_all();
  this->check_sound(run);
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
}

TYPED_TEST(News, OneThatIsFullRecordsTheAnswerAndLeavesTheRunToRecovery) {
  const RunId run = this->left_alone();
  const CallId call = this->charged();
  RunnerOptions full;
  full.max_runs = 0;
  auto process = this->process(full);
  EXPECT_THAT(process->runner.complete(run, call, result<sample::Receipt>(sample::Receipt{9})),
              IsOkAndHolds(NewsAnswer::recorded));
  EXPECT_THAT(this->story(run), Contains("outcome pay done"));
  EXPECT_FALSE(this->outcome(run).has_value());
  auto other = this->process();
  EXPECT_EQ(other->runner.recover().taken, 1u);
  this->run_all();
  this->check_sound(run);
}

TYPED_TEST(News, ACompletionOfAnotherTypeIsRefused) {
  auto process = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*process);
  const CallId call = this->shop.last_pending();
  EXPECT_THAT(process->runner.complete(run, call, result<std::string>(std::string("paid"))),
              ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(process->runner.complete(run, CallId{1, 2}, result<sample::Receipt>(refuse())),
              ErrorIs(Errc::not_found));
  EXPECT_THAT(
      process->runner.complete(run, call_id(run, sample::commit_step), result<Committed>(refuse())),
      ErrorIs(Errc::not_found));
}

TYPED_TEST(News, ALateCompletionOfAnEarlierSendingIsUsed) {
  auto process = this->process();
  this->shop.wait("charge", 2);
  const RunId run = this->begin(*process);
  this->run_for(31s);  // it went out twice
  ASSERT_EQ(this->shop.times_called("charge"), 2u);
  const auto answer = result<sample::Receipt>(refuse(51));
  EXPECT_THAT(process->runner.complete(run, this->shop.last_pending(), answer), IsOk());
  this->run_all();
  EXPECT_EQ(this->outcome(run)->error, refuse(51));
}

TYPED_TEST(News, AnUndoCanBeCompletedFromOutsideToo) {
  auto process = this->process();
  this->shop.wait("refund");
  this->shop.wait("charge");
  const RunId run = this->begin(*process);
  const CallId call = this->shop.last_pending();
  ASSERT_EQ(process->runner.cancel(run, "").assume_value().decision, CancelDecision::accepted);
  ASSERT_THAT(process->runner.complete(run, call, result<sample::Receipt>(sample::Receipt{})),
              IsOk());
  EXPECT_FALSE(this->outcome(run).has_value());  // the refund is pending
  EXPECT_THAT(process->runner.complete_undo(run, call, success()), IsOk());
  EXPECT_EQ(this->outcome(run)->end, RunEnd::compensated);
}

// --- cancel

TYPED_TEST(News, ACancelWhileACallIsUnderWayIsRefundedWhenItsAnswerComes) {
  auto process = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*process);
  const auto cancelled = process->runner.cancel(run, "changed my mind");
  ASSERT_THAT(cancelled, IsOk());
  EXPECT_EQ(cancelled.assume_value().decision, CancelDecision::accepted);
  EXPECT_EQ(cancelled.assume_value().status, OrderStatus::not_placed);
  const CallId call = this->shop.last_pending();
  this->shop.took_effect("charge", call);
  ASSERT_THAT(process->runner.complete(run, call, result<sample::Receipt>(sample::Receipt{})),
              IsOk());
  this->run_all();
  EXPECT_EQ(this->shop.times_called("charge"), 1u);
  EXPECT_EQ(this->outcome(run)->reason, "changed my mind");
  this->check_sound(run);
}

TYPED_TEST(News, ACancelElsewhereTakesTheRunOver) {
  auto driver = this->process();
  auto user = this->process();
  this->shop.wait("charge", 2);
  const RunId run = this->begin(*driver);
  EXPECT_EQ(user->runner.cancel(run, "changed my mind").assume_value().decision,
            CancelDecision::accepted);
  EXPECT_EQ(user->runner.runs(), 1u);
  const std::vector<std::string> story = this->story(run);
  const auto cancelled = std::ranges::find(story, "cancelled");
  ASSERT_NE(cancelled, story.end());
  EXPECT_EQ(*std::prev(cancelled), "taken_over") << "before anything else is written (rule 1)";
  const CallId call = this->shop.last_pending();
  this->shop.took_effect("charge", call);
  const auto paid = result<sample::Receipt>(sample::Receipt{});
  // The former driver has not heard yet.
  EXPECT_THAT(driver->runner.complete(run, call, paid), IsOkAndHolds(NewsAnswer::recorded));
  this->run_all();
  EXPECT_EQ(this->outcome(run)->reason, "changed my mind");
  EXPECT_EQ(driver->runner.runs() + user->runner.runs(), 0u);
  this->check_sound(run);
}

/// It waits for an answer, and nothing else would tell it soon.
TYPED_TEST(News, ADriverHearsOfATakeOverAtItsNextRecovery) {
  auto driver = this->process();
  auto user = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*driver);
  EXPECT_THAT(user->runner.cancel(run, "changed my mind"), IsOk());
  EXPECT_EQ(driver->runner.runs(), 1u);
  driver->runner.recover(1h);
  EXPECT_EQ(driver->runner.runs(), 1u) << "it is not idle";
  driver->runner.recover();
  EXPECT_EQ(driver->runner.runs(), 0u);
}

TYPED_TEST(News, ACallIsNotRepeatedBeforeTheLogWasLookedAt) {
  auto driver = this->process();
  auto other = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*driver);
  const CallId call = this->shop.last_pending();
  this->shop.took_effect("charge", call);
  const auto paid = result<sample::Receipt>(sample::Receipt{});
  EXPECT_THAT(other->runner.complete(run, call, paid), IsOkAndHolds(NewsAnswer::recorded));
  this->run_all();  // the driver's patience with the call ends
  EXPECT_EQ(this->shop.times_called("charge"), 1u);
  EXPECT_EQ(driver->runner.runs(), 0u);
  this->check_sound(run);
}

TYPED_TEST(News, ACancelAfterThePivotIsRefusedWithTheStatus) {
  auto process = this->process();
  this->shop.fail("clear", Error{Errc::unavailable});
  const RunId run = this->begin(*process);
  const auto cancelled = process->runner.cancel(run, "");
  ASSERT_THAT(cancelled, IsOk());
  EXPECT_EQ(cancelled.assume_value().decision, CancelDecision::too_late);
  EXPECT_EQ(cancelled.assume_value().status, OrderStatus::placed);
  this->run_all();
  this->check_sound(run);
}

TYPED_TEST(News, ACancelOfARunThatIsNotThereIsNotFound) {
  auto process = this->process();
  EXPECT_THAT(process->runner.cancel(RunId{1, 2}, ""), ErrorIs(Errc::not_found));
  EXPECT_THAT(process->runner.status(RunId{1, 2}), ErrorIs(Errc::not_found));
  EXPECT_THAT(process->runner.explain(RunId{1, 2}), ErrorIs(Errc::not_found));
}

TYPED_TEST(News, ACommitInFlightAndACancelExcludeEachOther) {
  auto process = this->process();
  process->connection.at_apply = [](const Operation& operation) {
    return std::holds_alternative<Commit>(operation) ? Mishap::late : Mishap::none;
  };
  const RunId run = this->begin(*process);
  const auto cancelled = process->runner.cancel(run, "");
  ASSERT_THAT(cancelled, IsOk());
  process->connection.at_apply = nullptr;
  const bool accepted = cancelled.assume_value().decision == CancelDecision::accepted;
  EXPECT_EQ(accepted, TypeParam::one_append);
  process->connection.release_late();
  this->run_all();
  EXPECT_EQ(this->outcome(run)->end, accepted ? RunEnd::compensated : RunEnd::completed);
  this->check_sound(run);
}

// --- a run that is stuck

TYPED_TEST(News, AStuckStepMayBeCompletedAtAnyProcess) {
  auto driver = this->process();
  this->shop.wait("charge");
  this->shop.fail("refund", refuse(1));
  const RunId run = this->begin(*driver);
  ASSERT_EQ(driver->runner.cancel(run, "no").assume_value().decision, CancelDecision::accepted);
  const CallId call = this->charged();
  ASSERT_THAT(driver->runner.complete(run, call, result<sample::Receipt>(sample::Receipt{})),
              IsOkAndHolds(NewsAnswer::recorded));
  this->run_all();
  ASSERT_EQ(driver->runner.status(run).assume_value().end, RunEnd::stuck);
  this->shop.took_effect("refund", call);
  auto other = this->process();
  EXPECT_THAT(other->runner.complete_undo(run, call, success()),
              IsOkAndHolds(NewsAnswer::recorded));
  this->run_all();
  EXPECT_EQ(this->outcome(run)->end, RunEnd::compensated);
  this->check_sound(run);
  EXPECT_THAT(driver->runner.resume(run), IsOkAndHolds(NewsAnswer::not_waited_for));
}

}  // namespace
}  // namespace invsaga::runner_tests
