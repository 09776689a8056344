// SPDX-License-Identifier: Apache-2.0
//
// The ends of runs: completed, with every step done once, or compensated, with every step undone.
#include <fmt/format.h>

#include "run_fold.hpp"

namespace invsaga {
inline namespace v0 {
namespace judge {
namespace {

using enum HistoryAnswer;

std::optional<Outcome> outcome_of(std::string_view word) {
  if (word == "completed") return Outcome::completed;
  if (word == "compensated") return Outcome::compensated;
  if (word == "stuck") return Outcome::stuck;
  return std::nullopt;
}

bool is_refusal(std::string_view reason) {
  return reason == "out_of_stock" || reason == "declined" || reason == "payment_failed" ||
         reason == "hold_expired";
}

}  // namespace

/// The reason that the run's own lines give for not going on; empty if no step refused for good.
std::string_view SagaFold::why_refused(const Saga& saga) {
  if (saga.committed) return {};
  if (saga.declined && !saga.charged) return saga.charge_unknown ? "payment_failed" : "declined";
  if (saga.last_hold == no_index) return {};
  const Hold& hold = stock_.hold(saga.last_hold);
  const bool refused = hold.state == HoldState::refused;
  if (saga.charged) {
    return refused || (hold.commit_refused && hold.state == HoldState::expired) ? "hold_expired"
                                                                                : "";
  }
  if (!refused) return {};
  return hold.refusal == expired ? "hold_expired" : "out_of_stock";
}

/// True if the run holds stock.
bool SagaFold::is_live(const Saga& saga) {
  for (Index at = saga.last_hold; at != no_index; at = stock_.hold(at).previous_of_saga) {
    if (stock_.hold(at).state == HoldState::reserved) return true;
  }
  return false;
}

/// True if nothing of the run is left in the world.
bool SagaFold::is_undone(const Saga& saga) {
  return !saga.committed && !is_live(saga) && (!saga.charged || saga.refunded) &&
         (!saga.placed || saga.cancelled);
}

void SagaFold::fold_end(const HistoryLine& line) {
  const bool just_ended = saga(names_.intern(line.saga)).just_ended;
  Saga& run = run_of(line);
  if (undecided(line.answer)) return;
  const auto outcome = outcome_of(line.outcome);
  if (!outcome) {
    return report(
        4, fmt::format("{} ends in the unknown outcome {}", shown(line.saga), shown(line.outcome)));
  }
  if (just_ended || run.outcome == Outcome::completed || run.outcome == Outcome::compensated) {
    return report(10, fmt::format("{} ends a second time", shown(line.saga)));
  }
  switch (*outcome) {
    case Outcome::completed:
      judge_completed(line, run);
      break;
    case Outcome::compensated:
      judge_compensated(line, run);
      break;
    default:
      judge_stuck(line, run);
  }
  count_end(line, run, *outcome);
}

void SagaFold::judge_completed(const HistoryLine& line, const Saga& saga) {
  const auto need = [&](bool there, std::string_view what) {
    if (!there) report(10, fmt::format("{} is completed {}", shown(line.saga), what));
  };
  need(saga.placed, "and was never placed");
  need(saga.charged, "and nothing was charged");
  need(saga.committed, "and nothing was sold");
  need(saga.cleared, "and the cart was not cleared");
  need(!saga.undo_begun, "and something of it was undone");
  need(!is_live(saga), "and still holds stock");
  need(line.reason.empty(), "and gives a reason");
  judge_events(line, saga, true);
}

void SagaFold::judge_compensated(const HistoryLine& line, const Saga& saga) {
  const auto need = [&](bool there, std::string_view what) {
    if (!there) report(11, fmt::format("{} is compensated {}", shown(line.saga), what));
  };
  if (saga.committed) report(12, fmt::format("{} is compensated and sold", shown(line.saga)));
  need(!saga.charged || saga.refunded, "and its charge was not refunded");
  need(!is_live(saga), "and still holds stock");
  need(!saga.placed || saga.cancelled, "and its order was not cancelled");
  judge_reason(line, saga);
}

/// What a run may show depends on why it stopped: a run that somebody cancelled may stop anywhere.
void SagaFold::judge_reason(const HistoryLine& line, const Saga& saga) {
  const std::string_view why = why_refused(saga);
  if (!fits_reason(saga, line.reason)) {
    report(10, fmt::format("{} is compensated for the reason {}, but its lines say {}",
                           shown(line.saga), shown(line.reason), shown(why)));
  }
  if (saga.undone_in_doubt && line.reason != "cancelled") {
    report(12, fmt::format("{} was undone while its commit was in doubt", shown(line.saga)));
  }
  judge_events(line, saga, !why.empty());
  if (why.empty()) return;
  if (saga.undone_early) {
    report(12, fmt::format("{} was undone before any step had refused", shown(line.saga)));
  }
  if (saga.forward_after_undo) {
    report(11, fmt::format("{} went on after it was undone", shown(line.saga)));
  }
  if (saga.refunded && !saga.charged) {
    report(11, fmt::format("{} was refunded without a charge", shown(line.saga)));
  }
  if (saga.cancelled && !saga.placed) {
    report(11, fmt::format("{} was cancelled without being placed", shown(line.saga)));
  }
}

bool SagaFold::fits_reason(const Saga& saga, std::string_view reason) {
  const std::string_view why = why_refused(saga);
  if (why.empty()) return !reason.empty() && !is_refusal(reason);
  // A reserve that came after its own deadline found nothing it could have.
  const bool late = why == "hold_expired" && !saga.charged && reason == "out_of_stock";
  return reason == why || late;
}

void SagaFold::judge_stuck(const HistoryLine& line, const Saga& saga) {
  const bool complete = saga.committed && saga.cleared;
  if (complete || (!why_refused(saga).empty() && is_undone(saga))) {
    report(13, fmt::format("{} is stuck, but nothing of it is left to do", shown(line.saga)));
  }
  if (saga.undo_begun && saga.commit_open) {
    report(12, fmt::format("{} was undone while its commit was in doubt", shown(line.saga)));
  }
  judge_events(line, saga, false);
}

/// A run decides one event for each fact; one that was stopped may not have got to know the last.
void SagaFold::judge_events(const HistoryLine& line, const Saga& saga, bool exactly) {
  if (!facts_) return;
  const bool fits = exactly ? line.events == saga.facts.size() : line.events <= saga.facts.size();
  if (fits) return;
  report(14, fmt::format("{} decided {} events, but {} things happened that want one",
                         shown(line.saga), line.events, saga.facts.size()));
}

void SagaFold::count_end(const HistoryLine& line, Saga& saga, Outcome outcome) {
  CheckFigures& figures = findings_.report.figures;
  if (saga.counted_stuck) --figures.stuck;
  saga.counted_stuck = outcome == Outcome::stuck;
  saga.just_ended = true;
  saga.outcome = outcome;
  saga.events = line.events;
  saga.end_t1 = line.t1;
  switch (outcome) {
    case Outcome::completed:
      ++figures.completed;
      break;
    case Outcome::compensated:
      ++figures.compensated[line.reason];
      break;
    default:
      ++figures.stuck;
  }
}

void SagaFold::finish(std::uint64_t last_line) {
  if (!options_.whole) return;
  for (Index index = 0; index < sagas_.size(); ++index) {
    const Saga& saga = sagas_[index];
    if (!saga.run || saga.outcome != Outcome::open) continue;
    findings_.judge(saga.n, saga.file_line);
    report(10, fmt::format("{} has not ended", shown(name(index))));
  }
  findings_.judge(0, last_line);
  for (Index index = 0; index < stock_.holds().size(); ++index) {
    const Hold& hold = stock_.hold(index);
    if (hold.state != HoldState::reserved) continue;
    if (hold.saga != no_index && saga(hold.saga).outcome == Outcome::stuck) continue;
    report(28, fmt::format("{} is still held when the history ends", shown(stock_.hold_id(index))));
  }
}

}  // namespace judge
}  // namespace v0
}  // namespace invsaga
