// SPDX-License-Identifier: Apache-2.0
//
// What the checker says of each kind of wrong, word for word and under the right invariant: in
// verdicts.expected, a history of each kind that is planted by chance, and those made by hand.
// If it is meant to say something else now, the test tells where it has written that.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include <invsaga/history/checker.hpp>

#include "tests/history/hand_made.hpp"
#include "tests/history/maker.hpp"
#include "tests/history/wrongs.hpp"

namespace {

using namespace invsaga;
using namespace histories;

constexpr std::uint64_t seeds = 40;
constexpr std::size_t most_a_history = 6;

History made(std::uint64_t seed) {
  return make({.seed = seed,
               .orders = 12,
               .skus = 3,
               .faults = static_cast<int>(seed * 7 % 60),
               .threads = seed % 3 == 0 ? 3U : 1U,
               .lazy = seed % 2 == 0,
               .cancelled = 10,
               .stuck = seed % 5 == 0 ? 10 : 0,
               .scarce = seed % 4 == 0});
}

void say(std::vector<std::string>& lines, const std::string& name, const History& wrong) {
  lines.push_back(name);
  const CheckReport report = check_history(wrong);
  for (std::size_t i = 0; i < report.violations.size() && i < most_a_history; ++i) {
    lines.push_back("  " + to_string(report.violations[i]));
  }
}

std::vector<std::string> verdicts() {
  std::vector<History> made_by_seed;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) made_by_seed.push_back(made(seed));
  std::vector<std::string> lines;
  for (const Wrongs::Kind& kind : Wrongs::kinds()) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      History wrong = made_by_seed[seed - 1];
      if (!(Wrongs(wrong, seed).*kind.plant)()) continue;
      say(lines, std::string(kind.name) + ", seed " + std::to_string(seed), wrong);
      break;
    }
  }
  for (const HandMade& edit : hand_made()) say(lines, edit.name, script(edited(edit)));
  return lines;
}

std::vector<std::string> expected_lines() {
  std::ifstream file("tests/history/verdicts.expected");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

TEST(Verdicts, AreTheExpectedOnesWordForWord) {
  const auto said = verdicts(), expected = expected_lines();
  if (said == expected) return;
  const std::string path = testing::TempDir() + "verdicts.expected";
  std::ofstream file(path);
  for (const std::string& line : said) file << line << "\n";
  ADD_FAILURE() << "compare tests/history/verdicts.expected with " << path;
  for (std::size_t i = 0; i < std::min(said.size(), expected.size()); ++i) {
    ASSERT_EQ(said[i], expected[i]) << "line " << i + 1;
  }
}

}  // namespace
