// SPDX-License-Identifier: Apache-2.0
//
// Any fault between any two writes of a split backend is mended by the repeat of the same call, or
// by `settle`.
#include "tests/backend/split_fixture.hpp"

namespace invsaga::testing {
namespace {

using namespace split_tests;

/// What is done, and what has to stand in the parts once it has been answered.
struct Case {
  std::string name;
  bool reserved_before = false;
  Operation operation;
  StockDecision decision{};
  StockCounters stock;
};

std::vector<Case> cases() {
  return {
      {"reserve", false, Reserve{hold, later, {&four, 1}}, StockDecision::reserved, {10, 4, 0, 0}},
      {"refusal",
       false,
       Reserve{hold, later, {&eleven, 1}},
       StockDecision::out_of_stock,
       {10, 0, 0, 0}},
      {"commit", true, Commit{hold, {}}, StockDecision::committed, {6, 0, 4, 0}},
      {"release", true, Release{hold}, StockDecision::released, {10, 0, 0, 0}},
      {"tombstone", false, Release{hold}, StockDecision::tombstoned, {10, 0, 0, 0}},
      {"extend", true, Extend{hold, later + Duration{5}}, StockDecision::reserved, {10, 4, 0, 0}},
      {"adjust",
       false,
       Adjust{{9, 2}, AdjustReason::restock, later, {&four, 1}},
       StockDecision::adjusted,
       {14, 0, 0, 0}},
  };
}

void expect_done(Parts& parts, const Case& what) {
  EXPECT_EQ(parts.stock(), what.stock);
  const auto records = records_of(parts.runs, run).value();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[1].decision, what.decision);
  const bool yes = what.decision != StockDecision::out_of_stock;
  EXPECT_EQ(parts.told(), yes ? (std::vector<std::string>{"YES", "YES TOO"})
                              : (std::vector<std::string>{"NO", "NO TOO"}));
}

constexpr Fault survivable[] = {Fault::failed, Fault::lost, Fault::duplicate, Fault::late};

/// Calls `what(fault, write)` for each of the faults at each write up to `writes`.
template <class What>
void for_each(std::span<const Fault> faults, std::uint64_t writes, const What& what) {
  for (const Fault fault : faults) {
    for (std::uint64_t write = 1; write <= writes; ++write) {
      SCOPED_TRACE(std::string(name(fault)) + " at " + std::to_string(write));
      what(fault, write);
    }
  }
}

/// A process that the plan's fault befalls tries the operation once, whatever comes of it; then the
/// next may start.
void try_and_restart(Parts& parts, FaultPlan& plan, const Operation& operation) {
  {
    Process process(parts, plan);
    static_cast<void>(apply(process.backend, operation, TwoEvents().view()));
  }
  plan.restart();
}

void reserve_before(Parts& parts, bool wanted) {
  if (wanted) {
    ASSERT_THAT(parts.ledger.reserve({hold, later, {&four, 1}}), IsReserved());
  }
}

TEST(Split, ARepeatMendsAnyFaultAtAnyWrite) {
  for (const Case& what : cases()) {
    SCOPED_TRACE(what.name);
    for_each(survivable, 6, [&](Fault fault, std::uint64_t write) {
      Parts parts;
      reserve_before(parts, what.reserved_before);
      FaultPlan plan;
      plan.at(write, fault);
      Process process(parts, plan);
      const TwoEvents effects;
      auto applied = apply(process.backend, what.operation, effects.view());
      // Whatever went wrong, the answer must not say that nothing happened once something has.
      if (write > 1 && !applied.has_value()) {
        EXPECT_THAT(applied, RemedyIs(Remedy::ask_again));
      }
      parts.advance_to(start + Duration{10});
      if (!applied.has_value()) {
        applied = apply(process.backend, what.operation, effects.view());
      }
      ASSERT_THAT(applied, IsOk());
      EXPECT_EQ(decision_of(applied.value().answer), what.decision);
      EXPECT_EQ(applied.value().position, 2u);
      plan.deliver_all_late();
      expect_done(parts, what);
    });
  }
}

TEST(Split, ACrashBetweenAnyTwoWritesIsMendedBySettlingAndTheRepeat) {
  constexpr Fault crashes[] = {Fault::crash_before, Fault::crash_after};
  for (const Case& what : cases()) {
    SCOPED_TRACE(what.name);
    for_each(crashes, 5, [&](Fault fault, std::uint64_t write) {
      Parts parts;
      reserve_before(parts, what.reserved_before);
      FaultPlan plan;
      plan.at(write, fault);
      try_and_restart(parts, plan, what.operation);
      plan.calm();  // the process that recovers has no fault of its own
      Process process(parts, plan);
      const auto entries = process.backend.read(run).value();
      EXPECT_THAT(process.backend.settle(run, entries), IsOk());
      // What was recorded is told, and nothing else.
      EXPECT_EQ(parts.told().size(), entries.size() == 2 ? 2u : 0u);
      EXPECT_THAT(apply(process.backend, what.operation, TwoEvents().view()), IsOk());
      expect_done(parts, what);
    });
  }
}

TEST(Split, ARepeatedAppendMendsAnyFault) {
  for_each(survivable, 3, [](Fault fault, std::uint64_t write) {
    Parts parts;
    FaultPlan plan;
    plan.at(write, fault);
    Process process(parts, plan);
    RunRecord ended = Parts::record(RecordKind::ended);
    ended.events = {Parts::event(1, "DONE")};
    ended.request = request;
    ended.claim_epoch = parts.epoch;
    ended.output = {std::byte{1}};
    auto appended = append(process.backend, run, 1, ended);
    if (write > 1 && !appended.has_value()) {
      EXPECT_THAT(appended, RemedyIs(Remedy::ask_again));
    }
    if (!appended.has_value()) appended = append(process.backend, run, 1, ended);
    EXPECT_THAT(appended, IsOkAndHolds(2u));
    plan.deliver_all_late();
    EXPECT_EQ(parts.told(), std::vector<std::string>{"DONE"});
    const auto answer = parts.claims.claim({request, {4, 1}, later, later});
    ASSERT_THAT(answer, ClaimIs(ClaimState::completed));
    EXPECT_EQ(answer.value().answer, ended.output);
  });
}

// --- what a sale keeps in the store

StoreLimits room_for_two() {
  StoreLimits limits;
  limits.max_records = 2;
  return limits;
}

/// There is room for one more id, and for a second only where the sale is forgotten.
void expect_forgotten(Parts& parts) {
  parts.advance_to(later);
  EXPECT_THAT(parts.ledger.reserve({{7, 2}, later + Duration{1}, {&four, 1}}), IsReserved());
  EXPECT_THAT(parts.ledger.reserve({{7, 3}, later + Duration{1}, {&four, 1}}), IsOutOfStock());
}

TEST(Split, ASaleIsForgottenAfterAnyFault) {
  constexpr Fault faults[] = {Fault::failed, Fault::lost, Fault::late, Fault::crash_before};
  for_each(faults, 5, [&](Fault fault, std::uint64_t write) {
    Parts parts(room_for_two());
    reserve_before(parts, true);
    FaultPlan plan;
    plan.at(write, fault);
    try_and_restart(parts, plan, Commit{hold, {}});
    Process process(parts, plan);
    EXPECT_THAT(apply(process.backend, Commit{hold, {}}, TwoEvents().view()), IsOk());
    expect_forgotten(parts);
  });
}

// Rule 5: the commit takes effect, nobody records it, its deadline passes. Were it forgotten now,
// it would count as never committed when it is asked for again.
TEST(Split, ASaleThatIsNotRecordedIsNotForgotten) {
  Parts parts(room_for_two());
  reserve_before(parts, true);
  FaultPlan plan;
  plan.at(FaultSite::append, 1, Fault::crash_before);
  try_and_restart(parts, plan, Commit{hold, {}});
  parts.advance_to(later);
  EXPECT_THAT(parts.ledger.reserve({{7, 2}, later + Duration{1}, {&four, 1}}), IsReserved());
  EXPECT_THAT(parts.ledger.reserve({{7, 3}, later + Duration{1}, {&four, 1}}),
              ErrorIs(Errc::resource_exhausted));
  Process process(parts, plan);
  EXPECT_THAT(apply(process.backend, Commit{hold, {}}, TwoEvents().view()),
              Answers(CommitAnswer::committed));
}

TEST(Split, SettlingTellsTheStockOfSalesThatItWasNotToldOf) {
  Parts parts(room_for_two());
  reserve_before(parts, true);
  FaultPlan plan;
  plan.at(FaultSite::acknowledge_sale, 1, Fault::crash_before);
  try_and_restart(parts, plan, Commit{hold, {}});
  Process process(parts, plan);
  EXPECT_THAT(process.backend.settle(run, process.backend.read(run).value()), IsOk());
  expect_forgotten(parts);
}

}  // namespace
}  // namespace invsaga::testing
