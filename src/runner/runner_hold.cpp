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
RunPtr Core::seat(RunId run, RunEntry& entry, const SagaPtr& saga, const MachineOptions& machine) {
  INVSAGA_ASSERT(entry.driver == nullptr, "a run has one driver here");
  entry.driver = std::make_shared<ActiveRun>(run, ++last_serial, saga, machine);
  entry.driver->driving = true;
  by_serial.emplace(last_serial, entry.driver);
  return entry.driver;
}

/// A driver that holds its run until it has begun, or none: there is no room, or it is `busy`, held
/// or driven. Then what is returned is its driver, unless it is held.
RunPtr Core::seat_to_begin(RunId run, const SagaPtr& saga, bool& busy) {
  const MachineOptions machine = machine_options();
  const std::lock_guard lock(mutex);
  const auto found = runs.find(run);
  busy = found != runs.end();
  if (busy) return found->second.held ? nullptr : found->second.driver;
  if (!has_room()) return nullptr;
  RunEntry& entry = runs[run];
  entry.held = true;
  return seat(run, entry, saga, machine);
}

/// False if another holds it.
bool Core::hold(RunId run) {
  const std::lock_guard lock(mutex);
  RunEntry& entry = runs[run];
  if (entry.held) return false;
  entry.held = true;
  entry.told.reset();
  return true;
}

/// Answers once it is held no more, though another may be quicker to hold it then.
void Core::after_release(RunId run, Completion<void> done) {
  {
    const std::lock_guard lock(mutex);
    const auto found = runs.find(run);
    if (found != runs.end() && found->second.held) {
      return static_cast<void>(found->second.waiting.emplace_back(done));
    }
  }
  done(success());
}

/// Room for a driver is kept until the run is left.
bool Core::promise_room() {
  const std::lock_guard lock(mutex);
  if (!has_room()) return false;
  ++promised;
  return true;
}

/// Ends a hold, with a driver if it is `wanted` and there is none: of the first records the
/// observer was `told`, unless a driver knows better that went away meanwhile. If that has seen all
/// that is `known` to who leaves, it has had its say. The caller drives the new one, and wakes
/// those who wait, once it has told whom it has to tell.
Core::Left Core::leave(RunId run, Seat wanted, const SagaPtr& saga, bool promised_room,
                       Position told, std::optional<Position> known) {
  Left left;
  const MachineOptions machine = machine_options();
  const std::lock_guard lock(mutex);
  const auto found = runs.find(run);
  if (found == runs.end()) return left;  // the runner has ended
  RunEntry& entry = found->second;
  INVSAGA_ASSERT(entry.held, "who leaves a run holds it");
  entry.held = false;
  left.waiting.swap(entry.waiting);
  if (promised_room) --promised;
  if (entry.driver) return left;
  left.drives = has_room();
  const bool seen = known && entry.told && *entry.told >= *known;
  const bool can = wanted == Seat::always || (wanted == Seat::if_room && left.drives);
  if (can && !seen) {
    left.taken = seat(run, entry, saga, machine);
    left.taken->told = entry.told.value_or(told);
  } else {
    runs.erase(found);
  }
  return left;
}

Core::Waiters Core::release(RunId run) {
  return leave(run, Seat::none, nullptr, false, 0, {}).waiting;
}

void Core::wake(Waiters waiting) {
  for (Answerer<void>& one : waiting) one(success());
}

/// Its driver has gone. Whoever holds the run learns how far that one has told the observer.
void Core::drop(ActiveRun& run) {
  Position told = 0;
  {
    const Lock lock(run.mutex);
    told = run.machine.position();
  }
  const std::lock_guard lock(mutex);
  if (by_serial.erase(run.serial) == 0) return;
  const auto found = runs.find(run.id);
  INVSAGA_ASSERT(found != runs.end(), "a driver has an entry");
  found->second.driver.reset();
  found->second.told = told;
  if (!found->second.held) runs.erase(found);
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
