// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <invsaga/assert.hpp>
#include <invsaga/version.hpp>

namespace invsaga {
inline namespace v0 {

/// Seeded chance: the same seed gives the same numbers everywhere. One thread.
/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
class Rng {
 public:
  explicit Rng(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  /// From 0 up to and without `bound`. (The bias below 2^-32 is of no matter here.) Requires
  /// `bound` > 0.
  std::uint64_t below(std::uint64_t bound) noexcept {
    INVSAGA_ASSERT(bound > 0, "Rng::below: bound > 0");
    return next() % bound;
  }
  /// From 0 up to and without 1.
  double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace v0
}  // namespace invsaga
