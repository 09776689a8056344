// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace invsaga {
inline namespace v0 {
namespace bus {

/// Remembers which sequence numbers of one run were seen: the highest, and which of the 63 below
/// it. What lies further below counts as seen. (As receivers of IPsec find replayed packets, RFC
/// 4303 section 3.4.3.)
class SequenceWindow {
 public:
  /// Marks a number, from 1. True the first time.
  bool mark(std::uint64_t sequence) noexcept {
    if (sequence > highest_) {
      const std::uint64_t ahead = sequence - highest_;
      seen_ = (ahead < 64 ? seen_ << ahead : 0) | 1;
      highest_ = sequence;
      return true;
    }
    const bool fresh = !has_seen(sequence);
    if (fresh) seen_ |= bit_of(sequence);
    return fresh;
  }
  [[nodiscard]] bool has_seen(std::uint64_t sequence) const noexcept {
    if (sequence > highest_) return false;
    const std::uint64_t bit = bit_of(sequence);
    return bit == 0 || (seen_ & bit) != 0;
  }

 private:
  [[nodiscard]] std::uint64_t bit_of(std::uint64_t sequence) const noexcept {
    const std::uint64_t behind = highest_ - sequence;
    return behind < 64 ? std::uint64_t{1} << behind : 0;
  }

  std::uint64_t highest_ = 0;
  std::uint64_t seen_ = 0;  // bit i: highest_ - i
};

}  // namespace bus
}  // namespace v0
}  // namespace invsaga
