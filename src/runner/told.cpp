// SPDX-License-Identifier: Apache-2.0
#include "told.hpp"

#include <algorithm>

namespace invsaga {
inline namespace v0 {
namespace detail {
namespace {

/// What this process knows: from the machine that drives the run, if that is here.
void add_what_is_here(const RunnerCore::Core& core, Told& told) {
  if (const RunPtr active = core.find(told.run)) {
    told.here = true;
    const std::lock_guard lock(active->mutex);
    if (active->log_failures > 0) {
      told.log = {active->log_failures, active->log_error, active->ask_log_at};
    }
    told.current = active->machine->current();
    if (told.current) {
      told.error = told.current->error;
      told.thrown = told.current->thrown;
    }
    if (active->machine->position() >= told.state.position) return;
  }  // what it lacks has come into the log, and it does not know yet
  SagaMachine machine(told.run, told.definition(), core.machine_options());
  for (const RunRecord& record : told.records) static_cast<void>(machine.recorded(record));
  told.current = machine.current();
}

}  // namespace

result<Told> told_of(const RunnerCore::Core& core, RunId run, std::vector<RunRecord> records) {
  Told told;
  told.run = run;
  told.records = std::move(records);
  if (told.records.empty()) return Error{Errc::not_found};
  told.saga = core.saga_of(told.records.front());
  if (!told.saga) return Error{Errc::unknown_definition};
  for (const RunRecord& record : told.records) {
    INVSAGA_CHECK(fold(told.state, record, told.definition()));
    const OrderStage stage = stage_of(told.state, told.definition());
    if (stage != told.stage || !is_set(told.stage_since)) told.stage_since = record.at;
    told.stage = stage;
  }
  add_what_is_here(core, told);
  return told;
}

Why why_of(const Told& told, StepIndex step) {
  const bool stuck = told.is_stuck_at(step);
  const RecordKind kind = stuck ? RecordKind::stuck : RecordKind::outcome;
  const auto record = std::find_if(
      told.records.rbegin(), told.records.rend(),
      [&](const RunRecord& one) { return one.kind == kind && one.step == step; });
  std::string_view thrown;
  if (record != told.records.rend()) thrown = record->reason;
  if (stuck) return {told.state.stuck_decision, told.state.stuck_error, thrown, {}};
  const StepState& state = told.state.steps[step];
  if (!state.outcome) return {};
  const bool short_of = state.decision == StockDecision::out_of_stock;
  return {state.decision, state.error, thrown,
          short_of ? std::span<const ShortLine>(state.shorts) : std::span<const ShortLine>()};
}

Why last_failure(const Told& told) {
  if (!told.current || told.state.end || told.state.stuck) return {};
  return {StockDecision::none, told.error, told.thrown, {}};
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
