// SPDX-License-Identifier: Apache-2.0
//
// Small pieces of text: JSON strings, times, and what people may be shown.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// `text` between quotes with everything that is not printable escaped, cut after 60 bytes: safe to
/// show on a terminal and in a log, whatever a stranger wrote.
std::string shown(std::string_view text);

/// `2010-12-01 08:26:00`, with milliseconds if there are any.
std::string clock_text(Time time);
/// A text of the history as people may see it: bare if it is harmless, else quoted and escaped.
std::string plain_text(std::string_view text);

/// The times that a text of four digits a year can say.
inline constexpr Time first_time = std::chrono::sys_days{std::chrono::January / 1 / 0};
inline constexpr Time last_time = Time{std::chrono::sys_days{std::chrono::January / 1 / 10'000}} -
                                  Duration{1};

/// `2010-12-01T08:26:00.000Z`; of a time that no such text can say, the nearest.
void append_history_time(std::string& out, Time time);
/// The time of such a text, or nothing.
std::optional<Time> history_time(std::string_view text);

}  // namespace v0
}  // namespace invsaga
