// SPDX-License-Identifier: Apache-2.0
//
// The backend whose parts live apart, and its parts, under the same suites. Its stock answers
// later, so it is bound through `Blocking`.
//
// timeout: 600

#include <invsaga/testing/apart_backend.hpp>
#include <invsaga/testing/backend_conformance.hpp>
#include <invsaga/testing/blocking.hpp>
#include <invsaga/testing/idempotency_conformance.hpp>
#include <invsaga/testing/outbox_conformance.hpp>
#include <invsaga/testing/saga_log_conformance.hpp>
#include <invsaga/testing/store_conformance.hpp>

namespace invsaga::testing {
namespace {

/// Parts with a clock of their own, and one process's lines to them.
struct ApartHarness {
  ApartHarness() = default;
  explicit ApartHarness(const StoreLimits& limits) : options(with(limits)) {}
  explicit ApartHarness(const Retention& kept) : options(with(kept)) {}

  ApartBackend& backend() { return lines; }
  Blocking<ApartStore>& store() { return blocking; }
  Faulty<ApartLog>& log() { return log_line; }
  ApartBackend& outbox() { return lines; }
  ApartBackend* small(std::size_t events) {
    options.outbox.max_events = events;
    few = std::make_unique<ApartParts>(clock, executor, options);
    few_lines = std::make_unique<ApartBackend>(*few);
    return few_lines.get();
  }
  void advance_to(Time now) { clock.advance_to(now); }
  StockCounters stock(Row row) { return lines.stock(row).value(); }
  bool drive() { return executor.step(); }
  Retention retention() { return options.retention; }

  static ApartOptions with(const StoreLimits& limits) {
    ApartOptions made;
    made.limits = limits;
    return made;
  }
  static ApartOptions with(const Retention& kept) {
    ApartOptions made;
    made.retention = kept;
    return made;
  }

  ApartOptions options;
  ManualClock clock{Time{}};
  SimulatedExecutor executor{clock};
  ApartParts parts{clock, executor, options};
  ApartBackend lines{parts};
  FaultPlan no_faults;
  Faulty<ApartLog> log_line{parts.log, no_faults};
  Blocking<ApartStore> blocking{parts.stock, [this] { return executor.step(); }};
  std::unique_ptr<ApartParts> few;
  std::unique_ptr<ApartBackend> few_lines;
};

/// The same with its requests in the place of the store.
struct ApartClaimsHarness : ApartHarness {
  using ApartHarness::ApartHarness;
  ApartBackend& store() { return lines; }
};

INVSAGA_TEST_RESERVATION_STORE(Apart, ApartHarness);
INVSAGA_TEST_IDEMPOTENCY_STORE(Apart, ApartClaimsHarness);
INVSAGA_TEST_SAGA_LOG(Apart, ApartHarness);
INVSAGA_TEST_BACKEND(Apart, ApartHarness);
INVSAGA_TEST_OUTBOX(Apart, ApartHarness);

}  // namespace
}  // namespace invsaga::testing
