// SPDX-License-Identifier: Apache-2.0
//
// The records that a run makes.
#include <invsaga/saga_machine.hpp>

#include <tuple>
#include <utility>

#include <invsaga/assert.hpp>
#include <invsaga/saga_outputs.hpp>

#include "named_until.hpp"

namespace invsaga {
inline namespace v0 {
namespace {

/// The record with the operation's id, and the deadline that it names.
void name_operation(RunRecord& record, const Operation& operation) {
  std::visit(
      [&](const auto& op) {
        record.id_high = op.id.high;
        record.id_low = op.id.low;
      },
      operation);
  if (const Time until = named_until(operation); is_set(until)) record.until = until;
}

bool is_yes(const Operation& operation, StockDecision decision) noexcept {
  constexpr ShortLine none{};
  return invsaga::is_yes(answer_of(operation, decision, {&none, 1}, {}));
}

std::vector<std::byte> output_of(const Operation& operation) {
  if (const auto* reserve = std::get_if<Reserve>(&operation)) {
    return encode(Reserved{reserve->id, reserve->until});
  }
  if (const auto* commit = std::get_if<Commit>(&operation)) return encode(Committed{commit->id});
  return {};
}

}  // namespace

RunRecord SagaMachine::record(RecordKind kind, StepIndex step) const {
  RunRecord made;
  made.kind = kind;
  made.owner = options_.owner;
  made.step = step;
  if (kind == RecordKind::intent || kind == RecordKind::outcome || kind == RecordKind::undone) {
    const CallId id = call_id(run_, step);
    made.id_high = id.high;
    made.id_low = id.low;
  }
  return made;
}

void SagaMachine::begin(RunRecord begun, const ClaimEffect* claim) {
  INVSAGA_ASSERT(begun.kind == RecordKind::begun && !is_begun(),
                 "SagaMachine::begin: such a record, and a machine that was told nothing before");
  to_append_.push_back(std::move(begun));
  if (claim != nullptr) claim_ = *claim;
}

void SagaMachine::made(const Instruction& instruction, const Operation& operation) {
  INVSAGA_ASSERT(instruction.kind == Instruction::Kind::prepare && is_at(instruction),
                 "SagaMachine::made: what next gave last, and that it was prepare");
  made_.emplace(operation);
}

/// Of an operation that is made, with the id and the deadline that it names.
RunRecord SagaMachine::intent_of(const Trying& what) const {
  RunRecord intent = record(RecordKind::intent, what.step);
  if (!made_) return intent;
  intent.round = what.round;
  name_operation(intent, made_->view());
  return intent;
}

/// What is recorded if the stock decides so about the operation that is being tried.
RunRecord SagaMachine::outcome_of(StockDecision decision, const RunState& state) const {
  const Operation operation = made_->view();
  RunRecord made = record(trying_->undo ? RecordKind::undone : RecordKind::outcome, trying_->step);
  made.round = trying_->round;
  made.decision = decision;
  name_operation(made, operation);
  // A release settles it whatever it answers: nothing is held.
  const bool yes = is_yes(operation, decision) || std::holds_alternative<Release>(operation);
  if (trying_->undo) {
    // An adjust that is refused does not settle it: it is left to a person.
    const bool settled = yes || !std::holds_alternative<Adjust>(operation);
    if (!settled) made.kind = RecordKind::stuck;
    return made;
  }
  if (!yes) {
    judge_refusal(made, state);
    return made;
  }
  made.outcome = StepOutcome::done;
  made.output = output_of(operation);
  tell(made, definition_.steps[trying_->step].events.done);
  return made;
}

void SagaMachine::judge_refusal(RunRecord& made, const RunState& state) const {
  const StepDefinition& step = definition_.steps[made.step];
  const Operation operation = made_->view();
  made.outcome = made.decision == StockDecision::suppressed ? StepOutcome::suppressed
                                                            : StepOutcome::refused;
  const bool ran_out = made.decision == StockDecision::expired ||
                       made.decision == StockDecision::not_found;
  if (const auto* commit = std::get_if<Commit>(&operation); commit != nullptr && ran_out) {
    // If there is a further hold it is no refusal yet, and nobody is told (protocol rule 4).
    made.round = further_round(state, made.step, commit->id);
    if (made.round > 0) return;
  }
  if (std::holds_alternative<Commit>(operation)) made.round = 0;
  // Past its deadline an adjust is `expired` whatever became of it before. Where that is in doubt
  // it is no refusal, and a person has to look (protocol rule 3).
  const bool in_doubt = !options_.atomic_effects && trying_->doubt &&
                        std::holds_alternative<Adjust>(operation) &&
                        made.decision == StockDecision::expired;
  const bool final = step.step_class == StepClass::retriable || state.pivot_done(definition_);
  if (in_doubt || final) {
    made.kind = RecordKind::stuck;  // after the pivot nothing is refused any more
    return;
  }
  tell(made, step.events.refused);
}

/// The number of the hold to reserve anew if this commit finds that its own ran out; 0: no more.
std::uint32_t SagaMachine::further_round(const RunState& state, StepIndex commit_step,
                                         ReservationId id) const {
  for (StepIndex i = 0; i < commit_step; ++i) {
    const auto& holds = state.steps[i].holds;
    if (holds.empty() || holds.back().id != id) continue;
    return holds.size() <= definition_.further_rounds ? static_cast<std::uint32_t>(holds.size())
                                                      : 0;
  }
  return 0;
}

void SagaMachine::tell(RunRecord& made, std::string_view type) const {
  if (type.empty()) return;
  Event event;
  event.type = std::string(type);
  made.events.push_back(std::move(event));
}

/// Numbers the events of a record that follows `state`. What is found out while everything is being
/// undone leads nowhere, so nobody is told.
void SagaMachine::number_events(RunRecord& made, const RunState& state) const {
  if (state.compensating) made.events.clear();
  EventId cause = state.last_event;
  std::uint64_t sequence = state.events;
  for (Event& event : made.events) {
    event.sequence = ++sequence;
    event.id = derive_id<EventId>("event", run_, static_cast<std::uint32_t>(sequence), 0);
    event.run = run_;
    event.subject = state.key;
    event.causation = std::exchange(cause, event.id);
    event.traceparent = state.traceparent;
    event.data = made.output;
  }
}

RunRecord SagaMachine::end_record(const RunState& state) const {
  RunRecord made = record(RecordKind::ended, 0);
  made.end = state.compensating ? RunEnd::compensated : RunEnd::completed;
  made.reason = state.reason;
  made.request = state.request;
  made.claim_epoch = state.claim_epoch;
  made.output = encode(how_it_ended(state));
  return made;
}

RunOutcome SagaMachine::how_it_ended(const RunState& state) const {
  RunOutcome outcome;
  outcome.run = run_;
  outcome.end = state.compensating ? RunEnd::compensated : RunEnd::completed;
  outcome.reason = state.reason;
  if (!state.cause) return outcome;
  const StepState& step = state.steps[*state.cause];
  outcome.step = *state.cause;
  outcome.decision = step.decision;
  outcome.error = step.error;
  outcome.shorts = step.shorts;
  outcome.shorts_at = step.shorts_at;
  return outcome;
}

std::optional<RunOutcome> SagaMachine::outcome() const {
  if (state_.end) return how_it_ended(state_);
  if (!state_.stuck) return std::nullopt;
  RunOutcome stuck;
  stuck.run = run_;
  stuck.end = RunEnd::stuck;
  stuck.step = state_.stuck_step;
  stuck.decision = state_.stuck_decision;
  stuck.error = state_.stuck_error;
  stuck.reason = std::string(definition_.steps[state_.stuck_step].name) + " stuck";
  return stuck;
}

}  // namespace v0
}  // namespace invsaga
