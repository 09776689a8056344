// SPDX-License-Identifier: Apache-2.0
//
// Edits of a run by which something is missing, or is there twice.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "edited_run.hpp"

namespace histories {
namespace edits {

using Line = EditedRun::Line;
using A = EditedRun::A;
using O = EditedRun::O;
using Run = EditedRun;

inline auto of_op(O op) {
  return [op](const Line& line) { return line.op == op; };
}
inline auto of_step(const char* step) {
  return [step](const Line& line) { return line.op == O::call && line.step == step; };
}

// --- what is missing

inline bool hold_gone(Run& run) {
  const Line* const reserve = run.first(O::reserve, A::reserved);
  if (reserve == nullptr || run.was_cancelled()) return false;
  const std::string id = reserve->id;
  return run.drop([&](const Line& line) { return line.id == id; }) &&
         run.drop_event("STOCK_RESERVED");
}
inline bool sale_gone(Run& run) {
  Line* const commit = run.first(O::commit, A::committed);
  if (commit == nullptr) return false;
  const Line* const reserve = run.first(O::reserve, A::reserved);
  Line release = *commit;
  release.op = O::release;
  release.step.clear();
  release.answer = A::released;
  release.lines = reserve->lines;
  release.lost = false;
  run.insert_behind(commit, release);
  return run.drop(of_op(O::commit)) && run.drop_event("STOCK_COMMITTED");
}
/// The charge with its refund, and the event that tells of it.
inline bool payment_gone(Run& run) {
  if (run.first(O::charge, A::charged) == nullptr) return false;
  run.drop([](const Line& line) { return line.op == O::charge || line.op == O::refund; });
  return run.drop_event("PAYMENT_COMPLETED");
}
inline bool refund_gone(Run& run) { return run.drop(of_op(O::refund)); }
inline bool cancel_gone(Run& run) { return run.drop(of_step("cancel")); }
inline bool place_gone(Run& run) {
  return !run.was_cancelled() && run.drop(of_step("place")) &&
         run.drop_event("ORDER_CHECKOUT_STARTED");
}
inline bool clear_gone(Run& run) {
  return run.drop(of_step("clear cart")) && run.drop_event("CART_CLEARED");
}
inline bool request_gone(Run& run) { return run.drop(of_op(O::request)); }
inline bool end_gone(Run& run) { return run.drop(of_op(O::end)); }
inline bool event_gone(Run& run) {
  const Line* const event = run.first(O::publish, A::published);
  const Line* const any = run.some(
      [](const Line& line) { return line.op == O::publish && line.answer == A::published; });
  if (event == nullptr || run.ends_as("stuck") || run.was_cancelled()) return false;
  const std::string id = any->id;
  return run.drop([&](const Line& line) { return Run::is_event(line) && line.id == id; });
}
inline bool delivery_gone(Run& run) {
  const Line* const handled = run.first(O::deliver, A::handled);
  if (handled == nullptr) return false;
  const auto [id, consumer] = std::pair(handled->id, handled->consumer);
  return run.drop([&](const Line& line) {
    return line.op == O::deliver && line.id == id && line.consumer == consumer;
  });
}
/// Nothing is undone, and it is called stuck.
inline bool undos_gone_and_stuck(Run& run) {
  if (!run.ends_as("compensated") || !run.drop(Run::is_undo)) return false;
  if (run.waits_before(run.end())) return false;
  run.end()->outcome = "stuck";
  return true;
}
/// Its hold was left to run out.
inline bool release_gone(Run& run) {
  const Line* const release = run.first(O::release, A::released);
  if (release == nullptr || !run.ends_as("compensated")) return false;
  const Line* const reserve = run.first(O::reserve, A::reserved);
  Line expire = *release;
  expire.op = O::expire;
  expire.answer = A::expired;
  expire.lost = false;
  expire.step.clear();
  const auto until = reserve->until;
  run.drop(of_op(O::release));
  for (auto line = run.history.lines.rbegin(); line != run.history.lines.rend(); ++line) {
    if (line->at >= until && std::next(line) != run.history.lines.rend() &&
        std::next(line)->at >= until) {
      continue;
    }
    if (line->at < until) return false;
    expire.at = line->at;
    run.insert_behind(&*line, expire);
    return true;
  }
  return false;
}

// --- what is there twice

inline bool hold_twice(Run& run) { return run.again(run.first(O::reserve, A::reserved)); }
inline bool sale_twice(Run& run) {
  const Line* const commit = run.first(O::commit, A::committed);
  if (commit == nullptr) return false;
  for (const O op : {O::commit, O::reserve}) {
    const std::string id = run.first(O::commit, A::committed)->id;
    if (!run.again(run.some([&](const Line& l) { return l.op == op && l.id == id; }))) return false;
  }
  return true;
}
inline bool charge_twice(Run& run) { return run.again(run.first(O::charge, A::charged)); }
inline bool refund_twice(Run& run) { return run.again(run.first(O::refund, A::refunded)); }
inline bool place_twice(Run& run) { return run.again(run.call("place")); }
inline bool request_twice(Run& run) { return run.again(run.first(O::request, A::fresh)); }
inline bool end_twice(Run& run) {
  if (run.end() == nullptr || run.ends_as("stuck")) return false;
  const Line end = *run.end();
  run.insert_behind(run.end(), end);
  return true;
}
inline bool event_twice(Run& run) {
  const Line* const event = run.first(O::publish, A::published);
  if (event == nullptr) return false;
  const std::string id = event->id;
  std::vector<Line> made;
  for (const Line* line : run.all([&](const Line& l) {
         return Run::is_event(l) && l.id == id &&
                (l.answer == A::published || l.answer == A::handled) && !l.repeat;
       })) {
    made.push_back(*line);
    made.back().id += "+";
  }
  const auto last = run.all([&](const Line& l) { return Run::is_event(l) && l.id == id; }).back();
  run.insert_behind(last, made);
  return true;
}
inline bool delivery_twice(Run& run) {
  const Line* const handled = run.first(O::deliver, A::handled);
  if (handled == nullptr) return false;
  run.insert_behind(handled, Line(*handled));
  return true;
}

}  // namespace edits
}  // namespace histories
