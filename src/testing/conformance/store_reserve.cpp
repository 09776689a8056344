// SPDX-License-Identifier: Apache-2.0
//
// What `reserve` promises.
#include <limits>

#include "store_fixture.hpp"

namespace invsaga {
inline namespace v0 {
namespace testing {
namespace {

class StoreReserve : public StoreConformance {
 public:
  using StoreConformance::StoreConformance;
};
INVSAGA_SUITE(StoreReserve)

INVSAGA_SUITE_TEST(StoreReserve, SetsAsideEveryLine) {
  auto& t = *this;
  t.stock_up(0, 5);
  t.stock_up(1, 5);
  const auto answer = t.reserve(1, {{0, 2}, {1, 5}}, t.at(700));
  EXPECT_THAT(answer, IsReserved(t.hold(1), t.at(700)));
  EXPECT_EQ(t.stock(0), (StockCounters{5, 2, 0, 0}));
  EXPECT_EQ(t.stock(1), (StockCounters{5, 5, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreReserve, TakesNothingIfOneLineIsShort) {
  auto& t = *this;
  t.stock_up(0, 5);
  t.stock_up(1, 1);
  EXPECT_THAT(t.reserve(1, {{0, 2}, {1, 2}}), IsOutOfStock(t.row(1), 2, 1));
  EXPECT_EQ(t.stock(0), (StockCounters{5, 0, 0, 0}));
  EXPECT_EQ(t.stock(1), (StockCounters{1, 0, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreReserve, ARowThatNeverHadStockHasNothing) {
  auto& t = *this;
  EXPECT_EQ(t.stock(3), StockCounters{});
  EXPECT_THAT(t.reserve(1, {{3, 1}}), IsOutOfStock(t.row(3), 1, 0));
  EXPECT_EQ(t.stock(3), StockCounters{});
}

INVSAGA_SUITE_TEST(StoreReserve, TheLastUnitIsPromisedOnce) {
  auto& t = *this;
  t.stock_up(0, 1);
  EXPECT_THAT(t.reserve(1, {{0, 1}}), IsReserved());
  EXPECT_THAT(t.reserve(2, {{0, 1}}), IsOutOfStock(t.row(0), 1, 0));
}

INVSAGA_SUITE_TEST(StoreReserve, NamesEveryShortLineInOrderOfRow) {
  auto& t = *this;
  t.stock_up(0, 1);
  t.stock_up(1, 9);
  t.stock_up(2, 3);
  const auto answer = t.reserve(1, {{2, 4}, {1, 9}, {0, 2}, {5, 1}});
  EXPECT_THAT(answer, IsOutOfStock(t.row(0), 2, 1));
  EXPECT_EQ(find_answer<OutOfStock>(answer)->count, 3u);
  EXPECT_THAT(shorts_of(answer),
              ::testing::ElementsAre(ShortLine{t.row(0), 2, 1}, ShortLine{t.row(2), 4, 3},
                                     ShortLine{t.row(5), 1, 0}));
}

INVSAGA_SUITE_TEST(StoreReserve, CountsShortLinesThatTheLentStorageCannotHold) {
  auto& t = *this;
  t.lend(0);
  auto answer = t.reserve(1, {{0, 2}, {1, 3}});
  EXPECT_THAT(answer, IsOutOfStock(t.row(0), 2, 0));
  EXPECT_EQ(find_answer<OutOfStock>(answer)->count, 2u);
  EXPECT_TRUE(shorts_of(answer).empty());

  t.lend(1);
  answer = t.reserve(2, {{0, 2}, {1, 3}});
  EXPECT_EQ(find_answer<OutOfStock>(answer)->count, 2u);
  EXPECT_THAT(shorts_of(answer), ::testing::ElementsAre(ShortLine{t.row(0), 2, 0}));
}

INVSAGA_SUITE_TEST(StoreReserve, AddsUpLinesOfOneRowBeforeItJudgesThem) {
  auto& t = *this;
  t.stock_up(0, 3);
  const auto answer = t.reserve(1, {{0, 2}, {1, 1}, {0, 2}});
  EXPECT_THAT(answer, IsOutOfStock(t.row(0), 4, 3));
  EXPECT_EQ(find_answer<OutOfStock>(answer)->count, 2u);

  EXPECT_THAT(t.reserve(2, {{0, 1}, {0, 2}}), IsReserved());
  EXPECT_EQ(t.stock(0), (StockCounters{3, 3, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreReserve, ARepeatIsTheSameReservation) {
  auto& t = *this;
  t.stock_up(0, 5);
  const auto first = t.reserve(1, {{0, 4}});
  EXPECT_THAT(first, IsReserved());
  // Its own units do not stand in its way, and none are taken twice.
  EXPECT_THAT(t.reserve(1, {{0, 4}}), IsReserved(t.hold(1), t.at(1'000)));
  EXPECT_EQ(t.stock(0), (StockCounters{5, 4, 0, 0}));
  t.stock_up(1, 9);  // nor where there would be room for them
  EXPECT_THAT(t.reserve(2, {{1, 4}}), IsReserved());
  EXPECT_THAT(t.reserve(2, {{1, 4}}), IsReserved());
  EXPECT_EQ(t.stock(1), (StockCounters{9, 4, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreReserve, ARepeatMayNameTheSameLinesInAnotherWay) {
  auto& t = *this;
  t.stock_up(0, 5);
  t.stock_up(1, 5);
  EXPECT_THAT(t.reserve(1, {{1, 1}, {0, 3}}), IsReserved());
  EXPECT_THAT(t.reserve(1, {{0, 1}, {1, 1}, {0, 2}}), IsReserved());
  EXPECT_EQ(t.stock(0), (StockCounters{5, 3, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreReserve, ARepeatAfterTheCommitIsAnsweredAsBeforeAndTakesNothing) {
  auto& t = *this;
  t.stock_up(0, 5);
  EXPECT_THAT(t.reserve(1, {{0, 2}}), IsReserved());
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::committed));
  EXPECT_THAT(t.reserve(1, {{0, 2}}), IsReserved(t.hold(1)));
  EXPECT_EQ(t.stock(0), (StockCounters{3, 0, 2, 0}));
}

INVSAGA_SUITE_TEST(StoreReserve, TheSameIdWithOtherContentIsAMismatch) {
  auto& t = *this;
  t.stock_up(0, 9);
  t.stock_up(1, 9);
  EXPECT_THAT(t.reserve(1, {{0, 2}}), IsReserved());
  EXPECT_THAT(t.reserve(1, {{0, 3}}), IsMismatch());
  EXPECT_THAT(t.reserve(1, {{1, 2}}), IsMismatch());
  EXPECT_THAT(t.reserve(1, {{0, 2}, {1, 1}}), IsMismatch());
  EXPECT_THAT(t.reserve(1, {{0, 2}}, t.at(1'001)), IsMismatch());
  EXPECT_THAT(t.reserve(1, {{0, 2}}, t.at(999)), IsMismatch());
  EXPECT_EQ(t.stock(0), (StockCounters{9, 2, 0, 0}));
  EXPECT_EQ(t.stock(1), (StockCounters{9, 0, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreReserve, OtherContentIsAMismatchWhateverBecameOfTheId) {
  auto& t = *this;
  t.stock_up(0, 9);
  EXPECT_THAT(t.reserve(1, {{0, 10}}), IsOutOfStock());
  EXPECT_THAT(t.reserve(1, {{0, 1}}), IsMismatch());
  EXPECT_THAT(t.reserve(2, {{0, 2}}), IsReserved());
  EXPECT_THAT(t.commit(2), IsOkAndHolds(CommitAnswer::committed));
  EXPECT_THAT(t.reserve(2, {{0, 1}}), IsMismatch());
  EXPECT_THAT(t.reserve(3, {{0, 2}}), IsReserved());
  EXPECT_THAT(t.release(3), IsOkAndHolds(ReleaseAnswer::released));
  EXPECT_THAT(t.reserve(3, {{0, 1}}), IsMismatch());
  EXPECT_EQ(t.stock(0), (StockCounters{7, 0, 2, 0}));
}

INVSAGA_SUITE_TEST(StoreReserve, ARefusalIsFinalForItsId) {
  auto& t = *this;
  t.stock_up(0, 1);
  EXPECT_THAT(t.reserve(1, {{0, 2}}), IsOutOfStock(t.row(0), 2, 1));
  t.stock_up(0, 5);
  const auto again = t.reserve(1, {{0, 2}});
  EXPECT_THAT(again, IsOutOfStock(t.row(0), 2, 1)) << "a repeat gets the answer that it got";
  EXPECT_THAT(shorts_of(again), ::testing::ElementsAre(ShortLine{t.row(0), 2, 1}));
  EXPECT_EQ(t.stock(0), (StockCounters{6, 0, 0, 0}));
  EXPECT_THAT(t.reserve(2, {{0, 2}}), IsReserved()) << "only a new id can succeed";
}

INVSAGA_SUITE_TEST(StoreReserve, PastItsOwnDeadlineIsExpired) {
  auto& t = *this;
  t.stock_up(0, 5);
  EXPECT_THAT(t.reserve(1, {{0, 1}}, t.at(0)), IsExpired()) << "live while now < until";
  EXPECT_THAT(t.reserve(2, {{0, 1}}, t.at(-1)), IsExpired());
  EXPECT_THAT(t.reserve(3, {{0, 1}}, t.at(1)), IsReserved());
  EXPECT_EQ(t.stock(0), (StockCounters{5, 1, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreReserve, PastItsOwnDeadlineIsExpiredWhateverIsRemembered) {
  auto& t = *this;
  t.stock_up(0, 5);
  EXPECT_THAT(t.reserve(1, {{0, 1}}), IsReserved());
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::committed));
  EXPECT_THAT(t.reserve(2, {{0, 9}}), IsOutOfStock());
  EXPECT_THAT(t.release(3), IsOkAndHolds(ReleaseAnswer::tombstoned));
  t.advance(1'000);
  EXPECT_THAT(t.reserve(1, {{0, 1}}), IsExpired());
  EXPECT_THAT(t.reserve(2, {{0, 9}}), IsExpired());
  EXPECT_THAT(t.reserve(3, {{0, 1}}), IsExpired());
  EXPECT_EQ(t.stock(0), (StockCounters{4, 0, 1, 0}));
}

INVSAGA_SUITE_TEST(StoreReserve, TakesAsManyLinesAsAnOrderMayHave) {
  auto& t = *this;
  Asked asked;
  for (std::uint32_t i = 0; i < max_lines; ++i) asked.push_back({i, 1});
  for (std::uint32_t i = 0; i < max_lines; ++i) t.stock_up(i, 2);
  EXPECT_THAT(t.reserve(1, asked), IsReserved());
  EXPECT_EQ(t.stock(0), (StockCounters{2, 1, 0, 0}));
  EXPECT_EQ(t.stock(max_lines - 1), (StockCounters{2, 1, 0, 0}));

  asked.push_back({0, 1});
  EXPECT_THAT(t.reserve(2, asked), ErrorIs(Errc::limit_exceeded, Limit::lines))
      << "even if it would merge";
  EXPECT_EQ(t.stock(0), (StockCounters{2, 1, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreReserve, NamesAsManyShortLinesAsThereAre) {
  auto& t = *this;
  Asked asked;
  for (std::uint32_t i = 0; i < max_lines; ++i) asked.push_back({i, 1});
  t.lend(max_lines);
  const auto answer = t.reserve(1, asked);
  ASSERT_THAT(answer, IsOutOfStock());
  EXPECT_EQ(find_answer<OutOfStock>(answer)->count, max_lines);
  EXPECT_EQ(shorts_of(answer).size(), max_lines);
}

INVSAGA_SUITE_TEST(StoreReserve, RefusesWhatNoCallMayBear) {
  auto& t = *this;
  t.stock_up(0, 9);
  EXPECT_THAT(t.reserve(ReservationId{}, {{0, 1}}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(t.reserve(1, {}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(t.reserve(1, {{0, 0}}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(t.reserve(1, {{0, -1}}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(t.reserve(1, {{0, 2}, {0, -1}}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(t.reserve(1, {{0, std::numeric_limits<Units>::min()}}),
              ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(t.stock(0), (StockCounters{9, 0, 0, 0}));
  EXPECT_THAT(t.reserve(1, {{0, 1}}), IsReserved()) << "an error leaves no trace of the id";
}

INVSAGA_SUITE_TEST(StoreReserve, AMissingLifetimeIsAnErrorAndNotForEver) {
  auto& t = *this;
  t.stock_up(0, 9);
  EXPECT_THAT(t.reserve(1, {{0, 1}}, Time{}), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(t.stock(0), (StockCounters{9, 0, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreReserve, TakesTheLongestLifetimeAndNoneBeyond) {
  auto& t = *this;
  t.stock_up(0, 9);
  EXPECT_THAT(t.reserve(1, {{0, 1}}, t.longest() + Duration{1}),
              ErrorIs(Errc::limit_exceeded, Limit::lifetime));
  EXPECT_THAT(t.reserve(2, {{0, 1}}, Time::max()), ErrorIs(Errc::limit_exceeded, Limit::lifetime));
  EXPECT_THAT(t.reserve(3, {{0, 1}}, t.longest()), IsReserved());
}

INVSAGA_SUITE_TEST(StoreReserve, RefusesQuantitiesPastTheStoresLimitAndNeverWraps) {
  auto& t = *this;
  const Units most = t.store().limits().max_units;
  EXPECT_GE(most, (Units{1} << 31) - 1);
  EXPECT_LE(most, (Units{1} << 53) - 1);
  t.stock_up(0, 9);
  EXPECT_THAT(t.reserve(1, {{0, most}}), IsOutOfStock(t.row(0), most, 9));
  EXPECT_THAT(t.reserve(2, {{0, most + 1}}), ErrorIs(Errc::limit_exceeded, Limit::units));
  EXPECT_THAT(t.reserve(3, {{0, most}, {0, 1}}), ErrorIs(Errc::limit_exceeded, Limit::units));
  constexpr Units largest = std::numeric_limits<Units>::max();
  EXPECT_THAT(t.reserve(4, {{0, largest}}), ErrorIs(Errc::limit_exceeded, Limit::units));
  EXPECT_THAT(t.reserve(5, {{0, largest}, {0, largest}, {0, 2}}), ErrorIs(Errc::limit_exceeded));
  EXPECT_EQ(t.stock(0), (StockCounters{9, 0, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreReserve, HoldsAWholeRowOfTheLargestSize) {
  auto& t = *this;
  const Units most = t.store().limits().max_units;
  t.stock_up(0, most);
  EXPECT_THAT(t.reserve(1, {{0, most}}), IsReserved());
  EXPECT_EQ(t.stock(0), (StockCounters{most, most, 0, 0}));
  EXPECT_THAT(t.reserve(2, {{0, 1}}), IsOutOfStock(t.row(0), 1, 0));
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::committed));
  EXPECT_EQ(t.stock(0), (StockCounters{0, 0, most, 0}));
}

INVSAGA_SUITE_TEST(StoreReserve, RefusesRowsPastTheStoresLimit) {
  auto& t = *this;
  StoreLimits limits;
  limits.max_rows = 8;
  t.open(limits);
  if (t.store().limits().max_rows != 8) GTEST_SKIP() << "this store has its own limit of rows";
  EXPECT_THAT(t.reserve(1, {{8, 1}}), ErrorIs(Errc::limit_exceeded, Limit::rows));
  EXPECT_THAT(t.reserve(1, {{0xffffffffu, 1}}), ErrorIs(Errc::limit_exceeded, Limit::rows));
  EXPECT_THAT(t.reserve(1, {{7, 1}}), IsOutOfStock());
  EXPECT_EQ(t.stock(8), StockCounters{});
}

}  // namespace

void bind_store_reserve(std::string_view name, std::span<const MakeStore> stores) {
  suite_of_StoreReserve().bind(name, stores);
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
