// SPDX-License-Identifier: Apache-2.0
#include <invsaga/capabilities.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace invsaga {
inline namespace v0 {

std::string capability_names(std::uint64_t missing) {
  constexpr std::array<std::string_view, 6> words{"linearizable",     "durable_on_ack",
                                                  "multi_row_atomic", "atomic_effects",
                                                  "own_clock",        "answers_at_once"};
  std::string names;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if ((missing >> i & 1) == 0) continue;
    if (!names.empty()) names += ", ";
    names += words[i];
  }
  return names;
}

}  // namespace v0
}  // namespace invsaga
