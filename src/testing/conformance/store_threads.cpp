// SPDX-License-Identifier: Apache-2.0
//
// What a store promises to many threads at once. For stores that are safe from any thread.
#include <atomic>

#include <invsaga/rng.hpp>
#include <invsaga/testing/on_threads.hpp>

#include "store_fixture.hpp"

namespace invsaga {
inline namespace v0 {
namespace testing {
namespace {

class StoreThreads : public StoreConformance {
 public:
  using StoreConformance::StoreConformance;

  /// Safe from any thread, as the fixture's own words are not.
  static result<ReserveAnswer> reserve_one(StoreUnderTest& store, std::uint64_t id, Units units) {
    const Line line{Row{0}, units};
    return store.reserve({StoreThreads::hold(id), StoreThreads::at(1'000), {&line, 1}}, {});
  }
};
INVSAGA_SUITE(StoreThreads)

INVSAGA_SUITE_TEST(StoreThreads, TheLastUnitIsPromisedToOneOfMany) {
  auto& t = *this;
  auto& store = t.store();
  for (std::uint64_t round = 0; round < 100; ++round) {
    t.stock_up(0, 1);
    std::atomic<int> promised{0};
    on_threads(8, [&](unsigned thread) {
      const auto answer = t.reserve_one(store, 1'000 + round * 8 + thread, 1);
      promised += find_answer<Reserved>(answer) != nullptr ? 1 : 0;
    });
    ASSERT_EQ(promised, 1);
    ASSERT_EQ(t.available(0), 0);
  }
}

INVSAGA_SUITE_TEST(StoreThreads, OneIdIsOneReservationWhoeverAsks) {
  auto& t = *this;
  auto& store = t.store();
  t.stock_up(0, 1'000);
  for (std::uint64_t round = 0; round < 100; ++round) {
    std::atomic<int> reserved{0};
    on_threads(8, [&](unsigned) {
      reserved += find_answer<Reserved>(t.reserve_one(store, 1'000 + round, 2)) != nullptr ? 1 : 0;
    });
    ASSERT_EQ(reserved, 8);
    ASSERT_EQ(t.stock(0).reserved, static_cast<Units>(2 * (round + 1)));
  }
}

INVSAGA_SUITE_TEST(StoreThreads, AHoldEndsInOneWayThoughManyTry) {
  auto& t = *this;
  auto& store = t.store();
  t.stock_up(0, 200);
  Units sold = 0;
  for (std::uint64_t round = 0; round < 100; ++round) {
    const auto id = t.hold(1'000 + round);
    EXPECT_THAT(t.reserve_one(store, 1'000 + round, 1), IsReserved());
    std::atomic<int> committed{0};
    std::atomic<int> released{0};
    on_threads(6, [&](unsigned thread) {
      if (thread % 2 == 0) {
        const auto answer = store.commit({id, {}});
        committed += answer.has_value() && answer.assume_value() == CommitAnswer::committed ? 1 : 0;
        released += answer.has_value() && answer.assume_value() == CommitAnswer::released ? 1 : 0;
      } else {
        const auto answer = store.release({id});
        committed += answer.has_value() && answer.assume_value() == ReleaseAnswer::committed ? 1
                                                                                             : 0;
        released += answer.has_value() && answer.assume_value() == ReleaseAnswer::released ? 1 : 0;
      }
    });
    ASSERT_TRUE((committed == 6 && released == 0) || (committed == 0 && released == 6))
        << committed << " heard committed, " << released << " heard released";
    sold += committed == 6 ? 1 : 0;
  }
  EXPECT_EQ(t.stock(0), (StockCounters{200 - sold, 0, sold, 0}));
}

INVSAGA_SUITE_TEST(StoreThreads, NoUnitIsLostUnderLoad) {
  auto& t = *this;
  auto& store = t.store();
  t.stock_up(0, 20);
  std::atomic<Units> sold{0};
  on_threads(4, [&](unsigned thread) {
    Rng chance(thread);
    for (std::uint64_t i = 0; i < 500; ++i) {
      const std::uint64_t id = 10'000 * (thread + 1) + i;
      if (find_answer<Reserved>(t.reserve_one(store, id, 3)) == nullptr) continue;
      if (chance.below(64) != 0) {
        EXPECT_THAT(store.release({t.hold(id)}), IsOkAndHolds(ReleaseAnswer::released));
        continue;
      }
      const Line part{t.row(0), 1};
      EXPECT_THAT(store.commit({t.hold(id), {&part, 1}}), IsOkAndHolds(CommitAnswer::committed));
      ++sold;
    }
  });
  EXPECT_EQ(t.stock(0), (StockCounters{20 - sold, 0, sold, 0}));
}

}  // namespace

void bind_store_threads(std::string_view name, std::span<const MakeStore> stores) {
  suite_of_StoreThreads().bind(name, stores);
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
