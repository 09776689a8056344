// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <vector>

#include <invsaga/rng.hpp>

#include "src/deadline_heap.hpp"

namespace invsaga {
namespace {

struct Entry {
  std::uint64_t due;
  std::uint64_t order;
  std::size_t heap_slot = 0;

  [[nodiscard]] bool is_before(const Entry& other) const {
    return due != other.due ? due < other.due : order < other.order;
  }
};

TEST(ADeadlineHeap, HasTheEarliestOnTopWhateverIsPutInAndTakenOut) {
  Rng rng(5);
  DeadlineHeap<Entry> heap;
  std::vector<std::unique_ptr<Entry>> entries;
  const auto is_before = [](const Entry* one, const Entry* other) {
    return one->is_before(*other);
  };
  std::set<Entry*, decltype(is_before)> expected(is_before);
  for (std::uint64_t step = 0; step < 50'000; ++step) {
    const bool grow = step % 2'000 < 1'000;
    if (expected.empty() || rng.below(10) < (grow ? 7u : 3u)) {
      entries.push_back(std::make_unique<Entry>(Entry{rng.below(500), step}));
      heap.reserve(heap.size() + 1);
      heap.push(*entries.back());
      expected.insert(entries.back().get());
    } else {
      const std::uint64_t pick = rng.below(3) == 0 ? 0 : rng.below(expected.size());
      const auto chosen = std::next(expected.begin(), static_cast<std::ptrdiff_t>(pick));
      heap.erase(**chosen);
      expected.erase(chosen);
    }
    ASSERT_EQ(heap.empty(), expected.empty());
    if (!heap.empty()) {
      ASSERT_EQ(&heap.top(), *expected.begin());
    }
  }
}

}  // namespace
}  // namespace invsaga
