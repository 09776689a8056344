// SPDX-License-Identifier: Apache-2.0
//
// Events from outside. The bytes are read as an envelope and as the stored form; whatever is
// accepted has to come back equal from what we write of it.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/event.hpp>

namespace {

using invsaga::Bytes;
using invsaga::Event;

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_named(const Event& event) {
  return event.id.is_set() && event.run.is_set() && event.sequence != 0 && !event.type.empty() &&
         event.schema_version != 0;
}

void read_envelope(Bytes bytes, const invsaga::EventLimits& limits) {
  const auto event = invsaga::from_cloud_event(bytes, limits);
  if (!event.has_value()) return;
  const Event& value = event.assume_value();
  require(is_named(value));
  require(bytes.size() <= limits.max_bytes && value.data.size() <= bytes.size());
  require(value.type.size() <= limits.max_text && value.subject.size() <= limits.max_text);
  const std::string written = invsaga::to_cloud_event(value, "/fuzz");
  const auto again = invsaga::from_cloud_event(invsaga::as_bytes(written));
  require(again.has_value() && again.assume_value() == value);
  require(invsaga::to_cloud_event(again.assume_value(), "/fuzz") == written);
}

void read_stored(Bytes bytes) {
  const auto event = invsaga::decode<Event>(bytes);
  if (!event.has_value()) return;
  const std::vector<std::byte> written = invsaga::encode(event.assume_value());
  require(std::vector<std::byte>(bytes.begin(), bytes.end()) == written);
  // Whatever it holds, its envelope is one that a reader need not fear.
  const std::string envelope = invsaga::to_cloud_event(event.assume_value(), "/fuzz");
  (void)invsaga::from_cloud_event(invsaga::as_bytes(envelope));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes{reinterpret_cast<const std::byte*>(data), size};
  read_envelope(bytes, {});
  read_envelope(bytes, {.max_bytes = 700, .max_text = 40, .max_depth = 2});
  read_stored(bytes);
  return 0;
}
