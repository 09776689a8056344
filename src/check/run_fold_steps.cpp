// SPDX-License-Identifier: Apache-2.0
//
// The steps of a run: place, reserve, pay, commit, clear the cart; and undos in reverse order.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "run_fold.hpp"

namespace invsaga {
inline namespace v0 {
namespace checker {
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
Run& RunFold::run_of(const HistoryLine& line) {
  Run& run = run_at(names_.intern(line.run));
  if (options_.requests && !run.requested && !run.unasked) {
    run.unasked = true;
    report(10, fmt::format("{} runs, but was not asked for", shown(line.run)));
  }
  if (!run.run && run.adjust != no_index) {
    report(10, fmt::format("{} adjusts the stock and runs as well", shown(line.run)));
  }
  run.run = true;
  run.just_ended = false;
  run.n = findings_.n();
  run.file_line = findings_.file_line();
  if (facts_) judge_step_word(line);
  return run;
}

/// What the run's driver knows of its attempt at a step or an undo.
void RunFold::tried(const HistoryLine& line, Run& run) {
  const bool none = undecided(line.answer);
  run.unanswered = none || line.lost;
  if (!none) run.last_lost = line.lost;
  run.tried_t1 = line.t1;
}

void RunFold::fact(const HistoryLine& line, Run& run, Fact fact, Index hold) {
  run.facts += static_cast<char>(fact);
  run.fact_op = line.op;
  run.fact_hold = hold;
}

/// Whoever goes on to another step knows what came of those before it.
void RunFold::acts_on_facts(const HistoryLine& line, Run& run, Index hold) {
  if (run.fact_op != line.op || run.fact_hold != hold) run.known_facts = run.facts.size();
}

void RunFold::judge_step_word(const HistoryLine& line) {
  if (line.step.empty() || fits_step(line.op, line.step)) return;
  report(10, fmt::format("{} is no part of the step {}", of(line), shown(line.step)));
}

Index RunFold::call_of(const HistoryLine& line, Calls& calls) {
  const Index index = calls.ids.intern(line.id);
  const Index name = names_.intern(line.run);
  if (index == calls.calls.size()) calls.calls.push_back({name, 0, {}});
  if (calls.calls[index].run != name) {
    report(19, fmt::format("{} bears the run {}, its earlier lines another", of(line),
                           shown(line.run)));
  }
  return index;
}

/// True if the line bears a new decision on the call.
bool RunFold::decide(const HistoryLine& line, Call& call, Answers binding) {
  if (undecided(line.answer)) {
    judge_retry(line, call.retries, findings_);
    return false;
  }
  const bool fresh = is_new(line, {call.given, 0, binding, 10}, findings_);
  call.given |= bit(line.answer);
  return fresh;
}

/// A step has one id in its run; a second one would be a second effect.
void RunFold::judge_once(const HistoryLine& line, Index& known, Index call) {
  if (known == no_index) known = call;
  if (known != call) report(10, of(line) + " does a step of its run under a second id");
}

void RunFold::judge_open(const HistoryLine& line, Run& run) {
  if (run.outcome == Outcome::stuck) run.outcome = Outcome::open;  // somebody resumed it
  if (run.outcome != Outcome::open) report(10, of(line) + " comes after the end of its run");
}

void RunFold::forward(const HistoryLine& line, Run& run) {
  judge_open(line, run);
  run.forward_after_undo |= run.undo_begun;
}

/// Of every attempt at an undo, whatever came of it.
void RunFold::judge_undo(const HistoryLine& line, const Run& run) {
  if (run.committed) report(12, of(line) + " undoes a part of what is sold");
}

void RunFold::undo(const HistoryLine& line, Run& run) {
  judge_open(line, run);
  run.undone_in_doubt |= run.commit_open;
  run.undone_early |= !run.undo_begun && why_refused(run).empty();
  run.undo_begun = true;
}

void RunFold::fold_call(const HistoryLine& line) {
  Run& run = run_of(line);
  step(line, run);
  tried(line, run);
}

void RunFold::step(const HistoryLine& line, Run& run) {
  if (line.step == "place") return place(line, run);
  if (line.step == "cancel") return cancel(line, run);
  if (line.step == "clear cart") return clear_cart(line, run);
  report(4, fmt::format("{} is of the unknown step {}", of(line), shown(line.step)));
}

void RunFold::place(const HistoryLine& line, Run& run) {
  const Index index = call_of(line, places_);
  judge_once(line, run.place, index);
  if (!decide(line, places_.calls[index], bit(done))) return;
  forward(line, run);
  run.placed = true;
  fact(line, run, Fact::checkout_started);
}

void RunFold::cancel(const HistoryLine& line, Run& run) {
  const Index index = call_of(line, cancels_);
  judge_undo(line, run);
  judge_once(line, run.cancel, index);
  if (!decide(line, cancels_.calls[index], bit(done))) return;
  if (run.charged && !run.refunded) report(11, of(line) + " comes before the refund");
  if (is_live(line)) report(11, of(line) + " comes before the stock is given back");
  undo(line, run);
  run.cancelled = true;
}

void RunFold::clear_cart(const HistoryLine& line, Run& run) {
  const Index index = call_of(line, clears_);
  judge_once(line, run.clear, index);
  if (!run.committed) report(10, of(line) + " clears the cart before the commit is done");
  if (run.fact_op == HistoryOp::commit) run.known_facts = run.facts.size();
  if (!decide(line, clears_.calls[index], bit(done))) return;
  forward(line, run);
  run.cleared = true;
  fact(line, run, Fact::cart_cleared);
}

}  // namespace checker
}  // namespace v0
}  // namespace invsaga
