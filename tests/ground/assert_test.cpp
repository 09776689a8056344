// SPDX-License-Identifier: Apache-2.0
//
// A programmer's error ends the program where it is made, with the words of the contract: one test
// of each kind. (That each precondition has its assertion, tests/layout/requires.py tells.)
#include <invsaga/assert.hpp>

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <invsaga/completion.hpp>
#include <invsaga/detail/loop_bound.hpp>
#include <invsaga/environment.hpp>
#include <invsaga/event.hpp>
#include <invsaga/history/checker.hpp>
#include <invsaga/history/history.hpp>
#include <invsaga/idempotency.hpp>
#include <invsaga/inbox.hpp>
#include <invsaga/memory.hpp>
#include <invsaga/memory_bus.hpp>
#include <invsaga/prepared_write.hpp>
#include <invsaga/reference/ledger.hpp>
#include <invsaga/reference/run_table.hpp>
#include <invsaga/request_id.hpp>
#include <invsaga/retry.hpp>
#include <invsaga/saga_machine.hpp>
#include <invsaga/saga_runner.hpp>
#include <invsaga/start_on_event.hpp>
#include <invsaga/stock.hpp>
#include <invsaga/testing/faults.hpp>
#include <invsaga/testing/model_check.hpp>
#include <invsaga/testing/simulation.hpp>
#include <invsaga/testing/writes.hpp>

#include "src/reference/remembered_ids.hpp"
#include "src/reference/stock_rows.hpp"
#include "tests/saga/sample_saga.hpp"

namespace invsaga {
namespace {

using testing::ManualClock;
using testing::SimulatedExecutor;

// They hold in constant expressions too: with a 3 instead of the 2, this does not compile.
static_assert(after_hold({.on_hand = 5, .reserved = 3}, 2).reserved == 5);
static_assert(judge_commit(KnownId::tombstoned) == CommitRule::not_found);

#if INVSAGA_ASSERTIONS

TEST(AssertDeathTest, ItSaysWhereAndWhatAndWhy) {
  EXPECT_DEATH(INVSAGA_ASSERT(1 + 1 == 3, "sums are right"),
               "assert_test.cpp:[0-9]+: sums are right \\(1 \\+ 1 == 3\\)");
}

// --- values

TEST(AssertDeathTest, NoLengthOfTimeIsNegative) {
  EXPECT_DEATH(saturating_add(time_from_ms(5), Duration{-1}), "saturating_add: length >= 0");
}

TEST(AssertDeathTest, NorIsOneThatAStepOrARuleIsGiven) {
  EXPECT_DEATH(StepLimits(Duration{-1}, standard), "StepLimits::StepLimits: a deadline");
  RequestIdRules rules;
  rules.max_ahead = Duration{-1};
  EXPECT_DEATH(fault_of("", time_from_ms(1), rules), "fault_of: rules whose durations");
  rules = {};
  rules.max_age = Duration{-1};
  EXPECT_DEATH(fault_of("", time_from_ms(1), rules), "fault_of: rules whose durations");
}

TEST(AssertDeathTest, ChanceNeedsABound) {
  EXPECT_DEATH(Rng(1).below(0), "Rng::below: bound > 0");
  EXPECT_DEATH(partition_of(RunId{1, 1}, 0), "partition_of: partitions > 0");
  EXPECT_DEATH(testing::WorkSource(1).below(0), "WorkSource::below: a bound from 1 to 256");
  EXPECT_DEATH(testing::WorkSource(1).below(257), "WorkSource::below: a bound from 1 to 256");
}

TEST(AssertDeathTest, APlaceInAListIsWithinIt) {
  EXPECT_DEATH(static_cast<void>(HistoryUnits{}[0]), "HistoryUnits::operator\\[\\]: index < size");
}

TEST(AssertDeathTest, RatesOfFaultsAreRates) {
  testing::FaultPlan plan;
  EXPECT_DEATH(plan.by_chance(1, {.failed = 0.6, .lost = 0.6}), "FaultPlan::by_chance: rates");
  EXPECT_DEATH(plan.by_chance(1, {.failed = -0.1}), "FaultPlan::by_chance: rates");
  plan.by_chance(1, {.failed = 0.1, .lost = 0.2, .duplicate = 0.3, .late = 0.4});
}

// --- histories

TEST(AssertDeathTest, TheOptionsOfAHistoryAreAnObjectOnOneLine) {
  std::string out;
  HistoryHeader header;
  header.options = "[]";
  EXPECT_DEATH(write_history(header, out), "write_history: header.options");
  header.options = "{";
  EXPECT_DEATH(write_history(header, out), "write_history: header.options");
  header.options = "{\n}";
  EXPECT_DEATH(write_history(header, out), "write_history: header.options");
}

TEST(AssertDeathTest, AHistoryIsReadFromItsHeaderOn) {
  std::istringstream in("{}");
  HistoryReader reader(in);
  HistoryHeader header;
  HistoryLine line;
  EXPECT_DEATH(reader.next(line), "HistoryReader::next: that the header was read");
  reader.header(header);
  EXPECT_DEATH(reader.header(header), "HistoryReader::header: that nothing was read before");
}

TEST(AssertDeathTest, AHistoryIsFinishedOnceAndLast) {
  InvariantChecker checker{HistoryHeader{}};
  checker.finish();
  EXPECT_DEATH(checker.add(HistoryLine{}, 2), "InvariantChecker::add: that finish was not called");
  EXPECT_DEATH(checker.finish(), "InvariantChecker::finish: that it was not called before");
}

// --- rules of the stock

TEST(AssertDeathTest, NoRowHoldsMoreThanIsAvailable) {
  EXPECT_DEATH(after_hold({.on_hand = 5, .reserved = 4}, 2),
               "after_hold: 0 < quantity <= available");
  EXPECT_DEATH(after_hold({.on_hand = 5}, 0), "after_hold: 0 < quantity <= available");
}

TEST(AssertDeathTest, NoRowGivesBackOrSellsWhatIsNotHeld) {
  const StockCounters row{.on_hand = 5, .reserved = 4};
  EXPECT_DEATH(after_give_back(row, 5), "after_give_back: 0 < quantity <= reserved");
  EXPECT_DEATH(after_sale(row, 5), "after_sale: 0 < quantity <= reserved");
}

TEST(AssertDeathTest, OnlyAnAdjustThatFitsIsMade) {
  const StockCounters row{.on_hand = 5, .sold = 1};
  EXPECT_DEATH(judge_adjust(row, AdjustReason::restock, 11, 10), "judge_adjust: 0 < quantity");
  EXPECT_DEATH(after_adjust(row, AdjustReason::write_off, 6), "after_adjust: one that fits");
  EXPECT_DEATH(after_adjust(row, AdjustReason::returned, 2), "after_adjust: one that fits");
}

TEST(AssertDeathTest, LinesAreMergedBeforeTheyAreCompared) {
  const std::array lines{Line{Row{1}, 1}, Line{Row{1}, 1}};
  EXPECT_DEATH(part_of(lines, lines), "part_of: that both are merged");
}

// --- the impossible end of a switch

TEST(AssertDeathTest, AnIdIsKnownInOneOfTheWaysThereAre) {
  EXPECT_DEATH(judge_commit(static_cast<KnownId>(99)),
               "judge_commit: an id that is known in no way \\(unreachable\\)");
  EXPECT_DEATH(judge_reserve(static_cast<KnownId>(99), true, time_from_ms(2), time_from_ms(1)),
               "judge_reserve: an id that is known in no way");
}

// --- the ledger and what it is made of

TEST(AssertDeathTest, ALedgersTimesAreNotNegativeAndItsUnitsCanBeWritten) {
  EXPECT_DEATH(Ledger({.grace = Duration{-1}}), "Ledger::Ledger: limits whose durations");
  EXPECT_DEATH(Ledger({.max_units = 0}), "Ledger::Ledger: limits whose durations");
  EXPECT_DEATH(Ledger({.max_units = Units{1} << 53}), "Ledger::Ledger: limits whose durations");
}

TEST(AssertDeathTest, NoRowBecomesUnsoundAndNoneIsSoldThatIsNotThere) {
  const std::array one{Line{Row{0}, 1}};
  StockRows rows;
  EXPECT_DEATH(rows.hold(one), "after_hold");
  EXPECT_DEATH(rows.reserve({}), "StockRows::reserve: a line");
  EXPECT_DEATH(rows.adjust(one, AdjustReason::opening), "StockRows::adjust: reserved room");
}

struct Remembered {
  RunId id;
  Time due;
  std::size_t heap_slot = 0;
  bool can_forget = false;
  [[nodiscard]] bool is_before(const Remembered& other) const noexcept { return due < other.due; }
};

TEST(AssertDeathTest, AnIdIsRememberedOnceAndStandsInItsOwnHeap) {
  RememberedIds<Remembered> ids;
  RememberedIds<Remembered>::Graveyard gone;
  Remembered& known = ids.insert(ids.make({1, 1}));
  EXPECT_DEATH(ids.insert(ids.make({1, 1})), "RememberedIds::insert: an id that is not");
  EXPECT_DEATH(ids.forget_first(gone), "RememberedIds::forget_first: that there is one");
  ids.forget_from(known, Time{});
  EXPECT_DEATH(ids.forget_first(gone), "RememberedIds::forget_first: that there is one, and");
  DeadlineHeap<Remembered> heap;
  Remembered stranger;
  EXPECT_DEATH(heap.push(stranger), "DeadlineHeap::push: room for it");
  EXPECT_DEATH(heap.erase(stranger), "DeadlineHeap::erase: an entry of this heap");
  EXPECT_DEATH(static_cast<void>(heap.top()), "DeadlineHeap::top: that it is not empty");
}

// --- lent spans

TEST(AssertDeathTest, AnswersAreAsLongAsTheBatch) {
  const std::array batch{Commit{{1, 1}, {}}, Commit{{1, 2}, {}}};
  std::vector<result<CommitAnswer>> answers(1, CommitAnswer::not_found);
  Ledger ledger;
  EXPECT_DEATH(ledger.commit(batch, answers), "Ledger: answers as long as the batch");
}

TEST(AssertDeathTest, AnswersOfABackendAreAsLongAsTheBatch) {
  const std::array<Operation, 1> batch{Release{{1, 1}}};
  MemoryBackend<> backend;
  EXPECT_DEATH(backend.apply(batch, {}), "MemoryBackend::apply: answers as long as the batch");
}

// --- loops that end only because something else is right

TEST(AssertDeathTest, ALoopThatWouldSpinIsFound) {
  LoopBound turns(2);
  turns.take("two are enough");
  turns.take("two are enough");
  EXPECT_DEATH(turns.take("two are enough"), "two are enough");
}

// --- the machine

class MachineDeathTest : public ::testing::Test {
 public:
  static constexpr Time now = time_from_ms(1'000);
  const Definition definition = sample::checkout.definition();
  SagaMachine machine{RunId{1, 1}, definition, {OwnerId{1, 1}, true, 1}};

  static RunRecord begun() {
    RunRecord record;
    record.kind = RecordKind::begun;
    record.owner = OwnerId{1, 1};
    return record;
  }
};

TEST_F(MachineDeathTest, ARunIsBegunOnceAndFirst) {
  EXPECT_DEATH(machine.next(now), "SagaMachine::next: that the run was begun");
  EXPECT_DEATH(machine.cancel("why"), "SagaMachine::cancel: that the run was begun");
  RunRecord intent = begun();
  intent.kind = RecordKind::intent;
  EXPECT_DEATH(machine.begin(intent), "SagaMachine::begin");
  machine.begin(begun());
  EXPECT_DEATH(machine.begin(begun()), "SagaMachine::begin");
  EXPECT_DEATH(static_cast<void>(machine.fixed_until(0, false, 0)),
               "SagaMachine::fixed_until: a step of a run");
}

TEST_F(MachineDeathTest, AnActionIsOfThisMachineAndNotUsedTwice) {
  ASSERT_TRUE(machine.recorded(begun()).has_value());
  EXPECT_DEATH(static_cast<void>(machine.write()), "SagaMachine::write: that next gave one");
  Instruction prepare = machine.next(now);
  for (; prepare.kind != Instruction::Kind::prepare; prepare = machine.next(now)) {
    machine.started(prepare, now);
    if (prepare.kind == Instruction::Kind::append) {
      for (const RunRecord& record : machine.write()->records({})) {
        ASSERT_TRUE(machine.recorded(record).has_value());
      }
    } else {
      ASSERT_EQ(prepare.kind, Instruction::Kind::call);
      EXPECT_DEATH(machine.made(prepare, Release{{1, 1}}), "SagaMachine::made: what next gave");
      machine.answered(prepare, std::vector<std::byte>{std::byte{1}}, now);
    }
  }
  EXPECT_DEATH(machine.started(prepare, now), "SagaMachine::started: what next gave last");
  machine.made(prepare, Release{{1, 1}});
  const Instruction apply = machine.next(now);
  ASSERT_EQ(apply.kind, Instruction::Kind::apply);
  EXPECT_DEATH(machine.made(apply, Release{{1, 1}}), "SagaMachine::made: what next gave last");
  EXPECT_DEATH(machine.answered(apply, refuse(), now), "SagaMachine::answered: an attempt");
  EXPECT_DEATH(machine.superseded(apply, false, now), "SagaMachine::superseded: an append or");
  EXPECT_DEATH(machine.unwritten(apply, refuse()), "SagaMachine::unwritten: an append");
  Instruction strange = apply;
  strange.step = 99;
  EXPECT_DEATH(machine.started(strange, now), "SagaMachine::started: what next gave last");
  EXPECT_DEATH(machine.unable(strange, refuse()), "SagaMachine::unable: a prepare or call");
  EXPECT_DEATH(machine.unable(apply, refuse()), "SagaMachine::unable: a prepare or call");
  machine.started(apply, now);
  EXPECT_DEATH(machine.started(apply, now), "SagaMachine::started: what next gave last");
  EXPECT_DEATH(machine.answered(apply, std::vector<std::byte>{}, now),
               "an operation that was answered is recorded");
  EXPECT_DEATH(machine.completed(apply.step, false, refuse(), now), "SagaMachine::completed");
}

// --- what is written

TEST(WriteDeathTest, AWriteIsSealedBeforeItIsLookedAt) {
  const PreparedWrite write({1, 1}, 0);
  EXPECT_DEATH(static_cast<void>(write.write()), "PreparedWrite::write: that it is sealed");
  EXPECT_DEATH(static_cast<void>(write.records({})), "PreparedWrite::records: that it is sealed");
}

TEST(WriteDeathTest, ADecisionIsOneOfItsOperation) {
  EXPECT_DEATH(static_cast<void>(tail_of({}, StockDecision::reserved)), "tail_of: a tail for it");
  EXPECT_DEATH(answer_of(Release{{1, 1}}, StockDecision::reserved, {}, {}),
               "answer_of: a decision that it may come to");
}

TEST(WriteDeathTest, AWriteByHandHasBothRecordsOfARun) {
  const testing::Effects none_of_a_run{.run = {1, 1}};
  EXPECT_DEATH(testing::write_of(Release{{1, 1}}, none_of_a_run), "write_of: effects of a run");
}

TEST(WriteDeathTest, AnEntryThatIsLookedAtIsThere) {
  EXPECT_DEATH(static_cast<void>(RunTable{}.entry({1, 1}, 0)), "RunTable::entry: one that the run");
  EXPECT_DEATH(RunTable{}.append_reserved({1, 1}, {}, Stamp{}), "append_reserved: reserv");
}

// --- runner, bus, inbox, executor

/// A saga whose first step has no function.
struct Broken {
  using input_type = sample::Order;
  using context_type = sample::Shop;
  [[nodiscard]] std::string_view name() const { return "broken"; }
  [[nodiscard]] std::uint32_t version() const { return 1; }
  [[nodiscard]] std::uint64_t hash() const { return 1; }
  [[nodiscard]] Definition definition() const {
    Definition made = sample::checkout.definition();
    made.steps.front().action = {.kind = StepKind::call, .call = nullptr, .operation = nullptr};
    return made;
  }
};

class RunnerDeathTest : public ::testing::Test {
 public:
  ManualClock clock{time_from_ms(1'000)};
  SimulatedExecutor executor{clock};
  Environment environment{clock, executor};
  MemoryBackend<> backend;
};

TEST_F(RunnerDeathTest, ARunnerIsGivenWholeSagasAndLengthsOfTime) {
  SagaRunner runner(backend, environment);
  sample::Shop shop;
  EXPECT_DEATH(runner.add(Broken{}, shop), "SagaRunner::add: a function for each step");
  EXPECT_DEATH(runner.recover(Duration{-1}), "SagaRunner::recover: idle >= 0");
  EXPECT_DEATH(starts(runner, sample::checkout, {Duration{-1}}), "starts: options.lifetime >= 0");
  RunnerOptions options;
  options.lease = Duration{0};
  EXPECT_DEATH(SagaRunner(backend, environment, options),
               "SagaRunner::SagaRunner: options.lease > 0");
}

TEST_F(RunnerDeathTest, ATaskHasSomethingToRunAndACompletionSomebodyToTell) {
  EXPECT_DEATH(executor.post({}), "Executor::post_at: a task that has a run");
  EXPECT_DEATH(LocalExecutor(clock).post({}), "Executor::post: a task that has a run");
  EXPECT_DEATH(Completion<WriteReply>{}(WriteReply{}), "Completion::operator\\(\\): a call");
}

TEST_F(RunnerDeathTest, BusAndInboxHaveTheirBounds) {
  EXPECT_DEATH(MemoryBus(environment, {.max_pending_per_run = 0}), "MemoryBus::MemoryBus");
  EXPECT_DEATH(Inbox(backend, ""), "Inbox::Inbox: a consumer's name");
  Inbox inbox(backend, "mailer");
  EXPECT_DEATH(inbox.abandon({Handling::duplicate, {}}), "Inbox::abandon: an entry that is not");
}

TEST_F(RunnerDeathTest, AThreadExecutorHasThreads) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(ThreadExecutor(clock, 0), "ThreadExecutor::ThreadExecutor: threads > 0");
}

#else

TEST(Assert, WhereItIsOffNothingIsEvaluated) {
  bool asked = false;
  const auto ask = [&] { return asked = true; };
  INVSAGA_ASSERT(ask(), "it is not asked");
  EXPECT_FALSE(asked);
}

#endif

}  // namespace
}  // namespace invsaga
