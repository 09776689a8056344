// SPDX-License-Identifier: Apache-2.0
//
// Charges and refunds: at most one effective charge a saga, and its refund only to undo it.
#include <fmt/format.h>

#include "run_fold.hpp"

namespace invsaga {
inline namespace v0 {
namespace judge {
namespace {

using enum HistoryAnswer;

}  // namespace

void SagaFold::fold_payment(const HistoryLine& line) {
  Saga& run = run_of(line);
  judge_amount(line, run);
  return line.op == HistoryOp::charge ? charge(line, run) : refund(line, run);
}

/// What is charged and refunded is what was asked for; nothing if that is below 0.
void SagaFold::judge_amount(const HistoryLine& line, const Saga& saga) {
  const Index amount = amount_of(line);
  if (!saga.requested) return;
  const bool below = amounts_[saga.amount].starts_with('-');
  if (amount == (below ? zero_ : saga.amount)) return;
  report(19, fmt::format("{} is of {}, but {} was asked for", of(line), shown(line.amount),
                         amounts_[saga.amount]));
}

void SagaFold::charge(const HistoryLine& line, Saga& saga) {
  const Index index = call_of(line, charges_);
  judge_once(line, saga.charge, index);
  const HoldState held = saga.last_hold == no_index ? HoldState::none
                                                    : stock_.hold(saga.last_hold).state;
  if (held == HoldState::none || held == HoldState::refused) {
    report(10, of(line) + " comes before anything is held");
  }
  if (line.answer == unknown) saga.charge_unknown = true;
  if (!decide(line, charges_.calls[index], bit(HistoryAnswer::charged) | bit(declined))) return;
  if (line.answer == HistoryAnswer::charged ? saga.declined : saga.charged) {
    report(18, of(line) + " is answered otherwise than before");
  }
  forward(line, saga);
  if (line.answer == HistoryAnswer::charged) return charged(line, saga);
  saga.declined = true;
  fact(saga, Fact::payment_failed);
}

void SagaFold::charged(const HistoryLine& line, Saga& saga) {
  if (saga.refunded) report(11, of(line) + " is charged after its refund has barred it");
  if (saga.committed) report(10, of(line) + " is charged after the commit");
  if (amount_of(line) != zero_ && !saga.charged) ++findings_.report.figures.charges;
  saga.charged = true;
  fact(saga, Fact::payment_completed);
}

void SagaFold::refund(const HistoryLine& line, Saga& saga) {
  const Index index = call_of(line, refunds_);
  if (saga.charge != no_index && saga.charge != charges_.ids.find(line.id)) {
    report(10, of(line) + " does not bear the id of the charge");
  }
  if (!decide(line, refunds_.calls[index], bit(refunded))) return;
  if (saga.declined) report(11, of(line) + " gives back what was declined");
  if (saga.refunded) report(11, of(line) + " is a second refund of its saga");
  undo(line, saga);
  if (saga.charged && !saga.refunded && amount_of(line) != zero_) {
    ++findings_.report.figures.refunds;
  }
  saga.refunded = true;
}

}  // namespace judge
}  // namespace v0
}  // namespace invsaga
