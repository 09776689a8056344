// SPDX-License-Identifier: Apache-2.0
#include "text.hpp"

#include <algorithm>
#include <cstdint>

namespace invsaga::tools {
namespace {

constexpr std::size_t quoted_bytes_max = 40;

bool is_continuation(unsigned char byte) noexcept { return (byte & 0xC0U) == 0x80U; }

/// The bytes that a lead byte of more than one announces; 0 if it leads nothing.
std::size_t announced_bytes(unsigned char lead) noexcept {
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

/// Whether the second byte fits its lead: no control, no overlong form, no surrogate, none past
/// U+10FFFF.
bool second_byte_fits(unsigned char lead, unsigned char second) noexcept {
  switch (lead) {
    case 0xC2:
    case 0xE0:
      return second >= 0xA0;
    case 0xED:
      return second <= 0x9F;
    case 0xF0:
      return second >= 0x90;
    case 0xF4:
      return second <= 0x8F;
    default:
      return true;
  }
}

void append_escaped(std::string& to, char byte) {
  static constexpr std::string_view digits = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  to += "\\x";
  to += digits[value >> 4U];
  to += digits[value & 0xFU];
}

}  // namespace

std::size_t clean_character_bytes(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7F ? 1 : 0;
  const std::size_t bytes = announced_bytes(lead);
  if (bytes == 0 || text.size() < bytes) return 0;
  const auto rest = text.substr(1, bytes - 1);
  if (!std::ranges::all_of(rest,
                           [](char c) { return is_continuation(static_cast<unsigned char>(c)); })) {
    return 0;
  }
  return second_byte_fits(lead, static_cast<unsigned char>(rest[0])) ? bytes : 0;
}

std::string_view text_fault(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t bytes = clean_character_bytes(text);
    if (bytes == 0) {
      const auto lead = static_cast<unsigned char>(text[0]);
      const bool c1 = lead == 0xC2 && text.size() > 1 &&
                      is_continuation(static_cast<unsigned char>(text[1]));
      return lead < 0x80 || c1 ? "holds a control character" : "is not valid UTF-8";
    }
    text.remove_prefix(bytes);
  }
  return {};
}

std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t bytes = clean_character_bytes(text);
    if (bytes == 0) {
      append_escaped(out, text[0]);
    } else {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return out;
}

std::string shown(std::string_view text) {
  std::size_t kept = std::min(text.size(), quoted_bytes_max);
  const bool cut = kept < text.size();
  // Not in the middle of a character: its first byte stands at most 3 before the cut.
  for (int i = 0; cut && i < 3 && is_continuation(static_cast<unsigned char>(text[kept])); ++i)
    --kept;
  return '"' + escaped(text.substr(0, kept)) + (cut ? "...\"" : "\"");
}

}  // namespace invsaga::tools
