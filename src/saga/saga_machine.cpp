// SPDX-License-Identifier: Apache-2.0
//
// What a run is to do next.
#include <invsaga/saga_machine.hpp>

#include <algorithm>
#include <utility>

#include <invsaga/assert.hpp>

#include "named_until.hpp"

namespace invsaga {
inline namespace v0 {
namespace {

/// Whatever may have happened of a step, and is not undone, has to be undone or resolved.
bool needs_undo(const StepState& step) noexcept {
  return !step.undone && (step.done() || step.in_doubt());
}

/// What was to be recorded only because of where the run stood.
bool is_plan(RecordKind kind) noexcept {
  return kind == RecordKind::intent || kind == RecordKind::stuck || kind == RecordKind::ended;
}

}  // namespace

SagaMachine::SagaMachine(RunId run, const Definition& definition, MachineOptions options)
    : run_(run), definition_(definition), options_(options), chance_(options.seed ^ run.low) {
  INVSAGA_ASSERT(definition.steps.size() <= UINT16_MAX,
                 "SagaMachine::SagaMachine: at most 65,535 steps");
}

// --- what drivers may say

bool SagaMachine::is_begun() const noexcept { return state_.position > 0 || !to_append_.empty(); }

bool SagaMachine::is_at(const Instruction& instruction) const noexcept {
  return trying_ && trying_->step == instruction.step && trying_->undo == instruction.undo &&
         trying_->round == instruction.round;
}

bool SagaMachine::was_started(const Instruction& instruction) const noexcept {
  const bool attempt = instruction.kind == Instruction::Kind::call ||
                       instruction.kind == Instruction::Kind::apply;
  return attempt && instruction.step < definition_.steps.size() && 0 < instruction.ticket &&
         instruction.ticket <= last_ticket_;
}

// --- what the log says

result<void> SagaMachine::recorded(const RunRecord& record) {
  INVSAGA_CHECK(fold(state_, record, definition_));
  if (record.kind == RecordKind::begun || record.kind == RecordKind::taken_over) {
    fenced_ = record.owner != options_.owner;
  }
  if (record.kind == RecordKind::resumed) trying_.reset();
  reconsider(record);
  return success();
}

/// The news may be what was about to be appended, or may have come before it: then what was only a
/// plan is made anew, by `next`.
void SagaMachine::reconsider(const RunRecord& news) {
  if (fenced_ || state_.end) {  // nothing follows an end, a take-over least of all
    to_append_.clear();
    trying_.reset();
    return;
  }
  std::erase_if(to_append_, [&](const RunRecord& queued) {
    const bool told = queued.kind == news.kind && queued.step == news.step;
    const bool too_late = queued.kind == RecordKind::cancelled && !may_be_cancelled();
    return told || too_late || is_plan(queued.kind);
  });
}

// --- what is to be done

std::optional<SagaMachine::Trying> SagaMachine::forward() const {
  for (StepIndex i = 0; i < state_.steps.size(); ++i) {
    if (state_.steps[i].done()) continue;
    Trying what;
    what.step = i;
    what.round = state_.steps[i].round;
    return what;
  }
  return std::nullopt;
}

std::optional<SagaMachine::Trying> SagaMachine::backward() const {
  for (auto i = static_cast<StepIndex>(state_.steps.size()); i-- > 0;) {
    if (definition_.steps[i].step_class != StepClass::compensable) continue;
    if (const auto what = undo_of(i)) return what;
  }
  return std::nullopt;
}

/// Protocol rule 11: every hold that was named is released, unless its refusal is known. Anything
/// else in doubt is resolved first if its undo cannot bar it.
std::optional<SagaMachine::Trying> SagaMachine::undo_of(StepIndex i) const {
  const StepState& step = state_.steps[i];
  Trying what;
  what.step = i;
  what.undo = true;
  if (definition_.steps[i].action.kind == StepKind::reserve) {
    for (auto h = static_cast<std::uint32_t>(step.holds.size()); h-- > 0;) {
      what.round = h;
      if (step.holds[h].needs_release()) return what;
    }
    return std::nullopt;
  }
  if (!needs_undo(step)) return std::nullopt;
  what.undo = !(step.in_doubt() && definition_.steps[i].undo_needs_output);
  return what;
}

std::optional<SagaMachine::Trying> SagaMachine::target() const {
  return state_.compensating ? backward() : forward();
}

const StepAction& SagaMachine::action_of(StepIndex step, bool undo) const noexcept {
  return undo ? definition_.steps[step].undo : definition_.steps[step].action;
}

const RetryPolicy& SagaMachine::policy() const noexcept {
  const bool forward = !trying_->undo && !state_.compensating;
  return forward ? definition_.steps[trying_->step].limits.retry : definition_.undo_policy;
}

/// Protocol rules 2, 4 and 7: what the log must know before the world is asked.
bool SagaMachine::intent_missing() const {
  const StepState& step = state_.steps[trying_->step];
  const StepKind kind = action_of(trying_->step, trying_->undo).kind;
  const bool one_append = options_.atomic_effects;
  if (kind == StepKind::call) return !trying_->undo && !step.intended;
  if (trying_->undo) return !one_append && kind == StepKind::adjust && !is_set(step.undo_until);
  if (kind == StepKind::reserve) {
    return (trying_->round > 0 || !one_append) && trying_->round >= step.holds.size();
  }
  return !one_append && !step.intended;
}

Instruction SagaMachine::next(Time now, Time log_now) {
  INVSAGA_ASSERT(is_begun(),
                 "SagaMachine::next: that the run was begun: by begin, or by its records");
  Instruction instruction;
  if (to_append_.empty()) instruction.kind = propose(now);
  if (!to_append_.empty()) {
    instruction.kind = Instruction::Kind::append;
    stamp(to_append_.front(), log_now);
    instruction.record = to_append_.front();
    return instruction;
  }
  if (!trying_) return instruction;
  const bool starts = instruction.kind == Instruction::Kind::call ||
                      instruction.kind == Instruction::Kind::apply;
  instruction.step = trying_->step;
  instruction.undo = trying_->undo;
  instruction.round = trying_->round;
  instruction.attempt = trying_->count + (starts ? 1 : 0);
  instruction.ticket = starts ? last_ticket_ + 1 : trying_->ticket;
  instruction.when = starts ? saturating_add(now, definition_.steps[trying_->step].limits.deadline)
                            : trying_->moves_at();
  return instruction;
}

Instruction::Kind SagaMachine::propose(Time now) {
  if (state_.end) return Instruction::Kind::finished;
  if (fenced_) return Instruction::Kind::fenced;
  if (state_.stuck) return Instruction::Kind::stuck;
  if (state_.owner != options_.owner) {
    to_append_.push_back(record(RecordKind::taken_over, 0));
    return Instruction::Kind::append;
  }
  if (const auto what = target()) return attempt(*what, now);
  to_append_.push_back(end_record());
  return Instruction::Kind::append;
}

Instruction::Kind SagaMachine::attempt(const Trying& what, Time now) {
  if (!trying_ || !trying_->is(what)) {
    trying_ = what;
    trying_->doubt = !what.undo && state_.steps[what.step].in_doubt();
    fixed_until_ = {};
  }
  if (trying_->under_way && now >= trying_->deadline) {
    trying_->under_way = false;
    failed_attempt({Errc::timed_out}, now);
    if (!to_append_.empty()) return Instruction::Kind::append;
  }
  if (trying_->under_way) return Instruction::Kind::await;
  if (now < trying_->next_try) return Instruction::Kind::wait;
  const bool call = action_of(what.step, what.undo).is_call();
  if (!intent_missing()) return call ? Instruction::Kind::call : Instruction::Kind::apply;
  if (!call) return Instruction::Kind::prepare;
  to_append_.push_back(record(RecordKind::intent, what.step));
  return Instruction::Kind::append;
}

void SagaMachine::started(const Instruction& instruction, Time now, const Operation* operation) {
  const bool attempt = instruction.kind == Instruction::Kind::call ||
                       instruction.kind == Instruction::Kind::apply;
  INVSAGA_ASSERT(attempt && is_at(instruction) && !trying_->under_way &&
                     instruction.ticket == last_ticket_ + 1,
                 "SagaMachine::started: what next gave last, and that it was call or apply");
  if (operation != nullptr) fixed_until_ = named_until(*operation);
  last_ticket_ = instruction.ticket;
  trying_->ticket = instruction.ticket;
  trying_->under_way = true;
  trying_->count = instruction.attempt;
  trying_->last_start = now;
  if (trying_->count == 1) trying_->first_start = now;
  trying_->deadline = instruction.when;
}

// --- what people ask

bool SagaMachine::may_be_cancelled() const noexcept {
  return !state_.pivot_done(definition_) && !state_.pivot_pending(definition_);
}

bool SagaMachine::cancel(std::string_view reason) {
  INVSAGA_ASSERT(is_begun(), "SagaMachine::cancel: that the run was begun");
  if (!may_be_cancelled()) return false;
  if (state_.compensating) return true;
  RunRecord made = record(RecordKind::cancelled, 0);
  made.reason = reason.empty() ? "cancelled" : std::string(reason);
  reconsider(made);  // an intent that is not recorded yet must not follow it
  to_append_.push_back(std::move(made));
  return true;
}

bool SagaMachine::resume() {
  if (!state_.stuck) return false;
  to_append_.push_back(record(RecordKind::resumed, state_.stuck_step));
  return true;
}

Time SagaMachine::fixed_until(StepIndex step, bool undo, std::uint32_t round) const noexcept {
  INVSAGA_ASSERT(step < state_.steps.size(),
                 "SagaMachine::fixed_until: a step of a run that is recorded");
  const StepState& state = state_.steps[step];
  const StepKind kind = action_of(step, undo).kind;
  Time recorded;
  if (kind == StepKind::reserve && round < state.holds.size()) recorded = state.holds[round].until;
  if (kind == StepKind::adjust) recorded = undo ? state.undo_until : state.until;
  if (is_set(recorded)) return recorded;
  const bool tried = trying_ && trying_->step == step && trying_->undo == undo &&
                     trying_->round == round;
  return tried ? fixed_until_ : Time{};
}

std::optional<SagaMachine::Current> SagaMachine::current() const {
  if (state_.end) return std::nullopt;
  const auto what = target();
  if (state_.stuck) {
    const bool undo = what && what->step == state_.stuck_step && what->undo;
    return Current{state_.stuck_step, undo, 0, false, {}};
  }
  if (!what) return std::nullopt;
  if (!trying_ || !trying_->is(*what)) return Current{what->step, what->undo, 0, false, {}};
  return Current{what->step, what->undo, trying_->count, trying_->under_way, trying_->moves_at()};
}

}  // namespace v0
}  // namespace invsaga
