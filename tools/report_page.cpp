// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "report.hpp"
#include "text.hpp"

namespace invsaga::tools {
namespace {

/// Writes the page. Numbers are grouped by thousands, so that a person can read them.
class Page {
 public:
  explicit Page(bool colour) : colour_(colour) {}

  void heading(std::string_view text) { line("\n{}{}{}", on("\x1b[1m"), text, on("\x1b[0m")); }
  void good(bool is_good, std::string_view text) {
    line("  {}{}{} {}", on(is_good ? "\x1b[32m" : "\x1b[31m"), is_good ? "ok  " : "BAD ",
         on("\x1b[0m"), text);
  }
  template <class... A>
  void line(fmt::format_string<A...> format, A&&... arguments) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<A>(arguments)...);
    text_ += '\n';
  }
  std::string take() { return std::move(text_); }

 private:
  std::string_view on(std::string_view code) const { return colour_ ? code : std::string_view(); }
  bool colour_;
  std::string text_;
};

std::string grouped(std::int64_t value) {
  std::string digits = std::to_string(value < 0 ? -value : value);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3) {
    digits.insert(static_cast<std::size_t>(i), ",");
  }
  return value < 0 ? "-" + digits : digits;
}
std::string grouped(std::uint64_t value) { return grouped(static_cast<std::int64_t>(value)); }

std::string bar(std::uint64_t part, std::uint64_t whole, std::size_t width) {
  const std::size_t length = whole == 0 ? 0 : static_cast<std::size_t>(part * width / whole);
  return std::string(part > 0 && length == 0 ? 1 : length, '#');
}

double seconds(std::int64_t ns) { return 1e-9 * static_cast<double>(ns); }

void orders_part(Page& page, const ReplayReport& report) {
  const CheckFigures& figures = report.check.figures;
  page.heading("What became of the orders");
  const auto row = [&](std::string_view what, std::uint64_t count) {
    const double share = report.orders == 0 ? 0
                                            : 100.0 * static_cast<double>(count) /
                                                  static_cast<double>(report.orders);
    page.line("  {:<34} {:>10} {:>6.1f} %  {}", what, grouped(count), share,
              bar(count, report.orders, 30));
  };
  row("completed", figures.completed);
  for (const auto& [reason, count] : figures.compensated) row("compensated: " + reason, count);
  row("stuck", figures.stuck);
  page.line("  {:<34} {:>10}", "orders", grouped(static_cast<std::uint64_t>(report.orders)));
  page.line("  {:<34} {:>10}  ({} refused)", "returns accepted", grouped(figures.returns_accepted),
            grouped(figures.returns_refused));
  page.line("  {:<34} {:>10}  ({} refused)", "write-offs accepted",
            grouped(figures.adjustments_accepted), grouped(figures.adjustments_refused));
  if (report.bad_lines > 0)
    page.line("  {:<34} {:>10}", "bad lines left out",
              grouped(static_cast<std::uint64_t>(report.bad_lines)));
}

void stock_part(Page& page, const CheckFigures& figures) {
  page.heading("Every unit accounted for");
  page.line("  {:<34} {:>12}", "opening", grouped(figures.opening_units));
  page.line("  {:<34} {:>12}", "+ restocked", grouped(figures.restocked_units));
  page.line("  {:<34} {:>12}", "+ returned", grouped(figures.returned_units));
  page.line("  {:<34} {:>12}", "- written off", grouped(figures.written_off_units));
  page.line("  {:<34} {:>12}", "- sold", grouped(figures.sold_units));
  page.line("  {:<34} {:>12}  (reserved: {})", "= on hand at the end",
            grouped(figures.on_hand_units), grouped(figures.reserved_units));
}

void proof_part(Page& page, const ReplayReport& report) {
  const CheckFigures& figures = report.check.figures;
  page.heading("What the invariant checker found in the history");
  page.good(figures.oversold_units == 0,
            fmt::format("{} units oversold", grouped(figures.oversold_units)));
  page.good(report.check.holds(),
            fmt::format("{} violations in {} operations", grouped(report.check.violation_count),
                        grouped(figures.lines)));
  page.good(figures.events_lost == 0,
            fmt::format("{} of {} events lost", grouped(figures.events_lost),
                        grouped(figures.events_published)));
  page.line("       {} charges, {} refunds; {} repeated requests answered with the first answer",
            grouped(figures.charges), grouped(figures.refunds),
            grouped(figures.duplicates_replayed));
  constexpr std::size_t shown = 10;
  for (std::size_t i = 0; i < std::min(shown, report.check.violations.size()); ++i) {
    page.line("       {}", escaped(to_string(report.check.violations[i])));
  }
  if (!report.trouble.empty()) page.good(false, escaped(report.trouble));
}

/// With several threads the clock is that of the latest thing taken, and runs ahead of what is
/// still under way: then these times are longer than any customer waited.
bool clock_runs_ahead(const ReplayOptions& options) { return options.threads > 1; }

void histogram_part(Page& page, const ReplayReport& report, const ReplayOptions& options) {
  page.heading(clock_runs_ahead(options)
                   ? "From click to answer (virtual time; several threads: the clock runs ahead)"
                   : "From click to answer (virtual time)");
  constexpr std::array<std::int64_t, 9> upto{0,    500,  1000,   1500,     2000,
                                             3000, 5000, 60'000, 3'600'000};
  std::uint64_t most = 1;
  std::vector<std::uint64_t> counts;
  auto from = report.saga_ms.begin();
  for (const std::int64_t limit : upto) {
    const auto to = std::upper_bound(from, report.saga_ms.end(), limit);
    counts.push_back(static_cast<std::uint64_t>(to - from));
    most = std::max(most, counts.back());
    from = to;
  }
  for (std::size_t i = 0; i < upto.size(); ++i) {
    page.line("  <= {:>9} ms {:>10}  {}", grouped(upto[i]), grouped(counts[i]),
              bar(counts[i], most, 40));
  }
  const auto longer = static_cast<std::uint64_t>(report.saga_ms.end() - from);
  if (longer > 0) page.line("  longer          {:>10}  {}", grouped(longer), bar(longer, most, 40));
}

void targets_part(Page& page, const ReplayReport& report, const ReplayOptions& options) {
  page.heading("The document's targets beside what was seen");
  const auto row = [&](std::string_view what, double seen, double target, std::string_view unit) {
    page.good(seen < target,
              fmt::format("{:<44} {:>10.3f} {}  (target < {} {})", what, seen, unit, target, unit));
  };
  if (clock_runs_ahead(options)) {
    page.line("  -    checkout (virtual): to be seen with one thread only");
  } else {
    row("checkout p50 (virtual)", seconds(report.latency_ns_saga.at("p50")), 2, "s");
    row("checkout p95 (virtual)", seconds(report.latency_ns_saga.at("p95")), 5, "s");
    row("checkout p99 (virtual)", seconds(report.latency_ns_saga.at("p99")), 10, "s");
  }
  row("reserve p50 (real)", 1e3 * seconds(report.latency_ns_reserve.at("p50")), 80, "ms");
  row("reserve p95 (real)", 1e3 * seconds(report.latency_ns_reserve.at("p95")), 150, "ms");
  row("reserve p99 (real)", 1e3 * seconds(report.latency_ns_reserve.at("p99")), 300, "ms");
}

void lists_part(Page& page, const ReplayReport& report) {
  page.heading("Slowest orders");
  for (const SlowOrder& order : report.slowest) {
    page.line("  {:<20} {:>12.1f} s  {}", escaped(order.invoice),
              1e-3 * static_cast<double>(order.ms), order.outcome);
  }
  page.heading("Most contended SKUs (reserves refused for want of them)");
  for (const auto& [sku, count] : report.contended)
    page.line("  {:<20} {:>12}", escaped(sku), grouped(count));
  if (report.contended.empty()) page.line("  none");
}

}  // namespace

std::string report_page(const ReplayReport& report, const ReplayOptions& options, bool colour) {
  Page page(colour);
  orders_part(page, report);
  stock_part(page, report.check.figures);
  proof_part(page, report);
  histogram_part(page, report, options);
  targets_part(page, report, options);
  lists_part(page, report);
  page.line("\n  seed {}, {} thread(s), {:.2f} s wall, {:.2f} s cpu", options.seed, options.threads,
            report.wall_seconds, report.cpu_seconds);
  return page.take();
}

}  // namespace invsaga::tools
