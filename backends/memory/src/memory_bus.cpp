// SPDX-License-Identifier: Apache-2.0
//
// What callers of the bus do: publish, subscribe, look on. What its tasks do stands in
// memory_bus_deliver.cpp.
#include <invsaga/memory_bus.hpp>

#include <algorithm>
#include <utility>

#include "memory_bus_core.hpp"

namespace invsaga {
inline namespace v0 {

void MemoryBus::Core::stop() {
  {
    const Lock lock(mutex_);
    ended_ = true;
  }
  environment_.executor.drop(this);
}

result<void> MemoryBus::Core::publish(const Event& event) {
  const Lock lock(mutex_);
  auto accepted = accept(event);
  if (!accepted.has_value()) ++counts_.refused;
  return accepted;
}

result<void> MemoryBus::Core::accept(const Event& event) {
  INVSAGA_CHECK(check_publishable(event));
  const auto to = takers(event);
  INVSAGA_CHECK(room_for(event, to));
  const auto shared = std::make_shared<const Event>(event);
  const bool first = is_first(event);
  ++(first ? counts_.published : counts_.repeated);
  if (options_.observer != nullptr) options_.observer->published(event, !first);
  for (const std::size_t consumer : to) enqueue(shared, consumer, first);
  return success();
}

std::vector<std::size_t> MemoryBus::Core::takers(const Event& event) const {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < consumers_.size(); ++i) {
    if (consumers_[i].wants(event.type)) found.push_back(i);
  }
  return found;
}

/// All consumers or none: an event that was refused is nowhere.
result<void> MemoryBus::Core::room_for(const Event& event,
                                       const std::vector<std::size_t>& takers) const {
  if (takers.size() > options_.max_pending - counts_.pending) {
    return no_room(Limit::deliveries, options_.max_pending, takers.size());
  }
  for (const std::size_t consumer : takers) {
    const Lane* lane = find_lane({consumer, event.run});
    if (lane == nullptr || lane->deliveries.size() < options_.max_pending_per_run) continue;
    return no_room(Limit::deliveries, options_.max_pending_per_run);
  }
  return success();
}

const bus::Lane* MemoryBus::Core::find_lane(const bus::LaneKey& key) const {
  const auto found = lane_numbers_.find(key);
  return found == lane_numbers_.end() ? nullptr : &lanes_.at(found->second);
}

bool MemoryBus::Core::is_first(const Event& event) {
  const auto [window, fresh] = seen_.try_emplace(event.run);
  const bool first = window->second.mark(event.sequence);
  if (!fresh) return first;
  seen_order_.push_back(event.run);
  if (seen_order_.size() > options_.max_runs) {
    seen_.erase(seen_order_.front());
    seen_order_.pop_front();
  }
  return first;
}

void MemoryBus::Core::enqueue(const std::shared_ptr<const Event>& event, std::size_t consumer,
                              bool first) {
  // A repeat may wait behind later ones, but nobody waits for it to be handled.
  Delivery delivery{.event = event, .told_parked = !first};
  if (options_.delivery_hook != nullptr) {
    const DeliveryTiming timing = options_.delivery_hook->timing(*event, consumers_[consumer].name);
    if (timing.late > Duration{0}) delivery.not_before = saturating_add(now(), timing.late);
    delivery.again = timing.again;
    delivery.again_after = timing.again_after;
  }
  const LaneNumber number = lane_of({consumer, event->run});
  Lane& lane = lanes_.at(number);
  const bool waits = lane.blocked(now()) && !lane.running;
  lane.deliveries.push_back(std::move(delivery));
  ++counts_.pending;
  if (waits) tell(lane, lane.deliveries.back(), Handling::parked);
  go_on(number, lane);
}

MemoryBus::Core::LaneNumber MemoryBus::Core::lane_of(const bus::LaneKey& key) {
  const auto [place, fresh] = lane_numbers_.try_emplace(key, next_lane_);
  if (fresh) lanes_.try_emplace(next_lane_++, Lane{.consumer = key.consumer, .run = key.run});
  return place->second;
}

result<void> MemoryBus::Core::subscribe(std::string_view consumer,
                                        std::span<const std::string_view> types,
                                        EventHandler handler) {
  const Lock lock(mutex_);
  const bool known = std::any_of(
      consumers_.begin(), consumers_.end(),
      [&](const bus::Consumer& other) { return other.name == consumer; });
  const bool typed = std::none_of(types.begin(), types.end(), [](auto t) { return t.empty(); });
  if (known || consumer.empty() || !typed || !handler) return Error{Errc::invalid_argument};
  if (consumers_.size() >= options_.max_consumers) {
    return no_room(Limit::consumers, options_.max_consumers);
  }
  consumers_.push_back({std::string(consumer), {types.begin(), types.end()}, std::move(handler)});
  return success();
}

MemoryBusCounts MemoryBus::Core::counts() const {
  const Lock lock(mutex_);
  return counts_;
}

std::vector<DeadLetter> MemoryBus::Core::dead(std::size_t limit) const {
  const Lock lock(mutex_);
  std::vector<DeadLetter> letters;
  for (const auto& [number, lane] : lanes_) {
    if (letters.size() == limit) break;
    if (!lane.dead) continue;
    const Delivery& delivery = lane.deliveries[lane.current];
    letters.push_back({consumers_[lane.consumer].name, *delivery.event, delivery.attempts,
                       lane.error, lane.deliveries.size() - 1});
  }
  return letters;
}

MemoryBus::MemoryBus(Environment environment, MemoryBusOptions options)
    : core_(std::make_shared<Core>(environment, options)) {}
MemoryBus::~MemoryBus() { core_->stop(); }
result<void> MemoryBus::publish(const Event& event) { return core_->publish(event); }
result<void> MemoryBus::subscribe(std::string_view consumer,
                                  std::span<const std::string_view> types, EventHandler handler) {
  return core_->subscribe(consumer, types, std::move(handler));
}
MemoryBusCounts MemoryBus::counts() const { return core_->counts(); }
std::vector<DeadLetter> MemoryBus::dead(std::size_t limit) const { return core_->dead(limit); }

}  // namespace v0
}  // namespace invsaga
