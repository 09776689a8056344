// SPDX-License-Identifier: Apache-2.0
//
// Memory that runs out at each allocation of a stop: the runner stops and says what is left, or it
// goes on and says that memory lacked; and who asks again has it stop.
#include <optional>
#include <string>

#include <invsaga/testing/answer_of_call.hpp>

#include "tests/memory/failing_new.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::memory_tests {
namespace {

using runner_tests::InSplit;
using runner_tests::OnOneAppend;
using runner_tests::RunnerFixture;
using testing::ErrorIs;
using testing::IsOk;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

/// A runner that is looked after, with a run whose payment is pending and one whose payment is
/// tried again after a while, and who waits for them.
template <class Parts>
class Stopping : public RunnerFixture<Parts> {
 public:
  Stopping() {
    this->stock_up(2);
    runner.emplace(this->parts.backend, environment(), options());
    runner->add(sample::checkout, this->shop);
    keeper.emplace(this->parts.backend, environment());
    EXPECT_THAT(keeper->look_after(*runner), testing::IsOk());
    this->shop.wait("charge");
    begin("pending");
    this->shop.fail("charge", Error{Errc::unavailable});
    begin("again");
    this->run_for(1s);
    for (int i = 0; i < 2; ++i) {
      runner->wait(this->run_of(i == 0 ? "pending" : "again"), this->clock.now() + 1h,
                   waits[i].completion());
    }
  }
  void begin(const std::string& number) {
    EXPECT_THAT(start(number), testing::ClaimIs(ClaimState::fresh)) << number;
  }
  result<StartAnswer> start(const std::string& number) {
    return runner->start(sample::checkout, this->order(number), this->request(number));
  }

  /// With a completion. Whether an allocation failed.
  bool stop(std::size_t number, bool from_then_on) {
    const Time deadline = this->clock.now() + 1min;
    const FailingNew failing(number, from_then_on);
    runner->stop(deadline, told.completion());
    try {
      for (int i = 0; i < 4; ++i) this->executor.step();
    } catch (const std::bad_alloc&) {  // the executor is the test's
    }
    return FailingNew::hit();
  }

  /// It has stopped as it was told, or not at all and can be.
  void check() {
    this->run_for(2min);
    ASSERT_TRUE(told.answer);
    if (told.answer->has_value()) {
      EXPECT_THAT(start("late"), ErrorIs(Errc::unavailable));
      for (const auto& wait : waits) {
        ASSERT_TRUE(wait.answer);
        EXPECT_THAT(*wait.answer, ErrorIs(Errc::unavailable));
      }
    } else {
      EXPECT_EQ(told.answer->error(), no_memory());
      begin("late");
    }
    testing::Kept<StopReport> again;
    runner->stop(this->clock.now() + 1min, again.completion());
    this->run_for(2min);
    ASSERT_TRUE(again.answer);
    ASSERT_THAT(*again.answer, IsOk());
    EXPECT_TRUE(again.answer->value().at_rest);
    check_next();
  }
  /// The next process finds everything, and brings it to its end.
  void check_next() {
    keeper.reset();
    runner.reset();
    const CallId call = call_id(this->run_of("pending"), sample::pay_step);
    this->shop.took_effect("charge", call);
    auto next = this->process();
    EXPECT_EQ(next->runner.recover().failed, 0u);
    EXPECT_THAT(next->runner.complete(this->run_of("pending"), call, sample::Receipt{7}), IsOk());
    this->run_all();
    for (const char* number : {"pending", "again"}) {
      const auto ended = this->outcome(this->run_of(number));
      ASSERT_TRUE(ended.has_value()) << number;
      EXPECT_EQ(ended->end, RunEnd::completed);
    }
    EXPECT_EQ(this->stock().reserved, 0);
  }

  std::optional<SagaRunner<typename Parts::Backend>> runner;
  std::optional<Keeper> keeper;
  testing::Kept<RunOutcome> waits[2];
  testing::Kept<StopReport> told;

 private:
  Environment environment() { return {this->clock, this->executor, 1}; }
  RunnerOptions options() {
    RunnerOptions made;
    made.observer = &this->witness;
    return made;
  }
};

template <class Parts>
class ExhaustedStops : public ::testing::Test {};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(ExhaustedStops, BothBackends);

TYPED_TEST(ExhaustedStops, HappenOrSayThatTheyDidNot) {
  const std::size_t met = fail_each_allocation([](std::size_t number, bool from_then_on) {
    SCOPED_TRACE("allocation " + std::to_string(number) + (from_then_on ? " and all behind" : ""));
    Stopping<TypeParam> stopping;
    const bool hit = stopping.stop(number, from_then_on);
    stopping.check();
    return hit && !::testing::Test::HasFailure();
  });
  EXPECT_GT(met, 10u);
}

/// The form that waits has no error to tell: it says that nothing is at rest.
TEST(ExhaustedThreads, WhoStopsIsToldWhatIsLeft) {
  const std::size_t met = fail_each_allocation([](std::size_t number, bool from_then_on) {
    SCOPED_TRACE("allocation " + std::to_string(number) + (from_then_on ? " and all behind" : ""));
    RunnerFixture<OnOneAppend> world;
    LocalExecutor local(world.clock);
    SagaRunner runner(world.parts.backend, Environment{world.clock, local, 1});
    runner.add(sample::checkout, world.shop);
    world.shop.fail("charge", Error{Errc::unavailable});
    EXPECT_THAT(runner.start(sample::checkout, world.order(), world.request()), IsOk());
    StopReport report;
    bool hit = false;
    {
      const FailingNew failing(number, from_then_on);
      report = runner.stop(world.clock.now() + 1min);
      hit = FailingNew::hit();
    }
    EXPECT_EQ(report.left, 1u);
    EXPECT_TRUE(hit || report.at_rest);
    EXPECT_TRUE(runner.stop(world.clock.now() + 1min).at_rest);
    EXPECT_THAT(runner.start(sample::checkout, world.order("2"), world.request("2")),
                ErrorIs(Errc::unavailable));
    return hit && !::testing::Test::HasFailure();
  });
  EXPECT_GT(met, 5u);
}

}  // namespace
}  // namespace invsaga::memory_tests
