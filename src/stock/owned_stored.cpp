// SPDX-License-Identifier: Apache-2.0
//
// operation := version:u8 kind:u8 id [until:time] [reason:u8] [count:u32 (row:u64 units:i64)...]
//              kind: the alternative of Operation; in brackets what that kind has
// answer    := version:u8 kind:u8 word:u8 [reserved: id until:time] [refusal: shortage]
//              kind: the alternative of Answer; word: that of the alternative, or its enumerator
// shortage  := count:u32 shown:u32 (row:u64 asked:i64 available:i64)...
//              as many as are shown, but one at least if `count` is above 0
#include <algorithm>
#include <utility>
#include <variant>

#include <invsaga/owned.hpp>

#include "stored_enum.hpp"

namespace invsaga {
inline namespace v0 {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::size_t line_bytes = 16;

result<void> decode_version(ByteReader& reader) noexcept {
  const std::uint8_t found = reader.u8();
  if (!reader.ok() || found == 0) return Error{Errc::corrupt};
  if (found > version) return Error{Errc::schema_too_new};
  return success();
}

/// The alternative number `index` of a variant, of defaults; the first if there is none such.
template <class Variant, std::size_t I = 0>
Variant alternative(std::size_t index) {
  if constexpr (I + 1 < std::variant_size_v<Variant>) {
    if (index != I) return alternative<Variant, I + 1>(index);
  }
  return Variant(std::in_place_index<I>);
}

template <class Variant>
Variant decode_alternative(ByteReader& reader) {
  const std::size_t index = reader.u8();
  if (index >= std::variant_size_v<Variant>) reader.fail();
  return alternative<Variant>(index);
}

// --- operations

void encode_lines(std::span<const Line> lines, ByteWriter& writer) {
  writer.u32(static_cast<std::uint32_t>(lines.size()));
  for (const Line& line : lines) {
    writer.u64(line.row.index);
    writer.i64(line.quantity);
  }
}

std::vector<Line> decode_lines(ByteReader& reader) {
  const std::size_t count = reader.count(line_bytes);
  if (count > max_lines) reader.fail();
  std::vector<Line> lines(reader.ok() ? count : 0);
  for (Line& line : lines) {
    line.row = Row{reader.u64()};
    line.quantity = reader.i64();
  }
  return lines;
}

// --- answers

void encode_part(const Shortage& shortage, ByteWriter& writer) {
  const bool first_alone = shortage.lines.empty() && shortage.count > 0;
  writer.u32(static_cast<std::uint32_t>(shortage.count));
  writer.u32(static_cast<std::uint32_t>(shortage.lines.size()));
  for (const ShortLine& line : first_alone ? std::span(&shortage.first, 1) : shortage.lines) {
    writer.u64(line.row.index);
    writer.i64(line.asked);
    writer.i64(line.available);
  }
}
void encode_part(const Reserved& reserved, ByteWriter& writer) {
  writer.id(reserved.id);
  writer.time(reserved.until);
}
template <class Part>
void encode_part(const Part&, ByteWriter&)
  requires std::is_empty_v<Part>
{}

template <class Parts>
void encode_answer(const Parts& answer, ByteWriter& writer) {
  if constexpr (requires { answer.index(); }) {
    writer.u8(static_cast<std::uint8_t>(answer.index()));
    std::visit([&](const auto& part) { encode_part(part, writer); }, answer);
  } else {
    encode_enum(answer, writer);
  }
}

/// `lines` gets what the shortage shows.
void decode_part(Shortage& shortage, ByteReader& reader, std::vector<ShortLine>& lines) {
  shortage.count = reader.u32();
  const std::size_t shown = reader.u32();
  if (shown > shortage.count || shortage.count > max_lines) reader.fail();
  const std::size_t there = reader.ok() ? std::max<std::size_t>(shown, shortage.count > 0) : 0;
  for (std::size_t i = 0; i < there && reader.ok(); ++i) {
    ShortLine line;
    line.row = Row{reader.u64()};
    line.asked = reader.i64();
    line.available = reader.i64();
    lines.push_back(line);
  }
  if (!lines.empty()) shortage.first = lines.front();
  lines.resize(reader.ok() ? shown : 0);
  shortage.lines = lines;
}
void decode_part(Reserved& reserved, ByteReader& reader, std::vector<ShortLine>&) {
  reserved.id = reader.id<ReservationId>();
  reserved.until = reader.time();
}
template <class Part>
void decode_part(Part&, ByteReader&, std::vector<ShortLine>&)
  requires std::is_empty_v<Part>
{}

template <class Parts>
void decode_answer(Parts& answer, ByteReader& reader, std::vector<ShortLine>& lines) {
  answer = decode_alternative<Parts>(reader);
  std::visit([&](auto& part) { decode_part(part, reader, lines); }, answer);
}
void decode_answer(CommitAnswer& answer, ByteReader& reader, std::vector<ShortLine>&) {
  answer = decode_enum(reader, CommitAnswer::not_found);
}
void decode_answer(ReleaseAnswer& answer, ByteReader& reader, std::vector<ShortLine>&) {
  answer = decode_enum(reader, ReleaseAnswer::tombstoned);
}
void decode_answer(ExtendAnswer& answer, ByteReader& reader, std::vector<ShortLine>&) {
  answer = decode_enum(reader, ExtendAnswer::not_found);
}

}  // namespace

void Stored<OwnedOperation>::encode(const OwnedOperation& operation, ByteWriter& writer) {
  const Operation viewed = operation.view();
  writer.u8(version);
  writer.u8(static_cast<std::uint8_t>(viewed.index()));
  std::visit(
      [&](const auto& typed) {
        writer.id(typed.id);
        if constexpr (requires { typed.until; }) writer.time(typed.until);
        if constexpr (requires { typed.reason; }) {
          encode_enum(typed.reason, writer);
        }
        if constexpr (requires { typed.lines; }) encode_lines(typed.lines, writer);
      },
      viewed);
}

result<OwnedOperation> Stored<OwnedOperation>::decode(ByteReader& reader) {
  INVSAGA_CHECK(decode_version(reader));
  auto operation = decode_alternative<Operation>(reader);
  std::vector<Line> lines;
  std::visit(
      [&](auto& typed) {
        typed.id = reader.id<std::remove_cvref_t<decltype(typed.id)>>();
        if constexpr (requires { typed.until; }) typed.until = reader.time();
        if constexpr (requires { typed.reason; }) {
          typed.reason = decode_enum(reader, AdjustReason::write_off);
        }
        if constexpr (requires { typed.lines; }) {
          lines = decode_lines(reader);
          typed.lines = lines;
        }
      },
      operation);
  if (!reader.ok()) return Error{Errc::corrupt};
  return OwnedOperation(operation);
}

void Stored<OwnedAnswer>::encode(const OwnedAnswer& answer, ByteWriter& writer) {
  const Answer viewed = answer.view();
  writer.u8(version);
  writer.u8(static_cast<std::uint8_t>(viewed.index()));
  std::visit([&](const auto& own) { encode_answer(own, writer); }, viewed);
}

result<OwnedAnswer> Stored<OwnedAnswer>::decode(ByteReader& reader) {
  INVSAGA_CHECK(decode_version(reader));
  auto answer = decode_alternative<Answer>(reader);
  std::vector<ShortLine> lines;
  std::visit([&](auto& own) { decode_answer(own, reader, lines); }, answer);
  if (!reader.ok()) return Error{Errc::corrupt};
  return OwnedAnswer(answer);
}

}  // namespace v0
}  // namespace invsaga
