// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>

#include <invsaga/keyed_hash.hpp>
#include <invsaga/saga_runner.hpp>

#include "checkout/checkout.hpp"
#include "history_log.hpp"
#include "replay_options.hpp"
#include "timeline.hpp"

namespace invsaga::tools {

/// The payment gateway of the replay: answers after the document's percentiles, in virtual time,
/// and keeps its word per id, whatever befalls a charge on the way. Safe from any thread.
class Gateway {
 public:
  /// Hears the final answer of a charge that was not answered at once.
  using Answered = std::function<void(RunId, CallId, const result<checkout::Receipt>&)>;

  Gateway(Timeline& timeline, HistoryLog& log, const ReplayOptions& options)
      : timeline_(timeline), log_(log), options_(options) {}

  /// Must be set before the first charge.
  void on_answer(Answered answered) { answered_ = std::move(answered); }

  /// One sending of a charge. The same step is the same charge.
  result<Reply<checkout::Receipt>> charge(const StepContext& step, const checkout::Order& order);
  /// Takes no time; bears the charge's id.
  void refund(const StepContext& step, const checkout::Receipt& receipt);

 private:
  struct Charge {
    bool silent_first = false;  ///< The first sending is never answered.
    Time answer_at;             ///< When the gateway knows.
    bool was_charged = false;   ///< What it then says.
    std::uint64_t sending = 0;
    std::uint64_t concluded = 0;  ///< So many sendings are answered, or known to be silent.
    bool answered = false;
    bool doubted = false;  ///< A sending was not answered in time.
    std::string invoice, amount;
  };

  void decide(Charge& charge, Time now) const;
  result<checkout::Receipt> answer(Charge& charge);
  void answer_later(RunId run, CallId call, std::uint64_t sending);
  void stay_silent(RunId run, std::uint64_t sending);
  void tell_silent(Charge& charge, std::uint64_t sending);
  void tell(HistoryOp op, HistoryAnswer answer, const std::string& invoice,
            const std::string& amount, bool repeat = false);

  Timeline& timeline_;
  HistoryLog& log_;
  const ReplayOptions& options_;
  Answered answered_;
  std::mutex mutex_;
  std::unordered_map<RunId, Charge, IdHash> charges_;
};

/// How long the gateway takes: the document's percentiles (1000, 1500, 2000, 4000 ms at p50, p90,
/// p95, p99), straight between them, 200 ms at 0 and 4.9 s at 1.
Duration gateway_latency(double drawn) noexcept;

}  // namespace invsaga::tools
