// SPDX-License-Identifier: Apache-2.0
//
// The invariant checker: a judge over a history that folds it by code of its own.
//
// It knows the format of histories and the invariants, and calls none of the rules, stores or
// runners that it judges: a wrong rule must be found by it, not shared by it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/history/component.hpp>
#include <invsaga/history/history.hpp>
#include <invsaga/version.hpp>

namespace invsaga {
inline namespace v0 {

/// Invariants are numbered from 1; docs/history_format.md says how each shows in a history.
inline constexpr int invariant_count = 30;

/// A few words for people, e.g. "committed exactly once". Requires 0 < `number` <= 30.
std::string_view invariant_name(int number) noexcept;

/// One thing that is not as it must be. Owns its text.
struct Violation {
  std::uint64_t n = 0;          ///< Of the line; 0 if only the end of the file shows it.
  std::uint64_t file_line = 0;  ///< From 1: the header is 1.
  int invariant = 0;
  std::string what;  ///< What was seen. One line, safe to show.
};

/// `line 17 (n 16): I7 committed exactly once: ...`
std::string to_string(const Violation& violation);

/// What the checker may take for granted of a history, and how much it reports.
struct CheckOptions {
  /// The history is whole: every run has ended, and the store's counters are its last line. Off
  /// for one that is cut short on purpose; what is there must hold all the same.
  bool whole = true;
  /// Every run was asked for by a `request`. Off for runs that were begun without one.
  bool requests = true;
  /// Most violations that the report keeps; all are counted.
  std::size_t keep = 1000;
};

/// Sums over the history, by the checker's own fold. Held at the largest number instead of
/// wrapping.
struct CheckFigures {
  std::uint64_t lines = 0;   ///< Without the header.
  std::uint64_t orders = 0;  ///< Requests that were fresh.
  std::uint64_t completed = 0;
  std::map<std::string, std::uint64_t> compensated;  ///< By reason.
  std::uint64_t stuck = 0;
  std::uint64_t returns_accepted = 0, returns_refused = 0;
  std::uint64_t adjustments_accepted = 0, adjustments_refused = 0;  ///< Write-offs.
  std::int64_t opening_units = 0, restocked_units = 0, returned_units = 0, written_off_units = 0;
  std::int64_t sold_units = 0;                         ///< Gross of returns.
  std::int64_t on_hand_units = 0, reserved_units = 0;  ///< When the history ends.
  std::uint64_t charges = 0, refunds = 0;              ///< Of more than 0.
  std::uint64_t events_published = 0;                  ///< Different ones.
  std::uint64_t duplicates_replayed = 0;               ///< Requests answered `completed`.
  std::int64_t oversold_units = 0;  ///< Held, sold or written off without being there.
  std::uint64_t events_lost = 0;    ///< Decided and not published, or published and not handled.
};

/// What the checker found: each violation, and the sums.
struct CheckReport {
  std::vector<Violation> violations;  ///< In the order found, at most `CheckOptions::keep`.
  std::uint64_t violation_count = 0;
  std::array<std::uint64_t, invariant_count + 1> by_invariant{};  ///< [0] is unused.
  CheckFigures figures;

  [[nodiscard]] bool holds() const noexcept { return violation_count == 0; }
};

/// Judges a history line by line and keeps what the invariants need: each row, id and run, but no
/// lines; so a file larger than memory can be checked. For one thread. The same lines give the same
/// report. Lines may say anything that `read_history` lets through.
class InvariantChecker {
 public:
  explicit InvariantChecker(const HistoryHeader& header, CheckOptions options = {});
  InvariantChecker(InvariantChecker&&) noexcept;
  InvariantChecker& operator=(InvariantChecker&&) noexcept;
  ~InvariantChecker();

  /// `file_line` is only told in violations. Nothing of `line` is borrowed after the call. Requires
  /// that `finish` was not called.
  void add(const HistoryLine& line, std::uint64_t file_line);

  /// What was found so far.
  [[nodiscard]] const CheckReport& report() const noexcept;

  /// Judges what only the end can show. The report lives as long as the checker. Requires that it
  /// was not called before.
  const CheckReport& finish();

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

/// The same over a history in memory.
CheckReport check_history(const History& history, CheckOptions options = {});

}  // namespace v0
}  // namespace invsaga
