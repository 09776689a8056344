// SPDX-License-Identifier: Apache-2.0
#include <invsaga/testing/writes.hpp>

#include <invsaga/assert.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

RunRecord record_for(const Effects& effects, const Operation& operation, StockDecision decision) {
  constexpr ShortLine none{};
  RunRecord record = is_yes(answer_of(operation, decision, {&none, 1}, {})) ? *effects.yes
                                                                            : *effects.no;
  record.decision = decision;
  return record;
}

RunRecord recorded_outcome(const Effects& effects, const Operation& operation, const Answer& answer,
                           Time at) {
  RunRecord record = record_for(effects, operation, decision_of(answer));
  record.at = at;
  for (Event& event : record.events) event.time = at;
  const auto shorts = shorts_of(answer);
  record.shorts.assign(shorts.begin(), shorts.end());
  return record;
}

std::shared_ptr<const PreparedWrite> write_of(const Operation& operation, const Effects& effects) {
  INVSAGA_ASSERT(!effects.run.is_set() || (effects.yes != nullptr && effects.no != nullptr),
                 "write_of: effects of a run with both, or of none");
  auto write = std::make_shared<PreparedWrite>(effects.run, effects.at);
  write->operation(operation);
  if (effects.run.is_set()) {
    for (const StockDecision decision : decisions_of(operation)) {
      write->begin_tail(decision);
      write->add(record_for(effects, operation, decision));
    }
  }
  write->seal();
  return write;
}

std::shared_ptr<const PreparedWrite> write_of(RunId run, Position at, const RunRecord& record) {
  auto write = std::make_shared<PreparedWrite>(run, at);
  if (at == 0 && record.kind == RecordKind::begun && record.claim_epoch != 0) {
    write->claim({{record.request, {}, record.until, record.until}, record.claim_epoch});
  }
  write->add(record);
  write->seal();
  return write;
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
