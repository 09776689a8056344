// SPDX-License-Identifier: Apache-2.0
#include "history_log.hpp"

#include <utility>

namespace invsaga::tools {
namespace {
constexpr std::size_t block = std::size_t{1} << 20;
}  // namespace

HistoryLog::HistoryLog(const HistoryHeader& header, const std::string& path,
                       std::function<Time()> now)
    : start_(std::chrono::steady_clock::now()),
      path_(path),
      now_(std::move(now)),
      checker_(header) {
  if (path_.empty()) return;
  file_.open(path_, std::ios::binary | std::ios::trunc);
  write_history(header, text_);
}

std::int64_t HistoryLog::elapsed_ns() const noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() -
                                                              start_)
      .count();
}

/// The clock is read between call and answer, as the store reads it.
void HistoryLog::tell(HistoryLine line) {
  if (line.t0 == 0) line.t0 = elapsed_ns();
  line.at = now_();
  add(std::move(line));
}

void HistoryLog::add(HistoryLine line) {
  line.t1 = elapsed_ns();
  if (line.t0 == 0) line.t0 = line.t1;
  const std::lock_guard lock(mutex_);
  push(std::move(line), true);
  flush();
}

std::uint64_t HistoryLog::open(HistoryLine line) {
  const std::lock_guard lock(mutex_);
  return push(std::move(line), false);
}

std::uint64_t HistoryLog::push(HistoryLine&& line, bool closed) {
  line.n = next_++;
  open_.push_back({std::move(line), closed});
  return open_.back().line.n;
}

void HistoryLog::close(std::uint64_t n, std::int64_t t1) {
  const std::lock_guard lock(mutex_);
  Open& entry = open_[static_cast<std::size_t>(n - first_)];
  entry.line.t1 = t1;
  entry.closed = true;
  flush();
}

void HistoryLog::flush() {
  for (; !open_.empty() && open_.front().closed; open_.pop_front(), ++first_) {
    const HistoryLine& line = open_.front().line;
    checker_.add(line, line.n + 1);
    if (!path_.empty()) write_history(line, text_);
  }
  if (text_.size() < block) return;
  file_.write(text_.data(), static_cast<std::streamsize>(text_.size()));
  text_.clear();
}

bool HistoryLog::finish(const CheckReport*& report) {
  const std::lock_guard lock(mutex_);
  flush();
  report = &checker_.finish();
  if (path_.empty()) return true;
  file_.write(text_.data(), static_cast<std::streamsize>(text_.size()));
  text_.clear();
  file_.close();
  return file_.good();
}

}  // namespace invsaga::tools
