// SPDX-License-Identifier: Apache-2.0
//
// Refusals: what a refusal names must have been short.
#include <fmt/format.h>

#include <algorithm>

#include "stock_fold.hpp"

namespace invsaga {
inline namespace v0 {
namespace checker {
namespace {

constexpr int linearizable = 25;

}  // namespace

std::int64_t StockFold::left_of(Index row, Source source) const {
  return source == Source::available ? rows_[row].available() : rows_[row].coverable();
}

/// Judges the short lines of a refusal whose operation's lines are gathered.
void StockFold::judge_shorts(const HistoryLine& line, Source source) {
  if (line.shorts.empty()) {
    report(linearizable, fmt::format("{} is refused and names no short line", of(line)));
    return;
  }
  if (exact_ && source == Source::available) sweep_overdue(line.at);
  const std::size_t named = judge_named(line, source);
  if (exact_) judge_none_missing(line, source, named);
}

/// The number of entries that name a line of the operation.
std::size_t StockFold::judge_named(const HistoryLine& line, Source source) {
  std::size_t named = 0;
  for (std::size_t i = 0; i < line.shorts.size(); ++i) {
    if (judge_short(line, line.shorts[i], source)) ++named;
  }
  return named;
}

bool StockFold::judge_short(const HistoryLine& line, const HistoryUnits::Entry& entry,
                            Source source) {
  const Index row = skus_.find(entry.sku);
  if (row == no_index || rows_[row].stamp != stamp_) {
    report(linearizable,
           fmt::format("{} names {}, which it did not ask for (once)", of(line), shown(entry.sku)));
    return false;
  }
  const std::int64_t asked = entry.values[0], left = entry.values[1];
  const std::int64_t truly = gathered_[rows_[row].slot].units;
  rows_[row].stamp = 0;  // so that a second entry of it is found
  if (asked != truly) {
    report(linearizable, fmt::format("{} asked for {} of {} and names {}", of(line), truly,
                                     shown(entry.sku), asked));
  } else if (left < 0 || left >= asked) {
    report(linearizable, fmt::format("{} names {} although {} of {} were there", of(line),
                                     shown(entry.sku), left, asked));
  } else if (exact_) {
    judge_exact_short(line, entry, row, source);
  } else {
    judge_in_window(line, row, asked, source);
  }
  return true;
}

void StockFold::judge_exact_short(const HistoryLine& line, const HistoryUnits::Entry& entry,
                                  Index row, Source source) {
  const std::int64_t left = left_of(row, source);
  if (entry.values[1] != left) {
    report(linearizable, fmt::format("{} says that {} of {} were left, but it was {}", of(line),
                                     entry.values[1], shown(entry.sku), left));
  }
  if (source == Source::available && rows_[row].overdue > 0 && line.at >= swept_) {
    report(linearizable, fmt::format("{} is refused for want of {} while {} of it are in holds "
                                     "whose time is over",
                                     of(line), shown(entry.sku), rows_[row].overdue));
  }
}

void StockFold::judge_none_missing(const HistoryLine& line, Source source, std::size_t named) {
  const auto is_short = [&](const RowUnits& entry) {
    return entry.units > left_of(entry.row, source);
  };
  const auto truly = static_cast<std::size_t>(
      std::count_if(gathered_.begin(), gathered_.end(), is_short));
  if (truly <= named) return;
  report(linearizable,
         fmt::format("{} names {} short lines, but {} were short", of(line), named, truly));
}

/// With several threads: was the line short at some instant of the call?
void StockFold::judge_in_window(const HistoryLine& line, Index row, std::int64_t asked,
                                Source source) {
  const LowWater& water = source == Source::available ? available_[row] : coverable_[row];
  if (water.lowest_since(line.t0) < asked) return;
  doubts_[{row, source}].add({findings_.n(), findings_.file_line(), asked, line.t1});
}

/// A later line may have taken effect before the refusal was answered.
void StockFold::settle_doubts(const HistoryLine& line, Index row, Source source) {
  if (doubts_.empty()) return;
  const auto found = doubts_.find({row, source});
  if (found != doubts_.end()) found->second.moved(line.t0, left_of(row, source));
}

void StockFold::judge_same_shorts(const HistoryLine& line, std::uint64_t earlier) {
  if (line.shorts.empty() || print_of(line.shorts) == earlier) return;
  report(18, fmt::format("{} repeats a refusal and names other short lines", of(line)));
}

/// Finds the holds whose time is over and that nothing has ended yet.
void StockFold::sweep_overdue(Time now) {
  swept_ = std::max(swept_, now);
  while (!deadlines_.empty() && deadlines_.top().until <= now) {
    const Overdue due = deadlines_.top();
    deadlines_.pop();
    Hold& hold = holds_[due.hold];
    const bool live = hold.state == HoldState::reserved && hold.until == due.until;
    if (!live || hold.overdue) continue;
    hold.overdue = true;
    for (const RowUnits& entry : lines_of(hold.lines)) {
      add_held(rows_[entry.row].overdue, entry.units);
    }
  }
}

void StockFold::unmark_overdue(Hold& hold) {
  if (!hold.overdue) return;
  hold.overdue = false;
  for (const RowUnits& entry : lines_of(hold.lines)) {
    add_held(rows_[entry.row].overdue, -entry.units);
  }
}

void StockFold::finish() {
  std::vector<Doubt> left;
  for (auto& [counter, doubts] : doubts_) doubts.append_unsettled(left);
  std::sort(left.begin(), left.end(),
            [](const Doubt& a, const Doubt& b) { return a.file_line < b.file_line; });
  for (const Doubt& doubt : left) {
    findings_.judge(doubt.n, doubt.file_line);
    report(linearizable, fmt::format("refused for want of {} units that were there throughout the "
                                     "call",
                                     doubt.asked));
  }
}

}  // namespace checker
}  // namespace v0
}  // namespace invsaga
