// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace invsaga::tools {

/// A number from 0 up to and without 1 that depends on these four alone: not on threads, not on
/// what else was drawn. `what` names the question ("declined"), `index` tells apart several of one
/// kind.
double draw(std::uint64_t seed, std::string_view invoice, std::string_view what,
            std::uint64_t index = 0) noexcept;

/// A whole number from `low` to `high`, both included, from a `draw`.
std::int64_t between(double drawn, std::int64_t low, std::int64_t high) noexcept;

}  // namespace invsaga::tools
