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
bool Core::post(const RunPtr& run, News&& news) {
  const bool time_alone = std::holds_alternative<Kick>(news);  // it is on the executor already
  bool starts = false;
  if (!enqueue(*run, std::move(news), starts)) return false;
  if (starts && time_alone) drive(run);
  if (starts && !time_alone) set_off(run);
  return true;
}

/// `starts`: nobody drives it at the moment, and the caller is to do so.
bool Core::enqueue(ActiveRun& run, News&& news, bool& starts) {
  const std::lock_guard lock(run.mutex);
  if (run.gone) return false;
  run.news.push_back(std::move(news));
  starts = !std::exchange(run.driving, true);
  return true;
}

/// Drives what is to be driven first: on this thread, unless steps are called by the executor only.
void Core::set_off(const RunPtr& run) {
  if (!options.on_executor) return drive(run);
  environment.executor.post({&Core::on_turn, this, run->serial, nullptr});
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
  const DrivingHere here;
  ActiveRun& run = *self;
  Lock lock(run.mutex);
  INVSAGA_ASSERT(run.driving, "whoever drives has said so");
  while (!run.gone && !ended) {
    Step step = Step::go_on;
    if (!run.news.empty()) {
      News news = std::move(run.news.front());
      run.news.pop_front();
      step = hear(run, news, lock);
      if (step == Step::go_on) continue;
    } else {
      step = act(self, lock);
    }
    if (step == Step::go_on) {
      run.in_place.take("a run that is driven comes forward, tries something or rests");
    } else {
      run.in_place = most_in_place;
      if (!run.brought.empty()) tell_unknown(run, lock);
      if (run.news.empty()) break;
    }
  }
  run.driving = false;
  std::deque<News> unheard;
  std::vector<Brought> untold;
  if (run.gone || ended) {
    unheard.swap(run.news);
    untold.swap(run.brought);
  }
  const bool over = run.gone;
  lock.unlock();
  if (over) drop(run);
  if (ended) return;
  // Another drives it now, or nobody: what was brought is brought there.
  for (News& news : unheard) {
    if (auto* const late = std::get_if<Brought>(&news)) untold.push_back(std::move(*late));
  }
  for (Brought& news : untold) complete(run.id, std::move(news), true);
}

Core::Step Core::hear(ActiveRun& run, News& news, Lock& lock) {
  if (std::holds_alternative<Kick>(news)) {
    // Its timer has fired; the clock may be set back before the next one is armed.
    if (run.armed <= environment.clock.now()) run.armed = {};
  } else if (std::holds_alternative<Reread>(news)) {
    look(run);
  } else if (auto* brought = std::get_if<Brought>(&news)) {
    run.brought.push_back(std::move(*brought));
    tell_brought(run, nullptr, lock);
  } else if (auto* write_answer = std::get_if<WriteAnswer>(&news)) {
    return written(run, *write_answer->sent, lock);
  } else if (auto* caught_up_news = std::get_if<CaughtUp>(&news)) {
    return caught_up(run, *caught_up_news, lock);
  }
  return Step::go_on;
}

Core::Step Core::act(const RunPtr& self, Lock& lock) {
  ActiveRun& run = *self;
  if (run.behind) {
    if (run.catching_up || is_resting(run)) return Step::rest;
    run.catching_up = true;
    const Position from = run.machine.position();
    lock.unlock();
    catch_up(self, from);
    lock.lock();
    return Step::rest;
  }
  const Instruction instruction = run.machine.next(environment.clock.now());
  switch (instruction.kind) {
    case Instruction::Kind::append:
      if (run.machine.position() == 0 && is_set(run.begin_by) && run.begin_by <= backend.now() &&
          !run.starting) {
        look(run);
        run.begins_late = true;
        return Step::go_on;
      }
      if (is_resting(run)) return Step::rest;
      return submit(self, instruction, lock);
    case Instruction::Kind::prepare:
      prepare(run, instruction, lock);
      return Step::go_on;
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

Core::Step Core::rest_until(ActiveRun& run, Time when) {
  if (when == Time::max()) return Step::rest;  // no time moves it
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
  run.ask_log_at = saturating_add(environment.clock.now(), wait);
  return rest_until(run, run.ask_log_at);
}

/// After a failure of the log it is left alone for a while, whatever else comes.
bool Core::is_resting(ActiveRun& run) {
  if (run.log_failures == 0 || run.ask_log_at <= environment.clock.now()) return false;
  rest_until(run, run.ask_log_at);
  return true;
}

void Core::finish(ActiveRun& run, bool stuck, Lock& lock) {
  if (stuck && run.told_stuck) return;
  run.told_stuck = stuck;
  const auto outcome = run.machine.outcome();
  const bool known = !stuck && run.machine.position() <= run.told;
  if (outcome && !known && options.observer != nullptr) {
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
  if (options.observer != nullptr && run.machine.position() > run.told) {
    lock.unlock();
    options.observer->recorded(run.id, run.machine.state(), record);
    lock.lock();
  }
  tell_brought(run, &record, lock);
}

/// The log is read before anything more is done: again, if that is under way.
void Core::look(ActiveRun& run) {
  run.behind = true;
  run.stale = run.stale || run.catching_up;
}

/// Reads what was appended without this driver. It may not have come as far as the outbox, which
/// must have it before anything more is decided (protocol rule 9).
Errand Core::catch_up(RunPtr run, Position from) {
  auto read = co_await ask<std::vector<LogEntry>>(
      [&](Completion<std::vector<LogEntry>> done) { backend.read(run->id, done); });
  if (read.has_value() && read.assume_value().size() > from) {
    const auto settled = co_await ask<void>([&](Completion<void> done) {
      backend.settle(run->id, std::span(read.assume_value()).subspan(from), done);
    });
    if (!settled.has_value()) read = settled.assume_error();
  }
  post(run, CaughtUp{std::move(read)});
}

Core::Step Core::caught_up(ActiveRun& run, const CaughtUp& news, Lock& lock) {
  run.catching_up = false;
  const bool stale = std::exchange(run.stale, false);
  if (!news.entries.has_value()) {
    if (run.starting) return not_begun(run, news.entries.assume_error(), lock);
    return rest_after_failure(run);
  }
  run.behind = stale;
  run.log_failures = 0;
  const std::vector<LogEntry>& entries = news.entries.assume_value();
  const bool begun = run.starting && !entries.empty();
  const bool own = begun && has_begun(run, entries.front());
  if (own) release(run.id);
  run.gone = run.gone || (begun && !own);
  while (!run.gone && run.machine.position() < entries.size()) {
    const auto record = read_record(entries[run.machine.position()]);
    if (!record.has_value()) {
      run.gone = true;  // nobody can go on from what cannot be read
      break;
    }
    take_in(run, record.assume_value(), lock);
  }
  if (begun) found_begun(run, own, lock);
  if (stale) return Step::go_on;
  if (std::exchange(run.begins_late, false) && run.machine.position() == 0) {
    run.gone = run.news.empty();  // else it is told of more, and looks again
    if (!run.gone) look(run);
  }
  if (!run.brought.empty()) {
    for (Brought& brought : run.brought) {
      if (brought.look == Brought::Look::asked) brought.look = Brought::Look::done;
    }
    tell_brought(run, nullptr, lock);
  }
  if (const auto superseded = std::exchange(run.superseded, std::nullopt); superseded) {
    const bool nothing_new = run.machine.position() == superseded->position;
    run.machine.superseded(superseded->instruction, nothing_new, environment.clock.now());
    const bool append = superseded->instruction.kind == Instruction::Kind::append;
    if (append && nothing_new) return rest_after_failure(run);
  }
  return Step::go_on;
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
