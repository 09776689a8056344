// SPDX-License-Identifier: Apache-2.0
//
// What it takes to be kept in a saga's log. Users include stored.hpp.
#pragma once

#include <concepts>
#include <string_view>

#include <invsaga/bytes.hpp>
#include <invsaga/result.hpp>

namespace invsaga {
inline namespace v0 {

/// How a type is kept. Specialise it for what is no struct of members as above: a `schema` (a
/// text), `static void encode(const T&, ByteWriter&)`, and `static result<T> decode(ByteReader&)`.
///
/// The schema is part of the saga's hash: another encoding is another schema. That of a struct has
/// those of its members in it, so that one with a member more, or of another type, is another; who
/// only changes what a member means changes the name. `decode` is bounded by the bytes that there
/// are, and answers `corrupt` if they are not a value.
template <class T>
struct Stored;

/// A type that survives a crash: inputs and outputs of steps model this.
template <class T>
concept Storable = std::copyable<T> &&
                   requires(const T& value, ByteWriter& writer, ByteReader& reader) {
                     { Stored<T>::schema } -> std::convertible_to<std::string_view>;
                     Stored<T>::encode(value, writer);
                     { Stored<T>::decode(reader) } -> std::same_as<result<T>>;
                   };

/// For inputs and outputs that carry nothing.
struct Nothing {
  friend constexpr bool operator==(const Nothing&, const Nothing&) = default;
};

template <>
struct Stored<Nothing> {
  static constexpr std::string_view schema = "nothing";
  static void encode(const Nothing&, ByteWriter&) {}
  static result<Nothing> decode(ByteReader&) { return Nothing{}; }
};

}  // namespace v0
}  // namespace invsaga
