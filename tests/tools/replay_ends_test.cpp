// SPDX-License-Identifier: Apache-2.0
//
// What a replay takes at the ends of its ranges: names that look like ids, the first and the last
// times, the longest texts, the largest numbers. Each is replayed, and its history is read and
// holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include <invsaga/history/checker.hpp>

#include "input_support.hpp"
#include "tools/orders_file.hpp"
#include "tools/replay.hpp"
#include "tools/replay_names.hpp"
#include "tools/stock_plan.hpp"

namespace invsaga::tools {
namespace {

struct Replayed {
  ReplayReport report;
  History history;
};

/// Without faults, but for what `options` say.
Replayed replayed(const std::string& rows, ReplayOptions options = {}) {
  options.faults = {0, 0, 0, 0, 0, 0};
  const TemporaryFile file("");
  options.history = file.path();
  auto orders = read_orders_bytes(orders_header + rows, "orders.csv");
  EXPECT_EQ(to_text(orders.issues), "");
  auto plan = plan_stock(*orders.value, options.stock, options.restock);
  EXPECT_EQ(to_text(plan.issues), "");
  Replayed made;
  made.report = replay(*orders.value, *plan.value, options, [](std::size_t, std::size_t) {});
  std::ifstream written(options.history, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(written), {});
  std::string why;
  EXPECT_TRUE(read_history(text, made.history, why)) << why;
  return made;
}

/// It holds as it is told, and as it is read from its history.
void expect_sound(const Replayed& replayed) {
  EXPECT_EQ(replayed.report.exit_status(), 0) << replayed.report.trouble;
  const CheckReport report = check_history(replayed.history);
  EXPECT_TRUE(report.holds()) << (report.violations.empty() ? ""
                                                            : to_string(report.violations.front()));
}

/// The ids of the history's adjusts.
std::multiset<std::string> adjusts(const History& history) {
  std::multiset<std::string> ids;
  for (const HistoryLine& line : history.lines) {
    if (line.op == HistoryOp::adjust) ids.insert(line.id);
  }
  return ids;
}

// --- names

TEST(ReplayNames, AWriteOffIsNotTheOpeningOfASkuThatIsNamedLikeIt) {
  const Replayed one = replayed(
      "1,foo/write_off,5,2010-12-01 08:26:00,1,c\n"
      "2,foo/write_off,5,2010-12-03 08:26:00,1,c\n"
      "opening/foo,foo/write_off,-2,2010-12-01 09:00:00,0,\n");
  expect_sound(one);
  EXPECT_EQ(one.report.check.figures.written_off_units, 2);
  EXPECT_EQ(adjusts(one.history).count("write_off/opening/foo"), 1u);
}

// Each invoice and SKU is named as the glued id of another adjust would be.
TEST(ReplayNames, NoNameOfAnInvoiceOrSkuMakesTwoAdjustsOne) {
  std::string rows;
  std::size_t adjusted = 0;
  for (const std::string name : {"a", "a/return", "a/write_off", "opening/a", "write_off",
                                 "write_off/a", "return/a", "restock/14944/a", "opening"}) {
    rows += "order " + name + "," + name + ",9,2010-12-01 08:26:00,1,c\n";
    rows += "C" + name + "," + name + ",-1,2010-12-05 10:00:00,1,c\n";
    for (const std::string& invoice : {name, "opening/" + name, "restock/14944/" + name}) {
      if (rows.find("\n" + invoice + ",") != std::string::npos) continue;  // named before
      rows += invoice + "," + name + ",-1,2010-12-05 11:00:00,0,\n";
      ++adjusted;
    }
    adjusted += 3;  // its opening, its restock and its return
  }
  const Replayed one = replayed(rows);
  expect_sound(one);
  const auto ids = adjusts(one.history);
  EXPECT_EQ(ids.size(), adjusted);
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), adjusted);
  EXPECT_EQ(one.report.check.figures.returns_accepted, 9u);
  EXPECT_EQ(one.report.check.figures.returns_refused, 0u);
}

TEST(ReplayNames, AnAdjustIsNamedByItsPartsAndNoLessByItsText) {
  const AdjustName names[] = {
      {AdjustReason::opening, "a"},        {AdjustReason::opening, "1/a"},
      {AdjustReason::restock, "a", "1"},   {AdjustReason::restock, "1/a", "2"},
      {AdjustReason::restock, "a", "21"},  {AdjustReason::returned, "a"},
      {AdjustReason::write_off, "a"},      {AdjustReason::write_off, "return/a"},
      {AdjustReason::restock, "1/a", "1"}, {AdjustReason::opening, "opening/a"}};
  std::set<AdjustId> ids;
  std::set<std::string> texts;
  for (const AdjustName& name : names) {
    ids.insert(name.id());
    texts.insert(name.text());
  }
  EXPECT_EQ(ids.size(), std::size(names));
  EXPECT_EQ(texts.size(), std::size(names));
}

// --- times

TEST(ReplayTimes, TheFirstAndTheLastThatAreTakenAreReplayed) {
  for (const std::string time : {"1970-01-01 00:00:00", "9997-12-31 23:59:59"}) {
    for (const std::int64_t hold_s : {1LL, 366LL * 24 * 3600}) {
      ReplayOptions options;
      options.hold_s = hold_s;
      options.restock = {1};
      const Replayed one = replayed("1,A,2," + time + ",1.5,c\nC2,A,-1," + time +
                                        ",1.5,c\n3,A,-1," + time + ",0,\n4,B,1," + time + ",0,c\n",
                                    options);
      expect_sound(one);
      EXPECT_EQ(one.report.check.figures.completed, 2u) << time;
    }
  }
}

// --- texts and numbers

TEST(ReplayTexts, TheLongestThatAreTakenAreReplayed) {
  const std::string text(255, 'x');
  const Replayed one = replayed(text + "," + text + ",1,2010-12-01 08:26:00,1," + text + "\nC" +
                                text.substr(1) + "," + text + ",-1,2010-12-02 08:26:00,1,\n");
  expect_sound(one);
  EXPECT_EQ(one.report.check.figures.returns_accepted, 1u);
}

TEST(ReplayNumbers, TheLargestThatAreTakenAreReplayed) {
  const Replayed one = replayed(
      "1,A,2147483647,2010-12-01 08:26:00,999999999.9999,c\n"
      "1,B,2147483647,2010-12-01 08:26:00,999999999.9999,c\n"
      "2,C,1,2010-12-01 08:26:00,-999999999.9999,c\n"
      "3,D,1,2010-12-01 08:26:00,0.0001,c\n");
  expect_sound(one);
  EXPECT_EQ(one.report.check.figures.completed, 3u);
}

TEST(ReplayNumbers, TheLongestDaysOfStockAreTaken) {
  for (const std::string days : {"1", "2147483647"}) {
    ReplayOptions options;
    options.stock = parse_stock_option("days=" + days).value;
    options.restock = parse_restock_option("lead=" + days).value;
    expect_sound(replayed("1,A,1,2010-12-01 08:26:00,1,c\n", options));
  }
}

}  // namespace
}  // namespace invsaga::tools
