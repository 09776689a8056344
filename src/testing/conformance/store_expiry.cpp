// SPDX-License-Identifier: Apache-2.0
//
// When holds end, and when ids are forgotten (protocol rule 5).
#include "store_fixture.hpp"

namespace invsaga {
inline namespace v0 {
namespace testing {
namespace {

// --- expiry

class StoreExpiry : public StoreConformance {
 public:
  using StoreConformance::StoreConformance;
};
INVSAGA_SUITE(StoreExpiry)

/// Told apart from `not_found` as a courtesy only: an expired id may be forgotten at once.
auto IsExpiredOrForgotten() {
  return ::testing::AnyOf(IsOkAndHolds(CommitAnswer::expired),
                          IsOkAndHolds(CommitAnswer::not_found));
}

INVSAGA_SUITE_TEST(StoreExpiry, AHoldIsLiveUntilTheInstantBeforeItsDeadline) {
  auto& t = *this;
  t.stock_up(0, 5);
  EXPECT_THAT(t.reserve(1, {{0, 5}}, t.at(100)), IsReserved());
  EXPECT_THAT(t.reserve(2, {{0, 1}}, t.at(200)), IsOutOfStock());
  t.advance(99);
  EXPECT_THAT(t.reserve(3, {{0, 1}}, t.at(200)), IsOutOfStock(t.row(0), 1, 0));
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::committed));
}

INVSAGA_SUITE_TEST(StoreExpiry, AHoldEndsExactlyAtItsDeadline) {
  auto& t = *this;
  t.stock_up(0, 5);
  EXPECT_THAT(t.reserve(1, {{0, 5}}, t.at(100)), IsReserved());
  t.advance(100);
  EXPECT_THAT(t.commit(1), IsExpiredOrForgotten());
  EXPECT_EQ(t.stock(0), (StockCounters{5, 0, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreExpiry, TheCountersAreThoseAfterAllThatIsDue) {
  auto& t = *this;
  t.stock_up(0, 5);
  EXPECT_THAT(t.reserve(1, {{0, 2}}, t.at(100)), IsReserved());
  EXPECT_THAT(t.reserve(2, {{0, 1}}, t.at(300)), IsReserved());
  EXPECT_THAT(t.reserve(3, {{0, 1}}, t.at(200)), IsReserved());
  t.advance(200);
  EXPECT_EQ(t.stock(0), (StockCounters{5, 1, 0, 0}));
  t.advance(300);
  EXPECT_EQ(t.stock(0), (StockCounters{5, 0, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreExpiry, IsReclaimedBeforeAnyoneIsRefused) {
  auto& t = *this;
  t.stock_up(0, 5);
  EXPECT_THAT(t.reserve(1, {{0, 5}}, t.at(100)), IsReserved());
  t.advance(100);
  // Nobody has looked, swept or asked before this one.
  EXPECT_THAT(t.reserve(2, {{0, 5}}, t.at(200)), IsReserved());
  EXPECT_THAT(t.release(1), ::testing::AnyOf(IsOkAndHolds(ReleaseAnswer::expired),
                                             IsOkAndHolds(ReleaseAnswer::tombstoned)));
  EXPECT_EQ(t.stock(0), (StockCounters{5, 5, 0, 0})) << "given back once, not twice";
}

INVSAGA_SUITE_TEST(StoreExpiry, IsReclaimedBeforeAWriteOffIsRefused) {
  auto& t = *this;
  t.stock_up(0, 5);
  EXPECT_THAT(t.reserve(1, {{0, 5}}, t.at(100)), IsReserved());
  t.advance(100);
  EXPECT_THAT(t.adjust(1, AdjustReason::write_off, {{0, 5}}), IsAdjusted());
  EXPECT_EQ(t.stock(0), StockCounters{});
}

INVSAGA_SUITE_TEST(StoreExpiry, OfManyHoldsEachEndsAtItsOwnTime) {
  auto& t = *this;
  t.stock_up(0, 50);
  // Not in order of deadline.
  for (std::uint64_t i = 0; i < 50; ++i) {
    const auto until = static_cast<std::int64_t>(1 + (i * 37) % 50);
    EXPECT_THAT(t.reserve(100 + i, {{0, 1}}, t.at(until)), IsReserved());
  }
  for (std::int64_t ms = 1; ms <= 50; ++ms) {
    t.advance(ms);
    ASSERT_EQ(t.available(0), ms);
  }
}

INVSAGA_SUITE_TEST(StoreExpiry, AnEndedHoldStaysEnded) {
  auto& t = *this;
  t.stock_up(0, 5);
  EXPECT_THAT(t.reserve(1, {{0, 5}}, t.at(100)), IsReserved());
  t.advance(100);
  EXPECT_THAT(t.reserve(1, {{0, 5}}, t.at(100)), IsExpired());
  EXPECT_THAT(t.commit(1), IsExpiredOrForgotten());
  EXPECT_THAT(t.commit(1, {{0, 1}}), IsExpiredOrForgotten());
  EXPECT_EQ(t.stock(0), (StockCounters{5, 0, 0, 0}));
}

// --- forgetting: told by how much room there is in a store made for few ids

class StoreForgetting : public StoreConformance {
 public:
  using StoreConformance::StoreConformance;

  /// A store that is small enough to be filled, with units on row 0.
  bool open_small(std::size_t ids) {
    if (!this->open_with_room_for(ids)) return false;
    this->stock_up(0, 100);  // remembered for 1 ms
    this->advance(1);
    return true;
  }
  /// Whether the store has room for one more id: asked with one that it can forget again at once.
  bool has_room() {
    const Time soon = this->store().now() + Duration{1};
    const auto answer = this->reserve(++probe_, {{0, 1'000'000}}, soon);
    if (answer.has_value()) return true;
    EXPECT_THAT(answer, ErrorIs(Errc::resource_exhausted, Limit::ids));
    return false;
  }

 private:
  std::uint64_t probe_ = 1'000'000;
};
INVSAGA_SUITE(StoreForgetting)

#define INVSAGA_OPEN_SMALL(ids) \
  if (!t.open_small(ids)) GTEST_SKIP() << "this store cannot be made to hold so few ids"

INVSAGA_SUITE_TEST(StoreForgetting, RefusesNewWorkBeforeItDropsAPromise) {
  auto& t = *this;
  INVSAGA_OPEN_SMALL(3);
  for (std::uint64_t i = 1; i <= 3; ++i) EXPECT_THAT(t.reserve(i, {{0, 1}}), IsReserved());
  EXPECT_THAT(t.reserve(4, {{0, 1}}), ErrorIs(Errc::resource_exhausted, Limit::ids));
  EXPECT_THAT(t.release(5), ErrorIs(Errc::resource_exhausted, Limit::ids));
  EXPECT_THAT(t.adjust(6, AdjustReason::restock, {{0, 1}}),
              ErrorIs(Errc::resource_exhausted, Limit::ids));
  EXPECT_EQ(t.stock(0), (StockCounters{100, 3, 0, 0}));
  EXPECT_THAT(t.reserve(1, {{0, 1}}), IsReserved()) << "repeats need no room";
  for (std::uint64_t i = 1; i <= 3; ++i) {
    EXPECT_THAT(t.commit(i), IsOkAndHolds(CommitAnswer::committed));
  }
}

INVSAGA_SUITE_TEST(StoreForgetting, KeepsARefusalUntilNoReserveOfItCanBeInTime) {
  auto& t = *this;
  INVSAGA_OPEN_SMALL(1);
  EXPECT_THAT(t.reserve(1, {{0, 101}}, t.at(500)), IsOutOfStock());
  t.advance(499);
  EXPECT_FALSE(t.has_room());
  EXPECT_THAT(t.reserve(1, {{0, 101}}, t.at(500)), IsOutOfStock());
  t.advance(500);
  EXPECT_TRUE(t.has_room());
}

INVSAGA_SUITE_TEST(StoreForgetting, KeepsAReleaseUntilNoReserveOfItCanBeInTime) {
  auto& t = *this;
  INVSAGA_OPEN_SMALL(1);
  EXPECT_THAT(t.reserve(1, {{0, 1}}, t.at(500)), IsReserved());
  EXPECT_THAT(t.release(1), IsOkAndHolds(ReleaseAnswer::released));
  t.advance(499);
  EXPECT_FALSE(t.has_room());
  EXPECT_THAT(t.reserve(1, {{0, 1}}, t.at(500)), IsSuppressed());
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::released));
  t.advance(500);
  EXPECT_TRUE(t.has_room());
}

INVSAGA_SUITE_TEST(StoreForgetting, AnExpiredIdMakesRoomAtOnce) {
  auto& t = *this;
  INVSAGA_OPEN_SMALL(1);
  EXPECT_THAT(t.reserve(1, {{0, 1}}, t.at(500)), IsReserved());
  t.advance(500);
  EXPECT_TRUE(t.has_room());
}

INVSAGA_SUITE_TEST(StoreForgetting, AnExtendedHoldIsKeptAsLongAsItLives) {
  auto& t = *this;
  INVSAGA_OPEN_SMALL(1);
  EXPECT_THAT(t.reserve(1, {{0, 1}}, t.at(500)), IsReserved());
  EXPECT_THAT(t.extend(1, t.at(900)), IsOkAndHolds(ExtendAnswer::reserved));
  t.advance(899);
  EXPECT_FALSE(t.has_room());
  t.advance(900);
  EXPECT_TRUE(t.has_room());
}

INVSAGA_SUITE_TEST(StoreForgetting, KeepsATombstoneForTheLongestLifetimeFromTheRelease) {
  auto& t = *this;
  INVSAGA_OPEN_SMALL(1);
  t.advance(10);
  EXPECT_THAT(t.release(1), IsOkAndHolds(ReleaseAnswer::tombstoned));
  // The latest deadline that a reserve sent before the release can bear.
  const std::int64_t last = 10 + t.store().limits().max_lifetime.count();
  t.advance(last - 1);
  EXPECT_FALSE(t.has_room());
  EXPECT_THAT(t.reserve(1, {{0, 1}}, t.at(last)), IsSuppressed());
  t.advance(last);
  EXPECT_TRUE(t.has_room());
}

INVSAGA_SUITE_TEST(StoreForgetting, KeepsASaleUntilItIsAcknowledged) {
  auto& t = *this;
  INVSAGA_OPEN_SMALL(1);
  EXPECT_THAT(t.reserve(1, {{0, 1}}, t.at(500)), IsReserved());
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::committed));
  t.advance(100'000'000);
  EXPECT_FALSE(t.has_room());
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::committed));
  t.acknowledge_sale(1);
  EXPECT_TRUE(t.has_room());
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::not_found));
  EXPECT_EQ(t.stock(0), (StockCounters{99, 0, 1, 0})) << "what was sold stays sold";
}

INVSAGA_SUITE_TEST(StoreForgetting, KeepsAnAcknowledgedSaleUntilNoReserveOfItCanBeInTime) {
  auto& t = *this;
  INVSAGA_OPEN_SMALL(1);
  EXPECT_THAT(t.reserve(1, {{0, 1}}, t.at(500)), IsReserved());
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::committed));
  t.acknowledge_sale(1);
  t.acknowledge_sale(1);
  t.advance(499);
  EXPECT_FALSE(t.has_room());
  EXPECT_THAT(t.reserve(1, {{0, 1}}, t.at(500)), IsReserved());
  EXPECT_EQ(t.stock(0), (StockCounters{99, 0, 1, 0}));
  t.advance(500);
  EXPECT_TRUE(t.has_room());
}

INVSAGA_SUITE_TEST(StoreForgetting, AnAcknowledgementBeforeTheSaleIsNone) {
  auto& t = *this;
  INVSAGA_OPEN_SMALL(1);
  t.acknowledge_sale(1);  // not known: ignored
  EXPECT_THAT(t.reserve(1, {{0, 1}}, t.at(500)), IsReserved());
  t.acknowledge_sale(1);
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::committed));
  t.advance(600);
  EXPECT_FALSE(t.has_room());
  EXPECT_THAT(t.commit(1), IsOkAndHolds(CommitAnswer::committed));
}

INVSAGA_SUITE_TEST(StoreForgetting, KeepsAnAdjustUntilItsDeadline) {
  auto& t = *this;
  INVSAGA_OPEN_SMALL(1);
  EXPECT_THAT(t.adjust(1, AdjustReason::restock, {{0, 1}}, t.at(500)), IsAdjusted());
  t.advance(499);
  EXPECT_FALSE(t.has_room());
  t.advance(500);
  EXPECT_TRUE(t.has_room());
  EXPECT_EQ(t.stock(0), (StockCounters{101, 0, 0, 0}));
}

INVSAGA_SUITE_TEST(StoreForgetting, KeepsARefusedAdjustUntilItsDeadline) {
  auto& t = *this;
  INVSAGA_OPEN_SMALL(1);
  EXPECT_THAT(t.adjust(1, AdjustReason::returned, {{0, 1}}, t.at(500)),
              IsReturnRefused(t.row(0), 1, 0));
  t.advance(499);
  EXPECT_FALSE(t.has_room());
  t.advance(500);
  EXPECT_TRUE(t.has_room());
}

INVSAGA_SUITE_TEST(StoreForgetting, WhatIsNotRememberedTakesNoRoom) {
  auto& t = *this;
  INVSAGA_OPEN_SMALL(1);
  EXPECT_THAT(t.reserve(1, {{0, 1}}, t.at(0)), IsExpired());
  EXPECT_THAT(t.reserve(2, {}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(t.commit(3), IsOkAndHolds(CommitAnswer::not_found));
  EXPECT_THAT(t.extend(4, t.at(50)), IsOkAndHolds(ExtendAnswer::not_found));
  EXPECT_THAT(t.adjust(5, AdjustReason::opening, {{0, 1}}, t.at(0)), IsExpired());
  EXPECT_THAT(t.reserve(6, {{0, 1}}), IsReserved());
}

#undef INVSAGA_OPEN_SMALL

}  // namespace

void bind_store_expiry(std::string_view name, std::span<const MakeStore> stores) {
  suite_of_StoreExpiry().bind(name, stores);
  suite_of_StoreForgetting().bind(name, stores);
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
