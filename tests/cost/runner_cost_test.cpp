// SPDX-License-Identifier: Apache-2.0
//
// What runs cost, by how many there are.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <invsaga/memory.hpp>
#include <invsaga/saga_runner.hpp>
#include <invsaga/testing/simulation.hpp>

#include "tests/cost/cost.hpp"
#include "tests/saga/sample_saga.hpp"

namespace invsaga {
namespace {

using cost::steps_of;
using Backend = MemoryBackend<>;

constexpr std::size_t few = 300;
/// A look at each of the others would be one step at least.
constexpr double looks_at_no_other = 0.5;
constexpr Time start = time_from_ms(1'000'000'000'000);
constexpr Duration day{24LL * 3600 * 1000};

StartRequest request_no(std::size_t i, bool claims) {
  StartRequest made;
  made.key = std::to_string(i);
  if (claims) made.request = request_key("tenant", "checkout", made.key);
  made.deadline = start + day;
  return made;
}

/// A process, its backend and the world around it.
struct World {
  World() {
    backend.advance_to(start);
    const Line stock[] = {{sample::the_row, 1'000'000}};
    EXPECT_TRUE(backend.adjust({AdjustId{7, 1}, AdjustReason::opening, start + day, stock}));
    restart();
  }
  void restart() {
    runner.reset();
    runner = std::make_unique<SagaRunner<Backend>>(backend, Environment{clock, executor, ++seed});
    runner->add(sample::checkout, shop);
  }
  RunId begin(std::size_t i) {
    const StartRequest request = request_no(i, claims);
    sample::Order order;
    order.number = request.key;
    EXPECT_TRUE(runner->start(sample::checkout, order, request));
    return run_id(sample::checkout.name(), request);
  }
  /// So many runs, which wait for their payment.
  void begin_waiting(std::size_t n) {
    shop.wait("charge", static_cast<int>(n));
    for (std::size_t i = 0; i < n; ++i) runs.push_back(begin(i));
    EXPECT_EQ(runner->runs(), n);
  }
  void pay(RunId run) {
    const auto paid = runner->complete(run, call_id(run, sample::pay_step),
                                       result<sample::Receipt>(sample::Receipt{7}));
    EXPECT_EQ(paid.value(), NewsAnswer::recorded);
  }
  void pass(Duration time) {
    backend.advance_to(clock.now() + time);
    executor.run_until(clock.now() + time);
  }

  testing::ManualClock clock{start};
  testing::SimulatedExecutor executor{clock};
  Backend backend;
  sample::Shop shop;
  std::unique_ptr<SagaRunner<Backend>> runner;
  std::vector<RunId> runs;
  std::uint64_t seed = 0;
  bool claims = true;
};

template <class Work>
std::uint64_t each(const std::vector<RunId>& runs, const Work& work) {
  return steps_of([&] {
    for (const RunId run : runs) work(run);
  });
}

TEST(RunnerCost, OfManyRuns) {
  const std::vector<cost::Row> table = {
      {"runner: n runs from start to end", few,
       [](std::size_t n) {
         World world;
         return steps_of([&] {
           for (std::size_t i = 0; i < n; ++i) world.begin(i);
         });
       }},
      {"runner: n runs without a request", few,
       [](std::size_t n) {
         World world;
         world.claims = false;
         return steps_of([&] {
           for (std::size_t i = 0; i < n; ++i) world.begin(i);
         });
       }},
      {"runner: start again, of n runs that have ended", few,
       [](std::size_t n) {
         World world;
         for (std::size_t i = 0; i < n; ++i) world.begin(i);
         return steps_of([&] {
           for (std::size_t i = 0; i < n; ++i) world.begin(i);
         });
       }},
      {"runner: n runs begin, and wait", few,
       [](std::size_t n) {
         World world;
         return steps_of([&] { world.begin_waiting(n); });
       }},
      {"runner: n runs from start to end, of n that wait", few,
       [](std::size_t n) {
         World world;
         world.begin_waiting(n);
         return steps_of([&] {
           for (std::size_t i = 0; i < n; ++i) world.begin(n + i);
         });
       }},
      {"runner: complete, of n that wait", few,
       [](std::size_t n) {
         World world;
         world.begin_waiting(n);
         return each(world.runs, [&](RunId run) { world.pay(run); });
       }},
      {"runner: cancel, of n that wait", few,
       [](std::size_t n) {
         World world;
         world.begin_waiting(n);
         return each(world.runs, [&](RunId run) { EXPECT_TRUE(world.runner->cancel(run, "no")); });
       }},
      {"runner: status, records, explain, of n that wait", few,
       [](std::size_t n) {
         World world;
         world.begin_waiting(n);
         return each(world.runs, [&](RunId run) {
           EXPECT_TRUE(world.runner->status(run));
           EXPECT_TRUE(world.runner->records(run));
           EXPECT_TRUE(world.runner->explain(run));
         });
       }},
      {"runner: resume, of n that are stuck", few,
       [](std::size_t n) {
         World world;
         world.shop.fail("clear", Error{Errc::corrupt}, static_cast<int>(n));
         for (std::size_t i = 0; i < n; ++i) world.runs.push_back(world.begin(i));
         EXPECT_EQ(world.runner->runs(), n);
         const auto steps = each(world.runs, [&](RunId run) {
           EXPECT_EQ(world.runner->resume(run).value(), NewsAnswer::recorded);
         });
         EXPECT_EQ(world.runner->runs(), 0u);
         return steps;
       }},
  };
  cost::judge(table, looks_at_no_other);
}

TEST(RunnerCost, OfTimeThatPasses) {
  const std::vector<cost::Row> table = {
      {"runner: alarms of n runs ring", few,
       [](std::size_t n) {
         World world;
         world.begin_waiting(n);
         const auto steps = steps_of([&] { world.pass(Duration{60'000}); });
         EXPECT_EQ(world.runner->runs(), 0u);
         return steps;
       }},
      {"runner: alarms of n runs, one after the other", few,
       [](std::size_t n) {
         World world;
         world.shop.wait("charge", static_cast<int>(n));
         for (std::size_t i = 0; i < n; ++i) {
           world.begin(i);
           world.pass(Duration{1});
         }
         const auto steps = steps_of([&] { world.pass(Duration{60'000}); });
         EXPECT_EQ(world.runner->runs(), 0u);
         return steps;
       }},
      {"runner: one run is tried n times", few,
       [](std::size_t n) {
         World world;
         world.shop.fail("charge", Error{Errc::unavailable}, static_cast<int>(n));
         world.begin(0);
         const auto steps = steps_of(
             [&] { world.pass(Duration{30'000} * static_cast<std::int64_t>(n + 9)); });
         EXPECT_EQ(world.runner->runs(), 0u);
         return steps;
       }},
      {"runner: it ends, with n that wait", few,
       [](std::size_t n) {
         World world;
         world.begin_waiting(n);
         return steps_of([&] { world.restart(); });
       }},
  };
  cost::judge(table, looks_at_no_other);
}

TEST(RunnerCost, OfRecovery) {
  const std::vector<cost::Row> table = {
      {"runner: recover n runs", few,
       [](std::size_t n) {
         World world;
         world.begin_waiting(n);
         world.restart();
         return steps_of([&] { EXPECT_EQ(world.runner->recover().taken, n); });
       }},
      {"runner: recover n times, of n runs that have ended", few,
       [](std::size_t n) {
         World world;
         for (std::size_t i = 0; i < n; ++i) world.begin(i);
         return steps_of([&] {
           for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(world.runner->recover().taken, 0u);
         });
       }},
      {"runner: recover again, n runs of its own", few,
       [](std::size_t n) {
         World world;
         world.begin_waiting(n);
         return steps_of([&] { EXPECT_EQ(world.runner->recover().left, n); });
       }},
  };
  cost::judge(table, looks_at_no_other);
}

TEST(RunnerCost, OfRunSync) {
  const std::vector<cost::Row> table = {
      {"run_sync, n times over an executor with n timers of others", few,
       [](std::size_t n) {
         World world;
         LocalExecutor executor{world.clock};
         const Task nothing{[](void*, std::uint64_t) noexcept {}};
         for (std::size_t i = 0; i < n; ++i) executor.post_at(start + day, nothing);
         return steps_of([&] {
           for (std::size_t i = 0; i < n; ++i) {
             sample::Order order;
             order.number = std::to_string(i);
             EXPECT_TRUE(run_sync(sample::checkout, order, world.shop, world.backend, world.clock,
                                  executor, request_no(i, true)));
           }
         });
       }},
  };
  cost::judge(table, looks_at_no_other);
}

}  // namespace
}  // namespace invsaga
