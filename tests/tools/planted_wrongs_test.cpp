// SPDX-License-Identifier: Apache-2.0
//
// labels: release
// timeout: 600
//
// The checker finds each kind of wrong in the history of a real replay.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <invsaga/history/checker.hpp>

#include "input_support.hpp"
#include "tests/history/consistent_edits.hpp"
#include "tests/history/wrongs.hpp"
#include "tools/orders_file.hpp"
#include "tools/replay.hpp"
#include "tools/stock_plan.hpp"

namespace invsaga::tools {
namespace {

constexpr int places = 2;

/// What befell the sample orders, with much that went wrong on the way.
History replayed(unsigned threads) {
  auto orders = read_orders("examples/data/sample_orders.csv");
  EXPECT_EQ(to_text(orders.issues), "");
  ReplayOptions options;
  options.faults = {0.2, 0.2, 0.2, 0.2, 0.2, 0.2};
  options.threads = threads;
  options.history = ::testing::TempDir() + "/planted_wrongs_" + std::to_string(threads);
  const auto plan = plan_stock(*orders.value, options.stock, options.restock);
  EXPECT_EQ(to_text(plan.issues), "");
  const ReplayReport report = replay(*orders.value, *plan.value, options,
                                     [](std::size_t, std::size_t) {});
  EXPECT_EQ(report.exit_status(), 0);
  std::ifstream file(options.history, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  file.close();
  std::filesystem::remove(options.history);
  History history;
  std::string why;
  EXPECT_TRUE(read_history(text, history, why)) << why;
  return history;
}

/// Plants each kind, has it found, and names those that found no place.
std::vector<std::string> plant_all(const History& history) {
  EXPECT_TRUE(check_history(history).holds());
  std::vector<std::string> nowhere;
  for (const histories::Wrongs::Kind& kind : histories::Wrongs::kinds()) {
    int planted = 0;
    for (std::uint64_t seed = 1; seed <= places; ++seed) {
      History wrong = history;
      histories::Wrongs wrongs(wrong, seed);
      if (!(wrongs.*kind.plant)()) continue;
      ++planted;
      EXPECT_FALSE(check_history(wrong).holds())
          << kind.name << " at " << wrongs.where << ", seed " << seed;
    }
    if (planted == 0) nowhere.emplace_back(kind.name);
  }
  return nowhere;
}

// What has no place here is planted in the histories of invariants_test: the sample has no refund,
// no part of a sale given back, and no reserve after its tombstone.
TEST(PlantedWrongs, AreFoundInTheHistoryOfOneThread) {
  EXPECT_THAT(
      plant_all(replayed(1)),
      ::testing::UnorderedElementsAre("quantity_back", "missing_refund", "reserve_past_tombstone"));
}

TEST(PlantedWrongs, AreFoundInTheHistoryOfTwoThreads) {
  const std::vector<std::string> nowhere = plant_all(replayed(2));
  EXPECT_THAT(nowhere, ::testing::IsSupersetOf({"at_back", "at_forward"}));
}

/// Two edits of a run at a time, after which every sum is right.
TEST(PlantedWrongs, ThatKeepEverySumRightAreFoundAtAnyNumberOfThreads) {
  for (const unsigned threads : {1U, 2U}) {
    const History history = replayed(threads);
    int found = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
      History wrong = history;
      const std::string names = histories::edit_run(wrong, seed, 2);
      if (names.empty()) continue;
      ++found;
      EXPECT_FALSE(check_history(wrong).holds())
          << names << "of seed " << seed << " with " << threads << " threads";
    }
    EXPECT_GT(found, 10);
  }
}

}  // namespace
}  // namespace invsaga::tools
