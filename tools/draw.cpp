// SPDX-License-Identifier: Apache-2.0
#include "draw.hpp"

#include <invsaga/ids.hpp>

namespace invsaga::tools {

double draw(std::uint64_t seed, std::string_view invoice, std::string_view what,
            std::uint64_t index) noexcept {
  const std::uint64_t words[2] = {seed, index};
  const std::string_view numbers(reinterpret_cast<const char*>(words), sizeof words);
  return static_cast<double>(hash128({numbers, invoice, what}).high >> 11) * 0x1.0p-53;
}

std::int64_t between(double drawn, std::int64_t low, std::int64_t high) noexcept {
  return low + static_cast<std::int64_t>(drawn * static_cast<double>(high - low + 1));
}

}  // namespace invsaga::tools
