// SPDX-License-Identifier: Apache-2.0
//
// Names of rows: (store, product) as text to a small number, and back.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include <invsaga/ids.hpp>
#include <invsaga/result.hpp>

namespace invsaga {
inline namespace v0 {

/// Bounds of a catalog. Constant for its life.
struct CatalogLimits {
  std::size_t max_rows = 1'000'000;
  std::size_t max_text_bytes = 255;  ///< Of a store's or a product's name.
};

/// What a row is called. Points into the catalog, for as long as that lives.
struct RowName {
  std::string_view store;
  std::string_view product;
  friend bool operator==(const RowName&, const RowName&) = default;
};

/// Rows of the stock by name, shared by the stores and tools of a process. Insert-only: a row keeps
/// its name and a name its row. Rows are numbered from 0 without gaps, in the order in which they
/// came. Texts are compared byte by byte. Safe from any thread; look-ups do not wait for each other
/// and allocate nothing.
class Catalog {
 public:
  /// `key` as `keyed_hash.hpp` says.
  explicit Catalog(const CatalogLimits& limits = {}, HashKey key = {});
  ~Catalog();
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  /// The row of that name, made if it is new. A repeat gives the same row. An empty store is a name
  /// as any other: for those who have one store only. Errors: `invalid_argument` (an empty
  /// product), `limit_exceeded` (a text too long), `resource_exhausted` (`max_rows`; names that are
  /// known are still found).
  result<Row> intern(std::string_view store, std::string_view product);

  /// The row of that name; nothing if there is none.
  [[nodiscard]] std::optional<Row> find(std::string_view store, std::string_view product) const;

  /// What a row is called; nothing for a row that the catalog did not give.
  [[nodiscard]] std::optional<RowName> name(Row row) const;

  /// How many rows there are.
  [[nodiscard]] std::size_t size() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

/// What a store calls the row (`row_name(row)`, from memory), for as long as the store lives;
/// nothing if it has no names, or none of that row.
template <class S>
std::optional<RowName> row_name_of(const S& store, Row row) noexcept {
  if constexpr (requires { std::optional<RowName>(store.row_name(row)); }) {
    static_assert(noexcept(store.row_name(row)), "what a store says of itself cannot throw");
    return store.row_name(row);
  } else {
    return std::nullopt;
  }
}

}  // namespace v0
}  // namespace invsaga
