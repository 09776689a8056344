// SPDX-License-Identifier: Apache-2.0
#include "text_table.hpp"

#include <algorithm>

namespace invsaga::tools {
namespace {

constexpr std::size_t block_bytes = std::size_t{64} << 10U;
constexpr std::size_t slots_at_first = 64;

}  // namespace

std::uint32_t TextTable::intern(std::string_view text) {
  if ((texts_.size() + 1) * 2 > slots_.size()) grow();
  const std::size_t slot = slot_of(text);
  if (slots_[slot] == 0) {
    texts_.push_back(store(text));
    slots_[slot] = static_cast<std::uint32_t>(texts_.size());
  }
  return slots_[slot] - 1;
}

std::optional<std::uint32_t> TextTable::find(std::string_view text) const {
  if (slots_.empty()) return std::nullopt;
  const std::uint32_t entry = slots_[slot_of(text)];
  return entry == 0 ? std::nullopt : std::optional{entry - 1};
}

std::size_t TextTable::memory_bytes() const noexcept {
  return blocks_.size() * block_bytes + texts_.capacity() * sizeof(std::string_view) +
         slots_.capacity() * sizeof(std::uint32_t);
}

/// Where `text` stands, or the free slot where it would. At most half of the slots are taken.
std::size_t TextTable::slot_of(std::string_view text) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash_(text) & mask;
  while (slots_[slot] != 0 && texts_[slots_[slot] - 1] != text) slot = (slot + 1) & mask;
  return slot;
}

std::string_view TextTable::store(std::string_view text) {
  if (blocks_.empty() || blocks_.back().capacity() - blocks_.back().size() < text.size()) {
    blocks_.emplace_back().reserve(std::max(block_bytes, text.size()));
  }
  std::vector<char>& block = blocks_.back();
  block.insert(block.end(), text.begin(), text.end());
  return {block.data() + (block.size() - text.size()), text.size()};
}

void TextTable::grow() {
  slots_.assign(std::max(slots_at_first, slots_.size() * 2), 0);
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    slots_[slot_of(texts_[i])] = static_cast<std::uint32_t>(i + 1);
  }
}

}  // namespace invsaga::tools
