// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>

#include <invsaga/rng.hpp>

#include "backends/memory/src/sequence_window.hpp"

namespace invsaga::bus {
namespace {

constexpr std::uint64_t width = 64;

/// Of the window's own words, with a set: what lies `width` or more below the highest was seen.
class Model {
 public:
  bool has_seen(std::uint64_t sequence) const {
    return sequence + width <= highest_ || seen_.contains(sequence);
  }
  bool mark(std::uint64_t sequence) {
    const bool fresh = !has_seen(sequence);
    highest_ = std::max(highest_, sequence);
    seen_.insert(sequence);
    return fresh;
  }

 private:
  std::uint64_t highest_ = 0;
  std::set<std::uint64_t> seen_;
};

void expect_alike(const SequenceWindow& window, const Model& model, std::uint64_t up_to) {
  for (std::uint64_t sequence = 1; sequence <= up_to; ++sequence) {
    ASSERT_EQ(window.has_seen(sequence), model.has_seen(sequence)) << sequence;
  }
}

TEST(ASequenceWindow, RemembersTheHighestAndThe63BelowItHoweverFarItMoves) {
  for (std::uint64_t ahead = 1; ahead <= 3 * width; ++ahead) {
    SequenceWindow window;
    Model model;
    for (std::uint64_t sequence = 1; sequence <= 10; ++sequence) {
      EXPECT_EQ(window.mark(sequence), model.mark(sequence));
    }
    EXPECT_EQ(window.mark(10 + ahead), model.mark(10 + ahead));
    expect_alike(window, model, 20 + ahead);
  }
}

TEST(ASequenceWindow, TakesEachOnceInAnyOrder) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Rng random(seed);
    SequenceWindow window;
    Model model;
    for (std::uint64_t middle = 1; middle <= 300; ++middle) {
      const std::uint64_t sequence = middle + random.below(2 * width);
      ASSERT_EQ(window.mark(sequence), model.mark(sequence)) << seed << ": " << sequence;
    }
    expect_alike(window, model, 500);
  }
}

}  // namespace
}  // namespace invsaga::bus
