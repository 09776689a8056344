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
};

/// Since the relay began, but for `waiting_runs`, which is as of the last look at the outbox.
struct RelayCounts {
  std::uint64_t published = 0;         ///< Events that the bus took, repeats included.
  std::uint64_t publish_failures = 0;  ///< Attempts that the bus answered with an error.
  std::uint64_t acknowledge_failures = 0;
  std::uint64_t read_failures = 0;
  std::size_t waiting_runs = 0;  ///< Runs whose next event could not be published yet.
};

/// Publishes the pending events of an outbox, each run's in order, and acknowledges each when the
/// bus has taken it: so at least once, also after a crash at any point. An event that cannot be
/// published holds back the later ones of its run and of no other, however many wait: the relay
/// reads on behind them, a page at a time, and remembers where they stand. That takes some hundred
/// bytes a run that waits and eight an event, so it is bounded by what the outbox holds.
///
/// Level-triggered: each look at the outbox sees all that is new, so a wake-up may come once too
/// often or be lost before another. It looks once when it begins (what an earlier process left), on
/// `wake`, and, only while something failed, after a wait; otherwise it does nothing at all.
///
/// It begins its looks as tasks of the executor, one at a time, and waits for no thread: where
/// outbox or bus answer later, it goes on by their completions, on whatever thread. Several relays
/// over one outbox lose nothing and keep the order of first publications, but publish events twice.
/// Outbox, bus and environment are borrowed and outlive the relay. Safe from any thread. Destroying
/// it waits for what a thread of it is at; what is pending stays so.
class Relay {
  class Core;

 public:
  /// Requires `options.batch` > 0.
  Relay(AnyOutbox outbox, AnyBus bus, Environment environment, RelayOptions options = {});
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// Something was put into the outbox. Costs little, and returns at once; a repeat before the
  /// relay has looked changes nothing.
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
