// SPDX-License-Identifier: Apache-2.0
//
// What a service keeps does not grow, and what it refuses it names. How many runs the steady one
// has: INVSAGA_SOAK_RUNS, if it is set; 3,000,000 is the whole.
//
// labels: release
// timeout: 1800
#include <algorithm>

#include "tests/service/soak.hpp"

namespace invsaga::service_tests {
namespace {

/// A day's worth is kept as a courtesy, so that it is steady once a day has passed.
constexpr std::uint64_t steady_after = 1'000'000;

TEST_F(Soak, TenRunsASecondAreNeverRefusedAndGrowNothing) {
  const char* wanted = std::getenv("INVSAGA_SOAK_RUNS");
  const std::uint64_t runs = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 1'100'000;
  std::int64_t most = 0;  // of what lived, at the end of any hour after the first million
  std::int64_t at_first = 0;
  for (std::uint64_t second = 1; begun() < runs; ++second) {
    ASSERT_EQ(pass(1s, 10, 10), std::nullopt) << "after " << begun();
    if (begun() == steady_after) at_first = benchmarks::kept;
    if (begun() >= steady_after && second % 3'600 == 0) most = std::max(most, benchmarks::kept);
    if (begun() % 200'000 == 0) report("10 a second");
  }
  most = std::max(most, benchmarks::kept);
  check_all_done();
  EXPECT_GT(forgotten(), 0u);
  ASSERT_GT(at_first, 0) << "fewer runs than a million";
  EXPECT_LE(most, at_first + at_first / 20);
}

TEST_F(Soak, AThousandASecondAreRefusedByNameUntilTheLoadFalls) {
  std::optional<Limit> refused;
  std::uint64_t seconds = 0;
  while (!refused && seconds < 2'000) {
    refused = pass(1s, 1'000, 1);
    ++seconds;
  }
  report("full");
  EXPECT_EQ(refused, Limit::requests);
  EXPECT_GE(begun(), 999'900u) << "of the 1,000,000 the service takes some for itself";
  // Still as many are asked for: what was promised is kept, and what is new is refused by name.
  for (int second = 0; second < 60; ++second) EXPECT_EQ(pass(1s, 1'000, 1), refused);
  // The load falls. The first promises are over soon, and the stock's grace an hour later.
  const Duration longest = 1h + store.limits().grace;
  while (pass(10s, 100, 1) && clock.now() < start + longest + 60s) {
  }
  report("room again");
  EXPECT_LE(clock.now(), start + longest + 20s) << "a promise is kept for longer than it was given";
  std::uint64_t refused_later = 0;
  for (int i = 0; i < 360; ++i) refused_later += pass(10s, 100, 1) ? 1 : 0;
  report("an hour later");
  EXPECT_EQ(refused_later, 0u);
  check_all_done();
}

}  // namespace
}  // namespace invsaga::service_tests
