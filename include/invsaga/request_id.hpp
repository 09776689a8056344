// SPDX-License-Identifier: Apache-2.0
//
// Ids of requests: what a client may send, and how to make one.
//
// Let clients make them: an id that the server makes is lost with the reply that bears it, and the
// client's next try is then a new request. The server adds the tenant and the operation, and a
// secret (`request_key`), so that no client can name another's request.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <invsaga/result.hpp>
#include <invsaga/rng.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// What ids a service takes from clients.
struct RequestIdRules {
  std::size_t min_length = 8;    ///< In bytes, each a character: only ASCII is taken.
  std::size_t max_length = 128;  ///< The same.
  /// Ids with less look like counters, which two clients would both use. 0 takes any.
  double min_entropy_bits = 40;
  Duration max_ahead{5LL * 60 * 1000};  ///< How far a UUIDv7 may come from the future.
  Duration max_age{7LL * 24 * 3600 *
                   1000};  ///< How old it may be. Not above how long answers are kept.
};

/// What is wrong with an id.
enum class RequestIdFault : std::uint8_t {
  none,
  too_short,
  too_long,
  bad_character,    ///< Other than letters, digits and - . _ ~ : / + = @
  predictable,      ///< Below `min_entropy_bits`.
  from_the_future,  ///< A UUIDv7 whose time is more than `max_ahead` after now.
  too_old,          ///< A UUIDv7 whose time is more than `max_age` before now.
};
std::string_view name(RequestIdFault fault) noexcept;

/// The first fault of an id that a client sent, in the order above. Reads no more than `max_length`
/// bytes. Requires `rules` whose durations are not below 0.
RequestIdFault fault_of(std::string_view request_id, Time now,
                        const RequestIdRules& rules = {}) noexcept;

/// About how many bits of surprise the text has: its length times the entropy of its characters. A
/// hint and no more: it sees neither alphabets nor sequences.
double entropy_hint(std::string_view text) noexcept;

/// The time in a UUIDv7 (RFC 9562), in either case; nothing if the text is not one.
std::optional<Time> time_of_uuid7(std::string_view text) noexcept;

/// A UUID as text: 36 characters, lower case.
class Uuid {
 public:
  Uuid(std::uint64_t high, std::uint64_t low) noexcept;

  [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), text_.size()}; }

 private:
  std::array<char, 36> text_;
};

/// Makes UUIDv7s. Each is above the one before, as text too, whatever the clock does: when it
/// stands still or goes back, a counter of 12 bits goes on, and past its end the time in the id
/// does. 62 bits are chance, so that makers with different seeds do not meet; they are unique, not
/// secret. One thread.
class RequestIdMaker {
 public:
  /// A repeat is the next id. A `now` before 1970 counts as 1970.
  Uuid make(Time now, Rng& chance) noexcept;

 private:
  std::uint64_t ms_ = 0;
  std::uint32_t counter_ = 0;
};

}  // namespace v0
}  // namespace invsaga
