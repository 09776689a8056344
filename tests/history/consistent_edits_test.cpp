// SPDX-License-Identifier: Apache-2.0
//
// timeout: 600
//
// One, two and three edits at a time of one run, with every sum made right again: the checker finds
// each history wrong.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <invsaga/history/checker.hpp>

#include "tests/history/consistent_edits.hpp"
#include "tests/history/maker.hpp"
#include "tests/history/settled.hpp"

namespace {

using namespace invsaga;
using namespace histories;

MakerOptions shop(std::uint64_t seed) {
  return {.seed = seed,
          .orders = static_cast<int>(4 + seed % 24),
          .faults = static_cast<int>(seed * 7 % 60),
          .threads = seed % 4 == 0 ? 3U : 1U,
          .lazy = seed % 3 == 0,
          .cancelled = seed % 5 == 0 ? 20 : 0,
          .stuck = seed % 7 == 0 ? 10 : 0,
          .by_hand = seed % 2 == 0,
          .slow = seed % 3 == 1 ? 60 : 0,
          .scarce = seed % 3 == 1};
}

std::string all_of(const CheckReport& report) {
  std::string text;
  for (const Violation& violation : report.violations) text += to_string(violation) + "\n";
  return text;
}

TEST(ConsistentEdits, WhatWasNotEditedIsRight) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    History history = make(shop(seed));
    const History before = history;
    ASSERT_TRUE(Settled(history).settle()) << seed;
    EXPECT_EQ(history.lines, before.lines) << seed;
    const CheckReport report = check_history(history);
    ASSERT_TRUE(report.holds()) << "seed " << seed << "\n" << all_of(report);
  }
}

/// Each edit alone, in a run of each shop that has a place for it.
TEST(ConsistentEdits, OfOneAtATimeAreFound) {
  std::map<std::string, int> planted;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const History history = make(shop(seed));
    std::mt19937_64 random(seed);
    for (const ConsistentEdit& edit : consistent_edits) {
      History edited;
      bool made = false;
      for (int tries = 0; tries < 5 && !made; ++tries) {
        edited = history;
        EditedRun run(edited, some_run(history, random), random());
        made = edit.apply(run) && Settled(edited).settle();
      }
      if (!made) continue;
      ++planted[edit.name];
      EXPECT_FALSE(check_history(edited).holds()) << edit.name << " of seed " << seed;
    }
  }
  for (const ConsistentEdit& edit : consistent_edits) EXPECT_GE(planted[edit.name], 1) << edit.name;
}

void find_all(int count, std::uint64_t seeds) {
  std::uint64_t edited = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    History history = make(shop(seed % 97 + 1));
    const std::string names = edit_run(history, seed, count);
    if (names.empty()) continue;
    ++edited;
    EXPECT_FALSE(check_history(history).holds()) << names << "of seed " << seed;
  }
  EXPECT_GT(edited, seeds / 2);
}

/// How many, told from outside for a longer look.
std::uint64_t seeds() {
  const char* const given = std::getenv("INVSAGA_EDIT_SEEDS");
  return given == nullptr ? 800 : std::strtoull(given, nullptr, 10);
}

TEST(ConsistentEdits, OfTwoAtATimeAreFound) { find_all(2, seeds()); }
TEST(ConsistentEdits, OfThreeAtATimeAreFound) { find_all(3, seeds()); }

}  // namespace
