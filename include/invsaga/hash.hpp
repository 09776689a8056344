// SPDX-License-Identifier: Apache-2.0
//
// `std::hash` for ids, rows, errors and answers, and `==` for the parts of answers, so that answers
// are fit for tables; that of states and codes, which are enumerations, is the standard library's.
// By the process's key (keyed_hash.hpp), so that nobody can choose ids that meet in a table: no
// hash is the same in the next process.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <functional>
#include <string_view>
#include <type_traits>

#include <invsaga/error.hpp>
#include <invsaga/ids.hpp>
#include <invsaga/keyed_hash.hpp>
#include <invsaga/operation.hpp>

namespace invsaga {
inline namespace v0 {

/// How many lines are short, and which, as far as the lent storage holds them.
template <class Part>
  requires std::is_base_of_v<Shortage, Part>
[[nodiscard]] constexpr bool operator==(const Part& one, const Part& other) noexcept {
  return one.count == other.count && one.first == other.first &&
         std::ranges::equal(one.lines, other.lines);
}
[[nodiscard]] constexpr bool operator==(Adjusted, Adjusted) noexcept { return true; }
[[nodiscard]] constexpr bool operator==(Expired, Expired) noexcept { return true; }
[[nodiscard]] constexpr bool operator==(Suppressed, Suppressed) noexcept { return true; }
[[nodiscard]] constexpr bool operator==(Mismatch, Mismatch) noexcept { return true; }

namespace detail {

/// Of the parts of answers: of a reservation its id and deadline, of a shortage how many lines are
/// short and the first of them. What `std::variant` makes of them tells the answers apart.
struct AnswerHash : TableHash {
  template <class Part>
  std::size_t operator()(const Part& part) const {
    if constexpr (std::is_same_v<Part, Reserved>) {
      return of(part.id.high ^ static_cast<std::uint64_t>(to_ms(part.until)), part.id.low);
    } else if constexpr (std::is_base_of_v<Shortage, Part>) {
      return of(part.first.row.index, part.count);
    } else {
      return of(0, 0);
    }
  }

 private:
  [[nodiscard]] std::size_t of(std::uint64_t high, std::uint64_t low) const {
    return static_cast<std::size_t>(keyed_hash(key_, high, low));
  }
};

}  // namespace detail
}  // namespace v0
}  // namespace invsaga

template <class Tag>
struct std::hash<invsaga::Id<Tag>> : invsaga::IdHash {};
template <>
struct std::hash<invsaga::Row> : invsaga::TableHash {
  std::size_t operator()(invsaga::Row row) const {
    return static_cast<std::size_t>(invsaga::keyed_hash(key_, 0, row.index));
  }
};
template <>
struct std::hash<invsaga::Error> : invsaga::TableHash {
  std::size_t operator()(const invsaga::Error& error) const {
    static_assert(std::has_unique_object_representations_v<invsaga::Error>);
    const auto bytes = std::bit_cast<std::array<char, sizeof error>>(error);
    const std::string_view text(bytes.data(), bytes.size());
    return static_cast<std::size_t>(invsaga::keyed_hash(key_, {text}));
  }
};

// The answers themselves are variants of these.
template <>
struct std::hash<invsaga::Reserved> : invsaga::detail::AnswerHash {};
template <>
struct std::hash<invsaga::OutOfStock> : invsaga::detail::AnswerHash {};
template <>
struct std::hash<invsaga::Adjusted> : invsaga::detail::AnswerHash {};
template <>
struct std::hash<invsaga::ReturnRefused> : invsaga::detail::AnswerHash {};
template <>
struct std::hash<invsaga::Expired> : invsaga::detail::AnswerHash {};
template <>
struct std::hash<invsaga::Suppressed> : invsaga::detail::AnswerHash {};
template <>
struct std::hash<invsaga::Mismatch> : invsaga::detail::AnswerHash {};
