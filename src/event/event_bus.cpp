// SPDX-License-Identifier: Apache-2.0
#include <invsaga/event_bus.hpp>

namespace invsaga {
inline namespace v0 {

std::string_view name(Handling handling) noexcept {
  switch (handling) {
    case Handling::handled:
      return "handled";
    case Handling::duplicate:
      return "duplicate";
    case Handling::parked:
      return "parked";
    case Handling::dead:
      return "dead";
  }
  return "unrecognised";
}

result<void> check_publishable(const Event& event) noexcept {
  const bool named = event.id.is_set() && event.run.is_set();
  if (!named || event.sequence == 0 || event.type.empty()) return Error{Errc::invalid_argument};
  return success();
}

}  // namespace v0
}  // namespace invsaga
