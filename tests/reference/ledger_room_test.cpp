// SPDX-License-Identifier: Apache-2.0
//
// Who goes first when a new id needs room: of all that are in their grace, reservations and adjusts
// alike, the one that may go longest.
#include <gtest/gtest.h>

#include <utility>

#include <invsaga/reference/ledger.hpp>
#include <invsaga/testing/matchers.hpp>

#include "tests/reference/ledger_support.hpp"

namespace invsaga::testing {
namespace {

class RoomTest : public LedgerTest {
 protected:
  static StoreLimits limits() {
    StoreLimits limits = small_limits();
    limits.grace = Duration{2'000};
    limits.max_records = 3;
    return limits;
  }
  RoomTest() : LedgerTest(limits()) {}

  /// Three ids that may go: an adjust from 5,000 on (it is forgotten at 7,000), and these two.
  void fill(std::int64_t first, std::int64_t second) {
    ASSERT_THAT(adjust(1, AdjustReason::restock, {{{1}, 9}}), IsAdjusted());
    ASSERT_THAT(reserve(1, at(first), {{{1}, 1}}), IsReserved());
    ASSERT_THAT(reserve(2, at(second), {{{1}, 1}}), IsReserved());
    ledger.advance_to(at(5'100));
    ASSERT_THAT(ledger.expire_due(), IsOk());
    ASSERT_EQ(ledger.remembered(), 3u);
  }
  /// What is known of these two.
  using Two = std::pair<KnownId, KnownId>;
  Two left() { return {known(1), known(2)}; }
  Two left_by_another(std::uint64_t id) {
    EXPECT_THAT(reserve(id, at(9'000), {{{1}, 1}}), IsReserved());
    EXPECT_EQ(ledger.remembered(), 3u);
    return left();
  }
  static constexpr Two both{KnownId::expired, KnownId::expired};
  static constexpr Two the_second{KnownId::unknown, KnownId::expired};
  static constexpr Two none{KnownId::unknown, KnownId::unknown};
};

TEST_F(RoomTest, AReservationGoesBeforeAnAdjustThatMayGoLater) {
  fill(4'000, 4'500);
  EXPECT_EQ(left_by_another(11), the_second);
  EXPECT_EQ(left_by_another(12), none);
  EXPECT_EQ(left_by_another(13), none);  // the adjust's room
  EXPECT_THAT(reserve(14, at(9'000), {{{1}, 1}}), ErrorIs(Errc::resource_exhausted));
}

TEST_F(RoomTest, AnAdjustGoesBeforeAReservationThatMayGoLater) {
  fill(5'050, 5'060);
  EXPECT_EQ(left_by_another(11), both);
  EXPECT_EQ(left_by_another(12), the_second);
}

TEST_F(RoomTest, OfOneTimeTheOneThatWasMadeFirstGoesFirst) {
  fill(5'000, 5'000);  // the adjust is the oldest
  EXPECT_EQ(left_by_another(11), both);
  EXPECT_EQ(left_by_another(12), the_second);
}

TEST_F(RoomTest, AnAdjustTakesRoomAsAReserveDoes) {
  fill(4'000, 4'500);
  const Line line{{1}, 1};
  ASSERT_THAT(ledger.adjust({{3, 7}, AdjustReason::restock, at(9'000), {&line, 1}}), IsAdjusted());
  EXPECT_EQ(ledger.remembered(), 3u);
  EXPECT_EQ(left(), the_second);
}

}  // namespace
}  // namespace invsaga::testing
