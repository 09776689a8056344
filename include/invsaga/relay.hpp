// SPDX-License-Identifier: Apache-2.0
//
// Brings what was decided to the bus: from the outbox, where an event stands since the state
// changed, until the bus has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <invsaga/any_bus.hpp>
#include <invsaga/any_outbox.hpp>
#include <invsaga/environment.hpp>
#include <invsaga/retry.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// How a relay waits, and how much it reads at a time. Constant for its life.
struct RelayOptions {
  /// How long a run waits whose event could not be published. Only the waits count: a relay never
  /// gives an event up, however often the bus refuses it.
  RetryPolicy retry{Duration{100}, Duration{30'000}, 200, 20, 0, Duration{0}};
  /// Events read from the outbox at a time, and events that waited and are tried in between.
  std::size_t batch = 256;
  /// Events that it has read and that have not left the outbox: the bus has not settled them, or
  /// they wait. Beyond, it reads on when one has left.
  std::size_t max_under_way = 1'000'000;
};

/// Since the relay began, but for `waiting_runs` and `under_way`, which are as of the last look at
/// the outbox.
struct RelayCounts {
  std::uint64_t published = 0;         ///< Events that the bus settled, repeats included.
  std::uint64_t publish_failures = 0;  ///< Attempts that the bus answered with an error.
  std::uint64_t acknowledge_failures = 0;
  std::uint64_t read_failures = 0;
  std::size_t waiting_runs = 0;  ///< Runs whose next event could not be published yet.
  std::size_t under_way = 0;     ///< Events that the bus has and has not settled.
};

/// Publishes the pending events of an outbox, each run's in order, and acknowledges each when the
/// bus cannot lose it any more: so at least once, also after a crash, or an end, at any point. It
/// reads on behind what the bus has not settled, so that an event whose consumer is down, or that
/// is dead, stops nobody: it stays in the outbox, and the next process offers it again. An event
/// that could not be published holds back the later ones of its run and of no other, however many
/// wait. What is under way takes some hundred bytes an event, and is bounded by `max_under_way`.
///
/// Level-triggered: each look at the outbox sees all that is new, so a wake-up may come once too
/// often or be lost before another. It looks once when it is started (what an earlier process
/// left), on `wake`, when the bus has answered, and, only while something failed, after a wait;
/// otherwise it does nothing at all.
///
/// It begins its looks as tasks of the executor, one at a time, and waits for no thread: where
/// outbox or bus answer later, it goes on by their completions, on whatever thread. Several relays
/// over one outbox lose nothing and keep the order of first publications, but publish events twice.
/// Outbox, bus and environment are borrowed and outlive the relay (but a `ReferableBus`, which may
/// end before). Safe from any thread. Destroying it waits for what a thread of it is at; what is
/// pending stays so.
class Relay {
  class Core;

 public:
  /// Requires `options.batch` > 0 and `options.max_under_way` > 0.
  Relay(AnyOutbox outbox, AnyBus bus, Environment environment, RelayOptions options = {});
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// Before, it publishes nothing: so that consumers subscribe first, since an event that nobody is
  /// owed is settled. A repeat changes nothing. Error: `limit_exceeded` (`Limit::deliveries`): what
  /// the bus's consumers may be owed all together is more than half of what may be under way, or of
  /// what outbox and log hold, so that consumers that are down could stop everybody; nothing is
  /// started. Not checked where bus or outbox do not say (`most_owed()`, `most_pending()`).
  result<void> start();
  /// Something was put into the outbox. Costs little, and returns at once; a repeat before the
  /// relay has looked, or before its start, changes nothing.
  void wake();

  [[nodiscard]] RelayCounts counts() const;

  /// Wakes a relay, as long as it lives. A value.
  class Waker {
   public:
    /// Wakes none.
    Waker() = default;
    explicit Waker(const Relay& relay) : core_(relay.core_) {}
    void wake() const;
    [[nodiscard]] bool is_over() const noexcept { return core_.expired(); }
    friend bool operator==(const Waker& a, const Waker& b) noexcept {
      return !a.core_.owner_before(b.core_) && !b.core_.owner_before(a.core_);
    }

   private:
    std::weak_ptr<Core> core_;
  };

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace v0
}  // namespace invsaga
