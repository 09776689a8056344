// SPDX-License-Identifier: Apache-2.0
//
// A clock for what is to happen every so often, whatever becomes of the wall clock.
#pragma once

#include <algorithm>
#include <mutex>

#include <invsaga/environment.hpp>

namespace invsaga {
inline namespace v0 {
namespace detail {

/// Has the time of a clock, borrowed, at the beginning; where that is set back it goes on from
/// where it was, at the same pace. Safe from any thread.
class NeverBack final : public Clock {
 public:
  explicit NeverBack(Clock& clock) : clock_(clock), told_(clock.now()), now_(told_) {}

  [[nodiscard]] Time now() const noexcept override {
    const std::lock_guard lock(mutex_);
    const Time told = clock_.now();
    now_ = saturating_add(now_, std::max(told - told_, Duration{0}));
    told_ = told;
    return now_;
  }
  void sleep_until(Time time) override {
    const Duration rest = time - now();
    if (rest > Duration{0}) clock_.sleep_until(saturating_add(clock_.now(), rest));
  }
  [[nodiscard]] bool moves_by_itself() const noexcept override { return clock_.moves_by_itself(); }

 private:
  Clock& clock_;
  mutable std::mutex mutex_;
  mutable Time told_;  ///< By the clock, the last time.
  mutable Time now_;
};

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
