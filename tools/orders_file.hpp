// SPDX-License-Identifier: Apache-2.0
//
// Reads the orders that `invsaga replay` replays: a CSV of the columns invoice, sku, qty, time,
// price, customer in any order, plain or xz.
//
// All rows with one invoice number are one invoice, wherever they stand. Its time, place and
// customer are those of its first good row; the quantities of one SKU are added up. A number that
// starts with `C` is a return; else a first quantity below 0 makes a write-off, and one above 0 an
// order.
//
// A row is bad for one of these reasons; the first of them is told:
//
// - It is no row as csv_reader.hpp has it (quoting, text, length), or has not 6 fields.
// - `invoice` or `sku` is empty.
// - `qty` is no whole number other than 0, up to 2^31-1 either way.
// - `time` is no time (timestamp.hpp), or `price` no price (decimal.hpp).
// - Its quantity has the wrong sign for its invoice.
// - It brings the 4,097th SKU of its invoice.
// - It takes the units of its SKU in its invoice past 2^31-1 either way.
//
// A bad row leaves no trace: it neither begins an invoice nor decides its kind. An empty customer
// is good, and so are rows of one invoice that differ in time or customer.
//
// Never skipped: what is wrong with the file as a whole (missing, unreadable, empty, damaged or
// cut-off xz, over a limit), with its header, and that no invoice is left.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/time.hpp>

#include "decimal.hpp"
#include "issue.hpp"
#include "text_source.hpp"
#include "text_table.hpp"

namespace invsaga::tools {

inline constexpr std::size_t skus_per_invoice_max = 4096;

/// The number of a SKU in `Orders::skus`.
using SkuId = std::uint32_t;

enum class InvoiceKind : std::uint8_t { order, return_, write_off };

/// Units of one SKU. In an invoice as in the file: above 0 in orders, below 0 in the others.
struct SkuLine {
  SkuId sku = 0;
  std::int64_t qty = 0;  ///< At most 2^31-1 either way, never 0.

  friend bool operator==(const SkuLine&, const SkuLine&) = default;
};

/// One invoice. Its texts and lines are held by the `Orders` it is of.
struct Invoice {
  std::string_view number;
  std::string_view customer;  ///< May be empty.
  Time time;
  Int128 total = 0;              ///< Price times quantity over all its rows, in ten-thousandths.
  std::uint32_t first_line = 0;  ///< In `Orders::lines`.
  std::uint32_t line_count = 0;  ///< 1 to 4,096.
  InvoiceKind kind = InvoiceKind::order;
};

/// What an orders file says. Moves keep all views good. Any number of threads may read it.
struct Orders {
  std::string file;               ///< As it was named, for messages.
  TextTable skus;                 ///< In the order of the file, those of good rows; then any that
                                  ///< only a stock file names (stock_plan.hpp).
  std::vector<Invoice> invoices;  ///< By time, ties in the order of the file; at least one.
  std::vector<SkuLine> lines;     ///< Invoice after invoice; in each by first row, no SKU twice.
  std::size_t good_rows = 0;      ///< Of all kinds of invoice.
  std::size_t bad_rows = 0;       ///< Left out.
  std::size_t order_count = 0;
  std::size_t return_count = 0;
  std::size_t write_off_count = 0;
  TextTable numbers;  ///< Of the invoices, in the order of the file.
  TextTable customers;

  [[nodiscard]] std::span<const SkuLine> lines_of(const Invoice& invoice) const {
    return std::span{lines}.subspan(invoice.first_line, invoice.line_count);
  }
};

struct ReadOptions {
  bool skip_bad_lines = false;  ///< Leave bad rows out instead of refusing the file.
  TextLimits text{};
  /// For what is kept of the file, roughly: about 120 bytes a row while reading, 16 after it. At
  /// most 64 GiB, whatever is asked for.
  std::uint64_t memory_bytes = std::uint64_t{2} << 30U;
  std::size_t issues_kept = 10'000;  ///< More are counted only.
};

/// Reads the orders file at `path`; `-` is standard input. A value: its issues are the bad rows
/// left out (none unless `skip_bad_lines`). No value: its issues are why it is refused, all bad
/// rows among them. Holds one buffer of the file at a time.
Loaded<Orders> read_orders(const std::string& path, const ReadOptions& options = {});

/// The same of bytes in memory, under the name `file`. They need not outlive the call.
Loaded<Orders> read_orders_bytes(std::string_view bytes, std::string file,
                                 const ReadOptions& options = {});

}  // namespace invsaga::tools
