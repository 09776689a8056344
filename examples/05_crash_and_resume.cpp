// SPDX-License-Identifier: Apache-2.0
//
// The process dies after the charge was sent and before its answer was recorded. Another runner
// finds the intent, asks again with the same id, and finishes: one charge, one sale.
#include <array>
#include <optional>

#include <invsaga/memory.hpp>
#include <invsaga/saga_runner.hpp>
#include <invsaga/testing/simulation.hpp>

#include "checkout/simple_shop.hpp"

using namespace invsaga;
using namespace std::chrono_literals;

namespace {

/// The charge is made, and the answer never comes back.
class DyingShop : public checkout::SimpleShop {
 public:
  result<Reply<checkout::Receipt>> charge(const StepContext& step,
                                          const checkout::Order& order) override {
    const auto answer = checkout::SimpleShop::charge(step, order);
    if (alive) return answer;
    return Reply<checkout::Receipt>(pending);
  }
  bool alive = false;
};

}  // namespace

int main() {
  testing::ManualClock clock(time_from_ms(1'700'000'000'000));
  MemoryBackend<> backend;  // stands for what survives: the journal and Redis keep the same records
  backend.advance_to(clock.now());
  const Row mug = backend.intern("london", "mug").value();
  static_cast<void>(backend.adjust({make_id<AdjustId>({"opening"}), AdjustReason::opening,
                                    clock.now() + 1h, std::array{Line{mug, 10}}}));
  const checkout::Order order{"A1", "12.5", {{mug, 2}}};
  DyingShop shop;
  RunId run;
  {
    LocalExecutor executor(clock);
    SagaRunner first(backend, Environment{clock, executor});
    first.add(checkout::saga, shop);
    run = first.start(checkout::saga, order, checkout::request_for(order, clock.now() + 1h))
              .value()
              .run;
    std::printf("the process dies: %s, at \"%s\"\n", name(first.status(run).value().status).data(),
                first.status(run).value().step.c_str());
  }
  shop.alive = true;
  LocalExecutor executor(clock);
  SagaRunner second(backend, Environment{clock, executor});
  second.add(checkout::saga, shop);
  const RecoveryReport report = second.recover();
  std::printf("recovery: %zu taken over\n", report.taken);
  std::printf("the order is %s\n", name(second.status(run).value().status).data());
  const auto records = second.records(run).value();
  for (const RunRecord& record : records) {
    std::printf("  %s%s\n", name(record.kind).data(),
                record.kind == RecordKind::outcome || record.kind == RecordKind::intent
                    ? (" of step " + std::to_string(record.step)).c_str()
                    : "");
  }
  std::printf("charges: %zu, sold: %lld\n", shop.charges(),
              static_cast<long long>(backend.stock(mug).value().sold));
}
