// SPDX-License-Identifier: Apache-2.0
//
// The units on the rows, and the lines that move them.
#include <fmt/format.h>

#include <algorithm>

#include "stock_fold.hpp"

namespace invsaga {
inline namespace v0 {
namespace checker {

StockFold::StockFold(const HistoryHeader& header, TextPool& runs, Findings& findings)
    : runs_(runs),
      findings_(findings),
      exact_(header.exact || header.threads == 1),
      one_thread_(header.threads == 1),
      by_hand_(header.by_hand),
      hold_time_(header.hold) {}

Index StockFold::row_of(std::string_view sku) {
  const Index row = skus_.intern(sku);
  if (row == rows_.size()) {
    rows_.emplace_back();
    if (!exact_) {
      available_.emplace_back();
      coverable_.emplace_back();
    }
  }
  return row;
}

/// Merges the list into `gathered_`. False, and reported, if a quantity is one that none can be.
bool StockFold::gather(const HistoryUnits& list, bool negative) {
  ++stamp_;
  gathered_.clear();
  return gather_more(list, negative);
}

bool StockFold::gather_more(const HistoryUnits& list, bool negative) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto entry = list[i];
    const bool in_range = entry.units() >= -most_units && entry.units() <= most_units;
    const std::int64_t units = in_range && negative ? -entry.units() : entry.units();
    if (!in_range || units <= 0) {
      report(4,
             fmt::format("{} units of {} cannot be moved here", entry.units(), shown(entry.sku)));
      return false;
    }
    const Index index = row_of(entry.sku);
    Row& row = rows_[index];
    if (row.stamp != stamp_) {
      row.stamp = stamp_;
      row.slot = static_cast<std::uint32_t>(gathered_.size());
      gathered_.push_back({index, 0});
    }
    add_held(gathered_[row.slot].units, units);
  }
  return true;
}

bool StockFold::gathered_is(const Part& part) const {
  const auto lines = lines_of(part);
  return lines.size() == gathered_.size() &&
         std::all_of(lines.begin(), lines.end(), [this](const RowUnits& line) {
           const Row& row = rows_[line.row];
           return row.stamp == stamp_ && gathered_[row.slot].units == line.units;
         });
}

Part StockFold::keep_gathered() {
  const Part part{kept_.size(), static_cast<std::uint32_t>(gathered_.size())};
  kept_.insert(kept_.end(), gathered_.begin(), gathered_.end());
  return part;
}

std::span<const RowUnits> StockFold::lines_of(const Part& part) const {
  return std::span(kept_).subspan(part.first, part.count);
}

std::int64_t StockFold::units_in(const Part& part) const {
  std::int64_t sum = 0;
  for (const RowUnits& line : lines_of(part)) add_held(sum, line.units);
  return sum;
}

std::int64_t StockFold::units_of(const Hold& hold) const { return units_in(hold.lines); }
std::int64_t StockFold::sold_units(const Hold& hold) const { return units_in(hold.sold); }

bool StockFold::same_lines(const Hold& a, const Hold& b) {
  if (a.lines.count != b.lines.count) return false;  // before anything of a longer one is read
  ++stamp_;
  gathered_.clear();
  for (const RowUnits& line : lines_of(a.lines)) {
    rows_[line.row].stamp = stamp_;
    rows_[line.row].slot = static_cast<std::uint32_t>(gathered_.size());
    gathered_.push_back(line);
  }
  return gathered_is(b.lines);
}

/// To be called when counters of the row have changed by the effect of `line`.
void StockFold::moved(const HistoryLine& line, Index row) {
  rows_[row].moved = true;
  if (exact_) return;
  available_[row].change(rows_[row].available(), line.t1);
  coverable_[row].change(rows_[row].coverable(), line.t1);
  settle_doubts(line, row, Source::available);
  settle_doubts(line, row, Source::coverable);
}

void StockFold::judge_row(Index index, std::int64_t before) {
  const Row& row = rows_[index];
  const std::int64_t available = row.available();
  if (row.on_hand > most_units || row.sold > most_units) {
    report(4, fmt::format("{} has more units than a row may hold", shown(sku(index))));
  }
  if (available >= 0 || available >= before) return;
  add_held(findings_.report.figures.oversold_units, std::min(before, std::int64_t{0}) - available);
  report(4, fmt::format("{}: {} units available where {} were, so units were promised that are not "
                        "there",
                        shown(sku(index)), available, before));
}

void StockFold::hold_units(const HistoryLine& line, const Hold& hold) {
  for (const RowUnits& entry : lines_of(hold.lines)) {
    Row& row = rows_[entry.row];
    const std::int64_t before = row.available();
    add_held(row.reserved, entry.units);
    judge_row(entry.row, before);
    moved(line, entry.row);
  }
}

void StockFold::free_units(const HistoryLine& line, const Hold& hold) {
  for (const RowUnits& entry : lines_of(hold.lines)) {
    add_held(rows_[entry.row].reserved, -entry.units);
    moved(line, entry.row);
  }
}

void StockFold::sell_units(const HistoryLine& line, const Part& sold, bool held) {
  for (const RowUnits& entry : lines_of(sold)) {
    Row& row = rows_[entry.row];
    const std::int64_t before = row.available() - (held ? entry.units : 0);
    add_held(row.on_hand, -entry.units);
    add_held(row.sold, entry.units);
    judge_row(entry.row, before);
    moved(line, entry.row);
  }
}

void StockFold::sum_up(CheckFigures& figures) const {
  for (const Row& row : rows_) {
    add_held(figures.on_hand_units, row.on_hand);
    add_held(figures.reserved_units, row.reserved);
    add_held(figures.sold_units, row.sold);
  }
}

}  // namespace checker
}  // namespace v0
}  // namespace invsaga
