// SPDX-License-Identifier: Apache-2.0
//
// What callers of the bus do but for publishing: subscribe, leave, look on. Its events come in by
// memory_bus_publish.cpp; what its tasks do stands in memory_bus_deliver.cpp.
#include <invsaga/memory_bus.hpp>

#include <algorithm>
#include <limits>
#include <utility>

#include "memory_bus_core.hpp"

namespace invsaga {
inline namespace v0 {

void BusObserver::left_out(const Event&, std::string_view) {}

/// What handlers answer that are within a call still counts; then whoever waits is told that nobody
/// will know.
void MemoryBus::Core::stop() {
  {
    const Lock lock(mutex_);
    stops_ = true;
  }
  environment_.executor.drop(this);
  const Door door(*this);
  ended_ = true;
  for (auto& [number, lane] : lanes_) {
    lane.for_each([&](Delivery& delivery) {
      while (!delivery.publications.empty()) {
        settled_.refuse_first(delivery.publications, Error{Errc::reply_lost});
      }
    });
  }
}

result<Subscription> MemoryBus::Core::subscribe(std::string_view consumer,
                                                std::span<const std::string_view> types,
                                                EventHandler handler) {
  const bool typed = std::none_of(types.begin(), types.end(), [](auto t) { return t.empty(); });
  if (consumer.empty() || !typed || !handler) return Error{Errc::invalid_argument};
  // Made before the lock is taken, and let go after it: a handler's end is its user's code.
  Consumers alone;
  std::shared_ptr<Held> held;
  const auto made = detail::within_memory([&]() -> result<void> {
    Consumer& one = alone[0];
    one.name = consumer;
    one.types.assign(types.begin(), types.end());
    one.attachment = std::make_shared<bus::Attachment>(std::move(handler));
    held = std::make_shared<Held>();
    return success();
  });
  if (!made.has_value()) return made.assume_error();
  const Lock lock(mutex_);
  arm_the_unarmed();
  if (stops_) return Error{Errc::unavailable};
  const auto known = find_consumer(consumer);
  const bool is_new = known == consumers_.end();
  if (!is_new && known->second.attachment != nullptr) return Error{Errc::invalid_argument};
  if (is_new && consumers_.size() >= options_.max_consumers) {
    return no_room(Limit::consumers, options_.max_consumers);
  }
  held->attachment = alone.begin()->second.attachment;
  held->consumer = is_new ? next_consumer_++ : known->first;
  held->core = weak_from_this();
  auto node = alone.extract(alone.begin());
  if (is_new) {
    node.key() = held->consumer;
    consumers_.insert(std::move(node));
  } else {
    known->second.types.swap(node.mapped().types);
    known->second.attachment = held->attachment;
  }
  attach(held->consumer, consumers_.find(held->consumer)->second);
  return Subscription(std::move(held));
}

MemoryBus::Core::Consumers::iterator MemoryBus::Core::find_consumer(std::string_view name) {
  return std::find_if(consumers_.begin(), consumers_.end(),
                      [&](const auto& one) { return one.second.name == name; });
}

/// What it is owed is on its way again. Of the runs that are known it may have missed something if
/// it was shut out.
void MemoryBus::Core::attach(ConsumerNumber number, Consumer& consumer) noexcept {
  if (std::exchange(consumer.shut_out, false)) consumer.takes_from = next_run_;
  consumer.full_since = is_full(consumer) ? now() : Time{};
  for (auto next = lanes_.begin(); next != lanes_.end();) {
    const auto it = next++;
    Lane& lane = it->second;
    if (lane.consumer != number || lane.left) continue;
    count_as_waiting(lane, lane.running || lane.recovers);
    go_on(it->first, lane);
  }
}

MemoryBus::Core::Held::~Held() {
  if (attachment == nullptr) return;
  const auto bus = core.lock();
  if (bus) bus->detach(*this);
  attachment->end();
  if (bus) bus->keep_what_it_threw(*attachment);
}

/// All that it is owed waits, until somebody subscribes by its name.
void MemoryBus::Core::detach(const Held& held) noexcept {
  const Lock lock(mutex_);
  const auto found = consumers_.find(held.consumer);
  if (found == consumers_.end() || found->second.attachment != held.attachment) return;
  found->second.attachment.reset();
  found->second.detached_since = now();
  for (auto& [number, lane] : lanes_) {
    if (lane.consumer != held.consumer || lane.left) continue;
    count_as_waiting(lane, true);
    disarm(lane);
  }
}

/// Once, when nobody is within it any more.
void MemoryBus::Core::keep_what_it_threw(bus::Attachment& attachment) noexcept {
  const Lock lock(mutex_);
  if (std::exchange(attachment.thrown_is_kept, true)) return;
  auto keep = [&] { add(thrown_before_, attachment.thrown()); };
  static_cast<void>(detail::ending_of(keep));
}

/// It needs no task any more.
void MemoryBus::Core::disarm(Lane& lane) noexcept {
  if (std::exchange(lane.unarmed, false)) --unarmed_;
}

result<void> MemoryBus::Core::leave(std::string_view consumer) {
  std::shared_ptr<bus::Attachment> attachment;  // it ends when the lock is not held
  {
    const Door door(*this);
    arm_the_unarmed();
    if (stops_) return Error{Errc::unavailable};
    const auto found = find_consumer(consumer);
    if (found == consumers_.end()) return Error{Errc::not_found};
    for (auto next = lanes_.begin(); next != lanes_.end();) {
      const auto it = next++;
      Lane& lane = it->second;
      if (lane.consumer != found->first || lane.left) continue;
      lane.for_each([&](Delivery& delivery) { settled_.take_all(delivery.publications); });
      counts_.pending -= lane.size();
      counts_.dead_runs -= lane.dead ? 1 : 0;
      disarm(lane);
      lane_numbers_.erase({lane.consumer, lane.run});
      lane.left = true;
      if (!lane.running) lanes_.erase(it);  // else its handler has an event of it
    }
    attachment = std::move(found->second.attachment);
    consumers_.erase(found);
  }
  if (attachment == nullptr) return success();
  attachment->end();
  keep_what_it_threw(*attachment);
  return success();
}

std::size_t MemoryBus::Core::most_owed() const noexcept {
  const std::size_t most = std::numeric_limits<std::size_t>::max();
  if (options_.max_consumers > most / options_.max_owed) return most;
  return options_.max_consumers * options_.max_owed;
}

MemoryBusCounts MemoryBus::Core::counts() {
  const Lock lock(mutex_);
  arm_the_unarmed();
  return counts_;
}

std::vector<BusConsumer> MemoryBus::Core::consumers() {
  const Lock lock(mutex_);
  arm_the_unarmed();
  std::vector<BusConsumer> told;
  for (const auto& [number, one] : consumers_) {
    told.push_back({one.name, one.on_their_way, one.waiting, one.dead_runs, one.cut_runs,
                    one.left_out, one.shut_out, one.attachment != nullptr});
  }
  return told;
}

void MemoryBus::Core::add(Thrown& sum, Thrown more) noexcept {
  sum.count += more.count;
  if (more.count > 0) sum.last = std::move(more.last);
}

Thrown MemoryBus::Core::thrown() const {
  Thrown told = thrown_.thrown();
  const Lock lock(mutex_);
  add(told, thrown_before_);
  for (const auto& [number, consumer] : consumers_) {
    if (consumer.attachment != nullptr) add(told, consumer.attachment->thrown());
  }
  return told;
}

std::vector<DeadLetter> MemoryBus::Core::dead(std::size_t limit) {
  const Lock lock(mutex_);
  arm_the_unarmed();
  std::vector<DeadLetter> letters;
  for (auto& [number, lane] : lanes_) {
    if (letters.size() == limit) break;
    if (!lane.dead) continue;
    const Delivery& dead = lane.current();
    letters.push_back(
        {consumer_of(lane).name, *dead.event, dead.attempts, lane.error, lane.size() - 1});
  }
  return letters;
}

MemoryBus::MemoryBus(Environment environment, MemoryBusOptions options)
    : core_(std::make_shared<Core>(environment, options)) {}
MemoryBus::~MemoryBus() { core_->stop(); }
MemoryBusCounts MemoryBus::counts() const { return core_->counts(); }
std::vector<BusConsumer> MemoryBus::consumers() const { return core_->consumers(); }
Thrown MemoryBus::thrown() const { return core_->thrown(); }
std::vector<DeadLetter> MemoryBus::dead(std::size_t limit) const { return core_->dead(limit); }

void MemoryBus::Ref::publish(std::span<const Event> events, Completion<void> done) noexcept {
  core_->publish(events, done);
}
result<Subscription> MemoryBus::Ref::subscribe(std::string_view consumer,
                                               std::span<const std::string_view> types,
                                               EventHandler handler) {
  return core_->subscribe(consumer, types, std::move(handler));
}
result<void> MemoryBus::Ref::leave(std::string_view consumer) { return core_->leave(consumer); }
std::size_t MemoryBus::Ref::most_owed() const noexcept { return core_->most_owed(); }

}  // namespace v0
}  // namespace invsaga
