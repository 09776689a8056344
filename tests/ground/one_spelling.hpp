// SPDX-License-Identifier: Apache-2.0
//
// A decoder is shown any bytes: what it takes of them has one spelling.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include <invsaga/rng.hpp>
#include <invsaga/stored.hpp>

namespace invsaga {

/// Changes 1 to 4 bytes of `good`, cuts some, and reads: so often.
template <class T>
void expect_one_spelling(const std::vector<std::byte>& good, Rng& rng, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    auto bytes = good;
    for (std::uint64_t changes = 1 + rng.below(4); changes > 0; --changes) {
      bytes[rng.below(bytes.size())] = static_cast<std::byte>(rng.next());
    }
    bytes.resize(rng.below(2) == 0 ? bytes.size() : rng.below(bytes.size()));
    const auto value = decode<T>(bytes);
    if (value.has_value()) {
      EXPECT_EQ(encode(value.value()), bytes);
    }
  }
}

}  // namespace invsaga
