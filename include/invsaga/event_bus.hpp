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

/// Semantics of an EventBus:
///  - `publish(event, done)`: success means that the bus has the event, and each consumer that
///    subscribed to its type before will be called with it at least once. The event is lent until
///    the completion, which never waits for a handler; the call throws nothing. A repeat (same run
///    and sequence) is accepted again and may be delivered again. Errors: `invalid_argument` (id or
///    run not set, sequence 0, no type), `limit_exceeded` (over a bound of the bus that no later
///    call can meet), `resource_exhausted` or `unavailable` (nothing was taken, try later), and
///    `timed_out` or `reply_lost` (it may have been taken: publish the same again).
///  - `subscribe(consumer, types, handler)`: events of those types that are published from now on
///    go to `handler`; no types means all. A consumer subscribes once: its name again is
///    `invalid_argument`, as is an empty name, an empty type or no handler. The handler is kept
///    until the bus ends, and what it refers to must live as long. `resource_exhausted`: too many
///    consumers.
///  - **Order.** For each consumer, events of one run are delivered in the order in which they
///    were first published; one that fails holds back those behind it in its run until it is
///    handled. Once it is `dead` they stay parked, so that nobody acts on a history with a hole.
///  - **Isolation.** What fails at a consumer holds back nothing of other runs and nothing of
///    other consumers.
///  - Nothing is dropped that was taken for a consumer: an event is acknowledged, on its way,
///  parked
///    or dead, and is counted. A bus that has no room for a consumer's own backlog says what it
///    does about it, and what it leaves out there is counted and told.
/// All are safe from any thread. How long a bus keeps events after the process ends is its own to
/// say.
template <class B>
concept EventBus = requires(B& bus, const Event& event, Completion<void> done,
                            std::string_view consumer, std::span<const std::string_view> types,
                            EventHandler handler) {
  { bus.publish(event, done) } noexcept -> std::same_as<void>;
  { bus.subscribe(consumer, types, std::move(handler)) } -> std::same_as<result<void>>;
};

/// `invalid_argument` if no bus may carry it: id or run not set, sequence 0, or no type.
result<void> check_publishable(const Event& event) noexcept;

}  // namespace v0
}  // namespace invsaga
