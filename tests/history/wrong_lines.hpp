// SPDX-License-Identifier: Apache-2.0
//
// One line is missing, there twice, or stands where another should.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "wrong_values.hpp"

namespace histories {

class WrongLines : public WrongValues {
 public:
  using WrongValues::WrongValues;

 protected:
  bool gap() {
    return changed(some([&](const Line& l) { return l.n < history_.lines.size(); }),
                   [&](Line& line) {
                     history_.lines.erase(history_.lines.begin() +
                                          static_cast<std::ptrdiff_t>(index_of(&line)));
                   });
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
  /// Of a call of that step.
  bool missing_call(const char* step) {
    return drop(
        some([=](const Line& l) { return l.op == O::call && l.step == step && !l.repeat; }));
  }
  bool missing_place() { return missing_call("place"); }
  bool missing_reserve() { return missing_of(O::reserve, A::reserved); }
  bool missing_refusal() { return drop(some(refused_run)); }
  bool missing_charge() { return missing_of(O::charge, A::charged); }
  bool missing_decline() { return missing_of(O::charge, A::declined); }
  bool missing_commit() { return missing_of(O::commit, A::committed); }
  bool missing_release() { return missing_of(O::release, A::released); }
  bool missing_expire() { return missing_of(O::expire, A::expired); }
  bool missing_refund() { return missing_of(O::refund, A::refunded); }
  bool missing_cancel() { return missing_call("cancel"); }
  bool missing_clear() { return missing_call("clear cart"); }
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
  bool second_new_id(const Line* line) {
    return copied(line, [](Line& other) { other.id += "/again"; });
  }
  bool second_charge_new_id() { return second_new_id(some_of(O::charge, A::charged)); }
  bool second_place_new_id() {
    return second_new_id(some([](const Line& l) { return l.op == O::call && l.step == "place"; }));
  }
  bool second_request_new_id() { return second_new_id(some_of(O::request, A::fresh)); }
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
    swap_places(a, b);
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
};

}  // namespace histories
