// SPDX-License-Identifier: Apache-2.0
#include <invsaga/relay.hpp>

#include <algorithm>
#include <limits>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <invsaga/assert.hpp>
#include <invsaga/rng.hpp>

namespace invsaga {
inline namespace v0 {

class Relay::Core {
 public:
  Core(std::unique_ptr<detail::RelayPort> port, Environment environment, RelayOptions options)
      : port_(std::move(port)),
        environment_(environment),
        options_(options),
        limit_(options.batch),
        rng_(environment.seed) {
    INVSAGA_ASSERT(options.batch > 0 && options.batch <= options.max_batch,
                   "Relay::Relay: 0 < options.batch <= options.max_batch");
    wake();
  }
  ~Core() { environment_.executor.drop(this); }

  void wake();
  [[nodiscard]] RelayCounts counts() const;

 private:
  /// A run whose next event has to wait.
  struct Wait {
    std::uint32_t attempts = 0;
    Time until;
    std::uint64_t published = 0;  ///< The bus has this one; only its acknowledgement failed.
  };

  static void look_now(void* core, std::uint64_t) { static_cast<Core*>(core)->look(false); }
  static void look_later(void* core, std::uint64_t) { static_cast<Core*>(core)->look(true); }

  void look(bool timer);
  bool begin(bool timer);
  void end();
  void pass();
  bool forward(const Event& event, Time now);
  result<void> hand_over(const Event& event);
  void forget_absent(const std::vector<Event>& pending);
  [[nodiscard]] Time after(std::uint32_t attempts, Remedy remedy);
  void arm(Time time);
  void count(std::uint64_t RelayCounts::* counter);

  const std::unique_ptr<detail::RelayPort> port_;
  const Environment environment_;
  const RelayOptions options_;

  // Of whoever looks; only one does.
  std::size_t limit_;
  Rng rng_;
  std::uint32_t read_attempts_ = 0;
  std::unordered_map<RunId, Wait, IdHash> waits_;

  mutable std::mutex mutex_;
  bool posted_ = false;        // a look will begin
  bool looking_ = false;       // one is under way
  bool again_ = false;         // and another was asked for meanwhile
  std::optional<Time> armed_;  // a look will begin then
  RelayCounts counts_;
};

void Relay::Core::wake() {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(posted_, true)) environment_.executor.post({&Core::look_now, this, 0});
}

void Relay::Core::look(bool timer) {
  if (!begin(timer)) return;
  pass();
  end();
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

/// Forwards what one reading of the outbox brings.
void Relay::Core::pass() {
  const Time now = environment_.clock.now();
  const auto pending = port_->pending(limit_);
  if (!pending.has_value()) {
    count(&RelayCounts::read_failures);
    return arm(after(++read_attempts_, pending.assume_error().remedy()));
  }
  read_attempts_ = 0;
  const std::vector<Event>& events = pending.assume_value();
  bool moved = false;
  for (const Event& event : events) moved |= forward(event, now);

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

/// True if the event has left the outbox. `now` is the time of the whole pass, so that what fails
/// in it waits beyond its end, and with it those behind.
bool Relay::Core::forward(const Event& event, Time now) {
  const auto found = waits_.find(event.run);
  if (found != waits_.end() && found->second.until > now) return false;
  const auto outcome = hand_over(event);
  if (outcome.has_value()) {
    waits_.erase(event.run);
    return true;
  }
  Wait& wait = waits_[event.run];
  wait.until = std::max(after(++wait.attempts, outcome.assume_error().remedy()),
                        saturating_add(now, Duration{1}));
  return false;
}

result<void> Relay::Core::hand_over(const Event& event) {
  const auto found = waits_.find(event.run);
  const bool taken = found != waits_.end() && found->second.published == event.sequence;
  if (!taken) {
    const auto published = port_->publish(event);
    count(published.has_value() ? &RelayCounts::published : &RelayCounts::publish_failures);
    INVSAGA_CHECK(published);
  }
  const auto acknowledged = port_->acknowledge_event(event.run, event.sequence);
  if (acknowledged.has_value()) return success();
  count(&RelayCounts::acknowledge_failures);
  waits_[event.run].published = event.sequence;
  return acknowledged.assume_error();
}

/// After all that is pending was read: a run that is not there was taken care of by another.
void Relay::Core::forget_absent(const std::vector<Event>& pending) {
  if (waits_.empty()) return;
  std::unordered_set<RunId, IdHash> present;
  for (const Event& event : pending) present.insert(event.run);
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
  armed_ = time;
  environment_.executor.post_at(time, {&Core::look_later, this, 0});
}

void Relay::Core::count(std::uint64_t RelayCounts::* counter) {
  const std::lock_guard lock(mutex_);
  ++(counts_.*counter);
}

RelayCounts Relay::Core::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

Relay::Relay(std::unique_ptr<detail::RelayPort> port, Environment environment, RelayOptions options)
    : core_(std::make_unique<Core>(std::move(port), environment, options)) {}
Relay::~Relay() = default;
void Relay::wake() { core_->wake(); }
RelayCounts Relay::counts() const { return core_->counts(); }

}  // namespace v0
}  // namespace invsaga
