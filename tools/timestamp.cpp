// SPDX-License-Identifier: Apache-2.0
#include "timestamp.hpp"

#include <algorithm>
#include <cstddef>

namespace invsaga::tools {
namespace {

constexpr std::string_view shape = "dddd-dd-dd?dd:dd:dd";
constexpr std::size_t without_seconds = 16;

bool fits(char wanted, char c) noexcept {
  switch (wanted) {
    case 'd':
      return c >= '0' && c <= '9';
    case '?':
      return c == ' ' || c == 'T';
    default:
      return c == wanted;
  }
}

bool has_shape(std::string_view text) noexcept {
  if (text.size() != shape.size() && text.size() != without_seconds) return false;
  return std::equal(text.begin(), text.end(), shape.begin(),
                    [](char c, char wanted) { return fits(wanted, c); });
}

int number(std::string_view text, std::size_t at, std::size_t digits) noexcept {
  int value = 0;
  for (const char c : text.substr(at, digits)) value = value * 10 + (c - '0');
  return value;
}

}  // namespace

Parsed<Time> parse_time(std::string_view text) noexcept {
  using std::chrono::day, std::chrono::hours, std::chrono::minutes, std::chrono::month,
      std::chrono::seconds;
  if (!has_shape(text)) return Parsed<Time>::no("is not a time like 2010-12-01 08:26:00");
  const std::chrono::year_month_day date{std::chrono::year{number(text, 0, 4)},
                                         month{static_cast<unsigned>(number(text, 5, 2))},
                                         day{static_cast<unsigned>(number(text, 8, 2))}};
  if (!date.ok()) return Parsed<Time>::no("is a day that the calendar does not have");
  if (date.year() < std::chrono::year{1970}) return Parsed<Time>::no("is before 1970");
  if (date.year() > std::chrono::year{9997}) return Parsed<Time>::no("is after 9997");
  const int hour = number(text, 11, 2);
  const int minute = number(text, 14, 2);
  const int second = text.size() == shape.size() ? number(text, 17, 2) : 0;
  if (hour > 23 || minute > 59 || second > 59) return Parsed<Time>::no("is no time of day");
  return Parsed<Time>::of(start_of(Day{date}) + hours{hour} + minutes{minute} + seconds{second});
}

}  // namespace invsaga::tools
