// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <invsaga/assert.hpp>

namespace invsaga {
inline namespace v0 {

/// How many turns are left to a loop that ends only because something else is right: if that ever
/// is not, the loop is found where it stands instead of spinning for ever. (Where assertions are
/// off it spins.)
class LoopBound {
 public:
  explicit constexpr LoopBound(std::uint64_t most) noexcept : left_(most) {}

  /// One turn. `why` the loop ends.
  constexpr void take(const char* why) noexcept {
    INVSAGA_ASSERT(left_ > 0, why);
    --left_;
  }

 private:
  std::uint64_t left_;
};

}  // namespace v0
}  // namespace invsaga
