// SPDX-License-Identifier: Apache-2.0
//
// A reserve, its release, its commit and its expiry in every order, each up to twice: whatever
// arrives when, no unit is stranded, sold twice or both sold and given back.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include <invsaga/reference/ledger.hpp>
#include <invsaga/testing/matchers.hpp>

#include "tests/reference/ledger_support.hpp"

namespace invsaga::testing {
namespace {

constexpr Units units_there = 3;
constexpr Units units_asked = 2;

/// One order of arrival: r reserve, l release, c commit, x the deadline comes.
class Arrivals {
 public:
  explicit Arrivals(Duration grace) : ledger_(limits(grace)) {
    ledger_.advance_to(at(1'000));
    const Line line{{0}, units_there};
    EXPECT_THAT(ledger_.adjust({{2, 1}, AdjustReason::opening, at(1'001), {&line, 1}}),
                IsAdjusted());
  }

  void happen(const std::string& order) {
    for (const char what : order) {
      if (what == 'r') reserve();
      if (what == 'l') release();
      if (what == 'c') commit();
      if (what == 'x') ledger_.advance_to(deadline);
      check_row();
    }
    ledger_.advance_to(deadline);
    EXPECT_EQ(row().reserved, 0) << "no unit is stranded";
    EXPECT_EQ(row().sold, sold_ ? units_asked : 0);
    EXPECT_FALSE(sold_ && given_back_);
  }

 private:
  static constexpr Time deadline = time_from_ms(2'000);

  static StoreLimits limits(Duration grace) {
    StoreLimits limits;
    limits.max_lifetime = Duration{5'000};
    limits.grace = grace;
    return limits;
  }
  StockCounters row() { return ledger_.stock({0}).value(); }

  void reserve() {
    const Line line{{0}, units_asked};
    const auto answer = ledger_.reserve({hold_id(1), deadline, {&line, 1}});
    if (ledger_.now() >= deadline) {
      EXPECT_THAT(answer, IsExpired());
    } else if (given_back_ || barred_) {
      EXPECT_THAT(answer, IsSuppressed());
    } else {
      EXPECT_THAT(answer, IsReserved(hold_id(1), deadline));
      EXPECT_EQ(ledger_.last().repeat, reserved_);
      reserved_ = true;
    }
  }
  void release() {
    const bool live = reserved_ && !sold_ && !given_back_ && ledger_.now() < deadline;
    const auto answer = ledger_.release({hold_id(1)}).value();
    EXPECT_EQ(answer == ReleaseAnswer::released && !ledger_.last().repeat, live);
    if (live) given_back_ = true;
    if (answer == ReleaseAnswer::tombstoned) barred_ = true;
    EXPECT_EQ(answer == ReleaseAnswer::committed, sold_);
  }
  void commit() {
    const bool live = reserved_ && !sold_ && !given_back_ && ledger_.now() < deadline;
    const auto answer = ledger_.commit({hold_id(1), {}}).value();
    EXPECT_FALSE(live && ledger_.last().repeat);
    EXPECT_EQ(answer == CommitAnswer::committed, live || sold_);
    if (live) sold_ = true;
  }
  void check_row() {
    const bool live = reserved_ && !sold_ && !given_back_ && ledger_.now() < deadline;
    EXPECT_EQ(row().reserved, live ? units_asked : 0);
    EXPECT_EQ(row().on_hand + row().sold, units_there);
    EXPECT_EQ(row().sold, sold_ ? units_asked : 0);
  }

  Ledger ledger_;
  bool reserved_ = false, sold_ = false, given_back_ = false, barred_ = false;
};

/// Every order of up to two each of r, l, c and up to one x.
std::vector<std::string> all_orders() {
  std::vector<std::string> orders;
  for (int counts = 0; counts < 3 * 3 * 3 * 2; ++counts) {
    std::string order = std::string(static_cast<std::size_t>(counts % 3), 'c') +
                        std::string(static_cast<std::size_t>(counts / 3 % 3), 'l') +
                        std::string(static_cast<std::size_t>(counts / 9 % 3), 'r') +
                        std::string(static_cast<std::size_t>(counts / 27), 'x');
    do {
      orders.push_back(order);
    } while (std::next_permutation(order.begin(), order.end()));
  }
  return orders;
}

TEST(OrdersOfArrival, StrandNoUnitAndSellNoneTwice) {
  const auto orders = all_orders();
  EXPECT_EQ(orders.size(), 1841u);
  for (const Duration grace : {Duration{0}, Duration{10'000}}) {
    for (const std::string& order : orders) {
      SCOPED_TRACE(order);
      Arrivals(grace).happen(order);
    }
  }
}

}  // namespace
}  // namespace invsaga::testing
