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

/// From where the next run is begun, and how.
enum class From { ended, ended_with_a_completion, recorded };

/// Begins the next run from within what tells of the one before, and forgets each that has ended.
class Chain final : public RunObserver {
 public:
  Chain(From from, int links) : from_(from), links_(links) {
    backend_.advance_to(clock_.now());
    runner_.add(errand, clerk_);
  }
  void run() {
    begin();
    executor_.run_all(1'000);
  }
  void recorded(RunId, const RunState&, const RunRecord& record) override {
    const Within within(*this);
    if (from_ == From::recorded && record.kind == RecordKind::outcome) begin();
  }
  void ended(RunId run, const RunState&, const RunOutcome&) override {
    const Within within(*this);
    ++ended_;
    EXPECT_THAT(backend_.forget(run), IsOk());
    if (from_ != From::recorded) begin();
  }
  [[nodiscard]] int ended() const { return ended_; }
  [[nodiscard]] int stamped() const { return clerk_.stamped; }
  [[nodiscard]] std::uintptr_t stack() const { return high_ - low_; }
  /// How often it was within itself, at most.
  [[nodiscard]] int deepest() const { return deepest_; }
  [[nodiscard]] std::size_t most_runs() const { return most_runs_; }

 private:
  /// While it lives, the observer is being told.
  class Within {
   public:
    explicit Within(Chain& chain) : chain_(chain) {
      const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
      chain.low_ = std::min(chain.low_, here);
      chain.high_ = std::max(chain.high_, here);
      chain.deepest_ = std::max(chain.deepest_, ++chain.depth_);
      chain.most_runs_ = std::max(chain.most_runs_, chain.runner_.runs());
    }
    ~Within() { --chain_.depth_; }
    Within(const Within&) = delete;
    Within& operator=(const Within&) = delete;

   private:
    Chain& chain_;
  };

  void begin() {
    if (begun_ == links_) return;
    StartRequest request;
    request.key = std::to_string(++begun_);
    if (from_ != From::ended_with_a_completion) {
      EXPECT_THAT(runner_.start(errand, sample::Order{}, request), IsOk());
      return;
    }
    runner_.start(errand, sample::Order{}, request,
                  {[](void*, std::uint64_t, result<StartAnswer>&& answer) noexcept {
                     EXPECT_THAT(answer, IsOk());
                   },
                   this, 0});
  }
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
  const From from_;
  const int links_;
  int begun_ = 0, ended_ = 0, depth_ = 0, deepest_ = 0;
  std::size_t most_runs_ = 0;
  std::uintptr_t low_ = UINTPTR_MAX, high_ = 0;
  SagaRunner<MemoryBackend<>> runner_{backend_, Environment{clock_, executor_, 1}, options()};
};

/// By observers alone, and in no more stack, runs and depth than a chain of a thousand.
void try_chain(From from) {
  Chain chain(from, links), shorter(from, 1'000);
  for (Chain* const each : {&shorter, &chain}) each->run();
  EXPECT_EQ(chain.ended(), links);
  EXPECT_EQ(chain.stamped(), links);
  EXPECT_EQ(chain.deepest(), shorter.deepest());
  EXPECT_LE(chain.deepest(), 2) << "who waits for a start lets it begin, and no more";
  EXPECT_LE(chain.most_runs(), 2u);
  EXPECT_EQ(chain.stack(), shorter.stack());
  EXPECT_LT(chain.stack(), 40'000u);
}

TEST(ChainOfAMillion, TakesNoMoreStackAndRoomThanAShortOne) { try_chain(From::ended); }
TEST(ChainOfAMillion, TakesNoMoreByCompletions) { try_chain(From::ended_with_a_completion); }
TEST(ChainOfAMillion, TakesNoMoreFromWithinWhatIsRecorded) { try_chain(From::recorded); }

}  // namespace
}  // namespace invsaga::runner_tests
