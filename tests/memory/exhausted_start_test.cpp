// SPDX-License-Identifier: Apache-2.0
//
// Memory that runs out while a run is begun: whoever asked is told that it did not happen if
// nothing was sent, and his request is given back.
#include <optional>

#include "tests/memory/failing_new.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::memory_tests {
namespace {

using runner_tests::InSplit;
using runner_tests::OnOneAppend;
using runner_tests::RunnerFixture;

template <class Parts>
class ExhaustedStart : public ::testing::Test {
 protected:
  /// The `number`-th allocation of a start fails. Whether there was one.
  static bool begin(std::size_t number, std::size_t& refused) {
    SCOPED_TRACE("allocation " + std::to_string(number));
    RunnerFixture<Parts> fixture;
    fixture.shop.wait("charge", 9);
    SagaRunner runner(fixture.parts.backend, Environment{fixture.clock, fixture.executor, 1});
    runner.add(sample::checkout, fixture.shop);
    const auto order = fixture.order();
    const auto request = fixture.request();
    const auto start = [&] { return runner.start(sample::checkout, order, request); };
    std::optional<result<StartAnswer>> told;
    bool hit = false;
    {
      const FailingNew failing(number, false);
      told.emplace(start());
      hit = FailingNew::hit();
    }
    if (!told->has_value() && fixture.records(fixture.run_of()).empty()) {
      ++refused;
      EXPECT_EQ(told->error().code, Errc::resource_exhausted);
      EXPECT_EQ(told->error().limit, Limit::memory);
      EXPECT_THAT(start(), testing::ClaimIs(ClaimState::fresh)) << "at once, not after the lease";
    }
    return hit;
  }
};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(ExhaustedStart, BothBackends);

TYPED_TEST(ExhaustedStart, ThatLeavesNothingSaysSoAndGivesItsRequestBack) {
  std::size_t refused = 0;
  for (std::size_t number = 0; this->begin(number, refused) && !this->HasFailure(); ++number) {
  }
  EXPECT_GT(refused, 5u);
}

}  // namespace
}  // namespace invsaga::memory_tests
