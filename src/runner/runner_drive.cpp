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

/// What may be too large for a log, and is left to a person then: again and again would not help.
bool can_be_stuck(RecordKind kind) noexcept {
  return kind == RecordKind::intent || kind == RecordKind::outcome || kind == RecordKind::undone ||
         kind == RecordKind::ended;
}

/// Whether it would begin a run past the deadline of its request.
bool is_too_late(const RunRecord& record, Time now) noexcept {
  return record.kind == RecordKind::begun && is_set(record.until) && record.until <= now;
}

}  // namespace

using Core = RunnerCore::Core;

// --- who drives

void Core::post(const RunPtr& run, News news) {
  {
    const std::lock_guard lock(run->mutex);
    if (run->gone) return;
    const bool time_alone = std::holds_alternative<Kick>(news);
    run->news.push_back(std::move(news));
    if (run->driving) return;
    run->driving = true;
    if (options.on_executor && !time_alone) {  // a timer is on the executor already
      environment.executor.post({&Core::on_turn, this, run->serial, nullptr});
      return;
    }
  }
  drive(run);
}

void Core::on_timer(void* core, std::uint64_t serial) {
  auto& self = *static_cast<Core*>(core);
  if (const RunPtr run = self.find_serial(serial)) self.post(run, Kick{});
}

void Core::on_turn(void* core, std::uint64_t serial) {
  auto& self = *static_cast<Core*>(core);
  if (const RunPtr run = self.find_serial(serial)) self.drive(run);
}

void Core::drive(const RunPtr& self) {
  ActiveRun& run = *self;
  Lock lock(run.mutex);
  INVSAGA_ASSERT(run.driving, "whoever drives has said so");
  while (!run.gone && !ended) {
    if (!run.news.empty()) {
      News news = std::move(run.news.front());
      run.news.pop_front();
      hear(run, news, lock);
    } else if (act(self, lock) == Step::go_on) {
      run.in_place.take("a run that is driven comes forward, tries something or rests");
    } else {
      run.in_place = most_in_place;
      if (run.news.empty()) break;
    }
  }
  run.driving = false;
  if (run.gone || ended) run.news.clear();
  const bool over = run.gone;
  lock.unlock();
  if (over) drop(run);
}

void Core::hear(ActiveRun& run, News& news, Lock& lock) {
  if (std::holds_alternative<Kick>(news)) {
    // Its timer has fired; the clock may be set back before the next one is armed.
    if (run.armed <= environment.clock.now()) run.armed = {};
  } else if (std::holds_alternative<Reread>(news)) {
    run.behind = true;
  } else if (auto* call_answer = std::get_if<CallAnswer>(&news)) {
    run.machine.completed(call_answer->step, call_answer->undo, call_answer->answer,
                          environment.clock.now());
  } else if (auto* attempt_answer = std::get_if<AttemptAnswer>(&news)) {
    applied(run, *attempt_answer, lock);
  }
}

Core::Step Core::act(const RunPtr& self, Lock& lock) {
  ActiveRun& run = *self;
  if (run.behind) {
    if (!catch_up(run, lock)) return rest_after_failure(run);
    run.log_failures = 0;
    if (run.gone) return Step::rest;
  }
  const Instruction instruction = run.machine.next(environment.clock.now(), backend->now());
  switch (instruction.kind) {
    case Instruction::Kind::append:
      if (is_too_late(instruction.record, backend->now())) {
        if (!begin_late(run, lock)) return rest_after_failure(run);
        return Step::go_on;
      }
      if (!append(run, instruction.record, lock)) return rest_after_failure(run);
      run.log_failures = 0;
      return Step::go_on;
    case Instruction::Kind::prepare:
      prepare(run, instruction, lock);
      return Step::go_on;
    case Instruction::Kind::call:
      call(run, instruction, lock);
      return Step::go_on;
    case Instruction::Kind::apply:
      apply(self, instruction, lock);
      return Step::go_on;
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
      run.gone = true;
      return Step::rest;
  }
  INVSAGA_UNREACHABLE("an instruction of no kind");
}

// --- waiting and ending

Core::Step Core::rest_until(ActiveRun& run, Time when) {
  const Time now = environment.clock.now();
  const bool armed_before = is_set(run.armed) && run.armed > now && run.armed <= when;
  if (!armed_before) {
    run.armed = when;
    environment.executor.post_at(when, {&Core::on_timer, this, run.serial, nullptr});
  }
  return Step::rest;
}

Core::Step Core::rest_after_failure(ActiveRun& run) {
  ++run.log_failures;
  const Duration wait = backoff(log_retry, run.log_failures, run.id.low);
  return rest_until(run, saturating_add(environment.clock.now(), wait));
}

void Core::finish(ActiveRun& run, bool stuck, Lock& lock) {
  if (stuck && run.told_stuck) return;
  run.told_stuck = stuck;
  const auto outcome = run.machine.outcome();
  if (outcome && options.observer != nullptr) {
    lock.unlock();
    options.observer->ended(run.id, run.machine.state(), *outcome);
    lock.lock();
  }
  run.gone = !stuck;
}

// --- the log

void Core::take_in(ActiveRun& run, const RunRecord& record, Lock& lock) {
  if (!run.machine.recorded(record).has_value()) {
    run.gone = true;  // the log holds what this definition cannot follow: leave the run alone
    return;
  }
  run.in_place = most_in_place;
  run.told_stuck = run.told_stuck && run.machine.state().stuck;
  if (options.observer == nullptr) return;
  lock.unlock();
  options.observer->recorded(run.id, run.machine.state(), record);
  lock.lock();
}

/// False if it did not come into the log, and nothing else did either.
bool Core::append(ActiveRun& run, const RunRecord& record, Lock& lock) {
  const Position at = run.machine.position();
  lock.unlock();
  const auto appended = backend->append(run.id, at, record);
  lock.lock();
  if (appended.has_value()) {
    take_in(run, record, lock);
    return true;
  }
  const Error error = appended.assume_error();
  if (error.code == Errc::moved_on) return catch_up(run, lock) && run.machine.position() > at;
  const bool hopeless = error.remedy() == Remedy::give_up && can_be_stuck(record.kind);
  if (hopeless) run.machine.unrecordable(record, error);
  return hopeless;
}

/// The request's first record, still in doubt. Past its deadline the request is never run; whether
/// it was begun in time, the log tells.
bool Core::begin_late(ActiveRun& run, Lock& lock) {
  if (!catch_up(run, lock)) return false;
  run.gone = run.gone || run.machine.position() == 0;
  return true;
}

/// Takes in what was appended without this driver. It may not have come as far as the outbox, which
/// must have it before anything more is decided (protocol rule 9).
bool Core::catch_up(ActiveRun& run, Lock& lock) {
  const std::size_t from = run.machine.position();
  lock.unlock();
  const auto read = backend->read(run.id);
  std::vector<RunRecord> news;
  bool good = read.has_value();
  if (good && read.assume_value().size() > from) {
    news.assign(read.assume_value().begin() + static_cast<std::ptrdiff_t>(from),
                read.assume_value().end());
    good = backend->settle(run.id, news).has_value();
  }
  lock.lock();
  run.behind = !good;
  if (!good) return false;
  for (const RunRecord& record : news) {
    if (!run.gone) take_in(run, record, lock);
  }
  return true;
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
