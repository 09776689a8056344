// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string_view>

#include <invsaga/time.hpp>

#include "parsed.hpp"

namespace invsaga::tools {

/// A UTC calendar day.
using Day = std::chrono::sys_days;

/// A time as the input files write it: `YYYY-MM-DD`, a blank or a `T`, `HH:MM`, and `:SS` or not;
/// taken as UTC. Only days that the calendar has, from 1970 to 9997, hours 00-23, seconds 00-59; no
/// zone, no fraction. What follows from an order takes less than 2 years (`--hold`), and a history
/// writes years of four digits. Reads no locale and no time zone.
Parsed<Time> parse_time(std::string_view text) noexcept;

/// The day that `time` falls on.
constexpr Day day_of(Time time) noexcept { return std::chrono::floor<std::chrono::days>(time); }

/// 00:00 of `day`.
constexpr Time start_of(Day day) noexcept { return std::chrono::time_point_cast<Duration>(day); }

}  // namespace invsaga::tools
