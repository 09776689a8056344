// SPDX-License-Identifier: Apache-2.0
#include <invsaga/testing/simulation.hpp>

#include <invsaga/assert.hpp>

#include "ranked_tasks.hpp"

namespace invsaga {
inline namespace v0 {
namespace testing {

void ManualClock::advance_to(Time time) {
  std::int64_t now = now_ms_.load();
  while (now < to_ms(time) && !now_ms_.compare_exchange_weak(now, to_ms(time))) {
  }
}

std::size_t SeededChooser::choose(std::size_t n) { return rng_.below(n); }

std::size_t ExhaustiveChooser::choose(std::size_t n) {
  INVSAGA_ASSERT(n > 0, "Chooser::choose: n > 0");
  if (depth_ == path_.size()) path_.push_back({0, n});
  INVSAGA_ASSERT(path_[depth_].of == n,
                 "ExhaustiveChooser::choose: as many choices at the same place in every run");
  return path_[depth_++].picked;
}

bool ExhaustiveChooser::next() {
  // What lies behind the depth reached was not asked for again: nothing is left to vary there.
  path_.resize(depth_);
  depth_ = 0;
  while (!path_.empty() && path_.back().picked + 1 == path_.back().of) path_.pop_back();
  if (path_.empty()) return false;
  ++path_.back().picked;
  return true;
}

std::vector<std::size_t> ExhaustiveChooser::choices() const {
  std::vector<std::size_t> picked;
  for (std::size_t i = 0; i < depth_; ++i) picked.push_back(path_[i].picked);
  return picked;
}

SimulatedExecutor::SimulatedExecutor(ManualClock& clock, Chooser* chooser)
    : clock_(clock), chooser_(chooser), tasks_(std::make_unique<RankedTasks>()) {}

SimulatedExecutor::~SimulatedExecutor() = default;

void SimulatedExecutor::post(Task task) { post_at(clock_.now(), task); }

void SimulatedExecutor::post_at(Time time, Task task) {
  INVSAGA_ASSERT(task.run != nullptr, "Executor::post_at: a task that has a run");
  const std::lock_guard lock(mutex_);
  tasks_->add(time, task);
}

void SimulatedExecutor::drop(const void* context) noexcept {
  const std::lock_guard lock(mutex_);
  tasks_->drop(context);
}

bool SimulatedExecutor::step_within(Time last) {
  Task task;
  {
    const std::lock_guard lock(mutex_);
    if (tasks_->size() == 0 || tasks_->first_time() > last) return false;
    clock_.advance_to(tasks_->first_time());
    const std::size_t due = tasks_->due_at(clock_.now());
    const std::size_t pick = chooser_ != nullptr && due > 1 ? chooser_->choose(due) : 0;
    INVSAGA_ASSERT(pick < due, "a choice is below the number of choices");
    task = tasks_->take(pick);
  }
  const TaskScope within;
  task.run(task.context, task.tag);
  return true;
}

bool SimulatedExecutor::step() { return step_within(Time::max()); }

std::size_t SimulatedExecutor::run_until(Time time) {
  std::size_t ran = 0;
  while (step_within(time)) ++ran;
  clock_.advance_to(time);
  return ran;
}

std::size_t SimulatedExecutor::run_all(std::size_t limit) {
  std::size_t ran = 0;
  while (ran < limit && step()) ++ran;
  return ran;
}

std::size_t SimulatedExecutor::waiting() const {
  const std::lock_guard lock(mutex_);
  return tasks_->size();
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
