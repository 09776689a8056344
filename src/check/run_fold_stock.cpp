// SPDX-License-Identifier: Apache-2.0
//
// What stock operations mean to the run that sent them.
#include <fmt/format.h>

#include "run_fold.hpp"

namespace invsaga {
inline namespace v0 {
namespace judge {
namespace {

using enum HistoryAnswer;

}  // namespace

void SagaFold::fold_stock(const HistoryLine& line, bool changed) {
  if (line.saga.empty()) return;
  if (line.op == HistoryOp::adjust) return fold_invoice(line);
  const Index index = stock_.find_hold(line.id);
  if (line.op == HistoryOp::expire) return;
  Saga& run = run_of(line);
  if (line.op == HistoryOp::reserve) bind_hold(line, run, index);
  const Hold& hold = stock_.hold(index);
  if (line.op == HistoryOp::commit) run.commit_open = undecided(line.answer);
  if (!changed) return;
  if (line.op == HistoryOp::reserve) reserved(line, run, hold);
  if (line.op == HistoryOp::commit) committed(line, run, index);
  if (line.op == HistoryOp::release) released(line, run);
}

/// Returns and write-offs bear their invoice, which does nothing else.
void SagaFold::fold_invoice(const HistoryLine& line) {
  Saga& invoice = saga(names_.intern(line.saga));
  if (invoice.run)
    report(10, fmt::format("{} runs and adjusts the stock as well", shown(line.saga)));
  const Index id = adjust_ids_.intern(line.id);
  judge_once(line, invoice.adjust, id);
}

void SagaFold::bind_hold(const HistoryLine& line, Saga& saga, Index index) {
  Hold& hold = stock_.hold(index);
  if (hold.bound) return;
  hold.bound = true;
  judge_next_hold(line, saga, hold);
  if (saga.first_hold == no_index) saga.first_hold = index;
  saga.last_hold = index;
}

void SagaFold::judge_next_hold(const HistoryLine& line, const Saga& saga, Hold& hold) {
  if (saga.requested && saga.units != stock_.units_of(hold)) {
    report(19, fmt::format("{} is of {} units, but {} were asked for", of(line),
                           stock_.units_of(hold), saga.units));
  }
  if (saga.last_hold == no_index) {
    if (!saga.placed) report(10, of(line) + " comes before the order is placed");
    return;
  }
  hold.previous_of_saga = saga.last_hold;
  Hold& previous = stock_.hold(saga.last_hold);
  if (!previous.commit_refused || previous.state == HoldState::reserved) {
    report(10, of(line) + " is reserved anew, but the hold before it had not run out");
  }
  if (!saga.charged) report(10, of(line) + " is reserved anew before the payment");
  if (!stock_.same_lines(stock_.hold(saga.first_hold), hold)) {
    report(5, of(line) + " has other lines than the first hold of its saga");
  }
}

void SagaFold::reserved(const HistoryLine& line, Saga& saga, const Hold& hold) {
  forward(line, saga);
  if (saga.committed) report(10, of(line) + " comes after the commit");
  const bool held = hold.state == HoldState::reserved;
  fact(saga, held ? Fact::stock_reserved : Fact::stock_reservation_failed);
}

void SagaFold::committed(const HistoryLine& line, Saga& saga, Index hold) {
  if (stock_.hold(hold).state != HoldState::committed) return;  // a mark, no sale
  judge_open(line, saga);
  if (saga.committed) report(7, of(line) + " sells what its saga has sold");
  if (saga.undo_begun) report(12, of(line) + " sells what is being undone");
  if (!saga.charged || saga.refunded) report(10, of(line) + " sells what is not paid");
  if (hold != saga.last_hold) report(10, of(line) + " is not the last hold of its saga");
  saga.committed = true;
  fact(saga, Fact::stock_committed);
}

void SagaFold::released(const HistoryLine& line, Saga& saga) {
  if (saga.charged && !saga.refunded) report(11, of(line) + " comes before the refund");
  undo(line, saga);
}

}  // namespace judge
}  // namespace v0
}  // namespace invsaga
