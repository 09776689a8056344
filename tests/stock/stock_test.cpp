// SPDX-License-Identifier: Apache-2.0
//
// The rules, tried on all values of a small world and at the edges of the large one.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <vector>

#include <invsaga/rng.hpp>
#include <invsaga/stock.hpp>
#include <invsaga/testing/matchers.hpp>

namespace invsaga {
namespace {

using testing::ErrorIs;
using testing::IsOk;
using testing::IsOkAndHolds;

constexpr Units most = (Units{1} << 53) - 1;

// --- lines ---------------------------------------------------------------------------------------

std::vector<Line> merged(std::vector<Line> lines, Units max_units = most) {
  const auto result = merge_lines(lines, max_units);
  EXPECT_THAT(result, IsOk());
  return {result.value().begin(), result.value().end()};
}

TEST(Lines, OfOneRowAreAddedUp) {
  EXPECT_EQ(merged({{{7}, 2}, {{3}, 1}, {{7}, 5}}), (std::vector<Line>{{{3}, 1}, {{7}, 7}}));
}

TEST(Lines, ThatAscendAreLeftAsTheyAre) {
  const std::vector<Line> ascending{{{1}, 4}, {{2}, 4}, {{9}, 1}};
  EXPECT_THAT(check_lines(ascending, most), IsOkAndHolds(true));
  EXPECT_EQ(merged(ascending), ascending);
}

TEST(Lines, AreNotMergedIfARowComesTwiceOrEarlier) {
  EXPECT_THAT(check_lines(std::vector<Line>{{{1}, 4}, {{1}, 4}}, most), IsOkAndHolds(false));
  EXPECT_THAT(check_lines(std::vector<Line>{{{2}, 4}, {{1}, 4}}, most), IsOkAndHolds(false));
}

TEST(Lines, NeedOneAtLeast) {
  EXPECT_THAT(check_lines({}, most), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(merge_lines({}, most), ErrorIs(Errc::invalid_argument));
}

TEST(Lines, NeedAQuantityAboveZero) {
  for (const Units quantity : {Units{0}, Units{-1}, std::numeric_limits<Units>::min()}) {
    std::vector<Line> lines{{{1}, 1}, {{2}, quantity}};
    EXPECT_THAT(merge_lines(lines, most), ErrorIs(Errc::invalid_argument));
  }
}

TEST(Lines, AreAtMostAsManyAsEveryBackendTakes) {
  std::vector<Line> lines(max_lines, {{1}, 1});
  EXPECT_THAT(merge_lines(lines, most), IsOk());
  lines.assign(max_lines + 1, {{1}, 1});
  EXPECT_THAT(merge_lines(lines, most), ErrorIs(Errc::limit_exceeded));
}

TEST(Lines, AddUpToAtMostWhatARowHolds) {
  EXPECT_EQ(merged({{{1}, 5}, {{1}, 4}}, 9), (std::vector<Line>{{{1}, 9}}));
  std::vector<Line> lines{{{1}, 5}, {{1}, 5}};
  EXPECT_THAT(merge_lines(lines, 9), ErrorIs(Errc::limit_exceeded));
  lines = {{{1}, 10}};
  EXPECT_THAT(merge_lines(lines, 9), ErrorIs(Errc::limit_exceeded));
}

TEST(Lines, NeverWrapWhenTheyAreAddedUp) {
  std::vector<Line> lines(max_lines, {{1}, most});
  EXPECT_THAT(merge_lines(lines, most), ErrorIs(Errc::limit_exceeded));
  lines = {{{1}, std::numeric_limits<Units>::max()}, {{1}, 1}};
  EXPECT_THAT(merge_lines(lines, most), ErrorIs(Errc::limit_exceeded));
}

TEST(Lines, ComeToTheSameAsAMapThatAddsThemUp) {
  Rng rng(1);
  for (int round = 0; round < 2000; ++round) {
    std::vector<Line> lines;
    std::map<std::uint32_t, Units> sums;
    for (std::uint64_t count = 1 + rng.below(12); count > 0; --count) {
      const Line line{{static_cast<std::uint32_t>(rng.below(6))}, 1 + Units(rng.below(5))};
      lines.push_back(line);
      sums[line.row.index] += line.quantity;
    }
    std::vector<Line> expected;
    for (const auto& [row, sum] : sums) expected.push_back({{row}, sum});
    EXPECT_EQ(merged(lines), expected);
  }
}

TEST(APart, NamesRowsThatAreHeldAndNoMoreThanIsHeld) {
  const std::vector<Line> whole{{{1}, 2}, {{3}, 4}};
  const auto judge = [&](std::vector<Line> part) { return part_of(part, whole); };
  EXPECT_EQ(judge({{{1}, 2}, {{3}, 4}}), PartOf::whole);
  EXPECT_EQ(judge({{{1}, 2}}), PartOf::part);
  EXPECT_EQ(judge({{{3}, 1}}), PartOf::part);
  EXPECT_EQ(judge({{{1}, 1}, {{3}, 4}}), PartOf::part);
  EXPECT_EQ(judge({{{1}, 3}}), PartOf::none) << "more than is held";
  EXPECT_EQ(judge({{{2}, 1}}), PartOf::none) << "a row between";
  EXPECT_EQ(judge({{{0}, 1}}), PartOf::none) << "a row before";
  EXPECT_EQ(judge({{{4}, 1}}), PartOf::none) << "a row after";
  EXPECT_EQ(judge({{{1}, 2}, {{3}, 4}, {{5}, 1}}), PartOf::none);
}

// --- deadlines -----------------------------------------------------------------------------------

TEST(ADeadline, HasToBeSetAndWithinTheLongestLifetime) {
  const Time now = time_from_ms(100);
  const Duration longest{50};
  EXPECT_THAT(check_deadline(Time{}, now, longest), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(check_deadline(time_from_ms(150), now, longest), IsOk());
  EXPECT_THAT(check_deadline(time_from_ms(151), now, longest), ErrorIs(Errc::limit_exceeded));
  EXPECT_THAT(check_deadline(time_from_ms(1), now, longest), IsOk()) << "passed is no error";
}

TEST(ADeadline, IsComparedWithoutWrapping) {
  const Duration longest{Duration::max()};
  EXPECT_THAT(check_deadline(Time::max(), time_from_ms(1), longest), IsOk());
  EXPECT_THAT(check_deadline(Time::max(), time_from_ms(-1), Duration{5}),
              ErrorIs(Errc::limit_exceeded));
  EXPECT_THAT(check_deadline(Time::min(), time_from_ms(5), Duration{5}), IsOk());
}

// --- rows, all of a small world ------------------------------------------------------------------

constexpr Units small = 3;
constexpr std::array<AdjustReason, 4> reasons{AdjustReason::opening, AdjustReason::restock,
                                              AdjustReason::returned, AdjustReason::write_off};

/// Every row that counts up to `small` of each, sound or not.
template <class Visit>
void each_row(const Visit& visit) {
  for (Units on_hand = 0; on_hand <= small; ++on_hand) {
    for (Units reserved = 0; reserved <= small; ++reserved) {
      for (Units sold = 0; sold <= small; ++sold) {
        for (Units returned = 0; returned <= small; ++returned) {
          visit(StockCounters{on_hand, reserved, sold, returned});
        }
      }
    }
  }
}

TEST(ARow, IsSoundIfNothingIsHeldOrReturnedThatIsNotThere) {
  each_row([](const StockCounters& row) {
    const bool expected = row.reserved <= row.on_hand && row.returned <= row.sold;
    EXPECT_EQ(is_sound(row), expected);
  });
  EXPECT_FALSE(is_sound({-1, 0, 0, 0}));
  EXPECT_FALSE(is_sound({0, -1, 0, 0}));
  EXPECT_FALSE(is_sound({0, 0, 0, -1}));
  EXPECT_FALSE(is_sound({max_counted, 0, 1, 0}));
}

TEST(ARow, StaysSoundAndConservesItsUnitsWhateverIsDoneToIt) {
  each_row([](const StockCounters& row) {
    if (!is_sound(row)) return;
    for (Units units = 1; units <= small; ++units) {
      if (units <= row.available()) {
        const StockCounters after = after_hold(row, units);
        EXPECT_TRUE(is_sound(after));
        EXPECT_EQ(after.available(), row.available() - units);
        EXPECT_EQ(after.on_hand, row.on_hand);
        EXPECT_EQ(after_give_back(after, units), row) << "a hold given back leaves no trace";
      }
      if (units <= row.reserved) {
        const StockCounters after = after_sale(row, units);
        EXPECT_TRUE(is_sound(after));
        EXPECT_EQ(after.available(), row.available()) << "nobody else sees a sale";
        EXPECT_EQ(after.on_hand + after.sold, row.on_hand + row.sold);
      }
    }
  });
}

TEST(AnAdjust, OfARowIsJudgedByItsReason) {
  each_row([](const StockCounters& row) {
    if (!is_sound(row)) return;
    for (const AdjustReason reason : reasons) {
      for (Units units = 1; units <= small; ++units) {
        const RowAdjust judged = judge_adjust(row, reason, units, small);
        const bool is_return = reason == AdjustReason::returned;
        const bool is_write_off = reason == AdjustReason::write_off;
        RowAdjust expected = RowAdjust::fits;
        if (!is_write_off && row.on_hand + units > small) expected = RowAdjust::too_many;
        if (is_return && units > row.sold - row.returned) expected = RowAdjust::not_covered;
        if (is_write_off && units > row.on_hand - row.reserved) expected = RowAdjust::not_covered;
        EXPECT_EQ(judged, expected);
      }
    }
  });
}

TEST(AnAdjust, ThatFitsKeepsTheRowSound) {
  each_row([](const StockCounters& row) {
    if (!is_sound(row)) return;
    for (const AdjustReason reason : reasons) {
      for (Units units = 1; units <= small; ++units) {
        if (judge_adjust(row, reason, units, small) != RowAdjust::fits) continue;
        const StockCounters after = after_adjust(row, reason, units);
        EXPECT_TRUE(is_sound(after));
        EXPECT_LE(after.on_hand, small);
        const Units moved = reason == AdjustReason::write_off ? -units : units;
        EXPECT_EQ(after.on_hand, row.on_hand + moved);
        EXPECT_EQ(after.returned, row.returned + (reason == AdjustReason::returned ? units : 0));
        EXPECT_EQ(after.sold, row.sold);
        EXPECT_EQ(after.reserved, row.reserved);
      }
    }
  });
}

TEST(AnAdjust, NeverWrapsACounter) {
  const StockCounters full{most, 0, 0, 0};
  EXPECT_EQ(judge_adjust(full, AdjustReason::restock, 1, most), RowAdjust::too_many);
  EXPECT_EQ(judge_adjust(full, AdjustReason::restock, most, most), RowAdjust::too_many);
  const StockCounters old{0, 0, max_counted - 5, 0};
  EXPECT_EQ(judge_adjust(old, AdjustReason::restock, 5, most), RowAdjust::fits);
  EXPECT_EQ(judge_adjust(old, AdjustReason::restock, 6, most), RowAdjust::too_many)
      << "sold only grows, so that it needs a bound of its own";
  EXPECT_EQ(judge_adjust(old, AdjustReason::returned, most, most), RowAdjust::too_many);
}

// --- ids -----------------------------------------------------------------------------------------

constexpr std::array<KnownId, 7> all_known{
    KnownId::unknown, KnownId::reserved, KnownId::committed, KnownId::released,
    KnownId::expired, KnownId::refused,  KnownId::tombstoned};

TEST(AReserve, PastItsOwnDeadlineIsExpiredWhateverIsRemembered) {
  const Time now = time_from_ms(10);
  for (const KnownId known : all_known) {
    for (const bool same : {false, true}) {
      EXPECT_EQ(judge_reserve(known, same, now, now), ReserveRule::expired);
      EXPECT_EQ(judge_reserve(known, same, time_from_ms(1), now), ReserveRule::expired);
    }
  }
}

TEST(AReserve, WithOtherContentIsAMismatchOfEveryKnownId) {
  for (const KnownId known : all_known) {
    const bool is_new = known == KnownId::unknown;
    EXPECT_EQ(judge_reserve(known, false, time_from_ms(2), time_from_ms(1)),
              is_new ? ReserveRule::look : ReserveRule::mismatch);
  }
}

TEST(AReserve, RepeatedIsAnsweredByWhatIsKnown) {
  const auto judge = [](KnownId known) {
    return judge_reserve(known, true, time_from_ms(2), time_from_ms(1));
  };
  EXPECT_EQ(judge(KnownId::unknown), ReserveRule::look);
  EXPECT_EQ(judge(KnownId::reserved), ReserveRule::reserved);
  EXPECT_EQ(judge(KnownId::committed), ReserveRule::reserved);
  EXPECT_EQ(judge(KnownId::released), ReserveRule::suppressed);
  EXPECT_EQ(judge(KnownId::refused), ReserveRule::out_of_stock);
  EXPECT_EQ(judge(KnownId::tombstoned), ReserveRule::suppressed);
}

TEST(AnId, TakesEffectOnlyWhileItIsReserved) {
  for (const KnownId known : all_known) {
    const bool live = known == KnownId::reserved;
    EXPECT_EQ(judge_commit(known) == CommitRule::sell, live);
    EXPECT_EQ(judge_release(known) == ReleaseRule::give_back, live);
    EXPECT_EQ(judge_extend(known) == ExtendAnswer::reserved, live);
  }
}

TEST(AnId, ThatIsTerminalAnswersItsStateToEverything) {
  EXPECT_EQ(judge_commit(KnownId::committed), CommitRule::committed);
  EXPECT_EQ(judge_commit(KnownId::released), CommitRule::released);
  EXPECT_EQ(judge_commit(KnownId::expired), CommitRule::expired);
  EXPECT_EQ(judge_release(KnownId::committed), ReleaseRule::committed);
  EXPECT_EQ(judge_release(KnownId::released), ReleaseRule::released);
  EXPECT_EQ(judge_release(KnownId::expired), ReleaseRule::expired);
  EXPECT_EQ(judge_extend(KnownId::committed), ExtendAnswer::committed);
  EXPECT_EQ(judge_extend(KnownId::released), ExtendAnswer::released);
  EXPECT_EQ(judge_extend(KnownId::expired), ExtendAnswer::expired);
}

TEST(AnId, ThatNeverHeldAnythingIsNotFoundAndItsReleaseTombstoned) {
  for (const KnownId known : {KnownId::unknown, KnownId::refused, KnownId::tombstoned}) {
    EXPECT_EQ(judge_commit(known), CommitRule::not_found);
    EXPECT_EQ(judge_extend(known), ExtendAnswer::not_found);
  }
  EXPECT_EQ(judge_release(KnownId::unknown), ReleaseRule::leave_tombstone);
  EXPECT_EQ(judge_release(KnownId::refused), ReleaseRule::leave_tombstone);
  EXPECT_EQ(judge_release(KnownId::tombstoned), ReleaseRule::tombstoned);
}

TEST(AHold, IsLiveUntilItsDeadlineAndNotAtIt) {
  const Time until = time_from_ms(10);
  EXPECT_EQ(known_at(KnownId::reserved, until, until - Duration{1}), KnownId::reserved);
  EXPECT_EQ(known_at(KnownId::reserved, until, until), KnownId::expired);
  EXPECT_EQ(known_at(KnownId::committed, until, until), KnownId::committed);
}

TEST(AnId, MayBeForgottenWhenNoReserveOfItCanStillBeInTime) {
  const Time named = time_from_ms(50), released = time_from_ms(20);
  const Duration longest{100};
  const auto from = [&](KnownId known, bool acknowledged) {
    return forgettable_from(known, named, released, acknowledged, longest);
  };
  EXPECT_EQ(from(KnownId::reserved, false), std::nullopt);
  EXPECT_EQ(from(KnownId::refused, false), named);
  EXPECT_EQ(from(KnownId::released, false), named);
  EXPECT_EQ(from(KnownId::expired, false), named);
  EXPECT_EQ(from(KnownId::tombstoned, false), time_from_ms(120)) << "a release carries no deadline";
  EXPECT_EQ(from(KnownId::committed, false), std::nullopt) << "its run may not know of it yet";
  EXPECT_EQ(from(KnownId::committed, true), named);
}

TEST(WhatIsKnownOfAnId, HasItsWord) {
  EXPECT_EQ(name(KnownId::unknown), "unknown");
  EXPECT_EQ(name(KnownId::reserved), "reserved");
  EXPECT_EQ(name(KnownId::tombstoned), "tombstoned");
}

static_assert(after_hold({2, 0, 0, 0}, 2) == StockCounters{2, 2, 0, 0});
static_assert(after_sale({2, 2, 0, 0}, 2) == StockCounters{0, 0, 2, 0});
static_assert(judge_commit(KnownId::refused) == CommitRule::not_found);

}  // namespace
}  // namespace invsaga
