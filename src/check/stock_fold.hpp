// SPDX-License-Identifier: Apache-2.0
//
// The checker's own fold of the stock: every row, every hold, every adjust.
#pragma once

#include <cstdint>
#include <queue>
#include <span>
#include <string_view>
#include <vector>

#include "doubts.hpp"
#include "findings.hpp"
#include "low_water.hpp"

namespace invsaga {
inline namespace v0 {
namespace checker {

/// What the history has shown of a hold. `refused` and `tombstone` never held anything.
enum class HoldState : std::uint8_t {
  none,
  reserved,
  committed,
  released,
  expired,
  refused,
  tombstone,
};

struct RowUnits {
  Index row;
  std::int64_t units;
};

/// Lines kept in the fold's one store of them.
struct Part {
  std::size_t first = 0;
  std::uint32_t count = 0;
};

struct Hold {
  Index run = no_index;
  Index previous_of_run = no_index;
  bool bound = false;           ///< Known to its run.
  bool asked = false;           ///< A reserve of it was seen: until and lines are known.
  bool overdue = false;         ///< Counted in `Row::overdue`.
  bool commit_refused = false;  ///< A commit was answered `expired` or `not_found`.
  HoldState state{};
  HistoryAnswer refusal{};  ///< If refused: why.
  Time asked_until;         ///< Of the first reserve; every repeat bears the same.
  Time until;               ///< With extensions.
  Part lines;               ///< Asked for, merged.
  Part sold;                ///< Of a committed one.
  Answers reserve = 0, commit = 0, release = 0, extend = 0;  ///< Given so far.
  std::uint64_t shorts = 0;  ///< Fingerprint of the short lines of its refusal.
  Retries retries;

  [[nodiscard]] Answers any() const noexcept {
    const Answers gone = state == HoldState::expired ? bit(HistoryAnswer::expired) : 0;
    return reserve | commit | release | extend | gone;
  }
};

class StockFold {
 public:
  StockFold(const HistoryHeader& header, TextPool& runs, Findings& findings);

  /// Folds a stock operation. True if it changed the state of its hold, or was the first decision
  /// on its adjust.
  bool fold(const HistoryLine& line);
  /// Judges the store's own counters, the last line.
  void judge_counters(const HistoryLine& line);
  /// Judges what only the end shows.
  void finish();
  /// The sums of all rows.
  void sum_up(CheckFigures& figures) const;

  [[nodiscard]] Index find_hold(std::string_view id) const { return hold_ids_.find(id); }
  [[nodiscard]] Hold& hold(Index index) { return holds_[index]; }
  [[nodiscard]] const std::vector<Hold>& holds() const noexcept { return holds_; }
  [[nodiscard]] std::string_view hold_id(Index index) const { return hold_ids_[index]; }
  /// All units that a hold asked for.
  [[nodiscard]] std::int64_t units_of(const Hold& hold) const;
  [[nodiscard]] bool same_lines(const Hold& a, const Hold& b);
  /// All units of a committed hold that were sold.
  [[nodiscard]] std::int64_t sold_units(const Hold& hold) const;
  /// True if a hold of that run is live.
  [[nodiscard]] bool holds_any(Index run) const {
    return run < live_of_run_.size() && live_of_run_[run] > 0;
  }
  /// How long holds live, if the options tell.
  [[nodiscard]] std::optional<Duration> hold_time() const noexcept { return hold_time_; }

 private:
  struct Row {
    std::int64_t on_hand = 0, reserved = 0, sold = 0, returned = 0;
    std::int64_t overdue = 0;  ///< Units of live holds whose time is over.
    std::uint64_t stamp = 0;   ///< When it was gathered last ...
    std::uint32_t slot = 0;    ///< ... and where.
    bool counted = false;      ///< Named by the store's own counters.
    bool moved = false;        ///< Some line has moved units of it.

    [[nodiscard]] std::int64_t available() const noexcept { return on_hand - reserved; }
    [[nodiscard]] std::int64_t coverable() const noexcept { return sold - returned; }
  };
  struct Adjust {
    Index run = no_index;
    Index reason = no_index;
    Part lines;
    Answers given = 0;
    Time first_at;
    std::uint64_t shorts = 0;
    Retries retries;
  };
  /// What a row can give: what is available to a hold or a write-off, what was sold to a return.
  enum class Source : std::uint8_t { available, coverable };
  struct Overdue {
    Time until;
    Index hold;
    bool operator<(const Overdue& other) const { return until > other.until; }
  };

  // the states of a hold
  bool fold_hold(const HistoryLine& line);
  void fold_reserve(const HistoryLine& line, Hold& hold);
  void fold_commit(const HistoryLine& line, Hold& hold);
  void fold_release(const HistoryLine& line, Hold& hold);
  void fold_extend(const HistoryLine& line, Hold& hold);
  void fold_expire(const HistoryLine& line, Hold& hold);
  void judge_run(const HistoryLine& line, Hold& hold, bool known);
  void judge_content(const HistoryLine& line, Hold& hold);
  void ask_first(const HistoryLine& line, Hold& hold);
  void reserve_new(const HistoryLine& line, Hold& hold);
  void reserve_again(const HistoryLine& line, const Hold& hold);
  void refuse_new(const HistoryLine& line, Hold& hold);
  void refuse_late(const HistoryLine& line, Hold& hold);
  void commit_new(const HistoryLine& line, Hold& hold);
  void judge_sold_again(const HistoryLine& line, const Hold& hold);
  void release_new(const HistoryLine& line, Hold& hold);
  void judge_live(const HistoryLine& line, const Hold& hold);
  void judge_state_answer(const HistoryLine& line, const Hold& hold);
  void judge_moved(const HistoryLine& line, const Part& part);
  void judge_nothing_moved(const HistoryLine& line);
  [[nodiscard]] bool forgettable(const HistoryLine& line, const Hold& hold) const;
  void leave(Hold& hold, HoldState state);
  void count_live(const Hold& hold, bool live);
  void judge_saga(const HistoryLine& line);

  // the units
  bool gather(const HistoryUnits& list, bool negative = false);
  bool gather_more(const HistoryUnits& list, bool negative = false);
  [[nodiscard]] bool gathered_is(const Part& part) const;
  Part keep_gathered();
  [[nodiscard]] std::span<const RowUnits> lines_of(const Part& part) const;
  [[nodiscard]] std::int64_t units_in(const Part& part) const;
  Index row_of(std::string_view sku);
  void moved(const HistoryLine& line, Index row);
  void judge_row(Index row, std::int64_t available_before);
  void hold_units(const HistoryLine& line, const Hold& hold);
  void free_units(const HistoryLine& line, const Hold& hold);
  void sell_units(const HistoryLine& line, const Part& sold, bool held);

  // refusals
  void judge_shorts(const HistoryLine& line, Source source);
  std::size_t judge_named(const HistoryLine& line, Source source);
  bool judge_short(const HistoryLine& line, const HistoryUnits::Entry& entry, Source source);
  void judge_exact_short(const HistoryLine& line, const HistoryUnits::Entry& entry, Index row,
                         Source source);
  void judge_none_missing(const HistoryLine& line, Source source, std::size_t named);
  void judge_in_window(const HistoryLine& line, Index row, std::int64_t asked, Source source);
  void judge_same_shorts(const HistoryLine& line, std::uint64_t earlier);
  void settle_doubts(const HistoryLine& line, Index row, Source source);
  void sweep_overdue(Time now);
  void unmark_overdue(Hold& hold);
  [[nodiscard]] std::int64_t left_of(Index row, Source source) const;

  // adjusts, and the store's own counters
  bool fold_adjust(const HistoryLine& line);
  void adjust_new(const HistoryLine& line, Adjust& adjust);
  void apply_adjust(const HistoryLine& line);
  void apply_adjust_row(const HistoryLine& line, const RowUnits& entry);
  void judge_adjust_content(const HistoryLine& line, Adjust& adjust, bool known);
  void judge_adjust_late(const HistoryLine& line, const Adjust& adjust);
  void count_adjust(const HistoryLine& line);
  void judge_counted_row(const HistoryUnits::Entry& entry);

  [[nodiscard]] std::string_view sku(Index row) const { return skus_[row]; }
  void report(int invariant, std::string what) { findings_.add(invariant, std::move(what)); }

  TextPool& runs_;
  Findings& findings_;
  const bool exact_;
  const bool one_thread_;
  const bool by_hand_;
  const std::optional<Duration> hold_time_;

  TextPool skus_, hold_ids_, adjust_ids_, reasons_;
  std::vector<Row> rows_;
  std::vector<Hold> holds_;
  std::vector<Adjust> adjusts_;
  std::vector<std::uint32_t> live_of_run_;  // how many of its holds are live
  std::vector<RowUnits> kept_;              // what Part points into
  std::vector<RowUnits> gathered_;          // the lines being judged, merged
  std::uint64_t stamp_ = 0;

  std::priority_queue<Overdue> deadlines_;  // only where refusals are exact
  Time swept_;
  std::vector<LowWater> available_, coverable_;                   // only where they are not
  absl::flat_hash_map<std::pair<Index, Source>, Doubts> doubts_;  // by row
};

}  // namespace checker
}  // namespace v0
}  // namespace invsaga
