// SPDX-License-Identifier: Apache-2.0
//
// How runs are begun: the request is claimed, the first record binds the claim, and the run is
// driven.
#include <algorithm>

#include <invsaga/assert.hpp>

#include "runner_state.hpp"

namespace invsaga {
inline namespace v0 {

RunId run_id(std::string_view saga, const StartRequest& request) noexcept {
  if (request.request.is_set()) return derive_id<RunId>("run", request.request, 0, 0);
  return make_id<RunId>({"run", saga, request.key});
}

namespace detail {
namespace {

constexpr std::size_t max_key = 255;
constexpr int start_attempts = 3;

/// Never the same twice in a process. Told apart between processes by the system's randomness; in a
/// simulation by the seed and the start.
OwnerId new_owner(const Environment& environment) {
  static std::atomic<std::uint32_t> runners{0};
  const auto now = static_cast<std::uint64_t>(to_ms(environment.clock.now()));
  const std::uint32_t number = runners.fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t seed = environment.seed ^ entropy(environment.clock);
  return derive_id<OwnerId>("owner", OwnerId{seed, now}, number, 0);
}

result<void> validate(const StartRequest& request) {
  if (request.key.empty() || request.key.size() > max_key) return Error{Errc::invalid_argument};
  if (request.request.is_set() && !is_set(request.deadline)) return Error{Errc::invalid_argument};
  return success();
}

StartAnswer in_state(ClaimState state, RunId run) { return {state, run, std::nullopt}; }

result<StartAnswer> completed(RunId run, Bytes answer) {
  INVSAGA_TRY(auto outcome, decode<RunOutcome>(answer));
  return StartAnswer{ClaimState::completed, run, std::move(outcome)};
}

/// `number` makes it unlike the first record of any other start of the same run.
RunRecord begun_record(const Definition& definition, const StartRequest& request,
                       std::uint64_t epoch, OwnerId owner, std::uint64_t number,
                       std::vector<std::byte> input) {
  RunRecord record;
  record.kind = RecordKind::begun;
  record.owner = owner;
  record.id_low = number;
  record.until = request.deadline;
  record.saga = definition.saga;
  record.key = request.key;
  record.request = request.request;
  record.claim_epoch = epoch;
  record.traceparent = request.traceparent;
  record.output = std::move(input);
  return record;
}

bool can_be_made(const StepAction& action, bool may_be_none) noexcept {
  if (action.kind == StepKind::none) return may_be_none;
  return action.is_call() ? action.call != nullptr : action.operation != nullptr;
}

bool is_whole(const Definition& definition) noexcept {
  return std::all_of(definition.steps.begin(), definition.steps.end(), [](const auto& step) {
    const bool no_undo = step.step_class != StepClass::compensable;
    return can_be_made(step.action, false) && can_be_made(step.undo, no_undo);
  });
}

}  // namespace

using Core = RunnerCore::Core;

Core::Core(std::unique_ptr<BackendPort> backend_, Environment environment_, RunnerOptions options_)
    : backend(std::move(backend_)),
      environment(environment_),
      options(options_),
      owner(options_.owner.is_set() ? options_.owner : new_owner(environment_)) {
  INVSAGA_ASSERT(options.lease > Duration{0}, "SagaRunner::SagaRunner: options.lease > 0");
}

void Core::stop() {
  {
    const std::lock_guard lock(mutex);
    ended = true;
  }
  {
    Lock lock(mutex);
    left.wait(lock, [this] { return visitors == 0; });
  }
  environment.executor.drop(this);  // last: a visitor may have armed a timer on its way out
}

MachineOptions Core::machine_options() const {
  return {owner, backend->atomic_effects(), environment.seed};
}

// --- sagas and runs

void Core::add(Definition definition, void* user) {
  INVSAGA_ASSERT(is_whole(definition), "SagaRunner::add: a function for each step and each undo");
  SagaVersion version = definition.saga;
  auto saga = std::make_shared<RegisteredSaga>(RegisteredSaga{std::move(definition), user});
  const std::lock_guard lock(mutex);
  sagas.insert_or_assign(std::move(version), std::move(saga));
}

SagaPtr Core::find_saga(const SagaVersion& version) const {
  const std::lock_guard lock(mutex);
  const auto found = sagas.find(version);
  return found == sagas.end() ? nullptr : found->second;
}

/// The definition that the run was begun with, or none: a changed one must never drive it.
SagaPtr Core::saga_of(const RunRecord& begun) const {
  if (begun.kind != RecordKind::begun) return nullptr;
  return find_saga(begun.saga);
}

RunPtr Core::find(RunId run) const {
  const std::lock_guard lock(mutex);
  const auto found = runs.find(run);
  return found == runs.end() ? nullptr : found->second;
}

RunPtr Core::find_serial(std::uint64_t serial) const {
  const std::lock_guard lock(mutex);
  const auto found = by_serial.find(serial);
  return found == by_serial.end() ? nullptr : found->second;
}

/// A new active run, or none if there is one already (then it is `there`, though it may have gone
/// by the time the caller looks), or no room. Whoever adopts it drives it first.
RunPtr Core::adopt(RunId run, const SagaPtr& saga, bool& there) {
  const MachineOptions machine = machine_options();
  const std::lock_guard lock(mutex);
  there = runs.contains(run);
  if (there || runs.size() >= options.max_runs) return nullptr;
  auto made = std::make_shared<ActiveRun>(run, ++last_serial, saga, machine);
  made->driving = true;
  runs.emplace(run, made);
  by_serial.emplace(made->serial, made);
  return made;
}

void Core::drop(ActiveRun& run) {
  const std::lock_guard lock(mutex);
  if (by_serial.erase(run.serial) > 0) runs.erase(run.id);
}

// --- starting

result<StartAnswer> Core::start(const SagaVersion& version, const StartRequest& request,
                                std::vector<std::byte> input) {
  INVSAGA_CHECK(validate(request));
  const SagaPtr saga = find_saga(version);
  if (!saga) return Error{Errc::unknown_definition};
  const RunId id = run_id(version.name, request);
  if (!request.request.is_set()) return begin(id, saga, request, 0, std::move(input));
  const Time lease = saturating_add(backend->now(), options.lease);
  INVSAGA_TRY(const ClaimAnswer claim,
              backend->claim({request.request, request.fingerprint, lease, request.deadline}));
  switch (claim.state) {
    case ClaimState::fresh:
      return begin(id, saga, request, claim.epoch, std::move(input));
    case ClaimState::completed:
      return completed(id, claim.answer);
    case ClaimState::in_progress:
      // It may have ended in its log without its claim having been told.
      if (!find(id)) return attach(id, request.request, 0);
      [[fallthrough]];
    default:
      return in_state(claim.state, id);
  }
}

result<StartAnswer> Core::begin(RunId id, const SagaPtr& saga, const StartRequest& request,
                                std::uint64_t epoch, std::vector<std::byte> input) {
  bool there = false;
  const RunPtr run = adopt(id, saga, there);
  if (!run) {
    if (there) return in_state(ClaimState::in_progress, id);
    if (epoch != 0) static_cast<void>(backend->release_claim(request.request, epoch));
    return no_room(Limit::runs, options.max_runs);
  }
  Lock lock(run->mutex);
  run->machine.begin(
      begun_record(saga->definition, request, epoch, owner, run->serial, std::move(input)));
  const RunRecord begun = run->machine.next(environment.clock.now(), backend->now()).record;
  lock.unlock();
  bool doubt = false;
  const auto appended = append_first(id, begun, doubt);
  if (!appended.has_value()) {
    return not_begun(*run, request, epoch, appended.assume_error(), doubt);
  }
  lock.lock();
  take_in(*run, begun, lock);
  lock.unlock();
  drive(run);
  return in_state(ClaimState::fresh, id);
}

/// Tried a few times at once, since the caller waits. `doubt`: it may be in the log all the same.
result<Position> Core::append_first(RunId id, const RunRecord& begun, bool& doubt) {
  for (int i = 1;; ++i) {
    auto appended = backend->append(id, 0, begun);
    if (appended.has_value()) return appended;
    const Remedy remedy = appended.assume_error().remedy();
    doubt = doubt || remedy == Remedy::ask_again;
    if (remedy == Remedy::give_up || i == start_attempts) return appended;
  }
}

/// If the first record may be in the log, the run is driven on as soon as the log answers: nobody
/// else would, until it counts as orphaned.
result<StartAnswer> Core::not_begun(ActiveRun& run, const StartRequest& request,
                                    std::uint64_t epoch, Error error, bool doubt) {
  if (error.code != Errc::moved_on && doubt) {
    const Lock lock(run.mutex);
    static_cast<void>(rest_after_failure(run));
    run.driving = false;
    return reply_lost_by(error);
  }
  {
    const Lock lock(run.mutex);
    run.gone = true;
  }
  drop(run);
  if (error.code == Errc::moved_on) return attach(run.id, request.request, epoch);
  if (epoch != 0) static_cast<void>(backend->release_claim(request.request, epoch));
  return error;  // if the claim could not be given back, its lease ends it
}

/// The run exists: it has ended, or it is under way. `epoch` is that of a claim that is of no use.
result<StartAnswer> Core::attach(RunId id, RequestKey request, std::uint64_t epoch) {
  INVSAGA_TRY(const auto records, backend->read(id));
  if (records.empty() || records.back().kind != RecordKind::ended) {
    if (epoch != 0) static_cast<void>(backend->release_claim(request, epoch));
    return in_state(ClaimState::in_progress, id);
  }
  INVSAGA_CHECK(backend->settle(id, records));
  if (epoch != 0) INVSAGA_CHECK(backend->confirm_claim(request, epoch, records.back().output));
  return completed(id, records.back().output);
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
