// SPDX-License-Identifier: Apache-2.0
#include <invsaga/result.hpp>

namespace invsaga {
inline namespace v0 {

std::string_view name(Errc code) noexcept {
  switch (code) {
    case Errc::invalid_argument:
      return "invalid_argument";
    case Errc::limit_exceeded:
      return "limit_exceeded";
    case Errc::unsupported:
      return "unsupported";
    case Errc::corrupt:
      return "corrupt";
    case Errc::refused:
      return "refused";
    case Errc::moved_on:
      return "moved_on";
    case Errc::unknown_definition:
      return "unknown_definition";
    case Errc::not_found:
      return "not_found";
    case Errc::too_late:
      return "too_late";
    case Errc::schema_too_new:
      return "schema_too_new";
    case Errc::unavailable:
      return "unavailable";
    case Errc::resource_exhausted:
      return "resource_exhausted";
    case Errc::busy:
      return "busy";
    case Errc::timed_out:
      return "timed_out";
    case Errc::reply_lost:
      return "reply_lost";
    case Errc::step_threw:
      return "step_threw";
  }
  return "unrecognised";
}

std::string_view name(Remedy remedy) noexcept {
  switch (remedy) {
    case Remedy::give_up:
      return "give_up";
    case Remedy::retry:
      return "retry";
    case Remedy::ask_again:
      return "ask_again";
  }
  return "unrecognised";
}

}  // namespace v0
}  // namespace invsaga
