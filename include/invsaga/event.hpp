// SPDX-License-Identifier: Apache-2.0
//
// What a run tells the world. One event, its envelope (CloudEvents 1.0), and its two encodings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/ids.hpp>
#include <invsaga/result.hpp>
#include <invsaga/stored.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// An event of a run. Owns what it bears. Equal ids mean the same event, however often it arrives.
struct Event {
  /// Derived from run and sequence, so that whoever recovers the run derives the same.
  EventId id{};
  RunId run{};  ///< Partition key and correlation: all events of a run are ordered by `sequence`.
  std::uint64_t sequence{};          ///< From 1, without gaps within its run.
  std::string type{};                ///< `STOCK_RESERVED`
  std::string subject{};             ///< The run's key in text, e.g. the order's number.
  std::uint32_t schema_version = 1;  ///< Of `data`; readers upcast older ones.
  EventId causation{};               ///< The event that led to this one; not set for the first.
  Time time{};                       ///< When it was decided, by the store's clock.
  std::string traceparent{};      ///< W3C trace context, empty if none. Never rewritten on the way.
  std::vector<std::byte> data{};  ///< The step's output, as its `Stored` encodes it.

  friend bool operator==(const Event&, const Event&) = default;
};

/// The partition that every event of a run goes to: a stable hash of the run id, the same in every
/// process, for ever. When the number of partitions grows, a run stays where it is or moves to one
/// of the new ones. One that moves may have earlier events waiting in its old partition: either
/// those are drained first, or consumers keep the order by its sequence
/// (`InboxOrder::consecutive`). Requires `partitions` > 0.
std::uint32_t partition_of(RunId run, std::uint32_t partitions) noexcept;

/// Most bytes of a run's key, which is the subject of its events: so a run may be begun for
/// whatever subject the decoder takes.
inline constexpr std::size_t max_subject_bytes = 1024;

/// Bounds of the decoder, held before anything is allocated.
struct EventLimits {
  /// Of the envelope as it came: room for the largest event that an outbox takes, as text.
  std::size_t max_bytes = std::size_t{2} << 20;
  /// Bytes of each of type, subject, traceparent and source, and of an attribute's name.
  std::size_t max_text = max_subject_bytes;
  unsigned max_depth = 8;  ///< Objects and arrays within each other; the envelope is the first.
};

/// The envelope as one JSON object (structured mode, `application/cloudevents+json`). `source`
/// names the sender. Always valid JSON: bytes of a text that are not UTF-8 become U+FFFD, a time
/// beyond the years 0000 to 9999 the nearest in them.
std::string to_cloud_event(const Event& event, std::string_view source);

/// Reads an envelope from bytes of a stranger. Extensions that are not known are passed over; a
/// missing or malformed attribute, a repeated one, or anything over `limits` is `corrupt` or
/// `limit_exceeded`, a `specversion` other than 1.0 is `schema_too_new`, and `data` that is JSON
/// instead of bytes (`data_base64`) is `unsupported`. What it accepts, `to_cloud_event` writes in
/// such a way that it is read as an equal event.
result<Event> from_cloud_event(Bytes bytes, const EventLimits& limits = {});

/// The binary form that logs and outboxes keep. It has no time: that is the stamp of the record
/// that decided the event, which they keep beside it.
template <>
struct Stored<Event> {
  static constexpr std::string_view schema = "invsaga.event.v1";
  /// Far below what any event takes (ids, numbers and lengths alone are more): it bounds a count.
  static constexpr std::size_t least_bytes = 40;
  static void encode(const Event& event, ByteWriter& writer);
  static result<Event> decode(ByteReader& reader);
};
/// At least as many bytes as the event takes when it is encoded, found without encoding it.
std::size_t most_encoded_bytes(const Event& event) noexcept;

}  // namespace v0
}  // namespace invsaga
