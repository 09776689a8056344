// SPDX-License-Identifier: Apache-2.0
//
// Who has a run in hand here: its driver, and whoever holds it to bring news or to take it over.
#include <algorithm>

#include <invsaga/assert.hpp>

#include "runner_state.hpp"

namespace invsaga {
inline namespace v0 {
namespace detail {

using Core = RunnerCore::Core;

RunPtr Core::find(RunId run) const {
  const std::lock_guard lock(mutex);
  const auto found = runs.find(run);
  return found == runs.end() ? nullptr : found->second.driver;
}

RunPtr Core::find_serial(std::uint64_t serial) const {
  const std::lock_guard lock(mutex);
  const auto found = by_serial.find(serial);
  return found == by_serial.end() ? nullptr : found->second;
}

/// A driver for a run that has none, under the lock. Whoever seats it drives it first.
void Core::seat(RunId run, const RunPtr& driver) {
  /// Takes an entry back that came to nothing.
  struct Entry {
    decltype(runs)& all;
    decltype(runs)::iterator at;
    bool is_used;
    ~Entry() {
      if (!is_used) all.erase(at);
    }
  };
  const auto [at, fresh] = runs.try_emplace(run);
  Entry entry{runs, at, !fresh};
  INVSAGA_ASSERT(at->second.driver == nullptr, "a run has one driver here");
  timers.reserve(by_serial.size() + 1);
  by_serial.emplace(driver->serial, driver);
  entry.is_used = true;
  at->second.driver = driver;
  driver->driving = true;
}

/// A driver that holds its run until it has begun, or none: there is no room, or it is `busy`, held
/// or driven. Then what is returned is its driver, unless it is held.
RunPtr Core::seat_to_begin(Beginning& beginning, bool& busy) {
  const MachineOptions options_of_it = machine_options();
  const std::lock_guard lock(mutex);
  const bool held = beginning.held;
  const auto found = runs.find(beginning.id);
  busy = found != runs.end() && (found->second.driver || found->second.held != held);
  if (busy) return found->second.held != held ? nullptr : found->second.driver;
  INVSAGA_ASSERT(!held || found != runs.end(), "who holds a run has an entry");
  // The place that its last driver left is its own.
  if (held && std::exchange(found->second.room, false)) --promised;
  if (stopping || !has_room()) return nullptr;
  auto driver = std::make_shared<ActiveRun>(beginning.id, ++last_serial, beginning.saga,
                                            options_of_it);
  begin_with(*driver, beginning);
  seat(beginning.id, driver);
  runs.find(beginning.id)->second.held = true;
  return driver;
}

/// Answers once the caller holds it, in turn.
void Core::hold(RunId run, Completion<void> held) {
  {
    const std::lock_guard lock(mutex);
    RunEntry& entry = runs[run];
    if (entry.held) return static_cast<void>(entry.waiting.emplace_back(held));
    entry.held = true;
    entry.told.reset();
  }
  held(success());
}

/// Whether a run that is held can be driven here: there is a driver, whose place is kept if it goes
/// away, or room, which is kept too until the run is left.
bool Core::keep_room(RunId run) {
  const std::lock_guard lock(mutex);
  RunEntry& entry = runs.find(run)->second;
  if (entry.driver || entry.room) return true;
  if (stopping || !has_room()) return false;
  ++promised;
  return entry.room = true;
}

/// Ends a hold, and passes it on to who waits for it, whom this thread resumes with its next turn.
/// If there is no driver and one is `wanted`, there is a new one for the caller to drive, if there
/// is room, and memory. Of the first records the observer was `told`, unless a driver knows better
/// that went away meanwhile. If that has seen all that is `known` to who leaves, it has had its
/// say.
Core::Left Core::leave(RunId run, const SagaPtr& wanted, Position told,
                       std::optional<Position> known) noexcept {
  Left left;
  const MachineOptions options_of_it = machine_options();
  const std::lock_guard lock(mutex);
  const auto found = runs.find(run);
  if (found == runs.end()) return left;  // the runner has ended
  RunEntry& entry = found->second;
  INVSAGA_ASSERT(entry.held, "who leaves a run holds it");
  left.told = entry.told.value_or(told);
  const bool seen = known && entry.told && *entry.told >= *known;
  entry.told.reset();
  if (std::exchange(entry.room, false)) --promised;
  if (wanted && !entry.driver && !seen && stopping) {
    left.full = true;
  } else if (wanted && !entry.driver && !seen) {
    auto take = [&] {
      auto driver = std::make_shared<ActiveRun>(run, ++last_serial, wanted, options_of_it);
      seat(run, driver);
      left.taken = std::move(driver);
    };
    left.full = !has_room() || ending_of(take) != Ending::returned;
  }
  if (left.taken) left.taken->told = left.taken->told_before = left.told;
  if (!entry.waiting.empty()) {
    Turns::add(entry.waiting);
  } else {
    entry.held = false;
    if (!entry.driver) runs.erase(found);
  }
  return left;
}

void Core::release(RunId run) noexcept { static_cast<void>(leave(run, nullptr, 0, {})); }

/// Its driver has gone. Whoever holds the run learns how far that one has told the observer, and
/// keeps its place.
void Core::drop(ActiveRun& run) noexcept {
  Position told = 0;
  {
    const Lock lock(run.mutex);
    told = run.told;
  }
  timers.close(run.alarm);
  const std::lock_guard lock(mutex);
  if (by_serial.erase(run.serial) == 0) return;
  const auto found = runs.find(run.id);
  INVSAGA_ASSERT(found != runs.end(), "a driver has an entry");
  RunEntry& entry = found->second;
  entry.driver.reset();
  if (!entry.held) return static_cast<void>(runs.erase(found));
  entry.told = told;
  if (!std::exchange(entry.room, true)) ++promised;
}

// --- drivers that nothing would wake

/// Its turn could not be posted: the next activity looks after it.
void Core::neglect(const ActiveRun& run) noexcept {
  const std::lock_guard lock(mutex);
  const auto found = by_serial.find(run.serial);
  if (found == by_serial.end() || std::exchange(found->second->is_neglected, true)) return;
  found->second->next_neglected = std::exchange(neglected, found->second);
}

/// Something could not be armed, or posted, and still is not.
bool Core::is_neglectful() const noexcept {
  const std::lock_guard lock(mutex);
  return neglected != nullptr || timers_unarmed;
}

void Core::watch(std::weak_ptr<Watcher> by) {
  const std::lock_guard lock(mutex);
  watcher = std::move(by);
  is_watched = true;
}

void Core::attend() noexcept {
  if (is_watched) {
    std::shared_ptr<Watcher> by;
    {
      const std::lock_guard lock(mutex);
      by = watcher.lock();
    }
    if (by) by->activity();
  }
  look_after_neglected();
}

/// Calls nobody's code: what is fit for any occasion.
void Core::arm_the_unarmed() noexcept {
  if (timers_unarmed.exchange(false)) arm_timers();
}

void Core::look_after_neglected(Asker asker) noexcept {
  arm_the_unarmed();
  RunPtr next;
  {
    const std::lock_guard lock(mutex);
    next.swap(neglected);
  }
  while (next) {
    const RunPtr run = next;
    {
      const std::lock_guard lock(mutex);
      run->is_neglected = false;
      next = std::move(run->next_neglected);
    }
    bool starts = false;
    if (nudge(run, Nudge::time, starts) && starts) set_off_for(asker, run);
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
