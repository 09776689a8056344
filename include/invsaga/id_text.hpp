// SPDX-License-Identifier: Apache-2.0
//
// Ids as text: 32 lower-case hexadecimal digits, so that each id has one spelling.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <invsaga/ids.hpp>

namespace invsaga {
inline namespace v0 {

inline constexpr std::size_t hex_digits_per_id = 32;

/// Appends the 16 digits of a word, most significant first.
void append_hex(std::string& out, std::uint64_t word);

/// The word of exactly 16 lower-case digits, or nothing.
std::optional<std::uint64_t> word_from_hex(std::string_view text) noexcept;

/// The 32 digits of an id. An id that is not set gives 32 zeros.
template <class Tag>
std::string to_hex(const Id<Tag>& id) {
  std::string text;
  text.reserve(hex_digits_per_id);
  append_hex(text, id.high);
  append_hex(text, id.low);
  return text;
}

/// The id of exactly 32 lower-case digits, or nothing. 32 zeros give an id that is not set.
template <class AnyId>
std::optional<AnyId> id_from_hex(std::string_view text) noexcept {
  if (text.size() != hex_digits_per_id) return std::nullopt;
  const auto high = word_from_hex(text.substr(0, hex_digits_per_id / 2));
  const auto low = word_from_hex(text.substr(hex_digits_per_id / 2));
  if (!high || !low) return std::nullopt;
  return AnyId{*high, *low};
}

}  // namespace v0
}  // namespace invsaga
