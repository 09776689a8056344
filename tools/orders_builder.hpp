// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include <invsaga/keyed_hash.hpp>

#include "orders_file.hpp"

namespace invsaga::tools {

/// The columns of an orders file, as indexes into `order_columns`.
enum OrderColumn : std::uint8_t {
  column_invoice,
  column_sku,
  column_qty,
  column_time,
  column_price,
  column_customer
};
inline constexpr std::array<std::string_view, 6> order_columns{"invoice", "sku",   "qty",
                                                               "time",    "price", "customer"};

/// A row that is good by itself.
struct OrderRow {
  std::string_view invoice;
  std::string_view sku;
  std::int64_t qty = 0;
  Time time;
  std::int64_t price = 0;  ///< In ten-thousandths.
  std::string_view customer;
};

/// Why a row does not fit the rows before it: the column to blame, and the end of a sentence about
/// it.
struct Objection {
  OrderColumn column;
  std::string_view fault;
};

/// Makes invoices of rows. The texts of a row need not outlive the call.
class OrdersBuilder {
 public:
  /// Takes a row in, or says why not; then nothing has changed.
  std::optional<Objection> add(const OrderRow& row);

  /// About how much memory it takes, and will take to build.
  [[nodiscard]] std::uint64_t memory_bytes() const noexcept;
  [[nodiscard]] bool empty() const noexcept { return drafts_.empty(); }

  /// The orders; nothing else may be called after it.
  Orders build();

 private:
  struct Draft {  // of an invoice; its index is the number of its text in orders_.numbers
    Int128 total = 0;
    Time time;
    std::uint32_t customer = 0;
    std::uint32_t line_count = 0;
    InvoiceKind kind = InvoiceKind::order;
  };
  /// A file says which pairs of numbers there are: so its hash is keyed.
  struct KeyHash : TableHash {
    std::size_t operator()(std::uint64_t key) const { return keyed_hash(key_, key, 0); }
  };
  struct DraftLine {
    std::uint32_t invoice = 0;
    SkuId sku = 0;
    std::int64_t qty = 0;
  };

  [[nodiscard]] DraftLine* find_line(std::optional<std::uint32_t> invoice, std::string_view sku);
  std::uint32_t begin_invoice(const OrderRow& row, InvoiceKind kind);
  void add_line(std::uint32_t invoice, const OrderRow& row);
  void build_invoices();
  void build_lines();

  Orders orders_;
  std::vector<Draft> drafts_;
  std::vector<DraftLine> lines_;
  /// (invoice, SKU) to index in lines_.
  absl::flat_hash_map<std::uint64_t, std::uint32_t, KeyHash> line_of_;
};

}  // namespace invsaga::tools
