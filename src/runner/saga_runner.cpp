// SPDX-License-Identifier: Apache-2.0
//
// What users ask of a runner.
#include <invsaga/saga_runner.hpp>

#include <invsaga/assert.hpp>

#include "runner_state.hpp"

namespace invsaga {
inline namespace v0 {
namespace detail {

using Core = RunnerCore::Core;

RunnerCore::RunnerCore(std::unique_ptr<BackendPort> backend, Environment environment,
                       RunnerOptions options)
    : core_(std::make_shared<Core>(std::move(backend), environment, options)) {
  core_->arm_orphan_check(Duration{0});
}
RunnerCore::~RunnerCore() { core_->stop(); }

void RunnerCore::add(Definition definition, void* user) { core_->add(std::move(definition), user); }

result<StartAnswer> RunnerCore::start(const SagaVersion& saga, const StartRequest& request,
                                      std::vector<std::byte> input) {
  return core_->start(saga, request, std::move(input));
}

result<void> RunnerCore::complete(RunId run, CallId call, bool undo, std::string_view schema,
                                  result<std::vector<std::byte>> answer) {
  const RunPtr active = core_->find(run);
  if (!active) return Error{Errc::not_found};
  const std::vector<StepDefinition>& steps = active->saga->definition.steps;
  for (StepIndex i = 0; i < steps.size(); ++i) {
    if (call_id(run, i) != call) continue;
    if (!(undo ? steps[i].undo : steps[i].action).is_call()) return Error{Errc::not_found};
    const bool fits = undo || !answer.has_value() || schema == steps[i].schema;
    if (!fits) return Error{Errc::invalid_argument};
    core_->post(active, CallAnswer{i, undo, std::move(answer)});
    return success();
  }
  return Error{Errc::not_found};
}

// --- what is appended from outside

namespace {

/// A run as its records tell it now, wherever it is driven.
result<SagaMachine> machine_of(const Core& core, RunId run, SagaPtr& saga) {
  INVSAGA_TRY(const auto records, core.backend->read(run));
  if (records.empty()) return Error{Errc::not_found};
  saga = core.saga_of(records.front());
  if (!saga) return Error{Errc::unknown_definition};
  SagaMachine machine(run, saga->definition, core.machine_options());
  for (const RunRecord& record : records) INVSAGA_CHECK(machine.recorded(record));
  return machine;
}

/// Tells whoever drives the run here of a record that was appended to it; if nobody does, the
/// observer.
void tell(Core& core, const RunPtr& active, SagaMachine& machine, const RunRecord& record) {
  if (active) return core.post(active, Reread{});
  const bool follows = machine.recorded(record).has_value();
  if (!follows || core.options.observer == nullptr) return;
  core.options.observer->recorded(machine.run(), machine.state(), record);
}

/// Appends what `decide` makes the machine want, whoever drives the run: again if it moved on
/// meanwhile. The position makes it safe; the driver finds it at its next append, or is told to
/// look. False if `decide` wants nothing.
template <class Decide>
result<bool> append_to(Core& core, RunId run, const Decide& decide) {
  for (;;) {
    SagaPtr saga;
    INVSAGA_TRY(auto machine, machine_of(core, run, saga));
    if (!decide(machine)) {  // perhaps because an earlier ask was recorded, its reply lost
      if (const RunPtr active = core.find(run)) core.post(active, Reread{});
      return false;
    }
    const Instruction instruction = machine.next(core.environment.clock.now(), core.backend->now());
    INVSAGA_ASSERT(instruction.kind == Instruction::Kind::append,
                   "what was decided is to be appended");
    const RunPtr active = core.find(run);
    const auto appended = core.backend->append(run, machine.position(), instruction.record);
    if (appended.has_value()) {
      // Whoever has adopted it meanwhile may have read it before.
      tell(core, active ? active : core.find(run), machine, instruction.record);
      return true;
    }
    if (appended.assume_error().code != Errc::moved_on) {
      if (active) core.post(active, Reread{});  // it may be in the log all the same
      return appended.assume_error();
    }
  }
}

}  // namespace

result<CancelAnswer> RunnerCore::cancel(RunId run, std::string_view reason) {
  CancelAnswer answer;
  INVSAGA_CHECK(append_to(*core_, run, [&](SagaMachine& machine) {
    const bool was_compensating = machine.state().compensating;
    answer.accepted = machine.cancel(reason);
    answer.status = answer.accepted ? OrderStatus::not_placed
                                    : machine.state().status(machine.definition());
    return answer.accepted && !was_compensating;
  }));
  return answer;
}

result<void> RunnerCore::resume(RunId run) {
  INVSAGA_TRY(const bool resumed,
              append_to(*core_, run, [](SagaMachine& machine) { return machine.resume(); }));
  if (!resumed) return Error{Errc::invalid_argument};
  if (core_->find(run)) return success();
  INVSAGA_TRY(const auto records, core_->backend->read(run));
  if (records.empty()) return success();  // another has driven it to its end, and it is forgotten
  // If it cannot be taken now, recovery finds it: it is not stuck any more.
  static_cast<void>(core_->take(run, records.front()));
  return success();
}

// --- what is read

result<std::vector<RunRecord>> RunnerCore::records(RunId run) const {
  return core_->backend->read(run);
}
RecoveryReport RunnerCore::recover(Duration idle) {
  INVSAGA_ASSERT(idle >= Duration{0}, "SagaRunner::recover: idle >= 0");
  return core_->recover(idle);
}
std::size_t RunnerCore::runs() const {
  const std::lock_guard lock(core_->mutex);
  return core_->runs.size();
}
OwnerId RunnerCore::owner() const { return core_->owner; }

result<RunOutcome> run_to_end(const RunnerCore& core, const result<StartAnswer>& begun,
                              const OutcomeKeeper& keeper, LocalExecutor& executor) {
  if (begun.has_value()) {
    const StartAnswer& answer = begun.assume_value();
    if (answer.outcome) return *answer.outcome;
    if (answer.state == ClaimState::in_progress) return Error{Errc::busy};
    if (answer.state != ClaimState::fresh) return Error{Errc::invalid_argument};
  } else if (core.runs() == 0) {
    return begun.assume_error();
  }  // else it may have begun, and nobody but this runner drives it
  while (!keeper.outcome() && core.runs() > 0 && executor.run_one()) {
  }
  if (!keeper.outcome()) return Error{Errc::timed_out};
  return *keeper.outcome();
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
