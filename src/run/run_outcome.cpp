// SPDX-License-Identifier: Apache-2.0
//
// outcome := run:id end:u8 reason:text step:u32 decision:u8 error details:bytes
// details := count:u32 (row:u32 asked:i64 available:i64)...
#include <invsaga/run_outcome.hpp>

#include <utility>

#include "stored_fields.hpp"

namespace invsaga {
inline namespace v0 {
namespace {

constexpr std::size_t short_line_bytes = 20;  // a row, and what was asked and available

/// All short lines that the lent storage holds; the first one at least.
std::vector<std::byte> bytes_of(const Shortage& shortage) {
  ByteWriter writer;
  const std::span<const ShortLine> lines = shortage.lines.empty()
                                               ? std::span<const ShortLine>(&shortage.first, 1)
                                               : shortage.lines;
  writer.u32(static_cast<std::uint32_t>(lines.size()));
  for (const ShortLine& line : lines) {
    writer.u32(line.row.index);
    writer.i64(line.asked);
    writer.i64(line.available);
  }
  return std::move(writer).take();
}

}  // namespace

void Stored<RunOutcome>::encode(const RunOutcome& value, ByteWriter& writer) {
  writer.id(value.run);
  encode_enum(value.end, writer);
  writer.text(value.reason);
  writer.u32(value.step);
  encode_enum(value.decision, writer);
  encode_error(value.error, writer);
  writer.bytes(value.details);
}

result<RunOutcome> Stored<RunOutcome>::decode(ByteReader& reader) {
  RunOutcome value;
  value.run = reader.id<RunId>();
  value.end = decode_enum(reader, RunEnd::stuck);
  value.reason = std::string(reader.text());
  value.step = decode_step(reader);
  value.decision = decode_enum(reader, StockDecision::tombstoned);
  value.error = decode_error(reader);
  const Bytes details = reader.bytes();
  value.details.assign(details.begin(), details.end());
  if (!reader.ok()) return Error{Errc::corrupt};
  return value;
}

std::vector<ShortLine> short_lines(Bytes details) {
  ByteReader reader(details);
  std::vector<ShortLine> lines(reader.count(short_line_bytes));
  for (ShortLine& line : lines) {
    line.row.index = reader.u32();
    line.asked = reader.i64();
    line.available = reader.i64();
  }
  if (!reader.at_end()) lines.clear();
  return lines;
}

namespace detail {

std::size_t most_shortage_bytes(std::size_t lent) noexcept {
  return sizeof(std::uint32_t) + (lent == 0 ? 1 : lent) * short_line_bytes;
}

void keep_shortage(const Answer& answer, RunRecord& record) {
  const auto keep = [&](const auto& one) {
    if constexpr (std::is_base_of_v<Shortage, std::remove_cvref_t<decltype(one)>>)
      record.output = bytes_of(one);
  };
  if (const auto* reserve = std::get_if<ReserveAnswer>(&answer)) std::visit(keep, *reserve);
  if (const auto* adjust = std::get_if<AdjustAnswer>(&answer)) std::visit(keep, *adjust);
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
