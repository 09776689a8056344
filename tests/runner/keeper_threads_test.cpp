// SPDX-License-Identifier: Apache-2.0
//
// A keeper by a clock that moves: time goes on whatever blocks, and anything may end first.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "invsaga/keeper.hpp"
#include "invsaga/relay.hpp"
#include "tests/runner/runner_threads_fixture.hpp"

namespace invsaga::runner_threads_tests {
namespace {

/// Holds the thread that runs it.
struct Blocks {
  std::atomic<bool> entered{false}, let_go{false};
  Task task() {
    return {[](void* self, std::uint64_t) noexcept {
              auto& blocks = *static_cast<Blocks*>(self);
              blocks.entered = true;
              while (!blocks.let_go) std::this_thread::sleep_for(1ms);
            },
            this, 0, nullptr};
  }
};

/// Until it holds, at most ten seconds.
template <class Holds>
bool comes(const Holds& holds) {
  for (int i = 0; i < 10'000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

TEST(KeeperOnThreads, TimePassesInAStoreWithoutAClockThoughTheExecutorIsBlocked) {
  SystemClock clock;
  ThreadExecutor executor(clock, 1);
  MemoryBackend<> backend;
  EXPECT_THAT(backend.claim({RequestKey{1, 1}, {}, clock.now() + 1s, clock.now() + 1s}),
              testing::ErrorIs(Errc::clock_not_set));
  const Keeper keeper(backend, Environment{clock, executor});
  const Line one[] = {{sample::the_row, 1}};
  testing::name_rows(backend, one);
  ASSERT_THAT(backend.adjust({{7, 7}, AdjustReason::opening, clock.now() + 1h, one}),
              testing::IsAdjusted());
  Blocks blocks;
  executor.post(blocks.task());
  ASSERT_TRUE(comes([&] { return blocks.entered.load(); }));
  ASSERT_THAT(backend.reserve({{1, 1}, clock.now() + 2s, one}), testing::IsReserved());
  ASSERT_THAT(backend.reserve({{1, 2}, clock.now() + 1h, one}), testing::IsOutOfStock());
  EXPECT_TRUE(comes([&] { return !backend.next_expiry(); })) << "nobody expires it";
  EXPECT_THAT(backend.reserve({{1, 3}, clock.now() + 1h, one}), testing::IsReserved());
  blocks.let_go = true;
}

void stock_up(MemoryBackend<>& backend, Units units) {
  const Line lines[] = {{sample::the_row, units}};
  testing::name_rows(backend, lines);
  ASSERT_THAT(backend.adjust({{7, 7}, AdjustReason::opening, backend.now() + 1h, lines}),
              testing::IsAdjusted());
}

struct NoBus {
  std::atomic<std::uint64_t> published{0};
  void publish(std::span<const Event>, Completion<void> done) noexcept {
    ++published;
    done(success());
  }
  result<Subscription> subscribe(std::string_view, std::span<const std::string_view>,
                                 EventHandler) {
    return Subscription{};
  }
  result<void> leave(std::string_view) { return success(); }
};

TEST(KeeperOnThreads, WhateverEndsFirstNothingIsTouchedAfterItsEnd) {
  for (int round = 0; round < 60; ++round) {
    SystemClock clock;
    Shop shop;
    NoBus bus;
    MemoryBackend<> backend;
    ThreadExecutor executor(clock, 2);
    const Environment environment{clock, executor};
    KeeperOptions options;
    options.tick = options.pace = Duration{1};
    options.orphaned_after = Duration{2};
    options.keep = Duration{0};
    std::optional<Keeper> keeper(std::in_place, backend, environment, options);
    stock_up(backend, 1'000);
    std::optional<Relay> relay(std::in_place, backend, bus, environment);
    ASSERT_THAT(relay->start(), testing::IsOk());
    RunnerOptions runner_options;
    runner_options.relay = &*relay;
    std::optional<SagaRunner<MemoryBackend<>>> runner(std::in_place, backend, environment,
                                                      runner_options);
    runner->add(checkout, shop);
    EXPECT_THAT(keeper->look_after(*runner), testing::IsOk());
    EXPECT_THAT(keeper->look_after(*relay), testing::IsOk());
    std::thread client([&] {
      for (int i = 0; i < 20; ++i) {
        StartRequest request;
        request.key = std::to_string(i);
        ASSERT_THAT(runner->start(checkout, order(request.key), request), testing::IsOk());
      }
    });
    if (round % 4 == 1) relay.reset();
    if (round % 4 == 2) keeper.reset();
    client.join();
    if (round % 4 == 3) runner.reset();
    std::this_thread::sleep_for(2ms);
    if (round % 2 == 0) relay.reset();
    if (round % 3 == 0) keeper.reset();
    runner.reset();
    keeper.reset();
    relay.reset();
  }
}

/// Goes with the last of what it is in, and wants the keeper then.
struct Wants {
  const Keeper& keeper;
  std::atomic<int>& in_vain;
  ~Wants() {
    auto counts = std::make_shared<std::packaged_task<KeeperCounts()>>(
        [&keeper = keeper] { return keeper.counts(); });
    const auto counted = counts->get_future().share();
    std::thread other([counts] { (*counts)(); });
    if (counted.wait_for(10s) == std::future_status::ready) {
      other.join();
      return;
    }
    ++in_vain;
    other.detach();
  }
};

/// Whoever of the keeper's has it in hand just then.
TEST(KeeperOnThreads, TheLastOfARunnerIsLetGoOfUnderNoLock) {
  SystemClock clock;
  Shop shop;
  MemoryBackend<> backend;
  ThreadExecutor executor(clock, 1);
  const Environment environment{clock, executor};
  KeeperOptions options;
  options.pace = Duration{1};
  Keeper keeper(backend, environment, options);
  std::atomic<int> in_vain{0};
  std::atomic<bool> over{false};
  std::thread ticks([&] {
    while (!over) keeper.tick();
  });
  for (int round = 0; round < 200 && in_vain == 0; ++round) {
    std::vector<std::unique_ptr<SagaRunner<MemoryBackend<>>>> runners;
    for (int i = 0; i < 32; ++i) {
      runners.push_back(std::make_unique<SagaRunner<MemoryBackend<>>>(backend, environment));
      const auto wants = std::shared_ptr<Wants>(new Wants{keeper, in_vain});
      const auto want = [wants](Shop&, const StepContext&, const Order&) -> result<void> {
        return success();
      };
      runners.back()->add(saga<Order, Shop>("wants", 1, look<"want">(want, {1s, quick})), shop);
      ASSERT_THAT(keeper.look_after(*runners.back()), testing::IsOk());
    }
    while (!runners.empty()) runners.pop_back();
  }
  over = true;
  ticks.join();
  EXPECT_EQ(in_vain, 0);
}

TEST(KeeperOnThreads, AServiceForgetsWhatIsOverAndTellsWhatIsDecided) {
  constexpr int orders = 200;
  SystemClock clock;
  Shop shop;
  NoBus bus;
  MemoryLimits limits;
  limits.runs.max_runs = orders / 2;
  limits.store.grace = Duration{0};
  MemoryBackend<> backend(limits);
  ThreadExecutor executor(clock, 2);
  const Environment environment{clock, executor};
  KeeperOptions options;
  options.pace = Duration{5};
  Keeper keeper(backend, environment, options);
  stock_up(backend, orders);
  Relay relay(backend, bus, environment);
  ASSERT_THAT(relay.start(), testing::IsOk());
  RunnerOptions runner_options;
  runner_options.relay = &relay;
  SagaRunner<MemoryBackend<>> runner(backend, environment, runner_options);
  runner.add(sample::checkout, shop);
  EXPECT_THAT(keeper.look_after(runner), testing::IsOk());
  for (int i = 0; i < orders; ++i) {
    StartRequest request;
    request.key = std::to_string(i);
    Order made = order(request.key);
    made.hold = 20ms;
    const auto starts = [&] { return runner.start(sample::checkout, made, request).has_value(); };
    EXPECT_TRUE(comes(starts)) << i;
  }
  EXPECT_TRUE(comes([&] { return runner.runs() == 0; }));
  EXPECT_GE(keeper.counts().forgotten, static_cast<std::uint64_t>(orders / 2));
  EXPECT_GE(bus.published, static_cast<std::uint64_t>(orders));
}

}  // namespace
}  // namespace invsaga::runner_threads_tests
