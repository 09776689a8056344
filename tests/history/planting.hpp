// SPDX-License-Identifier: Apache-2.0
//
// What is needed to plant a wrong in a history: its lines by chance, and changes that leave nothing
// else out of order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "line_edits.hpp"

namespace histories {

using invsaga::History;
using invsaga::HistoryAnswer;
using invsaga::HistoryLine;
using invsaga::HistoryOp;
using invsaga::HistoryUnits;

class Planting {
 public:
  Planting(History& history, std::uint64_t seed) : history_(history), random_(seed) {}

  /// What was changed, for messages.
  std::string where;

 protected:
  using Line = HistoryLine;
  using A = HistoryAnswer;
  using O = HistoryOp;

  std::size_t pick(std::size_t below) { return static_cast<std::size_t>(random_() % below); }

  /// A random line that fits, or nothing.
  template <class Fits>
  Line* some(Fits fits) {
    std::vector<Line*> found;
    for (Line& line : history_.lines) {
      if (fits(line)) found.push_back(&line);
    }
    if (found.empty()) return nullptr;
    Line* line = found[pick(found.size())];
    where = "n " + std::to_string(line->n);
    return line;
  }
  Line* some_of(O op, A answer) {
    return some([=](const Line& l) { return l.op == op && l.answer == answer && !l.repeat; });
  }
  /// A refusal that names what was short.
  Line* some_refusal() {
    return some([](const Line& l) { return !l.shorts.empty() && !l.repeat; });
  }
  Line* some_end(const char* outcome) {
    return some([=](const Line& l) { return l.op == O::end && l.outcome == outcome; });
  }
  Line* some_end_but_stuck() {
    return some([](const Line& l) { return l.op == O::end && l.outcome != "stuck"; });
  }
  std::size_t index_of(const Line* line) const {
    return static_cast<std::size_t>(line - history_.lines.data());
  }
  /// True if the consumer had failed to handle the event of the delivery before.
  [[nodiscard]] bool was_tried(const Line& line) const {
    const Line* const first = history_.lines.data();
    return std::any_of(first, &line, [&](const Line& l) {
      return l.op == O::deliver && l.answer == A::failed && l.id == line.id &&
             l.consumer == line.consumer;
    });
  }
  void renumber() {
    std::uint64_t n = 0;
    for (Line& line : history_.lines) line.n = ++n;
  }
  void erase(const Line& line) {
    history_.lines.erase(history_.lines.begin() + static_cast<std::ptrdiff_t>(index_of(&line)));
  }
  bool drop(const Line* line) {
    if (line == nullptr) return false;
    erase(*line);
    renumber();
    return true;
  }
  bool insert_after(const Line* place, Line line) {
    if (place == nullptr) return false;
    insert_behind(history_, place, std::move(line));
    renumber();
    return true;
  }
  /// `change(line)`, if there is one.
  template <class Change>
  static bool changed(Line* line, const Change& change) {
    if (line == nullptr) return false;
    change(*line);
    return true;
  }
  /// Once more behind itself, after `change(copy)`.
  template <class Change>
  bool copied(const Line* line, const Change& change) {
    if (line == nullptr) return false;
    Line copy = *line;
    change(copy);
    return insert_after(line, std::move(copy));
  }
  static void set(HistoryUnits& list, std::size_t at, std::size_t which, std::int64_t by) {
    HistoryUnits changed;
    for (std::size_t i = 0; i < list.size(); ++i) {
      auto entry = list[i];
      if (i == at) entry.values[which] += by;
      changed.add(entry.sku, entry.values[0], entry.values[1], entry.values[2]);
    }
    list = changed;
  }
  static void rename(HistoryUnits& list, std::size_t at, const std::string& sku) {
    HistoryUnits changed;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto entry = list[i];
      changed.add(i == at ? std::string_view(sku) : entry.sku, entry.values[0], entry.values[1],
                  entry.values[2]);
    }
    list = changed;
  }
  bool bump(Line* line, HistoryUnits Line::* list, std::size_t which) {
    if (line == nullptr || (line->*list).empty()) return false;
    set(line->*list, pick((line->*list).size()), which, pick(2) == 0 ? 1 : -1);
    return true;
  }
  static bool decides(const Line& l) {
    if (l.repeat || l.answer == A::failed || l.answer == A::unknown) return false;
    switch (l.op) {
      case O::request:
        return l.answer == A::fresh;
      case O::reserve:
        return l.answer == A::reserved || l.answer == A::out_of_stock;
      case O::commit:
        return l.answer == A::committed || l.answer == A::expired;
      case O::release:
        return l.answer == A::released;
      case O::adjust:
        return l.answer == A::adjusted;
      case O::deliver:
        return l.answer == A::handled;
      case O::extend:
        return false;
      default:
        return true;
    }
  }
  static bool moves(const Line& l) {
    return decides(l) && l.op != O::request && l.op != O::end && l.op != O::stock;
  }
  std::set<std::string> runs() const {
    std::set<std::string> names;
    for (const Line& l : history_.lines) {
      if (l.op == O::request) names.insert(l.run);
    }
    return names;
  }

  History& history_;
  std::mt19937_64 random_;
};

}  // namespace histories
