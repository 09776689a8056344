// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <invsaga/catalog.hpp>
#include <invsaga/history/history.hpp>
#include <invsaga/keyed_hash.hpp>
#include <invsaga/operation.hpp>
#include <invsaga/saga_runner.hpp>

#include "orders_file.hpp"

namespace invsaga::tools {

/// What an adjust of a replay is named by: each of a kind by what it is of, a SKU that opens, a SKU
/// that arrives on a day, an invoice. Texts are borrowed.
struct AdjustName {
  AdjustReason reason{};
  std::string_view of;
  std::string day{};  ///< Of a restock; else empty.

  [[nodiscard]] AdjustId id() const noexcept;
  /// `restock/14975/85123A`, `return/C536379`. What is the file's stands last, so that nothing in
  /// it makes the text of another adjust.
  [[nodiscard]] std::string text() const;
};

/// The texts behind the ids and rows of a replay. Made once, then only read: safe from any thread.
/// The orders are borrowed.
class ReplayNames {
 public:
  /// `resource_exhausted` if the catalog cannot hold the SKUs.
  static result<ReplayNames> of(const Orders& orders);

  [[nodiscard]] Row row(SkuId sku) const { return rows_[sku]; }
  [[nodiscard]] std::string_view sku(Row row) const { return orders_->skus[skus_[row.index]]; }
  [[nodiscard]] std::size_t rows() const { return rows_.size(); }

  /// How the order number `index` of the invoices is asked for.
  [[nodiscard]] StartRequest request(std::size_t index) const;
  /// The invoice of a run, by its place in `Orders::invoices`.
  [[nodiscard]] std::size_t invoice(RunId run) const { return runs_.at(run); }
  [[nodiscard]] std::size_t invoice(RequestKey request) const { return requests_.at(request); }
  [[nodiscard]] std::string_view number(std::size_t index) const {
    return orders_->invoices[index].number;
  }
  [[nodiscard]] const Orders& orders() const { return *orders_; }

  /// `536365/reserve/0`, and the invoice's place.
  struct Hold {
    std::size_t invoice = 0;
    std::uint32_t hold = 0;
  };
  [[nodiscard]] Hold hold(ReservationId id) const { return holds_.at(id); }
  [[nodiscard]] std::string text(ReservationId id) const;

  void add_lines(std::span<const Line> lines, HistoryUnits& units, Units sign = 1) const;
  void add_shorts(std::span<const ShortLine> shorts, HistoryUnits& units) const;

  /// The amount that an order pays, and how many units it asks for.
  [[nodiscard]] std::string amount(std::size_t index) const;
  [[nodiscard]] Units units(std::size_t index) const;

 private:
  const Orders* orders_ = nullptr;
  std::vector<Row> rows_;    ///< By SKU.
  std::vector<SkuId> skus_;  ///< By row.
  std::unordered_map<RunId, std::size_t, IdHash> runs_;
  std::unordered_map<RequestKey, std::size_t, IdHash> requests_;
  std::unordered_map<ReservationId, Hold, IdHash> holds_;
};

}  // namespace invsaga::tools
