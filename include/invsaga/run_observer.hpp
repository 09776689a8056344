// SPDX-License-Identifier: Apache-2.0
//
// Who is told what runs record.
#pragma once

#include <invsaga/ids.hpp>
#include <invsaga/run_outcome.hpp>
#include <invsaga/run_record.hpp>
#include <invsaga/run_state.hpp>

namespace invsaga {
inline namespace v0 {

/// Is told what runs record. Called on the thread that drives the run, after the record is in the
/// log, in the run's order; of different runs at the same time. It must be quick, must not end the
/// runner, and must outlive it. No lock is held. What it throws is caught and counted
/// (`SagaRunner::thrown`), and it has been told all the same.
///
/// Each record that comes into the log while the run is driven here is told once, whoever appended
/// it; one that was appended here to a run driven elsewhere (cancel, resume) is told on that
/// thread: of several at the same time in any order. What no memory is there for is not told.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  /// `record` is in the log, and `state` is what the run's records say with it. Both are lent for
  /// the call.
  virtual void recorded(RunId /*run*/, const RunState& /*state*/, const RunRecord& /*record*/) {}
  /// The run has ended, or is stuck. Where memory ran out, that it is stuck may be told again.
  virtual void ended(RunId /*run*/, const RunState& /*state*/, const RunOutcome& /*outcome*/) {}
};

}  // namespace v0
}  // namespace invsaga
