// SPDX-License-Identifier: Apache-2.0
#include "printable.hpp"

#include <algorithm>
#include <cstdint>

#include <invsaga/assert.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

constexpr bool continues(unsigned char c) { return (c & 0xc0) == 0x80; }

/// Of a whole UTF-8 character.
bool is_harmless(std::string_view character) noexcept {
  if (character.size() == 1) return character[0] >= 0x20 && character[0] != 0x7f;
  const auto within = [&](std::string_view first, std::string_view last) {
    return first <= character && character <= last;
  };
  const bool control = within("\xc2\x80", "\xc2\x9f");
  const bool separator_or_direction = within("\xe2\x80\xa8", "\xe2\x80\xae") ||
                                      within("\xe2\x81\xa6", "\xe2\x81\xa9");
  return !control && !separator_or_direction;
}

}  // namespace

std::size_t character_bytes(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : std::uint8_t{0};
  };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return continues(at(1)) ? 2 : 0;
  if (first >= 0xe0 && first < 0xf0) {
    const bool overlong = first == 0xe0 && at(1) < 0xa0;
    const bool surrogate = first == 0xed && at(1) >= 0xa0;
    return continues(at(1)) && continues(at(2)) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first < 0xf5) {
    const bool overlong = first == 0xf0 && at(1) < 0x90;
    const bool beyond = first == 0xf4 && at(1) >= 0x90;
    const bool whole = continues(at(1)) && continues(at(2)) && continues(at(3));
    return whole && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

std::string printable(std::string_view text, std::size_t most) {
  constexpr std::string_view more = "...";
  INVSAGA_ASSERT(most >= more.size(), "printable: most >= 3");
  std::string out;
  std::size_t whole = 0;  // so much of it leaves room for the dots
  while (!text.empty()) {
    const std::size_t bytes = character_bytes(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(bytes, 1));
    const bool harmless = bytes > 0 && is_harmless(character);
    const std::string_view shown = harmless ? character : std::string_view("?");
    if (out.size() + shown.size() > most) return out.substr(0, whole).append(more);
    out += shown;
    if (out.size() + more.size() <= most) whole = out.size();
    text.remove_prefix(character.size());
  }
  return out;
}

}  // namespace v0
}  // namespace invsaga
