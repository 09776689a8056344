// SPDX-License-Identifier: Apache-2.0
#include "stock_file.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "csv_table.hpp"

namespace invsaga::tools {
namespace {

enum StockColumn : std::uint8_t { column_sku, column_qty };
constexpr std::array<std::string_view, 2> stock_columns{"sku", "qty"};
constexpr std::int64_t not_named = -1;

/// What is bad about the current row; nothing, and then it is in `units`, which has an entry a SKU.
std::optional<Issue> take_row(const CsvTable& table, TextTable& skus,
                              std::vector<std::int64_t>& units) {
  if (auto issue = table.row_issue()) return issue;
  const std::string_view sku = table[column_sku].text;
  if (sku.empty()) return table.fault_at(column_sku, "is empty");
  const Parsed<std::int64_t> qty = parse_quantity(table[column_qty].text);
  if (!qty.ok()) return table.fault_at(column_qty, qty.fault);
  if (qty.value < 0) return table.fault_at(column_qty, "is below 0");
  const SkuId id = skus.intern(sku);
  if (id >= units.size()) units.resize(id + std::size_t{1}, not_named);
  if (units[id] != not_named) return table.fault_at(column_sku, "is named twice");
  units[id] = qty.value;
  return std::nullopt;
}

std::vector<SkuLine> lines_of(const std::vector<std::int64_t>& units) {
  std::vector<SkuLine> lines;
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (units[i] > 0) lines.push_back({static_cast<SkuId>(i), units[i]});
  }
  return lines;
}

Loaded<std::vector<SkuLine>> refused(Issue issue) {
  Loaded<std::vector<SkuLine>> loaded;
  loaded.issues.add(std::move(issue));
  return loaded;
}

Loaded<std::vector<SkuLine>> read_source(ByteSource source, std::string file, TextTable& skus,
                                         const ReadOptions& options) {
  CsvTable table{std::move(file), TextSource{std::move(source), options.text}, stock_columns};
  if (IssueList issues = table.open(); !issues.empty()) return {std::nullopt, std::move(issues)};
  std::vector<std::int64_t> units(skus.size(), not_named);
  IssueList issues{options.issues_kept};
  while (table.next()) {
    if (auto issue = take_row(table, skus, units)) issues.add(std::move(*issue));
    if (skus.memory_bytes() > options.memory_bytes)
      return refused(table.memory_issue(options.memory_bytes));
  }
  if (auto issue = table.end_issue()) return refused(std::move(*issue));
  if (!issues.empty()) return {std::nullopt, std::move(issues)};
  return {lines_of(units), std::move(issues)};
}

}  // namespace

Loaded<std::vector<SkuLine>> read_stock(const std::string& path, TextTable& skus,
                                        const ReadOptions& options) {
  return read_source(ByteSource::file(path), path, skus, options);
}

Loaded<std::vector<SkuLine>> read_stock_bytes(std::string_view bytes, std::string file,
                                              TextTable& skus, const ReadOptions& options) {
  return read_source(ByteSource::memory(bytes), std::move(file), skus, options);
}

}  // namespace invsaga::tools
