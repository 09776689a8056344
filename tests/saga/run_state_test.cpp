// SPDX-License-Identifier: Apache-2.0
#include "invsaga/run_state.hpp"

#include <set>

#include "invsaga/order_stage.hpp"
#include "invsaga/testing/matchers.hpp"
#include "tests/saga/machine_driver.hpp"

namespace invsaga::machine_tests {
namespace {

using ::testing::ElementsAre;
using testing::ErrorIs;
using testing::IsOk;

RunRecord of(RecordKind kind, StepIndex step = 0, std::uint32_t round = 0) {
  RunRecord record;
  record.kind = kind;
  record.step = step;
  record.round = round;
  return record;
}

TEST(RunState, IsTheFoldOfItsRecordsWhoeverReadsThem) {
  MachineDriver driver = MachineDriver::begun(false);
  driver.get_to(commit);
  driver.apply(commit, CommitAnswer::expired);
  driver.apply(reserve, ReserveAnswer{OutOfStock{}}, false, 1);
  driver.call(pay, true);
  driver.append_all();
  RunState state;
  for (const RunRecord& record : driver.log) {
    ASSERT_THAT(fold(state, record, driver.definition()), IsOk());
  }
  EXPECT_EQ(state.position, driver.log.size());
  EXPECT_EQ(state.reason, driver.state().reason);
  EXPECT_EQ(state.events, driver.state().events);
  EXPECT_EQ(state.last_event, driver.state().last_event);
  EXPECT_TRUE(state.steps[pay].undone);
  EXPECT_EQ(state.steps[reserve].holds.size(), 2u);
  EXPECT_FALSE(state.steps[reserve].holds[1].needs_release());
}

TEST(RunState, RefusesWhatCannotFollowAndStaysAsItWas) {
  const Definition definition = sample::checkout.definition();
  RunState state;
  EXPECT_THAT(fold(state, of(RecordKind::intent), definition), ErrorIs(Errc::corrupt));
  ASSERT_THAT(fold(state, begun_by(me), definition), IsOk());
  for (const RunRecord& bad :
       {begun_by(me), of(RecordKind::intent, 5), of(RecordKind::outcome, 99),
        of(RecordKind::intent, reserve, 1), of(RecordKind::outcome, reserve, 4'000'000'000u),
        of(RecordKind::undone, reserve, 0)}) {
    EXPECT_THAT(fold(state, bad, definition), ErrorIs(Errc::corrupt));
    EXPECT_EQ(state.position, 1u);
  }
  RunRecord ended = of(RecordKind::ended);
  ended.end = RunEnd::compensated;
  ASSERT_THAT(fold(state, ended, definition), IsOk());
  EXPECT_THAT(fold(state, of(RecordKind::intent), definition), ErrorIs(Errc::corrupt));
}

TEST(RunState, NothingGoesBackOnceThePivotIsDone) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(clear_cart);
  RunState state = driver.state();
  RunRecord refused = of(RecordKind::outcome, clear_cart);
  refused.outcome = StepOutcome::refused;
  for (const RunRecord& bad :
       {refused, of(RecordKind::cancelled), of(RecordKind::undone, pay), of(RecordKind::undone)}) {
    EXPECT_THAT(fold(state, bad, driver.definition()), ErrorIs(Errc::corrupt));
  }
}

TEST(RunState, WhatTurnedBackIsNotDoneAfterAll) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(commit);
  RunState state = driver.state();
  RunRecord refused = of(RecordKind::outcome, pay);
  refused.outcome = StepOutcome::refused;
  ASSERT_THAT(fold(state, refused, driver.definition()), IsOk());
  RunRecord done = of(RecordKind::outcome, commit);
  done.outcome = StepOutcome::done;
  EXPECT_THAT(fold(state, done, driver.definition()), ErrorIs(Errc::corrupt));
  EXPECT_FALSE(state.pivot_done(driver.definition()));
  done.step = pay;  // Only now is it known: it is undone.
  EXPECT_THAT(fold(state, done, driver.definition()), IsOk());
}

// --- the stages of an order (the document's three partial states, and what lies around them)

OrderStage stage(const MachineDriver& driver) {
  return stage_of(driver.state(), driver.definition());
}

TEST(OrderStage, NamesEachPlaceBetweenTheClickAndTheEnd) {
  for (const bool one_append : {true, false}) {
    MachineDriver driver = MachineDriver::begun(one_append);
    EXPECT_EQ(stage(driver), OrderStage::accepted);
    driver.call(place);
    driver.append_all();
    EXPECT_EQ(stage(driver), OrderStage::accepted);  // pending, stock not reserved
    driver.apply(reserve, ReserveAnswer{Reserved{}});
    // Stock reserved, payment not attempted; on one append its intent came with the hold.
    EXPECT_EQ(stage(driver), one_append ? OrderStage::paying : OrderStage::reserved);
    const Instruction charge = driver.begin(Kind::call, pay);
    EXPECT_EQ(stage(driver), OrderStage::paying);
    driver.yes(charge);
    driver.append_all();
    EXPECT_EQ(stage(driver), OrderStage::paying);
    driver.apply(commit, CommitAnswer::committed);
    EXPECT_EQ(stage(driver), OrderStage::finishing);  // completed, cart not cleared
    driver.call(clear_cart);
    driver.next();
    EXPECT_EQ(stage(driver), OrderStage::completed);
  }
}

TEST(OrderStage, NamesTheWayBackAndBeingStuck) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  driver.says(driver.begin(Kind::call, pay), refuse());
  driver.apply(reserve, ReleaseAnswer::released, true);
  EXPECT_EQ(stage(driver), OrderStage::undoing);
  driver.says(driver.begin(Kind::call, place, true), refuse());
  driver.append_all();
  EXPECT_EQ(stage(driver), OrderStage::stuck);
  ASSERT_TRUE(driver.machine().resume());
  driver.call(place, true);
  driver.next();
  EXPECT_EQ(stage(driver), OrderStage::compensated);
}

TEST(OrderStage, AHoldToBeReservedAnewIsAcceptedAgain) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(commit);
  driver.apply(commit, CommitAnswer::expired);
  EXPECT_EQ(stage(driver), OrderStage::accepted);
  EXPECT_EQ(driver.state().status(driver.definition()), OrderStatus::deciding);
}

TEST(OrderStage, EachHasAWordAndASentenceOfItsOwn) {
  std::set<std::string_view> names, messages;
  for (std::size_t i = 0; i < order_stage_count; ++i) {
    names.insert(name(static_cast<OrderStage>(i)));
    messages.insert(message(static_cast<OrderStage>(i)));
  }
  EXPECT_EQ(names.size(), order_stage_count);
  EXPECT_EQ(messages.size(), order_stage_count);
  EXPECT_EQ(name(static_cast<OrderStage>(99)), "unrecognised");
  EXPECT_EQ(message(static_cast<OrderStage>(99)), "");
}

TEST(OrderStage, TheLongestStayIsTheSumOfWhatItsStepsMayTake) {
  const Definition definition = sample::checkout.definition();
  EXPECT_EQ(longest_stay(definition, OrderStage::accepted), 2 * (60s + 2s));
  EXPECT_EQ(longest_stay(definition, OrderStage::paying), 24h + 5s + 24h + 2s);
  EXPECT_EQ(longest_stay(definition, OrderStage::finishing), 72h + 2s);
  EXPECT_EQ(longest_stay(definition, OrderStage::completed), Duration{0});
  EXPECT_EQ(longest_stay(definition, OrderStage::stuck), Duration{0});
  // place once, two holds, the payment resolved and undone
  const Duration budget = definition.undo_policy.budget;
  EXPECT_EQ(longest_stay(definition, OrderStage::undoing),
            budget + 2s + 2 * (budget + 2s) + 2 * (budget + 5s));
}

TEST(OrderStage, NoStayIsLongerThanItsLimitWhateverIsAnswered) {
  Rng chance(11);
  for (int round = 0; round < 300; ++round) {
    MachineDriver driver = MachineDriver::begun(round % 2 == 0);
    OrderStage at = stage(driver);
    Time since = driver.now;
    for (int step = 0; step < 100'000; ++step) {
      const Instruction instruction = driver.next();
      if (instruction.kind == Kind::finished || instruction.kind == Kind::stuck) break;
      if (stage(driver) != at) {
        at = stage(driver);
        since = driver.now;
      }
      ASSERT_LE(driver.now - since, longest_stay(driver.definition(), at)) << name(at);
      if (instruction.kind == Kind::wait || instruction.kind == Kind::await) {
        driver.now = instruction.when;
        continue;
      }
      const Instruction begun = driver.begin(instruction.kind, instruction.step, instruction.undo,
                                             instruction.round);
      if (chance.below(100) < 97) {
        driver.says(begun, Error{chance.below(2) == 0 ? Errc::unavailable : Errc::reply_lost});
      } else if (instruction.kind == Kind::call) {
        driver.yes(begun);
      } else if (instruction.undo) {
        driver.stock(begun, ReleaseAnswer::released);
      } else if (instruction.step == reserve) {
        driver.stock(begun, ReserveAnswer{Reserved{}});
      } else {
        driver.stock(begun, chance.below(2) == 0 ? CommitAnswer::committed : CommitAnswer::expired);
      }
    }
  }
}

}  // namespace
}  // namespace invsaga::machine_tests
