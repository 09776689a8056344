// SPDX-License-Identifier: Apache-2.0
//
// Who waits for one run: told by its driver if that is here, else by what the log says from time to
// time.
#include <algorithm>
#include <utility>

#include "runner_state.hpp"

namespace invsaga {
inline namespace v0 {
namespace detail {

using Core = RunnerCore::Core;

namespace {

constexpr Duration first_interval{10};
constexpr Duration longest_interval{1'000};

}  // namespace

void Core::wait(RunId run, Time deadline, Completion<RunOutcome> done) noexcept {
  attend();
  std::uint64_t ticket = 0;
  bool full = false;
  auto begin = [&] {
    std::map<std::uint64_t, Waiter> one;
    std::set<std::pair<RunId, std::uint64_t>> of_run;
    const std::lock_guard lock(waits);
    full = waiters.size() >= options.max_waiters;
    if (full) return;
    ticket = ++last_ticket;
    one.emplace(ticket,
                Waiter{run, deadline, first_interval, true, {}, {}, Answerer<RunOutcome>({})});
    of_run.emplace(run, ticket);
    wait_timers.reserve(waiters.size() + 1);
    one.begin()->second.alarm.serial = ticket;
    one.begin()->second.told = Answerer<RunOutcome>(done);
    waiters.merge(one);
    waiters_of.merge(of_run);
  };
  if (ending_of(begin) != Ending::returned) return done(no_memory());
  if (full) return done(no_room(Limit::waiters, options.max_waiters));
  how_it_stands(run).send_off(shared_from_this(), {&Core::looked, this, ticket});
  const Time soon = saturating_add(environment.clock.now(), longest_interval);
  arm_wait(ticket, std::min(soon, deadline));
}

/// Nothing if it has begun and goes on.
Errand<std::optional<RunOutcome>> Core::how_it_stands(RunId run) {
  const auto read = co_await ask<std::vector<LogEntry>>(
      [&](Completion<std::vector<LogEntry>> done) { backend.read(run, done); });
  if (!read.has_value()) co_return read.assume_error();
  auto records = read_records(read.assume_value());
  if (!records.has_value()) co_return records.assume_error();
  const std::vector<RunRecord>& all = records.assume_value();
  if (all.empty()) co_return Error{Errc::not_found};
  if (all.back().kind == RecordKind::ended) {
    auto outcome = decode<RunOutcome>(all.back().output);
    if (!outcome.has_value()) co_return outcome.assume_error();
    RunOutcome& told = outcome.assume_value();
    if (told.shorts_at != 0 && told.shorts_at < all.size()) {
      told.shorts = all[told.shorts_at].shorts;
    }
    co_return std::optional<RunOutcome>(std::move(told));
  }
  if (!is_stuck(all)) co_return std::optional<RunOutcome>();
  const SagaPtr saga = saga_of(all.front());
  if (!saga) co_return Error{Errc::unknown_definition};
  SagaMachine machine(run, saga->definition, machine_options());
  for (const RunRecord& record : all) {
    const auto folded = machine.recorded(record);
    if (!folded.has_value()) co_return folded.assume_error();
  }
  co_return machine.outcome();
}

/// A log that does not answer is asked again, as one that has nothing of the run.
void Core::looked(void* core, std::uint64_t ticket,
                  result<std::optional<RunOutcome>>&& found) noexcept {
  auto& self = *static_cast<Core*>(core);
  const Visit visit(self.visits);
  if (!visit) return;  // whoever waits is told by the runner's end
  const Time now = self.environment.clock.now();
  const bool over = found.has_value() && found.assume_value();
  const bool hopeless = !found.has_value() && found.assume_error().remedy() == Remedy::give_up &&
                        found.assume_error().code != Errc::not_found;
  result<RunOutcome> answer = Error{Errc::timed_out};
  if (over) {
    answer = std::move(*found.assume_value());
  } else if (hopeless || (!found.has_value() && found.assume_error().code == Errc::not_found)) {
    answer = found.assume_error();
  }
  Time next;
  {
    const std::lock_guard lock(self.waits);
    const auto at = self.waiters.find(ticket);
    if (at == self.waiters.end()) return;
    Waiter& waiter = at->second;
    waiter.looking = false;
    const bool last = now >= waiter.deadline || self.stopping;
    if (over || hopeless || last) {
      if (!over && !hopeless && self.stopping) answer = Error{Errc::unavailable};
      waiter.answer.emplace(std::move(answer));
    } else {
      next = std::min(saturating_add(now, waiter.interval), waiter.deadline);
      waiter.interval = std::min(2 * waiter.interval, longest_interval);
    }
  }
  if (is_set(next)) return self.arm_wait(ticket, next);
  self.tell_later(ticket);
}

/// It is looked at by then.
void Core::arm_wait(std::uint64_t ticket, Time when) noexcept {
  {
    const std::lock_guard lock(waits);
    const auto at = waiters.find(ticket);
    if (at == waiters.end() || at->second.answer) return;
    wait_timers.set(at->second.alarm, when, environment.clock.now());
  }
  arm_waits();
}

/// For the first of them. One whom nothing would wake is told so.
void Core::arm_waits() noexcept {
  for (;;) {
    std::optional<Time> when;
    auto next = [&] { when = wait_timers.arm_next(); };
    const bool has_memory = ending_of(next) == Ending::returned;
    if (has_memory && !when) return;
    const auto tag = static_cast<std::uint64_t>(when ? to_ms(*when) : 0);
    if (when && arm(*when, {&Core::on_wait, this, tag, nullptr})) return;
    if (when) wait_timers.disarm(*when);
    const auto first = wait_timers.take_due(Time::max());
    if (first) tell_anyway(*first);
  }
}

/// On the executor; here, if that has no memory for a task.
void Core::tell_later(std::uint64_t ticket) noexcept {
  if (arm(environment.clock.now(), {&Core::on_told, this, ticket, nullptr})) return;
  tell_anyway(ticket);
}

void Core::on_told(void* core, std::uint64_t ticket) noexcept {
  auto& self = *static_cast<Core*>(core);
  const Visit visit(self.visits);
  if (!visit) return;
  if (auto over = self.take_waiter(ticket, false)) over->told(*std::move(over->answer));
}

void Core::tell_anyway(std::uint64_t ticket) noexcept {
  if (auto over = take_waiter(ticket, true)) {
    over->told(over->answer ? *std::move(over->answer) : result<RunOutcome>(no_memory()));
  }
}

/// If it is answered, or `anyway`.
std::optional<Waiter> Core::take_waiter(std::uint64_t ticket, bool anyway) noexcept {
  const std::lock_guard lock(waits);
  const auto at = waiters.find(ticket);
  if (at == waiters.end() || !(at->second.answer || anyway)) return std::nullopt;
  wait_timers.close(at->second.alarm);
  std::optional<Waiter> taken(std::move(at->second));
  waiters_of.erase({taken->run, ticket});
  waiters.erase(at);
  return taken;
}

/// One of them a task, as with runs.
void Core::on_wait(void* core, std::uint64_t when) noexcept {
  auto& self = *static_cast<Core*>(core);
  const Visit visit(self.visits);
  if (!visit) return;
  self.wait_timers.disarm(time_from_ms(static_cast<std::int64_t>(when)));
  const auto ticket = self.wait_timers.take_due(self.environment.clock.now());
  self.arm_the_unarmed();
  self.arm_waits();
  if (ticket) self.look_at_waiter(*ticket);
}

void Core::look_at_waiter(std::uint64_t ticket) noexcept {
  RunId run;
  Time deadline;
  bool looking = false;
  const Time now = environment.clock.now();
  {
    const std::lock_guard lock(waits);
    const auto at = waiters.find(ticket);
    if (at == waiters.end() || at->second.answer) return;
    run = at->second.run;
    deadline = at->second.deadline;
    looking = at->second.looking;
  }
  const bool is_last = now >= deadline || stopping;
  if (looking && is_last) {  // the log does not answer
    const Error error{stopping ? Errc::unavailable : Errc::timed_out};
    if (auto over = take_waiter(ticket, true)) over->told(error);
    return;
  }
  const bool driven_here = find(run) != nullptr;  // then its driver says when it ends
  if (!looking && (!driven_here || is_last)) return look_for(ticket);
  arm_wait(ticket, std::min(saturating_add(now, longest_interval), deadline));
}

void Core::look_for(std::uint64_t ticket) noexcept {
  RunId run;
  {
    const std::lock_guard lock(waits);
    const auto at = waiters.find(ticket);
    if (at == waiters.end() || at->second.answer || std::exchange(at->second.looking, true)) {
      return;
    }
    run = at->second.run;
  }
  how_it_stands(run).send_off(shared_from_this(), {&Core::looked, this, ticket});
}

/// It is driven here no more: it has ended, is stuck, or somebody else drives it.
void Core::wake_waiters(RunId run) noexcept {
  for (std::uint64_t ticket = 0;;) {
    {
      const std::lock_guard lock(waits);
      const auto next = waiters_of.upper_bound({run, ticket});
      if (next == waiters_of.end() || next->first != run) return;
      ticket = next->second;
    }
    look_for(ticket);
  }
}

/// Nothing more happens here: the log says what has.
void Core::wake_all_waiters() noexcept {
  for (std::uint64_t ticket = 0;;) {
    {
      const std::lock_guard lock(waits);
      const auto next = waiters.upper_bound(ticket);
      if (next == waiters.end()) return;
      ticket = next->first;
    }
    look_for(ticket);
  }
}

void Core::refuse_waiters() noexcept {
  std::map<std::uint64_t, Waiter> left;
  {
    const std::lock_guard lock(waits);
    wait_timers.close_all();
    left.swap(waiters);
    waiters_of.clear();
  }
  for (auto& [ticket, waiter] : left) {
    waiter.told(waiter.answer ? *std::move(waiter.answer) : Error{Errc::unavailable});
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
