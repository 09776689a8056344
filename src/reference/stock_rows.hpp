// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <invsaga/assert.hpp>
#include <invsaga/operation.hpp>
#include <invsaga/stock.hpp>

#include "grow.hpp"

namespace invsaga {
inline namespace v0 {

/// The counters of all rows, and what the rules do to them, many lines at a time. Lines are merged
/// and below the store's bound of rows. One thread.
class StockRows {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }

  /// Zeros for a row that never had stock.
  [[nodiscard]] StockCounters at(Row row) const noexcept {
    return row.index < rows_.size() ? rows_[row.index] : StockCounters{};
  }

  /// The lines that cannot be held now.
  [[nodiscard]] std::vector<ShortLine> short_of(std::span<const Line> lines) const {
    std::vector<ShortLine> shorts;
    for (const Line& line : lines) {
      const Units available = at(line.row).available();
      if (available < line.quantity) shorts.push_back({line.row, line.quantity, available});
    }
    return shorts;
  }

  /// The lines that an adjust cannot draw on now.
  [[nodiscard]] std::vector<ShortLine> short_of(std::span<const Line> lines, AdjustReason reason,
                                                Units max_units) const {
    std::vector<ShortLine> shorts;
    for (const Line& line : lines) {
      const StockCounters row = at(line.row);
      if (judge_adjust(row, reason, line.quantity, max_units) == RowAdjust::not_covered) {
        shorts.push_back({line.row, line.quantity, coverable(row, reason)});
      }
    }
    return shorts;
  }

  /// How many units the first row that an adjust would fill beyond its bound would have.
  [[nodiscard]] std::optional<std::uint64_t> too_many(std::span<const Line> lines,
                                                      AdjustReason reason,
                                                      Units max_units) const noexcept {
    for (const Line& line : lines) {
      const StockCounters row = at(line.row);
      if (judge_adjust(row, reason, line.quantity, max_units) != RowAdjust::too_many) continue;
      return static_cast<std::uint64_t>(row.on_hand) + static_cast<std::uint64_t>(line.quantity);
    }
    return std::nullopt;
  }

  void hold(std::span<const Line> lines) noexcept {
    for (const Line& line : lines) change(line, after_hold(at(line.row), line.quantity));
  }
  void give_back(std::span<const Line> lines) noexcept {
    for (const Line& line : lines) change(line, after_give_back(at(line.row), line.quantity));
  }
  void sell(std::span<const Line> lines) noexcept {
    for (const Line& line : lines) change(line, after_sale(at(line.row), line.quantity));
  }
  /// Room for an adjust of these. Requires a line.
  void reserve(std::span<const Line> lines) {
    INVSAGA_ASSERT(!lines.empty(), "StockRows::reserve: a line");
    const std::size_t needed = std::size_t{lines.back().row.index} + 1;
    if (needed > rows_.size()) make_room(rows_, needed - rows_.size());
  }
  /// Requires reserved room.
  void adjust(std::span<const Line> lines, AdjustReason reason) noexcept {
    const std::size_t needed = std::size_t{lines.back().row.index} + 1;
    INVSAGA_ASSERT(needed <= rows_.capacity(), "StockRows::adjust: reserved room");
    if (rows_.size() < needed) rows_.resize(needed);
    for (const Line& line : lines) {
      change(line, after_adjust(at(line.row), reason, line.quantity));
    }
  }

 private:
  void change(const Line& line, const StockCounters& row) noexcept {
    INVSAGA_ASSERT(is_sound(row), "no rule makes a row unsound");
    INVSAGA_ASSERT(line.row.index < rows_.size(), "nothing is held of a row that never had stock");
    rows_[line.row.index] = row;
  }

  std::vector<StockCounters> rows_;
};

}  // namespace v0
}  // namespace invsaga
