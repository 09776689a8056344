// SPDX-License-Identifier: Apache-2.0
//
// The machine alone, driven by hand. What it owes to the rules of the protocol is in
// saga_protocol_test.cpp.
#include "tests/saga/machine_driver.hpp"

#include "invsaga/testing/matchers.hpp"

namespace invsaga::desk {
namespace {

using ::testing::ElementsAre;
using testing::ErrorIs;
using ::testing::IsEmpty;

constexpr Error lost{Errc::reply_lost};
constexpr Error unavailable{Errc::unavailable};

TEST(SagaMachine, AsksForTheStepsInOrderAndEndsCompleted) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(clear_cart);
  desk.call(clear_cart);
  EXPECT_EQ(desk.next().kind, Kind::finished);
  EXPECT_THAT(desk.story(),
              ElementsAre("begun", "intent place", "outcome place done", "outcome reserve done",
                          "intent pay", "outcome pay done", "outcome commit done",
                          "intent clear cart", "outcome clear cart done", "ended"));
  ASSERT_TRUE(desk.machine().outcome().has_value());
  EXPECT_EQ(desk.machine().outcome()->end, RunEnd::completed);
}

TEST(SagaMachine, NumbersItsEventsWithoutGapsAndNamesTheirCause) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(clear_cart);
  desk.call(clear_cart);
  desk.next();
  EXPECT_THAT(desk.events(), ElementsAre("ORDER_CHECKOUT_STARTED", "STOCK_RESERVED",
                                         "PAYMENT_COMPLETED", "STOCK_COMMITTED", "CART_CLEARED"));
  std::uint64_t sequence = 0;
  EventId last;
  for (const RunRecord& record : desk.log) {
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
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(pay);
  desk.says(desk.begin(Kind::call, pay), refuse(51));
  desk.apply(reserve, ReleaseAnswer::released, true);
  desk.call(place, true);
  EXPECT_EQ(desk.next().kind, Kind::finished);
  EXPECT_THAT(desk.story(), ElementsAre("begun", "intent place", "outcome place done",
                                        "outcome reserve done", "intent pay", "outcome pay refused",
                                        "undone reserve", "undone place", "ended"));
  const auto outcome = desk.machine().outcome();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->end, RunEnd::compensated);
  EXPECT_EQ(outcome->reason, "pay refused");
  EXPECT_EQ(outcome->step, pay);
  EXPECT_EQ(outcome->error, refuse(51));
}

TEST(SagaMachine, TellsARefusalAndNothingOfTheUndoing) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(pay);
  desk.says(desk.begin(Kind::call, pay), refuse());
  desk.apply(reserve, ReleaseAnswer::released, true);
  desk.call(place, true);
  desk.next();
  EXPECT_THAT(desk.events(),
              ElementsAre("ORDER_CHECKOUT_STARTED", "STOCK_RESERVED", "PAYMENT_FAILED"));
}

TEST(SagaMachine, KeepsAllShortLinesOfARefusalInTheOutcome) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(reserve);
  const std::vector<ShortLine> shorts{{Row{3}, 5, 2}, {Row{9}, 1, 0}};
  OutOfStock answer;
  answer.count = 2;
  answer.first = shorts[0];
  answer.lines = shorts;
  desk.apply(reserve, ReserveAnswer{answer});
  desk.call(place, true);
  desk.next();
  const auto outcome = desk.machine().outcome();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->reason, "out_of_stock");
  EXPECT_EQ(short_lines(outcome->details), shorts);
}

TEST(SagaMachine, CompletesASagaWithoutSteps) {
  Definition empty;
  empty.saga.name = "empty";
  MachineDriver desk = MachineDriver::begun(empty);
  EXPECT_EQ(desk.next().kind, Kind::finished);
  EXPECT_EQ(desk.machine().outcome()->end, RunEnd::completed);
}

// --- retries, backoff, budgets

TEST(SagaMachine, TriesAgainAfterTheBackoffCountedFromTheStartOfTheLastAttempt) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(pay);  // every 30 s
  const Instruction first = desk.begin(Kind::call, pay);
  EXPECT_EQ(first.when, desk.now + 5s);
  desk.now += 5s;  // its deadline
  const Instruction wait = desk.next();
  EXPECT_EQ(wait.kind, Kind::wait);
  EXPECT_EQ(wait.when, start + 30s);
  desk.now = start + 30s;
  EXPECT_EQ(desk.expect(Kind::call, pay).attempt, 2u);
}

TEST(SagaMachine, AnAnswerThatItDidNotHappenIsTriedAgainAndNotUnknown) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(reserve);
  for (int attempt = 1; attempt <= 5; ++attempt) {
    desk.says(desk.begin(Kind::apply, reserve), unavailable);
    desk.now = desk.next().kind == Kind::wait ? desk.next().when : desk.now;
  }
  EXPECT_EQ(desk.story().back(), "outcome reserve failed");
  desk.call(place, true);  // nothing is held, so nothing is released
  EXPECT_EQ(desk.next().kind, Kind::finished);
}

TEST(SagaMachine, GivesUpAStepInDoubtAsUnknownWhenItsBudgetIsUsedUp) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(reserve);
  desk.says(desk.begin(Kind::apply, reserve), lost);
  for (int attempt = 2; attempt <= 5; ++attempt) {
    desk.now = desk.next().when;
    desk.says(desk.begin(Kind::apply, reserve), unavailable);  // says nothing about the first
  }
  desk.next();
  EXPECT_EQ(desk.story().back(), "outcome reserve unknown");
  EXPECT_EQ(desk.expect(Kind::apply, reserve, true).round, 0u);
}

TEST(SagaMachine, TheBudgetEndsWhenTheNextAttemptWouldStartPastIt) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(pay);  // every 30 s, for a day
  Time last = desk.now;
  while (desk.log.back().kind != RecordKind::outcome || desk.log.back().step != pay) {
    last = desk.now;
    desk.says(desk.begin(Kind::call, pay), unavailable);
    const Instruction action = desk.next();
    if (action.kind == Kind::wait) desk.now = action.when;
  }
  EXPECT_EQ(last, start + 24h);
  EXPECT_EQ(desk.log.back().outcome, StepOutcome::failed);
}

TEST(SagaMachine, AnUndoIsTriedForLongerThanAnyStepOfItsSaga) {
  for (const StepDefinition& step : sample::checkout.definition().steps) {
    EXPECT_GT(sample::checkout.definition().undo_policy.budget, step.limits.retry.budget);
  }
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(pay);
  desk.says(desk.begin(Kind::call, pay), refuse());
  const Time first = desk.now;
  while (desk.log.back().kind != RecordKind::stuck) {
    desk.says(desk.begin(Kind::apply, reserve, true), unavailable);
    const Instruction action = desk.next();
    if (action.kind == Kind::wait) desk.now = action.when;
  }
  EXPECT_GT(desk.now - first, desk.definition().undo_policy.budget - 300s);
  EXPECT_EQ(desk.next().kind, Kind::stuck);
}

TEST(SagaMachine, NeverTriesInAHotLoop) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(commit);
  for (int attempt = 1; attempt <= 100; ++attempt) {
    desk.says(desk.begin(Kind::apply, commit), lost);
    const Instruction wait = desk.next();
    ASSERT_EQ(wait.kind, Kind::wait);
    ASSERT_GT(wait.when, desk.now);
    desk.now = wait.when;
  }
  EXPECT_GT(desk.now - start, 60s * 75);  // the cap, less jitter
}

// --- which attempt an answer belongs to

TEST(SagaMachine, AFailureOfAnOldAttemptSaysNothingAboutTheNewest) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(reserve);
  const Instruction old = desk.begin(Kind::apply, reserve);
  desk.now += 2s;
  desk.now = desk.next().when;
  desk.begin(Kind::apply, reserve);
  desk.says(old, unavailable);
  EXPECT_EQ(desk.next().kind, Kind::await);
}

TEST(SagaMachine, AFailureOfTheFirstHoldsAttemptSaysNothingAboutTheSecondHolds) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(reserve);
  const Instruction old = desk.begin(Kind::apply, reserve);  // attempt 1 of hold 0
  desk.now += 2s;
  desk.now = desk.next().when;
  desk.apply(reserve, ReserveAnswer{Reserved{}});
  desk.call(pay);
  desk.apply(commit, CommitAnswer::expired);
  const Instruction young = desk.begin(Kind::apply, reserve, false, 1);  // attempt 1 of hold 1
  EXPECT_EQ(young.attempt, old.attempt);
  desk.says(old, unavailable);
  EXPECT_EQ(desk.next().kind, Kind::await);
  desk.says(old, refuse());
  EXPECT_EQ(desk.next().kind, Kind::await);
}

TEST(SagaMachine, AFailureFromBeforeItWasStuckSaysNothingAboutTheAttemptsSince) {
  Definition definition = sample::checkout.definition();
  definition.steps[commit].limits.retry.attempts = 1;
  MachineDriver desk = MachineDriver::begun(definition);
  desk.get_to(commit);
  const Instruction old = desk.begin(Kind::apply, commit);
  desk.now += 2s;
  ASSERT_EQ(desk.next().kind, Kind::stuck);
  ASSERT_TRUE(desk.machine().resume());
  const Instruction young = desk.begin(Kind::apply, commit);
  EXPECT_EQ(young.attempt, old.attempt);
  desk.says(old, unavailable);
  EXPECT_EQ(desk.next().kind, Kind::await);
}

TEST(SagaMachine, AFinalAnswerOfAnOldAttemptOfACallIsTaken) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(pay);
  const Instruction old = desk.begin(Kind::call, pay);
  desk.now = start + 5s;
  desk.now = desk.next().when;
  desk.begin(Kind::call, pay);
  desk.yes(old);
  desk.expect(Kind::apply, commit);
  EXPECT_EQ(desk.story().back(), "outcome pay done");
}

TEST(SagaMachine, ACompletionFromOutsideAnswersTheNewestAttempt) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(pay);
  desk.begin(Kind::call, pay);
  desk.machine().completed(pay, false, std::vector<std::byte>{}, desk.now);
  desk.machine().completed(pay, false, refuse(), desk.now);  // too late: it has its answer
  desk.expect(Kind::apply, commit);
}

TEST(SagaMachine, AFailureFromOutsideOfAnAttemptThatIsOverChangesNothing) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(pay);
  desk.begin(Kind::call, pay);
  desk.now += 5s;
  const Time again = desk.next().when;
  desk.machine().completed(pay, false, unavailable, desk.now);
  EXPECT_EQ(desk.next().when, again);
}

TEST(SagaMachine, AnAnswerToAStepThatWasNotBegunIsDropped) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(reserve);
  desk.machine().completed(pay, false, std::vector<std::byte>{}, desk.now);
  desk.machine().completed(99, false, std::vector<std::byte>{}, desk.now);
  desk.expect(Kind::apply, reserve);
}

TEST(SagaMachine, ARepeatedAnswerIsRecordedOnce) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(pay);
  const Instruction action = desk.begin(Kind::call, pay);
  desk.yes(action);
  desk.yes(action);
  desk.expect(Kind::apply, commit);
  EXPECT_EQ(desk.log.size(), 6u);
}

TEST(SagaMachine, AnAnswerThatTheLogHasAlreadyIsNotAppendedAgain) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(pay);
  desk.yes(desk.begin(Kind::call, pay));
  const RunRecord lost_append = desk.machine().next(desk.now).record;
  desk.read(lost_append);  // its reply was lost, it was read back
  desk.expect(Kind::apply, commit);
}

TEST(SagaMachine, AnAnswerOverridesTheGivingUpThatWasNotRecordedYet) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(reserve);
  const Instruction late = desk.begin(Kind::apply, reserve);
  const Operation operation = desk.operation(late);
  const PreparedEffects prepared = desk.machine().effects(late, operation, desk.now);
  desk.says(late, lost);
  for (int attempt = 2; attempt <= 5; ++attempt) {
    desk.now = desk.machine().next(desk.now).when;
    const Instruction action = desk.machine().next(desk.now);
    desk.machine().started(action, desk.now, &operation);
    desk.says(action, lost);
  }
  ASSERT_EQ(desk.machine().next(desk.now).record.outcome, StepOutcome::unknown);
  const Effects effects{the_run, desk.machine().position(), &prepared.yes, &prepared.no, nullptr};
  desk.read(outcome_record(effects, ReserveAnswer{Reserved{}}, desk.now));
  desk.expect(Kind::call, pay);
}

TEST(SagaMachine, AnAttemptThatTheRunHasOutrunIsMadeAgainAtOnce) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(commit);
  const Instruction action = desk.begin(Kind::apply, commit);
  desk.machine().superseded(action, false, desk.now);
  EXPECT_EQ(desk.expect(Kind::apply, commit).attempt, 1u);  // it does not count
}

TEST(SagaMachine, AnAttemptThatIsOutrunByNothingWaitsBeforeItIsMadeAgain) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(commit);
  const Instruction action = desk.begin(Kind::apply, commit);
  desk.machine().superseded(action, true, desk.now);
  EXPECT_EQ(desk.next().kind, Kind::wait);
}

// --- what cannot be made or read

TEST(SagaMachine, AStepThatCannotBeMadeIsRefused) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(reserve);
  desk.machine().unable(desk.expect(Kind::apply, reserve), refuse(3));
  desk.call(place, true);
  desk.next();
  EXPECT_EQ(desk.machine().outcome()->reason, "reserve refused");
}

TEST(SagaMachine, ACallInDoubtWhoseArgumentsAreUnreadableIsStuckAndNotRefused) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(pay);
  desk.says(desk.begin(Kind::call, pay), lost);
  desk.now = desk.next().when;
  desk.machine().unable(desk.begin(Kind::call, pay), Error{Errc::corrupt});
  EXPECT_EQ(desk.next().kind, Kind::stuck);
  EXPECT_FALSE(desk.state().compensating);
}

TEST(SagaMachine, ACallWhoseArgumentsAreUnreadableIsRefusedIfItWasNeverMade) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(pay);
  desk.machine().unable(desk.begin(Kind::call, pay), Error{Errc::corrupt});
  desk.expect(Kind::apply, reserve, true);
}

TEST(SagaMachine, AnUndoThatCannotBeMadeIsStuck) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(pay);
  desk.says(desk.begin(Kind::call, pay), refuse());
  desk.machine().unable(desk.expect(Kind::apply, reserve, true), Error{Errc::corrupt});
  EXPECT_EQ(desk.next().kind, Kind::stuck);
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
  EXPECT_EQ(doubt.log.back().outcome, StepOutcome::unknown);
}

// --- stuck, and resumed

TEST(SagaMachine, ARetriableStepThatIsRefusedIsStuckAndNothingIsUndone) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(clear_cart);
  desk.says(desk.begin(Kind::call, clear_cart), refuse(4));
  EXPECT_EQ(desk.next().kind, Kind::stuck);
  EXPECT_EQ(desk.state().status(desk.definition()), OrderStatus::placed);
  const auto outcome = desk.machine().outcome();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->end, RunEnd::stuck);
  EXPECT_EQ(outcome->reason, "clear cart stuck");
  EXPECT_EQ(outcome->error, refuse(4));
}

TEST(SagaMachine, AResumedRunGoesOnWithAFreshBudget) {
  Definition definition = sample::checkout.definition();
  definition.steps[clear_cart].limits.retry.attempts = 2;
  MachineDriver desk = MachineDriver::begun(definition);
  desk.get_to(clear_cart);
  for (int round = 0; round < 3; ++round) {
    desk.says(desk.begin(Kind::call, clear_cart), unavailable);
    desk.now = desk.next().when;
    desk.says(desk.begin(Kind::call, clear_cart), unavailable);
    ASSERT_EQ(desk.next().kind, Kind::stuck);
    ASSERT_TRUE(desk.machine().resume());
  }
  desk.call(clear_cart);
  EXPECT_EQ(desk.next().kind, Kind::finished);
  EXPECT_EQ(desk.machine().outcome()->end, RunEnd::completed);
}

TEST(SagaMachine, ARunThatIsNotStuckCannotBeResumed) {
  MachineDriver desk = MachineDriver::begun();
  EXPECT_FALSE(desk.machine().resume());
}

TEST(SagaMachine, ALateAnswerMovesAStuckRun) {
  Definition definition = sample::checkout.definition();
  definition.steps[clear_cart].limits.retry.attempts = 1;
  MachineDriver desk = MachineDriver::begun(definition);
  desk.get_to(clear_cart);
  const Instruction action = desk.begin(Kind::call, clear_cart);
  desk.now += 2s;
  ASSERT_EQ(desk.next().kind, Kind::stuck);
  desk.yes(action);
  EXPECT_EQ(desk.next().kind, Kind::finished);
}

TEST(SagaMachine, AnUndoThatIsRefusedIsStuckUntilItIsResumed) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(pay);
  desk.says(desk.begin(Kind::call, pay), refuse());
  desk.apply(reserve, ReleaseAnswer::released, true);
  desk.says(desk.begin(Kind::call, place, true), refuse());
  EXPECT_EQ(desk.next().kind, Kind::stuck);
  EXPECT_EQ(desk.state().status(desk.definition()), OrderStatus::not_placed);
  ASSERT_TRUE(desk.machine().resume());
  desk.call(place, true);
  EXPECT_EQ(desk.next().kind, Kind::finished);
}

// --- late success (a yes that comes after the step was given up)

TEST(SagaMachine, ALateYesOfAStepThatWasGivenUpIsCompensated) {
  Definition definition = sample::checkout.definition();
  definition.steps[pay].limits.retry.attempts = 1;
  MachineDriver desk = MachineDriver::begun(definition);
  desk.get_to(pay);
  const Instruction given_up = desk.begin(Kind::call, pay);
  desk.now += 5s;
  desk.now = desk.next().when;
  desk.begin(Kind::call, pay);  // asked on: the refund needs to know
  ASSERT_EQ(desk.log.back().outcome, StepOutcome::unknown);
  desk.yes(given_up);
  desk.call(pay, true);
  desk.apply(reserve, ReleaseAnswer::released, true);
  desk.call(place, true);
  EXPECT_EQ(desk.next().kind, Kind::finished);
  EXPECT_EQ(desk.machine().outcome()->reason, "pay unknown");
}

TEST(SagaMachine, ALateYesThatTheUndoBarsIsDropped) {
  MachineDriver desk = MachineDriver::begun();
  const Instruction late = desk.begin(Kind::call, place);
  desk.read(cancelled_by(other));
  desk.call(place, true);
  desk.yes(late);
  EXPECT_EQ(desk.next().kind, Kind::finished);
  EXPECT_THAT(desk.story(),
              ElementsAre("begun", "intent place", "cancelled", "undone place", "ended"));
}

TEST(SagaMachine, ALateYesDuringTheUndoIsRecordedAndUndoneOnce) {
  MachineDriver desk = MachineDriver::begun();
  const Instruction late = desk.begin(Kind::call, place);
  desk.read(cancelled_by(other));
  const Instruction undo = desk.begin(Kind::call, place, true);
  desk.yes(late);
  desk.yes(undo);
  EXPECT_EQ(desk.next().kind, Kind::finished);
  EXPECT_THAT(desk.story(), ElementsAre("begun", "intent place", "cancelled", "outcome place done",
                                        "undone place", "ended"));
  EXPECT_THAT(desk.events(), IsEmpty());
}

// --- cancel while a call is under way

TEST(SagaMachine, ACallUnderWaySurvivesACancelWithItsDeadlineAndItsAnswerIsUsed) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(pay);
  const Instruction charge = desk.begin(Kind::call, pay);
  desk.now += 1s;
  desk.read(cancelled_by(other));
  const Instruction still = desk.next();
  EXPECT_EQ(still.kind, Kind::await);
  EXPECT_EQ(still.when, charge.when);
  desk.yes(charge);
  desk.call(pay, true);
  desk.apply(reserve, ReleaseAnswer::released, true);
  desk.call(place, true);
  EXPECT_EQ(desk.next().kind, Kind::finished);
  EXPECT_EQ(desk.machine().outcome()->reason, "changed my mind");
  EXPECT_THAT(desk.events(), ElementsAre("ORDER_CHECKOUT_STARTED", "STOCK_RESERVED"));
}

TEST(SagaMachine, AQueuedAnswerIsRecordedAfterACancelWithoutItsEvent) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(pay);
  desk.yes(desk.begin(Kind::call, pay));
  desk.read(cancelled_by(other));  // came first
  desk.call(pay, true);
  EXPECT_THAT(desk.events(), ElementsAre("ORDER_CHECKOUT_STARTED", "STOCK_RESERVED"));
}

TEST(SagaMachine, ACancelTwiceIsOneAndACancelDuringTheUndoingChangesNothing) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(pay);
  EXPECT_TRUE(desk.machine().cancel("once"));
  desk.next();
  EXPECT_TRUE(desk.machine().cancel("twice"));
  desk.next();
  EXPECT_EQ(desk.state().reason, "once");
  const std::vector<std::string> story = desk.story();
  EXPECT_EQ(std::count(story.begin(), story.end(), "cancelled"), 1);
}

TEST(SagaMachine, AnEndThatWasPlannedIsNotRecordedAfterACancel) {
  Definition definition = sample::checkout.definition();
  definition.steps.erase(
      definition.steps.begin() + 1,
      definition.steps.end());  // no pivot: it can be cancelled until it has ended
  MachineDriver desk = MachineDriver::begun(definition);
  desk.yes(desk.begin(Kind::call, place));
  desk.read(desk.machine().next(desk.now).record);
  ASSERT_EQ(desk.machine().next(desk.now).record.kind, RecordKind::ended);
  desk.read(cancelled_by(other));
  desk.call(place, true);
  EXPECT_EQ(desk.next().kind, Kind::finished);
  EXPECT_EQ(desk.machine().outcome()->end, RunEnd::compensated);
}

TEST(SagaMachine, ParkingThatWasPlannedIsNotRecordedAfterACancel) {
  Definition definition = sample::checkout.definition();
  definition.steps[commit].limits.retry.attempts = 1;
  MachineDriver desk = MachineDriver::begun(definition);
  desk.get_to(commit);
  desk.says(desk.begin(Kind::apply, commit), lost);
  ASSERT_EQ(desk.machine().next(desk.now).record.kind, RecordKind::stuck);
  desk.read(cancelled_by(other));  // on one append the commit cannot land any more
  desk.call(pay, true);
}

TEST(SagaMachine, ACancelMovesARunThatIsStuck) {
  Definition definition = sample::checkout.definition();
  definition.steps[commit].limits.retry.attempts = 1;
  MachineDriver desk = MachineDriver::begun(definition);
  desk.get_to(commit);
  desk.says(desk.begin(Kind::apply, commit), lost);
  ASSERT_EQ(desk.next().kind, Kind::stuck);
  ASSERT_TRUE(desk.machine().cancel(""));
  desk.call(pay, true);
  EXPECT_EQ(desk.state().reason, "cancelled");
}

// --- what it says about itself

TEST(SagaMachine, SaysWhatItIsAtHowOftenItTriedAndWhenItMoves) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(pay);
  desk.begin(Kind::call, pay);
  auto current = desk.machine().current();
  ASSERT_TRUE(current.has_value());
  EXPECT_EQ(current->step, pay);
  EXPECT_EQ(current->attempts, 1u);
  EXPECT_TRUE(current->under_way);
  EXPECT_EQ(current->when, start + 5s);
  desk.now += 5s;
  desk.next();
  current = desk.machine().current();
  EXPECT_FALSE(current->under_way);
  EXPECT_EQ(current->when, start + 30s);
}

TEST(SagaMachine, StampsARecordWithTheLogsTimeOnce) {
  MachineDriver desk = MachineDriver::begun();
  const Time log_now = time_from_ms(5);
  const Instruction first = desk.machine().next(desk.now, log_now);
  EXPECT_EQ(first.record.at, log_now);
  EXPECT_EQ(desk.machine().next(desk.now + 1s, log_now + 1s).record, first.record);
}

TEST(RunOutcome, SurvivesBeingStored) {
  RunOutcome outcome;
  outcome.run = the_run;
  outcome.end = RunEnd::compensated;
  outcome.reason = "out_of_stock";
  outcome.step = 3;
  outcome.decision = StockDecision::out_of_stock;
  outcome.error = refuse(-7);
  outcome.details = {std::byte{1}, std::byte{2}};
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
  EXPECT_THAT(short_lines(Bytes(bytes).first(3)), IsEmpty());
}

}  // namespace
}  // namespace invsaga::desk
