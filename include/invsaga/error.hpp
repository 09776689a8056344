// SPDX-License-Identifier: Apache-2.0
//
// Why there is no answer, and what the caller may do about it. Nothing here but what gives a
// `std::string` allocates, and nothing else throws.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include <invsaga/version.hpp>

namespace invsaga {
inline namespace v0 {

/// What the caller of a failed call may do. The saga machine decides by this and by answers alone.
enum class Remedy : std::uint8_t {
  give_up,    ///< It can never work as it was asked: bad input, over a limit, refused.
  retry,      ///< It did not happen. The same call may work later.
  ask_again,  ///< Unknown: it may have happened. Repeat with the same id; never under a new one.
};

/// Why there is no answer. The numbers are written to logs and to the wire: never reuse or renumber
/// one.
enum class Errc : std::uint16_t {
  // give_up
  /// A value that no call may carry: a zero id, a deadline that is not set, a quantity of 0.
  invalid_argument = 1,
  limit_exceeded = 2,  ///< Over a declared limit: lines, bytes, units (`max_units`), lifetime.
  unsupported = 3,     ///< The backend lacks the capability.
  corrupt = 4,         ///< Bytes that do not decode. Nothing of them was used.
  refused = 5,         ///< A step said no ("card declined"); `own` is the step's code.
  moved_on = 6,        ///< The run is past the position that the append continues: read it again.
  /// The run was started by a definition that is not registered, or that has changed.
  unknown_definition = 7,
  not_found = 8,        ///< No run, no claim of that id.
  too_late = 9,         ///< The run has decided: it can no longer be cancelled.
  schema_too_new = 10,  ///< Written by a newer version than this reader knows.
  clock_not_set = 11,   ///< Of a store that is told its time, and was not: a `Keeper` does.
  // retry
  unavailable = 100,  ///< The other side cannot be reached; nothing was sent or nothing was done.
  /// A bound is reached (memory, queue); old promises are kept, new work waits.
  resource_exhausted = 101,
  busy = 102,  ///< Somebody else holds the lease.
  // ask_again
  timed_out = 200,   ///< No answer within the deadline.
  reply_lost = 201,  ///< The connection broke after the request was sent.
  step_threw = 202,  ///< A step ended by an exception, so how far it came is unknown.
};

/// The remedy of a code: one for each, so that no caller needs a table of its own.
constexpr Remedy remedy_of(Errc code) noexcept {
  const auto n = static_cast<std::uint16_t>(code);
  return n < 100 ? Remedy::give_up : n < 200 ? Remedy::retry : Remedy::ask_again;
}

/// The code's name as it is written everywhere (`out of range` numbers give "unrecognised").
std::string_view name(Errc code) noexcept;
/// `give_up`, `retry` or `ask_again`.
std::string_view name(Remedy remedy) noexcept;

/// Which part of a write refused it.
enum class WritePart : std::uint8_t {
  none,       ///< Not one part, or it was no write.
  position,   ///< The run has moved on.
  claim,      ///< The claim on its request.
  head,       ///< The records that hold whatever is decided.
  tail,       ///< The records that a decision picks.
  event,      ///< An event that goes with a record.
  operation,  ///< The operation on the stock.
};
std::string_view name(WritePart part) noexcept;

/// Which bound it is that `limit_exceeded` and `resource_exhausted` tell of. The numbers are
/// written to logs: never reuse or renumber one.
enum class Limit : std::uint8_t {
  none = 0,
  lines = 1,          ///< Of one operation.
  units = 2,          ///< Of one row.
  rows = 3,           ///< Of a store or a catalog.
  lifetime = 4,       ///< Of a hold or an adjust, in milliseconds.
  ids = 5,            ///< Of holds and adjusts, that a store remembers.
  requests = 6,       ///< Claims and answers that are kept, of requests or of events.
  answer_bytes = 7,   ///< Of a stored answer.
  runs = 8,           ///< Of a log, a runner or an outbox.
  records = 9,        ///< Of one run.
  record_bytes = 10,  ///< Of one record.
  log_bytes = 11,     ///< Of all records of a log.
  events = 12,        ///< That are pending.
  event_bytes = 13,   ///< Of one event.
  attributes = 14,    ///< Of one event.
  text_bytes = 15,    ///< Of one text.
  depth = 16,         ///< Of nested JSON.
  deliveries = 17,    ///< Events on their way to consumers.
  consumers = 18,     ///< Of a bus.
  memory = 19,        ///< Of the process: an allocation failed.
  waiters = 20,       ///< For runs, or for a runner to stop.
};
std::string_view name(Limit limit) noexcept;

/// Why there is no answer: three words, trivially copyable.
struct Error {
  Errc code{};
  WritePart part{};      ///< What refused.
  Limit limit{};         ///< Which bound, if one was met.
  std::int32_t own = 0;  ///< The backend's or the step's own code; 0 if it has none.
  /// Of a bound, in its unit: how much was asked for (`resource_exhausted`: how much more), and how
  /// much is allowed in all. Of `unsupported`: which capabilities were asked for and are missing.
  std::uint64_t asked = 0, allowed = 0;

  [[nodiscard]] constexpr Remedy remedy() const noexcept { return remedy_of(code); }
  /// The same error, by that part of the write.
  [[nodiscard]] constexpr Error about(WritePart refused) const noexcept {
    Error made = *this;
    made.part = refused;
    return made;
  }
  friend constexpr bool operator==(const Error&, const Error&) = default;
};
static_assert(std::is_trivially_copyable_v<Error> && sizeof(Error) == 3 * sizeof(std::uint64_t));

/// In words of the code, for logs: the code, what refused, the bound with both numbers, the own
/// code.
std::string to_string(const Error& error);
/// A sentence for people: what happened, and what the caller is to do (docs/errors.md). A limit is
/// named with what was asked and what is allowed; whose limit that is, its declaration says.
std::string message(const Error& error);
/// Its first half, without a full stop: for where it is too late to do anything, or another does.
std::string what_happened(const Error& error);

/// What a step returns to say no for good: `return refuse(card_declined);`.
constexpr Error refuse(std::int32_t own = 0) noexcept {
  Error error{Errc::refused};
  error.own = own;
  return error;
}
/// `reply_lost`, with the code of what it was lost by as `own`.
constexpr Error reply_lost_by(const Error& cause) noexcept {
  Error error{Errc::reply_lost};
  error.own = static_cast<std::int32_t>(cause.code);
  return error;
}
/// `limit_exceeded`: more than may ever be asked for.
constexpr Error over_limit(Limit limit, std::uint64_t asked, std::uint64_t allowed) noexcept {
  return {Errc::limit_exceeded, {}, limit, 0, asked, allowed};
}
/// `resource_exhausted`: an allocation failed, so nothing was done.
constexpr Error no_memory() noexcept { return {Errc::resource_exhausted, {}, Limit::memory}; }
/// `resource_exhausted`: of the `allowed` too many are taken for `more` to be.
constexpr Error no_room(Limit limit, std::uint64_t allowed, std::uint64_t more = 1) noexcept {
  return {Errc::resource_exhausted, {}, limit, 0, more, allowed};
}

}  // namespace v0
}  // namespace invsaga
