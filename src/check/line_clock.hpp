// SPDX-License-Identifier: Apache-2.0
//
// The clock that lines bear goes forward only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>

#include <invsaga/history/history.hpp>
#include <invsaga/version.hpp>

namespace invsaga {
inline namespace v0 {
namespace checker {

/// At one thread no line bears an earlier time than the line before it. With several, no stock
/// operation does that took effect, for those stand in the order in which they did; and nothing
/// that was called after another was answered bears an earlier time: not at all if both are the
/// store's, not by more than a day else, for whoever tells of a call may date it by a clock of its
/// own.
class LineClock {
 public:
  explicit LineClock(bool one_thread) : one_thread_(one_thread) {}

  /// Takes the line in. True if the clock goes back at it; later lines are then held to this one.
  bool falls(const HistoryLine& line) {
    const bool stores = took_effect(line);
    const bool in_order = one_thread_ || stores;
    const Duration apart = stores ? Duration{0} : Duration{24 * 3'600'000};
    const bool falls = (in_order && line.at < last_) ||
                       saturating_add(line.at, apart) < reached(line.t0);
    if (falls) answered_.clear();
    if (in_order) last_ = line.at;
    const bool early = line.at < Time::min() + apart;
    if (!one_thread_) remember(line.t1, early ? Time::min() : line.at - apart);
    return falls;
  }

  /// What the store's clock had reached at that real time, as far as lines tell that were answered
  /// before it. At one thread they need not.
  [[nodiscard]] Time reached(std::int64_t real) const {
    const auto next = answered_.lower_bound(real);
    return next == answered_.begin() ? Time::min() : std::prev(next)->second;
  }

 private:
  /// Calls that were under way for longer than so many steps of the clock are held to less.
  static constexpr std::size_t remembered = 4096;

  static bool took_effect(const HistoryLine& line) {
    const bool decided = line.answer != HistoryAnswer::failed &&
                         line.answer != HistoryAnswer::unknown;
    switch (line.op) {
      case HistoryOp::reserve:
      case HistoryOp::commit:
      case HistoryOp::release:
      case HistoryOp::extend:
      case HistoryOp::expire:
      case HistoryOp::adjust:
        return decided && !line.repeat;
      default:
        return line.op == HistoryOp::stock;
    }
  }

  /// Kept are the times that are later than all that was answered earlier.
  void remember(std::int64_t t1, Time at) {
    auto next = answered_.upper_bound(t1);
    if (next != answered_.begin() && std::prev(next)->second >= at) return;
    while (next != answered_.end() && next->second <= at) next = answered_.erase(next);
    answered_[t1] = at;
    if (answered_.size() > remembered) answered_.erase(answered_.begin());
  }

  const bool one_thread_;
  Time last_ = Time::min();
  std::map<std::int64_t, Time> answered_;  // by when; both ascending
};

}  // namespace checker
}  // namespace v0
}  // namespace invsaga
