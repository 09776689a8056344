// SPDX-License-Identifier: Apache-2.0
//
// outcome := run:id end:u8 reason:text step:u32 decision:u8 error shorts_at:u64
#include <invsaga/run_outcome.hpp>

#include "stored_fields.hpp"

namespace invsaga {
inline namespace v0 {

bool RunOutcome::may_be_asked_anew() const noexcept {
  if (end != RunEnd::compensated || decision == StockDecision::refused) return false;
  return error.code == Errc{} || remedy_of(error.code) != Remedy::give_up;
}

void Stored<RunOutcome>::encode(const RunOutcome& value, ByteWriter& writer) {
  writer.id(value.run);
  encode_enum(value.end, writer);
  writer.text(value.reason);
  writer.u32(value.step);
  encode_enum(value.decision, writer);
  encode_error(value.error, writer);
  writer.u64(value.shorts_at);
}

result<RunOutcome> Stored<RunOutcome>::decode(ByteReader& reader) {
  RunOutcome value;
  value.run = reader.id<RunId>();
  value.end = decode_enum(reader, RunEnd::stuck);
  value.reason = std::string(reader.text());
  value.step = decode_step(reader);
  value.decision = decode_enum(reader, StockDecision::tombstoned);
  value.error = decode_error(reader);
  value.shorts_at = reader.u64();
  if (!reader.ok()) return Error{Errc::corrupt};
  return value;
}

}  // namespace v0
}  // namespace invsaga
