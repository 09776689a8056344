// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <utility>

#include <invsaga/completion.hpp>
#include <invsaga/result.hpp>

namespace invsaga {
inline namespace v0 {
namespace bus {

/// A call of `publish` that waits: for each consumer that is owed one of its events, and for
/// itself as long as it is under way.
struct Publication {
  explicit Publication(Completion<void> done_) : done(done_) {}

  const Completion<void> done;
  std::size_t owed = 1;
  std::optional<Error> refused{};
  bool is_told = false;
};
using Publications = std::list<std::shared_ptr<Publication>>;

/// Calls that have an answer, to be told it when the bus's lock is not held. Allocates nothing:
/// what is settled moves from list to list.
class Settled {
 public:
  /// One of what the first of `from` waits for is done.
  void take_first(Publications& from) noexcept {
    Publication& one = *from.front();
    if (--one.owed > 0 || std::exchange(one.is_told, true)) return from.pop_front();
    settled_.splice(settled_.end(), from, from.begin());
  }
  void take_all(Publications& from) noexcept {
    while (!from.empty()) take_first(from);
  }
  /// It is answered with that, whatever else it waits for.
  void refuse_first(Publications& from, Error error) noexcept {
    Publication& one = *from.front();
    if (std::exchange(one.is_told, true)) return from.pop_front();
    one.refused = error;
    settled_.splice(settled_.end(), from, from.begin());
  }
  /// Those that are told success.
  [[nodiscard]] std::size_t successes() const noexcept {
    std::size_t count = 0;
    for (const auto& one : settled_) count += one->refused ? 0 : 1;
    return count;
  }
  Publications take() noexcept { return std::exchange(settled_, {}); }

 private:
  Publications settled_;
};

inline void tell(const Publications& settled) noexcept {
  for (const auto& one : settled) {
    one->done(one->refused ? result<void>(*one->refused) : result<void>(success()));
  }
}

}  // namespace bus
}  // namespace v0
}  // namespace invsaga
