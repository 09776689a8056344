// SPDX-License-Identifier: Apache-2.0
#include <invsaga/memory_core.hpp>

#include <utility>
#include <variant>

#include <invsaga/assert.hpp>
#include <invsaga/detail/guarded.hpp>
#include <invsaga/forgetting.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

std::size_t events_of(std::span<const PreparedRecord> records) noexcept {
  std::size_t count = 0;
  for (const PreparedRecord& record : records) count += record.events.size();
  return count;
}

}  // namespace

void MemoryCore::advance_to(Time time) noexcept {
  ledger.advance_to(time);
  claims.advance_to(time);
}

result<WriteReply> MemoryCore::write(const Write& write) {
  return detail::within_memory([&] { return try_write(write); });
}

result<AdjustAnswer> MemoryCore::adjust(const Adjust& adjust, std::span<ShortLine> shorts) {
  INVSAGA_CHECK(check_named(rows_, adjust));
  return ledger.adjust(adjust, shorts);
}

result<Answer> MemoryCore::apply(const Operation& operation) {
  INVSAGA_CHECK(check_named(rows_, operation));
  return ledger.apply(operation);
}

/// Everything that can fail comes before anything that changes: only then is nothing half done.
result<WriteReply> MemoryCore::try_write(const Write& write) {
  INVSAGA_CHECK(check_write(write));
  if (!is_set(ledger.now())) return Error{Errc::clock_not_set};
  last_ = {};
  stock_answered_ = false;
  WriteReply reply;
  reply.at = ledger.now();
  if (!write.run.is_set()) {
    INVSAGA_TRY(reply.answer, prepare(*write.operation, write.shorts));
    ledger.take_effect();
    return reply;
  }
  if (write.at != runs.length(write.run)) return write_again(write);
  INVSAGA_CHECK(room_for(write));
  if (write.claim != nullptr) {
    INVSAGA_TRY(reply.claim, prepare(*write.claim));
    if (reply.claim.state != ClaimState::fresh) return reply;
  }
  std::span<const PreparedRecord> tail;
  if (write.operation != nullptr) {
    INVSAGA_TRY(reply.answer, prepare(*write.operation, write.shorts));
    tail = tail_of(write, decision_of(reply.answer));
  }
  Stamp of_head{reply.at, reply.claim.epoch, {}};
  Stamp of_tail{reply.at, 0, {last_.shorts.begin(), last_.shorts.end()}};
  INVSAGA_CHECK(reserve(write.run, write.head, tail, reply.at));
  // From here on nothing fails.
  if (write.claim != nullptr) bind(*write.claim);
  ledger.take_effect();
  keep(write.run, write.head, std::move(of_head));
  keep(write.run, tail, std::move(of_tail));
  outbox.take_effect();
  confirm();
  reply.position = runs.length(write.run);
  return reply;
}

/// The record that binds the claim is in this very write: it is kept until its deadline at once.
Claim MemoryCore::bound(const ClaimEffect& effect) noexcept {
  Claim claim = effect.claim;
  claim.lease_until = claim.deadline;
  return claim;
}

result<ClaimAnswer> MemoryCore::prepare(const ClaimEffect& effect) {
  ClaimAnswer held;
  held.epoch = effect.epoch;
  if (held.epoch != 0) {
    const bool over = is_set(effect.claim.deadline) && effect.claim.deadline <= ledger.now();
    if (over) held.state = ClaimState::expired;  // others were told so
    return held;
  }
  auto claim = claims.prepare(bound(effect));
  if (!claim.has_value()) return claim.assume_error().about(WritePart::claim);
  return claim;
}

void MemoryCore::bind(const ClaimEffect& effect) noexcept {
  if (effect.epoch == 0) return claims.take_effect(bound(effect));
  // Another may have taken it meanwhile: the run's position decides.
  (void)claims.extend_claim(effect.claim.key, effect.epoch, effect.claim.deadline);
}

result<Answer> MemoryCore::prepare(const Operation& operation, std::span<ShortLine> shorts) {
  INVSAGA_CHECK(check_named(rows_, operation));
  const result<Answer> answer = ledger.prepare(operation, shorts);
  if (!answer.has_value()) return answer.assume_error().about(WritePart::operation);
  last_ = ledger.last();
  stock_answered_ = true;
  return answer;
}

/// All the memory that these records and their effects will take.
result<void> MemoryCore::reserve(RunId run, std::span<const PreparedRecord> head,
                                 std::span<const PreparedRecord> tail, Time at) {
  std::size_t bytes = 0;
  outbox.drop_prepared();
  confirmed_.clear();
  for (const auto records : {head, tail}) {
    for (const PreparedRecord& record : records) {
      bytes += record.bytes.size();
      for (const PreparedEvent& event : record.events) {
        INVSAGA_CHECK(outbox.prepare(run, at, event));
      }
      const Confirmation& told = record.confirmation;
      if (!told.request.is_set()) continue;
      confirmed_.push_back({told.request, told.epoch, {told.answer.begin(), told.answer.end()}});
    }
  }
  return runs.reserve(run, head.size() + tail.size(), bytes);
}

/// A claim that another has taken meanwhile, or that is forgotten, is left alone: the run's
/// position decides who goes on, and its claim's new owner reads the run.
void MemoryCore::confirm() noexcept {
  for (Confirmed& told : confirmed_) {
    (void)claims.confirm_prepared(told.request, told.epoch, std::move(told.answer));
  }
  confirmed_.clear();
}

/// The run has records where these would go: perhaps those of an earlier attempt whose reply was
/// lost. Then the reply is the recorded one, and the stock is left alone.
result<WriteReply> MemoryCore::write_again(const Write& write) {
  const Error moved_on = Error{Errc::moved_on}.about(WritePart::position);
  WriteReply reply;
  const bool headed = runs.has(write.run, write.at, write.head);
  const auto from = write.at + static_cast<Position>(write.head.size());
  if (write.operation == nullptr && headed) {
    reply.position = from;
  } else if (headed) {
    for (const Tail& tail : write.tails) {
      if (tail.records.empty() || !runs.has(write.run, from, tail.records)) continue;
      const auto shorts = runs.entry(write.run, from).stamp.shorts;
      reply.answer = answer_of(*write.operation, tail.decision, shorts, write.shorts);
      reply.position = from + static_cast<Position>(tail.records.size());
      look_back(*write.operation, tail.decision);
      break;
    }
  }
  if (reply.position != 0) {
    const Stamp stamp = runs.entry(write.run, write.at).stamp;
    reply.at = stamp.at;
    reply.claim.epoch = stamp.claim_epoch;
    return reply;
  }
  if (write.claim == nullptr || write.claim->epoch != 0) return moved_on;
  // A claim that is known decides. One that would be fresh, or expired, does not: the run exists,
  // and its log tells (protocol rule 6).
  INVSAGA_TRY(auto known, claims.find(write.claim->claim));
  const bool lapsed = known && known->state == ClaimState::in_progress &&
                      known->lease_until <= ledger.now();
  if (!known || lapsed) return moved_on;
  reply.claim = *std::move(known);
  return reply;
}

/// For the recorder: what the operation moved when it took effect. The stock tells it when it is
/// asked again, which is done only of an id that it remembers: a repeat must not take effect anew.
void MemoryCore::look_back(const Operation& operation, StockDecision decision) {
  const bool told = remembers(operation) && [&] {
    const result<Answer> again = prepare(operation, {});  // a repeat has no effect
    return again.has_value() && decision_of(again.assume_value()) == decision;
  }();
  if (!told) last_ = {};
  last_.repeat = true;
  stock_answered_ = told;
}

bool MemoryCore::remembers(const Operation& operation) {
  if (const auto* adjust = std::get_if<Adjust>(&operation)) return ledger.knows(adjust->id);
  const auto id_of = [](const auto& typed) { return ReservationId{typed.id.high, typed.id.low}; };
  const KnownId known = ledger.known(std::visit(id_of, operation));
  // A live hold is another's by the same id, taken after the first was forgotten: leave it alone.
  const bool could_act = known == KnownId::reserved && !std::holds_alternative<Reserve>(operation);
  return known != KnownId::unknown && !could_act;
}

result<void> MemoryCore::forget(RunId run) {
  if (outbox.has_pending(run)) return Error{Errc::busy};
  INVSAGA_TRY(const auto entries, runs.read(run));
  INVSAGA_TRY(const HeldBack held, held_back(entries, ledger.limits()));
  if (ledger.now() < held.until) return Error{Errc::busy};
  if (held.request.is_set()) {
    INVSAGA_TRY(const auto asked, claims.find(probe_of(held.request)));
    if (asked) return Error{Errc::busy};
  }
  INVSAGA_CHECK(runs.forget(run));
  return outbox.forget(run);
}

result<std::vector<StockCounters>> MemoryCore::snapshot(std::span<const Row> rows) {
  return detail::within_memory([&]() -> result<std::vector<StockCounters>> {
    std::vector<StockCounters> counters;
    counters.reserve(rows.size());
    for (const Row row : rows) {
      INVSAGA_TRY(const StockCounters of_row, ledger.stock(row));
      counters.push_back(of_row);
    }
    return counters;
  });
}

/// Whatever is decided, all of it finds room.
result<void> MemoryCore::room_for(const Write& write) const noexcept {
  INVSAGA_CHECK(room_for(write.run, write.head, WritePart::head, {}));
  for (const Tail& tail : write.tails) {
    INVSAGA_CHECK(room_for(write.run, tail.records, WritePart::tail, write.head));
  }
  return success();
}

result<void> MemoryCore::room_for(RunId run, std::span<const PreparedRecord> records,
                                  WritePart part,
                                  std::span<const PreparedRecord> before) const noexcept {
  const auto in_log = runs.room_for(run, records, before);
  if (!in_log.has_value()) return in_log.assume_error().about(part);
  std::size_t events_before = events_of(before);
  for (const PreparedRecord& record : records) {
    const std::size_t answer = record.confirmation.answer.size();
    if (answer > max_answer_bytes) {
      return over_limit(Limit::answer_bytes, answer, max_answer_bytes).about(part);
    }
    const auto in_outbox = outbox.room_for(run, record.events, events_before);
    if (!in_outbox.has_value()) return in_outbox.assume_error().about(WritePart::event);
    events_before += record.events.size();
  }
  return success();
}

/// The records, for which room is reserved, and the sales that they tell of.
void MemoryCore::keep(RunId run, std::span<const PreparedRecord> records, Stamp&& stamp) noexcept {
  if (records.empty()) return;
  runs.append_reserved(run, records, std::move(stamp));
  for (const PreparedRecord& record : records) {
    // The run has recorded the sale in the same append: rule 5 asks for no more.
    if (record.sale.is_set()) (void)ledger.acknowledge_sale(record.sale);
  }
}

}  // namespace v0
}  // namespace invsaga
