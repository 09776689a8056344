// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <invsaga/assert.hpp>
#include <invsaga/detail/loop_bound.hpp>
#include <invsaga/ids.hpp>
#include <invsaga/time.hpp>

#include "deadline_heap.hpp"

namespace invsaga {
inline namespace v0 {

/// Ids with what is remembered of each, and from when each may be forgotten. `Record` has `id`,
/// `due` (the time that it is ordered by), `can_forget` (whether it waits to be forgotten) and what
/// `DeadlineHeap` asks for. Records stay where they are while they live. One thread.
template <class Record>
class RememberedIds {
 public:
  using Key = decltype(Record::id);
  /// Records that were forgotten and whose lines somebody may still look at.
  using Graveyard = std::vector<std::unique_ptr<Record>>;

  [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }

  [[nodiscard]] Record* find(Key id) const noexcept {
    const auto found = records_.find(id);
    return found == records_.end() ? nullptr : found->second.get();
  }

  /// A new record. Requires that `id` is not remembered.
  Record& insert(Key id) {
    const auto [place, is_new] = records_.emplace(id, std::make_unique<Record>());
    INVSAGA_ASSERT(is_new, "RememberedIds::insert: that id is not remembered");
    Record& record = *place->second;
    record.id = id;
    return record;
  }

  /// From `time` on the record may be forgotten. Replaces an earlier word on it.
  void forget_from(Record& record, Time time) {
    keep(record);
    record.can_forget = true;
    record.due = time;
    forgettable_.push(record);
  }

  /// The record may not be forgotten, whatever was said before.
  void keep(Record& record) noexcept {
    if (record.can_forget) forgettable_.erase(record);
    record.can_forget = false;
  }

  /// Forgets the record at once.
  void erase(Record& record) {
    keep(record);
    const Key id = record.id;  // the record goes with its own key
    records_.erase(id);
  }

  /// The one that may be forgotten first, or null.
  [[nodiscard]] const Record* first_to_forget() const noexcept {
    return forgettable_.empty() ? nullptr : &forgettable_.top();
  }

  /// Forgets it. Its record goes to `graveyard`. Requires that there is one.
  void forget_first(Graveyard& graveyard) {
    INVSAGA_ASSERT(!forgettable_.empty(), "RememberedIds::forget_first: that there is one");
    Record& record = forgettable_.top();
    forgettable_.erase(record);
    const auto found = records_.find(record.id);
    INVSAGA_ASSERT(found != records_.end(), "what waits to be forgotten is remembered");
    graveyard.push_back(std::move(found->second));
    records_.erase(found);
  }

  /// Forgets all that may have been forgotten since `grace` or longer.
  void forget_due(Time now, Duration grace, Graveyard& graveyard) {
    LoopBound turns(forgettable_.size());
    while (!forgettable_.empty() && saturating_add(forgettable_.top().due, grace) <= now) {
      turns.take("what is forgotten waits no more to be");
      forget_first(graveyard);
    }
  }

 private:
  absl::flat_hash_map<Key, std::unique_ptr<Record>, IdHash> records_;
  DeadlineHeap<Record> forgettable_;
};

}  // namespace v0
}  // namespace invsaga
