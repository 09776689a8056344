// SPDX-License-Identifier: Apache-2.0
//
// When a run may be forgotten: last of all. Not for users: a keeper and `forget` ask it.
#pragma once

#include <span>

#include <invsaga/idempotency.hpp>
#include <invsaga/ids.hpp>
#include <invsaga/reservation.hpp>
#include <invsaga/result.hpp>
#include <invsaga/run_record.hpp>
#include <invsaga/saga_log.hpp>
#include <invsaga/time.hpp>
#include <invsaga/version.hpp>
#include <invsaga/write.hpp>

namespace invsaga {
inline namespace v0 {

/// What holds an ended run back (protocol rule 6).
struct HeldBack {
  /// Until then the stock, which has these limits, knows one of its ids, or its request is in time.
  Time until;
  /// The request whose stored answer points to a record of the run; not set: none does.
  RequestKey request;
};
/// Of all entries of a run. `busy` if it has not ended, `corrupt` if that cannot be read. A run
/// without entries is held back by nothing.
result<HeldBack> held_back(std::span<const LogEntry> entries, const StoreLimits& limits);

/// A claim that grants nothing, and tells whether its request is remembered: then it is not
/// answered `expired`.
Claim probe_of(RequestKey request) noexcept;

}  // namespace v0
}  // namespace invsaga
