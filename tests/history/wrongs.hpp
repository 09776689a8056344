// SPDX-License-Identifier: Apache-2.0
//
// Plants one wrong in a correct history: a changed value, a missing line, a second effect, a
// swapped pair, a refusal that was not short, and for each invariant a line that breaks it. A kind
// whose place the history does not have plants nothing.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <invsaga/history/history.hpp>

namespace histories {

using invsaga::History;
using invsaga::HistoryAnswer;
using invsaga::HistoryLine;
using invsaga::HistoryOp;
using invsaga::HistoryUnits;

class Wrongs {
 public:
  Wrongs(History& history, std::uint64_t seed) : history_(history), random_(seed) {}

  struct Kind {
    const char* name;
    bool (Wrongs::*plant)();
  };
  static const std::vector<Kind>& kinds();

  /// What was changed, for messages.
  std::string where;

 private:
  using Line = HistoryLine;
  using A = HistoryAnswer;
  using O = HistoryOp;

  std::size_t pick(std::size_t below) { return static_cast<std::size_t>(random_() % below); }

  /// A random line that fits, or nothing.
  template <class Fits>
  Line* some(Fits fits) {
    std::vector<Line*> found;
    for (Line& line : history_.lines) {
      if (fits(line)) found.push_back(&line);
    }
    if (found.empty()) return nullptr;
    Line* line = found[pick(found.size())];
    where = "n " + std::to_string(line->n);
    return line;
  }
  Line* some_of(O op, A answer) {
    return some([=](const Line& l) { return l.op == op && l.answer == answer && !l.repeat; });
  }
  std::size_t index_of(const Line* line) const {
    return static_cast<std::size_t>(line - history_.lines.data());
  }
  /// True if the consumer had failed to handle the event of the delivery before.
  [[nodiscard]] bool was_tried(const Line& line) const {
    const Line* const first = history_.lines.data();
    return std::any_of(first, &line, [&](const Line& l) {
      return l.op == O::deliver && l.answer == A::failed && l.id == line.id &&
             l.consumer == line.consumer;
    });
  }
  void renumber() {
    std::uint64_t n = 0;
    for (Line& line : history_.lines) line.n = ++n;
  }
  bool drop(Line* line) {
    if (line == nullptr) return false;
    history_.lines.erase(history_.lines.begin() + static_cast<std::ptrdiff_t>(index_of(line)));
    renumber();
    return true;
  }
  bool insert_after(const Line* place, Line line) {
    if (place == nullptr) return false;
    line.at = place->at;
    line.t0 = place->t0;
    line.t1 = place->t1;
    history_.lines.insert(history_.lines.begin() + static_cast<std::ptrdiff_t>(index_of(place)) + 1,
                          std::move(line));
    renumber();
    return true;
  }
  static void set(HistoryUnits& list, std::size_t at, std::size_t which, std::int64_t by) {
    HistoryUnits changed;
    for (std::size_t i = 0; i < list.size(); ++i) {
      auto entry = list[i];
      if (i == at) entry.values[which] += by;
      changed.add(entry.sku, entry.values[0], entry.values[1], entry.values[2]);
    }
    list = changed;
  }
  static void rename(HistoryUnits& list, std::size_t at, const std::string& sku) {
    HistoryUnits changed;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto entry = list[i];
      changed.add(i == at ? std::string_view(sku) : entry.sku, entry.values[0], entry.values[1],
                  entry.values[2]);
    }
    list = changed;
  }
  bool bump(Line* line, HistoryUnits Line::* list, std::size_t which) {
    if (line == nullptr || (line->*list).empty()) return false;
    set(line->*list, pick((line->*list).size()), which, pick(2) == 0 ? 1 : -1);
    return true;
  }
  static bool decides(const Line& l) {
    if (l.repeat || l.answer == A::failed || l.answer == A::unknown) return false;
    switch (l.op) {
      case O::request:
        return l.answer == A::fresh;
      case O::reserve:
        return l.answer == A::reserved || l.answer == A::out_of_stock;
      case O::commit:
        return l.answer == A::committed || l.answer == A::expired;
      case O::release:
        return l.answer == A::released;
      case O::adjust:
        return l.answer == A::adjusted;
      case O::deliver:
        return l.answer == A::handled;
      case O::extend:
        return false;
      default:
        return true;
    }
  }
  static bool moves(const Line& l) {
    return decides(l) && l.op != O::request && l.op != O::end && l.op != O::stock;
  }
  std::set<std::string> runs() const {
    std::set<std::string> names;
    for (const Line& l : history_.lines) {
      if (l.op == O::request) names.insert(l.run);
    }
    return names;
  }

  // -- changed values
  bool quantity_reserved() { return bump(some_of(O::reserve, A::reserved), &Line::lines, 0); }
  // Of a refusal in no run nothing but itself would tell.
  static bool refused_run(const Line& l) {
    return l.op == O::reserve && l.answer == A::out_of_stock && !l.repeat && !l.run.empty();
  }
  bool quantity_refused() { return bump(some(refused_run), &Line::lines, 0); }
  bool quantity_sold() { return bump(some_of(O::commit, A::committed), &Line::lines, 0); }
  bool quantity_released() { return bump(some_of(O::release, A::released), &Line::lines, 0); }
  bool quantity_expired() { return bump(some_of(O::expire, A::expired), &Line::lines, 0); }
  bool quantity_adjusted() { return bump(some_of(O::adjust, A::adjusted), &Line::lines, 0); }
  bool quantity_back() {
    return bump(some([](const Line& l) { return !l.back.empty(); }), &Line::back, 0);
  }
  bool quantity_counted() { return bump(some_of(O::stock, A::counted), &Line::rows, pick(3)); }
  bool quantity_repeated() {
    return bump(some([](const Line& l) { return l.repeat && !l.lines.empty(); }), &Line::lines, 0);
  }
  bool quantity_negative() {
    Line* line = some([](const Line& l) { return decides(l) && l.op == O::reserve; });
    if (line == nullptr) return false;
    set(line->lines, 0, 0, -2 * line->lines[0].units());
    return true;
  }
  bool quantity_huge() {
    Line* line = some([](const Line& l) { return decides(l) && l.op == O::adjust; });
    if (line == nullptr) return false;
    set(line->lines, 0, 0, std::int64_t{1} << 60);
    return true;
  }
  bool product() {
    Line* line = some(
        [](const Line& l) { return decides(l) && !l.lines.empty() && l.shorts.empty(); });
    if (line == nullptr) return false;
    rename(line->lines, pick(line->lines.size()), "another");
    return true;
  }
  bool product_counted() {
    Line* line = some_of(O::stock, A::counted);
    if (line == nullptr || line->rows.empty() || line->rows[0].units() == 0) return false;
    rename(line->rows, 0, "another");
    return true;
  }
  bool units() {
    Line* line = some_of(O::request, A::fresh);
    if (line == nullptr) return false;
    line->units += 1;
    return true;
  }
  bool units_again() {
    Line* line = some([](const Line& l) { return l.op == O::request && l.answer != A::fresh; });
    if (line == nullptr) return false;
    line->units += 1;
    return true;
  }
  bool amount() {
    Line* line = some([](const Line& l) { return l.op == O::charge || l.op == O::refund; });
    if (line == nullptr) return false;
    line->amount = "1" + line->amount;
    return true;
  }
  bool amount_asked() {
    std::set<std::string> charged;
    for (const Line& l : history_.lines) {
      if (l.op == O::charge) charged.insert(l.run);
    }
    Line* line = some([&](const Line& l) {
      return l.op == O::request && l.answer == A::fresh && charged.contains(l.run);
    });
    if (line == nullptr) return false;
    line->amount = line->amount == "0" ? "7" : "0.01";
    return true;
  }
  bool amount_no_number() {
    Line* line = some_of(O::charge, A::charged);
    if (line == nullptr) return false;
    line->amount = "12,50";
    return true;
  }
  bool until() {
    Line* line = some([](const Line& l) { return l.op == O::reserve && decides(l); });
    if (line == nullptr) return false;
    line->until += invsaga::Duration{7'200'000};  // more than a delay could explain
    return true;
  }
  bool at_back() {
    if (history_.header.threads != 1) return false;
    Line* line = some([&](const Line& l) { return l.n > 1; });
    if (line == nullptr) return false;
    line->at = history_.lines[index_of(line) - 1].at - invsaga::Duration{1};
    return true;
  }
  bool at_forward() {
    if (history_.header.threads != 1) return false;
    Line* line = some([&](const Line& l) { return l.n < history_.lines.size(); });
    if (line == nullptr) return false;
    line->at = history_.lines[index_of(line) + 1].at + invsaga::Duration{1};
    return true;
  }
  bool real_time() {
    Line* line = some([](const Line&) { return true; });
    line->t0 = line->t1 + 1;
    return true;
  }
  bool number() {
    Line* line = some([](const Line&) { return true; });
    line->n += pick(2) == 0 ? 1 : 100;
    return true;
  }
  bool event_type() {
    Line* line = some([](const Line& l) { return l.op == O::publish || l.op == O::deliver; });
    if (line == nullptr) return false;
    line->type = line->type == "STOCK_RESERVED" ? "PAYMENT_COMPLETED" : "STOCK_RESERVED";
    return true;
  }
  bool event_sequence() {
    Line* line = some([](const Line& l) { return l.op == O::publish || l.op == O::deliver; });
    if (line == nullptr) return false;
    line->sequence += 1;
    return true;
  }
  bool event_consumer() {
    Line* line = some_of(O::deliver, A::handled);
    if (line == nullptr) return false;
    line->consumer = line->consumer == "orders" ? "carts" : "orders";
    return true;
  }
  bool end_events() {
    Line* line = some_of(O::end, A::ended);
    if (line == nullptr) return false;
    line->events += pick(2) == 0 ? 1 : ~std::uint64_t{0};
    return true;
  }
  bool end_outcome() {
    Line* line = some([](const Line& l) { return l.op == O::end && l.outcome != "stuck"; });
    if (line == nullptr) return false;
    const std::array<const char*, 4> others = {"completed", "compensated", "stuck", "finished"};
    const std::string old = line->outcome;
    while (line->outcome == old) line->outcome = others[pick(others.size())];
    return old != "compensated" || line->outcome != "stuck" || line->reason != "cancelled";
  }
  bool end_reason() {
    Line* line = some([](const Line& l) { return l.op == O::end && l.outcome == "compensated"; });
    if (line == nullptr) return false;
    const std::array<const char*, 5> others = {"out_of_stock", "declined", "payment_failed",
                                               "hold_expired", ""};
    const std::string old = line->reason;
    // A reserve that came too late found nothing that it could have: either may be said of it.
    const auto as_good = [&] { return old == "hold_expired" && line->reason == "out_of_stock"; };
    while (line->reason == old || as_good()) line->reason = others[pick(others.size())];
    return true;
  }
  bool call_step() {
    Line* line = some([](const Line& l) { return l.op == O::call && !l.repeat; });
    if (line == nullptr) return false;
    line->step = line->step == "cancel" ? "clear cart" : line->step == "place" ? "cancel" : "place";
    return true;
  }
  bool run_of_line() {
    const auto names = runs();
    Line* line = some([&](const Line& l) { return names.contains(l.run); });
    if (line == nullptr) return false;
    for (const std::string& name : names) {
      if (name == line->run) continue;
      line->run = name;
      return true;
    }
    return false;
  }
  bool unknown_id() {
    Line* line = some([](const Line& l) {
      return decides(l) && (l.op == O::commit || l.op == O::expire || l.op == O::release ||
                            l.op == O::deliver || l.op == O::refund);
    });
    if (line == nullptr) return false;
    line->id += "?";
    return true;
  }
  bool answer_of_another() {
    Line* line = some([](const Line& l) { return moves(l); });
    if (line == nullptr) return false;
    line->answer = line->op == O::publish ? A::handled : A::published;
    return true;
  }
  bool answer() {
    Line* line = some([](const Line& l) { return decides(l); });
    if (line == nullptr) return false;
    std::vector<A> others;
    for (std::size_t i = 0; i < invsaga::history_answer_count; ++i) {
      const A other = static_cast<A>(i);
      if (other != line->answer && invsaga::may_answer(line->op, other)) others.push_back(other);
    }
    if (line->op == O::commit && line->answer == A::expired) {
      // Nothing tells these from an `expired` that nobody asked about.
      std::erase_if(others,
                    [](A a) { return a == A::not_found || a == A::failed || a == A::unknown; });
    }
    // What was tried may be given up.
    if (line->op == O::deliver && was_tried(*line)) std::erase(others, A::dead);
    if (others.empty()) return false;
    line->answer = others[pick(others.size())];
    where += " now " + std::string(name(line->answer));
    return true;
  }
  bool repeat_gone() {
    // A hold that ran out, or is gone, may be asked for any number of times, by whomever.
    Line* line = some([](const Line& l) {
      return l.repeat && l.answer != A::expired && l.answer != A::tombstoned;
    });
    if (line == nullptr) return false;
    line->repeat = false;
    return true;
  }
  bool repeat_came() {
    Line* line = some([](const Line& l) { return moves(l) && l.answer != A::expired; });
    if (line == nullptr) return false;
    line->repeat = true;
    return true;
  }

  // -- missing, second and swapped lines
  bool gap() {
    Line* line = some([&](const Line& l) { return l.n < history_.lines.size(); });
    if (line == nullptr) return false;
    history_.lines.erase(history_.lines.begin() + static_cast<std::ptrdiff_t>(index_of(line)));
    return true;
  }
  /// False if no other line has to do with it: nothing tells that it was there.
  static bool leaves_a_trace(const Line& l) {
    const bool refused_by_hand = l.op == O::reserve && l.answer == A::out_of_stock && l.run.empty();
    return !refused_by_hand && !(l.op == O::commit && l.answer == A::expired);
  }
  bool missing() {
    return drop(some([](const Line& l) { return decides(l) && leaves_a_trace(l); }));
  }
  bool missing_of(O op, A answer) { return drop(some_of(op, answer)); }
  bool missing_request() { return missing_of(O::request, A::fresh); }
  bool missing_place() {
    return drop(
        some([](const Line& l) { return l.op == O::call && l.step == "place" && !l.repeat; }));
  }
  bool missing_reserve() { return missing_of(O::reserve, A::reserved); }
  bool missing_refusal() { return drop(some(refused_run)); }
  bool missing_charge() { return missing_of(O::charge, A::charged); }
  bool missing_decline() { return missing_of(O::charge, A::declined); }
  bool missing_commit() { return missing_of(O::commit, A::committed); }
  bool missing_release() { return missing_of(O::release, A::released); }
  bool missing_expire() { return missing_of(O::expire, A::expired); }
  bool missing_refund() { return missing_of(O::refund, A::refunded); }
  bool missing_cancel() {
    return drop(
        some([](const Line& l) { return l.op == O::call && l.step == "cancel" && !l.repeat; }));
  }
  bool missing_clear() {
    return drop(
        some([](const Line& l) { return l.op == O::call && l.step == "clear cart" && !l.repeat; }));
  }
  bool missing_adjust() { return missing_of(O::adjust, A::adjusted); }
  bool missing_publish() { return missing_of(O::publish, A::published); }
  bool missing_handled() { return missing_of(O::deliver, A::handled); }
  bool missing_end() { return missing_of(O::end, A::ended); }
  bool missing_counters() { return missing_of(O::stock, A::counted); }
  bool second_of(Line* line) { return line != nullptr && insert_after(line, *line); }
  bool second() {
    return second_of(some([](const Line& l) {
      return decides(l) && !(l.op == O::commit && l.answer == A::expired);
    }));
  }
  bool second_commit() { return second_of(some_of(O::commit, A::committed)); }
  bool second_charge_new_id() {
    Line* line = some_of(O::charge, A::charged);
    if (line == nullptr) return false;
    Line other = *line;
    other.id += "/again";
    return insert_after(line, other);
  }
  bool second_place_new_id() {
    Line* line = some([](const Line& l) { return l.op == O::call && l.step == "place"; });
    if (line == nullptr) return false;
    Line other = *line;
    other.id += "/again";
    return insert_after(line, other);
  }
  bool second_request_new_id() {
    Line* line = some_of(O::request, A::fresh);
    if (line == nullptr) return false;
    Line other = *line;
    other.id += "/again";
    return insert_after(line, other);
  }
  bool swap_if(bool (*pair)(const Line&, const Line&)) {
    std::vector<std::pair<std::size_t, std::size_t>> found;
    for (std::size_t i = 0; i < history_.lines.size(); ++i) {
      for (std::size_t k = i + 1; k < std::min(i + 60, history_.lines.size()); ++k) {
        if (pair(history_.lines[i], history_.lines[k])) found.emplace_back(i, k);
      }
    }
    if (found.empty()) return false;
    const auto [i, k] = found[pick(found.size())];
    Line &a = history_.lines[i], &b = history_.lines[k];
    where = "n " + std::to_string(a.n) + " (" + std::string(name(a.op)) + ") and " +
            std::to_string(b.n) + " (" + std::string(name(b.op)) + ")";
    std::swap(a, b);
    std::swap(a.n, b.n);
    std::swap(a.at, b.at);
    std::swap(a.t0, b.t0);
    std::swap(a.t1, b.t1);
    return true;
  }
  bool swapped_events() {
    return swap_if([](const Line& a, const Line& b) {
      return a.op == O::publish && b.op == O::publish && moves(a) && moves(b) && a.run == b.run;
    });
  }
  bool swapped_deliveries() {
    return swap_if([](const Line& a, const Line& b) {
      return a.op == O::deliver && b.op == O::deliver && moves(a) && moves(b) && a.run == b.run &&
             a.consumer == b.consumer;
    });
  }
  bool swapped_cause() {
    return swap_if([](const Line& a, const Line& b) {
      return a.op == O::publish && b.op == O::deliver && a.id == b.id && moves(a) && moves(b);
    });
  }
  bool swapped_steps() {
    return swap_if([](const Line& a, const Line& b) {
      const bool steps = moves(a) && moves(b) && a.op != O::publish && a.op != O::deliver &&
                         b.op != O::publish && b.op != O::deliver;
      // A commit that finds its hold gone moves nothing.
      const bool moved = a.answer != A::expired && b.answer != A::expired;
      return steps && moved && a.run == b.run && !a.run.empty() && a.op != O::adjust &&
             a.op != O::expire && b.op != O::expire;
    });
  }
  bool swapped_end() {
    return swap_if([](const Line& a, const Line& b) {
      return moves(a) && a.op != O::publish && a.op != O::deliver && a.op != O::expire &&
             b.op == O::end && a.run == b.run;
    });
  }

  // -- refusals
  bool refusal_with_room() {
    Line* line = some([](const Line& l) { return !l.shorts.empty() && !l.repeat; });
    if (line == nullptr) return false;
    set(line->shorts, 0, 1, line->shorts[0].values[0] - line->shorts[0].values[1]);
    return true;
  }
  bool refusal_other_number() {
    if (history_.header.threads != 1) return false;
    Line* line = some([](const Line& l) { return !l.shorts.empty() && !l.repeat; });
    if (line == nullptr) return false;
    set(line->shorts, pick(line->shorts.size()), pick(2), 1);
    return true;
  }
  bool refusal_less_named() {
    if (history_.header.threads != 1) return false;
    Line* line = some([](const Line& l) { return !l.shorts.empty() && !l.repeat; });
    if (line == nullptr) return false;
    HistoryUnits fewer;
    const std::size_t gone = pick(line->shorts.size());
    for (std::size_t i = 0; i < line->shorts.size(); ++i) {
      const auto entry = line->shorts[i];
      if (i != gone) fewer.add(entry.sku, entry.values[0], entry.values[1]);
    }
    line->shorts = fewer;
    return true;
  }
  bool refusal_more_named() {
    Line* line = some([](const Line& l) { return !l.shorts.empty() && !l.repeat; });
    if (line == nullptr) return false;
    if (history_.header.threads != 1 || line->lines.size() == line->shorts.size()) {
      line->shorts.add("another", 2, 1);
      return true;
    }
    for (std::size_t i = 0; i < line->lines.size(); ++i) {
      const auto entry = line->lines[i];
      bool named = false;
      for (std::size_t k = 0; k < line->shorts.size(); ++k)
        named |= line->shorts[k].sku == entry.sku;
      const std::int64_t asked = std::abs(entry.units());
      if (!named) line->shorts.add(std::string(entry.sku), asked, asked - 1);
    }
    return true;
  }
  /// A reserve that held is shown as refused, although all was there.
  bool refusal_that_was_not_short() {
    Line* line = some([](const Line& l) {
      return l.op == O::reserve && l.answer == A::reserved && !l.repeat && !l.lost;
    });
    if (line == nullptr) return false;
    line->answer = A::out_of_stock;
    line->shorts.add(line->lines[0].sku, line->lines[0].units(), line->lines[0].units() - 1);
    return true;
  }
  /// A refused write-off or return is accepted.
  bool accepted_without_room() {
    Line* line = some([](const Line& l) { return !l.shorts.empty() && !l.repeat && !l.lost; });
    if (line == nullptr) return false;
    line->answer = line->op == O::adjust ? A::adjusted : A::reserved;
    line->shorts.clear();
    return true;
  }

  // -- lines that break an invariant
  bool oversold() {
    Line* line = some_of(O::reserve, A::reserved);
    if (line == nullptr) return false;
    Line other = *line;
    other.id += "/over";
    other.run.clear();
    other.step.clear();
    set(other.lines, 0, 0, 1'000'000);
    return insert_after(line, other);
  }
  bool released_after_commit() {
    Line* line = some_of(O::commit, A::committed);
    if (line == nullptr) return false;
    Line other = *line;
    other.op = O::release;
    other.answer = A::released;
    return insert_after(line, other);
  }
  bool committed_after_release() {
    Line* line = some_of(O::release, A::released);
    if (line == nullptr) return false;
    Line other = *line;
    other.op = O::commit;
    other.step.clear();
    other.answer = A::committed;
    return insert_after(line, other);
  }
  bool expired_after_commit() {
    Line* line = some_of(O::commit, A::committed);
    if (line == nullptr) return false;
    Line other = *line;
    other.op = O::expire;
    other.step.clear();
    other.answer = A::expired;
    return insert_after(line, other);
  }
  bool expired_early() {
    Line* line = some([](const Line& l) { return l.op == O::expire; });
    if (line == nullptr) return false;
    for (Line& other : history_.lines) {
      if (other.op != O::reserve || other.id != line->id) continue;
      other.until += invsaga::Duration{3'600'000};
    }
    return true;
  }
  bool commit_after_expiry() {
    Line* line = some_of(O::commit, A::expired);
    if (line == nullptr) return false;
    for (const Line& other : history_.lines) {
      if (other.op == O::reserve && other.id == line->id) line->lines = other.lines;
    }
    line->answer = A::committed;
    return true;
  }
  bool reserve_past_tombstone() {
    Line* line = some_of(O::reserve, A::suppressed);
    if (line == nullptr) return false;
    line->answer = A::reserved;
    return true;
  }
  bool refund_after_end() {
    Line* line = some([](const Line& l) { return l.op == O::end && l.outcome == "completed"; });
    if (line == nullptr) return false;
    for (const Line& other : history_.lines) {
      if (other.op != O::charge || other.run != line->run) continue;
      Line refund = other;
      refund.op = O::refund;
      refund.answer = A::refunded;
      refund.repeat = refund.lost = false;
      return insert_after(line, refund);
    }
    return false;
  }
  bool reserve_after_end() {
    Line* line = some([](const Line& l) { return l.op == O::end && l.outcome != "stuck"; });
    if (line == nullptr) return false;
    for (const Line& other : history_.lines) {
      if (other.op != O::reserve || other.run != line->run || !decides(other)) continue;
      Line again = other;
      again.id += "/late";
      again.until = line->at + *history_.header.hold;
      return insert_after(line, again);
    }
    return false;
  }
  bool cancel_after_commit() {
    Line* line = some([](const Line& l) {
      return l.op == O::commit && l.answer == A::committed && !l.run.empty();
    });
    if (line == nullptr) return false;
    Line cancel;
    cancel.op = O::call;
    cancel.run = line->run;
    cancel.id = line->run + "/cancel";
    cancel.step = "cancel";
    cancel.answer = A::done;
    return insert_after(line, cancel);
  }
  bool release_before_decline() {
    Line* line = some_of(O::charge, A::declined);
    if (line == nullptr) return false;
    for (std::size_t i = 0; i < history_.lines.size(); ++i) {
      const Line& release = history_.lines[i];
      if (release.op != O::release || release.run != line->run || release.answer != A::released ||
          release.repeat)
        continue;
      const Line moved = release;
      const auto from = history_.lines.begin() + static_cast<std::ptrdiff_t>(i);
      const auto to = history_.lines.begin() + static_cast<std::ptrdiff_t>(index_of(line));
      std::rotate(to, from, from + 1);
      to->at = (to + 1)->at;
      renumber();
      return true;
    }
    return false;
  }
  bool refund_of_declined() {
    Line* line = some_of(O::charge, A::declined);
    if (line == nullptr) return false;
    Line refund = *line;
    refund.op = O::refund;
    refund.answer = A::refunded;
    return insert_after(line, refund);
  }
  bool hot_loop() {
    Line* line = some([](const Line& l) { return l.op == O::reserve || l.op == O::commit; });
    if (line == nullptr) return false;
    Line failed = *line;
    failed.answer = A::failed;
    failed.repeat = failed.lost = false;
    failed.shorts.clear();
    failed.back.clear();
    if (failed.op == O::commit) failed.lines.clear();
    const std::size_t at = index_of(line);
    for (int i = 0; i < 20; ++i) insert_after(&history_.lines[at], failed);
    return true;
  }
  bool parked_for_nothing() {
    Line* line = some_of(O::deliver, A::handled);
    if (line == nullptr) return false;
    Line parked = *line;
    parked.answer = A::parked;
    const std::size_t at = index_of(line);
    insert_after(line, parked);
    Line& made = history_.lines[at + 1];
    made.t0 = made.t1 = long_after();
    return true;
  }
  bool duplicate_too_early() {
    Line* line = some_of(O::deliver, A::handled);
    if (line == nullptr) return false;
    line->answer = A::duplicate;
    return true;
  }
  bool dead_without_a_try() {
    Line* line = some_of(O::deliver, A::handled);
    if (line == nullptr || was_tried(*line)) return false;
    line->answer = A::dead;
    return true;
  }
  bool published_after_end() {
    Line* line = some([](const Line& l) { return l.op == O::end && l.outcome != "stuck"; });
    if (line == nullptr) return false;
    Line event;
    event.op = O::publish;
    event.run = line->run;
    event.sequence = line->events + 1;
    event.id = line->run + "/" + std::to_string(event.sequence);
    event.type = "CART_CLEARED";
    event.answer = A::published;
    return insert_after(line, event);
  }
  bool completed_too_early() {
    Line* line = some_of(O::request, A::fresh);
    if (line == nullptr) return false;
    Line again = *line;
    again.answer = A::completed;
    return insert_after(line, again);
  }
  bool in_progress_too_late() {
    Line* line = some_of(O::request, A::completed);
    if (line == nullptr) return false;
    line->answer = A::in_progress;
    line->t0 = line->t1 = long_after();
    return true;
  }
  bool mismatch_of_the_same() {
    Line* line = some([](const Line& l) { return l.op == O::request && l.answer != A::fresh; });
    if (line == nullptr) return false;
    line->answer = A::mismatch;
    return true;
  }
  bool expired_under_way() {
    Line* line = some_of(O::request, A::in_progress);
    if (line == nullptr) return false;
    line->answer = A::expired;
    return true;
  }
  bool lost_without_answer() {
    Line* line = some(
        [](const Line& l) { return l.answer == A::failed || l.answer == A::unknown; });
    if (line == nullptr) return false;
    line->lost = true;
    return true;
  }
  bool after_the_last() {
    Line* line = some_of(O::stock, A::counted);
    return line != nullptr && insert_after(line, history_.lines.front());
  }
  bool consumer_more() {
    if (history_.header.consumers.empty() || runs().empty()) return false;
    history_.header.consumers[0].second.push_back("another");
    return true;
  }

  /// After all that was called.
  [[nodiscard]] std::int64_t long_after() const { return history_.lines.back().t1 + 1'000'000'000; }
  bool row_not_counted() {
    Line* line = some_of(O::stock, A::counted);
    if (line == nullptr) return false;
    HistoryUnits fewer;
    bool gone = false;
    for (std::size_t i = 0; i < line->rows.size(); ++i) {
      const auto [sku, values] = line->rows[i];
      const bool counts = values[0] != 0 || values[1] != 0 || values[2] != 0;
      if (counts && !std::exchange(gone, true)) continue;
      fewer.add(sku, values[0], values[1], values[2]);
    }
    line->rows = fewer;
    return gone;
  }
  bool publish_id() {
    Line* line = some_of(O::publish, A::published);
    if (line == nullptr) return false;
    line->id += "?";
    return true;
  }
  bool second_new_id(Line* line) {
    if (line == nullptr) return false;
    Line other = *line;
    other.id += "/again";
    return insert_after(line, other);
  }
  bool second_reserve_new_id() {
    return second_new_id(some([](const Line& l) {
      return l.op == O::reserve && l.answer == A::reserved && !l.repeat && !l.run.empty();
    }));
  }
  bool second_publish_new_id() { return second_new_id(some_of(O::publish, A::published)); }
  /// The type of the event that tells of a line; empty if none does.
  static std::string told_as(const Line& l) {
    if (l.op == O::call && l.step == "place") return "ORDER_CHECKOUT_STARTED";
    if (l.op == O::call && l.step == "clear cart") return "CART_CLEARED";
    if (l.op == O::reserve && l.answer == A::reserved) return "STOCK_RESERVED";
    if (l.op == O::reserve && l.answer == A::out_of_stock) return "STOCK_RESERVATION_FAILED";
    if (l.op == O::charge && l.answer == A::charged) return "PAYMENT_COMPLETED";
    if (l.op == O::charge && l.answer == A::declined) return "PAYMENT_FAILED";
    if (l.op == O::commit && l.answer == A::committed) return "STOCK_COMMITTED";
    return "";
  }
  bool swapped_fact_and_event() {
    return swap_if([](const Line& a, const Line& b) {
      return moves(a) && moves(b) && b.op == O::publish && a.run == b.run && !a.run.empty() &&
             told_as(a) == b.type;
    });
  }
  bool refusal_none_named() {
    Line* line = some([](const Line& l) { return !l.shorts.empty() && !l.repeat; });
    if (line == nullptr) return false;
    line->shorts.clear();
    return true;
  }
  /// What was short comes just before the order that was refused for it.
  bool refusal_behind_a_restock() {
    Line* line = some([this](const Line& l) {
      return l.op == O::reserve && !l.shorts.empty() && !l.repeat && index_of(&l) > 0;
    });
    if (line == nullptr) return false;
    Line came;
    came.op = O::adjust;
    came.id = "planted";
    came.reason = "restock";
    came.answer = A::adjusted;
    for (std::size_t i = 0; i < line->shorts.size(); ++i) {
      const auto entry = line->shorts[i];
      came.lines.add(entry.sku, entry.values[0] - entry.values[1]);
    }
    return insert_after(line - 1, came);
  }
  bool second_end_of_expired(O op, A answer) {
    Line* line = some_of(O::expire, A::expired);
    if (line == nullptr) return false;
    Line other = *line;
    other.op = op;
    other.step.clear();
    other.answer = answer;
    return insert_after(line, other);
  }
  bool committed_after_expiry() { return second_end_of_expired(O::commit, A::committed); }
  bool released_after_expiry() { return second_end_of_expired(O::release, A::released); }
  /// A tombstone, and the reserve that it bars is reserved all the same.
  bool reserve_behind_a_tombstone() {
    std::set<std::string> known;
    std::set<const Line*> first;
    for (const Line& l : history_.lines) {
      if (known.insert(l.id).second && index_of(&l) > 0) first.insert(&l);
    }
    Line* line = some([&](const Line& l) {
      return l.op == O::reserve && l.answer == A::reserved && !l.repeat && first.contains(&l);
    });
    if (line == nullptr) return false;
    Line tomb;
    tomb.op = O::release;
    tomb.run = line->run;
    tomb.id = line->id;
    tomb.answer = A::tombstoned;
    return insert_after(line - 1, tomb);
  }
  bool refund_after_compensation() {
    Line* line = some([](const Line& l) { return l.op == O::end && l.outcome == "compensated"; });
    if (line == nullptr) return false;
    for (const Line& other : history_.lines) {
      if (other.op != O::charge || other.run != line->run || !decides(other)) continue;
      Line refund = other;
      refund.op = O::refund;
      refund.answer = A::refunded;
      refund.lost = false;
      return insert_after(line, refund);
    }
    return false;
  }
  bool other_content_under_the_id() {
    Line* line = some_of(O::request, A::fresh);
    if (line == nullptr) return false;
    Line other = *line;
    other.answer = A::in_progress;
    other.units += 1;
    return insert_after(line, other);
  }

  History& history_;
  std::mt19937_64 random_;
};

inline const std::vector<Wrongs::Kind>& Wrongs::kinds() {
#define INVSAGA_KIND(name) {#name, &Wrongs::name}
  static const std::vector<Kind> all = {INVSAGA_KIND(quantity_reserved),
                                        INVSAGA_KIND(quantity_refused),
                                        INVSAGA_KIND(quantity_sold),
                                        INVSAGA_KIND(quantity_released),
                                        INVSAGA_KIND(quantity_expired),
                                        INVSAGA_KIND(quantity_adjusted),
                                        INVSAGA_KIND(quantity_back),
                                        INVSAGA_KIND(quantity_counted),
                                        INVSAGA_KIND(quantity_repeated),
                                        INVSAGA_KIND(quantity_negative),
                                        INVSAGA_KIND(quantity_huge),
                                        INVSAGA_KIND(product),
                                        INVSAGA_KIND(product_counted),
                                        INVSAGA_KIND(units),
                                        INVSAGA_KIND(units_again),
                                        INVSAGA_KIND(amount),
                                        INVSAGA_KIND(amount_asked),
                                        INVSAGA_KIND(amount_no_number),
                                        INVSAGA_KIND(until),
                                        INVSAGA_KIND(at_back),
                                        INVSAGA_KIND(at_forward),
                                        INVSAGA_KIND(real_time),
                                        INVSAGA_KIND(number),
                                        INVSAGA_KIND(event_type),
                                        INVSAGA_KIND(event_sequence),
                                        INVSAGA_KIND(event_consumer),
                                        INVSAGA_KIND(end_events),
                                        INVSAGA_KIND(end_outcome),
                                        INVSAGA_KIND(end_reason),
                                        INVSAGA_KIND(call_step),
                                        INVSAGA_KIND(run_of_line),
                                        INVSAGA_KIND(unknown_id),
                                        INVSAGA_KIND(answer_of_another),
                                        INVSAGA_KIND(answer),
                                        INVSAGA_KIND(repeat_gone),
                                        INVSAGA_KIND(repeat_came),
                                        INVSAGA_KIND(gap),
                                        INVSAGA_KIND(missing),
                                        INVSAGA_KIND(missing_request),
                                        INVSAGA_KIND(missing_place),
                                        INVSAGA_KIND(missing_reserve),
                                        INVSAGA_KIND(missing_refusal),
                                        INVSAGA_KIND(missing_charge),
                                        INVSAGA_KIND(missing_decline),
                                        INVSAGA_KIND(missing_commit),
                                        INVSAGA_KIND(missing_release),
                                        INVSAGA_KIND(missing_expire),
                                        INVSAGA_KIND(missing_refund),
                                        INVSAGA_KIND(missing_cancel),
                                        INVSAGA_KIND(missing_clear),
                                        INVSAGA_KIND(missing_adjust),
                                        INVSAGA_KIND(missing_publish),
                                        INVSAGA_KIND(missing_handled),
                                        INVSAGA_KIND(missing_end),
                                        INVSAGA_KIND(missing_counters),
                                        INVSAGA_KIND(second),
                                        INVSAGA_KIND(second_commit),
                                        INVSAGA_KIND(second_charge_new_id),
                                        INVSAGA_KIND(second_place_new_id),
                                        INVSAGA_KIND(second_request_new_id),
                                        INVSAGA_KIND(swapped_events),
                                        INVSAGA_KIND(swapped_deliveries),
                                        INVSAGA_KIND(swapped_cause),
                                        INVSAGA_KIND(swapped_steps),
                                        INVSAGA_KIND(swapped_end),
                                        INVSAGA_KIND(refusal_with_room),
                                        INVSAGA_KIND(refusal_other_number),
                                        INVSAGA_KIND(refusal_less_named),
                                        INVSAGA_KIND(refusal_more_named),
                                        INVSAGA_KIND(refusal_that_was_not_short),
                                        INVSAGA_KIND(accepted_without_room),
                                        INVSAGA_KIND(oversold),
                                        INVSAGA_KIND(released_after_commit),
                                        INVSAGA_KIND(committed_after_release),
                                        INVSAGA_KIND(expired_after_commit),
                                        INVSAGA_KIND(expired_early),
                                        INVSAGA_KIND(commit_after_expiry),
                                        INVSAGA_KIND(reserve_past_tombstone),
                                        INVSAGA_KIND(refund_after_end),
                                        INVSAGA_KIND(reserve_after_end),
                                        INVSAGA_KIND(cancel_after_commit),
                                        INVSAGA_KIND(release_before_decline),
                                        INVSAGA_KIND(refund_of_declined),
                                        INVSAGA_KIND(hot_loop),
                                        INVSAGA_KIND(parked_for_nothing),
                                        INVSAGA_KIND(duplicate_too_early),
                                        INVSAGA_KIND(dead_without_a_try),
                                        INVSAGA_KIND(published_after_end),
                                        INVSAGA_KIND(completed_too_early),
                                        INVSAGA_KIND(in_progress_too_late),
                                        INVSAGA_KIND(mismatch_of_the_same),
                                        INVSAGA_KIND(expired_under_way),
                                        INVSAGA_KIND(lost_without_answer),
                                        INVSAGA_KIND(after_the_last),
                                        INVSAGA_KIND(consumer_more),
                                        INVSAGA_KIND(row_not_counted),
                                        INVSAGA_KIND(publish_id),
                                        INVSAGA_KIND(second_reserve_new_id),
                                        INVSAGA_KIND(second_publish_new_id),
                                        INVSAGA_KIND(swapped_fact_and_event),
                                        INVSAGA_KIND(refusal_none_named),
                                        INVSAGA_KIND(refusal_behind_a_restock),
                                        INVSAGA_KIND(committed_after_expiry),
                                        INVSAGA_KIND(released_after_expiry),
                                        INVSAGA_KIND(reserve_behind_a_tombstone),
                                        INVSAGA_KIND(refund_after_compensation),
                                        INVSAGA_KIND(other_content_under_the_id)};
#undef INVSAGA_KIND
  return all;
}

}  // namespace histories
