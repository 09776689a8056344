// SPDX-License-Identifier: Apache-2.0
#include "timers.hpp"

namespace invsaga {
inline namespace v0 {
namespace detail {

void Timers::set(Alarm& alarm, Time when, Time now) noexcept {
  const std::lock_guard lock(mutex_);
  const bool will_do = alarm.is_set && alarm.when > now && alarm.when <= when;
  if (alarm.is_closed || will_do) return;
  if (alarm.is_set) alarms_.erase(alarm);
  alarm.when = when;
  alarm.number = ++last_number_;
  alarm.is_set = true;
  alarms_.push(alarm);
}

void Timers::close(Alarm& alarm) noexcept {
  const std::lock_guard lock(mutex_);
  if (alarm.is_set) alarms_.erase(alarm);
  alarm.is_set = false;
  alarm.is_closed = true;
}

void Timers::close_all() noexcept {
  const std::lock_guard lock(mutex_);
  while (!alarms_.empty()) {
    Alarm& alarm = alarms_.top();
    alarms_.erase(alarm);
    alarm.is_set = false;
    alarm.is_closed = true;
  }
}

std::optional<std::uint64_t> Timers::take_due(Time now) noexcept {
  const std::lock_guard lock(mutex_);
  if (alarms_.empty() || alarms_.top().when > now) return std::nullopt;
  Alarm& alarm = alarms_.top();
  alarms_.erase(alarm);
  alarm.is_set = false;
  return alarm.serial;
}

std::optional<Time> Timers::arm_next() {
  const std::lock_guard lock(mutex_);
  if (alarms_.empty()) return std::nullopt;
  const Time when = alarms_.top().when;
  if (armed_.cover(when)) return std::nullopt;
  armed_.make_room();
  armed_.add(when);
  return when;
}

void Timers::disarm(Time time) noexcept {
  const std::lock_guard lock(mutex_);
  armed_.remove(time);
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
