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
  effect_ = {};
  expired_.clear();
  gone_holds_.clear();
  gone_adjusts_.clear();
  // All room first: from there on nothing fails, and no expiry goes untold.
  const std::size_t due = live_.count([&](const HoldRecord& hold) { return hold.due <= now_; });
  expired_.reserve(due);
  holds_.make_graves(now_, limits_.grace, gone_holds_, due);
  adjusts_.make_graves(now_, limits_.grace, gone_adjusts_, 0);
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

/// Makes sure that one more id can be remembered.
result<void> Ledger::Core::find_room() {
  effect_.takes_room = remembered() >= limits_.max_records;
  if (!effect_.takes_room) return success();
  const HoldRecord* const hold = holds_.first_to_forget();
  const AdjustRecord* const adjust = adjusts_.first_to_forget();
  const bool hold_can_go = hold != nullptr && hold->due <= now_;
  const bool adjust_can_go = adjust != nullptr && adjust->due <= now_;
  if (!hold_can_go && !adjust_can_go) return no_room(Limit::ids, limits_.max_records);
  gone_holds_.reserve(gone_holds_.size() + 1);
  gone_adjusts_.reserve(gone_adjusts_.size() + 1);
  return success();
}

/// Of the ids in their grace, the one that may go longest goes first.
void Ledger::Core::use_room() noexcept {
  if (!effect_.takes_room) return;
  const HoldRecord* const hold = holds_.first_to_forget();
  const AdjustRecord* const adjust = adjusts_.first_to_forget();
  if (hold != nullptr && (adjust == nullptr || hold->is_before(*adjust))) {
    holds_.forget_first(gone_holds_);
  } else {
    adjusts_.forget_first(gone_adjusts_);
  }
}

/// Notes what is known from now on, and from when it may be forgotten.
void Ledger::Core::remember(HoldRecord& record, KnownId known) noexcept {
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
  INVSAGA_CHECK(find_room());
  Holds::Fresh made = holds_.make(reserve.id);
  HoldRecord& record = made.value();
  record.named_until = record.until = record.due = reserve.until;
  record.lines = copy(last_.lines);
  record.shorts = rows_.short_of(record.lines);
  live_.reserve(live_.size() + 1);
  last_.lines = record.lines;
  last_.shorts = record.shorts;
  effect_.kind = Effect::Kind::hold;
  effect_.made = std::move(made);
  if (record.shorts.empty()) return ReserveAnswer{Reserved{record.id, record.named_until}};
  return ReserveAnswer{OutOfStock{shortage_of(record.shorts, lent)}};
}

/// Or a refusal, which is remembered too.
void Ledger::Core::hold() noexcept {
  use_room();
  HoldRecord& record = holds_.insert(std::move(effect_.made));
  record.order = ++records_made_;
  if (!record.shorts.empty()) return remember(record, KnownId::refused);
  record.known = KnownId::reserved;
  live_.push(record);
  rows_.hold(record.lines);
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

void Ledger::Core::take_effect() noexcept {
  switch (std::exchange(effect_.kind, Effect::Kind::none)) {
    case Effect::Kind::none:
      return;
    case Effect::Kind::hold:
      return hold();
    case Effect::Kind::sell:
      return sell(*effect_.hold);
    case Effect::Kind::give_back:
      return give_back(*effect_.hold);
    case Effect::Kind::tombstone:
      return leave_tombstone();
    case Effect::Kind::prolong:
      return prolong(*effect_.hold);
    case Effect::Kind::adjust:
      return adjust();
  }
}

// --- what ends a hold ----------------------------------------------------------------------------

result<CommitAnswer> Ledger::Core::commit(const Commit& commit) {
  begin();
  if (!commit.id.is_set()) return Error{Errc::invalid_argument};
  if (!is_set(now_)) return Error{Errc::clock_not_set};
  if (!commit.lines.empty()) {
    INVSAGA_TRY(last_.lines, merged(commit.lines));
  }
  HoldRecord* const record = holds_.find(commit.id);
  switch (judge_commit(known_of(record))) {
    case CommitRule::sell:
      return prepare_sale(*record);
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

result<CommitAnswer> Ledger::Core::prepare_sale(HoldRecord& record) {
  const PartOf share = last_.lines.empty() ? PartOf::whole : part_of(last_.lines, record.lines);
  if (share == PartOf::none) return Error{Errc::invalid_argument};
  if (share == PartOf::part) {
    effect_.part = copy(last_.lines);
    effect_.back = rest_of(record.lines, effect_.part);
  }
  effect_.hold = &record;
  effect_.kind = Effect::Kind::sell;
  last_.moved = share == PartOf::part ? effect_.part : record.lines;
  last_.back = effect_.back;
  return CommitAnswer::committed;
}

void Ledger::Core::sell(HoldRecord& record) noexcept {
  record.part = std::move(effect_.part);
  record.back = std::move(effect_.back);
  INVSAGA_ASSERT(units_of(record.sold_lines()) + units_of(record.back) == units_of(record.lines),
                 "what was held is sold or given back, unit by unit");
  rows_.sell(record.sold_lines());
  rows_.give_back(record.back);
  live_.erase(record);
  remember(record, KnownId::committed);
}

result<CommitAnswer> Ledger::Core::committed_again(const HoldRecord& record) {
  const std::span<const Line> asked = last_.lines.empty() ? record.lines : last_.lines;
  if (!equal(asked, record.sold_lines())) return Error{Errc::invalid_argument};
  last_.moved = record.sold_lines();
  last_.back = record.back;
  last_.repeat = true;
  return CommitAnswer::committed;
}

result<ReleaseAnswer> Ledger::Core::release(const Release& release) {
  begin();
  if (!release.id.is_set()) return Error{Errc::invalid_argument};
  if (!is_set(now_)) return Error{Errc::clock_not_set};
  HoldRecord* const record = holds_.find(release.id);
  const ReleaseRule rule = judge_release(known_of(record));
  last_.repeat = rule == ReleaseRule::released || rule == ReleaseRule::tombstoned;
  switch (rule) {
    case ReleaseRule::give_back:
      effect_.kind = Effect::Kind::give_back;
      effect_.hold = record;
      last_.moved = record->lines;
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

void Ledger::Core::give_back(HoldRecord& record) noexcept {
  rows_.give_back(record.lines);
  live_.erase(record);
  remember(record, KnownId::released);
}

result<ReleaseAnswer> Ledger::Core::leave_tombstone(ReservationId id, HoldRecord* refused) {
  if (refused == nullptr) {
    INVSAGA_CHECK(find_room());
    effect_.made = holds_.make(id);
  }
  effect_.hold = refused;
  effect_.kind = Effect::Kind::tombstone;
  return ReleaseAnswer::tombstoned;
}

/// Of an id that is unknown, or was refused.
void Ledger::Core::leave_tombstone() noexcept {
  HoldRecord* record = effect_.hold;
  if (record == nullptr) {
    use_room();
    record = &holds_.insert(std::move(effect_.made));
    record->order = ++records_made_;
  }
  remember(*record, KnownId::tombstoned);
}

void Ledger::Core::expire(HoldRecord& record) noexcept {
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
  if (answer != ExtendAnswer::reserved) return answer;
  last_.repeat = extend.until <= record->until;
  if (!last_.repeat) effect_.kind = Effect::Kind::prolong;
  effect_.hold = record;
  effect_.until = extend.until;
  return answer;
}

void Ledger::Core::prolong(HoldRecord& record) noexcept {
  live_.erase(record);
  record.until = record.due = effect_.until;
  live_.push(record);
}

void Ledger::Core::acknowledge_sale(ReservationId id) noexcept {
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

KnownId Ledger::Core::known(ReservationId id) const noexcept {
  const HoldRecord* const record = holds_.find(id);
  if (record == nullptr) return KnownId::unknown;
  const bool lapsed = record->known == KnownId::reserved && record->due <= now_;
  const KnownId known = lapsed ? KnownId::expired : record->known;
  const bool forgettable = lapsed || record->can_forget;
  const Time from = lapsed ? record->named_until : record->due;
  const bool gone = forgettable && saturating_add(from, limits_.grace) <= now_;
  return gone ? KnownId::unknown : known;
}

bool Ledger::Core::knows(AdjustId id) const noexcept {
  const AdjustRecord* const record = adjusts_.find(id);
  return record != nullptr && saturating_add(record->due, limits_.grace) > now_;
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
  INVSAGA_CHECK(find_room());
  Adjusts::Fresh made = adjusts_.make(adjust.id);
  AdjustRecord& record = made.value();
  record.reason = adjust.reason;
  record.until = adjust.until;
  record.lines = copy(last_.lines);
  record.shorts = std::move(shorts);
  if (record.shorts.empty()) rows_.reserve(record.lines);
  last_.lines = record.lines;
  effect_.kind = Effect::Kind::adjust;
  effect_.adjust = std::move(made);
  return decided(record, lent);
}

/// Or a refusal, which is remembered too.
void Ledger::Core::adjust() noexcept {
  use_room();
  AdjustRecord& record = adjusts_.insert(std::move(effect_.adjust));
  record.order = ++records_made_;
  adjusts_.forget_from(record, record.until);
  if (record.shorts.empty()) rows_.adjust(record.lines, record.reason);
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
