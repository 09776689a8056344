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
#include "under_way.hpp"

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
    INVSAGA_ASSERT(options.batch > 0 && options.max_under_way > 0,
                   "Relay::Relay: options.batch > 0 and options.max_under_way > 0");
  }
  /// Nothing of what it was given is touched after it.
  void stop() {
    ended_ = true;
    visits_.end();
    environment_.executor.drop(this);  // a visitor may have armed a timer on its way out
  }

  result<void> start();
  void wake();
  [[nodiscard]] RelayCounts counts() const;

 private:
  using UnderWay = relay::UnderWay;
  using Run = relay::Run;

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
  void end(bool failed);
  Errand<void> pass();
  Errand<void> try_due(Time now);
  Errand<void> take_page(Time now, bool& more);
  Errand<void> read(std::uint64_t after, std::size_t limit, std::vector<PendingEvent>& page);
  void send(Run& run, relay::Events::node_type node, const PendingEvent& waiting) noexcept;
  static void on_published(void* event, std::uint64_t, result<void>&& outcome) noexcept;
  void take_answer(UnderWay& event, result<void> outcome) noexcept;
  [[nodiscard]] bool any_answered() const;
  [[nodiscard]] UnderWay* next_answered();
  Errand<void> settle(Time now);
  Errand<void> acknowledge(const UnderWay& event);
  void wait_again(Run& run, relay::Events::node_type node, const Error& error, Time now) noexcept;
  [[nodiscard]] std::size_t room() const noexcept;
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
  std::uint64_t read_to_ = 0;  // what stands before has left the outbox, or is under way
  relay::Runs runs_;
  std::size_t sent_ = 0, events_waiting_ = 0;  // events of all runs

  detail::Visits visits_;
  std::atomic<bool> ended_{false};
  mutable std::mutex mutex_;
  bool started_ = false;
  relay::Answered answered_;  // of those that the bus has
  bool posted_ = false;       // a look will begin
  bool looking_ = false;      // one is under way
  bool again_ = false;        // and another was asked for meanwhile
  std::optional<Time> next_;  // a look is to begin then
  detail::ArmedTimes armed_;
  RelayCounts counts_;
};

/// What consumers that are down may leave in the outbox has to leave room for the others.
result<void> Relay::Core::start() {
  if (const auto owed = bus_.most_owed()) {
    const std::size_t room = std::min(options_.max_under_way,
                                      outbox_.most_pending().value_or(options_.max_under_way));
    if (*owed > room / 2) return over_limit(Limit::deliveries, *owed, room / 2);
  }
  {
    const std::lock_guard lock(mutex_);
    started_ = true;
  }
  wake();
  return success();
}

void Relay::Core::wake() {
  const detail::Visit visit(visits_);
  if (!visit) return;
  const std::lock_guard lock(mutex_);
  if (posted_ || !started_) return;
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

/// What the bus answered meanwhile is looked at at once, unless the look itself has failed.
void Relay::Core::end(bool failed) {
  bool again = false;
  {
    const std::lock_guard lock(mutex_);
    looking_ = false;
    again = std::exchange(again_, false) || (!failed && !answered_.empty());
    counts_.waiting_runs = runs_.waiting();
    counts_.under_way = sent_;
  }
  if (again) wake();
}

/// What the bus has answered, some of those that wait and are due, then a page of what is new: so
/// none of them waits for another for long. The time is that of the whole pass, so that what fails
/// in it waits beyond its end.
Errand<void> Relay::Core::pass() {
  const Time now = environment_.clock.now();
  bool more = false;
  const auto settled = co_await settle(now);
  if (!settled.has_value()) co_return settled.assume_error();
  const auto tried = co_await try_due(now);
  if (!tried.has_value()) co_return tried.assume_error();
  const auto taken = co_await take_page(now, more);
  if (!taken.has_value()) co_return taken.assume_error();
  read_attempts_ = 0;
  if (more || runs_.any_due(now)) {
    wake();
  } else if (const auto next = runs_.next()) {
    arm(*next);
  }
  co_return success();
}

/// `more`: there may be others behind them.
Errand<void> Relay::Core::take_page(Time now, bool& more) {
  const std::size_t limit = std::min(options_.batch, room());
  if (limit == 0) co_return success();  // an answer of the bus wakes it
  std::vector<PendingEvent> page;
  const auto found = co_await read(read_to_, limit, page);
  if (!found.has_value()) co_return found.assume_error();
  for (const PendingEvent& event : page) {
    relay::Events alone;
    alone.try_emplace(event.place, UnderWay{event.run, event.sequence})
        .first->second.place = event.place;
    Run& run = runs_.get(event.run);
    if (run.waiting.empty()) {
      send(run, alone.extract(event.place), event);
    } else {
      run.waiting.merge(alone);
      ++events_waiting_;
    }
    read_to_ = event.place;
    if (!any_answered()) continue;
    const auto settled = co_await settle(now);
    if (!settled.has_value()) co_return settled.assume_error();
  }
  more = page.size() >= limit;
  co_return success();
}

/// Event by event, each run in its turn.
Errand<void> Relay::Core::try_due(Time now) {
  for (std::size_t left = options_.batch; left > 0 && runs_.any_due(now); --left) {
    Run& run = runs_.first();
    const UnderWay& first = run.waiting.begin()->second;
    std::vector<PendingEvent> page;
    const auto found = co_await read(first.place - 1, 1, page);
    if (!found.has_value()) co_return found.assume_error();
    const bool gone = page.empty() || page[0].place != first.place;
    const bool published = first.published;
    auto node = run.waiting.extract(first.place);
    --events_waiting_;
    if (!gone && !published) {
      send(run, std::move(node), page[0]);
    } else {  // if it is gone another relay has taken care of it
      const auto outcome = gone ? success() : co_await acknowledge(node.mapped());
      if (!outcome.has_value()) {
        wait_again(run, std::move(node), outcome.assume_error(), now);
        continue;
      }
      run.attempts = 0;
    }
    runs_.move_on(run, now);
    const auto settled = co_await settle(now);
    if (!settled.has_value()) co_return settled.assume_error();
  }
  co_return success();
}

/// How many events more it may have under way.
std::size_t Relay::Core::room() const noexcept {
  const std::size_t under_way = sent_ + events_waiting_;
  return options_.max_under_way > under_way ? options_.max_under_way - under_way : 0;
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

/// To the bus, which answers when it likes.
void Relay::Core::send(Run& run, relay::Events::node_type node,
                       const PendingEvent& waiting) noexcept {
  UnderWay& event = run.sent.insert(std::move(node)).position->second;
  ++sent_;
  std::optional<result<Event>> read;
  auto decode = [&] { read.emplace(read_event(waiting)); };
  if (detail::ending_of(decode) != detail::Ending::returned) read.emplace(no_memory());
  if (!read->has_value()) return take_answer(event, read->assume_error());
  event.keeper = shared_from_this();
  bus_.publish({&read->assume_value(), 1}, {&Core::on_published, &event, 0});
}

void Relay::Core::on_published(void* context, std::uint64_t, result<void>&& outcome) noexcept {
  auto& event = *static_cast<UnderWay*>(context);
  const auto self = std::static_pointer_cast<Core>(std::move(event.keeper));
  self->take_answer(event, std::move(outcome));
}

/// On whatever thread. Whoever looks settles it.
void Relay::Core::take_answer(UnderWay& event, result<void> outcome) noexcept {
  bool looked_for = false;
  {
    const std::lock_guard lock(mutex_);
    if (!outcome.has_value()) event.error = outcome.assume_error();
    answered_.add(event);
    looked_for = looking_;
  }
  if (!looked_for) wake();
}

bool Relay::Core::any_answered() const {
  const std::lock_guard lock(mutex_);
  return !answered_.empty();
}

/// One that the bus has answered, or none.
relay::UnderWay* Relay::Core::next_answered() {
  const std::lock_guard lock(mutex_);
  return answered_.empty() ? nullptr : &answered_.take();
}

/// Out of the outbox with what the bus has settled; what it refused waits.
Errand<void> Relay::Core::settle(Time now) {
  while (UnderWay* const event = next_answered()) {
    Run& run = *runs_.find(event->run);
    const std::optional<Error> refused = std::exchange(event->error, std::nullopt);
    count(refused ? &RelayCounts::publish_failures : &RelayCounts::published);
    auto node = run.sent.extract(event->place);
    --sent_;
    if (refused) {
      wait_again(run, std::move(node), *refused, now);
      continue;
    }
    const auto outcome = co_await acknowledge(node.mapped());
    if (outcome.has_value()) {
      run.attempts = 0;
      if (run.waiting.empty() || !run.turn) runs_.move_on(run, now);
      runs_.hurry(now);
    } else {
      node.mapped().published = true;
      wait_again(run, std::move(node), outcome.assume_error(), now);
    }
  }
  co_return success();
}

Errand<void> Relay::Core::acknowledge(const UnderWay& event) {
  const auto outcome = co_await ask<void>(
      [&](Completion<void> done) { outbox_.acknowledge_event(event.run, event.sequence, done); });
  if (!outcome.has_value()) count(&RelayCounts::acknowledge_failures);
  co_return outcome;
}

/// At its place before what waits of its run; one that waits already has its turn.
void Relay::Core::wait_again(Run& run, relay::Events::node_type node, const Error& error,
                             Time now) noexcept {
  const bool is_first = run.waiting.empty() || node.key() < run.waiting.begin()->first;
  run.waiting.insert(std::move(node));
  ++events_waiting_;
  if (run.must_hold()) return runs_.hold(run);
  if (!is_first && run.turn) return;
  run.wants_room = error.code == Errc::resource_exhausted;
  runs_.put_off(run,
                std::max(after(++run.attempts, error.remedy()), saturating_add(now, Duration{1})));
}

/// Of what could not be read, or was not written down for want of memory, nothing was passed over.
void Relay::Core::passed_over(void* context, std::uint64_t, result<void>&& outcome) noexcept {
  auto& self = *static_cast<Core*>(context);
  if (self.ended_) return;
  if (!outcome.has_value()) {
    self.arm(self.after(++self.read_attempts_, outcome.assume_error().remedy()));
  }
  self.end(!outcome.has_value());
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
    : core_(std::make_shared<Core>(std::move(outbox), std::move(bus), environment, options)) {}
Relay::~Relay() { core_->stop(); }
result<void> Relay::start() { return core_->start(); }
void Relay::wake() { core_->wake(); }
RelayCounts Relay::counts() const { return core_->counts(); }

}  // namespace v0
}  // namespace invsaga
