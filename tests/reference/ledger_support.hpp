// SPDX-License-Identifier: Apache-2.0
//
// A ledger with a little stock, and short words for what is done to it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include <invsaga/reference/ledger.hpp>
#include <invsaga/testing/matchers.hpp>

namespace invsaga::testing {

inline Time at(std::int64_t ms) { return time_from_ms(ms); }
inline ReservationId hold_id(std::uint64_t number) { return {1, number}; }

/// Times are in ms. The clock starts at 1,000 and a lifetime is at most 10,000.
class LedgerTest : public ::testing::Test {
 protected:
  static StoreLimits small_limits() {
    StoreLimits limits;
    limits.max_lifetime = Duration{10'000};
    limits.grace = Duration{0};
    return limits;
  }

  explicit LedgerTest(const StoreLimits& limits = small_limits()) : ledger(limits) {
    ledger.advance_to(at(1'000));
  }

  void stock(std::uint32_t row, Units units) {
    const Line line{{row}, units};
    ASSERT_THAT(ledger.adjust({{2, ++adjusts_}, AdjustReason::opening, later(1), {&line, 1}}),
                IsAdjusted());
  }
  result<ReserveAnswer> reserve(std::uint64_t id, Time until, const std::vector<Line>& lines,
                                std::span<ShortLine> shorts = {}) {
    return ledger.reserve({hold_id(id), until, lines}, shorts);
  }
  result<CommitAnswer> commit(std::uint64_t id, const std::vector<Line>& part = {}) {
    return ledger.commit({hold_id(id), part});
  }
  result<ReleaseAnswer> release(std::uint64_t id) { return ledger.release({hold_id(id)}); }
  result<ExtendAnswer> extend(std::uint64_t id, Time until) {
    return ledger.extend({hold_id(id), until});
  }
  result<AdjustAnswer> adjust(std::uint64_t id, AdjustReason reason, const std::vector<Line>& lines,
                              std::span<ShortLine> shorts = {}) {
    return ledger.adjust({{3, id}, reason, at(5'000), lines}, shorts);
  }
  /// The time `ms` from now.
  [[nodiscard]] Time later(std::int64_t ms) const { return ledger.now() + Duration{ms}; }
  StockCounters row(std::uint32_t index) { return ledger.stock({index}).value(); }
  KnownId known(std::uint64_t id) { return ledger.known(hold_id(id)); }

  Ledger ledger;

 private:
  std::uint64_t adjusts_ = 0;
};

}  // namespace invsaga::testing
