// SPDX-License-Identifier: Apache-2.0
#include <invsaga/testing/stock_model.hpp>

#include <algorithm>
#include <sstream>

#include <invsaga/testing/printers.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {
namespace {

bool draws(AdjustReason reason) {
  return reason == AdjustReason::write_off || reason == AdjustReason::returned;
}

bool same_shortage(const Shortage& one, const Shortage& other) {
  // The lent storage may be shorter than the list, but what it shows is the start of it.
  const std::size_t shown = std::min(one.lines.size(), other.lines.size());
  return one.count == other.count && one.first == other.first &&
         std::ranges::equal(one.lines.first(shown), other.lines.first(shown));
}

struct SameAnswer {
  bool operator()(const Reserved& one, const Reserved& other) const { return one == other; }
  bool operator()(const OutOfStock& one, const OutOfStock& other) const {
    return same_shortage(one, other);
  }
  bool operator()(const ReturnRefused& one, const ReturnRefused& other) const {
    return same_shortage(one, other);
  }
  template <class Inner>
    requires requires(const Inner& inner) { inner.index(); }
  bool operator()(const Inner& one, const Inner& other) const {
    return std::visit(*this, one, other);
  }
  template <class One, class Other>
  bool operator()(const One& one, const Other& other) const {
    if constexpr (std::is_same_v<One, Other> && std::is_enum_v<One>) {
      return one == other;
    } else {
      return std::is_same_v<One, Other>;
    }
  }
};

bool same(const result<Answer>& one, const result<Answer>& other) {
  if (one.has_value() != other.has_value()) return false;
  if (!one.has_value()) return one.error().code == other.error().code;
  return std::visit(SameAnswer{}, one.value(), other.value());
}

}  // namespace

std::string to_text(const result<Answer>& answer) {
  std::ostringstream out;
  PrintTo(answer, &out);
  return out.str();
}

std::string to_text(const Operation& operation) {
  std::ostringstream out;
  print_value(operation, &out);
  return out.str();
}

bool StockModel::is_live(const Reservation& known) const {
  return known.state == State::reserved && now_ < known.until;
}

StockCounters StockModel::stock(Row row) const {
  StockCounters sum;
  if (const auto left = forgotten_.find(row.index); left != forgotten_.end()) sum = left->second;
  const auto of_row = [&](const Lines& lines) {
    const auto line = lines.find(row.index);
    return line == lines.end() ? Units{0} : line->second;
  };
  for (const auto& [id, known] : adjustments_) {
    if (!known.shorts.empty()) continue;
    const Units units = of_row(known.lines);
    sum.on_hand += known.reason == AdjustReason::write_off ? -units : units;
    if (known.reason == AdjustReason::returned) sum.returned += units;
  }
  for (const auto& [id, known] : reservations_) {
    if (is_live(known)) sum.reserved += of_row(known.lines);
    if (known.state != State::committed) continue;
    sum.on_hand -= of_row(known.sold);
    sum.sold += of_row(known.sold);
  }
  return sum;
}

result<StockModel::Lines> StockModel::merged(std::span<const Line> lines) const {
  if (lines.empty()) return Error{Errc::invalid_argument};
  if (lines.size() > max_lines) return over_limit(Limit::lines, lines.size(), max_lines);
  Lines sums;
  for (const Line& line : lines) {
    if (line.quantity < 1) return Error{Errc::invalid_argument};
    if (line.row.index >= limits_.max_rows) return Error{Errc::limit_exceeded, {}, Limit::rows};
    Units& sum = sums[line.row.index];
    if (line.quantity > limits_.max_units - sum) {
      return Error{Errc::limit_exceeded, {}, Limit::units};
    }
    sum += line.quantity;
  }
  return sums;
}

result<void> StockModel::check_deadline(Time until) const {
  if (!is_set(until)) return Error{Errc::invalid_argument};
  if (!is_set(now_)) return Error{Errc::clock_not_set};
  if (until > saturating_add(now_, limits_.max_lifetime)) {
    return Error{Errc::limit_exceeded, {}, Limit::lifetime};
  }
  return success();
}

Shortage StockModel::lend(const std::vector<ShortLine>& shorts) {
  lent_ = shorts;
  Shortage shortage;
  if (lent_.empty()) return shortage;
  shortage.count = lent_.size();
  shortage.first = lent_.front();
  shortage.lines = lent_;
  return shortage;
}

result<Answer> StockModel::apply(const Operation& operation) {
  return std::visit([this](const auto& typed) { return answer(typed); }, operation);
}

result<Answer> StockModel::answer(const Reserve& reserve) {
  if (!reserve.id.is_set()) return Error{Errc::invalid_argument};
  INVSAGA_CHECK(check_deadline(reserve.until));
  INVSAGA_TRY(Lines lines, merged(reserve.lines));
  if (reserve.until <= now_) return Answer{ReserveAnswer{Expired{}}};
  const auto found = reservations_.find(reserve.id);
  if (found == reservations_.end()) {
    if (is_full()) return no_room(Limit::ids, limits_.max_records);
    return first_answer(reserve, std::move(lines));
  }
  const Reservation& known = found->second;
  // A tombstone of an id that was never reserved has no content to differ from.
  const bool has_content = is_set(known.named_until);
  if (has_content && (known.named_until != reserve.until || known.lines != lines)) {
    return Answer{ReserveAnswer{Mismatch{}}};
  }
  switch (known.state) {
    case State::refused:
      return Answer{ReserveAnswer{OutOfStock{lend(known.shorts)}}};
    case State::released:
    case State::tombstoned:
      return Answer{ReserveAnswer{Suppressed{}}};
    default:
      return Answer{ReserveAnswer{Reserved{reserve.id, reserve.until}}};
  }
}

Answer StockModel::first_answer(const Reserve& reserve, Lines lines) {
  Reservation made;
  for (const auto& [row, asked] : lines) {
    const Units there = stock(Row{row}).available();
    if (asked > there) made.shorts.push_back({Row{row}, asked, there});
  }
  made.state = made.shorts.empty() ? State::reserved : State::refused;
  made.lines = std::move(lines);
  made.named_until = made.until = reserve.until;
  const Reservation& kept = reservations_[reserve.id] = std::move(made);
  if (kept.state == State::refused) return ReserveAnswer{OutOfStock{lend(kept.shorts)}};
  return ReserveAnswer{Reserved{reserve.id, reserve.until}};
}

result<Answer> StockModel::answer(const Commit& commit) {
  if (!commit.id.is_set()) return Error{Errc::invalid_argument};
  if (!is_set(now_)) return Error{Errc::clock_not_set};
  Lines asked;
  if (!commit.lines.empty()) {
    INVSAGA_TRY(asked, merged(commit.lines));
  }
  const auto found = reservations_.find(commit.id);
  if (found == reservations_.end()) return Answer{CommitAnswer::not_found};
  Reservation& known = found->second;
  if (asked.empty()) asked = known.lines;
  switch (known.state) {
    case State::reserved:
      return sell(known, asked);
    case State::released:
      return Answer{CommitAnswer::released};
    case State::committed:
      if (asked != known.sold) return Error{Errc::invalid_argument};
      return Answer{CommitAnswer::committed};
    default:
      return Answer{CommitAnswer::not_found};
  }
}

result<Answer> StockModel::sell(Reservation& known, const Lines& asked) {
  if (!is_live(known)) return Answer{CommitAnswer::expired};
  for (const auto& [row, units] : asked) {
    const auto held = known.lines.find(row);
    if (held == known.lines.end() || held->second < units) return Error{Errc::invalid_argument};
  }
  known.sold = asked;
  known.state = State::committed;
  return Answer{CommitAnswer::committed};
}

result<Answer> StockModel::answer(const Release& release) {
  if (!release.id.is_set()) return Error{Errc::invalid_argument};
  if (!is_set(now_)) return Error{Errc::clock_not_set};
  const auto found = reservations_.find(release.id);
  if (found == reservations_.end()) {
    if (is_full()) return no_room(Limit::ids, limits_.max_records);
    Reservation& made = reservations_[release.id];
    made.state = State::tombstoned;
    made.released_at = now_;
    return Answer{ReleaseAnswer::tombstoned};
  }
  Reservation& known = found->second;
  switch (known.state) {
    case State::committed:
      return Answer{ReleaseAnswer::committed};
    case State::released:
      return Answer{ReleaseAnswer::released};
    case State::tombstoned:
      return Answer{ReleaseAnswer::tombstoned};
    case State::refused:
      known.state = State::tombstoned;
      known.released_at = now_;
      return Answer{ReleaseAnswer::tombstoned};
    case State::reserved:
      break;
  }
  if (!is_live(known)) return Answer{ReleaseAnswer::expired};
  known.state = State::released;
  return Answer{ReleaseAnswer::released};
}

result<Answer> StockModel::answer(const Extend& extend) {
  if (!extend.id.is_set()) return Error{Errc::invalid_argument};
  INVSAGA_CHECK(check_deadline(extend.until));
  const auto found = reservations_.find(extend.id);
  if (found == reservations_.end()) return Answer{ExtendAnswer::not_found};
  Reservation& known = found->second;
  switch (known.state) {
    case State::committed:
      return Answer{ExtendAnswer::committed};
    case State::released:
      return Answer{ExtendAnswer::released};
    case State::refused:
    case State::tombstoned:
      return Answer{ExtendAnswer::not_found};
    case State::reserved:
      break;
  }
  if (!is_live(known)) return Answer{ExtendAnswer::expired};
  if (extend.until > known.until) known.until = extend.until;
  return Answer{ExtendAnswer::reserved};
}

result<Answer> StockModel::answer(const Adjust& adjust) {
  const bool is_reason = adjust.reason <= AdjustReason::write_off;
  if (!adjust.id.is_set() || !is_reason) return Error{Errc::invalid_argument};
  INVSAGA_CHECK(check_deadline(adjust.until));
  INVSAGA_TRY(const Lines lines, merged(adjust.lines));
  if (adjust.until <= now_) return Answer{AdjustAnswer{Expired{}}};
  const auto found = adjustments_.find(adjust.id);
  if (found == adjustments_.end()) return first_answer(adjust, lines);
  const Adjustment& known = found->second;
  const bool same = known.reason == adjust.reason && known.until == adjust.until &&
                    known.lines == lines;
  if (!same) return Answer{AdjustAnswer{Mismatch{}}};
  if (known.shorts.empty()) return Answer{AdjustAnswer{Adjusted{}}};
  if (known.reason == AdjustReason::returned) {
    return Answer{AdjustAnswer{ReturnRefused{lend(known.shorts)}}};
  }
  return Answer{AdjustAnswer{OutOfStock{lend(known.shorts)}}};
}

result<Answer> StockModel::first_answer(const Adjust& adjust, const Lines& lines) {
  Adjustment made{adjust.reason, lines, adjust.until, {}};
  bool fits = true;
  for (const auto& [row, units] : lines) {
    const StockCounters counters = stock(Row{row});
    const Units there = adjust.reason == AdjustReason::write_off
                            ? counters.available()
                            : counters.sold - counters.returned;
    if (draws(adjust.reason) && units > there) made.shorts.push_back({Row{row}, units, there});
    const bool adds = adjust.reason != AdjustReason::write_off;
    if (adds && counters.on_hand > limits_.max_units - units) fits = false;
  }
  if (made.shorts.empty() && !fits) return Error{Errc::limit_exceeded, {}, Limit::units};
  if (is_full()) return no_room(Limit::ids, limits_.max_records);
  const Adjustment& kept = adjustments_[adjust.id] = std::move(made);
  if (kept.shorts.empty()) return Answer{AdjustAnswer{Adjusted{}}};
  if (kept.reason == AdjustReason::returned) {
    return Answer{AdjustAnswer{ReturnRefused{lend(kept.shorts)}}};
  }
  return Answer{AdjustAnswer{OutOfStock{lend(kept.shorts)}}};
}

void StockModel::acknowledge_sale(ReservationId id) {
  const auto found = reservations_.find(id);
  if (found == reservations_.end()) return;
  if (found->second.state == State::committed) found->second.acknowledged = true;
}

bool StockModel::may_forget(const Reservation& known) const {
  const bool too_late_to_reserve = known.named_until <= now_;
  switch (known.state) {
    case State::committed:
      return known.acknowledged && too_late_to_reserve;
    case State::tombstoned:
      return saturating_add(known.released_at, limits_.max_lifetime) <= now_;
    case State::reserved:
      return !is_live(known);
    default:
      return too_late_to_reserve;
  }
}

bool StockModel::may_forget(const Operation& operation) const {
  if (const auto* const adjust = std::get_if<Adjust>(&operation)) {
    const auto found = adjustments_.find(adjust->id);
    return found != adjustments_.end() && may_forget(found->second);
  }
  const auto id = std::visit(
      [](const auto& typed) { return ReservationId{typed.id.high, typed.id.low}; }, operation);
  const auto found = reservations_.find(id);
  return found != reservations_.end() && may_forget(found->second);
}

void StockModel::forget(const Operation& operation) {
  if (const auto* const adjust = std::get_if<Adjust>(&operation)) {
    const auto found = adjustments_.find(adjust->id);
    if (found == adjustments_.end()) return;
    const Adjustment gone = std::move(found->second);
    adjustments_.erase(found);
    if (!gone.shorts.empty()) return;
    for (const auto& [row, units] : gone.lines) {
      StockCounters& left = forgotten_[row];
      left.on_hand += gone.reason == AdjustReason::write_off ? -units : units;
      if (gone.reason == AdjustReason::returned) left.returned += units;
    }
    return;
  }
  const auto id = std::visit(
      [](const auto& typed) { return ReservationId{typed.id.high, typed.id.low}; }, operation);
  const auto found = reservations_.find(id);
  if (found == reservations_.end()) return;
  const Reservation gone = std::move(found->second);
  reservations_.erase(found);
  if (gone.state != State::committed) return;
  for (const auto& [row, units] : gone.sold) {
    forgotten_[row].on_hand -= units;
    forgotten_[row].sold += units;
  }
}

std::size_t StockModel::promises() const {
  std::size_t count = 0;
  for (const auto& [id, known] : reservations_) count += may_forget(known) ? 0 : 1;
  for (const auto& [id, known] : adjustments_) count += may_forget(known) ? 0 : 1;
  return count;
}

bool operator==(const StockModel& one, const StockModel& other) {
  return one.now_ == other.now_ && one.reservations_ == other.reservations_ &&
         one.adjustments_ == other.adjustments_ && one.forgotten_ == other.forgotten_;
}

void StockJudge::advance_to(Time time) {
  for (StockModel& model : models_) model.advance_to(time);
}

void StockJudge::acknowledge_sale(ReservationId id) {
  for (StockModel& model : models_) model.acknowledge_sale(id);
}

std::optional<std::string> StockJudge::judge(const Operation& operation,
                                             const result<Answer>& seen) {
  std::vector<StockModel> agree;
  std::string expected;
  const auto consider = [&](StockModel model) {
    const auto answer = model.apply(operation);
    if (expected.empty()) expected = to_text(answer);
    if (!same(answer, seen)) return false;
    if (std::ranges::find(agree, model) == agree.end()) agree.push_back(std::move(model));
    return true;
  };
  for (const StockModel& model : models_) {
    const bool agrees = consider(model);
    if (!model.may_forget(operation)) continue;
    StockModel forgetful = model;
    forgetful.forget(operation);
    StockModel after = forgetful;
    static_cast<void>(after.apply(operation));
    // A model that agrees can still forget later, so forgetting now matters only if something new
    // began.
    if (!agrees || after != forgetful) consider(std::move(forgetful));
  }
  if (agree.empty()) {
    return to_text(operation) + " at " + std::to_string(to_ms(now())) + " has to answer " +
           expected + ", not " + to_text(seen);
  }
  models_ = std::move(agree);
  return std::nullopt;
}

std::optional<std::string> StockJudge::judge(Row row, const StockCounters& seen) {
  const StockCounters expected = models_.front().stock(row);
  std::erase_if(models_, [&](const StockModel& model) { return model.stock(row) != seen; });
  if (!models_.empty()) return std::nullopt;
  std::ostringstream out;
  out << "row " << row.index << " has to have ";
  PrintTo(expected, &out);
  out << ", not ";
  PrintTo(seen, &out);
  return out.str();
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
