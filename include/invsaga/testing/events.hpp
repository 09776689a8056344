// SPDX-License-Identifier: Apache-2.0
//
// Plain events, and a consumer of events, for tests of what carries them.
#pragma once

#include <gmock/gmock.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <invsaga/event.hpp>
#include <invsaga/event_bus.hpp>
#include <invsaga/testing/answer_of_call.hpp>
#include <invsaga/testing/component.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// The same id for the same number.
inline RunId run_no(std::uint64_t number) noexcept {
  return make_id<RunId>({"a saga of a test", std::to_string(number)});
}

/// The event that a run has at this place of its sequence: equal arguments give equal events.
inline Event event_of(RunId run, std::uint64_t sequence, std::string_view type = "A") {
  Event event;
  event.id = derive_id<EventId>("an event of a test", run, 0, static_cast<std::uint32_t>(sequence));
  event.run = run;
  event.sequence = sequence;
  event.type = type;
  return event;
}

/// 1, 2, ... , last: each once and in order.
MATCHER_P(IsCountedFrom1To, last, "is counted from 1 to " + std::to_string(last)) {
  std::uint64_t expected = 0;
  for (const std::uint64_t sequence : arg) {
    if (sequence != ++expected) return false;
  }
  return expected == static_cast<std::uint64_t>(last);
}

/// What a handler that answers at once makes of the event.
inline result<Handling> handled_by(const EventHandler& handler, const Event& event) {
  return answer_of_call<Handling>([&](Completion<Handling> done) { handler(event, done); });
}

/// What a bus answers to a call of `publish`, as soon as it does. Safe from any thread.
class Publishing {
 public:
  template <EventBus Bus>
  Publishing(Bus& bus, std::span<const Event> events) : state_(std::make_shared<State>()) {
    auto kept = std::make_unique<std::shared_ptr<State>>(state_);
    bus.publish(events, {&Publishing::take, kept.release(), 0});
  }
  template <EventBus Bus>
  Publishing(Bus& bus, const Event& event) : Publishing(bus, std::span(&event, 1)) {}

  /// Nothing as long as it has none.
  [[nodiscard]] std::optional<result<void>> answer() const {
    const std::lock_guard lock(state_->mutex);
    return state_->answer;
  }
  /// Success unless it has answered an error.
  [[nodiscard]] result<void> taken() const { return answer().value_or(success()); }

 private:
  struct State {
    std::mutex mutex;
    std::optional<result<void>> answer;
  };
  static void take(void* context, std::uint64_t, result<void>&& answer) noexcept {
    const std::unique_ptr<std::shared_ptr<State>> kept(
        static_cast<std::shared_ptr<State>*>(context));
    const std::lock_guard lock((*kept)->mutex);
    (*kept)->answer.emplace(std::move(answer));
  }
  std::shared_ptr<State> state_;
};

/// Publishes an event to a bus that refuses within the call: whether it did.
template <EventBus Bus>
result<void> published(Bus& bus, const Event& event) {
  return Publishing(bus, event).taken();
}

/// Keeps subscriptions until its end.
class Subscriptions {
 public:
  result<void> add(result<Subscription> made) {
    if (!made.has_value()) return made.assume_error();
    kept_.push_back(std::move(made).assume_value());
    return success();
  }
  void end() { kept_.clear(); }

 private:
  std::vector<Subscription> kept_;
};

/// Keeps what one consumer was sent, and answers as it is told to. Safe from any thread.
class Recipient {
 public:
  /// The answer to the `n`-th delivery (from 1) of an event: `handled` unless said otherwise.
  using Answer = std::function<result<Handling>(const Event& event, int n)>;

  explicit Recipient(Answer answer = [](const Event&, int) { return Handling::handled; })
      : answer_(std::move(answer)) {}

  EventHandler handler() {
    return [this](const Event& event) { return take(event); };
  }
  /// One delivery.
  result<Handling> take(const Event& event) {
    int n = 0;
    {
      const std::lock_guard lock(mutex_);
      delivered_.push_back(event);
      n = ++times_[event.id];
    }
    return answer_(event, n);
  }
  /// Every delivery, in order.
  std::vector<Event> delivered() const {
    const std::lock_guard lock(mutex_);
    return delivered_;
  }
  /// The sequence numbers of the deliveries of one run, in order.
  std::vector<std::uint64_t> sequences_of(RunId run) const {
    std::vector<std::uint64_t> sequences;
    for (const Event& event : delivered()) {
      if (event.run == run) sequences.push_back(event.sequence);
    }
    return sequences;
  }

 private:
  Answer answer_;
  mutable std::mutex mutex_;
  std::vector<Event> delivered_;
  std::map<EventId, int> times_;
};

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
