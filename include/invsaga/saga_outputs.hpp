// SPDX-License-Identifier: Apache-2.0
//
// What steps that touch the stock leave for later steps, how it is stored, and what these return
// for it.
#pragma once

#include <string_view>

#include <invsaga/operation.hpp>
#include <invsaga/owned.hpp>
#include <invsaga/stored.hpp>

namespace invsaga {
inline namespace v0 {

/// What a step that commits leaves for later steps. (`Reserved` is what one that reserves leaves.)
struct Committed {
  ReservationId id;
  friend constexpr bool operator==(const Committed&, const Committed&) = default;
};

/// A commit of the whole reservation. (`StepContext::commit`: of a part.)
inline OwnedCommit commit(const Reserved& reserved) noexcept { return {reserved.id, {}}; }
/// A release of the whole reservation.
constexpr Release release(const Reserved& reserved) noexcept { return {reserved.id}; }

template <>
struct Stored<Reserved> {
  static constexpr std::string_view schema = "invsaga.reserved.v1";
  static void encode(const Reserved& value, ByteWriter& writer) {
    writer.id(value.id);
    writer.time(value.until);
  }
  static result<Reserved> decode(ByteReader& reader) {
    Reserved value;
    value.id = reader.id<ReservationId>();
    value.until = reader.time();
    if (!reader.ok()) return Error{Errc::corrupt};
    return value;
  }
};

template <>
struct Stored<Committed> {
  static constexpr std::string_view schema = "invsaga.committed.v1";
  static void encode(const Committed& value, ByteWriter& writer) { writer.id(value.id); }
  static result<Committed> decode(ByteReader& reader) {
    const Committed value{reader.id<ReservationId>()};
    if (!reader.ok()) return Error{Errc::corrupt};
    return value;
  }
};

}  // namespace v0
}  // namespace invsaga
