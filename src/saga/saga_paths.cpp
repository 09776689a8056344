// SPDX-License-Identifier: Apache-2.0
//
// Every path of a saga, found by asking the production machine: whenever it wants something done,
// each answer that may come is tried, by running the machine anew with one more choice.
#include <algorithm>

#include <invsaga/assert.hpp>
#include <invsaga/detail/loop_bound.hpp>
#include <invsaga/saga_machine.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

constexpr RunId the_run{1, 1};
constexpr Time the_time = time_from_ms(1);

/// The choices of one way through, and how many there were at each point.
struct Choices {
  std::vector<std::size_t> taken;
  std::vector<std::size_t> offered;
  std::size_t next = 0;

  std::size_t choose(std::size_t n) {
    if (next == taken.size()) taken.push_back(0);
    if (next == offered.size()) offered.push_back(n);
    return taken[next++];
  }
  /// Moves on to the next way; false when all are done.
  bool advance() {
    while (!taken.empty() && taken.back() + 1 >= offered[taken.size() - 1]) {
      taken.pop_back();
      offered.pop_back();
    }
    next = 0;
    if (taken.empty()) return false;
    ++taken.back();
    offered.resize(taken.size());
    return true;
  }
};

/// An operation of the step's kind, made without asking the user's function: only its id matters to
/// the machine. A commit is of the last hold before it.
Operation stand_in(const SagaMachine& machine, StepKind kind, const Instruction& instruction) {
  const Time until = saturating_add(the_time, Duration{1000});
  ReservationId id = reservation_id(the_run, instruction.step, instruction.round);
  if (kind == StepKind::commit || kind == StepKind::extend) {
    for (StepIndex i = 0; i < instruction.step; ++i) {
      const auto& holds = machine.ahead().steps[i].holds;
      if (!holds.empty()) id = holds.back().id;
    }
  }
  switch (kind) {
    case StepKind::reserve:
      return Reserve{id, until, {}};
    case StepKind::commit:
      return Commit{id, {}};
    case StepKind::extend:
      return Extend{id, until};
    case StepKind::adjust:
      return Adjust{adjust_id(the_run, instruction.step, instruction.undo), {}, until, {}};
    case StepKind::release:
      return Release{id};
    case StepKind::none:
    case StepKind::call:
      break;
  }
  INVSAGA_UNREACHABLE("an operation of a step that is none");
}

/// The answers that an operation may give, yes first.
std::vector<Answer> answers_of(StepKind kind, bool may_refuse, PathOptions options) {
  std::vector<Answer> answers;
  switch (kind) {
    case StepKind::reserve:
      answers = {ReserveAnswer{Reserved{}}, ReserveAnswer{OutOfStock{}}};
      break;
    case StepKind::commit:
      answers = {CommitAnswer::committed, CommitAnswer::expired};
      may_refuse = options.expiry;
      break;
    case StepKind::extend:
      answers = {ExtendAnswer::reserved, ExtendAnswer::expired};
      break;
    case StepKind::adjust:
      answers = {AdjustAnswer{Adjusted{}}, AdjustAnswer{OutOfStock{}}};
      break;
    case StepKind::release:
      answers = {ReleaseAnswer::released};
      break;
    case StepKind::none:
    case StepKind::call:
      INVSAGA_UNREACHABLE("the answer of a step that is no operation");
  }
  if (!may_refuse) answers.resize(1);
  return answers;
}

class Walk {
 public:
  Walk(const Definition& definition, PathOptions options, Choices& choices)
      : machine_(the_run, definition, {OwnerId{1, 1}, true, 1}),
        options_(options),
        choices_(choices) {}

  Path run() {
    RunRecord begun;
    begun.kind = RecordKind::begun;
    begun.owner = OwnerId{1, 1};
    take(begun);
    LoopBound turns(most_turns());
    while (step()) turns.take("each turn of a path brings its run forward");
    const auto outcome = machine_.outcome();
    path_.end = outcome ? outcome->end : RunEnd::stuck;
    path_.reason = outcome ? outcome->reason : "";
    return path_;
  }

 private:
  /// For each step and each of its holds: prepared, recorded, done and recorded, and undone so.
  [[nodiscard]] std::uint64_t most_turns() const {
    const Definition& definition = machine_.definition();
    return 8 * (definition.steps.size() + 1) * (std::uint64_t{definition.further_rounds} + 2);
  }

  bool step() {
    const Instruction instruction = machine_.next(the_time);
    switch (instruction.kind) {
      case Instruction::Kind::append:
        machine_.started(instruction, the_time);
        take_all({});
        return true;
      case Instruction::Kind::call:
        call(instruction);
        return true;
      case Instruction::Kind::prepare:
        machine_.made(instruction, stand_in(machine_, kind_of(instruction), instruction));
        return true;
      case Instruction::Kind::apply:
        apply(instruction);
        return true;
      default:
        return false;
    }
  }

  StepKind kind_of(const Instruction& instruction) const {
    const StepDefinition& step = machine_.definition().steps[instruction.step];
    return (instruction.undo ? step.undo : step.action).kind;
  }

  /// The run may be cancelled instead of what comes next.
  bool cancelled() {
    const RunState& state = machine_.state();
    const Definition& definition = machine_.definition();
    const bool possible = options_.cancel && !state.compensating && !state.pivot_done(definition) &&
                          !state.pivot_pending(definition);
    return possible && choices_.choose(2) == 1 && machine_.cancel("cancelled");
  }

  bool may_refuse(const Instruction& instruction) const {
    const StepDefinition& step = machine_.definition().steps[instruction.step];
    if (instruction.undo || step.step_class == StepClass::retriable) return false;
    const bool decided = machine_.state().pivot_done(machine_.definition());
    if (step.step_class == StepClass::look && decided) return false;
    return options_.silent || !step.events.refused.empty();
  }

  void call(const Instruction& instruction) {
    if (cancelled()) return;
    machine_.started(instruction, the_time);
    if (may_refuse(instruction) && choices_.choose(2) == 1) {
      return machine_.answered(instruction, refuse(), the_time);
    }
    machine_.answered(instruction, std::vector<std::byte>{}, the_time);
  }

  void apply(const Instruction& instruction) {
    if (cancelled()) return;
    const StepKind kind = kind_of(instruction);
    const std::vector<Answer> answers = answers_of(kind, may_refuse(instruction), options_);
    const std::size_t choice = answers.size() == 1 ? 0 : choices_.choose(answers.size());
    machine_.started(instruction, the_time);
    take_all(answers[choice]);
  }

  /// What was written comes into the log.
  void take_all(const Answer& answer) {
    WriteReply reply;
    reply.answer = answer;
    reply.at = the_time;
    for (const RunRecord& record : machine_.write()->records(reply)) take(record);
  }

  void take(const RunRecord& record) {
    for (const Event& event : record.events) path_.events.push_back(event.type);
    const auto taken = machine_.recorded(record);
    INVSAGA_ASSERT(taken.has_value(), "a record of the machine's own always follows");
  }

  SagaMachine machine_;
  PathOptions options_;
  Choices& choices_;
  Path path_;
};

}  // namespace

std::vector<Path> paths(const Definition& definition, PathOptions options) {
  std::vector<Path> found;
  Choices choices;
  do {
    Path path = Walk(definition, options, choices).run();
    if (std::find(found.begin(), found.end(), path) == found.end())
      found.push_back(std::move(path));
  } while (choices.advance());
  return found;
}

}  // namespace v0
}  // namespace invsaga
