// SPDX-License-Identifier: Apache-2.0
//
// What a store can promise, what a service needs of it, and the refusal of a store that lacks it.
#pragma once

#include <string>

#include <invsaga/result.hpp>

namespace invsaga {
inline namespace v0 {

/// What a store can and cannot promise; a constant of each store. Of needs: what has to be there.
struct Capabilities {
  bool linearizable = false;      ///< Each operation takes effect at an instant of its call.
  bool durable_on_ack = false;    ///< An answer survives `kill -9`.
  bool multi_row_atomic = false;  ///< All lines or none, at one instant.
  bool atomic_effects = false;    ///< An operation and its effects are one append.
  bool own_clock = false;         ///< `now()` moves by itself (a server's clock).
};

/// What every saga needs: else two holds could both be promised the last unit, or a hold be granted
/// in part. `SagaRunner` and `run_sync` do not compile over a backend that lacks it.
inline constexpr Capabilities saga_needs{.linearizable = true, .multi_row_atomic = true};

/// Whether `has` has all that is set in `needs`.
constexpr bool provides(const Capabilities& has, const Capabilities& needs) noexcept {
  return (has.linearizable || !needs.linearizable) &&
         (has.durable_on_ack || !needs.durable_on_ack) &&
         (has.multi_row_atomic || !needs.multi_row_atomic) &&
         (has.atomic_effects || !needs.atomic_effects) && (has.own_clock || !needs.own_clock);
}

/// To be asked at start-up, with what the service was configured to need:
///
///     auto fits = check_capabilities(MemoryBackend<>::capabilities, {.durable_on_ack = true});
///
/// Error: `unsupported`; `lacking` says what.
constexpr result<void> check_capabilities(const Capabilities& has, const Capabilities& needs) {
  if (!provides(has, needs)) return Error{Errc::unsupported};
  return success();
}

/// What of `needs` is missing, for people: `durable_on_ack, own_clock`. Empty if nothing is.
std::string lacking(const Capabilities& has, const Capabilities& needs);

}  // namespace v0
}  // namespace invsaga
