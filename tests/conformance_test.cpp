// SPDX-License-Identifier: Apache-2.0
#include <invsaga/ledger.hpp>
#include <invsaga/testing/store_conformance.hpp>

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

}  // namespace
