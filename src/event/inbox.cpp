// SPDX-License-Identifier: Apache-2.0
#include <invsaga/inbox.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include <invsaga/assert.hpp>
#include <invsaga/id_text.hpp>

namespace invsaga {
inline namespace v0 {

class Inbox::Core {
 public:
  Core(std::unique_ptr<detail::ClaimPort> store, std::string_view consumer, InboxOptions options)
      : store_(std::move(store)), consumer_(consumer), options_(options) {
    INVSAGA_ASSERT(!consumer.empty() && options.lease > Duration{0} &&
                       options.window > Duration{0} && options.max_runs > 0,
                   "Inbox::Inbox: a consumer's name, and a lease, a window and a number of runs "
                   "above 0");
  }

  result<InboxEntry> open(const Event& event);
  result<Handling> confirm_claim(const Event& event, const InboxClaim& claim);
  Handling confirmed(const Event& event);
  void abandon(const InboxClaim& claim);
  result<void> extend(const InboxClaim& claim);
  [[nodiscard]] InboxCounts counts() const;

 private:
  /// Where a run stands. Nothing here is needed for one effect an event; the store sees to that.
  struct Place {
    std::uint64_t highest = 0;  ///< Of what was handled.
    EventId unconfirmed;        ///< Its effect is done, and its confirmation has failed.
    InboxClaim claim;           ///< Of `unconfirmed`.
  };

  [[nodiscard]] Claim claim_of(const Event& event, std::uint64_t sequence) const;
  result<InboxEntry> admit(const Event& event, const InboxClaim& claim);
  result<bool> too_early(const Event& event);
  result<InboxEntry> duplicate(const Event& event);
  Error refused(Errc code, std::uint64_t InboxCounts::* counter);
  [[nodiscard]] std::uint64_t highest(RunId run) const;
  [[nodiscard]] std::optional<InboxClaim> unconfirmed(const Event& event) const;
  void give_back(const InboxClaim& claim);
  void remember_unconfirmed(const Event& event, const InboxClaim& claim);
  void moved(const Event& event);
  Place& place_of(RunId run);
  void count(std::uint64_t InboxCounts::* counter);

  const std::unique_ptr<detail::ClaimPort> store_;
  const std::string consumer_;
  const InboxOptions options_;
  mutable std::mutex mutex_;
  std::unordered_map<RunId, Place, IdHash> places_;
  std::deque<RunId> places_order_;  // the oldest in front
  InboxCounts counts_;
};

result<InboxEntry> Inbox::Core::open(const Event& event) {
  INVSAGA_CHECK(check_publishable(event));
  if (const auto claim = unconfirmed(event)) {
    INVSAGA_TRY(const Handling handling, confirm_claim(event, *claim));
    return InboxEntry{handling, *claim};
  }
  const Claim claim = claim_of(event, event.sequence);
  INVSAGA_TRY(const ClaimAnswer answer, store_->claim(claim));
  switch (answer.state) {
    case ClaimState::fresh:
      return admit(event, {claim.key, answer.epoch});
    case ClaimState::completed:
      return duplicate(event);
    case ClaimState::in_progress:
      return refused(Errc::busy, &InboxCounts::busy);
    case ClaimState::mismatch:
      return refused(Errc::invalid_argument, &InboxCounts::mismatch);
    case ClaimState::expired:
      if (event.sequence <= highest(event.run)) return duplicate(event);
      break;
  }
  return refused(Errc::too_late, &InboxCounts::expired);
}

/// The right to act is ours; whether it is the event's turn is what is left to see.
result<InboxEntry> Inbox::Core::admit(const Event& event, const InboxClaim& claim) {
  if (options_.order == InboxOrder::ascending) {
    if (event.sequence > highest(event.run)) return InboxEntry{std::nullopt, claim};
    give_back(claim);
    return refused(Errc::moved_on, &InboxCounts::out_of_order);
  }
  const auto early = too_early(event);
  if (early.has_value() && !early.assume_value()) return InboxEntry{std::nullopt, claim};
  give_back(claim);
  if (!early.has_value()) return early.assume_error();
  count(&InboxCounts::parked);
  return InboxEntry{Handling::parked, {}};
}

/// True while the event before it was not handled: not here, and not by another of our name.
result<bool> Inbox::Core::too_early(const Event& event) {
  const std::uint64_t before = event.sequence - 1;
  if (before <= highest(event.run)) return false;
  const Claim claim = claim_of(event, before);
  INVSAGA_TRY(const ClaimAnswer answer, store_->claim(claim));
  // Only asked: the right to act on that one is given back.
  if (answer.state == ClaimState::fresh) give_back({claim.key, answer.epoch});
  return answer.state != ClaimState::completed;
}

Claim Inbox::Core::claim_of(const Event& event, std::uint64_t sequence) const {
  const bool by_sequence = options_.order == InboxOrder::consecutive;
  const std::string place = to_hex(event.run) + '/' + std::to_string(sequence);
  const Time now = store_->now();
  const Time from = is_set(event.time) ? event.time : now;
  return {request_key(consumer_, "inbox", by_sequence ? place : to_hex(event.id)),
          fingerprint(as_bytes(place)), saturating_add(now, options_.lease),
          saturating_add(from, options_.window)};
}

result<Handling> Inbox::Core::confirm_claim(const Event& event, const InboxClaim& claim) {
  const std::string answer = to_hex(event.id);
  const auto outcome = store_->confirm_claim(claim.key, claim.epoch, as_bytes(answer));
  if (outcome.has_value()) return confirmed(event);
  const Error error = outcome.assume_error();
  // Another answer of this epoch: the effect's own append has confirmed it. Not found: its time has
  // passed, so that nobody will be given the right again.
  if (error.code == Errc::invalid_argument || error.code == Errc::not_found) {
    return confirmed(event);
  }
  // Busy: the lease lapsed and somebody else has the right; what they answer counts.
  if (error.code != Errc::busy) remember_unconfirmed(event, claim);
  return error;
}

void Inbox::Core::remember_unconfirmed(const Event& event, const InboxClaim& claim) {
  const std::lock_guard lock(mutex_);
  Place& place = place_of(event.run);
  if (place.unconfirmed != event.id) ++counts_.unconfirmed;
  place.unconfirmed = event.id;
  place.claim = claim;
}

Handling Inbox::Core::confirmed(const Event& event) {
  moved(event);
  count(&InboxCounts::handled);
  return Handling::handled;
}

void Inbox::Core::abandon(const InboxClaim& claim) {
  give_back(claim);
  count(&InboxCounts::failed);
}

void Inbox::Core::give_back(const InboxClaim& claim) {
  // If it cannot be told the lease lapses, which is what leases are for.
  (void)store_->release_claim(claim.key, claim.epoch);
}

result<void> Inbox::Core::extend(const InboxClaim& claim) {
  return store_->extend_claim(claim.key, claim.epoch,
                              saturating_add(store_->now(), options_.lease));
}

result<InboxEntry> Inbox::Core::duplicate(const Event& event) {
  moved(event);
  count(&InboxCounts::duplicate);
  return InboxEntry{Handling::duplicate, {}};
}

Error Inbox::Core::refused(Errc code, std::uint64_t InboxCounts::* counter) {
  count(counter);
  return Error{code};
}

std::uint64_t Inbox::Core::highest(RunId run) const {
  const std::lock_guard lock(mutex_);
  const auto found = places_.find(run);
  return found == places_.end() ? 0 : found->second.highest;
}

std::optional<InboxClaim> Inbox::Core::unconfirmed(const Event& event) const {
  const std::lock_guard lock(mutex_);
  const auto found = places_.find(event.run);
  if (found == places_.end() || found->second.unconfirmed != event.id) return std::nullopt;
  return found->second.claim;
}

void Inbox::Core::moved(const Event& event) {
  const std::lock_guard lock(mutex_);
  Place& place = place_of(event.run);
  place.highest = std::max(place.highest, event.sequence);
  if (place.unconfirmed == event.id) place.unconfirmed = {};
}

Inbox::Core::Place& Inbox::Core::place_of(RunId run) {
  const auto [place, fresh] = places_.try_emplace(run);
  if (!fresh) return place->second;
  places_order_.push_back(run);
  if (places_order_.size() > options_.max_runs) {
    places_.erase(places_order_.front());
    places_order_.pop_front();
  }
  return places_.at(run);
}

void Inbox::Core::count(std::uint64_t InboxCounts::* counter) {
  const std::lock_guard lock(mutex_);
  ++(counts_.*counter);
}

InboxCounts Inbox::Core::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

Inbox::Inbox(std::unique_ptr<detail::ClaimPort> store, std::string_view consumer,
             InboxOptions options)
    : core_(std::make_unique<Core>(std::move(store), consumer, options)) {}
Inbox::~Inbox() = default;

result<InboxEntry> Inbox::open(const Event& event) { return core_->open(event); }
result<Handling> Inbox::confirm_claim(const Event& event, const InboxEntry& entry) {
  INVSAGA_ASSERT(!entry.settled, "Inbox::confirm_claim: an entry that is not settled");
  return core_->confirm_claim(event, entry.claim);
}
Handling Inbox::confirmed(const Event& event) { return core_->confirmed(event); }
void Inbox::abandon(const InboxEntry& entry) {
  INVSAGA_ASSERT(!entry.settled, "Inbox::abandon: an entry that is not settled");
  core_->abandon(entry.claim);
}
result<void> Inbox::extend_claim(const InboxEntry& entry) {
  INVSAGA_ASSERT(!entry.settled, "Inbox::extend_claim: an entry that is not settled");
  return core_->extend(entry.claim);
}
InboxCounts Inbox::counts() const { return core_->counts(); }

}  // namespace v0
}  // namespace invsaga
