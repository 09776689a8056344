// SPDX-License-Identifier: Apache-2.0
//
// A split backend over parts of one process, for its tests: the parts, what goes wrong between
// them, and effects that need every part.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <invsaga/reference/claim_table.hpp>
#include <invsaga/reference/ledger.hpp>
#include <invsaga/reference/outbox_queue.hpp>
#include <invsaga/reference/run_table.hpp>
#include <invsaga/split.hpp>
#include <invsaga/testing/faults.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/writes.hpp>

namespace invsaga::testing::split_tests {

inline constexpr Time start = time_from_ms(1'000'000);
inline constexpr Time later = time_from_ms(1'001'000);
inline constexpr RunId run{5, 1};
inline constexpr RunId other_run{5, 2};
inline constexpr RequestKey request{3, 1};
inline constexpr ReservationId hold{7, 1};

/// Four parts of a process, and a plan of what goes wrong between them.
class Parts {
 public:
  explicit Parts(const StoreLimits& limits = {}) : ledger(limits) {
    ledger.advance_to(start);
    claims.advance_to(start);
    const Line stock{Row{0}, 10};
    EXPECT_THAT(ledger.adjust({{9, 1}, AdjustReason::opening, later, {&stock, 1}}), IsAdjusted());
    EXPECT_THAT(append(runs, run, 0, record(RecordKind::begun)), IsOkAndHolds(1u));
    epoch = claims.claim({request, {4, 1}, later, later}).value().epoch;
  }

  static RunRecord record(RecordKind kind) {
    RunRecord made;
    made.kind = kind;
    made.owner = {6, 1};
    made.at = start;
    return made;
  }
  /// A run's first record, with the claim that was made; until 5 s after its lease.
  [[nodiscard]] RunRecord begun_by_request() const {
    RunRecord begun = record(RecordKind::begun);
    begun.request = request;
    begun.claim_epoch = epoch;
    begun.until = later + Duration{5'000};
    return begun;
  }
  result<ClaimAnswer> claim_again() {
    return claims.claim({request, {4, 1}, later + Duration{9'000}, later + Duration{9'000}});
  }
  static Event event(std::uint64_t sequence, std::string type) {
    Event made;
    made.run = run;
    made.sequence = sequence;
    made.type = std::move(type);
    return made;
  }
  void advance_to(Time time) {
    ledger.advance_to(time);
    claims.advance_to(time);
  }
  std::vector<std::string> told() {
    std::vector<std::string> types;
    const std::vector<Event> waiting = pending(outbox, 100).value();
    for (const Event& one : waiting) types.push_back(one.type);
    return types;
  }
  StockCounters stock() { return ledger.stock(Row{0}).value(); }

  Ledger ledger;
  ClaimTable claims;
  RunTable runs;
  OutboxQueue outbox;
  std::uint64_t epoch = 0;
};

/// One process over the parts.
class Process {
 public:
  using Backend = Joined<Faulty<Ledger>, Faulty<ClaimTable>, Faulty<RunTable>, Faulty<OutboxQueue>>;

  Process(Parts& parts, FaultPlan& plan)
      : ledger_(parts.ledger, plan),
        claims_(parts.claims, plan),
        runs_(parts.runs, plan),
        outbox_(parts.outbox, plan),
        backend(ledger_, claims_, runs_, outbox_) {}

 private:
  Faulty<Ledger> ledger_;
  Faulty<ClaimTable> claims_;
  Faulty<RunTable> runs_;
  Faulty<OutboxQueue> outbox_;

 public:
  Backend backend;
};

/// Effects that tell two events of each answer, and so need every part.
class TwoEvents {
 public:
  explicit TwoEvents(Position at = 1) : at_(at) {
    yes = Parts::record(RecordKind::outcome);
    yes.step = 2;
    yes.id_high = hold.high;
    yes.id_low = hold.low;
    no = yes;
    yes.events = {Parts::event(1, "YES"), Parts::event(2, "YES TOO")};
    no.events = {Parts::event(1, "NO"), Parts::event(2, "NO TOO")};
  }
  [[nodiscard]] Effects view() const { return {run, at_, &yes, &no, nullptr}; }

  RunRecord yes;
  RunRecord no;

 private:
  Position at_;
};

inline const Line four{Row{0}, 4};
inline const Line eleven{Row{0}, 11};

}  // namespace invsaga::testing::split_tests
