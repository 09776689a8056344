// SPDX-License-Identifier: Apache-2.0
//
// Doubts that are settled many at once are those that are settled one by one.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include <invsaga/rng.hpp>

#include "src/check/doubts.hpp"

namespace {

using invsaga::Rng;
using invsaga::checker::Doubt;
using invsaga::checker::Doubts;

TEST(Doubts, AreSettledByWhatWasCalledBeforeTheirAnswerAndCameLater) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Rng random(seed);
    const auto pick = [&](std::uint64_t below) {
      return static_cast<std::int64_t>(random.below(below));
    };
    Doubts doubts;
    std::vector<Doubt> one_by_one;
    for (std::uint64_t n = 1; n <= 60; ++n) {
      if (random.below(1 + seed % 5) == 0) {
        const Doubt doubt{n, n, 1 + pick(20), pick(100)};
        doubts.add(doubt);
        one_by_one.push_back(doubt);
        continue;
      }
      const std::int64_t t0 = pick(100), left = pick(20);
      doubts.moved(t0, left);
      std::erase_if(one_by_one, [&](const Doubt& d) { return t0 <= d.t1 && left < d.asked; });
    }
    std::vector<Doubt> unsettled;
    doubts.append_unsettled(unsettled);
    ASSERT_EQ(unsettled.size(), one_by_one.size()) << seed;
    for (std::size_t i = 0; i < unsettled.size(); ++i) EXPECT_EQ(unsettled[i].n, one_by_one[i].n);
  }
}

}  // namespace
