// SPDX-License-Identifier: Apache-2.0
//
// The machine alone, driven by hand: what it asks for and in which order, when it is stuck, and
// what comes too late. Attempts and cancels have files of their own (machine_attempts_test.cpp,
// machine_cancel_test.cpp), and so has what it owes to the rules of the protocol
// (saga_protocol_test.cpp).
#include "tests/saga/machine_driver.hpp"

namespace invsaga::machine_tests {
namespace {

using ::testing::ElementsAre;
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

}  // namespace
}  // namespace invsaga::machine_tests
