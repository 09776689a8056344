// SPDX-License-Identifier: Apache-2.0
//
// When runs, and who waits for them, are to be looked at again. Few tasks of the executor stand for
// them all, so that what was armed for one ends with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

#include <invsaga/detail/armed_times.hpp>
#include <invsaga/time.hpp>

#include "deadline_heap.hpp"

namespace invsaga {
inline namespace v0 {
namespace detail {

/// The one alarm of a run, or of who waits. Guarded by its `Timers`.
struct Alarm {
  std::uint64_t serial = 0;  ///< Of whom it is.
  Time when;
  std::uint64_t number = 0;  ///< Of alarms of one time the one that was set first rings first.
  std::size_t heap_slot = 0;
  bool is_set = false;
  bool is_closed = false;
  [[nodiscard]] bool is_before(const Alarm& other) const noexcept {
    return when != other.when ? when < other.when : number < other.number;
  }
};

/// The alarms of a runner, borrowed, and for what times tasks are armed. Safe from any thread;
/// calls nothing.
class Timers {
 public:
  /// Room for so many alarms. Allocates.
  void reserve(std::size_t alarms) {
    const std::lock_guard lock(mutex_);
    alarms_.reserve(alarms);
  }
  /// It rings at `when`, or before, if that was asked for and is still to come. There is room for
  /// it, which `reserve` made.
  void set(Alarm& alarm, Time when, Time now) noexcept;
  /// It does not ring any more.
  void close(Alarm& alarm) noexcept;
  void close_all() noexcept;
  /// The next that is due: who is to be looked at. The alarm is set no more.
  std::optional<std::uint64_t> take_due(Time now) noexcept;

  /// For when a task is to be armed; none if those that are will do. Allocates, then it counts as
  /// armed.
  std::optional<Time> arm_next();
  /// A task of that time has run, or could not be armed.
  void disarm(Time time) noexcept;

 private:
  std::mutex mutex_;
  DeadlineHeap<Alarm> alarms_;
  ArmedTimes armed_;
  std::uint64_t last_number_ = 0;
};

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
