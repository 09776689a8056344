// SPDX-License-Identifier: Apache-2.0
//
// The steps of a run: place, reserve, pay, commit, clear the cart; and undos in reverse order.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "run_fold.hpp"

namespace invsaga {
inline namespace v0 {
namespace judge {
namespace {

using enum HistoryAnswer;

constexpr std::array<std::string_view, fact_count> fact_types = {
    "ORDER_CHECKOUT_STARTED", "STOCK_RESERVED",           "PAYMENT_COMPLETED", "STOCK_COMMITTED",
    "CART_CLEARED",           "STOCK_RESERVATION_FAILED", "PAYMENT_FAILED"};

/// The names that the checkout's steps go by, for each operation that is one.
bool fits_step(HistoryOp op, std::string_view step) {
  switch (op) {
    // A hold reserved anew belongs to the commit that found the first one expired.
    case HistoryOp::reserve:
      return step == "reserve" || step == "commit";
    case HistoryOp::commit:
      return step == "commit";
    case HistoryOp::release:
      return step == "reserve" || step == "release";
    case HistoryOp::charge:
      return step == "pay" || step == "charge";
    case HistoryOp::refund:
      return step == "pay" || step == "refund";
    default:
      return true;
  }
}

}  // namespace

std::string_view type_of(Fact fact) noexcept { return fact_types[static_cast<std::size_t>(fact)]; }

/// The run that the line belongs to, which must have been asked for.
Saga& SagaFold::run_of(const HistoryLine& line) {
  Saga& run = saga(names_.intern(line.saga));
  if (options_.requests && !run.requested && !run.unasked) {
    run.unasked = true;
    report(10, fmt::format("{} runs, but was not asked for", shown(line.saga)));
  }
  if (!run.run && run.adjust != no_index) {
    report(10, fmt::format("{} adjusts the stock and runs as well", shown(line.saga)));
  }
  run.run = true;
  run.just_ended = false;
  run.n = findings_.n();
  run.file_line = findings_.file_line();
  if (facts_) judge_step_word(line);
  return run;
}

void SagaFold::judge_step_word(const HistoryLine& line) {
  if (line.step.empty() || fits_step(line.op, line.step)) return;
  report(10, fmt::format("{} is no part of the step {}", of(line), shown(line.step)));
}

Index SagaFold::call_of(const HistoryLine& line, Calls& calls) {
  const Index index = calls.ids.intern(line.id);
  const Index name = names_.intern(line.saga);
  if (index == calls.calls.size()) calls.calls.push_back({name, 0, {}});
  if (calls.calls[index].saga != name) {
    report(19, fmt::format("{} bears the saga {}, its earlier lines another", of(line),
                           shown(line.saga)));
  }
  return index;
}

/// True if the line bears a new decision on the call.
bool SagaFold::decide(const HistoryLine& line, Call& call, Answers binding) {
  if (undecided(line.answer)) {
    judge_retry(line, call.retries, findings_);
    return false;
  }
  const bool fresh = is_new(line, {call.given, 0, binding, 10}, findings_);
  call.given |= bit(line.answer);
  return fresh;
}

/// A step has one id in its saga; a second one would be a second effect.
void SagaFold::judge_once(const HistoryLine& line, Index& known, Index call) {
  if (known == no_index) known = call;
  if (known != call) report(10, of(line) + " does a step of its saga under a second id");
}

void SagaFold::judge_open(const HistoryLine& line, Saga& saga) {
  if (saga.outcome == Outcome::stuck) saga.outcome = Outcome::open;  // somebody resumed it
  if (saga.outcome != Outcome::open) report(10, of(line) + " comes after the end of its saga");
}

void SagaFold::forward(const HistoryLine& line, Saga& saga) {
  judge_open(line, saga);
  saga.forward_after_undo |= saga.undo_begun;
}

void SagaFold::undo(const HistoryLine& line, Saga& saga) {
  judge_open(line, saga);
  if (saga.committed) report(12, of(line) + " undoes a part of what is sold");
  saga.undone_in_doubt |= saga.commit_open;
  saga.undone_early |= !saga.undo_begun && why_refused(saga).empty();
  saga.undo_begun = true;
}

void SagaFold::fold_call(const HistoryLine& line) {
  Saga& run = run_of(line);
  if (line.step == "place") return place(line, run);
  if (line.step == "cancel") return cancel(line, run);
  if (line.step == "clear cart") return clear_cart(line, run);
  report(4, fmt::format("{} is of the unknown step {}", of(line), shown(line.step)));
}

void SagaFold::place(const HistoryLine& line, Saga& saga) {
  const Index index = call_of(line, places_);
  judge_once(line, saga.place, index);
  if (!decide(line, places_.calls[index], bit(done))) return;
  forward(line, saga);
  saga.placed = true;
  fact(saga, Fact::checkout_started);
}

void SagaFold::cancel(const HistoryLine& line, Saga& saga) {
  const Index index = call_of(line, cancels_);
  judge_once(line, saga.cancel, index);
  if (!decide(line, cancels_.calls[index], bit(done))) return;
  if (saga.charged && !saga.refunded) report(11, of(line) + " comes before the refund");
  if (is_live(saga)) report(11, of(line) + " comes before the stock is given back");
  undo(line, saga);
  saga.cancelled = true;
}

void SagaFold::clear_cart(const HistoryLine& line, Saga& saga) {
  const Index index = call_of(line, clears_);
  judge_once(line, saga.clear, index);
  if (!saga.committed) report(10, of(line) + " clears the cart before the commit is done");
  if (!decide(line, clears_.calls[index], bit(done))) return;
  forward(line, saga);
  saga.cleared = true;
  fact(saga, Fact::cart_cleared);
}

}  // namespace judge
}  // namespace v0
}  // namespace invsaga
