// SPDX-License-Identifier: Apache-2.0
//
// What the machine owes where two things meet: a write that was outrun, a cancel before an intent,
// a yes after its undo. On both kinds of backend.
#include <algorithm>

#include "invsaga/assert.hpp"
#include "tests/saga/machine_driver.hpp"

namespace invsaga::machine_tests {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

constexpr Error unavailable{Errc::unavailable};

/// The parameter: whether everything is one append.
class MachineContracts : public ::testing::TestWithParam<bool> {
 protected:
  MachineDriver driver = MachineDriver::begun(GetParam());

  /// Refused for now until the machine wants something else.
  void try_until_given_up(StepIndex step) {
    for (int attempt = 0; attempt < 100; ++attempt) {
      const Instruction instruction = driver.next();
      if (instruction.kind == Kind::wait) {
        driver.now = instruction.when;
      } else if (instruction.kind == Kind::apply && instruction.step == step && !instruction.undo) {
        driver.says(driver.begin(Kind::apply, step), unavailable);
      } else {
        return;
      }
    }
    FAIL() << "it is never given up";
  }
};

INSTANTIATE_TEST_SUITE_P(, MachineContracts, ::testing::Bool(), [](const auto& chosen) {
  return chosen.param ? "OnOneAppend" : "InSplit";
});

// Where parts are joined the stock has decided before the log refuses: what is held is released.
TEST_P(MachineContracts, AnOperationThatWasOutrunMayHaveTakenEffectUnlessAllIsOneAppend) {
  driver.get_to(reserve);
  const Instruction outrun = driver.begin(Kind::apply, reserve);
  driver.machine().superseded(outrun, false, driver.now);
  try_until_given_up(reserve);
  if (GetParam()) {
    driver.call(place, true);  // nothing of it happened
    EXPECT_THAT(driver.story(), Contains("outcome reserve failed"));
  } else {
    driver.apply(reserve, ReleaseAnswer::released, true);
    EXPECT_THAT(driver.story(), Contains("outcome reserve unknown"));
    driver.call(place, true);
  }
  EXPECT_EQ(driver.next().kind, Kind::finished);
}

TEST_P(MachineContracts, AnErrorAfterAnOperationWasOutrunIsNoRefusalUnlessAllIsOneAppend) {
  driver.get_to(commit);
  const Instruction outrun = driver.begin(Kind::apply, commit);
  driver.machine().superseded(outrun, true, driver.now);
  driver.now = driver.next().when;
  driver.says(driver.begin(Kind::apply, commit), Error{Errc::invalid_argument});
  EXPECT_EQ(driver.next().kind, Kind::stuck) << "a commit is never taken for refused by an error";
  EXPECT_FALSE(driver.state().compensating);
}

TEST_P(MachineContracts, AnIntentThatIsNotRecordedYetDoesNotFollowACancel) {
  driver.get_to(GetParam() ? place : pay);  // on one append it stands behind the reserve
  ASSERT_EQ(driver.machine().next(driver.now).kind, Kind::append);
  ASSERT_TRUE(driver.machine().cancel("changed my mind"));
  if (GetParam()) {
    EXPECT_EQ(driver.next().kind, Kind::finished);
    EXPECT_THAT(driver.story(), ElementsAre("begun", "cancelled", "ended"));
    return;
  }
  driver.apply(reserve, ReleaseAnswer::released, true);
  driver.call(place, true);
  EXPECT_EQ(driver.next().kind, Kind::finished);
  EXPECT_THAT(driver.story(), Not(Contains("intent pay")));
}

TEST_P(MachineContracts, WhatIsAskedTwiceBeforeItIsRecordedIsRecordedOnce) {
  ASSERT_TRUE(driver.machine().cancel("once"));
  ASSERT_TRUE(driver.machine().cancel("twice"));
  EXPECT_EQ(driver.next().kind, Kind::finished);
  EXPECT_THAT(driver.story(), ElementsAre("begun", "cancelled", "ended"));
  EXPECT_EQ(driver.state().reason, "once");

  Definition impatient = sample::checkout.definition();
  impatient.steps[clear_cart].limits.retry.attempts = 1;
  MachineDriver run = MachineDriver::begun(impatient, GetParam());
  run.get_to(clear_cart);
  run.says(run.begin(Kind::call, clear_cart), unavailable);
  ASSERT_EQ(run.next().kind, Kind::stuck);
  EXPECT_EQ(run.machine().outcome()->reason, "clear cart stuck");
  ASSERT_TRUE(run.machine().resume());
  ASSERT_TRUE(run.machine().resume());
  EXPECT_EQ(run.next().kind, Kind::call);
  const auto story = run.story();
  EXPECT_EQ(std::count(story.begin(), story.end(), "resumed"), 1);
}

// So it is asked for nothing: what was never named was never called.
TEST_P(MachineContracts, ACancelBeforeAnythingWasCalledHasNothingToUndo) {
  ASSERT_EQ(driver.machine().next(driver.now).kind, Kind::append);
  ASSERT_TRUE(driver.machine().cancel("changed my mind"));
  EXPECT_EQ(driver.next().kind, Kind::finished);
  EXPECT_THAT(driver.story(), ElementsAre("begun", "cancelled", "ended"));
}

TEST_P(MachineContracts, AYesThatComesAfterItsUndoIsNotWaitedFor) {
  Definition barred = sample::checkout.definition();
  barred.steps[pay].undo_needs_output = false;  // its undo is accepted for an id never seen
  MachineDriver run = MachineDriver::begun(barred, GetParam());
  run.get_to(pay);
  const Instruction late = run.begin(Kind::call, pay);
  run.read(cancelled_by(other));
  run.call(pay, true);
  run.apply(reserve, ReleaseAnswer::released, true);
  ASSERT_THAT(run.story(), Contains("undone pay"));
  ASSERT_FALSE(run.state().end);
  EXPECT_FALSE(run.machine().waits_for(pay, false));
  EXPECT_FALSE(run.machine().completed(pay, false, std::vector<std::byte>{}, run.now));
  run.yes(late);
  run.call(place, true);
  EXPECT_EQ(run.next().kind, Kind::finished);
  EXPECT_THAT(run.story(), Not(Contains("outcome pay done")));
}

TEST_P(MachineContracts, AnUndoIsTriedForLongerThanWhatItUndoes) {
  const RetryPolicy step = driver.definition().steps[pay].limits.retry;
  driver.get_to(pay);
  driver.call(pay);
  driver.read(cancelled_by(other));
  Instruction instruction = driver.next();
  const Time first = driver.now;
  while (instruction.kind != Kind::stuck) {
    if (instruction.kind == Kind::wait) driver.now = instruction.when;
    if (instruction.kind == Kind::call) {
      ASSERT_TRUE(instruction.undo);
      driver.says(driver.begin(Kind::call, pay, true), unavailable);
    }
    instruction = driver.next();
  }
  EXPECT_GT(driver.now - first, step.budget);
}

#if INVSAGA_ASSERTIONS
TEST(MachineContractsDeathTest, WhatWasNeverStartedIsNotAnswered) {
  MachineDriver driver = MachineDriver::begun();
  Instruction never = driver.next();
  ASSERT_EQ(never.kind, Kind::call);
  EXPECT_DEATH(driver.says(never, unavailable), "SagaMachine::answered: an attempt");
  never.ticket = 0;
  EXPECT_DEATH(driver.says(never, unavailable), "SagaMachine::answered: an attempt");
}
#endif

}  // namespace
}  // namespace invsaga::machine_tests
