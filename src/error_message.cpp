// SPDX-License-Identifier: Apache-2.0
//
// Errors in sentences, for people.
#include <fmt/format.h>

#include <array>
#include <cstddef>

#include <invsaga/capabilities.hpp>
#include <invsaga/error.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

struct Words {
  std::string_view happened, to_do;
};

/// Limits, capabilities, parts and own codes come on top of these.
Words words_of(Errc code) noexcept {
  constexpr std::string_view later = "try the same again later";
  constexpr std::string_view in_doubt = "ask again with the same id, never under a new one";
  switch (code) {
    case Errc::invalid_argument:
      return {"what was given is not valid, or does not fit what is there",
              "correct it, for it is never taken"};
    case Errc::limit_exceeded:
      return {"more was asked for than is ever allowed",
              "ask for less, or raise the limit if it is an option"};
    case Errc::unsupported:
      return {"it is not supported here", "take what supports it, or do without"};
    case Errc::corrupt:
      return {"bytes were read that do not decode, and nothing of them was used",
              "look for what wrote or damaged them"};
    case Errc::refused:
      return {"it was refused", "take that as the answer, for the same is refused again"};
    case Errc::moved_on:
      return {"the run has moved on since it was read", "read it again and decide anew"};
    case Errc::unknown_definition:
      return {"the definition that the run was begun with is not registered here, or was changed",
              "register that one, beside its successor"};
    case Errc::not_found:
      return {"nothing of that id is known", "look at the id, and where it comes from"};
    case Errc::too_late:
      return {"it comes too late, for what it is about is decided",
              "let that stand, and ask anew for what is to be changed"};
    case Errc::schema_too_new:
      return {"it was written by a newer version than this one knows", "update this process"};
    case Errc::clock_not_set:
      return {"the store's clock was never set", "give it a keeper, or tell it the time"};
    case Errc::unavailable:
      return {"the other side could not be reached, and nothing was done", later};
    case Errc::resource_exhausted:
      return {"a bound is reached, and nothing was done", later};
    case Errc::busy:
      return {"somebody is still at it, and nothing was done", later};
    case Errc::timed_out:
      return {"no answer came in time, so it may have happened", in_doubt};
    case Errc::reply_lost:
      return {"the reply was lost, so it may have happened", in_doubt};
    case Errc::step_threw:
      return {"the step ended by an exception, so it may have happened", in_doubt};
  }
  constexpr std::string_view unknown = "it failed in a way that this version does not know";
  switch (remedy_of(code)) {
    case Remedy::give_up:
      return {unknown, "do not repeat it"};
    case Remedy::retry:
      return {unknown, later};
    case Remedy::ask_again:
      break;
  }
  return {unknown, in_doubt};
}

std::string_view words_of(WritePart part) noexcept {
  constexpr std::array<std::string_view, 7> words{"",
                                                  "its position",
                                                  "the claim on its request",
                                                  "the records that it begins with",
                                                  "the records of a decision",
                                                  "an event of its records",
                                                  "its operation on the stock"};
  const auto index = static_cast<std::size_t>(part);
  return index < words.size() ? words[index] : "a part that this version does not know";
}

/// What a limit counts: `4096 lines in one operation`.
struct Counted {
  std::string_view one, many, where;
};
Counted words_of(Limit limit) noexcept {
  constexpr std::array<Counted, 21> words{{{"", "", ""},
                                           {"line", "lines", "in one operation"},
                                           {"unit", "units", "of one row"},
                                           {"row", "rows", "in a store or catalog"},
                                           {"ms", "ms", "of lifetime"},
                                           {"id", "ids", "of holds and adjusts"},
                                           {"request or event", "requests or events", "remembered"},
                                           {"byte", "bytes", "in one stored answer"},
                                           {"run", "runs", "kept or under way"},
                                           {"record", "records", "of one run"},
                                           {"byte", "bytes", "in one record"},
                                           {"byte", "bytes", "of records in a log"},
                                           {"event", "events", "pending"},
                                           {"byte", "bytes", "in one event"},
                                           {"attribute", "attributes", "of one event"},
                                           {"byte", "bytes", "in one text"},
                                           {"level", "levels", "of nested JSON"},
                                           {"event", "events", "on their way to consumers"},
                                           {"consumer", "consumers", "of a bus"},
                                           {"", "", ""},
                                           {"waiter", "waiters", "for runs, or for a stop"}}};
  const auto index = static_cast<std::size_t>(limit);
  return index < words.size() ? words[index] : Counted{};
}

/// Empty of a limit that has no numbers, and of one that this version does not know.
std::string limit_text(const Error& error) {
  const Counted counted = words_of(error.limit);
  if (counted.one.empty() || (error.asked == 0 && error.allowed == 0)) return "";
  const bool one = error.asked == 1;
  const std::string what = fmt::format("{} {}", one ? counted.one : counted.many, counted.where);
  if (error.code == Errc::resource_exhausted) {
    return fmt::format("there is no room for {} more {}, with {} allowed in all", error.asked, what,
                       error.allowed);
  }
  if (error.code != Errc::limit_exceeded) return "";
  return fmt::format("{} {} {} asked for, and {} allowed", error.asked, what, one ? "was" : "were",
                     error.allowed == 1 ? "1 is" : fmt::format("{} are", error.allowed));
}

std::string plainly(const Error& error) {
  if (error.code == Errc::resource_exhausted && error.limit == Limit::memory) {
    return "memory has run out, and nothing was done";
  }
  const std::string of_limit = limit_text(error);
  if (!of_limit.empty()) return of_limit;
  if (error.code == Errc::unsupported && error.asked != 0) {
    return "the backend lacks " + capability_names(error.asked);
  }
  return std::string(words_of(error.code).happened);
}

}  // namespace

std::string what_happened(const Error& error) {
  if (error.code == Errc{}) return "nothing went wrong";
  std::string text = plainly(error);
  if (error.part != WritePart::none) text += fmt::format(" (of a write: {})", words_of(error.part));
  if (error.own != 0) text += fmt::format(" (code {})", error.own);
  return text;
}

std::string message(const Error& error) {
  std::string text = what_happened(error);
  if ('a' <= text.front() && text.front() <= 'z') text.front() -= 'a' - 'A';
  if (error.code == Errc{}) return text + ".";
  return fmt::format("{}; {}.", text, words_of(error.code).to_do);
}

}  // namespace v0
}  // namespace invsaga
