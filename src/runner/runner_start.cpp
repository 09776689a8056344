// SPDX-License-Identifier: Apache-2.0
//
// How runs are begun: the request is claimed, the first record binds the claim, and the run is
// driven.
#include <algorithm>

#include <invsaga/assert.hpp>

#include "runner_state.hpp"

namespace invsaga {
inline namespace v0 {

RunId run_id(std::string_view saga, const StartRequest& request, HashKey secret) noexcept {
  if (request.request.is_set()) return derive_id<RunId>("run", request.request, 0, 0, secret);
  return make_id<RunId>({"run", saga, request.key}, secret);
}

namespace detail {
namespace {

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
  const std::size_t bytes = request.key.size();
  if (bytes == 0 || bytes > max_subject_bytes) return Error{Errc::invalid_argument};
  if (!request.request.is_set()) return success();
  const bool is_whole = is_set(request.deadline) && request.fingerprint.is_set();
  return is_whole ? result<void>(success()) : Error{Errc::invalid_argument};
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
  record.fingerprint = request.fingerprint;
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
      owner(options_.owner.is_set() ? options_.owner : new_owner(environment_)),
      relay(options_.relay != nullptr ? Relay::Waker(*options_.relay) : Relay::Waker()) {
  INVSAGA_ASSERT(options.lease > Duration{0}, "SagaRunner::SagaRunner: options.lease > 0");
}

/// Who is within is let finish: what is answered is recorded, and told.
void Core::end() {
  stopping = true;
  visits.end();
  ended = true;
  environment.executor.drop(this);  // a visitor may have armed a timer on its way out
  refuse_waiters();
  std::list<Stopper> untold;
  {
    const std::lock_guard lock(stops);
    untold.swap(stoppers);
    restless.clear();
  }
  // What no driver will hear of refers to its run, and who waits is told.
  decltype(runs) left_over;
  {
    const std::lock_guard lock(mutex);
    left_over.swap(runs);
    by_serial.clear();
    timers.close_all();
    while (neglected) neglected = std::move(neglected->next_neglected);
  }
  for (const auto& [id, entry] : left_over) {
    if (!entry.driver) continue;
    News unheard;  // whoever waits is told when these go, without the lock
    std::list<Brought> untold;
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

void Core::add(KeptSaga kept, void* user) {
  INVSAGA_ASSERT(is_whole(kept.definition),
                 "SagaRunner::add: a function for each step and each undo");
  SagaVersion version = kept.definition.saga;
  auto saga = std::make_shared<RegisteredSaga>(RegisteredSaga{std::move(kept), user});
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

/// `no_memory` unless it was answered, or somebody else is to answer.
void Core::start(const SagaVersion& version, const StartRequest& request,
                 std::vector<std::byte> input, Completion<StartAnswer> done) noexcept {
  attend();
  Answerer<StartAnswer> answer(done);
  const auto begun = within_memory(
      [&] { return start_or_refuse(version, request, input, answer); });
  if (!begun.has_value()) answer.refuse(begun.assume_error());
}

/// Begins it, or answers why not.
result<void> Core::start_or_refuse(const SagaVersion& version, const StartRequest& request,
                                   std::vector<std::byte>& input, Answerer<StartAnswer>& answer) {
  INVSAGA_CHECK(ready());
  INVSAGA_CHECK(validate(request));
  const SagaPtr saga = find_saga(version);
  if (!saga) return Error{Errc::unknown_definition};
  Beginning beginning{.id = run_id(version.name, request, options.secret),
                      .saga = saga,
                      .request = request,
                      .input = std::move(input),
                      .claim = {}};
  if (!request.request.is_set()) {
    beginning.request.fingerprint = fingerprint(saga->definition.input_schema, beginning.input,
                                                options.secret);
  } else {
    const Time lease_until = saturating_add(backend.now(), options.lease);
    beginning.claim.emplace(claim_of(request, lease_until));
    if (!backend.capabilities().atomic_effects) {
      claim_first(std::move(beginning)).send_off(shared_from_this(), answer.release());
      return success();
    }  // else the claim goes with the first record
  }
  begin(std::move(beginning), std::move(answer));
  return success();
}

result<void> Core::ready() const {
  if (stopping) return Error{Errc::unavailable};
  return check_capabilities(backend.capabilities(), saga_needs);
}

/// The event that asked for the run: what became of it.
Errand<Handling> Core::start_for(SagaVersion saga, StartRequest request,
                                 std::vector<std::byte> input) {
  const auto begun = co_await ask<StartAnswer>(
      [&](Completion<StartAnswer> done) { start(saga, request, std::move(input), done); });
  if (!begun.has_value()) co_return begun.assume_error();
  switch (begun.assume_value().state) {
    case ClaimState::fresh:
      co_return Handling::handled;
    case ClaimState::in_progress: {
      // Claimed is not begun: whoever claimed it may have died before its first record.
      const auto read = co_await ask<std::vector<LogEntry>>(
          [&](Completion<std::vector<LogEntry>> done) {
            backend.read(begun.assume_value().run, done);
          });
      if (!read.has_value()) co_return read.assume_error();
      if (read.assume_value().empty()) co_return Error{Errc::busy};
      co_return Handling::duplicate;
    }
    case ClaimState::completed:
      co_return Handling::duplicate;
    case ClaimState::expired:
      co_return Error{Errc::too_late};
    case ClaimState::mismatch:
      break;
  }
  co_return Error{Errc::invalid_argument};
}

Errand<StartAnswer> Core::claim_first(Beginning beginning) {
  ClaimEffect& effect = *beginning.claim;
  bool late = false;
  auto claim = co_await ask<ClaimAnswer>(
      [&](Completion<ClaimAnswer> done) { backend.claim(effect.claim, done); }, &late);
  if (!claim.has_value()) {
    note_refusal(claim.assume_error());
    co_return claim.assume_error();
  }
  if (claim.assume_value().state != ClaimState::fresh) {
    co_return co_await not_fresh(beginning.asked(), std::move(claim).assume_value());
  }
  effect.epoch = claim.assume_value().epoch;
  beginning.here = beginning.here && !late;
  co_return co_await ask<StartAnswer>([&](Completion<StartAnswer> done) {
    begin(std::move(beginning), Answerer<StartAnswer>(done));
  });
}

/// A driver that is new, before anybody knows of it.
void Core::begin_with(ActiveRun& run, Beginning& beginning) const {
  run.begun_for = beginning.request.fingerprint;
  run.starting = std::make_unique<Starting>(Starting{Answerer<StartAnswer>({}), beginning.asked()});
  run.machine->begin(begun_record(beginning.saga->definition, beginning.request, owner, run.serial,
                                  std::move(beginning.input)),
                     beginning.claim ? &*beginning.claim : nullptr);
  run.begin_by = beginning.request.deadline;
}

void Core::begin(Beginning beginning, Answerer<StartAnswer> answer) noexcept {
  bool busy = false;
  RunPtr run;
  const auto seated = within_memory([&]() -> result<void> {
    run = seat_to_begin(beginning, busy);
    if (run || busy) return success();
    if (stopping) return Error{Errc::unavailable};
    return no_room(Limit::runs, options.max_runs);
  });
  const bool begins = seated.has_value() && !busy;
  if (beginning.held && !begins) release(beginning.id);
  if (!seated.has_value()) {
    return send_off(give_back(beginning.asked(), seated.assume_error()), answer.release());
  }
  if (busy) return begin_too(run, std::move(beginning), std::move(answer));
  {
    const Lock lock(run->mutex);
    run->starting->answer = std::move(answer);
  }
  if (beginning.here) return drive(run);
  set_off(run);
}

/// The run is driven here, and so the log tells of it, or soon will; or it is held by who may begin
/// it: then how that comes out decides.
void Core::begin_too(const RunPtr& driver, Beginning beginning, Answerer<StartAnswer> answer) {
  beginning.held = false;
  if (!driver) return send_off(begin_later(std::move(beginning)), answer.release());
  bool gone = false;
  {
    const Lock lock(driver->mutex);
    gone = driver->gone;
  }
  if (gone) {
    drop(*driver);
    return begin(std::move(beginning), std::move(answer));
  }
  const Asked asked = beginning.asked();
  if (asked.epoch == 0 && asked.request.is_set()) {  // a claim that is known decides
    return send_off(claim_first(std::move(beginning)), answer.release());
  }
  send_off(attach(asked, driver->state_for(asked.fingerprint)), answer.release());
}

Errand<StartAnswer> Core::begin_later(Beginning beginning) {
  static_cast<void>(co_await ask<void>([&](Completion<void> held) { hold(beginning.id, held); }));
  beginning.here = false;
  beginning.held = true;
  const auto begun = co_await ask<StartAnswer>([&](Completion<StartAnswer> done) {
    begin(std::move(beginning), Answerer<StartAnswer>(done));
    Turns::take();
  });
  co_return begun;
}

void Core::not_granted(ActiveRun& run, ClaimAnswer claim, Lock& lock) {
  run.gone = true;
  const std::unique_ptr<Starting> starting = std::move(run.starting);
  lock.unlock();
  drop(run);
  if (starting) {
    release(run.id);
    send_off(not_fresh(starting->asked, std::move(claim)), starting->answer.release());
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
    send_off(attach(starting->asked, ClaimState::in_progress), starting->answer.release());
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
    static_cast<void>(rest_after_failure(run, error));
  } else {
    run.gone = true;
  }
  lock.unlock();
  if (!doubt) drop(run);
  release(run.id);
  if (doubt) {
    starting->answer(reply_lost_by(error));
  } else if (moved_on) {
    send_off(attach(starting->asked, ClaimState::in_progress), starting->answer.release());
  } else {
    send_off(give_back(starting->asked, error), starting->answer.release());
  }
  Turns::take();
  lock.lock();
  return Step::rest;
}

/// Memory has run out before it was known to have begun, or for all that comes then.
void Core::lost_beginning(ActiveRun& run, Lock& lock) noexcept {
  const std::unique_ptr<Starting> starting = std::move(run.starting);
  if (!starting->sent) {
    run.gone = true;  // nobody can know of it
  } else {
    static_cast<void>(rest_after_failure(run, no_memory()));
  }
  lock.unlock();
  if (!starting->sent) drop(run);
  if (!starting->begun) release(run.id);
  if (starting->begun) {
    starting->answer(in_state(ClaimState::fresh, run.id));
  } else if (starting->sent) {
    starting->answer(Error{Errc::reply_lost});
  } else {
    send_off(give_back(starting->asked, no_memory()), starting->answer.release());
  }
  Turns::take();
  lock.lock();
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
