// SPDX-License-Identifier: Apache-2.0
//
// The tasks that wait at an executor: by time, and those of one context found without a look at the
// others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>

#include <invsaga/environment.hpp>

#include "deadline_heap.hpp"

namespace invsaga {
inline namespace v0 {
namespace detail {

/// A task of an executor, and when it is due. Owned by its `ArmedTasks`.
struct ArmedTask {
  Time time;
  std::uint64_t number = 0;  ///< In the order of arming.
  bool is_posted = false;    ///< Due, whatever the clock says: it may be set back.
  Task task;
  std::size_t heap_slot = 0;
  ArmedTask* next = nullptr;  ///< Of its context; of those that are free.
  ArmedTask* previous = nullptr;

  /// In the order of time, and within one time in that of arming.
  [[nodiscard]] bool is_earlier(const ArmedTask& other) const noexcept {
    return time != other.time ? time < other.time : number < other.number;
  }
  /// Of two that are both posted, or neither.
  [[nodiscard]] bool is_before(const ArmedTask& other) const noexcept {
    return is_posted ? number < other.number : is_earlier(other);
  }
};

/// One thread.
class ArmedTasks {
 public:
  ArmedTasks() = default;
  /// What is left is let go.
  ~ArmedTasks();
  ArmedTasks(const ArmedTasks&) = delete;
  ArmedTasks& operator=(const ArmedTasks&) = delete;

  /// Allocates; if that fails the task is not taken.
  void post(Time now, Task task) { add(posted_, now, task); }
  void post_at(Time time, Task task) { add(timers_, time, task); }
  /// Lets all of the context go.
  void drop(const void* context) noexcept;

  [[nodiscard]] bool empty() const noexcept { return posted_.empty() && timers_.empty(); }
  [[nodiscard]] bool has_due(Time now) const noexcept {
    return !posted_.empty() || (!timers_.empty() && timers_.top().time <= now);
  }
  /// None: what waits is due, if anything does.
  [[nodiscard]] const ArmedTask* next_timer() const noexcept {
    return timers_.empty() ? nullptr : &timers_.top();
  }
  /// The first of those that are due, else the next timer. Requires that there is one.
  Task take_next(Time now) noexcept;

 private:
  using Heap = DeadlineHeap<ArmedTask>;

  void add(Heap& heap, Time time, const Task& task);
  void remove(ArmedTask& armed) noexcept;

  Heap posted_;
  Heap timers_;
  std::deque<ArmedTask> tasks_;  // all there ever were at once
  ArmedTask* free_ = nullptr;
  std::unordered_map<const void*, ArmedTask*> first_of_;  // of each context that has any
  std::uint64_t last_number_ = 0;
};

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
