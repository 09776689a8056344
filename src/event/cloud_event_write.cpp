// SPDX-License-Identifier: Apache-2.0
//
// The writer of the CloudEvents envelope. Its reader is cloud_event_read.cpp.

#include <cstdint>
#include <string>
#include <string_view>

#include <invsaga/event.hpp>
#include <invsaga/id_text.hpp>

#include "text/base64.hpp"
#include "text/json_text.hpp"
#include "text/rfc3339.hpp"

namespace invsaga {
inline namespace v0 {
namespace {

void put_name(std::string& out, std::string_view name) {
  if (out.size() > 1) out += ',';
  out += '"';
  out += name;
  out += "\":";
}

void put(std::string& out, std::string_view name, std::string_view value) {
  put_name(out, name);
  append_json_string(out, value);
}

void put_if_any(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) put(out, name, value);
}

/// The extension wants texts whose order is the order of the numbers: so with leading zeros.
std::string ordered_text(std::uint64_t number) {
  constexpr std::size_t width = 20;
  std::string digits = std::to_string(number);
  return std::string(width - digits.size(), '0') + digits;
}

void put_context(std::string& out, const Event& event) {
  const std::string run = to_hex(event.run);
  put(out, "partitionkey", run);
  put(out, "correlationid", run);
  if (event.causation.is_set()) put(out, "causationid", to_hex(event.causation));
  put(out, "sequence", ordered_text(event.sequence));
  put_name(out, "schemaversion");
  out += std::to_string(event.schema_version);
  put_if_any(out, "traceparent", event.traceparent);
}

}  // namespace

std::string to_cloud_event(const Event& event, std::string_view source) {
  std::string out = "{";
  put(out, "specversion", "1.0");
  put(out, "id", to_hex(event.id));
  put(out, "source", source);
  put(out, "type", event.type);
  put_if_any(out, "subject", event.subject);
  if (is_set(event.time)) put(out, "time", to_rfc3339(event.time));
  put_context(out, event);
  if (!event.data.empty()) {
    put(out, "datacontenttype", "application/octet-stream");
    put(out, "data_base64", to_base64(event.data));
  }
  out += '}';
  return out;
}

}  // namespace v0
}  // namespace invsaga
