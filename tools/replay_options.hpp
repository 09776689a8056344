// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "stock_plan.hpp"

namespace invsaga::tools {

/// How often what befalls an order. Each from 0 to 1.
struct FaultRates {
  double declined = 0.06;
  double timed_out = 0.01;
  double unknown = 0.005;
  double sent_twice = 0.02;
  double redelivered = 0.01;
  double store_errors = 0;
};

struct ReplayOptions {
  std::string orders;   ///< A path, or `-`.
  std::string history;  ///< Where the history is written; empty: it is checked only.
  StockOption stock;
  RestockOption restock;
  std::string stock_text = "days=30";  ///< As it was given.
  std::string restock_text = "lead=3";
  std::int64_t hold_s = 900;
  FaultRates faults;
  std::uint64_t seed = 1;
  unsigned threads = 1;
  bool skip_bad_lines = false;
  bool json = false;
};

/// The options that decide what happens, as one JSON object on one line.
std::string to_json(const ReplayOptions& options);

}  // namespace invsaga::tools
