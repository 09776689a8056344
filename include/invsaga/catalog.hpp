// SPDX-License-Identifier: Apache-2.0
//
// Names of rows: (store, product) as text to a small number, and back.
#pragma once

#include <concepts>
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

/// A store that names its rows, for all who share it and for as long as what bears their numbers:
///  - `intern(store, product)`: the row of that name, made if it is new. A repeat, also at another
///    process, or after a restart, gives the same row. An empty store is a name as any other: for
///    those who have one store only. Errors: `invalid_argument` (an empty product),
///    `limit_exceeded` (a text too long), `resource_exhausted` (`max_rows`: names that are known
///    are still found; memory), and what reaching the store adds.
///  - `find(store, product)`: the row of that name; nothing if there is none.
///  - `name(row)`: what it is called; nothing for a row that it did not give. Points into what
///    lives as long as the store.
/// Insert-only: a row keeps its name and a name its row. Safe from any thread. `find` and `name`
/// look in memory.
template <class S>
concept NamesRows = requires(S& store, const S& view, std::string_view text, Row row) {
  { store.intern(text, text) } -> std::same_as<result<Row>>;
  { view.find(text, text) } noexcept -> std::same_as<std::optional<Row>>;
  { view.name(row) } noexcept -> std::same_as<std::optional<RowName>>;
};

/// The names of a store that keeps them in memory. Rows are numbered from 0 without gaps, in the
/// order in which they came. Texts are compared byte by byte. Safe from any thread; look-ups do not
/// wait for each other and allocate nothing.
class Catalog {
 public:
  /// `key` as `keyed_hash.hpp` says.
  explicit Catalog(const CatalogLimits& limits = {}, HashKey key = {});
  ~Catalog();
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  // As `NamesRows` says.
  result<Row> intern(std::string_view store, std::string_view product);
  [[nodiscard]] std::optional<Row> find(std::string_view store,
                                        std::string_view product) const noexcept;
  [[nodiscard]] std::optional<RowName> name(Row row) const noexcept;

  /// How many rows there are.
  [[nodiscard]] std::size_t size() const noexcept;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};
static_assert(NamesRows<Catalog>);

}  // namespace v0
}  // namespace invsaga
