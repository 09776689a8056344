// SPDX-License-Identifier: Apache-2.0
//
// An event is out as soon as a publish of it may have worked: it may be delivered before anybody
// knows that it is published.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/history/checker.hpp>

#include "tests/history/script.hpp"

namespace {

using namespace invsaga;
using namespace histories;

std::set<int> broken(const std::vector<std::string>& lines,
                     std::string_view header = script_header) {
  std::set<int> numbers;
  for (const Violation& violation : check_history(script(lines, header)).violations) {
    numbers.insert(violation.invariant);
  }
  return numbers;
}

std::vector<std::string>::iterator line_with(std::vector<std::string>& lines,
                                             const std::string& what) {
  const auto found = std::ranges::find_if(
      lines, [&](const std::string& line) { return line.find(what) != line.npos; });
  EXPECT_NE(found, lines.end()) << what;
  return found;
}

std::string event_line(const std::string& op, const std::string& answer) {
  return in_run("08:26:00", "\"op\":\"" + op +
                                "\",\"id\":\"e1\",\"type\":\"ORDER_CHECKOUT_STARTED\","
                                "\"sequence\":1," +
                                (op == "deliver" ? "\"consumer\":\"orders\"," : "") +
                                "\"answer\":\"" + answer + "\"");
}

/// A whole order, but for the beginning of its first event: that is `first`.
std::vector<std::string> order_after(const std::vector<std::string>& first) {
  auto lines = opening("10", "2") + order_lines() + completed_lines() +
               std::vector<std::string>{counted(R"(["A",4,0,6],["B",0,0,2])")};
  const auto at = lines.erase(line_with(lines, R"("op":"publish")"));
  lines.insert(at, first.begin(), first.end());
  return lines;
}

TEST(EventsJudged, AnEventWhosePublishIsInDoubtMayBeHandled) {
  auto lines = order_after({event_line("publish", "unknown")});
  lines.insert(line_with(lines, R"("op":"deliver")") + 1, event_line("publish", "published"));
  EXPECT_EQ(broken(lines), (std::set<int>{}));
}

TEST(EventsJudged, NothingIsMissingBeforeAFirstEventWhosePublishIsInDoubt) {
  const auto lines = order_after({event_line("publish", "unknown"), event_line("deliver", "parked"),
                                  event_line("publish", "published")});
  EXPECT_EQ(broken(lines), (std::set<int>{16}));
}

TEST(EventsJudged, AnEventThatNobodyTriedToPublishIsNotDelivered) {
  auto lines = order_after({});
  lines.insert(line_with(lines, R"("op":"deliver")") + 1, event_line("publish", "published"));
  EXPECT_TRUE(broken(lines).contains(14));
}

TEST(EventsJudged, WhatIsHandledOrDeadIsSoOnce) {
  for (const std::string answer : {"handled", "dead"}) {
    const std::string once = event_line("deliver", answer);
    auto lines = order_after({event_line("publish", "published")});
    *line_with(lines, R"("op":"deliver")") = once;
    EXPECT_FALSE(broken(lines).contains(18)) << answer;
    *line_with(lines, R"("op":"deliver")") = once + R"(,"repeat":true)";
    EXPECT_TRUE(broken(lines).contains(18)) << answer;
  }
}

/// Only where all types are those of the checkout the checker knows what each of them tells.
TEST(EventsJudged, WhatHappenedIsAskedForIfEachTypeStandsForAFact) {
  auto lines = order_after({event_line("publish", "published")});
  const auto told = line_with(lines, "STOCK_RESERVED");
  std::iter_swap(told, line_with(lines, R"("op":"reserve")"));
  EXPECT_TRUE(broken(lines).contains(14));
  const std::string other = header_with("\"paths\":[[", "\"paths\":[[\"OTHER\"],[");
  EXPECT_EQ(broken(lines, other), (std::set<int>{}));
  const std::string at_its_end = header_with("CART_CLEARED\"]", "CART_CLEARED\",\"OTHER\"]");
  EXPECT_FALSE(broken(lines, at_its_end).contains(14));
}

}  // namespace
