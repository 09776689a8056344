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
};

}  // namespace histories
