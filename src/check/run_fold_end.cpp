// SPDX-License-Identifier: Apache-2.0
//
// The ends of runs: completed, with every step done once, or compensated, with every step undone.
#include <fmt/format.h>

#include "run_fold.hpp"

namespace invsaga {
inline namespace v0 {
namespace checker {
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
std::string_view RunFold::why_refused(const Run& run) {
  if (run.committed) return {};
  if (run.declined && !run.charged) return run.charge_unknown ? "payment_failed" : "declined";
  if (run.last_hold == no_index) return {};
  const Hold& hold = stock_.hold(run.last_hold);
  const bool refused = hold.state == HoldState::refused;
  if (run.charged) {
    return refused || (hold.commit_refused && hold.state == HoldState::expired) ? "hold_expired"
                                                                                : "";
  }
  if (!refused) return {};
  return hold.refusal == expired ? "hold_expired" : "out_of_stock";
}

/// True if the run of the line holds stock.
bool RunFold::is_live(const HistoryLine& line) { return stock_.holds_any(names_.find(line.run)); }

/// True if nothing of the run is left in the world.
bool RunFold::is_undone(const HistoryLine& line, const Run& run) {
  return !run.committed && !is_live(line) && (!run.charged || run.refunded) &&
         (!run.placed || run.cancelled);
}

void RunFold::fold_end(const HistoryLine& line) {
  const bool just_ended = run_at(names_.intern(line.run)).just_ended;
  Run& run = run_of(line);
  if (undecided(line.answer)) return;
  const auto outcome = outcome_of(line.outcome);
  if (!outcome) {
    return report(
        4, fmt::format("{} ends in the unknown outcome {}", shown(line.run), shown(line.outcome)));
  }
  if (just_ended || run.outcome == Outcome::completed || run.outcome == Outcome::compensated) {
    return report(10, fmt::format("{} ends a second time", shown(line.run)));
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

void RunFold::judge_completed(const HistoryLine& line, const Run& run) {
  const auto need = [&](bool there, std::string_view what) {
    if (!there) report(10, fmt::format("{} is completed {}", shown(line.run), what));
  };
  need(run.placed, "and was never placed");
  need(run.charged, "and nothing was charged");
  need(run.committed, "and nothing was sold");
  need(run.cleared, "and the cart was not cleared");
  need(!run.undo_begun, "and something of it was undone");
  need(!is_live(line), "and still holds stock");
  need(line.reason.empty(), "and gives a reason");
  judge_events(line, run, true);
}

void RunFold::judge_compensated(const HistoryLine& line, const Run& run) {
  const auto need = [&](bool there, std::string_view what) {
    if (!there) report(11, fmt::format("{} is compensated {}", shown(line.run), what));
  };
  if (run.committed) report(12, fmt::format("{} is compensated and sold", shown(line.run)));
  need(!run.charged || run.refunded, "and its charge was not refunded");
  need(!is_live(line), "and still holds stock");
  need(!run.placed || run.cancelled, "and its order was not cancelled");
  judge_given_back(line, run);
  judge_reason(line, run);
}

/// What was held is released, also if its time is over by then, unless the run was told that it is.
void RunFold::judge_given_back(const HistoryLine& line, const Run& run) {
  for (Index at = run.last_hold; at != no_index; at = stock_.hold(at).previous_of_run) {
    const Hold& hold = stock_.hold(at);
    const bool known = hold.release != 0 || hold.commit_refused;
    if (hold.state != HoldState::expired || known) continue;
    report(11, fmt::format("{} is compensated, and {} was left to run out", shown(line.run),
                           shown(stock_.hold_id(at))));
  }
}

/// What a run may show depends on why it stopped: a run that somebody cancelled may stop anywhere.
void RunFold::judge_reason(const HistoryLine& line, const Run& run) {
  const std::string_view why = why_refused(run);
  if (!fits_reason(run, line.reason)) {
    report(10, fmt::format("{} is compensated for the reason {}, but its lines say {}",
                           shown(line.run), shown(line.reason), shown(why)));
  }
  if (run.undone_in_doubt && line.reason != "cancelled") {
    report(12, fmt::format("{} was undone while its commit was in doubt", shown(line.run)));
  }
  judge_events(line, run, !why.empty());
  if (why.empty()) return;
  if (run.undone_early) {
    report(12, fmt::format("{} was undone before any step had refused", shown(line.run)));
  }
  if (run.forward_after_undo) {
    report(11, fmt::format("{} went on after it was undone", shown(line.run)));
  }
  if (run.refunded && !run.charged) {
    report(11, fmt::format("{} was refunded without a charge", shown(line.run)));
  }
  if (run.cancelled && !run.placed) {
    report(11, fmt::format("{} was cancelled without being placed", shown(line.run)));
  }
}

bool RunFold::fits_reason(const Run& run, std::string_view reason) {
  const std::string_view why = why_refused(run);
  if (why.empty()) return !reason.empty() && !is_refusal(reason);
  // A reserve that came after its own deadline found nothing it could have.
  const bool late = why == "hold_expired" && !run.charged && reason == "out_of_stock";
  return reason == why || late;
}

/// It cannot proceed: the last thing that it tried got no answer, as far as it knows.
void RunFold::judge_stuck(const HistoryLine& line, const Run& run) {
  const bool complete = run.committed && run.cleared;
  const bool over = complete || (!why_refused(run).empty() && is_undone(line, run));
  if (over && !run.last_lost) {
    report(13, fmt::format("{} is stuck, but nothing of it is left to do", shown(line.run)));
  } else if (!run.unanswered) {
    report(13,
           fmt::format("{} is stuck, but the last that it tried was answered", shown(line.run)));
  }
  if (run.undo_begun && run.commit_open) {
    report(12, fmt::format("{} was undone while its commit was in doubt", shown(line.run)));
  }
  judge_events(line, run, !why_refused(run).empty());
}

/// A run decides one event for each fact; one that was stopped may not have got to know the last.
void RunFold::judge_events(const HistoryLine& line, const Run& run, bool all_known) {
  if (!facts_) return;
  const std::uint64_t most = run.facts.size();
  const std::uint64_t least = all_known ? most : run.known_facts;
  if (line.events >= least && line.events <= most) return;
  report(14, fmt::format("{} decided {} events, but {} things happened that want one",
                         shown(line.run), line.events, most));
}

void RunFold::count_end(const HistoryLine& line, Run& run, Outcome outcome) {
  CheckFigures& figures = findings_.report.figures;
  if (run.counted_stuck) --figures.stuck;
  run.counted_stuck = outcome == Outcome::stuck;
  run.just_ended = true;
  run.outcome = outcome;
  run.events = line.events;
  run.end_t1 = line.t1;
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

void RunFold::finish(std::uint64_t last_line) {
  if (!options_.whole) return;
  for (Index index = 0; index < runs_.size(); ++index) {
    const Run& run = runs_[index];
    if (!run.run || run.outcome != Outcome::open) continue;
    findings_.judge(run.n, run.file_line);
    report(10, fmt::format("{} has not ended", shown(name(index))));
  }
  findings_.judge(0, last_line);
  for (Index index = 0; index < stock_.holds().size(); ++index) {
    const Hold& hold = stock_.hold(index);
    if (hold.state != HoldState::reserved) continue;
    if (hold.run != no_index && run_at(hold.run).outcome == Outcome::stuck) continue;
    report(28, fmt::format("{} is still held when the history ends", shown(stock_.hold_id(index))));
  }
}

}  // namespace checker
}  // namespace v0
}  // namespace invsaga
