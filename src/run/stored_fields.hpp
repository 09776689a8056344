// SPDX-License-Identifier: Apache-2.0
//
// Fields that several stored forms of a run have.
//
// error := code:u32                                    0: none, and nothing more
//          own:u32 part:u8 limit:u8 asked:u64 allowed:u64
#pragma once

#include <cstdint>
#include <limits>

#include <invsaga/bytes.hpp>
#include <invsaga/result.hpp>
#include <invsaga/run_record.hpp>

#include "stored_enum.hpp"

namespace invsaga {
inline namespace v0 {

inline void encode_error(const Error& error, ByteWriter& writer) {
  writer.u32(static_cast<std::uint32_t>(error.code));
  if (error.code == Errc{}) return;
  writer.u32(static_cast<std::uint32_t>(error.own));
  encode_enum(error.part, writer);
  encode_enum(error.limit, writer);
  writer.u64(error.asked);
  writer.u64(error.allowed);
}

inline Error decode_error(ByteReader& reader) noexcept {
  const std::uint32_t code = reader.u32();
  if (code > std::numeric_limits<std::uint16_t>::max()) reader.fail();
  if (code == 0) return {};
  Error error{static_cast<Errc>(code)};
  error.own = static_cast<std::int32_t>(reader.u32());
  error.part = decode_enum(reader, WritePart::operation);
  error.limit = static_cast<Limit>(reader.u8());  // a newer writer may know more of them
  error.asked = reader.u64();
  error.allowed = reader.u64();
  return error;
}

inline StepIndex decode_step(ByteReader& reader) noexcept {
  const std::uint32_t step = reader.u32();
  if (step > std::numeric_limits<StepIndex>::max()) reader.fail();
  return static_cast<StepIndex>(step);
}

}  // namespace v0
}  // namespace invsaga
