// SPDX-License-Identifier: Apache-2.0
//
// How long answers to requests have to be kept, and whether a configuration keeps them so long.
#pragma once

#include <algorithm>
#include <cstddef>

#include <invsaga/idempotency.hpp>
#include <invsaga/result.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// How late a request may come again, at worst, after it was completed.
struct Redelivery {
  Duration lag{0};           ///< What the queue in front of the service may hold back.
  Duration retries{0};       ///< What a client or a relay goes on trying.
  Duration dead_letters{0};  ///< How long after that a person may send a dead letter again.

  /// All of it together; at most the largest length there is.
  [[nodiscard]] constexpr Duration longest() const noexcept {
    return saturating_add(saturating_add(lag, retries), dead_letters);
  }
};

/// To be asked at start-up: whether every request that comes again finds its answer. Shorter than
/// `longest` means that a request could be run twice. Error: `invalid_argument`.
constexpr result<void> check_retention(const Retention& retention, const Redelivery& redelivery) {
  const bool long_enough = retention.time >= redelivery.longest();
  if (!retention.forever && !long_enough) return Error{Errc::invalid_argument};
  return success();
}

/// What remembering requests for `retention.time` comes to, at so many a second: how many live
/// records, which `Retention::count` has to allow for. At most the largest number there is.
constexpr std::size_t live_records(const Retention& retention,
                                   std::size_t requests_per_second) noexcept {
  const auto kept = std::max(retention.time, Duration{0});
  const auto seconds = static_cast<std::size_t>(kept.count() / 1000 + 1);
  const std::size_t most = static_cast<std::size_t>(-1);
  return requests_per_second > most / seconds ? most : requests_per_second * seconds;
}

}  // namespace v0
}  // namespace invsaga
