// SPDX-License-Identifier: Apache-2.0
#include "armed_tasks.hpp"

#include <invsaga/assert.hpp>

namespace invsaga {
inline namespace v0 {
namespace detail {

ArmedTasks::~ArmedTasks() {
  while (!posted_.empty()) drop(posted_.top().task.context);
  while (!timers_.empty()) drop(timers_.top().task.context);
}

/// Room first, then changes that cannot fail.
void ArmedTasks::add(Heap& heap, Time time, const Task& task) {
  heap.reserve(heap.size() + 1);
  if (free_ == nullptr) free_ = &tasks_.emplace_back();
  ArmedTask*& first = first_of_[task.context];
  ArmedTask& armed = *free_;
  free_ = armed.next;
  armed = {time, ++last_number_, &heap == &posted_, task, 0, first, nullptr};
  if (first != nullptr) first->previous = &armed;
  first = &armed;
  heap.push(armed);
}

void ArmedTasks::remove(ArmedTask& armed) noexcept {
  (armed.is_posted ? posted_ : timers_).erase(armed);
  if (armed.next != nullptr) armed.next->previous = armed.previous;
  if (armed.previous != nullptr) {
    armed.previous->next = armed.next;
  } else if (armed.next != nullptr) {
    first_of_.find(armed.task.context)->second = armed.next;
  } else {
    first_of_.erase(armed.task.context);
  }
  armed.next = free_;
  free_ = &armed;
}

void ArmedTasks::drop(const void* context) noexcept {
  const auto found = first_of_.find(context);
  ArmedTask* armed = found != first_of_.end() ? found->second : nullptr;
  while (armed != nullptr) {
    ArmedTask* const next = armed->next;
    armed->task.let_go();
    remove(*armed);
    armed = next;
  }
}

Task ArmedTasks::take_next(Time now) noexcept {
  INVSAGA_ASSERT(!empty(), "ArmedTasks::take_next: that there is one");
  const bool timer = posted_.empty() || (!timers_.empty() && timers_.top().time <= now &&
                                         timers_.top().is_earlier(posted_.top()));
  ArmedTask& armed = timer ? timers_.top() : posted_.top();
  const Task task = armed.task;
  remove(armed);
  return task;
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
