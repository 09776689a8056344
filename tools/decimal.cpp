// SPDX-License-Identifier: Apache-2.0
#include "decimal.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

namespace invsaga::tools {
namespace {

__extension__ using Magnitude = unsigned __int128;

constexpr std::int64_t ten_thousand = 10'000;
constexpr std::int64_t price_units_end = 1'000'000'000;
constexpr std::size_t places_max = 4;

bool all_digits(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool take_minus(std::string_view& text) noexcept {
  if (!text.starts_with('-')) return false;
  text.remove_prefix(1);
  return true;
}

/// Digits only, as the caller has seen to; none if they do not fit.
std::optional<std::int64_t> to_number(std::string_view digits) noexcept {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

/// The places behind the point as ten-thousandths: "5" is 5000.
std::int64_t places_value(std::string_view places) noexcept {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < places_max; ++i)
    value = value * 10 + (i < places.size() ? places[i] - '0' : 0);
  return value;
}

/// At least one digit.
std::string digits_of(Magnitude number) {
  std::string reversed;
  do {
    reversed += static_cast<char>('0' + static_cast<int>(number % 10));
    number /= 10;
  } while (number != 0);
  return {reversed.rbegin(), reversed.rend()};
}

}  // namespace

Parsed<std::int64_t> parse_price(std::string_view text) noexcept {
  using Price = Parsed<std::int64_t>;
  const bool negative = take_minus(text);
  const std::size_t point = text.find('.');
  const std::string_view units = text.substr(0, point);
  const std::string_view places = point == text.npos ? std::string_view{"0"}
                                                     : text.substr(point + 1);
  if (!all_digits(units) || !all_digits(places)) return Price::no("is not a decimal number");
  if (places.size() > places_max) return Price::no("has more than 4 decimal places");
  const auto whole = to_number(units);
  if (!whole || *whole >= price_units_end) return Price::no("is not below 10^9 either way");
  const std::int64_t value = *whole * ten_thousand + places_value(places);
  return Price::of(negative ? -value : value);
}

Parsed<std::int64_t> parse_quantity(std::string_view text) noexcept {
  using Quantity = Parsed<std::int64_t>;
  const bool negative = take_minus(text);
  if (!all_digits(text)) return Quantity::no("is not a whole number");
  const auto value = to_number(text);
  if (!value || *value > max_quantity) return Quantity::no("is past 2147483647 either way");
  return Quantity::of(negative ? -*value : *value);
}

std::string decimal_text(Int128 ten_thousandths) {
  const bool negative = ten_thousandths < 0;
  auto magnitude = static_cast<Magnitude>(ten_thousandths);
  if (negative) magnitude = Magnitude{0} - magnitude;  // also right for the smallest number
  std::string text = digits_of(magnitude / ten_thousand);
  std::string places = digits_of(magnitude % ten_thousand);
  places.insert(0, places_max - places.size(), '0');
  places.erase(places.find_last_not_of('0') + 1);
  if (!places.empty()) text += '.' + places;
  return negative ? '-' + text : text;
}

}  // namespace invsaga::tools
