// SPDX-License-Identifier: Apache-2.0
//
// Wrongs that nothing plants by chance: each is an edit of one line of an order written by hand.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "script.hpp"

namespace histories {

using Script = std::vector<std::string>;

inline Script whole_script(const Script& rest) {
  return opening("10", "2") + order_lines() + rest + Script{counted(R"(["A",4,0,6],["B",0,0,2])")};
}

struct HandMade {
  enum class How { instead, before, after };
  const char* name;
  Script base;
  const char* at;  ///< In the line that is meant, the first that has it.
  How how;
  std::string what;  ///< `instead` of that text, or a line before or after that line.
};

inline Script edited(const HandMade& edit) {
  Script lines = edit.base;
  const auto line = std::ranges::find_if(
      lines, [&](const std::string& text) { return text.find(edit.at) != text.npos; });
  if (line == lines.end()) {
    ADD_FAILURE() << edit.name << ": no line has " << edit.at;
  } else if (edit.how == HandMade::How::instead) {
    line->replace(line->find(edit.at), std::string(edit.at).size(), edit.what);
  } else {
    lines.insert(line + (edit.how == HandMade::How::after ? 1 : 0), edit.what);
  }
  return lines;
}

/// A line of the order, at its first minute.
inline std::string op(const std::string& rest, const std::string& time = "08:26:02") {
  return in_run(time, "\"op\":" + rest);
}

inline const std::vector<HandMade>& hand_made() {
  using enum HandMade::How;
  static const Script whole = whole_script(completed_lines());
  static const Script refused = opening("4", "2") + order_lines() + refused_lines() +
                                Script{counted(R"(["A",4,0,0],["B",2,0,0])")};
  static const Script declined = opening("10", "2") + order_lines() + declined_lines() +
                                 Script{counted(R"(["A",10,0,0],["B",2,0,0])")};
  static const Script expired = opening("10", "2") + order_lines() + expired_lines() +
                                Script{counted(R"(["A",5,0,0],["B",2,0,0])")};
  static const std::string lines = R"("lines":[["A",6],["B",2]])";
  static const std::string until = R"("until":"2010-12-01T08:41:00.000Z",)" + lines;
  static const std::string asked = R"("request","id":"req","units":8,"amount":"12.50","answer":)";
  static const std::vector<HandMade> all = {
      // events
      {"given up after it was handled", whole, "deliver", after,
       op(R"("deliver","id":"e1","type":"ORDER_CHECKOUT_STARTED","sequence":1,)"
          R"("consumer":"orders","answer":"dead")")},
      {"of an unknown type", whole, "\"publish\"", before,
       op(R"("publish","id":"e9","type":"NONSENSE","sequence":1,"answer":"published")")},
      {"published by no run", whole, "counted", before,
       in_run("08:30:00",
              R"("op":"publish","id":"e9","type":"ORDER_CHECKOUT_STARTED","sequence":1,)"
              R"("answer":"published")",
              "nobody")},
      {"under another type later", whole, "\"publish\"", after,
       op(R"("publish","id":"e1","type":"STOCK_RESERVED","sequence":1,"answer":"published",)"
          R"("repeat":true)",
          "08:26:00")},
      // ends
      {"an unknown outcome", whole, "completed", instead, "done"},
      {"a second end", whole, "\"end\"", after,
       op(R"("end","outcome":"completed","events":5,"answer":"ended")")},
      {"a hold that is left", declined, "\"answer\":\"released\"", instead,
       "\"answer\":\"failed\""},
      // requests
      {"fresh a second time", whole, "\"call\"", before, op(asked + "\"fresh\"", "08:26:00")},
      {"fresh after it was expired", whole, "\"request\"", before,
       op(asked + "\"expired\"", "08:26:00")},
      {"in progress before it is fresh", whole, "\"request\"", before,
       op(asked + "\"in_progress\"", "08:26:00")},
      {"a mismatch of nothing", whole, "\"fresh\"", instead, "\"mismatch\""},
      {"a mismatch of the same", whole, "\"call\"", before, op(asked + "\"mismatch\"", "08:26:00")},
      {"asked for less", whole, "\"units\":8", instead, "\"units\":0"},
      {"asked for after it began", whole, "\"call\"", before,
       op(R"("request","id":"more","units":8,"amount":"12.50","answer":"fresh")", "08:26:00")},
      // payments
      {"charged and declined", whole, "\"charge\"", after,
       op(R"("charge","id":"pay","amount":"12.50","answer":"declined")")},
      {"charged after the commit", whole, "\"commit\"", after,
       op(R"("charge","id":"pay","amount":"12.50","answer":"charged")")},
      {"charged once more", whole, "\"charge\"", after,
       op(R"("charge","id":"again","amount":"12.50","answer":"charged")")},
      {"a refund of another charge", expired, "\"refund\",\"id\":\"pay\"", instead,
       "\"refund\",\"id\":\"other\""},
      {"a refund of what was declined", declined, "\"release\"", before,
       op(R"("refund","id":"pay","amount":"12.50","answer":"refunded")")},
      // steps
      {"an unknown step", whole, "clear cart", instead, "wave"},
      {"a step of another run", whole, "\"call\"", after,
       in_run("08:26:00", R"("op":"call","step":"place","id":"p","answer":"done")", "2")},
      {"held before it is placed", whole, "\"place\",\"id\":\"p\",\"answer\":\"done\"", instead,
       "\"place\",\"id\":\"p\",\"answer\":\"unknown\""},
      // holds
      {"held without lines", whole, lines.c_str(), instead, R"("lines":[])"},
      {"suppressed by nothing", refused, "\"answer\":\"out_of_stock\"", instead,
       "\"answer\":\"suppressed\""},
      {"a mismatch of a new id", whole, "\"reserved\"", instead, "\"mismatch\""},
      {"a mismatch of the same lines", whole, "STOCK_RESERVED\",\"sequence\"", before,
       op("\"reserve\",\"id\":\"r0\"," + until + R"(,"answer":"mismatch")", "08:26:00")},
      {"another saga's hold", whole, "STOCK_RESERVED\",\"sequence\"", before,
       in_run("08:26:00", "\"op\":\"commit\",\"id\":\"r0\",\"answer\":\"unknown\"", "2")},
      {"held past its deadline", whole, "08:26:00 \"saga\":\"536365\",\"op\":\"reserve\"", instead,
       "08:45:00 \"saga\":\"536365\",\"op\":\"reserve\""},
      {"expired at its deadline", refused, "\"short\":[[\"A\",6,4]],\"answer\":\"out_of_stock\"",
       instead, "\"answer\":\"expired\""},
      {"sold without lines", whole, R"("commit","id":"r0","lines":[["A",6],["B",2]])", instead,
       R"("commit","id":"r0","lines":[])"},
      {"sold again with other lines", whole, "\"commit\"", after,
       op(R"("commit","id":"r0","lines":[["A",5],["B",2]],"answer":"committed","repeat":true)")},
      {"moved by an answer that moves nothing", expired, R"("answer":"expired","repeat":true)",
       instead, R"("lines":[["A",6],["B",2]],"answer":"expired","repeat":true)"},
      {"moved by an answer that is none", whole, "\"commit\"", before,
       op(R"("commit","id":"r0","lines":[["A",6],["B",2]],"answer":"unknown")")},
      {"a refusal that tells otherwise later", refused, "STOCK_RESERVATION_FAILED", before,
       op("\"reserve\",\"id\":\"r0\"," + until +
              R"(,"short":[["A",6,3]],"answer":"out_of_stock","repeat":true)",
          "08:26:00")},
      {"answered in two ways", whole, "STOCK_RESERVED\",\"sequence\"", before,
       op("\"reserve\",\"id\":\"r0\"," + until + R"(,"answer":"out_of_stock")", "08:26:00")},
      // adjusts
      {"an unknown reason", whole, "opening", instead, "finding"},
      {"an opening without lines", whole, R"([["A",10]])", instead, "[]"},
      {"an opening that is out of stock", whole, "adjusted", instead, "out_of_stock"},
      {"an opening that names short lines", whole, R"([["A",10]])", instead,
       R"([["A",10]],"short":[["A",1,0]])"},
      {"an opening that is a mismatch", whole, "adjusted", instead, "mismatch"},
      {"an opening that is expired", whole, "adjusted", instead, "expired"},
      {"an opening with other lines later", whole, "\"request\"", before,
       R"(08:00:00 "op":"adjust","id":"o1","reason":"opening","lines":[["A",11]],)"
       R"("answer":"adjusted","repeat":true)"},
      {"an opening answered in two ways", whole, "\"request\"", before,
       R"(08:00:00 "op":"adjust","id":"o1","reason":"opening","lines":[["A",10]],)"
       R"("answer":"refused")"},
      {"a second opening", whole, "counted", before,
       R"(09:00:00 "op":"adjust","id":"o9","reason":"opening","lines":[["A",1]],)"
       R"("answer":"adjusted")"},
      {"a return of what was not sold", expired, "W1", after,
       in_run("08:42:00",
              R"("op":"adjust","id":"back","reason":"return","lines":[["A",5]],)"
              R"("answer":"adjusted")",
              "R1")},
      {"an invoice that runs", expired, "\"saga\":\"W1\"", instead, "\"saga\":\"536365\""},
      {"more than a row may hold", whole, R"([["A",10]])", instead, R"([["A",9007199254740992]])"},
      // said anew, and not as a repeat
      {"published twice", whole, "\"publish\"", after,
       op(R"("publish","id":"e1","type":"ORDER_CHECKOUT_STARTED","sequence":1,)"
          R"("answer":"published")",
          "08:26:00")},
      {"placed twice", whole, "\"call\"", after,
       op(R"("call","step":"place","id":"p","answer":"done")", "08:26:00")},
      {"reserved twice", whole, "STOCK_RESERVED\",\"sequence\"", before,
       op("\"reserve\",\"id\":\"r0\"," + until + R"(,"answer":"reserved")", "08:26:00")},
      {"charged twice", whole, "\"charge\"", after,
       op(R"("charge","id":"pay","amount":"12.50","answer":"charged")")},
      {"sold twice", whole, "\"commit\"", after,
       op("\"commit\",\"id\":\"r0\"," + lines + R"(,"answer":"committed")")},
      {"released twice", declined, "\"release\"", after,
       op("\"release\",\"id\":\"r0\"," + lines + R"(,"answer":"released")")},
      {"refunded twice", expired, "\"refund\"", after,
       op(R"("refund","id":"pay","amount":"12.50","answer":"refunded")", "08:50:00")},
      {"opened twice", whole, "\"request\"", before,
       R"(08:00:00 "op":"adjust","id":"o1","reason":"opening","lines":[["A",10]],)"
       R"("answer":"adjusted")"},
      // repeats of what was never said
      {"a first request that is a repeat", whole, R"("answer":"fresh")", instead,
       R"("answer":"fresh","repeat":true)"},
      {"a call that repeats an answer to requests", whole, "\"call\"", after,
       op(R"("call","step":"place","id":"p","answer":"fresh","repeat":true)", "08:26:00")},
      {"a publish that repeats an answer to requests", whole, "\"publish\"", after,
       op(R"("publish","id":"e1","type":"ORDER_CHECKOUT_STARTED","sequence":1,)"
          R"("answer":"fresh","repeat":true)",
          "08:26:00")},
      {"an opening that repeats an answer to requests", whole, "\"request\"", before,
       R"(08:00:00 "op":"adjust","id":"o1","reason":"opening","lines":[["A",10]],)"
       R"("answer":"fresh","repeat":true)"},
      // counters
      {"counted twice", whole, R"(["A",4,0,6])", instead, R"(["A",4,0,6],["A",4,0,6])"},
      {"counted with more held than there is", whole, R"(["A",4,0,6])", instead, R"(["A",4,9,6])"},
      {"counted without a row", whole, R"(["A",4,0,6],)", instead, ""},
  };
  return all;
}

}  // namespace histories
