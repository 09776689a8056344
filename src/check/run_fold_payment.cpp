// SPDX-License-Identifier: Apache-2.0
//
// Charges and refunds: at most one effective charge a run, and its refund only to undo it.
#include <fmt/format.h>

#include "run_fold.hpp"

namespace invsaga {
inline namespace v0 {
namespace checker {
namespace {

using enum HistoryAnswer;

}  // namespace

void RunFold::fold_payment(const HistoryLine& line) {
  Run& run = run_of(line);
  judge_amount(line, run);
  line.op == HistoryOp::charge ? charge(line, run) : refund(line, run);
  tried(line, run);
}

/// What is charged and refunded is what was asked for; nothing if that is below 0.
void RunFold::judge_amount(const HistoryLine& line, const Run& run) {
  const Index amount = amount_of(line);
  if (!run.requested) return;
  const bool below = amounts_[run.amount].starts_with('-');
  if (amount == (below ? zero_ : run.amount)) return;
  report(19, fmt::format("{} is of {}, but {} was asked for", of(line), shown(line.amount),
                         amounts_[run.amount]));
}

void RunFold::charge(const HistoryLine& line, Run& run) {
  const Index index = call_of(line, charges_);
  judge_once(line, run.charge, index);
  if (run.fact_op == HistoryOp::reserve && !run.charged) acts_on_facts(line, run);
  const HoldState held = run.last_hold == no_index ? HoldState::none
                                                   : stock_.hold(run.last_hold).state;
  if (held == HoldState::none || held == HoldState::refused) {
    report(10, of(line) + " comes before anything is held");
  }
  if (line.answer == unknown) run.charge_unknown = true;
  if (!decide(line, charges_.calls[index], bit(HistoryAnswer::charged) | bit(declined))) return;
  if (line.answer == HistoryAnswer::charged ? run.declined : run.charged) {
    report(18, of(line) + " is answered otherwise than before");
  }
  forward(line, run);
  if (line.answer == HistoryAnswer::charged) return charged(line, run);
  run.declined = true;
  fact(line, run, Fact::payment_failed);
}

void RunFold::charged(const HistoryLine& line, Run& run) {
  if (run.refunded) report(11, of(line) + " is charged after its refund has barred it");
  if (run.committed) report(10, of(line) + " is charged after the commit");
  if (amount_of(line) != zero_ && !run.charged) ++findings_.report.figures.charges;
  run.charged = true;
  fact(line, run, Fact::payment_completed);
}

void RunFold::refund(const HistoryLine& line, Run& run) {
  const Index index = call_of(line, refunds_);
  judge_undo(line, run);
  if (run.charge != no_index && run.charge != charges_.ids.find(line.id)) {
    report(10, of(line) + " does not bear the id of the charge");
  }
  if (!decide(line, refunds_.calls[index], bit(refunded))) return;
  if (run.declined) report(11, of(line) + " gives back what was declined");
  if (run.refunded) report(11, of(line) + " is a second refund of its run");
  undo(line, run);
  if (run.charged && !run.refunded && amount_of(line) != zero_) {
    ++findings_.report.figures.refunds;
  }
  run.refunded = true;
}

}  // namespace checker
}  // namespace v0
}  // namespace invsaga
