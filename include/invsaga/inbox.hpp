// SPDX-License-Identifier: Apache-2.0
//
// One effect an event: what stands between a bus, which may deliver an event any number of times,
// and what a consumer does about it.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <invsaga/any_claims.hpp>
#include <invsaga/completion.hpp>
#include <invsaga/detail/guarded.hpp>
#include <invsaga/event.hpp>
#include <invsaga/event_bus.hpp>
#include <invsaga/idempotency.hpp>
#include <invsaga/ids.hpp>
#include <invsaga/result.hpp>
#include <invsaga/thrown.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// What the inbox may assume of the sequence numbers that its consumer is sent. Part of what it
/// remembers events by: not to be changed over a store that has seen events of the consumer.
enum class InboxOrder : std::uint8_t {
  /// They ascend within a run, with gaps where the consumer takes only some types. An event is
  /// known by its id. One that is below what was handled, and was not itself, came out of order.
  ascending,
  /// The consumer is sent every event of a run, and all of them come from the run: so an event is
  /// known by run and sequence, and while its predecessor is not, an earlier one is still to come.
  consecutive,
};

/// How long an inbox leases and remembers, and its bounds. Constant for its life.
struct InboxOptions {
  /// The right to act on an event is leased for so long; a slower effect has to `extend_claim`.
  Duration lease{30'000};
  /// How long after it was decided an event may be acted on, and is remembered when it was. Longer
  /// than the longest way there: lag, retries, and redrive of dead letters; and, for `consecutive`,
  /// longer than a run. An event without a time has so long from each arrival. So the store has to
  /// remember all events of a window: see `events_per_second`.
  Duration window{3LL * 24 * 3600 * 1000};
  /// The load that is counted with, on average over a window and over all consumers of the store:
  /// `ready` says whether the store has room for it. By default ten a second for three days, which
  /// `Retention::events` has room for. Where more come the store is full for a time: events wait
  /// at the bus, in order, and none is lost.
  std::size_t events_per_second = 10;
  InboxOrder order = InboxOrder::ascending;
  /// Runs whose place in the sequence is remembered. Beyond, the oldest is forgotten:
  /// `consecutive` then asks the store, `ascending` takes its next event as in order. What was
  /// handled is not forgotten by that: the store knows it. Besides, so many effects that are done
  /// and could not be confirmed: each is remembered until it is, at most until the end of its
  /// event's window. While there are so many, other events are `resource_exhausted`.
  std::size_t max_runs = 100'000;
  HashKey hash_key{};  ///< Of its tables, as `keyed_hash.hpp` says.
  /// The service's own, of the keys that its claims have in the store: always the same.
  HashKey secret{};
};

/// Since the inbox began.
struct InboxCounts {
  std::uint64_t handled = 0;
  std::uint64_t duplicate = 0;  ///< Delivered again, and not acted on.
  std::uint64_t parked = 0;     ///< Deliveries that were too early: an earlier event was missing.
  std::uint64_t out_of_order = 0;  ///< Deliveries below what was handled, of events that were not.
  std::uint64_t failed = 0;        ///< The effect failed; the right to act was given back.
  std::uint64_t busy = 0;          ///< Somebody else was acting on it.
  std::uint64_t expired = 0;       ///< Too old to be acted on, and not known.
  std::uint64_t ahead = 0;         ///< Deliveries of events whose time is still to come.
  std::uint64_t mismatch = 0;      ///< Its id is known with another run or sequence.
  std::uint64_t unconfirmed = 0;   ///< The effect was done, and could not be confirmed at once.
};

/// The right to act on one event: a claim in the inbox's store.
struct InboxClaim {
  RequestKey key;
  std::uint64_t epoch = 0;
};

/// What `Inbox::open` found: either the event is settled, or the right to act on it is the
/// caller's.
struct InboxEntry {
  std::optional<Handling> settled;
  InboxClaim claim;
};

/// What a consumer does about an event: a function of the event, or of event and claim, that
/// answers with a `result<void>`; or either with a `Completion<void>` behind, that answers later.
/// An exception of the first two counts as `step_threw`, one for want of memory as
/// `resource_exhausted`, and its text is kept (`Inbox::thrown`); the others are `noexcept`, or they
/// do not compile. What they are given is lent until the answer.
class InboxEffect {
 public:
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, InboxEffect>)
  InboxEffect(F effect) {  // NOLINT(google-explicit-constructor)
    constexpr bool no_throw =
        std::is_nothrow_invocable_v<F&, const Event&, const InboxClaim&, Completion<void>> ||
        std::is_nothrow_invocable_v<F&, const Event&, Completion<void>>;
    if constexpr (std::is_invocable_v<F&, const Event&, const InboxClaim&, Completion<void>>) {
      static_assert(no_throw, "an effect that answers later says its errors there: it is noexcept");
      call_ = [effect = std::move(effect)](const Event& event, const InboxClaim& claim,
                                           detail::ThrownLog&, Completion<void> done) mutable {
        effect(event, claim, done);
      };
    } else if constexpr (std::is_invocable_v<F&, const Event&, Completion<void>>) {
      static_assert(no_throw, "an effect that answers later says its errors there: it is noexcept");
      call_ = [effect = std::move(effect)](const Event& event, const InboxClaim&,
                                           detail::ThrownLog&,
                                           Completion<void> done) mutable { effect(event, done); };
    } else {
      call_ = [effect = std::move(effect)](
                  const Event& event, const InboxClaim& claim, detail::ThrownLog& thrown,
                  Completion<void> done) mutable { done(answer_of(effect, event, claim, thrown)); };
    }
  }

 private:
  friend class Inbox;

  void operator()(const Event& event, const InboxClaim& claim, detail::ThrownLog& thrown,
                  Completion<void> done) const noexcept {
    call_(event, claim, thrown, done);
  }
  template <class F>
  static result<void> answer_of(F& effect, const Event& event, const InboxClaim& claim,
                                detail::ThrownLog& thrown) noexcept {
    return thrown.answer_of<void>("an effect", [&]() -> result<void> {
      if constexpr (std::is_invocable_v<F&, const Event&, const InboxClaim&>) {
        return effect(event, claim);
      } else {
        return effect(event);
      }
    });
  }

  std::function<void(const Event&, const InboxClaim&, detail::ThrownLog&, Completion<void>)> call_;
};

/// Acts on each event once for one consumer, over any store of claims: claim (a lease), effect,
/// confirm. Never marks an event before its effect is done: a failing effect gives the right back.
///
/// What a crash can do: between effect and confirm it leaves the claim to lapse, and the event is
/// acted on a second time when it is delivered after that. To be safe from that, an effect is
/// idempotent by the event's id; or it is an append to a backend that is the inbox's store too, and
/// the append itself confirms the claim (a run begun with the claim as its request): then use
/// `open` and `confirmed`, and effect and confirmation are one record.
///
/// The store is borrowed and outlives the inbox. All functions are safe from any thread. With a
/// completion: nothing waits, and what was given is lent until it comes; `reply_lost` if that is
/// after the inbox's end. Without: the caller's thread waits for the store. Destroying it waits for
/// what a completion, or a handler of it, is at: so it is not destroyed from within an effect.
class Inbox {
  class Core;

 public:
  /// `consumer` names whose inbox it is: others of that name over the same store share the work.
  /// Requires a consumer's name, and a lease, a window and a number of runs above 0.
  Inbox(AnyClaims store, std::string_view consumer, InboxOptions options = {});
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  /// To be asked at start-up: whether the store has room for as many events as come in a window, by
  /// `InboxOptions`. Success also if the store does not say what it keeps. Error: `limit_exceeded`
  /// (`Limit::requests`: how many were to be remembered, and how many it allows).
  [[nodiscard]] result<void> ready() const;

  /// If it is this caller's to do, calls `effect(event)` or `effect(event, claim)`, which answers
  /// with a `result<void>`.
  ///  - `handled`: the effect is done and confirmed. If an earlier confirmation failed it was done
  ///    before, and is not called.
  ///  - `duplicate`: it was done and confirmed before. The effect is not called.
  ///  - `parked`: an earlier event is missing (`InboxOrder::consecutive`). The effect is not
  ///    called; whoever delivers keeps the event and brings it again.
  ///  - The effect's own error: the right was given back, the next delivery calls it again. An
  ///    exception gives it back too, and goes on.
  ///  - `busy`: another is at it, or at the one that it has to wait for; or had the right since.
  ///    `moved_on`: out of order, never acted on.
  ///    `too_late`: past the window. `resource_exhausted`: the store is full, or too many effects
  ///    are not confirmed; ask again later. `unavailable`: the event's time is more than an hour
  ///    ahead of the store's clock; it is acted on when that is there. `invalid_argument`: id or
  ///    run not set, sequence 0, or an id that is known with another run or sequence. The store's
  ///    errors: after the effect they mean that it is done and not confirmed; the next delivery to
  ///    this inbox only confirms.
  template <class Effect>
  result<Handling> handle(const Event& event, Effect&& effect) {
    INVSAGA_TRY(const InboxEntry entry, open(event));
    if (entry.settled) return *entry.settled;
    GiveBack unless_done{*this, entry};
    const result<void> outcome = [&]() -> result<void> {
      if constexpr (std::is_invocable_v<Effect&, const Event&, const InboxClaim&>) {
        return effect(event, entry.claim);
      } else {
        return effect(event);
      }
    }();
    if (!outcome.has_value()) return outcome.assume_error();
    unless_done.keep = true;
    return confirm_claim(event, entry);
  }

  /// The same, answered later if store or effect are; an exception of the effect is `step_threw`.
  void handle(const Event& event, const InboxEffect& effect, Completion<Handling> done);

  /// A handler for `EventBus::subscribe`. It may outlive the inbox, and answers `unavailable` then:
  /// the event waits at the bus.
  EventHandler handler(InboxEffect effect) {
    return [inbox = std::weak_ptr<Core>(core_), effect = std::move(effect)](
               const Event& event, Completion<Handling> done) noexcept {
      handle_by(inbox, event, effect, done);
    };
  }

  /// The same in parts, for effects that are done elsewhere or confirm the claim themselves. After
  /// an entry that is not settled exactly one follows of `confirm_claim`, `confirmed` and
  /// `abandon`.
  /// Errors of `open`: those of `handle` before the effect.
  result<InboxEntry> open(const Event& event);
  void open(const Event& event, Completion<InboxEntry> done);
  /// The effect is done: remembers it. `handled`, also if the effect's own append has confirmed the
  /// claim; `busy`: the lease had lapsed, and somebody else has the right, or had it; or the
  /// store's error. Requires an entry that is not settled.
  result<Handling> confirm_claim(const Event& event, const InboxEntry& entry);
  void confirm_claim(const Event& event, const InboxEntry& entry,
                     Completion<Handling> done) noexcept;
  /// The effect is done, and its own append has confirmed the claim.
  Handling confirmed(const Event& event);
  /// The effect failed: gives the right back. If the store cannot be told, the lease lapses.
  /// Requires an entry that is not settled.
  void abandon(const InboxEntry& entry);
  void abandon(const InboxEntry& entry, Completion<void> done);
  /// Keeps the right for another lease from now. `busy`: somebody else has it now. Requires an
  /// entry that is not settled. The completion is the store's to call, also after the inbox's end.
  result<void> extend_claim(const InboxEntry& entry);
  void extend_claim(const InboxEntry& entry, Completion<void> done) noexcept;

  [[nodiscard]] InboxCounts counts() const;
  /// What effects threw.
  [[nodiscard]] Thrown thrown() const;

 private:
  /// Also when the effect throws.
  struct GiveBack {
    Inbox& inbox;
    const InboxEntry& entry;
    bool keep = false;
    ~GiveBack() {
      if (!keep) inbox.abandon(entry);
    }
  };
  static void handle_by(const std::weak_ptr<Core>& inbox, const Event& event,
                        const InboxEffect& effect, Completion<Handling> done) noexcept;
  std::shared_ptr<Core> core_;
};

}  // namespace v0
}  // namespace invsaga
