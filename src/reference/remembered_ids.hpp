// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <invsaga/assert.hpp>
#include <invsaga/detail/loop_bound.hpp>
#include <invsaga/ids.hpp>
#include <invsaga/time.hpp>

#include "deadline_heap.hpp"
#include "id_table.hpp"

namespace invsaga {
inline namespace v0 {

/// Ids with what is remembered of each, and from when each may be forgotten. `Record` has `id`,
/// `due` (the time that it is ordered by), `can_forget` (whether it waits to be forgotten) and what
/// `DeadlineHeap` asks for. Records stay where they are while they live. Only `make` and
/// `make_graves` allocate: what they have made room for cannot fail. One thread.
template <class Record>
class RememberedIds {
 public:
  using Key = decltype(Record::id);
  /// A record that is not remembered yet.
  using Fresh = typename IdTable<Key, Record>::Fresh;
  /// Records that were forgotten and whose lines somebody may still look at.
  using Graveyard = std::vector<Fresh>;

  /// `key` as `keyed_hash.hpp` says.
  explicit RememberedIds(HashKey key = {}) : records_(key) {}

  [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }

  [[nodiscard]] Record* find(Key id) noexcept { return records_.find(id); }
  [[nodiscard]] const Record* find(Key id) const noexcept { return records_.find(id); }

  /// A new record, and room to remember it.
  [[nodiscard]] Fresh make(Key id) {
    forgettable_.reserve(records_.size() + 1);
    Fresh fresh = records_.make(id);
    fresh.value().id = id;
    return fresh;
  }

  /// `fresh` is what `make` has made since the last change. Requires an id that is not remembered.
  Record& insert(Fresh&& fresh) noexcept {
    INVSAGA_ASSERT(records_.find(fresh.id()) == nullptr,
                   "RememberedIds::insert: an id that is not remembered");
    return records_.insert(std::move(fresh));
  }

  /// From `time` on the record may be forgotten. Replaces an earlier word on it.
  void forget_from(Record& record, Time time) noexcept {
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
  void erase(Record& record) noexcept {
    keep(record);
    const Key id = record.id;  // the record goes with its own id
    records_.erase(id);
  }

  /// The one that may be forgotten first, or null.
  [[nodiscard]] const Record* first_to_forget() const noexcept {
    return forgettable_.empty() ? nullptr : &forgettable_.top();
  }

  /// Room in `graveyard` for all that `forget_due` will forget at that time, and for `more`.
  void make_graves(Time now, Duration grace, Graveyard& graveyard, std::size_t more) const {
    const auto is_due = [&](const Record& record) {
      return saturating_add(record.due, grace) <= now;
    };
    graveyard.reserve(graveyard.size() + forgettable_.count(is_due) + more);
  }

  /// Forgets it. Its record goes to `graveyard`. Requires that there is one, and a grave.
  void forget_first(Graveyard& graveyard) noexcept {
    INVSAGA_ASSERT(!forgettable_.empty() && graveyard.size() < graveyard.capacity(),
                   "RememberedIds::forget_first: that there is one, and a grave");
    Record& record = forgettable_.top();
    forgettable_.erase(record);
    const Key id = record.id;
    graveyard.push_back(records_.extract(id));
  }

  /// Forgets all that may have been forgotten since `grace` or longer, each of which has a grave.
  void forget_due(Time now, Duration grace, Graveyard& graveyard) noexcept {
    LoopBound turns(forgettable_.size());
    while (!forgettable_.empty() && saturating_add(forgettable_.top().due, grace) <= now) {
      turns.take("what is forgotten waits no more to be");
      forget_first(graveyard);
    }
  }

 private:
  IdTable<Key, Record> records_;
  DeadlineHeap<Record> forgettable_;
};

}  // namespace v0
}  // namespace invsaga
