// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <invsaga/reference/ledger.hpp>

#include "deadline_heap.hpp"
#include "ledger_records.hpp"
#include "remembered_ids.hpp"
#include "stock_rows.hpp"

namespace invsaga {
inline namespace v0 {

/// What a ledger keeps: rows, what is remembered of each id, and the live holds by deadline.
///
/// A hold's record waits in `live_` until its one terminal transition, and among the forgettable
/// ones from when rule 5 of the protocol lets it go; a committed one that nobody acknowledged waits
/// in neither.
class Ledger::Core {
 public:
  Core(const StoreLimits& limits, HashKey key) : limits_(limits), holds_(key), adjusts_(key) {}

  [[nodiscard]] const StoreLimits& limits() const noexcept { return limits_; }
  [[nodiscard]] Time now() const noexcept { return now_; }
  void advance_to(Time time) noexcept { now_ = std::max(now_, time); }
  [[nodiscard]] std::optional<Time> next_expiry() const noexcept {
    return live_.empty() ? std::nullopt : std::optional(live_.top().due);
  }
  [[nodiscard]] const StockRows& rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t remembered() const noexcept { return holds_.size() + adjusts_.size(); }
  [[nodiscard]] const LedgerTrace& last() const noexcept { return last_; }

  /// Brings everything up to now. First in every call: what follows sees no hold past its deadline
  /// and no id past its grace.
  void begin();

  // What is answered, with all the room that its effect takes, and nothing else. Then the effect.
  result<ReserveAnswer> reserve(const Reserve& reserve, std::span<ShortLine> lent);
  result<CommitAnswer> commit(const Commit& commit);
  result<ReleaseAnswer> release(const Release& release);
  result<ExtendAnswer> extend(const Extend& extend);
  result<AdjustAnswer> adjust(const Adjust& adjust, std::span<ShortLine> lent);
  void take_effect() noexcept;

  void acknowledge_sale(ReservationId id) noexcept;
  std::optional<RememberedReservation> find(ReservationId id);
  [[nodiscard]] KnownId known(ReservationId id) const noexcept;
  [[nodiscard]] bool knows(AdjustId id) const noexcept;

 private:
  using Holds = RememberedIds<HoldRecord>;
  using Adjusts = RememberedIds<AdjustRecord>;

  /// What an operation that was answered will do. It owns all that this takes.
  struct Effect {
    enum class Kind : std::uint8_t { none, hold, sell, give_back, tombstone, prolong, adjust };
    Kind kind = Kind::none;
    bool takes_room = false;     ///< Another id has to be forgotten for it.
    HoldRecord* hold = nullptr;  ///< What is known already; else `made` is.
    Holds::Fresh made{};
    Adjusts::Fresh adjust{};
    std::vector<Line> part{}, back{};  ///< Of a sale, if not all of it is sold.
    Time until{};                      ///< What a hold is prolonged to.
  };

  // What operations have in common.
  result<std::span<const Line>> merged(std::span<const Line> lines);
  result<void> find_room();
  void use_room() noexcept;
  void remember(HoldRecord& record, KnownId known) noexcept;

  // What they come to, once they are judged.
  [[nodiscard]] bool is_same(const HoldRecord& record, Time until) const noexcept;
  result<ReserveAnswer> take(const Reserve& reserve, std::span<ShortLine> lent);
  ReserveAnswer reserved_again(const HoldRecord& record);
  ReserveAnswer refused_again(const HoldRecord& record, std::span<ShortLine> lent);
  result<CommitAnswer> prepare_sale(HoldRecord& record);
  result<CommitAnswer> committed_again(const HoldRecord& record);
  result<ReleaseAnswer> leave_tombstone(ReservationId id, HoldRecord* refused);
  void expire(HoldRecord& record) noexcept;
  result<AdjustAnswer> change(const Adjust& adjust, std::span<ShortLine> lent);
  AdjustAnswer adjusted_again(const AdjustRecord& record, const Adjust& adjust,
                              std::span<ShortLine> lent);
  AdjustAnswer decided(const AdjustRecord& record, std::span<ShortLine> lent);

  // What they do then.
  void hold() noexcept;
  void sell(HoldRecord& record) noexcept;
  void give_back(HoldRecord& record) noexcept;
  void leave_tombstone() noexcept;
  void prolong(HoldRecord& record) noexcept;
  void adjust() noexcept;

  StoreLimits limits_;
  Time now_;
  std::uint64_t records_made_ = 0;
  StockRows rows_;
  Holds holds_;
  Adjusts adjusts_;
  DeadlineHeap<HoldRecord> live_;
  Effect effect_;

  // What the last call did, and what it points into.
  LedgerTrace last_;
  std::vector<ExpiredHold> expired_;
  std::vector<Line> scratch_;
  Holds::Graveyard gone_holds_;
  Adjusts::Graveyard gone_adjusts_;
};

}  // namespace v0
}  // namespace invsaga
