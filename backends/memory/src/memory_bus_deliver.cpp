// SPDX-License-Identifier: Apache-2.0
//
// What the tasks of the bus do: look at a lane, deliver its next event, and do what the answer
// says.
#include <algorithm>
#include <utility>

#include <invsaga/rng.hpp>

#include "memory_bus_core.hpp"

namespace invsaga {
inline namespace v0 {

void MemoryBus::Core::look(LaneNumber number) noexcept {
  Lock lock(mutex_);
  const auto found = lanes_.find(number);
  if (found != lanes_.end()) {
    Lane& lane = found->second;
    lane.armed.remove_first();
    if (std::exchange(lane.unarmed, false)) --unarmed_;
  }
  arm_the_unarmed();
  if (found == lanes_.end() || found->second.running) return;
  Lane& lane = found->second;
  if (stops_ || !is_attached(lane)) return;
  const auto due = lane.due(now());
  if (!due) return go_on(number, lane);
  lane.at = *due;
  deliver(lock, number, lane);
}

/// Nothing is allocated: the lane stays where it is until the answer, and the event with it. What
/// its handler has is waiting for it, whether or not it ever answers.
void MemoryBus::Core::deliver(Lock& lock, LaneNumber number, Lane& lane) noexcept {
  Delivery& delivery = lane.current();
  if (++delivery.attempts == 1) delivery.first_attempt = now();
  const std::shared_ptr<bus::Attachment> attachment = consumer_of(lane).attachment;
  attachment->enter();
  lane.running = true;
  lane.in_hand_since = now();
  count_as_waiting(lane, true);
  lane.keeper = shared_from_this();
  lane.handler = attachment;
  const Event& event = *delivery.event;
  lock.unlock();
  attachment->call(event, {&Core::on_answer, &lane, number});
}

void MemoryBus::Core::on_answer(void* context, std::uint64_t number,
                                result<Handling>&& answer) noexcept {
  Lane& lane = *static_cast<Lane*>(context);
  const std::shared_ptr<void> keeper = std::move(lane.keeper);  // they go after the lock
  const std::shared_ptr<bus::Attachment> handler = std::move(lane.handler);
  Core& self = *static_cast<Core*>(keeper.get());
  const Door door(self);
  if (self.ended_) return;
  lane.running = false;
  if (lane.left) return static_cast<void>(self.lanes_.erase(number));
  self.settle(lane, answer);
  self.count_as_waiting(lane, lane.recovers || !self.is_attached(lane));
  self.go_on(number, lane);
  self.arm_the_unarmed();
}

void MemoryBus::Core::settle(Lane& lane, const result<Handling>& answer) noexcept {
  const bool done = answer.has_value() && (answer.assume_value() == Handling::handled ||
                                           answer.assume_value() == Handling::duplicate);
  if (done) return acknowledge_event(lane, answer.assume_value());
  if (lane.at == Lane::Part::repeats) return remove(lane);
  if (!answer.has_value()) return fail(lane, answer.assume_error());
  if (answer.assume_value() == Handling::parked) return set_aside(lane);
  give_up(lane, Error{Errc::refused});
}

void MemoryBus::Core::acknowledge_event(Lane& lane, Handling handling) noexcept {
  Delivery& delivery = lane.current();
  ++(handling == Handling::handled ? counts_.handled : counts_.duplicate);
  tell(lane, delivery, handling);
  settled_.take_all(delivery.publications);
  const bool moves = lane.at != Lane::Part::repeats;
  if (delivery.again > 0) {
    --delivery.again;
    lane.repeat(saturating_add(now(), delivery.again_after));
  } else {
    remove(lane);
  }
  if (moves) {
    lane.stands_still = false;
    lane.idle_since = now();
    lane.offer_early();
  }
  if (lane.blocked(now())) park_behind(lane);
}

void MemoryBus::Core::remove(Lane& lane) noexcept {
  Consumer& consumer = consumer_of(lane);
  std::size_t& counted = lane.waits ? consumer.waiting : consumer.on_their_way;
  INVSAGA_ASSERT(counts_.pending > 0 && counted > 0, "what is removed was pending");
  lane.take();
  --counts_.pending;
  --counted;
  if (lane.size() == 0) lane.recovers = false;
  if (consumer.owed() <= options_.max_owed / 2) consumer.full_since = Time{};
}

/// It waits like one that failed, but holds back nobody. Only time ends its waiting, and only time
/// in which there was nothing to wait for: none of its run but what was too early like itself.
void MemoryBus::Core::set_aside(Lane& lane) noexcept {
  Delivery& delivery = lane.current();
  const Time next = next_attempt(delivery);
  tell(lane, delivery, Handling::parked);
  if (!is_set(delivery.early_since)) delivery.early_since = now();
  if (!lane.is_left_alone()) lane.idle_since = now();
  if (!allows(options_.retry, 0, next - std::max(delivery.early_since, lane.idle_since))) {
    return give_up(lane, Error{Errc::too_late});
  }
  delivery.first_attempt = saturating_add(delivery.first_attempt, next - now());
  lane.set_aside(next);
  stand_still(lane);
  if (lane.blocked(now())) park_behind(lane);
}

/// Who says `retry` waits, and waiting has no end: it is no attempt, and takes nothing of the
/// budget.
void MemoryBus::Core::fail(Lane& lane, Error error) noexcept {
  Delivery& delivery = lane.current();
  const Time next = next_attempt(delivery);
  if (error.remedy() == Remedy::retry) {
    delivery.first_attempt = saturating_add(delivery.first_attempt, next - now());
  } else {
    ++delivery.failures;
    const bool again = error.remedy() != Remedy::give_up &&
                       allows(options_.retry, delivery.failures + 1, next - delivery.first_attempt);
    if (!again) return give_up(lane, error);
  }
  tell_failed(lane, error);
  delivery.not_before = next;
  if (lane.at == Lane::Part::early) lane.put_first();
  stand_still(lane);
  park_behind(lane);
}

void MemoryBus::Core::give_up(Lane& lane, Error error) noexcept {
  tell_failed(lane, error);
  lane.dead = true;
  lane.error = error;
  stand_still(lane);
  ++consumer_of(lane).dead_runs;
  consumer_of(lane).dead += lane.size();
  ++counts_.dead;
  ++counts_.dead_runs;
  tell(lane, lane.current(), Handling::dead);
  park_behind(lane);
}

void MemoryBus::Core::stand_still(Lane& lane) noexcept { lane.stands_still = lane.recovers = true; }

/// All of a lane counts as waiting, or as on its way.
void MemoryBus::Core::count_as_waiting(Lane& lane, bool waits) noexcept {
  if (std::exchange(lane.waits, waits) == waits) return;
  Consumer& consumer = consumer_of(lane);
  std::size_t& from = waits ? consumer.on_their_way : consumer.waiting;
  std::size_t& to = waits ? consumer.waiting : consumer.on_their_way;
  from -= lane.size();
  to += lane.size();
}

Time MemoryBus::Core::next_attempt(const Delivery& delivery) const {
  const std::uint64_t salt = delivery.event->id.low ^ delivery.attempts;
  const std::uint64_t chance = Rng(environment_.seed ^ salt).next();
  return saturating_add(now(), backoff(options_.retry, delivery.attempts, chance));
}

void MemoryBus::Core::park_behind(Lane& lane) noexcept {
  lane.tell_behind([&](Delivery& delivery) { tell(lane, delivery, Handling::parked); });
}

void MemoryBus::Core::tell(const Lane& lane, Delivery& delivery, Handling handling) noexcept {
  if (handling == Handling::parked) {
    if (std::exchange(delivery.told_parked, true)) return;
    ++counts_.parked;
  }
  tell_observer(
      [&] { options_.observer->delivered(*delivery.event, consumer_of(lane).name, handling); });
}

void MemoryBus::Core::tell_failed(Lane& lane, Error error) noexcept {
  ++counts_.failed;
  tell_observer(
      [&] { options_.observer->failed(*lane.current().event, consumer_of(lane).name, error); });
}

/// Sees to it that the lane is looked at when there is something to do; drops it if it is empty.
void MemoryBus::Core::go_on(LaneNumber number, Lane& lane) noexcept {
  if (lane.running || lane.dead) return;
  if (const auto time = lane.next()) {
    if (is_attached(lane)) arm(number, lane, *time);
    return;
  }
  if (lane.cut) return;  // so that it is known
  lane_numbers_.erase({lane.consumer, lane.run});
  lanes_.erase(number);
}

/// If the executor takes no task for it, the lane is looked at on the next occasion.
bool MemoryBus::Core::arm(LaneNumber number, Lane& lane, Time time) noexcept {
  if (stops_) return false;
  const bool armed = post_look(number, lane, time);
  if (std::exchange(lane.unarmed, !armed)) --unarmed_;
  if (!armed) ++unarmed_;
  return armed;
}

/// False if the executor takes no task.
bool MemoryBus::Core::post_look(LaneNumber number, Lane& lane, Time time) noexcept {
  if (lane.armed.cover(time)) return true;
  const Task task{&Core::look, this, number};
  const auto post = [&] {
    lane.armed.make_room();
    if (time <= now()) {
      environment_.executor.post(task);
    } else {
      environment_.executor.post_at(time, task);
    }
  };
  if (thrown_.guard("the bus's executor", post) != detail::Ending::returned) return false;
  lane.armed.add(time);
  return true;
}

void MemoryBus::Core::arm_the_unarmed() noexcept {
  if (unarmed_ == 0 || stops_) return;
  for (auto& [number, lane] : lanes_) {
    if (!lane.unarmed) continue;
    const auto time = lane.next();
    if (!time || !arm(number, lane, *time)) return;
  }
}

}  // namespace v0
}  // namespace invsaga
