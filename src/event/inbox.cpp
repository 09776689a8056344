// SPDX-License-Identifier: Apache-2.0
#include <invsaga/inbox.hpp>

#include <algorithm>
#include <array>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include <invsaga/assert.hpp>
#include <invsaga/id_text.hpp>
#include <invsaga/keyed_hash.hpp>
#include <invsaga/redelivery.hpp>

#include "errand.hpp"

namespace invsaga {
inline namespace v0 {

using detail::Errand;
using detail::wait_for;

namespace {
/// How far ahead of the store's clock the one may be that an event's time is of.
constexpr Duration clock_tolerance{3'600'000};
}  // namespace

class Inbox::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(AnyClaims store, std::string_view consumer, InboxOptions options)
      : store_(std::move(store)),
        consumer_(consumer),
        options_(options),
        places_(0, IdHash(options.hash_key)) {
    INVSAGA_ASSERT(!consumer.empty() && options.lease > Duration{0} &&
                       options.window > Duration{0} && options.max_runs > 0,
                   "Inbox::Inbox: a consumer's name, and a lease, a window and a number of runs "
                   "above 0");
  }
  void stop() { visits_.end(); }
  [[nodiscard]] result<void> ready() const;

  Errand<Handling> handle(const Event& event, const InboxEffect& effect);
  Errand<InboxEntry> open(const Event& event);
  Errand<Handling> confirm_claim(const Event& event, InboxClaim claim);
  Handling confirmed(const Event& event);
  Errand<void> abandon(InboxClaim claim);
  void extend(const InboxClaim& claim, Completion<void> done);
  [[nodiscard]] InboxCounts counts() const;
  [[nodiscard]] Thrown thrown() const { return thrown_.thrown(); }

 private:
  /// Where a run stands. Nothing here is needed for one effect an event; the store sees to that.
  struct Place {
    std::uint64_t highest = 0;  ///< Of what was handled.
    EventId unconfirmed;        ///< Its effect is done, and its confirmation has failed.
    InboxClaim claim;           ///< Of `unconfirmed`.
    std::list<RunId>::iterator where{};
  };

  /// What an errand waits for: the answer of `send(completion)`.
  template <class T, class Send>
  [[nodiscard]] detail::Awaited<T, Send> ask(Send send) {
    return {{shared_from_this(), &visits_}, std::move(send)};
  }

  [[nodiscard]] Claim claim_of(const Event& event, std::uint64_t sequence) const;
  result<InboxEntry> in_state(const Event& event, const ClaimAnswer& answer);
  Errand<InboxEntry> admit(const Event& event, InboxClaim claim);
  Errand<bool> too_early(const Event& event);
  Errand<Handling> try_confirm(const Event& event, InboxClaim claim);
  result<Handling> judge_confirm(const Event& event, const InboxClaim& claim,
                                 const result<void>& outcome);
  result<InboxEntry> duplicate(const Event& event);
  Error refused(Errc code, std::uint64_t InboxCounts::* counter);
  [[nodiscard]] std::uint64_t highest(RunId run) const;
  [[nodiscard]] bool is_known(const Event& event) const;
  [[nodiscard]] std::optional<InboxClaim> unconfirmed(const Event& event) const;
  Errand<void> give_back(InboxClaim claim);
  result<void> keep_place(RunId run);
  void remember_unconfirmed(const Event& event, const InboxClaim& claim) noexcept;
  void moved(const Event& event);
  Place& place_of(RunId run);
  void make_room() noexcept;
  void count(std::uint64_t InboxCounts::* counter);

  AnyClaims store_;
  const std::string consumer_;
  const InboxOptions options_;
  detail::Visits visits_;
  detail::ThrownLog thrown_;
  mutable std::mutex mutex_;
  std::unordered_map<RunId, Place, IdHash> places_;
  std::list<RunId> places_order_;  // the oldest in front
  std::list<RunId> held_;          // those of `unconfirmed`: not to be forgotten
  InboxCounts counts_;
};

Errand<Handling> Inbox::Core::handle(const Event& event, const InboxEffect& effect) {
  const auto opened = co_await open(event);
  if (!opened.has_value()) co_return opened.assume_error();
  if (opened.assume_value().settled) co_return *opened.assume_value().settled;
  const InboxClaim claim = opened.assume_value().claim;
  const auto outcome = co_await ask<void>(
      [&](Completion<void> told) { effect(event, claim, thrown_, told); });
  if (!outcome.has_value()) {
    static_cast<void>(co_await abandon(claim));
    co_return outcome.assume_error();
  }
  co_return co_await confirm_claim(event, claim);
}

Errand<InboxEntry> Inbox::Core::open(const Event& event) {
  if (const auto checked = check_publishable(event); !checked.has_value()) {
    co_return checked.assume_error();
  }
  if (const auto done_before = unconfirmed(event)) {
    const auto handling = co_await confirm_claim(event, *done_before);
    if (!handling.has_value()) co_return handling.assume_error();
    co_return InboxEntry{handling.assume_value(), *done_before};
  }
  // What is claimed of it is kept until a window after its time. An earlier end for it would be one
  // for its repeats too: they would find it forgotten, and act. So it waits.
  if (event.time > saturating_add(store_.now(), clock_tolerance)) {
    co_return refused(Errc::unavailable, &InboxCounts::ahead);
  }
  const Claim claim = claim_of(event, event.sequence);
  const auto told = co_await ask<ClaimAnswer>(
      [&](Completion<ClaimAnswer> claimed) { store_.claim(claim, claimed); });
  if (!told.has_value()) co_return told.assume_error();
  if (told.assume_value().state != ClaimState::fresh) {
    co_return in_state(event, told.assume_value());
  }
  co_return co_await admit(event, {claim.key, told.assume_value().epoch});
}

result<InboxEntry> Inbox::Core::in_state(const Event& event, const ClaimAnswer& answer) {
  switch (answer.state) {
    case ClaimState::fresh:
      break;
    case ClaimState::completed:
      return duplicate(event);
    case ClaimState::in_progress:
      return refused(Errc::busy, &InboxCounts::busy);
    case ClaimState::mismatch:
      return refused(Errc::invalid_argument, &InboxCounts::mismatch);
    case ClaimState::expired:
      if (is_known(event)) return duplicate(event);
      return refused(Errc::too_late, &InboxCounts::expired);
  }
  INVSAGA_UNREACHABLE("a claim that is the caller's is admitted");
}

/// The right to act is ours; whether it is the event's turn is what is left to see.
Errand<InboxEntry> Inbox::Core::admit(const Event& event, InboxClaim claim) {
  const bool ascending = options_.order == InboxOrder::ascending;
  result<bool> early = false;
  if (!ascending) early = co_await too_early(event);
  const bool passed = ascending && event.sequence <= highest(event.run);
  if (early == result<bool>(false) && !passed) {
    const auto kept = keep_place(event.run);  // so that what is known after the effect is not lost
    if (kept.has_value()) co_return InboxEntry{std::nullopt, claim};
    static_cast<void>(co_await give_back(claim));
    co_return kept.assume_error();
  }
  static_cast<void>(co_await give_back(claim));
  if (passed) co_return refused(Errc::moved_on, &InboxCounts::out_of_order);
  if (!early.has_value()) co_return early.assume_error();
  count(&InboxCounts::parked);
  co_return InboxEntry{Handling::parked, {}};
}

/// True while the event before it was not handled: not here, and not by another of our name.
Errand<bool> Inbox::Core::too_early(const Event& event) {
  const std::uint64_t before = event.sequence - 1;
  if (before <= highest(event.run)) co_return false;
  const Claim claim = claim_of(event, before);
  const auto told = co_await ask<ClaimAnswer>(
      [&](Completion<ClaimAnswer> claimed) { store_.claim(claim, claimed); });
  if (!told.has_value()) co_return told.assume_error();
  // Only asked: the right to act on that one is given back.
  if (told.assume_value().state == ClaimState::fresh) {
    static_cast<void>(co_await give_back({claim.key, told.assume_value().epoch}));
  }
  co_return told.assume_value().state != ClaimState::completed;
}

Claim Inbox::Core::claim_of(const Event& event, std::uint64_t sequence) const {
  const bool by_sequence = options_.order == InboxOrder::consecutive;
  const std::string place = to_hex(event.run) + '/' + std::to_string(sequence);
  const Time now = store_.now();
  const Time from = is_set(event.time) ? event.time : now;
  return {request_key(consumer_, "inbox", by_sequence ? place : to_hex(event.id), options_.secret),
          fingerprint(as_bytes(place), options_.secret), saturating_add(now, options_.lease),
          saturating_add(from, options_.window), ClaimKind::event};
}

result<void> Inbox::Core::ready() const {
  const std::optional<Retention> kept = store_.retention();
  if (!kept) return success();
  const std::size_t wanted = live_records({.time = options_.window}, options_.events_per_second);
  if (wanted <= kept->events) return success();
  return over_limit(Limit::requests, wanted, kept->events);
}

/// Also where there is no memory to say so: the effect is done, and that is remembered.
Errand<Handling> Inbox::Core::confirm_claim(const Event& event, InboxClaim claim) {
  auto errand = try_confirm(event, claim);
  if (errand.is_none()) remember_unconfirmed(event, claim);
  return errand;
}

Errand<Handling> Inbox::Core::try_confirm(const Event& event, InboxClaim claim) {
  const auto text = detail::within_memory(
      [&]() -> result<std::string> { return to_hex(event.id); });
  if (!text.has_value()) co_return judge_confirm(event, claim, text.assume_error());
  const std::string_view words = text.assume_value();
  const auto outcome = co_await ask<void>([&](Completion<void> told) {
    store_.confirm_claim(claim.key, claim.epoch, as_bytes(words), told);
  });
  co_return judge_confirm(event, claim, outcome);
}

result<Handling> Inbox::Core::judge_confirm(const Event& event, const InboxClaim& claim,
                                            const result<void>& outcome) {
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

result<void> Inbox::Core::keep_place(RunId run) {
  const std::lock_guard lock(mutex_);
  if (held_.size() >= options_.max_runs && places_.find(run) == places_.end()) {
    return no_room(Limit::runs, options_.max_runs);
  }
  return detail::within_memory([&]() -> result<void> {
    static_cast<void>(place_of(run));
    return success();
  });
}

/// There is a place, which was kept for it, unless many runs came between.
void Inbox::Core::remember_unconfirmed(const Event& event, const InboxClaim& claim) noexcept {
  const std::lock_guard lock(mutex_);
  static_cast<void>(detail::within_memory([&]() -> result<void> {
    Place& place = place_of(event.run);
    if (place.unconfirmed != event.id) ++counts_.unconfirmed;
    const bool is_held = place.unconfirmed != EventId{};
    held_.splice(held_.end(), is_held ? held_ : places_order_, place.where);
    place.unconfirmed = event.id;
    place.claim = claim;
    return success();
  }));
}

Handling Inbox::Core::confirmed(const Event& event) {
  moved(event);
  count(&InboxCounts::handled);
  return Handling::handled;
}

Errand<void> Inbox::Core::abandon(InboxClaim claim) {
  static_cast<void>(co_await give_back(claim));
  count(&InboxCounts::failed);
  co_return success();
}

/// If it cannot be told the lease lapses, which is what leases are for.
Errand<void> Inbox::Core::give_back(InboxClaim claim) {
  static_cast<void>(co_await ask<void>(
      [&](Completion<void> told) { store_.release_claim(claim.key, claim.epoch, told); }));
  co_return success();
}

void Inbox::Core::extend(const InboxClaim& claim, Completion<void> done) {
  store_.extend_claim(claim.key, claim.epoch, saturating_add(store_.now(), options_.lease), done);
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

/// That it was acted on: who is sent all of a run acts on each, else only the last one is known.
bool Inbox::Core::is_known(const Event& event) const {
  const std::uint64_t last = highest(event.run);
  return options_.order == InboxOrder::consecutive ? event.sequence <= last
                                                   : event.sequence == last;
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
  if (place.unconfirmed != event.id) return;
  place.unconfirmed = {};
  places_order_.splice(places_order_.end(), held_, place.where);
}

Inbox::Core::Place& Inbox::Core::place_of(RunId run) {
  if (const auto found = places_.find(run); found != places_.end()) return found->second;
  std::list<RunId> one{run};  // all that may fail comes first
  Place& place = places_.try_emplace(run).first->second;
  place.where = one.begin();
  make_room();
  places_order_.splice(places_order_.end(), one);
  return place;
}

/// For one that is new. What holds an effect that is not confirmed is not forgotten: rather there
/// is one more, of an effect that was under way.
void Inbox::Core::make_room() noexcept {
  if (places_.size() <= options_.max_runs || places_order_.empty()) return;
  places_.erase(places_order_.front());
  places_order_.pop_front();
}

void Inbox::Core::count(std::uint64_t InboxCounts::* counter) {
  const std::lock_guard lock(mutex_);
  ++(counts_.*counter);
}

InboxCounts Inbox::Core::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

Inbox::Inbox(AnyClaims store, std::string_view consumer, InboxOptions options)
    : core_(std::make_shared<Core>(std::move(store), consumer, options)) {}
Inbox::~Inbox() { core_->stop(); }
result<void> Inbox::ready() const { return core_->ready(); }

void Inbox::handle(const Event& event, const InboxEffect& effect, Completion<Handling> done) {
  core_->handle(event, effect).send_off(core_, done);
}
void Inbox::open(const Event& event, Completion<InboxEntry> done) {
  core_->open(event).send_off(core_, done);
}
result<InboxEntry> Inbox::open(const Event& event) {
  return wait_for<InboxEntry>([&](Completion<InboxEntry> done) { open(event, done); });
}
void Inbox::confirm_claim(const Event& event, const InboxEntry& entry,
                          Completion<Handling> done) noexcept {
  INVSAGA_ASSERT(!entry.settled, "Inbox::confirm_claim: an entry that is not settled");
  core_->confirm_claim(event, entry.claim).send_off(core_, done);
}
result<Handling> Inbox::confirm_claim(const Event& event, const InboxEntry& entry) {
  return wait_for<Handling>([&](Completion<Handling> done) { confirm_claim(event, entry, done); });
}
Handling Inbox::confirmed(const Event& event) { return core_->confirmed(event); }
void Inbox::abandon(const InboxEntry& entry, Completion<void> done) {
  INVSAGA_ASSERT(!entry.settled, "Inbox::abandon: an entry that is not settled");
  core_->abandon(entry.claim).send_off(core_, done);
}
void Inbox::abandon(const InboxEntry& entry) {
  static_cast<void>(wait_for<void>([&](Completion<void> done) { abandon(entry, done); }));
}
void Inbox::extend_claim(const InboxEntry& entry, Completion<void> done) noexcept {
  INVSAGA_ASSERT(!entry.settled, "Inbox::extend_claim: an entry that is not settled");
  core_->extend(entry.claim, done);
}
result<void> Inbox::extend_claim(const InboxEntry& entry) {
  return wait_for<void>([&](Completion<void> done) { extend_claim(entry, done); });
}
InboxCounts Inbox::counts() const { return core_->counts(); }
Thrown Inbox::thrown() const { return core_->thrown(); }

}  // namespace v0
}  // namespace invsaga
