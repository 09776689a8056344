// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

#include <invsaga/idempotency.hpp>
#include <invsaga/inbox.hpp>
#include <invsaga/keyed_hash.hpp>
#include <invsaga/time.hpp>

#include "deadline_heap.hpp"

namespace invsaga {
inline namespace v0 {
namespace inbox {

/// An effect that is under way, or is done and not confirmed.
struct Effect {
  Claim claim;
  std::uint64_t epoch = 0;  ///< Of the right to act.
  bool is_done = false;
  Time until;  ///< Then it may be forgotten.
  std::size_t heap_slot = 0;

  [[nodiscard]] bool is_before(const Effect& other) const noexcept { return until < other.until; }
};

/// The effects of one inbox by the keys of their claims. One that is under way has room here for
/// what is to be remembered of it: while its lease lasts. One that is done and not confirmed is
/// remembered until it is, or until nobody will be given the right to act on its event any more.
/// One thread at a time.
class Effects {
 public:
  explicit Effects(HashKey key) : effects_(0, IdHash(key)) {}

  /// How many are done and not confirmed.
  [[nodiscard]] std::size_t unconfirmed() const noexcept { return unconfirmed_; }
  /// The right under which it was done, if it was and is not confirmed.
  [[nodiscard]] std::optional<InboxClaim> find_unconfirmed(const Claim& claim) const {
    const auto found = effects_.find(claim.key);
    const bool is_this = found != effects_.end() && found->second.is_done &&
                         found->second.claim.fingerprint == claim.fingerprint;
    return is_this ? std::optional(InboxClaim{claim.key, found->second.epoch}) : std::nullopt;
  }

  /// It begins. Allocates; if that fails nothing has changed.
  void begin(const Claim& claim, std::uint64_t epoch) {
    by_end_.reserve(effects_.size() + 1);
    const auto [found, is_new] = effects_.try_emplace(claim.key);
    Effect& effect = found->second;
    if (effect.is_done) return;
    if (!is_new) by_end_.erase(effect);
    effect.claim = claim;
    effect.epoch = epoch;
    effect.until = claim.lease_until;
    by_end_.push(effect);
  }
  /// It is done, and its confirmation has failed. False if there is no room for that: it was under
  /// way for longer than its lease.
  bool keep(const InboxClaim& claim) noexcept {
    const auto found = effects_.find(claim.key);
    if (found == effects_.end()) return false;
    Effect& effect = found->second;
    effect.epoch = claim.epoch;
    if (std::exchange(effect.is_done, true)) return true;
    ++unconfirmed_;
    by_end_.erase(effect);
    effect.until = effect.claim.deadline;
    by_end_.push(effect);
    return true;
  }
  /// It failed, or somebody else has the right: there is nothing to remember, unless it was done.
  void drop(const InboxClaim& claim) noexcept {
    const auto found = effects_.find(claim.key);
    const bool is_this = found != effects_.end() && found->second.epoch == claim.epoch;
    if (is_this && !found->second.is_done) erase(found->second);
  }
  /// It is confirmed.
  void end(RequestKey key) noexcept {
    if (const auto found = effects_.find(key); found != effects_.end()) erase(found->second);
  }
  void forget(Time now) noexcept {
    while (!by_end_.empty() && by_end_.top().until <= now) erase(by_end_.top());
  }

 private:
  void erase(Effect& effect) noexcept {
    if (effect.is_done) --unconfirmed_;
    by_end_.erase(effect);
    const RequestKey key = effect.claim.key;  // it goes with its own key
    effects_.erase(key);
  }

  std::unordered_map<RequestKey, Effect, IdHash> effects_;
  DeadlineHeap<Effect> by_end_;
  std::size_t unconfirmed_ = 0;
};

}  // namespace inbox
}  // namespace v0
}  // namespace invsaga
