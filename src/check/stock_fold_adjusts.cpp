// SPDX-License-Identifier: Apache-2.0
//
// Stock that comes and goes from outside, and the store's own counters at the end.
#include <fmt/format.h>

#include "stock_fold.hpp"

namespace invsaga {
inline namespace v0 {
namespace checker {
namespace {

using enum HistoryAnswer;

bool known_reason(std::string_view reason) {
  return reason == "opening" || reason == "restock" || reason == "return" || reason == "write_off";
}

}  // namespace

bool StockFold::fold_adjust(const HistoryLine& line) {
  if (!known_reason(line.reason)) {
    report(4, fmt::format("{} has the unknown reason {}", of(line), shown(line.reason)));
    return false;
  }
  if (!gather(line.lines, line.reason == "write_off")) return false;
  if (gathered_.empty()) report(4, of(line) + " has no lines");
  const Index index = adjust_ids_.intern(line.id);
  const bool known = index < adjusts_.size();
  if (!known) adjusts_.emplace_back();
  Adjust& adjust = adjusts_[index];
  judge_adjust_content(line, adjust, known);
  if (undecided(line.answer)) {
    judge_retry(line, adjust.retries, findings_);
    return false;
  }
  if (line.answer == mismatch) return false;
  if (line.answer == expired) judge_adjust_late(line, adjust);
  const Answers binding = bit(adjusted) | bit(out_of_stock) | bit(refused);
  const bool fresh = is_new(line, {adjust.given, 0, binding}, findings_);
  const bool first = (adjust.given & binding) == 0;
  adjust.given |= bit(line.answer);
  if (!fresh) {
    judge_same_shorts(line, adjust.shorts);
    return false;
  }
  if (!first && line.answer != expired) {
    report(18, fmt::format("{} answers {}, and answered otherwise before", of(line),
                           name(line.answer)));
  }
  adjust_new(line, adjust);
  return first;
}

void StockFold::judge_adjust_content(const HistoryLine& line, Adjust& adjust, bool known) {
  const Index reason = reasons_.intern(line.reason);
  const Index run = line.run.empty() ? no_index : runs_.intern(line.run);
  if (!known) {
    adjust.run = run;
    adjust.reason = reason;
    adjust.lines = keep_gathered();
    adjust.first_at = line.at;
    if (line.answer == mismatch) report(19, of(line) + " is a mismatch, but its id is new");
    return;
  }
  const bool same = adjust.reason == reason && gathered_is(adjust.lines);
  if (adjust.run != run || same == (line.answer == mismatch)) {
    report(19, of(line) + (same ? " differs from its earlier lines in nothing, or in its run only"
                                : " asks for something else than before under its id"));
  }
}

/// No history tells the deadline of an adjust; but it cannot be over when the first line of it
/// comes.
void StockFold::judge_adjust_late(const HistoryLine& line, const Adjust& adjust) {
  if (adjust.first_at < line.at) return;
  report(20, of(line) + " is expired when it comes first");
}

void StockFold::adjust_new(const HistoryLine& line, Adjust& adjust) {
  const bool giving = line.reason == "opening" || line.reason == "restock";
  const HistoryAnswer no = line.reason == "return" ? refused : out_of_stock;
  count_adjust(line);
  if (line.answer == adjusted) return apply_adjust(line);
  if (line.answer == expired) return;
  adjust.shorts = print_of(line.shorts);
  if (giving || line.answer != no) {
    report(25,
           fmt::format("{} ({}) cannot be answered {}", of(line), line.reason, name(line.answer)));
    return;
  }
  judge_shorts(line, no == refused ? Source::coverable : Source::available);
}

void StockFold::apply_adjust(const HistoryLine& line) {
  if (!line.shorts.empty()) report(25, of(line) + " is adjusted and yet names short lines");
  if (line.reason == "return" || line.reason == "write_off") judge_saga(line);
  for (const RowUnits& entry : gathered_) apply_adjust_row(line, entry);
}

void StockFold::apply_adjust_row(const HistoryLine& line, const RowUnits& entry) {
  Row& row = rows_[entry.row];
  const std::int64_t before = row.available();
  if (line.reason == "opening" && row.moved) {
    report(3, fmt::format("{} opens {}, of which units have moved before", of(line),
                          shown(sku(entry.row))));
  }
  if (line.reason == "write_off") {
    add_held(row.on_hand, -entry.units);
  } else {
    add_held(row.on_hand, entry.units);
  }
  if (line.reason == "return") {
    if (entry.units > row.coverable()) {
      report(3, fmt::format("{} brings back {} of {}, of which only {} can come back", of(line),
                            entry.units, shown(sku(entry.row)), row.coverable()));
    }
    add_held(row.returned, entry.units);
  }
  judge_row(entry.row, before);
  moved(line, entry.row);
}

void StockFold::count_adjust(const HistoryLine& line) {
  CheckFigures& figures = findings_.report.figures;
  std::int64_t units = 0;
  for (const RowUnits& entry : gathered_) add_held(units, entry.units);
  const bool yes = line.answer == adjusted;
  if (line.reason == "return") ++(yes ? figures.returns_accepted : figures.returns_refused);
  if (line.reason == "write_off") {
    ++(yes ? figures.adjustments_accepted : figures.adjustments_refused);
  }
  if (!yes) return;
  add_held(line.reason == "opening"   ? figures.opening_units
           : line.reason == "restock" ? figures.restocked_units
           : line.reason == "return"  ? figures.returned_units
                                      : figures.written_off_units,
           units);
}

void StockFold::judge_counters(const HistoryLine& line) {
  for (Row& row : rows_) row.counted = false;
  for (std::size_t i = 0; i < line.rows.size(); ++i) judge_counted_row(line.rows[i]);
  for (Index index = 0; index < rows_.size(); ++index) {
    const Row& row = rows_[index];
    const bool empty = row.on_hand == 0 && row.reserved == 0 && row.sold == 0;
    if (row.counted || empty) continue;
    report(30, fmt::format("the counters leave out {}", shown(sku(index))));
  }
}

void StockFold::judge_counted_row(const HistoryUnits::Entry& entry) {
  const auto [on_hand, reserved_units, sold] = entry.values;
  Row& row = rows_[row_of(entry.sku)];
  if (row.counted) report(30, fmt::format("the counters name {} twice", shown(entry.sku)));
  row.counted = true;
  const auto differ = [&](int invariant, std::string_view what, std::int64_t counted,
                          std::int64_t folded) {
    if (counted == folded) return;
    report(invariant, fmt::format("{} of {} is counted as {}, but the history adds up to {}", what,
                                  shown(entry.sku), counted, folded));
  };
  if (on_hand < reserved_units) {
    report(1, fmt::format("{} of {} on hand, but {} reserved", on_hand, shown(entry.sku),
                          reserved_units));
  }
  differ(3, "on hand", on_hand, row.on_hand);
  differ(2, "reserved", reserved_units, row.reserved);
  differ(30, "sold", sold, row.sold);
}

}  // namespace checker
}  // namespace v0
}  // namespace invsaga
