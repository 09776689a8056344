// SPDX-License-Identifier: Apache-2.0
//
// A service that is stopped under load, or simply destroyed: nothing is called afterwards, what was
// answered is recorded, each end is told at most once, and the next process goes on.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/runner/runner_threads_fixture.hpp"

namespace invsaga::runner_threads_tests {
namespace {

class StopsOnThreads : public SagaRunnerThreads {
 protected:
  /// Clients that start runs until they are refused; the names of those that were begun.
  class Clients {
   public:
    Clients(StopsOnThreads& world, Runner& runner, int count) {
      for (int i = 0; i < count; ++i) {
        threads_.emplace_back([this, &world, &runner] {
          for (;;) {
            const std::string number = std::to_string(world.next_++);
            const auto begun = runner.start(checkout, order(number), world.request(number));
            if (!begun.has_value()) return;
            const std::lock_guard lock(mutex_);
            runs.push_back(begun.assume_value().run);
          }
        });
      }
    }
    void join() {
      for (std::thread& one : threads_) one.join();
    }
    std::vector<RunId> runs;

   private:
    std::mutex mutex_;
    std::vector<std::thread> threads_;
  };
  std::atomic<int> next_{0};
};

TEST_F(StopsOnThreads, UnderLoadNothingIsLostAndNothingIsCalledAfterwards) {
  constexpr int rounds = 10;
  stock_up(1'000'000);
  std::vector<RunId> all;
  for (int round = 0; round < rounds; ++round) {
    auto process = runner();
    process->recover();
    Clients clients(*this, *process, 3);
    std::this_thread::sleep_for(20ms);
    const StopReport report = process->stop(clock.now() + 60s);
    EXPECT_TRUE(report.at_rest);
    const std::size_t calls = shop.calls().size();
    const std::size_t told = ends.runs();
    clients.join();
    std::this_thread::sleep_for(5ms);
    EXPECT_EQ(shop.calls().size(), calls);
    EXPECT_EQ(ends.runs(), told);
    EXPECT_EQ(process->runs(), report.left);
    all.insert(all.end(), clients.runs.begin(), clients.runs.end());
  }
  auto last = runner();
  last->recover();
  ASSERT_TRUE(await_ends(all.size())) << ends.runs() << " of " << all.size();
  EXPECT_EQ(ends.repeats(), 0u);
  EXPECT_EQ(shop.times_called("charge"), all.size()) << "an answer was thrown away";
  check_sums(all, 1'000'000);
}

/// Both have no executor but the one whose tasks they run.
TEST_F(StopsOnThreads, TwoThreadsThatWaitByOneExecutorAreBothWoken) {
  LocalExecutor local(clock);
  Runner process(backend, Environment{clock, local});
  process.add(checkout, shop);
  std::atomic<bool> entered{false}, let_go{false};
  shop.script("place", [&](const StepContext& context) -> result<Reply<Receipt>> {
    entered = true;
    while (!let_go) std::this_thread::sleep_for(1ms);
    shop.took_effect("place", context.id);
    return Reply<Receipt>(Receipt{7});
  });
  std::thread client(
      [&] { EXPECT_THAT(process.start(checkout, order("1"), request("1")), IsOk()); });
  while (!entered) std::this_thread::sleep_for(1ms);
  std::atomic<int> stopped{0};
  const auto stop = [&] {
    EXPECT_TRUE(process.stop(clock.now() + 60s).at_rest);
    ++stopped;
  };
  std::thread first(stop), second(stop);
  std::this_thread::sleep_for(20ms);
  let_go = true;
  const Time patience = clock.now() + 30s;
  while (stopped < 2 && clock.now() < patience) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(stopped, 2) << "one took the other's wake-up";
  client.join();
  first.join();
  second.join();
}

/// The step is under way when its runner is destroyed.
TEST_F(StopsOnThreads, ADestroyedRunnerRecordsAndTellsWhatIsAnsweredWhileItWaits) {
  stock_up(10);
  for (const char* step : {"charge", "clear"}) {
    const std::string number = std::string("of ") + step;
    std::atomic<bool> entered{false};
    shop.script(step, [&](const StepContext& context) -> result<Reply<Receipt>> {
      entered = true;
      std::this_thread::sleep_for(30ms);
      shop.took_effect(step, context.id);
      return Reply<Receipt>(Receipt{7});
    });
    auto process = runner();
    const std::size_t told = ends.runs();
    shop.fail("place", Error{Errc::unavailable});  // from there on a task drives it
    ASSERT_THAT(process->start(checkout, order(number), request(number)), IsOk());
    while (!entered) std::this_thread::sleep_for(1ms);
    process.reset();
    const RunId run = run_id(checkout.name(), request(number));
    const auto records = testing::records_of(backend, run).value();
    const bool last = std::string(step) == "clear";
    ASSERT_FALSE(records.empty());
    EXPECT_EQ(records.back().kind, last ? RecordKind::ended : RecordKind::outcome);
    EXPECT_EQ(ends.runs(), told + (last ? 1 : 0));
    auto next = runner();
    next->recover();
    ASSERT_TRUE(await_ends(told + 1));
    EXPECT_EQ(shop.times_called(step), shop.effects(step));
  }
  EXPECT_EQ(ends.repeats(), 0u);
}

}  // namespace
}  // namespace invsaga::runner_threads_tests
