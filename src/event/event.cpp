// SPDX-License-Identifier: Apache-2.0
#include <invsaga/event.hpp>

#include <invsaga/assert.hpp>
#include <invsaga/outbox.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

/// Spreads ids that were not hashed (counters, say). The finalizer of SplitMix64.
std::uint64_t mixed(RunId run) noexcept {
  std::uint64_t z = run.high ^ (run.low * 0x9E3779B97F4A7C15ull);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

}  // namespace

// The jump consistent hash (Lamping, Veach: "A fast, minimal memory, consistent hash algorithm",
// 2014) in whole numbers, so that no rounding mode can move a run: `next` is the count of
// partitions at which the key jumps to the newest one.
std::uint32_t partition_of(RunId run, std::uint32_t partitions) noexcept {
  INVSAGA_ASSERT(partitions > 0, "partition_of: partitions > 0");
  std::uint64_t key = mixed(run);
  std::uint64_t partition = 0;
  for (std::uint64_t next = 0; next < partitions;) {
    partition = next;
    key = key * 2862933555777941757ull + 1;
    next = ((partition + 1) << 31) / ((key >> 33) + 1);
  }
  return static_cast<std::uint32_t>(partition);
}

std::size_t most_encoded_bytes(const Event& event) noexcept {
  constexpr std::size_t fixed = 120;  // ids, numbers and lengths: they come to less
  return fixed + event.type.size() + event.subject.size() + event.traceparent.size() +
         event.data.size();
}

void Stored<Event>::encode(const Event& event, ByteWriter& writer) {
  writer.id(event.id);
  writer.id(event.run);
  writer.u64(event.sequence);
  writer.text(event.type);
  writer.text(event.subject);
  writer.u32(event.schema_version);
  writer.id(event.causation);
  writer.text(event.traceparent);
  writer.bytes(event.data);
}

result<Event> Stored<Event>::decode(ByteReader& reader) {
  Event event;
  event.id = reader.id<EventId>();
  event.run = reader.id<RunId>();
  event.sequence = reader.u64();
  event.type = reader.text();
  event.subject = reader.text();
  event.schema_version = reader.u32();
  event.causation = reader.id<EventId>();
  event.traceparent = reader.text();
  const Bytes data = reader.bytes();
  event.data.assign(data.begin(), data.end());
  if (!reader.ok()) return Error{Errc::corrupt};
  return event;
}

result<Event> read_event(const PendingEvent& pending) {
  INVSAGA_TRY(Event event, decode<Event>(pending.bytes));
  const bool fits = event.run == pending.run && event.sequence == pending.sequence;
  if (!fits) return Error{Errc::corrupt};
  event.time = pending.at;
  return event;
}

}  // namespace v0
}  // namespace invsaga
