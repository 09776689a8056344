// SPDX-License-Identifier: Apache-2.0
#include "invsaga/retry.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "invsaga/rng.hpp"

namespace invsaga {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""h;

std::vector<std::int64_t> schedule(const RetryPolicy& policy, std::uint32_t attempts,
                                   std::uint64_t chance = 0) {
  std::vector<std::int64_t> waits;
  for (std::uint32_t i = 1; i <= attempts; ++i) waits.push_back(backoff(policy, i, chance).count());
  return waits;
}
using Waits = std::vector<std::int64_t>;

TEST(Retry, GrowsByItsFactorUpToItsCap) {
  EXPECT_EQ(schedule({100ms, 5s, 200, 0, 0, 1h}, 8),
            (Waits{100, 200, 400, 800, 1600, 3200, 5000, 5000}));
  EXPECT_EQ(schedule({1ms, 100ms, 1000, 0, 0, 1h}, 4), (Waits{1, 10, 100, 100}));
}

TEST(Retry, AFixedIntervalIsFixed) {
  EXPECT_EQ(schedule(RetryPolicy::every(30s, 24h), 3, 12345), (Waits{30'000, 30'000, 30'000}));
}

TEST(Retry, GrowsEvenWhereTheFactorRoundsToNothing) {
  EXPECT_EQ(schedule({1ms, 4ms, 101, 0, 0, 1h}, 5), (Waits{1, 2, 3, 4, 4}));
}

TEST(Retry, IsNeverAHotLoop) {
  EXPECT_EQ(backoff({0ms, 0ms, 0, 100, 0, 1h}, 1, 0), 1ms);
  EXPECT_EQ(backoff({0ms, 0ms, 0, 1000, 0, 1h}, 9, 77), 1ms);
}

TEST(Retry, ALongIntervalDoesNotWrap) {
  const RetryPolicy longest{Duration::max() / 2, Duration::max(), 400'000'000, 20, 0, 1h};
  for (std::uint32_t attempt : {1u, 2u, 1'000'000u}) {
    EXPECT_GT(backoff(longest, attempt, 0), Duration{0});
    EXPECT_GT(backoff(longest, attempt, std::numeric_limits<std::uint64_t>::max()), Duration{0});
  }
}

TEST(Retry, JitterTakesOffUpToItsShareAndNoMore) {
  Rng chance(3);
  std::int64_t least = 1000, most = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::int64_t wait = backoff({1s, 1s, 100, 20, 0, 1h}, 1, chance.next()).count();
    least = std::min(least, wait);
    most = std::max(most, wait);
  }
  EXPECT_EQ(least, 800);
  EXPECT_EQ(most, 1000);
}

TEST(Retry, EveryPolicyKeepsItsBounds) {
  Rng chance(5);
  for (int i = 0; i < 20'000; ++i) {
    const RetryPolicy policy{Duration{static_cast<std::int64_t>(chance.below(10'000))},
                             Duration{static_cast<std::int64_t>(chance.below(100'000))},
                             static_cast<std::uint32_t>(chance.below(1'000)),
                             static_cast<std::uint32_t>(chance.below(150)),
                             0,
                             1h};
    const auto attempt = static_cast<std::uint32_t>(1 + chance.below(100));
    const Duration wait = backoff(policy, attempt, chance.next());
    ASSERT_GE(wait, 1ms);
    ASSERT_LE(wait, std::max(policy.cap, 1ms));
  }
}

TEST(Retry, AllowsSoManyAttemptsWithinItsBudget) {
  const RetryPolicy three{100ms, 5s, 200, 0, 3, 1s};
  EXPECT_TRUE(allows(three, 3, 1s));
  EXPECT_FALSE(allows(three, 4, 1s));
  EXPECT_FALSE(allows(three, 2, 1001ms));
  EXPECT_TRUE(allows(RetryPolicy::every(1s, 1h), 1'000'000, 1h));
}

TEST(Retry, UndoingHasALargerBudgetThanAnyStandardPolicy) {
  for (const RetryPolicy& policy : {standard, until_known, until_done}) {
    EXPECT_GT(until_undone.budget, policy.budget);
  }
}

}  // namespace
}  // namespace invsaga
