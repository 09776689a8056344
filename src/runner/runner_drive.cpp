// SPDX-License-Identifier: Apache-2.0
//
// How a run is driven: ask the machine, do what it says with the run's lock released, tell it what
// came of it.
#include <algorithm>

#include <invsaga/assert.hpp>

#include "runner_state.hpp"

namespace invsaga {
inline namespace v0 {
namespace detail {
namespace {

/// Between attempts to reach a log that does not answer. Never a hot loop, and never given up while
/// the runner lives.
constexpr RetryPolicy log_retry{Duration{100}, Duration{5'000}, 200, 20, 0, Duration::max()};

}  // namespace

using Core = RunnerCore::Core;

// --- who drives

/// False if the run is not driven here any more: the news is left where it was.
bool Core::post(const RunPtr& run, News& news) noexcept {
  bool starts = false;
  {
    const std::lock_guard lock(run->mutex);
    if (run->gone) return false;
    run->news.splice(run->news.end(), news);
    starts = begins_to_drive(run);
  }
  if (starts) set_off(run);
  return true;
}

/// Time has passed, or the log has more, or it was nudged before and nobody has driven it since.
/// False if it is not driven here any more. `starts`: nobody drives it at the moment, and the
/// caller is to do so.
bool Core::nudge(const RunPtr& run, Nudge why, bool& starts) noexcept {
  const std::lock_guard lock(run->mutex);
  if (run->gone) return false;
  if (why == Nudge::log) look(*run);
  run->nudged = run->nudged || why != Nudge::again;
  starts = run->nudged && begins_to_drive(run);
  return true;
}

/// Under the run's lock: whether the caller is to set it off now. It is not, if a thread drives it,
/// or if this one drives another and does so later. What waits on a thread for that is taken over
/// by one that is free: the thread may be in a step that does not return.
bool Core::begins_to_drive(const RunPtr& run) noexcept {
  if (run->driving && !run->queued) return false;
  run->driving = true;
  run->queued = !options.on_executor && Chain::is_busy();
  if (run->queued) queue(run);
  return !run->queued;
}

/// Drives what is to be driven first: on this thread, unless steps are called by the executor only.
void Core::set_off(const RunPtr& run) noexcept {
  if (!options.on_executor) return drive(run);
  set_off_later(run);
}

/// By a task of its own.
void Core::set_off_later(const RunPtr& run) noexcept {
  auto post_turn = [&] { environment.executor.post({&Core::on_turn, this, run->serial, nullptr}); };
  if (ending_of(post_turn) == Ending::returned) return;
  {
    const std::lock_guard lock(run->mutex);
    run->driving = false;
    run->nudged = true;
  }
  neglect(*run);
}

/// For the next run that waits. What cannot be armed is by the next activity.
void Core::arm_timers() noexcept {
  std::optional<Time> when;
  auto next = [&] { when = timers.arm_next(); };
  if (ending_of(next) != Ending::returned) {
    timers_unarmed = true;
    return;
  }
  if (!when) return;
  const auto tag = static_cast<std::uint64_t>(when->time_since_epoch().count());
  if (arm(*when, {&Core::on_timer, this, tag, nullptr})) return;
  timers.disarm(*when);
  timers_unarmed = true;
}

bool Core::arm(Time when, Task task) noexcept {
  auto post = [&] { environment.executor.post_at(when, task); };
  return ending_of(post) == Ending::returned;
}

/// One run a task, so that as many threads drive them as the executor has.
void Core::on_timer(void* core, std::uint64_t when) noexcept {
  auto& self = *static_cast<Core*>(core);
  const Visit visit(self.visits);
  if (!visit) return;
  self.timers.disarm(Time{Duration{static_cast<Duration::rep>(when)}});
  self.attend();
  const auto serial = self.timers.take_due(self.environment.clock.now());
  self.arm_timers();
  const RunPtr run = serial ? self.find_serial(*serial) : nullptr;
  bool starts = false;
  if (run && self.nudge(run, Nudge::time, starts) && starts) self.drive(run);
}

void Core::on_turn(void* core, std::uint64_t serial) noexcept {
  auto& self = *static_cast<Core*>(core);
  const Visit visit(self.visits);
  if (!visit) return;
  self.attend();
  if (const RunPtr run = self.find_serial(serial)) self.drive(run);
}

/// Once this thread has done with what it drives, if it does.
void Core::drive(const RunPtr& run) noexcept {
  if (Chain::is_busy()) {
    const Lock lock(run->mutex);
    return queue(run);
  }
  const Chain chain;
  drive_here(run, true);
}

/// Under the run's lock: this thread drives it later, or the one that its link is with already.
void Core::queue(const RunPtr& run) noexcept {
  run->queued = true;
  if (run->link.empty()) return;
  run->link.front() = {shared_from_this(), run, &Core::drive_link, run->starting != nullptr};
  Chain::add(run->link);
}

void Core::drive_link(std::list<Chain::Link>& link, bool whole) noexcept {
  const auto core = std::static_pointer_cast<Core>(std::move(link.front().runner));
  const auto run = std::static_pointer_cast<ActiveRun>(std::move(link.front().run));
  {
    const Lock lock(run->mutex);
    run->link.splice(run->link.end(), link);
    if (!std::exchange(run->queued, false)) return;  // another thread has taken it over
  }
  if (!core->visits.enter()) return;  // who began it need not wait for that
  core->drive_here(run, whole);
  core->visits.leave();
}

/// A driver that memory has run out for begins again with what the log tells. If not `whole`, it is
/// driven only until it is known whether it has begun, and later on.
void Core::drive_here(const RunPtr& self, bool whole) noexcept {
  const DrivingHere here;
  ActiveRun& run = *self;
  News unheard;
  std::list<Brought> untold;
  auto on = [&] { drive_on(self, whole, unheard, untold); };
  while (ending_of(on) != Ending::returned) lose(self);
  if (ended) return;
  // Another drives it now, or nobody: what was brought is brought there.
  for (auto& news : unheard) {
    if (auto* const late = std::get_if<OneBrought>(&news)) untold.splice(untold.end(), *late);
  }
  while (!untold.empty()) {
    OneBrought one;
    one.splice(one.end(), untold, untold.begin());
    complete(run.id, std::move(one), true);
  }
}

/// Until it rests. If it is driven here no more, it is dropped, and what it was not told is handed
/// out.
void Core::drive_on(const RunPtr& self, bool whole, News& unheard, std::list<Brought>& untold) {
  ActiveRun& run = *self;
  News one;  // outlives the lock
  Lock lock(run.mutex);
  INVSAGA_ASSERT(run.driving, "whoever drives has said so");
  while (!run.gone && !ended) {
    if (!whole && !run.starting) return queue(self);
    if (stopping && !run.machine->is_stopping()) run.machine->stop();
    Step step = Step::go_on;
    run.nudged = false;
    if (!run.news.empty()) {
      one.clear();
      one.splice(one.end(), run.news, run.news.begin());
      step = hear(run, one, lock);
      if (step == Step::go_on) continue;
    } else if (Turns::are_waiting()) {
      lock.unlock();  // they would wait for users' code, which may come next
      Turns::take_all();
      lock.lock();
      continue;
    } else {
      step = act(self, lock);
    }
    if (step == Step::go_on) {
      run.in_place.take("a run that is driven comes forward, tries something or rests");
    } else {
      run.in_place = most_in_place;
      if (!run.brought.empty()) tell_unknown(run, lock);
      if (run.news.empty() && !run.nudged) break;
    }
  }
  run.driving = false;
  const bool over = run.gone;
  if (over || ended) {
    unheard.swap(run.news);
    untold.swap(run.brought);
  }
  lock.unlock();
  if (over) {
    drop(run);
    wake_waiters(run.id);
  }
  if (stopping) look_whether_at_rest();
}

/// Memory has run out, or was not enough for what was to be kept in mind: all of that is let go,
/// and what was under way is in doubt, as after a crash.
void Core::lose(const RunPtr& self) noexcept {
  ActiveRun& run = *self;
  const MachineOptions options_of_it = machine_options();
  Lock lock(run.mutex);
  const bool takes_over = run.machine->position() > 0 && !run.machine->is_fenced() &&
                          run.machine->state().owner != owner;
  run.takes_over = run.takes_over || takes_over;
  run.begins_late = true;
  run.cancels_late = false;
  run.machine.emplace(run.id, run.saga->definition, options_of_it);
  ++run.life;
  run.superseded.reset();
  run.spare.reset();
  run.in_place = most_in_place;
  look(run);
  for (Brought& news : run.brought) news.look = Brought::Look::asked;
  tell_known(run, lock);
  if (run.starting) {
    lost_beginning(run, lock);
  } else if (!run.gone) {
    static_cast<void>(rest_after_failure(run, no_memory()));
  }
}

Core::Step Core::hear(ActiveRun& run, News& one, Lock& lock) {
  auto& news = one.front();
  if (auto* brought = std::get_if<OneBrought>(&news)) {
    run.brought.splice(run.brought.end(), *brought);
    tell_brought(run, nullptr, lock);
  } else if (auto* write_answer = std::get_if<WriteAnswer>(&news)) {
    return written(run, *write_answer->sent, lock);
  } else if (auto* caught_up_news = std::get_if<CaughtUp>(&news)) {
    return caught_up(run, *caught_up_news, lock);
  }
  return Step::go_on;
}

/// Where parts live apart the first record may come to the log when its request was already said to
/// be never run, or the run was forgotten (protocol rule 6). Both are said only past the request's
/// deadline, of a log without the run: so nothing of a run is begun past that.
bool Core::is_begun_too_late(const ActiveRun& run) const noexcept {
  const RunState& state = run.machine->state();
  if (!state.only_begun || run.machine->is_fenced()) return false;
  const bool is_late = is_set(state.begin_by) && state.begin_by <= backend.now();
  return is_late && !backend.capabilities().atomic_effects;
}

Core::Step Core::act(const RunPtr& self, Lock& lock) {
  ActiveRun& run = *self;
  if (run.behind) {
    if (run.catching_up || is_resting(run)) return Step::rest;
    News read;
    read.emplace_back(CaughtUp{Error{Errc::reply_lost}});
    auto errand = catch_up(self, run.machine->position(), std::move(read));
    if (errand.is_none()) return rest_after_failure(run, no_memory());
    run.catching_up = true;
    lock.unlock();
    send_off(std::move(errand), {[](void*, std::uint64_t, result<void>&&) noexcept {}});
    lock.lock();
    return Step::rest;
  }
  if (!run.cancels_late && !stopping && is_begun_too_late(run)) {
    run.cancels_late = true;
    static_cast<void>(run.machine->cancel("request_expired"));
  }
  const Instruction instruction = run.machine->next(environment.clock.now());
  switch (instruction.kind) {
    case Instruction::Kind::append:
      if (run.machine->position() == 0 && is_set(run.begin_by) && run.begin_by <= backend.now() &&
          !run.starting) {
        look(run);
        run.begins_late = true;
        return Step::go_on;
      }
      if (is_resting(run)) return Step::rest;
      return submit(self, instruction, lock);
    case Instruction::Kind::prepare:
      return prepare(run, instruction, lock);
    case Instruction::Kind::call:
      if (instruction.attempt > 1 && run.looked_for != instruction.ticket) {
        run.looked_for = instruction.ticket;  // it may have been answered at another process
        look(run);
        return Step::go_on;
      }
      call(run, instruction, lock);
      return Step::go_on;
    case Instruction::Kind::apply:
      return submit(self, instruction, lock);
    case Instruction::Kind::wait:
    case Instruction::Kind::await:
      return rest_until(run, instruction.when);
    case Instruction::Kind::stuck:
      finish(run, true, lock);
      return Step::rest;
    case Instruction::Kind::finished:
      finish(run, false, lock);
      return Step::rest;
    case Instruction::Kind::fenced:
      run.gone = run.news.empty();  // else it is told of more, which may have taken it back
      return run.gone ? Step::rest : Step::go_on;
  }
  INVSAGA_UNREACHABLE("an instruction of no kind");
}

// --- waiting and ending

Core::Step Core::rest_until(ActiveRun& run, Time when) noexcept {
  if (when == Time::max()) return Step::rest;  // no time moves it
  timers.set(run.alarm, when, environment.clock.now());
  arm_timers();
  return Step::rest;
}

Core::Step Core::rest_after_failure(ActiveRun& run, const Error& error) noexcept {
  ++run.log_failures;
  run.log_error = error;
  const Duration wait = backoff(log_retry, run.log_failures, run.id.low);
  run.ask_log_at = saturating_add(environment.clock.now(), wait);
  return rest_until(run, run.ask_log_at);
}

/// After a failure of the log it is left alone for a while, whatever else comes.
bool Core::is_resting(ActiveRun& run) noexcept {
  if (run.log_failures == 0 || run.ask_log_at <= environment.clock.now()) return false;
  rest_until(run, run.ask_log_at);
  return true;
}

void Core::tell_recorded(RunId run, const RunState& state, const RunRecord& record) const noexcept {
  thrown.guard("observer", [&] { options.observer->recorded(run, state, record); });
}

/// One that is stuck is let go of too, unless somebody has moved it since: who resumes it takes it
/// over.
void Core::finish(ActiveRun& run, bool stuck, Lock& lock) {
  if (!stuck || !run.told_stuck) tell_ended(run, stuck, lock);
  const bool moved = run.behind || run.nudged || !run.news.empty();
  run.gone = !stuck || !moved;
}

void Core::tell_ended(ActiveRun& run, bool stuck, Lock& lock) {
  const auto outcome = run.machine->outcome();
  run.told_stuck = stuck;
  const bool known = !stuck && std::exchange(run.told_end, true);
  if (!outcome || known || options.observer == nullptr) return;
  lock.unlock();
  thrown.guard("observer",
               [&] { options.observer->ended(run.id, run.machine->state(), *outcome); });
  lock.lock();
}

// --- the log

void Core::take_in(ActiveRun& run, const RunRecord& record, Lock& lock) {
  if (!run.machine->recorded(record).has_value()) {
    run.gone = true;  // the log holds what this definition cannot follow: leave the run alone
    return;
  }
  run.in_place = most_in_place;
  const bool before = run.machine->position() <= run.told_before;
  run.told_stuck = run.machine->state().stuck && (run.told_stuck || before);
  if (run.machine->position() > run.told) {
    run.told = run.machine->position();
    if (options.observer != nullptr) {
      lock.unlock();
      tell_recorded(run.id, run.machine->state(), record);
      lock.lock();
    }
  }
  run.told_end = run.told_end || (before && record.kind == RecordKind::ended);
  tell_brought(run, &record, lock);
}

/// The log is read before anything more is done: again, if that is under way.
void Core::look(ActiveRun& run) noexcept {
  run.behind = true;
  run.stale = run.stale || run.catching_up;
}

/// Reads what was appended without this driver, into `read`. It may not have come as far as the
/// outbox, which must have it before anything more is decided (protocol rule 9).
Errand<void> Core::catch_up(RunPtr run, Position from, News read) {
  auto& told = std::get<CaughtUp>(read.front()).entries;
  told = co_await ask<std::vector<LogEntry>>(
      [&](Completion<std::vector<LogEntry>> done) { backend.read(run->id, done); });
  if (told.has_value() && told.assume_value().size() > from) {
    const auto settled = co_await ask<void>([&](Completion<void> done) {
      backend.settle(run->id, std::span(told.assume_value()).subspan(from), done);
    });
    if (!settled.has_value()) told = settled.assume_error();
  }
  post(run, read);
  co_return success();
}

Core::Step Core::caught_up(ActiveRun& run, const CaughtUp& news, Lock& lock) {
  run.catching_up = false;
  const bool stale = std::exchange(run.stale, false);
  if (!news.entries.has_value()) {
    if (run.starting && run.machine->is_under_way()) return Step::rest;  // its answer decides
    if (run.starting) return not_begun(run, news.entries.assume_error(), lock);
    return rest_after_failure(run, news.entries.assume_error());
  }
  run.behind = stale;
  const std::vector<LogEntry>& entries = news.entries.assume_value();
  // What it wanted to append was refused, and there is nothing of the run: it has ended elsewhere,
  // and was forgotten.
  run.gone = run.gone || (run.superseded && entries.empty() && run.machine->position() > 0);
  const bool begun = run.starting && !entries.empty();
  const bool own = begun && has_begun(run, entries.front());
  if (own && !run.starting->begun) release(run.id);
  run.gone = run.gone || (begun && !own);
  if (begun) run.starting->begun = own;
  while (!run.gone && run.machine->position() < entries.size()) {
    const auto record = read_record(entries[run.machine->position()]);
    if (!record.has_value()) {
      run.gone = true;  // nobody can go on from what cannot be read
      break;
    }
    take_in(run, record.assume_value(), lock);
  }
  if (begun) found_begun(run, own, lock);
  if (std::exchange(run.takes_over, false)) run.machine->take_over();
  if (stale) return Step::go_on;
  run.begins_late = run.begins_late && run.machine->position() == 0;
  if (run.begins_late) {
    run.gone = run.news.empty();  // else it is told of more, and looks again
    if (!run.gone) look(run);
    return Step::go_on;
  }
  if (!run.brought.empty()) {
    for (Brought& brought : run.brought) {
      if (brought.look == Brought::Look::asked) brought.look = Brought::Look::done;
    }
    tell_brought(run, nullptr, lock);
  }
  if (const auto superseded = std::exchange(run.superseded, std::nullopt); superseded) {
    const bool nothing_new = run.machine->position() == superseded->position;
    run.machine->superseded(superseded->instruction, nothing_new, environment.clock.now());
    const bool append = superseded->instruction.kind == Instruction::Kind::append;
    if (append && nothing_new) {  // what is read lags behind
      return rest_after_failure(run, Error{Errc::moved_on}.about(WritePart::position));
    }
  }
  run.log_failures = 0;
  return Step::go_on;
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
