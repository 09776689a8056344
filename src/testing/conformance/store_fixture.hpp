// SPDX-License-Identifier: Apache-2.0
//
// What the suites for stores share: short words for asking.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/store_under_test.hpp>

#include "suite.hpp"

namespace invsaga {
inline namespace v0 {
namespace testing {

/// The fixture of all suites for a ReservationStore. A test begins with an empty store at time
/// `at(0)`; rows and ids are plain numbers.
class StoreConformance : public ::testing::Test {
 public:
  using Make = MakeStore;
  /// Rows and quantities of an operation's lines.
  using Asked = std::vector<std::pair<std::uint32_t, Units>>;

  explicit StoreConformance(MakeStore make) : make_(make) { open(); }

  /// Begins anew, with an empty store of these limits.
  void open(const StoreLimits& limits = {}) {
    store_.reset();
    store_ = make_(limits);
    advance(0);
  }
  /// Begins anew with room for so many ids. False if this kind of store cannot be made so small.
  bool open_with_room_for(std::size_t ids) {
    StoreLimits limits;
    limits.max_records = ids;
    open(limits);
    return store().limits().max_records == ids;
  }

  StoreUnderTest& store() { return *store_; }
  /// So many milliseconds after the test's beginning.
  static Time at(std::int64_t ms) { return time_from_ms(1'600'000'000'000 + ms); }
  void advance(std::int64_t ms) { store_->advance_to(at(ms)); }
  Time longest() { return saturating_add(at(0), store().limits().max_lifetime); }

  static ReservationId hold(std::uint64_t number) { return {7, number}; }
  static Row row(std::uint32_t number) { return Row{number}; }

  result<ReserveAnswer> reserve(std::uint64_t id, const Asked& asked, Time until = at(1'000)) {
    return reserve(hold(id), asked, until);
  }
  result<ReserveAnswer> reserve(ReservationId id, const Asked& asked, Time until = at(1'000)) {
    return store().reserve({id, until, lines(asked)}, shorts_);
  }
  result<CommitAnswer> commit(std::uint64_t id, const Asked& part = {}) {
    return store().commit({hold(id), lines(part)});
  }
  result<ReleaseAnswer> release(std::uint64_t id) { return store().release({hold(id)}); }
  result<ExtendAnswer> extend(std::uint64_t id, Time until) {
    return store().extend({hold(id), until});
  }
  result<AdjustAnswer> adjust(std::uint64_t id, AdjustReason reason, const Asked& asked,
                              Time until = at(1'000)) {
    return store().adjust({{7, id}, reason, until, lines(asked)}, shorts_);
  }
  void acknowledge_sale(std::uint64_t id) {
    EXPECT_THAT(store().acknowledge_sale(hold(id)), IsOk());
  }

  /// Puts units on a row, under an id that no test uses.
  void stock_up(std::uint32_t row, Units units) {
    const AdjustId id{8, ++stocked_};
    const Asked asked{{row, units}};
    EXPECT_THAT(
        store().adjust({id, AdjustReason::opening, store().now() + Duration{1}, lines(asked)}, {}),
        IsAdjusted());
  }
  /// Sells units of a row, under ids that no test uses.
  void sell(std::uint32_t row, Units units) {
    const ReservationId id{8, ++stocked_};
    EXPECT_THAT(reserve(id, {{row, units}}, store().now() + Duration{1}), IsReserved());
    EXPECT_THAT(store().commit({id, {}}), IsOkAndHolds(CommitAnswer::committed));
  }

  StockCounters stock(std::uint32_t row) {
    const auto counters = store().stock(Row{row});
    EXPECT_THAT(counters, IsOk());
    return counters.has_value() ? counters.assume_value() : StockCounters{-1, -1, -1, -1};
  }
  Units available(std::uint32_t row) { return stock(row).available(); }

  /// How much room for short lines the tests lend.
  void lend(std::size_t lines) { shorts_.assign(lines, {}); }

 protected:
  const MakeStore make_;

 private:
  std::span<const Line> lines(const Asked& asked) {
    lines_.clear();
    for (const auto& [row, units] : asked) lines_.push_back({Row{row}, units});
    return lines_;
  }

  std::unique_ptr<StoreUnderTest> store_;
  std::vector<Line> lines_;
  std::vector<ShortLine> shorts_ = std::vector<ShortLine>(16);
  std::uint64_t stocked_ = 0;
};

void bind_store_reserve(std::string_view name, std::span<const MakeStore> stores);
void bind_store_commit(std::string_view name, std::span<const MakeStore> stores);
void bind_store_adjust(std::string_view name, std::span<const MakeStore> stores);
void bind_store_expiry(std::string_view name, std::span<const MakeStore> stores);
void bind_store_orders(std::string_view name, std::span<const MakeStore> stores);
void bind_store_threads(std::string_view name, std::span<const MakeStore> stores);

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
