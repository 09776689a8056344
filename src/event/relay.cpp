// SPDX-License-Identifier: Apache-2.0
#include <invsaga/relay.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <invsaga/assert.hpp>
#include <invsaga/detail/armed_times.hpp>
#include <invsaga/keyed_hash.hpp>
#include <invsaga/rng.hpp>

#include "errand.hpp"
#include "waiting_runs.hpp"

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
        rng_(environment.seed) {
    INVSAGA_ASSERT(options.batch > 0, "Relay::Relay: options.batch > 0");
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
  using WaitingRun = relay::WaitingRun;

  static void look_now(void* core, std::uint64_t) noexcept {
    static_cast<Core*>(core)->look(std::nullopt);
  }
  static void look_later(void* core, std::uint64_t time) noexcept {
    static_cast<Core*>(core)->look(time_from_ms(static_cast<std::int64_t>(time)));
  }

  /// What an errand waits for: the answer of `send(completion)`.
  template <class T, class Send>
  [[nodiscard]] detail::Awaited<T, Send> ask(Send send) {
    return {{shared_from_this(), &visits_}, std::move(send)};
  }

  void look(std::optional<Time> timer);
  bool begin(std::optional<Time> timer);
  bool is_due(Time timer);
  void end();
  Errand<void> pass();
  Errand<void> try_due(Time now);
  Errand<void> read(std::uint64_t after, std::size_t limit, std::vector<PendingEvent>& page);
  Errand<void> hand_over(const PendingEvent& waiting, bool& taken);
  void put_off(WaitingRun& run, std::uint64_t published, const Error& error, Time now) noexcept;
  static void passed_over(void* core, std::uint64_t, result<void>&& outcome) noexcept;
  [[nodiscard]] Time after(std::uint32_t attempts, Remedy remedy);
  void arm(Time time);
  void arm_next();
  void count(std::uint64_t RelayCounts::* counter);

  AnyOutbox outbox_;
  AnyBus bus_;
  const Environment environment_;
  const RelayOptions options_;

  // Of whoever looks; only one does.
  Rng rng_;
  std::uint32_t read_attempts_ = 0;
  std::uint64_t read_to_ = 0;  // what stands before has left the outbox, or waits
  relay::WaitingRuns waiting_;

  detail::Visits visits_;
  std::atomic<bool> ended_{false};
  mutable std::mutex mutex_;
  bool posted_ = false;       // a look will begin
  bool looking_ = false;      // one is under way
  bool again_ = false;        // and another was asked for meanwhile
  std::optional<Time> next_;  // a look is to begin then
  detail::ArmedTimes armed_;
  RelayCounts counts_;
};

void Relay::Core::wake() {
  const detail::Visit visit(visits_);
  if (!visit) return;
  const std::lock_guard lock(mutex_);
  if (posted_) return;
  auto post = [&] { environment_.executor.post({&Core::look_now, this, 0}); };
  posted_ = detail::ending_of(post) == detail::Ending::returned;  // else the next one wakes it
}

void Relay::Core::look(std::optional<Time> timer) {
  if (!begin(timer)) return;
  pass().send_off(shared_from_this(), {&Core::passed_over, this, 0});
}

/// From here on a wake-up means another look: what it tells of may be put after we have read. What
/// a timer is for, this look sees to.
bool Relay::Core::begin(std::optional<Time> timer) {
  const std::lock_guard lock(mutex_);
  if (timer && !is_due(*timer)) return false;
  if (!timer) posted_ = false;
  next_.reset();
  if (looking_) again_ = true;
  return !std::exchange(looking_, true);
}

/// A timer has come. An earlier look may have seen to what it was for, or put it off.
bool Relay::Core::is_due(Time timer) {
  armed_.remove(timer);
  if (next_ && *next_ <= environment_.clock.now()) return true;
  arm_next();
  return false;
}

void Relay::Core::end() {
  bool again = false;
  {
    const std::lock_guard lock(mutex_);
    looking_ = false;
    again = std::exchange(again_, false);
    counts_.waiting_runs = waiting_.size();
  }
  if (again) wake();
}

/// Some of those that wait and are due, then a page of what is new: so neither waits for the other
/// for long. The time is that of the whole pass, so that what fails in it waits beyond its end.
Errand<void> Relay::Core::pass() {
  const Time now = environment_.clock.now();
  const auto tried = co_await try_due(now);
  if (!tried.has_value()) co_return tried.assume_error();
  std::vector<PendingEvent> page;
  const auto found = co_await read(read_to_, options_.batch, page);
  if (!found.has_value()) co_return found.assume_error();
  for (const PendingEvent& event : page) {
    if (WaitingRun* const ahead = waiting_.find(event.run)) {
      ahead->places.push_back(event.place);
    } else {
      bool taken = false;
      const auto outcome = co_await hand_over(event, taken);
      if (!outcome.has_value()) {
        WaitingRun& run = waiting_.add(event.run, event.place, now);
        put_off(run, taken ? event.sequence : 0, outcome.assume_error(), now);
      }
    }
    read_to_ = event.place;
  }
  read_attempts_ = 0;
  const bool more = page.size() >= options_.batch || waiting_.any_due(now);
  if (more) {
    wake();
  } else if (const auto next = waiting_.next()) {
    arm(*next);
  }
  co_return success();
}

/// Event by event, each run in its turn.
Errand<void> Relay::Core::try_due(Time now) {
  for (std::size_t left = options_.batch; left > 0 && waiting_.any_due(now); --left) {
    WaitingRun& run = waiting_.first();
    std::vector<PendingEvent> page;
    const auto found = co_await read(run.place() - 1, 1, page);
    if (!found.has_value()) co_return found.assume_error();
    if (page.empty() || page[0].place != run.place()) {
      waiting_.drop_first(run, now);  // another relay has taken care of it
      continue;
    }
    bool taken = run.published == page[0].sequence;
    const auto outcome = co_await hand_over(page[0], taken);
    if (outcome.has_value()) {
      waiting_.drop_first(run, now);
    } else {
      put_off(run, taken ? page[0].sequence : 0, outcome.assume_error(), now);
    }
  }
  co_return success();
}

Errand<void> Relay::Core::read(std::uint64_t after, std::size_t limit,
                               std::vector<PendingEvent>& page) {
  auto found = co_await ask<std::vector<PendingEvent>>(
      [&](Completion<std::vector<PendingEvent>> done) { outbox_.pending(after, limit, done); });
  if (!found.has_value()) {
    count(&RelayCounts::read_failures);
    co_return found.assume_error();
  }
  page = std::move(found).assume_value();
  co_return success();
}

/// To the bus, unless that has it already (`taken`, as far as is known here), and out of the
/// outbox.
Errand<void> Relay::Core::hand_over(const PendingEvent& waiting, bool& taken) {
  if (!taken) {
    const auto event = read_event(waiting);
    result<void> outcome = success();
    if (event.has_value()) {
      outcome = co_await ask<void>(
          [&](Completion<void> done) { bus_.publish(event.assume_value(), done); });
    } else {
      outcome = event.assume_error();
    }
    count(outcome.has_value() ? &RelayCounts::published : &RelayCounts::publish_failures);
    if (!outcome.has_value()) co_return outcome;
    taken = true;
  }
  const auto outcome = co_await ask<void>([&](Completion<void> done) {
    outbox_.acknowledge_event(waiting.run, waiting.sequence, done);
  });
  if (!outcome.has_value()) count(&RelayCounts::acknowledge_failures);
  co_return outcome;
}

void Relay::Core::put_off(WaitingRun& run, std::uint64_t published, const Error& error,
                          Time now) noexcept {
  run.published = published;
  waiting_.put_off(
      run, std::max(after(++run.attempts, error.remedy()), saturating_add(now, Duration{1})));
}

/// Of what could not be read, or was not written down for want of memory, nothing was passed over.
void Relay::Core::passed_over(void* context, std::uint64_t, result<void>&& outcome) noexcept {
  auto& self = *static_cast<Core*>(context);
  if (self.ended_) return;
  if (!outcome.has_value()) {
    self.arm(self.after(++self.read_attempts_, outcome.assume_error().remedy()));
  }
  self.end();
}

/// What can never work is tried as seldom as may be: somebody may raise the limit that it is over.
Time Relay::Core::after(std::uint32_t attempts, Remedy remedy) {
  const Duration wait = remedy == Remedy::give_up ? options_.retry.cap
                                                  : backoff(options_.retry, attempts, rng_.next());
  return saturating_add(environment_.clock.now(), wait);
}

void Relay::Core::arm(Time time) {
  const std::lock_guard lock(mutex_);
  next_ = time;
  arm_next();
}

/// If no timer that is out comes by then. What cannot be armed is by the next look or timer.
void Relay::Core::arm_next() {
  if (!next_ || armed_.cover(*next_)) return;
  const auto tag = static_cast<std::uint64_t>(to_ms(*next_));
  auto post = [&] {
    armed_.make_room();
    environment_.executor.post_at(*next_, {&Core::look_later, this, tag});
  };
  if (detail::ending_of(post) == detail::Ending::returned) armed_.add(*next_);
}

void Relay::Core::count(std::uint64_t RelayCounts::* counter) {
  const std::lock_guard lock(mutex_);
  ++(counts_.*counter);
}

RelayCounts Relay::Core::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void Relay::Waker::wake() const {
  if (const auto core = core_.lock()) core->wake();
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
