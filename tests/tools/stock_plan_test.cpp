// SPDX-License-Identifier: Apache-2.0
#include "tools/stock_plan.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "input_support.hpp"
#include "tools/stock_file.hpp"

namespace invsaga::tools {
namespace {

using Texts = std::vector<std::string>;
using Units = std::vector<std::pair<std::string, std::int64_t>>;
using Arrivals = std::vector<std::pair<std::string, Units>>;

constexpr RestockOption never{0};

std::string row(const std::string& invoice, const std::string& sku, std::int64_t qty,
                const std::string& day) {
  return invoice + ',' + sku + ',' + std::to_string(qty) + ",2011-03-" + day + ",1,\n";
}

Orders orders_of(const std::string& rows) {
  auto loaded = read_orders_bytes(orders_header + rows, "f.csv");
  EXPECT_EQ(to_text(loaded.issues), "");
  return std::move(loaded.value).value();
}

Units units(const Orders& orders, std::span<const SkuLine> lines) {
  Units out;
  for (const SkuLine& line : lines) out.emplace_back(orders.skus[line.sku], line.qty);
  return out;
}

Arrivals arrivals(const Orders& orders, const StockPlan& plan) {
  Arrivals out;
  for (const Arrival& arrival : plan.arrivals) {
    const std::chrono::year_month_day day{day_of(arrival.at)};
    EXPECT_EQ(arrival.at, start_of(day_of(arrival.at))) << "at midnight";
    const unsigned number = unsigned{day.month()} * 100 + unsigned{day.day()};
    out.emplace_back(std::to_string(number), units(orders, plan.lines_of(arrival)));
  }
  return out;
}

StockPlan plan_of(Orders& orders, const StockOption& stock, const RestockOption& restock) {
  auto loaded = plan_stock(orders, stock, restock);
  EXPECT_EQ(to_text(loaded.issues), "");
  return std::move(loaded.value).value();
}

Units opening(const std::string& rows, std::int64_t days) {
  Orders orders = orders_of(rows);
  return units(orders, plan_of(orders, {days, {}}, never).opening);
}

Arrivals restocked(const std::string& rows, std::int64_t lead_days) {
  Orders orders = orders_of(rows);
  return arrivals(orders, plan_of(orders, {}, {lead_days}));
}

// --stock days=N

TEST(StockPlan, OpensWithTheDaysFromASkusFirstOrderOn) {
  const std::string rows = row("1", "a", 1, "01 23:59") + row("2", "b", 2, "02 00:00") +
                           row("3", "a", 4, "02 12:00") + row("4", "a", 8, "03 00:00") +
                           row("5", "b", 16, "04 23:59:59");
  EXPECT_EQ(opening(rows, 1), (Units{{"a", 1}, {"b", 2}}));
  EXPECT_EQ(opening(rows, 2), (Units{{"a", 5}, {"b", 2}}));
  EXPECT_EQ(opening(rows, 3), (Units{{"a", 13}, {"b", 18}}));
  EXPECT_EQ(opening(rows, 2'147'483'647), (Units{{"a", 13}, {"b", 18}}));
}

TEST(StockPlan, OnlyOrdersAreDemand) {
  const std::string rows = row("C1", "a", -1, "01 10:00") + row("2", "b", -2, "01 10:00") +
                           row("3", "b", 4, "02 10:00") + row("4", "a", 8, "03 10:00");
  EXPECT_EQ(opening(rows, 2), (Units{{"a", 8}, {"b", 4}}));
  EXPECT_EQ(restocked(rows, 1), (Arrivals{{"303", {{"b", 4}}}}));
}

TEST(StockPlan, ASkuNeverOrderedOpensWithNothing) {
  EXPECT_EQ(opening(row("C1", "a", -1, "01 10:00"), 30), Units{});
}

TEST(StockPlan, TheDayOfAnInvoiceIsThatOfItsFirstRow) {
  EXPECT_EQ(opening(row("1", "a", 1, "01 10:00") + row("2", "a", 2, "01 10:00") +
                        row("1", "a", 4, "05 10:00"),
                    1),
            (Units{{"a", 7}}));
}

// --restock

TEST(StockPlan, WhatIsOrderedArrivesLaterAtMidnightOneLineASku) {
  const std::string rows = row("1", "b", 1, "01 10:00") + row("2", "a", 2, "01 11:00") +
                           row("3", "b", 4, "01 23:59") + row("4", "a", 8, "02 00:00") +
                           row("C5", "a", -1, "04 00:00");
  EXPECT_EQ(restocked(rows, 1), (Arrivals{{"302", {{"b", 5}, {"a", 2}}}, {"303", {{"a", 8}}}}));
  EXPECT_EQ(restocked(rows, 2), (Arrivals{{"303", {{"b", 5}, {"a", 2}}}, {"304", {{"a", 8}}}}));
}

TEST(StockPlan, NothingArrivesAfterTheDayOfTheLastInvoice) {
  const std::string rows = row("1", "a", 1, "01 10:00") + row("2", "a", 2, "02 10:00") +
                           row("C3", "a", -1, "04 00:00");
  EXPECT_EQ(restocked(rows, 3), (Arrivals{{"304", {{"a", 1}}}})) << "up to and including it";
  EXPECT_EQ(restocked(rows, 4), Arrivals{});
  EXPECT_EQ(restocked(rows, 2'147'483'647), Arrivals{});
  EXPECT_EQ(restocked(rows, 0), Arrivals{}) << "none";
}

TEST(StockPlan, ArrivalsSayOnWhichDayTheyWereOrdered) {
  Orders orders = orders_of(row("1", "a", 1, "30 10:00") + row("2", "a", 1, "31 23:00"));
  const StockPlan plan = plan_of(orders, {}, {1});
  ASSERT_EQ(plan.arrivals.size(), 1U);
  EXPECT_EQ(plan.arrivals[0].ordered, day_of(orders.invoices[0].time));
}

TEST(StockPlan, CrossesTheEndOfAMonth) {
  const std::string rows = row("1", "a", 1, "31 10:00") + "2,b,2,2011-04-01 00:00,1,\n" +
                           "3,b,2,2011-04-02 00:00,1,\n";
  EXPECT_EQ(restocked(rows, 1), (Arrivals{{"401", {{"a", 1}}}, {"402", {{"b", 2}}}}));
}

TEST(StockPlan, AddsUpItsUnits) {
  Orders orders = orders_of(row("1", "a", 3, "01 10:00") + row("2", "b", 5, "02 10:00") +
                            row("3", "a", 7, "04 10:00"));
  const StockPlan plan = plan_of(orders, {1, {}}, {2});
  EXPECT_EQ(plan.opening_units, 8);
  EXPECT_EQ(plan.restocked_units, 8);
}

// --stock FILE

Loaded<std::vector<SkuLine>> read_stock_text(const std::string& text, TextTable& skus) {
  return read_stock_bytes(text, "s.csv", skus);
}

Texts stock_refusal(const std::string& text) {
  TextTable skus;
  const auto loaded = read_stock_text(text, skus);
  EXPECT_FALSE(loaded.ok());
  return texts(loaded.issues);
}

TEST(StockFile, SaysWhatASkuOpensWith) {
  const TemporaryFile file{"qty,sku\r\n7,b\r\n0,a\r\n2147483647,never ordered\r\n"};
  Orders orders = orders_of(row("1", "a", 1, "01 10:00") + row("1", "b", 1, "01 10:00") +
                            row("1", "c", 1, "01 10:00"));
  const StockPlan plan = plan_of(orders, {0, file.path()}, never);
  EXPECT_EQ(units(orders, plan.opening), (Units{{"b", 7}, {"never ordered", 2'147'483'647}}));
  EXPECT_EQ(plan.opening_units, 2'147'483'654);
}

TEST(StockFile, RestocksAllTheSame) {
  const TemporaryFile file{packed("sku,qty\na,7\n")};
  Orders orders = orders_of(row("1", "a", 1, "01 10:00") + row("2", "a", 2, "02 10:00"));
  const StockPlan plan = plan_of(orders, {0, file.path()}, {1});
  EXPECT_EQ(arrivals(orders, plan), (Arrivals{{"302", {{"a", 1}}}}));
}

TEST(StockFile, OfAHeaderAloneOpensEverythingWithNothing) {
  TextTable skus;
  const auto loaded = read_stock_text("sku,qty\n", skus);
  ASSERT_TRUE(loaded.ok());
  EXPECT_TRUE(loaded.value->empty());
}

TEST(StockFile, TellsEveryBadRow) {
  EXPECT_EQ(
      stock_refusal("sku,qty\na,1\na,2\n,3\nb,-1\nc,1.5\nd,2147483648\ne\nA,1\n\n"),
      (Texts{"s.csv:3:1: sku \"a\" is named twice", "s.csv:4:1: sku \"\" is empty",
             "s.csv:5:3: qty \"-1\" is below 0", "s.csv:6:3: qty \"1.5\" is not a whole number",
             "s.csv:7:3: qty \"2147483648\" is past 2147483647 either way",
             "s.csv:8:2: 1 field instead of 2", "s.csv:10:1: is a blank line"}));
}

TEST(StockFile, ASkuOfNoUnitsIsNamedAllTheSame) {
  EXPECT_EQ(stock_refusal("sku,qty\na,0\na,5\n"), (Texts{"s.csv:3:1: sku \"a\" is named twice"}));
}

TEST(StockFile, IsRefusedForItsHeaderAndForWhatItIs) {
  EXPECT_EQ(stock_refusal(""), (Texts{"s.csv: is empty"}));
  EXPECT_EQ(stock_refusal("sku,qty,price\n"),
            (Texts{"s.csv:1:9: header: column \"price\" is unknown"}));
  EXPECT_EQ(stock_refusal("sku\n"), (Texts{"s.csv:1:4: header: column \"qty\" is missing"}));
  EXPECT_EQ(stock_refusal(packed("sku,qty\n").substr(0, 50)),
            (Texts{"s.csv: damaged xz: it is cut off"}));
}

TEST(StockFile, BadRowsAreNotSkippedWithThoseOfTheOrders) {
  TextTable skus;
  const auto loaded = read_stock_bytes("sku,qty\nbad\n", "s.csv", skus, {.skip_bad_lines = true});
  EXPECT_FALSE(loaded.ok());
}

TEST(StockFile, RefusesWhatTakesTooMuchMemory) {
  std::string text = "sku,qty\n";
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i) + ",1\n";
  TextTable skus;
  const auto loaded = read_stock_bytes(text, "s.csv", skus, {.memory_bytes = 1U << 20U});
  EXPECT_EQ(texts(loaded.issues), (Texts{"s.csv: takes more than 1 MiB of memory"}));
}

TEST(StockFile, ThatIsNotThereRefusesThePlan) {
  Orders orders = orders_of(row("1", "a", 1, "01 10:00"));
  const auto loaded = plan_stock(orders, {0, "/no/such/stock.csv"}, {});
  EXPECT_FALSE(loaded.ok());
  EXPECT_EQ(texts(loaded.issues),
            (Texts{"/no/such/stock.csv: cannot be opened: No such file or directory"}));
}

// Units past the limit.

TEST(StockPlan, RefusesASkuWhoseUnitsWouldPassTheLimitAndNamesIt) {
  // Opening 2147483645 (two days), one unit restocked, and one returned: the limit, just not past
  // it.
  const std::string rows = row("1", "a", 1, "01 10:00") + row("2", "a", 2'147'483'644, "02 10:00") +
                           row("C3", "a", -1, "02 11:00") + row("4", "b", 1, "02 12:00");
  Orders orders = orders_of(rows);
  EXPECT_TRUE(plan_stock(orders, {2, {}}, {1}).ok());

  Orders more = orders_of(rows + row("C5", "a", -1, "02 13:00"));
  const auto loaded = plan_stock(more, {2, {}}, {1});
  EXPECT_FALSE(loaded.ok());
  EXPECT_EQ(texts(loaded.issues),
            (Texts{"f.csv: sku \"a\" would come to more than 2147483647 units: 2147483645 opening, "
                   "1 restocked, 2 returned"}));
  EXPECT_TRUE(plan_stock(more, {1, {}}, {1}).ok()) << "with a smaller opening";
  EXPECT_TRUE(plan_stock(more, {2, {}}, never).ok()) << "without restocking";
}

TEST(StockPlan, NamesEverySkuPastTheLimit) {
  Orders orders = orders_of(
      row("1", "a", 2'147'483'647, "01 10:00") + row("2", "a", 2'147'483'647, "01 11:00") +
      row("3", "b", 2'147'483'647, "01 12:00") + row("C4", "b", -2'147'483'647, "01 13:00") +
      row("5", "c", 2'147'483'647, "01 14:00"));
  EXPECT_EQ(texts(plan_stock(orders, {}, {}).issues),
            (Texts{"f.csv: sku \"a\" would come to more than 2147483647 units: 4294967294 opening, "
                   "0 restocked, 0 returned",
                   "f.csv: sku \"b\" would come to more than 2147483647 units: 2147483647 opening, "
                   "0 restocked, 2147483647 returned"}));
}

// The options.

TEST(StockOption, IsANumberOfDaysOrAFile) {
  EXPECT_EQ(parse_stock_option("days=1").value.days, 1);
  EXPECT_EQ(parse_stock_option("days=30").value.file, "");
  EXPECT_EQ(parse_stock_option("days=2147483647").value.days, 2'147'483'647);
  EXPECT_EQ(parse_stock_option("stock.csv").value.file, "stock.csv");
  EXPECT_EQ(parse_stock_option("./days=1").value.file, "./days=1");
}

TEST(StockOption, RefusesWhatIsNeither) {
  for (const std::string text : {"days=0", "days=-1", "days=", "days=x", "days=1.5", "days= 1",
                                 "days=2147483648", "", "-"}) {
    EXPECT_FALSE(parse_stock_option(text).ok()) << text;
  }
}

TEST(RestockOption, IsALeadTimeInDaysOrNone) {
  EXPECT_EQ(parse_restock_option("lead=1").value.lead_days, 1);
  EXPECT_EQ(parse_restock_option("lead=2147483647").value.lead_days, 2'147'483'647);
  EXPECT_TRUE(parse_restock_option("none").ok());
  EXPECT_EQ(parse_restock_option("none").value.lead_days, 0);
}

TEST(RestockOption, RefusesWhatIsNeither) {
  for (const std::string text :
       {"lead=0", "lead=-1", "lead=", "lead=x", "lead=2147483648", "", "None", "3", "days=3"}) {
    EXPECT_FALSE(parse_restock_option(text).ok()) << text;
  }
}

}  // namespace
}  // namespace invsaga::tools
