// SPDX-License-Identifier: Apache-2.0
#include <invsaga/relay.hpp>

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <invsaga/assert.hpp>
#include <invsaga/keyed_hash.hpp>
#include <invsaga/rng.hpp>

#include "errand.hpp"

namespace invsaga {
inline namespace v0 {

using detail::Errand;

class Relay::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(AnyOutbox outbox, AnyBus bus, Environment environment, RelayOptions options)
      : outbox_(std::move(outbox)),
        bus_(std::move(bus)),
        environment_(environment),
        options_(options),
        limit_(options.batch),
        rng_(environment.seed),
        waits_(0, IdHash(options.hash_key)) {
    INVSAGA_ASSERT(options.batch > 0 && options.batch <= options.max_batch,
                   "Relay::Relay: 0 < options.batch <= options.max_batch");
  }
  /// Nothing of what it was given is touched after it.
  void stop() {
    ended_ = true;
    visits_.end();
    environment_.executor.drop(this);  // a visitor may have armed a timer on its way out
  }

  void wake();
  [[nodiscard]] RelayCounts counts() const;

 private:
  /// A run whose next event has to wait.
  struct Wait {
    std::uint32_t attempts = 0;
    Time until;
    std::uint64_t published = 0;  ///< The bus has this one; only its acknowledgement failed.
  };

  static void look_now(void* core, std::uint64_t) noexcept {
    static_cast<Core*>(core)->look(false);
  }
  static void look_later(void* core, std::uint64_t) noexcept {
    static_cast<Core*>(core)->look(true);
  }

  /// What an errand waits for: the answer of `send(completion)`.
  template <class T, class Send>
  [[nodiscard]] detail::Awaited<T, Send> ask(Send send) {
    return {{shared_from_this(), &visits_}, std::move(send)};
  }

  void look(bool timer);
  bool begin(bool timer);
  void end();
  Errand<void> pass();
  static void passed_over(void* core, std::uint64_t, result<void>&& outcome) noexcept;
  void passed(const std::vector<PendingEvent>& events, bool moved);
  [[nodiscard]] bool waits(const PendingEvent& event, Time now) const;
  [[nodiscard]] bool is_taken(const PendingEvent& event) const;
  bool handed_over(const PendingEvent& event, const result<void>& outcome, Time now);
  void forget_absent(const std::vector<PendingEvent>& pending);
  [[nodiscard]] Time after(std::uint32_t attempts, Remedy remedy);
  void arm(Time time);
  void count(std::uint64_t RelayCounts::* counter);

  AnyOutbox outbox_;
  AnyBus bus_;
  const Environment environment_;
  const RelayOptions options_;

  // Of whoever looks; only one does.
  std::size_t limit_;
  Rng rng_;
  std::uint32_t read_attempts_ = 0;
  std::unordered_map<RunId, Wait, IdHash> waits_;

  detail::Visits visits_;
  std::atomic<bool> ended_{false};
  mutable std::mutex mutex_;
  bool posted_ = false;        // a look will begin
  bool looking_ = false;       // one is under way
  bool again_ = false;         // and another was asked for meanwhile
  std::optional<Time> armed_;  // a look will begin then
  RelayCounts counts_;
};

void Relay::Core::wake() {
  const std::lock_guard lock(mutex_);
  if (posted_) return;
  auto post = [&] { environment_.executor.post({&Core::look_now, this, 0}); };
  posted_ = detail::ending_of(post) == detail::Ending::returned;  // else the next one wakes it
}

void Relay::Core::look(bool timer) {
  if (!begin(timer)) return;
  pass().send_off(shared_from_this(), {&Core::passed_over, this, 0});
}

bool Relay::Core::begin(bool timer) {
  const std::lock_guard lock(mutex_);
  // From here on a wake-up means another look: what it tells of may be put after we have read.
  if (timer) armed_.reset();
  if (!timer) posted_ = false;
  if (looking_) again_ = true;
  return !std::exchange(looking_, true);
}

void Relay::Core::end() {
  bool again = false;
  {
    const std::lock_guard lock(mutex_);
    looking_ = false;
    again = std::exchange(again_, false);
    counts_.waiting_runs = waits_.size();
  }
  if (again) wake();
}

/// Forwards what one reading of the outbox brings. The time is that of the whole pass, so that what
/// fails in it waits beyond its end, and with it those behind.
Errand<void> Relay::Core::pass() {
  const Time now = environment_.clock.now();
  const auto pending = co_await ask<std::vector<PendingEvent>>(
      [&](Completion<std::vector<PendingEvent>> done) { outbox_.pending(limit_, done); });
  if (!pending.has_value()) {
    count(&RelayCounts::read_failures);
    arm(after(++read_attempts_, pending.assume_error().remedy()));
    co_return success();
  }
  read_attempts_ = 0;
  bool moved = false;
  for (const PendingEvent& waiting : pending.assume_value()) {
    if (waits(waiting, now)) continue;
    result<void> outcome = success();
    if (!is_taken(waiting)) {
      const auto event = read_event(waiting);
      if (event.has_value()) {
        outcome = co_await ask<void>(
            [&](Completion<void> done) { bus_.publish(event.assume_value(), done); });
      } else {
        outcome = event.assume_error();
      }
      count(outcome.has_value() ? &RelayCounts::published : &RelayCounts::publish_failures);
    }
    if (outcome.has_value()) {
      outcome = co_await ask<void>([&](Completion<void> done) {
        outbox_.acknowledge_event(waiting.run, waiting.sequence, done);
      });
      if (!outcome.has_value()) {
        count(&RelayCounts::acknowledge_failures);
        waits_[waiting.run].published = waiting.sequence;
      }
    }
    moved |= handed_over(waiting, outcome, now);
  }
  passed(pending.assume_value(), moved);
  co_return success();
}

/// If memory ran out on the way, what was not acknowledged is read again.
void Relay::Core::passed_over(void* context, std::uint64_t, result<void>&& outcome) noexcept {
  auto& self = *static_cast<Core*>(context);
  if (self.ended_) return;
  if (!outcome.has_value()) self.arm(self.after(++self.read_attempts_, Remedy::retry));
  self.end();
}

/// What comes next, after one reading.
void Relay::Core::passed(const std::vector<PendingEvent>& events, bool moved) {
  const bool more = events.size() >= limit_;
  if (!more) forget_absent(events);
  const std::size_t wider = std::min(limit_ * 2, options_.max_batch);
  const bool look_again = more && (moved || wider > limit_);
  limit_ = !more ? options_.batch : moved ? limit_ : wider;
  if (look_again) wake();
  Time next = Time::max();
  for (const auto& [run, wait] : waits_) next = std::min(next, wait.until);
  if (!waits_.empty()) arm(next);
}

bool Relay::Core::waits(const PendingEvent& event, Time now) const {
  const auto found = waits_.find(event.run);
  return found != waits_.end() && found->second.until > now;
}

/// The bus has it, as far as is known here; only its acknowledgement failed.
bool Relay::Core::is_taken(const PendingEvent& event) const {
  const auto found = waits_.find(event.run);
  return found != waits_.end() && found->second.published == event.sequence;
}

/// True if the event has left the outbox.
bool Relay::Core::handed_over(const PendingEvent& event, const result<void>& outcome, Time now) {
  if (outcome.has_value()) {
    waits_.erase(event.run);
    return true;
  }
  Wait& wait = waits_[event.run];
  wait.until = std::max(after(++wait.attempts, outcome.assume_error().remedy()),
                        saturating_add(now, Duration{1}));
  return false;
}

/// After all that is pending was read: a run that is not there was taken care of by another.
void Relay::Core::forget_absent(const std::vector<PendingEvent>& pending) {
  if (waits_.empty()) return;
  std::unordered_set<RunId, IdHash> present(0, waits_.hash_function());
  for (const PendingEvent& event : pending) present.insert(event.run);
  std::erase_if(waits_, [&](const auto& wait) { return !present.contains(wait.first); });
}

/// What can never work is tried as seldom as may be: somebody may raise the limit that it is over.
Time Relay::Core::after(std::uint32_t attempts, Remedy remedy) {
  const Duration wait = remedy == Remedy::give_up ? options_.retry.cap
                                                  : backoff(options_.retry, attempts, rng_.next());
  return saturating_add(environment_.clock.now(), wait);
}

void Relay::Core::arm(Time time) {
  const std::lock_guard lock(mutex_);
  if (armed_ && *armed_ <= time) return;
  auto post = [&] { environment_.executor.post_at(time, {&Core::look_later, this, 0}); };
  if (detail::ending_of(post) == detail::Ending::returned) armed_ = time;
}

void Relay::Core::count(std::uint64_t RelayCounts::* counter) {
  const std::lock_guard lock(mutex_);
  ++(counts_.*counter);
}

RelayCounts Relay::Core::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

Relay::Relay(AnyOutbox outbox, AnyBus bus, Environment environment, RelayOptions options)
    : core_(std::make_shared<Core>(std::move(outbox), std::move(bus), environment, options)) {
  core_->wake();
}
Relay::~Relay() { core_->stop(); }
void Relay::wake() { core_->wake(); }
RelayCounts Relay::counts() const { return core_->counts(); }

}  // namespace v0
}  // namespace invsaga
