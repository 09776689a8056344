// SPDX-License-Identifier: Apache-2.0
//
// The sequential model of a whole backend: what one append over stock, runs, requests and outbox
// comes to, written as plainly as it can be. For one thread; no lock, no clock, no room that could
// run out between two parts.
//
// Of the stock alone there is a plainer one yet, which shares no rule with the library:
// `StockModel` (stock_model.hpp). `find_divergence` (model_check.hpp) compares a store with that
// one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <invsaga/backend.hpp>
#include <invsaga/reference/claim_table.hpp>
#include <invsaga/reference/ledger.hpp>
#include <invsaga/reference/outbox_queue.hpp>
#include <invsaga/reference/run_table.hpp>
#include <invsaga/testing/model_check.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// A Backend, and a ReservationStore. Events that the outbox would refuse are found beforehand, so
/// that such a call changes nothing; room for records is taken for granted. One thread.
class BackendModel {
 public:
  static constexpr Capabilities capabilities{
      .linearizable = true, .multi_row_atomic = true, .atomic_effects = true};

  explicit BackendModel(const StoreLimits& limits = {}, const Retention& retention = {})
      : ledger_(limits), claims_(retention) {}

  [[nodiscard]] const StoreLimits& limits() const noexcept { return ledger_.limits(); }
  [[nodiscard]] Time now() const noexcept { return ledger_.now(); }
  void advance_to(Time time) {
    ledger_.advance_to(time);
    claims_.advance_to(time);
  }

  result<ReserveAnswer> reserve(const Reserve& reserve, std::span<ShortLine> shorts) {
    return ledger_.reserve(reserve, shorts);
  }
  result<CommitAnswer> commit(const Commit& commit) { return ledger_.commit(commit); }
  result<ReleaseAnswer> release(const Release& release) { return ledger_.release(release); }
  result<ExtendAnswer> extend(const Extend& extend) { return ledger_.extend(extend); }
  result<AdjustAnswer> adjust(const Adjust& adjust, std::span<ShortLine> shorts) {
    return ledger_.adjust(adjust, shorts);
  }
  result<void> acknowledge_sale(ReservationId id) { return ledger_.acknowledge_sale(id); }
  result<StockCounters> stock(Row row) { return ledger_.stock(row); }

  result<Applied> apply(const Operation& operation, const Effects& effects,
                        std::span<ShortLine> shorts);
  result<Position> append(RunId run, Position at, const RunRecord& record);
  /// Nothing is ever missing.
  result<void> settle(RunId, const std::vector<RunRecord>&) { return success(); }

  result<std::vector<RunRecord>> read(RunId run) { return runs_.read(run); }
  result<std::vector<RunId>> unfinished(RunId after, std::size_t limit) {
    return runs_.unfinished(after, limit);
  }
  result<void> forget(RunId run) { return runs_.forget(run); }

  result<ClaimAnswer> claim(const Claim& claim) { return claims_.claim(claim); }
  result<void> extend_claim(RequestKey key, std::uint64_t epoch, Time lease_until) {
    return claims_.extend_claim(key, epoch, lease_until);
  }
  result<void> confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer) {
    return claims_.confirm_claim(key, epoch, answer);
  }
  result<void> release_claim(RequestKey key, std::uint64_t epoch) {
    return claims_.release_claim(key, epoch);
  }

  result<bool> put(const Event& event) { return outbox_.put(event); }
  result<std::vector<Event>> pending(std::size_t limit) { return outbox_.pending(limit); }
  result<void> acknowledge_event(RunId run, std::uint64_t sequence) {
    return outbox_.acknowledge_event(run, sequence);
  }

 private:
  result<Applied> apply_again(const Operation& operation, const Effects& effects,
                              std::span<ShortLine> shorts);
  result<void> write(RunId run, Position at, const RunRecord& record);

  Ledger ledger_;
  ClaimTable claims_;
  RunTable runs_;
  OutboxQueue outbox_;
};
static_assert(Backend<BackendModel>);
static_assert(ReservationStore<BackendModel>);

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
