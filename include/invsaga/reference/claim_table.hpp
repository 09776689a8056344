// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <invsaga/idempotency.hpp>
#include <invsaga/result.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// Most bytes of a stored answer.
inline constexpr std::size_t max_answer_bytes = std::size_t{1} << 20;

/// A sequential IdempotencyStore (`idempotency.hpp` has the semantics), for one thread at a time.
///
/// Epochs are numbered over all keys and never given twice, so that they grow for each key,
/// forgotten or not. A request in progress is kept until its deadline and its lease are past; a
/// completed one until its deadline is, and at least for `Retention::time` after it was completed
/// unless another needs its room, or for ever; one on an event until its deadline is. A key that is
/// no longer kept is `expired` to a claim past its deadline; to one that bears a later deadline it
/// is a new request.
///
/// It reads no clock: time is what `advance_to` said.
class ClaimTable {
 public:
  /// `key` as `keyed_hash.hpp` says. Requires `retention.time` >= 0.
  explicit ClaimTable(const Retention& retention = {}, HashKey key = {});
  ~ClaimTable();
  ClaimTable(ClaimTable&&) noexcept;
  ClaimTable& operator=(ClaimTable&&) noexcept;

  /// The time of the last `advance_to`; not set before the first.
  [[nodiscard]] Time now() const noexcept;
  [[nodiscard]] Retention retention() const noexcept;
  /// Moves the clock. An earlier time changes nothing.
  void advance_to(Time time) noexcept;

  /// Errors: `invalid_argument` (zero key, deadline or lease not set), `clock_not_set`,
  /// `resource_exhausted` (`Retention::count` live records that are in time, or `Retention::events`
  /// of events). A claim is no repeat of itself: who asks twice is told `in_progress`.
  result<ClaimAnswer> claim(const Claim& claim);
  /// The same in two halves, for who has more to do at the same instant: what is answered, with all
  /// the room that it takes; then, if that is `fresh`, the effect, which cannot fail. Whatever else
  /// is called between them drops the first half.
  result<ClaimAnswer> prepare(const Claim& claim);
  void take_effect(const Claim& claim) noexcept;

  /// What is known of the request, without asking for the right: `completed`, `mismatch`, or
  /// `in_progress`, lapsed or not. None if it is not remembered.
  result<std::optional<ClaimAnswer>> find(const Claim& claim) const;

  /// Never shortens the lease; a lapsed one is taken up again if nobody took over. Errors: `busy`
  /// (not the newest epoch), `not_found` (unknown, or completed), `invalid_argument` (not set).
  result<void> extend_claim(RequestKey key, std::uint64_t epoch, Time lease_until);

  /// A repeat with the same bytes succeeds. Errors: `busy` (an older epoch), `not_found`,
  /// `invalid_argument` (another answer is stored), `limit_exceeded` (above `max_answer_bytes`).
  result<void> confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer);
  /// The same of an answer that is made already and within its bound: memory is not wanted.
  result<void> confirm_prepared(RequestKey key, std::uint64_t epoch,
                                std::vector<std::byte>&& answer) noexcept;

  /// The request is as if it had never been asked. A key that is not known is released already: a
  /// repeat succeeds. Errors: `busy` (an older epoch), `too_late` (completed).
  result<void> release_claim(RequestKey key, std::uint64_t epoch);

  /// How many requests are remembered.
  [[nodiscard]] std::size_t size() const noexcept;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};
static_assert(IdempotencyStore<ClaimTable>);

}  // namespace v0
}  // namespace invsaga
