// SPDX-License-Identifier: Apache-2.0
//
// Refusals that were not short when they were read; a later line may still show that they were.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <invsaga/version.hpp>

namespace invsaga {
inline namespace v0 {
namespace checker {

struct Doubt {
  std::uint64_t n = 0, file_line = 0;
  std::int64_t asked = 0;
  std::int64_t t1 = 0;  ///< When the refusal was answered.
};

/// The doubts about one counter of one row. A doubt is settled by a later line that was called
/// before the refusal was answered and left less than was asked for. Lines are gathered until there
/// are more of them than doubts and are then held against all at once, so that neither is looked at
/// again and again.
class Doubts {
 public:
  void add(const Doubt& doubt) { doubts_.push_back({doubt, moves_.size()}); }
  /// A line that was called at `t0` has left `left` units.
  void moved(std::int64_t t0, std::int64_t left);
  /// Appends those that nothing has settled.
  void append_unsettled(std::vector<Doubt>& out);

 private:
  struct Move {
    std::int64_t t0, left;
  };
  struct Open {
    Doubt doubt;
    std::size_t after = 0;  ///< So many of `moves_` came before it.
  };
  void settle();

  std::vector<Open> doubts_;  // in the order of the file
  std::vector<Move> moves_;   // the same
};

}  // namespace checker
}  // namespace v0
}  // namespace invsaga
