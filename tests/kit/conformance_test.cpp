// SPDX-License-Identifier: Apache-2.0
//
// The parts that the library brings, and the model of a backend, under the suites of their
// concepts. The memory backend (memory_conformance_test.cpp) and the one whose parts live apart
// (apart_conformance_test.cpp) are bound elsewhere.

#include <invsaga/reference/claim_table.hpp>
#include <invsaga/reference/ledger.hpp>
#include <invsaga/reference/run_table.hpp>
#include <invsaga/testing/backend_conformance.hpp>
#include <invsaga/testing/idempotency_conformance.hpp>
#include <invsaga/testing/saga_log_conformance.hpp>
#include <invsaga/testing/store_conformance.hpp>
#include <invsaga/testing/write_model.hpp>

namespace {

using namespace invsaga;
using namespace invsaga::testing;

struct LedgerHarness {
  explicit LedgerHarness(const StoreLimits& limits) : ledger(limits) {}
  Ledger& store() { return ledger; }
  void advance_to(Time now) { ledger.advance_to(now); }
  Ledger ledger;
};
INVSAGA_TEST_RESERVATION_STORE(Ledger, LedgerHarness);

struct ClaimTableHarness {
  explicit ClaimTableHarness(const Retention& wanted) : kept(wanted), table(wanted) {}
  ClaimTable& store() { return table; }
  void advance_to(Time now) { table.advance_to(now); }
  Retention retention() { return kept; }
  Retention kept;
  ClaimTable table;
};
INVSAGA_TEST_IDEMPOTENCY_STORE(ClaimTable, ClaimTableHarness);

struct RunTableHarness {
  RunTable& log() { return table; }
  RunTable table;
};
INVSAGA_TEST_SAGA_LOG(RunTable, RunTableHarness);

struct ModelHarness {
  explicit ModelHarness(const StoreLimits& limits) : model(limits) {}
  WriteModel& backend() { return model; }
  void advance_to(Time now) { model.advance_to(now); }
  StockCounters stock(Row row) { return model.stock(row).value(); }
  WriteModel model;
};
INVSAGA_TEST_BACKEND(Model, ModelHarness);

}  // namespace
