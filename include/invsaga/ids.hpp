// SPDX-License-Identifier: Apache-2.0
//
// Names of things: 128-bit ids made from text once, at the edge, and rows of the stock.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include <invsaga/version.hpp>

namespace invsaga {
inline namespace v0 {

/// Bytes that somebody else owns.
using Bytes = std::span<const std::byte>;

/// The bytes of a text, borrowed from it.
inline Bytes as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

/// A 128-bit name. Zero is "not set" and is refused wherever an id is asked for.
/// `Tag` keeps one kind of id from being taken for another.
template <class Tag>
struct Id {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  [[nodiscard]] constexpr bool is_set() const noexcept { return (high | low) != 0; }
  friend constexpr auto operator<=>(const Id&, const Id&) = default;
};

/// One reservation: every call about it bears the same, and a hold reserved anew has another.
using ReservationId = Id<struct ReservationTag>;
using AdjustId = Id<struct AdjustTag>;  ///< One change of what is on hand; a repeat bears the same.
using RunId = Id<struct RunTag>;        ///< One execution of a saga.
/// A runner that drives runs; new for each start of a process.
using OwnerId = Id<struct OwnerTag>;
/// One call of a step: every repeat bears the same, its undo too.
using CallId = Id<struct CallTag>;
using EventId = Id<struct EventTag>;       ///< One event, however often it arrives.
using RequestKey = Id<struct RequestTag>;  ///< (tenant, operation, request id), hashed.
/// What a request asks for, hashed in canonical form.
using Fingerprint = Id<struct FingerprintTag>;

/// The key of a hash; zero is "not set". A service that takes texts from strangers draws one, keeps
/// it with its data, and gives it to all that makes ids of them (`request_key`, `run_id`), so that
/// nobody outside can construct two texts with one id. Tables have one of their own
/// (`keyed_hash.hpp`).
struct HashKey {
  std::uint64_t first = 0;
  std::uint64_t second = 0;

  [[nodiscard]] constexpr bool is_set() const noexcept { return (first | second) != 0; }
};

/// What `hash128` gives.
struct Hash128 {
  std::uint64_t high;
  std::uint64_t low;
};

/// SipHash-2-4 with 128 bits of output over the parts, each preceded by its length, so that
/// ("ab","c") and ("a","bc") differ. (Aumasson, Bernstein: "SipHash: a fast short-input PRF",
/// 2012, and its 128-bit variant.)
Hash128 hash128(std::initializer_list<std::string_view> parts, HashKey key = {}) noexcept;

/// An id from text, never zero. The same parts and key give the same id in every process, for ever.
template <class AnyId>
AnyId make_id(std::initializer_list<std::string_view> parts, HashKey key = {}) noexcept {
  const Hash128 hash = hash128(parts, key);
  return AnyId{hash.high, (hash.high | hash.low) == 0 ? 1 : hash.low};
}

/// An id derived from another and two numbers: reservation 1 of step 2 of a run. Never zero.
template <class AnyId, class Tag>
AnyId derive_id(std::string_view domain, const Id<Tag>& parent, std::uint32_t first,
                std::uint32_t second, HashKey key = {}) noexcept {
  const std::uint64_t words[3] = {parent.high, parent.low, std::uint64_t{first} << 32 | second};
  char bytes[sizeof words];  // the lowest first, on every machine
  for (unsigned i = 0; i < sizeof words; ++i)
    bytes[i] = static_cast<char>(words[i / 8] >> (i % 8 * 8));
  return make_id<AnyId>({domain, {bytes, sizeof bytes}}, key);
}

/// One (store, product), interned by a `Catalog`: a small number that indexes arrays.
struct Row {
  static constexpr std::string_view invsaga_schema = "invsaga.row.v1";
  std::uint64_t index = 0;
  friend constexpr auto operator<=>(const Row&, const Row&) = default;
};

}  // namespace v0
}  // namespace invsaga
