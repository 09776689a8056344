// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <invsaga/result.hpp>
#include <invsaga/run_record.hpp>
#include <invsaga/saga_log.hpp>

namespace invsaga {
inline namespace v0 {

/// Bounds of a log of runs. Constant for its life.
struct RunLimits {
  /// Kept until they are forgotten, ended or not; a new one beyond is `resource_exhausted`.
  std::size_t max_runs = 1'000'000;
  /// Beyond it only what ends a run or makes it stuck is taken; else `limit_exceeded`.
  Position max_records_a_run = 100'000;
  std::size_t max_record_bytes = std::size_t{1} << 20;  ///< A record beyond it is `limit_exceeded`.
  std::size_t max_bytes = std::size_t{4} << 30;         ///< All records together, encoded.
};

/// A sequential SagaLog (`saga_log.hpp` has the semantics), for one thread at a time. It keeps the
/// records encoded, as a log on a disk would, so that whatever a run needs after a crash is in the
/// bytes.
class RunTable {
 public:
  /// `key` as `keyed_hash.hpp` says.
  explicit RunTable(const RunLimits& limits = {}, HashKey key = {});
  ~RunTable();
  RunTable(RunTable&&) noexcept;
  RunTable& operator=(RunTable&&) noexcept;

  /// Errors: `moved_on`, `invalid_argument` (a zero run, no records), `limit_exceeded` (a record),
  /// `resource_exhausted`.
  result<Appended> append(RunId run, Position at, std::span<const PreparedRecord> records,
                          const Stamp& stamp);
  /// Room for so many records, of so many bytes together: appends of no more of them at the run's
  /// end by `append_reserved` cannot fail, if nothing else is called before. Their bounds are
  /// `room_for`'s to look at.
  result<void> reserve(RunId run, std::size_t records, std::size_t bytes);
  /// Requires reserved room.
  Appended append_reserved(RunId run, std::span<const PreparedRecord> records,
                           Stamp&& stamp) noexcept;
  result<std::vector<LogEntry>> read(RunId run) const;
  result<std::vector<RunId>> unfinished(RunId after, std::size_t limit) const;
  result<std::vector<RunId>> stuck(RunId after, std::size_t limit) const;
  result<std::vector<EndedRun>> ended(Time before, EndedRun after, std::size_t limit) const;
  /// An unknown run is forgotten already: a repeat succeeds. Error: `busy` (it has not ended).
  result<void> forget(RunId run);

  /// How many records the run has; 0 if it is unknown.
  [[nodiscard]] Position length(RunId run) const noexcept;
  /// Whether it has ended; an unknown one has not.
  [[nodiscard]] bool has_ended(RunId run) const noexcept;
  /// Whether all of these records are in the log from `at` on, byte for byte. Of none: whether the
  /// run has come so far.
  [[nodiscard]] bool has(RunId run, Position at,
                         std::span<const PreparedRecord> records) const noexcept;
  /// Requires one that the run has.
  [[nodiscard]] LogEntry entry(RunId run, Position at) const;
  /// The error that an append of these at the end of the run, behind those `before`, would meet;
  /// found beforehand.
  result<void> room_for(RunId run, std::span<const PreparedRecord> records,
                        std::span<const PreparedRecord> before = {}) const noexcept;
  /// How many runs are kept.
  [[nodiscard]] std::size_t size() const noexcept;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};
static_assert(SagaLog<RunTable>);

}  // namespace v0
}  // namespace invsaga
