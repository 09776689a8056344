// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <invsaga/assert.hpp>
#include <invsaga/detail/armed_times.hpp>
#include <invsaga/event.hpp>
#include <invsaga/ids.hpp>
#include <invsaga/memory_bus.hpp>
#include <invsaga/time.hpp>

#include "bus_consumer.hpp"
#include "publication.hpp"

namespace invsaga {
inline namespace v0 {
namespace bus {

/// One event on its way to one consumer.
struct Delivery {
  std::shared_ptr<const Event> event{};  ///< Shared with the other consumers.
  Time not_before{};                     ///< Late, or waiting for its next attempt.
  std::uint32_t attempts = 0;            ///< Deliveries, since it was last acknowledged.
  std::uint32_t failures = 0;            ///< Of these the ones that count: no `retry`, no `parked`.
  Time first_attempt{};                  ///< Later by what it has waited.
  Time early_since{};                    ///< When the consumer first called it too early.
  std::uint32_t again = 0;               ///< Deliveries to come after it is acknowledged.
  Duration again_after{0};
  bool told_parked = false;     ///< The observer knows that it waits, or need not know.
  Publications publications{};  ///< The calls that wait for it.
  Delivery* behind = nullptr;   ///< The next in the queue.
};
using Deliveries = std::map<std::uint64_t, Delivery>;    // by sequence
using Repeats = std::multimap<std::uint64_t, Delivery>;  // by time; nodes go from one to the other

/// The events of one run that are pending at one consumer. All deliveries of a lane are made by one
/// task at a time; others only append. A delivery moves from part to part as it is, and so needs no
/// memory.
struct Lane {
  /// Where a delivery is.
  enum class Part : std::uint8_t {
    queue,    ///< In the order of first publication. Those behind the first wait for it.
    early,    ///< Too early for the consumer, by sequence. Only the lowest is offered again.
    repeats,  ///< Acknowledged, and delivered again: a fault. What comes of it is no matter.
  };

  Lane(ConsumerNumber consumer_, RunId run_) : consumer(consumer_), run(run_) {}

  const ConsumerNumber consumer;
  const RunId run;
  Part at = Part::queue;                  ///< Of the one that a handler has, or that is dead.
  bool running = false;                   ///< A handler has it ...
  Time in_hand_since{};                   ///< ... since then.
  std::shared_ptr<void> keeper{};         ///< While it has: of what the answer needs ...
  std::shared_ptr<Attachment> handler{};  ///< ... and of what it does.
  detail::ArmedTimes armed{};             ///< For each task that will look at the lane: when.
  bool unarmed = false;                   ///< The executor took no task that it needs.
  bool stands_still = false;              ///< The last answer was no acknowledgement.
  bool recovers = false;  ///< One was not, and what waited then is not all handled yet.
  bool waits = false;     ///< Its deliveries count as waiting at the consumer.
  bool cut = false;       ///< One was left out: no later one may come.
  bool dead = false;      ///< One was given up; nothing moves any more.
  bool left = false;      ///< Its consumer has left, and a handler has the current one.
  Error error{};          ///< Why.
  Time idle_since{};      ///< What is too early had nothing else to wait for since then.

  [[nodiscard]] std::size_t size() const noexcept {
    return queue_.size() + early_.size() + repeats_.size();
  }
  /// The event itself if it is pending already, however often it is published.
  [[nodiscard]] Delivery* find(const Event& event) noexcept {
    for (Deliveries* part : {&queue_, &early_}) {
      const auto found = part->find(event.sequence);
      if (found != part->end()) return &found->second;
    }
    return nullptr;
  }
  /// Calls `each` with all that is pending.
  template <class Each>
  void for_each(const Each& each) noexcept {
    for (auto& [sequence, delivery] : queue_) each(delivery);
    for (auto& [sequence, delivery] : early_) each(delivery);
    for (auto& [time, delivery] : repeats_) each(delivery);
  }
  /// True if all that is pending came too early, and may be waiting for this one.
  [[nodiscard]] bool waits_for(const Event& event) const noexcept {
    return first_ == nullptr && !early_.empty() && event.sequence < early_.begin()->first;
  }
  /// The one that a handler has, or that is dead. Requires that there is one.
  [[nodiscard]] Delivery& current() noexcept {
    INVSAGA_ASSERT(size() > 0, "Lane::current: that there is one");
    if (at == Part::repeats) return repeats_.begin()->second;
    return at == Part::early ? early_.begin()->second : *first_;
  }
  /// The first of the queue, or none.
  [[nodiscard]] Delivery* first() const noexcept { return first_; }
  /// True if the one at `current` is too early with nothing in the queue that may help it.
  [[nodiscard]] bool is_left_alone() const noexcept {
    return first_ == nullptr || (at == Part::queue && first_->behind == nullptr);
  }
  /// True if what stands behind the first has to wait for it.
  [[nodiscard]] bool blocked(Time now) const noexcept {
    return dead || (first_ != nullptr && first_->not_before > now);
  }

  /// What there is to do now; nothing if there is nothing.
  [[nodiscard]] std::optional<Part> due(Time now) const noexcept {
    if (dead) return std::nullopt;
    if (!repeats_.empty() && repeats_.begin()->first <= by_time(now)) return Part::repeats;
    const bool first_is_due = first_ != nullptr && first_->not_before <= now;
    const bool early_is_due = !early_.empty() && early_.begin()->second.not_before <= now;
    if (early_is_due && (first_is_due || early_may_go())) return Part::early;
    if (first_is_due) return Part::queue;
    return std::nullopt;
  }
  /// When there is something to do next; nothing if there is nothing.
  [[nodiscard]] std::optional<Time> next() const noexcept {
    std::optional<Time> time;
    const auto consider = [&](Time other) { time = time ? std::min(*time, other) : other; };
    if (!repeats_.empty()) consider(repeats_.begin()->second.not_before);
    if (first_ != nullptr) consider(first_->not_before);
    if (early_may_go()) consider(early_.begin()->second.not_before);
    return time;
  }

  /// Behind all others.
  Delivery& append(Deliveries::node_type node) noexcept {
    Delivery& one = queue_.insert(std::move(node)).position->second;
    (last_ != nullptr ? last_->behind : first_) = &one;
    last_ = &one;
    return one;
  }
  /// It comes before all others. Requires that it was too early.
  void put_first() noexcept {
    INVSAGA_ASSERT(at == Part::early, "Lane::put_first: that it was too early");
    Delivery& one = queue_.insert(take()).position->second;
    one.behind = first_;
    if (first_ == nullptr) last_ = &one;
    first_ = &one;
    at = Part::queue;
  }
  /// The later ones do not wait for it.
  void set_aside(Time until) noexcept {
    auto node = take();
    node.mapped().not_before = until;
    early_.insert(std::move(node));
  }
  void repeat(Time time) noexcept {
    auto node = take();
    node.mapped().not_before = time;
    node.key() = by_time(time);
    repeats_.insert(std::move(node));
  }
  /// The run has moved: what was too early may be in time.
  void offer_early() noexcept {
    if (!early_.empty()) early_.begin()->second.not_before = Time{};
  }
  /// Takes the one at `current` out.
  Deliveries::node_type take() noexcept {
    if (at == Part::repeats) return repeats_.extract(repeats_.begin());
    if (at == Part::early) return early_.extract(early_.begin());
    Delivery& one = *first_;
    if (untold_ == &one) untold_ = one.behind;
    first_ = std::exchange(one.behind, nullptr);
    if (first_ == nullptr) last_ = nullptr;
    return queue_.extract(one.event->sequence);
  }

  /// It waits behind another if one comes to a stop.
  void tell_later(Delivery& last) noexcept {
    if (untold_ == nullptr) untold_ = &last;
  }
  /// Calls `told` with what stands behind the one that is failing or dead, each once; perhaps with
  /// some of it again.
  template <class Told>
  void tell_behind(const Told& told) noexcept {
    const Delivery* const head = dead ? &current() : first_;
    const auto tell = [&](Delivery* one) {
      if (one != nullptr && one != head) told(*one);
    };
    tell(first_);
    if (first_ != nullptr) tell(first_->behind);  // it was the first, and one was put before it
    for (Delivery* one = std::exchange(untold_, nullptr); one != nullptr; one = one->behind) {
      tell(one);
    }
  }

 private:
  [[nodiscard]] static std::uint64_t by_time(Time time) noexcept {
    return static_cast<std::uint64_t>(to_ms(time)) ^ (std::uint64_t{1} << 63);
  }
  /// Also while the first of the queue waits: that may be waiting for it.
  [[nodiscard]] bool early_may_go() const noexcept {
    return !early_.empty() &&
           (first_ == nullptr || early_.begin()->first < first_->event->sequence);
  }

  Deliveries queue_, early_;
  Repeats repeats_;
  Delivery *first_ = nullptr, *last_ = nullptr;  // of the queue
  Delivery* untold_ = nullptr;  // of the queue: from it on none is told that it waits
};

}  // namespace bus
}  // namespace v0
}  // namespace invsaga
