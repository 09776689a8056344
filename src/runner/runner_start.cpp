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

/// A stored outcome; the lines that were short stand in the run's record that it names.
result<StartAnswer> completed(RunId run, Bytes answer, std::span<const LogEntry> entries) {
  INVSAGA_TRY(auto outcome, decode<RunOutcome>(answer));
  if (outcome.shorts_at < entries.size()) outcome.shorts = entries[outcome.shorts_at].stamp.shorts;
  return StartAnswer{ClaimState::completed, run, std::move(outcome)};
}

/// `number` makes it unlike the first record of any other start of the same run.
RunRecord begun_record(const Definition& definition, const StartRequest& request, OwnerId owner,
                       std::uint64_t number, std::vector<std::byte> input) {
  RunRecord record;
  record.kind = RecordKind::begun;
  record.owner = owner;
  record.id_low = number;
  record.until = request.deadline;
  record.saga = definition.saga;
  record.key = request.key;
  record.request = request.request;
  record.traceparent = request.traceparent;
  record.output = std::move(input);
  return record;
}

Claim claim_of(const StartRequest& request, Time lease_until) {
  return {request.request, request.fingerprint, lease_until, request.deadline};
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

Core::Core(const AnyBackend& backend_, Environment environment_, RunnerOptions options_)
    : backend(backend_),
      environment(environment_),
      options(options_),
      owner(options_.owner.is_set() ? options_.owner : new_owner(environment_)) {
  INVSAGA_ASSERT(options.lease > Duration{0}, "SagaRunner::SagaRunner: options.lease > 0");
}

void Core::stop() {
  ended = true;
  visits.end();
  environment.executor.drop(this);  // a visitor may have armed a timer on its way out
  // What no driver will hear of refers to its run, and who waits is told.
  decltype(runs) left_over;
  {
    const std::lock_guard lock(mutex);
    left_over.swap(runs);
    by_serial.clear();
  }
  for (const auto& [id, entry] : left_over) {
    if (!entry.driver) continue;
    std::deque<News> unheard;  // whoever waits is told when these go, without the lock
    std::vector<Brought> untold;
    const std::lock_guard lock(entry.driver->mutex);
    entry.driver->gone = true;
    unheard.swap(entry.driver->news);
    untold.swap(entry.driver->brought);
  }
}

MachineOptions Core::machine_options() const {
  const WriteLimits limits = backend.write_limits();
  return {owner, backend.capabilities().atomic_effects, environment.seed, limits.max_record_bytes,
          limits.max_event_bytes};
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

// --- starting

void Core::start(const SagaVersion& version, const StartRequest& request,
                 std::vector<std::byte> input, Answerer<StartAnswer> answer) {
  const auto able = ready();
  const auto valid = able.has_value() ? validate(request) : able;
  if (!valid.has_value()) return answer(valid.assume_error());
  const SagaPtr saga = find_saga(version);
  if (!saga) return answer(Error{Errc::unknown_definition});
  const RunId id = run_id(version.name, request);
  if (!request.request.is_set()) {
    return begin(id, saga, request, nullptr, std::move(input), std::move(answer));
  }
  if (!backend.capabilities().atomic_effects) {
    claim_first(id, saga, request, std::move(input), std::move(answer));
    return;
  }
  // On one append the claim goes with the first record.
  const ClaimEffect effect{claim_of(request, saturating_add(backend.now(), options.lease))};
  begin(id, saga, request, &effect, std::move(input), std::move(answer));
}

result<void> Core::ready() const { return check_capabilities(backend.capabilities(), saga_needs); }

/// The event that asked for the run: what became of it.
Errand Core::start_for(SagaVersion saga, StartRequest request, std::vector<std::byte> input,
                       Answerer<Handling> answer) {
  const auto self = shared_from_this();
  const auto begun = co_await ask<StartAnswer>([&](Completion<StartAnswer> done) {
    start(saga, request, std::move(input), Answerer<StartAnswer>(done));
  });
  if (!begun.has_value()) {
    answer(begun.assume_error());
    co_return;
  }
  switch (begun.assume_value().state) {
    case ClaimState::fresh:
      answer(Handling::handled);
      co_return;
    case ClaimState::in_progress: {
      // Claimed is not begun: whoever claimed it may have died before its first record.
      const auto read = co_await ask<std::vector<LogEntry>>(
          [&](Completion<std::vector<LogEntry>> done) {
            backend.read(begun.assume_value().run, done);
          });
      if (!read.has_value()) {
        answer(read.assume_error());
      } else if (read.assume_value().empty()) {
        answer(Error{Errc::busy});
      } else {
        answer(Handling::duplicate);
      }
      co_return;
    }
    case ClaimState::completed:
      answer(Handling::duplicate);
      co_return;
    case ClaimState::expired:
      answer(Error{Errc::too_late});
      co_return;
    case ClaimState::mismatch:
      break;
  }
  answer(Error{Errc::invalid_argument});
}

Errand Core::claim_first(RunId id, SagaPtr saga, StartRequest request, std::vector<std::byte> input,
                         Answerer<StartAnswer> answer) {
  const auto self = shared_from_this();
  ClaimEffect effect{claim_of(request, saturating_add(backend.now(), options.lease))};
  bool late = false;
  auto claim = co_await ask<ClaimAnswer>(
      [&](Completion<ClaimAnswer> done) { backend.claim(effect.claim, done); }, &late);
  if (!claim.has_value()) {
    answer(claim.assume_error());
    co_return;
  }
  if (claim.assume_value().state != ClaimState::fresh) {
    not_fresh(id, std::move(claim).assume_value(), request.request, std::move(answer));
    co_return;
  }
  effect.epoch = claim.assume_value().epoch;
  begin(id, saga, request, &effect, std::move(input), std::move(answer), !late);
}

/// `here`: this is the thread of whoever calls `start`, which may drive whatever the options say.
void Core::begin(RunId id, const SagaPtr& saga, const StartRequest& request,
                 const ClaimEffect* claim, std::vector<std::byte> input,
                 Answerer<StartAnswer> answer, bool here, bool held) {
  const std::uint64_t epoch = claim == nullptr ? 0 : claim->epoch;
  bool busy = false;
  const RunPtr run = seat_to_begin(id, saga, held, busy);
  if (held && (busy || !run)) release(id);
  if (busy) {
    return begin_too(id, run, {saga, request, std::move(input), std::move(answer)}, claim, here);
  }
  if (!run) {
    give_back(request.request, epoch, no_room(Limit::runs, options.max_runs), std::move(answer));
    return;
  }
  {
    const Lock lock(run->mutex);
    run->machine.begin(
        begun_record(saga->definition, request, owner, run->serial, std::move(input)), claim);
    run->begin_by = request.deadline;
    run->starting = std::make_unique<Starting>(Starting{std::move(answer), request.request, epoch});
  }
  if (here) return drive(run);
  set_off(run);
}

/// The run is driven here, or held by who may begin it: then how that comes out decides.
void Core::begin_too(RunId id, const RunPtr& driver, LaterStart start, const ClaimEffect* claim,
                     bool here) {
  const std::uint64_t epoch = claim == nullptr ? 0 : claim->epoch;
  if (!driver) {
    begin_later(id, std::move(start), claim == nullptr ? std::nullopt : std::optional(*claim));
    return;
  }
  bool gone = false;
  {
    const Lock lock(driver->mutex);
    gone = driver->gone;
  }
  if (gone) {
    drop(*driver);
    return begin(id, start.saga, start.request, claim, std::move(start.input),
                 std::move(start.answer), here);
  }
  if (epoch == 0 && start.request.request.is_set()) {
    claim_first(id, start.saga, start.request, std::move(start.input), std::move(start.answer));
  } else {
    give_back(start.request.request, epoch, in_state(ClaimState::in_progress, id),
              std::move(start.answer));
  }
}

Errand Core::begin_later(RunId id, LaterStart start, std::optional<ClaimEffect> claim) {
  const auto self = shared_from_this();
  static_cast<void>(co_await ask<void>([&](Completion<void> held) { hold(id, held); }));
  if (claim && claim->epoch == 0) {
    claim->claim.lease_until = saturating_add(backend.now(), options.lease);
  }
  begin(id, start.saga, start.request, claim ? &*claim : nullptr, std::move(start.input),
        std::move(start.answer), false, true);
  Turns::take();
}

/// Gives a claim that is of no use back, if there is one. If it cannot be given back, its lease
/// ends it.
Errand Core::give_back(RequestKey request, std::uint64_t epoch, result<StartAnswer> told,
                       Answerer<StartAnswer> answer) {
  const auto self = shared_from_this();
  if (epoch != 0) {
    static_cast<void>(co_await ask<void>(
        [&](Completion<void> done) { backend.release_claim(request, epoch, done); }));
  }
  answer(std::move(told));
}

void Core::not_fresh(RunId id, ClaimAnswer claim, RequestKey request,
                     Answerer<StartAnswer> answer) {
  switch (claim.state) {
    case ClaimState::completed:
      tell_completed(id, std::move(claim.answer), std::move(answer));
      return;
    case ClaimState::expired:
      // Whether the run exists is looked at first (protocol rule 6).
    case ClaimState::in_progress:
      // It may have ended in its log without its claim having been told.
      if (!find(id)) {
        attach(id, request, claim.state, 0, std::move(answer));
        return;
      }
      return answer(in_state(ClaimState::in_progress, id));
    default:
      return answer(in_state(claim.state, id));
  }
}

void Core::not_granted(ActiveRun& run, ClaimAnswer claim, Lock& lock) {
  run.gone = true;
  const std::unique_ptr<Starting> starting = std::move(run.starting);
  lock.unlock();
  drop(run);
  if (starting) {
    release(run.id);
    not_fresh(run.id, std::move(claim), starting->request, std::move(starting->answer));
    Turns::take();
  }
  lock.lock();
}

/// Whether the log tells of this very beginning.
bool Core::has_begun(const ActiveRun& run, const LogEntry& first) const {
  const auto begun = read_record(first);
  return begun.has_value() && begun.assume_value().owner == owner &&
         begun.assume_value().id_low == run.serial;
}

/// Somebody waits for a run to have begun, and the log was read meanwhile: it has, here or
/// elsewhere.
void Core::found_begun(ActiveRun& run, bool own, Lock& lock) {
  const std::unique_ptr<Starting> starting = std::move(run.starting);
  lock.unlock();
  if (own) {
    starting->answer(in_state(ClaimState::fresh, run.id));
  } else {
    drop(run);
    release(run.id);
    attach(run.id, starting->request, ClaimState::in_progress, starting->epoch,
           std::move(starting->answer));
  }
  Turns::take();
  lock.lock();
}

/// Tried a few times at once, since somebody waits. If the first record may be in the log then, the
/// run is driven on as soon as the log answers: nobody else would, until it counts as orphaned.
Core::Step Core::not_begun(ActiveRun& run, const Error& error, Lock& lock) {
  const Remedy remedy = error.remedy();
  run.starting->doubt = run.starting->doubt || remedy == Remedy::ask_again;
  const bool again = remedy != Remedy::give_up && ++run.starting->attempts < start_attempts;
  if (again) return Step::go_on;
  const std::unique_ptr<Starting> starting = std::move(run.starting);
  const bool moved_on = error.code == Errc::moved_on;
  const bool doubt = starting->doubt && !moved_on;
  if (doubt) {
    static_cast<void>(rest_after_failure(run));
  } else {
    run.gone = true;
  }
  lock.unlock();
  if (!doubt) drop(run);
  release(run.id);
  if (doubt) {
    starting->answer(reply_lost_by(error));
  } else {
    if (moved_on) {
      attach(run.id, starting->request, ClaimState::in_progress, starting->epoch,
             std::move(starting->answer));
    } else {
      give_back(starting->request, starting->epoch, error, std::move(starting->answer));
    }
  }
  Turns::take();
  lock.lock();
  return Step::rest;
}

Errand Core::tell_completed(RunId id, std::vector<std::byte> stored, Answerer<StartAnswer> answer) {
  const auto self = shared_from_this();
  auto told = completed(id, stored, {});
  if (told.has_value() && told.assume_value().outcome->shorts_at != 0) {
    const auto read = co_await ask<std::vector<LogEntry>>(
        [&](Completion<std::vector<LogEntry>> done) { backend.read(id, done); });
    if (read.has_value()) told = completed(id, stored, read.assume_value());
  }
  answer(std::move(told));
}

/// The run may exist: then it has ended, or it is under way. `epoch` is that of a claim that is of
/// no use; `otherwise`, what is answered if there is no run.
Errand Core::attach(RunId id, RequestKey request, ClaimState otherwise, std::uint64_t epoch,
                    Answerer<StartAnswer> answer) {
  const auto self = shared_from_this();
  const auto read = co_await ask<std::vector<LogEntry>>(
      [&](Completion<std::vector<LogEntry>> done) { backend.read(id, done); });
  if (!read.has_value()) {
    answer(read.assume_error());
    co_return;
  }
  const std::vector<LogEntry>& entries = read.assume_value();
  const auto last = entries.empty() ? result<RunRecord>(RunRecord{}) : read_record(entries.back());
  if (!last.has_value() || last.assume_value().kind != RecordKind::ended) {
    const ClaimState state = entries.empty() ? otherwise : ClaimState::in_progress;
    give_back(request, epoch, in_state(state, id), std::move(answer));
    co_return;
  }
  const std::vector<std::byte>& stored = last.assume_value().output;
  auto settled = co_await ask<void>(
      [&](Completion<void> done) { backend.settle(id, entries, done); });
  if (settled.has_value() && epoch != 0) {
    settled = co_await ask<void>(
        [&](Completion<void> done) { backend.confirm_claim(request, epoch, stored, done); });
  }
  if (settled.has_value()) {
    answer(completed(id, stored, entries));
  } else {
    answer(settled.assume_error());
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
