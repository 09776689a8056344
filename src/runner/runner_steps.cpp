// SPDX-License-Identifier: Apache-2.0
//
// How a runner does a step: by a call of the user's function, or by an operation on the stock.
#include <algorithm>
#include <deque>

#include <invsaga/assert.hpp>
#include <invsaga/saga_outputs.hpp>

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
    const RunState& state = run.machine.state();
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
                .fixed_until = run.machine.fixed_until(instruction.step, instruction.undo,
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
  std::deque<std::vector<std::byte>> made_;
};

const StepAction& action_of(const ActiveRun& run, const Instruction& instruction) {
  const StepDefinition& step = run.saga->definition.steps[instruction.step];
  return instruction.undo ? step.undo : step.action;
}

result<CallReply> call_thunk(const RegisteredSaga& saga, CallThunk thunk,
                             const StepInputs& inputs) {
  try {
    return thunk(saga.definition.typed, inputs);
  } catch (...) {  // how far it came is unknown, whatever it threw
    return Error{Errc::step_threw};
  }
}

result<Operation> operation_thunk(const RegisteredSaga& saga, OperationThunk thunk,
                                  const StepInputs& inputs, std::vector<Line>& lines) {
  try {
    return thunk(saga.definition.typed, inputs, lines);
  } catch (...) {  // nothing was sent: the function only makes the operation
    return Error{Errc::refused};
  }
}

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
  const CallSite site(run, instruction, backend->now());
  const CallThunk thunk = action_of(run, instruction).call;
  run.machine.started(instruction, environment.clock.now());
  run.in_place = most_in_place;
  lock.unlock();
  const auto replied = call_thunk(*run.saga, thunk, site.inputs());
  lock.lock();
  const Time now = environment.clock.now();
  if (!replied.has_value()) return run.machine.answered(instruction, replied.assume_error(), now);
  const CallReply& reply = replied.assume_value();
  switch (reply.kind) {
    case CallReply::Kind::answered:
      return run.machine.answered(instruction, reply.output, now);
    case CallReply::Kind::unread:
      return run.machine.unable(instruction, Error{Errc::corrupt});
    case CallReply::Kind::pending:
      return;  // under way until it is completed, or its deadline
  }
  INVSAGA_UNREACHABLE("a reply of no kind");
}

result<Operation> Core::make_operation(ActiveRun& run, const Instruction& instruction,
                                       std::vector<Line>& lines, Lock& lock) {
  const CallSite site(run, instruction, backend->now());
  const OperationThunk thunk = action_of(run, instruction).operation;
  lock.unlock();  // the function is the user's, and may ask the runner about this run
  auto made = operation_thunk(*run.saga, thunk, site.inputs(), lines);
  lock.lock();
  if (made.has_value() && !is_own(made.assume_value(), site.context())) {
    return Error{Errc::invalid_argument};
  }
  return made;
}

void Core::prepare(ActiveRun& run, const Instruction& instruction, Lock& lock) {
  std::vector<Line> lines;
  const auto operation = make_operation(run, instruction, lines, lock);
  if (operation.has_value()) return run.machine.intend(instruction, operation.assume_value());
  run.machine.unable(instruction, operation.assume_error());
}

void Core::apply(const RunPtr& self, const Instruction& instruction, Lock& lock) {
  ActiveRun& run = *self;
  auto attempt = std::make_unique<Attempt>();
  const auto operation = make_operation(run, instruction, attempt->lines, lock);
  if (!operation.has_value()) return run.machine.unable(instruction, operation.assume_error());
  attempt->run = self;
  attempt->instruction = instruction;
  attempt->operation = operation.assume_value();
  attempt->shorts.resize(std::max<std::size_t>(attempt->lines.size(), 1));
  attempt->prepared = run.machine.effects(instruction, attempt->operation, backend->now());
  attempt->effects = {run.id, run.machine.position(), &attempt->prepared.yes, &attempt->prepared.no,
                      0};
  run.machine.started(instruction, environment.clock.now(), &attempt->operation);
  run.in_place = most_in_place;
  lock.unlock();
  submit(std::move(attempt));
  lock.lock();
}

/// What is lent lives until the completion is called, even if the runner ends before.
void Core::submit(std::unique_ptr<Attempt> attempt) {
  struct Lent {
    std::shared_ptr<Core> core;
    std::unique_ptr<Attempt> attempt;
  };
  auto lent = std::make_unique<Lent>(Lent{shared_from_this(), std::move(attempt)});
  Attempt& out = *lent->attempt;
  const Completion done{[](void* context, std::uint64_t, const result<Applied>& answer) {
                          const std::unique_ptr<Lent> back(static_cast<Lent*>(context));
                          if (!back->core->enter()) return;
                          if (const RunPtr run = back->attempt->run.lock()) {
                            back->core->post(run, AttemptAnswer{std::move(back->attempt), answer});
                          }
                          back->core->leave();
                        },
                        lent.release(), 0};
  backend->apply(out.operation, out.effects, out.shorts, done);
}

void Core::applied(ActiveRun& run, AttemptAnswer& answer, Lock& lock) {
  const Attempt& attempt = *answer.attempt;
  if (!answer.applied.has_value()) {
    const Error error = answer.applied.assume_error();
    if (error.code == Errc::moved_on) return moved_on(run, attempt.instruction, lock);
    return run.machine.answered(attempt.instruction, error, environment.clock.now());
  }
  const Applied& applied = answer.applied.assume_value();
  if (applied.position <= run.machine.position()) return;  // it is known already
  // What an earlier attempt recorded may differ in more than the time: the log has it.
  const bool may_repeat = attempt.instruction.attempt > 1;
  if (may_repeat || attempt.effects.at != run.machine.position()) {
    static_cast<void>(catch_up(run, lock));  // if it fails, the run is behind
    return;
  }
  take_in(run, outcome_record(attempt.effects, applied.answer, backend->now()), lock);
}

/// The run has moved on without this attempt: on one append it did not take effect.
void Core::moved_on(ActiveRun& run, const Instruction& instruction, Lock& lock) {
  const Position before = run.machine.position();
  const bool news = catch_up(run, lock) && run.machine.position() > before;
  run.machine.superseded(instruction, !news, environment.clock.now());
}

// --- visits

bool Core::enter() {
  const std::lock_guard lock(mutex);
  if (ended) return false;
  ++visitors;
  return true;
}

void Core::leave() {
  const std::lock_guard lock(mutex);
  INVSAGA_ASSERT(visitors > 0, "who leaves has entered");
  if (--visitors == 0) left.notify_all();
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
