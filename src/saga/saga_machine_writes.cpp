// SPDX-License-Identifier: Apache-2.0
//
// The writes that a run prepares: which records go together, and what each decision would bring.
#include <invsaga/saga_machine.hpp>

#include <algorithm>
#include <utility>

#include <invsaga/assert.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

/// Of all tails of an operation: an outcome and what follows from it, for each decision.
constexpr std::size_t most_tail_records = 10;
/// Of a write with an operation, usually. More is no harm.
constexpr std::size_t expected_bytes = 4096;

/// What may be too large for a log, and is left to a person then: again and again would not help.
bool can_be_stuck(RecordKind kind) noexcept {
  return kind == RecordKind::intent || kind == RecordKind::outcome || kind == RecordKind::undone ||
         kind == RecordKind::ended;
}

/// What a record makes of a run that is `stuck`, and `compensating`, or not.
RunChange change_of(RecordKind kind, bool stuck, bool compensating) noexcept {
  const bool goes_on = kind == RecordKind::outcome || kind == RecordKind::undone ||
                       (kind == RecordKind::cancelled && !compensating);
  if (goes_on && stuck) return RunChange::resumes;
  return PreparedWrite::change_by(kind);
}

}  // namespace

const std::shared_ptr<const PreparedWrite>& SagaMachine::write() const noexcept {
  INVSAGA_ASSERT(write_,
                 "SagaMachine::write: that next gave one of them last, or that it is under way");
  return write_;
}

void SagaMachine::drop_write() noexcept {
  write_.reset();
  sent_ = false;
}

/// Folds what is to be appended, numbered. What cannot follow any more is dropped.
void SagaMachine::look_ahead() {
  ahead_.reset();
  if (!options_.atomic_effects || to_append_.empty()) return;
  ahead_.emplace(state_);
  std::erase_if(to_append_, [&](RunRecord& queued) {
    number_events(queued, *ahead_);
    return !fold(*ahead_, queued, definition_).has_value();
  });
}

/// Adds what follows from what is to be appended. Requires that it was looked ahead.
void SagaMachine::follow(RunRecord made) {
  number_events(made, *ahead_);
  [[maybe_unused]] const auto folded = fold(*ahead_, made, definition_);
  INVSAGA_ASSERT(folded.has_value(), "what follows from what is there follows it");
  to_append_.push_back(std::move(made));
}

/// Prepares what is to be appended, which was looked at, with the operation that is made if there
/// is one to try. False if it cannot be written: something else is to be appended then.
bool SagaMachine::prepare(bool with_operation) {
  INVSAGA_ASSERT(with_operation || !to_append_.empty(), "a write has something to write");
  const std::size_t heads = options_.atomic_effects ? to_append_.size()
                                                    : std::min<std::size_t>(to_append_.size(), 1);
  if (!options_.atomic_effects && heads > 0) number_events(to_append_.front(), state_);
  auto write = std::make_shared<PreparedWrite>(run_, state_.position);
  write->reserve(with_operation ? heads + most_tail_records : heads,
                 with_operation ? expected_bytes : expected_bytes / 4);
  if (claim_ && state_.position == 0) write->claim(*claim_);
  bool stuck = state_.stuck;
  for (std::size_t i = 0; i < heads; ++i) {
    RunRecord& queued = to_append_[i];
    leave_room(queued);
    const RunChange change = change_of(queued.kind, stuck, state_.compensating);
    const auto error = add(*write, queued, change, WritePart::head);
    if (error && can_be_stuck(queued.kind)) return unrecordable(RunRecord(queued), *error), false;
    stuck = (stuck && change != RunChange::resumes) || change == RunChange::parks;
  }
  if (with_operation) {
    const Operation operation = made_->view();
    write->operation(operation);
    RunState after;  // one for all, so that its storage is used again
    for (const StockDecision decision : decisions_of(operation)) {
      const auto error = add_tail(*write, decision, after);
      if (error) return get_stuck(trying_->step, *error), false;
    }
  }
  write->seal();
  write_ = std::move(write);
  return true;
}

/// What a step threw is left out where the record could be too large with it.
void SagaMachine::leave_room(RunRecord& queued) const noexcept {
  const bool has_outcome = queued.kind == RecordKind::outcome || queued.kind == RecordKind::stuck;
  const bool thrown = has_outcome && !queued.reason.empty();
  if (thrown && most_encoded_bytes(queued) > options_.max_record_bytes) queued.reason.clear();
}

/// Adds a record, its events numbered. An error if it is too large.
std::optional<Error> SagaMachine::add(PreparedWrite& write, const RunRecord& record,
                                      RunChange change, WritePart part) const {
  write.add(record, change);
  if (write.largest_record() > options_.max_record_bytes) {
    return over_limit(Limit::record_bytes, write.largest_record(), options_.max_record_bytes)
        .about(part);
  }
  if (write.largest_event() > options_.max_event_bytes) {
    return over_limit(Limit::event_bytes, write.largest_event(), options_.max_event_bytes)
        .about(WritePart::event);
  }
  return std::nullopt;
}

std::optional<Error> SagaMachine::add_tail(PreparedWrite& write, StockDecision decision,
                                           RunState& after) const {
  const RunState& state = ahead();
  const auto change_after = [](const RunRecord& record, const RunState& before) {
    return change_of(record.kind, before.stuck, before.compensating);
  };
  write.begin_tail(decision);
  RunRecord outcome = outcome_of(decision, state);
  number_events(outcome, state);
  const RunChange change = change_after(outcome, state);
  if (const auto error = add(write, outcome, change, WritePart::tail)) return error;
  if (!options_.atomic_effects) return std::nullopt;
  after = state;
  if (!fold(after, outcome, definition_).has_value()) return std::nullopt;
  auto next = what_follows(after);
  if (!next) return std::nullopt;
  number_events(*next, after);
  return add(write, *next, change_after(*next, after), WritePart::tail);
}

/// What is to be recorded next whatever else happens, without a step's function being called: the
/// end, or a call's intent.
std::optional<RunRecord> SagaMachine::what_follows(const RunState& state) const {
  if (state.stuck || state.end) return std::nullopt;
  const auto what = target(state);
  if (!what) return end_record(state);
  if (stopping_) return std::nullopt;
  const bool call = action_of(what->step, what->undo).is_call();
  if (!call || !intent_missing(state, *what)) return std::nullopt;
  return record(RecordKind::intent, what->step);
}

bool SagaMachine::unwritten(const Instruction& instruction, const Error& error) {
  INVSAGA_ASSERT(instruction.kind == Instruction::Kind::append,
                 "SagaMachine::unwritten: an append of this machine that was started");
  sent_ = false;
  const bool hopeless = error.remedy() == Remedy::give_up && state_.position > 0;
  if (!hopeless || to_append_.empty()) return false;
  const RunRecord last = to_append_.back();
  const bool takes_over = last.kind == RecordKind::taken_over;
  if (!takes_over && !can_be_stuck(last.kind) && last.kind != RecordKind::cancelled) return false;
  drop_write();
  if (to_append_.front().kind == RecordKind::taken_over) {
    to_append_.erase(to_append_.begin());
    not_taken_ = true;
  }
  if (takes_over) {
    close(error);
  } else {
    unrecordable(last, error);
  }
  return true;
}

/// Nobody can take the run over any more. What its log still takes is its end, or that a person has
/// to look: at what it would have been at.
void SagaMachine::close(const Error& error) {
  if (const auto what = target(state_)) return get_stuck(what->step, error);
  to_append_.push_back(end_record(state_));
}

/// The log will never take it. What became of the step is as unknown as it was; a person has to
/// look.
void SagaMachine::unrecordable(const RunRecord& record, const Error& error) {
  std::erase_if(to_append_, [&](const RunRecord& queued) {
    return queued.kind == record.kind && queued.step == record.step;
  });
  get_stuck(record.step, error);
}

}  // namespace v0
}  // namespace invsaga
