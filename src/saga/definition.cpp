// SPDX-License-Identifier: Apache-2.0
#include <invsaga/definition.hpp>

#include <invsaga/assert.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

std::string seconds(Duration duration) {
  const std::int64_t ms = duration.count();
  if (ms % 1000 == 0) return std::to_string(ms / 1000) + " s";
  return std::to_string(ms) + " ms";
}

std::string_view word(StepKind kind) {
  switch (kind) {
    case StepKind::none:
      return "nothing";
    case StepKind::call:
      return "call";
    case StepKind::reserve:
      return "reserve";
    case StepKind::commit:
      return "commit";
    case StepKind::release:
      return "release";
    case StepKind::extend:
      return "extend";
    case StepKind::adjust:
      return "adjust";
  }
  INVSAGA_UNREACHABLE("a step of no kind");
}

std::string undo_text(const StepDefinition& step) {
  if (step.step_class == StepClass::pivot) return "decides: nothing is undone once it is done";
  if (step.step_class == StepClass::retriable) return "never undone: tried until done";
  if (step.step_class == StepClass::look) return "only looks: there is nothing to undo";
  std::string text = "undone by a " + std::string(word(step.undo.kind));
  if (step.action.kind == StepKind::reserve) return text + " of every hold that was named";
  return text + (step.undo_needs_output ? ", once it is known that it happened"
                                        : ", also if it is in doubt: that bars it");
}

}  // namespace

std::string_view name(StepClass step_class) noexcept {
  switch (step_class) {
    case StepClass::compensable:
      return "compensable";
    case StepClass::pivot:
      return "pivot";
    case StepClass::retriable:
      return "retriable";
    case StepClass::look:
      return "look";
  }
  return "unrecognised";
}

std::string plan(const Definition& definition) {
  std::string text = definition.saga.name + " v" + std::to_string(definition.saga.version) + "\n";
  std::size_t number = 0;
  for (const StepDefinition& step : definition.steps) {
    text += "  " + std::to_string(++number) + ". " + std::string(step.name) + " (" +
            std::string(name(step.step_class)) + ", " + std::string(word(step.action.kind)) + ", " +
            seconds(step.limits.deadline) + "): " + undo_text(step) + "\n";
  }
  return text;
}

}  // namespace v0
}  // namespace invsaga
