// SPDX-License-Identifier: Apache-2.0
//
// A bus within one process. It keeps what is not acknowledged in memory, and ends with the process:
// what must not be lost stands in the outbox until the bus has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <invsaga/delivery_hook.hpp>
#include <invsaga/environment.hpp>
#include <invsaga/event.hpp>
#include <invsaga/event_bus.hpp>
#include <invsaga/memory_component.hpp>
#include <invsaga/result.hpp>
#include <invsaga/retry.hpp>
#include <invsaga/thrown.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// Is told what the bus did, in the order in which it came about, under the bus's lock: it must be
/// quick and must not call the bus. One that throws has been told (`MemoryBus::thrown`).
class BusObserver {
 public:
  virtual ~BusObserver() = default;
  /// The bus took the event; `repeat`: not for the first time.
  virtual void published(const Event& event, bool repeat) = 0;
  /// What became of it at a consumer. `parked` is told once, when the event begins to wait for an
  /// earlier one; the others as the handler answers them, delivery by delivery.
  virtual void delivered(const Event& event, std::string_view consumer, Handling handling) = 0;
  /// An attempt failed. `dead` follows if it was the last.
  virtual void failed(const Event& event, std::string_view consumer, Error error) = 0;
  /// The consumer is full of what waits at it, and this event is not kept for it.
  virtual void left_out(const Event& event, std::string_view consumer);
};

/// How a bus retries, and its bounds. Constant for its life. What is bounded is a consumer's own:
/// none fills the bus for others. Of what is pending at a consumer, the events of a run are
/// *waiting* while its handler has one of them, whether or not it ever answers; and from the time
/// that it fails one, or parks or gives it up, until it has acknowledged all that are there. The
/// others are *on their way*: they need only a turn.
struct MemoryBusOptions {
  /// When an event that failed is delivered again, and when it is given up as `dead`. Attempts and
  /// budget do not count for a handler that says `retry`: that one waits for as long as it takes.
  RetryPolicy retry{Duration{100}, Duration{30'000}, 200, 20, 10, Duration{600'000}};
  std::size_t max_consumers = 32;
  /// Deliveries that one consumer is owed: on their way or waiting. Beyond, `publish` of an event
  /// for it is `resource_exhausted` for a time: it may catch up, and so does what waits to be
  /// published. One that does not is *shut out*: what it is not owed any more is counted and told
  /// (`left_out`), and publishing goes on for the others; at once if all that it is owed is dead or
  /// parked behind such, else if it has been full, or without a subscription, for `patience`. It is
  /// let in when it subscribes anew, and then for the runs that begin from then on, so that it acts
  /// on no history with a hole; of what it missed before the bus began a new bus knows nothing
  /// (`InboxOrder::consecutive` does). What is owed stays in the outbox: so all consumers together
  /// should come to at most half of what outbox and log hold (`Relay::start` checks it).
  std::size_t max_owed = 15'000;
  /// The same of one run: beyond, events of the run are `resource_exhausted`; of one
  /// that has come to a stop there (its handler's last answer was no acknowledgement and nothing is
  /// due to be tried, or it is overdue by `patience`), the later ones are left out at that
  /// consumer. A repeat of what is there already takes no place, and for what all that is there
  /// came too early for there is always one.
  std::size_t max_pending_per_run = 1'024;
  /// For so long a handler may have an event before a run of it that is full has come to a stop;
  /// and a consumer may be full, or without a subscription, before it is shut out.
  Duration patience{30'000};
  /// Runs whose sequence numbers are remembered, to tell different events from repeats. Beyond,
  /// the oldest is forgotten: a repeat of its events counts as another one, and who was ever shut
  /// out is sent no later one of its events. As many runs of a consumer may be cut
  /// (`BusConsumer::cut_runs`); beyond, it is let in for new runs alone.
  std::size_t max_runs = 1'000'000;
  HashKey hash_key{};                     ///< Of its tables, as `keyed_hash.hpp` says.
  DeliveryHook* delivery_hook = nullptr;  ///< Borrowed for the bus's life; may be absent.
  BusObserver* observer = nullptr;        ///< Borrowed for the bus's life; may be absent.
};

/// Since the bus began, but for `pending` and `dead_runs`, which are as of now.
struct MemoryBusCounts {
  std::uint64_t published = 0;  ///< Different events accepted.
  std::uint64_t repeated = 0;   ///< Accepted once more.
  std::uint64_t refused = 0;    ///< Calls of `publish` that were answered with an error.
  std::uint64_t handled = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t parked = 0;  ///< Events that had to wait at a consumer, each counted once there.
  std::uint64_t failed = 0;  ///< Attempts that failed, also those that were the last.
  std::uint64_t dead = 0;
  std::uint64_t left_out = 0;  ///< Deliveries that a consumer had no room for.
  std::uint64_t settled = 0;   ///< Calls of `publish` that were answered with success.
  std::size_t pending = 0;     ///< Deliveries not acknowledged: on their way or waiting.
  std::size_t dead_runs = 0;   ///< Pairs of consumer and run that stand still behind a dead event.
};

/// What is at a consumer, as of now, and what was left out there since the bus began.
struct BusConsumer {
  std::string name;
  std::size_t on_their_way = 0;
  std::size_t waiting = 0;
  std::size_t dead_runs = 0;
  std::size_t cut_runs = 0;  ///< Runs that an event was left out of: no later one of them comes.
  std::uint64_t left_out = 0;
  bool shut_out = false;
  bool subscribed = false;  ///< Somebody has its subscription.
};

/// An event that was given up.
struct DeadLetter {
  std::string consumer;
  Event event;
  std::uint32_t attempts = 0;
  Error error;             ///< `refused`: the handler said `dead`; `too_late`: it stayed too early.
  std::size_t behind = 0;  ///< Events of its run that are parked behind it.
};

/// An `EventBus` of one process. Deliveries are tasks of the executor: one at a time for a consumer
/// and run, each delivery a task of its own, so that no run keeps others from their turn. By an
/// executor of one thread the order of everything is repeatable, and nothing but late deliveries
/// and retries takes time. Safe from any thread. Ends the delivery of everything when it is
/// destroyed, after the handlers that are called have returned, so it must not be destroyed from
/// within one; what one answers after that is let go. Who published what is not handled then is
/// told `reply_lost`: that stands in an outbox, and goes to the next process's bus.
///
/// Bounded, consumer by consumer (`MemoryBusOptions`): nothing that is owed is dropped. Where
/// memory runs out, `publish` and `subscribe` are `resource_exhausted` (of several events the first
/// ones may have been taken); what is delivered needs none. If the executor takes no task for a
/// run, the run goes on at the bus's next occasion: any call, or a delivery of another run.
class MemoryBus {
  class Core;

 public:
  /// Refers to a bus, and may outlive it: then all is `unavailable`. A value.
  class Ref {
   public:
    void publish(std::span<const Event> events, Completion<void> done) noexcept;
    result<Subscription> subscribe(std::string_view consumer,
                                   std::span<const std::string_view> types, EventHandler handler);
    result<void> leave(std::string_view consumer);
    [[nodiscard]] std::size_t most_owed() const noexcept;

   private:
    friend class MemoryBus;
    explicit Ref(std::shared_ptr<Core> core) noexcept : core_(std::move(core)) {}
    std::shared_ptr<Core> core_;
  };

  /// Requires a first wait and bounds of what is pending that are above 0.
  explicit MemoryBus(Environment environment, MemoryBusOptions options = {});
  ~MemoryBus();
  MemoryBus(const MemoryBus&) = delete;
  MemoryBus& operator=(const MemoryBus&) = delete;

  /// As `EventBus`. Besides: `limit_exceeded` is answered to more than `max_owed` events, an
  /// error only within the call, but for `reply_lost` at the bus's end. At most 16 calls wait for
  /// one event at one consumer: beyond, a repeat is `resource_exhausted`.
  void publish(std::span<const Event> events, Completion<void> done) noexcept {
    ref().publish(events, done);
  }
  result<Subscription> subscribe(std::string_view consumer, std::span<const std::string_view> types,
                                 EventHandler handler) {
    return ref().subscribe(consumer, types, std::move(handler));
  }
  result<void> leave(std::string_view consumer) { return ref().leave(consumer); }
  [[nodiscard]] Ref ref() const noexcept { return Ref(core_); }

  /// `max_consumers` times `max_owed`.
  [[nodiscard]] std::size_t most_owed() const noexcept { return ref().most_owed(); }
  [[nodiscard]] MemoryBusCounts counts() const;
  /// In the order in which they subscribed first. Allocates.
  [[nodiscard]] std::vector<BusConsumer> consumers() const;
  /// What handlers, observer, delivery hook and executor threw.
  [[nodiscard]] Thrown thrown() const;
  /// Allocates. Up to `limit` events that were given up, in no particular order.
  [[nodiscard]] std::vector<DeadLetter> dead(std::size_t limit) const;

 private:
  std::shared_ptr<Core> core_;
};

static_assert(EventBus<MemoryBus>);

}  // namespace v0
}  // namespace invsaga
