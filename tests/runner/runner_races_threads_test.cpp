// SPDX-License-Identifier: Apache-2.0
//
// Races of the runner that need one thread to stand still at one place: each is made to happen.
#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::IsOk;

template <class Parts>
class Races : public ::testing::Test, public RunnerFixture<Parts> {};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(Races, BothBackends);

TYPED_TEST(Races, ARunThatWasTakenAndEndedSinceItWasReadIsNotTakenAgain) {
  auto first = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*first);
  first.reset();
  const std::size_t written = this->records(run).size();

  std::function<void()> meanwhile;  // between what recovery reads and what it does
  typename RunnerFixture<TypeParam>::Connection connection(this->parts.backend, [&] {
    this->parts.advance_to(this->clock.now());
    if (meanwhile) std::exchange(meanwhile, nullptr)();
  });
  const Definition definition = sample::checkout.definition();
  Witness witness;
  witness.definition = &definition;
  RunnerOptions options;
  options.observer = &witness;
  SagaRunner runner(connection, Environment{this->clock, this->executor, 2}, options);
  runner.add(sample::checkout, this->shop);
  meanwhile = [&] { EXPECT_EQ(runner.recover().taken, 1u); };
  const RecoveryReport report = runner.recover();
  EXPECT_EQ(report.taken, 0u);
  EXPECT_EQ(report.left, 1u);
  EXPECT_EQ(witness.outcomes(run).size(), 1u);
  EXPECT_EQ(witness.records(run).size() + written, this->records(run).size());
  this->check_sound(run);
}

/// The hands of a clock may be held, on one thread.
class HeldClock final : public Clock {
 public:
  explicit HeldClock(Clock& clock) : clock_(clock) {}
  Time now() const noexcept override {
    if (at_now) at_now();
    return clock_.now();
  }
  void sleep_until(Time time) override { clock_.sleep_until(time); }
  std::function<void()> at_now;

 private:
  Clock& clock_;
};

/// Says when it was asked to forget.
class TellingExecutor final : public Executor {
 public:
  explicit TellingExecutor(Executor& executor) : executor_(executor) {}
  void post(Task task) override { executor_.post(task); }
  void post_at(Time time, Task task) override { executor_.post_at(time, task); }
  void drop(const void* context) noexcept override {
    executor_.drop(context);
    dropped = true;
  }
  std::atomic<bool> dropped = false;

 private:
  Executor& executor_;
};

TEST(RacesAtTheEnd, AThreadThatBringsAnAnswerWhileTheRunnerEndsLeavesNoTimerBehind) {
  RunnerFixture<OnOneAppend> fixture;
  HeldClock clock(fixture.clock);
  TellingExecutor executor(fixture.executor);
  RunnerFixture<OnOneAppend>::Connection connection(
      fixture.parts.backend, [&] { fixture.parts.advance_to(fixture.clock.now()); });
  connection.at_apply = [](const Operation&) { return Mishap::late; };
  auto runner = std::make_unique<RunnerFixture<OnOneAppend>::Runner>(connection,
                                                                     Environment{clock, executor});
  runner->add(sample::checkout, fixture.shop);

  std::atomic<bool> held = false;
  int times = 0;  // the clock is read so often since the call, on the thread that made it
  thread_local bool called = false;
  fixture.shop.script("charge", [&](const StepContext&) -> result<Reply<sample::Receipt>> {
    called = true;
    return Reply<sample::Receipt>(pending);
  });
  clock.at_now = [&] {
    if (!called || ++times != 2) return;  // the second is of the driver, about to arm a timer
    held = true;
    const auto patience = std::chrono::steady_clock::now() + 200ms;
    while (!executor.dropped && std::chrono::steady_clock::now() < patience) {
      std::this_thread::yield();
    }
  };
  ASSERT_THAT(runner->start(sample::checkout, fixture.order(), fixture.request()), IsOk());
  fixture.clock.advance(3s);  // the timer of the reserve is over: another has to be armed
  std::thread visitor([&] { EXPECT_TRUE(connection.release_late()); });
  while (!held) std::this_thread::yield();
  runner.reset();
  EXPECT_EQ(fixture.executor.waiting(), 0u);
  visitor.join();
}

}  // namespace
}  // namespace invsaga::runner_tests
