// SPDX-License-Identifier: Apache-2.0
#include "base64.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace invsaga {
inline namespace v0 {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 0xff;

constexpr std::array<std::uint8_t, 256> digit_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

/// Up to 3 bytes, as the high bits of 24.
std::uint32_t group_of(Bytes bytes) {
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    group = group << 8 | (i < bytes.size() ? std::to_integer<std::uint32_t>(bytes[i]) : 0);
  }
  return group;
}

/// Appends the `count` bytes that the first count + 1 digits of `text` mean. False if one of them
/// is no digit, or if bits beyond those bytes are set.
bool append_group(std::vector<std::byte>& bytes, std::string_view text, std::size_t count) {
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::uint8_t value = i <= count ? digit_values[static_cast<unsigned char>(text[i])]
                                          : std::uint8_t{0};
    if (value == no_digit) return false;
    group = group << 6 | value;
  }
  for (std::size_t i = 0; i < count; ++i) {
    bytes.push_back(static_cast<std::byte>(group >> (16 - 8 * i) & 0xff));
  }
  return (group & ((1u << (24 - 8 * count)) - 1)) == 0;
}

}  // namespace

std::string to_base64(Bytes bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (; !bytes.empty(); bytes = bytes.subspan(std::min<std::size_t>(3, bytes.size()))) {
    const std::uint32_t group = group_of(bytes);
    for (std::size_t i = 0; i < 4; ++i) {
      text += i <= bytes.size() ? alphabet[group >> (18 - 6 * i) & 63] : '=';
    }
  }
  return text;
}

std::optional<std::vector<std::byte>> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::vector<std::byte> bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (; !text.empty(); text.remove_prefix(4)) {
    const bool last = text.size() == 4;
    const std::size_t padding = !last || text[3] != '=' ? 0 : text[2] != '=' ? 1 : 2;
    if (!append_group(bytes, text, 3 - padding)) return std::nullopt;
  }
  return bytes;
}

}  // namespace v0
}  // namespace invsaga
