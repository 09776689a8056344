// SPDX-License-Identifier: Apache-2.0
//
// timeout: 600
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include <invsaga/history/checker.hpp>

#include "tests/history/maker.hpp"
#include "tests/history/script.hpp"
#include "tests/history/wrongs.hpp"

namespace {

using namespace invsaga;
using namespace histories;
using testing::Contains;
using testing::HasSubstr;

MakerOptions shop(std::uint64_t seed) {
  return {.seed = seed,
          .orders = static_cast<int>(1 + seed % 50),
          .faults = static_cast<int>(seed * 7 % 60),
          .threads = seed % 4 == 0 ? 3U : 1U,
          .lazy = seed % 3 == 0,
          .cancelled = seed % 5 == 0 ? 20 : 0,
          .stuck = seed % 7 == 0 ? 10 : 0};
}

std::string all_of(const CheckReport& report) {
  std::string text;
  for (const Violation& violation : report.violations) text += to_string(violation) + "\n";
  return text;
}

std::set<int> broken(const History& history, CheckOptions options = {}) {
  std::set<int> numbers;
  for (const Violation& violation : check_history(history, options).violations)
    numbers.insert(violation.invariant);
  return numbers;
}

const auto whole_order = opening("10", "2") + order_lines() + completed_lines() +
                         std::vector<std::string>{counted(R"(["A",4,0,6],["B",0,0,2])")};

/// The whole order, with the first line that holds `what` changed to `instead`.
History changed(const std::string& what, const std::string& instead) {
  auto lines = whole_order;
  for (std::string& line : lines) {
    const auto at = line.find(what);
    if (at == std::string::npos) continue;
    line.replace(at, what.size(), instead);
    return script(lines);
  }
  ADD_FAILURE() << "no line holds " << what;
  return script(lines);
}

TEST(Invariants, HaveNames) {
  std::set<std::string_view> names;
  for (int number = 1; number <= invariant_count; ++number) names.insert(invariant_name(number));
  EXPECT_EQ(names.size(), 30U);
  EXPECT_EQ(to_string({12, 13, 7, "it"}), "line 13 (n 12): I7 committed exactly once: it");
}

TEST(Invariants, HoldOverWhatCorrectShopsDo) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    const CheckReport report = check_history(make(shop(seed)));
    ASSERT_TRUE(report.holds()) << "seed " << seed << "\n" << all_of(report);
  }
}

/// Each kind of wrong, in many shops: the checker finds every one.
TEST(Invariants, FindEachPlantedWrong) {
  std::map<std::string, int> planted;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const History history = make(shop(seed));
    for (const Wrongs::Kind& kind : Wrongs::kinds()) {
      History wrong = history;
      Wrongs wrongs(wrong, seed);
      if (!(wrongs.*kind.plant)()) continue;
      ++planted[kind.name];
      EXPECT_FALSE(check_history(wrong).holds())
          << kind.name << " at " << wrongs.where << ", seed " << seed;
    }
  }
  for (const Wrongs::Kind& kind : Wrongs::kinds()) EXPECT_GE(planted[kind.name], 1) << kind.name;
}

TEST(Invariants, ReportsTheLineAndWhatWasSeen) {
  const CheckReport report = check_history(changed(R"(["A",6],["B",2]],"answer":"committed")",
                                                   R"(["A",5],["B",2]],"answer":"committed")"));
  ASSERT_FALSE(report.holds());
  EXPECT_EQ(to_string(report.violations[0]),
            "line 12 (n 11): I5 the lines of a hold never change: commit \"r0\" does not sell and "
            "give back what was held");
}

TEST(Invariants, AreToldApart) {
  EXPECT_THAT(broken(changed(R"(["A",4,0,6])", R"(["A",4,5,6])")), (std::set<int>{1, 2}));
  EXPECT_THAT(broken(changed(R"(["A",4,0,6])", R"(["A",3,0,6])")), (std::set<int>{3}));
  EXPECT_THAT(broken(changed(R"(["A",4,0,6])", R"(["A",4,0,5])")), (std::set<int>{30}));
  EXPECT_THAT(broken(changed(R"("lines":[["A",10]])", R"("lines":[["A",5]])")), Contains(4));
  EXPECT_THAT(broken(changed(R"("units":8)", R"("units":9)")), (std::set<int>{19}));
  EXPECT_THAT(broken(changed(R"("amount":"12.50","answer":"charged")",
                             R"("amount":"12.51","answer":"charged")")),
              (std::set<int>{19}));
  EXPECT_THAT(broken(changed(R"("events":5)", R"("events":4)")), (std::set<int>{14}));
  EXPECT_THAT(broken(changed(R"("until":"2010-12-01T08:41:00.000Z")",
                             R"("until":"2010-12-01T08:41:00.001Z")")),
              (std::set<int>{8}));
  EXPECT_THAT(broken(changed(R"("sequence":2,"answer":"published")",
                             R"("sequence":3,"answer":"published")")),
              (std::set<int>{15}));
  EXPECT_THAT(broken(changed(R"("consumer":"orders")", R"("consumer":"bank")")), Contains(16));
  EXPECT_THAT(broken(changed(R"("answer":"committed")", R"("answer":"committed","lost":true)")),
              (std::set<int>{}));
  EXPECT_THAT(broken(changed(R"("answer":"committed")", R"("answer":"failed","lost":true)")),
              Contains(22));
  EXPECT_THAT(broken(changed(R"("answer":"committed")", R"("answer":"handled")")), Contains(4));
}

TEST(Invariants, TakesEqualAmountsForEqual) {
  EXPECT_TRUE(check_history(changed(R"("amount":"12.50","answer":"charged")",
                                    R"("amount":"12.5","answer":"charged")"))
                  .holds());
  EXPECT_TRUE(check_history(changed(R"("amount":"12.50","answer":"charged")",
                                    R"("amount":"012.5000","answer":"charged")"))
                  .holds());
  EXPECT_FALSE(check_history(changed(R"("amount":"12.50","answer":"charged")",
                                     R"("amount":"-12.50","answer":"charged")"))
                   .holds());
}

TEST(Invariants, ChargesNothingForAnOrderBelowZero) {
  auto lines = whole_order;
  for (std::string& line : lines) {
    for (const auto& [what, instead] :
         {std::pair<std::string, std::string>{R"("amount":"12.50","answer":"fresh")",
                                              R"("amount":"-1","answer":"fresh")"},
          {R"("amount":"12.50")", R"("amount":"0.00")"}}) {
      if (const auto at = line.find(what); at != std::string::npos)
        line.replace(at, what.size(), instead);
    }
  }
  const CheckReport report = check_history(script(lines));
  EXPECT_TRUE(report.holds()) << all_of(report);
  EXPECT_EQ(report.figures.charges, 0U);
}

TEST(Invariants, ADecisionThatIsNotExactIsHeldToTheCallsTime) {
  // A refusal between two holds: at no instant of its call were fewer than 3 there, unless the hold
  // that comes next in the file was under way already.
  const auto history = [](const std::string& refusal, const std::string& next) {
    std::string text =
        R"({"invsaga_history":1,"options":{},"seed":1,"threads":2,"consumers":{},"paths":[]})"
        "\n";
    const auto line = [&](int n, const std::string& times, const std::string& rest) {
      text += "{\"n\":" + std::to_string(n) + R"(,"at":"2010-12-01T08:26:00.000Z",)" + times + "," +
              rest + "}\n";
    };
    const std::string until = R"("until":"2010-12-01T09:00:00.000Z",)";
    line(1, R"("t0":0,"t1":10)",
         R"("op":"adjust","id":"o","reason":"opening","lines":[["A",5]],"answer":"adjusted")");
    line(2, refusal,
         R"("op":"reserve","id":"a",)" + until +
             R"("lines":[["A",5]],"short":[["A",5,2]],"answer":"out_of_stock")");
    line(3, next,
         R"("op":"reserve","id":"b",)" + until + R"("lines":[["A",3]],"answer":"reserved")");
    line(4, R"("t0":300,"t1":310)",
         R"("op":"release","id":"b","lines":[["A",3]],"answer":"released")");
    History made;
    std::string why;
    EXPECT_TRUE(read_history(text, made, why)) << why;
    return made;
  };
  const CheckOptions part{.whole = false};
  EXPECT_EQ(broken(history(R"("t0":100,"t1":200)", R"("t0":190,"t1":250)"), part),
            (std::set<int>{}));
  EXPECT_EQ(broken(history(R"("t0":100,"t1":200)", R"("t0":201,"t1":250)"), part),
            (std::set<int>{25}));
  // Before the opening was answered nothing may have been there.
  EXPECT_EQ(broken(history(R"("t0":5,"t1":20)", R"("t0":201,"t1":250)"), part), (std::set<int>{}));
  EXPECT_EQ(broken(history(R"("t0":11,"t1":20)", R"("t0":201,"t1":250)"), part),
            (std::set<int>{25}));
}

TEST(Invariants, NobodyIsRefusedForWantOfUnitsWhoseHoldIsOver) {
  const auto lines =
      opening("5", "0") +
      std::vector<std::string>{
          R"(08:00:00 "op":"reserve","id":"a","until":"2010-12-01T08:15:00.000Z","lines":[["A",5]],"answer":"reserved")",
          R"(08:15:00 "op":"reserve","id":"b","until":"2010-12-01T08:30:00.000Z","lines":[["A",1]],"short":[["A",1,0]],"answer":"out_of_stock")",
          R"(08:15:00 "op":"expire","id":"a","lines":[["A",5]],"answer":"expired")",
          counted(R"(["A",5,0,0])")};
  auto before = lines;
  before[1] =
      R"(08:00:00 "op":"adjust","id":"o2","reason":"opening","lines":[["B",1]],"answer":"adjusted")";
  before.back() = counted(R"(["A",5,0,0],["B",1,0,0])");
  EXPECT_EQ(broken(script(before)), (std::set<int>{25}));
}

TEST(Invariants, AHoldThatWasExtendedLivesLonger) {
  auto lines = std::vector<std::string>{
      R"(08:00:00 "op":"adjust","id":"o1","reason":"opening","lines":[["A",5]],"answer":"adjusted")",
      R"(08:00:00 "op":"reserve","id":"a","until":"2010-12-01T08:15:00.000Z","lines":[["A",5]],"answer":"reserved")",
      R"(08:10:00 "op":"extend","id":"a","until":"2010-12-01T08:30:00.000Z","answer":"reserved")",
      R"(08:20:00 "op":"extend","id":"a","until":"2010-12-01T08:10:00.000Z","answer":"reserved","repeat":true)",
      R"(08:20:00 "op":"commit","id":"a","lines":[["A",3]],"back":[["A",2]],"answer":"committed")",
      counted(R"(["A",2,0,3])")};
  EXPECT_EQ(broken(script(lines, by_hand_header())), (std::set<int>{}));
  lines[2] =
      R"(08:10:00 "op":"extend","id":"a","until":"2010-12-01T08:30:00.000Z","answer":"failed")";
  EXPECT_EQ(broken(script(lines, by_hand_header())), (std::set<int>{8}));
}

TEST(Invariants, AReservePastItsOwnDeadlineIsExpiredWhateverIsRemembered) {
  auto lines = std::vector<std::string>{
      R"(08:00:00 "op":"adjust","id":"o1","reason":"opening","lines":[["A",5]],"answer":"adjusted")",
      R"(08:00:00 "op":"reserve","id":"a","until":"2010-12-01T08:15:00.000Z","lines":[["A",5]],"answer":"reserved")",
      R"(08:10:00 "op":"extend","id":"a","until":"2010-12-01T08:30:00.000Z","answer":"reserved")",
      R"(08:20:00 "op":"reserve","id":"a","until":"2010-12-01T08:15:00.000Z","lines":[["A",5]],"answer":"expired")",
      R"(08:20:00 "op":"reserve","id":"a","until":"2010-12-01T08:15:00.000Z","lines":[["A",4]],"answer":"expired")",
      R"(08:20:00 "op":"commit","id":"a","lines":[["A",5]],"answer":"committed")",
      counted(R"(["A",0,0,5])")};
  EXPECT_EQ(broken(script(lines, by_hand_header())), (std::set<int>{}));
  lines[3].replace(0, 8, "08:12:00");
  lines[4].replace(0, 8, "08:12:00");
  EXPECT_EQ(broken(script(lines, by_hand_header())), (std::set<int>{8, 19}));
}

/// Its records told the run what the store had decided: the next attempts need not.
TEST(Invariants, WhatTheStoreHasDecidedOfAHoldIsInDoubtNoMore) {
  std::vector<std::string> lines = opening("10", "2") + order_lines() + expired_lines() +
                                   std::vector{counted(R"(["A",5,0,0],["B",2,0,0])")};
  const auto commit = std::ranges::find_if(
      lines, [](const std::string& line) { return line.find(R"("op":"commit")") != line.npos; });
  ASSERT_NE(commit, lines.end());
  const std::string failed = in_run("08:50:00", R"("op":"commit","id":"r0","answer":"failed")");
  *commit = in_run("08:50:00",
                   R"("op":"commit","id":"r0","answer":"expired","repeat":true,"lost":true)");
  lines.insert(commit + 1, failed);
  EXPECT_EQ(broken(script(lines)), (std::set<int>{}));
  std::erase_if(lines, [](const std::string& line) { return line.find("\"lost\"") != line.npos; });
  EXPECT_THAT(broken(script(lines)), Contains(12)) << "nobody knows what became of the commit";
}

/// An order whose commit was asked for before its reserve, and is in doubt since.
TEST(Invariants, WhatTheStoreHasSaidOfAHoldBeforeItsReserveDecidesNothing) {
  const auto commit = [](const std::string& at, const std::string& answer) {
    return in_run(at, R"("op":"commit","id":"r0","answer":")" + answer + "\"");
  };
  const std::vector<std::string> lines =
      opening("10", "2") + order_lines() +
      std::vector<std::string>{commit("08:26:00", "not_found")} + reserved_lines() +
      std::vector<std::string>{
          in_run("08:26:05", R"("op":"charge","id":"pay","amount":"12.50","answer":"charged")"),
          in_run("08:26:05", R"("op":"publish","id":"e3","type":"PAYMENT_COMPLETED","sequence":3,)"
                             R"("answer":"published")"),
          commit("08:26:06", "unknown"),
          in_run("08:26:10", R"("op":"refund","id":"pay","amount":"12.50","answer":"refunded")"),
          in_run("08:26:10", R"("op":"release","id":"r0","lines":[["A",6],["B",2]],)"
                             R"("answer":"released")"),
          in_run("08:26:10", R"("op":"call","step":"cancel","id":"p","answer":"done")"),
          in_run("08:26:10", R"("op":"end","outcome":"compensated","reason":"gave_up","events":3,)"
                             R"("answer":"ended")"),
          counted(R"(["A",10,0,0],["B",2,0,0])")};
  EXPECT_THAT(broken(script(lines)), Contains(12));
}

TEST(Invariants, CountsWhatWasOversoldAndLost) {
  const CheckReport over = check_history(changed(R"("lines":[["A",10]])", R"("lines":[["A",4]])"));
  EXPECT_EQ(over.figures.oversold_units, 2);
  const CheckReport lost = check_history(changed(R"("answer":"handled")", R"("answer":"failed")"));
  EXPECT_EQ(lost.figures.events_lost, 1U);
  EXPECT_EQ(lost.violation_count, 1U);
}

TEST(Invariants, AddUpTheFiguresOfTheReport) {
  const auto lines =
      opening("10", "2") + order_lines() + completed_lines() +
      std::vector<std::string>{
          R"(09:00:00 "op":"adjust","saga":"C1","id":"c1","reason":"return","lines":[["A",1]],"answer":"adjusted")",
          R"(09:00:00 "op":"adjust","saga":"C2","id":"c2","reason":"return","lines":[["A",6]],"short":[["A",6,5]],"answer":"refused")",
          R"(09:00:00 "op":"adjust","saga":"W1","id":"w1","reason":"write_off","lines":[["A",-2]],"answer":"adjusted")",
          R"(09:00:00 "op":"adjust","saga":"W2","id":"w2","reason":"write_off","lines":[["A",-4]],"short":[["A",4,3]],"answer":"out_of_stock")",
          R"(09:00:00 "op":"adjust","id":"r1","reason":"restock","lines":[["B",7]],"answer":"adjusted")",
          in_run("09:00:00",
                 R"("op":"request","id":"req","units":8,"amount":"12.50","answer":"completed")"),
          counted(R"(["A",3,0,6],["B",7,0,2])")};
  const CheckReport report = check_history(script(lines));
  EXPECT_TRUE(report.holds()) << all_of(report);
  const CheckFigures& figures = report.figures;
  EXPECT_EQ(figures.lines, lines.size());
  EXPECT_EQ(figures.orders, 1U);
  EXPECT_EQ(figures.completed, 1U);
  EXPECT_EQ(figures.returns_accepted, 1U);
  EXPECT_EQ(figures.returns_refused, 1U);
  EXPECT_EQ(figures.adjustments_accepted, 1U);
  EXPECT_EQ(figures.adjustments_refused, 1U);
  EXPECT_EQ(figures.opening_units, 12);
  EXPECT_EQ(figures.restocked_units, 7);
  EXPECT_EQ(figures.returned_units, 1);
  EXPECT_EQ(figures.written_off_units, 2);
  EXPECT_EQ(figures.sold_units, 8);
  EXPECT_EQ(figures.on_hand_units, 10);
  EXPECT_EQ(figures.reserved_units, 0);
  EXPECT_EQ(figures.charges, 1U);
  EXPECT_EQ(figures.refunds, 0U);
  EXPECT_EQ(figures.events_published, 5U);
  EXPECT_EQ(figures.duplicates_replayed, 1U);
}

TEST(Invariants, CountCompensatedOrdersByReason) {
  for (const auto& [lines, reason, stock] :
       {std::tuple{refused_lines(), "out_of_stock", "4"},
        {declined_lines(), "declined", "10"},
        {declined_lines("payment_failed"), "payment_failed", "10"}}) {
    const CheckReport report = check_history(script(
        opening(stock, "2") + order_lines() + lines +
        std::vector<std::string>{counted("[\"A\"," + std::string(stock) + ",0,0],[\"B\",2,0,0]")}));
    EXPECT_TRUE(report.holds()) << all_of(report);
    EXPECT_EQ(report.figures.compensated.at(reason), 1U);
  }
}

TEST(Invariants, ARunThatIsStuckMayBeResumedAndEndsOnce) {
  auto lines = opening("10", "2") + order_lines() + completed_lines() +
               std::vector<std::string>{counted(R"(["A",4,0,6],["B",0,0,2])")};
  const std::string stuck = in_run(
      "08:26:02", R"("op":"end","outcome":"stuck","reason":"unknown","events":3,"answer":"ended")");
  const auto commit = std::find_if(lines.begin(), lines.end(), [](const std::string& l) {
    return l.find("\"commit\"") != std::string::npos;
  });
  const std::string tried = in_run("08:26:02", R"("op":"commit","id":"r0","answer":"unknown")");
  const auto at = lines.insert(lines.insert(commit, tried) + 1, stuck);
  const CheckReport report = check_history(script(lines));
  EXPECT_TRUE(report.holds()) << all_of(report);
  EXPECT_EQ(report.figures.stuck, 0U);
  EXPECT_EQ(report.figures.completed, 1U);
  lines.insert(at, stuck);
  EXPECT_EQ(broken(script(lines)), (std::set<int>{10}));
}

TEST(Invariants, ACancelledRunMayStopAnywhereBeforeItsCommit) {
  const auto cancelled = [](const std::vector<std::string>& middle, int events) {
    return broken(script(
        opening("10", "2") + order_lines() + middle +
        std::vector<std::string>{
            in_run("08:30:00", R"("op":"refund","id":"pay","amount":"12.50","answer":"refunded")"),
            in_run("08:30:00", R"("op":"release","id":"r0","answer":"tombstoned")"),
            in_run("08:30:00", R"("op":"call","step":"cancel","id":"p","answer":"done")"),
            in_run("08:30:00",
                   R"("op":"end","outcome":"compensated","reason":"cancelled","events":)" +
                       std::to_string(events) + R"(,"answer":"ended")"),
            counted(R"(["A",10,0,0],["B",2,0,0])")}));
  };
  EXPECT_EQ(cancelled({}, 1), (std::set<int>{}));
  EXPECT_EQ(cancelled({}, 2), (std::set<int>{14}));
  EXPECT_THAT(cancelled(reserved_lines(), 2), Contains(6));
}

TEST(Invariants, APartOfAHistoryNeedNotEnd) {
  for (std::size_t count = 0; count <= whole_order.size(); ++count) {
    const History part = script(
        {whole_order.begin(), whole_order.begin() + static_cast<std::ptrdiff_t>(count)});
    EXPECT_EQ(broken(part, {.whole = false}), (std::set<int>{})) << count;
    EXPECT_EQ(check_history(part).holds(), count == whole_order.size()) << count;
  }
}

TEST(Invariants, ARunNeedsARequestUnlessToldOtherwise) {
  auto lines = whole_order;
  lines.erase(lines.begin() + 2);
  EXPECT_EQ(broken(script(lines)), (std::set<int>{10}));
  EXPECT_EQ(broken(script(lines), {.requests = false}), (std::set<int>{}));
}

TEST(Invariants, KeepAsManyAsAskedForAndCountAll) {
  auto lines = whole_order;
  for (std::string& line : lines) line.replace(0, 8, "07:00:00");
  lines[0].replace(0, 8, "08:00:00");
  History history = script(lines);
  for (HistoryLine& line : history.lines) line.n += 5;
  for (HistoryLine& line : history.lines) line.t0 = -1;
  const CheckReport report = check_history(history, {.keep = 2});
  EXPECT_EQ(report.violations.size(), 2U);
  EXPECT_GT(report.violation_count, 10U);
  EXPECT_EQ(report.by_invariant[23],
            report.violation_count - report.by_invariant[8] - report.by_invariant[10]);
}

TEST(Invariants, GiveTheSameReportForTheSameLines) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    History history = make(shop(seed));
    std::mt19937_64 random(seed);
    for (int i = 0; i < 20; ++i)
      std::swap(history.lines[random() % history.lines.size()],
                history.lines[random() % history.lines.size()]);
    EXPECT_EQ(all_of(check_history(history)), all_of(check_history(history)));
  }
}

/// Whatever a stranger writes, the reader refuses it or the checker judges it.
TEST(Invariants, SurviveAnyByteThatIsChanged) {
  const History history = make({.seed = 9, .orders = 3, .faults = 60});
  std::string text;
  write_history(history.header, text);
  for (const HistoryLine& line : history.lines) write_history(line, text);
  std::mt19937_64 random(1);
  for (int i = 0; i < 3000; ++i) {
    std::string other = text;
    for (int k = 0; k < 3; ++k)
      other[random() % other.size()] = "0123456789\"[]{},:ae\n"[random() % 20];
    History read_back;
    std::string why;
    if (read_history(other, read_back, why)) check_history(read_back);
  }
}

}  // namespace
