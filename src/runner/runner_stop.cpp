// SPDX-License-Identifier: Apache-2.0
//
// How a runner comes to rest: nothing is begun any more, and what is under way is let be answered.
#include <algorithm>

#include "runner_state.hpp"

namespace invsaga {
inline namespace v0 {
namespace detail {

using Core = RunnerCore::Core;

/// Drivers learn of it when they are driven next, so all are. Without memory for that it does not
/// stop: who asks again is answered as if he had not asked before.
void Core::stop(Time deadline, Completion<StopReport> done) noexcept {
  Answerer<StopReport> answer(done);
  std::vector<RunPtr> own;
  bool full = false;
  auto begin = [&] {
    std::list<Stopper> one;
    one.push_back({deadline, Answerer<StopReport>({})});
    const std::lock_guard stop_lock(stops);
    full = stoppers.size() >= options.max_waiters;
    if (full) return;
    {
      const std::lock_guard lock(mutex);
      own.reserve(by_serial.size());
      restless.reserve(by_serial.size());
      for (const auto& [serial, run] : by_serial) own.push_back(run);
      stopping = true;  // nobody is seated from here on
    }
    restless = own;
    one.front().answer = std::move(answer);
    stoppers.splice(stoppers.end(), one);
  };
  if (ending_of(begin) != Ending::returned) return answer.refuse(no_memory());
  if (full) return answer.refuse(no_room(Limit::waiters, options.max_waiters));
  std::ranges::sort(own, {}, &ActiveRun::serial);  // in an order that no hash decides
  for (const RunPtr& run : own) {
    bool starts = false;
    if (nudge(run, Nudge::time, starts) && starts) set_off(run);
  }
  if (!arm(deadline, {&Core::on_deadline, this, 0, nullptr})) tell_stopped(false, deadline);
  look_whether_at_rest();
}

void Core::on_deadline(void* core, std::uint64_t) noexcept {
  auto& self = *static_cast<Core*>(core);
  const Visit visit(self.visits);
  if (visit) self.tell_stopped(false, self.environment.clock.now());
}

bool Core::is_at_rest(ActiveRun& run) noexcept {
  const std::lock_guard lock(run.mutex);
  if (run.gone) return true;
  const bool busy = run.driving || run.catching_up || run.starting || !run.news.empty() ||
                    !run.brought.empty();
  return !busy && run.machine->is_stopping() && !run.machine->has_write();
}

/// Each is looked at until it is seen at rest once. From then on it only moves for news from
/// outside.
void Core::look_whether_at_rest() noexcept {
  {
    const std::lock_guard lock(stops);
    if (stoppers.empty()) return;
    while (!restless.empty() && is_at_rest(*restless.back())) restless.pop_back();
    if (!restless.empty()) return;
  }
  tell_stopped(true, Time::max());
}

/// Those whose deadline has come by then.
void Core::tell_stopped(bool at_rest, Time until) noexcept {
  std::list<Stopper> told;
  {
    const std::lock_guard lock(stops);
    for (auto next = stoppers.begin(); next != stoppers.end();) {
      const auto at = next++;
      if (at->deadline <= until) told.splice(told.end(), stoppers, at);
    }
  }
  if (told.empty()) return;
  if (at_rest) send_off(show_no_life(), {[](void*, std::uint64_t, result<void>&&) noexcept {}});
  wake_all_waiters();
  StopReport report;
  report.at_rest = at_rest;
  {
    const std::lock_guard lock(mutex);
    report.left = by_serial.size();
  }
  while (!told.empty()) {
    told.front().answer(report);
    told.pop_front();
  }
}

/// Others need not wait for its lease to end.
Errand<void> Core::show_no_life() {
  const std::uint64_t epoch = life_epoch.exchange(0);
  if (epoch == 0) co_return success();
  static_cast<void>(co_await ask<void>(
      [&](Completion<void> done) { backend.release_claim(life_key(owner), epoch, done); }));
  co_return success();
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
