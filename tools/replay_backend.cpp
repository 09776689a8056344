// SPDX-License-Identifier: Apache-2.0
#include "replay_backend.hpp"

#include <algorithm>

#include "checkout/checkout.hpp"
#include "draw.hpp"

namespace invsaga::tools {
namespace {

constexpr unsigned errors_in_row = 3;
/// Longer than any thread lets the clock run ahead of what is under way: midnight is a barrier.
constexpr Duration adjust_lifetime = std::chrono::hours(48);

/// The step that an operation belongs to, from the record that it will leave.
std::string step_of(const Effects& effects) {
  static const Definition definition = checkout::saga.definition();
  return effects.yes == nullptr ? std::string()
                                : std::string(definition.steps[effects.yes->step].name);
}

}  // namespace

StoreError StoreErrors::befalls(std::string_view invoice, std::string_view call) {
  if (rate_ <= 0) return StoreError::none;
  const std::lock_guard lock(mutex_);
  Attempts& attempts = attempts_[std::string(call)];
  const std::uint64_t number = attempts.count++;
  const std::string what = "store_errors " + std::string(call);
  const bool hit = attempts.in_row < errors_in_row && draw(seed_, invoice, what, number) < rate_;
  attempts.in_row = hit ? attempts.in_row + 1 : 0;
  if (!hit) return StoreError::none;
  return static_cast<StoreError>(between(draw(seed_, invoice, what + " kind", number), 1, 3));
}

ReplayBackend::ReplayBackend(HistoryLog& log, const ReplayNames& names,
                             const ReplayOptions& options, const MemoryLimits& limits)
    : Forwarding(memory_),
      memory_(limits, StockHistory(log, names)),
      log_(log),
      names_(names),
      errors_(options.seed, options.faults.store_errors) {}

result<Applied> ReplayBackend::apply(const Operation& operation, const Effects& effects,
                                     std::span<ShortLine> shorts) {
  CallNote note;
  if (effects.run.is_set()) note.run = std::string(names_.number(names_.invoice(effects.run)));
  note.step = step_of(effects);
  return call(operation, effects, shorts, note);
}

result<Applied> ReplayBackend::call(const Operation& operation, const Effects& effects,
                                    std::span<ShortLine> shorts, CallNote& note) {
  note.t0 = log_.elapsed_ns();
  const HistoryLine what = line_of(recorded(operation), note, names_);
  const StoreError error = errors_.befalls(what.run, std::string(name(what.op)) + " " + what.id);
  if (error == StoreError::failed) {
    tell_failure(operation, note, HistoryAnswer::failed);
    return Error{Errc::unavailable};
  }
  if (error == StoreError::unknown) {
    tell_failure(operation, note, HistoryAnswer::unknown);
    return Error{Errc::timed_out};
  }
  note.lost = error == StoreError::lost;
  Effects with_note = effects;
  with_note.context = &note;
  const auto applied = memory_.apply(operation, with_note, shorts);
  const std::int64_t t1 = log_.elapsed_ns();
  if (note.n != 0) log_.close(note.n, t1);
  keep(operation, applied, t1 - note.t0);
  if (note.lost && applied.has_value()) return Error{Errc::reply_lost};
  return applied;
}

void ReplayBackend::tell_failure(const Operation& operation, const CallNote& note,
                                 HistoryAnswer answer) {
  HistoryLine line = line_of(recorded(operation), note, names_);
  line.at = now();
  line.answer = answer;
  log_.add(std::move(line));
}

void ReplayBackend::keep(const Operation& operation, const result<Applied>& applied,
                         std::int64_t took) {
  const std::lock_guard lock(mutex_);
  if (std::holds_alternative<Reserve>(operation)) latencies_.reserve.push_back(took);
  if (std::holds_alternative<Commit>(operation)) latencies_.commit.push_back(took);
  if (!applied.has_value()) return;
  const auto* answer = std::get_if<ReserveAnswer>(&applied.assume_value().answer);
  const auto* refusal = answer == nullptr ? nullptr : std::get_if<OutOfStock>(answer);
  if (refusal == nullptr) return;
  for (const ShortLine& line : refusal->lines) ++refusals_[line.row.index];
}

std::string end_reason(const RunOutcome& outcome) {
  if (outcome.end == RunEnd::completed) return "";
  if (outcome.decision == StockDecision::expired) return "hold_expired";
  if (outcome.end == RunEnd::compensated && outcome.step == checkout::pay_step) {
    return outcome.error.own == checkout::declined ? "declined" : "payment_failed";
  }
  return outcome.reason;
}

result<Position> ReplayBackend::append(RunId run, Position at, const RunRecord& record) {
  if (record.kind != RecordKind::ended) return memory_.append(run, at, record);
  const std::lock_guard lock(answers_);
  const auto appended = memory_.append(run, at, record);
  if (appended.has_value()) tell_end(run, record);
  return appended;
}

void ReplayBackend::tell_end(RunId run, const RunRecord& record) {
  HistoryLine line;
  line.at = now();
  line.op = HistoryOp::end;
  line.answer = HistoryAnswer::ended;
  line.run = std::string(names_.number(names_.invoice(run)));
  line.id = line.run + "/end";
  line.outcome = std::string(name(record.end));
  const auto outcome = decode<RunOutcome>(record.output);
  if (outcome.has_value()) line.reason = end_reason(outcome.assume_value());
  const auto records = read(run);
  if (records.has_value()) {
    for (const RunRecord& each : records.assume_value()) line.events += each.events.size();
  }
  log_.add(std::move(line));
}

result<ClaimAnswer> ReplayBackend::claim(const Claim& claim) {
  HistoryLine line;
  line.t0 = log_.elapsed_ns();
  const std::lock_guard lock(answers_);
  auto answer = memory_.claim(claim);
  const std::size_t invoice = names_.invoice(claim.key);
  line.at = now();
  line.op = HistoryOp::request;
  line.run = std::string(names_.number(invoice));
  line.id = line.run + "/request";
  line.units = names_.units(invoice);
  line.amount = names_.amount(invoice);
  line.answer = answer.has_value() ? history_answer(name(answer.assume_value().state))
                                   : HistoryAnswer::failed;
  log_.add(std::move(line));
  return answer;
}

result<AdjustAnswer> ReplayBackend::adjust_stock(const std::string& id, std::string_view invoice,
                                                 AdjustReason reason, std::span<const Line> lines) {
  const Adjust adjust{make_id<AdjustId>({"adjust", id}), reason, now() + adjust_lifetime, lines};
  std::vector<ShortLine> shorts(lines.size());
  for (;;) {
    CallNote note;
    note.id = id;
    note.run = std::string(invoice);
    const auto applied = call(adjust, Effects{}, shorts, note);
    if (applied.has_value()) return std::get<AdjustAnswer>(applied.assume_value().answer);
    if (applied.assume_error().remedy() == Remedy::give_up) return applied.assume_error();
  }
}

ReplayBackend::Latencies ReplayBackend::latencies() const {
  const std::lock_guard lock(mutex_);
  return latencies_;
}

std::vector<std::pair<Row, std::uint64_t>> ReplayBackend::contended(std::size_t limit) const {
  std::vector<std::pair<Row, std::uint64_t>> rows;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [row, count] : refusals_) rows.emplace_back(Row{row}, count);
  }
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (rows.size() > limit) rows.resize(limit);
  return rows;
}

}  // namespace invsaga::tools
