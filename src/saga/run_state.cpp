// SPDX-License-Identifier: Apache-2.0
#include <invsaga/run_state.hpp>

#include <algorithm>

#include <invsaga/assert.hpp>
#include <invsaga/saga_outputs.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

std::optional<StepIndex> pivot_of(const Definition& definition) noexcept {
  for (StepIndex i = 0; i < definition.steps.size(); ++i) {
    if (definition.steps[i].step_class == StepClass::pivot) return i;
  }
  return std::nullopt;
}

void begin(RunState& state, const RunRecord& record, const Definition& definition) {
  state.owner = record.owner;
  state.key = record.key;
  state.saga = record.saga;
  state.request = record.request;
  if (record.request.is_set()) state.begin_by = record.until;
  state.claim_epoch = record.claim_epoch;
  state.traceparent = record.traceparent;
  state.input = record.output;
  state.steps.resize(definition.steps.size());
}

void name_hold(StepState& step, const RunRecord& record) {
  if (record.round >= step.holds.size()) step.holds.resize(record.round + 1);
  HoldState& hold = step.holds[record.round];
  hold.id = {record.id_high, record.id_low};
  hold.until = record.until;
  step.round = record.round;
}

void intend(RunState& state, const RunRecord& record, const Definition& definition) {
  StepState& step = state.steps[record.step];
  if (state.compensating) {  // forward, nothing is intended any more: it is an undo's
    step.undo_until = record.until;
    return;
  }
  step.intended = true;
  step.until = record.until;
  if (definition.steps[record.step].action.kind == StepKind::reserve) name_hold(step, record);
}

/// The step whose hold ran out before this commit, if its record names a further one.
std::optional<StepIndex> renewed_by(const RunState& state, const RunRecord& record,
                                    const Definition& definition) noexcept {
  const bool commit = record.kind == RecordKind::outcome &&
                      definition.steps[record.step].action.kind == StepKind::commit;
  if (!commit || record.round == 0 || state.compensating) return std::nullopt;
  for (StepIndex i = 0; i < record.step; ++i) {
    const std::vector<HoldState>& holds = state.steps[i].holds;
    if (holds.size() != record.round) continue;
    if (holds.back().id == ReservationId{record.id_high, record.id_low}) return i;
  }
  return std::nullopt;
}

/// Opens the step that reserves, for its next hold, and the commit.
void renew(RunState& state, StepIndex reserve, StepIndex commit) {
  state.steps[reserve].round = static_cast<std::uint32_t>(state.steps[reserve].holds.size());
  for (const StepIndex opened : {reserve, commit}) {
    state.steps[opened].outcome.reset();
    state.steps[opened].intended = false;
  }
}

std::string reason_of(const RunRecord& record, const StepDefinition& step) {
  const StockDecision decision = record.decision;
  const bool of_a_commit = step.action.kind == StepKind::commit;
  const bool ran_out = decision == StockDecision::expired ||
                       (of_a_commit && decision == StockDecision::not_found);
  const bool further_round = step.action.kind == StepKind::reserve && record.round > 0;
  if (ran_out || further_round) return "hold_expired";
  if (of_a_commit && decision == StockDecision::released) return "hold_released";
  if (decision != StockDecision::none) return std::string(name(decision));
  return std::string(step.name) + " " + std::string(name(record.outcome));
}

void compensate(RunState& state, const RunRecord& record, const Definition& definition) {
  if (state.compensating) return;
  state.compensating = true;
  state.cause = record.step;
  state.reason = reason_of(record, definition.steps[record.step]);
}

void take_outcome(RunState& state, const RunRecord& record, const Definition& definition) {
  const auto renewed = renewed_by(state, record, definition);
  StepState& step = state.steps[record.step];
  step.outcome = record.outcome;
  step.decision = record.decision;
  step.error = record.error;
  step.output = record.output;
  step.shorts = record.shorts;
  step.shorts_at = tells_shorts(record.decision) ? state.position : 0;
  if (definition.steps[record.step].action.kind == StepKind::reserve) {
    name_hold(step, record);
    step.holds[record.round].answered = record.outcome != StepOutcome::unknown;
    step.holds[record.round].decision = record.decision;
  }
  state.stuck = false;
  if (record.outcome == StepOutcome::done) return;
  if (renewed) return renew(state, *renewed, record.step);
  compensate(state, record, definition);
}

void take_undone(RunState& state, const RunRecord& record, const Definition& definition) {
  StepState& step = state.steps[record.step];
  state.stuck = false;
  if (definition.steps[record.step].action.kind != StepKind::reserve) {
    step.undone = true;
    return;
  }
  step.holds[record.round].undone = true;
  step.undone = std::none_of(step.holds.begin(), step.holds.end(),
                             [](const HoldState& hold) { return hold.needs_release(); });
}

void take_cancel(RunState& state, const RunRecord& record) {
  if (state.compensating) return;
  state.cancelled = true;
  state.compensating = true;
  state.stuck = false;  // what it was stuck at is no longer wanted
  state.reason = record.reason;
}

void take_stuck(RunState& state, const RunRecord& record) {
  state.stuck = true;
  state.stuck_step = record.step;
  state.stuck_error = record.error;
  state.stuck_decision = record.decision;
}

bool has_step(RecordKind kind) noexcept {
  return kind == RecordKind::intent || kind == RecordKind::outcome || kind == RecordKind::undone ||
         kind == RecordKind::stuck;
}

/// Before the pivot is done a run may turn back, and then only what is to be undone may turn out to
/// be done. After it nothing is refused, cancelled or undone any more.
bool turns_round(const RunState& state, const RunRecord& record, const Definition& definition) {
  if (!state.pivot_done(definition)) {
    return state.compensating && record.kind == RecordKind::outcome &&
           record.outcome == StepOutcome::done &&
           definition.steps[record.step].step_class != StepClass::compensable;
  }
  if (record.kind == RecordKind::outcome) {
    return record.outcome != StepOutcome::done && !renewed_by(state, record, definition);
  }
  return record.kind == RecordKind::cancelled || record.kind == RecordKind::undone;
}

/// Holds are numbered without gaps.
bool names_a_hold(const RunState& state, const RunRecord& record, const Definition& definition) {
  if (definition.steps[record.step].action.kind != StepKind::reserve) return true;
  const std::size_t holds = state.steps[record.step].holds.size();
  if (record.kind == RecordKind::undone) return record.round < holds;
  return record.kind == RecordKind::stuck || record.round <= holds;
}

bool can_follow(const RunState& state, const RunRecord& record, const Definition& definition) {
  if (record.kind > RecordKind::ended) return false;
  if ((record.kind == RecordKind::begun) != (state.position == 0)) return false;
  if (state.end) return false;
  if (!has_step(record.kind)) return !turns_round(state, record, definition);
  if (record.step >= definition.steps.size()) return false;
  return names_a_hold(state, record, definition) && !turns_round(state, record, definition);
}

void take(RunState& state, const RunRecord& record, const Definition& definition) {
  switch (record.kind) {
    case RecordKind::begun:
      return begin(state, record, definition);
    case RecordKind::taken_over:
      state.owner = record.owner;
      return;
    case RecordKind::intent:
      return intend(state, record, definition);
    case RecordKind::outcome:
      return take_outcome(state, record, definition);
    case RecordKind::undone:
      return take_undone(state, record, definition);
    case RecordKind::cancelled:
      return take_cancel(state, record);
    case RecordKind::stuck:
      return take_stuck(state, record);
    case RecordKind::resumed:
      state.stuck = false;
      return;
    case RecordKind::ended:
      state.end = record.end;
      return;
  }
  INVSAGA_UNREACHABLE("a record of no kind, which cannot follow");
}

}  // namespace

std::string_view name(OrderStatus status) noexcept {
  switch (status) {
    case OrderStatus::deciding:
      return "deciding";
    case OrderStatus::placed:
      return "placed";
    case OrderStatus::not_placed:
      return "not_placed";
  }
  return "unrecognised";
}

bool RunState::pivot_done(const Definition& definition) const noexcept {
  const auto pivot = pivot_of(definition);
  if (!pivot) return end == RunEnd::completed;
  return *pivot < steps.size() && steps[*pivot].done();
}

bool RunState::pivot_pending(const Definition& definition) const noexcept {
  const auto pivot = pivot_of(definition);
  return pivot && *pivot < steps.size() && steps[*pivot].intended && !steps[*pivot].outcome;
}

OrderStatus RunState::status(const Definition& definition) const noexcept {
  if (pivot_done(definition)) return OrderStatus::placed;
  return compensating ? OrderStatus::not_placed : OrderStatus::deciding;
}

result<void> fold(RunState& state, const RunRecord& record, const Definition& definition) {
  if (!can_follow(state, record, definition)) return Error{Errc::corrupt};
  take(state, record, definition);
  if (!record.events.empty()) {
    state.events += record.events.size();
    state.last_event = record.events.back().id;
  }
  const bool begins = record.kind == RecordKind::begun;
  state.only_begun = begins || (state.only_begun && record.kind == RecordKind::taken_over);
  ++state.position;
  state.last_change = record.at;
  return success();
}

}  // namespace v0
}  // namespace invsaga
