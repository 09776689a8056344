// SPDX-License-Identifier: Apache-2.0
#include "stock_plan.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "stock_file.hpp"
#include "text.hpp"

namespace invsaga::tools {
namespace {

/// Reaches from any day of a file to any other, and adds to a day without overflow.
constexpr std::int64_t days_most = 3'000'000;

std::chrono::days days_of(std::int64_t days) noexcept {
  return std::chrono::days{std::min(days, days_most)};
}

/// A count of days behind `key`, at least 1.
std::optional<std::int64_t> count_after(std::string_view key, std::string_view text) {
  const auto number = parse_quantity(text.substr(key.size()));
  if (!number.ok() || number.value < 1) return std::nullopt;
  return number.value;
}

/// The units ordered on one day: as an arrival, but one that need not come in time.
struct Demand {
  std::vector<Arrival> days;  // `at` not set
  std::vector<SkuLine> lines;

  [[nodiscard]] std::span<const SkuLine> of(const Arrival& day) const {
    return std::span{lines}.subspan(day.first_line, day.line_count);
  }
};

/// Adds up orders day by day. Invoices come by time, so each day once.
class DemandCounter {
 public:
  explicit DemandCounter(std::size_t skus) : units_(skus, 0) {}

  void add(const Orders& orders, const Invoice& order) {
    if (day_of(order.time) != day_) close_day(day_of(order.time));
    for (const SkuLine& line : orders.lines_of(order)) {
      if (units_[line.sku] == 0) ordered_.push_back(line.sku);
      units_[line.sku] += line.qty;
    }
  }

  Demand finish() {
    close_day({});
    return std::move(demand_);
  }

 private:
  void close_day(Day next) {
    std::ranges::sort(ordered_);
    if (!ordered_.empty())
      demand_.days.push_back({day_, {}, demand_.lines.size(), ordered_.size()});
    for (const SkuId sku : ordered_) demand_.lines.push_back({sku, std::exchange(units_[sku], 0)});
    ordered_.clear();
    day_ = next;
  }

  Day day_;
  std::vector<std::int64_t> units_;  // of day_, for each SKU
  std::vector<SkuId> ordered_;       // those with units
  Demand demand_;
};

Demand demand_of(const Orders& orders) {
  DemandCounter counter{orders.skus.size()};
  for (const Invoice& invoice : orders.invoices) {
    if (invoice.kind == InvoiceKind::order) counter.add(orders, invoice);
  }
  return counter.finish();
}

std::vector<SkuLine> opening_of(const Demand& demand, std::size_t skus, std::int64_t days) {
  std::vector<SkuLine> opening(skus);
  std::vector<Day> end(skus);  // the first day that no longer counts, once the SKU has units
  for (const Arrival& day : demand.days) {
    for (const SkuLine& line : demand.of(day)) {
      SkuLine& sku = opening[line.sku];
      if (sku.qty == 0) {
        sku.sku = line.sku;
        end[line.sku] = day.ordered + days_of(days);
      }
      if (day.ordered < end[line.sku]) sku.qty += line.qty;
    }
  }
  std::erase_if(opening, [](const SkuLine& line) { return line.qty == 0; });
  return opening;
}

/// `demand` moved by the lead time, as far as it comes before the end of `last`.
void plan_arrivals(StockPlan& plan, Demand demand, std::int64_t lead_days, Day last) {
  for (Arrival& day : demand.days) day.at = start_of(day.ordered + days_of(lead_days));
  std::erase_if(demand.days, [&](const Arrival& day) { return day_of(day.at) > last; });
  const std::size_t lines = demand.days.empty()
                                ? 0
                                : demand.days.back().first_line + demand.days.back().line_count;
  demand.lines.resize(lines);
  plan.arrivals = std::move(demand.days);
  plan.arrival_lines = std::move(demand.lines);
}

std::int64_t units_of(std::span<const SkuLine> lines) {
  std::int64_t units = 0;
  for (const SkuLine& line : lines) units += line.qty;
  return units;
}

/// The units of a SKU, as far as they come in.
struct Incoming {
  std::int64_t opening = 0;
  std::int64_t restocked = 0;
  std::int64_t returned = 0;

  [[nodiscard]] Int128 sum() const noexcept { return Int128{opening} + restocked + returned; }
};

std::vector<Incoming> incoming(const Orders& orders, const StockPlan& plan) {
  std::vector<Incoming> units(orders.skus.size());
  for (const SkuLine& line : plan.opening) units[line.sku].opening += line.qty;
  for (const SkuLine& line : plan.arrival_lines) units[line.sku].restocked += line.qty;
  for (const Invoice& invoice : orders.invoices) {
    if (invoice.kind != InvoiceKind::return_) continue;
    for (const SkuLine& line : orders.lines_of(invoice)) units[line.sku].returned -= line.qty;
  }
  return units;
}

IssueList overflows(const Orders& orders, const StockPlan& plan, std::size_t issues_kept) {
  IssueList issues{issues_kept};
  const std::vector<Incoming> units = incoming(orders, plan);
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (units[i].sum() <= max_quantity) continue;
    issues.add(
        {orders.file, 0, 0,
         "sku " + shown(orders.skus[static_cast<SkuId>(i)]) +
             " would come to more than 2147483647 units: " + std::to_string(units[i].opening) +
             " opening, " + std::to_string(units[i].restocked) + " restocked, " +
             std::to_string(units[i].returned) + " returned"});
  }
  return issues;
}

}  // namespace

Parsed<StockOption> parse_stock_option(std::string_view text) {
  using Option = Parsed<StockOption>;
  if (text.starts_with("days=")) {
    const auto days = count_after("days=", text);
    return days ? Option::of({*days, {}}) : Option::no("needs a number of days, at least 1");
  }
  if (text.empty()) return Option::no("is neither days=N nor the name of a file");
  if (text == "-") return Option::no("cannot be standard input: that is for the orders");
  return Option::of({0, std::string{text}});
}

Parsed<RestockOption> parse_restock_option(std::string_view text) {
  using Option = Parsed<RestockOption>;
  if (text == "none") return Option::of({0});
  if (!text.starts_with("lead=")) return Option::no("is neither lead=N nor none");
  const auto days = count_after("lead=", text);
  return days ? Option::of({*days}) : Option::no("needs a number of days, at least 1");
}

Loaded<StockPlan> plan_stock(Orders& orders, const StockOption& stock, const RestockOption& restock,
                             const ReadOptions& options) {
  StockPlan plan;
  Demand demand = demand_of(orders);
  if (stock.file.empty()) {
    plan.opening = opening_of(demand, orders.skus.size(), stock.days);
  } else {
    auto file = read_stock(stock.file, orders.skus, options);
    if (!file.value) return {std::nullopt, std::move(file.issues)};
    plan.opening = std::move(*file.value);
  }
  if (restock.lead_days > 0) {
    plan_arrivals(plan, std::move(demand), restock.lead_days, day_of(orders.invoices.back().time));
  }
  IssueList issues = overflows(orders, plan, options.issues_kept);
  if (!issues.empty()) return {std::nullopt, std::move(issues)};
  plan.opening_units = units_of(plan.opening);
  plan.restocked_units = units_of(plan.arrival_lines);
  return {std::move(plan), std::move(issues)};
}

}  // namespace invsaga::tools
