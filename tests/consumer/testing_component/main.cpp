// SPDX-License-Identifier: Apache-2.0
//
// A store bound to the conformance suite of an installed testing kit, as the author of one would.

#include <gtest/gtest.h>

#include <invsaga/memory.hpp>
#include <invsaga/testing/stock_model.hpp>
#include <invsaga/testing/store_conformance.hpp>

namespace {

using namespace invsaga;
using namespace invsaga::testing;

struct Harness {
  explicit Harness(const StoreLimits& limits) : backend(MemoryLimits{.store = limits}) {}
  MemoryBackend<>& store() { return backend; }
  void advance_to(Time now) { backend.advance_to(now); }
  MemoryBackend<> backend;
};
INVSAGA_TEST_RESERVATION_STORE(Installed, Harness);

TEST(TestingComponent, LinksTheModel) {
  StockModel model{StoreLimits{}};
  model.advance_to(time_from_ms(1));
  EXPECT_EQ(model.now(), time_from_ms(1));
  EXPECT_EQ(model.stock(Row{0}), StockCounters{});
}

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
