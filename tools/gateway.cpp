// SPDX-License-Identifier: Apache-2.0
#include "gateway.hpp"

#include <array>

#include "draw.hpp"

namespace invsaga::tools {
namespace {

constexpr Duration answers_within{
    5'000};  ///< The step's own deadline: silent so long is `unknown`.

std::string charge_text(const std::string& invoice) { return invoice + "/pay"; }

}  // namespace

Duration gateway_latency(double drawn) noexcept {
  struct Point {
    double share, ms;
  };
  constexpr std::array<Point, 6> curve{
      {{0, 200}, {0.5, 1000}, {0.9, 1500}, {0.95, 2000}, {0.99, 4000}, {1, 4900}}};
  std::size_t i = 1;
  while (i + 1 < curve.size() && drawn >= curve[i].share) ++i;
  const Point& from = curve[i - 1];
  const Point& to = curve[i];
  const double ms = from.ms + (to.ms - from.ms) * (drawn - from.share) / (to.share - from.share);
  return Duration{static_cast<std::int64_t>(ms)};
}

/// Unknown goes before timed out, timed out before declined.
void Gateway::decide(Charge& charge, Time now) const {
  const FaultRates& rates = options_.faults;
  const auto drawn = [&](std::string_view what) {
    return draw(options_.seed, charge.invoice, what);
  };
  const bool unknown = drawn("unknown") < rates.unknown;
  if (unknown || drawn("timed_out") < rates.timed_out) {
    charge.silent_first = true;
    const double when = drawn("known after");
    charge.answer_at = now + Duration{unknown ? between(when, 1'000, 3'600'000)
                                              : between(when, 6'000, 60'000)};
    charge.was_charged = drawn("known charged") < 0.5;
    return;
  }
  charge.was_charged = drawn("declined") >= rates.declined;
  charge.answer_at = now + gateway_latency(drawn("latency"));
}

/// The one answer for this charge, given now, for the first time or again.
result<checkout::Receipt> Gateway::answer(Charge& charge) {
  const auto word = charge.was_charged ? HistoryAnswer::charged : HistoryAnswer::declined;
  tell(HistoryOp::charge, word, charge.invoice, charge.amount, charge.answered);
  charge.answered = true;
  charge.concluded = charge.sending;
  if (charge.was_charged) return checkout::Receipt{charge.amount};
  return refuse(charge.doubted ? checkout::payment_failed : checkout::declined);
}

result<Reply<checkout::Receipt>> Gateway::charge(const StepContext& step,
                                                 const checkout::Order& order) {
  if (order.amount == "0") {
    tell(HistoryOp::charge, HistoryAnswer::charged, order.number, order.amount);
    return Reply<checkout::Receipt>(checkout::Receipt{order.amount});
  }
  const Time now = timeline_.now();
  const std::lock_guard lock(mutex_);
  Charge& charge = charges_[step.run];
  const std::uint64_t sending = ++charge.sending;
  if (sending == 1) {
    charge.invoice = order.number;
    charge.amount = order.amount;
    decide(charge, now);
  }
  tell_silent(charge, sending - 1);
  const bool heard = sending > 1 || !charge.silent_first;
  if (charge.answered || (heard && charge.answer_at <= now)) {
    const auto said = answer(charge);
    if (!said.has_value()) return said.assume_error();
    return Reply<checkout::Receipt>(said.assume_value());
  }
  const RunId run = step.run;
  if (heard && charge.answer_at <= now + answers_within) {
    timeline_.arm(charge.answer_at, Timeline::Due::gateway,
                  [this, run, call = step.id, sending] { answer_later(run, call, sending); });
  } else {
    timeline_.arm(now + answers_within, Timeline::Due::gateway,
                  [this, run, sending] { stay_silent(run, sending); });
  }
  return Reply<checkout::Receipt>(pending);
}

void Gateway::answer_later(RunId run, CallId call, std::uint64_t sending) {
  result<checkout::Receipt> said = Error{Errc::timed_out};
  {
    const std::lock_guard lock(mutex_);
    Charge& charge = charges_[run];
    if (charge.answered || charge.sending != sending) return;
    said = answer(charge);
  }
  answered_(run, call, said);
}

void Gateway::stay_silent(RunId run, std::uint64_t sending) {
  const std::lock_guard lock(mutex_);
  tell_silent(charges_[run], sending);
}

/// The sendings up to this one have run out of time: their caller cannot know.
void Gateway::tell_silent(Charge& charge, std::uint64_t sending) {
  for (; !charge.answered && charge.concluded < sending; ++charge.concluded) {
    charge.doubted = true;
    tell(HistoryOp::charge, HistoryAnswer::unknown, charge.invoice, charge.amount);
  }
}

void Gateway::refund(const StepContext& step, const checkout::Receipt& receipt) {
  tell(HistoryOp::refund, HistoryAnswer::refunded, std::string(step.key), receipt.amount);
}

void Gateway::tell(HistoryOp op, HistoryAnswer answer, const std::string& invoice,
                   const std::string& amount, bool repeat) {
  HistoryLine line;
  line.repeat = repeat;
  line.op = op;
  line.answer = answer;
  line.run = invoice;
  line.step = "pay";
  line.id = charge_text(invoice);
  line.amount = amount;
  log_.tell(std::move(line));
}

}  // namespace invsaga::tools
