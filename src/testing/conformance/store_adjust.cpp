// SPDX-License-Identifier: Apache-2.0
//
// What `adjust` promises.
#include <limits>

#include "store_fixture.hpp"

namespace invsaga {
inline namespace v0 {
namespace testing {
namespace {

class StoreAdjust : public StoreConformance {
 public:
  using StoreConformance::StoreConformance;
};
INVSAGA_SUITE(StoreAdjust)

INVSAGA_SUITE_TEST(StoreAdjust, OpeningAndRestockAddUnits) {
  auto& t = *this;
  EXPECT_THAT(t.adjust(1, AdjustReason::opening, {{0, 5}, {1, 2}}), IsAdjusted());
  EXPECT_THAT(t.adjust(2, AdjustReason::restock, {{0, 1}}), IsAdjusted());
  EXPECT_EQ(t.stock(0), (StockCounters{6, 0, 0, 0}));
  EXPECT_EQ(t.stock(1), (StockCounters{2, 0, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreAdjust, AWriteOffTakesUnitsThatAreAvailable) {
  auto& t = *this;
  t.stock_up(0, 5);
  t.stock_up(1, 5);
  EXPECT_THAT(t.reserve(1, {{0, 2}}), IsReserved());
  EXPECT_THAT(t.adjust(1, AdjustReason::write_off, {{0, 3}, {1, 1}}), IsAdjusted());
  EXPECT_EQ(t.stock(0), (StockCounters{2, 2, 0, 0}));
  EXPECT_EQ(t.stock(1), (StockCounters{4, 0, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreAdjust, AWriteOffNeverTouchesWhatIsPromised) {
  auto& t = *this;
  t.stock_up(0, 5);
  t.stock_up(1, 5);
  EXPECT_THAT(t.reserve(1, {{0, 3}}), IsReserved());
  const auto answer = t.adjust(1, AdjustReason::write_off, {{2, 1}, {1, 1}, {0, 1}, {0, 2}});
  EXPECT_THAT(answer, IsOutOfStock(t.row(0), 3, 2));
  EXPECT_EQ(find_answer<OutOfStock>(answer)->count, 2u);
  EXPECT_THAT(shorts_of(answer),
              ::testing::ElementsAre(ShortLine{t.row(0), 3, 2}, ShortLine{t.row(2), 1, 0}));
  EXPECT_EQ(t.stock(0), (StockCounters{5, 3, 0, 0}));
  EXPECT_EQ(t.stock(1), (StockCounters{5, 0, 0, 0})) << "all lines or none";
}

INVSAGA_SUITE_TEST(StoreAdjust, AReturnBringsBackWhatWasSold) {
  auto& t = *this;
  t.stock_up(0, 5);
  t.sell(0, 3);
  EXPECT_THAT(t.adjust(1, AdjustReason::returned, {{0, 2}}), IsAdjusted());
  EXPECT_EQ(t.stock(0), (StockCounters{4, 0, 3, 2})) << "sold is gross of returns";
  EXPECT_THAT(t.adjust(2, AdjustReason::returned, {{0, 1}}), IsAdjusted());
  EXPECT_EQ(t.stock(0), (StockCounters{5, 0, 3, 3}));
}

INVSAGA_SUITE_TEST(StoreAdjust, AReturnOfWhatWasNeverSoldIsRefused) {
  auto& t = *this;
  t.stock_up(0, 5);
  t.stock_up(1, 5);
  t.sell(0, 3);
  t.sell(1, 1);
  EXPECT_THAT(t.adjust(1, AdjustReason::returned, {{0, 2}}), IsAdjusted());
  const auto answer = t.adjust(2, AdjustReason::returned, {{0, 1}, {1, 1}, {0, 1}, {2, 1}});
  EXPECT_THAT(answer, IsReturnRefused(t.row(0), 2, 1));
  EXPECT_THAT(shorts_of(answer),
              ::testing::ElementsAre(ShortLine{t.row(0), 2, 1}, ShortLine{t.row(2), 1, 0}));
  EXPECT_EQ(t.stock(0), (StockCounters{4, 0, 3, 2}));
  EXPECT_EQ(t.stock(1), (StockCounters{4, 0, 1, 0})) << "all lines or none";
}

INVSAGA_SUITE_TEST(StoreAdjust, ARepeatIsTheSameAdjust) {
  auto& t = *this;
  EXPECT_THAT(t.adjust(1, AdjustReason::opening, {{0, 2}, {1, 1}, {0, 3}}), IsAdjusted());
  EXPECT_THAT(t.adjust(1, AdjustReason::opening, {{0, 5}, {1, 1}}), IsAdjusted());
  EXPECT_EQ(t.stock(0), (StockCounters{5, 0, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreAdjust, ARefusalIsFinalForItsId) {
  auto& t = *this;
  EXPECT_THAT(t.adjust(1, AdjustReason::write_off, {{0, 1}}), IsOutOfStock(t.row(0), 1, 0));
  EXPECT_THAT(t.adjust(2, AdjustReason::returned, {{0, 1}}), IsReturnRefused(t.row(0), 1, 0));
  t.stock_up(0, 5);
  t.sell(0, 2);
  EXPECT_THAT(t.adjust(1, AdjustReason::write_off, {{0, 1}}), IsOutOfStock(t.row(0), 1, 0));
  EXPECT_THAT(t.adjust(2, AdjustReason::returned, {{0, 1}}), IsReturnRefused(t.row(0), 1, 0));
  EXPECT_EQ(t.stock(0), (StockCounters{3, 0, 2, 0}));
}

INVSAGA_SUITE_TEST(StoreAdjust, TheSameIdWithOtherContentIsAMismatch) {
  auto& t = *this;
  EXPECT_THAT(t.adjust(1, AdjustReason::opening, {{0, 2}}), IsAdjusted());
  EXPECT_THAT(t.adjust(1, AdjustReason::restock, {{0, 2}}), IsMismatch());
  EXPECT_THAT(t.adjust(1, AdjustReason::opening, {{0, 3}}), IsMismatch());
  EXPECT_THAT(t.adjust(1, AdjustReason::opening, {{1, 2}}), IsMismatch());
  EXPECT_THAT(t.adjust(1, AdjustReason::opening, {{0, 2}}, t.at(999)), IsMismatch());
  EXPECT_EQ(t.stock(0), (StockCounters{2, 0, 0, 0}));
  EXPECT_EQ(t.stock(1), StockCounters{});
}

INVSAGA_SUITE_TEST(StoreAdjust, PastItsDeadlineIsExpiredAndNeverDoneAgain) {
  auto& t = *this;
  EXPECT_THAT(t.adjust(1, AdjustReason::opening, {{0, 2}}, t.at(0)), IsExpired());
  EXPECT_THAT(t.adjust(2, AdjustReason::opening, {{0, 2}}, t.at(500)), IsAdjusted());
  t.advance(499);
  EXPECT_THAT(t.adjust(2, AdjustReason::opening, {{0, 2}}, t.at(500)), IsAdjusted());
  t.advance(500);
  EXPECT_THAT(t.adjust(2, AdjustReason::opening, {{0, 2}}, t.at(500)), IsExpired());
  EXPECT_EQ(t.stock(0), (StockCounters{2, 0, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreAdjust, ARowHoldsTheStoresMostUnitsAndNoneBeyond) {
  auto& t = *this;
  const Units most = t.store().limits().max_units;
  EXPECT_THAT(t.adjust(1, AdjustReason::opening, {{0, most}}), IsAdjusted());
  EXPECT_THAT(t.adjust(2, AdjustReason::restock, {{1, 1}, {0, 1}}),
              ErrorIs(Errc::limit_exceeded, Limit::units));
  EXPECT_EQ(t.stock(0), (StockCounters{most, 0, 0, 0}));
  EXPECT_EQ(t.stock(1), StockCounters{});
  t.sell(0, 1);
  EXPECT_THAT(t.adjust(2, AdjustReason::restock, {{1, 1}, {0, 1}}), IsAdjusted())
      << "an error leaves no trace of the id";
  EXPECT_THAT(t.adjust(3, AdjustReason::returned, {{0, 1}}),
              ErrorIs(Errc::limit_exceeded, Limit::units));
  EXPECT_EQ(t.stock(0), (StockCounters{most, 0, 1, 0}));
}

INVSAGA_SUITE_TEST(StoreAdjust, RefusesQuantitiesPastTheStoresLimitAndNeverWraps) {
  auto& t = *this;
  const Units most = t.store().limits().max_units;
  constexpr Units largest = std::numeric_limits<Units>::max();
  EXPECT_THAT(t.adjust(1, AdjustReason::opening, {{0, most + 1}}),
              ErrorIs(Errc::limit_exceeded, Limit::units));
  EXPECT_THAT(t.adjust(1, AdjustReason::opening, {{0, most}, {0, 1}}),
              ErrorIs(Errc::limit_exceeded, Limit::units));
  EXPECT_THAT(t.adjust(1, AdjustReason::opening, {{0, largest}, {0, largest}}),
              ErrorIs(Errc::limit_exceeded, Limit::units));
  EXPECT_EQ(t.stock(0), StockCounters{});
}

INVSAGA_SUITE_TEST(StoreAdjust, RefusesWhatNoCallMayBear) {
  auto& t = *this;
  const auto opening = AdjustReason::opening;
  EXPECT_THAT(t.adjust(1, opening, {}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(t.adjust(1, opening, {{0, 0}}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(t.adjust(1, AdjustReason::write_off, {{0, -1}}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(t.adjust(1, opening, {{0, 1}}, Time{}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(t.adjust(1, opening, {{0, 1}}, t.longest() + Duration{1}),
              ErrorIs(Errc::limit_exceeded, Limit::lifetime));
  EXPECT_THAT(t.adjust(1, static_cast<AdjustReason>(200), {{0, 1}}),
              ErrorIs(Errc::invalid_argument));
  const Line line{t.row(0), 1};
  EXPECT_THAT(t.store().adjust({AdjustId{}, opening, t.at(10), {&line, 1}}, {}),
              ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(t.stock(0), StockCounters{});
  EXPECT_THAT(t.adjust(1, opening, {{0, 1}}, t.longest()), IsAdjusted());
}

INVSAGA_SUITE_TEST(StoreAdjust, ItsIdIsNoReservations) {
  auto& t = *this;
  EXPECT_THAT(t.adjust(1, AdjustReason::opening, {{0, 2}}), IsAdjusted());
  EXPECT_THAT(t.reserve(1, {{0, 2}}), IsReserved());
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::committed));
  EXPECT_EQ(t.stock(0), (StockCounters{0, 0, 2, 0}));
}

}  // namespace

void bind_store_adjust(std::string_view name, std::span<const MakeStore> stores) {
  suite_of_StoreAdjust().bind(name, stores);
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
