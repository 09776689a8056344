// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <invsaga/history/checker.hpp>
#include <invsaga/history/story.hpp>

#include "tests/history/maker.hpp"
#include "tests/history/script.hpp"

namespace {

using namespace invsaga;
using namespace histories;
using testing::ElementsAre;
using testing::HasSubstr;

/// Explains a history that must be a correct one.
std::string told(const std::vector<std::string>& lines, std::string_view run = "536365") {
  const History history = script(lines);
  for (const Violation& violation : check_history(history).violations)
    ADD_FAILURE() << to_string(violation);
  return to_text(explain_history(history, run));
}

TEST(Explain, TellsThatAnOrderWasPlaced) {
  EXPECT_EQ(
      told(opening("10", "2") + order_lines() + completed_lines() +
           std::vector<std::string>{counted(R"(["A",4,0,6],["B",0,0,2])")}),
      "Order 536365 was placed: 8 units of 2 products sold, 12.50 charged.\n"
      "  request  req for 8 units at 12.50, came at 2010-12-01 08:26:00\n"
      "  order    placed at 2010-12-01 08:26:00; cart cleared at 2010-12-01 08:26:02\n"
      "  stock    8 units of 2 products set aside until 2010-12-01 08:41:00; sold at 2010-12-01 "
      "08:26:02\n"
      "  payment  12.50 charged at 2010-12-01 08:26:02\n"
      "  events   ORDER_CHECKOUT_STARTED received by orders; STOCK_RESERVED; PAYMENT_COMPLETED; "
      "STOCK_COMMITTED; CART_CLEARED\n");
}

TEST(Explain, NamesWhatWasOutOfStock) {
  EXPECT_EQ(told(opening("4", "2") + order_lines() + refused_lines() +
                 std::vector<std::string>{counted(R"(["A",4,0,0],["B",2,0,0])")}),
            "Order 536365 was not placed: not all of it was in stock: A (6 asked for, 4 left). "
            "Nothing was charged.\n"
            "  request  req for 8 units at 12.50, came at 2010-12-01 08:26:00\n"
            "  order    placed at 2010-12-01 08:26:00; cancelled at 2010-12-01 08:26:00\n"
            "  stock    out of stock: A (6 asked for, 4 left)\n"
            "  payment  nothing was charged\n"
            "  events   ORDER_CHECKOUT_STARTED received by orders; STOCK_RESERVATION_FAILED "
            "received by orders\n");
}

/// The six lines of "order created ... does the order service receive it?", and the answer.
TEST(Explain, AnswersWhetherTheFailureWasReceived) {
  const Story story = explain_history(script(opening("4", "2") + order_lines() + refused_lines()),
                                      "536365");
  std::vector<std::string> moments;
  for (const Story::Moment& moment : story.timeline) moments.push_back(moment.text);
  EXPECT_THAT(moments, ElementsAre("request req for 8 units at 12.50 arrives",
                                   "the order is placed with the shop",
                                   "event 1 ORDER_CHECKOUT_STARTED: published",
                                   "event 1 ORDER_CHECKOUT_STARTED reaches orders: handled",
                                   "out of stock: A (6 asked for, 4 left)",
                                   "event 2 STOCK_RESERVATION_FAILED: published",
                                   "event 2 STOCK_RESERVATION_FAILED reaches orders: handled",
                                   "the order is cancelled with the shop",
                                   "the order ends compensated: out_of_stock"));
  EXPECT_EQ(story.timeline.front().n, 3U);
}

TEST(Explain, TellsThatThePaymentWasDeclined) {
  const std::string text = told(opening("10", "2") + order_lines() + declined_lines() +
                                std::vector<std::string>{counted(R"(["A",10,0,0],["B",2,0,0])")});
  EXPECT_THAT(text, HasSubstr("Order 536365 was not placed: the payment of 12.50 was declined. "
                              "Nothing was charged. Its stock was given back.\n"));
  EXPECT_THAT(text, HasSubstr("  payment  12.50 declined at 2010-12-01 08:26:02\n"));
}

TEST(Explain, TellsThatNobodyKnewOfThePaymentInTime) {
  const std::string text = told(opening("10", "2") + order_lines() +
                                declined_lines("payment_failed") +
                                std::vector<std::string>{counted(R"(["A",10,0,0],["B",2,0,0])")});
  EXPECT_THAT(text, HasSubstr("the payment of 12.50 got no answer in time, and was not made."));
  EXPECT_THAT(text, HasSubstr("1 sending got no answer in time; 12.50 declined at"));
}

TEST(Explain, TellsThatTheHoldRanOut) {
  const std::string text = told(opening("10", "2") + order_lines() + expired_lines() +
                                std::vector<std::string>{counted(R"(["A",5,0,0],["B",2,0,0])")});
  EXPECT_THAT(
      text,
      HasSubstr(
          "Order 536365 was not placed: the payment took longer than the stock was set aside for, "
          "and then it was gone: A (6 asked for, 5 left). 12.50 charged and refunded.\n"));
  EXPECT_THAT(text, HasSubstr("; the time ran out at 2010-12-01 08:41:00; then out of stock: A"));
}

TEST(Explain, NeverCallsAPlacedOrderAnythingElse) {
  const auto lines = opening("10", "2") + order_lines() + completed_lines();
  bool placed = false;
  for (std::size_t count = 3; count <= lines.size(); ++count) {
    const Story story = explain_history(
        script({lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(count)}), "536365");
    EXPECT_TRUE(!placed || story.status == "placed") << count;
    placed = story.status == "placed";
  }
  EXPECT_TRUE(placed);
}

TEST(Explain, SaysWhatAnUndecidedOrderWaitsFor) {
  const auto lines = opening("10", "2") + order_lines() + reserved_lines();
  EXPECT_THAT(to_text(explain_history(script(lines), "536365")),
              HasSubstr("Order 536365 is not decided yet: it is under way."));
  const auto unknown = lines +
                       std::vector<std::string>{in_run(
                           "08:26:05",
                           R"("op":"charge","id":"pay","amount":"12.50","answer":"unknown")")};
  EXPECT_THAT(to_text(explain_history(script(unknown), "536365")),
              HasSubstr("the last try was \"charge of 12.50: unknown\" at 2010-12-01 08:26:05."));
  const auto stuck =
      unknown +
      std::vector<std::string>{in_run(
          "09:26:05",
          R"("op":"end","outcome":"stuck","reason":"timed_out","events":2,"answer":"ended")")};
  const Story story = explain_history(script(stuck), "536365");
  EXPECT_EQ(story.status, "deciding");
  EXPECT_EQ(story.outcome, "stuck");
  EXPECT_THAT(story.answer,
              HasSubstr("It is stuck and waits for somebody to resume it: timed_out."));
}

TEST(Explain, TellsOfReturnsAndWriteOffs) {
  const auto one = [](const std::string& rest, std::string_view run) {
    return to_text(explain_history(script({R"(08:00:00 "op":"adjust","id":"a",)" + rest}), run));
  };
  EXPECT_EQ(one(R"("saga":"C1","reason":"return","lines":[["A",3]],"answer":"adjusted")", "C1"),
            "Return C1 was accepted: 3 units of 1 product are back on hand.\n");
  EXPECT_EQ(
      one(R"("saga":"C1","reason":"return","lines":[["A",3]],"short":[["A",3,1]],"answer":"refused")",
          "C1"),
      "Return C1 was refused: more comes back than was sold: A (3 brought back, 1 sold and still "
      "out).\n");
  EXPECT_EQ(
      one(R"("saga":"W1","reason":"write_off","lines":[["A",-3]],"short":[["A",3,1]],"answer":"out_of_stock")",
          "W1"),
      "Write-off W1 was refused: not all of it was free: A (3 written off, 1 free).\n");
}

TEST(Explain, SaysThatItKnowsNothing) {
  const Story story = explain_history(script(opening("1", "1")), "9");
  EXPECT_FALSE(story.found);
  EXPECT_EQ(to_text(story), "The history has nothing of 9.\n");
}

TEST(Explain, ShowsNoControlCharacters) {
  History history = script(opening("4", "2") + order_lines("x\\u001b[31m\\u009b") +
                           std::vector<std::string>{});
  const std::string text = to_text(explain_history(history, "x\x1b[31m\xc2\x9b"), true);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos);
  EXPECT_THAT(text, HasSubstr("Order \"x\\u001b[31m?\" is not decided yet"));
}

TEST(Explain, GivesTheSameAsJson) {
  const Story story = explain_history(script(opening("4", "2") + order_lines() + refused_lines()),
                                      "536365");
  const auto json = nlohmann::json::parse(to_json(story));
  EXPECT_EQ(json["saga"], "536365");
  EXPECT_EQ(json["found"], true);
  EXPECT_EQ(json["status"], "not_placed");
  EXPECT_EQ(json["reason"], "out_of_stock");
  EXPECT_EQ(json["answer"], story.answer);
  EXPECT_EQ(json["parts"]["stock"], "out of stock: A (6 asked for, 4 left)");
  EXPECT_EQ(json["timeline"].size(), story.timeline.size());
  EXPECT_EQ(json["timeline"][0]["at"], "2010-12-01T08:26:00.000Z");
}

TEST(Explain, HasAStoryForEveryOrderOfAShop) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const History history = make({.seed = seed, .faults = 50, .cancelled = 20, .stuck = 10});
    for (const HistoryLine& line : history.lines) {
      if (line.op != HistoryOp::end) continue;
      const Story story = explain_history(history, line.run);
      EXPECT_EQ(story.outcome, line.outcome);
      EXPECT_EQ(story.status, line.outcome == "completed" ? "placed"
                              : line.outcome == "stuck"   ? "deciding"
                                                          : "not_placed")
          << to_text(story, true);
      EXPECT_TRUE(nlohmann::json::accept(to_json(story)));
    }
  }
}

}  // namespace
