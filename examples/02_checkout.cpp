// SPDX-License-Identifier: Apache-2.0
//
// The checkout saga: one order is placed; the other's payment is refused, so that its stock comes
// back, and `explain` says why.
#include <array>

#include <invsaga/memory.hpp>
#include <invsaga/saga_runner.hpp>
#include <invsaga/testing/simulation.hpp>

#include "checkout/simple_shop.hpp"

using namespace invsaga;
using namespace std::chrono_literals;

int main() {
  testing::ManualClock clock(time_from_ms(1'700'000'000'000));
  LocalExecutor executor(clock);
  MemoryBackend<> backend;
  backend.advance_to(clock.now());
  const Row mug = backend.intern("london", "mug").value();
  static_cast<void>(backend.adjust({make_id<AdjustId>({"opening"}), AdjustReason::opening,
                                    clock.now() + 1h, std::array{Line{mug, 10}}}));

  checkout::SimpleShop shop;
  SagaRunner runner(backend, Environment{clock, executor});
  runner.add(checkout::saga, shop);
  for (const checkout::Order& order :
       {checkout::Order{"A1", "12.5", {{mug, 2}}}, checkout::Order{"A2", "666", {{mug, 3}}}}) {
    std::printf("order %s\n", order.number.c_str());
    const auto begun = runner.start(checkout::saga, order,
                                    checkout::request_for(order, clock.now() + 1h));
    std::printf("%s\n", runner.explain(begun.value().run).value().c_str());
  }
  const StockCounters mugs = backend.stock(mug).value();
  std::printf("mugs: on hand %lld, reserved %lld, sold %lld\n",
              static_cast<long long>(mugs.on_hand), static_cast<long long>(mugs.reserved),
              static_cast<long long>(mugs.sold));
}
