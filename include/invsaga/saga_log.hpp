// SPDX-License-Identifier: Apache-2.0
//
// Where runs keep their records: append at a position, read back, list what is unfinished.
#pragma once

#include <concepts>
#include <cstdint>
#include <vector>

#include <invsaga/result.hpp>
#include <invsaga/run_record.hpp>

namespace invsaga {
inline namespace v0 {

/// Semantics of a SagaLog:
///  - `append(run, at, record)`: linearizable per run. The record becomes the run's number `at`
///    (from 0) if the run has exactly `at` records, and the new length is answered. If the run's
///    record `at` is equal to `record`, it is a repeat: nothing changes and `at + 1` is answered.
///    Otherwise `moved_on`, and nothing changes. (Protocol rule 1: a stale owner's late append can
///    never land, whatever its epoch.) Errors besides: `resource_exhausted`.
///  - `read(run)`: all records in order; empty for an unknown run.
///  - `unfinished(after, limit)`: up to `limit` ids of runs without an `ended` record, above
///    `after`, ascending. A page at a time, so that recovery never holds the log.
///  - `forget(run)`: the run's records may go. Only an ended run; `too_late` never, `busy` if it
///    has not ended.
/// All are safe from any thread.
template <class L>
concept SagaLog = requires(L& log, RunId run, Position at, const RunRecord& record,
                           std::size_t limit) {
  { log.append(run, at, record) } -> std::same_as<result<Position>>;
  { log.read(run) } -> std::same_as<result<std::vector<RunRecord>>>;
  { log.unfinished(run, limit) } -> std::same_as<result<std::vector<RunId>>>;
  { log.forget(run) } -> std::same_as<result<void>>;
};

}  // namespace v0
}  // namespace invsaga
