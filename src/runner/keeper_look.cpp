// SPDX-License-Identifier: Apache-2.0
//
// What a keeper looks at.
#include <algorithm>

#include <invsaga/forgetting.hpp>

#include "keeper_core.hpp"

namespace invsaga {
inline namespace v0 {

using detail::Errand;
using detail::RunnerCore;
using Asker = RunnerCore::Core::Asker;

namespace {

/// What can never work is not tried again for its own sake.
bool may_work(const result<void>& failed) noexcept {
  return !failed.has_value() && failed.assume_error().remedy() != Remedy::give_up;
}

}  // namespace

// --- a look

void Keeper::Core::post_look() noexcept {
  const std::lock_guard lock(mutex_);
  again_ = looking_;
  if (looking_) return;
  auto post = [&] { environment_.executor.post({&Core::look_now, this, 0, nullptr}); };
  looking_ = detail::ending_of(post) == detail::Ending::returned;  // else the next tick does
}

void Keeper::Core::look_now(void* core, std::uint64_t) noexcept {
  auto& self = *static_cast<Core*>(core);
  {
    const std::lock_guard lock(self.mutex_);
    self.again_ = false;
    self.look_at_ = saturating_add(self.pace_.now(), self.options_.pace);
    ++self.counts_.looks;
  }
  self.show_lives();
  self.look().send_off(self.shared_from_this(), {&Core::looked, core, 0});
}

/// What it could not do, for want of memory or of an answer, is done a while later.
void Keeper::Core::looked(void* core, std::uint64_t, result<void>&& outcome) noexcept {
  auto& self = *static_cast<Core*>(core);
  self.left_some_ = self.left_some_ || may_work(outcome);
  if (!self.moves_ && !self.ended_) self.arm_next();  // while nobody else looks
  bool again = false;
  {
    const std::lock_guard lock(self.mutex_);
    self.looking_ = false;
    again = std::exchange(self.again_, false);
  }
  if (again && !self.moves_ && !self.ended_) self.post_look();
}

/// What fails hinders nothing that follows.
Errand<void> Keeper::Core::look() {
  left_some_ = false;
  wake_relays();
  look_after_neglected();
  const auto note = [this](const result<void>& tried) {
    left_some_ = left_some_ || may_work(tried);
  };
  note(co_await forget_old());
  if (!moves_) note(co_await find_next_end());
  for (const RunnerPtr& runner : runners(&Runner::check_at)) {
    note(co_await look_for_orphans(runner));
    if (ended_) break;
  }
  co_return success();
}

void Keeper::Core::wake_relays() {
  std::vector<Relay::Waker> relays;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(relays_, [](const Relay::Waker& relay) { return relay.is_over(); });
    relays = relays_;
  }
  for (const Relay::Waker& relay : relays) relay.wake();
}

/// What a runner could not arm, or post, for want of memory.
void Keeper::Core::look_after_neglected() {
  for (const RunnerPtr& runner : runners()) {
    const detail::Visit visit(runner->visits);
    if (visit) runner->look_after_neglected(Asker::keeper);
  }
}

bool Keeper::Core::is_room_wanted() {
  bool wanted = false;
  for (const RunnerPtr& runner : runners()) wanted = runner->wants_room.exchange(false) || wanted;
  return wanted;
}

// --- what has ended

/// What may not go yet hides nothing: the next look goes on behind it, and begins anew at the end.
/// Where room is wanted the oldest are tried first, a page of them, however far it has come.
Errand<void> Keeper::Core::forget_old() {
  const Time now = backend_.now();
  may_read_ = options_.batch;
  if (is_set(free_at_) && free_at_ <= now) behind_ = {}, free_at_ = {};
  const bool wanted = is_room_wanted();
  makes_room_ = wanted || makes_room_;
  std::optional<EndedRun> go_back;
  if (wanted) go_back = std::exchange(behind_, EndedRun{});
  const Time before = makes_room_ ? now : now - options_.keep;
  bool all = false;
  for (std::size_t left = options_.batches + (wanted ? 1 : 0); left > 0 && !all && !ended_;
       --left) {
    const auto page = co_await ask<std::vector<EndedRun>>(
        [&](Completion<std::vector<EndedRun>> done) {
          backend_.ended(before, behind_, options_.batch, done);
        });
    if (!page.has_value()) {
      count(&KeeperCounts::failures);
      co_return page.assume_error();
    }
    bool any_gone = false;
    for (const EndedRun& run : page.assume_value()) {
      const auto tried = co_await forget(run.run, any_gone);
      tries_anew_ = tries_anew_ || may_work(tried);
      behind_ = run;
    }
    all = page.assume_value().size() < options_.batch;
    const bool goes_back = go_back && !any_gone && !all && is_set(go_back->at);
    if (goes_back) behind_ = *go_back;
    go_back.reset();
  }
  left_some_ = left_some_ || !all;
  if (!all) co_return success();
  behind_ = {};
  makes_room_ = false;
  left_some_ = std::exchange(tries_anew_, false) || left_some_;
  co_return success();
}

/// `any_gone` is set if it goes.
Errand<void> Keeper::Core::forget(RunId run, bool& any_gone) {
  const auto gone = co_await ask<void>([&](Completion<void> done) { backend_.forget(run, done); });
  if (gone.has_value()) {
    any_gone = true;
    count(&KeeperCounts::forgotten);
  } else if (gone.assume_error().code != Errc::busy) {
    count(&KeeperCounts::failures);
    co_return gone;
  } else if (!moves_) {
    co_return co_await find_when_free(run);
  }
  co_return success();
}

/// If time alone may free it: what waits for events, or for an answer, is after the next activity.
/// A page of them is read in a look; those behind are when these have gone.
Errand<void> Keeper::Core::find_when_free(RunId run) {
  if (may_read_ == 0) co_return success();
  --may_read_;
  const auto read = co_await ask<std::vector<LogEntry>>(
      [&](Completion<std::vector<LogEntry>> done) { backend_.read(run, done); });
  if (!read.has_value()) co_return read.assume_error();
  const auto held = held_back(read.assume_value(), backend_.limits());
  if (!held.has_value()) co_return success();
  const Time until = held.assume_value().until;
  if (until > backend_.now()) free_at_ = is_set(free_at_) ? std::min(free_at_, until) : until;
  co_return success();
}

/// Of what is not old enough yet.
Errand<void> Keeper::Core::find_next_end() {
  const Time old = backend_.now() - options_.keep - Duration{1};  // `ended` tells what is before
  const RunId last{~std::uint64_t{0}, ~std::uint64_t{0}};
  const auto page = co_await ask<std::vector<EndedRun>>(
      [&](Completion<std::vector<EndedRun>> done) {
        backend_.ended(Time::max(), {old, last}, 1, done);
      });
  if (!page.has_value()) co_return page.assume_error();
  const std::lock_guard lock(mutex_);
  const bool any = !page.assume_value().empty();
  next_end_ = any ? saturating_add(page.assume_value().front().at,
                                   saturating_add(options_.keep, Duration{1}))
                  : Time{};
  co_return success();
}

// --- orphans

/// Again at the latest after a part of what makes a run an orphan; by a clock that stands still
/// only if there is anything to wait for.
Errand<void> Keeper::Core::look_for_orphans(RunnerPtr runner) {
  const auto found = co_await ask<RecoveryReport>([&](Completion<RecoveryReport> done) {
    const detail::Visit visit(runner->visits);  // its end waits for what is done here
    if (!visit) return done(Error{Errc::unavailable});
    runner->recover(options_.orphaned_after, Asker::keeper).send_off(runner, done);
  });
  const Time now = backend_.now();
  const RecoveryReport report = found.has_value() ? found.assume_value() : RecoveryReport{};
  Time next = saturating_add(now, options_.orphaned_after / 4);
  if (is_set(report.next_due)) next = std::min(next, report.next_due);
  next = std::max(next, now + Duration{1});
  const bool is_idle = found.has_value() && report.left + report.taken + report.failed == 0;
  if (is_idle && !moves_) next = Time{};
  if (runner->stopping) next = Time::max();
  const std::lock_guard lock(mutex_);
  counts_.taken += report.taken;
  counts_.failures += report.failed;
  for (Runner& one : runners_) {
    if (one.is(runner)) one.check_at = next;
  }
  co_return success();
}

void Keeper::Core::count(std::uint64_t KeeperCounts::* counter, std::uint64_t more) {
  const std::lock_guard lock(mutex_);
  counts_.*counter += more;
}

}  // namespace v0
}  // namespace invsaga
