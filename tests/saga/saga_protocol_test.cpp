// SPDX-License-Identifier: Apache-2.0
//
// What the machine owes to the rules of the protocol. The suite is named after the rule; the
// runner's and the backends' shares are tested with them.
#include "invsaga/testing/matchers.hpp"
#include "tests/saga/machine_driver.hpp"

namespace invsaga::machine_tests {
namespace {

using ::testing::ElementsAre;
using testing::ErrorIs;
using ::testing::Not;

constexpr Error lost{Errc::reply_lost};
constexpr bool one_append = true, in_split = false;

OwnedAdjust adjust_of(const StepContext& step, const sample::Order& order) {
  return step.adjust(AdjustReason::write_off, order.lines, 1h);
}
OwnedAdjust adjust_back(const StepContext& step, const sample::Order& order) {
  return step.adjust(AdjustReason::restock, order.lines, 1h);
}
result<void> do_it(sample::Shop&, const sample::Order&) { return success(); }

constexpr auto write_off_saga = saga<sample::Order, sample::Shop>(
    "write off", 1, compensable<"write off">(adjust_of, adjust_back, {2s, standard}),
    compensable<"tell">(do_it, do_it, {2s, standard}), pivot<"decide">(do_it, {2s, standard}));

OwnedCommit sell_later(const Reserved& reserved) { return {reserved.id, {}}; }
constexpr auto sell_after_pivot = saga<sample::Order, sample::Shop>(
    "sell after the pivot", 1,
    compensable<"reserve">(sample::hold, sample::give_back, {2s, standard}),
    pivot<"decide">(do_it, {2s, standard}),
    retriable<"sell">(sell_later, {2s, until_done}, {"SOLD"}),
    retriable<"write off">(adjust_of, {2s, until_done}));

// --- 1: every append names the position it continues; taking over is one, before acting

TEST(Rule1, TakingOverIsAppendedBeforeAnythingIsActedOn) {
  MachineDriver a = MachineDriver::begun();
  a.get_to(pay);
  MachineDriver b = a.successor();
  b.machine().take_over();
  const Instruction first = b.machine().next(b.now);
  EXPECT_EQ(first.kind, Kind::append);
  EXPECT_EQ(b.wanted().front().kind, RecordKind::taken_over);
  EXPECT_EQ(b.machine().position(), b.log.size());
  b.expect(Kind::call, pay);
}

TEST(Rule1, WhoReadsARunWithoutTakingItOverDoesNothing) {
  MachineDriver a = MachineDriver::begun();
  a.get_to(pay);
  EXPECT_EQ(a.successor().next().kind, Kind::fenced);
}

TEST(Rule1, AFormerOwnerThatReadsOfATakeOverDropsWhatItWasAboutToAppend) {
  MachineDriver a = MachineDriver::begun();
  a.get_to(pay);
  a.yes(a.begin(Kind::call, pay));
  a.read(taken_over_by(other));
  EXPECT_EQ(a.next().kind, Kind::fenced);
  EXPECT_EQ(a.story().back(), "taken_over");
}

TEST(Rule1, ACancelFromOutsideIsAppendedWithoutTakingTheRunOver) {
  MachineDriver a = MachineDriver::begun();
  a.get_to(pay);
  MachineDriver user = a.successor();
  ASSERT_TRUE(user.machine().cancel("changed my mind"));
  EXPECT_EQ(user.wanted().front().kind, RecordKind::cancelled);
  EXPECT_EQ(user.next().kind, Kind::fenced);
  EXPECT_EQ(user.story().back(), "cancelled");
}

TEST(Rule1, ARunThatIsStuckIsTakenOverOnlyOnceItIsResumed) {
  Definition definition = sample::checkout.definition();
  definition.steps[commit].limits.retry.attempts = 1;
  MachineDriver a = MachineDriver::begun(definition);
  a.get_to(commit);
  a.says(a.begin(Kind::apply, commit), lost);
  ASSERT_EQ(a.next().kind, Kind::stuck);
  MachineDriver b = a.successor();
  b.machine().take_over();
  EXPECT_EQ(b.next().kind, Kind::stuck);
  EXPECT_EQ(b.log.size(), a.log.size());
  ASSERT_TRUE(b.machine().resume());
  b.expect(Kind::apply, commit);
  EXPECT_EQ(b.story().back(), "resumed");
  EXPECT_EQ(*(b.story().end() - 2), "taken_over") << "in one write";
}

// --- 2: a call is preceded by its intent on every backend; an operation in split

TEST(Rule2, ACallIsPrecededByItsIntentOnEveryBackend) {
  for (const bool backend : {one_append, in_split}) {
    MachineDriver driver = MachineDriver::begun(backend);
    driver.get_to(clear_cart);
    driver.call(clear_cart);
    driver.next();
    for (const std::string step : {"place", "pay", "clear cart"}) {
      const auto story = driver.story();
      const auto intent = std::find(story.begin(), story.end(), "intent " + step);
      const auto outcome = std::find(story.begin(), story.end(), "outcome " + step + " done");
      EXPECT_LT(intent, outcome) << step;
    }
  }
}

TEST(Rule2, InSplitAnOperationIsPrecededByItsIntentWithItsIdAndDeadline) {
  MachineDriver driver = MachineDriver::begun(in_split);
  driver.get_to(reserve);
  driver.expect(Kind::apply, reserve);
  const RunRecord& intent = driver.log.back();
  EXPECT_EQ(driver.story().back(), "intent reserve");
  EXPECT_EQ((ReservationId{intent.id_high, intent.id_low}), reservation_id(the_run, reserve, 0));
  EXPECT_EQ(intent.until, start + sample::hold_length);
  driver.apply(reserve, ReserveAnswer{Reserved{}});
  driver.call(pay);
  driver.expect(Kind::apply, commit);
  EXPECT_EQ(driver.story().back(), "intent commit");
}

TEST(Rule2, OnOneAppendAnOperationNeedsNone) {
  MachineDriver driver = MachineDriver::begun(one_append);
  driver.get_to(clear_cart);
  EXPECT_THAT(driver.story(), ElementsAre("begun", "intent place", "outcome place done",
                                          "outcome reserve done", "intent pay", "outcome pay done",
                                          "outcome commit done", "intent clear cart"));
}

TEST(Rule2, APaymentThatWasBegunByAnotherIsNotTakenForNeverBegun) {
  MachineDriver a = MachineDriver::begun();
  a.get_to(pay);
  a.begin(Kind::call, pay);  // charged, and the reply is lost with the owner
  a.read(cancelled_by(other));
  MachineDriver b = a.successor();
  b.machine().take_over();
  b.call(pay);  // first it must be known
  b.call(pay, true);
  EXPECT_EQ(b.expect(Kind::apply, reserve, true).step, reserve);
}

// --- 3: a read-back may prove a yes, never a no

TEST(Rule3, AStepInDoubtIsAskedUnderTheSameIdUntilItsOwnAnswerIsKnown) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(pay);
  driver.says(driver.begin(Kind::call, pay), lost);
  driver.read(cancelled_by(other));
  driver.now = driver.next().when;
  driver.says(driver.begin(Kind::call, pay), refuse());  // bound by it: the refusal is final
  driver.expect(Kind::apply, reserve, true);             // and nothing is refunded
}

TEST(Rule3, ACommitInDoubtIsNeverTakenForARefusal) {
  Definition definition = sample::checkout.definition();
  definition.steps[commit].limits.retry.attempts = 2;
  for (const bool backend : {one_append, in_split}) {
    MachineDriver driver = MachineDriver::begun(definition, backend);
    driver.get_to(commit);
    driver.says(driver.begin(Kind::apply, commit), lost);
    driver.now = driver.next().when;
    driver.says(driver.begin(Kind::apply, commit), Error{Errc::invalid_argument});
    EXPECT_EQ(driver.next().kind, Kind::stuck);
    EXPECT_FALSE(driver.state().compensating);
  }
}

TEST(Rule3, AnUndoThatBarsTheActionIsMadeWithoutResolvingTheDoubt) {
  MachineDriver driver = MachineDriver::begun();
  driver.says(driver.begin(Kind::call, place), lost);
  driver.read(cancelled_by(other));
  driver.call(place, true);
  EXPECT_EQ(driver.next().kind, Kind::finished);
}

TEST(Rule3, AnAdjustInDoubtIsResolvedFirstSinceItsUndoBarsNothing) {
  MachineDriver driver = MachineDriver::begun(write_off_saga.definition(), in_split);
  driver.says(driver.begin(Kind::apply, 0), lost);
  driver.read(cancelled_by(other));
  driver.now = driver.next().when;
  driver.apply(0, AdjustAnswer{Adjusted{}});
  driver.apply(0, AdjustAnswer{Adjusted{}}, true);
  EXPECT_EQ(driver.next().kind, Kind::finished);
}

// --- 4: commit never reserves

TEST(Rule4, AHoldThatRanOutIsReservedAnewUnderAnIdOfItsOwnThatIsRecordedFirst) {
  for (const bool backend : {one_append, in_split}) {
    for (const CommitAnswer answer : {CommitAnswer::expired, CommitAnswer::not_found}) {
      MachineDriver driver = MachineDriver::begun(backend);
      driver.get_to(commit);
      driver.now += sample::hold_length;
      driver.apply(commit, answer);
      const Instruction anew = driver.expect(Kind::apply, reserve, false, 1);
      EXPECT_EQ(driver.story().back(), "intent reserve 1");
      const auto made = std::get<Reserve>(driver.operation(anew));
      EXPECT_EQ(made.id, reservation_id(the_run, reserve, 1));
      EXPECT_EQ(made.until, driver.now + sample::hold_length);
      EXPECT_EQ(driver.state().steps[reserve].holds[1].until, made.until);
      driver.apply(reserve, ReserveAnswer{Reserved{}}, false, 1);
      const Instruction again = driver.expect(Kind::apply, commit);
      EXPECT_EQ(std::get<Commit>(driver.operation(again)).id, made.id);
      driver.apply(commit, CommitAnswer::committed);
      driver.call(clear_cart);
      driver.next();
      EXPECT_EQ(driver.machine().outcome()->end, RunEnd::completed);
    }
  }
}

TEST(Rule4, AnExpiredCommitTellsNobodyUntilItIsARefusal) {
  Definition definition = sample::checkout.definition();
  definition.steps[commit].events.refused = "STOCK_COMMIT_FAILED";
  MachineDriver driver = MachineDriver::begun(definition);
  driver.get_to(commit);
  driver.expect(Kind::apply, commit);
  driver.apply(commit, CommitAnswer::expired);
  EXPECT_EQ(driver.events().back(), "PAYMENT_COMPLETED");
  driver.apply(reserve, ReserveAnswer{Reserved{}}, false, 1);
  driver.apply(commit, CommitAnswer::expired);
  EXPECT_EQ(driver.events().back(), "STOCK_COMMIT_FAILED");
}

TEST(Rule4, AfterTheFurtherHoldsExpiredIsARefusal) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(commit);
  driver.apply(commit, CommitAnswer::expired);
  driver.apply(reserve, ReserveAnswer{Reserved{}}, false, 1);
  driver.apply(commit, CommitAnswer::expired);
  driver.call(pay, true);
  EXPECT_EQ(driver.state().reason, "hold_expired");
}

TEST(Rule4, TheNumberOfFurtherHoldsIsTheSagasToSay) {
  for (const std::uint32_t further : {0u, 3u}) {
    const auto saga = sample::checkout.with_further_rounds(further);
    MachineDriver driver = MachineDriver::begun(saga.definition());
    driver.get_to(commit);
    for (std::uint32_t round = 1; round <= further; ++round) {
      driver.apply(commit, CommitAnswer::expired);
      driver.apply(reserve, ReserveAnswer{Reserved{}}, false, round);
    }
    driver.apply(commit, CommitAnswer::expired);
    driver.expect(Kind::call, pay, true);
  }
}

TEST(Rule4, AHoldThatCannotBeReservedAnewIsRefundedAndCancelled) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(commit);
  driver.apply(commit, CommitAnswer::expired);
  driver.apply(reserve, ReserveAnswer{OutOfStock{}}, false, 1);
  driver.call(pay, true);
  driver.apply(reserve, ReleaseAnswer::expired, true, 0);  // the first: it has run out
  driver.call(place, true);
  EXPECT_EQ(driver.next().kind, Kind::finished);
  const auto outcome = driver.machine().outcome();
  EXPECT_EQ(outcome->reason, "hold_expired");
  EXPECT_EQ(outcome->step, reserve);
  EXPECT_EQ(outcome->decision, StockDecision::out_of_stock);
}

TEST(Rule4, AHoldThatSomebodyReleasedIsNotReservedAnew) {
  MachineDriver driver = MachineDriver::begun();
  driver.get_to(commit);
  driver.apply(commit, CommitAnswer::released);
  driver.call(pay, true);
  EXPECT_EQ(driver.state().reason, "hold_released");
}

TEST(Rule4, HowManyHoldsThereAreDoesNotDependOnTheSettingsOfWhoReads) {
  const auto with_two = sample::checkout.with_further_rounds(2);
  MachineDriver a = MachineDriver::begun(with_two.definition());
  a.get_to(commit);
  a.apply(commit, CommitAnswer::expired);
  a.apply(reserve, ReserveAnswer{Reserved{}}, false, 1);
  a.apply(commit, CommitAnswer::expired);
  RunState state;
  const Definition with_one = sample::checkout.definition();
  for (const RunRecord& record : a.log) ASSERT_TRUE(fold(state, record, with_one).has_value());
  EXPECT_FALSE(state.compensating);
  EXPECT_EQ(state.steps[reserve].round, 2u);
}

TEST(Rule4, AfterThePivotTooAHoldIsReservedAnewAndIfItCannotBeTheRunIsStuck) {
  MachineDriver driver = MachineDriver::begun(sell_after_pivot.definition());
  driver.apply(0, ReserveAnswer{Reserved{}});
  driver.call(1);
  driver.apply(2, CommitAnswer::expired);
  driver.apply(0, ReserveAnswer{OutOfStock{}}, false, 1);
  EXPECT_EQ(driver.next().kind, Kind::stuck);
  EXPECT_EQ(driver.state().status(driver.definition()), OrderStatus::placed);
  EXPECT_EQ(driver.machine().outcome()->decision, StockDecision::out_of_stock);
}

TEST(Rule4, AfterThePivotACommitThatWasReleasedIsStuck) {
  MachineDriver driver = MachineDriver::begun(sell_after_pivot.definition());
  driver.apply(0, ReserveAnswer{Reserved{}});
  driver.call(1);
  driver.apply(2, CommitAnswer::released);
  EXPECT_EQ(driver.next().kind, Kind::stuck);
  EXPECT_FALSE(driver.state().compensating);
}

TEST(Rule4, AfterThePivotAnAdjustThatIsRefusedIsStuck) {
  MachineDriver driver = MachineDriver::begun(sell_after_pivot.definition());
  driver.apply(0, ReserveAnswer{Reserved{}});
  driver.call(1);
  driver.apply(2, CommitAnswer::committed);
  driver.apply(3, AdjustAnswer{OutOfStock{}});
  EXPECT_EQ(driver.next().kind, Kind::stuck);
  EXPECT_EQ(driver.machine().outcome()->decision, StockDecision::out_of_stock);
}

// --- 7: a deadline is fixed once, in the record that first names the id

TEST(Rule7, EveryRepeatBearsTheSameDeadline) {
  for (const bool backend : {one_append, in_split}) {
    MachineDriver driver = MachineDriver::begun(backend);
    driver.get_to(reserve);
    driver.says(driver.begin(Kind::apply, reserve), lost);
    driver.now = driver.next().when + 10s;
    const Instruction again = driver.expect(Kind::apply, reserve);
    EXPECT_EQ(std::get<Reserve>(driver.operation(again)).until, start + sample::hold_length);
  }
}

TEST(Rule7, InSplitANewOwnersRepeatBearsItToo) {
  MachineDriver a = MachineDriver::begun(in_split);
  a.get_to(reserve);
  a.begin(Kind::apply, reserve);
  MachineDriver b = a.successor();
  b.now = start + 60s;
  b.machine().take_over();
  const Instruction again = b.expect(Kind::apply, reserve);
  EXPECT_EQ(std::get<Reserve>(b.operation(again)).until, start + sample::hold_length);
}

TEST(Rule7, AHoldReservedAnewHasADeadlineOfItsOwn) {
  for (const bool backend : {one_append, in_split}) {
    MachineDriver driver = MachineDriver::begun(backend);
    driver.get_to(commit);
    driver.now += sample::hold_length;
    driver.apply(commit, CommitAnswer::expired);
    const Instruction anew = driver.expect(Kind::apply, reserve, false, 1);
    EXPECT_EQ(std::get<Reserve>(driver.operation(anew)).until, driver.now + sample::hold_length);
    EXPECT_EQ(driver.log.back().until, driver.now + sample::hold_length);
  }
}

TEST(Rule7, TheOutcomeOfAReserveThatWasGivenUpNamesItsDeadline) {
  MachineDriver driver = MachineDriver::begun(one_append);
  driver.get_to(reserve);
  for (int attempt = 1; attempt <= 5; ++attempt) {
    driver.says(driver.begin(Kind::apply, reserve), lost);
    const Instruction instruction = driver.next();
    if (instruction.kind == Kind::wait) driver.now = instruction.when;
  }
  const RunRecord given_up = driver.wanted().back();
  ASSERT_EQ(given_up.outcome, StepOutcome::unknown);
  EXPECT_EQ(given_up.until, start + sample::hold_length);
}

TEST(Rule7, InSplitTheUndoByAnAdjustHasItsOwnIdAndAFixedDeadline) {
  MachineDriver a = MachineDriver::begun(write_off_saga.definition(), in_split);
  a.apply(0, AdjustAnswer{Adjusted{}});
  a.says(a.begin(Kind::call, 1), refuse());
  const Instruction undo = a.begin(Kind::apply, 0, true);
  EXPECT_EQ(a.story().back(), "intent write off");
  const Time fixed = std::get<Adjust>(a.operation(undo)).until;
  MachineDriver b = a.successor();
  b.now += 60s;
  b.machine().take_over();
  const Instruction again = b.expect(Kind::apply, 0, true);
  EXPECT_EQ(std::get<Adjust>(b.operation(again)).until, fixed);
  EXPECT_NE(adjust_id(the_run, 0, true), adjust_id(the_run, 0, false));
}

TEST(Rule7, AnUndoByAnAdjustThatIsRefusedIsStuck) {
  MachineDriver driver = MachineDriver::begun(write_off_saga.definition());
  driver.apply(0, AdjustAnswer{Adjusted{}});
  driver.says(driver.begin(Kind::call, 1), refuse());
  driver.apply(0, AdjustAnswer{Mismatch{}}, true);
  EXPECT_EQ(driver.next().kind, Kind::stuck);
  EXPECT_EQ(driver.machine().outcome()->decision, StockDecision::mismatch);
}

// --- 8: cancel is an append to the run

TEST(Rule8, OnOneAppendACancelIsAcceptedUntilTheCommitsOutcome) {
  MachineDriver driver = MachineDriver::begun(one_append);
  driver.get_to(commit);
  driver.begin(Kind::apply, commit);  // on its way: whichever comes first refuses the other
  EXPECT_TRUE(driver.machine().cancel("changed my mind"));
  driver.call(pay, true);

  MachineDriver late = MachineDriver::begun(one_append);
  late.get_to(clear_cart);
  EXPECT_FALSE(late.machine().cancel("changed my mind"));
  late.expect(Kind::call, clear_cart);
}

TEST(Rule8, InSplitACancelIsRefusedWhileACommitIsPending) {
  MachineDriver driver = MachineDriver::begun(in_split);
  driver.get_to(commit);
  EXPECT_EQ(driver.append_all().kind, Kind::prepare);
  MachineDriver early = driver;
  EXPECT_TRUE(early.machine().cancel("before its intent"));
  driver.begin(Kind::apply, commit);
  EXPECT_FALSE(driver.machine().cancel("after its intent"));
  EXPECT_EQ(driver.next().kind, Kind::await);
}

TEST(Rule8, InSplitACancelIsAcceptedAgainBetweenAnExpiredAndTheNextCommit) {
  MachineDriver driver = MachineDriver::begun(in_split);
  driver.get_to(commit);
  driver.apply(commit, CommitAnswer::expired);
  EXPECT_TRUE(MachineDriver(driver).machine().cancel("before it is reserved anew"));
  driver.apply(reserve, ReserveAnswer{Reserved{}}, false, 1);
  EXPECT_TRUE(MachineDriver(driver).machine().cancel("before it is committed anew"));
  driver.expect(Kind::apply, commit);
  EXPECT_FALSE(driver.machine().cancel("after the second intent"));
}

TEST(Rule8, ACommitsIntentThatWasPlannedIsNotRecordedAfterACancel) {
  MachineDriver driver = MachineDriver::begun(in_split);
  driver.get_to(commit);
  const Instruction prepare = driver.append_all();
  ASSERT_EQ(prepare.kind, Kind::prepare);
  driver.machine().made(prepare, driver.operation(prepare));
  driver.read(cancelled_by(other));  // its append was refused: the cancel came first
  driver.call(pay, true);
  EXPECT_THAT(driver.story(), Not(::testing::Contains("intent commit")));
}

TEST(Rule8, OnceACancelIsAcceptedTheRunOnlyCompensates) {
  for (StepIndex at = place; at <= commit; ++at) {
    MachineDriver driver = MachineDriver::begun(one_append);
    driver.get_to(at);
    driver.expect(at == place || at == pay ? Kind::call : Kind::apply, at);
    ASSERT_TRUE(driver.machine().cancel("changed my mind"));
    for (;;) {
      const Instruction instruction = driver.next();
      if (instruction.kind == Kind::finished) break;
      // The call whose intent was recorded may be asked for its answer; nothing else goes forward.
      ASSERT_TRUE(instruction.undo || instruction.step == at);
      if (instruction.kind == Kind::call) driver.call(instruction.step, instruction.undo);
      if (instruction.kind == Kind::apply) {
        driver.apply(instruction.step, ReleaseAnswer::released, true, instruction.round);
      }
    }
    EXPECT_EQ(driver.machine().outcome()->end, RunEnd::compensated);
    EXPECT_EQ(driver.state().status(driver.definition()), OrderStatus::not_placed);
  }
}

TEST(Rule8, ACancelIsRefusedForGoodOnceThePivotIsDone) {
  MachineDriver driver = MachineDriver::begun(one_append);
  driver.get_to(clear_cart);
  RunState state = driver.state();
  EXPECT_THAT(fold(state, cancelled_by(other), driver.definition()), ErrorIs(Errc::corrupt));
}

// --- 10: a refusal is final per id

TEST(Rule10, ARefusedReserveIsNeverSentAgain) {
  for (const bool backend : {one_append, in_split}) {
    MachineDriver driver = MachineDriver::begun(backend);
    driver.get_to(reserve);
    driver.apply(reserve, ReserveAnswer{OutOfStock{}});
    driver.call(place, true);
    EXPECT_EQ(driver.next().kind, Kind::finished);
  }
}

// --- 11: the undo of reserve releases every hold whose intent is recorded

TEST(Rule11, EveryHoldThatWasNamedIsReleasedTheLastFirst) {
  MachineDriver driver = MachineDriver::begun(one_append);
  driver.get_to(commit);
  driver.apply(commit, CommitAnswer::expired);
  driver.begin(Kind::apply, reserve, false, 1);  // its intent is recorded, no answer has come
  driver.read(cancelled_by(other));
  driver.call(pay, true);
  driver.apply(reserve, ReleaseAnswer::tombstoned, true, 1);
  driver.apply(reserve, ReleaseAnswer::expired, true, 0);
  driver.call(place, true);
  EXPECT_EQ(driver.next().kind, Kind::finished);
}

TEST(Rule11, InSplitAHoldIsReleasedThoughItsReserveWasNeverAnswered) {
  MachineDriver driver = MachineDriver::begun(in_split);
  driver.get_to(reserve);
  driver.begin(Kind::apply, reserve);
  driver.read(cancelled_by(other));
  driver.apply(reserve, ReleaseAnswer::tombstoned, true);
  driver.call(place, true);
  EXPECT_EQ(driver.next().kind, Kind::finished);
}

TEST(Rule11, OnOneAppendAReserveThatNoRecordNamesCannotLandAndNeedsNoRelease) {
  MachineDriver driver = MachineDriver::begun(one_append);
  driver.get_to(reserve);
  driver.begin(Kind::apply, reserve);
  driver.read(cancelled_by(other));
  driver.call(place, true);
  EXPECT_EQ(driver.next().kind, Kind::finished);
}

TEST(Rule11, AKnownRefusalNeedsNoRelease) {
  MachineDriver driver = MachineDriver::begun(in_split);
  driver.get_to(reserve);
  driver.apply(reserve, ReserveAnswer{Suppressed{}});
  driver.call(place, true);
  EXPECT_EQ(driver.next().kind, Kind::finished);
  EXPECT_EQ(driver.machine().outcome()->decision, StockDecision::suppressed);
}

// --- the document's D13: what is not known of the commit is never undone

TEST(Commit, ThatFailsTimeAfterTimeReleasesAndRefundsNothingAndIsStuck) {
  Definition definition = sample::checkout.definition();
  definition.steps[commit].limits.retry.attempts = 10;
  for (const bool backend : {one_append, in_split}) {
    MachineDriver driver = MachineDriver::begun(definition, backend);
    driver.get_to(commit);
    for (int attempt = 1; attempt <= 10; ++attempt) {
      driver.says(driver.begin(Kind::apply, commit), Error{Errc::unavailable});
      const Instruction instruction = driver.next();
      if (instruction.kind == Kind::wait) driver.now = instruction.when;
    }
    EXPECT_EQ(driver.next().kind, Kind::stuck);
    EXPECT_FALSE(driver.state().compensating);
    EXPECT_EQ(driver.state().status(driver.definition()), OrderStatus::deciding);
    ASSERT_TRUE(driver.machine().resume());
    driver.apply(commit, CommitAnswer::committed);
    driver.call(clear_cart);
    EXPECT_EQ(driver.next().kind, Kind::finished);
  }
}

}  // namespace
}  // namespace invsaga::machine_tests
