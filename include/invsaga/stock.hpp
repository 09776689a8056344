// SPDX-License-Identifier: Apache-2.0
//
// The rules of stock, as pure functions over values: what lines may be asked for, what becomes of a
// row, and what an id that is known answers before any row is looked at.
//
// They read no clock, keep nothing and allocate nothing. Every store, whatever keeps its rows,
// decides by them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <invsaga/assert.hpp>
#include <invsaga/operation.hpp>
#include <invsaga/reservation.hpp>
#include <invsaga/result.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

// --- lines ---------------------------------------------------------------------------------------

/// Looks at lines as they came: true if they are already merged, that is strictly ascending by row.
/// Errors: `invalid_argument` (none at all, a quantity below 1), `limit_exceeded` (more than
/// `max_lines`, a quantity above `max_units`).
result<bool> check_lines(std::span<const Line> lines, Units max_units) noexcept;

/// Adds up the lines of one row, in place, and answers the merged part: strictly ascending by row.
/// One pass if they are ascending already. Errors: those of `check_lines`, and `limit_exceeded` if
/// a sum is above `max_units`; then the order of `lines` is unspecified.
result<std::span<Line>> merge_lines(std::span<Line> lines, Units max_units) noexcept;

/// How a part of a reservation is judged.
enum class PartOf : std::uint8_t { none, part, whole };

/// Whether `part` names only rows of `whole`, with no more than is held of each, and whether that
/// is all of it. Requires that both are merged.
PartOf part_of(std::span<const Line> part, std::span<const Line> whole) noexcept;

// --- deadlines -----------------------------------------------------------------------------------

/// Errors: `invalid_argument` (not set), `clock_not_set` (now is not), `limit_exceeded` (further
/// from now than `max_lifetime`). A deadline that has passed is no error: it is answered. Requires
/// `max_lifetime` >= 0.
constexpr result<void> check_deadline(Time until, Time now, Duration max_lifetime) noexcept {
  INVSAGA_ASSERT(max_lifetime >= Duration{0}, "check_deadline: max_lifetime >= 0");
  if (!is_set(until)) return Error{Errc::invalid_argument};
  if (!is_set(now)) return Error{Errc::clock_not_set};
  if (until > saturating_add(now, max_lifetime)) {
    const auto asked = static_cast<std::uint64_t>(to_ms(until)) -
                       static_cast<std::uint64_t>(to_ms(now));
    return over_limit(Limit::lifetime, asked, static_cast<std::uint64_t>(max_lifetime.count()));
  }
  return success();
}

// --- rows ----------------------------------------------------------------------------------------

/// Most units that on_hand and sold of a row come to together, so that no counter ever wraps,
/// however long it lives.
inline constexpr Units max_counted = Units{1} << 62;

/// Whether the counters of a row can be true. Every rule below keeps them so.
constexpr bool is_sound(const StockCounters& row) noexcept {
  return row.reserved >= 0 && row.reserved <= row.on_hand && row.returned >= 0 &&
         row.returned <= row.sold && row.on_hand <= max_counted - row.sold;
}

/// The row with `quantity` units set aside. Requires 0 < quantity <= available.
constexpr StockCounters after_hold(StockCounters row, Units quantity) noexcept {
  INVSAGA_ASSERT(0 < quantity && quantity <= row.available(),
                 "after_hold: 0 < quantity <= available");
  row.reserved += quantity;
  return row;
}

/// The row with `quantity` units of a hold available again. Requires 0 < quantity <= reserved.
constexpr StockCounters after_give_back(StockCounters row, Units quantity) noexcept {
  INVSAGA_ASSERT(0 < quantity && quantity <= row.reserved,
                 "after_give_back: 0 < quantity <= reserved");
  row.reserved -= quantity;
  return row;
}

/// The row with `quantity` units of a hold sold. Requires 0 < quantity <= reserved.
constexpr StockCounters after_sale(StockCounters row, Units quantity) noexcept {
  INVSAGA_ASSERT(0 < quantity && quantity <= row.reserved, "after_sale: 0 < quantity <= reserved");
  row.reserved -= quantity;
  row.on_hand -= quantity;
  row.sold += quantity;
  return row;
}

/// How many units of a row an adjust of this reason may draw on: what is available for a
/// `write_off`, what was sold and has not come back for a `returned`; the others draw on nothing.
constexpr Units coverable(const StockCounters& row, AdjustReason reason) noexcept {
  return reason == AdjustReason::write_off ? row.available() : row.sold - row.returned;
}

/// What an adjust of a row comes to.
enum class RowAdjust : std::uint8_t {
  fits,
  not_covered,  ///< More than `coverable`: out of stock, or a return of what was never sold.
  too_many,     ///< The row would hold more than `max_units`, or count more than `max_counted`.
};

/// Requires 0 < quantity <= max_units.
constexpr RowAdjust judge_adjust(const StockCounters& row, AdjustReason reason, Units quantity,
                                 Units max_units) noexcept {
  INVSAGA_ASSERT(0 < quantity && quantity <= max_units, "judge_adjust: 0 < quantity <= max_units");
  const bool draws = reason == AdjustReason::write_off || reason == AdjustReason::returned;
  if (draws && quantity > coverable(row, reason)) return RowAdjust::not_covered;
  if (reason == AdjustReason::write_off) return RowAdjust::fits;
  const bool fits = row.on_hand <= max_units - quantity &&
                    row.on_hand + row.sold <= max_counted - quantity;
  return fits ? RowAdjust::fits : RowAdjust::too_many;
}

/// The row after an adjust. Requires one that fits.
constexpr StockCounters after_adjust(StockCounters row, AdjustReason reason,
                                     Units quantity) noexcept {
  INVSAGA_ASSERT(judge_adjust(row, reason, quantity, max_counted) == RowAdjust::fits,
                 "after_adjust: one that fits");
  row.on_hand += reason == AdjustReason::write_off ? -quantity : quantity;
  if (reason == AdjustReason::returned) row.returned += quantity;
  return row;
}

// --- ids -----------------------------------------------------------------------------------------

/// What a store knows of a reservation's id.
enum class KnownId : std::uint8_t {
  unknown,   ///< Never seen, or forgotten.
  reserved,  ///< Live while now < until.
  committed,
  released,
  expired,
  refused,     ///< Out of stock, for good.
  tombstoned,  ///< Released before it was reserved, or after it was refused.
};
std::string_view name(KnownId known) noexcept;

/// What is known at `now`: a hold past its deadline is expired, swept or not.
constexpr KnownId known_at(KnownId known, Time until, Time now) noexcept {
  return known == KnownId::reserved && until <= now ? KnownId::expired : known;
}

/// What a reserve comes to. `look` means that the rows decide.
enum class ReserveRule : std::uint8_t {
  look,
  reserved,
  out_of_stock,
  expired,
  suppressed,
  mismatch
};

/// `same`: the lines, merged, and the deadline are the ones that `known` was decided on (a
/// tombstone has none: true). `until` is the reserve's own. A reserve past its own deadline is
/// expired whatever is remembered.
constexpr ReserveRule judge_reserve(KnownId known, bool same, Time until, Time now) noexcept {
  if (until <= now) return ReserveRule::expired;
  if (known == KnownId::unknown) return ReserveRule::look;
  if (!same) return ReserveRule::mismatch;
  switch (known) {
    case KnownId::reserved:
    case KnownId::committed:
      return ReserveRule::reserved;
    case KnownId::refused:
      return ReserveRule::out_of_stock;
    case KnownId::expired:
      return ReserveRule::expired;
    case KnownId::released:
    case KnownId::tombstoned:
      return ReserveRule::suppressed;
    case KnownId::unknown:
      break;
  }
  INVSAGA_UNREACHABLE("judge_reserve: an id that is known in no way");
}

/// What a commit comes to. `sell` means that it takes effect now. `known` is taken at now.
enum class CommitRule : std::uint8_t { sell, committed, released, expired, not_found };
constexpr CommitRule judge_commit(KnownId known) noexcept {
  switch (known) {
    case KnownId::reserved:
      return CommitRule::sell;
    case KnownId::committed:
      return CommitRule::committed;
    case KnownId::released:
      return CommitRule::released;
    case KnownId::expired:
      return CommitRule::expired;
    case KnownId::unknown:
    case KnownId::refused:
    case KnownId::tombstoned:
      return CommitRule::not_found;
  }
  INVSAGA_UNREACHABLE("judge_commit: an id that is known in no way");
}

/// What a release comes to. `give_back` and `leave_tombstone` take effect now. `known` is taken at
/// now.
enum class ReleaseRule : std::uint8_t {
  give_back,
  leave_tombstone,
  released,
  committed,
  expired,
  tombstoned
};
constexpr ReleaseRule judge_release(KnownId known) noexcept {
  switch (known) {
    case KnownId::reserved:
      return ReleaseRule::give_back;
    case KnownId::committed:
      return ReleaseRule::committed;
    case KnownId::released:
      return ReleaseRule::released;
    case KnownId::expired:
      return ReleaseRule::expired;
    case KnownId::tombstoned:
      return ReleaseRule::tombstoned;
    case KnownId::unknown:
    case KnownId::refused:
      return ReleaseRule::leave_tombstone;
  }
  INVSAGA_UNREACHABLE("judge_release: an id that is known in no way");
}

/// What an extend comes to. `known` is taken at now. Of a live hold the deadline becomes the later
/// of the two; one that has passed is thus answered `reserved` and changes nothing.
constexpr ExtendAnswer judge_extend(KnownId known) noexcept {
  switch (known) {
    case KnownId::reserved:
      return ExtendAnswer::reserved;
    case KnownId::committed:
      return ExtendAnswer::committed;
    case KnownId::released:
      return ExtendAnswer::released;
    case KnownId::expired:
      return ExtendAnswer::expired;
    case KnownId::unknown:
    case KnownId::refused:
    case KnownId::tombstoned:
      return ExtendAnswer::not_found;
  }
  INVSAGA_UNREACHABLE("judge_extend: an id that is known in no way");
}

/// From when an id may be forgotten (protocol rule 5); nothing: not yet. `named_until` is the
/// deadline that its reserve named, `released_at` the time of the release that left a tombstone.
constexpr std::optional<Time> forgettable_from(KnownId known, Time named_until, Time released_at,
                                               bool acknowledged, Duration max_lifetime) noexcept {
  switch (known) {
    case KnownId::unknown:
    case KnownId::reserved:
      return std::nullopt;
    case KnownId::committed:
      return acknowledged ? std::optional(named_until) : std::nullopt;
    case KnownId::tombstoned:
      return saturating_add(released_at, max_lifetime);
    case KnownId::released:
    case KnownId::expired:
    case KnownId::refused:
      return named_until;
  }
  INVSAGA_UNREACHABLE("forgettable_from: an id that is known in no way");
}

}  // namespace v0
}  // namespace invsaga
