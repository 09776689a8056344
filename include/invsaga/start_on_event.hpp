// SPDX-License-Identifier: Apache-2.0
//
// Sagas that events start: the order service tells that an order is placed, and knows of nobody who
// acts on it.
//
//     auto heard = start_on_event(bus, "mail", "ORDER_PLACED", runner, thanks, {.lifetime = 24h});
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <invsaga/assert.hpp>
#include <invsaga/event_bus.hpp>
#include <invsaga/id_text.hpp>
#include <invsaga/idempotency.hpp>
#include <invsaga/saga_runner.hpp>
#include <invsaga/stored.hpp>

namespace invsaga {
inline namespace v0 {

/// Which events may start a run.
struct StartOnEvent {
  /// How long after its time an event may still start a run; as long as the bus may deliver it
  /// again. There is no default: what is delivered later starts nothing, and is dead.
  Duration lifetime;
};

namespace detail {

/// The request that an event stands for: one a saga, however often it is delivered.
inline StartRequest request_of(const Event& event, std::string_view saga, Duration lifetime,
                               HashKey secret) {
  StartRequest request;
  request.key = event.subject.empty() ? to_hex(event.id) : event.subject;
  request.request = request_key(saga, "start on event", to_hex(event.id), secret);
  request.fingerprint = fingerprint(event.data, secret);
  request.deadline = saturating_add(event.time, lifetime);
  request.traceparent = event.traceparent;
  return request;
}

}  // namespace detail

/// A handler that begins a run of `saga` for each event. The event's data is the saga's input, as
/// its `Stored` encodes it; its subject is the run's key; its id is the request, so that one that
/// is delivered again begins nothing and is a `duplicate`. The handler may outlive the runner: then
/// it answers `unavailable`, and the event waits at the bus. Errors: `corrupt` (the data is no such
/// input), `too_late` (past its lifetime), `invalid_argument` (it has no time to count its lifetime
/// from, its subject is longer than `max_subject_bytes`, or its id was used with other data), and
/// those of `SagaRunner::start`; by their remedy the bus delivers it again or gives it up. Requires
/// `options.lifetime` >= 0.
template <Saga S, Backend B>
EventHandler starts(SagaRunner<B>& runner, const S& saga, StartOnEvent options) {
  INVSAGA_ASSERT(options.lifetime >= Duration{0}, "starts: options.lifetime >= 0");
  detail::RunnerCore& core = detail::core_of(runner);
  return [runner = std::weak_ptr(core.core()), secret = core.secret(),
          version = detail::version_of(saga),
          options](const Event& event, Completion<Handling> done) noexcept {
    if (!is_set(event.time)) return done(Error{Errc::invalid_argument});
    std::optional<result<typename S::input_type>> input;
    StartRequest request;
    const auto took = detail::take_in([&] {
      input.emplace(decode<typename S::input_type>(event.data));
      request = detail::request_of(event, version.name, options.lifetime, secret);
    });
    if (!took.has_value()) return done(took.assume_error());
    if (!input->has_value()) return done(input->assume_error());
    detail::start_by(runner, detail::given_by([&] { return version; }, input->assume_value()),
                     request, done);
  };
}

/// Has events of that type start the saga as long as the subscription lives; `options` as of
/// `starts`. Errors: those of `subscribe`.
template <EventBus Bus, Saga S, Backend B>
result<Subscription> start_on_event(Bus& bus, std::string_view consumer, std::string_view type,
                                    SagaRunner<B>& runner, const S& saga, StartOnEvent options) {
  const std::string_view types[] = {type};
  return bus.subscribe(consumer, types, starts(runner, saga, options));
}

}  // namespace v0
}  // namespace invsaga
