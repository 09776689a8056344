// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <unordered_map>
#include <utility>

#include <invsaga/assert.hpp>
#include <invsaga/ids.hpp>
#include <invsaga/keyed_hash.hpp>

namespace invsaga {
inline namespace v0 {

/// Values by id. They stay where they are while they are kept, and come in no order. Only `make`
/// allocates: what it has made room for cannot fail. One thread, for what is const too.
///
/// A keyed hash costs more than all else that a look-up does, and an operation looks its id up
/// several times: so the last one's is remembered, and each value's kept beside it.
template <class AnyId, class Value>
class IdTable {
  struct Key {
    AnyId id;
    std::size_t hash = 0;
    friend bool operator==(const Key& a, const Key& b) noexcept { return a.id == b.id; }
  };
  struct KeptHash {
    std::size_t operator()(const Key& key) const noexcept { return key.hash; }
  };
  using Values = std::unordered_map<Key, Value, KeptHash>;

 public:
  /// A value that is not in the table.
  class Fresh {
   public:
    Fresh() = default;
    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(node_); }
    /// Requires one that was made.
    [[nodiscard]] AnyId id() const noexcept {
      INVSAGA_ASSERT(node_, "Fresh::id: one that was made");
      return node_.key().id;
    }
    /// Requires one that was made.
    [[nodiscard]] Value& value() const noexcept {
      INVSAGA_ASSERT(node_, "Fresh::value: one that was made");
      return node_.mapped();
    }

   private:
    friend IdTable;
    explicit Fresh(typename Values::node_type&& node) : node_(std::move(node)) {}
    typename Values::node_type node_;
  };

  /// `key` as `keyed_hash.hpp` says.
  explicit IdTable(HashKey key) : hash_(key), last_{{}, hash_(AnyId{})} {}

  [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }

  [[nodiscard]] Value* find(AnyId id) noexcept {
    const auto found = values_.find(key_of(id));
    return found == values_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] const Value* find(AnyId id) const noexcept {
    const auto found = values_.find(key_of(id));
    return found == values_.end() ? nullptr : &found->second;
  }

  /// A new value, and room for it in the table.
  [[nodiscard]] Fresh make(AnyId id) {
    const std::size_t wanted = values_.size() + 1;
    if (wanted >= values_.bucket_count()) values_.reserve(2 * wanted);
    Values one;
    one.try_emplace(key_of(id));
    return Fresh(one.extract(one.begin()));
  }

  /// `fresh` is what `make` has made since the last change. Requires an id that is not there.
  Value& insert(Fresh&& fresh) noexcept {
    const auto placed = values_.insert(std::move(fresh.node_));
    INVSAGA_ASSERT(placed.inserted, "IdTable::insert: an id that is not there");
    return placed.position->second;
  }

  /// Takes it out; nothing if it is not there.
  Fresh extract(AnyId id) noexcept { return Fresh(values_.extract(key_of(id))); }
  void erase(AnyId id) noexcept { values_.erase(key_of(id)); }

 private:
  const Key& key_of(AnyId id) const noexcept {
    if (last_.id != id) last_ = {id, hash_(id)};
    return last_;
  }

  IdHash hash_;
  mutable Key last_;
  Values values_;
};

}  // namespace v0
}  // namespace invsaga
