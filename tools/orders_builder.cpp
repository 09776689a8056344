// SPDX-License-Identifier: Apache-2.0
#include "orders_builder.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace invsaga::tools {
namespace {

InvoiceKind kind_of(const OrderRow& first) noexcept {
  if (first.invoice.starts_with('C')) return InvoiceKind::return_;
  return first.qty < 0 ? InvoiceKind::write_off : InvoiceKind::order;
}

std::string_view sign_fault(InvoiceKind kind) noexcept {
  switch (kind) {
    case InvoiceKind::order:
      return "has to be above 0, as its invoice is an order";
    case InvoiceKind::return_:
      return "has to be below 0, as its invoice is a return";
    case InvoiceKind::write_off:
      return "has to be below 0, as its invoice is a write-off";
  }
  return {};
}

constexpr std::uint64_t key_of(std::uint32_t invoice, SkuId sku) noexcept {
  return std::uint64_t{invoice} << 32U | sku;
}

std::size_t& count_of(Orders& orders, InvoiceKind kind) noexcept {
  switch (kind) {
    case InvoiceKind::return_:
      return orders.return_count;
    case InvoiceKind::write_off:
      return orders.write_off_count;
    case InvoiceKind::order:
      break;
  }
  return orders.order_count;
}

}  // namespace

std::optional<Objection> OrdersBuilder::add(const OrderRow& row) {
  std::optional<std::uint32_t> invoice = orders_.numbers.find(row.invoice);
  const InvoiceKind kind = invoice ? drafts_[*invoice].kind : kind_of(row);
  if ((kind == InvoiceKind::order) != (row.qty > 0)) {
    return Objection{column_qty, sign_fault(kind)};
  }
  DraftLine* const line = find_line(invoice, row.sku);
  if (line == nullptr && invoice && drafts_[*invoice].line_count == skus_per_invoice_max) {
    return Objection{column_sku, "comes after the 4096 different SKUs that an invoice may have"};
  }
  const std::int64_t sum = row.qty + (line == nullptr ? 0 : line->qty);
  if (sum > max_quantity || sum < -max_quantity) {
    return Objection{column_qty, "takes its SKU in the invoice past 2147483647 either way"};
  }
  if (!invoice) invoice = begin_invoice(row, kind);
  if (line == nullptr) {
    add_line(*invoice, row);
  } else {
    line->qty = sum;
  }
  drafts_[*invoice].total += Int128{row.price} * row.qty;
  ++orders_.good_rows;
  return std::nullopt;
}

OrdersBuilder::DraftLine* OrdersBuilder::find_line(std::optional<std::uint32_t> invoice,
                                                   std::string_view sku) {
  const std::optional<SkuId> id = orders_.skus.find(sku);
  if (!invoice || !id) return nullptr;
  const auto found = line_of_.find(key_of(*invoice, *id));
  return found == line_of_.end() ? nullptr : &lines_[found->second];
}

std::uint32_t OrdersBuilder::begin_invoice(const OrderRow& row, InvoiceKind kind) {
  drafts_.push_back({0, row.time, orders_.customers.intern(row.customer), 0, kind});
  ++count_of(orders_, kind);
  return orders_.numbers.intern(row.invoice);
}

void OrdersBuilder::add_line(std::uint32_t invoice, const OrderRow& row) {
  const SkuId sku = orders_.skus.intern(row.sku);
  line_of_.emplace(key_of(invoice, sku), static_cast<std::uint32_t>(lines_.size()));
  lines_.push_back({invoice, sku, row.qty});
  ++drafts_[invoice].line_count;
}

std::uint64_t OrdersBuilder::memory_bytes() const noexcept {
  constexpr std::uint64_t a_line = 2 * sizeof(DraftLine) + sizeof(SkuLine) + std::uint64_t{2} * 17;
  constexpr std::uint64_t an_invoice = 2 * sizeof(Draft) + sizeof(Invoice);
  return lines_.size() * a_line + drafts_.size() * an_invoice + orders_.skus.memory_bytes() +
         orders_.numbers.memory_bytes() + orders_.customers.memory_bytes();
}

Orders OrdersBuilder::build() {
  line_of_ = {};
  build_invoices();
  build_lines();
  return std::move(orders_);
}

/// Sorted by time, ties in the order of the file, which is that of the drafts.
void OrdersBuilder::build_invoices() {
  std::vector<std::uint32_t> by_time(drafts_.size());
  std::iota(by_time.begin(), by_time.end(), 0U);
  std::ranges::sort(by_time, [this](auto a, auto b) {
    return std::pair{drafts_[a].time, a} < std::pair{drafts_[b].time, b};
  });
  orders_.invoices.reserve(drafts_.size());
  std::uint32_t first_line = 0;
  for (const std::uint32_t i : by_time) {
    Draft& draft = drafts_[i];
    orders_.invoices.push_back({orders_.numbers[i], orders_.customers[draft.customer], draft.time,
                                draft.total, first_line, draft.line_count, draft.kind});
    // From now on its line_count is where its next line goes.
    first_line += std::exchange(draft.line_count, first_line);
  }
}

void OrdersBuilder::build_lines() {
  orders_.lines.resize(lines_.size());
  for (const DraftLine& line : lines_) {
    orders_.lines[drafts_[line.invoice].line_count++] = {line.sku, line.qty};
  }
}

}  // namespace invsaga::tools
