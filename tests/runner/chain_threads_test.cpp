// SPDX-License-Identifier: Apache-2.0
//
// What a thread is to drive once it has done with what it drives, and others who come meanwhile.
#include <functional>
#include <future>

#include "tests/runner/runner_threads_fixture.hpp"

namespace invsaga::runner_threads_tests {
namespace {

/// One call, which does as it is told.
struct Clerk {
  std::function<result<Reply<Receipt>>(const StepContext&)> says;
};
result<Reply<Receipt>> stamp(Clerk& clerk, const StepContext& step) { return clerk.says(step); }
constexpr auto letter = saga<Order, Clerk>("letter", 1, pivot<"stamp">(stamp, {10s, quick}));

StartRequest named(const char* key) {
  StartRequest request;
  request.key = key;
  return request;
}

class ChainThreads : public ::testing::Test {
 protected:
  ChainThreads() { backend.advance_to(clock.now()); }

  /// Begins a run that waits for the answer to its call, and then another, from within whose step
  /// the answer is brought. The step goes on with `then`.
  void answer_within_a_step(Runner& runner, const std::function<void()>& then) {
    clerk.says = [&](const StepContext& step) -> result<Reply<Receipt>> {
      call = step.id;
      return Reply<Receipt>(pending);
    };
    run = runner.start(letter, Order{}, named("waits")).value().run;
    clerk.says = [&](const StepContext&) -> result<Reply<Receipt>> {
      const Completion<NewsAnswer> nobody{
          [](void*, std::uint64_t, result<NewsAnswer>&&) noexcept {}};
      runner.complete(run, call, Receipt{1}, nobody);
      EXPECT_EQ(runner.status(run).value().end, std::nullopt) << "it is driven later";
      then();
      return Reply<Receipt>(Receipt{2});
    };
    EXPECT_THAT(runner.start(letter, Order{}, named("answers")), IsOk());
    EXPECT_EQ(runner.status(run).value().end, RunEnd::completed);
  }

  SystemClock clock;
  ThreadExecutor executor{clock, 1};
  Backend backend;
  Clerk clerk;
  RunId run;
  CallId call;
};

TEST_F(ChainThreads, WhatWaitsForAThreadIsTakenOverByWhoNeedsIt) {
  Runner runner(backend, Environment{clock, executor, 1});
  runner.add(letter, clerk);
  std::future<result<NewsAnswer>> other;
  answer_within_a_step(runner, [&] {
    other = std::async(std::launch::async, [&] { return runner.complete(run, call, Receipt{1}); });
    EXPECT_EQ(other.wait_for(10s), std::future_status::ready) << "it waits for another's step";
  });
  EXPECT_THAT(other.get(), IsOk());
}

/// Two threads, each within a step, want the same run: it is with the first, whoever goes on first.
TEST_F(ChainThreads, WhatWaitsForTwoThreadsIsDrivenByOne) {
  Runner runner(backend, Environment{clock, executor, 1});
  runner.add(letter, clerk);
  Clerk elsewhere;
  constexpr auto note = saga<Order, Clerk>("note", 1, pivot<"stamp">(stamp, {10s, quick}));
  runner.add(note, elsewhere);
  elsewhere.says = [&](const StepContext&) -> result<Reply<Receipt>> {
    const Completion<NewsAnswer> nobody{[](void*, std::uint64_t, result<NewsAnswer>&&) noexcept {}};
    runner.complete(run, call, Receipt{1}, nobody);
    return Reply<Receipt>(Receipt{3});
  };
  answer_within_a_step(runner, [&] {
    const auto begun = std::async(
        std::launch::async, [&] { return runner.start(note, Order{}, named("answers too")); });
    EXPECT_EQ(begun.wait_for(10s), std::future_status::ready);
  });
}

}  // namespace
}  // namespace invsaga::runner_threads_tests
