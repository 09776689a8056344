// SPDX-License-Identifier: Apache-2.0
//
// Time is an argument. The rules and the machine take `now`; nothing here reads a clock.
#pragma once

#include <chrono>
#include <cstdint>

#include <invsaga/assert.hpp>
#include <invsaga/version.hpp>

namespace invsaga {
inline namespace v0 {

/// A length of time in whole milliseconds.
using Duration = std::chrono::duration<std::int64_t, std::milli>;

/// A point in a store's own time base, in whole milliseconds since 1970-01-01 UTC. The value 0
/// means "not set".
using Time = std::chrono::time_point<std::chrono::system_clock, Duration>;

/// The time so many milliseconds after 1970-01-01 UTC; of 0, the one that is not set.
constexpr Time time_from_ms(std::int64_t ms_since_epoch) noexcept {
  return Time{Duration{ms_since_epoch}};
}
/// Milliseconds since 1970-01-01 UTC.
constexpr std::int64_t to_ms(Time time) noexcept { return time.time_since_epoch().count(); }
/// False of a time that was never given a value, and of 1970-01-01 itself.
constexpr bool is_set(Time time) noexcept { return time != Time{}; }

/// `time + length`, held at the largest representable time instead of wrapping. Requires `length`
/// >= 0.
constexpr Time saturating_add(Time time, Duration length) noexcept {
  INVSAGA_ASSERT(length >= Duration{0}, "saturating_add: length >= 0");
  return to_ms(time) >= 0 && length > Time::max() - time ? Time::max() : time + length;
}

/// `a + b`, held at the largest or smallest length instead of wrapping.
constexpr Duration saturating_add(Duration a, Duration b) noexcept {
  if (b > Duration{0} && a > Duration::max() - b) return Duration::max();
  if (b < Duration{0} && a < Duration::min() - b) return Duration::min();
  return a + b;
}

}  // namespace v0
}  // namespace invsaga
