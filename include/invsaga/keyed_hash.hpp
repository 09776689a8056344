// SPDX-License-Identifier: Apache-2.0
//
// Hashes for tables whose keys come from strangers: who does not know the table's key cannot choose
// ids or texts that meet in it.
//
// The key is an option of whoever owns the table, by default the process's own. Nothing else
// depends on it: no id, no answer, no order of a listing, no history.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include <invsaga/ids.hpp>

namespace invsaga {
inline namespace v0 {

/// The key of the tables of this process: drawn once from the system's randomness, and never zero.
/// Safe from any thread. Throws what the system's randomness does, if there is none.
HashKey process_hash_key();

/// SipHash-1-3 of an id's words. (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012.)
std::uint64_t keyed_hash(HashKey key, std::uint64_t high, std::uint64_t low) noexcept;
/// The same of texts, each preceded by its length.
std::uint64_t keyed_hash(HashKey key, std::initializer_list<std::string_view> parts) noexcept;

/// What the hashes of tables have in common: a key, and if it is not set, the process's.
class TableHash {
 public:
  TableHash() : TableHash(HashKey{}) {}
  explicit TableHash(HashKey key) : key_(key.is_set() ? key : process_hash_key()) {}

 protected:
  HashKey key_;
};

/// For tables of ids. It does not throw, and does not say so: a table of the GNU library then keeps
/// the hash beside each entry, where it would work it out anew for each that it passes.
class IdHash : public TableHash {
 public:
  using TableHash::TableHash;
  template <class Tag>
  std::size_t operator()(const Id<Tag>& id) const {
    return static_cast<std::size_t>(keyed_hash(key_, id.high, id.low));
  }
};

/// For tables of texts.
class TextHash : public TableHash {
 public:
  using is_transparent = void;
  using TableHash::TableHash;
  std::size_t operator()(std::string_view text) const {
    return static_cast<std::size_t>(keyed_hash(key_, {text}));
  }
};

}  // namespace v0
}  // namespace invsaga
