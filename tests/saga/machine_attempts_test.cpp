// SPDX-License-Identifier: Apache-2.0
//
// How often and when the machine tries, and which attempt an answer belongs to.
#include "tests/saga/machine_driver.hpp"

namespace invsaga::machine_tests {
namespace {

constexpr Error lost{Errc::reply_lost};
constexpr Error unavailable{Errc::unavailable};

// --- retries, backoff, budgets

TEST(MachineAttempts, TriesAgainAfterTheBackoffCountedFromTheStartOfTheLastAttempt) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);  // every 30 s
  const Instruction first = driver.begin(Kind::call, pay);
  EXPECT_EQ(first.when, driver.now + 5s);
  driver.now += 5s;  // its deadline
  const Instruction wait = driver.next();
  EXPECT_EQ(wait.kind, Kind::wait);
  EXPECT_EQ(wait.when, start + 30s);
  driver.now = start + 30s;
  EXPECT_EQ(driver.expect(Kind::call, pay).attempt, 2u);
}

TEST(MachineAttempts, AnAnswerThatItDidNotHappenIsTriedAgainAndNotUnknown) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(reserve);
  for (int attempt = 1; attempt <= 5; ++attempt) {
    driver.says(driver.begin(Kind::apply, reserve), unavailable);
    driver.now = driver.next().kind == Kind::wait ? driver.next().when : driver.now;
  }
  EXPECT_EQ(driver.story().back(), "outcome reserve failed");
  driver.call(place, true);  // nothing is held, so nothing is released
  EXPECT_EQ(driver.next().kind, Kind::finished);
}

TEST(MachineAttempts, GivesUpAStepInDoubtAsUnknownWhenItsBudgetIsUsedUp) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(reserve);
  driver.says(driver.begin(Kind::apply, reserve), lost);
  for (int attempt = 2; attempt <= 5; ++attempt) {
    driver.now = driver.next().when;
    driver.says(driver.begin(Kind::apply, reserve), unavailable);  // says nothing about the first
  }
  EXPECT_EQ(driver.expect(Kind::apply, reserve, true).round, 0u);
  ASSERT_THAT(driver.wanted(), ::testing::SizeIs(1));
  EXPECT_EQ(driver.wanted()[0].step, reserve);
  EXPECT_EQ(driver.wanted()[0].outcome, StepOutcome::unknown);
}

TEST(MachineAttempts, TheBudgetEndsWhenTheNextAttemptWouldStartPastIt) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);  // every 30 s, for a day
  Time last = driver.now;
  const auto outcome = [&] { return driver.machine().ahead().steps[pay].outcome; };
  while (!outcome()) {
    last = driver.now;
    driver.says(driver.begin(Kind::call, pay), unavailable);
    const Instruction instruction = driver.next();
    if (instruction.kind == Kind::wait) driver.now = instruction.when;
  }
  EXPECT_EQ(last, start + 24h);
  EXPECT_EQ(outcome(), StepOutcome::failed);
}

TEST(MachineAttempts, AnUndoIsTriedForLongerThanAnyStepOfItsSaga) {
  for (const StepDefinition& step : sample::checkout.definition().steps) {
    EXPECT_GT(sample::checkout.definition().undo_policy.budget, step.limits.retry.budget);
  }
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  driver.says(driver.begin(Kind::call, pay), refuse());
  const Time first = driver.now;
  while (driver.log.back().kind != RecordKind::stuck) {
    driver.says(driver.begin(Kind::apply, reserve, true), unavailable);
    const Instruction instruction = driver.next();
    if (instruction.kind == Kind::wait) driver.now = instruction.when;
  }
  EXPECT_GT(driver.now - first, driver.definition().undo_policy.budget - 300s);
  EXPECT_EQ(driver.next().kind, Kind::stuck);
}

TEST(MachineAttempts, NeverTriesInAHotLoop) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(commit);
  for (int attempt = 1; attempt <= 100; ++attempt) {
    driver.says(driver.begin(Kind::apply, commit), lost);
    const Instruction wait = driver.next();
    ASSERT_EQ(wait.kind, Kind::wait);
    ASSERT_GT(wait.when, driver.now);
    driver.now = wait.when;
  }
  EXPECT_GT(driver.now - start, 60s * 75);  // the cap, less jitter
}

// --- which attempt an answer belongs to

TEST(MachineAttempts, AFailureOfAnOldAttemptSaysNothingAboutTheNewest) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(reserve);
  const Instruction old = driver.begin(Kind::apply, reserve);
  driver.now += 2s;
  driver.now = driver.next().when;
  driver.begin(Kind::apply, reserve);
  driver.says(old, unavailable);
  EXPECT_EQ(driver.next().kind, Kind::await);
}

TEST(MachineAttempts, AFailureOfTheFirstHoldsAttemptSaysNothingAboutTheSecondHolds) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(reserve);
  const Instruction old = driver.begin(Kind::apply, reserve);  // attempt 1 of hold 0
  driver.now += 2s;
  driver.now = driver.next().when;
  driver.apply(reserve, ReserveAnswer{Reserved{}});
  driver.call(pay);
  driver.apply(commit, CommitAnswer::expired);
  const Instruction young = driver.begin(Kind::apply, reserve, false, 1);  // attempt 1 of hold 1
  EXPECT_EQ(young.attempt, old.attempt);
  driver.says(old, unavailable);
  EXPECT_EQ(driver.next().kind, Kind::await);
  driver.says(old, refuse());
  EXPECT_EQ(driver.next().kind, Kind::await);
}

TEST(MachineAttempts, AFailureFromBeforeItWasStuckSaysNothingAboutTheAttemptsSince) {
  Definition definition = sample::checkout.definition();
  definition.steps[commit].limits.retry.attempts = 1;
  MachineDriver driver = MachineDriver::begun(definition);
  driver.get_to(commit);
  const Instruction old = driver.begin(Kind::apply, commit);
  driver.now += 2s;
  ASSERT_EQ(driver.next().kind, Kind::stuck);
  ASSERT_TRUE(driver.machine().resume());
  const Instruction young = driver.begin(Kind::apply, commit);
  EXPECT_EQ(young.attempt, old.attempt);
  driver.says(old, unavailable);
  EXPECT_EQ(driver.next().kind, Kind::await);
}

TEST(MachineAttempts, AFinalAnswerOfAnOldAttemptOfACallIsTaken) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  const Instruction old = driver.begin(Kind::call, pay);
  driver.now = start + 5s;
  driver.now = driver.next().when;
  driver.begin(Kind::call, pay);
  driver.yes(old);
  driver.expect(Kind::apply, commit);
  ASSERT_THAT(driver.wanted(), ::testing::SizeIs(1));
  EXPECT_EQ(driver.wanted()[0].step, pay);
  EXPECT_EQ(driver.wanted()[0].outcome, StepOutcome::done);
}

TEST(MachineAttempts, ACompletionFromOutsideAnswersTheNewestAttempt) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  driver.begin(Kind::call, pay);
  driver.machine().completed(pay, false, std::vector<std::byte>{}, driver.now);
  driver.machine().completed(pay, false, refuse(), driver.now);  // too late: it has its answer
  driver.expect(Kind::apply, commit);
}

TEST(MachineAttempts, AFailureFromOutsideOfAnAttemptThatIsOverChangesNothing) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  driver.begin(Kind::call, pay);
  driver.now += 5s;
  const Time again = driver.next().when;
  driver.machine().completed(pay, false, unavailable, driver.now);
  EXPECT_EQ(driver.next().when, again);
}

TEST(MachineAttempts, AnAnswerToAStepThatWasNotBegunIsDropped) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(reserve);
  driver.machine().completed(pay, false, std::vector<std::byte>{}, driver.now);
  driver.machine().completed(99, false, std::vector<std::byte>{}, driver.now);
  driver.expect(Kind::apply, reserve);
}

TEST(MachineAttempts, ARepeatedAnswerIsRecordedOnce) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  const Instruction instruction = driver.begin(Kind::call, pay);
  driver.yes(instruction);
  driver.yes(instruction);
  driver.expect(Kind::apply, commit);
  EXPECT_THAT(driver.wanted(), ::testing::SizeIs(1));
}

TEST(MachineAttempts, AnAnswerThatTheLogHasAlreadyIsNotAppendedAgain) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  driver.yes(driver.begin(Kind::call, pay));
  driver.expect(Kind::apply, commit);
  const RunRecord lost_append = driver.wanted().front();
  driver.read(lost_append);  // its reply was lost, it was read back
  driver.expect(Kind::apply, commit);
  EXPECT_TRUE(driver.machine().write()->write().head.empty());
}

TEST(MachineAttempts, AnAnswerOverridesTheGivingUpThatWasNotRecordedYet) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(reserve);
  const Instruction late = driver.begin(Kind::apply, reserve);
  driver.says(late, lost);
  for (int attempt = 2; attempt <= 5; ++attempt) {
    driver.now = driver.machine().next(driver.now).when;
    const Instruction instruction = driver.machine().next(driver.now);
    EXPECT_EQ(driver.machine().write()->write().operation != nullptr, true) << "as it was";
    driver.machine().started(instruction, driver.now);
    driver.says(instruction, lost);
  }
  ASSERT_EQ(driver.wanted().back().outcome, StepOutcome::unknown);
  driver.stock(late, ReserveAnswer{Reserved{}});
  driver.expect(Kind::call, pay);
}

TEST(MachineAttempts, AnAttemptThatTheRunHasOutrunIsMadeAgainAtOnce) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(commit);
  const Instruction instruction = driver.begin(Kind::apply, commit);
  driver.machine().superseded(instruction, false, driver.now);
  EXPECT_EQ(driver.expect(Kind::apply, commit).attempt, 1u);  // it does not count
}

TEST(MachineAttempts, AnAttemptThatIsOutrunByNothingWaitsBeforeItIsMadeAgain) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(commit);
  const Instruction instruction = driver.begin(Kind::apply, commit);
  driver.machine().superseded(instruction, true, driver.now);
  EXPECT_EQ(driver.next().kind, Kind::wait);
}

}  // namespace
}  // namespace invsaga::machine_tests
