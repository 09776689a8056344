// SPDX-License-Identifier: Apache-2.0
#include <invsaga/inbox.hpp>

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>

#include <invsaga/assert.hpp>
#include <invsaga/id_text.hpp>
#include <invsaga/redelivery.hpp>

#include "errand.hpp"
#include "inbox_core.hpp"

namespace invsaga {
inline namespace v0 {

using detail::wait_for;

namespace {
/// How far ahead of the store's clock the one may be that an event's time is of.
constexpr Duration clock_tolerance{3'600'000};
}  // namespace

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
  const Claim claim = claim_of(event, event.sequence);
  const auto done_before = unconfirmed(claim);
  if (done_before) {
    const auto made_up = co_await make_up_for(event, *done_before);
    // Busy: somebody else was given the right since. What became of it, the store says.
    const bool known = made_up.has_value() || made_up.assume_error().code != Errc::busy;
    if (known) co_return made_up;
  }
  // What is claimed of it is kept until a window after its time. An earlier end for it would be one
  // for its repeats too: they would find it forgotten, and act. So it waits.
  if (event.time > saturating_add(store_.now(), clock_tolerance)) {
    co_return refused(Errc::unavailable, &InboxCounts::ahead);
  }
  const auto told = co_await ask<ClaimAnswer>(
      [&](Completion<ClaimAnswer> claimed) { store_.claim(claim, claimed); });
  if (!told.has_value()) co_return told.assume_error();
  const ClaimAnswer& answer = told.assume_value();
  if (answer.state != ClaimState::fresh) co_return in_state(event, claim.key, answer);
  if (done_before) co_return co_await make_up_for(event, {claim.key, answer.epoch});
  co_return co_await admit(event, claim, answer.epoch);
}

/// Its effect is done, and was not confirmed.
Errand<InboxEntry> Inbox::Core::make_up_for(const Event& event, InboxClaim claim) {
  const auto handling = co_await confirm_claim(event, claim);
  if (!handling.has_value()) co_return handling.assume_error();
  co_return InboxEntry{handling.assume_value(), claim};
}

result<InboxEntry> Inbox::Core::in_state(const Event& event, RequestKey key,
                                         const ClaimAnswer& answer) {
  switch (answer.state) {
    case ClaimState::fresh:
      break;
    case ClaimState::completed:
      return duplicate(event, key);
    case ClaimState::in_progress:
      return refused(Errc::busy, &InboxCounts::busy);
    case ClaimState::mismatch:
      return refused(Errc::invalid_argument, &InboxCounts::mismatch);
    case ClaimState::expired:
      if (is_known(event)) return duplicate(event, key);
      return refused(Errc::too_late, &InboxCounts::expired);
  }
  INVSAGA_UNREACHABLE("a claim that is the caller's is admitted");
}

/// The right to act is ours; whether it is the event's turn is what is left to see.
Errand<InboxEntry> Inbox::Core::admit(const Event& event, Claim asked, std::uint64_t epoch) {
  const InboxClaim claim{asked.key, epoch};
  const bool ascending = options_.order == InboxOrder::ascending;
  result<bool> early = false;
  if (!ascending) early = co_await too_early(event);
  const bool passed = ascending && event.sequence <= highest(event.run);
  if (early == result<bool>(false) && !passed) {
    const auto room = make_room_for(event.run, asked, epoch);
    if (room.has_value()) co_return InboxEntry{std::nullopt, claim};
    static_cast<void>(co_await give_back(claim));
    co_return room.assume_error();
  }
  static_cast<void>(co_await give_back(claim));
  if (passed) co_return refused(Errc::moved_on, &InboxCounts::out_of_order);
  if (!early.has_value()) co_return early.assume_error();
  count(&InboxCounts::parked);
  co_return InboxEntry{Handling::parked, {}};
}

/// True while the event before it was not handled: not here, and not by another of our name. `busy`
/// if another is at it: to wait for that is no sign that it will never come.
Errand<bool> Inbox::Core::too_early(const Event& event) {
  const std::uint64_t before = event.sequence - 1;
  if (before <= highest(event.run)) co_return false;
  const Claim claim = claim_of(event, before);
  const auto told = co_await ask<ClaimAnswer>(
      [&](Completion<ClaimAnswer> claimed) { store_.claim(claim, claimed); });
  if (!told.has_value()) co_return told.assume_error();
  // Only asked: the right to act on that one is given back.
  const ClaimState state = told.assume_value().state;
  if (state == ClaimState::fresh) {
    static_cast<void>(co_await give_back({claim.key, told.assume_value().epoch}));
  }
  if (state == ClaimState::in_progress) co_return refused(Errc::busy, &InboxCounts::busy);
  co_return state != ClaimState::completed;
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
  if (outcome.has_value()) return settled(event, claim.key);
  const Error error = outcome.assume_error();
  // Another answer of this epoch: the effect's own append has confirmed it. Not found: its time has
  // passed, so that nobody will be given the right again ...
  const bool is_found = error.code != Errc::not_found;
  if (error.code == Errc::invalid_argument || (!is_found && is_over(event))) {
    return settled(event, claim.key);
  }
  // ... or somebody else had the right since the lease lapsed, and gave it back: so it is claimed
  // once more, to be confirmed. Busy: somebody else has it; what they answer counts.
  if (error.code == Errc::busy) {
    drop(claim);
  } else {
    remember_unconfirmed(event, claim);
  }
  return is_found ? error : Error{Errc::busy};
}

/// Its window is.
bool Inbox::Core::is_over(const Event& event) const noexcept {
  return is_set(event.time) && saturating_add(event.time, options_.window) <= store_.now();
}

/// So that what is known after the effect is not lost.
result<void> Inbox::Core::make_room_for(RunId run, const Claim& claim, std::uint64_t epoch) {
  const Time now = store_.now();
  const std::lock_guard lock(mutex_);
  effects_.forget(now);
  if (effects_.unconfirmed() >= options_.max_runs) return no_room(Limit::runs, options_.max_runs);
  return detail::within_memory([&]() -> result<void> {
    static_cast<void>(places_.of(run));
    effects_.begin(claim, epoch);
    return success();
  });
}

void Inbox::Core::drop(const InboxClaim& claim) noexcept {
  const std::lock_guard lock(mutex_);
  effects_.drop(claim);
}

/// There is room for it, unless it took longer than its lease.
void Inbox::Core::remember_unconfirmed(const Event& event, const InboxClaim& claim) noexcept {
  const std::lock_guard lock(mutex_);
  const std::size_t before = effects_.unconfirmed();
  if (!effects_.keep(claim)) {
    static_cast<void>(detail::within_memory([&]() -> result<void> {
      effects_.begin(claim_of(event, event.sequence), claim.epoch);
      effects_.keep(claim);
      return success();
    }));
  }
  counts_.unconfirmed += effects_.unconfirmed() - before;
}

Handling Inbox::Core::confirmed(const Event& event) {
  return settled(event, claim_of(event, event.sequence).key);
}

Handling Inbox::Core::settled(const Event& event, RequestKey key) {
  moved(event, key);
  count(&InboxCounts::handled);
  return Handling::handled;
}

Errand<void> Inbox::Core::abandon(InboxClaim claim) {
  drop(claim);
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

result<InboxEntry> Inbox::Core::duplicate(const Event& event, RequestKey key) {
  moved(event, key);
  count(&InboxCounts::duplicate);
  return InboxEntry{Handling::duplicate, {}};
}

Error Inbox::Core::refused(Errc code, std::uint64_t InboxCounts::* counter) {
  count(counter);
  return Error{code};
}

std::uint64_t Inbox::Core::highest(RunId run) const {
  const std::lock_guard lock(mutex_);
  return places_.highest(run);
}

/// That it was acted on: who is sent all of a run acts on each, else only the last one is known.
bool Inbox::Core::is_known(const Event& event) const {
  const std::uint64_t last = highest(event.run);
  return options_.order == InboxOrder::consecutive ? event.sequence <= last
                                                   : event.sequence == last;
}

std::optional<InboxClaim> Inbox::Core::unconfirmed(const Claim& claim) const {
  const std::lock_guard lock(mutex_);
  return effects_.find_unconfirmed(claim);
}

/// Where there is no memory for a place that was forgotten meanwhile, it stays so.
void Inbox::Core::moved(const Event& event, RequestKey key) noexcept {
  const std::lock_guard lock(mutex_);
  effects_.end(key);
  static_cast<void>(detail::within_memory([&]() -> result<void> {
    std::uint64_t& place = places_.of(event.run);
    place = std::max(place, event.sequence);
    return success();
  }));
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
void Inbox::handle_by(const std::weak_ptr<Core>& inbox, const Event& event,
                      const InboxEffect& effect, Completion<Handling> done) noexcept {
  const auto core = inbox.lock();
  if (!core || !core->enter()) return done(Error{Errc::unavailable});
  core->handle(event, effect).send_off(core, done);
  core->leave();
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
