// SPDX-License-Identifier: Apache-2.0
//
// When a step is tried again, and when it is given up.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include <invsaga/assert.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// Backoff between attempts, counted from the start of the last one, and the budget after which
/// trying ends. Which errors are tried again is not a matter of policy: their remedy says it
/// (`give_up` never is). The budget counts from the first attempt that this process made; a new
/// owner, or a person who resumes the run, starts it anew.
struct RetryPolicy {
  Duration first{100};  ///< After the first attempt. Less than 1 ms counts as that: no hot loops.
  Duration cap{5'000};  ///< Never longer than this.
  /// Each wait is this much of the last; 100: a fixed interval.
  std::uint32_t factor_percent = 200;
  std::uint32_t jitter_percent = 20;  ///< Up to so much is taken off, by chance: runs spread out.
  std::uint32_t attempts = 5;         ///< At most so many; 0: as the budget allows.
  Duration budget{60'000};            ///< No attempt starts later than this after the first.

  /// A fixed interval without jitter.
  static constexpr RetryPolicy every(Duration interval, Duration budget) noexcept {
    return {interval, interval, 100, 0, 0, budget};
  }
  friend constexpr bool operator==(const RetryPolicy&, const RetryPolicy&) = default;
};

/// For steps that may be given up: five attempts within a minute.
inline constexpr RetryPolicy standard{};
/// For steps whose answer is needed: asked for a day. Then a pivot is stuck, and before it the run
/// compensates, which goes on asking where the undo needs the answer.
inline constexpr RetryPolicy until_known{Duration{1'000},     Duration{60'000}, 200, 20, 0,
                                         Duration{86'400'000}};
/// For steps after the pivot: tried for three days, then stuck.
inline constexpr RetryPolicy until_done{Duration{1'000},      Duration{300'000}, 200, 20, 0,
                                        Duration{259'200'000}};
/// For every compensation. A saga raises its budget to twice the largest of its forward policies,
/// so that an undo is always tried for longer than what it undoes (`Definition::undo_policy`).
inline constexpr RetryPolicy until_undone{Duration{500},        Duration{300'000}, 200, 20, 0,
                                          Duration{604'800'000}};

namespace detail {

/// `percent` of `wait`, at least 1 ms more if it is to grow, at most `cap`; no sum wraps.
constexpr std::int64_t next_wait(std::int64_t wait, std::int64_t cap,
                                 std::uint32_t percent) noexcept {
  constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  if (wait > largest / percent) return cap;
  const std::int64_t grown = wait * percent / 100;
  return grown > wait ? (grown < cap ? grown : cap) : wait + 1;
}

}  // namespace detail

/// How long to wait from the start of attempt number `attempt` (from 1) to the next. `chance` is
/// any random number. Always above 0 and at most `cap`. Requires `attempt` > 0.
constexpr Duration backoff(const RetryPolicy& policy, std::uint32_t attempt,
                           std::uint64_t chance) noexcept {
  INVSAGA_ASSERT(attempt > 0, "backoff: attempt > 0");
  const std::int64_t cap = policy.cap.count() < 1 ? 1 : policy.cap.count();
  std::int64_t wait = policy.first.count() < 1 ? 1 : policy.first.count();
  const bool grows = policy.factor_percent > 100;
  for (std::uint32_t i = 1; grows && i < attempt && wait < cap; ++i) {
    wait = detail::next_wait(wait, cap, policy.factor_percent);
  }
  if (wait > cap) wait = cap;
  const std::int64_t jitter = policy.jitter_percent < 100 ? policy.jitter_percent : 100;
  const std::int64_t span = wait / 100 * jitter + wait % 100 * jitter / 100;
  wait -= static_cast<std::int64_t>(chance % (static_cast<std::uint64_t>(span) + 1));
  return Duration{wait < 1 ? 1 : wait};
}

/// True if the policy allows an attempt number `attempt` (from 1) that would start `since_first`
/// after the first.
constexpr bool allows(const RetryPolicy& policy, std::uint32_t attempt,
                      Duration since_first) noexcept {
  return (policy.attempts == 0 || attempt <= policy.attempts) && since_first <= policy.budget;
}

/// How long one attempt may take, and what follows when it fails. There is no default: each step
/// says its own.
struct StepLimits {
  /// Requires a deadline that is not below 0.
  constexpr StepLimits(Duration deadline_, RetryPolicy retry_) noexcept
      : deadline(deadline_), retry(retry_) {
    INVSAGA_ASSERT(deadline >= Duration{0},
                   "StepLimits::StepLimits: a deadline that is not below 0");
  }
  template <class T>
    requires std::is_convertible_v<T, Duration>
  constexpr StepLimits(T) noexcept {  // NOLINT: it is there to be refused
    static_assert(!std::is_convertible_v<T, Duration>,
                  "limits are a deadline and a retry policy: there is no default");
  }
  Duration deadline;  ///< Of an attempt, the undo's too, from its start: then it counts as unknown.
  RetryPolicy retry;  ///< Of the step; that of its undo is `Definition::undo_policy`.
};

}  // namespace v0
}  // namespace invsaga
