// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <invsaga/forwarding.hpp>
#include <invsaga/keyed_hash.hpp>
#include <invsaga/memory.hpp>

#include "replay_options.hpp"
#include "stock_history.hpp"

namespace invsaga::tools {

/// What a store error of the replay is.
enum class StoreError : std::uint8_t {
  none,
  failed,   ///< It answers that it did not happen, and it did not.
  unknown,  ///< It answers that it may have happened, and it did not.
  lost,     ///< It answers that it may have happened, and it did.
};

/// Draws store errors: per call and attempt, at most three in a row. Safe from any thread.
class StoreErrors {
 public:
  StoreErrors(std::uint64_t seed, double rate) : seed_(seed), rate_(rate) {}
  /// `invoice` and `call` name the call; each time it is asked is the next attempt.
  StoreError befalls(std::string_view invoice, std::string_view call);

 private:
  struct Attempts {
    std::uint64_t count = 0;
    unsigned in_row = 0;
  };
  std::uint64_t seed_;
  double rate_;
  std::mutex mutex_;
  std::unordered_map<std::string, Attempts, TextHash, std::equal_to<>> attempts_;
};

/// Why an order came to nothing, in the words of the report; empty if it was completed.
std::string end_reason(const RunOutcome& outcome);

/// The memory backend as the replay uses it: what it does and what it is asked becomes the history,
/// its latencies are kept, and it has errors if that is wanted. There is no way to the memory
/// backend past the history: operations come with a write of a run, or by `adjust_stock`.
/// Everything borrowed outlives it.
class ReplayBackend final : private Forwarding<ReplayBackend, MemoryBackend<StockHistory>> {
  friend Forwarding;

 public:
  static constexpr Capabilities capabilities() noexcept {
    return MemoryBackend<StockHistory>::capabilities();
  }

  ReplayBackend(HistoryLog& log, const ReplayNames& names, const ReplayOptions& options,
                const MemoryLimits& limits);

  using Forwarding::acknowledge_event;
  using Forwarding::acknowledge_sale;
  using Forwarding::confirm_claim;
  using Forwarding::ended;
  using Forwarding::extend_claim;
  using Forwarding::find;
  using Forwarding::forget;
  using Forwarding::intern;
  using Forwarding::limits;
  using Forwarding::name;
  using Forwarding::now;
  using Forwarding::pending;
  using Forwarding::put;
  using Forwarding::read;
  using Forwarding::release_claim;
  using Forwarding::settle;
  using Forwarding::stock;
  using Forwarding::stuck;
  using Forwarding::unfinished;
  using Forwarding::write_limits;

  /// As the memory backend's, and told to the history.
  void submit(const Write& write, Completion<WriteReply> done) noexcept {
    done(this->write(write));
  }
  void claim(const Claim& claim, Completion<ClaimAnswer> done) noexcept;

  void advance_to(Time time) { memory_.advance_to(time); }
  [[nodiscard]] std::optional<Time> next_expiry() const { return memory_.next_expiry(); }
  result<std::size_t> expire_due() { return memory_.expire_due(); }
  result<std::vector<StockCounters>> snapshot(std::span<const Row> rows) {
    return memory_.snapshot(rows);
  }

  /// An adjust that belongs to no run, repeated at once until it is answered or cannot be.
  result<AdjustAnswer> adjust_stock(const AdjustName& name, std::string_view invoice,
                                    std::span<const Line> lines);

  /// Real nanoseconds of each answered call, by operation; in no order.
  struct Latencies {
    std::vector<std::int64_t> reserve, commit;
  };
  [[nodiscard]] Latencies latencies() const;
  /// The rows that refused most reserves: row and how often.
  [[nodiscard]] std::vector<std::pair<Row, std::uint64_t>> contended(std::size_t limit) const;

 private:
  result<WriteReply> write(const Write& write);
  result<WriteReply> call(const Write& write, CallNote& note);
  result<WriteReply> pass_on(const Write& write);
  void keep(const Operation& operation, const result<WriteReply>& reply, std::int64_t took);
  void tell_request(const Claim& claim, std::int64_t t0, HistoryAnswer answer);
  void tell_end(RunId run, const PreparedRecord& record);
  void tell_failure(const Operation& operation, const CallNote& note, HistoryAnswer answer);

  MemoryBackend<StockHistory> memory_;
  HistoryLog& log_;
  const ReplayNames& names_;
  StoreErrors errors_;
  std::mutex answers_;  ///< Held while a request is answered or a run ends: told in the order in
                        ///< which it is so.
  mutable std::mutex mutex_;  ///< Guards what follows.
  Latencies latencies_;
  std::unordered_map<std::uint32_t, std::uint64_t> refusals_;
};
static_assert(Backend<ReplayBackend> && !ReservationStore<ReplayBackend>);

}  // namespace invsaga::tools
