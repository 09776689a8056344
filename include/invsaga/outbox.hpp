// SPDX-License-Identifier: Apache-2.0
//
// Events that are decided and not yet known to be published.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <invsaga/event.hpp>
#include <invsaga/result.hpp>

namespace invsaga {
inline namespace v0 {

/// An event as it is prepared with the record that decides it. It bears no time: its time is the
/// record's.
struct PreparedEvent {
  std::uint64_t sequence = 0;  ///< Its number in its run, from 1.
  Bytes bytes;                 ///< A `Stored<Event>`; lent.
};

/// An event that waits in an outbox.
struct PendingEvent {
  RunId run;
  std::uint64_t sequence = 0;
  Time at;  ///< When it was decided.
  std::vector<std::byte> bytes;
  std::uint64_t place = 0;  ///< Where it stands in its outbox, from 1.
  friend bool operator==(const PendingEvent&, const PendingEvent&) = default;
};
/// The event itself, with its time. `corrupt` if the bytes are none, or another run's or number's.
result<Event> read_event(const PendingEvent& pending);

/// Semantics of an Outbox:
///  - `put(run, at, event)`: takes the run's next event, decided at `at`. At or below the highest
///    sequence that was ever taken of the run: nothing changes and `false` is answered, also after
///    that event was deleted (protocol rule 9: a former owner cannot put an old one again). A gap
///    above the highest is `invalid_argument`. `true`: taken. `resource_exhausted` if full. An
///    outbox keeps the bytes and reads nothing in them.
///  - `pending(after, limit)`: the first `limit` events that are not acknowledged and stand behind
///    the place `after`, in the order they were taken; all are behind place 0. What is taken later
///    stands behind all that anybody was ever shown, and a place is never given twice, so that who
///    has read up to a place finds all that is new behind it. It costs as much as what it answers,
///    however much waits before or behind. It changes nothing: an event stays pending until it is
///    acknowledged, so a relay that dies loses none.
///  - `acknowledge_event(run, sequence)`: the bus has it. A repeat changes nothing.
/// All are safe from any thread.
template <class O>
concept Outbox = requires(O& outbox, const PreparedEvent& event, Time at, RunId run,
                          std::uint64_t sequence, std::uint64_t after, std::size_t limit) {
  { outbox.put(run, at, event) } -> std::same_as<result<bool>>;
  { outbox.pending(after, limit) } -> std::same_as<result<std::vector<PendingEvent>>>;
  { outbox.acknowledge_event(run, sequence) } -> std::same_as<result<void>>;
};

/// One that need not keep the highest sequence of each run for ever:
///  - `has_pending(run)`: whether it holds an event of the run.
///  - `forget(run)`: from then on any event of the run would be its first. `busy` while one is
///    pending. Of a run that it does not know, or a repeat: nothing changes.
template <class O>
concept ForgettingOutbox = Outbox<O> && requires(O& outbox, RunId run) {
  { outbox.has_pending(run) } -> std::convertible_to<result<bool>>;
  { outbox.forget(run) } -> std::same_as<result<void>>;
};

}  // namespace v0
}  // namespace invsaga
