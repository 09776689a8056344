// SPDX-License-Identifier: Apache-2.0
//
// Where a run stands: from its records, and from this process how often it was tried.
#include "told.hpp"

namespace invsaga {
inline namespace v0 {
std::string_view name(NewsAnswer answer) noexcept {
  switch (answer) {
    case NewsAnswer::recorded:
      return "recorded";
    case NewsAnswer::not_waited_for:
      return "not_waited_for";
  }
  return "unrecognised";
}

std::string_view name(CancelDecision decision) noexcept {
  switch (decision) {
    case CancelDecision::accepted:
      return "accepted";
    case CancelDecision::came_after:
      return "came_after";
    case CancelDecision::too_late:
      return "too_late";
  }
  return "unrecognised";
}

namespace detail {

result<RunStatus> status_of(const RunnerCore::Core& core, RunId run,
                            std::vector<RunRecord> records) {
  INVSAGA_TRY(const Told told, told_of(core, run, std::move(records)));
  const RunState& state = told.state;
  RunStatus status;
  status.status = state.status(told.definition());
  status.stage = told.stage;
  status.message = message(told.stage);
  status.stage_since = told.stage_since;
  status.stage_limit = longest_stay(told.definition(), told.stage);
  status.reason = state.reason;
  status.since = state.last_change;
  status.end = state.stuck ? RunEnd::stuck : state.end;
  if (told.current) {
    status.step = std::string(told.step_name(told.current->step));
    status.undoing = state.compensating;
    status.attempts = told.current->attempts;
  }
  return status;
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
