// SPDX-License-Identifier: Apache-2.0
//
// Whatever the order of arrival: every permutation of what can befall a reservation, with
// duplicates, and random work, each compared with the model step by step.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <invsaga/testing/model_check.hpp>

#include "store_fixture.hpp"

namespace invsaga {
inline namespace v0 {
namespace testing {
namespace {

/// What befalls one reservation.
enum class Befall : std::uint8_t { reserve, release, commit, commit_part, extend, expire };

/// One order of events around a reservation of its own, as work for `compare_with_model`. There is
/// stock for two.
std::vector<WorkStep> as_work(const std::vector<Befall>& order, const WorkShape& shape) {
  const Time until = shape.start + Duration{10};
  const std::array lines{Line{Row{0}, 2}, Line{Row{1}, 1}};
  const std::array part{Line{Row{0}, 1}};
  const std::array stock{Line{Row{0}, 4}, Line{Row{1}, 2}};
  const auto operate = [](const Operation& operation) {
    WorkStep step;
    step.operation = OwnedOperation(operation);
    return step;
  };
  std::vector<WorkStep> work{operate(Adjust{{0, 1}, AdjustReason::opening, until, stock})};
  for (const Befall what : order) {
    switch (what) {
      case Befall::reserve:
        work.push_back(operate(Reserve{{0, 1}, until, lines}));
        break;
      case Befall::release:
        work.push_back(operate(Release{{0, 1}}));
        break;
      case Befall::commit:
        work.push_back(operate(Commit{{0, 1}, {}}));
        break;
      case Befall::commit_part:
        work.push_back(operate(Commit{{0, 1}, part}));
        break;
      case Befall::extend:
        work.push_back(operate(Extend{{0, 1}, until + Duration{10}}));
        break;
      case Befall::expire: {
        WorkStep step;
        step.kind = WorkStep::Kind::advance;
        step.by = Duration{10};
        work.push_back(step);
        break;
      }
    }
  }
  // Another one shows whether any unit was stranded.
  work.push_back(operate(Reserve{{0, 2}, shape.start + Duration{50}, lines}));
  return work;
}

class StoreOrder : public StoreConformance {
 public:
  using StoreConformance::StoreConformance;

  /// Tries every order of `events`; how many there were.
  std::size_t try_all_orders(std::vector<Befall> events) {
    WorkShape shape;
    shape.rows = 2;
    std::ranges::sort(events);
    std::size_t orders = 0;
    do {
      const auto work = as_work(events, shape);
      const std::string wrong = compare_with_model(make_, work, shape);
      if (!wrong.empty()) {
        ADD_FAILURE() << wrong << text(work);
        return orders;
      }
      ++orders;
    } while (std::ranges::next_permutation(events).found);
    return orders;
  }

 private:
  static std::string text(const std::vector<WorkStep>& work) {
    std::string lines = ", in\n";
    for (const WorkStep& step : work) lines += "  " + to_text(step) + "\n";
    return lines;
  }
};
INVSAGA_SUITE(StoreOrder)

INVSAGA_SUITE_TEST(StoreOrder, NoOrderOfReserveReleaseCommitAndExpiryStrandsAUnit) {
  using enum Befall;
  EXPECT_EQ(this->try_all_orders({reserve, reserve, release, release, commit, commit, expire}),
            630u);
}

INVSAGA_SUITE_TEST(StoreOrder, NorDoExtensionsAndPartsAnywhereAmongThem) {
  using enum Befall;
  EXPECT_EQ(this->try_all_orders({reserve, reserve, release, commit_part, extend, expire}), 360u);
  EXPECT_EQ(this->try_all_orders({reserve, release, commit, commit_part, extend, expire}), 720u);
  EXPECT_EQ(this->try_all_orders({reserve, reserve, release, commit, extend, expire, expire}),
            1260u);
}

INVSAGA_SUITE_TEST(StoreOrder, RandomWorkIsAnsweredAsTheModelAnswersIt) {
  WorkShape shape;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    ASSERT_EQ(find_divergence(make_, seed, 150, shape), "");
  }
}

INVSAGA_SUITE_TEST(StoreOrder, RandomWorkWithLittleRoomIsAnsweredAsTheModelAnswersIt) {
  auto& t = *this;
  WorkShape shape;
  shape.limits.max_records = 5;
  shape.limits.max_lifetime = Duration{20};
  shape.limits.grace = Duration{3};
  t.open(shape.limits);
  if (t.store().limits().max_records != 5) GTEST_SKIP() << "this store cannot be made so small";
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    ASSERT_EQ(find_divergence(make_, seed, 150, shape), "");
  }
}

INVSAGA_SUITE_TEST(StoreOrder, RandomWorkNearTheMostUnitsIsAnsweredAsTheModelAnswersIt) {
  auto& t = *this;
  WorkShape shape;
  shape.limits.max_units = (Units{1} << 31) - 1;
  shape.opening = shape.limits.max_units - 3;
  t.open(shape.limits);
  if (t.store().limits().max_units != shape.limits.max_units) {
    GTEST_SKIP() << "this store has its own limit of units";
  }
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    ASSERT_EQ(find_divergence(make_, seed, 150, shape), "");
  }
}

}  // namespace

void bind_store_orders(std::string_view name, std::span<const MakeStore> stores) {
  suite_of_StoreOrder().bind(name, stores);
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
