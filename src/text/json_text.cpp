// SPDX-License-Identifier: Apache-2.0
#include "json_text.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

#include "printable.hpp"

namespace invsaga {
inline namespace v0 {
namespace {

constexpr bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_escape(std::string& out, unsigned char c) {
  constexpr std::string_view hex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  out += "\\u00";
  out += hex[c >> 4];
  out += hex[c & 15];
}

/// The number of text[begin, begin + count), which are digits.
int digits(std::string_view text, std::size_t begin, std::size_t count) {
  int number = 0;
  for (std::size_t i = begin; i < begin + count; ++i) number = number * 10 + (text[i] - '0');
  return number;
}

void put_padded(std::string& out, std::int64_t number, int width) {
  std::string digits = std::to_string(number);
  out.append(digits.size() < static_cast<std::size_t>(width) ? width - digits.size() : 0, '0');
  out += digits;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(
        std::find_if_not(text.begin(), text.end(),
                         [](char c) { return is_plain(static_cast<unsigned char>(c)); }) -
        text.begin());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t bytes = character_bytes(text);
    if (bytes > 1) {
      out.append(text.substr(0, bytes));
    } else if (bytes == 1) {
      append_escape(out, first);
    } else {
      out += "\xef\xbf\xbd";
    }
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  out += '"';
}

std::string shown(std::string_view text) {
  constexpr std::size_t most = 60;
  std::string out;
  append_json_string(out, text.substr(0, most));
  // The control characters U+0080 to U+009F move some terminals too.
  for (std::size_t i = 0; i + 1 < out.size(); ++i) {
    const auto next = static_cast<unsigned char>(out[i + 1]);
    if (out[i] == '\xc2' && next < 0xa0) out.replace(i, 2, "?");
  }
  if (text.size() > most) out.insert(out.size() - 1, "...");
  return out;
}

std::string clock_text(Time time) {
  std::string text;
  append_history_time(text, time);
  text[text.find('T')] = ' ';
  text.pop_back();
  if (text.ends_with(".000")) text.resize(text.size() - 4);
  return text;
}

std::string plain_text(std::string_view text) {
  const bool harmless = !text.empty() && text.size() <= 60 &&
                        std::all_of(text.begin(), text.end(), [](char c) {
                          return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
                        });
  return harmless ? std::string(text) : shown(text);
}

void append_history_time(std::string& out, Time time) {
  using namespace std::chrono;
  time = std::clamp(time, first_time, last_time);
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  put_padded(out, int{date.year()}, 4);
  out += '-';
  put_padded(out, unsigned{date.month()}, 2);
  out += '-';
  put_padded(out, unsigned{date.day()}, 2);
  out += 'T';
  put_padded(out, clock.hours().count(), 2);
  out += ':';
  put_padded(out, clock.minutes().count(), 2);
  out += ':';
  put_padded(out, clock.seconds().count(), 2);
  out += '.';
  put_padded(out, clock.subseconds().count(), 3);
  out += 'Z';
}

std::optional<Time> history_time(std::string_view text) {
  using namespace std::chrono;
  constexpr std::string_view shape = "dddd-dd-ddTdd:dd:dd.dddZ";
  if (text.size() != shape.size()) return std::nullopt;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 'd' ? !is_digit(text[i]) : text[i] != shape[i]) return std::nullopt;
  }
  const year_month_day date{year{digits(text, 0, 4)},
                            month{static_cast<unsigned>(digits(text, 5, 2))},
                            day{static_cast<unsigned>(digits(text, 8, 2))}};
  const int hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return Time{sys_days{date} + hours{hour} + minutes{minute} + seconds{second} +
              Duration{digits(text, 20, 3)}};
}

}  // namespace v0
}  // namespace invsaga
