// SPDX-License-Identifier: Apache-2.0
//
// A cancel that meets a call under way, a plan, or a run that is stuck.
#include "tests/saga/machine_driver.hpp"

namespace invsaga::machine_tests {
namespace {

using ::testing::ElementsAre;

constexpr Error lost{Errc::reply_lost};

TEST(MachineCancel, ACallUnderWaySurvivesACancelWithItsDeadlineAndItsAnswerIsUsed) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  const Instruction charge = driver.begin(Kind::call, pay);
  driver.now += 1s;
  driver.read(cancelled_by(other));
  const Instruction still = driver.next();
  EXPECT_EQ(still.kind, Kind::await);
  EXPECT_EQ(still.when, charge.when);
  driver.yes(charge);
  driver.call(pay, true);
  driver.apply(reserve, ReleaseAnswer::released, true);
  driver.call(place, true);
  EXPECT_EQ(driver.next().kind, Kind::finished);
  EXPECT_EQ(driver.machine().outcome()->reason, "changed my mind");
  EXPECT_THAT(driver.events(), ElementsAre("ORDER_CHECKOUT_STARTED", "STOCK_RESERVED"));
}

TEST(MachineCancel, AQueuedAnswerIsRecordedAfterACancelWithoutItsEvent) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  driver.yes(driver.begin(Kind::call, pay));
  driver.read(cancelled_by(other));  // came first
  driver.call(pay, true);
  EXPECT_THAT(driver.events(), ElementsAre("ORDER_CHECKOUT_STARTED", "STOCK_RESERVED"));
}

TEST(MachineCancel, ACancelTwiceIsOneAndACancelDuringTheUndoingChangesNothing) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  EXPECT_TRUE(driver.machine().cancel("once"));
  driver.next();
  EXPECT_TRUE(driver.machine().cancel("twice"));
  driver.next();
  EXPECT_EQ(driver.state().reason, "once");
  const std::vector<std::string> story = driver.story();
  EXPECT_EQ(std::count(story.begin(), story.end(), "cancelled"), 1);
}

TEST(MachineCancel, AnEndThatWasPlannedIsNotRecordedAfterACancel) {
  Definition definition = sample::checkout.definition();
  definition.steps.erase(
      definition.steps.begin() + 1,
      definition.steps.end());  // no pivot: it can be cancelled until it has ended
  MachineDriver driver = MachineDriver::begun(definition);
  driver.yes(driver.begin(Kind::call, place));
  const std::vector<RunRecord> wanted = driver.wanted();
  ASSERT_EQ(wanted.size(), 2u);
  ASSERT_EQ(wanted[1].kind, RecordKind::ended);
  driver.read(wanted[0]);  // by another, who wrote no more
  driver.read(cancelled_by(other));
  driver.call(place, true);
  EXPECT_EQ(driver.next().kind, Kind::finished);
  EXPECT_EQ(driver.machine().outcome()->end, RunEnd::compensated);
}

TEST(MachineCancel, ParkingThatWasPlannedIsNotRecordedAfterACancel) {
  Definition definition = sample::checkout.definition();
  definition.steps[commit].limits.retry.attempts = 1;
  MachineDriver driver = MachineDriver::begun(definition);
  driver.get_to(commit);
  driver.says(driver.begin(Kind::apply, commit), lost);
  ASSERT_EQ(driver.wanted().back().kind, RecordKind::stuck);
  driver.read(cancelled_by(other));  // on one append the commit cannot land any more
  driver.call(pay, true);
}

TEST(MachineCancel, ACancelMovesARunThatIsStuck) {
  Definition definition = sample::checkout.definition();
  definition.steps[commit].limits.retry.attempts = 1;
  MachineDriver driver = MachineDriver::begun(definition);
  driver.get_to(commit);
  driver.says(driver.begin(Kind::apply, commit), lost);
  ASSERT_EQ(driver.next().kind, Kind::stuck);
  ASSERT_TRUE(driver.machine().cancel(""));
  driver.call(pay, true);
  EXPECT_EQ(driver.state().reason, "cancelled");
}

}  // namespace
}  // namespace invsaga::machine_tests
