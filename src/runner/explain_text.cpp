// SPDX-License-Identifier: Apache-2.0
//
// Why a run stands where it stands, in words.
#include <fmt/format.h>

#include <algorithm>

#include "printable.hpp"
#include "text/json_text.hpp"
#include "told.hpp"

namespace invsaga {
inline namespace v0 {
namespace detail {
namespace {

/// What an exception said: a stranger's, and perhaps read from a log that strangers wrote.
std::string thrown_text(std::string_view thrown) {
  std::string quoted;
  append_json_string(quoted, printable(thrown, max_thrown_bytes));
  return quoted;
}

std::string error_text(const Error& error, std::string_view thrown,
                       std::string (*words)(const Error&)) {
  if (error.code == Errc{}) return "";
  return words(error) + (thrown.empty() ? "" : ": " + thrown_text(thrown));
}

std::string shorts_text(const AnyBackend& names, std::span<const ShortLine> shorts) {
  std::string text;
  for (const ShortLine& line : shorts) {
    text += fmt::format("{}{}: {} asked for, {} left", text.empty() ? " (" : "; ",
                        row_text(names, line.row), line.asked, line.available);
  }
  return text.empty() ? text : text + ")";
}

/// What is being done about a step. One in doubt is not done again: its answer is asked for.
std::string deed(const Told& told, StepIndex i, bool undo) {
  const std::string_view step = told.step_name(i);
  if (undo) return fmt::format("undo {}", step);
  if (told.state.compensating) return fmt::format("the answer of {}, to undo it", step);
  return std::string(step);
}

std::string open_step_text(const AnyBackend& names, const Told& told, StepIndex i) {
  if (told.is_stuck_at(i)) return "stuck: " + why_text(names, why_of(told, i));
  // On one append an operation has no intent: then only who drives the run knows that it was tried.
  const auto& current = told.current;
  const bool tried = current && current->step == i && !current->undo && current->attempts > 0;
  return told.state.steps[i].intended || tried ? "begun, no answer is recorded" : "not begun";
}

}  // namespace

std::string headline(const Told& told) {
  const RunState& state = told.state;
  std::string text = plain_text(state.key);
  const auto step = [&] { return told.step_name(told.current->step); };
  switch (state.status(told.definition())) {
    case OrderStatus::placed:
      text += " was placed.";
      if (told.current) text += fmt::format(" Still to do: {}.", step());
      break;
    case OrderStatus::not_placed:
      text += fmt::format(" was not placed: {}.", plain_text(state.reason));
      text += state.end ? " Everything was undone." : " It is being undone.";
      break;
    case OrderStatus::deciding:
      text += " is not decided yet";
      text += told.current ? fmt::format(": it is at {}.", step()) : ".";
  }
  if (state.stuck) text += " It is stuck and waits for somebody to resume it.";
  return text;
}

std::string why_text(const AnyBackend& names, const Why& why) {
  if (why.decision == StockDecision::none) {
    return error_text(why.error, why.thrown, &what_happened);
  }
  return std::string(name(why.decision)) + shorts_text(names, why.shorts);
}

std::string row_text(const AnyBackend& names, Row row) {
  const auto called = names.name(row);
  if (!called) return fmt::format("row {}", row.index);
  const std::string product = plain_text(called->product);
  return called->store.empty() ? product : product + " in " + plain_text(called->store);
}

std::string step_text(const AnyBackend& names, const Told& told, StepIndex i) {
  const StepState& step = told.state.steps[i];
  if (!step.outcome) return open_step_text(names, told, i);
  std::string text(name(*step.outcome));
  const std::string why = step.done() ? "" : why_text(names, why_of(told, i));
  if (!why.empty()) text += ": " + why;
  if (step.holds.size() > 1) text += fmt::format(", {} holds", step.holds.size());
  return step.undone ? text + ", undone" : text;
}

std::string next_text(const AnyBackend& names, const Told& told) {
  const RunState& state = told.state;
  const auto& current = told.current;
  if (state.end) return fmt::format("nothing: it has ended, {}", name(*state.end));
  if (state.stuck) {
    const std::string what = deed(told, state.stuck_step, current && current->undo);
    return fmt::format("resume it; it is stuck at {}: {}", what,
                       why_text(names, why_of(told, state.stuck_step)));
  }
  if (!current) return "its end is recorded";
  const std::string what = deed(told, current->step, current->undo);
  if (!told.here) return fmt::format("{}; it is not driven here", what);
  if (current->under_way) {
    return fmt::format("{}: attempt {} is unanswered, until {}", what, current->attempts,
                       clock_text(current->when));
  }
  if (current->attempts == 0) return what;
  return fmt::format("{}: {} tried in vain, again at {}", what, current->attempts,
                     clock_text(current->when));
}

std::string log_text(const LogFailure& log) {
  return fmt::format("{} tried in vain, again at {}: {}", log.count, clock_text(log.again),
                     what_happened(log.error));
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
  const std::string why = record.decision == StockDecision::none
                              ? error_text(record.error, of_a_step ? record.reason : "", &to_string)
                              : std::string(name(record.decision));
  if (!why.empty()) text += ", " + why;
  if (renews) text += fmt::format(", hold {} is reserved anew", record.round + 1);
  if (record.kind == RecordKind::ended) text += fmt::format(" {}", name(record.end));
  if (!of_a_step && !record.reason.empty()) text += ", " + plain_text(record.reason);
  for (const Event& event : record.events) text += ", tells " + event.type;
  return text;
}

result<std::string> explanation_of(const RunnerCore::Core& core, RunId run,
                                   std::vector<RunRecord> records) {
  INVSAGA_TRY(const Told told, told_of(core, run, std::move(records)));
  const Definition& definition = told.definition();
  const std::string failure = why_text(core.backend, last_failure(told));
  std::size_t width = failure.empty() ? 8 : 10;
  for (const StepDefinition& step : definition.steps) width = std::max(width, step.name.size());
  std::string text = headline(told) + "\n";
  const auto put = [&](std::string_view what, std::string_view words) {
    text += fmt::format("  {:<{}} {}\n", what, width, words);
  };
  for (StepIndex i = 0; i < definition.steps.size(); ++i) {
    put(definition.steps[i].name, step_text(core.backend, told, i));
  }
  put("next", next_text(core.backend, told));
  if (!failure.empty()) put("last error", failure);
  if (told.log.count > 0) put("log", log_text(told.log));
  for (const RunRecord& record : told.records) {
    text += fmt::format("  {}  {}\n", clock_text(record.at), record_text(record, definition));
  }
  return text;
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
