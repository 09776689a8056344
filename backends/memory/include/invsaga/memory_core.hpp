// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <invsaga/backend.hpp>
#include <invsaga/catalog.hpp>
#include <invsaga/memory_component.hpp>
#include <invsaga/reference/claim_table.hpp>
#include <invsaga/reference/ledger.hpp>
#include <invsaga/reference/outbox_queue.hpp>
#include <invsaga/reference/run_table.hpp>
#include <invsaga/result.hpp>

namespace invsaga {
inline namespace v0 {

/// Bounds of a memory backend, and the key of its tables. Constant for its life.
struct MemoryLimits {
  StoreLimits store{};    ///< Of the stock; as `Ledger` requires them.
  Retention retention{};  ///< Of requests and their answers; as `ClaimTable` requires it.
  RunLimits runs{};       ///< Of runs and their records.
  OutboxLimits outbox{};  ///< Of events that are not acknowledged.
  HashKey hash_key{};     ///< As `keyed_hash.hpp` says.
};

/// The names of a memory backend's rows, as `NamesRows` says. They take no lock of the backend's.
class MemoryRows {
 public:
  result<Row> intern(std::string_view store, std::string_view product) {
    return rows_.intern(store, product);
  }
  [[nodiscard]] std::optional<Row> find(std::string_view store,
                                        std::string_view product) const noexcept {
    return rows_.find(store, product);
  }
  [[nodiscard]] std::optional<RowName> name(Row row) const noexcept { return rows_.name(row); }

 protected:
  explicit MemoryRows(const MemoryLimits& limits)
      : rows_({.max_rows = limits.store.max_rows}, limits.hash_key) {}
  ~MemoryRows() = default;
  [[nodiscard]] const Catalog& rows() const noexcept { return rows_; }

 private:
  Catalog rows_;
};

/// The parts of a memory backend, and what is one append over them. For one thread at a time:
/// `MemoryBackend` holds the lock.
class MemoryCore {
 public:
  /// `rows` is borrowed.
  MemoryCore(const MemoryLimits& limits, const Catalog& rows)
      : ledger(limits.store, limits.hash_key),
        claims(limits.retention, limits.hash_key),
        runs(limits.runs, limits.hash_key),
        outbox(limits.outbox, limits.hash_key),
        limits_{limits.runs.max_record_bytes, limits.outbox.max_event_bytes, max_answer_bytes,
                limits.outbox.max_events, limits.runs.max_runs},
        rows_(rows) {}

  Ledger ledger;
  ClaimTable claims;
  RunTable runs;
  OutboxQueue outbox;

  void advance_to(Time time) noexcept;
  [[nodiscard]] WriteLimits write_limits() const noexcept { return limits_; }

  /// The semantics of `Backend`. All or nothing: what could fail is found before anything is
  /// changed.
  result<WriteReply> write(const Write& write);
  result<AdjustAnswer> adjust(const Adjust& adjust, std::span<ShortLine> shorts);
  result<Answer> apply(const Operation& operation);
  result<void> forget(RunId run);
  result<std::vector<StockCounters>> snapshot(std::span<const Row> rows);

  /// What the last `apply` did to the stock. Borrowed as `Ledger::last` says.
  [[nodiscard]] const LedgerTrace& last() const noexcept { return last_; }
  /// Whether the stock gave the last answer. A repeat may get it from the run's record alone, when
  /// the stock would say something else by now: then the stock did nothing that could be told.
  [[nodiscard]] bool stock_answered() const noexcept { return stock_answered_; }

 private:
  [[nodiscard]] result<void> room_for(const Write& write) const noexcept;
  [[nodiscard]] result<void> room_for(RunId run, std::span<const PreparedRecord> records,
                                      WritePart part,
                                      std::span<const PreparedRecord> before) const noexcept;
  result<WriteReply> try_write(const Write& write);
  result<Answer> prepare(const Operation& operation, std::span<ShortLine> shorts);
  result<ClaimAnswer> prepare(const ClaimEffect& effect);
  static Claim bound(const ClaimEffect& effect) noexcept;
  void bind(const ClaimEffect& effect) noexcept;
  result<void> reserve(RunId run, std::span<const PreparedRecord> head,
                       std::span<const PreparedRecord> tail, Time at);
  result<WriteReply> write_again(const Write& write);
  void look_back(const Operation& operation, StockDecision decision);
  bool remembers(const Operation& operation);
  void keep(RunId run, std::span<const PreparedRecord> records, Stamp&& stamp) noexcept;
  void confirm() noexcept;

  struct Confirmed {
    RequestKey request;
    std::uint64_t epoch;
    std::vector<std::byte> answer;
  };

  WriteLimits limits_;
  const Catalog& rows_;
  std::vector<Confirmed> confirmed_;  // by the write under way
  LedgerTrace last_;
  bool stock_answered_ = true;
};

}  // namespace v0
}  // namespace invsaga
