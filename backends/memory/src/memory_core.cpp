// SPDX-License-Identifier: Apache-2.0
#include <invsaga/memory_core.hpp>

#include <variant>

#include <invsaga/assert.hpp>
#include <invsaga/run_outcome.hpp>
#include <invsaga/split.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

/// An answer that a record of this decision does not bear, so that `recorded_answer` reads the
/// record.
Answer other_than(StockDecision decision) noexcept {
  if (decision == StockDecision::not_found) return CommitAnswer::committed;
  return CommitAnswer::not_found;
}

}  // namespace

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
  INVSAGA_CHECK(room_for(effects.run, *effects.no, detail::most_shortage_bytes(shorts.size())));
  INVSAGA_TRY(const Answer answer, ask(operation, shorts));
  keep(effects.run, effects.at, outcome_record(effects, answer, ledger.now()));
  // The run has recorded the sale in the same append: rule 5 asks for no more.
  if (const auto* commit = std::get_if<Commit>(&operation))
    (void)ledger.acknowledge_sale(commit->id);
  return Applied{answer, effects.at + 1};
}

result<Answer> MemoryCore::ask(const Operation& operation, std::span<ShortLine> shorts) {
  result<Answer> answer = ledger.apply(operation, shorts);
  last_ = ledger.last();
  stock_answered_ = true;
  return answer;
}

/// The run has a record where this one would go: perhaps that of an earlier attempt whose reply was
/// lost. Then the answer is the recorded one, and the stock is left alone.
result<Applied> MemoryCore::apply_again(const Operation& operation, const Effects& effects,
                                        std::span<ShortLine> shorts) {
  INVSAGA_TRY(const RunRecord found, runs.record(effects.run, effects.at));
  INVSAGA_TRY(const Answer answer,
              detail::recorded_answer(operation, found, other_than(found.decision), shorts));
  const RunRecord ours = outcome_record(effects, answer, ledger.now());
  if (!detail::is_repeat(found, ours)) return Error{Errc::moved_on};
  look_back(operation, found);
  return Applied{answer, effects.at + 1};
}

/// For the recorder: what the operation moved when it took effect. The stock tells it when it is
/// asked again, which is done only of an id that it remembers: a repeat must not take effect anew.
void MemoryCore::look_back(const Operation& operation, const RunRecord& found) {
  const bool told = remembers(operation) && [&] {
    const result<Answer> again = ask(operation, {});
    return again.has_value() && decision_of(again.assume_value()) == found.decision;
  }();
  if (!told) last_ = {};
  last_.repeat = true;
  stock_answered_ = told;
}

bool MemoryCore::remembers(const Operation& operation) {
  if (const auto* adjust = std::get_if<Adjust>(&operation)) return ledger.knows(adjust->id);
  const auto id_of = [](const auto& typed) { return ReservationId{typed.id.high, typed.id.low}; };
  const KnownId known = ledger.known(std::visit(id_of, operation));
  // A live hold is another's by the same id, taken after the first was forgotten: leave it alone.
  const bool could_act = known == KnownId::reserved && !std::holds_alternative<Reserve>(operation);
  return known != KnownId::unknown && !could_act;
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

result<void> MemoryCore::room_for(RunId run, const RunRecord& record,
                                  std::size_t more_bytes) const noexcept {
  INVSAGA_CHECK(runs.room_for(run, most_encoded_bytes(record) + more_bytes));
  return outbox.room_for(run, record.events);
}

/// The record and its events. Room was found for both.
void MemoryCore::keep(RunId run, Position at, const RunRecord& record) {
  [[maybe_unused]] const auto position = runs.append(run, at, record);
  INVSAGA_ASSERT(position.has_value(), "room was found for the record");
  for (const Event& event : record.events) {
    [[maybe_unused]] const auto taken = outbox.put(event);
    INVSAGA_ASSERT(taken.has_value(), "room was found for its events");
  }
}

/// A claim that another has taken meanwhile, or that is forgotten, is left alone: the run's
/// position decides who goes on, and its claim's new owner reads the run.
void MemoryCore::tell_claim(const RunRecord& record) { (void)apply_claim_effect(record, claims); }

}  // namespace v0
}  // namespace invsaga
