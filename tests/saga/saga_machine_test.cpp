// SPDX-License-Identifier: Apache-2.0
//
// The machine alone, driven by hand. What it owes to the rules of the protocol is in
// saga_protocol_test.cpp.
#include "tests/saga/machine_driver.hpp"

#include "invsaga/testing/matchers.hpp"

namespace invsaga::machine_tests {
namespace {

using ::testing::ElementsAre;
using testing::ErrorIs;
using ::testing::IsEmpty;

constexpr Error lost{Errc::reply_lost};
constexpr Error unavailable{Errc::unavailable};

TEST(SagaMachine, AsksForTheStepsInOrderAndEndsCompleted) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(clear_cart);
  driver.call(clear_cart);
  EXPECT_EQ(driver.next().kind, Kind::finished);
  EXPECT_THAT(driver.story(),
              ElementsAre("begun", "intent place", "outcome place done", "outcome reserve done",
                          "intent pay", "outcome pay done", "outcome commit done",
                          "intent clear cart", "outcome clear cart done", "ended"));
  ASSERT_TRUE(driver.machine().outcome().has_value());
  EXPECT_EQ(driver.machine().outcome()->end, RunEnd::completed);
}

TEST(SagaMachine, NumbersItsEventsWithoutGapsAndNamesTheirCause) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(clear_cart);
  driver.call(clear_cart);
  driver.next();
  EXPECT_THAT(driver.events(), ElementsAre("ORDER_CHECKOUT_STARTED", "STOCK_RESERVED",
                                           "PAYMENT_COMPLETED", "STOCK_COMMITTED", "CART_CLEARED"));
  std::uint64_t sequence = 0;
  EventId last;
  for (const RunRecord& record : driver.log) {
    for (const Event& event : record.events) {
      EXPECT_EQ(event.sequence, ++sequence);
      EXPECT_EQ(event.causation, last);
      EXPECT_EQ(event.run, the_run);
      EXPECT_EQ(event.subject, "order 1");
      EXPECT_EQ(event.time, record.at);
      last = event.id;
    }
  }
}

TEST(SagaMachine, UndoesInReverseOrderWhatWasDoneBeforeARefusal) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  driver.says(driver.begin(Kind::call, pay), refuse(51));
  driver.apply(reserve, ReleaseAnswer::released, true);
  driver.call(place, true);
  EXPECT_EQ(driver.next().kind, Kind::finished);
  EXPECT_THAT(
      driver.story(),
      ElementsAre("begun", "intent place", "outcome place done", "outcome reserve done",
                  "intent pay", "outcome pay refused", "undone reserve", "undone place", "ended"));
  const auto outcome = driver.machine().outcome();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->end, RunEnd::compensated);
  EXPECT_EQ(outcome->reason, "pay refused");
  EXPECT_EQ(outcome->step, pay);
  EXPECT_EQ(outcome->error, refuse(51));
}

TEST(SagaMachine, TellsARefusalAndNothingOfTheUndoing) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  driver.says(driver.begin(Kind::call, pay), refuse());
  driver.apply(reserve, ReleaseAnswer::released, true);
  driver.call(place, true);
  driver.next();
  EXPECT_THAT(driver.events(),
              ElementsAre("ORDER_CHECKOUT_STARTED", "STOCK_RESERVED", "PAYMENT_FAILED"));
}

TEST(SagaMachine, KeepsAllShortLinesOfARefusalInTheOutcome) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(reserve);
  const std::vector<ShortLine> shorts{{Row{3}, 5, 2}, {Row{9}, 1, 0}};
  OutOfStock answer;
  answer.count = 2;
  answer.first = shorts[0];
  answer.lines = shorts;
  driver.apply(reserve, ReserveAnswer{answer});
  driver.call(place, true);
  driver.next();
  const auto outcome = driver.machine().outcome();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->reason, "out_of_stock");
  EXPECT_EQ(outcome->shorts, shorts);
  EXPECT_EQ(driver.log.at(outcome->shorts_at).shorts, shorts) << "the record that has them";
}

TEST(SagaMachine, CompletesASagaWithoutSteps) {
  Definition empty;
  empty.saga.name = "empty";
  MachineDriver driver = MachineDriver::begun(empty);
  EXPECT_EQ(driver.next().kind, Kind::finished);
  EXPECT_EQ(driver.machine().outcome()->end, RunEnd::completed);
}

// --- retries, backoff, budgets

TEST(SagaMachine, TriesAgainAfterTheBackoffCountedFromTheStartOfTheLastAttempt) {
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

TEST(SagaMachine, AnAnswerThatItDidNotHappenIsTriedAgainAndNotUnknown) {
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

TEST(SagaMachine, GivesUpAStepInDoubtAsUnknownWhenItsBudgetIsUsedUp) {
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

TEST(SagaMachine, TheBudgetEndsWhenTheNextAttemptWouldStartPastIt) {
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

TEST(SagaMachine, AnUndoIsTriedForLongerThanAnyStepOfItsSaga) {
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

TEST(SagaMachine, NeverTriesInAHotLoop) {
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

TEST(SagaMachine, AFailureOfAnOldAttemptSaysNothingAboutTheNewest) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(reserve);
  const Instruction old = driver.begin(Kind::apply, reserve);
  driver.now += 2s;
  driver.now = driver.next().when;
  driver.begin(Kind::apply, reserve);
  driver.says(old, unavailable);
  EXPECT_EQ(driver.next().kind, Kind::await);
}

TEST(SagaMachine, AFailureOfTheFirstHoldsAttemptSaysNothingAboutTheSecondHolds) {
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

TEST(SagaMachine, AFailureFromBeforeItWasStuckSaysNothingAboutTheAttemptsSince) {
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

TEST(SagaMachine, AFinalAnswerOfAnOldAttemptOfACallIsTaken) {
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

TEST(SagaMachine, ACompletionFromOutsideAnswersTheNewestAttempt) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  driver.begin(Kind::call, pay);
  driver.machine().completed(pay, false, std::vector<std::byte>{}, driver.now);
  driver.machine().completed(pay, false, refuse(), driver.now);  // too late: it has its answer
  driver.expect(Kind::apply, commit);
}

TEST(SagaMachine, AFailureFromOutsideOfAnAttemptThatIsOverChangesNothing) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  driver.begin(Kind::call, pay);
  driver.now += 5s;
  const Time again = driver.next().when;
  driver.machine().completed(pay, false, unavailable, driver.now);
  EXPECT_EQ(driver.next().when, again);
}

TEST(SagaMachine, AnAnswerToAStepThatWasNotBegunIsDropped) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(reserve);
  driver.machine().completed(pay, false, std::vector<std::byte>{}, driver.now);
  driver.machine().completed(99, false, std::vector<std::byte>{}, driver.now);
  driver.expect(Kind::apply, reserve);
}

TEST(SagaMachine, ARepeatedAnswerIsRecordedOnce) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  const Instruction instruction = driver.begin(Kind::call, pay);
  driver.yes(instruction);
  driver.yes(instruction);
  driver.expect(Kind::apply, commit);
  EXPECT_THAT(driver.wanted(), ::testing::SizeIs(1));
}

TEST(SagaMachine, AnAnswerThatTheLogHasAlreadyIsNotAppendedAgain) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  driver.yes(driver.begin(Kind::call, pay));
  driver.expect(Kind::apply, commit);
  const RunRecord lost_append = driver.wanted().front();
  driver.read(lost_append);  // its reply was lost, it was read back
  driver.expect(Kind::apply, commit);
  EXPECT_TRUE(driver.machine().write()->write().head.empty());
}

TEST(SagaMachine, AnAnswerOverridesTheGivingUpThatWasNotRecordedYet) {
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

TEST(SagaMachine, AnAttemptThatTheRunHasOutrunIsMadeAgainAtOnce) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(commit);
  const Instruction instruction = driver.begin(Kind::apply, commit);
  driver.machine().superseded(instruction, false, driver.now);
  EXPECT_EQ(driver.expect(Kind::apply, commit).attempt, 1u);  // it does not count
}

TEST(SagaMachine, AnAttemptThatIsOutrunByNothingWaitsBeforeItIsMadeAgain) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(commit);
  const Instruction instruction = driver.begin(Kind::apply, commit);
  driver.machine().superseded(instruction, true, driver.now);
  EXPECT_EQ(driver.next().kind, Kind::wait);
}

// --- what cannot be made or read

TEST(SagaMachine, AStepThatCannotBeMadeIsRefused) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(reserve);
  driver.machine().unable(driver.to_be_made(reserve), refuse(3));
  driver.call(place, true);
  driver.next();
  EXPECT_EQ(driver.machine().outcome()->reason, "reserve refused");
}

TEST(SagaMachine, ACallInDoubtWhoseArgumentsAreUnreadableIsStuckAndNotRefused) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  driver.says(driver.begin(Kind::call, pay), lost);
  driver.now = driver.next().when;
  driver.machine().unable(driver.begin(Kind::call, pay), Error{Errc::corrupt});
  EXPECT_EQ(driver.next().kind, Kind::stuck);
  EXPECT_FALSE(driver.state().compensating);
}

TEST(SagaMachine, ACallWhoseArgumentsAreUnreadableIsRefusedIfItWasNeverMade) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  driver.machine().unable(driver.begin(Kind::call, pay), Error{Errc::corrupt});
  driver.expect(Kind::apply, reserve, true);
}

TEST(SagaMachine, AnUndoThatCannotBeMadeIsStuck) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  driver.says(driver.begin(Kind::call, pay), refuse());
  driver.machine().unable(driver.to_be_made(reserve), Error{Errc::corrupt});
  EXPECT_EQ(driver.next().kind, Kind::stuck);
}

TEST(SagaMachine, AnErrorOfTheStoreIsARefusalOnlyIfNothingIsInDoubt) {
  MachineDriver sure = MachineDriver::begun();
  sure.get_to(reserve);
  sure.says(sure.begin(Kind::apply, reserve), Error{Errc::limit_exceeded});
  sure.expect(Kind::call, place, true);  // nothing to release
  EXPECT_EQ(sure.log[sure.log.size() - 1].outcome, StepOutcome::refused);

  MachineDriver doubt = MachineDriver::begun();
  doubt.get_to(reserve);
  doubt.says(doubt.begin(Kind::apply, reserve), lost);
  doubt.now = doubt.next().when;
  doubt.says(doubt.begin(Kind::apply, reserve), Error{Errc::limit_exceeded});
  doubt.expect(Kind::apply, reserve, true);
  EXPECT_EQ(doubt.wanted().back().outcome, StepOutcome::unknown);
}

// --- stuck, and resumed

TEST(SagaMachine, ARetriableStepThatIsRefusedIsStuckAndNothingIsUndone) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(clear_cart);
  driver.says(driver.begin(Kind::call, clear_cart), refuse(4));
  EXPECT_EQ(driver.next().kind, Kind::stuck);
  EXPECT_EQ(driver.state().status(driver.definition()), OrderStatus::placed);
  const auto outcome = driver.machine().outcome();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->end, RunEnd::stuck);
  EXPECT_EQ(outcome->reason, "clear cart stuck");
  EXPECT_EQ(outcome->error, refuse(4));
}

TEST(SagaMachine, AResumedRunGoesOnWithAFreshBudget) {
  Definition definition = sample::checkout.definition();
  definition.steps[clear_cart].limits.retry.attempts = 2;
  MachineDriver driver = MachineDriver::begun(definition);
  driver.get_to(clear_cart);
  for (int round = 0; round < 3; ++round) {
    driver.says(driver.begin(Kind::call, clear_cart), unavailable);
    driver.now = driver.next().when;
    driver.says(driver.begin(Kind::call, clear_cart), unavailable);
    ASSERT_EQ(driver.next().kind, Kind::stuck);
    ASSERT_TRUE(driver.machine().resume());
  }
  driver.call(clear_cart);
  EXPECT_EQ(driver.next().kind, Kind::finished);
  EXPECT_EQ(driver.machine().outcome()->end, RunEnd::completed);
}

TEST(SagaMachine, ARunThatIsNotStuckCannotBeResumed) {
  MachineDriver driver = MachineDriver::begun();
  EXPECT_FALSE(driver.machine().resume());
}

TEST(SagaMachine, ALateAnswerMovesAStuckRun) {
  Definition definition = sample::checkout.definition();
  definition.steps[clear_cart].limits.retry.attempts = 1;
  MachineDriver driver = MachineDriver::begun(definition);
  driver.get_to(clear_cart);
  const Instruction instruction = driver.begin(Kind::call, clear_cart);
  driver.now += 2s;
  ASSERT_EQ(driver.next().kind, Kind::stuck);
  driver.yes(instruction);
  EXPECT_EQ(driver.next().kind, Kind::finished);
}

TEST(SagaMachine, AnUndoThatIsRefusedIsStuckUntilItIsResumed) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  driver.says(driver.begin(Kind::call, pay), refuse());
  driver.apply(reserve, ReleaseAnswer::released, true);
  driver.says(driver.begin(Kind::call, place, true), refuse());
  EXPECT_EQ(driver.next().kind, Kind::stuck);
  EXPECT_EQ(driver.state().status(driver.definition()), OrderStatus::not_placed);
  ASSERT_TRUE(driver.machine().resume());
  driver.call(place, true);
  EXPECT_EQ(driver.next().kind, Kind::finished);
}

// --- late success (a yes that comes after the step was given up)

TEST(SagaMachine, ALateYesOfAStepThatWasGivenUpIsCompensated) {
  Definition definition = sample::checkout.definition();
  definition.steps[pay].limits.retry.attempts = 1;
  MachineDriver driver = MachineDriver::begun(definition);
  driver.get_to(pay);
  const Instruction given_up = driver.begin(Kind::call, pay);
  driver.now += 5s;
  driver.now = driver.next().when;
  driver.begin(Kind::call, pay);  // asked on: the refund needs to know
  ASSERT_EQ(driver.log.back().outcome, StepOutcome::unknown);
  driver.yes(given_up);
  driver.call(pay, true);
  driver.apply(reserve, ReleaseAnswer::released, true);
  driver.call(place, true);
  EXPECT_EQ(driver.next().kind, Kind::finished);
  EXPECT_EQ(driver.machine().outcome()->reason, "pay unknown");
}

TEST(SagaMachine, ALateYesThatTheUndoBarsIsDropped) {
  MachineDriver driver = MachineDriver::begun();
  const Instruction late = driver.begin(Kind::call, place);
  driver.read(cancelled_by(other));
  driver.call(place, true);
  driver.yes(late);
  EXPECT_EQ(driver.next().kind, Kind::finished);
  EXPECT_THAT(driver.story(),
              ElementsAre("begun", "intent place", "cancelled", "undone place", "ended"));
}

TEST(SagaMachine, ALateYesDuringTheUndoIsRecordedAndUndoneOnce) {
  MachineDriver driver = MachineDriver::begun();
  const Instruction late = driver.begin(Kind::call, place);
  driver.read(cancelled_by(other));
  const Instruction undo = driver.begin(Kind::call, place, true);
  driver.yes(late);
  driver.yes(undo);
  EXPECT_EQ(driver.next().kind, Kind::finished);
  EXPECT_THAT(driver.story(), ElementsAre("begun", "intent place", "cancelled",
                                          "outcome place done", "undone place", "ended"));
  EXPECT_THAT(driver.events(), IsEmpty());
}

// --- cancel while a call is under way

TEST(SagaMachine, ACallUnderWaySurvivesACancelWithItsDeadlineAndItsAnswerIsUsed) {
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

TEST(SagaMachine, AQueuedAnswerIsRecordedAfterACancelWithoutItsEvent) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  driver.yes(driver.begin(Kind::call, pay));
  driver.read(cancelled_by(other));  // came first
  driver.call(pay, true);
  EXPECT_THAT(driver.events(), ElementsAre("ORDER_CHECKOUT_STARTED", "STOCK_RESERVED"));
}

TEST(SagaMachine, ACancelTwiceIsOneAndACancelDuringTheUndoingChangesNothing) {
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

TEST(SagaMachine, AnEndThatWasPlannedIsNotRecordedAfterACancel) {
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

TEST(SagaMachine, ParkingThatWasPlannedIsNotRecordedAfterACancel) {
  Definition definition = sample::checkout.definition();
  definition.steps[commit].limits.retry.attempts = 1;
  MachineDriver driver = MachineDriver::begun(definition);
  driver.get_to(commit);
  driver.says(driver.begin(Kind::apply, commit), lost);
  ASSERT_EQ(driver.wanted().back().kind, RecordKind::stuck);
  driver.read(cancelled_by(other));  // on one append the commit cannot land any more
  driver.call(pay, true);
}

TEST(SagaMachine, ACancelMovesARunThatIsStuck) {
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

// --- what it says about itself

TEST(SagaMachine, SaysWhatItIsAtHowOftenItTriedAndWhenItMoves) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  driver.begin(Kind::call, pay);
  auto current = driver.machine().current();
  ASSERT_TRUE(current.has_value());
  EXPECT_EQ(current->step, pay);
  EXPECT_EQ(current->attempts, 1u);
  EXPECT_TRUE(current->under_way);
  EXPECT_EQ(current->when, start + 5s);
  driver.now += 5s;
  driver.next();
  current = driver.machine().current();
  EXPECT_FALSE(current->under_way);
  EXPECT_EQ(current->when, start + 30s);
}

TEST(SagaMachine, PreparesAWriteOnce) {
  MachineDriver driver = MachineDriver::begun();
  driver.machine().next(driver.now);
  const auto first = driver.machine().write();
  driver.machine().next(driver.now + 1s);
  EXPECT_EQ(driver.machine().write(), first);
}

TEST(RunOutcome, SurvivesBeingStored) {
  RunOutcome outcome;
  outcome.run = the_run;
  outcome.end = RunEnd::compensated;
  outcome.reason = "out_of_stock";
  outcome.step = 3;
  outcome.decision = StockDecision::out_of_stock;
  outcome.error = refuse(-7);
  outcome.shorts_at = 7;
  const auto bytes = encode(outcome);
  const auto back = decode<RunOutcome>(bytes);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back.assume_value(), outcome);
}

TEST(RunOutcome, RefusesBytesThatAreNotOne) {
  const auto bytes = encode(RunOutcome{});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(decode<RunOutcome>(Bytes(bytes).first(size)), ErrorIs(Errc::corrupt));
  }
  auto bad_end = bytes;
  bad_end[16] = std::byte{3};
  EXPECT_THAT(decode<RunOutcome>(bad_end), ErrorIs(Errc::corrupt));
}

}  // namespace
}  // namespace invsaga::machine_tests
