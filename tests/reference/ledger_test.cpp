// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include <invsaga/reference/ledger.hpp>
#include <invsaga/testing/matchers.hpp>

#include "tests/reference/ledger_support.hpp"

namespace invsaga::testing {
namespace {

using Lines = std::vector<Line>;
using ::testing::ElementsAre;

Lines list(std::span<const Line> lines) { return {lines.begin(), lines.end()}; }

class ReserveTest : public LedgerTest {};

TEST_F(ReserveTest, SetsAsideWhatItHolds) {
  stock(1, 5);
  EXPECT_THAT(reserve(1, at(2'000), {{{1}, 3}}), IsReserved(hold_id(1), at(2'000)));
  EXPECT_EQ(row(1), (StockCounters{5, 3, 0, 0}));
}

TEST_F(ReserveTest, HoldsAllLinesOrNone) {
  stock(1, 5);
  stock(2, 1);
  EXPECT_THAT(reserve(1, at(2'000), {{{1}, 3}, {{2}, 2}}), IsOutOfStock(Row{2}, 2, 1));
  EXPECT_EQ(row(1).reserved, 0);
}

TEST_F(ReserveTest, NamesEveryShortLineInTheStorageThatIsLent) {
  stock(2, 1);
  std::array<ShortLine, 3> lent;
  const auto answer = reserve(1, at(2'000), {{{3}, 4}, {{1}, 2}, {{2}, 1}, {{1}, 1}}, lent);
  const auto* refused = find_answer<OutOfStock>(answer);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->count, 2u);
  EXPECT_EQ(refused->first, (ShortLine{{1}, 3, 0}));
  EXPECT_EQ(refused->lines.data(), lent.data());
  EXPECT_THAT(refused->lines, ElementsAre(ShortLine{{1}, 3, 0}, ShortLine{{3}, 4, 0}));
}

TEST_F(ReserveTest, CountsShortLinesBeyondTheStorageThatIsLent) {
  std::array<ShortLine, 1> lent;
  const auto answer = reserve(1, at(2'000), {{{1}, 1}, {{2}, 1}, {{3}, 1}}, lent);
  const auto* refused = find_answer<OutOfStock>(answer);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->count, 3u);
  EXPECT_THAT(refused->lines, ElementsAre(ShortLine{{1}, 1, 0}));
  EXPECT_EQ(ledger.last().shorts.size(), 3u) << "a recorder sees them all";
}

TEST_F(ReserveTest, AddsUpLinesOfOneRowBeforeItLooks) {
  stock(1, 5);
  EXPECT_THAT(reserve(1, at(2'000), {{{1}, 3}, {{1}, 3}}), IsOutOfStock(Row{1}, 6, 5));
  EXPECT_THAT(reserve(2, at(2'000), {{{1}, 3}, {{1}, 2}}), IsReserved());
  EXPECT_EQ(row(1).reserved, 5);
}

TEST_F(ReserveTest, RepeatedGetsTheSameAnswerAndHoldsNothingMore) {
  stock(1, 5);
  stock(2, 5);
  ASSERT_THAT(reserve(1, at(2'000), {{{2}, 1}, {{1}, 3}}), IsReserved());
  EXPECT_FALSE(ledger.last().repeat);
  EXPECT_THAT(reserve(1, at(2'000), {{{1}, 2}, {{2}, 1}, {{1}, 1}}),
              IsReserved(hold_id(1), at(2'000)))
      << "the same lines in another order are the same";
  EXPECT_TRUE(ledger.last().repeat);
  EXPECT_EQ(row(1).reserved, 3);
}

TEST_F(ReserveTest, RepeatedAfterTheCommitIsStillReserved) {
  stock(1, 5);
  ASSERT_THAT(reserve(1, at(2'000), {{{1}, 3}}), IsReserved());
  ASSERT_THAT(commit(1), Answers(CommitAnswer::committed));
  EXPECT_THAT(reserve(1, at(2'000), {{{1}, 3}}), IsReserved(hold_id(1), at(2'000)));
  EXPECT_EQ(row(1), (StockCounters{2, 0, 3, 0}));
}

TEST_F(ReserveTest, WithOtherContentIsAMismatchAndChangesNothing) {
  stock(1, 5);
  ASSERT_THAT(reserve(1, at(2'000), {{{1}, 3}}), IsReserved());
  EXPECT_THAT(reserve(1, at(2'000), {{{1}, 2}}), IsMismatch());
  EXPECT_THAT(reserve(1, at(2'001), {{{1}, 3}}), IsMismatch());
  EXPECT_THAT(reserve(1, at(2'000), {{{1}, 3}, {{2}, 1}}), IsMismatch());
  EXPECT_EQ(row(1).reserved, 3);
}

TEST_F(ReserveTest, RefusedIsRefusedForGoodAndOnlyANewIdSucceeds) {
  ASSERT_THAT(reserve(1, at(2'000), {{{1}, 3}}), IsOutOfStock(Row{1}, 3, 0));
  stock(1, 5);
  std::array<ShortLine, 1> lent;
  const auto again = reserve(1, at(2'000), {{{1}, 3}}, lent);
  EXPECT_THAT(again, IsOutOfStock(Row{1}, 3, 0)) << "what was short then";
  EXPECT_THAT(find_answer<OutOfStock>(again)->lines, ElementsAre(ShortLine{{1}, 3, 0}));
  EXPECT_TRUE(ledger.last().repeat);
  EXPECT_THAT(reserve(2, at(2'000), {{{1}, 3}}), IsReserved());
}

TEST_F(ReserveTest, AfterItsOwnDeadlineIsExpiredWhateverIsRemembered) {
  stock(1, 5);
  EXPECT_THAT(reserve(1, at(1'000), {{{1}, 3}}), IsExpired());
  EXPECT_THAT(reserve(2, at(2'000), {{{1}, 3}}), IsReserved());
  ASSERT_THAT(extend(2, at(3'000)), Answers(ExtendAnswer::reserved));
  ledger.advance_to(at(2'000));
  EXPECT_THAT(reserve(2, at(2'000), {{{1}, 3}}), IsExpired());
  EXPECT_EQ(row(1).reserved, 3) << "the extended hold is live all the same";
}

TEST_F(ReserveTest, NeedsAnIdADeadlineAndLines) {
  EXPECT_THAT(reserve(1, Time{}, {{{1}, 1}}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(reserve(1, at(2'000), {}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(reserve(1, at(2'000), {{{1}, 0}}), ErrorIs(Errc::invalid_argument));
  const Line line{{1}, 1};
  EXPECT_THAT(ledger.reserve({{}, at(2'000), {&line, 1}}), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(ledger.remembered(), 0u);
}

TEST_F(ReserveTest, LivesNoLongerThanTheLongestLifetime) {
  stock(1, 5);
  EXPECT_THAT(reserve(1, at(11'001), {{{1}, 1}}), ErrorIs(Errc::limit_exceeded));
  EXPECT_THAT(reserve(1, at(11'000), {{{1}, 1}}), IsReserved());
}

TEST_F(ReserveTest, TakesUpTo4096Lines) {
  Lines lines;
  for (std::uint32_t i = 0; i < max_lines; ++i) lines.push_back({{i}, 1});
  ASSERT_THAT(ledger.adjust({{9, 9}, AdjustReason::opening, at(2'000), lines}), IsAdjusted());
  EXPECT_THAT(reserve(1, at(2'000), lines), IsReserved());
  EXPECT_THAT(commit(1), Answers(CommitAnswer::committed));
  EXPECT_EQ(row(4'095), (StockCounters{0, 0, 1, 0}));
  lines.push_back({{5'000}, 1});
  EXPECT_THAT(reserve(2, at(2'000), lines), ErrorIs(Errc::limit_exceeded));
}

class ExpiryTest : public LedgerTest {};

TEST_F(ExpiryTest, IsExact) {
  stock(1, 5);
  ASSERT_THAT(reserve(1, at(2'000), {{{1}, 3}}), IsReserved());
  ledger.advance_to(at(1'999));
  EXPECT_EQ(row(1).reserved, 3);
  ledger.advance_to(at(2'000));
  EXPECT_EQ(row(1).reserved, 0);
}

TEST_F(ExpiryTest, ComesBeforeAnybodyIsRefused) {
  stock(1, 5);
  ASSERT_THAT(reserve(1, at(2'000), {{{1}, 5}}), IsReserved());
  ledger.advance_to(at(2'000));
  EXPECT_THAT(reserve(2, at(3'000), {{{1}, 5}}), IsReserved());
}

TEST_F(ExpiryTest, IsShownToTheRecorderInOrderOfDeadlines) {
  stock(1, 9);
  ASSERT_THAT(reserve(1, at(2'500), {{{1}, 1}}), IsReserved());
  ASSERT_THAT(reserve(2, at(2'000), {{{1}, 2}}), IsReserved());
  ASSERT_THAT(reserve(3, at(2'500), {{{1}, 3}}), IsReserved());
  ASSERT_THAT(reserve(4, at(2'501), {{{1}, 3}}), IsReserved());
  ledger.advance_to(at(2'500));
  ASSERT_THAT(reserve(5, at(4'000), {{{1}, 4}}), IsReserved());
  const auto expired = ledger.last().expired;
  ASSERT_EQ(expired.size(), 3u);
  EXPECT_EQ(expired[0].id, hold_id(2));
  EXPECT_EQ(expired[1].id, hold_id(1)) << "of one deadline the older first";
  EXPECT_EQ(expired[2].id, hold_id(3));
  EXPECT_EQ(list(expired[2].lines), (Lines{{{1}, 3}})) << "shown although it is forgotten";
}

TEST_F(ExpiryTest, CanBeAskedForAndAwaited) {
  stock(1, 9);
  EXPECT_EQ(ledger.next_expiry(), std::nullopt);
  ASSERT_THAT(reserve(1, at(3'000), {{{1}, 1}}), IsReserved());
  ASSERT_THAT(reserve(2, at(2'000), {{{1}, 1}}), IsReserved());
  EXPECT_EQ(ledger.next_expiry(), at(2'000));
  ASSERT_THAT(release(2), Answers(ReleaseAnswer::released));
  EXPECT_EQ(ledger.next_expiry(), at(3'000));
  ASSERT_THAT(extend(1, at(4'000)), Answers(ExtendAnswer::reserved));
  EXPECT_EQ(ledger.next_expiry(), at(4'000));
  ledger.advance_to(at(4'000));
  EXPECT_THAT(ledger.expire_due(), IsOkAndHolds(1u));
  EXPECT_THAT(ledger.expire_due(), IsOkAndHolds(0u));
  EXPECT_EQ(ledger.next_expiry(), std::nullopt);
}

TEST_F(ExpiryTest, NeverComesAfterTheCommit) {
  stock(1, 5);
  ASSERT_THAT(reserve(1, at(2'000), {{{1}, 5}}), IsReserved());
  ASSERT_THAT(commit(1), Answers(CommitAnswer::committed));
  ledger.advance_to(at(9'000));
  EXPECT_THAT(ledger.expire_due(), IsOkAndHolds(0u));
  EXPECT_THAT(commit(1), Answers(CommitAnswer::committed));
  EXPECT_EQ(row(1), (StockCounters{0, 0, 5, 0}));
}

TEST_F(ExpiryTest, FollowsAClockThatNeverGoesBack) {
  ledger.advance_to(at(3'000));
  ledger.advance_to(at(2'000));
  EXPECT_EQ(ledger.now(), at(3'000));
  ledger.advance_to(Time::min());
  EXPECT_EQ(ledger.now(), at(3'000));
}

class CommitTest : public LedgerTest {
 protected:
  CommitTest() {
    stock(1, 5);
    stock(2, 5);
    EXPECT_THAT(reserve(1, at(2'000), {{{1}, 3}, {{2}, 4}}), IsReserved());
  }
};

TEST_F(CommitTest, SellsWhatIsHeld) {
  EXPECT_THAT(commit(1), Answers(CommitAnswer::committed));
  EXPECT_EQ(list(ledger.last().moved), (Lines{{{1}, 3}, {{2}, 4}}));
  EXPECT_EQ(row(1), (StockCounters{2, 0, 3, 0}));
  EXPECT_EQ(row(2), (StockCounters{1, 0, 4, 0}));
}

TEST_F(CommitTest, OfAPartGivesTheRestBack) {
  EXPECT_THAT(commit(1, {{{2}, 1}}), Answers(CommitAnswer::committed));
  EXPECT_EQ(list(ledger.last().moved), (Lines{{{2}, 1}}));
  EXPECT_EQ(list(ledger.last().back), (Lines{{{1}, 3}, {{2}, 3}}));
  EXPECT_EQ(row(1), (StockCounters{5, 0, 0, 0}));
  EXPECT_EQ(row(2), (StockCounters{4, 0, 1, 0}));
}

TEST_F(CommitTest, OfAllLinesByNameIsTheWhole) {
  EXPECT_THAT(commit(1, {{{2}, 4}, {{1}, 3}}), Answers(CommitAnswer::committed));
  EXPECT_TRUE(ledger.last().back.empty());
  EXPECT_THAT(commit(1), Answers(CommitAnswer::committed)) << "and so its repeat";
}

TEST_F(CommitTest, RepeatedIsCommittedAndSellsNothingMore) {
  ASSERT_THAT(commit(1, {{{2}, 1}}), Answers(CommitAnswer::committed));
  EXPECT_THAT(commit(1, {{{2}, 1}}), Answers(CommitAnswer::committed));
  EXPECT_TRUE(ledger.last().repeat);
  EXPECT_EQ(list(ledger.last().moved), (Lines{{{2}, 1}}));
  EXPECT_EQ(row(2), (StockCounters{4, 0, 1, 0}));
}

TEST_F(CommitTest, RepeatedWithOtherLinesIsAnError) {
  ASSERT_THAT(commit(1, {{{2}, 1}}), Answers(CommitAnswer::committed));
  EXPECT_THAT(commit(1), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(commit(1, {{{2}, 2}}), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(row(2), (StockCounters{4, 0, 1, 0}));
}

TEST_F(CommitTest, OfMoreThanIsHeldIsAnErrorAndTheHoldStays) {
  EXPECT_THAT(commit(1, {{{1}, 4}}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(commit(1, {{{3}, 1}}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(commit(1, {{{1}, 2}, {{1}, 2}}), ErrorIs(Errc::invalid_argument))
      << "lines of one row are added up first";
  EXPECT_THAT(commit(1, {{{1}, 0}}), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(row(1), (StockCounters{5, 3, 0, 0}));
  EXPECT_THAT(commit(1), Answers(CommitAnswer::committed));
}

TEST_F(CommitTest, NeverReserves) {
  ASSERT_THAT(extend(1, at(2'500)), Answers(ExtendAnswer::reserved));
  ledger.advance_to(at(2'500));
  EXPECT_THAT(commit(1), Answers(CommitAnswer::not_found)) << "forgotten: it cannot be in time";
  EXPECT_EQ(row(1), (StockCounters{5, 0, 0, 0}));
}

TEST_F(CommitTest, AfterTheReleaseIsReleased) {
  ASSERT_THAT(release(1), Answers(ReleaseAnswer::released));
  EXPECT_THAT(commit(1), Answers(CommitAnswer::released));
}

TEST_F(CommitTest, OfAnIdThatHeldNothingIsNotFound) {
  EXPECT_THAT(commit(7), Answers(CommitAnswer::not_found)) << "never seen";
  ASSERT_THAT(reserve(8, at(2'000), {{{3}, 1}}), IsOutOfStock(Row{3}, 1, 0));
  EXPECT_THAT(commit(8), Answers(CommitAnswer::not_found)) << "refused";
  ASSERT_THAT(release(9), Answers(ReleaseAnswer::tombstoned));
  EXPECT_THAT(commit(9), Answers(CommitAnswer::not_found)) << "tombstoned";
  EXPECT_THAT(ledger.commit({{}, {}}), ErrorIs(Errc::invalid_argument));
}

class ReleaseTest : public LedgerTest {};

TEST_F(ReleaseTest, GivesBackWhatIsHeld) {
  stock(1, 5);
  ASSERT_THAT(reserve(1, at(2'000), {{{1}, 3}}), IsReserved());
  EXPECT_THAT(release(1), Answers(ReleaseAnswer::released));
  EXPECT_EQ(list(ledger.last().moved), (Lines{{{1}, 3}}));
  EXPECT_EQ(row(1), (StockCounters{5, 0, 0, 0}));
}

TEST_F(ReleaseTest, RepeatedIsReleasedAndGivesNothingBack) {
  stock(1, 5);
  ASSERT_THAT(reserve(1, at(2'000), {{{1}, 3}}), IsReserved());
  ASSERT_THAT(release(1), Answers(ReleaseAnswer::released));
  EXPECT_THAT(release(1), Answers(ReleaseAnswer::released));
  EXPECT_TRUE(ledger.last().repeat);
  EXPECT_TRUE(ledger.last().moved.empty());
  EXPECT_EQ(row(1), (StockCounters{5, 0, 0, 0}));
}

TEST_F(ReleaseTest, BeforeItsReserveSuppressesIt) {
  stock(1, 5);
  EXPECT_THAT(release(1), Answers(ReleaseAnswer::tombstoned));
  EXPECT_THAT(release(1), Answers(ReleaseAnswer::tombstoned));
  EXPECT_THAT(reserve(1, at(2'000), {{{1}, 3}}), IsSuppressed());
  EXPECT_EQ(row(1), (StockCounters{5, 0, 0, 0}));
}

TEST_F(ReleaseTest, LeavesATombstoneForAsLongAsAReserveCanBeInTime) {
  stock(1, 5);
  ASSERT_THAT(release(1), Answers(ReleaseAnswer::tombstoned));
  ledger.advance_to(at(10'999));
  EXPECT_THAT(reserve(1, at(11'000), {{{1}, 3}}), IsSuppressed());
  ledger.advance_to(at(11'000));
  EXPECT_EQ(known(1), KnownId::unknown);
}

TEST_F(ReleaseTest, OfARefusedIdLeavesATombstone) {
  ASSERT_THAT(reserve(1, at(2'000), {{{1}, 3}}), IsOutOfStock(Row{1}, 3, 0));
  EXPECT_THAT(release(1), Answers(ReleaseAnswer::tombstoned));
  EXPECT_THAT(reserve(1, at(2'000), {{{1}, 3}}), IsSuppressed());
  EXPECT_THAT(reserve(1, at(2'001), {{{1}, 3}}), IsMismatch());
  ledger.advance_to(at(2'000));
  EXPECT_EQ(known(1), KnownId::tombstoned);
}

TEST_F(ReleaseTest, AfterTheCommitIsCommitted) {
  stock(1, 5);
  ASSERT_THAT(reserve(1, at(2'000), {{{1}, 3}}), IsReserved());
  ASSERT_THAT(commit(1), Answers(CommitAnswer::committed));
  EXPECT_THAT(release(1), Answers(ReleaseAnswer::committed));
  EXPECT_EQ(row(1), (StockCounters{2, 0, 3, 0}));
}

TEST_F(ReleaseTest, NeedsAnId) {
  EXPECT_THAT(ledger.release({{}}), ErrorIs(Errc::invalid_argument));
}

class ExtendTest : public LedgerTest {
 protected:
  ExtendTest() {
    stock(1, 5);
    EXPECT_THAT(reserve(1, at(2'000), {{{1}, 3}}), IsReserved());
  }
};

TEST_F(ExtendTest, MovesTheDeadline) {
  EXPECT_THAT(extend(1, at(3'000)), Answers(ExtendAnswer::reserved));
  EXPECT_FALSE(ledger.last().repeat);
  ledger.advance_to(at(2'999));
  EXPECT_EQ(row(1).reserved, 3);
  ledger.advance_to(at(3'000));
  EXPECT_EQ(row(1).reserved, 0);
}

TEST_F(ExtendTest, NeverShortensALifetime) {
  ASSERT_THAT(extend(1, at(3'000)), Answers(ExtendAnswer::reserved));
  EXPECT_THAT(extend(1, at(2'500)), Answers(ExtendAnswer::reserved));
  EXPECT_TRUE(ledger.last().repeat);
  ledger.advance_to(at(2'600));
  EXPECT_THAT(extend(1, at(2'500)), Answers(ExtendAnswer::reserved))
      << "a late duplicate, its own deadline passed";
  EXPECT_EQ(ledger.find(hold_id(1)).value()->until(), at(3'000));
}

TEST_F(ExtendTest, IsBoundByTheLongestLifetimeFromNow) {
  EXPECT_THAT(extend(1, at(11'001)), ErrorIs(Errc::limit_exceeded));
  EXPECT_THAT(extend(1, at(11'000)), Answers(ExtendAnswer::reserved));
  EXPECT_THAT(extend(1, Time{}), ErrorIs(Errc::invalid_argument));
}

TEST_F(ExtendTest, OfWhatIsNotLiveAnswersItsStateAndChangesNothing) {
  EXPECT_THAT(extend(7, at(3'000)), Answers(ExtendAnswer::not_found));
  ASSERT_THAT(commit(1), Answers(CommitAnswer::committed));
  EXPECT_THAT(extend(1, at(3'000)), Answers(ExtendAnswer::committed));
  ASSERT_THAT(reserve(2, at(2'000), {{{1}, 1}}), IsReserved());
  ASSERT_THAT(release(2), Answers(ReleaseAnswer::released));
  EXPECT_THAT(extend(2, at(3'000)), Answers(ExtendAnswer::released));
  EXPECT_EQ(ledger.next_expiry(), std::nullopt);
}

class BatchTest : public LedgerTest {};

TEST_F(BatchTest, IsAnsweredInOrderEachAsIfAlone) {
  const Line two{{1}, 2};
  const std::span<const Line> lines(&two, 1);
  const std::vector<Operation> batch{
      Adjust{{9, 9}, AdjustReason::opening, at(2'000), lines},
      Reserve{hold_id(1), at(2'000), lines},
      Reserve{hold_id(2), at(2'000), lines},
      Commit{hold_id(1), {}},
      Extend{hold_id(1), at(3'000)},
      Release{hold_id(3)},
      Release{{}},
  };
  std::vector<result<Answer>> answers(batch.size(), Error{Errc::unavailable});
  ledger.apply(batch, answers);
  EXPECT_THAT(answers[0], IsAdjusted());
  EXPECT_THAT(answers[1], IsReserved(hold_id(1)));
  EXPECT_THAT(answers[2], IsOutOfStock(Row{1}, 2, 0));
  EXPECT_THAT(answers[3], Answers(CommitAnswer::committed));
  EXPECT_THAT(answers[4], Answers(ExtendAnswer::committed));
  EXPECT_THAT(answers[5], Answers(ReleaseAnswer::tombstoned));
  EXPECT_THAT(answers[6], ErrorIs(Errc::invalid_argument));
}

TEST_F(BatchTest, OfOneKindIsTyped) {
  stock(1, 3);
  const Line two{{1}, 2};
  const std::span<const Line> lines(&two, 1);
  const std::vector<Reserve> reserves{{hold_id(1), at(2'000), lines},
                                      {hold_id(2), at(2'000), lines}};
  std::vector<result<ReserveAnswer>> reserved(2, Error{Errc::unavailable});
  ledger.reserve(reserves, reserved);
  EXPECT_THAT(reserved[0], IsReserved(hold_id(1)));
  EXPECT_THAT(reserved[1], IsOutOfStock(Row{1}, 2, 1));

  const std::vector<Extend> extends{{hold_id(1), at(3'000)}};
  std::vector<result<ExtendAnswer>> extended(1, Error{Errc::unavailable});
  ledger.extend(extends, extended);
  EXPECT_THAT(extended[0], Answers(ExtendAnswer::reserved));

  const std::vector<Commit> commits{{hold_id(1), {}}, {hold_id(2), {}}};
  std::vector<result<CommitAnswer>> committed(2, Error{Errc::unavailable});
  ledger.commit(commits, committed);
  EXPECT_THAT(committed[0], Answers(CommitAnswer::committed));
  EXPECT_THAT(committed[1], Answers(CommitAnswer::not_found));

  const std::vector<Release> releases{{hold_id(1)}, {hold_id(2)}};
  std::vector<result<ReleaseAnswer>> released(2, Error{Errc::unavailable});
  ledger.release(releases, released);
  EXPECT_THAT(released[0], Answers(ReleaseAnswer::committed));
  EXPECT_THAT(released[1], Answers(ReleaseAnswer::tombstoned));

  const std::vector<Adjust> adjusts{{{8, 8}, AdjustReason::returned, at(2'000), lines}};
  std::vector<result<AdjustAnswer>> adjusted(1, Error{Errc::unavailable});
  ledger.adjust(adjusts, adjusted);
  EXPECT_THAT(adjusted[0], IsAdjusted());
  EXPECT_EQ(row(1), (StockCounters{3, 0, 2, 2}));
}

class ReadingTest : public LedgerTest {};

TEST_F(ReadingTest, GivesZerosForARowWithoutStock) {
  EXPECT_EQ(row(5), StockCounters{});
  EXPECT_EQ(row(std::numeric_limits<std::uint32_t>::max()), StockCounters{});
}

TEST_F(ReadingTest, ShowsAReservationInEachOfItsStates) {
  stock(1, 5);
  ASSERT_THAT(reserve(1, at(2'000), {{{1}, 3}}), IsReserved());
  ASSERT_THAT(extend(1, at(2'500)), Answers(ExtendAnswer::reserved));
  const auto seen = ledger.find(hold_id(1)).value();
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->id(), hold_id(1));
  EXPECT_EQ(seen->until(), at(2'500));
  EXPECT_EQ(seen->state(), ReservationState::reserved);
  EXPECT_EQ(list(seen->lines()), (Lines{{{1}, 3}}));
  ASSERT_THAT(commit(1, {{{1}, 1}}), Answers(CommitAnswer::committed));
  EXPECT_EQ(ledger.find(hold_id(1)).value()->state(), ReservationState::committed);
  ASSERT_THAT(release(2), Answers(ReleaseAnswer::tombstoned));
  EXPECT_EQ(ledger.find(hold_id(2)).value(), std::nullopt) << "a tombstone is no reservation";
  EXPECT_EQ(ledger.find(hold_id(3)).value(), std::nullopt);
}

}  // namespace
}  // namespace invsaga::testing
