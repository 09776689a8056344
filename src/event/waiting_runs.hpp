// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <invsaga/assert.hpp>
#include <invsaga/ids.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {
namespace relay {

/// When a run is tried; of those of one time, who came first.
using Turn = std::pair<Time, std::uint64_t>;

/// A run whose next event has to wait, and with it those behind that.
struct WaitingRun {
  RunId run;
  Turn turn;
  std::uint32_t attempts = 0;
  std::uint64_t published = 0;  ///< The bus has this one; only its acknowledgement failed.

  /// Where its next event stands in the outbox.
  [[nodiscard]] std::uint64_t place() const noexcept { return places[first]; }

  std::vector<std::uint64_t> places;  ///< Of its events in the outbox, ascending.
  std::size_t first = 0;              ///< Of those the first that waits.
};

/// The runs that wait, each with the places of its events: eight bytes an event, so that what waits
/// is found again without a look at what others wait with. One thread at a time. What fails for
/// want of memory has changed nothing.
class WaitingRuns {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return runs_.size(); }
  [[nodiscard]] WaitingRun* find(RunId run) noexcept {
    const auto found = runs_.find(run);
    return found == runs_.end() ? nullptr : &found->second;
  }
  /// When the next of them is to be tried.
  [[nodiscard]] std::optional<Time> next() const noexcept {
    if (turns_.empty()) return std::nullopt;
    return turns_.begin()->first.first;
  }
  [[nodiscard]] bool any_due(Time now) const noexcept { return next() <= now && next(); }
  /// The one that is to be tried next. Requires that there is one.
  [[nodiscard]] WaitingRun& first() noexcept {
    INVSAGA_ASSERT(!turns_.empty(), "WaitingRuns::first: that there is one");
    return runs_.find(turns_.begin()->second)->second;
  }

  /// A run that does not wait yet, with its first event.
  WaitingRun& add(RunId run, std::uint64_t place, Time until) {
    std::map<Turn, RunId> turn{{Turn{until, next_turn_}, run}};
    WaitingRun made{run, {until, next_turn_}, 0, 0, {place}, 0};
    WaitingRun& added = runs_.try_emplace(run, std::move(made)).first->second;
    turns_.merge(turn);
    ++next_turn_;
    return added;
  }
  /// It is tried at `until`, behind those that are tried then already.
  void put_off(WaitingRun& run, Time until) noexcept {
    auto turn = turns_.extract(run.turn);
    run.turn = turn.key() = {until, next_turn_++};
    turns_.insert(std::move(turn));
  }
  /// Its first event has left the outbox. What is behind it is tried behind all that are due, so
  /// that no run is served to its end first; a run with no more events waits no more.
  void drop_first(WaitingRun& run, Time now) noexcept {
    run.attempts = 0;
    if (++run.first < run.places.size()) return put_off(run, now);
    turns_.erase(run.turn);
    const RunId id = run.run;  // it goes with its own id
    runs_.erase(id);
  }

 private:
  std::map<RunId, WaitingRun> runs_;
  std::map<Turn, RunId> turns_;
  std::uint64_t next_turn_ = 0;
};

}  // namespace relay
}  // namespace v0
}  // namespace invsaga
