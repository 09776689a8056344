// SPDX-License-Identifier: Apache-2.0
//
// The words of a story: amounts, times, what happened in each place.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "story_facts.hpp"
#include "text/json_text.hpp"

namespace invsaga {
inline namespace v0 {
namespace story {
namespace {

using enum HistoryAnswer;

constexpr std::int64_t most_shown = std::int64_t{1} << 60;

std::string count_of(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string call_moment(const HistoryLine& line) {
  const std::string_view what = line.step == "place"    ? "the order is placed with the shop"
                                : line.step == "cancel" ? "the order is cancelled with the shop"
                                                        : "the cart is cleared";
  return line.answer == done
             ? std::string(what)
             : fmt::format("{}: {}", what,
                           line.answer == failed ? "it did not work" : "no answer came");
}

std::string reserve_moment(const HistoryLine& line) {
  if (line.answer == reserved) {
    return fmt::format("{} set aside until {}", amount_of(line.lines), clock_text(line.until));
  }
  if (line.answer == out_of_stock) {
    return "out of stock: " + shorts_of(line.shorts, "asked for", "left");
  }
  return fmt::format("setting {} aside: {}", amount_of(line.lines), name(line.answer));
}

std::string request_moment(const HistoryLine& line) {
  const std::string what = fmt::format("request {} for {} at {}", plain_text(line.id),
                                       count_of(static_cast<std::size_t>(line.units), "unit"),
                                       plain_text(line.amount));
  switch (line.answer) {
    case fresh:
      return what + " arrives";
    case in_progress:
      return what + " arrives again: the first one is under way";
    case completed:
      return what + " arrives again: it gets the stored answer";
    default:
      return fmt::format("{}: {}", what, name(line.answer));
  }
}

std::string stock_part(const Facts& facts) {
  if (facts.first_hold == nullptr) return "nothing was set aside";
  std::string text = reserve_moment(*facts.first_hold);
  if (facts.expired != nullptr)
    text += fmt::format("; the time ran out at {}", clock_text(facts.expired->at));
  if (facts.last_hold != facts.first_hold) text += "; then " + reserve_moment(*facts.last_hold);
  if (facts.sold != nullptr) text += fmt::format("; sold at {}", clock_text(facts.sold->at));
  if (facts.released != nullptr)
    text += fmt::format("; given back at {}", clock_text(facts.released->at));
  return text;
}

std::string payment_part(const Facts& facts) {
  std::string text;
  if (facts.unanswered > 0)
    text = count_of(facts.unanswered, "sending") + " got no answer in time; ";
  const auto put = [&](const HistoryLine* line, std::string_view what) {
    if (line != nullptr)
      text += fmt::format("{} {} at {}; ", plain_text(line->amount), what, clock_text(line->at));
  };
  put(facts.charged, "charged");
  put(facts.declined, "declined");
  put(facts.refunded, "refunded");
  if (text.empty()) return "nothing was charged";
  text.resize(text.size() - 2);
  return text;
}

std::string order_part(const Facts& facts) {
  std::string text = facts.placed == nullptr ? "not placed with the shop"
                                             : "placed at " + clock_text(facts.placed->at);
  if (facts.cancelled != nullptr) text += "; cancelled at " + clock_text(facts.cancelled->at);
  if (facts.cleared != nullptr) text += "; cart cleared at " + clock_text(facts.cleared->at);
  return text;
}

template <class Names>
std::string names_of(const Names& names) {
  std::vector<std::string> words;
  for (const std::string& name : names) words.push_back(plain_text(name));
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string event_text(const EventSeen& event) {
  std::string text = plain_text(event.type) + (event.published ? "" : " (not published)");
  if (!event.handled.empty()) text += " received by " + names_of(event.handled);
  if (!event.waiting.empty()) text += " waiting at " + names_of(event.waiting);
  return text;
}

std::string events_part(const Facts& facts) {
  std::vector<std::string> texts;
  for (const EventSeen& event : facts.events) texts.push_back(event_text(event));
  return texts.empty() ? "none" : fmt::format("{}", fmt::join(texts, "; "));
}

std::string request_part(const Facts& facts) {
  if (facts.request == nullptr) return "none";
  std::string text = fmt::format("{} for {} at {}", plain_text(facts.request->id),
                                 count_of(static_cast<std::size_t>(facts.request->units), "unit"),
                                 plain_text(facts.request->amount));
  text += ", came at " + clock_text(facts.request->at);
  if (facts.requests > 1) text += fmt::format("; arrived {} times, done once", facts.requests);
  return text;
}

}  // namespace

std::string amount_of(const HistoryUnits& lines) {
  std::int64_t units = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::int64_t size = std::abs(std::clamp(lines[i].units(), -most_shown, most_shown));
    units = std::min(units + size, most_shown);
  }
  return fmt::format("{} of {}", count_of(static_cast<std::size_t>(units), "unit"),
                     count_of(lines.size(), "product"));
}

std::string shorts_of(const HistoryUnits& shorts, std::string_view asked, std::string_view left) {
  constexpr std::size_t most = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, shorts.size()); ++i) {
    const auto entry = shorts[i];
    text += fmt::format("{}{} ({} {}, {} {})", i == 0 ? "" : ", ", plain_text(entry.sku),
                        entry.values[0], asked, entry.values[1], left);
  }
  if (shorts.size() > most) text += fmt::format(" and {} more", shorts.size() - most);
  return text;
}

std::string moment_of(const HistoryLine& line) {
  std::string text;
  switch (line.op) {
    case HistoryOp::request:
      text = request_moment(line);
      break;
    case HistoryOp::call:
      text = call_moment(line);
      break;
    case HistoryOp::reserve:
      text = reserve_moment(line);
      break;
    case HistoryOp::commit:
      text = fmt::format("selling what is set aside: {}", name(line.answer));
      break;
    case HistoryOp::release:
      text = fmt::format("giving the stock back: {}", name(line.answer));
      break;
    case HistoryOp::extend:
      text = fmt::format("asking for time until {}: {}", clock_text(line.until), name(line.answer));
      break;
    case HistoryOp::expire:
      text = "the time of what was set aside is over";
      break;
    case HistoryOp::adjust:
      text = fmt::format("{} of {}: {}", plain_text(line.reason), amount_of(line.lines),
                         name(line.answer));
      break;
    case HistoryOp::charge:
    case HistoryOp::refund:
      text = fmt::format("{} of {}: {}", name(line.op), plain_text(line.amount), name(line.answer));
      break;
    case HistoryOp::publish:
      text = fmt::format("event {} {}: {}", line.sequence, plain_text(line.type),
                         name(line.answer));
      break;
    case HistoryOp::deliver:
      text = fmt::format("event {} {} reaches {}: {}", line.sequence, plain_text(line.type),
                         plain_text(line.consumer), name(line.answer));
      break;
    case HistoryOp::end:
      text = fmt::format("the order ends {}{}{}", plain_text(line.outcome),
                         line.reason.empty() ? "" : ": ",
                         line.reason.empty() ? "" : plain_text(line.reason));
      break;
    case HistoryOp::stock:
      text = "the stock is counted";
      break;
  }
  if (line.repeat) text += " (asked again, nothing changed)";
  if (line.lost) text += " (the answer was lost on the way)";
  return text;
}

std::vector<Story::Part> parts_of(const Facts& facts) {
  return {{"request", request_part(facts)},
          {"order", order_part(facts)},
          {"stock", stock_part(facts)},
          {"payment", payment_part(facts)},
          {"events", events_part(facts)}};
}

}  // namespace story
}  // namespace v0
}  // namespace invsaga
