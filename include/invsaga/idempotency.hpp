// SPDX-License-Identifier: Apache-2.0
//
// One effect a request: the right to do a request's work is claimed, leased, and confirmed with the
// answer.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <invsaga/ids.hpp>
#include <invsaga/result.hpp>
#include <invsaga/stored.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// What a request is known by. The same text of another tenant or another operation is another
/// request. `secret` is the service's own, the same in all its processes and after every restart:
/// it keeps strangers from constructing colliding ids.
RequestKey request_key(std::string_view tenant, std::string_view operation,
                       std::string_view request_id, HashKey secret = {}) noexcept;

/// What a request asks for, from its canonical bytes: all of it, so that nothing else is taken for
/// the same.
Fingerprint fingerprint(Bytes canonical_payload, HashKey secret = {}) noexcept;
/// The same, of a value of that schema.
Fingerprint fingerprint(std::string_view schema, Bytes value, HashKey secret = {}) noexcept;
/// The same, of a whole value: the input of a saga, say. Throws what its `encode` throws.
template <Storable T>
Fingerprint fingerprint_of(const T& asked, HashKey secret = {}) {
  return fingerprint(Stored<T>::schema, encode(asked), secret);
}

/// Where a request stands, as it is told to whoever claims it.
enum class ClaimState : std::uint8_t {
  fresh,        ///< The work is yours until the lease ends.
  in_progress,  ///< Somebody else holds the lease; ask later.
  completed,    ///< Done: `answer` is what the first one was told.
  mismatch,     ///< The id was used for something else. The other's answer is not shown.
  expired,      ///< The request is past its own deadline, and nobody is at it: it is never run, and
                ///< its answer may be forgotten.
};
std::string_view name(ClaimState state) noexcept;

/// What a claim is on. Each kind has a bound of its own, so that neither crowds out the other.
enum class ClaimKind : std::uint8_t {
  request,  ///< Somebody asked for something, and is answered.
  event,    ///< A consumer acts on an event: an `Inbox`.
};

/// Asks for the right to do a request's work.
struct Claim {
  RequestKey key{};
  Fingerprint fingerprint{};
  Time lease_until{};  ///< When another may take over, unless it is extended.
  Time deadline{};     ///< The request's own: later arrivals are `expired`, the answer is kept at
                       ///< least until then.
  ClaimKind kind = ClaimKind::request;
};

/// The answer to a claim: the right to do the work, or why not.
struct ClaimAnswer {
  ClaimState state{};
  /// fresh: the fencing token. Larger for each owner; an older one's confirm is refused.
  std::uint64_t epoch = 0;
  Time lease_until;               ///< in_progress: when to ask again at the latest.
  std::vector<std::byte> answer;  ///< completed
  friend bool operator==(const ClaimAnswer&, const ClaimAnswer&) = default;
};

/// How long completed answers are kept. Until a request's own deadline: that is the promise.
struct Retention {
  /// So long after completion, also past the deadline: a courtesy to who asks late. The oldest of
  /// these make room for what is new.
  Duration time{86'400'000};
  /// At most so many live records; when they are all in time, new claims are `resource_exhausted`.
  std::size_t count = 1'000'000;
  bool forever = false;  ///< Never forgotten: `count` still bounds, by refusal.
  /// The same for claims on events. These are kept until their deadline and no longer, whatever is
  /// said of requests. A record takes about 200 bytes.
  std::size_t events = 3'000'000;

  friend constexpr bool operator==(const Retention&, const Retention&) = default;
};

/// What a store of claims says that it keeps (`retention()`); nothing if it does not say.
template <class S>
std::optional<Retention> retention_of(const S& store) {
  if constexpr (requires { std::optional<Retention>(store.retention()); }) {
    return store.retention();
  } else {
    return std::nullopt;
  }
}

/// Semantics of an IdempotencyStore:
///  - `claim`: linearizable. Unknown key and now < deadline: `fresh` with a new epoch. Leased by
///    another, lease live: `in_progress`, whatever the deadline; lapsed: `fresh` with a larger
///    epoch. Other fingerprint: `mismatch`, whatever the state. Past the claim's deadline, if
///    nobody holds the lease: `expired`, whether the key is remembered or not, unless the answer
///    still is: then `completed`. Errors: `invalid_argument` (zero key, deadline or lease not set),
///    `clock_not_set`, `resource_exhausted` (so many live records of its kind; those of the other
///    take no room).
///  - `extend_claim(key, epoch, lease_until)`: the owner keeps the lease; never shortens it. `busy`
///    if the epoch is not the newest, `not_found` if there is no live claim.
///  - `confirm_claim(key, epoch, answer)`: stores the answer for good. A repeat with the same bytes
///    succeeds; a confirm by an older epoch is `busy`; one that would change a stored answer is
///    `invalid_argument`.
///  - `release_claim(key, epoch)`: gives the right back so that the next claim is `fresh` at once:
///    what merely failed is not remembered. Of a completed one: `too_late`.
/// All are safe from any thread. Times are the store's (`now()`).
template <class S>
concept IdempotencyStore = requires(S& store, const S& view, const Claim& claim, RequestKey key,
                                    std::uint64_t epoch, Time until, Bytes answer) {
  { view.now() } noexcept -> std::same_as<Time>;
  { store.claim(claim) } -> std::same_as<result<ClaimAnswer>>;
  { store.extend_claim(key, epoch, until) } -> std::same_as<result<void>>;
  { store.confirm_claim(key, epoch, answer) } -> std::same_as<result<void>>;
  { store.release_claim(key, epoch) } -> std::same_as<result<void>>;
};

}  // namespace v0
}  // namespace invsaga
