// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <invsaga/event.hpp>
#include <invsaga/outbox.hpp>
#include <invsaga/result.hpp>

namespace invsaga {
inline namespace v0 {

/// Bounds of an outbox. Constant for its life.
struct OutboxLimits {
  std::size_t max_events = 1'000'000;                  ///< Not acknowledged.
  std::size_t max_runs = 4'000'000;                    ///< Runs whose highest sequence is kept.
  std::size_t max_event_bytes = std::size_t{1} << 20;  ///< An event beyond it is `limit_exceeded`.
};

/// A sequential Outbox (`outbox.hpp` has the semantics), for one thread at a time.
///
/// The highest sequence that was taken of a run is kept also after its events are gone, until
/// `forget`. Where the acknowledged events leave holes, what is behind them does not wait.
class OutboxQueue {
 public:
  /// `key` as `keyed_hash.hpp` says.
  explicit OutboxQueue(const OutboxLimits& limits = {}, HashKey key = {});
  ~OutboxQueue();
  OutboxQueue(OutboxQueue&&) noexcept;
  OutboxQueue& operator=(OutboxQueue&&) noexcept;

  /// Errors: `invalid_argument` (no run, sequence 0, a gap), `limit_exceeded` (its size),
  /// `resource_exhausted`.
  result<bool> put(RunId run, Time at, const PreparedEvent& event);
  /// The same in two halves, for who has more to do at the same instant: any number of the run's
  /// next events are prepared, with all the room that they take; then the effect, which cannot
  /// fail. Their bounds are `room_for`'s to look at.
  void drop_prepared() noexcept;
  result<void> prepare(RunId run, Time at, const PreparedEvent& event);
  void take_effect() noexcept;
  result<std::vector<PendingEvent>> pending(std::uint64_t after, std::size_t limit) const;
  /// An event that is not pending is acknowledged already, or never was: nothing changes. Never an
  /// error.
  result<void> acknowledge_event(RunId run, std::uint64_t sequence);

  /// The run is forgotten, and with it its highest sequence: nobody puts an event of it again. A
  /// repeat succeeds. Error: `busy` (events of it are pending).
  result<void> forget(RunId run);

  /// The highest sequence that was ever taken of the run; 0 if none was.
  [[nodiscard]] std::uint64_t highest(RunId run) const noexcept;
  /// Whether events of the run are pending.
  [[nodiscard]] bool has_pending(RunId run) const noexcept;
  /// `OutboxLimits::max_events`.
  [[nodiscard]] std::size_t most_pending() const noexcept;
  /// The error that the first of these puts to fail would meet, in order, after `before` puts of
  /// the run's next events; found beforehand.
  result<void> room_for(RunId run, std::span<const PreparedEvent> events,
                        std::size_t before = 0) const noexcept;
  /// How many events are pending.
  [[nodiscard]] std::size_t size() const noexcept;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};
static_assert(Outbox<OutboxQueue>);

}  // namespace v0
}  // namespace invsaga
