// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>

#include <invsaga/history/checker.hpp>
#include <invsaga/history/history.hpp>

namespace invsaga::tools {

/// Numbers what happens, in the order in which it is told, writes it to a file if one is named, and
/// has it checked. Safe from any thread; calls nothing but the checker and the file.
class HistoryLog {
 public:
  /// `path` empty: no file. `opened()` tells whether the file could be made. `now`: the store's
  /// clock, by which all lines are dated; not called before the first `tell`.
  HistoryLog(const HistoryHeader& header, const std::string& path, std::function<Time()> now);
  [[nodiscard]] bool opened() const noexcept { return path_.empty() || file_.good(); }

  /// Real nanoseconds since the start.
  [[nodiscard]] std::int64_t elapsed_ns() const noexcept;

  /// What happens now. Not from within the store.
  void tell(HistoryLine line);
  /// A line that is dated already, whose call began at `line.t0`, or now, and has been answered
  /// now.
  void add(HistoryLine line);
  /// A line that took effect now and is not answered yet: its number, for `close`.
  std::uint64_t open(HistoryLine line);
  void close(std::uint64_t n, std::int64_t t1);

  /// Checks what only the end can show, and closes the file. Every line must be closed. The report
  /// lives as long as this. False if the file could not be written.
  bool finish(const CheckReport*& report);

 private:
  struct Open {
    HistoryLine line;
    bool closed = false;
  };
  std::uint64_t push(HistoryLine&& line, bool closed);
  void flush();

  std::mutex mutex_;
  std::chrono::steady_clock::time_point start_;
  std::string path_;
  std::function<Time()> now_;
  std::ofstream file_;
  std::string text_;
  InvariantChecker checker_;
  std::deque<Open> open_;  ///< Lines from `first_` on, in order.
  std::uint64_t first_ = 1;
  std::uint64_t next_ = 1;
};

}  // namespace invsaga::tools
