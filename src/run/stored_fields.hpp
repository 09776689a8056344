// SPDX-License-Identifier: Apache-2.0
//
// Fields that several stored forms of a run have.
//
// error := code:u32 own:u32        code 0: none
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
  writer.u32(static_cast<std::uint32_t>(error.own));
}

inline Error decode_error(ByteReader& reader) noexcept {
  const std::uint32_t code = reader.u32();
  const auto own = static_cast<std::int32_t>(reader.u32());
  if (code > std::numeric_limits<std::uint16_t>::max()) reader.fail();
  return {static_cast<Errc>(code), own};
}

inline StepIndex decode_step(ByteReader& reader) noexcept {
  const std::uint32_t step = reader.u32();
  if (step > std::numeric_limits<StepIndex>::max()) reader.fail();
  return static_cast<StepIndex>(step);
}

}  // namespace v0
}  // namespace invsaga
