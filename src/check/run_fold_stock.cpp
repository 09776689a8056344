// SPDX-License-Identifier: Apache-2.0
//
// What stock operations mean to the run that sent them.
#include <fmt/format.h>

#include "run_fold.hpp"

namespace invsaga {
inline namespace v0 {
namespace checker {
namespace {

using enum HistoryAnswer;

}  // namespace

void RunFold::fold_stock(const HistoryLine& line, bool changed) {
  if (line.run.empty()) return;
  if (line.op == HistoryOp::adjust) return fold_invoice(line);
  const Index index = stock_.find_hold(line.id);
  if (line.op == HistoryOp::expire) return;
  Run& run = run_of(line);
  move_stock(line, run, index, changed);
  tried(line, run);
}

void RunFold::move_stock(const HistoryLine& line, Run& run, Index index, bool changed) {
  if (line.op == HistoryOp::reserve) bind_hold(line, run, index);
  const Hold& hold = stock_.hold(index);
  if (line.op == HistoryOp::commit) tried_to_commit(line, run, index);
  if (line.op == HistoryOp::release) judge_undo(line, run);
  if (!changed) return;
  if (line.op == HistoryOp::reserve) reserved(line, run, hold);
  if (line.op == HistoryOp::commit) committed(line, run, index);
  if (line.op == HistoryOp::release) released(line, run);
}

/// Returns and write-offs bear their invoice, which does nothing else.
void RunFold::fold_invoice(const HistoryLine& line) {
  Run& invoice = run_at(names_.intern(line.run));
  if (invoice.run)
    report(10, fmt::format("{} runs and adjusts the stock as well", shown(line.run)));
  const Index id = adjust_ids_.intern(line.id);
  judge_once(line, invoice.adjust, id);
}

void RunFold::bind_hold(const HistoryLine& line, Run& run, Index index) {
  Hold& hold = stock_.hold(index);
  if (hold.bound) return;
  hold.bound = true;
  acts_on_facts(line, run, index);
  judge_next_hold(line, run, hold);
  judge_deadline(line, run, hold);
  if (run.first_hold == no_index) run.first_hold = index;
  run.last_hold = index;
}

void RunFold::judge_next_hold(const HistoryLine& line, const Run& run, Hold& hold) {
  if (run.requested && run.units != stock_.units_of(hold)) {
    report(19, fmt::format("{} is of {} units, but {} were asked for", of(line),
                           stock_.units_of(hold), run.units));
  }
  if (run.last_hold == no_index) {
    if (!run.placed) report(10, of(line) + " comes before the order is placed");
    return;
  }
  hold.previous_of_run = run.last_hold;
  Hold& previous = stock_.hold(run.last_hold);
  if (!previous.commit_refused || previous.state == HoldState::reserved) {
    report(10, of(line) + " is reserved anew, but the hold before it had not run out");
  }
  if (!run.charged) report(10, of(line) + " is reserved anew before the payment");
  if (!stock_.same_lines(stock_.hold(run.first_hold), hold)) {
    report(5, of(line) + " has other lines than the first hold of its run");
  }
}

/// A deadline is made after what the run tried before, and before its reserve is sent.
void RunFold::judge_deadline(const HistoryLine& line, const Run& run, const Hold& hold) {
  const auto time = stock_.hold_time();
  if (!time || hold.asked_until >= saturating_add(clock_.reached(run.tried_t1), *time)) return;
  report(8, of(line) + " is not held for as long as the options say");
}

void RunFold::reserved(const HistoryLine& line, Run& run, const Hold& hold) {
  forward(line, run);
  if (run.committed) report(10, of(line) + " comes after the commit");
  const bool held = hold.state == HoldState::reserved;
  fact(line, run, held ? Fact::stock_reserved : Fact::stock_reservation_failed,
       stock_.find_hold(line.id));
}

/// What the store has decided of a hold stays decided, whatever becomes of later attempts: the run
/// may have heard of it by its own records.
void RunFold::tried_to_commit(const HistoryLine& line, Run& run, Index hold) {
  if (!run.charged) report(10, of(line) + " comes before the payment");
  if (hold != run.last_hold) return;  // a stray: of a hold before it, or before its reserve
  acts_on_facts(line, run, hold);
  if (!undecided(line.answer)) run.decided_hold = hold;
  run.commit_open = run.decided_hold != hold;
}

void RunFold::committed(const HistoryLine& line, Run& run, Index hold) {
  if (stock_.hold(hold).state != HoldState::committed) return;  // a mark, no sale
  judge_open(line, run);
  if (run.committed) report(7, of(line) + " sells what its run has sold");
  if (run.undo_begun) report(12, of(line) + " sells what is being undone");
  if (!run.charged || run.refunded) report(10, of(line) + " sells what is not paid");
  if (hold != run.last_hold) report(10, of(line) + " is not the last hold of its run");
  if (const auto sold = stock_.sold_units(stock_.hold(hold)); run.requested && sold != run.units) {
    report(19, fmt::format("{} sells {} units, but {} were asked for", of(line), sold, run.units));
  }
  run.committed = true;
  fact(line, run, Fact::stock_committed, hold);
}

void RunFold::released(const HistoryLine& line, Run& run) {
  if (run.charged && !run.refunded) report(11, of(line) + " comes before the refund");
  undo(line, run);
}

}  // namespace checker
}  // namespace v0
}  // namespace invsaga
