// SPDX-License-Identifier: Apache-2.0
#include <invsaga/request_id.hpp>

#include <algorithm>
#include <cmath>

#include <invsaga/assert.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

constexpr std::uint32_t counter_end = 1u << 12;
constexpr std::array<std::size_t, 4> dashes{8, 13, 18, 23};

constexpr bool is_alphanumeric(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

constexpr bool is_allowed(char c) noexcept {
  return is_alphanumeric(c) || std::string_view("-._~:/+=@").find(c) != std::string_view::npos;
}

constexpr int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr bool is_dash_place(std::size_t place) noexcept {
  return std::find(dashes.begin(), dashes.end(), place) != dashes.end();
}

bool is_uuid(std::string_view text) noexcept {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_dash_place(i) ? text[i] != '-' : hex_value(text[i]) < 0) return false;
  }
  return true;
}

RequestIdFault fault_of_time(Time made, Time now, const RequestIdRules& rules) noexcept {
  if (made > saturating_add(now, rules.max_ahead)) return RequestIdFault::from_the_future;
  if (saturating_add(made, rules.max_age) < now) return RequestIdFault::too_old;
  return RequestIdFault::none;
}

}  // namespace

std::string_view name(RequestIdFault fault) noexcept {
  constexpr std::array<std::string_view, 7> words{"none",          "too_short",   "too_long",
                                                  "bad_character", "predictable", "from_the_future",
                                                  "too_old"};
  const auto index = static_cast<std::size_t>(fault);
  return index < words.size() ? words[index] : "unrecognised";
}

double entropy_hint(std::string_view text) noexcept {
  std::array<std::size_t, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  const auto length = static_cast<double>(text.size());
  double bits = 0;
  for (const std::size_t count : counts) {
    if (count == 0) continue;
    const auto times = static_cast<double>(count);
    bits += times * std::log2(length / times);
  }
  return bits;
}

std::optional<Time> time_of_uuid7(std::string_view text) noexcept {
  if (!is_uuid(text) || text[14] != '7') return std::nullopt;
  if ((hex_value(text[19]) & 0xc) != 0x8) return std::nullopt;  // the variant's two bits
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 13; ++i) {
    if (!is_dash_place(i)) ms = ms * 16 + hex_value(text[i]);
  }
  return time_from_ms(ms);
}

RequestIdFault fault_of(std::string_view request_id, Time now,
                        const RequestIdRules& rules) noexcept {
  INVSAGA_ASSERT(rules.max_ahead >= Duration{0} && rules.max_age >= Duration{0},
                 "fault_of: rules whose durations are not below 0");
  if (request_id.size() < rules.min_length) return RequestIdFault::too_short;
  if (request_id.size() > rules.max_length) return RequestIdFault::too_long;
  if (!std::all_of(request_id.begin(), request_id.end(), is_allowed)) {
    return RequestIdFault::bad_character;
  }
  if (entropy_hint(request_id) < rules.min_entropy_bits) return RequestIdFault::predictable;
  const auto made = time_of_uuid7(request_id);
  return made ? fault_of_time(*made, now, rules) : RequestIdFault::none;
}

Uuid::Uuid(std::uint64_t high, std::uint64_t low) noexcept : text_{} {
  unsigned digit = 0;
  for (std::size_t place = 0; place < text_.size(); ++place) {
    if (is_dash_place(place)) {
      text_[place] = '-';
      continue;
    }
    const std::uint64_t word = digit < 16 ? high : low;
    text_[place] = "0123456789abcdef"[word >> (60 - digit % 16 * 4) & 0xf];
    ++digit;
  }
}

Uuid RequestIdMaker::make(Time now, Rng& chance) noexcept {
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(to_ms(now), 0));
  if (ms > ms_) {
    ms_ = ms;
    counter_ = static_cast<std::uint32_t>(chance.below(counter_end / 2));  // room to count on
  } else if (++counter_ == counter_end) {
    ++ms_;
    counter_ = 0;
  }
  constexpr std::uint64_t version = 7ull << 12;
  constexpr std::uint64_t variant = 2ull << 62;
  return {ms_ << 16 | version | counter_, variant | chance.next() >> 2};
}

}  // namespace v0
}  // namespace invsaga
