// SPDX-License-Identifier: Apache-2.0
//
// The reference store of reservations: rows, holds and remembered ids of one process, for one
// thread at a time.
//
// It keeps no lock, reads no clock and does no I/O: time is what `advance_to` said. Whoever needs
// it from several threads puts it behind a lock (the memory backend does); whoever writes a faster
// store compares with it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <invsaga/operation.hpp>
#include <invsaga/reservation.hpp>
#include <invsaga/result.hpp>
#include <invsaga/stock.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// A hold whose deadline came, and what it gave back.
struct ExpiredHold {
  ReservationId id;
  std::span<const Line> lines;  ///< Merged, ascending by row.
};

/// What the last call did besides its answer, for whoever records it. Borrowed: valid until the
/// next call of the same ledger that is not const, and no longer than what the caller lent to the
/// last one.
struct LedgerTrace {
  /// Expired before the operation was decided, in order of their deadlines.
  std::span<const ExpiredHold> expired;
  /// reserve, adjust, commit of a part: the lines asked for. Merged, ascending.
  std::span<const Line> lines;
  /// commit: sold, also when it is a repeat; release: given back by this call.
  std::span<const Line> moved;
  std::span<const Line> back;  ///< commit of a part: given back, also when it is a repeat.
  /// All short lines of a refusal, whatever storage the caller lent.
  std::span<const ShortLine> shorts;
  bool repeat = false;  ///< The answer was given before under this id; nothing changed.
};

/// A copy of what a store remembers of one reservation. Owns its lines.
class RememberedReservation {
 public:
  RememberedReservation(ReservationId id, Time until, ReservationState state,
                        std::span<const Line> lines)
      : id_(id), until_(until), state_(state), lines_(lines.begin(), lines.end()) {}

  [[nodiscard]] ReservationId id() const noexcept { return id_; }
  /// The deadline as it stands: the one that the reserve named, or a later one by `extend`.
  [[nodiscard]] Time until() const noexcept { return until_; }
  [[nodiscard]] ReservationState state() const noexcept { return state_; }
  /// What was reserved. Merged, ascending by row.
  [[nodiscard]] std::span<const Line> lines() const noexcept { return lines_; }

 private:
  ReservationId id_;
  Time until_;
  ReservationState state_;
  std::vector<Line> lines_;
};
static_assert(Reservation<RememberedReservation>);

/// A sequential ReservationStore (`reservation.hpp` has the semantics of each operation,
/// `stock.hpp` the rules).
///
/// Before anything is decided, every hold with until <= now() is expired, in order of deadline. Ids
/// are forgotten as protocol rule 5 allows, `StoreLimits::grace` later, or at once where a new id
/// needs the room.
///
/// One thread at a time. Operations borrow their lines for the call; `shorts` is lent, filled as
/// far as it reaches, and the spans of an answer point into it. A repeat gets the answer again and
/// changes nothing. An `Error` changes nothing but the expiries that were due; where memory runs
/// out it is `resource_exhausted` (`Limit::memory`), from anything that answers a `result`.
class Ledger {
 public:
  static constexpr Capabilities capabilities() noexcept {
    return {.linearizable = true, .multi_row_atomic = true};
  }

  /// Requires limits whose durations are not below 0, with `max_units` from 1 to 2^53-1.
  /// `key` as `keyed_hash.hpp` says.
  explicit Ledger(const StoreLimits& limits = {}, HashKey key = {});
  ~Ledger();
  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;

  [[nodiscard]] const StoreLimits& limits() const noexcept;

  /// The time of the last `advance_to`; not set before the first.
  [[nodiscard]] Time now() const noexcept;
  /// Moves the clock. An earlier time changes nothing: the clock never goes back.
  void advance_to(Time time) noexcept;
  /// The earliest deadline of a live hold, for a driver that sweeps exactly on time. It may be due
  /// already.
  [[nodiscard]] std::optional<Time> next_expiry() const noexcept;
  /// Expires what is due, without waiting for an operation to do so. Answers how many holds;
  /// `last()` has them. Error: `resource_exhausted` (memory); then none did.
  result<std::size_t> expire_due();

  result<ReserveAnswer> reserve(const Reserve& reserve, std::span<ShortLine> shorts = {});
  result<CommitAnswer> commit(const Commit& commit);
  result<ReleaseAnswer> release(const Release& release);
  result<ExtendAnswer> extend(const Extend& extend);
  result<AdjustAnswer> adjust(const Adjust& adjust, std::span<ShortLine> shorts = {});
  /// Any of them.
  result<Answer> apply(const Operation& operation, std::span<ShortLine> shorts = {});
  /// The same in two halves, for who has more to do at the same instant: what is answered, with all
  /// the room that its effect takes; then the effect, which cannot fail. Whatever else is called
  /// between them drops the first half.
  result<Answer> prepare(const Operation& operation, std::span<ShortLine> shorts = {});
  void take_effect() noexcept;

  /// Batches: in order, each as if alone, not atomic as a whole. Short lines beyond the first of
  /// each are not reported. Requires `answers` as long as the batch.
  void reserve(std::span<const Reserve> batch, std::span<result<ReserveAnswer>> answers);
  void commit(std::span<const Commit> batch, std::span<result<CommitAnswer>> answers);
  void release(std::span<const Release> batch, std::span<result<ReleaseAnswer>> answers);
  void extend(std::span<const Extend> batch, std::span<result<ExtendAnswer>> answers);
  void adjust(std::span<const Adjust> batch, std::span<result<AdjustAnswer>> answers);
  void apply(std::span<const Operation> batch, std::span<result<Answer>> answers);

  /// The commit of `id` is recorded by whoever asked for it: it may be forgotten once its named
  /// deadline has passed. A repeat, an id that is not committed and an unknown one change nothing.
  /// Never an error.
  result<void> acknowledge_sale(ReservationId id);

  /// The counters of a row after all that is due; zeros for a row that never had stock. Never an
  /// error.
  result<StockCounters> stock(Row row);
  /// Every row that ever had stock has an index below this.
  [[nodiscard]] std::size_t rows() const noexcept;

  /// What is remembered of `id`, after all that is due; nothing for an id that is unknown, refused
  /// or tombstoned.
  result<std::optional<RememberedReservation>> find(ReservationId id);
  /// What is known of `id`, after all that is due.
  [[nodiscard]] KnownId known(ReservationId id) const noexcept;
  /// Whether an adjust of that id is remembered, after all that is due.
  [[nodiscard]] bool knows(AdjustId id) const noexcept;
  /// How many ids are remembered, reservations and adjusts together.
  [[nodiscard]] std::size_t remembered() const noexcept;

  /// What the last call did. See `LedgerTrace`.
  [[nodiscard]] const LedgerTrace& last() const noexcept;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};
static_assert(ReservationStore<Ledger>);

}  // namespace v0
}  // namespace invsaga
