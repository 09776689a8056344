// SPDX-License-Identifier: Apache-2.0
//
// Built without the calls that it answers.
#include "cost.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

namespace {

std::uint64_t counted = 0;

/// Two accesses without a race: of several threads some steps are not counted. Built-in, because a
/// function of a header may be one that is counted, and would call this.
void count(std::uint64_t more) noexcept {
  const std::uint64_t before = __atomic_load_n(&counted, __ATOMIC_RELAXED);
  __atomic_store_n(&counted, before + more, __ATOMIC_RELAXED);
}

constexpr std::size_t bytes_a_step = 16;

}  // namespace

extern "C" {
// Called at each basic block.
void __sanitizer_cov_trace_pc();
void __sanitizer_cov_trace_pc() { count(1); }

// Called instead of those without `wrap` and `real`, which would take all for one step.
void* __real_memmove(void* to, const void* from, std::size_t size);
void* __real_memcpy(void* to, const void* from, std::size_t size);
void* __wrap_memmove(void* to, const void* from, std::size_t size);
void* __wrap_memcpy(void* to, const void* from, std::size_t size);
void* __wrap_memmove(void* to, const void* from, std::size_t size) {
  count(size / bytes_a_step);
  return __real_memmove(to, from, size);
}
void* __wrap_memcpy(void* to, const void* from, std::size_t size) {
  count(size / bytes_a_step);
  return __real_memcpy(to, from, size);
}
}

namespace invsaga::cost {
namespace {

/// Of what n log n allows: tables that double and trees that deepen are not smooth. A square grows
/// from n to 4n two and a half times as much.
constexpr double tolerance = 1.25;

double allowed(std::size_t n, std::size_t more) {
  const auto few = static_cast<double>(n), many = static_cast<double>(more);
  return tolerance * many * std::log(many) / (few * std::log(few));
}

void judge(const Row& row, double steps_per_other) {
  const std::uint64_t once = row.cost(row.n), twice = row.cost(2 * row.n),
                      four = row.cost(4 * row.n);
  const auto n = static_cast<double>(row.n);
  const double growth = static_cast<double>(four) / static_cast<double>(once);
  // What each costs more, by how many others there are more.
  const double per_other = (static_cast<double>(four) / (4 * n) - static_cast<double>(once) / n) /
                           (3 * n);
  std::printf("%-66s %5zu %11llu %11llu %11llu %6.2f %9.3f\n", row.what.c_str(), row.n,
              static_cast<unsigned long long>(once), static_cast<unsigned long long>(twice),
              static_cast<unsigned long long>(four), growth, per_other);
  EXPECT_GT(once, row.n / 10) << row.what << ": the steps are not counted";
  EXPECT_LT(growth, allowed(row.n, 4 * row.n)) << row.what << ", from " << row.n;
  EXPECT_LT(per_other, steps_per_other) << row.what << ", from " << row.n;
}

}  // namespace

std::uint64_t steps() noexcept { return __atomic_load_n(&counted, __ATOMIC_RELAXED); }

void judge(const std::vector<Row>& table, double steps_per_other) {
  std::printf("%-66s %5s %11s %11s %11s %6s %9s\n", "operation", "n", "at n", "at 2n", "at 4n",
              "4n / n", "per other");
  for (const Row& row : table) judge(row, steps_per_other);
}

}  // namespace invsaga::cost
