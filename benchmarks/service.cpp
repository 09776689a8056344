// SPDX-License-Identifier: Apache-2.0
//
// What a service is judged by: how many runs it does a second with all their events, on one thread
// and on many, and how long a stop takes under load. `bench_runs` says what a run takes of memory.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "checkout/simple_shop.hpp"
#include "tests/service/service_process.hpp"

namespace {

using namespace invsaga;
using namespace std::chrono_literals;
using service_tests::Process;

constexpr Units plenty = 1'000'000'000;

/// Opens the stock of one row; not set if that failed.
template <class Store>
std::optional<Row> stocked(Store& store, Time now) {
  store.advance_to(now);
  const auto row = store.intern("", "a");
  if (!row.has_value()) return std::nullopt;
  const std::array stock{Line{row.assume_value(), plenty}};
  const auto opened = store.adjust({AdjustId{0, 1}, AdjustReason::opening, now + 1h, stock});
  return opened.has_value() ? std::optional(row.assume_value()) : std::nullopt;
}

/// A checkout without mishap, from `start` until its five events are handled by way of outbox,
/// relay, bus and inbox.
void run_with_its_events(benchmark::State& state) {
  SystemClock clock;
  LocalExecutor executor(clock);
  const Environment here{clock, executor};
  MemoryBackend<> store;
  const auto row = stocked(store, clock.now());
  Inbox inbox(store, "consumer");
  std::uint64_t handled = 0;
  MemoryBus bus(here);
  const auto count = [&](const Event& /*event*/) -> result<void> {
    ++handled;
    return success();
  };
  const std::array<std::string_view, 0> all{};
  const auto subscription = bus.subscribe("consumer", all, inbox.handler(count));
  Relay relay(store, bus, here);
  if (!row || !subscription || !relay.start()) return state.SkipWithError("not set up");
  checkout::SimpleShop shop(false);
  SagaRunner<MemoryBackend<>> runner(store, here, {.relay = &relay});
  runner.add(checkout::saga, shop);
  checkout::Order order{"", "12.5", {{*row, 1}}};
  const Time deadline = clock.now() + 1h;
  std::uint64_t runs = 0;
  for (auto _ : state) {
    order.number = std::to_string(++runs);
    const auto begun = runner.start(checkout::saga, order, checkout::request_for(order, deadline));
    if (!begun.has_value()) return state.SkipWithError("not begun");
    while (handled < 5 * runs) executor.run_one();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(run_with_its_events)->Unit(benchmark::kMicrosecond);

/// The bookings of tests/service: 8 clients, 4 threads, a gateway that answers later.
class Load {
 public:
  explicit Load(service_tests::World& world) : row_(stocked(world.store, world.clock.now())) {
    door.open(std::make_unique<Process>(world));
    const Time deadline = world.clock.now() + 1h;
    for (int i = 0; i < 8 && row_; ++i) {
      clients_.emplace_back([this, deadline] {
        while (!over_) book(deadline);
      });
    }
  }
  ~Load() {
    over_ = true;
    for (std::thread& one : clients_) one.join();
    door.close();
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  [[nodiscard]] std::uint64_t begun() const { return begun_; }

  service_tests::Door door;

 private:
  void book(Time deadline) {
    service_tests::Booking booking;
    booking.number = std::to_string(next_++);
    booking.night = {*row_, 1};
    booking.cents = 5'000;
    const bool taken = door.enter([&](service_tests::Runner& runner) {
      if (runner.runs() > 2'000) return false;
      return runner
          .start(service_tests::booking_saga, booking,
                 service_tests::request_for(booking, deadline))
          .has_value();
    });
    if (taken) {
      ++begun_;
    } else {
      std::this_thread::sleep_for(1ms);
    }
  }
  std::optional<Row> row_;
  std::atomic<bool> over_{false};
  std::atomic<std::uint64_t> next_{0}, begun_{0};
  std::vector<std::thread> clients_;
};

/// The time is that of the stop.
void stop_under_load(benchmark::State& state) {
  std::size_t left = 0;
  std::uint64_t begun = 0;
  std::chrono::duration<double> under_load{}, slowest{};
  for (auto _ : state) {
    service_tests::World world;
    Load load(world);
    const auto began = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(300ms);
    const auto stops = std::chrono::steady_clock::now();
    const StopReport report = load.door.process().runner().stop(world.clock.now() + 1min);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - stops;
    if (!report.at_rest) return state.SkipWithError("not at rest");
    state.SetIterationTime(took.count());
    slowest = std::max(slowest, took);
    left += report.left;
    under_load += stops - began;
    begun += load.begun();
  }
  const auto stopped = static_cast<double>(state.iterations());
  state.counters["slowest_ms"] = slowest.count() * 1'000;
  state.counters["left"] = static_cast<double>(left) / stopped;
  state.counters["begun_a_second"] = static_cast<double>(begun) / under_load.count();
}
BENCHMARK(stop_under_load)->UseManualTime()->Iterations(20)->Unit(benchmark::kMillisecond);

}  // namespace
