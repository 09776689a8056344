// SPDX-License-Identifier: Apache-2.0
//
// record   := version:u8 kind:u8 owner:id step:u32 hold:u32
//             id_high:u64 id_low:u64 until:time outcome:u8 decision:u8 error output:bytes
//             count:u32 event... saga:text saga_version:u32 saga_hash:u64 key:text
//             request:id fingerprint:id claim_epoch:u64 traceparent:text end:u8 reason:text
#include <invsaga/run_record.hpp>

#include "record_places.hpp"
#include "stored_fields.hpp"

namespace invsaga {
inline namespace v0 {
namespace {

constexpr std::uint8_t record_version = 1;

result<void> decode_events(ByteReader& reader, std::vector<Event>& events) {
  const std::size_t count = reader.count(Stored<Event>::least_bytes);
  for (std::size_t i = 0; i < count; ++i) {
    INVSAGA_TRY(Event event, Stored<Event>::decode(reader));
    events.push_back(std::move(event));
  }
  return success();
}

void decode_step_fields(ByteReader& reader, RunRecord& record) {
  record.kind = decode_enum(reader, RecordKind::ended);
  record.owner = reader.id<OwnerId>();
  record.step = decode_step(reader);
  record.round = reader.u32();
  record.id_high = reader.u64();
  record.id_low = reader.u64();
  record.until = reader.time();
  record.outcome = decode_enum(reader, StepOutcome::suppressed);
  record.decision = decode_enum(reader, StockDecision::tombstoned);
  record.error = decode_error(reader);
  const Bytes output = reader.bytes();
  record.output.assign(output.begin(), output.end());
}

void decode_run_fields(ByteReader& reader, RunRecord& record) {
  record.saga.name = reader.text();
  record.saga.version = reader.u32();
  record.saga.hash = reader.u64();
  record.key = reader.text();
  record.request = reader.id<RequestKey>();
  record.fingerprint = reader.id<Fingerprint>();
  record.claim_epoch = reader.u64();
  if (record.kind == RecordKind::begun && record.claim_epoch != 0) reader.fail();
  record.traceparent = reader.text();
  record.end = decode_enum(reader, RunEnd::stuck);
  record.reason = reader.text();
}

}  // namespace

std::size_t most_encoded_bytes(const RunRecord& record) noexcept {
  constexpr std::size_t fixed = 176;  // ids, numbers and lengths: they come to less
  std::size_t size = fixed + record.output.size() + record.saga.name.size() + record.key.size() +
                     record.traceparent.size() + record.reason.size();
  for (const Event& event : record.events) size += most_encoded_bytes(event);
  return size;
}

RecordPlaces encode_placed(const RunRecord& record, ByteWriter& writer) {
  RecordPlaces places;
  writer.u8(record_version);
  encode_enum(record.kind, writer);
  writer.id(record.owner);
  writer.u32(record.step);
  writer.u32(record.round);
  writer.u64(record.id_high);
  writer.u64(record.id_low);
  writer.time(record.until);
  encode_enum(record.outcome, writer);
  encode_enum(record.decision, writer);
  encode_error(record.error, writer);
  writer.bytes(record.output);
  places.output = {writer.view().size() - record.output.size(), writer.view().size()};
  writer.u32(static_cast<std::uint32_t>(record.events.size()));
  for (const Event& event : record.events) {
    const std::size_t begin = writer.view().size();
    Stored<Event>::encode(event, writer);
    places.events.push_back({begin, writer.view().size()});
  }
  writer.text(record.saga.name);
  writer.u32(record.saga.version);
  writer.u64(record.saga.hash);
  writer.text(record.key);
  writer.id(record.request);
  writer.id(record.fingerprint);
  writer.u64(record.kind == RecordKind::begun ? 0 : record.claim_epoch);
  writer.text(record.traceparent);
  encode_enum(record.end, writer);
  writer.text(record.reason);
  return places;
}

void Stored<RunRecord>::encode(const RunRecord& record, ByteWriter& writer) {
  encode_placed(record, writer);
}

result<RunRecord> Stored<RunRecord>::decode(ByteReader& reader) {
  const std::uint8_t version = reader.u8();
  if (!reader.ok() || version == 0) return Error{Errc::corrupt};
  if (version > record_version) return Error{Errc::schema_too_new};
  RunRecord record;
  decode_step_fields(reader, record);
  INVSAGA_CHECK(decode_events(reader, record.events));
  decode_run_fields(reader, record);
  if (!reader.ok()) return Error{Errc::corrupt};
  return record;
}

}  // namespace v0
}  // namespace invsaga
