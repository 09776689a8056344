// SPDX-License-Identifier: Apache-2.0
//
// The program of the README. One order is placed; the other's payment is refused, so that its stock
// comes back.
#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <invsaga/memory.hpp>
#include <invsaga/saga_runner.hpp>

using namespace invsaga;
using namespace std::chrono_literals;

struct Order {
  Line line;
  std::int64_t cents;
};
struct Shop {
  std::map<std::string, Order> orders;
  std::set<CallId> charged;  // one charge an id, however often it is asked for
};

Reserve hold(const Shop& shop, const StepContext& step, const std::string& number) {
  return step.reserve({&shop.orders.at(number).line, 1}, 15min);
}
Release give_back(const Reserved& reserved) { return release(reserved); }
result<std::int64_t> charge(Shop& shop, const StepContext& step, const std::string& number) {
  const std::int64_t cents = shop.orders.at(number).cents;
  if (cents > 10'000) return refuse();
  shop.charged.insert(step.id);
  return cents;
}
result<void> refund(Shop& shop, const StepContext& step, const std::int64_t& /*cents*/) {
  shop.charged.erase(step.id);
  return success();
}
Commit sell(const Reserved& reserved) { return commit(reserved); }
result<void> send_mail(const std::string& number) {
  std::printf("mail: %s is on its way\n", number.c_str());
  return success();
}

constexpr auto checkout = saga<std::string, Shop>(
    "checkout", 1,  // name and version
    compensable<"reserve">(hold, give_back, {2s, standard}, {"STOCK_RESERVED"}),
    compensable<"pay">(charge, refund, {5s, until_known}, {"PAID", "PAYMENT_REFUSED"}),
    pivot<"commit">(sell, {2s, until_known}, {"STOCK_COMMITTED"}),
    retriable<"mail">(send_mail, {2s, until_done}));

int main() {
  SystemClock clock;
  LocalExecutor executor(clock);
  MemoryBackend<> backend;
  backend.advance_to(clock.now());  // a store reads no clock: it is told the time
  const Row mug = backend.intern("london", "mug").value();
  const std::array stock{Line{mug, 10}};
  const Time soon = clock.now() + 1h;
  if (!backend.adjust({make_id<AdjustId>({"opening"}), AdjustReason::opening, soon, stock}))
    return 1;

  Shop shop;
  shop.orders = {{"A1", {{mug, 2}, 1'250}}, {"A2", {{mug, 3}, 66'600}}};
  SagaRunner runner(backend, Environment{clock, executor});
  runner.add(checkout, shop);
  for (const auto& [number, order] : shop.orders) {
    StartRequest request;
    request.key = number;
    const RunId run = runner.start(checkout, number, request).value().run;
    const RunStatus status = runner.status(run).value();
    std::printf("%s: %s, %s\n", number.c_str(), name(status.status).data(),
                name(status.end.value()).data());
    const std::vector<RunRecord> records = runner.records(run).value();
    for (const RunRecord& record : records)
      for (const Event& event : record.events) std::printf("  %s\n", event.type.c_str());
  }
  const StockCounters mugs = backend.stock(mug).value();
  std::printf("mugs: %d on hand, %d sold; %zu charged\n", static_cast<int>(mugs.on_hand),
              static_cast<int>(mugs.sold), shop.charged.size());
}
