// SPDX-License-Identifier: Apache-2.0
//
// The synchronous orchestration: the same records as a runner makes, whichever way the checkout
// goes, and what it answers when there is nothing to run.
#include "tests/runner/run_sync_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::ErrorIs;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::SizeIs;

template <class Parts>
class RunSync : public ::testing::Test, public RunSyncFixture<Parts> {};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(RunSync, BothBackends);

// --- the same as a runner

/// Goes the way twice, by `run_sync` and by a runner, and compares all that is left of it.
template <class Parts>
void compare(const Way<Parts>& way) {
  SCOPED_TRACE(way.name);
  RunSyncFixture<Parts> sync;
  sync.owner = {1, 2};
  way.befall(sync, sync.connection());
  const auto outcome = sync.run();

  RunnerFixture<Parts> async;
  RunnerOptions options;
  options.owner = sync.owner;
  auto process = async.process(options);
  way.befall(async, process->connection);
  const RunId run = async.begin(*process);
  async.run_all();

  ASSERT_THAT(outcome, IsOk());
  EXPECT_EQ(outcome.assume_value().run, run);
  EXPECT_EQ(outcome.assume_value().end, way.end);
  EXPECT_EQ(outcome.assume_value().reason, way.reason);
  EXPECT_THAT(sync.story(run), Contains(way.passes_by));
  EXPECT_THAT(async.witness.outcomes(run), ElementsAre(outcome.assume_value()));
  EXPECT_EQ(sync.story(run), async.story(run));
  EXPECT_EQ(sync.records(run), async.records(run));
  EXPECT_EQ(sync.told(run), async.told(run));
  EXPECT_EQ(sync.shop.calls(), async.shop.calls());
  EXPECT_EQ(sync.stock(), async.stock());
  // An observer is told the same, and nothing is left to do.
  EXPECT_EQ(sync.witness.records(run), sync.records(run));
  EXPECT_EQ(sync.witness.outcomes(run), async.witness.outcomes(run));
  EXPECT_FALSE(sync.local().run_one());
}

TYPED_TEST(RunSync, LeavesTheSameRecordsAsARunnerWhicheverWayItGoes) {
  for (const auto& way : plain_ways<TypeParam>()) compare(way);
}
TYPED_TEST(RunSync, LeavesTheSameRecordsAsARunnerHoweverThornyTheWay) {
  for (const auto& way : thorny_ways<TypeParam>()) compare(way);
}

// --- what nobody answers

TYPED_TEST(RunSync, AsksAPendingStepAgainWhenItsIntervalIsOver) {
  this->shop.wait("charge", 2);
  const auto outcome = this->run();
  ASSERT_THAT(outcome, IsOk());
  EXPECT_EQ(outcome.assume_value().end, RunEnd::completed);
  EXPECT_THAT(this->shop.calls(), ElementsAre("place", "charge", "charge", "charge", "clear"));
  EXPECT_EQ(this->clock.now(), start_time + 60s);
  this->check_sound(this->run_of());
}

TYPED_TEST(RunSync, AStepThatIsPendingForEverLeavesTheRunStuckAndNothingHeld) {
  this->shop.wait("charge", 100'000);
  const auto outcome = this->run();
  ASSERT_THAT(outcome, IsOk());
  EXPECT_EQ(outcome.assume_value().end, RunEnd::stuck);
  EXPECT_EQ(outcome.assume_value().step, sample::pay_step);
  EXPECT_EQ(this->stock().reserved, 0);
}

TYPED_TEST(RunSync, AStuckRunStaysInTheLogAndCanBeResumedByARunner) {
  this->connection().at_apply = each<Commit>(Mishap::failed);
  ASSERT_EQ(this->run().assume_value().end, RunEnd::stuck);
  auto process = this->process();
  ASSERT_THAT(process->runner.resume(this->run_of()), IsOk());
  this->run_all();
  EXPECT_EQ(this->outcome(this->run_of())->end, RunEnd::completed);
  this->check_sound(this->run_of());
}

// --- others at the same run

TYPED_TEST(RunSync, ARepeatGetsTheStoredOutcomeAndRunsNothing) {
  const auto first = this->run();
  ASSERT_THAT(first, IsOk());
  const auto calls = this->shop.calls();
  const auto records = this->records(this->run_of());
  EXPECT_THAT(this->run(), IsOkAndHolds(first.assume_value()));
  EXPECT_EQ(this->shop.calls(), calls);
  EXPECT_EQ(this->records(this->run_of()), records);
}

TYPED_TEST(RunSync, IsBusyWhileTheRunIsUnderWayElsewhere) {
  auto process = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*process);
  EXPECT_THAT(this->run(), ErrorIs(Errc::busy));
  const CallId call = this->shop.last_pending();
  this->shop.took_effect("charge", call);
  const auto paid = result<sample::Receipt>(sample::Receipt{});
  ASSERT_THAT(process->runner.complete(run, call, paid), IsOk());
  EXPECT_THAT(this->run(), IsOkAndHolds(*this->outcome(run)));
  EXPECT_EQ(this->shop.times_called("place"), 1u);
  this->check_sound(run);
}

TYPED_TEST(RunSync, CanBeCancelledFromElsewhere) {
  auto user = this->process();
  this->shop.script("charge", [&](const StepContext& step) -> result<Reply<sample::Receipt>> {
    EXPECT_EQ(user->runner.cancel(step.run, "changed my mind").assume_value().decision,
              CancelDecision::accepted);
    this->shop.took_effect("charge", step.id);
    return Reply<sample::Receipt>(sample::Receipt{});
  });
  EXPECT_THAT(this->run(), ErrorIs(Errc::timed_out)) << "who has cancelled it drives it";
  const auto outcome = this->outcome(this->run_of());
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->end, RunEnd::compensated);
  EXPECT_EQ(outcome->reason, "changed my mind");
  this->check_sound(this->run_of());
}

TYPED_TEST(RunSync, SaysTimedOutIfAnotherRunnerTakesTheRunOver) {
  auto other = this->process();
  this->shop.script("charge", [&](const StepContext&) -> result<Reply<sample::Receipt>> {
    EXPECT_EQ(other->runner.recover().taken, 1u);
    return Error{Errc::reply_lost};
  });
  this->shop.wait("charge");  // it is the other that is told so
  bool went_on = false;
  const auto note = [](void* flag, std::uint64_t) noexcept { *static_cast<bool*>(flag) = true; };
  this->local().post_at(start_time + 1h, {note, &went_on, 0, nullptr});
  EXPECT_THAT(this->run(), ErrorIs(Errc::timed_out));
  EXPECT_FALSE(went_on);  // it waits for nothing that is not the run's
  this->run_all();
  EXPECT_EQ(this->outcome(this->run_of())->end, RunEnd::completed);
  this->check_sound(this->run_of());
}

// --- what cannot be run

TYPED_TEST(RunSync, RefusesWhatCannotBeBegunAndRunsNothing) {
  const auto run = [&](const StartRequest& request) { return this->run(request, this->order()); };
  StartRequest nameless = this->request();
  nameless.key.clear();
  EXPECT_THAT(run(nameless), ErrorIs(Errc::invalid_argument));
  StartRequest endless = this->request();
  endless.deadline = {};
  EXPECT_THAT(run(endless), ErrorIs(Errc::invalid_argument));
  StartRequest unprotected = this->request();
  unprotected.fingerprint = {};
  EXPECT_THAT(run(unprotected), ErrorIs(Errc::invalid_argument));
  StartRequest late = this->request();
  late.deadline = start_time;
  EXPECT_THAT(run(late), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(this->records(this->run_of()), IsEmpty());
  EXPECT_THAT(this->shop.calls(), IsEmpty());
}

TYPED_TEST(RunSync, RefusesARequestThatWasUsedForSomethingElse) {
  ASSERT_THAT(this->run(), IsOk());
  const auto calls = this->shop.calls();
  StartRequest other = this->request();
  other.fingerprint = fingerprint(as_bytes("something else"));
  EXPECT_THAT(this->run(other, this->order()), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(this->shop.calls(), calls);
}

TYPED_TEST(RunSync, WithoutARequestTheKeyNamesTheRun) {
  StartRequest request;
  request.key = "job 1";
  const auto first = this->run(request, this->order());
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first.assume_value().end, RunEnd::completed);
  EXPECT_THAT(this->run(request, this->order()), IsOkAndHolds(first.assume_value()));
  EXPECT_EQ(this->shop.times_called("place"), 1u);
}

}  // namespace
}  // namespace invsaga::runner_tests
