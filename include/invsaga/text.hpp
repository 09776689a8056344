// SPDX-License-Identifier: Apache-2.0
//
// The texts of values, and how a stream shows them:
//
//     log << "run " << run << ": " << status.status << ", " << error << '\n';
//
// fmt.hpp does the same for fmt, hash.hpp has the hashes.
#pragma once

#include <concepts>
#include <iosfwd>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include <invsaga/error.hpp>
#include <invsaga/id_text.hpp>
#include <invsaga/ids.hpp>

namespace invsaga {
inline namespace v0 {

/// A state, an answer, a code: its word, as it is written everywhere (`name`).
template <class T>
  requires std::is_enum_v<T> && requires(T value) {
    { name(value) } -> std::same_as<std::string_view>;
  }
std::string_view text_of(T value) noexcept {
  return name(value);
}
/// An operation, or an answer that says more than its word: the word.
template <class... Kinds>
  requires requires(const std::variant<Kinds...>& value) {
    { name(value) } -> std::same_as<std::string_view>;
  }
std::string_view text_of(const std::variant<Kinds...>& value) noexcept {
  return name(value);
}
/// An id: its 32 digits.
template <class Tag>
std::string text_of(const Id<Tag>& id) {
  return to_hex(id);
}
/// An error: its short form (`to_string`; a sentence is `message(error)`).
template <std::same_as<Error> T>
std::string text_of(const T& error) {
  return to_string(error);
}

/// What has a text.
template <class T>
concept HasText = requires(const T& value) {
  { text_of(value) } -> std::convertible_to<std::string_view>;
};

namespace detail {
std::ostream& put(std::ostream& out, std::string_view text);
}

/// Shows the text, as wide as any: `std::setw` holds for it.
template <HasText T>
std::ostream& operator<<(std::ostream& out, const T& value) {
  return detail::put(out, text_of(value));
}

}  // namespace v0
}  // namespace invsaga
