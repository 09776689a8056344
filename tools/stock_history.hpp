// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <invsaga/backend.hpp>

#include "history_log.hpp"
#include "replay_names.hpp"

namespace invsaga::tools {

/// What the caller of an operation knows of it beside the operation; handed to the recorder by
/// `Write::context`.
struct CallNote {
  std::string id;   ///< Of an adjust: its text. The others have theirs in `ReplayNames`.
  std::string run;  ///< The invoice, if there is one.
  std::string step;
  std::int64_t t0 = 0;
  bool lost = false;    ///< The caller will not hear the answer.
  std::uint64_t n = 0;  ///< Out: the line, once it took effect.
};

/// The line of an operation without its answer.
HistoryLine line_of(const RecordedOperation& operation, const CallNote& note,
                    const ReplayNames& names);

/// The recorder of the store: each operation becomes a line at the instant of its effect. Borrows
/// both.
class StockHistory {
 public:
  StockHistory(HistoryLog& log, const ReplayNames& names) : log_(&log), names_(&names) {}
  void record(const StockRecord& record) noexcept;

 private:
  HistoryLog* log_;
  const ReplayNames* names_;
};

static_assert(Recorder<StockHistory>);

}  // namespace invsaga::tools
