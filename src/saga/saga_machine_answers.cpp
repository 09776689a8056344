// SPDX-License-Identifier: Apache-2.0
//
// What a run makes of what it is answered.
#include <invsaga/saga_machine.hpp>

#include <algorithm>
#include <utility>

#include <invsaga/assert.hpp>

namespace invsaga {
inline namespace v0 {

bool SagaMachine::waits_for(StepIndex step, bool undo) const noexcept {
  if (step >= state_.steps.size() || state_.end) return false;
  const StepState& s = state_.steps[step];
  if (undo) return state_.compensating && !s.undone && (s.done() || s.in_doubt());
  if (s.undone || !s.intended) return false;
  if (state_.compensating && looks(step)) return false;
  // Given up as unknown: a late answer still tells, unless its undo bars it anyway.
  return !s.outcome || (s.in_doubt() && definition_.steps[step].undo_needs_output);
}

void SagaMachine::answered(const Instruction& instruction, const Answered& answer, Time now,
                           std::string_view thrown) {
  INVSAGA_ASSERT(was_started(instruction),
                 "SagaMachine::answered: an attempt of this machine that was started");
  const bool newest = trying_ && trying_->under_way && trying_->ticket == instruction.ticket;
  if (action_of(instruction.step, instruction.undo).is_call()) {
    hear(instruction.step, instruction.undo, newest, answer, now, thrown);
    return;
  }
  // The store's own answers come as records. An error of an old attempt says nothing.
  if (!newest) return;
  INVSAGA_ASSERT(!answer.has_value(), "an operation that was answered is recorded");
  trying_->under_way = sent_ = false;
  if (wants_what_it_tries()) refused(answer.assume_error(), now);
}

/// A write with an operation has failed. Unknown: it is sent again as it is. Refused for good: its
/// head is written alone before the operation is tried again, or given up.
void SagaMachine::refused(const Error& error, Time now) {
  const StepIndex step = trying_->step;
  if (error.remedy() == Remedy::ask_again) return failed_attempt(error, now);
  drop_write();
  if (error.remedy() == Remedy::retry) {
    head_alone_ = !to_append_.empty();
    return failed_attempt(error, now);
  }
  // What it wants recorded can never be: what became of the step is as unknown as it was.
  const bool of_records = error.part == WritePart::head || error.part == WritePart::tail ||
                          error.part == WritePart::event;
  if (of_records || trying_->undo) return get_stuck(step, error);
  refuse_step(step, error);
}

bool SagaMachine::completed(StepIndex step, bool undo, const Answered& answer, Time now) {
  INVSAGA_ASSERT(step >= definition_.steps.size() || action_of(step, undo).is_call(),
                 "SagaMachine::completed: that a step of that number, if there is one, is a call");
  const bool newest = trying_ && trying_->under_way && trying_->step == step &&
                      trying_->undo == undo;
  return hear(step, undo, newest, answer, now);
}

bool SagaMachine::hear(StepIndex step, bool undo, bool newest, const Answered& answer, Time now,
                       std::string_view thrown) {
  if (step >= definition_.steps.size()) return false;
  if (newest) trying_->under_way = false;
  if (!waits_for(step, undo)) return false;
  if (answer.has_value() || answer.assume_error().remedy() == Remedy::give_up) {
    resolve(step, undo, answer);
    return true;
  }
  // An old attempt's failure says nothing about the newest.
  if (newest) failed_attempt({answer.assume_error(), thrown}, now);
  return newest;
}

bool SagaMachine::wants_what_it_tries() {
  INVSAGA_ASSERT(trying_, "an operation is answered while it is tried");
  look_ahead();
  const auto what = target(ahead());
  return what && trying_->is(*what);
}

/// A final answer: it is recorded, once.
void SagaMachine::resolve(StepIndex step, bool undo, const Answered& answer) {
  const bool settled = std::any_of(
      to_append_.begin(), to_append_.end(), [&](const RunRecord& queued) {
        const bool outcome = queued.kind == RecordKind::outcome && !undo;
        return queued.step == step && (outcome || queued.kind == RecordKind::undone);
      });
  if (settled) return;
  if (!answer.has_value()) {
    const Error error = answer.assume_error();
    return undo ? get_stuck(step, error) : refuse_step(step, error);
  }
  if (undo) return to_append_.push_back(record(RecordKind::undone, step));
  push_outcome(step, StepOutcome::done, Error{}, answer.assume_value());
}

void SagaMachine::refuse_step(StepIndex step, const Failure& failure) {
  const bool operation = !definition_.steps[step].action.is_call();
  // A store that refuses to judge has not said what became of an earlier attempt.
  if (operation && trying_->doubt) return give_up(failure);
  const StepClass step_class = definition_.steps[step].step_class;
  const bool needs_a_word = operation && step_class == StepClass::pivot;
  if (needs_a_word || step_class == StepClass::retriable || ahead().pivot_done(definition_)) {
    return get_stuck(step, failure);
  }
  push_outcome(step, StepOutcome::refused, failure);
}

void SagaMachine::unable(const Instruction& instruction, const Error& error,
                         std::string_view thrown) {
  INVSAGA_ASSERT((instruction.kind == Instruction::Kind::prepare ||
                  instruction.kind == Instruction::Kind::call) &&
                     instruction.step < definition_.steps.size(),
                 "SagaMachine::unable: a prepare or call of this machine");
  if (!trying_) return;
  trying_->under_way = false;
  if (!wants_what_it_tries()) return;
  const bool call = action_of(instruction.step, instruction.undo).is_call();
  const Failure failure{error, thrown};
  if (instruction.undo || (call && trying_->doubt)) return get_stuck(instruction.step, failure);
  refuse_step(instruction.step, failure);
}

void SagaMachine::superseded(const Instruction& instruction, bool nothing_new, Time now) {
  const bool append = instruction.kind == Instruction::Kind::append;
  INVSAGA_ASSERT(append || was_started(instruction),
                 "SagaMachine::superseded: an append or apply of this machine that was started");
  if (append) return drop_write();
  const bool newest = trying_ && trying_->under_way && trying_->ticket == instruction.ticket;
  if (!newest) return;
  if (write_ && write_->write().operation != nullptr) drop_write();
  trying_->under_way = false;
  if (!options_.atomic_effects) trying_->doubt = true;
  if (!wants_what_it_tries()) return;
  if (nothing_new) return failed_attempt(Error{Errc::unavailable}, now);
  --trying_->count;
  trying_->next_try = now;
}

void SagaMachine::failed_attempt(const Failure& failure, Time now) {
  INVSAGA_ASSERT(trying_ && trying_->count > 0, "what has failed was tried");
  trying_->error = failure.error;
  trying_->thrown = failure.thrown;
  if (failure.error.remedy() == Remedy::ask_again) trying_->doubt = true;
  const Duration wait = backoff(policy(), trying_->count, chance_.next());
  trying_->next_try = std::max(now, saturating_add(trying_->last_start, wait));
  const Duration since_first = trying_->next_try - trying_->first_start;
  if (!allows(policy(), trying_->count + 1, since_first)) give_up(failure);
}

/// The budget is used up. Before the pivot the run compensates; what cannot be given up is stuck.
void SagaMachine::give_up(const Failure& failure) {
  drop_write();
  const StepIndex step = trying_->step;
  const bool forward = !trying_->undo && !ahead().compensating;
  const bool has_way_back = definition_.steps[step].step_class == StepClass::compensable ||
                            looks(step);
  const bool dispensable = has_way_back && !ahead().pivot_done(definition_);
  if (!forward || !dispensable) return get_stuck(step, failure);
  push_outcome(step, trying_->doubt && !looks(step) ? StepOutcome::unknown : StepOutcome::failed,
               failure);
}

RunRecord SagaMachine::outcome_record(StepIndex step, StepOutcome outcome, const Failure& failure,
                                      std::vector<std::byte> output) const {
  RunRecord made = record(RecordKind::outcome, step);
  if (definition_.steps[step].action.kind == StepKind::reserve) {
    const ReservationId id = reservation_id(run_, step, trying_->round);
    made.round = trying_->round;
    made.until = fixed_until(step, false, trying_->round);
    made.id_high = id.high;
    made.id_low = id.low;
  }
  made.outcome = outcome;
  made.error = failure.error;
  made.reason = failure.thrown;
  made.output = std::move(output);
  const EventTypes& events = definition_.steps[step].events;
  tell(made, outcome == StepOutcome::done ? events.done : events.refused);
  return made;
}

void SagaMachine::push_outcome(StepIndex step, StepOutcome outcome, const Failure& failure,
                               std::vector<std::byte> output) {
  to_append_.push_back(outcome_record(step, outcome, failure, std::move(output)));
}

result<void> SagaMachine::check_output(StepIndex step, std::vector<std::byte> output) const {
  INVSAGA_ASSERT(step < definition_.steps.size() && action_of(step, false).is_call(),
                 "SagaMachine::check_output: a step that is a call");
  RunRecord made = outcome_record(step, StepOutcome::done, Error{}, std::move(output));
  number_events(made, state_);
  PreparedWrite alone(run_, state_.position);
  if (const auto error = add(alone, made, RunChange::none, WritePart::head)) return *error;
  return success();
}

/// Once: the same again changes nothing, whatever is asked for and allowed by now.
void SagaMachine::get_stuck(StepIndex step, const Failure& failure) {
  const RunState& state = ahead();
  Error alike = failure.error;
  alike.asked = state.stuck_error.asked;
  alike.allowed = state.stuck_error.allowed;
  const bool known = state.stuck && state.stuck_step == step && state.stuck_error == alike;
  const bool queued = std::any_of(to_append_.begin(), to_append_.end(), [&](const RunRecord& r) {
    return r.kind == RecordKind::stuck && r.step == step;
  });
  if (known || queued) return;
  to_append_.push_back(record(RecordKind::stuck, step));
  to_append_.back().error = failure.error;
  to_append_.back().reason = failure.thrown;
}

}  // namespace v0
}  // namespace invsaga
