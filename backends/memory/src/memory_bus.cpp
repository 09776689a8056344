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

void BusObserver::left_out(const Event&, std::string_view) {}

void MemoryBus::Core::stop() {
  {
    const Lock lock(mutex_);
    ended_ = true;
  }
  environment_.executor.drop(this);
}

/// In two halves: all that may fail, the tasks too; then the effect, which cannot.
result<void> MemoryBus::Core::publish(const Event& event) {
  const Lock lock(mutex_);
  arm_the_unarmed();
  auto outcome = detail::within_memory([&] { return prepare(event); });
  if (outcome.has_value()) {
    take_effect(event);
  } else {
    ++counts_.refused;
  }
  drop_prepared();
  return outcome;
}

/// All consumers that have room, or none: an event that was refused is nowhere.
result<void> MemoryBus::Core::prepare(const Event& event) {
  INVSAGA_CHECK(check_publishable(event));
  const auto known = seen_.find(event.run);
  bus::SeenRun run = known == seen_.end() ? bus::SeenRun{{}, next_run_} : known->second;
  run.number = number_of(run, event);
  std::shared_ptr<const Event> shared;
  made_.reserve(consumers_.size());
  for (std::size_t consumer = 0; consumer < consumers_.size(); ++consumer) {
    if (!consumers_[consumer].wants(event.type)) continue;
    if (shared == nullptr) shared = std::make_shared<const Event>(event);
    INVSAGA_CHECK(prepare_for(consumer, run, shared));
  }
  if (known != seen_.end()) return success();
  if (seen_.size() + 1 >= seen_.bucket_count()) seen_.reserve(2 * (seen_.size() + 1));
  Seen one(0, seen_.hash_function());
  one.try_emplace(event.run, run);
  made_order_.push_back(event.run);
  made_seen_ = one.extract(event.run);
  return success();
}

result<void> MemoryBus::Core::prepare_for(std::size_t consumer, const bus::SeenRun& run,
                                          const std::shared_ptr<const Event>& event) {
  const Lane* const lane = find_lane({consumer, event->run});
  INVSAGA_TRY(const Room room, room_at(consumers_[consumer], lane, run, *event));
  Made& made = made_.emplace_back();
  made.consumer = consumer;
  made.room = room;
  return room == Room::taken ? prepare_delivery(made, event) : success();
}

/// What waits at a consumer is its own affair, and refuses nothing. A repeat leaves no hole where
/// it is not kept, and takes no place from what is new.
result<MemoryBus::Core::Room> MemoryBus::Core::room_at(const Consumer& consumer, const Lane* lane,
                                                       const bus::SeenRun& run,
                                                       const Event& event) const {
  if (lane != nullptr && lane->holds(event)) return Room::not_needed;
  if (consumer.shut_out || run.number < consumer.takes_from) return Room::left_out;
  if (lane != nullptr && lane->cut) return Room::left_out;
  const bool repeat = run.window.has_seen(event.sequence);
  // What others wait for has a place beyond the bounds: nothing else would ever empty them.
  const std::size_t more = lane != nullptr && lane->waits_for(event) ? 1 : 0;
  if (consumer.waiting >= options_.max_waiting && more == 0) {
    return repeat ? Room::not_needed : Room::shut_out;
  }
  const bool run_is_full = lane != nullptr && lane->size() >= options_.max_pending_per_run + more;
  const bool is_stuck = lane != nullptr && has_stopped(*lane);
  if (run_is_full && is_stuck && repeat) return Room::not_needed;
  if (run_is_full && is_stuck) {
    return consumer.cut_runs < options_.max_runs ? Room::lane_cut : Room::shut_out;
  }
  if (run_is_full) return no_room(Limit::deliveries, options_.max_pending_per_run);
  const bool waits = lane != nullptr && lane->waits;
  if (!waits && consumer.on_their_way >= options_.max_pending) {
    return no_room(Limit::deliveries, options_.max_pending);
  }
  return Room::taken;
}

result<void> MemoryBus::Core::prepare_delivery(Made& made,
                                               const std::shared_ptr<const Event>& event) {
  const DeliveryTiming when = timing(*event, consumers_[made.consumer]);
  bus::Deliveries alone;
  Delivery& delivery = alone[event->sequence];
  delivery.event = event;
  delivery.again = when.again;
  delivery.again_after = when.again_after;
  if (when.late > Duration{0}) delivery.not_before = saturating_add(now(), when.late);
  made.delivery = alone.extract(alone.begin());
  const bus::LaneKey key{made.consumer, event->run};
  const auto known = lane_numbers_.find(key);
  made.number = known != lane_numbers_.end() ? known->second : next_lane_++;
  Lane* lane = nullptr;
  if (known != lane_numbers_.end()) {
    lane = &lanes_.at(made.number);
  } else {
    const std::size_t wanted = lanes_.size() + made_.size();
    if (wanted >= lanes_.bucket_count()) lanes_.reserve(2 * wanted);
    if (wanted >= lane_numbers_.bucket_count()) lane_numbers_.reserve(2 * wanted);
    Lanes one;
    one.try_emplace(made.number, made.consumer, event->run);
    made.lane = one.extract(made.number);
    LaneNumbers one_number(0, lane_numbers_.hash_function());
    one_number.emplace(key, made.number);
    made.lane_number = one_number.extract(key);
    lane = &made.lane.mapped();
  }
  // It is looked at for the new one only if nothing stands before it.
  const bool next = !lane->running && !lane->dead && lane->first() == nullptr;
  if (next && !post_look(made.number, *lane, delivery.not_before)) return no_memory();
  return success();
}

/// Nothing of it is acknowledged or about to be tried; or its handler has had one for so long that
/// it may never answer.
bool MemoryBus::Core::has_stopped(const Lane& lane) const noexcept {
  if (lane.running) return now() >= saturating_add(lane.in_hand_since, options_.patience);
  return lane.stands_still && !lane.due(now());
}

DeliveryTiming MemoryBus::Core::timing(const Event& event, const Consumer& consumer) {
  DeliveryTiming made;
  if (options_.delivery_hook == nullptr) return made;
  thrown_.guard("the bus's delivery hook",
                [&] { made = options_.delivery_hook->timing(event, consumer.name); });
  return made;
}

/// Of a run that may have been forgotten: an event whose predecessor is not known may stand behind
/// one that was left out somewhere.
std::uint64_t MemoryBus::Core::number_of(const bus::SeenRun& run,
                                         const Event& event) const noexcept {
  const bool begins = event.sequence == 1 || run.window.has_seen(event.sequence - 1);
  return has_forgotten_ && !begins ? 0 : run.number;
}

void MemoryBus::Core::drop_prepared() noexcept {
  made_.clear();
  made_seen_ = {};
  made_order_.clear();
}

void MemoryBus::Core::take_effect(const Event& event) noexcept {
  const bool first = mark_seen(event);
  ++(first ? counts_.published : counts_.repeated);
  tell_observer([&] { options_.observer->published(event, !first); });
  for (Made& made : made_) {
    if (made.room == Room::taken) enqueue(made, first);
    if (made.room > Room::not_needed) leave_out(made, event);
  }
}

/// True if the event was not seen before.
bool MemoryBus::Core::mark_seen(const Event& event) noexcept {
  if (!made_seen_) {
    bus::SeenRun& run = seen_.find(event.run)->second;
    run.number = number_of(run, event);
    return run.window.mark(event.sequence);
  }
  ++next_run_;
  const bool first = made_seen_.mapped().window.mark(event.sequence);
  seen_.insert(std::move(made_seen_));
  seen_order_.splice(seen_order_.end(), made_order_);
  if (seen_order_.size() > options_.max_runs) {
    seen_.erase(seen_order_.front());
    seen_order_.pop_front();
    has_forgotten_ = true;
  }
  return first;
}

void MemoryBus::Core::enqueue(Made& made, bool first) noexcept {
  if (made.lane) {
    lane_numbers_.insert(std::move(made.lane_number));
    lanes_.insert(std::move(made.lane));
  }
  Lane& lane = lanes_.find(made.number)->second;
  const bool waits = lane.blocked(now()) && !lane.running;
  Delivery& delivery = lane.append(std::move(made.delivery));
  delivery.told_parked = !first;  // it may wait behind later ones, but nobody waits for it
  Consumer& consumer = consumers_[made.consumer];
  ++(lane.waits ? consumer.waiting : consumer.on_their_way);
  ++counts_.pending;
  if (waits) {
    tell(lane, delivery, Handling::parked);
  } else {
    lane.tell_later(delivery);
  }
}

void MemoryBus::Core::leave_out(const Made& made, const Event& event) noexcept {
  Consumer& consumer = consumers_[made.consumer];
  if (made.room == Room::shut_out) {
    consumer.shut_out = true;
    let_in(consumer);  // at once if it was full of runs that are cut
  }
  if (made.room == Room::lane_cut) {
    find_lane({made.consumer, event.run})->cut = true;  // it stays
    ++consumer.cut_runs;
  }
  ++consumer.left_out;
  ++counts_.left_out;
  tell_observer([&] { options_.observer->left_out(event, consumer.name); });
}

bus::Lane* MemoryBus::Core::find_lane(const bus::LaneKey& key) {
  const auto found = lane_numbers_.find(key);
  return found == lane_numbers_.end() ? nullptr : &lanes_.find(found->second)->second;
}

result<void> MemoryBus::Core::subscribe(std::string_view consumer,
                                        std::span<const std::string_view> types,
                                        EventHandler handler) {
  const Lock lock(mutex_);
  const bool known = std::any_of(consumers_.begin(), consumers_.end(),
                                 [&](const Consumer& other) { return other.name == consumer; });
  const bool typed = std::none_of(types.begin(), types.end(), [](auto t) { return t.empty(); });
  if (known || consumer.empty() || !typed || !handler) return Error{Errc::invalid_argument};
  if (consumers_.size() >= options_.max_consumers) {
    return no_room(Limit::consumers, options_.max_consumers);
  }
  return detail::within_memory([&]() -> result<void> {
    consumers_.push_back({.name = std::string(consumer),
                          .types = {types.begin(), types.end()},
                          .handler = std::move(handler)});
    return success();
  });
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
  for (const Consumer& one : consumers_) {
    told.push_back({one.name, one.on_their_way, one.waiting, one.dead_runs, one.cut_runs,
                    one.left_out, one.shut_out});
  }
  return told;
}

Thrown MemoryBus::Core::thrown() const {
  Thrown told = thrown_.thrown();
  const Lock lock(mutex_);
  for (const Consumer& consumer : consumers_) {
    Thrown more = consumer.handler.thrown();
    told.count += more.count;
    if (more.count > 0) told.last = std::move(more.last);
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
        {consumers_[lane.consumer].name, *dead.event, dead.attempts, lane.error, lane.size() - 1});
  }
  return letters;
}

MemoryBus::MemoryBus(Environment environment, MemoryBusOptions options)
    : core_(std::make_shared<Core>(environment, options)) {}
MemoryBus::~MemoryBus() { core_->stop(); }
result<void> MemoryBus::publish(const Event& event) noexcept { return core_->publish(event); }
result<void> MemoryBus::subscribe(std::string_view consumer,
                                  std::span<const std::string_view> types, EventHandler handler) {
  return core_->subscribe(consumer, types, std::move(handler));
}
MemoryBusCounts MemoryBus::counts() const { return core_->counts(); }
std::vector<BusConsumer> MemoryBus::consumers() const { return core_->consumers(); }
Thrown MemoryBus::thrown() const { return core_->thrown(); }
std::vector<DeadLetter> MemoryBus::dead(std::size_t limit) const { return core_->dead(limit); }

}  // namespace v0
}  // namespace invsaga
