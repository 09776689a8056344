// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <invsaga/assert.hpp>
#include <invsaga/event.hpp>
#include <invsaga/ids.hpp>
#include <invsaga/memory_bus.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {
namespace bus {

/// One event on its way to one consumer.
struct Delivery {
  std::shared_ptr<const Event> event{};  ///< Shared with the other consumers.
  Time not_before{};                     ///< Late, or waiting for its next attempt.
  std::uint32_t attempts = 0;            ///< Deliveries, since it was last acknowledged.
  std::uint32_t failures = 0;            ///< Of these the ones that count: no `retry`, no `parked`.
  Time first_attempt{};                  ///< Later by what it has waited for `retry`.
  std::uint32_t again = 0;               ///< Deliveries to come after it is acknowledged.
  Duration again_after{0};
  bool acknowledged = false;  ///< Only delivered again: a fault. Whatever comes of it is no matter.
  bool passed_by = false;     ///< The later ones do not wait for it ...
  bool too_early = false;     ///< ... because the consumer answered `parked`.
  bool told_parked = false;   ///< The observer knows that it waits, or need not know.
};
using Deliveries = std::list<Delivery>;

/// The events of one run on their way to one consumer, in the order of their first publication.
/// All deliveries of a lane are made by one task at a time; others only append.
struct Lane {
  std::size_t consumer = 0;
  RunId run;
  Deliveries deliveries{};
  std::size_t passed = 0;          ///< How many of them are passed by.
  bool running = false;            ///< A handler has the event at `current`.
  std::shared_ptr<void> keeper{};  ///< While it has: of what the answer needs.
  Deliveries::iterator current{};
  std::vector<Time> armed{};  ///< For each task that will look at the lane: when.
  bool unarmed = false;       ///< The executor took no task that it needs.
  bool stands_still = false;  ///< The last answer was no acknowledgement.
  bool cut = false;           ///< One was left out: no later one may come.
  bool dead = false;          ///< The event at `current` was given up; nothing moves any more.
  Error error{};              ///< Why.

  /// The first that is not passed by, or the end.
  [[nodiscard]] Deliveries::iterator head() {
    return std::find_if(deliveries.begin(), deliveries.end(),
                        [](const Delivery& d) { return !d.passed_by; });
  }
  /// True if the event is on its way already.
  [[nodiscard]] bool holds(const Event& event) const {
    return std::any_of(deliveries.begin(), deliveries.end(),
                       [&](const Delivery& d) { return d.event->id == event.id; });
  }
  /// When there is something to do next; nothing if there is nothing.
  [[nodiscard]] std::optional<Time> next() const {
    std::optional<Time> time;
    const auto consider = [&](Time other) { time = time ? std::min(*time, other) : other; };
    for (const Delivery& delivery : deliveries) {
      consider(delivery.not_before);
      if (!delivery.passed_by) break;
    }
    return time;
  }
  /// True if a task will look at the lane by then.
  [[nodiscard]] bool armed_by(Time time) const {
    return std::any_of(armed.begin(), armed.end(), [&](Time other) { return other <= time; });
  }
  /// A task has come: by the order of the executor, the one for the earliest time.
  /// Requires that one is armed.
  void disarm_first() {
    INVSAGA_ASSERT(!armed.empty(), "Lane::disarm_first: that one is armed");
    armed.erase(std::min_element(armed.begin(), armed.end()));
  }
  /// The later ones do not wait for it.
  void pass_by(Delivery& delivery) {
    if (!std::exchange(delivery.passed_by, true)) ++passed;
  }
  void offer(Delivery& delivery) {
    if (std::exchange(delivery.passed_by, false)) --passed;
    delivery.too_early = false;
  }
  /// Passes by no longer what is due.
  void offer_due(Time now) {
    if (passed == 0) return;
    for (Delivery& delivery : deliveries) {
      if (delivery.not_before <= now) offer(delivery);
    }
  }
  /// The run has moved: what was too early may be in time.
  void offer_early() {
    if (passed == 0) return;
    for (Delivery& delivery : deliveries) {
      if (!delivery.too_early) continue;
      offer(delivery);
      delivery.not_before = Time{};
    }
  }
  /// True if what stands behind the head has to wait for it.
  [[nodiscard]] bool blocked(Time now) {
    const auto first = head();
    return dead || (first != deliveries.end() && first->not_before > now);
  }
};

}  // namespace bus
}  // namespace v0
}  // namespace invsaga
