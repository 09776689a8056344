// SPDX-License-Identifier: Apache-2.0
#include <invsaga/catalog.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include <invsaga/detail/guarded.hpp>
#include <invsaga/keyed_hash.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

struct NameHash : TableHash {
  using TableHash::TableHash;
  std::size_t operator()(const RowName& name) const {
    return keyed_hash(key_, {name.store, name.product});
  }
};

/// Both texts in one piece.
struct Text {
  std::string both;
  std::size_t store_size;

  [[nodiscard]] RowName name() const noexcept {
    const std::string_view all = both;
    return {all.substr(0, store_size), all.substr(store_size)};
  }
};

}  // namespace

class Catalog::Core {
 public:
  Core(const CatalogLimits& limits, HashKey key) : limits_(limits), rows_(0, NameHash(key)) {}

  result<Row> intern(const RowName& name) {
    if (name.product.empty()) return Error{Errc::invalid_argument};
    const std::size_t longest = std::max(name.store.size(), name.product.size());
    if (longest > limits_.max_text_bytes) {
      return over_limit(Limit::text_bytes, longest, limits_.max_text_bytes);
    }
    if (const auto known = find(name)) return *known;
    const std::unique_lock lock(mutex_);
    if (const auto known = find_locked(name)) return *known;  // another was quicker
    if (rows_.size() >= limits_.max_rows || rows_.size() > UINT32_MAX) {
      return no_room(Limit::rows, limits_.max_rows);
    }
    return insert(name);
  }

  [[nodiscard]] std::optional<Row> find(const RowName& name) const noexcept {
    const std::shared_lock lock(mutex_);
    return find_locked(name);
  }

  [[nodiscard]] std::optional<RowName> name(Row row) const noexcept {
    const std::shared_lock lock(mutex_);
    if (row.index >= rows_.size()) return std::nullopt;
    return texts_[row.index].name();
  }

  [[nodiscard]] std::size_t size() const noexcept {
    const std::shared_lock lock(mutex_);
    return rows_.size();
  }

 private:
  [[nodiscard]] std::optional<Row> find_locked(const RowName& name) const noexcept {
    const auto found = rows_.find(name);
    return found == rows_.end() ? std::nullopt : std::optional(found->second);
  }

  Row insert(const RowName& name) {
    const Row row{rows_.size()};
    if (texts_.size() > rows_.size()) texts_.pop_back();  // there was no memory for its row
    std::string both;
    both.reserve(name.store.size() + name.product.size());
    both.append(name.store).append(name.product);
    texts_.push_back({std::move(both), name.store.size()});
    rows_.emplace(texts_.back().name(), row);
    return row;
  }

  CatalogLimits limits_;
  mutable std::shared_mutex mutex_;
  std::deque<Text> texts_;  // by row; a deque, so that names stay where they are
  std::unordered_map<RowName, Row, NameHash> rows_;
};

Catalog::Catalog(const CatalogLimits& limits, HashKey key)
    : core_(std::make_unique<Core>(limits, key)) {}
Catalog::~Catalog() = default;

result<Row> Catalog::intern(std::string_view store, std::string_view product) {
  return detail::within_memory([&] { return core_->intern({store, product}); });
}
std::optional<Row> Catalog::find(std::string_view store, std::string_view product) const noexcept {
  return core_->find({store, product});
}
std::optional<RowName> Catalog::name(Row row) const noexcept { return core_->name(row); }
std::size_t Catalog::size() const noexcept { return core_->size(); }

}  // namespace v0
}  // namespace invsaga
