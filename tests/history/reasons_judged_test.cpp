// SPDX-License-Identifier: Apache-2.0
//
// Under which invariant a wrong end is told: who reads the report goes by the number.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include <invsaga/history/checker.hpp>

#include "tests/history/maker.hpp"
#include "tests/history/script.hpp"

namespace invsaga {
namespace {

/// A correct history in which some orders are compensated.
History shop(std::uint64_t seed) {
  return histories::make({.seed = seed, .orders = 20, .faults = 30});
}

/// The first order that was compensated for such a reason, or null.
HistoryLine* compensated(History& history, const std::string& reason) {
  for (HistoryLine& line : history.lines) {
    const bool is = line.op == HistoryOp::end && line.outcome == "compensated";
    if (is && line.reason == reason) return &line;
  }
  return nullptr;
}

TEST(ReasonsJudged, ACompensationForAReasonThatItsLinesDoNotSayBreaksTheTenth) {
  int tried = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    for (const char* reason : {"out_of_stock", "declined", "payment_failed"}) {
      History history = shop(seed);
      HistoryLine* const line = compensated(history, reason);
      if (line == nullptr) continue;
      ASSERT_TRUE(check_history(history).holds());
      line->reason = std::string(reason) == "declined" ? "out_of_stock" : "declined";
      const CheckReport report = check_history(history);
      EXPECT_EQ(report.by_invariant[10], 1u) << seed << ' ' << reason;
      EXPECT_EQ(report.violation_count, 1u) << seed << ' ' << reason;
      ++tried;
    }
  }
  EXPECT_GT(tried, 5);
}

/// The lines, the one that holds `what` followed by `more`.
History with(std::vector<std::string> lines, const std::string& what, const std::string& more) {
  for (auto line = lines.begin(); line != lines.end(); ++line) {
    if (line->find(what) == std::string::npos) continue;
    lines.insert(line + 1, more);
    return histories::script(lines);
  }
  ADD_FAILURE() << "no line holds " << what;
  return {};
}

std::vector<std::string> completed() {
  using histories::operator+;
  return histories::opening("10", "2") + histories::order_lines() + histories::completed_lines();
}

TEST(ReasonsJudged, AChargeThatIsAnsweredOtherwiseThanBeforeBreaksTheEighteenth) {
  const History history = with(
      completed(), R"("op":"charge")",
      histories::in_run("08:26:02",
                        R"("op":"charge","id":"pay2","amount":"12.50","answer":"declined")"));
  EXPECT_EQ(check_history(history).by_invariant[18], 1u);
}

TEST(ReasonsJudged, ACommitThatIsRefusedAndMovesUnitsBreaksTheFifth) {
  const History history = with(
      completed(), R"("op":"reserve")",
      histories::in_run("08:26:01",
                        R"("op":"commit","id":"r9","lines":[["A",6]],"answer":"not_found")"));
  EXPECT_EQ(check_history(history).by_invariant[5], 1u);
}

TEST(ReasonsJudged, ASaleOfWhatIsBeingUndoneBreaksTheTwelfth) {
  const History history = with(
      completed(), R"("op":"charge")",
      histories::in_run("08:26:02", R"("op":"call","step":"cancel","id":"p","answer":"done")"));
  EXPECT_EQ(check_history(history).by_invariant[12], 1u);
}

TEST(ReasonsJudged, MoreUnitsThanARowMayHoldBreakTheFourth) {
  const std::string most = "9007199254740991";
  std::vector<std::string> lines = histories::opening(most, "2");
  lines.push_back(
      R"(08:00:01 "op":"adjust","id":"o3","reason":"restock","lines":[["A",1]],"answer":"adjusted")");
  EXPECT_EQ(check_history(histories::script(lines)).by_invariant[4], 1u);
  lines.pop_back();
  EXPECT_EQ(check_history(histories::script(lines)).by_invariant[4], 0u);
}

TEST(ReasonsJudged, ACompletedRunWhoseEventsAreNoWholePathBreaksTheFifteenth) {
  std::vector<std::string> lines = completed();
  std::erase_if(lines, [](const std::string& line) {
    return line.find("CART_CLEARED") != std::string::npos;
  });
  std::string& end = lines.back();
  end.replace(end.find("\"events\":5"), 10, "\"events\":4");
  EXPECT_EQ(check_history(histories::script(lines)).by_invariant[15], 1u);
}

TEST(ReasonsJudged, AnExpiryBeforeItsDeadlineBreaksTheEighth) {
  using histories::operator+;
  const std::string expired =
      R"("op":"expire","id":"r0","lines":[["A",6],["B",2]],"answer":"expired")";
  const auto lines = histories::opening("10", "2") + histories::order_lines() +
                     histories::reserved_lines();
  const auto broken = [&](const char* time) {
    const std::vector<std::string> one{histories::in_run(time, expired)};
    return check_history(histories::script(lines + one)).by_invariant[8];
  };
  EXPECT_EQ(broken("08:40:59"), 1u);
  EXPECT_EQ(broken("08:41:00"), 0u);
}

TEST(ReasonsJudged, AnIdMayBeForgottenFromTheInstantOnThatNoReserveOfItIsInTime) {
  using histories::operator+;
  const auto lines = histories::opening("10", "2") + histories::order_lines() +
                     histories::declined_lines();
  const auto violations = [&](const char* time) {
    const std::vector<std::string> late{
        histories::in_run(time, R"("op":"commit","id":"r0","answer":"not_found")")};
    return check_history(histories::script(lines + late)).violation_count;
  };
  EXPECT_EQ(violations("08:41:00"), violations("08:42:00"));
  EXPECT_GT(violations("08:40:59"), violations("08:41:00"));
}

TEST(ReasonsJudged, TheLargestNumberIsOneAndTheNextIsNot) {
  const auto units = [](const std::string& number) {
    const History history = histories::script(
        {R"(08:26:00 "op":"request","saga":"1","id":"q","units":)" + number +
         R"(,"amount":"1","answer":"fresh")"});
    return history.lines.at(0);
  };
  EXPECT_EQ(units("9223372036854775807").impossible, "");
  EXPECT_EQ(units("9223372036854775807").units, INT64_MAX);
  EXPECT_NE(units("9223372036854775808").impossible, "");
}

TEST(ReasonsJudged, ARefusalThatNamesEnoughUnitsIsNone) {
  using histories::operator+;
  std::string header(histories::script_header);
  header.replace(header.find(R"("threads":1)"), 11, R"("threads":3)");
  const auto violations = [&](const std::string& left) {
    auto lines = histories::opening("4", "2") + histories::order_lines() +
                 histories::refused_lines();
    for (std::string& line : lines) {
      const auto at = line.find(R"(["A",6,4])");
      if (at != std::string::npos) line.replace(at, 9, R"(["A",6,)" + left + "]");
    }
    return check_history(histories::script(lines, header)).violation_count;
  };
  EXPECT_EQ(violations("4"), violations("5"));  // with threads it may have been 5
  EXPECT_GT(violations("6"), violations("4"));
}

TEST(ReasonsJudged, AmountsAreComparedWithTheirFractions) {
  const auto violations = [](const std::string& amount) {
    std::vector<std::string> lines = completed();
    for (std::string& line : lines) {
      if (line.find(R"("op":"charge")") == std::string::npos) continue;
      line.replace(line.find("12.50"), 5, amount);
    }
    return check_history(histories::script(lines)).violation_count;
  };
  EXPECT_EQ(violations("12.5"), violations("12.50"));
  EXPECT_GT(violations("12.51"), violations("12.50"));
}

}  // namespace
}  // namespace invsaga
