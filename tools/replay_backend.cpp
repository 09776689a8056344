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

/// The step that an operation belongs to, from a record that it may leave.
std::string step_of(const Write& write) {
  static const Definition definition = checkout::saga.definition();
  if (write.tails.empty() || write.tails.front().records.empty()) return {};
  const auto record = decode<RunRecord>(write.tails.front().records.front().bytes);
  return record.has_value() ? std::string(definition.steps[record.assume_value().step].name) : "";
}

/// The record by which the run ends, if it does.
const PreparedRecord* end_in(std::span<const PreparedRecord> records) {
  const auto found = std::ranges::find(records, RunChange::ends, &PreparedRecord::change);
  return found == records.end() ? nullptr : &*found;
}

bool may_end(const Write& write) {
  return end_in(write.head) != nullptr || std::ranges::any_of(write.tails, [](const Tail& tail) {
           return end_in(tail.records) != nullptr;
         });
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

result<WriteReply> ReplayBackend::write(const Write& write) {
  if (write.operation != nullptr) {
    CallNote note;
    if (write.run.is_set()) note.run = std::string(names_.number(names_.invoice(write.run)));
    note.step = step_of(write);
    return call(write, note);
  }
  if (write.claim == nullptr || write.claim->epoch != 0) return pass_on(write);
  const std::int64_t t0 = log_.elapsed_ns();
  const std::lock_guard lock(answers_);
  auto reply = memory_.write(write);
  tell_request(write.claim->claim, t0,
               reply.has_value() ? history_answer(invsaga::name(reply.assume_value().claim.state))
                                 : HistoryAnswer::failed);
  return reply;
}

/// Told in the order in which runs end.
result<WriteReply> ReplayBackend::pass_on(const Write& write) {
  if (!may_end(write)) return memory_.write(write);
  const std::lock_guard lock(answers_);
  auto reply = memory_.write(write);
  if (!reply.has_value()) return reply;
  const PreparedRecord* end = end_in(write.head);
  if (end == nullptr && write.operation != nullptr) {
    end = end_in(tail_of(write, decision_of(reply.assume_value().answer)));
  }
  if (end != nullptr) tell_end(write.run, *end);
  return reply;
}

result<WriteReply> ReplayBackend::call(const Write& write, CallNote& note) {
  const Operation& operation = *write.operation;
  note.t0 = log_.elapsed_ns();
  const HistoryLine what = line_of(recorded(operation), note, names_);
  const StoreError error = errors_.befalls(what.run,
                                           std::string(invsaga::name(what.op)) + " " + what.id);
  if (error == StoreError::failed) {
    tell_failure(operation, note, HistoryAnswer::failed);
    return Error{Errc::unavailable};
  }
  if (error == StoreError::unknown) {
    tell_failure(operation, note, HistoryAnswer::unknown);
    return Error{Errc::timed_out};
  }
  note.lost = error == StoreError::lost;
  Write with_note = write;
  with_note.context = &note;
  const auto reply = pass_on(with_note);
  const std::int64_t t1 = log_.elapsed_ns();
  if (note.n != 0) log_.close(note.n, t1);
  keep(operation, reply, t1 - note.t0);
  if (note.lost && reply.has_value()) return Error{Errc::reply_lost};
  return reply;
}

void ReplayBackend::tell_failure(const Operation& operation, const CallNote& note,
                                 HistoryAnswer answer) {
  HistoryLine line = line_of(recorded(operation), note, names_);
  line.answer = answer;
  log_.tell(std::move(line));
}

void ReplayBackend::keep(const Operation& operation, const result<WriteReply>& reply,
                         std::int64_t took) {
  const std::lock_guard lock(mutex_);
  if (std::holds_alternative<Reserve>(operation)) latencies_.reserve.push_back(took);
  if (std::holds_alternative<Commit>(operation)) latencies_.commit.push_back(took);
  if (!reply.has_value()) return;
  const auto* answer = std::get_if<ReserveAnswer>(&reply.assume_value().answer);
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

void ReplayBackend::tell_end(RunId run, const PreparedRecord& record) {
  HistoryLine line;
  line.op = HistoryOp::end;
  line.answer = HistoryAnswer::ended;
  line.run = std::string(names_.number(names_.invoice(run)));
  line.id = line.run + "/end";
  const auto outcome = decode<RunOutcome>(record.confirmation.answer);
  if (outcome.has_value()) {
    line.outcome = std::string(invsaga::name(outcome.assume_value().end));
    line.reason = end_reason(outcome.assume_value());
  }
  const auto entries = memory_.read(run);
  if (entries.has_value()) {
    const auto records = read_records(entries.assume_value());
    for (const RunRecord& each : records.value()) line.events += each.events.size();
  }
  log_.tell(std::move(line));
}

void ReplayBackend::tell_request(const Claim& claim, std::int64_t t0, HistoryAnswer answer) {
  HistoryLine line;
  line.t0 = t0;
  const std::size_t invoice = names_.invoice(claim.key);
  line.op = HistoryOp::request;
  line.run = std::string(names_.number(invoice));
  line.id = line.run + "/request";
  line.units = names_.units(invoice);
  line.amount = names_.amount(invoice);
  line.answer = answer;
  log_.tell(std::move(line));
}

void ReplayBackend::claim(const Claim& claim, Completion<ClaimAnswer> done) noexcept {
  const std::int64_t t0 = log_.elapsed_ns();
  done([&] {
    const std::lock_guard lock(answers_);
    auto answer = memory_.claim(claim);
    tell_request(claim, t0,
                 answer.has_value() ? history_answer(invsaga::name(answer.assume_value().state))
                                    : HistoryAnswer::failed);
    return answer;
  }());
}

result<AdjustAnswer> ReplayBackend::adjust_stock(const AdjustName& name, std::string_view invoice,
                                                 std::span<const Line> lines) {
  const Adjust adjust{name.id(), name.reason, now() + adjust_lifetime, lines};
  std::vector<ShortLine> shorts(lines.size());
  const Operation operation = adjust;
  Write write;
  write.operation = &operation;
  write.shorts = shorts;
  for (;;) {
    CallNote note;
    note.id = name.text();
    note.run = std::string(invoice);
    const auto reply = call(write, note);
    if (reply.has_value()) return std::get<AdjustAnswer>(reply.assume_value().answer);
    if (reply.assume_error().remedy() == Remedy::give_up) return reply.assume_error();
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
