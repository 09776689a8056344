// SPDX-License-Identifier: Apache-2.0
//
// What a story is told from: the lines of one invoice, and what they add up to.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/history/story.hpp>

namespace invsaga {
inline namespace v0 {
namespace story {

/// One event of the order and how often it was handled.
struct EventSeen {
  std::string id, type;
  bool published = false;
  std::vector<std::string> handled;  ///< By whom.
  std::set<std::string> waiting;     ///< Parked or given up by whom.
};

/// The lines point into the teller's storage.
struct Facts {
  const HistoryLine* request = nullptr;  ///< The one that was fresh.
  std::size_t requests = 0;
  const HistoryLine* placed = nullptr;
  const HistoryLine* cancelled = nullptr;
  const HistoryLine* cleared = nullptr;
  const HistoryLine* first_hold = nullptr;  ///< Its reserve, answered for the first time.
  const HistoryLine* last_hold = nullptr;   ///< The last one reserved anew, or the first.
  const HistoryLine* expired = nullptr;
  const HistoryLine* sold = nullptr;
  const HistoryLine* released = nullptr;
  const HistoryLine* charged = nullptr;
  const HistoryLine* declined = nullptr;
  const HistoryLine* refunded = nullptr;
  std::size_t unanswered = 0;             ///< Charges that got no answer.
  const HistoryLine* in_doubt = nullptr;  ///< The last line that failed or is unknown, unresolved.
  const HistoryLine* adjust = nullptr;
  const HistoryLine* end = nullptr;
  std::vector<EventSeen> events;
  std::map<std::string_view, std::size_t> event_places;  ///< In `events`, by id.
};

Facts facts_of(const std::vector<HistoryLine>& lines);

/// `40 units of 7 products`.
std::string amount_of(const HistoryUnits& lines);
/// `85123A (6 asked for, 2 left), ... and 4 more`.
std::string shorts_of(const HistoryUnits& shorts, std::string_view asked, std::string_view left);
/// One thing that happened, in words.
std::string moment_of(const HistoryLine& line);

std::vector<Story::Part> parts_of(const Facts& facts);

}  // namespace story
}  // namespace v0
}  // namespace invsaga
