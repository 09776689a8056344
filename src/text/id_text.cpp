// SPDX-License-Identifier: Apache-2.0
#include <invsaga/id_text.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

}  // namespace

void append_hex(std::string& out, std::uint64_t word) {
  for (int shift = 60; shift >= 0; shift -= 4) out += digits[(word >> shift) & 15];
}

std::optional<std::uint64_t> word_from_hex(std::string_view text) noexcept {
  if (text.size() != hex_digits_per_id / 2) return std::nullopt;
  std::uint64_t word = 0;
  for (const char c : text) {
    const std::size_t value = digits.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    word = word << 4 | value;
  }
  return word;
}

}  // namespace v0
}  // namespace invsaga
