// SPDX-License-Identifier: Apache-2.0
#include <invsaga/ledger.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/model_check.hpp>

namespace invsaga::testing {
namespace {

struct LedgerHarness {
  explicit LedgerHarness(const StoreLimits& limits) : ledger(limits) {}
  Ledger& store() { return ledger; }
  void advance_to(Time now) { ledger.advance_to(now); }
  Ledger ledger;
};
TEST(M, Random) {
  WorkShape shape;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    ASSERT_EQ(find_divergence<LedgerHarness>(seed, 150, shape), "");
  }
}
}  // namespace
}  // namespace invsaga::testing
