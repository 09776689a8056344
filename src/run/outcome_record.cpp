// SPDX-License-Identifier: Apache-2.0
#include <invsaga/effects.hpp>
#include <invsaga/run_outcome.hpp>

#include <utility>

#include <invsaga/assert.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

/// A commit's no that names a further hold: if its own ran out that is no refusal yet, and nobody
/// is told; if not, there is no further hold (protocol rule 4).
void judge_further_round(RunRecord& record) {
  if (record.decision != StockDecision::expired && record.decision != StockDecision::not_found) {
    record.round = 0;
    return;
  }
  record.kind = RecordKind::outcome;
  record.outcome = StepOutcome::refused;
  record.events.clear();
}

/// Past its deadline an adjust is `expired` whatever became of it before. Where that is in doubt it
/// is no refusal, and a person has to look (protocol rule 3).
void judge_doubt(RunRecord& record) {
  const bool doubt = std::exchange(record.round, 0) == detail::adjust_in_doubt;
  if (!doubt || record.decision != StockDecision::expired) return;
  record.kind = RecordKind::stuck;
  record.events.clear();
}

}  // namespace

RunRecord outcome_record(const Effects& effects, const Answer& answer, Time now) {
  INVSAGA_ASSERT(effects.yes != nullptr && effects.no != nullptr,
                 "outcome_record: effects that have both records");
  RunRecord record = is_yes(answer) ? *effects.yes : *effects.no;
  record.decision = decision_of(answer);
  record.at = now;
  const bool no_commit = std::holds_alternative<CommitAnswer>(answer) && !is_yes(answer);
  if (no_commit && record.round > 0) judge_further_round(record);
  if (std::holds_alternative<AdjustAnswer>(answer)) judge_doubt(record);
  detail::keep_shortage(answer, record);
  if (record.kind == RecordKind::outcome && record.decision == StockDecision::suppressed) {
    record.outcome = StepOutcome::suppressed;
  }
  for (Event& event : record.events) event.time = now;
  return record;
}

ClaimEffect claim_effect(const RunRecord& record) noexcept {
  if (!record.request.is_set()) return {};
  if (record.kind == RecordKind::begun && is_set(record.until)) {
    return {ClaimEffect::Kind::extend, record.request, record.claim_epoch, record.until, {}};
  }
  if (record.kind == RecordKind::ended) {
    return {ClaimEffect::Kind::confirm, record.request, record.claim_epoch, {}, record.output};
  }
  return {};
}

}  // namespace v0
}  // namespace invsaga
