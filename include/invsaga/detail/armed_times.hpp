// SPDX-License-Identifier: Apache-2.0
//
// For what times tasks of an executor are out, so that there is none too many and none too late.
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include <invsaga/assert.hpp>
#include <invsaga/time.hpp>
#include <invsaga/version.hpp>

namespace invsaga {
inline namespace v0 {
namespace detail {

/// Of tasks that will look at one thing: each for an earlier time than the one before it. Whoever
/// wants a look arms a task only if none that is out comes by then. One thread.
class ArmedTimes {
 public:
  /// True if a task comes by then.
  [[nodiscard]] bool cover(Time when) const noexcept {
    return !times_.empty() && times_.back() <= when;
  }
  /// Room for one more. Allocates.
  void make_room() {
    if (times_.size() == times_.capacity()) times_.reserve(2 * times_.size() + 1);
  }
  /// Requires room for it, and that none comes by then.
  void add(Time when) noexcept {
    INVSAGA_ASSERT(times_.size() < times_.capacity() && !cover(when),
                   "ArmedTimes::add: room for it, and that none comes by then");
    times_.push_back(when);
  }
  /// The task of that time has come, or is not out after all.
  void remove(Time when) noexcept {
    const auto found = std::lower_bound(times_.begin(), times_.end(), when, std::greater<>());
    if (found != times_.end() && *found == when) times_.erase(found);
  }
  /// A task has come: by the order of the executor, the one for the earliest time. Requires that
  /// one is out.
  void remove_first() noexcept {
    INVSAGA_ASSERT(!times_.empty(), "ArmedTimes::remove_first: that one is out");
    times_.pop_back();
  }

 private:
  std::vector<Time> times_;
};

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
