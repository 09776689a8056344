// SPDX-License-Identifier: Apache-2.0
#include "story_facts.hpp"

namespace invsaga {
inline namespace v0 {
namespace story {
namespace {

using enum HistoryAnswer;

bool undecided(const HistoryLine& line) { return line.answer == failed || line.answer == unknown; }

void set_first(const HistoryLine*& slot, const HistoryLine& line) {
  if (slot == nullptr) slot = &line;
}

void see_event(Facts& facts, const HistoryLine& line) {
  const auto [place, first] = facts.event_places.try_emplace(line.id, facts.events.size());
  if (first) facts.events.push_back({line.id, line.type, false, {}, {}});
  EventSeen& event = facts.events[place->second];
  if (line.answer == published) event.published = true;
  if (line.answer == handled) {
    event.handled.push_back(line.consumer);
    event.waiting.erase(line.consumer);
  }
  if (line.answer == parked || line.answer == dead) event.waiting.insert(line.consumer);
}

void see_call(Facts& facts, const HistoryLine& line) {
  if (line.step == "place") set_first(facts.placed, line);
  if (line.step == "cancel") set_first(facts.cancelled, line);
  if (line.step == "clear cart") set_first(facts.cleared, line);
}

void see_reserve(Facts& facts, const HistoryLine& line) {
  if (line.repeat) return;
  set_first(facts.first_hold, line);
  facts.last_hold = &line;
}

void see(Facts& facts, const HistoryLine& line) {
  switch (line.op) {
    case HistoryOp::call:
      return see_call(facts, line);
    case HistoryOp::reserve:
      return see_reserve(facts, line);
    case HistoryOp::expire:
      facts.expired = &line;
      return;
    case HistoryOp::commit:
      if (line.answer == committed) set_first(facts.sold, line);
      return;
    case HistoryOp::release:
      if (line.answer == released) set_first(facts.released, line);
      return;
    case HistoryOp::charge:
      return set_first(line.answer == charged ? facts.charged : facts.declined, line);
    case HistoryOp::refund:
      return set_first(facts.refunded, line);
    case HistoryOp::adjust:
      return set_first(facts.adjust, line);
    case HistoryOp::end:
      facts.end = &line;
      return;
    case HistoryOp::publish:
    case HistoryOp::deliver:
      return see_event(facts, line);
    default:
      return;
  }
}

}  // namespace

Facts facts_of(const std::vector<HistoryLine>& lines) {
  Facts facts;
  for (const HistoryLine& line : lines) {
    if (line.op == HistoryOp::request) {
      ++facts.requests;
      if (line.answer == fresh || facts.request == nullptr) facts.request = &line;
      continue;
    }
    if (undecided(line)) {
      if (line.op == HistoryOp::charge && line.answer == unknown) ++facts.unanswered;
      if (line.op != HistoryOp::deliver && line.op != HistoryOp::publish) facts.in_doubt = &line;
      continue;
    }
    if (facts.in_doubt != nullptr && facts.in_doubt->id == line.id) facts.in_doubt = nullptr;
    see(facts, line);
  }
  return facts;
}

}  // namespace story
}  // namespace v0
}  // namespace invsaga
