// SPDX-License-Identifier: Apache-2.0
//
// Enumerators as bytes.
#pragma once

#include <cstdint>

#include <invsaga/bytes.hpp>

namespace invsaga {
inline namespace v0 {

/// An enumerator, at most `last`.
template <class Enum>
Enum decode_enum(ByteReader& reader, Enum last) noexcept {
  const std::uint8_t value = reader.u8();
  if (value > static_cast<std::uint8_t>(last)) reader.fail();
  return static_cast<Enum>(value);
}

template <class Enum>
void encode_enum(Enum value, ByteWriter& writer) {
  writer.u8(static_cast<std::uint8_t>(value));
}

}  // namespace v0
}  // namespace invsaga
