// SPDX-License-Identifier: Apache-2.0
//
// One value is other than it was.
#pragma once

#include <array>
#include <set>
#include <string>
#include <vector>

#include "planting.hpp"

namespace histories {

class WrongValues : public Planting {
 public:
  using Planting::Planting;

 protected:
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
    return changed(some([](const Line& l) { return decides(l) && l.op == O::reserve; }),
                   [](Line& line) { set(line.lines, 0, 0, -2 * line.lines[0].units()); });
  }
  bool quantity_huge() {
    return changed(some([](const Line& l) { return decides(l) && l.op == O::adjust; }),
                   [](Line& line) { set(line.lines, 0, 0, std::int64_t{1} << 60); });
  }
  bool product() {
    return changed(
        some([](const Line& l) { return decides(l) && !l.lines.empty() && l.shorts.empty(); }),
        [&](Line& line) { rename(line.lines, pick(line.lines.size()), "another"); });
  }
  bool product_counted() {
    Line* line = some_of(O::stock, A::counted);
    if (line == nullptr || line->rows.empty() || line->rows[0].units() == 0) return false;
    rename(line->rows, 0, "another");
    return true;
  }
  bool units() {
    return changed(some_of(O::request, A::fresh), [](Line& line) { line.units += 1; });
  }
  bool units_again() {
    return changed(some([](const Line& l) { return l.op == O::request && l.answer != A::fresh; }),
                   [](Line& line) { line.units += 1; });
  }
  bool amount() {
    return changed(some([](const Line& l) { return l.op == O::charge || l.op == O::refund; }),
                   [](Line& line) { line.amount = "1" + line.amount; });
  }
  bool amount_asked() {
    std::set<std::string> charged;
    for (const Line& l : history_.lines) {
      if (l.op == O::charge) charged.insert(l.run);
    }
    return changed(some([&](const Line& l) {
                     return l.op == O::request && l.answer == A::fresh && charged.contains(l.run);
                   }),
                   [](Line& line) { line.amount = line.amount == "0" ? "7" : "0.01"; });
  }
  bool amount_no_number() {
    return changed(some_of(O::charge, A::charged), [](Line& line) { line.amount = "12,50"; });
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
    return changed(some([](const Line& l) { return l.op == O::publish || l.op == O::deliver; }),
                   [](Line& line) {
                     line.type = line.type == "STOCK_RESERVED" ? "PAYMENT_COMPLETED"
                                                               : "STOCK_RESERVED";
                   });
  }
  bool event_sequence() {
    return changed(some([](const Line& l) { return l.op == O::publish || l.op == O::deliver; }),
                   [](Line& line) { line.sequence += 1; });
  }
  bool event_consumer() {
    return changed(some_of(O::deliver, A::handled), [](Line& line) {
      line.consumer = line.consumer == "orders" ? "carts" : "orders";
    });
  }
  bool end_events() {
    Line* line = some_of(O::end, A::ended);
    if (line == nullptr) return false;
    line->events += pick(2) == 0 ? 1 : ~std::uint64_t{0};
    return true;
  }
  bool end_outcome() {
    Line* line = some_end_but_stuck();
    if (line == nullptr) return false;
    const std::array<const char*, 4> others = {"completed", "compensated", "stuck", "finished"};
    const std::string old = line->outcome;
    while (line->outcome == old) line->outcome = others[pick(others.size())];
    return old != "compensated" || line->outcome != "stuck" || line->reason != "cancelled";
  }
  bool end_reason() {
    Line* line = some_end("compensated");
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
    return changed(some([](const Line& l) { return l.op == O::call && !l.repeat; }),
                   [](Line& line) {
                     line.step = line.step == "cancel"  ? "clear cart"
                                 : line.step == "place" ? "cancel"
                                                        : "place";
                   });
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
    return changed(some([](const Line& l) {
                     return decides(l) &&
                            (l.op == O::commit || l.op == O::expire || l.op == O::release ||
                             l.op == O::deliver || l.op == O::refund);
                   }),
                   [](Line& line) { line.id += "?"; });
  }
  bool answer_of_another() {
    return changed(some([](const Line& l) { return moves(l); }), [](Line& line) {
      line.answer = line.op == O::publish ? A::handled : A::published;
    });
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
    if (others.empty()) return false;
    line->answer = others[pick(others.size())];
    where += " now " + std::string(name(line->answer));
    return true;
  }
  bool repeat_gone() {
    // A hold that ran out, or is gone, may be asked for any number of times, by whomever.
    return changed(some([](const Line& l) {
                     return l.repeat && l.answer != A::expired && l.answer != A::tombstoned;
                   }),
                   [](Line& line) { line.repeat = false; });
  }
  bool repeat_came() {
    return changed(some([](const Line& l) { return moves(l) && l.answer != A::expired; }),
                   [](Line& line) { line.repeat = true; });
  }
};

}  // namespace histories
