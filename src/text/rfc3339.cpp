// SPDX-License-Identifier: Apache-2.0
#include "rfc3339.hpp"

#include <algorithm>
#include <chrono>

#include "json_text.hpp"

namespace invsaga {
inline namespace v0 {
namespace {

using namespace std::chrono;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes a text apart from its beginning. After the first mismatch nothing more matches.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  /// The number of exactly `count` digits, at most `most`.
  int number(std::size_t count, int most) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_.empty() || !is_digit(rest_.front())) return fail();
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value <= most ? value : fail();
  }
  void one_of(std::string_view choices) {
    if (rest_.empty() || choices.find(rest_.front()) == choices.npos) return void(fail());
    rest_.remove_prefix(1);
  }
  bool skip_if(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// The first three of any number of digits.
  Duration fraction() {
    Duration value{0};
    Duration unit{100};
    if (rest_.empty() || !is_digit(rest_.front())) fail();
    for (; !rest_.empty() && is_digit(rest_.front()); rest_.remove_prefix(1)) {
      value += unit * (rest_.front() - '0');
      unit /= 10;
    }
    return value;
  }
  [[nodiscard]] bool at_end() const { return ok_ && rest_.empty(); }

 private:
  int fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool ok_ = true;
};

/// How far the clock of the text is ahead of UTC.
minutes offset(Cursor& cursor) {
  if (cursor.skip_if('Z') || cursor.skip_if('z')) return minutes{0};
  const bool behind = cursor.skip_if('-');
  if (!behind) cursor.one_of("+");
  const hours whole{cursor.number(2, 23)};
  cursor.one_of(":");
  const minutes ahead = whole + minutes{cursor.number(2, 59)};
  return behind ? -ahead : ahead;
}

year_month_day date(Cursor& cursor) {
  const year y{cursor.number(4, 9999)};
  cursor.one_of("-");
  const month m{static_cast<unsigned>(cursor.number(2, 12))};
  cursor.one_of("-");
  return {y, m, day{static_cast<unsigned>(cursor.number(2, 31))}};
}

Duration time_of_day(Cursor& cursor) {
  const hours h{cursor.number(2, 23)};
  cursor.one_of(":");
  const minutes m{cursor.number(2, 59)};
  cursor.one_of(":");
  const seconds s{cursor.number(2, 60)};
  return h + m + s + (cursor.skip_if('.') ? cursor.fraction() : Duration{0});
}

}  // namespace

std::string to_rfc3339(Time time) {
  std::string text;
  append_history_time(text, time);
  return text;
}

std::optional<Time> from_rfc3339(std::string_view text) {
  Cursor cursor(text);
  const year_month_day on = date(cursor);
  cursor.one_of("Tt");
  const Duration at = time_of_day(cursor);
  const minutes ahead = offset(cursor);
  if (!cursor.at_end() || !on.ok()) return std::nullopt;
  const Time time = Time{sys_days{on}} + at - ahead;
  if (time < first_time || time > last_time) return std::nullopt;
  return time;
}

}  // namespace v0
}  // namespace invsaga
