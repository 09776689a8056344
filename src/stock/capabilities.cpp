// SPDX-License-Identifier: Apache-2.0
#include <invsaga/capabilities.hpp>

namespace invsaga {
inline namespace v0 {

std::string lacking(const Capabilities& has, const Capabilities& needs) {
  std::string words;
  const auto note = [&](bool there, bool needed, const char* word) {
    if (there || !needed) return;
    if (!words.empty()) words += ", ";
    words += word;
  };
  note(has.linearizable, needs.linearizable, "linearizable");
  note(has.durable_on_ack, needs.durable_on_ack, "durable_on_ack");
  note(has.multi_row_atomic, needs.multi_row_atomic, "multi_row_atomic");
  note(has.atomic_effects, needs.atomic_effects, "atomic_effects");
  note(has.own_clock, needs.own_clock, "own_clock");
  return words;
}

}  // namespace v0
}  // namespace invsaga
