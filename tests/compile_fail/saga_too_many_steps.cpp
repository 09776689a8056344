// SPDX-License-Identifier: Apache-2.0
//
// expect: a saga has at most 64 steps
#include <cstddef>
#include <utility>

#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr std::size_t count = 64;
#else
constexpr std::size_t count = 65;
#endif

/// "00", "01" and so on.
template <std::size_t I>
constexpr auto step() {
  constexpr char tens = '0' + I / 10, ones = '0' + I % 10;
  return compensable<FixedString<3>({tens, ones, 0})>(place, cancel, limits);
}
template <std::size_t... I>
constexpr auto of_steps(std::index_sequence<I...>) {
  return saga<Order, Shop>("s", 1, step<I>()...);
}
constexpr auto checkout = of_steps(std::make_index_sequence<count>());
