// SPDX-License-Identifier: Apache-2.0
//
// The figures of an independent count over the real orders, where they stand beside the project.
// The outcomes are counted without sagas: nothing fails, so each order takes its stock at once or
// not.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "input_support.hpp"
#include "tools/orders_file.hpp"
#include "tools/stock_plan.hpp"

namespace invsaga::tools {
namespace {

const char* const real_orders = "../shared/data/online_retail_2010-12_to_2011-06.csv.xz";

class RealOrders : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(real_orders)) {
      GTEST_SKIP() << "NOT CHECKED: the real orders are not there: " << real_orders;
    }
    auto loaded = read_orders(real_orders);
    ASSERT_EQ(to_text(loaded.issues), "");
    orders_ = std::move(*loaded.value);
    auto planned = plan_stock(orders_, {}, {});
    ASSERT_EQ(to_text(planned.issues), "");
    plan_ = std::move(*planned.value);
  }

  Orders orders_;
  StockPlan plan_;
};

/// Adds the lines to the units of their SKUs, `sign` times.
void add(std::vector<std::int64_t>& units, std::span<const SkuLine> lines, int sign) {
  for (const SkuLine& line : lines) units[line.sku] += sign * line.qty;
}

/// Whether what the lines ask for, or give back, is there.
bool covers(const std::vector<std::int64_t>& units, std::span<const SkuLine> lines) {
  return std::all_of(lines.begin(), lines.end(),
                     [&](const SkuLine& line) { return units[line.sku] >= std::abs(line.qty); });
}

std::int64_t sum(const std::vector<std::int64_t>& units) {
  std::int64_t total = 0;
  for (const std::int64_t one : units) total += one;
  return total;
}

struct Counts {
  int completed = 0, out_of_stock = 0, charged = 0;
  int returns_accepted = 0, returns_refused = 0;
  int write_offs_accepted = 0, write_offs_refused = 0;
  std::int64_t on_hand = 0, kept_by_customers = 0;
};

/// One day after the other, as if every order were paid at once.
class PlainCount {
 public:
  PlainCount(const Orders& orders, const StockPlan& plan)
      : orders_(orders), plan_(plan), on_hand_(orders.skus.size()), sold_(orders.skus.size()) {
    add(on_hand_, plan.opening, 1);
  }

  Counts run() {
    for (const Invoice& invoice : orders_.invoices) {
      while (arrived_ < plan_.arrivals.size() && plan_.arrivals[arrived_].at <= invoice.time) {
        add(on_hand_, plan_.lines_of(plan_.arrivals[arrived_++]), 1);
      }
      handle(invoice);
    }
    EXPECT_EQ(arrived_, plan_.arrivals.size()) << "none is left for after the last invoice";
    counts_.on_hand = sum(on_hand_);
    counts_.kept_by_customers = sum(sold_);
    return counts_;
  }

 private:
  void handle(const Invoice& invoice) {
    const auto lines = orders_.lines_of(invoice);
    const bool a_return = invoice.kind == InvoiceKind::return_;
    const bool an_order = invoice.kind == InvoiceKind::order;
    const bool accepted = covers(a_return ? sold_ : on_hand_, lines);
    if (an_order) {
      ++(accepted ? counts_.completed : counts_.out_of_stock);
      counts_.charged += accepted && invoice.total > 0 ? 1 : 0;
    } else if (a_return) {
      ++(accepted ? counts_.returns_accepted : counts_.returns_refused);
    } else {
      ++(accepted ? counts_.write_offs_accepted : counts_.write_offs_refused);
    }
    if (!accepted) return;
    add(on_hand_, lines, invoice.kind == InvoiceKind::write_off ? 1 : -1);
    if (invoice.kind != InvoiceKind::write_off) add(sold_, lines, 1);
  }

  const Orders& orders_;
  const StockPlan& plan_;
  std::vector<std::int64_t> on_hand_;
  std::vector<std::int64_t> sold_;  // less returned
  std::size_t arrived_ = 0;
  Counts counts_;
};

TEST_F(RealOrders, AreReadWhole) {
  EXPECT_EQ(orders_.good_rows, 245'903U);
  EXPECT_EQ(orders_.bad_rows, 0U);
  EXPECT_EQ(orders_.order_count, 10'031U);
  EXPECT_EQ(orders_.return_count, 2'006U);
  EXPECT_EQ(orders_.write_off_count, 758U);
  EXPECT_EQ(orders_.skus.size(), 3'651U);
}

TEST_F(RealOrders, HaveTheTotalsAndTheLargestOrderThatTheyHave) {
  Int128 total = 0;
  std::uint32_t most_skus = 0;
  int nothing_to_pay = 0;
  for (const Invoice& invoice : orders_.invoices) {
    if (invoice.kind != InvoiceKind::order) continue;
    total += invoice.total;
    most_skus = std::max(most_skus, invoice.line_count);
    nothing_to_pay += invoice.total <= 0 ? 1 : 0;
  }
  EXPECT_EQ(decimal_text(total), "4826466.491");
  EXPECT_EQ(most_skus, 704U);
  EXPECT_EQ(nothing_to_pay, 372);
}

TEST_F(RealOrders, OpenAndRestockAtTheDefaults) {
  EXPECT_EQ(plan_.opening_units, 567'691);
  EXPECT_EQ(plan_.restocked_units, 2'481'611);
}

TEST_F(RealOrders, OpenAndRestockOtherwise) {
  const auto plan = plan_stock(orders_, {7, {}}, {10});
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan.value->opening_units, 280'417);
  EXPECT_EQ(plan.value->restocked_units, 2'413'068);
}

TEST_F(RealOrders, ComeOutAsAPlainCountSays) {
  const Counts counts = PlainCount{orders_, plan_}.run();
  EXPECT_EQ(counts.completed, 9'185);
  EXPECT_EQ(counts.out_of_stock, 846);
  EXPECT_EQ(counts.charged, 8'867);
  EXPECT_EQ(counts.returns_accepted, 1'846);
  EXPECT_EQ(counts.returns_refused, 160);
  EXPECT_EQ(counts.write_offs_accepted, 420);
  EXPECT_EQ(counts.write_offs_refused, 338);
  EXPECT_EQ(counts.on_hand, 1'191'357);
  EXPECT_EQ(counts.kept_by_customers, 1'940'828 - 102'191);
}

}  // namespace
}  // namespace invsaga::tools
