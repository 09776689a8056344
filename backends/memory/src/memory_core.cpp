// SPDX-License-Identifier: Apache-2.0
#include <invsaga/memory_core.hpp>

#include <cassert>
#include <variant>

#include <invsaga/split.hpp>

namespace invsaga {
inline namespace v0 {

void MemoryCore::advance_to(Time time) noexcept {
  ledger.advance_to(time);
  claims.advance_to(time);
}

result<Applied> MemoryCore::apply(const Operation& operation, const Effects& effects,
                                  std::span<ShortLine> shorts) {
  if (!effects.run.is_set()) {
    INVSAGA_TRY(const Answer answer, ask(operation, shorts));
    return Applied{answer, 0};
  }
  if (effects.yes == nullptr || effects.no == nullptr) return Error{Errc::invalid_argument};
  const Position length = runs.length(effects.run);
  if (effects.at > length) return Error{Errc::moved_on};
  if (effects.at < length) return apply_again(operation, effects, shorts);
  INVSAGA_CHECK(room_for(effects.run, *effects.yes));
  INVSAGA_CHECK(room_for(effects.run, *effects.no));
  INVSAGA_TRY(const Answer answer, ask(operation, shorts));
  keep(effects.run, effects.at, outcome_record(effects, answer, ledger.now()));
  // The run has recorded the sale in the same append: rule 5 asks for no more.
  if (const auto* commit = std::get_if<Commit>(&operation)) (void)ledger.acknowledge(commit->id);
  return Applied{answer, effects.at + 1};
}

result<Answer> MemoryCore::ask(const Operation& operation, std::span<ShortLine> shorts) {
  result<Answer> answer = ledger.apply(operation, shorts);
  last_ = ledger.last();
  return answer;
}

/// The run has a record where this one would go: perhaps that of an earlier attempt whose reply was
/// lost.
result<Applied> MemoryCore::apply_again(const Operation& operation, const Effects& effects,
                                        std::span<ShortLine> shorts) {
  INVSAGA_TRY(const RunRecord found, runs.record(effects.run, effects.at));
  const bool ours = detail::is_repeat(found, *effects.yes) || detail::is_repeat(found, *effects.no);
  if (!ours) return Error{Errc::moved_on};
  INVSAGA_TRY(const Answer answer, answer_again(operation, found, shorts));
  last_.repeat = true;
  return Applied{answer, effects.at + 1};
}

/// The recorded answer. The stock is asked only for what the record does not hold (the short lines,
/// what was sold), and only of an id that it remembers: a repeat must not take effect anew.
result<Answer> MemoryCore::answer_again(const Operation& operation, const RunRecord& found,
                                        std::span<ShortLine> shorts) {
  if (remembers(operation)) {
    const result<Answer> again = ask(operation, shorts);
    if (again.has_value() && decision_of(again.assume_value()) == found.decision) return again;
  }
  last_ = {};
  // Any answer that the record does not bear: so it is made from the record.
  const bool not_found = found.decision == StockDecision::not_found;
  const Answer other = not_found ? CommitAnswer::committed : CommitAnswer::not_found;
  return detail::recorded_answer(operation, found, other);
}

bool MemoryCore::remembers(const Operation& operation) {
  if (const auto* adjust = std::get_if<Adjust>(&operation)) return ledger.knows(adjust->id);
  const auto id_of = [](const auto& typed) { return ReservationId{typed.id.high, typed.id.low}; };
  return ledger.known(std::visit(id_of, operation)) != KnownId::unknown;
}

result<Position> MemoryCore::append(RunId run, Position at, const RunRecord& record) {
  if (at != runs.length(run)) return runs.append(run, at, record);  // a repeat, or moved on
  if (!run.is_set()) return Error{Errc::invalid_argument};
  INVSAGA_CHECK(room_for(run, record));
  keep(run, at, record);
  tell_claim(record);
  return at + 1;
}

result<void> MemoryCore::forget(RunId run) {
  if (outbox.has_pending(run)) return Error{Errc::busy};
  INVSAGA_CHECK(runs.forget(run));
  return outbox.forget(run);
}

result<void> MemoryCore::room_for(RunId run, const RunRecord& record) const noexcept {
  INVSAGA_CHECK(runs.room_for(run, record));
  return outbox.room_for(run, record.events);
}

/// The record and its events. Room was found for both.
void MemoryCore::keep(RunId run, Position at, const RunRecord& record) {
  [[maybe_unused]] const auto position = runs.append(run, at, record);
  assert(position.has_value());
  for (const Event& event : record.events) {
    [[maybe_unused]] const auto taken = outbox.put(event);
    assert(taken.has_value());
  }
}

/// A claim that another has taken meanwhile, or that is forgotten, is left alone: the run's
/// position decides who goes on, and its claim's new owner reads the run.
void MemoryCore::tell_claim(const RunRecord& record) {
  if (!record.request.is_set()) return;
  if (record.kind == RecordKind::begun && is_set(record.until)) {
    (void)claims.extend(record.request, record.claim_epoch, record.until);
  }
  if (record.kind == RecordKind::ended) {
    (void)claims.confirm(record.request, record.claim_epoch, record.output);
  }
}

}  // namespace v0
}  // namespace invsaga
