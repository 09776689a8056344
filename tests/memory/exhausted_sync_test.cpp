// SPDX-License-Identifier: Apache-2.0
//
// `run_sync` at each of its allocations, one failing: it answers, and who asks again learns how the
// order ended.
#include "invsaga/run_sync.hpp"
#include "tests/memory/failing_new.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::memory_tests {
namespace {

using namespace runner_tests;

class SyncWithoutMemory : public ::testing::Test {
 protected:
  /// Whether one failed. So many tasks were posted before: queues grow at different places.
  static bool try_with(std::size_t number, int posted_before) {
    RunnerFixture<OnOneAppend> shop;
    LocalExecutor executor(shop.clock);
    for (int i = 0; i < posted_before; ++i) {
      executor.post({[](void*, std::uint64_t) noexcept {}, &shop, 0, nullptr});
      executor.run_one();
    }
    shop.shop.fail("charge", Error{Errc::unavailable});
    const sample::Order order = shop.order();
    const StartRequest request = shop.request();
    const auto run = [&] {
      return run_sync(sample::checkout, order, shop.shop, shop.parts.backend, shop.clock, executor,
                      request);
    };
    std::optional<result<RunOutcome>> first;
    bool hit = false;
    {
      const FailingNew failing(number, false);
      first.emplace(run());
      hit = FailingNew::hit();
    }
    if (!first->has_value()) {
      EXPECT_TRUE(hit);
      EXPECT_NE(first->assume_error().remedy(), Remedy::give_up);
    }
    auto second = shop.process();
    second->runner.recover();
    shop.run_all();
    if (shop.records(shop.run_of()).empty()) {
      shop.clock.advance(1h);  // a claim that was not given back lapses
      EXPECT_THAT(run(), testing::IsOk());
    }
    shop.run_all();
    shop.check_sound(shop.run_of());
    return hit && !HasFailure();
  }
};

TEST_F(SyncWithoutMemory, AnswersAtEachAllocation) {
  std::size_t number = 0;
  while (try_with(number, 0)) ++number;
  EXPECT_GT(number, 100u);
}

TEST_F(SyncWithoutMemory, AnswersWhereverAQueueGrows) {
  for (int posted = 1; posted < 12; ++posted) {
    for (std::size_t number = 20; number < 80; ++number) {
      SCOPED_TRACE(::testing::Message() << posted << " posted before, allocation " << number);
      if (!try_with(number, posted)) break;
    }
  }
}

}  // namespace
}  // namespace invsaga::memory_tests
