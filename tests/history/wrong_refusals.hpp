// SPDX-License-Identifier: Apache-2.0
//
// A refusal that was not short, or that names what was not.
#pragma once

#include <cstdlib>
#include <string>

#include "wrong_lines.hpp"

namespace histories {

class WrongRefusals : public WrongLines {
 public:
  using WrongLines::WrongLines;

 protected:
  bool refusal_with_room() {
    return changed(some_refusal(), [](Line& line) {
      set(line.shorts, 0, 1, line.shorts[0].values[0] - line.shorts[0].values[1]);
    });
  }
  bool refusal_other_number() {
    if (history_.header.threads != 1) return false;
    return changed(some_refusal(),
                   [&](Line& line) { set(line.shorts, pick(line.shorts.size()), pick(2), 1); });
  }
  bool refusal_less_named() {
    if (history_.header.threads != 1) return false;
    Line* line = some_refusal();
    if (line == nullptr) return false;
    HistoryUnits fewer;
    const std::size_t gone = pick(line->shorts.size());
    for (std::size_t i = 0; i < line->shorts.size(); ++i) {
      const auto entry = line->shorts[i];
      if (i != gone) fewer.add(entry.sku, entry.values[0], entry.values[1]);
    }
    line->shorts = fewer;
    return true;
  }
  bool refusal_more_named() {
    Line* line = some_refusal();
    if (line == nullptr) return false;
    if (history_.header.threads != 1 || line->lines.size() == line->shorts.size()) {
      line->shorts.add("another", 2, 1);
      return true;
    }
    for (std::size_t i = 0; i < line->lines.size(); ++i) {
      const auto entry = line->lines[i];
      bool named = false;
      for (std::size_t k = 0; k < line->shorts.size(); ++k)
        named |= line->shorts[k].sku == entry.sku;
      const std::int64_t asked = std::abs(entry.units());
      if (!named) line->shorts.add(std::string(entry.sku), asked, asked - 1);
    }
    return true;
  }
  /// A reserve that held is shown as refused, although all was there.
  bool refusal_that_was_not_short() {
    return changed(some([](const Line& l) {
                     return l.op == O::reserve && l.answer == A::reserved && !l.repeat && !l.lost;
                   }),
                   [](Line& line) {
                     line.answer = A::out_of_stock;
                     line.shorts.add(line.lines[0].sku, line.lines[0].units(),
                                     line.lines[0].units() - 1);
                   });
  }
  /// A refused write-off or return is accepted.
  bool accepted_without_room() {
    return changed(some([](const Line& l) { return !l.shorts.empty() && !l.repeat && !l.lost; }),
                   [](Line& line) {
                     line.answer = line.op == O::adjust ? A::adjusted : A::reserved;
                     line.shorts.clear();
                   });
  }
};

}  // namespace histories
