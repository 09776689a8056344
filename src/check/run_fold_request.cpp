// SPDX-License-Identifier: Apache-2.0
//
// Requests: the same one gets the same answer, and is done once.
#include <fmt/format.h>

#include "history/amount_text.hpp"
#include "run_fold.hpp"

namespace invsaga {
inline namespace v0 {
namespace checker {
namespace {

using enum HistoryAnswer;

}  // namespace

RunFold::RunFold(CheckOptions options, bool facts, TextPool& names, StockFold& stock,
                 const LineClock& clock, Findings& findings)
    : options_(options),
      facts_(facts),
      names_(names),
      stock_(stock),
      clock_(clock),
      findings_(findings),
      zero_(amounts_.intern("0")) {}

Run& RunFold::run_at(Index name) {
  if (name >= runs_.size()) runs_.resize(name + std::size_t{1});
  return runs_[name];
}

/// The amount in its shortest form, so that equal ones are one; what is no decimal is 0, reported.
Index RunFold::amount_of(const HistoryLine& line) {
  if (const auto amount = canonical_decimal(line.amount)) return amounts_.intern(*amount);
  report(4, fmt::format("{} bears {}, which is no amount", of(line), shown(line.amount)));
  return zero_;
}

void RunFold::fold_request(const HistoryLine& line) {
  const Index index = request_ids_.intern(line.id);
  const bool known = index < requests_.size();
  if (!known) requests_.emplace_back();
  Request& request = requests_[index];
  const Index name = names_.intern(line.run);
  if (line.units <= 0) report(4, fmt::format("{} asks for {} units", of(line), line.units));
  if (!known) request = {name, amount_of(line), line.units};
  if (known) judge_same_request(line, request, name);
  if (undecided(line.answer)) return;
  // The claim answers as often as it is asked: nothing of it is a repeat for sure.
  is_new(line, {request.given, 0, 0}, findings_);
  request.given |= bit(line.answer);
  if (line.answer == fresh) return fresh_request(line, request, run_at(name), index);
  later_request(line, request);
}

void RunFold::judge_same_request(const HistoryLine& line, const Request& request, Index run) {
  const bool same = request.run == run && request.units == line.units &&
                    request.amount == amount_of(line);
  if (same == (line.answer != mismatch)) return;
  report(19, of(line) + (same ? " is a mismatch, but asks for the same as before"
                              : " asks for something else than before under its id"));
}

void RunFold::fresh_request(const HistoryLine& line, Request& request, Run& run, Index index) {
  if (request.fresh) return report(18, of(line) + " is fresh a second time");
  if ((request.given & bit(expired)) != 0) report(20, of(line) + " was expired and is fresh");
  request.fresh = true;
  if (run.requested) return report(18, of(line) + " is a second request of its run");
  if (run.run) report(10, of(line) + " comes after what it asks for");
  if (run.adjust != no_index) report(10, of(line) + " is of an invoice that adjusts the stock");
  run.requested = run.run = true;
  run.request = index;
  run.units = line.units;
  run.amount = request.amount;
  run.n = findings_.n();
  run.file_line = findings_.file_line();
  ++findings_.report.figures.orders;
}

void RunFold::later_request(const HistoryLine& line, const Request& request) {
  const Outcome outcome = run_at(request.run).outcome;
  const std::int64_t end_t1 = run_at(request.run).end_t1;
  const bool over = outcome == Outcome::completed || outcome == Outcome::compensated;
  const auto wrong = [&](int invariant, std::string_view why) {
    report(invariant, fmt::format("{} is {} {}", of(line), invsaga::name(line.answer), why));
  };
  switch (line.answer) {
    case in_progress:
      if (!request.fresh) wrong(18, "and never was fresh");
      // It may have been answered before the end and told after it.
      if (over && line.t0 > end_t1) wrong(18, "after the end of its run");
      break;
    case completed:
      ++findings_.report.figures.duplicates_replayed;
      if (!over) wrong(18, "before the end of its run");
      break;
    case mismatch:
      if (request.given == bit(mismatch)) wrong(19, "and its id is new");
      break;
    default:
      if (request.fresh && !over) wrong(20, "while its run is under way");
  }
}

}  // namespace checker
}  // namespace v0
}  // namespace invsaga
