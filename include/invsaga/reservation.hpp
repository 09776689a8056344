// SPDX-License-Identifier: Apache-2.0
//
// Stores of reservations: the concepts, and what a store declares of itself.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <variant>

#include <invsaga/capabilities.hpp>
#include <invsaga/operation.hpp>
#include <invsaga/result.hpp>

namespace invsaga {
inline namespace v0 {

/// Bounds of a store. Constant for its life.
struct StoreLimits {
  /// Most units on a row: 1 to 2^53-1, and by default at least 2^31-1.
  Units max_units = (Units{1} << 53) - 1;
  /// Longest time from now to a deadline; a tombstone lives so long.
  Duration max_lifetime{7LL * 24 * 3600 * 1000};
  std::size_t max_rows = 1'000'000;  ///< Indexes of rows are below it: else `limit_exceeded`.
  /// Remembered reservations and adjusts; full: new ones `resource_exhausted`.
  std::size_t max_records = 4'000'000;
  /// An id that may be forgotten is still told apart for so long: a late commit hears `expired`,
  /// not `not_found`. A courtesy, no promise: such ids make room for new ones first. Never below 0.
  Duration grace{3600 * 1000};
};

/// The counters of a row. on_hand = available + reserved; `sold` and `returned` only grow.
struct StockCounters {
  Units on_hand = 0;
  Units reserved = 0;
  Units sold = 0;
  Units returned = 0;

  [[nodiscard]] constexpr Units available() const noexcept { return on_hand - reserved; }
  friend constexpr bool operator==(const StockCounters&, const StockCounters&) = default;
};

/// What a store knows of one reservation: `R` is a store's own view of it.
template <class R>
concept Reservation = requires(const R& reservation) {
  { reservation.id() } -> std::same_as<ReservationId>;
  { reservation.until() } -> std::same_as<Time>;
  { reservation.state() } -> std::same_as<ReservationState>;
  // Merged, ascending by row.
  { reservation.lines() } -> std::convertible_to<std::span<const Line>>;
};

/// Semantics of a ReservationStore: `docs/semantics.md`, in short:
///  - every operation is linearizable, all-or-nothing over its lines, and decided at the store's
///    `now()`;
///  - a hold is live while now < until; an expired one is given back before anyone is refused for
///    want of its units;
///  - `shorts` is storage lent for all short lines of a refusal; it may be empty, the first one
///    needs none;
///  - a repeat (same id and content) gets the same answer and changes nothing;
///  - `acknowledge_sale(id)`: whoever asked for the commit of `id` has recorded it, so the store
///    may forget it once no reserve of that id can still be in time (protocol rule 5). Unknown ids
///    are ignored.
///  - `stock(row)` are the counters after all that is due by `now()`; a row without stock answers
///    zeros.
/// Errors of all: `invalid_argument` (zero id, deadline not set, no lines, a quantity below 1),
/// `limit_exceeded` (lines, units, lifetime, rows), `resource_exhausted` (memory bound; old
/// promises are kept), and what reaching the store adds.
template <class S>
concept ReservationStore = requires(S& store, const S& view, const Reserve& reserve,
                                    const Commit& commit, const Release& release,
                                    const Extend& extend, const Adjust& adjust,
                                    std::span<ShortLine> shorts, Row row, ReservationId id) {
  { view.capabilities() } noexcept -> std::convertible_to<Capabilities>;
  { view.limits() } noexcept -> std::convertible_to<StoreLimits>;
  { view.now() } noexcept -> std::same_as<Time>;
  { store.reserve(reserve, shorts) } -> std::same_as<result<ReserveAnswer>>;
  { store.commit(commit) } -> std::same_as<result<CommitAnswer>>;
  { store.release(release) } -> std::same_as<result<ReleaseAnswer>>;
  { store.extend(extend) } -> std::same_as<result<ExtendAnswer>>;
  { store.adjust(adjust, shorts) } -> std::same_as<result<AdjustAnswer>>;
  { store.acknowledge_sale(id) } -> std::same_as<result<void>>;
  { store.stock(row) } -> std::same_as<result<StockCounters>>;
};

/// Asks `operation` of a store by the typed function that it is for.
template <class S>
result<Answer> apply_operation(S& store, const Operation& operation, std::span<ShortLine> shorts) {
  const auto ask = [&](const auto& typed) {
    using Typed = std::remove_cvref_t<decltype(typed)>;
    if constexpr (std::same_as<Typed, Reserve>) {
      return store.reserve(typed, shorts);
    } else if constexpr (std::same_as<Typed, Commit>) {
      return store.commit(typed);
    } else if constexpr (std::same_as<Typed, Release>) {
      return store.release(typed);
    } else if constexpr (std::same_as<Typed, Extend>) {
      return store.extend(typed);
    } else {
      return store.adjust(typed, shorts);
    }
  };
  return std::visit(
      [&](const auto& typed) -> result<Answer> {
        INVSAGA_TRY(const auto answer, ask(typed));
        return Answer{answer};
      },
      operation);
}

}  // namespace v0
}  // namespace invsaga
