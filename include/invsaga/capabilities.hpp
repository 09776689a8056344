// SPDX-License-Identifier: Apache-2.0
//
// What a store can promise, what a service needs of it, and the refusal of a store that lacks it.
#pragma once

#include <cstdint>
#include <initializer_list>
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
  bool answers_at_once = false;   ///< Every completion is called within the call.
};

/// What every saga needs: else two holds could both be promised the last unit, or a hold be granted
/// in part. `SagaRunner` and `run_sync` do not compile over a backend that lacks it.
inline constexpr Capabilities saga_needs{.linearizable = true, .multi_row_atomic = true};

/// What of `needs` is missing: a bit for each, in the order of the members; 0 if nothing is.
constexpr std::uint64_t missing_capabilities(const Capabilities& has,
                                             const Capabilities& needs) noexcept {
  std::uint64_t missing = 0;
  int bit = 0;
  for (const auto member :
       {&Capabilities::linearizable, &Capabilities::durable_on_ack, &Capabilities::multi_row_atomic,
        &Capabilities::atomic_effects, &Capabilities::own_clock, &Capabilities::answers_at_once}) {
    if (needs.*member && !(has.*member)) missing |= std::uint64_t{1} << bit;
    ++bit;
  }
  return missing;
}
/// Their names, for people: `durable_on_ack, own_clock`.
std::string capability_names(std::uint64_t missing);

/// Whether `has` has all that is set in `needs`.
constexpr bool provides(const Capabilities& has, const Capabilities& needs) noexcept {
  return missing_capabilities(has, needs) == 0;
}

/// To be asked at start-up, with what the service was configured to need:
///
///     auto fits = check_capabilities(MemoryBackend<>::capabilities(), {.durable_on_ack = true});
///
/// Error: `unsupported`, which `asked` for what is missing: `to_string` names it.
constexpr result<void> check_capabilities(const Capabilities& has, const Capabilities& needs) {
  const std::uint64_t missing = missing_capabilities(has, needs);
  if (missing == 0) return success();
  return Error{Errc::unsupported, {}, {}, 0, missing, 0};
}

}  // namespace v0
}  // namespace invsaga
