// SPDX-License-Identifier: Apache-2.0
#include "timeline.hpp"

#include <algorithm>
#include <utility>

namespace invsaga::tools {

Timeline::Timeline(Time start, std::function<void(Time)> advanced)
    : advanced_(std::move(advanced)), now_(start) {}

Timeline::~Timeline() {
  for (const auto& [key, work] : armed_) work.task.let_go();
}

void Timeline::push(Time when, Due due, Work work) {
  {
    const std::lock_guard lock(mutex_);
    armed_.emplace(Key{std::max(when, now_), due, next_number_++}, std::move(work));
  }
  changed_.notify_one();
}

void Timeline::arm(Time when, Due due, std::function<void()> thing) {
  push(when, due, {std::move(thing), {}});
}

Time Timeline::now() const noexcept {
  const std::lock_guard lock(mutex_);
  return now_;
}

void Timeline::sleep_until(Time) {}

void Timeline::post(Task task) { post_at({}, task); }
void Timeline::post_at(Time time, Task task) { push(time, Due::other, {{}, task}); }

void Timeline::drop(const void* context) noexcept {
  std::unique_lock lock(mutex_);
  std::erase_if(armed_, [&](const auto& armed) {
    const bool is_of_it = !armed.second.thing && armed.second.task.context == context;
    if (is_of_it) armed.second.task.let_go();
    return is_of_it;
  });
  changed_.wait(lock, [&] {
    return std::none_of(under_way_.begin(), under_way_.end(), [&](const UnderWay& other) {
      return other.context == context && other.thread != std::this_thread::get_id();
    });
  });
}

/// Midnight is a barrier, and what arrives is put away alone.
bool Timeline::may_take() const {
  if (armed_.empty() || alone_) return false;
  const Key& next = armed_.begin()->first;
  return under_way_.empty() || (next.due != Due::arrival && day_of(next.when) <= day_of(now_));
}

void Timeline::do_next(std::unique_lock<std::mutex>& lock) {
  const auto next = armed_.extract(armed_.begin());
  const Work& work = next.mapped();
  now_ = std::max(now_, next.key().when);
  alone_ = next.key().due == Due::arrival;
  const UnderWay mine{std::this_thread::get_id(), work.task.context};
  under_way_.push_back(mine);
  const Time now = now_;
  lock.unlock();
  advanced_(now);
  if (work.thing) {
    work.thing();
  } else {
    work.task.run(work.task.context, work.task.tag);
  }
  lock.lock();
  under_way_.erase(std::find_if(under_way_.begin(), under_way_.end(),
                                [&](const UnderWay& one) { return one.thread == mine.thread; }));
  alone_ = false;
}

void Timeline::take_turns() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return may_take() || (armed_.empty() && under_way_.empty()); });
    if (armed_.empty()) break;
    do_next(lock);
    changed_.notify_all();
  }
  changed_.notify_all();
}

void Timeline::run(unsigned threads) {
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i) others.emplace_back([this] { take_turns(); });
  take_turns();
  for (std::thread& thread : others) thread.join();
}

}  // namespace invsaga::tools
