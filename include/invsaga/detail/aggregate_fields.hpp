// SPDX-License-Identifier: Apache-2.0
//
// The members of an aggregate, found by the compiler. Not for users.
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <invsaga/version.hpp>

namespace invsaga {
inline namespace v0 {
namespace detail {

inline constexpr std::size_t most_fields = 24;

/// Stands for a value of any type where nothing is evaluated.
struct AnyField {
  template <class T>
  operator T() const noexcept;  // NOLINT: implicit on purpose
};

template <class T, std::size_t... I>
constexpr bool takes_fields(std::index_sequence<I...>) noexcept {
  return requires { T{(static_cast<void>(I), AnyField{})...}; };
}
/// How many values an aggregate can be made of; of more than `most_fields`: one more than that.
template <class T, std::size_t N = most_fields + 1>
constexpr std::size_t count_fields() noexcept {
  if constexpr (N == 0)
    return 0;
  else if constexpr (takes_fields<T>(std::make_index_sequence<N>{}))
    return N;
  else
    return count_fields<T, N - 1>();
}

#define INVSAGA_FIELDS(n, ...)         \
  if constexpr (N == n) {              \
    const auto& [__VA_ARGS__] = value; \
    return std::tie(__VA_ARGS__);      \
  }

/// Its members, referred to.
template <class T, std::size_t N = count_fields<T>()>
constexpr auto tie_fields(const T& value) noexcept {
  // clang-format off
  INVSAGA_FIELDS(1, a)
  INVSAGA_FIELDS(2, a, b)
  INVSAGA_FIELDS(3, a, b, c)
  INVSAGA_FIELDS(4, a, b, c, d)
  INVSAGA_FIELDS(5, a, b, c, d, e)
  INVSAGA_FIELDS(6, a, b, c, d, e, f)
  INVSAGA_FIELDS(7, a, b, c, d, e, f, g)
  INVSAGA_FIELDS(8, a, b, c, d, e, f, g, h)
  INVSAGA_FIELDS(9, a, b, c, d, e, f, g, h, i)
  INVSAGA_FIELDS(10, a, b, c, d, e, f, g, h, i, j)
  INVSAGA_FIELDS(11, a, b, c, d, e, f, g, h, i, j, k)
  INVSAGA_FIELDS(12, a, b, c, d, e, f, g, h, i, j, k, l)
  INVSAGA_FIELDS(13, a, b, c, d, e, f, g, h, i, j, k, l, m)
  INVSAGA_FIELDS(14, a, b, c, d, e, f, g, h, i, j, k, l, m, n)
  INVSAGA_FIELDS(15, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)
  INVSAGA_FIELDS(16, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
  INVSAGA_FIELDS(17, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q)
  INVSAGA_FIELDS(18, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r)
  INVSAGA_FIELDS(19, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s)
  INVSAGA_FIELDS(20, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t)
  INVSAGA_FIELDS(21, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u)
  INVSAGA_FIELDS(22, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v)
  INVSAGA_FIELDS(23, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w)
  INVSAGA_FIELDS(24, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x)
  // clang-format on
}
#undef INVSAGA_FIELDS

template <class Tied>
struct FieldTypes;
template <class... M>
struct FieldTypes<std::tuple<const M&...>> {
  using type = std::tuple<M...>;
};
/// The types of its members, in order.
template <class T>
using fields_of = typename FieldTypes<decltype(tie_fields(std::declval<const T&>()))>::type;

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
