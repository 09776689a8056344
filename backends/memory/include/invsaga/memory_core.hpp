// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <invsaga/backend.hpp>
#include <invsaga/reference/claim_table.hpp>
#include <invsaga/reference/ledger.hpp>
#include <invsaga/reference/outbox_queue.hpp>
#include <invsaga/reference/run_table.hpp>
#include <invsaga/result.hpp>

namespace invsaga {
inline namespace v0 {

/// Bounds of a memory backend. Constant for its life.
struct MemoryLimits {
  StoreLimits store;    ///< Of the stock; as `Ledger` requires them.
  Retention retention;  ///< Of requests and their answers; as `ClaimTable` requires it.
  RunLimits runs;       ///< Of runs and their records.
  OutboxLimits outbox;  ///< Of events that are not acknowledged.
};

/// The parts of a memory backend, and what is one append over them. For one thread at a time:
/// `MemoryBackend` holds the lock.
class MemoryCore {
 public:
  explicit MemoryCore(const MemoryLimits& limits)
      : ledger(limits.store), claims(limits.retention), runs(limits.runs), outbox(limits.outbox) {}

  Ledger ledger;
  ClaimTable claims;
  RunTable runs;
  OutboxQueue outbox;

  void advance_to(Time time) noexcept;

  /// The semantics of `Backend`. All or nothing: what could fail is found before anything is
  /// changed.
  result<Applied> apply(const Operation& operation, const Effects& effects,
                        std::span<ShortLine> shorts);
  result<Position> append(RunId run, Position at, const RunRecord& record);
  result<void> forget(RunId run);

  /// What the last `apply` did to the stock. Borrowed as `Ledger::last` says.
  [[nodiscard]] const LedgerTrace& last() const noexcept { return last_; }
  /// Whether the stock gave the last answer. A repeat may get it from the run's record alone, when
  /// the stock would say something else by now: then the stock did nothing that could be told.
  [[nodiscard]] bool stock_answered() const noexcept { return stock_answered_; }

 private:
  [[nodiscard]] result<void> room_for(RunId run, const RunRecord& record,
                                      std::size_t more_bytes = 0) const noexcept;
  result<Answer> ask(const Operation& operation, std::span<ShortLine> shorts);
  result<Applied> apply_again(const Operation& operation, const Effects& effects,
                              std::span<ShortLine> shorts);
  void look_back(const Operation& operation, const RunRecord& found);
  bool remembers(const Operation& operation);
  void keep(RunId run, Position at, const RunRecord& record);
  void tell_claim(const RunRecord& record);

  LedgerTrace last_;
  bool stock_answered_ = true;
};

}  // namespace v0
}  // namespace invsaga
