// SPDX-License-Identifier: Apache-2.0
//
// Plain events, and a consumer of events, for tests of what carries them.
#pragma once

#include <gmock/gmock.h>

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
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
