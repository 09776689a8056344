// SPDX-License-Identifier: Apache-2.0
//
// Idempotency: the button is clicked twice, and the reply gets lost. One order, one charge, one
// answer; and the id cannot be used for another order.
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
  const checkout::Order order{"A1", "12.5", {{mug, 2}}};
  const auto click = [&](const checkout::Order& what, const StartRequest& request) {
    const StartAnswer answer = runner.start(checkout::saga, what, request).value();
    std::printf("click: %s", name(answer.state).data());
    if (answer.outcome) std::printf(", the order is %s", name(answer.outcome->end).data());
    std::printf("\n");
  };
  const StartRequest request = checkout::request_for(order, clock.now() + 1h);
  click(order, request);
  click(order, request);  // the same id and the same content: the first answer again

  checkout::Order other = order;
  other.lines = {{mug, 1}};  // at the same price
  StartRequest reused = checkout::request_for(other, clock.now() + 1h);
  click(other, reused);  // the same id for something else: nothing is done, nothing is told

  const checkout::Order late{"A2", "12.5", {{mug, 2}}};
  const StartRequest never_sent = checkout::request_for(late, clock.now() + 1h);
  clock.sleep_until(clock.now() + 2h);
  backend.advance_to(clock.now());
  click(order, request);    // past its deadline, too: it was run, and that is all there is to say
  click(late, never_sent);  // what was not begun by its deadline is never run
  std::printf("charges: %zu, sold: %lld\n", shop.charges(),
              static_cast<long long>(backend.stock(mug).value().sold));
}
