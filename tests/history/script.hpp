// SPDX-License-Identifier: Apache-2.0
//
// Histories written by hand: one line of a script is the part of a line that matters.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include <invsaga/history/history.hpp>

namespace histories {

inline constexpr std::string_view script_header =
    R"({"invsaga_history":1,"options":{"hold":900},"seed":1,"threads":1,"by_hand":false,)"
    R"("consumers":{"ORDER_CHECKOUT_STARTED":["orders"],"STOCK_RESERVATION_FAILED":["orders"]},)"
    R"("paths":[["ORDER_CHECKOUT_STARTED","STOCK_RESERVED","PAYMENT_COMPLETED","STOCK_COMMITTED",)"
    R"("CART_CLEARED"],["ORDER_CHECKOUT_STARTED","STOCK_RESERVATION_FAILED"],)"
    R"(["ORDER_CHECKOUT_STARTED","STOCK_RESERVED","PAYMENT_FAILED"],)"
    R"(["ORDER_CHECKOUT_STARTED","STOCK_RESERVED","PAYMENT_COMPLETED","STOCK_RESERVATION_FAILED"]]})";

/// The same with `instead` for the one place where it says `what`.
inline std::string header_with(std::string_view what, std::string_view instead) {
  std::string header(script_header);
  const auto at = header.find(what);
  EXPECT_NE(at, header.npos) << what;
  return header.replace(at, what.size(), instead);
}
/// Stock is also moved by hand.
inline std::string by_hand_header() { return header_with("\"by_hand\":false", "\"by_hand\":true"); }

/// `lines` are `HH:MM:SS "op":...`; n and the real times are put before them.
inline std::string script_text(const std::vector<std::string>& lines,
                               std::string_view header = script_header) {
  std::string text = std::string(header) + "\n";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string n = std::to_string(i + 1);
    text += R"({"n":)" + n + R"(,"at":"2010-12-01T)" + lines[i].substr(0, 8) + R"(.000Z","t0":)" +
            n + R"(0,"t1":)" + n + "1," + lines[i].substr(9) + "}\n";
  }
  return text;
}

inline invsaga::History script(const std::vector<std::string>& lines,
                               std::string_view header = script_header) {
  invsaga::History history;
  std::string why;
  EXPECT_TRUE(read_history(script_text(lines, header), history, why)) << why;
  return history;
}

/// The lines of an order up to its reserve: 6 of A and 2 of B, asked for with 12.50.
inline std::vector<std::string> order_lines(const std::string& run = "536365") {
  const auto of = [&](const std::string& op) {
    return "08:26:00 \"op\":\"" + op + "\",\"saga\":\"" + run + "\",";
  };
  return {
      of("request") + R"("id":"req","units":8,"amount":"12.50","answer":"fresh")",
      of("call") + R"("step":"place","id":"p","answer":"done")",
      of("publish") +
          R"("id":"e1","type":"ORDER_CHECKOUT_STARTED","sequence":1,"answer":"published")",
      of("deliver") +
          R"("id":"e1","type":"ORDER_CHECKOUT_STARTED","sequence":1,"consumer":"orders","answer":"handled")"};
}

inline std::vector<std::string> operator+(std::vector<std::string> a,
                                          const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline std::vector<std::string> opening(const std::string& a, const std::string& b) {
  return {R"(08:00:00 "op":"adjust","id":"o1","reason":"opening","lines":[["A",)" + a +
              R"(]],"answer":"adjusted")",
          R"(08:00:00 "op":"adjust","id":"o2","reason":"opening","lines":[["B",)" + b +
              R"(]],"answer":"adjusted")"};
}

inline std::string counted(const std::string& rows, const std::string& time = "23:00:00") {
  return time + R"( "op":"stock","rows":[)" + rows + R"(],"answer":"counted")";
}

inline std::string in_run(const std::string& time, const std::string& rest,
                          const std::string& run = "536365") {
  return time + " \"saga\":\"" + run + "\"," + rest;
}

/// The rest of an order of `order_lines` that reserves, pays, commits and clears the cart.
inline std::vector<std::string> reserved_lines() {
  return {
      in_run(
          "08:26:00",
          R"("op":"reserve","id":"r0","until":"2010-12-01T08:41:00.000Z","lines":[["A",6],["B",2]],"answer":"reserved")"),
      in_run(
          "08:26:00",
          R"("op":"publish","id":"e2","type":"STOCK_RESERVED","sequence":2,"answer":"published")")};
}

inline std::vector<std::string> completed_lines() {
  return reserved_lines() +
         std::vector<std::string>{
             in_run("08:26:02", R"("op":"charge","id":"pay","amount":"12.50","answer":"charged")"),
             in_run(
                 "08:26:02",
                 R"("op":"publish","id":"e3","type":"PAYMENT_COMPLETED","sequence":3,"answer":"published")"),
             in_run("08:26:02",
                    R"("op":"commit","id":"r0","lines":[["A",6],["B",2]],"answer":"committed")"),
             in_run(
                 "08:26:02",
                 R"("op":"publish","id":"e4","type":"STOCK_COMMITTED","sequence":4,"answer":"published")"),
             in_run("08:26:02", R"("op":"call","step":"clear cart","id":"c","answer":"done")"),
             in_run(
                 "08:26:02",
                 R"("op":"publish","id":"e5","type":"CART_CLEARED","sequence":5,"answer":"published")"),
             in_run("08:26:02", R"("op":"end","outcome":"completed","events":5,"answer":"ended")")};
}

inline std::vector<std::string> refused_lines() {
  return {
      in_run(
          "08:26:00",
          R"("op":"reserve","id":"r0","until":"2010-12-01T08:41:00.000Z","lines":[["A",6],["B",2]],"short":[["A",6,4]],"answer":"out_of_stock")"),
      in_run(
          "08:26:00",
          R"("op":"publish","id":"e2","type":"STOCK_RESERVATION_FAILED","sequence":2,"answer":"published")"),
      in_run(
          "08:26:00",
          R"("op":"deliver","id":"e2","type":"STOCK_RESERVATION_FAILED","sequence":2,"consumer":"orders","answer":"handled")"),
      in_run("08:26:00", R"("op":"call","step":"cancel","id":"p","answer":"done")"),
      in_run(
          "08:26:00",
          R"("op":"end","outcome":"compensated","reason":"out_of_stock","events":2,"answer":"ended")")};
}

inline std::vector<std::string> declined_lines(const std::string& reason = "declined") {
  std::vector<std::string> lines = reserved_lines();
  std::string at = "08:26:02";
  if (reason == "payment_failed") {
    lines.push_back(
        in_run("08:26:05", R"("op":"charge","id":"pay","amount":"12.50","answer":"unknown")"));
    at = "08:26:30";
  }
  return lines +
         std::vector<std::string>{
             in_run(at, R"("op":"charge","id":"pay","amount":"12.50","answer":"declined")"),
             in_run(
                 at,
                 R"("op":"publish","id":"e3","type":"PAYMENT_FAILED","sequence":3,"answer":"published")"),
             in_run(at,
                    R"("op":"release","id":"r0","lines":[["A",6],["B",2]],"answer":"released")"),
             in_run(at, R"("op":"call","step":"cancel","id":"p","answer":"done")"),
             in_run(at, R"("op":"end","outcome":"compensated","reason":")" + reason +
                            R"(","events":3,"answer":"ended")")};
}

/// The hold runs out before the payment is known, and another order has taken the units.
inline std::vector<std::string> expired_lines() {
  return reserved_lines() +
         std::vector<std::string>{
             in_run("08:26:05", R"("op":"charge","id":"pay","amount":"12.50","answer":"unknown")"),
             in_run("08:41:00",
                    R"("op":"expire","id":"r0","lines":[["A",6],["B",2]],"answer":"expired")"),
             R"(08:42:00 "op":"adjust","saga":"W1","id":"w1","reason":"write_off","lines":[["A",-5]],"answer":"adjusted")",
             in_run("08:50:00", R"("op":"charge","id":"pay","amount":"12.50","answer":"charged")"),
             in_run(
                 "08:50:00",
                 R"("op":"publish","id":"e3","type":"PAYMENT_COMPLETED","sequence":3,"answer":"published")"),
             in_run("08:50:00", R"("op":"commit","id":"r0","answer":"expired","repeat":true)"),
             in_run(
                 "08:50:00",
                 R"("op":"reserve","id":"r1","until":"2010-12-01T09:05:00.000Z","lines":[["A",6],["B",2]],"short":[["A",6,5]],"answer":"out_of_stock")"),
             in_run(
                 "08:50:00",
                 R"("op":"publish","id":"e4","type":"STOCK_RESERVATION_FAILED","sequence":4,"answer":"published")"),
             in_run(
                 "08:50:00",
                 R"("op":"deliver","id":"e4","type":"STOCK_RESERVATION_FAILED","sequence":4,"consumer":"orders","answer":"handled")"),
             in_run("08:50:00", R"("op":"refund","id":"pay","amount":"12.50","answer":"refunded")"),
             in_run("08:50:00", R"("op":"call","step":"cancel","id":"p","answer":"done")"),
             in_run(
                 "08:50:00",
                 R"("op":"end","outcome":"compensated","reason":"hold_expired","events":4,"answer":"ended")")};
}

}  // namespace histories
