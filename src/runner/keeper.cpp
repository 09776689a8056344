// SPDX-License-Identifier: Apache-2.0
//
// Time, signs of life, and when to look.
#include <algorithm>

#include "keeper_core.hpp"

namespace invsaga {
inline namespace v0 {

using detail::Errand;
using detail::RunnerCore;

// --- time

void Keeper::Core::begin() {
  if (!moves_) return post_look();
  ticks_.emplace(pace_, 1U);
  ticks_->post({&Core::on_tick, this, 0, nullptr});
}

void Keeper::Core::stop() noexcept {
  ended_ = true;
  if (ticks_) ticks_->drop(this);
  ticks_.reset();
  visits_.end();
  environment_.executor.drop(this);
}

void Keeper::Core::move_time() noexcept { backend_.advance_to(environment_.clock.now()); }

/// On a thread of its own. If there is no memory to come again, it stays.
void Keeper::Core::on_tick(void* core, std::uint64_t) noexcept {
  auto& self = *static_cast<Core*>(core);
  for (;;) {
    if (self.ended_) return;
    self.tick();
    const Time next = saturating_add(self.pace_.now(), self.options_.tick);
    auto come_again = [&] { self.ticks_->post_at(next, {&Core::on_tick, core, 0, nullptr}); };
    if (detail::ending_of(come_again) == detail::Ending::returned) return;
    self.pace_.sleep_until(next);
  }
}

void Keeper::Core::tick() noexcept {
  move_time();
  const auto expired = backend_.expire_due();
  bool due = false;
  {
    const std::lock_guard lock(mutex_);
    counts_.expired += expired.has_value() ? expired.assume_value() : 0;
    counts_.failures += expired.has_value() ? 0 : 1;
    due = look_at_ <= pace_.now();
  }
  show_lives();
  if (due || !moves_) post_look();
}

/// A clock that stands still was moved, perhaps: whoever acts is to find the store's time right.
void Keeper::Core::activity() noexcept {
  const detail::Visit visit(visits_);
  if (!visit) return;
  move_time();
  show_lives();
  post_look();
}

// --- that runners live

/// Whatever a look is at, or waits for: others would take over what lives.
void Keeper::Core::show_lives() noexcept {
  const Time now = backend_.now();
  {
    const std::lock_guard lock(mutex_);
    const auto is_due = [&](const Runner& one) { return one.show_at <= now; };
    if (showing_ || std::ranges::none_of(runners_, is_due)) return;
    showing_ = true;
  }
  show_due_lives().send_off(shared_from_this(), {&Core::shown, this, 0});
}

void Keeper::Core::shown(void* core, std::uint64_t, result<void>&&) noexcept {
  auto& self = *static_cast<Core*>(core);
  const std::lock_guard lock(self.mutex_);
  self.showing_ = false;
}

/// Again when half of its lease is over; if it could not be shown, soon.
Errand<void> Keeper::Core::show_due_lives() {
  for (const RunnerPtr& runner : runners(&Runner::show_at)) {
    const auto lives = co_await ask<void>([&](Completion<void> done) {
      const detail::Visit visit(runner->visits);
      if (!visit) return done(Error{Errc::unavailable});
      runner->show_life(options_.orphaned_after).send_off(runner, done);
    });
    Duration rest = options_.orphaned_after / 4;
    if (!lives.has_value()) rest = std::min(rest, options_.pace);
    const Time next = saturating_add(backend_.now(), std::max(rest, Duration{1}));
    const std::lock_guard lock(mutex_);
    for (Runner& one : runners_) {
      if (one.is(runner)) one.show_at = next;
    }
  }
  co_return success();
}

// --- by a clock that stands still: what is due next

/// A task that cannot be armed is by the next activity.
void Keeper::Core::arm(Time when) noexcept {
  const std::lock_guard lock(mutex_);
  if (armed_.cover(when)) return;
  const auto tag = static_cast<std::uint64_t>(to_ms(when));
  auto post = [&] {
    armed_.make_room();
    environment_.executor.post_at(when, {&Core::on_due, this, tag, nullptr});
  };
  if (detail::ending_of(post) == detail::Ending::returned) armed_.add(when);
}

void Keeper::Core::on_due(void* core, std::uint64_t when) noexcept {
  auto& self = *static_cast<Core*>(core);
  {
    const std::lock_guard lock(self.mutex_);
    self.armed_.remove(time_from_ms(static_cast<std::int64_t>(when)));
  }
  self.tick();
}

void Keeper::Core::arm_next() noexcept {
  std::optional<Time> next = backend_.next_expiry();
  const auto no_later = [&](Time when) {
    if (is_set(when) && when != Time::max() && (!next || when < *next)) next = when;
  };
  {
    const std::lock_guard lock(mutex_);
    no_later(next_end_);
    no_later(free_at_);
    if (left_some_) no_later(saturating_add(environment_.clock.now(), options_.pace));
    for (const Runner& runner : runners_) {
      if (runner.core.expired() || !is_set(runner.check_at)) continue;
      no_later(runner.check_at);
      no_later(runner.show_at);
    }
  }
  if (next) arm(std::max(*next, environment_.clock.now() + Duration{1}));
}

// --- what is looked after

/// Those that live, or those of them that are due. The last of a runner may be let go of by whoever
/// has them: by then without the lock, as it may be the end of what its users gave it.
std::vector<Keeper::Core::RunnerPtr> Keeper::Core::runners(Time Runner::* due) {
  const Time now = backend_.now();
  std::vector<RunnerPtr> living;
  const std::lock_guard lock(mutex_);
  std::erase_if(runners_, [](const Runner& one) { return one.core.expired(); });
  living.reserve(runners_.size());
  for (const Runner& one : runners_) {
    if (due != nullptr && one.*due > now) continue;
    if (RunnerPtr runner = one.core.lock()) living.push_back(std::move(runner));
  }
  return living;
}

result<void> Keeper::Core::look_after(const RunnerPtr& runner) {
  {
    const std::lock_guard lock(mutex_);
    for (const Runner& one : runners_) {
      if (one.is(runner)) return success();
    }
    auto add = [&] { runners_.push_back({runner, {}, {}}); };
    if (detail::ending_of(add) != detail::Ending::returned) return no_memory();
  }
  if (!moves_) runner->watch(std::shared_ptr<detail::Watcher>(shared_from_this()));
  post_look();
  return success();
}

result<void> Keeper::Core::look_after(Relay::Waker relay) {
  {
    const std::lock_guard lock(mutex_);
    if (std::ranges::find(relays_, relay) != relays_.end()) return success();
    auto add = [&] { relays_.push_back(std::move(relay)); };
    if (detail::ending_of(add) != detail::Ending::returned) return no_memory();
  }
  post_look();
  return success();
}

KeeperCounts Keeper::Core::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

Keeper::Keeper(AnyBackend backend, Environment environment, KeeperOptions options)
    : core_(std::make_shared<Core>(std::move(backend), environment, options)) {
  core_->begin();
}
Keeper::~Keeper() { core_->stop(); }
result<void> Keeper::look_after(detail::RunnerCore& runner) {
  return core_->look_after(runner.core());
}
result<void> Keeper::look_after(const Relay& relay) {
  return core_->look_after(Relay::Waker(relay));
}
void Keeper::tick() { core_->tick(); }
KeeperCounts Keeper::counts() const { return core_->counts(); }

}  // namespace v0
}  // namespace invsaga
