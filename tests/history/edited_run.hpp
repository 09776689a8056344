// SPDX-License-Identifier: Apache-2.0
//
// One run of a history, found by its structure, so that it can be edited as a whole.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "line_edits.hpp"

namespace histories {

class EditedRun {
 public:
  using Line = invsaga::HistoryLine;
  using A = invsaga::HistoryAnswer;
  using O = invsaga::HistoryOp;
  using Fits = std::function<bool(const Line&)>;

  EditedRun(invsaga::History& history, std::string run, std::uint64_t seed)
      : history(history), random_(seed), run_(std::move(run)) {}

  std::size_t pick(std::size_t below) { return static_cast<std::size_t>(random_() % below); }

  /// Its lines that fit, in their order.
  std::vector<Line*> all(const Fits& fits) {
    std::set<std::string> holds;
    std::vector<Line*> found;
    for (Line& line : history.lines) {
      if (line.op == O::reserve && line.run == run_) holds.insert(line.id);
      const bool of_hold = line.op == O::expire && holds.contains(line.id);
      if ((line.run == run_ || of_hold) && fits(line)) found.push_back(&line);
    }
    return found;
  }
  Line* some(const Fits& fits) {
    const auto found = all(fits);
    return found.empty() ? nullptr : found[pick(found.size())];
  }
  /// The first that bears the answer.
  Line* first(O op, A answer, const std::string& step = "") {
    const auto found = all([&](const Line& line) {
      return line.op == op && line.answer == answer && !line.repeat &&
             (op != O::call || line.step == step);
    });
    return found.empty() ? nullptr : found.front();
  }
  Line* call(const std::string& step) { return first(O::call, A::done, step); }
  Line* end() {
    const auto found = all([](const Line& line) { return line.op == O::end; });
    return found.empty() ? nullptr : found.back();
  }
  [[nodiscard]] bool ends_as(const std::string& outcome) {
    return end() != nullptr && end()->outcome == outcome;
  }

  /// No line tells of a cancel: what it shows otherwise may be any beginning of a run.
  [[nodiscard]] bool was_cancelled() { return end() != nullptr && end()->reason == "cancelled"; }

  /// True if any was there.
  bool drop(const Fits& fits) {
    std::set<const Line*> gone;
    for (const Line* line : all(fits)) gone.insert(line);
    std::vector<Line> left;
    for (Line& line : history.lines) {
      if (!gone.contains(&line)) left.push_back(std::move(line));
    }
    history.lines = std::move(left);
    return !gone.empty();
  }
  bool drop_event(const std::string& type) {
    return drop([&](const Line& line) { return is_event(line) && line.type == type; });
  }
  void insert_behind(const Line* place, const Line& line) {
    histories::insert_behind(history, place, line);
  }
  /// All of them, in their order.
  void insert_behind(const Line* place, const std::vector<Line>& lines) {
    const auto index = static_cast<std::size_t>(place - history.lines.data());
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
      insert_behind(&history.lines[index], *line);
    }
  }
  /// All lines of the operation and id once more, behind them, under a fresh id.
  bool again(const Line* like) {
    if (like == nullptr) return false;
    const O op = like->op;
    const std::string id = like->id;
    auto copies = all([&](const Line& line) { return line.op == op && line.id == id; });
    std::vector<Line> made;
    for (const Line* line : copies) {
      made.push_back(*line);
      made.back().id += "+";
    }
    insert_behind(copies.back(), made);
    return true;
  }
  /// Of a hold, wherever they stand.
  void set_lines(const std::string& id, const invsaga::HistoryUnits& lines) {
    for (Line& line : history.lines) {
      const bool moves = !line.lines.empty();
      if (line.id == id && moves) line.lines = lines;
    }
  }

  static bool is_event(const Line& line) { return line.op == O::publish || line.op == O::deliver; }
  static bool is_decided(const Line& line) {
    return line.answer != A::failed && line.answer != A::unknown;
  }
  static bool is_undo(const Line& line) {
    return line.op == O::refund || line.op == O::release ||
           (line.op == O::call && line.step == "cancel");
  }
  /// What the run itself does.
  static bool is_attempt(const Line& line) {
    return !is_event(line) && line.op != O::request && line.op != O::end && line.op != O::expire;
  }
  /// True if the run does not know what came of its last attempt before `place`.
  bool waits_before(const Line* place) {
    const auto attempts = all([&](const Line& l) { return is_attempt(l) && &l < place; });
    return !attempts.empty() && (!is_decided(*attempts.back()) || attempts.back()->lost);
  }

  invsaga::History& history;

 private:
  std::mt19937_64 random_;
  std::string run_;
};

}  // namespace histories
