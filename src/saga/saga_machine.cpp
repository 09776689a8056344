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
  const bool own = drives_ && record.owner == options_.owner;
  if (own && record.kind == RecordKind::intent) named_ = record.step;
  drop_write();
  ahead_.reset();
  head_alone_ = not_taken_ = false;
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
    // What was seen is of no use to what is being undone.
    const bool of_a_look = queued.kind == RecordKind::outcome && looks(queued.step);
    const bool too_late = (of_a_look && state_.compensating) ||
                          (queued.kind == RecordKind::cancelled && !may_be_cancelled()) ||
                          (queued.kind == RecordKind::resumed && !state_.stuck);
    return told || too_late || is_plan(queued.kind);
  });
}

// --- what is to be done

std::optional<SagaMachine::Trying> SagaMachine::forward(const RunState& state) const {
  for (StepIndex i = 0; i < state.steps.size(); ++i) {
    if (state.steps[i].done()) continue;
    Trying what;
    what.step = i;
    what.round = state.steps[i].round;
    return what;
  }
  return std::nullopt;
}

std::optional<SagaMachine::Trying> SagaMachine::backward(const RunState& state) const {
  for (auto i = static_cast<StepIndex>(state.steps.size()); i-- > 0;) {
    if (definition_.steps[i].step_class != StepClass::compensable) continue;
    if (const auto what = undo_of(state, i)) return what;
  }
  return std::nullopt;
}

/// Protocol rule 11: every hold that was named is released, unless its refusal is known. Anything
/// else in doubt is resolved first if its undo cannot bar it.
std::optional<SagaMachine::Trying> SagaMachine::undo_of(const RunState& state, StepIndex i) const {
  const StepState& step = state.steps[i];
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

std::optional<SagaMachine::Trying> SagaMachine::target(const RunState& state) const {
  return state.compensating ? backward(state) : forward(state);
}

bool SagaMachine::looks(StepIndex step) const noexcept {
  return definition_.steps[step].step_class == StepClass::look;
}

const StepAction& SagaMachine::action_of(StepIndex step, bool undo) const noexcept {
  return undo ? definition_.steps[step].undo : definition_.steps[step].action;
}

const RetryPolicy& SagaMachine::policy() const noexcept {
  const bool forward = !trying_->undo && !ahead().compensating;
  return forward ? definition_.steps[trying_->step].limits.retry : definition_.undo_policy;
}

/// Protocol rules 2, 4 and 7: what the log must know before the world is asked.
bool SagaMachine::intent_missing(const RunState& state, const Trying& what) const {
  const StepState& step = state.steps[what.step];
  const StepKind kind = action_of(what.step, what.undo).kind;
  const bool one_append = options_.atomic_effects;
  if (kind == StepKind::call) return !what.undo && !step.intended;
  if (what.undo) return !one_append && kind == StepKind::adjust && !is_set(step.undo_until);
  if (kind == StepKind::reserve) {
    return (what.round > 0 || !one_append) && what.round >= step.holds.size();
  }
  return !one_append && !step.intended;
}

Instruction SagaMachine::next(Time now) {
  INVSAGA_ASSERT(is_begun(),
                 "SagaMachine::next: that the run was begun: by begin, or by its records");
  drives_ = true;
  Instruction instruction;
  instruction.kind = propose(now);
  if (instruction.kind == Instruction::Kind::append || !trying_) {
    const bool rests = instruction.kind == Instruction::Kind::await ||
                       instruction.kind == Instruction::Kind::wait;
    if (rests) instruction.when = Time::max();
    return instruction;
  }
  const bool starts = instruction.kind == Instruction::Kind::call ||
                      instruction.kind == Instruction::Kind::apply;
  instruction.step = trying_->step;
  instruction.undo = trying_->undo;
  instruction.round = trying_->round;
  instruction.attempt = trying_->count + (starts ? 1 : 0);
  instruction.ticket = starts ? last_ticket_ + 1 : trying_->ticket;
  instruction.when = starts ? saturating_add(now, definition_.steps[trying_->step].limits.deadline)
                            : trying_->moves_at();
  const bool appends = sent_ && write_->write().operation == nullptr;  // its reply moves it
  const bool rests = stopping_ ? !write_ || appends : sent_ && !trying_->under_way;
  if (rests) instruction.when = Time::max();
  return instruction;
}

/// Only what is known is recorded, and the end if that is all that is missing. What was planned is
/// left to whoever goes on.
Instruction::Kind SagaMachine::propose_last(Time now) {
  if (const auto kind = resend(now)) return *kind;  // it was begun, and may have taken effect
  std::erase_if(to_append_, [](const RunRecord& queued) {
    return queued.kind == RecordKind::intent || queued.kind == RecordKind::taken_over;
  });
  look_ahead();
  if (to_append_.empty() && state_.end) return Instruction::Kind::finished;
  if (to_append_.empty() && fenced_) return Instruction::Kind::fenced;
  if (to_append_.empty() && state_.stuck) return Instruction::Kind::stuck;
  const bool is_anothers = state_.position > 0 && state_.owner != options_.owner;
  if (is_anothers && (to_append_.empty() || fenced_)) return Instruction::Kind::wait;
  if (is_anothers && !not_taken_) {  // somebody brought an answer: it goes with the take-over
    to_append_.insert(to_append_.begin(), record(RecordKind::taken_over, 0));
    look_ahead();
  }
  const bool goes_on = ahead().end || ahead().stuck || target(ahead());
  if (to_append_.empty()) {
    if (goes_on) return Instruction::Kind::wait;
    to_append_.push_back(end_record(state_));
    look_ahead();
  } else if (!goes_on && may_join()) {
    follow(end_record(ahead()));
  }
  return prepare(false) ? Instruction::Kind::append : propose_last(now);
}

Instruction::Kind SagaMachine::propose(Time now) {
  if (stopping_) return propose_last(now);
  if (const auto kind = resend(now)) return *kind;
  if (to_append_.empty()) {
    const Instruction::Kind kind = plan(now);
    if (to_append_.empty() || write_) return kind;
  } else if (state_.position > 0 && state_.owner != options_.owner && !fenced_ && !not_taken_ &&
             to_append_.front().kind != RecordKind::taken_over) {
    to_append_.insert(to_append_.begin(), record(RecordKind::taken_over, 0));
  }
  look_ahead();
  if (to_append_.empty()) return propose(now);  // none of it can follow any more
  if (may_join()) {
    if (const auto kind = join(now)) return *kind;
  }
  return prepare(false) ? Instruction::Kind::append : propose(now);
}

/// A write that is prepared stays as it is until it is answered, or the run has moved on.
std::optional<Instruction::Kind> SagaMachine::resend(Time now) {
  if (!write_) return std::nullopt;
  const bool operation = write_->write().operation != nullptr;
  if (sent_) {
    if (!operation || now < trying_->deadline) return Instruction::Kind::await;
    sent_ = trying_->under_way = false;
    failed_attempt(Error{Errc::timed_out}, now);
    if (!write_) return std::nullopt;  // it was given up
  }
  if (!operation) return Instruction::Kind::append;
  return now < trying_->next_try ? Instruction::Kind::wait : Instruction::Kind::apply;
}

Instruction::Kind SagaMachine::plan(Time now) {
  if (state_.end) return Instruction::Kind::finished;
  if (fenced_) return Instruction::Kind::fenced;
  if (state_.stuck) return Instruction::Kind::stuck;
  if (state_.owner != options_.owner) {
    to_append_.push_back(record(RecordKind::taken_over, 0));
    return Instruction::Kind::append;
  }
  if (const auto what = target(state_)) return attempt(*what, now);
  to_append_.push_back(end_record(state_));
  return Instruction::Kind::append;
}

/// Tries something else than before, with a new budget.
void SagaMachine::turn_to(const Trying& what) {
  if (trying_ && trying_->is(what)) return;
  trying_ = what;
  trying_->doubt = !what.undo && ahead().steps[what.step].in_doubt() && named_ != what.step;
  made_.reset();
}

Instruction::Kind SagaMachine::attempt(const Trying& what, Time now) {
  turn_to(what);
  if (trying_->under_way && now >= trying_->deadline) {
    trying_->under_way = false;
    failed_attempt(Error{Errc::timed_out}, now);
    if (!to_append_.empty()) return Instruction::Kind::append;
  }
  if (trying_->under_way) return Instruction::Kind::await;
  if (now < trying_->next_try) return Instruction::Kind::wait;
  const bool call = action_of(what.step, what.undo).is_call();
  if (!call && !made_) return Instruction::Kind::prepare;
  if (intent_missing(ahead(), *trying_)) {
    to_append_.push_back(intent_of(*trying_));
    return Instruction::Kind::append;
  }
  if (call) return Instruction::Kind::call;
  look_ahead();  // nothing is to be appended
  return prepare(true) ? Instruction::Kind::apply : Instruction::Kind::append;
}

// --- what goes into one write

/// What was decided may be followed by what follows from it. A take-over, a cancel or a resume is
/// written for itself: others wait for it.
bool SagaMachine::may_join() const {
  if (!options_.atomic_effects || options_.news_alone) return false;
  if (head_alone_ || state_.end || fenced_) return false;
  const RecordKind last = to_append_.back().kind;
  return last == RecordKind::outcome || last == RecordKind::undone || last == RecordKind::begun;
}

/// No step's function is called for a request that is not granted, nor for a run that may be
/// another's.
bool SagaMachine::may_lead() const {
  return std::all_of(to_append_.begin(), to_append_.end(), [](const RunRecord& queued) {
    return queued.kind == RecordKind::outcome || queued.kind == RecordKind::undone;
  });
}

/// Adds what follows from what is to be appended: the end, a call's intent, or the operation that
/// comes next. Answers only if that is to be done first.
std::optional<Instruction::Kind> SagaMachine::join(Time now) {
  const RunState& state = ahead();
  if (state.end || state.stuck) return std::nullopt;
  const auto what = target(state);
  if (!what) {
    follow(end_record(state));
    return std::nullopt;
  }
  const bool call = action_of(what->step, what->undo).is_call();
  if (!call && !may_lead()) return std::nullopt;
  turn_to(*what);
  const bool missing = intent_missing(state, *what);
  if (call) {
    if (missing) follow(intent_of(*what));
    return std::nullopt;
  }
  // The intent of a further hold stands in the log before its reserve is sent (protocol rule 4).
  if (missing || trying_->under_way || now < trying_->next_try) return std::nullopt;
  if (!made_) return Instruction::Kind::prepare;
  return prepare(true) ? Instruction::Kind::apply : propose(now);
}

void SagaMachine::started(const Instruction& instruction, Time now) {
  if (instruction.kind == Instruction::Kind::append) {
    INVSAGA_ASSERT(write_ && !sent_,
                   "SagaMachine::started: what next gave last, and that it was one of these");
    sent_ = true;
    return;
  }
  const bool attempt = instruction.kind == Instruction::Kind::call ||
                       instruction.kind == Instruction::Kind::apply;
  INVSAGA_ASSERT(attempt && is_at(instruction) && !trying_->under_way &&
                     instruction.ticket == last_ticket_ + 1,
                 "SagaMachine::started: what next gave last, and that it was one of these");
  sent_ = instruction.kind == Instruction::Kind::apply;
  if (!sent_ && named_ == instruction.step) named_.reset();
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

bool SagaMachine::is_queued(RecordKind kind) const noexcept {
  return std::any_of(to_append_.begin(), to_append_.end(),
                     [&](const RunRecord& queued) { return queued.kind == kind; });
}

bool SagaMachine::cancel(std::string_view reason) {
  INVSAGA_ASSERT(is_begun(), "SagaMachine::cancel: that the run was begun");
  if (!may_be_cancelled()) return false;
  if (state_.compensating || is_queued(RecordKind::cancelled)) return true;
  RunRecord made = record(RecordKind::cancelled, 0);
  made.reason = reason.empty() ? "cancelled" : std::string(reason);
  drop_write();      // whichever comes first refuses the other
  reconsider(made);  // an intent that is not recorded yet must not follow it
  ahead_.reset();
  to_append_.push_back(std::move(made));
  return true;
}

bool SagaMachine::resume() {
  if (!state_.stuck) return false;
  if (is_queued(RecordKind::resumed)) return true;
  to_append_.push_back(record(RecordKind::resumed, state_.stuck_step));
  return true;
}

Time SagaMachine::fixed_until(StepIndex step, bool undo, std::uint32_t round) const noexcept {
  INVSAGA_ASSERT(step < ahead().steps.size(),
                 "SagaMachine::fixed_until: a step of a run that is recorded");
  const StepState& state = ahead().steps[step];
  const StepKind kind = action_of(step, undo).kind;
  Time recorded;
  if (kind == StepKind::reserve && round < state.holds.size()) recorded = state.holds[round].until;
  if (kind == StepKind::adjust) recorded = undo ? state.undo_until : state.until;
  if (is_set(recorded)) return recorded;
  const bool tried = trying_ && trying_->step == step && trying_->undo == undo &&
                     trying_->round == round;
  return tried && made_ ? named_until(made_->view()) : Time{};
}

std::optional<SagaMachine::Current> SagaMachine::current() const {
  if (state_.end) return std::nullopt;
  const auto what = target(ahead());
  if (state_.stuck) {
    const bool undo = what && what->step == state_.stuck_step && what->undo;
    return Current{state_.stuck_step, undo};
  }
  if (!what) return std::nullopt;
  if (!trying_ || !trying_->is(*what)) return Current{what->step, what->undo};
  return Current{what->step,          what->undo,     trying_->count, trying_->under_way,
                 trying_->moves_at(), trying_->error, trying_->thrown};
}

}  // namespace v0
}  // namespace invsaga
