// SPDX-License-Identifier: Apache-2.0
//
// How values are kept in a saga's log. A struct of your own names its schema, and is stored member
// by member (`examples/checkout/`):
//
//     struct Receipt {
//       static constexpr std::string_view invsaga_schema = "checkout.receipt.v2";
//       std::string amount;
//     };
//
// What may be a member, and an input or output of a step by itself: integers, `bool`, `double`,
// enums, `std::string`, `std::vector<std::byte>`, ids, rows, lines, `Time`, `Duration`,
// `std::optional` and `std::vector` of all these, such a struct, and whatever else has a `Stored`.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <invsaga/bytes.hpp>
#include <invsaga/detail/aggregate_fields.hpp>
#include <invsaga/detail/stored_values.hpp>
#include <invsaga/result.hpp>
#include <invsaga/storable.hpp>

namespace invsaga {
inline namespace v0 {

/// A struct that names its schema: an aggregate of 1 to 24 members, none of them an array, without
/// bases.
template <class T>
concept NamesItsSchema = requires {
  { T::invsaga_schema } -> std::convertible_to<std::string_view>;
};

namespace detail {

/// Refuses a member that could not be kept.
template <class Member>
struct CheckMember {
  static_assert(Storable<Member>,
                "a member of a stored struct is an integer, bool, double, an enum, a std::string, "
                "std::vector<std::byte>, an id, Time, Duration, a std::optional or std::vector of "
                "these, a struct that names its invsaga_schema, or has an invsaga::Stored");
  static constexpr bool ok = true;
};

/// What is stored of a struct with these members, the first of its kind named first.
template <class T, class Fields>
struct StoredFields;
template <class T, class... M>
struct StoredFields<T, std::tuple<M...>> {
  static_assert((CheckMember<M>::ok && ...));
  struct Texts {
    static constexpr auto all = [] {
      constexpr std::array<std::string_view, sizeof...(M)> members{Stored<M>::schema...};
      std::array<std::string_view, 2 * sizeof...(M) + 2> parts{T::invsaga_schema};
      for (std::size_t i = 0; i < members.size(); ++i) {
        parts[2 * i + 1] = i == 0 ? "{" : ",";
        parts[2 * i + 2] = members[i];
      }
      parts.back() = "}";
      return parts;
    }();
  };
  static constexpr std::string_view schema = OneText<Texts>::text;
  static constexpr std::size_t least = (least_bytes<M>() + ...);

  static void encode(const T& value, ByteWriter& writer) {
    std::apply([&](const M&... member) { (Stored<M>::encode(member, writer), ...); },
               tie_fields(value));
  }
  /// In braces: one after the other.
  static result<T> decode(ByteReader& reader) {
    std::tuple<result<M>...> read{Stored<M>::decode(reader)...};
    return std::apply(
        [](result<M>&... member) -> result<T> {
          Error error;
          const bool whole = ((member.has_value() || (error = member.assume_error(), false)) &&
                              ...);
          if (!whole) return error;
          return T{std::move(member).assume_value()...};
        },
        read);
  }
};

}  // namespace detail

template <NamesItsSchema T>
struct Stored<T> {
  static_assert(std::is_aggregate_v<T>,
                "what names its invsaga_schema is a struct without constructors, bases and private "
                "members; for anything else specialise invsaga::Stored");
  static constexpr std::size_t count = detail::count_fields<T>();
  static_assert(count > 0, "a stored struct has members: what carries nothing is invsaga::Nothing");
  static_assert(count <= detail::most_fields,
                "a stored struct has at most 24 members: put some into a struct of their own");
  using Fields = detail::StoredFields<T, detail::fields_of<T>>;
  static constexpr std::string_view schema = Fields::schema;
  static constexpr std::size_t least_bytes = Fields::least;
  static void encode(const T& value, ByteWriter& writer) { Fields::encode(value, writer); }
  static result<T> decode(ByteReader& reader) { return Fields::decode(reader); }
};

/// A value as bytes, and back; bytes left over are `corrupt`.
template <Storable T>
std::vector<std::byte> encode(const T& value) {
  ByteWriter writer;
  Stored<T>::encode(value, writer);
  return std::move(writer).take();
}
template <Storable T>
result<T> decode(Bytes bytes) {
  ByteReader reader(bytes);
  auto value = Stored<T>::decode(reader);
  if (value.has_value() && !reader.at_end()) return Error{Errc::corrupt};
  return value;
}

}  // namespace v0
}  // namespace invsaga
