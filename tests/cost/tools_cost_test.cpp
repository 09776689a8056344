// SPDX-License-Identifier: Apache-2.0
//
// What the command costs, by the length of the file, and what reads single texts, by theirs.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <invsaga/history/history.hpp>
#include <invsaga/request_id.hpp>
#include <invsaga/retry.hpp>

#include "tests/cost/cost.hpp"
#include "tests/tools/input_support.hpp"
#include "tools/command.hpp"
#include "tools/orders_file.hpp"
#include "tools/stock_plan.hpp"

namespace invsaga::tools {
namespace {

using cost::steps_of;

constexpr std::size_t few = 100;

/// A row of the file: the invoices follow each other by `minutes`.
std::string row(std::size_t invoice, std::size_t sku, const char* qty, std::size_t minute) {
  char time[40];
  std::snprintf(time, sizeof time, "2011-03-%02zu %02zu:%02zu:00", 1 + minute / 1440 % 28,
                minute / 60 % 24, minute % 60);
  return std::to_string(536'000 + invoice) + ",sku " + std::to_string(sku) + ',' + qty + ',' +
         time + ",2.5,c\n";
}

// Each makes about `n` rows.

std::string of_one_sku(std::size_t n) {
  std::string rows = orders_header;
  for (std::size_t i = 0; i < n; ++i) rows += row(i, 0, "2", i * 60);
  return rows;
}
std::string of_n_skus(std::size_t n) {
  std::string rows = orders_header;
  for (std::size_t i = 0; i < n; ++i) rows += row(i, i, "2", i * 60);
  return rows;
}
std::string at_one_time(std::size_t n) {
  std::string rows = orders_header;
  for (std::size_t i = 0; i < n; ++i) rows += row(i, i % 7, "2", 0);
  return rows;
}
std::string of_one_invoice(std::size_t n) {
  std::string rows = orders_header;
  for (std::size_t i = 0; i < n; ++i) rows += row(0, i, "2", 0);
  return rows;
}
/// Sold, returned, written off.
std::string of_all_kinds(std::size_t n) {
  std::string rows = orders_header;
  for (std::size_t i = 0; i < n; i += 3) {
    rows += row(i, i % 9, "5", i) + row(i + 1, i % 9, "-1", 2'000 + i);
    std::string off = row(i + 2, i % 9, "-1", 4'000 + i);
    rows += off.replace(off.find("2.5"), 3, "0");
  }
  return rows;
}
std::string backwards(std::size_t n) {
  std::string rows = orders_header;
  for (std::size_t i = n; i-- > 0;) rows += row(i, i % 7, "2", i * 60);
  return rows;
}

struct File {
  const char* what;
  std::string (*make)(std::size_t n);
};
constexpr File files[] = {
    {"n invoices of one SKU", of_one_sku},     {"n invoices of n SKUs", of_n_skus},
    {"n invoices at one time", at_one_time},   {"n lines of one invoice", of_one_invoice},
    {"n invoices of all kinds", of_all_kinds}, {"n invoices, the last one first", backwards}};

/// Nothing is shown of what is printed while it lives.
class Printed {
 public:
  Printed() : out_(std::cout.rdbuf(text_.rdbuf())), error_(std::cerr.rdbuf(text_.rdbuf())) {}
  ~Printed() {
    std::cout.rdbuf(out_);
    std::cerr.rdbuf(error_);
  }

 private:
  std::ostringstream text_;
  std::streambuf* out_;
  std::streambuf* error_;
};

void run(const std::vector<const char*>& words) {
  const Printed printed;
  EXPECT_EQ(run_command(static_cast<int>(words.size()), words.data()), 0) << words[1];
}

TEST(ToolsCost, OfReadingOrdersAndPlanningStock) {
  std::vector<cost::Row> table;
  for (const File& file : files) {
    table.push_back(
        {std::string("orders: read and plan, ") + file.what, 4 * few, [&file](std::size_t n) {
           const std::string bytes = file.make(n);
           return steps_of([&] {
             auto orders = read_orders_bytes(bytes, "orders.csv");
             EXPECT_EQ(to_text(orders.issues), "");
             EXPECT_TRUE(plan_stock(*orders.value, {}, {}).value);
           });
         }});
  }
  cost::judge(table);
}

TEST(ToolsCost, OfTheCommand) {
  std::vector<cost::Row> table;
  for (const File& file : files) {
    table.push_back({std::string("invsaga replay, ") + file.what, few, [&file](std::size_t n) {
                       const TemporaryFile orders(file.make(n));
                       return steps_of([&] {
                         run({"invsaga", "replay", orders.path().c_str(), "--faults=0.05"});
                       });
                     }});
    table.push_back(
        {std::string("invsaga check and explain, ") + file.what, few, [&file](std::size_t n) {
           const TemporaryFile orders(file.make(n)), history("");
           const char* const path = history.path().c_str();
           run({"invsaga", "replay", orders.path().c_str(), "--history", path});
           return steps_of([&] {
             run({"invsaga", "check", path});
             run({"invsaga", "explain", path, "536000", "--timeline"});
           });
         }});
  }
  cost::judge(table);
}

std::uint64_t reading(const std::string& header) {
  HistoryHeader read;
  std::string why;
  return steps_of([&] { EXPECT_TRUE(read_history(header, read, why)) << why; });
}

TEST(ToolsCost, OfTheFirstLineOfAHistory) {
  cost::judge({
      {"first line: n options", 4 * few,
       [](std::size_t n) {
         HistoryHeader header;
         header.options = "{";
         for (std::size_t i = 0; i < n; ++i) header.options += "\"o" + std::to_string(i) + "\":1,";
         header.options.back() = '}';
         std::string text;
         const auto steps = steps_of([&] { write_history(header, text); });
         return steps + reading(text);
       }},
      {"first line: n types with consumers", 4 * few,
       [](std::size_t n) {
         HistoryHeader header;
         for (std::size_t i = 0; i < n; ++i) {
           header.consumers.push_back({"T" + std::to_string(i), {"mail"}});
         }
         std::string text;
         const auto steps = steps_of([&] { write_history(header, text); });
         return steps + reading(text);
       }},
  });
}

TEST(ToolsCost, OfTexts) {
  cost::judge({
      {"request id: fault_of and entropy_hint, n bytes", few,
       [](std::size_t n) {
         std::string id;
         for (std::size_t i = 0; i < n; ++i) id += static_cast<char>('a' + i * i % 26);
         RequestIdRules rules;
         rules.max_length = n;
         return steps_of([&] {
           EXPECT_EQ(fault_of(id, time_from_ms(1), rules), RequestIdFault::none);
           EXPECT_GT(entropy_hint(id), 0);
         });
       }},
      {"request id: make n", few,
       [](std::size_t n) {
         RequestIdMaker maker;
         Rng chance(1);
         return steps_of([&] {
           for (std::size_t i = 0; i < n; ++i) maker.make(time_from_ms(1), chance);
         });
       }},
      {"retry: the waits of n attempts", few,
       [](std::size_t n) {
         return steps_of([&] {
           for (std::size_t i = 1; i <= n; ++i) {
             EXPECT_GT(backoff(until_done, static_cast<std::uint32_t>(i), i), Duration{0});
           }
         });
       }},
  });
}

}  // namespace
}  // namespace invsaga::tools
