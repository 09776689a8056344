// SPDX-License-Identifier: Apache-2.0
#include <invsaga/error.hpp>

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <iterator>

#include <invsaga/capabilities.hpp>

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
    case Errc::clock_not_set:
      return "clock_not_set";
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

std::string_view name(WritePart part) noexcept {
  constexpr std::array<std::string_view, 7> words{"none", "position", "claim",    "head",
                                                  "tail", "event",    "operation"};
  const auto index = static_cast<std::size_t>(part);
  return index < words.size() ? words[index] : "unrecognised";
}

std::string_view name(Limit limit) noexcept {
  constexpr std::array<std::string_view, 21> words{
      "none",         "lines",      "units",   "rows",         "lifetime",  "ids",    "requests",
      "answer_bytes", "runs",       "records", "record_bytes", "log_bytes", "events", "event_bytes",
      "attributes",   "text_bytes", "depth",   "deliveries",   "consumers", "memory", "waiters"};
  const auto index = static_cast<std::size_t>(limit);
  return index < words.size() ? words[index] : "unrecognised";
}

std::string to_string(const Error& error) {
  std::string text(name(error.code));
  const auto out = std::back_inserter(text);
  if (error.part != WritePart::none) fmt::format_to(out, " by the {}", name(error.part));
  if (error.limit != Limit::none) {
    const bool full = error.code == Errc::resource_exhausted;
    fmt::format_to(out, ": {}{} {}, {} allowed", error.asked, full ? " more" : "",
                   name(error.limit), error.allowed);
  }
  if (error.code == Errc::unsupported && error.asked != 0) {
    fmt::format_to(out, ": {}", capability_names(error.asked));
  }
  if (error.own != 0) fmt::format_to(out, " {}", error.own);
  return text;
}

}  // namespace v0
}  // namespace invsaga
