// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <invsaga/assert.hpp>

#include "grow.hpp"

namespace invsaga {
inline namespace v0 {

/// A binary heap of borrowed entries, the earliest on top. An entry knows its place, so that it can
/// be taken out from anywhere; nothing stale is ever kept. `T` has `std::size_t heap_slot` and
/// `bool is_before(const T&) const`, a strict order that holds still while the entry is in a heap.
/// An entry is in one heap at most. Only `reserve` allocates. One thread.
template <class T>
class DeadlineHeap {
 public:
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  /// Requires that it is not empty.
  [[nodiscard]] T& top() const noexcept {
    INVSAGA_ASSERT(!empty(), "DeadlineHeap::top: that it is not empty");
    return *entries_.front();
  }

  /// So many entries find room from now on.
  void reserve(std::size_t count) {
    if (count > size()) make_room(entries_, count - size());
  }

  /// Requires room for it.
  void push(T& entry) noexcept {
    INVSAGA_ASSERT(size() < entries_.capacity(), "DeadlineHeap::push: room for it");
    entries_.push_back(&entry);
    entry.heap_slot = entries_.size() - 1;
    rise(entry.heap_slot);
  }

  /// How many entries there are that `is_due`, which no entry is before one that is not.
  template <class IsDue>
  [[nodiscard]] std::size_t count(const IsDue& is_due, std::size_t from = 0) const noexcept {
    if (from >= size() || !is_due(*entries_[from])) return 0;
    return 1 + count(is_due, from * 2 + 1) + count(is_due, from * 2 + 2);
  }

  /// Requires an entry of this heap.
  void erase(T& entry) noexcept {
    const std::size_t slot = entry.heap_slot;
    INVSAGA_ASSERT(slot < size() && entries_[slot] == &entry,
                   "DeadlineHeap::erase: an entry of this heap");
    T* const last = entries_.back();
    entries_.pop_back();
    if (last == &entry) return;
    put(slot, last);
    rise(slot);
    sink(last->heap_slot);
  }

 private:
  void put(std::size_t slot, T* entry) noexcept {
    entries_[slot] = entry;
    entry->heap_slot = slot;
  }

  void rise(std::size_t slot) noexcept {
    T* const entry = entries_[slot];
    for (; slot > 0; slot = (slot - 1) / 2) {
      T* const parent = entries_[(slot - 1) / 2];
      if (!entry->is_before(*parent)) break;
      put(slot, parent);
    }
    put(slot, entry);
  }

  void sink(std::size_t slot) noexcept {
    T* const entry = entries_[slot];
    for (;;) {
      std::size_t child = slot * 2 + 1;
      if (child >= entries_.size()) break;
      if (child + 1 < entries_.size() && entries_[child + 1]->is_before(*entries_[child])) ++child;
      if (!entries_[child]->is_before(*entry)) break;
      put(slot, entries_[child]);
      slot = child;
    }
    put(slot, entry);
  }

  std::vector<T*> entries_;
};

}  // namespace v0
}  // namespace invsaga
