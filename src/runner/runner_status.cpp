// SPDX-License-Identifier: Apache-2.0
//
// Where a run stands, and why: from its records alone, and from this process how often it was
// tried.
#include <fmt/format.h>

#include <algorithm>

#include "runner_state.hpp"
#include "text/json_text.hpp"

namespace invsaga {
inline namespace v0 {
std::string_view name(NewsAnswer answer) noexcept {
  switch (answer) {
    case NewsAnswer::recorded:
      return "recorded";
    case NewsAnswer::not_waited_for:
      return "not_waited_for";
  }
  return "unrecognised";
}

std::string_view name(CancelDecision decision) noexcept {
  switch (decision) {
    case CancelDecision::accepted:
      return "accepted";
    case CancelDecision::came_after:
      return "came_after";
    case CancelDecision::too_late:
      return "too_late";
  }
  return "unrecognised";
}

namespace detail {
namespace {

/// A run as its records tell it.
struct Told {
  SagaPtr saga;
  std::vector<RunRecord> records;
  RunState state;
  OrderStage stage{};
  Time stage_since;
};

result<Told> told_of(const RunnerCore::Core& core, std::vector<RunRecord> records) {
  Told told;
  told.records = std::move(records);
  if (told.records.empty()) return Error{Errc::not_found};
  told.saga = core.saga_of(told.records.front());
  if (!told.saga) return Error{Errc::unknown_definition};
  for (const RunRecord& record : told.records) {
    INVSAGA_CHECK(fold(told.state, record, told.saga->definition));
    const OrderStage stage = stage_of(told.state, told.saga->definition);
    if (stage != told.stage || !is_set(told.stage_since)) told.stage_since = record.at;
    told.stage = stage;
  }
  return told;
}

using Current = SagaMachine::Current;

/// What the run is at; from the machine that drives it, if it is driven here.
std::optional<Current> current_of(const RunnerCore::Core& core, RunId run, const Told& told) {
  if (const RunPtr active = core.find(run)) {
    const std::lock_guard lock(active->mutex);
    if (active->machine->position() >= told.state.position) return active->machine->current();
  }
  SagaMachine machine(run, told.saga->definition, core.machine_options());
  for (const RunRecord& record : told.records) static_cast<void>(machine.recorded(record));
  return machine.current();
}

// --- in words

std::string error_text(const Error& error) { return error.code == Errc{} ? "" : to_string(error); }

std::string why_of(StockDecision decision, const Error& error) {
  return decision == StockDecision::none ? error_text(error) : std::string(name(decision));
}

std::string shorts_text(const StepState& step) {
  if (step.decision != StockDecision::out_of_stock) return "";
  std::string text;
  for (const ShortLine& line : step.shorts) {
    text += fmt::format("{}row {}: {} asked for, {} left", text.empty() ? " (" : "; ",
                        line.row.index, line.asked, line.available);
  }
  return text.empty() ? text : text + ")";
}

std::string open_step_text(const Told& told, StepIndex i, const std::optional<Current>& current) {
  const RunState& state = told.state;
  if (state.stuck && state.stuck_step == i) {
    return "stuck: " + why_of(state.stuck_decision, state.stuck_error);
  }
  // On one append an operation has no intent: then only who drives the run knows that it was tried.
  const bool tried = current && current->step == i && !current->undo && current->attempts > 0;
  return state.steps[i].intended || tried ? "begun, no answer is recorded" : "not begun";
}

std::string step_text(const Told& told, StepIndex i, const std::optional<Current>& current) {
  const StepState& step = told.state.steps[i];
  if (!step.outcome) return open_step_text(told, i, current);
  std::string text(name(*step.outcome));
  const std::string why = step.done() ? "" : why_of(step.decision, step.error);
  if (!why.empty()) text += ": " + why + shorts_text(step);
  if (step.holds.size() > 1) text += fmt::format(", {} holds", step.holds.size());
  return step.undone ? text + ", undone" : text;
}

std::string headline(const Told& told, const std::optional<Current>& current) {
  const Definition& definition = told.saga->definition;
  const RunState& state = told.state;
  std::string text = plain_text(state.key);
  const auto step = [&] { return std::string(definition.steps[current->step].name); };
  switch (state.status(definition)) {
    case OrderStatus::placed:
      text += " was placed.";
      if (current) text += fmt::format(" Still to do: {}.", step());
      break;
    case OrderStatus::not_placed:
      text += fmt::format(" was not placed: {}.", plain_text(state.reason));
      text += state.end ? " Everything was undone." : " It is being undone.";
      break;
    case OrderStatus::deciding:
      text += " is not decided yet";
      text += current ? fmt::format(": it is at {}.", step()) : ".";
  }
  if (state.stuck) text += " It is stuck and waits for somebody to resume it.";
  return text;
}

/// What is being done about a step. One in doubt is not done again: its answer is asked for.
std::string deed(const Told& told, StepIndex i, bool undo) {
  const std::string_view step = told.saga->definition.steps[i].name;
  if (undo) return fmt::format("undo {}", step);
  if (told.state.compensating) return fmt::format("the answer of {}, to undo it", step);
  return std::string(step);
}

std::string next_text(const Told& told, const std::optional<Current>& current, bool here) {
  const RunState& state = told.state;
  if (state.end) return fmt::format("nothing: it has ended, {}", name(*state.end));
  if (state.stuck) {
    const std::string why = why_of(state.stuck_decision, state.stuck_error);
    const std::string what = deed(told, state.stuck_step, current && current->undo);
    return fmt::format("resume it; it is stuck at {}: {}", what, why);
  }
  if (!current) return "its end is recorded";
  const std::string what = deed(told, current->step, current->undo);
  if (!here) return fmt::format("{}; it is not driven here", what);
  if (current->under_way) {
    return fmt::format("{}: attempt {} is unanswered, until {}", what, current->attempts,
                       clock_text(current->when));
  }
  if (current->attempts == 0) return what;
  return fmt::format("{}: {} tried in vain, again at {}", what, current->attempts,
                     clock_text(current->when));
}

std::string record_text(const RunRecord& record, const Definition& definition) {
  std::string text(name(record.kind));
  const bool of_a_step = record.kind == RecordKind::intent || record.kind == RecordKind::outcome ||
                         record.kind == RecordKind::undone || record.kind == RecordKind::stuck;
  if (of_a_step) text = fmt::format("{}: {}", definition.steps[record.step].name, text);
  // A commit's record names the hold that is reserved anew, not the one that had run out.
  const bool renews = of_a_step && record.round > 0 &&
                      definition.steps[record.step].action.kind == StepKind::commit;
  if (record.round > 0 && !renews) text += fmt::format(" of hold {}", record.round + 1);
  if (record.kind == RecordKind::outcome) text += fmt::format(" {}", name(record.outcome));
  const std::string why = why_of(record.decision, record.error);
  if (!why.empty()) text += ", " + why;
  if (renews) text += fmt::format(", hold {} is reserved anew", record.round + 1);
  if (record.kind == RecordKind::ended) text += fmt::format(" {}", name(record.end));
  if (!record.reason.empty()) text += ", " + plain_text(record.reason);
  for (const Event& event : record.events) text += ", tells " + event.type;
  return text;
}

}  // namespace

result<RunStatus> status_of(const RunnerCore::Core& core, RunId run,
                            std::vector<RunRecord> records) {
  INVSAGA_TRY(const Told told, told_of(core, std::move(records)));
  const RunState& state = told.state;
  const Definition& definition = told.saga->definition;
  RunStatus status;
  status.status = state.status(definition);
  status.stage = told.stage;
  status.message = message(told.stage);
  status.stage_since = told.stage_since;
  status.stage_limit = longest_stay(definition, told.stage);
  status.reason = state.reason;
  status.since = state.last_change;
  status.end = state.stuck ? RunEnd::stuck : state.end;
  if (const auto current = current_of(core, run, told)) {
    status.step = std::string(definition.steps[current->step].name);
    status.undoing = state.compensating;
    status.attempts = current->attempts;
  }
  return status;
}

result<std::string> explanation_of(const RunnerCore::Core& core, RunId run,
                                   std::vector<RunRecord> records) {
  INVSAGA_TRY(const Told told, told_of(core, std::move(records)));
  const Definition& definition = told.saga->definition;
  const auto current = current_of(core, run, told);
  std::size_t width = 8;
  for (const StepDefinition& step : definition.steps) width = std::max(width, step.name.size());
  std::string text = headline(told, current) + "\n";
  for (StepIndex i = 0; i < definition.steps.size(); ++i) {
    text += fmt::format("  {:<{}} {}\n", definition.steps[i].name, width,
                        step_text(told, i, current));
  }
  const bool here = core.find(run) != nullptr;
  text += fmt::format("  {:<{}} {}\n", "next", width, next_text(told, current, here));
  for (const RunRecord& record : told.records) {
    text += fmt::format("  {}  {}\n", clock_text(record.at), record_text(record, definition));
  }
  return text;
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
