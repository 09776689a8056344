// SPDX-License-Identifier: Apache-2.0
//
// The program of the README. One order is placed; the other's payment is refused, so that its stock
// comes back.
#include <array>
#include <chrono>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>

#include <invsaga/keeper.hpp>
#include <invsaga/memory.hpp>
#include <invsaga/memory_bus.hpp>
#include <invsaga/relay.hpp>
#include <invsaga/saga_runner.hpp>

using namespace invsaga;
using namespace std::chrono_literals;

struct Order {
  static constexpr std::string_view invsaga_schema = "shop.order.1";  // it is kept with its run
  std::string number;
  Line line;
  std::int64_t cents = 0;
};
struct Shop {
  std::set<CallId> charged;  // one charge an id, however often it is asked for
};

OwnedReserve hold(const StepContext& step, const Order& order) {
  return step.reserve({order.line}, 15min);
}
Release give_back(const Reserved& reserved) { return release(reserved); }
result<std::int64_t> charge(Shop& shop, const StepContext& step, const Order& order) {
  if (order.cents > 10'000) return refuse();
  shop.charged.insert(step.id);
  return order.cents;
}
result<void> refund(Shop& shop, const StepContext& step, const std::int64_t& /*cents*/) {
  shop.charged.erase(step.id);
  return success();
}
OwnedCommit sell(const Reserved& reserved) { return commit(reserved); }
result<void> send_mail(const Order& order) {
  std::printf("mail: %s is on its way\n", order.number.c_str());
  return success();
}

constexpr auto checkout = saga<Order, Shop>(
    "checkout", 1,  // name and version
    compensable<"reserve">(hold, give_back, {2s, standard}, {"STOCK_RESERVED"}),
    compensable<"pay">(charge, refund, {5s, until_known}, {"PAID", "PAYMENT_REFUSED"}),
    pivot<"commit">(sell, {2s, until_known}, {"STOCK_COMMITTED"}),
    retriable<"mail">(send_mail, {2s, until_done}));

int main() {
  SystemClock clock;
  LocalExecutor executor(clock);  // on this thread; a service takes a ThreadExecutor
  const Environment here{clock, executor};
  MemoryBackend<> backend;
  Keeper keeper(backend, here);  // time, orphans, what may be forgotten
  MemoryBus bus(here);
  const auto print = [](const Event& event) -> result<Handling> {
    std::printf("  %s\n", event.type.c_str());
    return Handling::handled;
  };
  const Subscription printer = bus.subscribe("printer", {}, print).value();
  Relay relay(backend, bus, here);
  const Row mug = backend.intern("london", "mug").value();
  const std::array stock{Line{mug, 10}};
  const Time soon = clock.now() + 1h;
  const AdjustId opening = make_id<AdjustId>({"opening"});
  if (!backend.adjust({opening, AdjustReason::opening, soon, stock}) || !relay.start()) return 1;

  Shop shop;
  SagaRunner runner(backend, here, {.relay = &relay});
  runner.add(checkout, shop);
  if (!keeper.look_after(runner)) return 1;
  for (const Order& order : {Order{"A1", {mug, 2}, 1'250}, Order{"A2", {mug, 3}, 66'600}}) {
    StartRequest request;
    request.key = order.number;
    const RunId run = run_id(checkout.name(), request);  // known before the start
    if (!runner.start(checkout, order, request)) return 1;
    const RunOutcome outcome = runner.wait(run, clock.now() + 1min).value();
    while (bus.counts().pending > 0) executor.run_one();  // its events
    std::printf("%s: %s\n", order.number.c_str(), name(outcome.end).data());
  }
  runner.stop(clock.now() + 1min);
  const StockCounters mugs = backend.stock(mug).value();
  std::printf("mugs: %d on hand, %d sold; %zu charged\n", static_cast<int>(mugs.on_hand),
              static_cast<int>(mugs.sold), shop.charged.size());
}
