// SPDX-License-Identifier: Apache-2.0
#include "ranked_tasks.hpp"

#include <invsaga/assert.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

struct RankedTasks::Node {
  Key key;
  Task task;
  std::size_t size = 1;
  Tree before{};
  Tree after{};

  void count() noexcept { size = 1 + size_of(before) + size_of(after); }
};

std::size_t RankedTasks::size_of(const Tree& tree) noexcept { return tree ? tree->size : 0; }

RankedTasks::RankedTasks() = default;
RankedTasks::~RankedTasks() {
  while (root_) take_out(0)->task.let_go();
}

/// The first so many, and the others.
std::pair<RankedTasks::Tree, RankedTasks::Tree> RankedTasks::split(Tree tree,
                                                                   std::size_t first) noexcept {
  if (!tree) return {};
  const std::size_t before = size_of(tree->before);
  if (first <= before) {
    auto [left, right] = split(std::move(tree->before), first);
    tree->before = std::move(right);
    tree->count();
    return {std::move(left), std::move(tree)};
  }
  auto [left, right] = split(std::move(tree->after), first - before - 1);
  tree->after = std::move(left);
  tree->count();
  return {std::move(tree), std::move(right)};
}

RankedTasks::Tree RankedTasks::merge(Tree before, Tree after) noexcept {
  if (!before) return after;
  if (!after) return before;
  if (rng_.below(before->size + after->size) < before->size) {
    before->after = merge(std::move(before->after), std::move(after));
    before->count();
    return before;
  }
  after->before = merge(std::move(before), std::move(after->before));
  after->count();
  return after;
}

/// How many are not behind `last`.
std::size_t RankedTasks::count_to(const Key& last) const noexcept {
  std::size_t counted = 0;
  for (const Node* node = root_.get(); node != nullptr;) {
    const bool behind = last < node->key;
    if (!behind) counted += 1 + size_of(node->before);
    node = (behind ? node->before : node->after).get();
  }
  return counted;
}

/// Room first, then changes that cannot fail.
void RankedTasks::add(Time time, Task task) {
  const Key key{time, last_number_ + 1};
  Tree node(new Node{key, task});
  of_contexts_.emplace(task.context, key);
  ++last_number_;
  const std::size_t place = count_to(key);  // before the root is moved
  auto [before, after] = split(std::move(root_), place);
  root_ = merge(merge(std::move(before), std::move(node)), std::move(after));
}

RankedTasks::Tree RankedTasks::take_out(std::size_t place) noexcept {
  auto [before, from] = split(std::move(root_), place);
  auto [taken, after] = split(std::move(from), 1);
  root_ = merge(std::move(before), std::move(after));
  return std::move(taken);
}

Task RankedTasks::take(std::size_t place) noexcept {
  INVSAGA_ASSERT(place < size(), "RankedTasks::take: that there is one");
  const Tree taken = take_out(place);
  of_contexts_.erase({taken->task.context, taken->key});
  return taken->task;
}

void RankedTasks::drop(const void* context) noexcept {
  for (;;) {
    const auto first = of_contexts_.lower_bound({context, {Time::min(), 0}});
    if (first == of_contexts_.end() || first->first != context) return;
    const std::size_t place = count_to(first->second) - 1;
    of_contexts_.erase(first);
    take_out(place)->task.let_go();
  }
}

Time RankedTasks::first_time() const noexcept {
  INVSAGA_ASSERT(root_ != nullptr, "RankedTasks::first_time: that there is one");
  const Node* node = root_.get();
  while (node->before) node = node->before.get();
  return node->key.first;
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
