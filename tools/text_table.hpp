// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <invsaga/keyed_hash.hpp>

namespace invsaga::tools {

/// Different texts, each held once and named by a number: 0, 1, 2, ... in the order in which they
/// came. The views it gives live as long as the table and outlive a move of it. Compact: the text
/// itself, a view, and 8 to 16 bytes. Not for two threads at once unless all of them only read.
class TextTable {
 public:
  /// `key` as `keyed_hash.hpp` says.
  explicit TextTable(HashKey key = {}) : hash_(key) {}
  TextTable(TextTable&&) = default;
  TextTable& operator=(TextTable&&) = default;

  /// The number of `text`, a new one if it has none yet. At most 2^32-2 texts.
  std::uint32_t intern(std::string_view text);
  /// The number of `text` if it has one.
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view text) const;
  [[nodiscard]] std::string_view operator[](std::uint32_t number) const { return texts_[number]; }
  [[nodiscard]] std::size_t size() const noexcept { return texts_.size(); }
  [[nodiscard]] auto begin() const noexcept { return texts_.begin(); }
  [[nodiscard]] auto end() const noexcept { return texts_.end(); }
  /// About how much memory it takes.
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  [[nodiscard]] std::size_t slot_of(std::string_view text) const;
  std::string_view store(std::string_view text);
  void grow();

  TextHash hash_;
  std::vector<std::vector<char>> blocks_;  // none ever grows past its capacity, so texts stay put
  std::vector<std::string_view> texts_;
  std::vector<std::uint32_t>
      slots_;  // number + 1 of the text that hashes here or just before; 0: free
};

}  // namespace invsaga::tools
