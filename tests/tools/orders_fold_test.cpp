// SPDX-License-Identifier: Apache-2.0
//
// The reader against a slow and plain fold over the same rows, on small random files in which the
// rows of few invoices and SKUs collide.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "input_support.hpp"
#include "tools/orders_file.hpp"
#include "tools/stock_plan.hpp"
#include "tools/timestamp.hpp"

namespace invsaga::tools {
namespace {

struct RawRow {
  std::string invoice;
  std::string sku;
  std::int64_t qty;
  int hour;  // after 2011-01-01 00:00
  std::int64_t price;
};

struct FoldedInvoice {
  std::string number;
  char kind;
  int hour;
  Int128 total;
  std::vector<std::pair<std::string, std::int64_t>> lines;

  friend bool operator==(const FoldedInvoice&, const FoldedInvoice&) = default;
};

struct Fold {
  std::vector<FoldedInvoice> invoices;
  std::size_t bad_rows = 0;
};

constexpr std::int64_t huge = 2'147'483'647;

/// Rows whose quantities are small, or next to `large`.
rc::Gen<RawRow> any_row(std::int64_t large) {
  return rc::gen::apply(
      [](std::string invoice, std::string sku, std::int64_t qty, int hour, std::int64_t price) {
        return RawRow{std::move(invoice), std::move(sku), qty, hour, price};
      },
      rc::gen::element<std::string>("1", "2", "3", "C1", "C2", "x,\"y\""),
      rc::gen::element<std::string>("a", "A", "a b", "\"q\"", "é"),
      rc::gen::element<std::int64_t>(1, 2, 3, -1, -2, 0, large, -large, large - 2),
      rc::gen::inRange(0, 24 * 40), rc::gen::element<std::int64_t>(0, 1, 25'500, -10'000, 9));
}

std::string quote(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + '"';
}

std::string time_text(int hour) {
  const std::chrono::year_month_day day{Day{std::chrono::days{14'975 + hour / 24}}};
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:00", int{day.year()}, unsigned{day.month()},
                unsigned{day.day()}, hour % 24);
  return text;
}

std::string csv_of(const std::vector<RawRow>& rows) {
  std::string out = orders_header;
  for (const RawRow& row : rows) {
    out += quote(row.invoice) + ',' + quote(row.sku) + ',' + std::to_string(row.qty) + ',' +
           time_text(row.hour) + ',' + decimal_text(row.price) + ",\n";
  }
  return out;
}

/// Takes the row into the fold, or says no.
bool take(std::vector<FoldedInvoice>& invoices, const RawRow& row) {
  if (row.qty == 0) return false;
  const bool a_return = row.invoice[0] == 'C';
  const auto invoice = std::find_if(invoices.begin(), invoices.end(),
                                    [&](const auto& i) { return i.number == row.invoice; });
  const bool first = invoice == invoices.end();
  const char kind = a_return ? 'r' : first ? (row.qty < 0 ? 'w' : 'o') : invoice->kind;
  if ((kind == 'o') != (row.qty > 0)) return false;
  FoldedInvoice next = first ? FoldedInvoice{row.invoice, kind, row.hour, 0, {}} : *invoice;
  const auto line = std::find_if(next.lines.begin(), next.lines.end(),
                                 [&](const auto& l) { return l.first == row.sku; });
  if (line == next.lines.end()) {
    next.lines.emplace_back(row.sku, row.qty);
  } else if (std::abs(line->second + row.qty) > huge) {
    return false;
  } else {
    line->second += row.qty;
  }
  next.total += Int128{row.qty} * row.price;
  if (first) {
    invoices.push_back(next);
  } else {
    *invoice = next;
  }
  return true;
}

Fold fold(const std::vector<RawRow>& rows) {
  std::vector<FoldedInvoice> invoices;
  Fold out;
  for (const RawRow& row : rows) out.bad_rows += take(invoices, row) ? 0 : 1;
  for (FoldedInvoice& invoice : invoices) {
    const auto place = std::upper_bound(
        out.invoices.begin(), out.invoices.end(), invoice.hour,
        [](int hour, const FoldedInvoice& other) { return hour < other.hour; });
    out.invoices.insert(place, std::move(invoice));
  }
  return out;
}

std::vector<FoldedInvoice> folded(const Orders& orders) {
  std::vector<FoldedInvoice> out;
  for (const Invoice& invoice : orders.invoices) {
    const char kind = "orw"[static_cast<int>(invoice.kind)];
    const auto hours = invoice.time - start_of(Day{std::chrono::days{14'975}});
    FoldedInvoice one{std::string{invoice.number},
                      kind,
                      static_cast<int>(hours / std::chrono::hours{1}),
                      invoice.total,
                      {}};
    for (const SkuLine& line : orders.lines_of(invoice)) {
      one.lines.emplace_back(orders.skus[line.sku], line.qty);
    }
    out.push_back(std::move(one));
  }
  return out;
}

RC_GTEST_PROP(OrdersFold, TheReaderKeepsAndRefusesTheSameRows, ()) {
  const auto rows = *rc::gen::container<std::vector<RawRow>>(any_row(huge));
  const Fold expected = fold(rows);
  const std::string csv = csv_of(rows);
  const auto skipping = read_orders_bytes(csv, "f", {.skip_bad_lines = true});
  RC_ASSERT(skipping.ok() == !expected.invoices.empty());
  RC_ASSERT(read_orders_bytes(csv, "f").ok() == (skipping.ok() && expected.bad_rows == 0));
  if (!skipping.ok()) return;
  RC_ASSERT(folded(*skipping.value) == expected.invoices);
  RC_ASSERT(skipping.value->bad_rows == expected.bad_rows);
  RC_ASSERT(skipping.value->good_rows == rows.size() - expected.bad_rows);
}

using PerSku = std::map<std::string, std::int64_t>;

/// What the orders of each day ask for.
std::map<int, PerSku> demand_of(const std::vector<FoldedInvoice>& invoices) {
  std::map<int, PerSku> demand;
  for (const FoldedInvoice& invoice : invoices) {
    if (invoice.kind != 'o') continue;
    for (const auto& [sku, qty] : invoice.lines) demand[invoice.hour / 24][sku] += qty;
  }
  return demand;
}

PerSku opening_of(const std::map<int, PerSku>& demand, int days) {
  PerSku opening;
  std::map<std::string, int> first;
  for (const auto& [day, skus] : demand) {
    for (const auto& [sku, qty] : skus) {
      if (day < first.emplace(sku, day).first->second + days) opening[sku] += qty;
    }
  }
  return opening;
}

std::map<int, PerSku> arrivals_of(const std::map<int, PerSku>& demand, int lead, int last) {
  std::map<int, PerSku> arrivals;
  for (const auto& [day, skus] : demand) {
    if (day + lead <= last) arrivals[day + lead] = skus;
  }
  return arrivals;
}

PerSku per_sku(const Orders& orders, std::span<const SkuLine> lines) {
  PerSku out;
  for (const SkuLine& line : lines) out.emplace(orders.skus[line.sku], line.qty);
  return out;
}

bool past_the_limit(const std::vector<FoldedInvoice>& invoices, PerSku units,
                    const std::map<int, PerSku>& arrivals) {
  for (const auto& [day, skus] : arrivals) {
    for (const auto& [sku, qty] : skus) units[sku] += qty;
  }
  for (const FoldedInvoice& invoice : invoices) {
    if (invoice.kind != 'r') continue;
    for (const auto& [sku, qty] : invoice.lines) units[sku] -= qty;
  }
  return std::any_of(units.begin(), units.end(), [](const auto& u) { return u.second > huge; });
}

RC_GTEST_PROP(OrdersFold, ThePlanIsThatOfASlowCount, ()) {
  const auto large = *rc::gen::element(huge, huge / 20, std::int64_t{9});
  const auto rows = *rc::gen::container<std::vector<RawRow>>(any_row(large));
  const int days = *rc::gen::inRange(1, 40);
  const int lead = *rc::gen::inRange(1, 40);
  auto loaded = read_orders_bytes(csv_of(rows), "f", {.skip_bad_lines = true});
  if (!loaded.ok()) return;
  Orders& orders = *loaded.value;
  const auto invoices = fold(rows).invoices;
  const auto demand = demand_of(invoices);
  const PerSku opening = opening_of(demand, days);
  const auto arrivals = arrivals_of(demand, lead, invoices.back().hour / 24);

  const auto plan = plan_stock(orders, {days, {}}, {lead});
  RC_ASSERT(plan.ok() == !past_the_limit(invoices, opening, arrivals));
  if (!plan.ok()) return;
  RC_ASSERT(per_sku(orders, plan.value->opening) == opening);
  std::map<int, PerSku> planned;
  for (const Arrival& arrival : plan.value->arrivals) {
    const auto day = (day_of(arrival.at) - Day{std::chrono::days{14'975}}).count();
    planned[static_cast<int>(day)] = per_sku(orders, plan.value->lines_of(arrival));
  }
  RC_ASSERT(planned == arrivals);
}

}  // namespace
}  // namespace invsaga::tools
