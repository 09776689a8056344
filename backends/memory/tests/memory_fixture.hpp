// SPDX-License-Identifier: Apache-2.0
//
// Stores, records and writes of the tests of the memory backend's one append.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include <invsaga/memory.hpp>
#include <invsaga/prepared_write.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/store_under_test.hpp>
#include <invsaga/testing/writes.hpp>

namespace invsaga::testing::memory_tests {

using Lines = std::vector<Line>;

inline Time at(std::int64_t ms) { return time_from_ms(ms); }

inline constexpr RunId run{1, 1};
inline constexpr ReservationId hold{2, 1};
inline constexpr OwnerId owner{3, 1};
inline constexpr RequestKey request{4, 1};

inline Event event(std::uint64_t sequence, const char* type) {
  Event event;
  event.id = {9, sequence};
  event.run = run;
  event.sequence = sequence;
  event.type = type;
  return event;
}

inline RunRecord record(RecordKind kind) {
  RunRecord record;
  record.kind = kind;
  record.owner = owner;
  return record;
}

/// The two records of a step that is an operation on the stock, each with an event.
struct Step {
  explicit Step(StepIndex step, Position at, std::uint64_t sequence = 1)
      : yes(record(RecordKind::outcome)), no(record(RecordKind::outcome)) {
    yes.step = no.step = step;
    yes.id_high = no.id_high = hold.high;
    yes.id_low = no.id_low = hold.low;
    no.outcome = StepOutcome::refused;
    yes.events = {event(sequence, "YES")};
    no.events = {event(sequence, "NO")};
    effects = {.run = run, .at = at, .yes = &yes, .no = &no, .context = &note};
  }
  Step(const Step&) = delete;

  int note = 17;  ///< What the recorder is handed.
  RunRecord yes, no;
  Effects effects;
};

template <class Store>
void stock_up(Store& store, Units units) {
  const Line line{{1}, units};
  name_rows(store, {&line, 1});
  ASSERT_THAT(store.adjust({{7, 7}, AdjustReason::opening, at(10'000), {&line, 1}}), IsAdjusted());
}

inline const Lines two_units{{{1}, 2}};

class AppendTest : public ::testing::Test {
 protected:
  explicit AppendTest(const MemoryLimits& limits = small_limits()) : store(limits) {
    store.advance_to(at(1'000));
    stock_up(store, 5);
    EXPECT_THAT(append(store, run, 0, record(RecordKind::begun)), IsOkAndHolds(1u));
  }
  static MemoryLimits small_limits() {
    MemoryLimits limits;
    limits.store.grace = Duration{0};
    return limits;
  }

  StockCounters row() { return store.stock({1}).value(); }
  std::vector<std::string> pending_types() {
    std::vector<std::string> types;
    const auto events = pending(store, 10).value();
    for (const Event& one : events) types.push_back(one.type);
    return types;
  }

  MemoryBackend<> store;
};

/// What a run writes at once: a call's outcome, the operation that comes next, and for each of its
/// decisions the outcome and the next call's intent.
class Group {
 public:
  explicit Group(const Operation& operation, std::string head_key = "") : prepared_(run, 1) {
    RunRecord called = of_step(RecordKind::outcome, 1);
    called.key = std::move(head_key);
    called.events = {event(1, "CALLED")};
    prepared_.add(called);
    prepared_.operation(operation);
    for (const StockDecision decision : decisions_of(operation)) {
      RunRecord outcome = of_step(RecordKind::outcome, 2);
      outcome.decision = decision;
      outcome.events = {event(2, decision == StockDecision::reserved ? "YES" : "NO")};
      prepared_.begin_tail(decision);
      prepared_.add(outcome);
      prepared_.add(of_step(RecordKind::intent, 3));
    }
    prepared_.seal();
  }

  /// Short lines come into `lent`.
  Write write(std::span<ShortLine> lent = {}) const {
    Write made = prepared_.write();
    made.shorts = lent;
    return made;
  }
  /// Its records that hold whatever is decided, for themselves.
  Write head() const {
    Write made = write();
    made.operation = nullptr;
    made.tails = {};
    return made;
  }

 private:
  static RunRecord of_step(RecordKind kind, StepIndex step) {
    RunRecord made = record(kind);
    made.step = step;
    return made;
  }
  PreparedWrite prepared_;
};

}  // namespace invsaga::testing::memory_tests
