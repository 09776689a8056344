// SPDX-License-Identifier: Apache-2.0
#include "orders_file.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "csv_table.hpp"
#include "orders_builder.hpp"
#include "timestamp.hpp"

namespace invsaga::tools {
namespace {

/// So that every index fits into 32 bits.
constexpr std::uint64_t memory_bytes_most = std::uint64_t{64} << 30U;

/// Reads one value of the current row, or notes in `issue` (unless there is one) why it cannot.
template <class T>
T read(const CsvTable& table, OrderColumn column, Parsed<T> (*parse)(std::string_view) noexcept,
       std::optional<Issue>& issue) {
  if (issue) return {};
  const Parsed<T> parsed = parse(table[column].text);
  if (!parsed.ok()) issue = table.fault_at(column, parsed.fault);
  return parsed.value;
}

Parsed<std::string_view> parse_name(std::string_view text) noexcept {
  return {text, text.empty() ? "is empty" : ""};
}

Parsed<std::int64_t> parse_order_quantity(std::string_view text) noexcept {
  const auto quantity = parse_quantity(text);
  return quantity.ok() && quantity.value == 0 ? Parsed<std::int64_t>::no("is zero") : quantity;
}

/// What is bad about the current row; nothing, and then it is in `builder`.
std::optional<Issue> take_row(const CsvTable& table, OrdersBuilder& builder) {
  std::optional<Issue> issue = table.row_issue();
  OrderRow row;
  row.invoice = read(table, column_invoice, parse_name, issue);
  row.sku = read(table, column_sku, parse_name, issue);
  row.qty = read(table, column_qty, parse_order_quantity, issue);
  row.time = read(table, column_time, parse_time, issue);
  row.price = read(table, column_price, parse_price, issue);
  if (issue) return issue;
  row.customer = table[column_customer].text;
  const std::optional<Objection> objection = builder.add(row);
  if (objection) issue = table.fault_at(objection->column, objection->fault);
  return issue;
}

/// Refused for one reason that makes all others moot.
Loaded<Orders> refused(Issue issue) {
  Loaded<Orders> loaded;
  loaded.issues.add(std::move(issue));
  return loaded;
}

/// Refused for all of `issues`, and then for that no invoice is left, if that is so.
Loaded<Orders> finish(const CsvTable& table, OrdersBuilder& builder, IssueList issues,
                      const ReadOptions& options) {
  const bool nothing_left = builder.empty() && (issues.empty() || options.skip_bad_lines);
  const std::size_t bad_rows = issues.count();
  Loaded<Orders> loaded{std::nullopt, std::move(issues)};
  if (nothing_left) {
    loaded.issues.add(table.file_issue(
        bad_rows == 0 ? "has no invoice" : "has no invoice left without its bad lines"));
  } else if (bad_rows == 0 || options.skip_bad_lines) {
    loaded.value = builder.build();
    loaded.value->bad_rows = bad_rows;
  }
  return loaded;
}

Loaded<Orders> read_source(ByteSource source, std::string file, const ReadOptions& options) {
  CsvTable table{file, TextSource{std::move(source), options.text}, order_columns};
  if (IssueList issues = table.open(); !issues.empty()) return {std::nullopt, std::move(issues)};
  const std::uint64_t memory_bytes = std::min(options.memory_bytes, memory_bytes_most);
  OrdersBuilder builder;
  IssueList issues{options.issues_kept};
  while (table.next()) {
    if (auto issue = take_row(table, builder)) issues.add(std::move(*issue));
    if (builder.memory_bytes() > memory_bytes) return refused(table.memory_issue(memory_bytes));
  }
  if (auto issue = table.end_issue()) return refused(std::move(*issue));
  Loaded<Orders> loaded = finish(table, builder, std::move(issues), options);
  if (loaded.value) loaded.value->file = std::move(file);
  return loaded;
}

}  // namespace

Loaded<Orders> read_orders(const std::string& path, const ReadOptions& options) {
  return read_source(ByteSource::file(path), path, options);
}

Loaded<Orders> read_orders_bytes(std::string_view bytes, std::string file,
                                 const ReadOptions& options) {
  return read_source(ByteSource::memory(bytes), std::move(file), options);
}

}  // namespace invsaga::tools
