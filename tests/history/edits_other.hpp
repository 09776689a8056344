// SPDX-License-Identifier: Apache-2.0
//
// Edits of a run by which something is other than it was, or stands elsewhere.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "edits_missing.hpp"

namespace histories {
namespace edits {

// --- what is other than it was

inline bool part_sold(Run& run) {
  Line* const commit = run.first(O::commit, A::committed);
  if (commit == nullptr || commit->lines[0].units() < 2) return false;
  invsaga::HistoryUnits sold, back;
  for (std::size_t i = 0; i < commit->lines.size(); ++i) {
    const auto entry = commit->lines[i];
    sold.add(entry.sku, i == 0 ? 1 : entry.units());
    if (i == 0) back.add(entry.sku, entry.units() - 1);
  }
  const std::string id = commit->id;
  for (Line* line : run.all([&](const Line& l) { return l.op == O::commit && l.id == id; })) {
    if (line->lines.empty()) continue;
    line->lines = sold;
    line->back = back;
  }
  return true;
}
/// Its holds are of other units than it asked for.
inline bool more_held(Run& run) {
  const Line* const reserve = run.first(O::reserve, A::reserved);
  if (reserve == nullptr) return false;
  invsaga::HistoryUnits more = reserve->lines;
  more.clear();
  for (std::size_t i = 0; i < reserve->lines.size(); ++i) {
    const auto entry = reserve->lines[i];
    more.add(std::string(entry.sku), entry.units() + (i == 0 ? 1 : 0));
  }
  std::set<std::string> ids;
  for (const Line* line : run.all(of_op(O::reserve))) ids.insert(line->id);
  for (const std::string& id : ids) run.set_lines(id, more);
  return true;
}
/// Two orders of other totals have got each other's units.
inline bool units_swapped(Run& run) {
  const Line* const ours = run.first(O::reserve, A::reserved);
  if (ours == nullptr) return false;
  const auto total = [](const Line& line) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < line.lines.size(); ++i) sum += line.lines[i].units();
    return sum;
  };
  for (const Line& other : run.history.lines) {
    const bool holds = other.op == O::reserve && other.answer == A::reserved && !other.run.empty();
    if (!holds || other.run == ours->run || total(other) == total(*ours)) continue;
    const auto mine = ours->lines, theirs = other.lines;
    const std::string my_id = ours->id, their_id = other.id;
    run.set_lines(my_id, theirs);
    run.set_lines(their_id, mine);
    return true;
  }
  return false;
}
inline bool amount_changed(Run& run) {
  const auto paid = run.all(
      [](const Line& line) { return line.op == O::charge || line.op == O::refund; });
  for (Line* line : paid) line->amount = line->amount == "0" ? "5" : "1" + line->amount;
  return !paid.empty();
}
inline bool deadline_later(Run& run) {
  const Line* const reserve = run.first(O::reserve, A::reserved);
  if (reserve == nullptr) return false;
  const std::string id = reserve->id;
  const auto ran_out = [&](const Line& l) { return l.op == O::expire && l.id == id; };
  if (!run.all(ran_out).empty()) return false;
  for (Line* line : run.all([&](const Line& l) { return l.op == O::reserve && l.id == id; }))
    line->until += invsaga::Duration{1};
  return true;
}
inline bool turn_end(Run& run, const char* outcome, const char* reason) {
  Line* const end = run.end();
  if (end == nullptr || (end->outcome == outcome && end->reason == reason)) return false;
  end->outcome = outcome;
  end->reason = reason;
  return true;
}
inline bool end_completed(Run& run) { return turn_end(run, "completed", ""); }
inline bool end_compensated(Run& run) {
  constexpr std::array reasons{"declined", "payment_failed", "hold_expired", "out_of_stock"};
  const char* const reason = reasons[run.pick(reasons.size())];
  // A reserve that came too late may be said to have found nothing.
  if (run.end() != nullptr && run.end()->reason == "hold_expired") return false;
  return turn_end(run, "compensated", reason);
}
inline bool end_stuck(Run& run) {
  if (run.end() == nullptr || run.waits_before(run.end())) return false;
  return !run.ends_as("stuck") && turn_end(run, "stuck", "unknown");
}
inline bool stuck_inserted(Run& run) {
  const Line* const place = run.some(
      [](const Line& l) { return Run::is_attempt(l) && Run::is_decided(l) && !l.lost; });
  if (place == nullptr || run.end() == nullptr) return false;
  Line end = *run.end();
  end.outcome = "stuck";
  end.reason = "unknown";
  end.events = 0;
  for (const Line* line : run.all([&](const Line& l) { return l.op == O::publish && &l < place; }))
    end.events = std::max(end.events, line->sequence);
  run.insert_behind(place, end);
  return true;
}
inline bool payment_turned(Run& run) {
  Line* const charge = run.first(O::charge, A::charged);
  if (charge == nullptr) return false;
  for (Line* line : run.all([](const Line& l) { return l.op == O::charge && Run::is_decided(l); }))
    line->answer = A::declined;
  for (Line* line : run.all([](const Line& l) { return l.type == "PAYMENT_COMPLETED"; }))
    line->type = "PAYMENT_FAILED";
  return true;
}
inline bool delivery_given_up(Run& run) {
  Line* const handled = run.some(
      [](const Line& l) { return l.op == O::deliver && l.answer == A::handled; });
  if (handled == nullptr) return false;
  Line dead = *handled;
  dead.answer = A::dead;
  handled->answer = A::failed;
  run.insert_behind(handled, dead);
  return true;
}
inline bool other_consumer(Run& run) {
  Line* const handled = run.first(O::deliver, A::handled);
  if (handled == nullptr) return false;
  for (const auto& [type, names] : run.history.header.consumers) {
    for (const std::string& name : names) {
      if (name == handled->consumer) continue;
      handled->consumer = name;
      return true;
    }
  }
  return false;
}
inline bool date_turned(Run& run) {
  Line* const line = run.some([](const Line& l) {
    const bool stock = l.op == O::reserve || l.op == O::commit || l.op == O::release;
    return stock && Run::is_decided(l) && !l.repeat;
  });
  if (line == nullptr) return false;
  line->at += invsaga::Duration{std::chrono::hours(run.pick(2) == 0 ? 600'000 : -300'000)};
  return true;
}
/// The first hold ran out before its time.
inline bool expiry_early(Run& run) {
  const Line* const expire = run.first(O::expire, A::expired);
  if (expire == nullptr) return false;
  const Line* const reserve = run.some(
      [&](const Line& l) { return l.op == O::reserve && l.id == expire->id && !l.repeat; });
  const auto extended = [&](const Line& l) { return l.op == O::extend && l.id == expire->id; };
  if (!run.all(extended).empty()) return false;
  const Line early = *expire;
  const std::string id = early.id;
  const auto place = reserve - run.history.lines.data();
  run.insert_behind(&run.history.lines[static_cast<std::size_t>(place)], early);
  const auto all = run.all([&](const Line& l) { return l.op == O::expire && l.id == id; });
  run.history.lines.erase(run.history.lines.begin() + (all.back() - run.history.lines.data()));
  return true;
}
inline bool sale_renamed(Run& run) {
  Line* const commit = run.first(O::commit, A::committed);
  if (commit == nullptr) return false;
  const std::string id = commit->id;
  for (Line* line : run.all([&](const Line& l) { return l.op == O::commit && l.id == id; }))
    line->id += "+";
  return true;
}

// --- what stands elsewhere

inline bool moves_on(const Line& l) {
  const bool moved = l.answer != A::expired && l.answer != A::not_found &&
                     l.answer != A::tombstoned;
  return Run::is_attempt(l) && Run::is_decided(l) && moved && !l.repeat && l.op != O::extend;
}
/// The last two of its steps, where it was undone of its undos, in the other order.
inline bool steps_swapped(Run& run) {
  const auto steps = run.all(moves_on);
  if (steps.size() < 2) return false;
  const std::size_t i = run.pick(steps.size() - 1);
  swap_places(*steps[i], *steps[i + 1]);
  return true;
}
inline bool event_swapped(Run& run) {
  const auto events = run.all(
      [](const Line& l) { return l.op == O::publish && l.answer == A::published && !l.repeat; });
  if (events.size() < 2) return false;
  const std::size_t i = run.pick(events.size() - 1);
  if (events[i]->type == events[i + 1]->type) return false;
  swap_places(*events[i], *events[i + 1]);
  return true;
}
inline bool step_after_end(Run& run) {
  const auto steps = run.all(moves_on);
  if (steps.empty() || run.end() == nullptr) return false;
  swap_places(*steps.back(), *run.end());
  return true;
}
inline bool refund_after_sale(Run& run) {
  const Line* const charge = run.first(O::charge, A::charged);
  if (charge == nullptr || run.first(O::commit, A::committed) == nullptr) return false;
  if (run.end() == nullptr) return false;
  Line refund = *charge;
  refund.op = O::refund;
  refund.answer = A::refunded;
  refund.lost = false;
  run.insert_behind(run.end(), refund);
  std::swap(*run.end(), run.end()[1]);
  return true;
}

// --- what is nobody's

inline bool sold_by_nobody(Run& run) {
  const Line* const commit = run.first(O::commit, A::committed);
  if (commit == nullptr || run.history.header.by_hand) return false;
  const std::string id = commit->id;
  std::vector<Line> made;
  for (const Line* line : run.all([&](const Line& l) {
         return l.id == id && !l.repeat && (l.op == O::reserve || l.op == O::commit) &&
                (l.answer == A::reserved || l.answer == A::committed);
       })) {
    made.push_back(*line);
    made.back().id += "/nobody";
    made.back().run.clear();
    made.back().step.clear();
    made.back().lost = false;
  }
  if (made.size() != 2) return false;
  made[0].until = commit->at + (made[0].until - made[0].at);
  run.insert_behind(commit, made);
  return true;
}
/// What came later is said to have been there at first.
inline bool restock_turned(Run& run) {
  std::set<std::string> opened;
  for (Line& line : run.history.lines) {
    if (line.op != O::adjust || line.answer != A::adjusted) continue;
    if (line.reason == "opening") opened.insert(std::string(line.lines[0].sku));
    if (line.reason != "restock" || !opened.contains(std::string(line.lines[0].sku))) continue;
    const std::string id = line.id;
    for (Line& each : run.history.lines) {
      if (each.id == id) each.reason = "opening";
    }
    return true;
  }
  return false;
}
inline bool opened_again(Run& run) {
  for (const Line& line : run.history.lines) {
    if (line.op != O::adjust || line.reason != "opening" || line.answer != A::adjusted) continue;
    Line again = line;
    again.id += "+";
    again.lost = again.repeat = false;
    run.insert_behind(&run.history.lines[run.history.lines.size() - 2], again);
    return true;
  }
  return false;
}

}  // namespace edits
}  // namespace histories
