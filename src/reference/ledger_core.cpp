// SPDX-License-Identifier: Apache-2.0
#include "ledger_core.hpp"

#include <utility>

#include <invsaga/detail/loop_bound.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

bool equal(std::span<const Line> one, std::span<const Line> other) noexcept {
  return std::ranges::equal(one, other);
}

std::vector<Line> copy(std::span<const Line> lines) { return {lines.begin(), lines.end()}; }

/// What is left of `whole` without `part`. Both merged, `part` within `whole`.
std::vector<Line> rest_of(std::span<const Line> whole, std::span<const Line> part) {
  std::vector<Line> rest;
  auto taken = part.begin();
  for (const Line& line : whole) {
    const bool is_taken = taken != part.end() && taken->row == line.row;
    const Units left = line.quantity - (is_taken ? taken++->quantity : 0);
    if (left > 0) rest.push_back({line.row, left});
  }
  INVSAGA_ASSERT(taken == part.end(), "a part lies within its whole");
  return rest;
}

KnownId known_of(const HoldRecord* record) noexcept {
  return record == nullptr ? KnownId::unknown : record->known;
}

std::optional<ReservationState> state_of(KnownId known) noexcept {
  switch (known) {
    case KnownId::reserved:
      return ReservationState::reserved;
    case KnownId::committed:
      return ReservationState::committed;
    case KnownId::released:
      return ReservationState::released;
    case KnownId::expired:
      return ReservationState::expired;
    case KnownId::unknown:
    case KnownId::refused:
    case KnownId::tombstoned:
      return std::nullopt;
  }
  INVSAGA_UNREACHABLE("an id that is known in no way");
}

/// Modulo 2^64, which is enough to compare sums.
std::uint64_t units_of(std::span<const Line> lines) noexcept {
  std::uint64_t units = 0;
  for (const Line& line : lines) units += static_cast<std::uint64_t>(line.quantity);
  return units;
}

}  // namespace

// --- what operations have in common --------------------------------------------------------------

void Ledger::Core::begin() {
  last_ = {};
  expired_.clear();
  gone_holds_.clear();
  gone_adjusts_.clear();
  LoopBound turns(live_.size());
  while (!live_.empty() && live_.top().due <= now_) {
    turns.take("what expires is live no more");
    expire(live_.top());
  }
  holds_.forget_due(now_, limits_.grace, gone_holds_);
  adjusts_.forget_due(now_, limits_.grace, gone_adjusts_);
  last_.expired = expired_;
}

/// The lines, checked and merged: as they are, or in `scratch_`.
result<std::span<const Line>> Ledger::Core::merged(std::span<const Line> lines) {
  INVSAGA_TRY(const bool as_they_are, check_lines(lines, limits_.max_units));
  if (!as_they_are) {
    scratch_.assign(lines.begin(), lines.end());
    INVSAGA_TRY(lines, merge_lines(scratch_, limits_.max_units));
  }
  const std::uint64_t rows = std::uint64_t{lines.back().row.index} + 1;
  if (rows > limits_.max_rows) return over_limit(Limit::rows, rows, limits_.max_rows);
  return lines;
}

/// Makes sure that one more id can be remembered. Of the ids in their grace, the one that may go
/// longest goes first.
result<void> Ledger::Core::make_room() {
  if (remembered() < limits_.max_records) return success();
  const HoldRecord* const hold = holds_.first_to_forget();
  const AdjustRecord* const adjust = adjusts_.first_to_forget();
  const bool hold_can_go = hold != nullptr && hold->due <= now_;
  const bool adjust_can_go = adjust != nullptr && adjust->due <= now_;
  if (!hold_can_go && !adjust_can_go) return no_room(Limit::ids, limits_.max_records);
  if (hold_can_go && (!adjust_can_go || hold->is_before(*adjust))) {
    holds_.forget_first(gone_holds_);
  } else {
    adjusts_.forget_first(gone_adjusts_);
  }
  return success();
}

template <class Record, class AnyId>
Record& Ledger::Core::insert(RememberedIds<Record>& ids, AnyId id) {
  Record& record = ids.insert(id);
  record.order = ++records_made_;
  return record;
}

/// Notes what is known from now on, and from when it may be forgotten.
void Ledger::Core::remember(HoldRecord& record, KnownId known) {
  record.known = known;
  const auto from = forgettable_from(known, record.named_until, now_, record.acknowledged,
                                     limits_.max_lifetime);
  if (from) holds_.forget_from(record, *from);
}

// --- reserve -------------------------------------------------------------------------------------

result<ReserveAnswer> Ledger::Core::reserve(const Reserve& reserve, std::span<ShortLine> lent) {
  begin();
  if (!reserve.id.is_set()) return Error{Errc::invalid_argument};
  INVSAGA_CHECK(check_deadline(reserve.until, now_, limits_.max_lifetime));
  INVSAGA_TRY(last_.lines, merged(reserve.lines));
  const HoldRecord* const record = holds_.find(reserve.id);
  const bool same = record != nullptr && is_same(*record, reserve.until);
  switch (judge_reserve(known_of(record), same, reserve.until, now_)) {
    case ReserveRule::look:
      return take(reserve, lent);
    case ReserveRule::reserved:
      return reserved_again(*record);
    case ReserveRule::out_of_stock:
      return refused_again(*record, lent);
    case ReserveRule::expired:
      return ReserveAnswer{Expired{}};
    case ReserveRule::suppressed:
      return ReserveAnswer{Suppressed{}};
    case ReserveRule::mismatch:
      return ReserveAnswer{Mismatch{}};
  }
  INVSAGA_UNREACHABLE("a reserve that comes to nothing");
}

/// Whether a reserve of the lines in `last_` is the one that the record is of.
bool Ledger::Core::is_same(const HoldRecord& record, Time until) const noexcept {
  if (!is_set(record.named_until)) return true;
  return record.named_until == until && equal(record.lines, last_.lines);
}

result<ReserveAnswer> Ledger::Core::take(const Reserve& reserve, std::span<ShortLine> lent) {
  INVSAGA_CHECK(make_room());
  HoldRecord& record = insert(holds_, reserve.id);
  record.named_until = record.until = record.due = reserve.until;
  record.lines = copy(last_.lines);
  last_.lines = record.lines;
  record.shorts = rows_.short_of(record.lines);
  if (!record.shorts.empty()) {
    remember(record, KnownId::refused);
    last_.shorts = record.shorts;
    return ReserveAnswer{OutOfStock{shortage_of(record.shorts, lent)}};
  }
  record.known = KnownId::reserved;
  live_.push(record);
  rows_.hold(record.lines);
  return ReserveAnswer{Reserved{record.id, record.named_until}};
}

ReserveAnswer Ledger::Core::reserved_again(const HoldRecord& record) {
  last_.repeat = true;
  return Reserved{record.id, record.named_until};
}

ReserveAnswer Ledger::Core::refused_again(const HoldRecord& record, std::span<ShortLine> lent) {
  last_.repeat = true;
  last_.shorts = record.shorts;
  return OutOfStock{shortage_of(record.shorts, lent)};
}

// --- what ends a hold ----------------------------------------------------------------------------

result<CommitAnswer> Ledger::Core::commit(const Commit& commit) {
  begin();
  if (!commit.id.is_set()) return Error{Errc::invalid_argument};
  if (!commit.lines.empty()) {
    INVSAGA_TRY(last_.lines, merged(commit.lines));
  }
  HoldRecord* const record = holds_.find(commit.id);
  switch (judge_commit(known_of(record))) {
    case CommitRule::sell:
      return sell(*record);
    case CommitRule::committed:
      return committed_again(*record);
    case CommitRule::released:
      return CommitAnswer::released;
    case CommitRule::expired:
      return CommitAnswer::expired;
    case CommitRule::not_found:
      return CommitAnswer::not_found;
  }
  INVSAGA_UNREACHABLE("a commit that comes to nothing");
}

result<CommitAnswer> Ledger::Core::sell(HoldRecord& record) {
  const PartOf share = last_.lines.empty() ? PartOf::whole : part_of(last_.lines, record.lines);
  if (share == PartOf::none) return Error{Errc::invalid_argument};
  if (share == PartOf::part) {
    record.part = copy(last_.lines);
    record.back = rest_of(record.lines, record.part);
  }
  INVSAGA_ASSERT(units_of(record.sold_lines()) + units_of(record.back) == units_of(record.lines),
                 "what was held is sold or given back, unit by unit");
  rows_.sell(record.sold_lines());
  rows_.give_back(record.back);
  live_.erase(record);
  remember(record, KnownId::committed);
  show_sale(record);
  return CommitAnswer::committed;
}

result<CommitAnswer> Ledger::Core::committed_again(const HoldRecord& record) {
  const std::span<const Line> asked = last_.lines.empty() ? record.lines : last_.lines;
  if (!equal(asked, record.sold_lines())) return Error{Errc::invalid_argument};
  show_sale(record);
  last_.repeat = true;
  return CommitAnswer::committed;
}

void Ledger::Core::show_sale(const HoldRecord& record) noexcept {
  last_.moved = record.sold_lines();
  last_.back = record.back;
}

result<ReleaseAnswer> Ledger::Core::release(const Release& release) {
  begin();
  if (!release.id.is_set()) return Error{Errc::invalid_argument};
  HoldRecord* const record = holds_.find(release.id);
  const ReleaseRule rule = judge_release(known_of(record));
  last_.repeat = rule == ReleaseRule::released || rule == ReleaseRule::tombstoned;
  switch (rule) {
    case ReleaseRule::give_back:
      give_back(*record);
      return ReleaseAnswer::released;
    case ReleaseRule::leave_tombstone:
      return leave_tombstone(release.id, record);
    case ReleaseRule::committed:
      return ReleaseAnswer::committed;
    case ReleaseRule::expired:
      return ReleaseAnswer::expired;
    case ReleaseRule::tombstoned:
      return ReleaseAnswer::tombstoned;
    case ReleaseRule::released:
      return ReleaseAnswer::released;
  }
  INVSAGA_UNREACHABLE("a release that comes to nothing");
}

void Ledger::Core::give_back(HoldRecord& record) {
  rows_.give_back(record.lines);
  live_.erase(record);
  remember(record, KnownId::released);
  last_.moved = record.lines;
}

result<ReleaseAnswer> Ledger::Core::leave_tombstone(ReservationId id, HoldRecord* refused) {
  if (refused == nullptr) {
    INVSAGA_CHECK(make_room());
    refused = &insert(holds_, id);
  }
  remember(*refused, KnownId::tombstoned);
  return ReleaseAnswer::tombstoned;
}

void Ledger::Core::expire(HoldRecord& record) {
  INVSAGA_ASSERT(record.known == KnownId::reserved, "what is live is reserved");
  rows_.give_back(record.lines);
  live_.erase(record);
  remember(record, KnownId::expired);
  expired_.push_back({record.id, record.lines});
}

// --- extend, acknowledge, read back --------------------------------------------------------------

result<ExtendAnswer> Ledger::Core::extend(const Extend& extend) {
  begin();
  if (!extend.id.is_set()) return Error{Errc::invalid_argument};
  INVSAGA_CHECK(check_deadline(extend.until, now_, limits_.max_lifetime));
  HoldRecord* const record = holds_.find(extend.id);
  const ExtendAnswer answer = judge_extend(known_of(record));
  if (answer == ExtendAnswer::reserved) prolong(*record, extend.until);
  return answer;
}

void Ledger::Core::prolong(HoldRecord& record, Time until) {
  last_.repeat = until <= record.until;
  if (last_.repeat) return;
  live_.erase(record);
  record.until = record.due = until;
  live_.push(record);
}

void Ledger::Core::acknowledge_sale(ReservationId id) {
  HoldRecord* const record = holds_.find(id);
  if (known_of(record) != KnownId::committed || record->acknowledged) return;
  record->acknowledged = true;
  remember(*record, KnownId::committed);
}

std::optional<RememberedReservation> Ledger::Core::find(ReservationId id) {
  begin();
  const HoldRecord* const record = holds_.find(id);
  const auto state = state_of(known_of(record));
  if (!state) return std::nullopt;
  return RememberedReservation(id, record->until, *state, record->lines);
}

KnownId Ledger::Core::known(ReservationId id) {
  begin();
  return known_of(holds_.find(id));
}

bool Ledger::Core::knows(AdjustId id) {
  begin();
  return adjusts_.find(id) != nullptr;
}

// --- adjust --------------------------------------------------------------------------------------

result<AdjustAnswer> Ledger::Core::adjust(const Adjust& adjust, std::span<ShortLine> lent) {
  begin();
  const bool known_reason = adjust.reason <= AdjustReason::write_off;
  if (!adjust.id.is_set() || !known_reason) return Error{Errc::invalid_argument};
  INVSAGA_CHECK(check_deadline(adjust.until, now_, limits_.max_lifetime));
  INVSAGA_TRY(last_.lines, merged(adjust.lines));
  if (adjust.until <= now_) return AdjustAnswer{Expired{}};
  if (const AdjustRecord* const record = adjusts_.find(adjust.id)) {
    return adjusted_again(*record, adjust, lent);
  }
  return change(adjust, lent);
}

result<AdjustAnswer> Ledger::Core::change(const Adjust& adjust, std::span<ShortLine> lent) {
  auto shorts = rows_.short_of(last_.lines, adjust.reason, limits_.max_units);
  const auto over = rows_.too_many(last_.lines, adjust.reason, limits_.max_units);
  if (shorts.empty() && over)
    return over_limit(Limit::units, *over, static_cast<std::uint64_t>(limits_.max_units));
  INVSAGA_CHECK(make_room());
  AdjustRecord& record = insert(adjusts_, adjust.id);
  record.reason = adjust.reason;
  record.until = adjust.until;
  record.lines = copy(last_.lines);
  record.shorts = std::move(shorts);
  last_.lines = record.lines;
  adjusts_.forget_from(record, adjust.until);
  if (record.shorts.empty()) rows_.adjust(record.lines, adjust.reason);
  return decided(record, lent);
}

AdjustAnswer Ledger::Core::adjusted_again(const AdjustRecord& record, const Adjust& adjust,
                                          std::span<ShortLine> lent) {
  const bool same = record.reason == adjust.reason && record.until == adjust.until &&
                    equal(record.lines, last_.lines);
  if (!same) return Mismatch{};
  last_.repeat = true;
  return decided(record, lent);
}

AdjustAnswer Ledger::Core::decided(const AdjustRecord& record, std::span<ShortLine> lent) {
  if (record.shorts.empty()) return Adjusted{};
  last_.shorts = record.shorts;
  if (record.reason == AdjustReason::returned)
    return ReturnRefused{shortage_of(record.shorts, lent)};
  return OutOfStock{shortage_of(record.shorts, lent)};
}

}  // namespace v0
}  // namespace invsaga
