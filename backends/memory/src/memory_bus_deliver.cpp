// SPDX-License-Identifier: Apache-2.0
//
// What the tasks of the bus do: look at a lane, deliver its next event, and do what the answer
// says.
#include <utility>

#include <invsaga/rng.hpp>

#include "memory_bus_core.hpp"

namespace invsaga {
inline namespace v0 {
void MemoryBus::Core::look(LaneNumber number) {
  Lock lock(mutex_);
  const auto found = lanes_.find(number);
  if (found == lanes_.end()) return;
  Lane& lane = found->second;
  lane.disarm_first();
  if (lane.running) return;
  lane.offer_due(now());
  const std::size_t head = lane.head();
  const bool due = !lane.dead && head < lane.deliveries.size() &&
                   lane.deliveries[head].not_before <= now();
  if (!due) return go_on(number, lane);
  lane.current = head;
  deliver(lock, number, lane);
}

void MemoryBus::Core::deliver(Lock& lock, LaneNumber number, Lane& lane) {
  Delivery& delivery = lane.deliveries[lane.current];
  if (++delivery.attempts == 1) delivery.first_attempt = now();
  const EventHandler& handler = consumers_[lane.consumer].handler;
  lane.running = true;
  auto handed = std::make_unique<Handed>(Handed{shared_from_this(), delivery.event, number});
  const Event& event = *handed->event;
  lock.unlock();
  handler(event, {&Core::on_answer, handed.release(), 0});
}

void MemoryBus::Core::on_answer(void* context, std::uint64_t, result<Handling>&& answer) noexcept {
  const std::unique_ptr<Handed> handed(static_cast<Handed*>(context));
  Core& self = *handed->core;
  const Lock lock(self.mutex_);
  if (self.ended_) return;
  Lane& lane = self.lanes_.at(handed->lane);  // it stays while it runs
  lane.running = false;
  self.settle(lane, answer);
  self.go_on(handed->lane, lane);
}

void MemoryBus::Core::settle(Lane& lane, const result<Handling>& answer) {
  const bool done = answer.has_value() && (answer.assume_value() == Handling::handled ||
                                           answer.assume_value() == Handling::duplicate);
  if (done) return acknowledge_event(lane, answer.assume_value());
  if (lane.deliveries[lane.current].acknowledged) return remove(lane);
  if (!answer.has_value()) return fail(lane, answer.assume_error());
  if (answer.assume_value() == Handling::parked) return set_aside(lane);
  give_up(lane, Error{Errc::refused});
}

void MemoryBus::Core::acknowledge_event(Lane& lane, Handling handling) {
  Delivery& delivery = lane.deliveries[lane.current];
  ++(handling == Handling::handled ? counts_.handled : counts_.duplicate);
  tell(lane, delivery, handling);
  if (delivery.again > 0) {
    --delivery.again;
    delivery.acknowledged = delivery.passed_by = delivery.told_parked = true;
    delivery.not_before = saturating_add(now(), delivery.again_after);
  } else {
    remove(lane);
  }
  lane.offer_early();
  if (lane.blocked(now())) park_behind(lane);
}

void MemoryBus::Core::remove(Lane& lane) {
  INVSAGA_ASSERT(lane.current < lane.deliveries.size() && counts_.pending > 0,
                 "what is removed was pending");
  lane.deliveries.erase(lane.deliveries.begin() + static_cast<std::ptrdiff_t>(lane.current));
  --counts_.pending;
}

/// It waits like one that failed, but holds back nobody, and only time ends its waiting.
void MemoryBus::Core::set_aside(Lane& lane) {
  Delivery& delivery = lane.deliveries[lane.current];
  const Time next = next_attempt(delivery);
  tell(lane, delivery, Handling::parked);
  if (!allows(options_.retry, 0, next - delivery.first_attempt)) {
    return give_up(lane, Error{Errc::too_late});
  }
  delivery.too_early = delivery.passed_by = true;
  delivery.not_before = next;
  if (lane.blocked(now())) park_behind(lane);
}

void MemoryBus::Core::fail(Lane& lane, Error error) {
  Delivery& delivery = lane.deliveries[lane.current];
  const Time next = next_attempt(delivery);
  const bool again = error.remedy() != Remedy::give_up &&
                     allows(options_.retry, delivery.attempts + 1, next - delivery.first_attempt);
  if (!again) return give_up(lane, error);
  tell_failed(lane, error);
  delivery.not_before = next;
  park_behind(lane);
}

void MemoryBus::Core::give_up(Lane& lane, Error error) {
  tell_failed(lane, error);
  lane.dead = true;
  lane.error = error;
  ++counts_.dead;
  ++counts_.dead_runs;
  tell(lane, lane.deliveries[lane.current], Handling::dead);
  park_behind(lane);
}

Time MemoryBus::Core::next_attempt(const Delivery& delivery) const {
  const std::uint64_t salt = delivery.event->id.low ^ delivery.attempts;
  const std::uint64_t chance = Rng(environment_.seed ^ salt).next();
  return saturating_add(now(), backoff(options_.retry, delivery.attempts, chance));
}

/// Whatever is not the head waits for it.
void MemoryBus::Core::park_behind(Lane& lane) {
  const std::size_t head = lane.dead ? lane.current : lane.head();
  for (std::size_t i = 0; i < lane.deliveries.size(); ++i) {
    if (i != head) tell(lane, lane.deliveries[i], Handling::parked);
  }
}

void MemoryBus::Core::tell(const Lane& lane, Delivery& delivery, Handling handling) {
  if (handling == Handling::parked) {
    if (std::exchange(delivery.told_parked, true)) return;
    ++counts_.parked;
  }
  if (options_.observer == nullptr) return;
  options_.observer->delivered(*delivery.event, consumers_[lane.consumer].name, handling);
}

void MemoryBus::Core::tell_failed(const Lane& lane, Error error) {
  ++counts_.failed;
  if (options_.observer == nullptr) return;
  const Event& event = *lane.deliveries[lane.current].event;
  options_.observer->failed(event, consumers_[lane.consumer].name, error);
}

/// Sees to it that the lane is looked at when there is something to do; drops it if it is empty.
void MemoryBus::Core::go_on(LaneNumber number, Lane& lane) {
  if (lane.running || lane.dead) return;
  if (const auto time = lane.next()) return arm(number, lane, *time);
  lane_numbers_.erase({lane.consumer, lane.run});
  lanes_.erase(number);
}

void MemoryBus::Core::arm(LaneNumber number, Lane& lane, Time time) {
  if (lane.armed_by(time)) return;
  lane.armed.push_back(time);
  const Task task{&Core::look, this, number};
  if (time <= now()) {
    environment_.executor.post(task);
  } else {
    environment_.executor.post_at(time, task);
  }
}

}  // namespace v0
}  // namespace invsaga
