// SPDX-License-Identifier: Apache-2.0
//
// How a runner does a step: by a call of the user's function, or by an operation on the stock.
#include <algorithm>
#include <list>

#include <invsaga/assert.hpp>
#include <invsaga/saga_outputs.hpp>

#include "printable.hpp"
#include "runner_state.hpp"

namespace invsaga {
inline namespace v0 {
namespace detail {
namespace {

/// What a step's function is told and reads from. The spans point into the run's state, which only
/// the driver changes.
class CallSite {
 public:
  CallSite(const ActiveRun& run, const Instruction& instruction, Time now) {
    const RunState& state = run.machine->ahead();
    context_ = {.run = run.id,
                .key = state.key,
                .step = instruction.step,
                .undo = instruction.undo,
                .round = instruction.round,
                .id = call_id(run.id, instruction.step),
                .attempt = instruction.attempt,
                .now = now,
                .deadline = instruction.when,
                .traceparent = state.traceparent,
                .reservation = reservation_id(run.id, instruction.step, instruction.round),
                .adjustment = adjust_id(run.id, instruction.step, instruction.undo),
                .fixed_until = run.machine->fixed_until(instruction.step, instruction.undo,
                                                        instruction.round)};
    for (StepIndex i = 0; i < state.steps.size(); ++i) {
      outputs_.push_back(
          output(state.steps[i], i == instruction.step ? &instruction.round : nullptr));
    }
    inputs_ = {&context_, state.input, outputs_, run.saga->user};
  }
  CallSite(const CallSite&) = delete;
  CallSite& operator=(const CallSite&) = delete;

  [[nodiscard]] const StepContext& context() const noexcept { return context_; }
  [[nodiscard]] const StepInputs& inputs() const noexcept { return inputs_; }

 private:
  /// The hold being undone may not be the one whose answer is recorded, or have none: so a
  /// reserve's output is made of the hold's name.
  Bytes output(const StepState& step, const std::uint32_t* round) {
    if (step.holds.empty()) return step.output;
    const std::size_t wanted = round != nullptr ? *round : step.round;
    const HoldState& named = step.holds[std::min(wanted, step.holds.size() - 1)];
    made_.push_back(encode(Reserved{named.id, named.until}));
    return made_.back();
  }

  StepContext context_;
  StepInputs inputs_;
  std::vector<Bytes> outputs_;
  std::list<std::vector<std::byte>> made_;
};

const StepAction& action_of(const ActiveRun& run, const Instruction& instruction) {
  const StepDefinition& step = run.saga->definition.steps[instruction.step];
  return instruction.undo ? step.undo : step.action;
}

std::string_view step_name(const ActiveRun& run, const Instruction& instruction) {
  return run.saga->definition.steps[instruction.step].name;
}

/// What a function threw, as it may be recorded and shown; empty if it threw nothing.
std::string shown(const ThrownText& text) { return printable(text.view(), max_thrown_bytes); }

/// The id and the deadline of a reserve or an adjust are the run's, not the function's to choose
/// (protocol rules 4 and 7).
template <class AnyId>
bool is_as_named(AnyId id, AnyId own, Time until, const StepContext& context) noexcept {
  return id == own && (!is_set(context.fixed_until) || until == context.fixed_until);
}
bool is_own(const Operation& operation, const StepContext& context) noexcept {
  if (const auto* reserve = std::get_if<Reserve>(&operation)) {
    return is_as_named(reserve->id, context.reservation, reserve->until, context);
  }
  if (const auto* adjust = std::get_if<Adjust>(&operation)) {
    return is_as_named(adjust->id, context.adjustment, adjust->until, context);
  }
  return true;
}

}  // namespace

using Core = RunnerCore::Core;

void Core::call(ActiveRun& run, const Instruction& instruction, Lock& lock) {
  const CallSite site(run, instruction, backend.now());
  const CallThunk thunk = action_of(run, instruction).call;
  run.machine->started(instruction, environment.clock.now());
  run.in_place = most_in_place;
  lock.unlock();
  // If it throws, how far it came is unknown.
  result<CallReply> replied = Error{Errc::step_threw};
  ThrownText text;
  thrown.guard(
      step_name(run, instruction),
      [&] { replied = thunk(run.saga->definition.typed, site.inputs()); }, &text);
  lock.lock();
  const Time now = environment.clock.now();
  if (!replied.has_value()) {
    return run.machine->answered(instruction, replied.assume_error(), now, shown(text));
  }
  const CallReply& reply = replied.assume_value();
  switch (reply.kind) {
    case CallReply::Kind::answered:
      return run.machine->answered(instruction, reply.output, now);
    case CallReply::Kind::unread:
      return run.machine->unable(instruction, Error{Errc::corrupt});
    case CallReply::Kind::pending:
      return;  // under way until it is completed, or its deadline
  }
  INVSAGA_UNREACHABLE("a reply of no kind");
}

Core::Step Core::prepare(ActiveRun& run, const Instruction& instruction, Lock& lock) {
  const CallSite site(run, instruction, backend.now());
  const OperationThunk thunk = action_of(run, instruction).operation;
  std::vector<Line> lines;
  lock.unlock();  // the function is the user's, and may ask the runner about this run
  // If it throws, nothing was sent: the function only makes the operation.
  result<Operation> made = Error{Errc::refused};
  ThrownText text;
  const Ending ending = thrown.guard(
      step_name(run, instruction),
      [&] { made = thunk(run.saga->definition.typed, site.inputs(), lines); }, &text);
  lock.lock();
  if (ending == Ending::out_of_memory) return rest_after_failure(run, no_memory());
  if (!made.has_value()) {
    run.machine->unable(instruction, made.assume_error(), shown(text));
  } else if (!is_own(made.assume_value(), site.context())) {
    run.machine->unable(instruction, Error{Errc::invalid_argument});
  } else {
    run.machine->made(instruction, made.assume_value());
  }
  return Step::go_on;
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
