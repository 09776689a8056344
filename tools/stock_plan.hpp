// SPDX-License-Identifier: Apache-2.0
//
// The stock of a replay: what is there at the start, and what arrives while it runs. Only orders
// are demand; all their units are, whatever becomes of them. Days are UTC calendar days.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/time.hpp>

#include "issue.hpp"
#include "orders_file.hpp"
#include "parsed.hpp"
#include "timestamp.hpp"

namespace invsaga::tools {

/// `--stock`: a SKU opens with the units ordered on the first day on which it is ordered and the
/// `days - 1` days after it; or with what a file says.
struct StockOption {
  std::int64_t days = 30;  ///< At least 1.
  std::string file;        ///< If not empty, it counts instead of `days`.
};

/// `--restock`: what is ordered on a day arrives at 00:00 of the day so many days later.
struct RestockOption {
  std::int64_t lead_days = 3;  ///< At least 1, or 0: nothing ever arrives.
};

/// `days=N` with N from 1 to 2^31-1, else the name of a file (one whose name starts with `days=` is
/// named `./days=...`). Standard input is the orders', so `-` is a fault, as is no name.
Parsed<StockOption> parse_stock_option(std::string_view text);
/// `lead=N` with N from 1 to 2^31-1, or `none`.
Parsed<RestockOption> parse_restock_option(std::string_view text);

/// All that arrives at one instant: one day's orders.
struct Arrival {
  Day ordered;  ///< The day on which its units were ordered; at most one arrival has it.
  Time at;
  std::size_t first_line = 0;  ///< In `StockPlan::arrival_lines`.
  std::size_t line_count = 0;  ///< At least 1.
};

/// What every SKU opens with and what arrives. All quantities are above 0, lines are by ascending
/// number of the SKU, none has a SKU twice.
struct StockPlan {
  std::vector<SkuLine> opening;
  std::vector<Arrival> arrivals;  ///< By time; none after the day of the last invoice.
  std::vector<SkuLine> arrival_lines;
  std::int64_t opening_units = 0;
  std::int64_t restocked_units = 0;

  [[nodiscard]] std::span<const SkuLine> lines_of(const Arrival& arrival) const {
    return std::span{arrival_lines}.subspan(arrival.first_line, arrival.line_count);
  }
};

/// Plans the stock for `orders`; reads the stock file if one is named, whose new SKUs are added to
/// `orders.skus`. No value: the stock file is refused, or there are SKUs whose units, opening and
/// restocked and returned (as if all returns were accepted), are past 2^31-1; each is an issue that
/// names it. `options` bounds the stock file.
Loaded<StockPlan> plan_stock(Orders& orders, const StockOption& stock, const RestockOption& restock,
                             const ReadOptions& options = {});

}  // namespace invsaga::tools
