// SPDX-License-Identifier: Apache-2.0
#include "tools/orders_file.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "input_support.hpp"
#include "tools/timestamp.hpp"

namespace invsaga::tools {
namespace {

using Texts = std::vector<std::string>;
using Units = std::vector<std::pair<std::string, std::int64_t>>;

const std::string good_row = "1,a,1,2010-12-01 08:26:00,1,\n";

Loaded<Orders> read(const std::string& bytes, ReadOptions options = {}) {
  return read_orders_bytes(bytes, "f.csv", options);
}

Loaded<Orders> read_rows(const std::string& rows, ReadOptions options = {}) {
  return read(orders_header + rows, options);
}

/// The orders of a file that is good.
Orders good(const std::string& bytes) {
  Loaded<Orders> loaded = read(bytes);
  EXPECT_EQ(to_text(loaded.issues), "");
  EXPECT_TRUE(loaded.ok());
  return std::move(loaded.value).value();
}

Orders good_rows(const std::string& rows) { return good(orders_header + rows); }

/// Why a file with one row of these six values is refused.
Texts refusal(const std::string& row) {
  const Loaded<Orders> loaded = read_rows(good_row + row + '\n');
  EXPECT_FALSE(loaded.ok());
  return texts(loaded.issues);
}

Units units(const Orders& orders, const Invoice& invoice) {
  Units out;
  for (const SkuLine& line : orders.lines_of(invoice)) {
    out.emplace_back(orders.skus[line.sku], line.qty);
  }
  return out;
}

Texts numbers(const Orders& orders) {
  Texts out;
  for (const Invoice& invoice : orders.invoices) out.emplace_back(invoice.number);
  return out;
}

std::string row(const std::string& invoice, const std::string& sku, std::int64_t qty,
                const std::string& time = "2010-12-01 08:26", const std::string& price = "1") {
  return invoice + ',' + sku + ',' + std::to_string(qty) + ',' + time + ',' + price + ",\n";
}

// What a good file says.

TEST(OrdersFile, FindsItsColumnsByNameInAnyOrder) {
  const Orders orders = good(
      "price,customer,time,qty,sku,invoice\r\n"
      "2.55,17850,2010-12-01T08:26,6,85123A,536365\r\n");
  ASSERT_EQ(orders.invoices.size(), 1U);
  const Invoice& invoice = orders.invoices[0];
  EXPECT_EQ(invoice.number, "536365");
  EXPECT_EQ(invoice.customer, "17850");
  EXPECT_EQ(invoice.time, parse_time("2010-12-01 08:26").value);
  EXPECT_EQ(invoice.kind, InvoiceKind::order);
  EXPECT_EQ(decimal_text(invoice.total), "15.3");
  EXPECT_EQ(units(orders, invoice), (Units{{"85123A", 6}}));
  EXPECT_EQ(orders.file, "f.csv");
}

TEST(OrdersFile, AllRowsOfANumberAreOneInvoiceWhereverTheyStand) {
  const Orders orders = good_rows(row("1", "a", 1) + row("2", "a", 5) + row("1", "b", 2) +
                                  row("2", "b", 6) + row("1", "a", 3));
  EXPECT_EQ(numbers(orders), (Texts{"1", "2"}));
  EXPECT_EQ(units(orders, orders.invoices[0]), (Units{{"a", 4}, {"b", 2}}));
  EXPECT_EQ(units(orders, orders.invoices[1]), (Units{{"a", 5}, {"b", 6}}));
  EXPECT_EQ(orders.good_rows, 5U);
}

TEST(OrdersFile, TimeAndCustomerAreThoseOfTheFirstRow) {
  const Orders orders = good_rows(
      "1,a,1,2010-12-02 00:00,1,ann\n"
      "2,a,1,2010-12-03 00:00,1,bob\n"
      "1,b,1,2010-12-04 00:00,1,cid\n"
      "2,b,1,2010-12-01 00:00,1,\n");
  EXPECT_EQ(numbers(orders), (Texts{"1", "2"}));
  EXPECT_EQ(orders.invoices[0].time, parse_time("2010-12-02 00:00").value);
  EXPECT_EQ(orders.invoices[0].customer, "ann");
  EXPECT_EQ(orders.invoices[1].customer, "bob");
}

TEST(OrdersFile, InvoicesComeByTimeAndTiesInTheOrderOfTheFile) {
  const Orders orders = good_rows(
      row("z", "a", 1, "2010-12-02 00:00") + row("m", "b", 2, "2010-12-01 10:00:01") +
      row("y", "c", 3, "2010-12-02 00:00:00") + row("a", "d", 4, "2010-12-01 10:00") +
      row("b", "e", 5, "2010-12-02T00:00"));
  EXPECT_EQ(numbers(orders), (Texts{"a", "m", "z", "y", "b"}));
  EXPECT_EQ(units(orders, orders.invoices[0]), (Units{{"d", 4}}));
  EXPECT_EQ(units(orders, orders.invoices[4]), (Units{{"e", 5}}));
}

TEST(OrdersFile, ManyInvoicesOfOneInstantKeepTheOrderOfTheFile) {
  std::string rows;
  Texts expected;
  for (int i = 0; i < 1'000; ++i) {
    expected.push_back(std::to_string(i * 7'919 % 1'000));
    rows += row(expected.back(), "a", 1);
  }
  EXPECT_EQ(numbers(good_rows(rows)), expected);
}

TEST(OrdersFile, KindsAreTakenFromTheNumberThenFromTheSign) {
  const Orders orders = good_rows(row("C1", "a", -1) + row("1", "a", 1) + row("2", "a", -1) +
                                  row("c1", "a", 1) + row("C", "a", -1) + row("xC", "a", -1));
  std::vector<InvoiceKind> kinds;
  for (const Invoice& invoice : orders.invoices) kinds.push_back(invoice.kind);
  using enum InvoiceKind;
  EXPECT_EQ(kinds, (std::vector{return_, order, write_off, order, return_, write_off}));
  EXPECT_EQ(orders.order_count, 2U);
  EXPECT_EQ(orders.return_count, 2U);
  EXPECT_EQ(orders.write_off_count, 2U);
}

TEST(OrdersFile, ComparesTextByteByByte) {
  const Orders orders = good_rows(row("1", "85123a", 1) + row("1", "85123A", 2) +
                                  row("1", " 85123A", 4) + row("1", "gift  box", 8) +
                                  row("1", "\"85123A\"", 16) + row("1", "\"a,\"\"b\"\"\"", 32));
  EXPECT_EQ(
      units(orders, orders.invoices[0]),
      (Units{{"85123a", 1}, {"85123A", 18}, {" 85123A", 4}, {"gift  box", 8}, {"a,\"b\"", 32}}));
}

TEST(OrdersFile, TotalsAreExactAndMayBeZeroOrLess) {
  const Orders orders = good_rows(
      row("1", "a", 3, "2010-12-01 08:00", "0.0001") + row("1", "a", 2, "2010-12-01 08:00", "0.1") +
      row("2", "a", 1, "2010-12-01 08:01", "-11062.06") +
      row("3", "a", 7, "2010-12-01 08:02", "0") +
      row("4", "a", 2'147'483'647, "2010-12-01 08:03", "999999999.9999"));
  Texts totals;
  for (const Invoice& invoice : orders.invoices) totals.push_back(decimal_text(invoice.total));
  EXPECT_EQ(totals, (Texts{"0.2003", "-11062.06", "0", "2147483646999785251.6353"}));
}

TEST(OrdersFile, ATotalPast64BitsIsExact) {
  std::string rows;
  for (int i = 0; i < 4; ++i) {
    rows += row("1", std::to_string(i), 2'147'483'647, "2010-12-01 08:00", "-999999999.9999");
  }
  EXPECT_EQ(decimal_text(good_rows(rows).invoices[0].total), "-8589934587999141006.5412");
}

TEST(OrdersFile, OneFileReadsTheSamePlainPackedAndMarked) {
  const std::string text = orders_header + good_row + row("2", "b", -3);
  const TemporaryFile file{packed(text)};
  const Loaded<Orders> loaded = read_orders(file.path());
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.value->file, file.path());
  for (const Orders& orders : {good(text), good(packed(text)), good("\xEF\xBB\xBF" + text)}) {
    EXPECT_EQ(numbers(orders), numbers(*loaded.value));
    EXPECT_EQ(orders.lines, loaded.value->lines);
  }
}

TEST(OrdersFile, MovesKeepTheViewsGood) {
  Orders orders = good_rows(row("1", "a", 1) + row("2", "b", 2));
  const Invoice invoice = orders.invoices[1];
  const Orders moved = std::move(orders);
  EXPECT_EQ(invoice.number, "2");
  EXPECT_EQ(units(moved, moved.invoices[1]), (Units{{"b", 2}}));
}

// Bad rows.

TEST(OrdersFile, NamesTheLineAndColumnOfABadQuantity) {
  const std::string rest = ",2010-12-01 08:26,1,c";
  EXPECT_EQ(refusal("2,ab,1.5" + rest), (Texts{"f.csv:3:6: qty \"1.5\" is not a whole number"}));
  EXPECT_EQ(refusal("2,ab," + rest), (Texts{"f.csv:3:6: qty \"\" is not a whole number"}));
  EXPECT_EQ(refusal("2,ab,0" + rest), (Texts{"f.csv:3:6: qty \"0\" is zero"}));
  EXPECT_EQ(refusal("2,ab,-0" + rest), (Texts{"f.csv:3:6: qty \"-0\" is zero"}));
  EXPECT_EQ(refusal("2,ab,2147483648" + rest),
            (Texts{"f.csv:3:6: qty \"2147483648\" is past 2147483647 either way"}));
}

TEST(OrdersFile, NamesTheLineAndColumnOfEveryOtherBadValue) {
  EXPECT_EQ(refusal(",a,1,2010-12-01 08:26,1,c"), (Texts{"f.csv:3:1: invoice \"\" is empty"}));
  EXPECT_EQ(refusal("2,\"\",1,2010-12-01 08:26,1,c"), (Texts{"f.csv:3:3: sku \"\" is empty"}));
  EXPECT_EQ(
      refusal("2,a,1,2011-02-29 08:26,1,c"),
      (Texts{"f.csv:3:7: time \"2011-02-29 08:26\" is a day that the calendar does not have"}));
  EXPECT_EQ(refusal("2,a,1,2010-12-01 08:26,1.00001,c"),
            (Texts{"f.csv:3:24: price \"1.00001\" has more than 4 decimal places"}));
  EXPECT_EQ(refusal("2,a,1,2010-12-01 08:26,1,c\x1B[31m"),
            (Texts{"f.csv:3:26: field \"c\\x1b[31m\" holds a control character"}));
}

TEST(OrdersFile, NamesWhereFieldsAreMissingOrTooMany) {
  EXPECT_EQ(refusal("2,a,1,2010-12-01 08:26,1"), (Texts{"f.csv:3:25: 5 fields instead of 6"}));
  EXPECT_EQ(refusal("2,a,1,2010-12-01 08:26,1,c,"), (Texts{"f.csv:3:28: 7 fields instead of 6"}));
  EXPECT_EQ(refusal("2"), (Texts{"f.csv:3:2: 1 field instead of 6"}));
  EXPECT_EQ(refusal(""), (Texts{"f.csv:3:1: is a blank line"}));
}

TEST(OrdersFile, TheFirstGoodRowDecidesTheSignOfItsInvoice) {
  EXPECT_EQ(refusal("1,b,-1,2010-12-01 08:26,1,c"),
            (Texts{"f.csv:3:5: qty \"-1\" has to be above 0, as its invoice is an order"}));
  EXPECT_EQ(refusal("C1,b,1,2010-12-01 08:26,1,c"),
            (Texts{"f.csv:3:6: qty \"1\" has to be below 0, as its invoice is a return"}));
  const auto loaded = read_rows("1,a,x,2010-12-01 08:26,1,\n" + row("1", "a", -1) +
                                row("1", "b", 1));
  EXPECT_EQ(texts(loaded.issues),
            (Texts{"f.csv:2:5: qty \"x\" is not a whole number",
                   "f.csv:4:5: qty \"1\" has to be below 0, as its invoice is a write-off"}));
}

TEST(OrdersFile, ABadRowLeavesNoTrace) {
  const auto loaded = read_rows("1,bad,5,2009-13-01 08:26,1,x\n" + row("C2", "worse", 5) +
                                    row("1", "a", -1, "2010-12-01 08:26") + row("1", "b", 7),
                                {.skip_bad_lines = true});
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(numbers(*loaded.value), (Texts{"1"}));
  EXPECT_EQ(loaded.value->invoices[0].kind, InvoiceKind::write_off);
  EXPECT_EQ(loaded.value->invoices[0].customer, "");
  EXPECT_EQ(decimal_text(loaded.value->invoices[0].total), "-1");
  EXPECT_EQ(units(*loaded.value, loaded.value->invoices[0]), (Units{{"a", -1}}));
  EXPECT_EQ(loaded.value->skus.size(), 1U);
  EXPECT_EQ(loaded.value->good_rows, 1U);
  EXPECT_EQ(loaded.value->bad_rows, 3U);
  EXPECT_EQ(loaded.issues.count(), 3U);
}

TEST(OrdersFile, TheRowThatTakesASumPastTheLimitIsBad) {
  for (const std::int64_t sign : {1, -1}) {
    const auto loaded = read_rows(row("1", "a", 2'147'483'646 * sign) + row("1", "a", 2 * sign) +
                                      row("1", "a", sign) + row("1", "a", sign) +
                                      row("1", "b", 2'147'483'647 * sign),
                                  {.skip_bad_lines = true});
    ASSERT_TRUE(loaded.ok());
    EXPECT_EQ(units(*loaded.value, loaded.value->invoices[0]),
              (Units{{"a", 2'147'483'647 * sign}, {"b", 2'147'483'647 * sign}}));
    const std::string one = std::to_string(sign);
    EXPECT_EQ(texts(loaded.issues),
              (Texts{"f.csv:3:5: qty \"" + std::to_string(2 * sign) +
                         "\" takes its SKU in the invoice past 2147483647 either way",
                     "f.csv:5:5: qty \"" + one +
                         "\" takes its SKU in the invoice past 2147483647 either way"}));
  }
}

TEST(OrdersFile, TheRowThatBringsThe4097thSkuIsBad) {
  std::string rows;
  for (int i = 0; i < 4'096; ++i) rows += row("1", "s" + std::to_string(i), 1);
  rows += row("1", "new", 1) + row("1", "s17", 5) + row("2", "new", 1) + row("1", "new", 2);
  const auto loaded = read_rows(rows, {.skip_bad_lines = true});
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(texts(loaded.issues),
            (Texts{"f.csv:4098:3: sku \"new\" comes after the 4096 different SKUs that an invoice "
                   "may have",
                   "f.csv:4101:3: sku \"new\" comes after the 4096 different SKUs that an invoice "
                   "may have"}));
  EXPECT_EQ(loaded.value->invoices[0].line_count, 4'096U);
  EXPECT_EQ(loaded.value->lines_of(loaded.value->invoices[0])[17].qty, 6);
}

TEST(OrdersFile, AnyBadRowRefusesTheFileAndAllAreTold) {
  const auto loaded = read_rows(good_row + "x\n" + row("2", "a", 1) + row("1", "a", -1));
  EXPECT_FALSE(loaded.ok());
  EXPECT_EQ(texts(loaded.issues),
            (Texts{"f.csv:3:2: 1 field instead of 6",
                   "f.csv:5:5: qty \"-1\" has to be above 0, as its invoice is an order"}));
}

TEST(OrdersFile, ALineBreakInAFieldIsOneBadRow) {
  const auto loaded = read_rows("1,\"a\nb\",1,2010-12-01 08:26,1,\n" + good_row,
                                {.skip_bad_lines = true});
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(texts(loaded.issues),
            (Texts{"f.csv:2:3: field \"a\\x0ab\" holds a control character"}));
}

TEST(OrdersFile, CountsBadRowsBeyondThoseItKeeps) {
  const auto loaded = read_rows(good_row + times(1'000, "bad\n"),
                                {.skip_bad_lines = true, .issues_kept = 10});
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.value->bad_rows, 1'000U);
  EXPECT_EQ(loaded.issues.kept().size(), 10U);
}

// What is never skipped.

class OrdersFileSkipping : public testing::TestWithParam<bool> {
 protected:
  Texts refusal(const std::string& bytes) const {
    const auto loaded = read(bytes, {.skip_bad_lines = GetParam()});
    EXPECT_FALSE(loaded.ok());
    return texts(loaded.issues);
  }
};

INSTANTIATE_TEST_SUITE_P(BothWays, OrdersFileSkipping, testing::Bool());

TEST_P(OrdersFileSkipping, RefusesAnEmptyFile) {
  EXPECT_EQ(refusal(""), (Texts{"f.csv: is empty"}));
  EXPECT_EQ(refusal("\xEF\xBB\xBF"), (Texts{"f.csv: is empty"}));
  EXPECT_EQ(refusal(packed("")), (Texts{"f.csv: is empty"}));
}

TEST_P(OrdersFileSkipping, RefusesAHeaderWithWrongColumns) {
  EXPECT_EQ(refusal("invoice,sku,qty,time,price\n" + good_row),
            (Texts{"f.csv:1:27: header: column \"customer\" is missing"}));
  EXPECT_EQ(refusal("invoice,sku,qty,time,price,customer,sku,note\n" + good_row),
            (Texts{"f.csv:1:37: header: column \"sku\" is repeated",
                   "f.csv:1:41: header: column \"note\" is unknown"}));
  EXPECT_EQ(refusal("Invoice,sku,qty,time,price,customer \n"),
            (Texts{"f.csv:1:1: header: column \"Invoice\" is unknown",
                   "f.csv:1:28: header: column \"customer \" is unknown",
                   "f.csv:1:37: header: column \"invoice\" is missing",
                   "f.csv:1:37: header: column \"customer\" is missing"}));
  EXPECT_EQ(refusal(good_row).size(), 12U) << "no header at all";
}

TEST_P(OrdersFileSkipping, RefusesAHeaderThatIsNoRow) {
  EXPECT_EQ(refusal("invoice,\"sku\n" + good_row),
            (Texts{"f.csv:1:9: header: field \"\"sku\" has a quote that is not closed"}));
  EXPECT_EQ(refusal("invoice\rsku\r"),
            (Texts{"f.csv:1:1: header: field \"invoice\\x0dsku\\x0d\" holds a control character"}));
  EXPECT_EQ(refusal("\n" + orders_header + good_row).size(), 7U) << "a blank line is no header";
}

TEST_P(OrdersFileSkipping, RefusesAFileWithoutInvoices) {
  EXPECT_EQ(refusal(orders_header), (Texts{"f.csv: has no invoice"}));
  EXPECT_EQ(refusal("invoice,sku,qty,time,price,customer"), (Texts{"f.csv: has no invoice"}));
}

TEST_P(OrdersFileSkipping, RefusesDamagedXzForThatAlone) {
  const std::string whole = packed(orders_header + "bad\n" + times(100, good_row));
  EXPECT_EQ(refusal(whole.substr(0, whole.size() - 1)),
            (Texts{"f.csv: damaged xz: it is cut off"}));
  std::string damaged = whole;
  damaged[whole.size() / 2] = static_cast<char>(damaged[whole.size() / 2] ^ 1);
  EXPECT_EQ(refusal(damaged), (Texts{"f.csv: damaged xz"}));
}

TEST_P(OrdersFileSkipping, RefusesAFileThatIsNotThere) {
  const auto loaded = read_orders("/no/such/orders.csv", {.skip_bad_lines = GetParam()});
  EXPECT_FALSE(loaded.ok());
  EXPECT_EQ(texts(loaded.issues),
            (Texts{"/no/such/orders.csv: cannot be opened: No such file or directory"}));
}

TEST_P(OrdersFileSkipping, RefusesAFileThatCannotBeRead) {
  const auto loaded = read_orders("/", {.skip_bad_lines = GetParam()});
  EXPECT_FALSE(loaded.ok());
  EXPECT_EQ(texts(loaded.issues), (Texts{"/: cannot be read: Is a directory"}));
}

TEST_P(OrdersFileSkipping, RefusesWhatTakesTooMuchMemory) {
  std::string bytes = orders_header;
  for (int i = 0; i < 20'000; ++i) bytes += row(std::to_string(i), std::to_string(i), 1);
  const ReadOptions options{.skip_bad_lines = GetParam(), .memory_bytes = std::uint64_t{2} << 20U};
  const auto loaded = read(bytes, options);
  EXPECT_FALSE(loaded.ok());
  EXPECT_EQ(texts(loaded.issues), (Texts{"f.csv: takes more than 2 MiB of memory"}));
}

TEST(OrdersFile, RefusesAFileOfWhichNoInvoiceIsLeft) {
  const auto loaded = read_rows("bad\n", {.skip_bad_lines = true});
  EXPECT_FALSE(loaded.ok());
  EXPECT_EQ(texts(loaded.issues), (Texts{"f.csv:2:4: 1 field instead of 6",
                                         "f.csv: has no invoice left without its bad lines"}));
}

}  // namespace
}  // namespace invsaga::tools
