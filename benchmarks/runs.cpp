// SPDX-License-Identifier: Apache-2.0
//
// What a checkout without mishap costs on the memory backend, from `start` to its end, on one
// thread: time, allocations, bytes allocated, and bytes that stay (records, events, the answer).
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <invsaga/environment.hpp>
#include <invsaga/memory.hpp>
#include <invsaga/saga_runner.hpp>

#include "benchmarks/allocations.hpp"
#include "checkout/simple_shop.hpp"

namespace {

using namespace invsaga;
using benchmarks::allocated;
using benchmarks::allocations;
using benchmarks::kept;

constexpr Units plenty = 1'000'000'000;
constexpr int runs_of_a_backend = 5'000;

class StandingClock final : public Clock {
 public:
  [[nodiscard]] Time now() const noexcept override { return time_from_ms(1'700'000'000'000); }
  void sleep_until(Time) override {}
};

struct World {
  explicit World(std::size_t lines) {
    backend.advance_to(clock.now());
    std::vector<Line> stock;
    for (std::size_t i = 0; i < lines; ++i) {
      Line line{{}, plenty};
      line.row = backend.intern("", std::to_string(i)).value();
      stock.push_back(line);
      line.quantity = 1;
      order.lines.push_back(line);
    }
    const Time soon = clock.now() + Duration{3'600'000};
    ready = backend.adjust({AdjustId{0, 1}, AdjustReason::opening, soon, stock}).has_value();
    order.amount = "12.5";
    runner.add(checkout::saga, shop);
  }
  bool run(int number) {
    order.number = std::to_string(number);
    const Time deadline = clock.now() + Duration{3'600'000};
    const auto begun = runner.start(checkout::saga, order, checkout::request_for(order, deadline));
    return begun.has_value() && begun.assume_value().state == ClaimState::fresh;
  }

  StandingClock clock;
  LocalExecutor executor{clock};
  MemoryBackend<> backend;
  checkout::SimpleShop shop{false};
  SagaRunner<MemoryBackend<>> runner{backend, Environment{clock, executor}};
  checkout::Order order;
  bool ready = false;
};

void checkout_without_mishap(benchmark::State& state) {
  const auto lines = static_cast<std::size_t>(state.range(0));
  std::unique_ptr<World> world;
  std::uint64_t count = 0, bytes = 0;
  std::int64_t stays = 0;
  int number = runs_of_a_backend;
  for (auto _ : state) {
    if (number == runs_of_a_backend) {
      state.PauseTiming();
      world.reset();
      world = std::make_unique<World>(lines);
      if (!world->ready) return state.SkipWithError("no stock");
      number = 0;
      state.ResumeTiming();
    }
    const std::uint64_t count_before = allocations, bytes_before = allocated;
    const std::int64_t kept_before = kept;
    if (!world->run(++number)) return state.SkipWithError("not begun");
    count += allocations - count_before;
    bytes += allocated - bytes_before;
    stays += kept - kept_before;
  }
  if (world && world->backend.stock(Row{}).assume_value().sold != number) {
    return state.SkipWithError("not sold");
  }
  const auto runs = static_cast<double>(state.iterations());
  state.counters["allocations/run"] = static_cast<double>(count) / runs;
  state.counters["bytes/run"] = static_cast<double>(bytes) / runs;
  state.counters["kept_bytes/run"] = static_cast<double>(stays) / runs;
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(checkout_without_mishap)->Arg(1)->Arg(5)->ArgName("lines");

}  // namespace
