// SPDX-License-Identifier: Apache-2.0
//
// What can be asked of a stock, and what it answers, as data.
//
// An operation is a view: its lines lie in storage that the caller lends until the answer is there.
// An answer is trivially copyable. The model, the recorder, the simulator, the journal and the wire
// all speak these structs. Their fields are whole 64-bit words: a processor that loads what it has
// just stored in narrower pieces waits for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <variant>

#include <invsaga/ids.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// A number of units of a product. Never negative in a counter; signed, so that a subtraction can
/// be checked.
using Units = std::int64_t;

/// A row and how much of it.
struct Line {
  static constexpr std::string_view invsaga_schema = "invsaga.line.v1";
  Row row{};
  Units quantity = 0;
  friend constexpr bool operator==(const Line&, const Line&) = default;
};

/// Most lines that one operation may bear, on every backend.
inline constexpr std::size_t max_lines = 4096;

/// Hold all the lines until `until`, or none of them.
/// A repeat (same id, lines and deadline) is the same reservation and gets the same answer; the
/// same id with other content is `mismatch`. After a refusal only a new id can succeed.
struct Reserve {
  ReservationId id{};
  Time until{};  ///< In the store's time; live while now < until. The same on every repeat.
  std::span<const Line> lines{};
};

/// Sell what is held. `lines` empty: the whole; else the part that is sold, the rest is given back
/// in the same step. A repeat answers `committed` and changes nothing; one that names other lines
/// is an `invalid_argument`.
struct Commit {
  ReservationId id{};
  std::span<const Line> lines{};
};

/// Give back what is held. Of an id that was never seen, or was refused: leaves a tombstone that
/// suppresses a reserve arriving later.
struct Release {
  ReservationId id{};
};

/// Move the deadline of a live reservation to `until`. Never shortens one: a late duplicate cannot
/// undo a newer call.
struct Extend {
  ReservationId id{};
  Time until{};
};

/// Why stock changes from outside. The sign is part of the reason: all but `write_off` add units.
enum class AdjustReason : std::uint64_t { opening, restock, returned, write_off };

/// Change what is on hand, all lines or none. A `returned` line is held against what was sold less
/// what came back; a `write_off` takes units that are available. The id is remembered until
/// `until`; a later arrival is `expired`.
struct Adjust {
  AdjustId id{};
  AdjustReason reason{};
  Time until{};
  std::span<const Line> lines{};  ///< Quantities above 0; the reason says which way they go.
};

/// Anything that can be asked of a stock. A view: its lines are lent.
using Operation = std::variant<Reserve, Commit, Release, Extend, Adjust>;

/// State of a reservation. `committed`, `released` and `expired` are terminal.
enum class ReservationState : std::uint8_t { reserved, committed, released, expired };

/// A row that could not give what was asked of it.
struct ShortLine {
  Row row;
  Units asked = 0;
  Units available = 0;
  friend constexpr bool operator==(const ShortLine&, const ShortLine&) = default;
};

/// The lines that were short, all at the one instant of the answer.
/// `lines` is the caller's lent storage, filled as far as it reaches; `count` may exceed it.
/// `first` needs no storage.
struct Shortage {
  std::uint64_t count = 0;
  ShortLine first;
  std::span<const ShortLine> lines;
};
/// What a refusal tells of these lines, copied as far as `lent` has room. Requires at least one.
Shortage shortage_of(std::span<const ShortLine> shorts, std::span<ShortLine> lent) noexcept;

/// The lines are held until `until`. Also what a step that reserved leaves for later steps.
struct Reserved {
  ReservationId id;
  Time until;
  friend constexpr bool operator==(const Reserved&, const Reserved&) = default;
};
/// Not all of the lines are there: nothing was changed.
struct OutOfStock : Shortage {};
/// What is on hand was changed as asked.
struct Adjusted {};
/// A return of what was never sold; `available` is what it could cover.
struct ReturnRefused : Shortage {};
/// It arrived after its own deadline.
struct Expired {};
/// A release came first, or the reservation was released since: nothing is held.
struct Suppressed {};
/// The id is known with other content. Nothing was changed.
struct Mismatch {};

/// What a store answers to a `Reserve`.
using ReserveAnswer = std::variant<Reserved, OutOfStock, Expired, Suppressed, Mismatch>;
/// What a store answers to an `Adjust`.
using AdjustAnswer = std::variant<Adjusted, OutOfStock, ReturnRefused, Expired, Mismatch>;
/// The state that the reservation is in after the call, or `not_found`: never committed, and never
/// will be.
enum class CommitAnswer : std::uint64_t { committed, released, expired, not_found };
/// The state after the call, or `tombstoned`: nothing was held, and nothing ever will be under this
/// id.
enum class ReleaseAnswer : std::uint64_t { released, committed, expired, tombstoned };
/// The state after the call, or `not_found`, as for a commit. `reserved`: it lives until the later
/// of the two deadlines.
enum class ExtendAnswer : std::uint64_t { reserved, committed, released, expired, not_found };

/// What a store answers to an `Operation`: the answer of that operation's kind.
using Answer = std::variant<ReserveAnswer, CommitAnswer, ReleaseAnswer, ExtendAnswer, AdjustAnswer>;
static_assert(std::is_trivially_copyable_v<Answer>);

// The words, as they are written everywhere.
std::string_view name(const Operation& operation) noexcept;
std::string_view name(AdjustReason reason) noexcept;
std::string_view name(ReservationState state) noexcept;
std::string_view name(const ReserveAnswer& answer) noexcept;
std::string_view name(const AdjustAnswer& answer) noexcept;
std::string_view name(CommitAnswer answer) noexcept;
std::string_view name(ReleaseAnswer answer) noexcept;
std::string_view name(ExtendAnswer answer) noexcept;
std::string_view name(const Answer& answer) noexcept;

/// True when the answer is what the operation asked for: `reserved`, `committed`, `released` or
/// `tombstoned`, `adjusted`.
bool is_yes(const Answer& answer) noexcept;

}  // namespace v0
}  // namespace invsaga
