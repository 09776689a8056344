// SPDX-License-Identifier: Apache-2.0
#include <invsaga/testing/model.hpp>

#include <variant>

#include <invsaga/split.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

result<Applied> BackendModel::apply(const Operation& operation, const Effects& effects,
                                    std::span<ShortLine> shorts) {
  if (!effects.run.is_set()) {
    INVSAGA_TRY(const Answer answer, ledger_.apply(operation, shorts));
    return Applied{answer, 0};
  }
  if (effects.yes == nullptr || effects.no == nullptr) return Error{Errc::invalid_argument};
  // The position decides before the stock is touched.
  if (effects.at < runs_.length(effects.run)) return apply_again(operation, effects, shorts);
  if (effects.at > runs_.length(effects.run)) return Error{Errc::moved_on};
  INVSAGA_CHECK(outbox_.room_for(effects.run, effects.yes->events));
  INVSAGA_CHECK(outbox_.room_for(effects.run, effects.no->events));
  INVSAGA_TRY(const Answer answer, ledger_.apply(operation, shorts));
  INVSAGA_CHECK(write(effects.run, effects.at, outcome_record(effects, answer, now())));
  if (const auto* const commit = std::get_if<Commit>(&operation)) {
    INVSAGA_CHECK(ledger_.acknowledge_sale(commit->id));
  }
  return Applied{answer, effects.at + 1};
}

result<Applied> BackendModel::apply_again(const Operation& operation, const Effects& effects,
                                          std::span<ShortLine> shorts) {
  INVSAGA_TRY(const RunRecord found, runs_.record(effects.run, effects.at));
  // From the record alone: whatever the stock would say by now.
  const bool was_not_found = found.decision == StockDecision::not_found;
  const Answer another = was_not_found ? CommitAnswer::committed : CommitAnswer::not_found;
  INVSAGA_TRY(const Answer answer,
              invsaga::detail::recorded_answer(operation, found, another, shorts));
  if (!invsaga::detail::is_repeat(found, outcome_record(effects, answer, found.at))) {
    return Error{Errc::moved_on};
  }
  return Applied{answer, effects.at + 1};
}

result<Position> BackendModel::append(RunId run, Position at, const RunRecord& record) {
  if (at != runs_.length(run)) return runs_.append(run, at, record);  // a repeat, or moved on
  if (!run.is_set()) return Error{Errc::invalid_argument};
  INVSAGA_CHECK(outbox_.room_for(run, record.events));
  INVSAGA_CHECK(write(run, at, record));
  // A claim that another has by now is left to him.
  static_cast<void>(apply_claim_effect(record, claims_));
  return at + 1;
}

result<void> BackendModel::write(RunId run, Position at, const RunRecord& record) {
  INVSAGA_CHECK(runs_.append(run, at, record));
  for (const Event& event : record.events) INVSAGA_CHECK(outbox_.put(event));
  return success();
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
