// SPDX-License-Identifier: Apache-2.0
//
// Runs that begin one another, from within whatever is called: however long the chain, the stack
// stays as it is.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>

#include "invsaga/run_sync.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::IsOk;

constexpr int links = 5'000;

/// How much of the stack is in use at most, as far as it was looked at.
class Stack {
 public:
  void look() {
    const auto at = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    high_ = std::max(high_, at);
    low_ = std::min(low_, at);
  }
  [[nodiscard]] std::uintptr_t bytes() const { return high_ - low_; }

 private:
  std::uintptr_t high_ = 0, low_ = UINTPTR_MAX;
};

/// One call, which says yes.
struct Clerk {
  std::function<void(const StepContext&)> at_call;
};
result<Reply<sample::Receipt>> stamp(Clerk& clerk, const StepContext& step) {
  if (clerk.at_call) clerk.at_call(step);
  return Reply<sample::Receipt>(sample::Receipt{1});
}
constexpr auto errand = saga<sample::Order, Clerk>("errand", 1,
                                                   pivot<"stamp">(stamp, {2s, until_known}));

class AtEnd final : public RunObserver {
 public:
  std::function<void()> act;
  std::function<void()> at_record;
  void recorded(RunId, const RunState&, const RunRecord& record) override {
    if (at_record && record.kind == RecordKind::outcome) at_record();
  }
  void ended(RunId, const RunState&, const RunOutcome&) override {
    ++times;
    if (act) act();
  }
  int times = 0;
};

class Chain : public ::testing::Test {
 protected:
  Chain() {
    options.observer = &observer;
    backend.advance_to(start_time);
  }
  /// A runner over a memory backend; each run is the next one's cause.
  struct Process {
    explicit Process(Chain& chain)
        : runner(chain.backend, Environment{chain.clock, chain.executor, 1}, chain.options) {
      runner.add(errand, chain.clerk);
    }
    SagaRunner<MemoryBackend<>> runner;
  };
  StartRequest next() {
    StartRequest request;
    request.key = std::to_string(++begun);
    return request;
  }
  void start_next(Process& process) {
    EXPECT_THAT(process.runner.start(errand, sample::Order{}, next()), IsOk());
  }
  /// Begins the first, whose end begins the next one, and so on.
  void run_chain(const std::function<void()>& begin) {
    begin();
    executor.run_all(1'000);
    EXPECT_EQ(observer.times, links);
    EXPECT_EQ(begun, links);
    EXPECT_LT(stack.bytes(), 40'000u);
  }

  MemoryBackend<> backend;
  testing::ManualClock clock{start_time};
  testing::SimulatedExecutor executor{clock};
  Clerk clerk;
  AtEnd observer;
  RunnerOptions options;
  Stack stack;
  int begun = 0;
};

TEST_F(Chain, OfObserversThatStartTheNextAndWait) {
  Process process(*this);
  const auto begin = [&] { start_next(process); };
  observer.act = [&] {
    stack.look();
    if (begun < links) begin();
  };
  run_chain(begin);
}

TEST_F(Chain, OfObserversThatStartTheNextWithACompletion) {
  Process process(*this);
  const Completion<StartAnswer> nobody{[](void*, std::uint64_t, result<StartAnswer>&&) noexcept {}};
  const auto begin = [&] { process.runner.start(errand, sample::Order{}, next(), nobody); };
  observer.act = [&] {
    stack.look();
    if (begun < links) begin();
  };
  run_chain(begin);
}

TEST_F(Chain, OfStepsThatStartTheNext) {
  Process process(*this);
  const auto begin = [&] { start_next(process); };
  clerk.at_call = [&](const StepContext&) {
    stack.look();
    if (begun < links) begin();
  };
  run_chain(begin);
}

TEST_F(Chain, OfCompletionsThatStartTheNext) {
  Process process(*this);
  std::function<void()> begin;
  const Completion<StartAnswer> again{
      [](void* context, std::uint64_t, result<StartAnswer>&&) noexcept {
        (*static_cast<std::function<void()>*>(context))();
      },
      &begin, 0};
  begin = [&] {
    stack.look();
    if (begun < links) process.runner.start(errand, sample::Order{}, next(), again);
  };
  run_chain(begin);
}

TEST_F(Chain, OfRunsThatRunToTheirEndsWithinOneAnother) {
  Process process(*this);
  const auto begin = [&] {
    LocalExecutor own(clock);
    clerk.at_call = nullptr;
    const auto outcome = run_sync(errand, sample::Order{}, clerk, backend, clock, own, next());
    EXPECT_THAT(outcome, IsOk());
  };
  observer.act = begin;  // from within a run of another runner
  EXPECT_THAT(process.runner.start(errand, sample::Order{}, next()), IsOk());
  EXPECT_EQ(observer.times, 1);
  EXPECT_EQ(begun, 2);
}

}  // namespace
}  // namespace invsaga::runner_tests
