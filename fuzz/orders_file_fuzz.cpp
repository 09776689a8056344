// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as an orders file and as a stock file: no crash, and whatever is taken from them keeps
// the promises of the headers, says the same when it is written as a plain file and read again, and
// can be planned for.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "tools/orders_file.hpp"
#include "tools/stock_file.hpp"
#include "tools/stock_plan.hpp"
#include "tools/text.hpp"

namespace {

using namespace invsaga;
using namespace invsaga::tools;

void require(bool holds) {
  if (!holds) std::abort();
}

ReadOptions options(bool skip_bad_lines) {
  ReadOptions options;
  options.skip_bad_lines = skip_bad_lines;
  options.text = {.text_bytes = 1U << 20U, .xz_memory = 4U << 20U};
  options.memory_bytes = 64U << 20U;
  options.issues_kept = 100;
  return options;
}

void check_issues(const IssueList& issues) {
  require(issues.kept().size() <= issues.count() && issues.kept().empty() == issues.empty());
  for (const Issue& issue : issues.kept()) {
    require(!issue.reason.empty() && text_fault(to_text(issue)).empty());
    require((issue.line == 0) == (issue.column == 0));
  }
}

void check_lines(const Orders& orders, const Invoice& invoice) {
  require(invoice.line_count >= 1 && invoice.line_count <= skus_per_invoice_max);
  std::set<SkuId> skus;
  for (const SkuLine& line : orders.lines_of(invoice)) {
    require(skus.insert(line.sku).second && line.sku < orders.skus.size());
    require(line.qty != 0 && std::abs(line.qty) <= max_quantity);
    require((line.qty > 0) == (invoice.kind == InvoiceKind::order));
  }
}

void check_orders(const Orders& orders) {
  require(!orders.invoices.empty() && orders.good_rows >= orders.lines.size());
  require(orders.order_count + orders.return_count + orders.write_off_count ==
          orders.invoices.size());
  std::size_t lines = 0;
  Time before;
  for (const Invoice& invoice : orders.invoices) {
    require(!invoice.number.empty() && invoice.number.size() <= 255 && before <= invoice.time);
    require(invoice.first_line == lines && text_fault(invoice.number).empty());
    require(invoice.number.starts_with('C') == (invoice.kind == InvoiceKind::return_));
    check_lines(orders, invoice);
    lines += invoice.line_count;
    before = invoice.time;
  }
  require(lines == orders.lines.size());
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string{"\"\""} : std::string(1, c);
  return out + '"';
}

std::string time_text(Time time) {
  const Day day = day_of(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - start_of(day)};
  const auto two = [](auto number) {
    return (number < 10 ? "0" : "") + std::to_string(static_cast<unsigned>(number));
  };
  return std::to_string(int{date.year()}) + '-' + two(unsigned{date.month()}) + '-' +
         two(unsigned{date.day()}) + ' ' + two(clock.hours().count()) + ':' +
         two(clock.minutes().count()) + ':' + two(clock.seconds().count());
}

/// The orders as a file, their totals left out.
std::string written(const Orders& orders) {
  std::string out = "customer,price,time,qty,sku,invoice\r\n";
  for (const Invoice& invoice : orders.invoices) {
    for (const SkuLine& line : orders.lines_of(invoice)) {
      out += quote(invoice.customer) + ",0," + time_text(invoice.time) + ',' +
             std::to_string(line.qty) + ',' + quote(orders.skus[line.sku]) + ',' +
             quote(invoice.number) + "\r\n";
    }
  }
  return out;
}

void check_reads_back(const Orders& orders) {
  auto wide = options(false);
  wide.text.text_bytes = 1U << 30U;
  const auto again = read_orders_bytes(written(orders), "again", wide);
  require(again.ok() && again.value->invoices.size() == orders.invoices.size());
  for (std::size_t i = 0; i < orders.invoices.size(); ++i) {
    const Invoice& was = orders.invoices[i];
    const Invoice& is = again.value->invoices[i];
    require(is.number == was.number && is.customer == was.customer && is.time == was.time);
    require(is.kind == was.kind && is.line_count == was.line_count && is.total == 0);
    const auto lines_were = orders.lines_of(was);
    const auto lines_are = again.value->lines_of(is);
    require(std::equal(lines_were.begin(), lines_were.end(), lines_are.begin(),
                       [&](const SkuLine& a, const SkuLine& b) {
                         return a.qty == b.qty && orders.skus[a.sku] == again.value->skus[b.sku];
                       }));
  }
}

void check_plan(Orders& orders, std::int64_t days, std::int64_t lead_days) {
  const auto loaded = plan_stock(orders, {days, {}}, {lead_days});
  check_issues(loaded.issues);
  require(loaded.ok() == loaded.issues.empty());
  if (!loaded.ok()) return;
  const Day last = day_of(orders.invoices.back().time);
  std::int64_t restocked = 0;
  for (const Arrival& arrival : loaded.value->arrivals) {
    require(day_of(arrival.at) <= last && arrival.at > start_of(arrival.ordered));
    for (const SkuLine& line : loaded.value->lines_of(arrival)) {
      require(line.qty > 0);
      restocked += line.qty;
    }
  }
  require(restocked == loaded.value->restocked_units);
}

void fuzz_orders(std::string_view bytes) {
  auto skipping = read_orders_bytes(bytes, "orders", options(true));
  const auto strict = read_orders_bytes(bytes, "orders", options(false));
  check_issues(skipping.issues);
  check_issues(strict.issues);
  require(strict.ok() == (skipping.ok() && skipping.issues.empty()));
  if (!skipping.ok()) return require(!skipping.issues.empty());
  require(skipping.value->bad_rows == skipping.issues.count());
  check_orders(*skipping.value);
  check_reads_back(*skipping.value);
  check_plan(*skipping.value, 30, 3);
  check_plan(*skipping.value, 1, 1);
}

void fuzz_stock(std::string_view bytes) {
  TextTable skus;
  const auto loaded = read_stock_bytes(bytes, "stock", skus, options(false));
  check_issues(loaded.issues);
  require(loaded.ok() == loaded.issues.empty());
  if (!loaded.ok()) return;
  for (const SkuLine& line : *loaded.value) {
    require(line.qty > 0 && line.qty <= max_quantity && !skus[line.sku].empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  fuzz_orders(bytes);
  fuzz_stock(bytes);
  return 0;
}
