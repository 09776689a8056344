// SPDX-License-Identifier: Apache-2.0
//
// What runs cost, by how many there are.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <invsaga/memory.hpp>
#include <invsaga/run_sync.hpp>
#include <invsaga/saga_runner.hpp>
#include <invsaga/testing/simulation.hpp>
#include <invsaga/testing/store_under_test.hpp>

#include "tests/cost/cost.hpp"
#include "tests/saga/sample_saga.hpp"

namespace invsaga {
namespace {

using cost::row_of;
using cost::row_of_each;
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
  made.fingerprint = fingerprint(as_bytes(made.key));
  made.deadline = start + day;
  return made;
}

/// A process, its backend and the world around it.
struct World {
  explicit World(std::size_t) {
    backend.advance_to(start);
    const Line stock[] = {{sample::the_row, 1'000'000}};
    testing::name_rows(backend, stock);
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

struct WithoutRequests : World {
  explicit WithoutRequests(std::size_t n) : World(n) { claims = false; }
};
struct Ended : World {
  explicit Ended(std::size_t n) : World(n) {
    for (std::size_t i = 0; i < n; ++i) begin(i);
  }
};
struct Waiting : World {
  explicit Waiting(std::size_t n) : World(n) { begin_waiting(n); }
};
/// One after the other: no two are due at the same time.
struct WaitingInTurn : World {
  explicit WaitingInTurn(std::size_t n) : World(n) {
    shop.wait("charge", static_cast<int>(n));
    for (std::size_t i = 0; i < n; ++i) {
      begin(i);
      pass(Duration{1});
    }
  }
};
/// Another process than the one that began them.
struct LeftBehind : Waiting {
  explicit LeftBehind(std::size_t n) : Waiting(n) { restart(); }
};
struct Stuck : World {
  explicit Stuck(std::size_t n) : World(n) {
    shop.fail("clear", Error{Errc::corrupt}, static_cast<int>(n));
    for (std::size_t i = 0; i < n; ++i) runs.push_back(begin(i));
    EXPECT_EQ(runner->status(runs.back()).value().end, RunEnd::stuck);
  }
};
/// One run, whose payment fails `n` times.
struct Failing : World {
  explicit Failing(std::size_t n) : World(n) {
    shop.fail("charge", Error{Errc::unavailable}, static_cast<int>(n));
    begin(0);
  }
};
/// An executor with `n` timers of others.
struct Timed : World {
  explicit Timed(std::size_t n) : World(n) {
    const Task nothing{[](void*, std::uint64_t) noexcept {}};
    for (std::size_t i = 0; i < n; ++i) local.post_at(start + day, nothing);
  }
  LocalExecutor local{clock};
};

/// Until the alarms of all have rung, and they have ended.
void pass_a_minute(World& world, std::size_t) {
  world.pass(Duration{60'000});
  EXPECT_EQ(world.runner->runs(), 0u);
}

TEST(RunnerCost, OfManyRuns) {
  const auto begin = [](World& world, std::size_t i) { world.begin(i); };
  const std::vector<cost::Row> table = {
      row_of_each<World>("runner: n runs from start to end", few, begin),
      row_of_each<WithoutRequests>("runner: n runs without a request", few, begin),
      row_of_each<Ended>("runner: start again, of n runs that have ended", few, begin),
      row_of<World>("runner: n runs begin, and wait", few,
                    [](World& world, std::size_t n) { world.begin_waiting(n); }),
      row_of<Waiting>("runner: n runs from start to end, of n that wait", few,
                      [](Waiting& world, std::size_t n) {
                        for (std::size_t i = n; i < 2 * n; ++i) world.begin(i);
                      }),
      row_of_each<Waiting>("runner: complete, of n that wait", few,
                           [](Waiting& world, std::size_t i) { world.pay(world.runs[i]); }),
      row_of_each<Waiting>("runner: cancel, of n that wait", few,
                           [](Waiting& world, std::size_t i) {
                             EXPECT_TRUE(world.runner->cancel(world.runs[i], "no"));
                           }),
      row_of_each<Waiting>("runner: status, records, explain, of n that wait", few,
                           [](Waiting& world, std::size_t i) {
                             EXPECT_TRUE(world.runner->status(world.runs[i]));
                             EXPECT_TRUE(world.runner->records(world.runs[i]));
                             EXPECT_TRUE(world.runner->explain(world.runs[i]));
                           }),
      row_of<Stuck>("runner: resume, of n that are stuck", few,
                    [](Stuck& world, std::size_t) {
                      for (const RunId run : world.runs) {
                        EXPECT_EQ(world.runner->resume(run).value(), NewsAnswer::recorded);
                      }
                      EXPECT_EQ(world.runner->runs(), 0u);
                    }),
  };
  cost::judge(table, looks_at_no_other);
}

TEST(RunnerCost, OfTimeThatPasses) {
  const std::vector<cost::Row> table = {
      row_of<Waiting>("runner: alarms of n runs ring", few, pass_a_minute),
      row_of<WaitingInTurn>("runner: alarms of n runs, one after the other", few, pass_a_minute),
      row_of<Failing>("runner: one run is tried n times", few,
                      [](Failing& world, std::size_t n) {
                        world.pass(Duration{30'000} * static_cast<std::int64_t>(n + 9));
                        EXPECT_EQ(world.runner->runs(), 0u);
                      }),
      row_of<Waiting>("runner: it ends, with n that wait", few,
                      [](Waiting& world, std::size_t) { world.restart(); }),
  };
  cost::judge(table, looks_at_no_other);
}

TEST(RunnerCost, OfRecovery) {
  const std::vector<cost::Row> table = {
      row_of<LeftBehind>(
          "runner: recover n runs", few,
          [](LeftBehind& world, std::size_t n) { EXPECT_EQ(world.runner->recover().taken, n); }),
      row_of_each<Ended>(
          "runner: recover n times, of n runs that have ended", few,
          [](Ended& world, std::size_t) { EXPECT_EQ(world.runner->recover().taken, 0u); }),
      row_of<Waiting>(
          "runner: recover again, n runs of its own", few,
          [](Waiting& world, std::size_t n) { EXPECT_EQ(world.runner->recover().left, n); }),
  };
  cost::judge(table, looks_at_no_other);
}

TEST(RunnerCost, OfRunSync) {
  const std::vector<cost::Row> table = {
      row_of_each<Timed>("run_sync, n times over an executor with n timers of others", few,
                         [](Timed& world, std::size_t i) {
                           sample::Order order;
                           order.number = std::to_string(i);
                           EXPECT_TRUE(run_sync(sample::checkout, order, world.shop, world.backend,
                                                world.clock, world.local, request_no(i, true)));
                         }),
  };
  cost::judge(table, looks_at_no_other);
}

}  // namespace
}  // namespace invsaga
