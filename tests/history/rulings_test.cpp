// SPDX-License-Identifier: Apache-2.0
//
// Wrongs in which every sum is right, each beside the history that differs from it in nothing else
// and is right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include <invsaga/history/checker.hpp>

#include "tests/history/script.hpp"

namespace {

using namespace invsaga;
using namespace histories;
using testing::Contains;
using testing::IsEmpty;
using Lines = std::vector<std::string>;

std::set<int> broken(const History& history, CheckOptions options = {}) {
  std::set<int> numbers;
  const CheckReport report = check_history(history, options);
  for (const Violation& violation : report.violations) numbers.insert(violation.invariant);
  return numbers;
}

std::string threads_header() { return header_with("\"threads\":1", "\"threads\":8"); }

/// Each time a line holds `what`, `instead` stands there.
Lines with(Lines lines, const std::string& what, const std::string& instead) {
  bool found = false;
  for (std::string& line : lines) {
    for (auto at = line.find(what); at != line.npos; at = line.find(what, at + instead.size())) {
      line.replace(at, what.size(), instead);
      found = true;
    }
  }
  EXPECT_TRUE(found) << what;
  return lines;
}

Lines without(Lines lines, const std::string& what) {
  EXPECT_GT(std::erase_if(lines, [&](const auto& l) { return l.find(what) != l.npos; }), 0U);
  return lines;
}

/// `more` before the line that holds `what`.
Lines before(Lines lines, const std::string& what, const Lines& more) {
  const auto at = std::ranges::find_if(lines,
                                       [&](const auto& l) { return l.find(what) != l.npos; });
  EXPECT_NE(at, lines.end()) << what;
  lines.insert(at, more.begin(), more.end());
  return lines;
}

const Lines sold = {counted(R"(["A",4,0,6],["B",0,0,2])")};
const Lines untouched = {counted(R"(["A",10,0,0],["B",2,0,0])")};
const Lines completed = opening("10", "2") + order_lines() + completed_lines() + sold;
const Lines declined = opening("10", "2") + order_lines() + declined_lines() + untouched;
const Lines ran_out = opening("10", "2") + order_lines() + expired_lines() +
                      Lines{counted(R"(["A",5,0,0],["B",2,0,0])")};

// --- the clock

TEST(Rulings, TheStoresClockNeverGoesBackAtAnyNumberOfThreads) {
  EXPECT_THAT(broken(script(completed, threads_header())), IsEmpty());
  History history = script(completed, threads_header());
  const auto of = [&](HistoryOp op) {
    return std::ranges::find(history.lines, op, &HistoryLine::op);
  };
  of(HistoryOp::commit)->at = time_from_ms(0);
  EXPECT_EQ(broken(history), (std::set<int>{23})) << "sold in 1970";
  history = script(ran_out, threads_header());
  EXPECT_THAT(broken(history), IsEmpty());
  of(HistoryOp::expire)->at += std::chrono::hours(24 * 365 * 70);
  EXPECT_EQ(broken(history), (std::set<int>{23})) << "given back 70 years late";
}

TEST(Rulings, WhatTheStoreDidStandsInTheOrderOfItsClock) {
  Lines lines = opening("10", "2") + Lines{counted(R"(["A",10,0,0],["B",2,0,0])")};
  History history = script(lines, threads_header());
  // Their calls overlap, so that real time does not tell.
  for (HistoryLine& line : history.lines) line.t0 = 0, line.t1 = 1'000;
  EXPECT_THAT(broken(history), IsEmpty());
  history.lines[1].at -= Duration{1};
  EXPECT_EQ(broken(history), (std::set<int>{23}));
}

/// A call is dated by whoever tells of it, and that clock may be apart from the store's.
TEST(Rulings, ACallIsDatedToWithinADayOfWhatWasAnsweredBeforeIt) {
  History history = script(completed, threads_header());
  const auto publish = std::ranges::find(history.lines, HistoryOp::publish, &HistoryLine::op);
  const Time at = publish->at;
  publish->at = at + std::chrono::hours(20);
  EXPECT_THAT(broken(history), IsEmpty());
  publish->at = at - std::chrono::hours(20);
  EXPECT_THAT(broken(history), IsEmpty());
  publish->at = at + std::chrono::hours(60);
  EXPECT_EQ(broken(history), (std::set<int>{23}));
  publish->at = at - std::chrono::hours(30);
  EXPECT_EQ(broken(history), (std::set<int>{23}));
  publish->t0 = 0;  // called before anything was answered
  EXPECT_THAT(broken(history), IsEmpty());
}

TEST(Rulings, ADeadlineIsMadeAfterWhatItsRunTriedBefore) {
  Lines lines = completed;
  for (std::size_t i = 0; i < 2; ++i) lines[i].replace(0, 8, "08:25:59");
  EXPECT_THAT(broken(script(lines, threads_header())), IsEmpty());
  // What the store did at 08:25:59 was answered before the order was placed.
  const Lines earlier = with(lines, "T08:41:00.000Z", "T08:40:59.000Z");
  EXPECT_THAT(broken(script(earlier, threads_header())), IsEmpty());
  const Lines too_early = with(lines, "T08:41:00.000Z", "T08:40:58.999Z");
  EXPECT_EQ(broken(script(too_early, threads_header())), (std::set<int>{8}));
}

// --- what is sold

TEST(Rulings, AnOrderGetsAllTheUnitsThatItAskedFor) {
  EXPECT_THAT(broken(script(completed)), IsEmpty());
  Lines lines = with(completed, R"("lines":[["A",6],["B",2]],"answer":"committed")",
                     R"("lines":[["A",1]],"back":[["A",5],["B",2]],"answer":"committed")");
  lines.back() = counted(R"(["A",9,0,1],["B",2,0,0])");
  EXPECT_EQ(broken(script(lines)), (std::set<int>{19}));
}

const Lines by_hand = {
    R"(08:10:00 "op":"reserve","id":"x","until":"2010-12-01T08:25:00.000Z","lines":[["A",5]],"answer":"reserved")",
    R"(08:20:00 "op":"commit","id":"x","lines":[["A",5]],"answer":"committed")"};

TEST(Rulings, UnitsAreSoldInASagaUnlessTheHeaderSaysByHand) {
  const Lines lines = opening("10", "2") + by_hand + Lines{counted(R"(["A",5,0,5],["B",2,0,0])")};
  EXPECT_THAT(broken(script(lines, by_hand_header())), IsEmpty());
  EXPECT_EQ(broken(script(lines)), (std::set<int>{3}));
  EXPECT_EQ(broken(script(lines, header_with("\"by_hand\":false,", ""))), (std::set<int>{3}));
  // What is held and given back takes nothing.
  const Lines held = with(with(lines, R"("op":"commit")", R"("op":"release")"),
                          R"("answer":"committed")", R"("answer":"released")");
  EXPECT_THAT(broken(script(with(held, R"(["A",5,0,5])", R"(["A",10,0,0])"))), IsEmpty());
}

TEST(Rulings, ReturnsAndWriteOffsBearTheirInvoiceUnlessTheHeaderSaysByHand) {
  for (
      const auto& [line, counters] :
      {std::pair<std::string, std::string>{
           R"(09:00:00 "op":"adjust","id":"x1","reason":"return","lines":[["A",1]],"answer":"adjusted")",
           R"(["A",5,0,6],["B",0,0,2])"},
       {R"(09:00:00 "op":"adjust","id":"x1","reason":"write_off","lines":[["A",-1]],"answer":"adjusted")",
        R"(["A",3,0,6],["B",0,0,2])"}}) {
    Lines lines = completed;
    lines.back() = line;
    lines.push_back(counted(counters));
    EXPECT_THAT(broken(script(lines, by_hand_header())), IsEmpty()) << line;
    EXPECT_EQ(broken(script(lines)), (std::set<int>{3})) << line;
    const Lines of_one = with(lines, R"("id":"x1")", R"("saga":"N1","id":"x1")");
    EXPECT_THAT(broken(script(of_one)), IsEmpty()) << line;
  }
}

TEST(Rulings, ARowIsOpenedOnceAndBeforeAnythingElseMovesIt) {
  const std::string again =
      R"(08:30:00 "op":"adjust","id":"o3","reason":"opening","lines":[["B",3]],"answer":"adjusted")";
  Lines lines = completed;
  lines.insert(lines.end() - 1, again);
  lines.back() = counted(R"(["A",4,0,6],["B",3,0,2])");
  EXPECT_EQ(broken(script(lines)), (std::set<int>{3}));
  EXPECT_THAT(broken(script(with(lines, R"("id":"o3","reason":"opening")",
                                 R"("id":"o3","reason":"restock")"))),
              IsEmpty());
  lines = with(lines, R"(["B",3]],"answer":"adjusted")", R"(["C",3]],"answer":"adjusted")");
  lines.back() = counted(R"(["A",4,0,6],["B",0,0,2],["C",3,0,0])");
  EXPECT_THAT(broken(script(lines)), IsEmpty()) << "a row that is new";
}

/// What was asked before the end may be answered by what was true then.
TEST(Rulings, ARequestIsUnderWayUntilItsRunHasEnded) {
  Lines lines = completed;
  lines.insert(lines.end() - 1, in_run("08:26:02", R"("op":"request","id":"req","units":8,)"
                                                   R"("amount":"12.50","answer":"in_progress")"));
  History history = script(lines, threads_header());
  HistoryLine& asked = *(history.lines.end() - 2);
  const HistoryLine& end = *(history.lines.end() - 3);
  ASSERT_EQ(end.op, HistoryOp::end);
  asked.t0 = end.t1;
  EXPECT_THAT(broken(history), IsEmpty());
  asked.t0 = end.t1 + 1;
  EXPECT_EQ(broken(history), (std::set<int>{18}));
}

// --- stuck

std::string stuck(const std::string& events, const std::string& at) {
  return in_run(at, R"("op":"end","outcome":"stuck","reason":"unknown","events":)" + events +
                        R"(,"answer":"ended")");
}

/// It ran out, was charged, and got nothing; what undoes it is gone.
/// The header tells of no lifetime, so that only the deadline counts.
TEST(Rulings, AHoldEndsAndAReserveIsLateExactlyAtTheDeadline) {
  const std::string header = header_with(R"("options":{"hold":900},"seed":1,"threads":1,)"
                                         R"("by_hand":false)",
                                         R"("options":{},"seed":1,"threads":1,"by_hand":true)");
  const auto reserve = [](const std::string& answer) {
    return R"( "op":"reserve","id":"h","until":"2010-12-01T08:41:00.000Z",)" + answer;
  };
  const auto verdict = [&](const Lines& lines) {
    History history = script(opening("10", "2") + lines, header);
    return broken(history, {.whole = false});
  };
  const std::string held = reserve(R"("lines":[["A",6]],"answer":"reserved")");
  const std::string refused = reserve(
      R"("lines":[["A",20]],"short":[["A",20,10]],"answer":"out_of_stock")");
  const std::string late = reserve(R"("lines":[["A",6]],"answer":"expired")");
  const std::string sold = R"( "op":"commit","id":"h","lines":[["A",6]],"answer":"committed")";
  const std::string before = "08:40:59", at = "08:41:00";
  EXPECT_THAT(verdict({before + held}), IsEmpty());
  EXPECT_EQ(verdict({at + held}), (std::set<int>{8}));
  EXPECT_THAT(verdict({before + refused}), IsEmpty());
  EXPECT_EQ(verdict({at + refused}), (std::set<int>{8}));
  EXPECT_EQ(verdict({before + late}), (std::set<int>{8}));
  EXPECT_THAT(verdict({at + late}), IsEmpty());
  EXPECT_THAT(verdict({before + held, before + sold}), IsEmpty());
  EXPECT_THAT(verdict({before + held, at + sold}), Contains(8));
}

/// 2^53 - 1 of them, on hand and sold.
TEST(Rulings, ARowMayHoldTheMostUnits) {
  const auto adjust = [](const std::string& id, const std::string& reason,
                         const std::string& units) {
    return R"(08:00:00 "op":"adjust","id":")" + id + R"(","reason":")" + reason +
           R"(","lines":[["A",)" + units + R"(]],"answer":"adjusted")";
  };
  const std::string most = R"("lines":[["A",9007199254740991]],)";
  const auto hold = [&](const std::string& op, const std::string& rest) {
    return R"(08:00:00 "op":")" + op + R"(","id":"h",)" + most + rest;
  };
  Lines lines{adjust("o", "opening", "9007199254740991"),
              hold("reserve", R"("until":"2010-12-01T08:15:00.000Z","answer":"reserved")"),
              hold("commit", R"("answer":"committed")"), adjust("r", "restock", "9007199254740991"),
              counted(R"(["A",9007199254740991,0,9007199254740991])")};
  EXPECT_THAT(broken(script(lines, by_hand_header())), IsEmpty());
  lines.insert(lines.end() - 1, adjust("s", "restock", "1"));
  EXPECT_THAT(broken(script(lines, by_hand_header())), Contains(4));
}

TEST(Rulings, AChargedRunThatWasNotUndoneIsNotStuck) {
  EXPECT_THAT(broken(script(ran_out)), IsEmpty());
  Lines lines = ran_out;
  for (const std::string gone : {R"("op":"refund")", R"("step":"cancel")", R"("op":"end")"}) {
    lines = without(lines, gone);
  }
  lines.insert(lines.end() - 1, stuck("4", "08:50:00"));
  EXPECT_EQ(broken(script(lines)), (std::set<int>{13}));
  // It is if the refund is tried, and does not come through.
  lines.insert(
      lines.end() - 2,
      in_run("08:50:00", R"("op":"refund","id":"pay","amount":"12.50","answer":"failed")"));
  EXPECT_THAT(broken(script(lines)), IsEmpty());
}

TEST(Rulings, ARunThatGetsAnswersIsNotStuck) {
  for (const auto& [next, events] : {std::pair{R"("op":"charge")", "2"},
                                     {R"("op":"commit")", "3"},
                                     {R"("step":"clear cart")", "4"}}) {
    const Lines lines = before(completed, next, {stuck(events, "08:26:02")});
    EXPECT_THAT(broken(script(lines)), Contains(13)) << next;
  }
  const std::string tried = in_run("08:26:02", R"("op":"commit","id":"r0","answer":"failed")");
  EXPECT_THAT(
      broken(script(before(completed, R"("op":"commit")", {tried, stuck("3", "08:26:02")}))),
      IsEmpty());
}

/// However often it asks: it decides the event of its sale once it knows of it.
TEST(Rulings, ARunWhoseCommitIsAnsweredToNobodyDoesNotKnowOfItsSale) {
  const auto sold = [](const std::string& marks) {
    return in_run("08:26:02", R"("op":"commit","id":"r0","lines":[["A",6],["B",2]],)" + marks +
                                  R"("lost":true,"answer":"committed")");
  };
  const std::string again = in_run("08:26:02", R"("op":"commit","id":"r0","repeat":true,)"
                                               R"("lost":true,"answer":"committed")");
  const Lines asked = opening("10", "2") + order_lines() + completed_lines();
  Lines lines;
  for (const std::string& line : asked) {
    if (line.find(R"("op":"commit")") != line.npos) break;
    lines.push_back(line);
  }
  lines = lines +
          Lines{sold(""), again, stuck("3", "08:26:02"), counted(R"(["A",4,0,6],["B",0,0,2])")};
  EXPECT_THAT(broken(script(lines)), IsEmpty());
}

TEST(Rulings, OnlyWhatIsStuckIsStillHeldWhenTheHistoryEnds) {
  const Lines held = opening("10", "2") + order_lines() + reserved_lines();
  const Lines counters = {counted(R"(["A",10,6,0],["B",2,2,0])")};
  const Lines in_doubt = {
      in_run("08:26:05", R"("op":"charge","id":"pay","amount":"12.50","answer":"unknown")"),
      stuck("2", "08:26:05")};
  EXPECT_THAT(broken(script(held + in_doubt + counters)), IsEmpty());
  EXPECT_EQ(broken(script(held + counters)), (std::set<int>{10, 28}));
  const Lines by_hand = without(held, "536365") +
                        Lines{R"(08:26:00 "op":"reserve","id":"h","lines":[["A",6],["B",2]],)"
                              R"("until":"2010-12-01T08:41:00.000Z","answer":"reserved")"};
  EXPECT_EQ(broken(script(by_hand + counters, by_hand_header())), (std::set<int>{28}));
}

/// It was cleared, and nobody heard of it; so it is asked again, in vain.
TEST(Rulings, ARunWhoseAnswersAreLostIsStuck) {
  const Lines failed = {
      in_run("08:26:02", R"("op":"call","step":"clear cart","id":"c","answer":"failed")"),
      stuck("5", "08:26:02")};
  Lines lines = before(without(completed, R"("op":"end")"), R"("op":"stock")", failed);
  EXPECT_EQ(broken(script(lines)), (std::set<int>{13}));
  lines = with(lines, R"("id":"c","answer":"done")", R"("id":"c","answer":"done","lost":true)");
  EXPECT_THAT(broken(script(lines)), IsEmpty());
}

TEST(Rulings, ARunThatIsStuckHasDecidedTheEventsOfAllThatItWentOnFrom) {
  const std::string tried = in_run("08:26:02", R"("op":"commit","id":"r0","answer":"failed")");
  const Lines lines = before(completed, R"("op":"commit")", {tried, stuck("3", "08:26:02")});
  EXPECT_THAT(broken(script(lines)), IsEmpty());
  EXPECT_EQ(broken(script(with(lines, R"("events":3)", R"("events":2)"))), (std::set<int>{14}));
}

// --- steps and undos

TEST(Rulings, ACommitIsAskedForAfterThePayment) {
  const std::string tried = in_run("08:26:00", R"("op":"commit","id":"r0","answer":"failed")");
  EXPECT_THAT(
      broken(script(before(completed, R"("op":"commit")", {with({tried}, "26:00", "26:02")}))),
      IsEmpty());
  EXPECT_EQ(broken(script(before(completed, R"("op":"charge")", {tried}))), (std::set<int>{10}));
}

TEST(Rulings, NothingIsTriedToBeUndoneOnceItIsSold) {
  const std::string release = in_run("08:26:02", R"("op":"release","id":"r0","answer":)");
  EXPECT_EQ(
      broken(script(before(completed, R"("step":"clear cart")", {release + "\"committed\""}))),
      (std::set<int>{12}));
  EXPECT_EQ(broken(script(before(completed, R"("step":"clear cart")", {release + "\"failed\""}))),
            (std::set<int>{12}));
}

TEST(Rulings, WhatIsUndoneIsNotLeftToRunOut) {
  EXPECT_THAT(broken(script(declined)), IsEmpty());
  const Lines late = {in_run(
      "08:41:00", R"("op":"expire","id":"r0","lines":[["A",6],["B",2]],"answer":"expired")")};
  const Lines left = before(without(declined, R"("op":"release")"), R"("op":"stock")", late);
  EXPECT_THAT(broken(script(left)), Contains(11)) << "nobody released it";
  const auto expired = [](Lines lines) {
    lines = without(lines, R"("op":"release")");
    lines = with(lines, R"(08:26:02 "saga":"536365","op":"charge")",
                 R"(08:41:00 "saga":"536365","op":"charge")");
    for (std::string& line : lines) {
      if (line.starts_with("08:26:02")) line.replace(0, 8, "08:41:00");
    }
    return lines;
  };
  const Lines ran = before(expired(declined), R"("op":"charge")", late);
  EXPECT_EQ(broken(script(ran)), (std::set<int>{11}));
  EXPECT_THAT(broken(script(
                  before(ran, R"("step":"cancel")",
                         {in_run("08:41:00", R"("op":"release","id":"r0","answer":"expired")")}))),
              IsEmpty());
}

// --- events

std::string delivered(const std::string& at, const std::string& answer) {
  return in_run(at, R"("op":"deliver","id":"e1","type":"ORDER_CHECKOUT_STARTED","sequence":1,)"
                    R"("consumer":"orders","answer":")" +
                        answer + "\"");
}

/// A dead letter waits for somebody; as long as it does, an event is lost to its consumer.
TEST(Rulings, AnEventThatWasGivenUpIsDeliveredInTheEnd) {
  const Lines dead = before(without(completed, R"("answer":"handled")"), R"("op":"reserve")",
                            {delivered("08:26:00", "failed"), delivered("08:26:00", "dead")});
  EXPECT_EQ(broken(script(dead)), (std::set<int>{14}));
  EXPECT_EQ(check_history(script(dead)).figures.events_lost, 1U);
  EXPECT_THAT(broken(script(without(dead, R"("op":"stock")")), {.whole = false}), IsEmpty());
  const Lines again = before(dead, R"("op":"stock")", {delivered("09:00:00", "handled")});
  EXPECT_THAT(broken(script(again)), IsEmpty());
  const Lines twice = before(again, R"("answer":"dead")", {delivered("08:26:00", "dead")});
  EXPECT_EQ(broken(script(twice)), (std::set<int>{16}));
}

}  // namespace
