// SPDX-License-Identifier: Apache-2.0
//
// The invariant checker: what holds for every line, and the parts that judge the rest.
#include <invsaga/history/checker.hpp>

#include <fmt/format.h>

#include <invsaga/assert.hpp>

#include "event_fold.hpp"

namespace invsaga {
inline namespace v0 {
namespace {

constexpr std::array<std::string_view, invariant_count> names = {
    "on hand is available plus reserved",
    "live holds add up to the reserved units",
    "units are neither made nor lost",
    "no value is negative or impossible",
    "the lines of a hold never change",
    "states only move forward",
    "committed exactly once",
    "a hold ends at its deadline, never after a commit, and never unlogged",
    "a release bars a later reserve",
    "every run ends, and does each step once and in order",
    "what is undone is undone once, in reverse order",
    "nothing is undone once it may be sold",
    "retries wait, and only a run that cannot proceed is stuck",
    "an event is published if and only if its change is made",
    "events keep the order of their run",
    "a consumer handles an event once",
    "a hole in the outbox does not stall the relay",
    "the same request gets the same answer",
    "other content under an id is refused",
    "an answer lives as long as it was promised",
    "what was acknowledged survives",
    "what was not acknowledged is absent or whole",
    "the history is whole and in order",
    "a newer version replays an older journal alike",
    "a refusal was short at one instant",
    "a frozen thread stops no other",
    "nothing is used after it was reclaimed",
    "when faults stop, nothing stays held",
    "health tells of a lost backend",
    "the counters are those that the history adds up to",
};

}  // namespace

std::string_view invariant_name(int number) noexcept {
  INVSAGA_ASSERT(0 < number && number <= invariant_count, "invariant_name: 0 < number <= 30");
  return names[static_cast<std::size_t>(number - 1)];
}

std::string to_string(const Violation& violation) {
  const std::string n = violation.n == 0 ? "" : fmt::format(" (n {})", violation.n);
  return fmt::format("line {}{}: I{} {}: {}", violation.file_line, n, violation.invariant,
                     invariant_name(violation.invariant), violation.what);
}

namespace {

/// Lines that change something whenever they are there.
bool happens_once(const HistoryLine& line) {
  return line.op == HistoryOp::end || line.op == HistoryOp::stock ||
         line.answer == HistoryAnswer::handled || line.answer == HistoryAnswer::dead;
}

}  // namespace

struct InvariantChecker::Core {
  Core(const HistoryHeader& header, CheckOptions given)
      : options(given),
        clock(header.threads == 1),
        findings(given.keep),
        stock(header, runs_by_name, findings),
        runs(given, checker::EventFold::tells_facts(header), runs_by_name, stock, clock, findings),
        events(header, given, runs_by_name, runs, findings) {}

  void add(const HistoryLine& line);
  void judge_order(const HistoryLine& line);
  bool judge_form(const HistoryLine& line);
  void judge_marks(const HistoryLine& line);
  void dispatch(const HistoryLine& line);
  void count_stock(const HistoryLine& line);
  void finish();

  CheckOptions options;
  checker::LineClock clock;
  std::uint64_t last_n = 0;
  bool counted = false;
  bool finished = false;
  checker::TextPool runs_by_name;
  checker::Findings findings;
  checker::StockFold stock;
  checker::RunFold runs;
  checker::EventFold events;
};

void InvariantChecker::Core::add(const HistoryLine& line) {
  ++findings.report.figures.lines;
  judge_order(line);
  if (!judge_form(line)) return;
  judge_marks(line);
  dispatch(line);
}

void InvariantChecker::Core::judge_order(const HistoryLine& line) {
  if (line.n != last_n + 1) {
    findings.add(23, fmt::format("n is {} after {}: a line is missing, or out of its place", line.n,
                                 last_n));
  }
  last_n = line.n;
  if (counted) findings.add(23, "a line follows the store's counters, which are the last");
  if (line.t0 > line.t1 || line.t0 < 0) findings.add(23, "it was answered before it was called");
  if (clock.falls(line)) findings.add(23, "the clock goes back");
}

/// False if the line says what no line can say, so that it cannot be folded.
bool InvariantChecker::Core::judge_form(const HistoryLine& line) {
  if (!line.impossible.empty()) {
    findings.add(4, line.impossible);
    return false;
  }
  if (may_answer(line.op, line.answer)) return true;
  findings.add(4, fmt::format("{} cannot be answered {}", checker::of(line), name(line.answer)));
  return false;
}

void InvariantChecker::Core::judge_marks(const HistoryLine& line) {
  const bool none = checker::undecided(line.answer);
  if (line.lost && none) {
    findings.add(22, fmt::format("{} is {}: there is no answer that could be lost",
                                 checker::of(line), name(line.answer)));
  }
  if (line.repeat && happens_once(line)) {
    findings.add(18, fmt::format("{} is called a repeat, and is none ever", checker::of(line)));
  }
  const bool refusal = line.answer == HistoryAnswer::out_of_stock ||
                       line.answer == HistoryAnswer::refused;
  if (!line.shorts.empty() && !refusal) {
    findings.add(25, fmt::format("{} is {} and yet names short lines", checker::of(line),
                                 name(line.answer)));
  }
}

void InvariantChecker::Core::dispatch(const HistoryLine& line) {
  switch (line.op) {
    case HistoryOp::request:
      return runs.fold_request(line);
    case HistoryOp::call:
      return runs.fold_call(line);
    case HistoryOp::charge:
    case HistoryOp::refund:
      return runs.fold_payment(line);
    case HistoryOp::publish:
      return events.fold_publish(line);
    case HistoryOp::deliver:
      return events.fold_deliver(line);
    case HistoryOp::end:
      return runs.fold_end(line);
    case HistoryOp::stock:
      return count_stock(line);
    default:
      return runs.fold_stock(line, stock.fold(line));
  }
}

/// Counted is once; what says so again is out of place, and is not judged.
void InvariantChecker::Core::count_stock(const HistoryLine& line) {
  if (line.answer != HistoryAnswer::counted || counted) return;
  counted = true;
  stock.judge_counters(line);
}

void InvariantChecker::Core::finish() {
  const std::uint64_t last_line = findings.file_line();
  if (options.whole && !counted) {
    findings.judge(0, last_line);
    findings.add(23, "the store's counters are missing at the end");
  }
  stock.finish();
  runs.finish(last_line);
  events.finish();
  stock.sum_up(findings.report.figures);
}

InvariantChecker::InvariantChecker(const HistoryHeader& header, CheckOptions options)
    : core_(std::make_unique<Core>(header, options)) {}
InvariantChecker::InvariantChecker(InvariantChecker&&) noexcept = default;
InvariantChecker& InvariantChecker::operator=(InvariantChecker&&) noexcept = default;
InvariantChecker::~InvariantChecker() = default;

void InvariantChecker::add(const HistoryLine& line, std::uint64_t file_line) {
  INVSAGA_ASSERT(!core_->finished, "InvariantChecker::add: that finish was not called");
  core_->findings.judge(line.n, file_line);
  core_->add(line);
}

const CheckReport& InvariantChecker::report() const noexcept { return core_->findings.report; }

const CheckReport& InvariantChecker::finish() {
  INVSAGA_ASSERT(!core_->finished, "InvariantChecker::finish: that it was not called before");
  core_->finished = true;
  core_->finish();
  return core_->findings.report;
}

CheckReport check_history(const History& history, CheckOptions options) {
  InvariantChecker checker(history.header, options);
  std::uint64_t file_line = 1;
  for (const HistoryLine& line : history.lines) checker.add(line, ++file_line);
  return checker.finish();
}

}  // namespace v0
}  // namespace invsaga
