// SPDX-License-Identifier: Apache-2.0
//
// One saga, two drivers: on the caller's thread, and by a runner whose payment answers later. Both
// leave the same records.
#include <array>

#include <invsaga/memory.hpp>
#include <invsaga/run_sync.hpp>
#include <invsaga/saga_runner.hpp>
#include <invsaga/testing/simulation.hpp>

#include "checkout/simple_shop.hpp"

using namespace invsaga;
using namespace std::chrono_literals;

namespace {

/// The gateway answers by a call of its own: the step says `pending`.
class LateShop : public checkout::SimpleShop {
 public:
  result<Reply<checkout::Receipt>> charge(const StepContext& step,
                                          const checkout::Order&) override {
    asked = {step.run, step.id};
    return Reply<checkout::Receipt>(pending);
  }
  std::pair<RunId, CallId> asked;
};

struct World {
  testing::ManualClock clock{time_from_ms(1'700'000'000'000)};
  LocalExecutor executor{clock};
  MemoryBackend<> backend;
  Row mug = backend.intern("london", "mug").value();
  World() {
    backend.advance_to(clock.now());
    static_cast<void>(backend.adjust({make_id<AdjustId>({"opening"}), AdjustReason::opening,
                                      clock.now() + 1h, std::array{Line{mug, 10}}}));
  }
};

/// A run's records without who wrote them.
std::vector<RunRecord> records_of(World& world, RunId run) {
  auto records = read_records(world.backend.read(run).value()).value();
  for (RunRecord& record : records) record.owner = {};
  return records;
}

}  // namespace

int main() {
  World sync;
  const checkout::Order order{"A1", "12.5", {{sync.mug, 2}}};
  std::printf("run_sync:\n");
  checkout::SimpleShop shop;
  const auto request = checkout::request_for(order, sync.clock.now() + 1h);
  const RunOutcome outcome = run_sync(checkout::saga, order, shop, sync.backend, sync.clock,
                                      sync.executor, request)
                                 .value();
  std::printf("the run is %s\n", name(outcome.end).data());

  World async;
  std::printf("SagaRunner:\n");
  LateShop late;
  SagaRunner runner(async.backend, Environment{async.clock, async.executor});
  runner.add(checkout::saga, late);
  const StartAnswer begun = runner.start(checkout::saga, order, request).value();
  std::printf("the order is %s\n", name(runner.status(begun.run).value().status).data());
  const result<checkout::Receipt> receipt = checkout::Receipt{order.amount};
  static_cast<void>(runner.complete(late.asked.first, late.asked.second, receipt));
  std::printf("the order is %s\n", name(runner.status(begun.run).value().status).data());

  const auto one = records_of(sync, outcome.run);
  const auto two = records_of(async, begun.run);
  for (const RunRecord& record : one) {
    for (const Event& event : record.events) std::printf("event %s\n", event.type.c_str());
  }
  std::printf("%zu records, %s\n", one.size(), one == two ? "identical" : "different");
}
