// SPDX-License-Identifier: Apache-2.0
//
// The states of a hold: none -> reserved -> {committed | released | expired}, none -> refused,
// none -> tombstone.
#include <fmt/format.h>

#include <invsaga/assert.hpp>

#include "stock_fold.hpp"

namespace invsaga {
inline namespace v0 {
namespace checker {
namespace {

using enum HistoryAnswer;

std::string_view word(HoldState state) {
  switch (state) {
    case HoldState::none:
      return "never reserved";
    case HoldState::reserved:
      return "reserved";
    case HoldState::committed:
      return "committed";
    case HoldState::released:
      return "released";
    case HoldState::expired:
      return "expired";
    case HoldState::refused:
      return "refused";
    case HoldState::tombstone:
      return "barred by a release";
  }
  INVSAGA_UNREACHABLE("a hold in no state");
}

/// The invariant that is broken when a hold in `state` is said to be, or becomes, `answer`.
int broken_by(HoldState state, HistoryAnswer answer) {
  if (state == HoldState::tombstone && answer == reserved) return 9;
  if (state == HoldState::refused && answer == reserved) return 18;
  if (state == HoldState::expired || answer == HistoryAnswer::expired) return 8;
  if (state == HoldState::committed || answer == committed) return 7;
  return 6;
}

std::string seen(const HistoryLine& line, HoldState state) {
  return fmt::format("{} answers {}, but it is {}", of(line), name(line.answer), word(state));
}

}  // namespace

bool StockFold::fold(const HistoryLine& line) {
  return line.op == HistoryOp::adjust ? fold_adjust(line) : fold_hold(line);
}

bool StockFold::fold_hold(const HistoryLine& line) {
  const Index index = hold_ids_.intern(line.id);
  const bool known = index < holds_.size();
  if (!known) holds_.emplace_back();
  Hold& hold = holds_[index];
  judge_run(line, hold, known);
  const HoldState before = hold.state;
  switch (line.op) {
    case HistoryOp::reserve:
      fold_reserve(line, hold);
      break;
    case HistoryOp::commit:
      fold_commit(line, hold);
      break;
    case HistoryOp::release:
      fold_release(line, hold);
      break;
    case HistoryOp::extend:
      fold_extend(line, hold);
      break;
    default:
      fold_expire(line, hold);
      break;
  }
  return hold.state != before;
}

/// An `expire` is the store's own doing, so it need not know the run.
void StockFold::judge_run(const HistoryLine& line, Hold& hold, bool known) {
  const Index run = line.run.empty() ? no_index : runs_.intern(line.run);
  if (!known) hold.run = run;
  if (hold.run == run || (line.op == HistoryOp::expire && run == no_index)) return;
  report(19,
         fmt::format("{} bears the saga {}, its earlier lines another", of(line), shown(line.run)));
}

void StockFold::fold_reserve(const HistoryLine& line, Hold& hold) {
  if (!gather(line.lines)) return;
  if (gathered_.empty()) report(4, of(line) + " has no lines");
  judge_content(line, hold);
  if (undecided(line.answer)) return judge_retry(line, hold.retries, findings_);
  if (line.answer == mismatch) return;
  const bool fresh = is_new(line, {hold.reserve, hold.any(), bit(reserved) | bit(out_of_stock)},
                            findings_);
  hold.reserve |= bit(line.answer);
  switch (line.answer) {
    case reserved:
      return fresh ? reserve_new(line, hold) : reserve_again(line, hold);
    case out_of_stock:
      return fresh ? refuse_new(line, hold) : judge_same_shorts(line, hold.shorts);
    case HistoryAnswer::expired:
      return refuse_late(line, hold);
    default:
      break;
  }
  const bool barred = hold.state == HoldState::tombstone || hold.state == HoldState::released ||
                      (hold.release & bit(tombstoned)) != 0;
  if (!barred) report(9, of(line) + " is suppressed, but no release came before it");
}

/// A repeat bears the same lines and deadline; other content is `mismatch` and nothing else, unless
/// it comes past its own deadline: then its id may have been forgotten.
void StockFold::judge_content(const HistoryLine& line, Hold& hold) {
  if (!hold.asked) {
    if (line.answer == mismatch) report(19, of(line) + " is a mismatch, but its id is new");
    return ask_first(line, hold);
  }
  const bool same = gathered_is(hold.lines) && hold.asked_until == line.until;
  const bool too_late = line.answer == HistoryAnswer::expired && line.until <= line.at;
  if (same == (line.answer != mismatch) || (!same && too_late)) return;
  report(19, of(line) + (same ? " is a mismatch, but asks for the same as before"
                              : " asks for something else than before under its id"));
}

void StockFold::ask_first(const HistoryLine& line, Hold& hold) {
  hold.asked = true;
  hold.asked_until = hold.until = line.until;
  hold.lines = keep_gathered();
  if (!hold_time_) return;
  const Time expected = saturating_add(line.at, *hold_time_);
  // With several threads the clock may move between the deadline's making and the store.
  const bool fits = one_thread_ ? line.until == expected : line.until <= expected;
  if (!fits) report(8, of(line) + " is not held for as long as the options say");
}

void StockFold::reserve_new(const HistoryLine& line, Hold& hold) {
  if (hold.state != HoldState::none) {
    return report(broken_by(hold.state, reserved), seen(line, hold.state));
  }
  if (line.at >= hold.until) report(8, of(line) + " is reserved after its own deadline");
  hold.state = HoldState::reserved;
  count_live(hold, true);
  hold_units(line, hold);
  if (exact_) deadlines_.push({hold.until, hold_ids_.find(line.id)});
}

void StockFold::reserve_again(const HistoryLine& line, const Hold& hold) {
  if (hold.state == HoldState::reserved) return judge_live(line, hold);
  if (hold.state == HoldState::committed) return;
  report(broken_by(hold.state, reserved), seen(line, hold.state));
}

void StockFold::refuse_new(const HistoryLine& line, Hold& hold) {
  if (line.at >= hold.asked_until) report(8, of(line) + " came after its own deadline");
  if (hold.state == HoldState::none) {
    hold.state = HoldState::refused;
    hold.refusal = out_of_stock;
  } else {
    report(broken_by(hold.state, out_of_stock), seen(line, hold.state));
  }
  hold.shorts = print_of(line.shorts);
  judge_shorts(line, Source::available);
}

/// `expired` to a reserve: it came after its own deadline, or the hold has expired since.
/// Past the deadline that a reserve names it is `expired`, whatever is remembered: also of a hold
/// that was extended, or sold. One whose time is over has to be given back first.
void StockFold::refuse_late(const HistoryLine& line, Hold& hold) {
  if (hold.state == HoldState::expired) return;
  if (line.at < hold.asked_until) report(8, of(line) + " is called expired before its deadline");
  const bool overdue = hold.state == HoldState::reserved && hold.until <= line.at;
  if (overdue) report(8, seen(line, hold.state));
  if (hold.state != HoldState::none) return;
  hold.state = HoldState::refused;
  hold.refusal = HistoryAnswer::expired;
}

void StockFold::fold_commit(const HistoryLine& line, Hold& hold) {
  if (undecided(line.answer)) {
    judge_nothing_moved(line);
    return judge_retry(line, hold.retries, findings_);
  }
  const bool fresh = is_new(line, {hold.commit, hold.any(), bit(committed), 7}, findings_);
  hold.commit |= bit(line.answer);
  if (line.answer == committed) {
    if (fresh) return commit_new(line, hold);
    judge_sold_again(line, hold);
    if (hold.state != HoldState::committed) judge_state_answer(line, hold);
    return;
  }
  if (line.answer == HistoryAnswer::expired || line.answer == not_found) hold.commit_refused = true;
  judge_nothing_moved(line);
  judge_state_answer(line, hold);
}

void StockFold::commit_new(const HistoryLine& line, Hold& hold) {
  const bool held = hold.state == HoldState::reserved;
  if (held) {
    judge_live(line, hold);
  } else {
    report(broken_by(hold.state, committed), seen(line, hold.state));
  }
  if (!gather(line.lines)) return;
  judge_saga(line);
  if (gathered_.empty()) report(5, of(line) + " sold nothing");
  const bool whole = held && gathered_is(hold.lines);
  hold.sold = whole ? hold.lines : keep_gathered();
  if (!gather_more(line.back)) return;
  if (held && !gathered_is(hold.lines)) {
    report(5, of(line) + " does not sell and give back what was held");
  }
  if (held) free_units(line, hold);
  sell_units(line, hold.sold, held);
  leave(hold, HoldState::committed);
}

/// A repeat may leave its lines out, since it moves nothing; else they are those of the sale.
void StockFold::judge_sold_again(const HistoryLine& line, const Hold& hold) {
  if (line.lines.empty() && line.back.empty()) return;
  const bool same = gather(line.lines) && gathered_is(hold.sold) && gather_more(line.back) &&
                    gathered_is(hold.lines);
  if (!same) report(5, of(line) + " repeats a sale with other lines");
}

void StockFold::fold_release(const HistoryLine& line, Hold& hold) {
  if (undecided(line.answer)) {
    judge_nothing_moved(line);
    return judge_retry(line, hold.retries, findings_);
  }
  const bool fresh = is_new(line, {hold.release, hold.any(), bit(released), 6}, findings_);
  hold.release |= bit(line.answer);
  if (line.answer == released) {
    if (fresh) return release_new(line, hold);
    if (gather(line.lines) && !gathered_.empty()) judge_moved(line, hold.lines);
    return judge_state_answer(line, hold);
  }
  judge_nothing_moved(line);
  judge_state_answer(line, hold);
  if (line.answer == tombstoned && hold.state == HoldState::none) hold.state = HoldState::tombstone;
}

void StockFold::release_new(const HistoryLine& line, Hold& hold) {
  if (hold.state != HoldState::reserved) {
    return report(broken_by(hold.state, released), seen(line, hold.state));
  }
  judge_live(line, hold);
  if (gather(line.lines)) judge_moved(line, hold.lines);
  free_units(line, hold);
  leave(hold, HoldState::released);
}

void StockFold::fold_extend(const HistoryLine& line, Hold& hold) {
  if (undecided(line.answer)) return judge_retry(line, hold.retries, findings_);
  // Each new deadline is a new decision, so that no second answer is called a repeat for sure.
  is_new(line, {hold.extend, hold.any(), 0}, findings_);
  hold.extend |= bit(line.answer);
  if (line.answer != reserved) return judge_state_answer(line, hold);
  if (hold.state != HoldState::reserved) return report(6, seen(line, hold.state));
  judge_live(line, hold);
  // Never shortens; and what was wrong to answer moves nothing.
  if (line.until <= hold.until || line.at >= hold.until) return;
  if (line.repeat) report(18, of(line) + " is called a repeat and yet moves the deadline");
  hold.until = line.until;
  unmark_overdue(hold);
  if (exact_) deadlines_.push({hold.until, hold_ids_.find(line.id)});
}

void StockFold::fold_expire(const HistoryLine& line, Hold& hold) {
  if (undecided(line.answer)) return;
  if (hold.state != HoldState::reserved) {
    return report(hold.state == HoldState::committed ? 8 : 6, seen(line, hold.state));
  }
  if (line.repeat) report(18, of(line) + " is called a repeat");
  if (line.at < hold.until) report(8, of(line) + " comes before its deadline");
  if (gather(line.lines)) judge_moved(line, hold.lines);
  free_units(line, hold);
  leave(hold, HoldState::expired);
}

/// A hold is live while now < until, and never survives its deadline in an answer.
void StockFold::judge_live(const HistoryLine& line, const Hold& hold) {
  if (line.at < hold.until) return;
  report(8, fmt::format("{} answers {} after its deadline", of(line), name(line.answer)));
}

/// Judges an answer that tells the state and changes nothing.
void StockFold::judge_state_answer(const HistoryLine& line, const Hold& hold) {
  const HoldState state = hold.state;
  bool fits = false;
  switch (line.answer) {
    case committed:
      fits = state == HoldState::committed;
      break;
    case released:
      fits = state == HoldState::released;
      break;
    case HistoryAnswer::expired:
      fits = state == HoldState::expired;
      break;
    default:
      fits = state == HoldState::none || state == HoldState::refused ||
             state == HoldState::tombstone || forgettable(line, hold);
  }
  if (!fits) report(broken_by(state, line.answer), seen(line, state));
}

/// An id that ended may be forgotten when no reserve of it can be in time.
bool StockFold::forgettable(const HistoryLine& line, const Hold& hold) const {
  return hold.state != HoldState::reserved && hold.asked && line.at >= hold.asked_until;
}

void StockFold::judge_moved(const HistoryLine& line, const Part& part) {
  if (gathered_is(part)) return;
  report(5, of(line) + " bears other lines than its hold");
}

void StockFold::judge_nothing_moved(const HistoryLine& line) {
  if (line.lines.empty() && line.back.empty()) return;
  report(5, fmt::format("{} answers {} and yet moves units", of(line), name(line.answer)));
}

/// What leaves the stock, or comes back, does so for somebody.
void StockFold::judge_saga(const HistoryLine& line) {
  if (by_hand_ || !line.run.empty()) return;
  report(3, of(line) + " bears no saga, and the header does not say that stock moves by hand");
}

void StockFold::count_live(const Hold& hold, bool live) {
  if (hold.run == no_index) return;
  if (hold.run >= live_of_run_.size()) live_of_run_.resize(hold.run + std::size_t{1});
  live_of_run_[hold.run] += live ? 1 : -1;
}

void StockFold::leave(Hold& hold, HoldState state) {
  unmark_overdue(hold);
  if (hold.state == HoldState::reserved) count_live(hold, false);
  hold.state = state;
}

}  // namespace checker
}  // namespace v0
}  // namespace invsaga
