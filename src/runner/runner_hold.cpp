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
/// or driven. Then what is returned is its driver, unless it is held. `held`: by who asks.
RunPtr Core::seat_to_begin(RunId run, const SagaPtr& saga, bool held, bool& busy) {
  const MachineOptions machine = machine_options();
  const std::lock_guard lock(mutex);
  const auto found = runs.find(run);
  busy = found != runs.end() && (found->second.driver || found->second.held != held);
  if (busy) return found->second.held != held ? nullptr : found->second.driver;
  if (!has_room()) return nullptr;
  RunEntry& entry = runs[run];
  entry.held = true;
  return seat(run, entry, saga, machine);
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
  RunEntry& entry = runs[run];
  if (entry.driver || entry.room) return true;
  if (!has_room()) return false;
  ++promised;
  return entry.room = true;
}

/// Ends a hold, and passes it on to who waits for it, whom this thread resumes with its next turn.
/// If there is no driver and one is `wanted`, there is a new one for the caller to drive, if there
/// is room. Of the first records the observer was `told`, unless a driver knows better that went
/// away meanwhile. If that has seen all that is `known` to who leaves, it has had its say.
Core::Left Core::leave(RunId run, const SagaPtr& wanted, Position told,
                       std::optional<Position> known) {
  Left left;
  const MachineOptions machine = machine_options();
  const std::lock_guard lock(mutex);
  const auto found = runs.find(run);
  if (found == runs.end()) return left;  // the runner has ended
  RunEntry& entry = found->second;
  INVSAGA_ASSERT(entry.held, "who leaves a run holds it");
  left.told = entry.told.value_or(told);
  const bool seen = known && entry.told && *entry.told >= *known;
  entry.told.reset();
  if (std::exchange(entry.room, false)) --promised;
  if (wanted && !entry.driver && !seen) {
    left.full = !has_room();
    if (!left.full) left.taken = seat(run, entry, wanted, machine);
  }
  if (left.taken) left.taken->told = left.told;
  if (!entry.waiting.empty()) {
    Turns::add(std::move(entry.waiting.front()));
    entry.waiting.pop_front();
  } else {
    entry.held = false;
    if (!entry.driver) runs.erase(found);
  }
  return left;
}

void Core::release(RunId run) { static_cast<void>(leave(run, nullptr, 0, {})); }

/// Its driver has gone. Whoever holds the run learns how far that one has told the observer, and
/// keeps its place.
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
  RunEntry& entry = found->second;
  entry.driver.reset();
  if (!entry.held) return static_cast<void>(runs.erase(found));
  entry.told = told;
  if (!std::exchange(entry.room, true)) ++promised;
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
