// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "report.hpp"

namespace invsaga::tools {
namespace {

using Json = nlohmann::ordered_json;

Json rates(const FaultRates& faults) {
  return {{"declined", faults.declined},       {"timed_out", faults.timed_out},
          {"unknown", faults.unknown},         {"sent_twice", faults.sent_twice},
          {"redelivered", faults.redelivered}, {"store_errors", faults.store_errors}};
}

Json options_json(const ReplayOptions& options) {
  return {{"stock", options.stock_text},
          {"restock", options.restock_text},
          {"hold", options.hold_s},
          {"faults", rates(options.faults)},
          {"skip_bad_lines", options.skip_bad_lines}};
}

/// Always with a number of seconds, also if it is 0: a reader asks for no less.
double per_second(std::size_t orders, double seconds) {
  return seconds > 0 ? static_cast<double>(orders) / seconds : 0;
}

void add_figures(Json& out, const CheckFigures& figures) {
  out["completed"] = figures.completed;
  out["compensated"] = Json::object();
  for (const char* reason : {"out_of_stock", "declined", "payment_failed", "hold_expired"}) {
    out["compensated"][reason] = std::uint64_t{0};
  }
  for (const auto& [reason, count] : figures.compensated) out["compensated"][reason] = count;
  out["stuck"] = figures.stuck;
  out["returns"] = {{"accepted", figures.returns_accepted}, {"refused", figures.returns_refused}};
  out["adjustments"] = {{"accepted", figures.adjustments_accepted},
                        {"refused", figures.adjustments_refused}};
  out["opening_units"] = figures.opening_units;
  out["restocked_units"] = figures.restocked_units;
  out["returned_units"] = figures.returned_units;
  out["written_off_units"] = figures.written_off_units;
  out["sold_units"] = figures.sold_units;
  out["on_hand_units_at_end"] = figures.on_hand_units;
  out["reserved_units_at_end"] = figures.reserved_units;
  out["charges"] = figures.charges;
  out["refunds"] = figures.refunds;
}

/// What was given on the command line may be no UTF-8.
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string to_json(const ReplayOptions& options) { return text_of(options_json(options)); }

std::string report_json(const ReplayReport& report, const ReplayOptions& options) {
  Json out;
  out["orders"] = report.orders;
  out["lines"] = report.lines;
  out["bad_lines"] = report.bad_lines;
  add_figures(out, report.check.figures);
  out["oversold_units"] = report.check.figures.oversold_units;
  out["invariant_violations"] = report.check.violation_count;
  out["events_lost"] = report.check.figures.events_lost;
  out["events_published"] = report.check.figures.events_published;
  out["duplicates_replayed"] = report.check.figures.duplicates_replayed;
  out["seed"] = options.seed;
  out["threads"] = options.threads;
  out["options"] = options_json(options);
  out["wall_seconds"] = report.wall_seconds;
  out["cpu_seconds"] = report.cpu_seconds;
  out["orders_per_second"] = per_second(report.orders, report.wall_seconds);
  out["latency_ns"] = {{"reserve", report.latency_ns_reserve},
                       {"commit", report.latency_ns_commit},
                       {"saga", report.latency_ns_saga}};
  if (!report.trouble.empty()) out["trouble"] = report.trouble;
  return text_of(out);
}

}  // namespace invsaga::tools
