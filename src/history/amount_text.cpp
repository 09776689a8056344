// SPDX-License-Identifier: Apache-2.0
#include "amount_text.hpp"

#include <algorithm>

namespace invsaga {
inline namespace v0 {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<std::string> canonical_decimal(std::string_view text) {
  constexpr std::size_t most = 64;
  if (text.empty() || text.size() > most) return std::nullopt;
  const bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  std::string_view whole = text.substr(0, point);
  std::string_view part = point == std::string_view::npos ? "" : text.substr(point + 1);
  const auto digits_only = [](std::string_view s) {
    return std::all_of(s.begin(), s.end(), is_digit);
  };
  const bool bare_point = point != std::string_view::npos && part.empty();
  if (whole.empty() || bare_point || !digits_only(whole) || !digits_only(part)) return std::nullopt;
  whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size() - 1));
  part = part.substr(0, part.find_last_not_of('0') + 1);
  std::string out{whole};
  if (!part.empty()) out.append(".").append(part);
  if (negative && out != "0") out.insert(0, "-");
  return out;
}

}  // namespace v0
}  // namespace invsaga
