// SPDX-License-Identifier: Apache-2.0
//
// The tasks that wait at a simulated executor: in order, so that a chooser can name one by its
// place, and those of one context found without a look at the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <utility>

#include <invsaga/environment.hpp>
#include <invsaga/rng.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// A tree whose nodes know how many are below them, balanced by chance: of two that are merged the
/// root is that of either, as likely as it is large. One thread.
class RankedTasks {
 public:
  RankedTasks();
  /// What is left is let go.
  ~RankedTasks();
  RankedTasks(const RankedTasks&) = delete;
  RankedTasks& operator=(const RankedTasks&) = delete;

  /// Allocates; if that fails the task is not taken.
  void add(Time time, Task task);
  /// Lets all of the context go.
  void drop(const void* context) noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return size_of(root_); }
  /// Of the first. Requires that there is one.
  [[nodiscard]] Time first_time() const noexcept;
  /// How many are due at `time`.
  [[nodiscard]] std::size_t due_at(Time time) const noexcept {
    return count_to({time, last_number_});
  }
  /// The task before which there are `place` others. Requires that there is one.
  Task take(std::size_t place) noexcept;

 private:
  using Key = std::pair<Time, std::uint64_t>;  // when, and the how manieth it was to be armed
  struct Node;
  using Tree = std::unique_ptr<Node>;

  static std::size_t size_of(const Tree& tree) noexcept;
  static std::pair<Tree, Tree> split(Tree tree, std::size_t first) noexcept;
  Tree merge(Tree before, Tree after) noexcept;
  [[nodiscard]] std::size_t count_to(const Key& last) const noexcept;
  Tree take_out(std::size_t place) noexcept;

  Tree root_;
  std::set<std::pair<const void*, Key>> of_contexts_;
  std::uint64_t last_number_ = 0;
  Rng rng_{1};
};

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
