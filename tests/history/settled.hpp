// SPDX-License-Identifier: Apache-2.0
//
// Makes every sum of an edited history right again: the numbers of lines and events, what ends say
// of events, what refusals name, and the counters. What is still wrong then is wrong by itself.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <invsaga/history/history.hpp>

namespace histories {

class Settled {
 public:
  explicit Settled(invsaga::History& history) : history_(history) {}

  /// False if no counters would make it right: units are missing, or nobody was short.
  bool settle() {
    number_events();
    std::uint64_t n = 0;
    for (invsaga::HistoryLine& line : history_.lines) line.n = ++n;
    for (invsaga::HistoryLine& line : history_.lines) {
      if (!move(line)) return false;
    }
    return true;
  }

 private:
  using Line = invsaga::HistoryLine;
  using A = invsaga::HistoryAnswer;
  using O = invsaga::HistoryOp;
  struct Row {
    std::int64_t on_hand = 0, reserved = 0, sold = 0, returned = 0;
    [[nodiscard]] std::int64_t available() const { return on_hand - reserved; }
  };
  struct Event {
    std::uint64_t old_number = 0, number = 0;
  };

  /// Events are numbered as they were published first. What is left of one that never was, goes.
  void number_events() {
    std::map<std::string, std::map<std::string, Event>> events;  // by run and id
    for (const Line& line : history_.lines) {
      if (line.op != O::publish || line.answer != A::published) continue;
      auto& of_run = events[line.run];
      of_run.try_emplace(line.id, Event{line.sequence, of_run.size() + 1});
    }
    std::erase_if(history_.lines, [&](const Line& line) {
      const bool of_event = line.op == O::publish || line.op == O::deliver;
      return of_event && !events[line.run].contains(line.id);
    });
    for (Line& line : history_.lines) {
      if (line.op == O::publish || line.op == O::deliver) {
        line.sequence = events[line.run][line.id].number;
        line.id = line.run + "/" + std::to_string(line.sequence);
      }
      if (line.op != O::end) continue;
      const auto& of_run = events[line.run];
      line.events = static_cast<std::uint64_t>(
          std::count_if(of_run.begin(), of_run.end(),
                        [&](const auto& e) { return e.second.old_number <= line.events; }));
    }
  }

  bool move(Line& line) {
    if (line.op == O::stock) return count(line);
    if (line.answer == A::out_of_stock || line.answer == A::refused) return refuse(line);
    if (line.repeat) return true;
    const auto each = [&](const invsaga::HistoryUnits& list, auto change) {
      for (std::size_t i = 0; i < list.size(); ++i)
        change(rows_[std::string(list[i].sku)], list[i].units());
      return std::all_of(rows_.begin(), rows_.end(), [](const auto& row) {
        return row.second.available() >= 0 && row.second.reserved >= 0;
      });
    };
    const auto give_back = [](Row& row, std::int64_t units) { row.reserved -= units; };
    switch (line.answer) {
      case A::reserved:
        return line.op != O::reserve ||
               each(line.lines, [](Row& row, std::int64_t units) { row.reserved += units; });
      case A::committed:
        each(line.back, give_back);
        return each(line.lines, [](Row& row, std::int64_t units) {
          row.reserved -= units, row.on_hand -= units, row.sold += units;
        });
      case A::released:
        return each(line.lines, give_back);
      case A::expired:
        return line.op != O::expire || each(line.lines, give_back);
      case A::adjusted:
        return each(line.lines, [&](Row& row, std::int64_t units) {
          row.on_hand += units;
          if (line.reason == "return") row.returned += units;
        });
      default:
        return true;
    }
  }

  bool refuse(Line& line) {
    if (line.repeat) {
      line.shorts = shorts_[line.id];
      return true;
    }
    line.shorts.clear();
    for (std::size_t i = 0; i < line.lines.size(); ++i) {
      const auto entry = line.lines[i];
      const Row& row = rows_[std::string(entry.sku)];
      const std::int64_t asked = std::abs(entry.units());
      const std::int64_t left = line.answer == A::refused ? row.sold - row.returned
                                                          : row.available();
      if (asked > left) line.shorts.add(std::string(entry.sku), asked, left);
    }
    shorts_[line.id] = line.shorts;
    return !line.shorts.empty();
  }

  bool count(Line& line) {
    line.rows.clear();
    for (const auto& [sku, row] : rows_) line.rows.add(sku, row.on_hand, row.reserved, row.sold);
    return true;
  }

  invsaga::History& history_;
  std::map<std::string, Row> rows_;
  std::map<std::string, invsaga::HistoryUnits> shorts_;  // by id
};

}  // namespace histories
