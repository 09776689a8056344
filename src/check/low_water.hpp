// SPDX-License-Identifier: Apache-2.0
//
// How low a counter was within a span of real time, as far as the calls' times can tell.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <invsaga/version.hpp>

namespace invsaga {
inline namespace v0 {
namespace checker {

/// With several threads the instant of an effect lies anywhere between its call and its answer. So
/// a value *may* have stood from the call that made it to the answer of the call that changed it.
/// Of past values only those are kept that are lower than every later one: they alone can matter.
class LowWater {
 public:
  /// The counter got a new value by an effect that was answered at `t1`.
  void change(std::int64_t value, std::int64_t t1) {
    const std::int64_t end = past_.empty() ? t1 : std::max(t1, past_.back().end);
    while (!past_.empty() && past_.back().value >= current_) past_.pop_back();
    past_.push_back({end, current_});
    current_ = value;
  }

  /// The lowest value that may have stood at or after `t0`.
  [[nodiscard]] std::int64_t lowest_since(std::int64_t t0) const {
    const auto found = std::partition_point(past_.begin(), past_.end(),
                                            [t0](const Past& past) { return past.end < t0; });
    return found == past_.end() ? current_ : std::min(found->value, current_);
  }

 private:
  struct Past {
    std::int64_t end;
    std::int64_t value;
  };
  std::vector<Past> past_;  // both ascending
  std::int64_t current_ = 0;
};

}  // namespace checker
}  // namespace v0
}  // namespace invsaga
