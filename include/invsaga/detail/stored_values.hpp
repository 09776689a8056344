// SPDX-License-Identifier: Apache-2.0
//
// How values of no struct of the user's are kept. Included by stored.hpp. Not for users.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <invsaga/bytes.hpp>
#include <invsaga/ids.hpp>
#include <invsaga/result.hpp>
#include <invsaga/storable.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {
namespace detail {

/// What was read, unless the reader has failed.
template <class T>
result<T> unless_failed(T value, const ByteReader& reader) {
  if (!reader.ok()) return Error{Errc::corrupt};
  return value;
}

/// Texts in one, made by the compiler. `Texts::all` is an array of them.
template <class Texts>
struct OneText {
  static constexpr std::size_t size = [] {
    std::size_t sum = 0;
    for (const std::string_view part : Texts::all) sum += part.size();
    return sum;
  }();
  static constexpr std::array<char, size> letters = [] {
    std::array<char, size> made{};
    std::size_t at = 0;
    for (const std::string_view part : Texts::all) {
      for (const char letter : part) made[at++] = letter;
    }
    return made;
  }();
  static constexpr std::string_view text{letters.data(), size};
};
template <class Of>
struct VectorTexts {
  static constexpr std::string_view all[] = {"vector(", Stored<Of>::schema, ")"};
};
template <class Of>
struct OptionalTexts {
  static constexpr std::string_view all[] = {"optional(", Stored<Of>::schema, ")"};
};

/// The fewest bytes that a value takes; of what is specialised elsewhere: 1.
template <class T>
constexpr std::size_t least_bytes() noexcept {
  if constexpr (requires { Stored<T>::least_bytes; })
    return Stored<T>::least_bytes;
  else
    return std::is_same_v<T, Nothing> ? 0 : 1;
}

/// Those whose size and sign are the same everywhere.
template <class T>
concept StoredInteger = std::integral<T> && sizeof(T) <= 8 && !std::is_same_v<T, bool> &&
                        !std::is_same_v<T, char> && !std::is_same_v<T, wchar_t> &&
                        !std::is_same_v<T, char8_t> && !std::is_same_v<T, char16_t> &&
                        !std::is_same_v<T, char32_t>;

}  // namespace detail

template <detail::StoredInteger T>
struct Stored<T> {
  static constexpr std::string_view schema = [] {
    constexpr std::string_view words[] = {"i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"};
    return words[std::countr_zero(sizeof(T)) + (std::is_unsigned_v<T> ? 4 : 0)];
  }();
  static constexpr std::size_t least_bytes = sizeof(T);
  static void encode(T value, ByteWriter& writer) {
    const auto bits = static_cast<std::make_unsigned_t<T>>(value);
    if constexpr (sizeof(T) == 1)
      writer.u8(bits);
    else if constexpr (sizeof(T) == 2)
      writer.u16(bits);
    else if constexpr (sizeof(T) == 4)
      writer.u32(bits);
    else
      writer.u64(bits);
  }
  static result<T> decode(ByteReader& reader) {
    if constexpr (sizeof(T) == 1)
      return detail::unless_failed(static_cast<T>(reader.u8()), reader);
    else if constexpr (sizeof(T) == 2)
      return detail::unless_failed(static_cast<T>(reader.u16()), reader);
    else if constexpr (sizeof(T) == 4)
      return detail::unless_failed(static_cast<T>(reader.u32()), reader);
    else
      return detail::unless_failed(static_cast<T>(reader.u64()), reader);
  }
};

template <>
struct Stored<bool> {
  static constexpr std::string_view schema = "bool";
  static constexpr std::size_t least_bytes = 1;
  static void encode(bool value, ByteWriter& writer) { writer.u8(value ? 1 : 0); }
  static result<bool> decode(ByteReader& reader) {
    const std::uint8_t value = reader.u8();
    if (value > 1) reader.fail();
    return detail::unless_failed(value == 1, reader);
  }
};

/// Its bits, as IEEE 754 has them.
template <>
struct Stored<double> {
  static_assert(std::numeric_limits<double>::is_iec559 && sizeof(double) == 8);
  static constexpr std::string_view schema = "f64";
  static constexpr std::size_t least_bytes = 8;
  static void encode(double value, ByteWriter& writer) {
    writer.u64(std::bit_cast<std::uint64_t>(value));
  }
  static result<double> decode(ByteReader& reader) {
    return detail::unless_failed(std::bit_cast<double>(reader.u64()), reader);
  }
};

/// Its number. One that no enumerator has is read as well: what it means is for the reader to say.
template <class T>
  requires std::is_enum_v<T>
struct Stored<T> {
  using Number = std::underlying_type_t<T>;
  static_assert(
      requires { T{Number{}}; }, "a stored enum has a fixed type of its numbers: enum Color : int");
  struct Texts {
    static constexpr std::string_view all[] = {"enum(", Stored<Number>::schema, ")"};
  };
  static constexpr std::string_view schema = detail::OneText<Texts>::text;
  static constexpr std::size_t least_bytes = sizeof(T);
  static void encode(T value, ByteWriter& writer) {
    Stored<Number>::encode(static_cast<Number>(value), writer);
  }
  static result<T> decode(ByteReader& reader) {
    INVSAGA_TRY(const Number number, Stored<Number>::decode(reader));
    return static_cast<T>(number);
  }
};

template <>
struct Stored<std::string> {
  static constexpr std::string_view schema = "text";
  static constexpr std::size_t least_bytes = 4;
  static void encode(const std::string& value, ByteWriter& writer) { writer.text(value); }
  static result<std::string> decode(ByteReader& reader) {
    return detail::unless_failed(std::string(reader.text()), reader);
  }
};

template <class Tag>
struct Stored<Id<Tag>> {
  static constexpr std::string_view schema = "id";
  static constexpr std::size_t least_bytes = 16;
  static void encode(const Id<Tag>& value, ByteWriter& writer) { writer.id(value); }
  static result<Id<Tag>> decode(ByteReader& reader) {
    return detail::unless_failed(reader.id<Id<Tag>>(), reader);
  }
};

template <>
struct Stored<Time> {
  static constexpr std::string_view schema = "time";
  static constexpr std::size_t least_bytes = 8;
  static void encode(Time value, ByteWriter& writer) { writer.time(value); }
  static result<Time> decode(ByteReader& reader) {
    return detail::unless_failed(reader.time(), reader);
  }
};

template <>
struct Stored<Duration> {
  static constexpr std::string_view schema = "duration";
  static constexpr std::size_t least_bytes = 8;
  static void encode(Duration value, ByteWriter& writer) { writer.i64(value.count()); }
  static result<Duration> decode(ByteReader& reader) {
    return detail::unless_failed(Duration{reader.i64()}, reader);
  }
};

template <Storable T>
struct Stored<std::optional<T>> {
  static constexpr std::string_view schema = detail::OneText<detail::OptionalTexts<T>>::text;
  static constexpr std::size_t least_bytes = 1;
  static void encode(const std::optional<T>& value, ByteWriter& writer) {
    Stored<bool>::encode(value.has_value(), writer);
    if (value.has_value()) Stored<T>::encode(*value, writer);
  }
  static result<std::optional<T>> decode(ByteReader& reader) {
    INVSAGA_TRY(const bool is_there, Stored<bool>::decode(reader));
    if (!is_there) return std::optional<T>{};
    INVSAGA_TRY(T value, Stored<T>::decode(reader));
    return std::optional<T>(std::move(value));
  }
};

template <>
struct Stored<std::vector<std::byte>> {
  static constexpr std::string_view schema = "bytes";
  static constexpr std::size_t least_bytes = 4;
  static void encode(const std::vector<std::byte>& value, ByteWriter& writer) {
    writer.bytes(value);
  }
  static result<std::vector<std::byte>> decode(ByteReader& reader) {
    const Bytes bytes = reader.bytes();
    return detail::unless_failed(std::vector<std::byte>(bytes.begin(), bytes.end()), reader);
  }
};

/// Each of its values takes at least a byte.
template <Storable T>
struct Stored<std::vector<T>> {
  static_assert(detail::least_bytes<T>() > 0, "a stored vector is not of values that take no byte");
  static constexpr std::string_view schema = detail::OneText<detail::VectorTexts<T>>::text;
  static constexpr std::size_t least_bytes = 4;
  static void encode(const std::vector<T>& values, ByteWriter& writer) {
    writer.count(values.size());
    for (const auto& value : values) Stored<T>::encode(value, writer);
  }
  static result<std::vector<T>> decode(ByteReader& reader) {
    std::vector<T> values;
    const std::size_t count = reader.count(detail::least_bytes<T>());
    values.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      INVSAGA_TRY(T value, Stored<T>::decode(reader));
      values.push_back(std::move(value));
    }
    return detail::unless_failed(std::move(values), reader);
  }
};

}  // namespace v0
}  // namespace invsaga
