// SPDX-License-Identifier: Apache-2.0
//
// A line that breaks an invariant: done though it must not be.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "wrong_refusals.hpp"

namespace histories {

class WrongDeeds : public WrongRefusals {
 public:
  using WrongRefusals::WrongRefusals;

 protected:
  bool oversold() {
    return copied(some_of(O::reserve, A::reserved), [](Line& other) {
      other.id += "/over";
      other.run.clear();
      other.step.clear();
      set(other.lines, 0, 0, 1'000'000);
    });
  }
  /// What has ended ends once more, otherwise.
  bool ended_again(const Line* end, O op, A answer) {
    return copied(end, [=](Line& other) {
      other.op = op;
      other.step.clear();
      other.answer = answer;
    });
  }
  bool released_after_commit() {
    return ended_again(some_of(O::commit, A::committed), O::release, A::released);
  }
  bool committed_after_release() {
    return ended_again(some_of(O::release, A::released), O::commit, A::committed);
  }
  bool expired_after_commit() {
    return ended_again(some_of(O::commit, A::committed), O::expire, A::expired);
  }
  bool committed_after_expiry() {
    return ended_again(some_of(O::expire, A::expired), O::commit, A::committed);
  }
  bool released_after_expiry() {
    return ended_again(some_of(O::expire, A::expired), O::release, A::released);
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
    return changed(some_of(O::reserve, A::suppressed),
                   [](Line& line) { line.answer = A::reserved; });
  }
  /// Behind a run's end, its payment is paid back.
  bool refund_behind(const Line* end) {
    if (end == nullptr) return false;
    for (const Line& charge : history_.lines) {
      if (charge.op != O::charge || charge.run != end->run || !decides(charge)) continue;
      Line refund = charge;
      refund.op = O::refund;
      refund.answer = A::refunded;
      refund.lost = false;
      return insert_after(end, refund);
    }
    return false;
  }
  bool refund_after_end() { return refund_behind(some_end("completed")); }
  bool refund_after_compensation() { return refund_behind(some_end("compensated")); }
  bool reserve_after_end() {
    Line* line = some_end_but_stuck();
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
    return copied(some_of(O::charge, A::declined), [](Line& refund) {
      refund.op = O::refund;
      refund.answer = A::refunded;
    });
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
    return changed(some_of(O::deliver, A::handled), [](Line& line) { line.answer = A::duplicate; });
  }
  bool dead_without_a_try() {
    Line* line = some_of(O::deliver, A::handled);
    if (line == nullptr || was_tried(*line)) return false;
    line->answer = A::dead;
    return true;
  }
  bool published_after_end() {
    Line* line = some_end_but_stuck();
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
    return copied(some_of(O::request, A::fresh), [](Line& again) { again.answer = A::completed; });
  }
  bool in_progress_too_late() {
    return changed(some_of(O::request, A::completed), [&](Line& line) {
      line.answer = A::in_progress;
      line.t0 = line.t1 = long_after();
    });
  }
  bool mismatch_of_the_same() {
    return changed(some([](const Line& l) { return l.op == O::request && l.answer != A::fresh; }),
                   [](Line& line) { line.answer = A::mismatch; });
  }
  bool expired_under_way() {
    return changed(some_of(O::request, A::in_progress),
                   [](Line& line) { line.answer = A::expired; });
  }
  bool lost_without_answer() {
    return changed(
        some([](const Line& l) { return l.answer == A::failed || l.answer == A::unknown; }),
        [](Line& line) { line.lost = true; });
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
    return changed(some_of(O::publish, A::published), [](Line& line) { line.id += "?"; });
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
    return changed(some_refusal(), [](Line& line) { line.shorts.clear(); });
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
  bool other_content_under_the_id() {
    return copied(some_of(O::request, A::fresh), [](Line& other) {
      other.answer = A::in_progress;
      other.units += 1;
    });
  }
};

}  // namespace histories
