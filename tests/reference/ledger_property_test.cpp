// SPDX-License-Identifier: Apache-2.0
//
// Random operations on a small stock, judged by accounts of their own: they are kept from what the
// ledger says it did (its trace) and have to come to its counters. They hold I1 to I9 of the
// invariants.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <map>
#include <set>
#include <vector>

#include <invsaga/reference/ledger.hpp>

#include "tests/reference/ledger_support.hpp"

namespace invsaga::testing {
namespace {

constexpr std::uint32_t rows = 3;
constexpr std::int64_t longest = 40;

/// One thing to do, in numbers.
struct Deed {
  int what;
  std::uint64_t id;
  std::int64_t time;
  std::vector<Line> lines;
};

void showValue(const Deed& deed, std::ostream& out) {
  out << '{' << deed.what << " id " << deed.id << " time " << deed.time << " lines";
  for (const Line& line : deed.lines) out << ' ' << line.row.index << 'x' << line.quantity;
  out << '}';
}

rc::Gen<Deed> any_deed() {
  const auto line = rc::gen::build<Line>(
      rc::gen::set(&Line::row, rc::gen::map(rc::gen::inRange(0u, rows),
                                            [](std::uint32_t index) { return Row{index}; })),
      rc::gen::set(&Line::quantity, rc::gen::inRange<Units>(1, 5)));
  return rc::gen::build<Deed>(
      rc::gen::set(&Deed::what, rc::gen::inRange(0, 8)),
      rc::gen::set(&Deed::id, rc::gen::inRange<std::uint64_t>(1, 7)),
      rc::gen::set(&Deed::time, rc::gen::inRange<std::int64_t>(1, longest)),
      rc::gen::set(&Deed::lines, rc::gen::nonEmpty(rc::gen::container<std::vector<Line>>(line))));
}

/// The accounts: what each row and each id must be, by what the ledger said it did.
class Accounts {
 public:
  void expired(ReservationId id, std::span<const Line> lines) {
    RC_ASSERT(live_.count(id) == 1u);  // I6, I8: only a live hold expires
    RC_ASSERT(same(live_[id], lines));
    live_.erase(id);
  }
  void reserved(ReservationId id, std::span<const Line> lines) {
    RC_ASSERT(barred_.count(id) == 0u);  // I9
    RC_ASSERT(live_.count(id) == 0u);
    live_[id].assign(lines.begin(), lines.end());
  }
  void committed(ReservationId id, std::span<const Line> sold, std::span<const Line> back) {
    RC_ASSERT(live_.count(id) == 1u);  // I7: once, and never after a release
    std::map<std::uint32_t, Units> sum;
    for (const auto part : {sold, back}) {
      for (const Line& line : part) sum[line.row.index] += line.quantity;
    }
    for (const Line& line : live_[id]) RC_ASSERT(sum[line.row.index] == line.quantity);  // I5
    for (const Line& line : sold) {
      rows_[line.row.index].on_hand -= line.quantity;
      rows_[line.row.index].sold += line.quantity;
    }
    live_.erase(id);
    barred_.insert(id);
  }
  void released(ReservationId id, std::span<const Line> lines) {
    RC_ASSERT(live_.count(id) == 1u);
    RC_ASSERT(same(live_[id], lines));
    live_.erase(id);
    barred_.insert(id);
  }
  void tombstoned(ReservationId id) { barred_.insert(id); }
  void adjusted(AdjustReason reason, std::span<const Line> lines) {
    for (const Line& line : lines) {
      StockCounters& row = rows_[line.row.index];
      row.on_hand += reason == AdjustReason::write_off ? -line.quantity : line.quantity;
      if (reason == AdjustReason::returned) row.returned += line.quantity;
    }
  }
  void refused(std::span<const Line> lines, std::span<const ShortLine> shorts) {
    std::size_t expected = 0;
    for (const Line& line : lines) expected += available(line.row) < line.quantity ? 1 : 0;
    RC_ASSERT(shorts.size() == expected);
    for (const ShortLine& line : shorts) RC_ASSERT(line.available == available(line.row));
  }
  void check(Ledger& ledger) {
    for (std::uint32_t index = 0; index < rows; ++index) {
      const StockCounters row = ledger.stock({index}).value();
      StockCounters expected = rows_[index];
      expected.reserved = held(index);
      RC_ASSERT(row == expected);  // I1, I2, I3
      RC_ASSERT(is_sound(row));    // I4
    }
  }

 private:
  static bool same(const std::vector<Line>& one, std::span<const Line> other) {
    return std::equal(one.begin(), one.end(), other.begin(), other.end());
  }
  [[nodiscard]] Units held(std::uint32_t index) const {
    Units sum = 0;
    for (const auto& [id, lines] : live_) {
      for (const Line& line : lines) sum += line.row.index == index ? line.quantity : 0;
    }
    return sum;
  }
  Units available(Row row) { return rows_[row.index].on_hand - held(row.index); }

  std::map<std::uint32_t, StockCounters> rows_;
  std::map<ReservationId, std::vector<Line>> live_;
  std::set<ReservationId> barred_;  // sold, released or tombstoned: never to be held again
};

/// Does what the deeds say, each id with one content only, and keeps the accounts.
class Doer {
 public:
  explicit Doer(const StoreLimits& limits) : ledger_(limits) { ledger_.advance_to(at(1)); }

  void act(const Deed& deed) {
    const ReservationId id = hold_id(deed.id);
    switch (deed.what) {
      case 0:
      case 1:
        reserve(id, deed);
        break;
      case 2:
        commit(id, deed);
        break;
      case 3:
        release(id, deed);
        break;
      case 4:
        (void)ledger_.extend({id, ledger_.now() + Duration{deed.time}});
        break;
      case 5:
        ledger_.advance_to(ledger_.now() + Duration{deed.time});
        break;
      case 6:
        adjust(AdjustReason::restock, deed);
        break;
      default:
        adjust(deed.id % 2 == 0 ? AdjustReason::write_off : AdjustReason::returned, deed);
    }
    sweep();
    accounts_.check(ledger_);
  }

 private:
  /// After it nothing is due until the clock moves, so that each operation's trace is its own.
  void sweep() {
    static_cast<void>(ledger_.expire_due());
    for (const ExpiredHold& hold : ledger_.last().expired) accounts_.expired(hold.id, hold.lines);
  }
  Time deadline_of(ReservationId id, const Deed& deed) {
    return deadlines_.emplace(id, ledger_.now() + Duration{deed.time}).first->second;
  }
  void reserve(ReservationId id, const Deed& deed) {
    const Time until = deadline_of(id, deed);
    const auto& lines = contents_.emplace(id, deed.lines).first->second;
    const auto answer = ledger_.reserve({id, until, lines});
    const LedgerTrace& trace = ledger_.last();
    if (!answer.has_value() || trace.repeat) return;
    if (std::holds_alternative<Reserved>(answer.value())) accounts_.reserved(id, trace.lines);
    if (std::holds_alternative<OutOfStock>(answer.value())) {
      accounts_.refused(trace.lines, trace.shorts);
    }
    RC_ASSERT(!std::holds_alternative<Mismatch>(answer.value()));
  }
  void commit(ReservationId id, const Deed& deed) {
    const bool whole = deed.time % 2 == 0;
    const auto answer = ledger_.commit({id, whole ? std::span<const Line>{} : deed.lines});
    const LedgerTrace& trace = ledger_.last();
    const bool now = answer.has_value() && answer.value() == CommitAnswer::committed;
    if (now && !trace.repeat) accounts_.committed(id, trace.moved, trace.back);
  }
  void release(ReservationId id, const Deed& deed) {
    deadline_of(id, deed);  // a release follows the naming of its reserve
    const auto answer = ledger_.release({id});
    const LedgerTrace& trace = ledger_.last();
    if (!answer.has_value() || trace.repeat) return;
    if (answer.value() == ReleaseAnswer::released) accounts_.released(id, trace.moved);
    if (answer.value() == ReleaseAnswer::tombstoned) accounts_.tombstoned(id);
  }
  void adjust(AdjustReason reason, const Deed& deed) {
    const auto answer = ledger_.adjust(
        {{5, ++adjusts_}, reason, ledger_.now() + Duration{longest}, deed.lines});
    const LedgerTrace& trace = ledger_.last();
    if (!answer.has_value()) return;
    if (std::holds_alternative<Adjusted>(answer.value())) accounts_.adjusted(reason, trace.lines);
  }

  Ledger ledger_;
  Accounts accounts_;
  std::map<ReservationId, Time> deadlines_;
  std::map<ReservationId, std::vector<Line>> contents_;
  std::uint64_t adjusts_ = 0;
};

class LedgerProperty : public ::testing::Test {
 protected:
  // One seed, so that the same build gives the same result; RC_PARAMS in the environment says
  // otherwise.
  static void SetUpTestSuite() { ::setenv("RC_PARAMS", "seed=9 max_success=600 max_size=120", 0); }

  static bool holds(Duration grace) {
    StoreLimits limits;
    limits.max_lifetime = Duration{longest};
    limits.max_units = 30;
    limits.grace = grace;
    return rc::check("the accounts come to the ledger's counters", [limits] {
      Doer doer(limits);
      for (const Deed& deed : *rc::gen::container<std::vector<Deed>>(any_deed())) doer.act(deed);
    });
  }
};

TEST_F(LedgerProperty, KeepsTheInvariantsOfStockAndReservations) {
  EXPECT_TRUE(holds(Duration{0}));
}

TEST_F(LedgerProperty, KeepsThemAlsoWhileIdsAreInTheirGrace) { EXPECT_TRUE(holds(Duration{100})); }

}  // namespace
}  // namespace invsaga::testing
