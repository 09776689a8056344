// SPDX-License-Identifier: Apache-2.0
//
// What a call that may fail gives back.
//
// A decision of a store ("out of stock") is an *answer*, data like any other. An `Error` means that
// there is no answer, and its `Remedy` says what the caller may do about it. Nothing here allocates
// or throws.
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/all_narrow.hpp>
#include <boost/outcome/success_failure.hpp>
#include <cstdint>
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

/// Why there is no answer, and whose code it was. Trivially copyable, 8 bytes.
struct Error {
  Errc code{};
  std::int32_t own = 0;  ///< The backend's or the step's own code; 0 if it has none.

  [[nodiscard]] constexpr Remedy remedy() const noexcept { return remedy_of(code); }
  friend constexpr bool operator==(const Error&, const Error&) = default;
};
static_assert(std::is_trivially_copyable_v<Error>);

/// What a step returns to say no for good: `return refuse(card_declined);`.
constexpr Error refuse(std::int32_t own = 0) noexcept { return {Errc::refused, own}; }

/// Either a `T` or an `Error`. Reading the absent one is a programmer's error and is caught where
/// assertions are on.
template <class T>
using result = boost::outcome_v2::basic_result<T, Error, boost::outcome_v2::policy::all_narrow>;

/// For calls whose success carries nothing.
using boost::outcome_v2::success;

#define INVSAGA_CONCAT_(a, b) a##b
#define INVSAGA_CONCAT(a, b) INVSAGA_CONCAT_(a, b)
#define INVSAGA_TRY_(temp, declaration, ...)         \
  auto temp = (__VA_ARGS__);                         \
  if (!temp.has_value()) return temp.assume_error(); \
  declaration = std::move(temp).assume_value()
/// `INVSAGA_TRY(auto x, f());` : x is the value of `f()`, or the enclosing function returns its
/// error.
#define INVSAGA_TRY(declaration, ...) \
  INVSAGA_TRY_(INVSAGA_CONCAT(invsaga_try_, __LINE__), declaration, __VA_ARGS__)
/// The same for a result whose value is not wanted.
#define INVSAGA_CHECK(...)                                            \
  if (auto invsaga_check = (__VA_ARGS__); !invsaga_check.has_value()) \
  return invsaga_check.assume_error()

}  // namespace v0
}  // namespace invsaga
