// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <invsaga/history/checker.hpp>

#include "issue.hpp"
#include "orders_file.hpp"
#include "replay_options.hpp"
#include "stock_plan.hpp"

namespace invsaga::tools {

/// An order that took long, for people.
struct SlowOrder {
  std::string invoice;
  std::int64_t ms = 0;
  std::string outcome;
};

/// What came of a replay. The sums are the checker's, counted over the history.
struct ReplayReport {
  std::size_t orders = 0, lines = 0, bad_lines = 0;
  CheckReport check;
  std::map<std::string, std::int64_t> latency_ns_reserve,
      latency_ns_commit;                                ///< p50 p95 p99 p999, real
  std::map<std::string, std::int64_t> latency_ns_saga;  ///< the same, virtual
  std::vector<std::int64_t> saga_ms;                    ///< Of every order, ascending.
  std::vector<SlowOrder> slowest;
  std::vector<std::pair<std::string, std::uint64_t>> contended;  ///< SKUs by refused reserves.
  double wall_seconds = 0, cpu_seconds = 0;
  std::string trouble;  ///< Not empty: something outside the history failed, e.g. the file could
                        ///< not be written.

  /// 0: nothing was oversold, lost or violated; else 1.
  [[nodiscard]] int exit_status() const;
};

/// Replays the orders. They and the plan belong together (`plan_stock`). `progress` is told how
/// many invoices of all are begun, from any thread.
ReplayReport replay(const Orders& orders, const StockPlan& plan, const ReplayOptions& options,
                    const std::function<void(std::size_t, std::size_t)>& progress);

}  // namespace invsaga::tools
