// SPDX-License-Identifier: Apache-2.0
//
// How the memory bus takes events: what each consumer does with one, in two halves.
#include <algorithm>
#include <utility>

#include "memory_bus_core.hpp"

namespace invsaga {
inline namespace v0 {
namespace {

/// So many calls wait for one event at one consumer: one in earnest, and repeats.
constexpr std::size_t max_publications = 16;

}  // namespace

void MemoryBus::Core::publish(std::span<const Event> events, Completion<void> done) noexcept {
  bus::Publications own;
  const auto made = detail::within_memory([&]() -> result<void> {
    own.push_back(std::make_shared<bus::Publication>(done));
    return success();
  });
  if (!made.has_value()) return done(made.assume_error());
  const Door door(*this);
  arm_the_unarmed();
  const auto outcome = stops_ ? Error{Errc::unavailable} : publish_all(events, own.front());
  if (outcome.has_value()) return settled_.take_first(own);
  ++counts_.refused;
  settled_.refuse_first(own, outcome.assume_error());
}

/// Event by event, each in two halves: all that may fail, the tasks too; then the effect, which
/// cannot.
result<void> MemoryBus::Core::publish_all(std::span<const Event> events,
                                          const std::shared_ptr<bus::Publication>& publication) {
  if (events.size() > options_.max_owed) {
    return over_limit(Limit::deliveries, events.size(), options_.max_owed);
  }
  for (const Event& event : events) INVSAGA_CHECK(check_publishable(event));
  for (const Event& event : events) {
    const auto outcome = detail::within_memory([&] { return prepare(event, publication); });
    if (outcome.has_value()) take_effect(event);
    drop_prepared();
    if (!outcome.has_value()) return outcome;
  }
  return success();
}

/// All consumers that have room, or none: an event that was refused is nowhere.
result<void> MemoryBus::Core::prepare(const Event& event,
                                      const std::shared_ptr<bus::Publication>& publication) {
  const auto known = seen_.find(event.run);
  bus::SeenRun run = known == seen_.end() ? bus::SeenRun{{}, next_run_} : known->second;
  run.number = number_of(run, event);
  std::shared_ptr<const Event> shared;
  made_.reserve(consumers_.size());
  for (const auto& [number, consumer] : consumers_) {
    if (!consumer.wants(event.type)) continue;
    if (shared == nullptr) shared = std::make_shared<const Event>(event);
    INVSAGA_CHECK(prepare_for(number, run, shared, publication));
  }
  if (known != seen_.end()) return success();
  if (seen_.size() + 1 >= seen_.bucket_count()) seen_.reserve(2 * (seen_.size() + 1));
  Seen one(0, seen_.hash_function());
  one.try_emplace(event.run, run);
  made_order_.push_back(event.run);
  made_seen_ = one.extract(event.run);
  return success();
}

result<void> MemoryBus::Core::prepare_for(ConsumerNumber number, const bus::SeenRun& run,
                                          const std::shared_ptr<const Event>& event,
                                          const std::shared_ptr<bus::Publication>& publication) {
  Lane* const lane = find_lane({number, event->run});
  Delivery* const pending = lane == nullptr ? nullptr : lane->find(*event);
  Made& made = made_.emplace_back();
  made.consumer = number;
  if (pending != nullptr) {
    pending->publications.remove_if([](const auto& one) { return one->is_told; });
    if (pending->publications.size() >= max_publications) {
      return no_room(Limit::deliveries, max_publications);
    }
    made.room = Room::joined;
    made.joined = pending;
  } else {
    INVSAGA_TRY(made.room, room_at(consumers_.find(number)->second, lane, run, *event));
  }
  if (made.room > Room::joined) return success();
  made.publication.push_back(publication);
  return made.room == Room::taken ? prepare_delivery(made, event) : success();
}

/// What a consumer that is down is owed is its own affair, and refuses nothing. A repeat leaves no
/// hole where it is not kept, and takes no place from what is new.
result<MemoryBus::Core::Room> MemoryBus::Core::room_at(const Consumer& consumer, const Lane* lane,
                                                       const bus::SeenRun& run,
                                                       const Event& event) const {
  const bool repeat = run.window.has_seen(event.sequence);
  const bool is_cut = lane != nullptr && lane->cut;
  if (consumer.shut_out || run.number < consumer.takes_from || is_cut) {
    return repeat ? Room::not_needed : Room::left_out;
  }
  // What others wait for has a place beyond the bounds: nothing else would ever empty them.
  const std::size_t more = lane != nullptr && lane->waits_for(event) ? 1 : 0;
  if (is_full(consumer) && more == 0) {
    if (repeat) return Room::not_needed;
    if (is_down(consumer)) return Room::shut_out;
    return no_room(Limit::deliveries, options_.max_owed);
  }
  const bool run_is_full = lane != nullptr && lane->size() >= options_.max_pending_per_run + more;
  const bool is_stuck = lane != nullptr && has_stopped(consumer, *lane);
  if (run_is_full && is_stuck && repeat) return Room::not_needed;
  if (run_is_full && is_stuck) {
    return consumer.cut_runs < options_.max_runs ? Room::lane_cut : Room::shut_out;
  }
  if (run_is_full) return no_room(Limit::deliveries, options_.max_pending_per_run);
  return Room::taken;
}

result<void> MemoryBus::Core::prepare_delivery(Made& made,
                                               const std::shared_ptr<const Event>& event) {
  const Consumer& consumer = consumers_.find(made.consumer)->second;
  const DeliveryTiming when = timing(*event, consumer);
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
  const bool next = consumer.attachment != nullptr && !lane->running && !lane->dead &&
                    lane->first() == nullptr;
  if (next && !post_look(made.number, *lane, delivery.not_before)) return no_memory();
  return success();
}

/// Of one that is full: it has not caught up, or never will.
bool MemoryBus::Core::is_down(const Consumer& consumer) const noexcept {
  if (consumer.attachment == nullptr) return is_overdue(consumer.detached_since);
  return consumer.dead >= options_.max_owed || is_overdue(consumer.full_since);
}

/// Nothing of it is acknowledged or about to be tried; or its handler has had one for so long that
/// it may never answer.
bool MemoryBus::Core::has_stopped(const Consumer& consumer, const Lane& lane) const noexcept {
  if (consumer.attachment == nullptr) return is_overdue(consumer.detached_since);
  if (lane.running) return is_overdue(lane.in_hand_since);
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
    if (made.room <= Room::joined) ++made.publication.front()->owed;
    if (made.room == Room::taken) enqueue(made, first);
    if (made.room == Room::joined) {
      bus::Publications& others = made.joined->publications;
      others.splice(others.end(), made.publication);
    }
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
  Consumer& consumer = consumer_of(lane);
  if (consumer.attachment == nullptr) count_as_waiting(lane, true);
  const bool waits = lane.blocked(now()) && !lane.running;
  Delivery& delivery = lane.append(std::move(made.delivery));
  delivery.publications = std::move(made.publication);
  delivery.told_parked = !first;  // it may wait behind later ones, but nobody waits for it
  ++(lane.waits ? consumer.waiting : consumer.on_their_way);
  if (lane.dead) ++consumer.dead;
  if (is_full(consumer) && !is_set(consumer.full_since)) consumer.full_since = now();
  ++counts_.pending;
  if (waits) {
    tell(lane, delivery, Handling::parked);
  } else {
    lane.tell_later(delivery);
  }
}

void MemoryBus::Core::leave_out(const Made& made, const Event& event) noexcept {
  Consumer& consumer = consumers_.find(made.consumer)->second;
  if (made.room == Room::shut_out) {
    // Full of runs that are cut it is let in at once, for the runs that begin from now on.
    consumer.shut_out = is_full(consumer);
    if (!consumer.shut_out) consumer.takes_from = next_run_;
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

}  // namespace v0
}  // namespace invsaga
