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

void SagaMachine::begin(RunRecord begun) {
  INVSAGA_ASSERT(begun.kind == RecordKind::begun && !is_begun(),
                 "SagaMachine::begin: such a record, and a machine that was told nothing before");
  to_append_.push_back(std::move(begun));
}

void SagaMachine::intend(const Instruction& instruction, const Operation& operation) {
  INVSAGA_ASSERT(instruction.kind == Instruction::Kind::prepare && is_at(instruction),
                 "SagaMachine::intend: what next gave last, and that it was prepare");
  RunRecord intent = record(RecordKind::intent, instruction.step);
  intent.round = instruction.round;
  name_operation(intent, operation);
  to_append_.push_back(std::move(intent));
}

PreparedEffects SagaMachine::effects(const Instruction& instruction, const Operation& operation,
                                     Time log_now) const {
  INVSAGA_ASSERT(
      instruction.kind == Instruction::Kind::apply && instruction.step < state_.steps.size(),
      "SagaMachine::effects: an apply of this machine");
  RunRecord base = record(instruction.undo ? RecordKind::undone : RecordKind::outcome,
                          instruction.step);
  base.round = instruction.round;
  name_operation(base, operation);
  PreparedEffects prepared{base, base};
  if (instruction.undo) {
    // A release always settles it. An adjust that is refused does not: it is left to a person.
    if (std::holds_alternative<Adjust>(operation)) prepared.no.kind = RecordKind::stuck;
  } else {
    prepare_outcomes(prepared, instruction.step, operation);
  }
  stamp(prepared.yes, log_now);
  stamp(prepared.no, log_now);
  return prepared;
}

void SagaMachine::prepare_outcomes(PreparedEffects& prepared, StepIndex step,
                                   const Operation& operation) const {
  const StepDefinition& definition = definition_.steps[step];
  prepared.yes.outcome = StepOutcome::done;
  prepared.yes.output = output_of(operation);
  tell(prepared.yes, definition.events.done);
  if (std::holds_alternative<Release>(operation)) {  // whatever it answers, nothing is held
    prepared.no = prepared.yes;
    return;
  }
  prepared.no.outcome = StepOutcome::refused;
  if (const auto* commit = std::get_if<Commit>(&operation)) {
    prepared.no.round = further_round(step, commit->id);
  }
  const bool doubt = !options_.atomic_effects && trying_ && trying_->doubt;
  if (std::holds_alternative<Adjust>(operation) && doubt)
    prepared.no.round = detail::adjust_in_doubt;
  if (definition.step_class == StepClass::retriable || state_.pivot_done(definition_)) {
    prepared.no.kind = RecordKind::stuck;  // nothing is refused any more
  } else {
    tell(prepared.no, definition.events.refused);
  }
}

/// The number of the hold to reserve anew if this commit finds that its own ran out; 0: no more.
std::uint32_t SagaMachine::further_round(StepIndex commit_step, ReservationId id) const {
  for (StepIndex i = 0; i < commit_step; ++i) {
    const auto& holds = state_.steps[i].holds;
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

/// Completes a record as it is about to be appended. What is found out while everything is being
/// undone leads nowhere, so nobody is told.
void SagaMachine::stamp(RunRecord& made, Time log_now) const {
  if (!is_set(made.at)) made.at = log_now;
  if (state_.compensating) made.events.clear();
  EventId cause = state_.last_event;
  std::uint64_t sequence = state_.events;
  for (Event& event : made.events) {
    event.sequence = ++sequence;
    event.id = derive_id<EventId>("event", run_, static_cast<std::uint32_t>(sequence), 0);
    event.run = run_;
    event.subject = state_.key;
    event.causation = std::exchange(cause, event.id);
    event.time = made.at;
    event.traceparent = state_.traceparent;
    event.data = made.output;
  }
}

RunRecord SagaMachine::end_record() const {
  RunRecord made = record(RecordKind::ended, 0);
  made.end = state_.compensating ? RunEnd::compensated : RunEnd::completed;
  made.reason = state_.reason;
  made.request = state_.request;
  made.claim_epoch = state_.claim_epoch;
  made.output = encode(how_it_ended());
  return made;
}

RunOutcome SagaMachine::how_it_ended() const {
  RunOutcome outcome;
  outcome.run = run_;
  outcome.end = state_.compensating ? RunEnd::compensated : RunEnd::completed;
  outcome.reason = state_.reason;
  if (!state_.cause) return outcome;
  const StepState& step = state_.steps[*state_.cause];
  outcome.step = *state_.cause;
  outcome.decision = step.decision;
  outcome.error = step.error;
  outcome.details = step.output;
  return outcome;
}

std::optional<RunOutcome> SagaMachine::outcome() const {
  if (state_.end) return how_it_ended();
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
