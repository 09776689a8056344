// SPDX-License-Identifier: Apache-2.0
//
// What the world outside of the service writes down: mails, and ends that it was told of.
#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include <invsaga/event.hpp>
#include <invsaga/hash.hpp>
#include <invsaga/result.hpp>
#include <invsaga/run_observer.hpp>

namespace invsaga::service_tests {

/// How often something came about for each run. Safe from any thread.
class Tally {
 public:
  void add(RunId run) {
    const std::lock_guard lock(mutex_);
    repeats_ += ++times_[run] > 1 ? 1 : 0;
  }
  [[nodiscard]] std::size_t runs() const {
    const std::lock_guard lock(mutex_);
    return times_.size();
  }
  [[nodiscard]] std::size_t repeats() const {
    const std::lock_guard lock(mutex_);
    return repeats_;
  }
  [[nodiscard]] bool has(RunId run) const {
    const std::lock_guard lock(mutex_);
    return times_.contains(run);
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<RunId, std::uint32_t> times_;
  std::size_t repeats_ = 0;
};

/// Sends a mail for each run that it is given. Every 50th cannot be sent at the first attempt, so
/// that there always are some that wait.
class MailServer {
 public:
  result<void> send(RunId run) {
    if (run.low % 50 == 0 && !is_known(run)) return Error{Errc::unavailable};
    sent.add(run);
    return success();
  }
  Tally sent;

 private:
  bool is_known(RunId run) {
    const std::lock_guard lock(mutex_);
    return !refused_.insert(run).second;
  }
  std::mutex mutex_;
  std::unordered_set<RunId> refused_;
};

/// Is told of ends, by whichever process there is.
class Ends final : public RunObserver {
 public:
  void ended(RunId run, const RunState&, const RunOutcome& outcome) override {
    (outcome.end == RunEnd::stuck ? stuck : told).add(run);
  }
  Tally told, stuck;
};

}  // namespace invsaga::service_tests
