// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include <invsaga/reference/ledger.hpp>
#include <invsaga/testing/matchers.hpp>

#include "tests/reference/ledger_support.hpp"

namespace invsaga::testing {
namespace {

using ::testing::ElementsAre;

constexpr Units most = 100;

class AdjustTest : public LedgerTest {
 protected:
  static StoreLimits limits() noexcept {
    StoreLimits limits = small_limits();
    limits.max_units = most;
    limits.max_rows = 10;
    return limits;
  }
  AdjustTest() : LedgerTest(limits()) {}

  /// Sells `units` of the row.
  void sell(std::uint32_t row, Units units) {
    ASSERT_THAT(reserve(++sales_, at(6'000), {{{row}, units}}), IsReserved());
    ASSERT_THAT(commit(sales_), Answers(CommitAnswer::committed));
  }

 private:
  std::uint64_t sales_ = 100;
};

TEST_F(AdjustTest, OfOpeningAndRestockAddsUnits) {
  EXPECT_THAT(adjust(1, AdjustReason::opening, {{{1}, 5}, {{2}, 1}}), IsAdjusted());
  EXPECT_THAT(adjust(2, AdjustReason::restock, {{{1}, 2}}), IsAdjusted());
  EXPECT_EQ(row(1), (StockCounters{7, 0, 0, 0}));
  EXPECT_EQ(row(2), (StockCounters{1, 0, 0, 0}));
}

TEST_F(AdjustTest, AddsUpLinesOfOneRow) {
  EXPECT_THAT(adjust(1, AdjustReason::opening, {{{2}, 5}, {{1}, 1}, {{2}, 2}}), IsAdjusted());
  EXPECT_EQ(row(2).on_hand, 7);
}

TEST_F(AdjustTest, OfAReturnIsHeldAgainstWhatWasSold) {
  stock(1, 5);
  stock(2, 5);
  sell(1, 3);
  std::array<ShortLine, 2> lent;
  const auto answer = adjust(1, AdjustReason::returned, {{{1}, 4}, {{2}, 1}}, lent);
  EXPECT_THAT(answer, IsReturnRefused(Row{1}, 4, 3));
  EXPECT_THAT(find_answer<ReturnRefused>(answer)->lines,
              ElementsAre(ShortLine{{1}, 4, 3}, ShortLine{{2}, 1, 0}));
  EXPECT_THAT(adjust(2, AdjustReason::returned, {{{1}, 2}}), IsAdjusted());
  EXPECT_EQ(row(1), (StockCounters{4, 0, 3, 2}));
  EXPECT_THAT(adjust(3, AdjustReason::returned, {{{1}, 2}}), IsReturnRefused(Row{1}, 2, 1))
      << "what came back cannot come back again";
}

TEST_F(AdjustTest, OfAWriteOffTakesOnlyWhatIsAvailable) {
  stock(1, 5);
  stock(2, 5);
  ASSERT_THAT(reserve(1, at(2'000), {{{1}, 3}}), IsReserved());
  EXPECT_THAT(adjust(1, AdjustReason::write_off, {{{1}, 3}, {{2}, 1}}), IsOutOfStock(Row{1}, 3, 2));
  EXPECT_EQ(row(2).on_hand, 5) << "all or nothing";
  EXPECT_THAT(adjust(2, AdjustReason::write_off, {{{1}, 2}}), IsAdjusted());
  EXPECT_EQ(row(1), (StockCounters{3, 3, 0, 0}));
}

TEST_F(AdjustTest, SeesWhatHasExpired) {
  stock(1, 5);
  ASSERT_THAT(reserve(1, at(2'000), {{{1}, 5}}), IsReserved());
  ledger.advance_to(at(2'000));
  EXPECT_THAT(adjust(1, AdjustReason::write_off, {{{1}, 5}}), IsAdjusted());
}

TEST_F(AdjustTest, PastWhatARowHoldsIsAnErrorAndChangesNothing) {
  stock(1, most - 1);
  EXPECT_THAT(adjust(1, AdjustReason::restock, {{{1}, 2}, {{2}, 1}}),
              ErrorIs(Errc::limit_exceeded));
  EXPECT_EQ(row(1).on_hand, most - 1);
  EXPECT_EQ(row(2).on_hand, 0);
  EXPECT_THAT(adjust(1, AdjustReason::restock, {{{1}, 1}}), IsAdjusted())
      << "an error is not remembered: the id is free";
}

TEST_F(AdjustTest, OfARowBeyondTheStoresBoundIsAnError) {
  EXPECT_THAT(adjust(1, AdjustReason::opening, {{{10}, 1}}), ErrorIs(Errc::limit_exceeded));
  EXPECT_THAT(reserve(1, at(2'000), {{{10}, 1}}), ErrorIs(Errc::limit_exceeded));
  EXPECT_THAT(adjust(1, AdjustReason::opening, {{{9}, 1}}), IsAdjusted());
}

TEST_F(AdjustTest, RepeatedIsTheSame) {
  EXPECT_THAT(adjust(1, AdjustReason::opening, {{{1}, 5}}), IsAdjusted());
  EXPECT_THAT(adjust(1, AdjustReason::opening, {{{1}, 2}, {{1}, 3}}), IsAdjusted());
  EXPECT_TRUE(ledger.last().repeat);
  EXPECT_EQ(row(1).on_hand, 5);
}

TEST_F(AdjustTest, RefusedIsRefusedForGood) {
  EXPECT_THAT(adjust(1, AdjustReason::write_off, {{{1}, 5}}), IsOutOfStock(Row{1}, 5, 0));
  stock(1, 5);
  EXPECT_THAT(adjust(1, AdjustReason::write_off, {{{1}, 5}}), IsOutOfStock(Row{1}, 5, 0));
  EXPECT_TRUE(ledger.last().repeat);
  EXPECT_THAT(adjust(2, AdjustReason::write_off, {{{1}, 5}}), IsAdjusted());
}

TEST_F(AdjustTest, WithOtherContentIsAMismatch) {
  ASSERT_THAT(adjust(1, AdjustReason::opening, {{{1}, 5}}), IsAdjusted());
  EXPECT_THAT(adjust(1, AdjustReason::opening, {{{1}, 6}}), IsMismatch());
  EXPECT_THAT(adjust(1, AdjustReason::restock, {{{1}, 5}}), IsMismatch());
  const Line line{{1}, 5};
  EXPECT_THAT(ledger.adjust({{3, 1}, AdjustReason::opening, at(5'001), {&line, 1}}), IsMismatch());
  EXPECT_EQ(row(1).on_hand, 5);
}

TEST_F(AdjustTest, IsRememberedUntilItsDeadlineAndExpiredAfterIt) {
  ASSERT_THAT(adjust(1, AdjustReason::opening, {{{1}, 5}}), IsAdjusted());
  ledger.advance_to(at(4'999));
  EXPECT_TRUE(ledger.knows({3, 1}));
  EXPECT_THAT(adjust(1, AdjustReason::opening, {{{1}, 5}}), IsAdjusted());
  ledger.advance_to(at(5'000));
  EXPECT_FALSE(ledger.knows({3, 1}));
  EXPECT_THAT(adjust(1, AdjustReason::opening, {{{1}, 5}}), IsExpired());
  EXPECT_EQ(row(1).on_hand, 5);
}

TEST_F(AdjustTest, NeedsAnIdAReasonADeadlineAndLines) {
  const Line line{{1}, 1};
  const std::span<const Line> lines(&line, 1);
  const auto opening = AdjustReason::opening;
  const auto unheard_of = static_cast<AdjustReason>(4);
  EXPECT_THAT(ledger.adjust({{}, opening, at(2'000), lines}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(ledger.adjust({{3, 1}, unheard_of, at(2'000), lines}),
              ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(ledger.adjust({{3, 1}, opening, {}, lines}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(ledger.adjust({{3, 1}, opening, at(2'000), {}}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(ledger.adjust({{3, 1}, opening, at(11'001), lines}), ErrorIs(Errc::limit_exceeded));
}

}  // namespace
}  // namespace invsaga::testing
