// SPDX-License-Identifier: Apache-2.0
#include "doubts.hpp"

#include <algorithm>
#include <limits>

namespace invsaga {
inline namespace v0 {
namespace checker {
namespace {

/// The least of the values that were put at or before a place: a binary indexed tree.
class LeastUpTo {
 public:
  explicit LeastUpTo(std::size_t places) : least_(places + 1, most) {}

  void put(std::size_t place, std::int64_t value) {
    for (std::size_t i = place + 1; i < least_.size(); i += i & (~i + 1)) {
      least_[i] = std::min(least_[i], value);
    }
  }
  /// Of the first `count` places.
  [[nodiscard]] std::int64_t of(std::size_t count) const {
    std::int64_t least = most;
    for (std::size_t i = count; i > 0; i -= i & (~i + 1)) least = std::min(least, least_[i]);
    return least;
  }

 private:
  static constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  std::vector<std::int64_t> least_;
};

}  // namespace

void Doubts::moved(std::int64_t t0, std::int64_t left) {
  if (doubts_.empty()) return;
  moves_.push_back({t0, left});
  if (moves_.size() > doubts_.size()) settle();
}

/// From the last line to the first: then what is in the tree came after the doubt that is asked
/// about.
void Doubts::settle() {
  std::vector<std::int64_t> calls;
  for (const Move& move : moves_) calls.push_back(move.t0);
  std::sort(calls.begin(), calls.end());
  const auto place = [&](auto found) { return static_cast<std::size_t>(found - calls.begin()); };
  LeastUpTo least(calls.size());
  std::size_t next = moves_.size();
  for (auto open = doubts_.rbegin(); open != doubts_.rend(); ++open) {
    for (; next > open->after; --next) {
      const Move& move = moves_[next - 1];
      least.put(place(std::lower_bound(calls.begin(), calls.end(), move.t0)), move.left);
    }
    const auto called = place(std::upper_bound(calls.begin(), calls.end(), open->doubt.t1));
    if (least.of(called) < open->doubt.asked) open->doubt.asked = 0;  // nothing is in doubt
    open->after = 0;
  }
  std::erase_if(doubts_, [](const Open& open) { return open.doubt.asked == 0; });
  moves_.clear();
}

void Doubts::append_unsettled(std::vector<Doubt>& out) {
  settle();
  for (const Open& open : doubts_) out.push_back(open.doubt);
}

}  // namespace checker
}  // namespace v0
}  // namespace invsaga
