// SPDX-License-Identifier: Apache-2.0
//
// Where runs keep their records: append at a position, read back, list how they stand.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <vector>

#include <invsaga/result.hpp>
#include <invsaga/run_record.hpp>
#include <invsaga/write.hpp>

namespace invsaga {
inline namespace v0 {

/// What an append came to.
struct Appended {
  Position position = 0;  ///< How long the run is now.
  Time at;                ///< The stamp of the records that are in the log: a repeat's are older.
};

/// A run that has ended, and when: the time of its last record. Ordered as a log lists them.
struct EndedRun {
  Time at;
  RunId run;
  friend constexpr auto operator<=>(const EndedRun&, const EndedRun&) = default;
};

/// Semantics of a SagaLog:
///  - `append(run, at, records, stamp)`: linearizable per run, all records or none. They become the
///    run's numbers `at` and following (from 0) if the run has exactly `at` records; each bears the
///    stamp's time, the first one the rest of it. If every one of them is in the log at its place
///    already, byte for byte, it is a repeat: nothing changes, stamps stay what they are. Otherwise
///    `moved_on`, and nothing changes. (Protocol rule 1: a stale owner's late append can never
///    land, whatever its epoch.) Errors besides: `invalid_argument` (no run, no records),
///    `limit_exceeded`, `resource_exhausted`. A log keeps the bytes and reads nothing in them: what
///    begins and ends a run is said by `PreparedRecord::change`.
///  - `read(run)`: all entries in order; empty for an unknown run.
///  - `unfinished(after, limit)`: up to `limit` ids of runs that have neither ended nor are stuck,
///    above `after`, ascending. A page at a time, so that recovery never holds the log.
///  - `stuck(after, limit)`: the same of those that are stuck.
///  - `ended(before, after, limit)`: up to `limit` runs that ended before that time, those above
///    `after` in the order of their ends, and of their ids within one time. All are above `{}`.
///  - `forget(run)`: the run's records may go. Only an ended run; `busy` if it has not ended.
/// All are safe from any thread.
template <class L>
concept SagaLog = requires(L& log, RunId run, Position at, std::span<const PreparedRecord> records,
                           const Stamp& stamp, Time before, EndedRun after, std::size_t limit) {
  { log.append(run, at, records, stamp) } -> std::same_as<result<Appended>>;
  { log.read(run) } -> std::same_as<result<std::vector<LogEntry>>>;
  { log.unfinished(run, limit) } -> std::same_as<result<std::vector<RunId>>>;
  { log.stuck(run, limit) } -> std::same_as<result<std::vector<RunId>>>;
  { log.ended(before, after, limit) } -> std::same_as<result<std::vector<EndedRun>>>;
  { log.forget(run) } -> std::same_as<result<void>>;
};

}  // namespace v0
}  // namespace invsaga
