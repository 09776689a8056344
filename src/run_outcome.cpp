// SPDX-License-Identifier: Apache-2.0
//
// outcome := run:id end:u8 reason:text step:u32 decision:u8 code:u32 own:u32 details:bytes
// details := count:u32 (row:u32 asked:i64 available:i64)...
#include <invsaga/saga_machine.hpp>

namespace invsaga {
inline namespace v0 {

void Stored<RunOutcome>::encode(const RunOutcome& value, ByteWriter& writer) {
  writer.id(value.run);
  writer.u8(static_cast<std::uint8_t>(value.end));
  writer.text(value.reason);
  writer.u32(value.step);
  writer.u8(static_cast<std::uint8_t>(value.decision));
  writer.u32(static_cast<std::uint32_t>(value.error.code));
  writer.u32(static_cast<std::uint32_t>(value.error.own));
  writer.bytes(value.details);
}

result<RunOutcome> Stored<RunOutcome>::decode(ByteReader& reader) {
  RunOutcome value;
  value.run = reader.id<RunId>();
  const std::uint8_t end = reader.u8();
  value.reason = std::string(reader.text());
  const std::uint32_t step = reader.u32();
  const std::uint8_t decision = reader.u8();
  value.error.code = static_cast<Errc>(reader.u32());
  value.error.own = static_cast<std::int32_t>(reader.u32());
  const Bytes details = reader.bytes();
  value.details.assign(details.begin(), details.end());
  const bool possible = end <= static_cast<std::uint8_t>(RunEnd::stuck) && step < 0x10000 &&
                        decision <= static_cast<std::uint8_t>(StockDecision::tombstoned);
  if (!reader.ok() || !possible) return Error{Errc::corrupt};
  value.end = static_cast<RunEnd>(end);
  value.step = static_cast<StepIndex>(step);
  value.decision = static_cast<StockDecision>(decision);
  return value;
}

std::vector<ShortLine> short_lines(Bytes details) {
  ByteReader reader(details);
  std::vector<ShortLine> lines(reader.count(20));
  for (ShortLine& line : lines) {
    line.row.index = reader.u32();
    line.asked = reader.i64();
    line.available = reader.i64();
  }
  if (!reader.at_end()) lines.clear();
  return lines;
}

}  // namespace v0
}  // namespace invsaga
