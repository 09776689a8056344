// SPDX-License-Identifier: Apache-2.0
//
// What an operation costs, as the number of its steps: of the basic blocks that it runs through in
// sources of ours, templates of others included, and of the pieces that it copies. No clock is
// read, so that a busy machine changes nothing. For programs named x_cost_test
// (cmake/InvsagaCost.cmake).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace invsaga::cost {

/// Since the program began, of all its threads; exact while only one runs.
std::uint64_t steps() noexcept;

template <class Work>
std::uint64_t steps_of(const Work& work) {
  const std::uint64_t before = steps();
  work();
  return steps() - before;
}

/// A row of the table: something that is done `n` times, or to `n` things.
struct Row {
  std::string what;
  std::size_t n = 0;  ///< The smallest; it is done for 2n and 4n too.
  /// What it costs: makes what it needs, and answers the steps of what is counted.
  std::function<std::uint64_t(std::size_t n)> cost;
};

/// A row of which `work(given, n)` is counted, and what it needs is not: `Given(n)`.
template <class Given, class Work>
Row row_of(std::string what, std::size_t n, Work work) {
  return {std::move(what), n, [work](std::size_t many) {
            Given given(many);
            return steps_of([&] { work(given, many); });
          }};
}

/// The same of `work(given, i)` for each `i` below `n`.
template <class Given, class Work>
Row row_of_each(std::string what, std::size_t n, Work work) {
  return row_of<Given>(std::move(what), n, [work](Given& given, std::size_t many) {
    for (std::size_t i = 0; i < many; ++i) work(given, i);
  });
}

/// Prints the rows with what was counted, and fails where it grew faster than n log n; besides,
/// where each of the n costs more by so many steps for each other one that is there: for what costs
/// so much by itself that a look at all others would not show.
void judge(const std::vector<Row>& table,
           double steps_per_other = std::numeric_limits<double>::infinity());

}  // namespace invsaga::cost
