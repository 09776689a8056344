// SPDX-License-Identifier: Apache-2.0
//
// What a ledger forgets and when (protocol rule 5), and what it does when it is full.
#include <gtest/gtest.h>

#include <vector>

#include <invsaga/reference/ledger.hpp>
#include <invsaga/testing/matchers.hpp>

#include "tests/reference/ledger_support.hpp"

namespace invsaga::testing {
namespace {

class ForgettingTest : public LedgerTest {
 protected:
  using LedgerTest::LedgerTest;

  /// One id of each kind, all with the deadline 2,000.
  void fill() {
    stock(1, 9);
    ASSERT_THAT(reserve(1, at(2'000), {{{1}, 1}}), IsReserved());
    ASSERT_THAT(reserve(2, at(2'000), {{{1}, 1}}), IsReserved());
    ASSERT_THAT(release(2), Answers(ReleaseAnswer::released));
    ASSERT_THAT(reserve(3, at(2'000), {{{2}, 1}}), IsOutOfStock(Row{2}, 1, 0));
    ASSERT_THAT(reserve(4, at(2'000), {{{1}, 1}}), IsReserved());
    ASSERT_THAT(commit(4), Answers(CommitAnswer::committed));
  }
};

TEST_F(ForgettingTest, WaitsUntilNoReserveCanBeInTime) {
  fill();
  ledger.advance_to(at(1'999));
  EXPECT_EQ(known(1), KnownId::reserved);
  EXPECT_EQ(known(2), KnownId::released);
  EXPECT_EQ(known(3), KnownId::refused);
  ledger.advance_to(at(2'000));
  EXPECT_EQ(known(1), KnownId::unknown);
  EXPECT_EQ(known(2), KnownId::unknown);
  EXPECT_EQ(known(3), KnownId::unknown);
}

TEST_F(ForgettingTest, NeverTakesASaleThatNobodyAcknowledged) {
  fill();
  ledger.advance_to(at(1'000'000));
  EXPECT_THAT(commit(4), Answers(CommitAnswer::committed));
}

TEST_F(ForgettingTest, TakesAnAcknowledgedSaleAtItsNamedDeadline) {
  fill();
  EXPECT_THAT(ledger.acknowledge_sale(hold_id(4)), IsOk());
  EXPECT_THAT(ledger.acknowledge_sale(hold_id(4)), IsOk()) << "a repeat";
  ledger.advance_to(at(1'999));
  EXPECT_THAT(commit(4), Answers(CommitAnswer::committed));
  ledger.advance_to(at(2'000));
  EXPECT_THAT(commit(4), Answers(CommitAnswer::not_found));
  EXPECT_EQ(row(1).sold, 1) << "what was sold stays sold";
}

TEST_F(ForgettingTest, TakesASaleThatIsAcknowledgedLate) {
  fill();
  ledger.advance_to(at(3'000));
  EXPECT_THAT(commit(4), Answers(CommitAnswer::committed));
  EXPECT_THAT(ledger.acknowledge_sale(hold_id(4)), IsOk());
  EXPECT_THAT(commit(4), Answers(CommitAnswer::not_found));
}

TEST_F(ForgettingTest, IgnoresAcknowledgementsOfWhatIsNotSold) {
  fill();
  for (const std::uint64_t id : {1, 2, 3, 99}) {
    EXPECT_THAT(ledger.acknowledge_sale(hold_id(id)), IsOk());
  }
  EXPECT_THAT(commit(1), Answers(CommitAnswer::committed));
  ledger.advance_to(at(2'000));
  EXPECT_THAT(commit(1), Answers(CommitAnswer::committed)) << "acknowledged too early to count";
}

TEST_F(ForgettingTest, GoesByTheNamedDeadlineOfAnExtendedHold) {
  fill();
  ASSERT_THAT(extend(1, at(4'000)), Answers(ExtendAnswer::reserved));
  ledger.advance_to(at(3'000));
  ASSERT_THAT(release(1), Answers(ReleaseAnswer::released));
  EXPECT_EQ(known(1), KnownId::unknown) << "no reserve of it has been in time since 2,000";
}

class GraceTest : public ForgettingTest {
 protected:
  static StoreLimits limits() noexcept {
    StoreLimits limits = small_limits();
    limits.grace = Duration{500};
    limits.max_records = 6;
    return limits;
  }
  GraceTest() : ForgettingTest(limits()) {}
};

TEST_F(GraceTest, TellsStatesApartForAWhileLonger) {
  fill();
  ledger.advance_to(at(2'499));
  EXPECT_THAT(commit(1), Answers(CommitAnswer::expired));
  EXPECT_THAT(extend(1, at(4'000)), Answers(ExtendAnswer::expired));
  EXPECT_THAT(release(1), Answers(ReleaseAnswer::expired));
  EXPECT_THAT(commit(2), Answers(CommitAnswer::released));
  ledger.advance_to(at(2'500));
  EXPECT_THAT(commit(1), Answers(CommitAnswer::not_found));
  EXPECT_THAT(commit(2), Answers(CommitAnswer::not_found));
}

TEST_F(GraceTest, EndsEarlyWhereANewIdNeedsTheRoom) {
  fill();  // with the adjust that opened the stock: 5 ids
  ASSERT_THAT(release(5), Answers(ReleaseAnswer::tombstoned));
  ledger.advance_to(at(2'000));
  ASSERT_THAT(ledger.expire_due(), IsOk());
  ASSERT_EQ(known(1), KnownId::expired);
  ASSERT_EQ(ledger.remembered(), 5u) << "the adjust is gone";
  ASSERT_THAT(reserve(6, at(4'000), {{{1}, 1}}), IsReserved());
  EXPECT_EQ(known(1), KnownId::expired);
  EXPECT_THAT(reserve(7, at(4'000), {{{1}, 1}}), IsReserved());
  EXPECT_EQ(ledger.remembered(), 6u);
  EXPECT_EQ(known(1), KnownId::unknown) << "of one time the oldest goes first";
  EXPECT_EQ(known(2), KnownId::released);
}

TEST_F(GraceTest, IsNoReasonToRefuseNewWork) {
  fill();
  ledger.advance_to(at(2'000));
  // Three ids may go (1, 2, 3); the sale (4) is a promise.
  for (std::uint64_t id = 11; id <= 15; ++id) {
    EXPECT_THAT(reserve(id, at(4'000), {{{1}, 1}}), IsReserved());
  }
  EXPECT_THAT(reserve(16, at(4'000), {{{1}, 1}}), ErrorIs(Errc::resource_exhausted));
}

class FullTest : public ForgettingTest {
 protected:
  static StoreLimits limits() noexcept {
    StoreLimits limits = small_limits();
    limits.max_records = 5;
    return limits;
  }
  FullTest() : ForgettingTest(limits()) { fill(); }
};

TEST_F(FullTest, RefusesNewWorkBeforeItDropsAnOldPromise) {
  ASSERT_EQ(ledger.remembered(), 5u);
  const auto refused = reserve(9, at(3'000), {{{1}, 1}});
  EXPECT_THAT(refused, ErrorIs(Errc::resource_exhausted));
  EXPECT_THAT(refused, RemedyIs(Remedy::retry));
  EXPECT_THAT(release(9), ErrorIs(Errc::resource_exhausted)) << "a tombstone is a promise too";
  EXPECT_THAT(adjust(9, AdjustReason::restock, {{{1}, 1}}), ErrorIs(Errc::resource_exhausted));
  EXPECT_EQ(row(1), (StockCounters{8, 1, 1, 0}));
}

TEST_F(FullTest, GoesOnWithWhatItKnows) {
  EXPECT_THAT(reserve(1, at(2'000), {{{1}, 1}}), IsReserved());
  EXPECT_THAT(extend(1, at(3'000)), Answers(ExtendAnswer::reserved));
  EXPECT_THAT(release(3), Answers(ReleaseAnswer::tombstoned));
  EXPECT_THAT(commit(1), Answers(CommitAnswer::committed));
  EXPECT_THAT(commit(4), Answers(CommitAnswer::committed));
}

TEST_F(FullTest, HasRoomAgainOnceIdsMayBeForgotten) {
  ledger.advance_to(at(2'000));
  EXPECT_THAT(reserve(9, at(3'000), {{{1}, 1}}), IsReserved());
}

TEST(AStoreOfNoRecords, TakesNothing) {
  StoreLimits limits;
  limits.max_records = 0;
  Ledger ledger(limits);
  ledger.advance_to(at(1'000));
  EXPECT_THAT(ledger.release({hold_id(1)}), ErrorIs(Errc::resource_exhausted));
}

}  // namespace
}  // namespace invsaga::testing
