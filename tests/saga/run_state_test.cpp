// SPDX-License-Identifier: Apache-2.0
#include "invsaga/run_state.hpp"

#include <set>

#include "invsaga/order_stage.hpp"
#include "invsaga/testing/matchers.hpp"
#include "tests/saga/machine_driver.hpp"

namespace invsaga::desk {
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
  MachineDriver desk = MachineDriver::begun(false);
  desk.get_to(commit);
  desk.apply(commit, CommitAnswer::expired);
  desk.apply(reserve, ReserveAnswer{OutOfStock{}}, false, 1);
  desk.call(pay, true);
  desk.append_all();
  RunState state;
  for (const RunRecord& record : desk.log) {
    ASSERT_THAT(fold(state, record, desk.definition()), IsOk());
  }
  EXPECT_EQ(state.position, desk.log.size());
  EXPECT_EQ(state.reason, desk.state().reason);
  EXPECT_EQ(state.events, desk.state().events);
  EXPECT_EQ(state.last_event, desk.state().last_event);
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
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(clear_cart);
  RunState state = desk.state();
  RunRecord refused = of(RecordKind::outcome, clear_cart);
  refused.outcome = StepOutcome::refused;
  for (const RunRecord& bad :
       {refused, of(RecordKind::cancelled), of(RecordKind::undone, pay), of(RecordKind::undone)}) {
    EXPECT_THAT(fold(state, bad, desk.definition()), ErrorIs(Errc::corrupt));
  }
}

// --- the stages of an order (the document's three partial states, and what lies around them)

OrderStage stage(const MachineDriver& desk) { return stage_of(desk.state(), desk.definition()); }

TEST(OrderStage, NamesEachPlaceBetweenTheClickAndTheEnd) {
  for (const bool one_append : {true, false}) {
    MachineDriver desk = MachineDriver::begun(one_append);
    EXPECT_EQ(stage(desk), OrderStage::accepted);
    desk.call(place);
    desk.append_all();
    EXPECT_EQ(stage(desk), OrderStage::accepted);  // pending, stock not reserved
    desk.apply(reserve, ReserveAnswer{Reserved{}});
    EXPECT_EQ(stage(desk), OrderStage::reserved);  // stock reserved, payment not attempted
    const Instruction charge = desk.begin(Kind::call, pay);
    EXPECT_EQ(stage(desk), OrderStage::paying);
    desk.yes(charge);
    desk.append_all();
    EXPECT_EQ(stage(desk), OrderStage::paying);
    desk.apply(commit, CommitAnswer::committed);
    EXPECT_EQ(stage(desk), OrderStage::finishing);  // completed, cart not cleared
    desk.call(clear_cart);
    desk.next();
    EXPECT_EQ(stage(desk), OrderStage::completed);
  }
}

TEST(OrderStage, NamesTheWayBackAndBeingStuck) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(pay);
  desk.says(desk.begin(Kind::call, pay), refuse());
  desk.append_all();
  EXPECT_EQ(stage(desk), OrderStage::undoing);
  desk.apply(reserve, ReleaseAnswer::released, true);
  desk.says(desk.begin(Kind::call, place, true), refuse());
  desk.append_all();
  EXPECT_EQ(stage(desk), OrderStage::stuck);
  ASSERT_TRUE(desk.machine().resume());
  desk.call(place, true);
  desk.next();
  EXPECT_EQ(stage(desk), OrderStage::compensated);
}

TEST(OrderStage, AHoldToBeReservedAnewIsAcceptedAgain) {
  MachineDriver desk = MachineDriver::begun();
  desk.get_to(commit);
  desk.apply(commit, CommitAnswer::expired);
  EXPECT_EQ(stage(desk), OrderStage::accepted);
  EXPECT_EQ(desk.state().status(desk.definition()), OrderStatus::deciding);
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
    MachineDriver desk = MachineDriver::begun(round % 2 == 0);
    OrderStage at = stage(desk);
    Time since = desk.now;
    for (int step = 0; step < 100'000; ++step) {
      const Instruction action = desk.next();
      if (action.kind == Kind::finished || action.kind == Kind::stuck) break;
      if (stage(desk) != at) {
        at = stage(desk);
        since = desk.now;
      }
      ASSERT_LE(desk.now - since, longest_stay(desk.definition(), at)) << name(at);
      if (action.kind == Kind::wait || action.kind == Kind::await) {
        desk.now = action.when;
        continue;
      }
      const Instruction begun = desk.begin(action.kind, action.step, action.undo, action.round);
      if (chance.below(100) < 97) {
        desk.says(begun, Error{chance.below(2) == 0 ? Errc::unavailable : Errc::reply_lost});
      } else if (action.kind == Kind::call) {
        desk.yes(begun);
      } else if (action.undo) {
        desk.stock(begun, ReleaseAnswer::released);
      } else if (action.step == reserve) {
        desk.stock(begun, ReserveAnswer{Reserved{}});
      } else {
        desk.stock(begun, chance.below(2) == 0 ? CommitAnswer::committed : CommitAnswer::expired);
      }
    }
  }
}

}  // namespace
}  // namespace invsaga::desk
