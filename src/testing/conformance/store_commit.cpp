// SPDX-License-Identifier: Apache-2.0
//
// What `commit`, `release` and `extend` promise.
#include "store_fixture.hpp"

namespace invsaga {
inline namespace v0 {
namespace testing {
namespace {

// --- commit

class StoreCommit : public StoreConformance {
 public:
  using StoreConformance::StoreConformance;
};
INVSAGA_SUITE(StoreCommit)

INVSAGA_SUITE_TEST(StoreCommit, SellsWhatIsHeldOnce) {
  auto& t = *this;
  t.stock_up(0, 5);
  t.stock_up(1, 5);
  EXPECT_THAT(t.reserve(1, {{0, 2}, {1, 3}}), IsReserved());
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::committed));
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::committed));
  EXPECT_EQ(t.stock(0), (StockCounters{3, 0, 2, 0}));
  EXPECT_EQ(t.stock(1), (StockCounters{2, 0, 3, 0}));
}

INVSAGA_SUITE_TEST(StoreCommit, SellsAPartAndGivesTheRestBackInTheSameStep) {
  auto& t = *this;
  t.stock_up(0, 5);
  t.stock_up(1, 5);
  EXPECT_THAT(t.reserve(1, {{0, 3}, {1, 4}}), IsReserved());
  EXPECT_THAT(t.commit(1, {{0, 1}}), IsOkAndHolds(CommitAnswer::committed));
  EXPECT_EQ(t.stock(0), (StockCounters{4, 0, 1, 0}));
  EXPECT_EQ(t.stock(1), (StockCounters{5, 0, 0, 0}));
  EXPECT_THAT(t.reserve(2, {{0, 4}, {1, 5}}), IsReserved()) << "the rest is free at once";
}

INVSAGA_SUITE_TEST(StoreCommit, ARepeatedPartIsAnsweredAndSellsNothingMore) {
  auto& t = *this;
  t.stock_up(0, 9);
  EXPECT_THAT(t.reserve(1, {{0, 4}}), IsReserved());
  EXPECT_THAT(t.commit(1, {{0, 1}, {0, 2}}), IsOkAndHolds(CommitAnswer::committed));
  EXPECT_THAT(t.commit(1, {{0, 3}}), IsOkAndHolds(CommitAnswer::committed)) << "lines are merged";
  EXPECT_THAT(t.commit(1, {{0, 2}}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(t.commit(1), ErrorIs(Errc::invalid_argument)) << "the whole is not the part";
  EXPECT_EQ(t.stock(0), (StockCounters{6, 0, 3, 0}));
}

INVSAGA_SUITE_TEST(StoreCommit, TheWholeMayBeSpelledOut) {
  auto& t = *this;
  t.stock_up(0, 9);
  t.stock_up(1, 9);
  EXPECT_THAT(t.reserve(1, {{0, 4}, {1, 1}}), IsReserved());
  EXPECT_THAT(t.commit(1, {{1, 1}, {0, 4}}), IsOkAndHolds(CommitAnswer::committed));
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::committed));
  EXPECT_THAT(t.commit(1, {{0, 4}}), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(t.stock(0), (StockCounters{5, 0, 4, 0}));
  EXPECT_EQ(t.stock(1), (StockCounters{8, 0, 1, 0}));
}

INVSAGA_SUITE_TEST(StoreCommit, APartOfWhatIsNotHeldIsAnErrorAndTheHoldStays) {
  auto& t = *this;
  t.stock_up(0, 9);
  t.stock_up(1, 9);
  EXPECT_THAT(t.reserve(1, {{0, 4}}), IsReserved());
  EXPECT_THAT(t.commit(1, {{0, 5}}), ErrorIs(Errc::invalid_argument)) << "more than is held";
  EXPECT_THAT(t.commit(1, {{0, 3}, {0, 2}}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(t.commit(1, {{1, 1}}), ErrorIs(Errc::invalid_argument)) << "a row that is not held";
  EXPECT_THAT(t.commit(1, {{0, 4}, {1, 1}}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(t.commit(1, {{0, 0}}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(t.commit(1, {{0, -1}}), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(t.stock(0), (StockCounters{9, 4, 0, 0}));
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::committed));
}

INVSAGA_SUITE_TEST(StoreCommit, NeverReserves) {
  auto& t = *this;
  t.stock_up(0, 9);
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::not_found));
  EXPECT_THAT(t.commit(1, {{0, 1}}), IsOkAndHolds(CommitAnswer::not_found));
  EXPECT_EQ(t.stock(0), (StockCounters{9, 0, 0, 0}));
  EXPECT_THAT(t.reserve(1, {{0, 1}}), IsReserved()) << "nor does it bar the id";
}

INVSAGA_SUITE_TEST(StoreCommit, OfARefusedOrTombstonedIdIsNotFound) {
  auto& t = *this;
  EXPECT_THAT(t.reserve(1, {{0, 1}}), IsOutOfStock());
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::not_found));
  EXPECT_THAT(t.release(2), IsOkAndHolds(ReleaseAnswer::tombstoned));
  EXPECT_THAT(t.commit(2), IsOkAndHolds(CommitAnswer::not_found));
}

INVSAGA_SUITE_TEST(StoreCommit, OfAReleasedIdSaysSo) {
  auto& t = *this;
  t.stock_up(0, 9);
  EXPECT_THAT(t.reserve(1, {{0, 1}}), IsReserved());
  EXPECT_THAT(t.release(1), IsOkAndHolds(ReleaseAnswer::released));
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::released));
  EXPECT_THAT(t.commit(1, {{0, 1}}), IsOkAndHolds(CommitAnswer::released));
  EXPECT_EQ(t.stock(0), (StockCounters{9, 0, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreCommit, IsTerminal) {
  auto& t = *this;
  t.stock_up(0, 9);
  EXPECT_THAT(t.reserve(1, {{0, 2}}), IsReserved());
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::committed));
  EXPECT_THAT(t.release(1), IsOkAndHolds(ReleaseAnswer::committed));
  EXPECT_THAT(t.extend(1, t.at(2'000)), IsOkAndHolds(ExtendAnswer::committed));
  t.advance(1'500);
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::committed)) << "it never reads expired";
  EXPECT_THAT(t.release(1), IsOkAndHolds(ReleaseAnswer::committed));
  EXPECT_EQ(t.stock(0), (StockCounters{7, 0, 2, 0}));
}

INVSAGA_SUITE_TEST(StoreCommit, RefusesAZeroId) {
  auto& t = *this;
  EXPECT_THAT(t.store().commit({}), ErrorIs(Errc::invalid_argument));
}

// --- release

class StoreRelease : public StoreConformance {
 public:
  using StoreConformance::StoreConformance;
};
INVSAGA_SUITE(StoreRelease)

INVSAGA_SUITE_TEST(StoreRelease, GivesBackWhatIsHeldOnce) {
  auto& t = *this;
  t.stock_up(0, 5);
  t.stock_up(1, 5);
  EXPECT_THAT(t.reserve(1, {{0, 2}, {1, 3}}), IsReserved());
  EXPECT_THAT(t.reserve(2, {{0, 1}}), IsReserved());
  EXPECT_THAT(t.release(1), IsOkAndHolds(ReleaseAnswer::released));
  EXPECT_THAT(t.release(1), IsOkAndHolds(ReleaseAnswer::released));
  EXPECT_EQ(t.stock(0), (StockCounters{5, 1, 0, 0}));
  EXPECT_EQ(t.stock(1), (StockCounters{5, 0, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreRelease, OfACommittedIdSaysSoAndTakesNothingBack) {
  auto& t = *this;
  t.stock_up(0, 5);
  EXPECT_THAT(t.reserve(1, {{0, 2}}), IsReserved());
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::committed));
  EXPECT_THAT(t.release(1), IsOkAndHolds(ReleaseAnswer::committed));
  EXPECT_EQ(t.stock(0), (StockCounters{3, 0, 2, 0}));
}

INVSAGA_SUITE_TEST(StoreRelease, BeforeTheReserveSuppressesIt) {
  auto& t = *this;
  t.stock_up(0, 5);
  EXPECT_THAT(t.release(1), IsOkAndHolds(ReleaseAnswer::tombstoned));
  EXPECT_THAT(t.release(1), IsOkAndHolds(ReleaseAnswer::tombstoned));
  EXPECT_THAT(t.reserve(1, {{0, 2}}), IsSuppressed());
  EXPECT_THAT(t.reserve(1, {{0, 2}}), IsSuppressed());
  EXPECT_THAT(t.release(1), IsOkAndHolds(ReleaseAnswer::tombstoned));
  EXPECT_EQ(t.stock(0), (StockCounters{5, 0, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreRelease, ATombstoneWinsOverTheLastUnit) {
  auto& t = *this;
  EXPECT_THAT(t.release(1), IsOkAndHolds(ReleaseAnswer::tombstoned));
  EXPECT_THAT(t.reserve(1, {{0, 2}}), IsSuppressed()) << "not out of stock: nobody looks";
}

INVSAGA_SUITE_TEST(StoreRelease, AReserveThatComesAfterItIsSuppressed) {
  auto& t = *this;
  t.stock_up(0, 5);
  EXPECT_THAT(t.reserve(1, {{0, 2}}), IsReserved());
  EXPECT_THAT(t.release(1), IsOkAndHolds(ReleaseAnswer::released));
  EXPECT_THAT(t.reserve(1, {{0, 2}}), IsSuppressed()) << "a late duplicate strands no unit";
  EXPECT_EQ(t.stock(0), (StockCounters{5, 0, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreRelease, OfARefusedIdIsTombstoned) {
  auto& t = *this;
  EXPECT_THAT(t.reserve(1, {{0, 2}}), IsOutOfStock());
  EXPECT_THAT(t.release(1), IsOkAndHolds(ReleaseAnswer::tombstoned));
  t.stock_up(0, 5);
  EXPECT_THAT(t.reserve(1, {{0, 2}}), IsSuppressed());
  EXPECT_EQ(t.stock(0), (StockCounters{5, 0, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreRelease, RefusesAZeroId) {
  auto& t = *this;
  EXPECT_THAT(t.store().release({}), ErrorIs(Errc::invalid_argument));
}

// --- extend

class StoreExtend : public StoreConformance {
 public:
  using StoreConformance::StoreConformance;
};
INVSAGA_SUITE(StoreExtend)

INVSAGA_SUITE_TEST(StoreExtend, MovesTheDeadlineOfALiveHold) {
  auto& t = *this;
  t.stock_up(0, 5);
  EXPECT_THAT(t.reserve(1, {{0, 5}}), IsReserved());
  EXPECT_THAT(t.extend(1, t.at(2'000)), IsOkAndHolds(ExtendAnswer::reserved));
  t.advance(1'999);
  EXPECT_EQ(t.stock(0), (StockCounters{5, 5, 0, 0}));
  t.advance(2'000);
  EXPECT_EQ(t.stock(0), (StockCounters{5, 0, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreExtend, NeverShortensALife) {
  auto& t = *this;
  t.stock_up(0, 5);
  EXPECT_THAT(t.reserve(1, {{0, 5}}), IsReserved());
  EXPECT_THAT(t.extend(1, t.at(3'000)), IsOkAndHolds(ExtendAnswer::reserved));
  EXPECT_THAT(t.extend(1, t.at(2'000)), IsOkAndHolds(ExtendAnswer::reserved)) << "a late duplicate";
  EXPECT_THAT(t.extend(1, t.at(-5)), IsOkAndHolds(ExtendAnswer::reserved)) << "a very late one";
  t.advance(2'999);
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::committed));
}

INVSAGA_SUITE_TEST(StoreExtend, DoesNotChangeWhichReserveIsARepeat) {
  auto& t = *this;
  t.stock_up(0, 5);
  EXPECT_THAT(t.reserve(1, {{0, 5}}), IsReserved());
  EXPECT_THAT(t.extend(1, t.at(3'000)), IsOkAndHolds(ExtendAnswer::reserved));
  EXPECT_THAT(t.reserve(1, {{0, 5}}), IsReserved(t.hold(1), t.at(1'000)))
      << "a repeat is told what the first was told";
  EXPECT_THAT(t.reserve(1, {{0, 5}}, t.at(3'000)), IsMismatch());
  t.advance(1'500);
  EXPECT_THAT(t.reserve(1, {{0, 5}}), IsExpired()) << "the reserve is late; the hold is not";
  EXPECT_EQ(t.stock(0), (StockCounters{5, 5, 0, 0}));
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::committed));
}

INVSAGA_SUITE_TEST(StoreExtend, CannotReviveAnExpiredHold) {
  auto& t = *this;
  t.stock_up(0, 5);
  EXPECT_THAT(t.reserve(1, {{0, 5}}), IsReserved());
  t.advance(1'000);
  const auto answer = t.extend(1, t.at(2'000));
  EXPECT_THAT(answer, ::testing::AnyOf(IsOkAndHolds(ExtendAnswer::expired),
                                       IsOkAndHolds(ExtendAnswer::not_found)));
  EXPECT_EQ(t.stock(0), (StockCounters{5, 0, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreExtend, SaysWhatBecameOfTheId) {
  auto& t = *this;
  t.stock_up(0, 5);
  EXPECT_THAT(t.extend(1, t.at(2'000)), IsOkAndHolds(ExtendAnswer::not_found));
  EXPECT_THAT(t.reserve(1, {{0, 1}}), IsReserved()) << "it left no trace";
  EXPECT_THAT(t.release(1), IsOkAndHolds(ReleaseAnswer::released));
  EXPECT_THAT(t.extend(1, t.at(2'000)), IsOkAndHolds(ExtendAnswer::released));
  EXPECT_THAT(t.reserve(2, {{0, 6}}), IsOutOfStock());
  EXPECT_THAT(t.extend(2, t.at(2'000)), IsOkAndHolds(ExtendAnswer::not_found));
  EXPECT_THAT(t.release(3), IsOkAndHolds(ReleaseAnswer::tombstoned));
  EXPECT_THAT(t.extend(3, t.at(2'000)), IsOkAndHolds(ExtendAnswer::not_found));
  EXPECT_THAT(t.reserve(4, {{0, 1}}), IsReserved());
  EXPECT_THAT(t.commit(4), IsOkAndHolds(CommitAnswer::committed));
  EXPECT_THAT(t.extend(4, t.at(2'000)), IsOkAndHolds(ExtendAnswer::committed));
}

INVSAGA_SUITE_TEST(StoreExtend, RefusesWhatNoCallMayBear) {
  auto& t = *this;
  t.stock_up(0, 5);
  EXPECT_THAT(t.reserve(1, {{0, 1}}), IsReserved());
  EXPECT_THAT(t.store().extend({{}, t.at(2'000)}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(t.extend(1, Time{}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(t.extend(1, t.longest() + Duration{1}),
              ErrorIs(Errc::limit_exceeded, Limit::lifetime));
  EXPECT_THAT(t.extend(1, t.longest()), IsOkAndHolds(ExtendAnswer::reserved));
}

}  // namespace

void bind_store_commit(std::string_view name, std::span<const MakeStore> stores) {
  suite_of_StoreCommit().bind(name, stores);
  suite_of_StoreRelease().bind(name, stores);
  suite_of_StoreExtend().bind(name, stores);
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
