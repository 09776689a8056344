// SPDX-License-Identifier: Apache-2.0
//
// What carries events from those who decide them to those who act on them: at least once, and in
// order per run, also through retries.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <invsaga/assert.hpp>
#include <invsaga/completion.hpp>
#include <invsaga/detail/guarded.hpp>
#include <invsaga/event.hpp>
#include <invsaga/result.hpp>
#include <invsaga/thrown.hpp>

namespace invsaga {
inline namespace v0 {

/// What became of an event at a consumer. The words are written to histories and metrics.
enum class Handling : std::uint8_t {
  handled,    ///< The consumer acted on it.
  duplicate,  ///< It had acted on it before, and did not again.
  parked,     ///< It waits: an earlier one of its run has to be handled first.
  dead,       ///< It was given up. The later ones of its run stay parked behind it.
};
std::string_view name(Handling handling) noexcept;

/// Acts on one event for one consumer, and answers what became of it:
///  - `handled`, `duplicate`: the bus is done with it (this is the acknowledgement).
///  - `parked`: it came too early for this consumer. The bus keeps it; meanwhile those published
///    later are offered. Of several the one that is first by sequence is offered again whenever
///    another event of its run was handled, and after a growing wait. One that stays too early is
///    given up at the end of the budget: of the time that nothing else of its run was there to wait
///    for.
///  - `dead`, or an error with the remedy `give_up`: it can never be handled.
///  - an error with the remedy `retry` (the consumer is full, or cannot reach what it needs): it
///    waits, and is delivered again after a growing wait, for as long as it takes. Waiting is never
///    the end of an event.
///  - any other error: it failed and will be delivered again, after a growing wait, until the bus
///    gives it up.
/// Made of a function `result<Handling>(const Event&)`, or of one that answers later,
/// `void(const Event&, Completion<Handling>)`, on whatever thread. An exception of the first counts
/// as `step_threw`, one for want of memory as `resource_exhausted`, and its text is kept
/// (`thrown`); the second is `noexcept`, or it does not compile. The event is lent until the
/// answer. Calls come from the bus's own tasks, never from within `publish`, in parallel for
/// different runs, and one at a time for one run. A handler may publish. The same event may come
/// any number of times, so an `Inbox` usually stands before the effect.
class EventHandler {
 public:
  EventHandler() = default;
  template <class F>
    requires std::is_invocable_r_v<result<Handling>, F&, const Event&>
  EventHandler(F handler)  // NOLINT(google-explicit-constructor)
      : thrown_(std::make_shared<detail::ThrownLog>()),
        call_([handler = std::move(handler), log = thrown_](const Event& event,
                                                            Completion<Handling> done) mutable {
          done(log->answer_of<Handling>("a handler", [&] { return handler(event); }));
        }) {}
  template <class F>
    requires std::is_invocable_v<F&, const Event&, Completion<Handling>>
  EventHandler(F handler)  // NOLINT(google-explicit-constructor)
      : call_(std::move(handler)) {
    static_assert(std::is_nothrow_invocable_v<F&, const Event&, Completion<Handling>>,
                  "a handler that answers later says its errors there: it is noexcept");
  }

  /// Requires a handler.
  void operator()(const Event& event, Completion<Handling> done) const noexcept {
    INVSAGA_ASSERT(call_, "EventHandler::operator(): a handler");
    call_(event, done);
  }
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(call_); }
  /// What the function threw so far, by all copies. Allocates.
  [[nodiscard]] Thrown thrown() const { return thrown_ ? thrown_->thrown() : Thrown{}; }

 private:
  std::shared_ptr<detail::ThrownLog> thrown_;
  std::function<void(const Event&, Completion<Handling>)> call_;
};

/// A consumer's handle: while it lives the consumer is called, and nobody else may subscribe by its
/// name. Ending it is no leave-taking: what the consumer is owed stays owed, and whoever subscribes
/// by its name next is brought it. Move-only. It may end before the bus or after it, and on any
/// thread.
class Subscription {
 public:
  /// Of nobody.
  Subscription() = default;
  /// For authors of a bus: letting go of what it holds ends the subscription, as `end` says.
  explicit Subscription(std::shared_ptr<void> held) noexcept : held_(std::move(held)) {}
  ~Subscription() = default;
  Subscription(Subscription&&) noexcept = default;
  Subscription& operator=(Subscription&&) noexcept = default;
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  /// The handler is called no more. Waits until every call of it on another thread has returned (so
  /// what it refers to may go then), and with it what is told of its answer, publishers'
  /// completions among that: so not to be called with a lock that these take. One that answers
  /// later may still do so. From within the handler itself it does not wait for that call, nor for
  /// others that wait here too. A repeat changes nothing.
  void end() noexcept { held_.reset(); }
  [[nodiscard]] explicit operator bool() const noexcept { return held_ != nullptr; }

 private:
  std::shared_ptr<void> held_;
};

/// Semantics of an EventBus:
///  - `publish(events, done)`: brings the events, in their order, to the consumers that are *owed*
///    them. Success means that this bus cannot lose them any more: every consumer that is owed one
///    has handled it (a bus in memory), or it is written down (a broker's acknowledgement). Until
///    then whoever published keeps them; that may be long (a handler that waits), or be for ever
///    (one that is dead). The events are lent for the call, which throws nothing and waits for no
///    handler. An event that nobody is owed is settled at once.
///    Errors: `invalid_argument` (id or run not set, sequence 0, no type: nothing was taken),
///    `limit_exceeded` (over a bound of the bus that no later call can meet), `resource_exhausted`
///    or `unavailable` (not all were taken, try later), and `timed_out` or `reply_lost` (they may
///    have been taken: publish the same again). A repeat (same run and sequence) of what is still
///    on its way is answered when that is handled; any other may be delivered again.
///  - `subscribe(consumer, types, handler)`: from now on the consumer is owed the events of those
///    types that are published; no types means all. They are brought to `handler` while the
///    subscription lives, with what the consumer was owed before, also of types that it no longer
///    names. The handler is kept until the subscription has ended and all that it has is answered.
///    `invalid_argument`: an empty name, an empty type, no handler, or the consumer has a
///    subscription. `resource_exhausted`: too many consumers.
///  - `leave(consumer)`: it is owed nothing any more, and its subscription has ended (as by
///    `Subscription::end`, which it waits like). What it was owed counts as handled by it.
///    `not_found` if there is none of that name.
///  - **Order.** For each consumer, events of one run are delivered in the order in which they
///    were first published; one that fails holds back those behind it in its run until it is
///    handled. Once it is `dead` they stay parked, so that nobody acts on a history with a hole.
///    When a call of `publish` has returned without an answer, its events have their place: if one
///    is refused after all, so is every later one of its run until it is published again.
///  - **Isolation.** What fails at a consumer holds back nothing of other runs and nothing of
///    other consumers.
///  - Nothing is dropped that a consumer is owed: an event is acknowledged, on its way, parked or
///    dead, and is counted. A bus that has no room for a consumer's own backlog says what it does
///    about it, and what it leaves out there is counted and told.
/// All are safe from any thread. How long a bus keeps events after the process ends is its own to
/// say.
template <class B>
concept EventBus = requires(B& bus, std::span<const Event> events, Completion<void> done,
                            std::string_view consumer, std::span<const std::string_view> types,
                            EventHandler handler) {
  { bus.publish(events, done) } noexcept -> std::same_as<void>;
  { bus.subscribe(consumer, types, std::move(handler)) } -> std::same_as<result<Subscription>>;
  { bus.leave(consumer) } -> std::same_as<result<void>>;
};

/// `invalid_argument` if no bus may carry it: id or run not set, sequence 0, or no type.
result<void> check_publishable(const Event& event) noexcept;

}  // namespace v0
}  // namespace invsaga
