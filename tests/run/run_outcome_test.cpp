// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstddef>

#include <invsaga/run_outcome.hpp>
#include <invsaga/testing/matchers.hpp>

namespace invsaga {
namespace {

using testing::ErrorIs;

TEST(RunOutcome, SurvivesBeingStored) {
  RunOutcome outcome;
  outcome.run = {7, 8};
  outcome.end = RunEnd::compensated;
  outcome.reason = "out_of_stock";
  outcome.step = 3;
  outcome.decision = StockDecision::out_of_stock;
  outcome.error = refuse(-7);
  outcome.shorts_at = 7;
  const auto bytes = encode(outcome);
  const auto back = decode<RunOutcome>(bytes);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back.assume_value(), outcome);
}

TEST(RunOutcome, RefusesBytesThatAreNotOne) {
  const auto bytes = encode(RunOutcome{});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(decode<RunOutcome>(Bytes(bytes).first(size)), ErrorIs(Errc::corrupt));
  }
  auto bad_end = bytes;
  bad_end[16] = std::byte{3};
  EXPECT_THAT(decode<RunOutcome>(bad_end), ErrorIs(Errc::corrupt));
}

}  // namespace
}  // namespace invsaga
