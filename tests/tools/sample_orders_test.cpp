// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>

#include "input_support.hpp"
#include "tools/orders_file.hpp"
#include "tools/stock_plan.hpp"

namespace invsaga::tools {
namespace {

const char* const sample = "examples/data/sample_orders.csv";

Orders read_sample() {
  auto loaded = read_orders(sample);
  EXPECT_EQ(to_text(loaded.issues), "");
  return std::move(loaded.value).value();
}

TEST(SampleOrders, AreWhatTheScriptMakes) {
  if (std::system("python3 -c pass > /dev/null 2>&1") != 0) {
    GTEST_SKIP() << "NOT CHECKED: there is no python3 to run scripts/make_sample_orders.py";
  }
  const std::string check = std::string{"python3 scripts/make_sample_orders.py --check "} + sample;
  EXPECT_EQ(std::system(check.c_str()), 0);
}

TEST(SampleOrders, HoldEveryKindOfInvoice) {
  const Orders orders = read_sample();
  EXPECT_EQ(orders.good_rows, 1'593U);
  EXPECT_EQ(orders.order_count, 319U);
  EXPECT_EQ(orders.return_count, 35U);
  EXPECT_EQ(orders.write_off_count, 10U);
}

TEST(SampleOrders, HoldRowsToBeMergedAndOrdersOfNothingToPayAndOfLess) {
  const Orders orders = read_sample();
  EXPECT_LT(orders.lines.size(), orders.good_rows);
  std::set<std::string> totals;
  for (const Invoice& invoice : orders.invoices) totals.insert(decimal_text(invoice.total));
  EXPECT_TRUE(totals.contains("0"));
  EXPECT_TRUE(totals.contains("-31.5"));
}

TEST(SampleOrders, HoldSkusOfEverySort) {
  const Orders orders = read_sample();
  for (const std::string sku :
       {"MUG-01a", "MUG-01A", "TEA,GREEN", "GIFT BOX", "RULER 12\"", "CAFÉ-500"}) {
    EXPECT_TRUE(orders.skus.find(sku)) << sku;
  }
}

TEST(SampleOrders, OpenAndRestockAsAnIndependentCountSays) {
  Orders orders = read_sample();
  const auto plan = plan_stock(orders, {}, {});
  ASSERT_TRUE(plan.ok()) << to_text(plan.issues);
  EXPECT_EQ(plan.value->opening_units, 7'003);
  EXPECT_EQ(plan.value->restocked_units, 5'924);
}

}  // namespace
}  // namespace invsaga::tools
