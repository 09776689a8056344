// SPDX-License-Identifier: Apache-2.0
#include <invsaga/keeper.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <invsaga/assert.hpp>
#include <invsaga/detail/armed_times.hpp>

#include "errand.hpp"
#include "runner_state.hpp"

namespace invsaga {
inline namespace v0 {

using detail::Errand;
using detail::RunnerCore;

class Keeper::Core final : public std::enable_shared_from_this<Core>, public detail::Watcher {
 public:
  Core(AnyBackend backend, Environment environment, KeeperOptions options)
      : backend_(std::move(backend)),
        environment_(environment),
        options_(options),
        moves_(environment.clock.moves_by_itself()) {
    INVSAGA_ASSERT(options.tick > Duration{0} && options.pace > Duration{0} &&
                       options.orphaned_after > Duration{0} && options.keep >= Duration{0} &&
                       options.batch > 0 && options.batches > 0,
                   "Keeper::Keeper: options above 0, but for keep, which may be 0");
    move_time();
    keep_ = options_.keep;
    kept_at_ = backend_.now();
  }

  void begin();
  /// Nothing of what it was given is touched after it.
  void stop() noexcept;
  result<void> look_after(const std::shared_ptr<RunnerCore::Core>& runner);
  result<void> look_after(Relay::Waker relay);
  void tick() noexcept;
  void activity() noexcept override;
  [[nodiscard]] KeeperCounts counts() const;

 private:
  struct Runner {
    std::weak_ptr<RunnerCore::Core> core;
    Time check_at;  ///< For orphans, by the store's clock; not set: at the next look.
  };

  static void on_tick(void* core, std::uint64_t) noexcept;
  static void on_due(void* core, std::uint64_t when) noexcept;
  static void look_now(void* core, std::uint64_t) noexcept;
  static void looked(void* core, std::uint64_t, result<void>&& outcome) noexcept;

  template <class T, class Send>
  [[nodiscard]] detail::Awaited<T, Send> ask(Send send) {
    return {{shared_from_this(), &visits_}, std::move(send)};
  }
  void count(std::uint64_t KeeperCounts::* counter, std::uint64_t more = 1);
  void move_time() noexcept;
  void post_look() noexcept;
  void arm(Time when) noexcept;
  void arm_next() noexcept;
  Errand<void> look();
  Errand<void> forget_old(Duration keep);
  Errand<void> find_next_end();
  Errand<void> look_for_orphans(std::shared_ptr<RunnerCore::Core> runner);
  void wake_relays();
  [[nodiscard]] bool is_room_wanted();
  [[nodiscard]] Duration keep_for_now();
  [[nodiscard]] std::vector<std::shared_ptr<RunnerCore::Core>> due_runners();

  AnyBackend backend_;
  const Environment environment_;
  const KeeperOptions options_;
  const bool moves_;  ///< The clock, by itself.
  std::optional<ThreadExecutor> ticks_;
  // Of whoever looks.
  EndedRun behind_;  ///< What has ended up to here was looked at.
  Duration keep_;    ///< As of `kept_at_`.
  Time kept_at_;

  detail::Visits visits_;
  std::atomic<bool> ended_{false};
  mutable std::mutex mutex_;
  bool looking_ = false;  ///< A look is posted, or under way.
  bool again_ = false;    ///< Another was asked for meanwhile.
  Time look_at_;          ///< By the clock.
  Time next_end_;         ///< When the next run is old enough to be forgotten; not set: none.
  detail::ArmedTimes armed_;
  std::vector<Runner> runners_;
  std::vector<Relay::Waker> relays_;
  KeeperCounts counts_;
};

// --- time

void Keeper::Core::begin() {
  if (!moves_) return post_look();
  ticks_.emplace(environment_.clock, 1U);
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
  Clock& clock = self.environment_.clock;
  for (;;) {
    if (self.ended_) return;
    self.tick();
    const Time next = saturating_add(clock.now(), self.options_.tick);
    auto come_again = [&] { self.ticks_->post_at(next, {&Core::on_tick, core, 0, nullptr}); };
    if (detail::ending_of(come_again) == detail::Ending::returned) return;
    clock.sleep_until(next);
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
    due = look_at_ <= environment_.clock.now();
  }
  if (due || !moves_) post_look();
}

/// A clock that stands still was moved, perhaps: whoever acts is to find the store's time right.
void Keeper::Core::activity() noexcept {
  const detail::Visit visit(visits_);
  if (!visit) return;
  move_time();
  post_look();
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
    for (const Runner& runner : runners_) {
      if (!runner.core.expired()) no_later(runner.check_at);
    }
  }
  if (next) arm(std::max(*next, environment_.clock.now() + Duration{1}));
}

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
    self.look_at_ = saturating_add(self.environment_.clock.now(), self.options_.pace);
    ++self.counts_.looks;
  }
  self.look().send_off(self.shared_from_this(), {&Core::looked, core, 0});
}

/// What it could not do, for want of memory or of an answer, is done a while later.
void Keeper::Core::looked(void* core, std::uint64_t, result<void>&& outcome) noexcept {
  auto& self = *static_cast<Core*>(core);
  bool again = false;
  {
    const std::lock_guard lock(self.mutex_);
    self.looking_ = false;
    again = std::exchange(self.again_, false);
  }
  if (self.moves_ || self.ended_) return;
  if (again) return self.post_look();
  self.arm_next();
  const bool failed = !outcome.has_value() && outcome.assume_error().remedy() != Remedy::give_up;
  if (failed) self.arm(saturating_add(self.environment_.clock.now(), self.options_.pace));
}

/// What only moves the relays and makes room comes first: to drive an orphan may take its steps'
/// time. What fails hinders nothing that follows.
Errand<void> Keeper::Core::look() {
  wake_relays();
  result<void> outcome = co_await forget_old(keep_for_now());
  const auto note = [&](const result<void>& next) {
    if (outcome.has_value()) outcome = next;
  };
  if (!moves_) note(co_await find_next_end());
  for (const auto& runner : due_runners()) {
    note(co_await look_for_orphans(runner));
    if (ended_) break;
  }
  co_return outcome;
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

bool Keeper::Core::is_room_wanted() {
  const std::lock_guard lock(mutex_);
  bool wanted = false;
  for (const Runner& one : runners_) {
    const auto runner = one.core.lock();
    wanted = (runner && runner->wants_room.exchange(false)) || wanted;
  }
  return wanted;
}

/// Who is refused is one too many: from then on less is kept, and again as much as time passes, so
/// that the next ones find room before they are refused.
Duration Keeper::Core::keep_for_now() {
  const Time now = backend_.now();
  keep_ = std::min(options_.keep, keep_ + (now - kept_at_));
  kept_at_ = now;
  if (!is_room_wanted()) return keep_;
  keep_ /= 2;
  return Duration{0};
}

/// What may not go yet hides nothing: the next look goes on behind it, and begins anew at the end.
Errand<void> Keeper::Core::forget_old(Duration keep) {
  result<void> outcome = success();
  const Time before = backend_.now() - keep;
  for (std::size_t batch = 0; batch < options_.batches && !ended_; ++batch) {
    const auto page = co_await ask<std::vector<EndedRun>>(
        [&](Completion<std::vector<EndedRun>> done) {
          backend_.ended(before, behind_, options_.batch, done);
        });
    if (!page.has_value()) {
      count(&KeeperCounts::failures);
      co_return page.assume_error();
    }
    for (const EndedRun& run : page.assume_value()) {
      const auto gone = co_await ask<void>(
          [&](Completion<void> done) { backend_.forget(run.run, done); });
      behind_ = run;
      if (gone.has_value()) {
        count(&KeeperCounts::forgotten);
      } else if (gone.assume_error().code != Errc::busy) {
        count(&KeeperCounts::failures);
        outcome = gone;
      }
    }
    if (page.assume_value().size() == options_.batch) continue;
    behind_ = {};
    break;
  }
  co_return outcome;
}

/// Of what is not old enough yet.
Errand<void> Keeper::Core::find_next_end() {
  const Time old = backend_.now() - options_.keep;
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

std::vector<std::shared_ptr<RunnerCore::Core>> Keeper::Core::due_runners() {
  const Time now = backend_.now();
  std::vector<std::shared_ptr<RunnerCore::Core>> due;
  const std::lock_guard lock(mutex_);
  std::erase_if(runners_, [](const Runner& one) { return one.core.expired(); });
  due.reserve(runners_.size());
  for (const Runner& one : runners_) {
    auto runner = one.core.lock();
    if (runner && one.check_at <= now) due.push_back(std::move(runner));
  }
  return due;
}

/// Again at the latest after a part of what makes a run an orphan; by a clock that stands still
/// only if there is anything to wait for.
Errand<void> Keeper::Core::look_for_orphans(std::shared_ptr<RunnerCore::Core> runner) {
  const auto found = co_await ask<RecoveryReport>([&](Completion<RecoveryReport> done) {
    const detail::Visit visit(runner->visits);  // its end waits for what is driven here
    if (!visit) return done(Error{Errc::unavailable});
    runner->look_after_neglected();
    runner->check_orphans(options_.orphaned_after).send_off(runner, done);
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
    if (one.core.lock() == runner) one.check_at = next;
  }
  co_return success();
}

void Keeper::Core::count(std::uint64_t KeeperCounts::* counter, std::uint64_t more) {
  const std::lock_guard lock(mutex_);
  counts_.*counter += more;
}

// --- what is looked after

result<void> Keeper::Core::look_after(const std::shared_ptr<RunnerCore::Core>& runner) {
  {
    const std::lock_guard lock(mutex_);
    for (const Runner& one : runners_) {
      if (one.core.lock() == runner) return success();
    }
    auto add = [&] { runners_.push_back({runner, {}}); };
    if (detail::ending_of(add) != detail::Ending::returned) return no_memory();
  }
  if (!moves_) runner->watch(std::shared_ptr<Watcher>(shared_from_this()));
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
