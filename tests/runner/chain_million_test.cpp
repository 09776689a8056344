// SPDX-License-Identifier: Apache-2.0
//
// labels: release
// timeout: 600
//
// A million runs, each of which begins the next one: in no more stack and memory than a thousand.
#include <algorithm>
#include <string>

#include "invsaga/memory.hpp"
#include "invsaga/saga_runner.hpp"
#include "invsaga/testing/matchers.hpp"
#include "invsaga/testing/simulation.hpp"
#include "tests/saga/sample_saga.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace invsaga::runner_tests {
namespace {

using testing::IsOk;

constexpr int links = 1'000'000;

struct Clerk {
  int stamped = 0;
};
result<Reply<sample::Receipt>> stamp(Clerk& clerk, const StepContext&) {
  ++clerk.stamped;
  return Reply<sample::Receipt>(sample::Receipt{1});
}
constexpr auto errand = saga<sample::Order, Clerk>(
    "errand", 1, pivot<"stamp">(stamp, {sample::hold_length, until_known}));

/// Begins the next run when one has ended, and forgets that.
class Chain final : public RunObserver {
 public:
  void begin() {
    StartRequest request;
    request.key = std::to_string(++begun_);
    EXPECT_THAT(runner_.start(errand, sample::Order{}, request), IsOk());
  }
  void ended(RunId run, const RunState&, const RunOutcome&) override {
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    low_ = std::min(low_, here);
    high_ = std::max(high_, here);
    ++ended_;
    EXPECT_THAT(backend_.forget(run), IsOk());
    if (begun_ < links) begin();
  }
  void run() {
    begin();
    executor_.run_all(1'000);
  }
  [[nodiscard]] int ended() const { return ended_; }
  [[nodiscard]] int stamped() const { return clerk_.stamped; }
  [[nodiscard]] std::uintptr_t stack() const { return high_ - low_; }

  Chain() {
    backend_.advance_to(clock_.now());
    runner_.add(errand, clerk_);
  }

 private:
  RunnerOptions options() {
    RunnerOptions made;
    made.observer = this;
    return made;
  }
  static MemoryLimits limits() {
    MemoryLimits made;
    made.runs.max_runs = 1'000;
    return made;
  }

  testing::ManualClock clock_{time_from_ms(1'000'000'000'000)};
  testing::SimulatedExecutor executor_{clock_};
  MemoryBackend<> backend_{limits()};
  Clerk clerk_;
  int begun_ = 0, ended_ = 0;
  std::uintptr_t low_ = UINTPTR_MAX, high_ = 0;
  SagaRunner<MemoryBackend<>> runner_{backend_, Environment{clock_, executor_, 1}, options()};
};

TEST(ChainOfAMillion, TakesNoMoreStackAndRoomThanAShortOne) {
  Chain chain;
  chain.run();
  EXPECT_EQ(chain.ended(), links);
  EXPECT_EQ(chain.stamped(), links);
  EXPECT_LT(chain.stack(), 40'000u);
}

}  // namespace
}  // namespace invsaga::runner_tests
