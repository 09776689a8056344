// SPDX-License-Identifier: Apache-2.0
#include <invsaga/testing/write_model.hpp>

#include <algorithm>
#include <variant>

#include <invsaga/forgetting.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

// --- the stock

template <class Narrow>
result<Narrow> WriteModel::ask(const Operation& operation, std::span<ShortLine> shorts) {
  Write alone;
  alone.operation = &operation;
  alone.shorts = shorts;
  INVSAGA_TRY(const WriteReply reply, write(alone));
  return std::get<Narrow>(reply.answer);
}

result<ReserveAnswer> WriteModel::reserve(const Reserve& reserve, std::span<ShortLine> shorts) {
  return ask<ReserveAnswer>(reserve, shorts);
}
result<CommitAnswer> WriteModel::commit(const Commit& commit) {
  return ask<CommitAnswer>(commit, {});
}
result<ReleaseAnswer> WriteModel::release(const Release& release) {
  return ask<ReleaseAnswer>(release, {});
}
result<ExtendAnswer> WriteModel::extend(const Extend& extend) {
  return ask<ExtendAnswer>(extend, {});
}
result<AdjustAnswer> WriteModel::adjust(const Adjust& adjust, std::span<ShortLine> shorts) {
  return ask<AdjustAnswer>(adjust, shorts);
}
result<void> WriteModel::acknowledge_sale(ReservationId id) {
  stock_.acknowledge_sale(id);
  return success();
}

// --- the names of rows

result<Row> WriteModel::intern(std::string_view store, std::string_view product) {
  if (product.empty()) return Error{Errc::invalid_argument};
  const CatalogLimits limits;
  const std::size_t longest = std::max(store.size(), product.size());
  if (longest > limits.max_text_bytes) {
    return over_limit(Limit::text_bytes, longest, limits.max_text_bytes);
  }
  if (const auto known = find(store, product)) return *known;
  if (names_.size() >= limits_.max_rows) return no_room(Limit::rows, limits_.max_rows);
  names_.emplace_back(store, product);
  return Row{names_.size() - 1};
}
std::optional<Row> WriteModel::find(std::string_view store,
                                    std::string_view product) const noexcept {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (names_[i].first == store && names_[i].second == product) return Row{i};
  }
  return std::nullopt;
}
std::optional<RowName> WriteModel::name(Row row) const noexcept {
  if (row.index >= names_.size()) return std::nullopt;
  return RowName{names_[row.index].first, names_[row.index].second};
}

// --- what was written

std::vector<const WriteModel::Written*> WriteModel::of(RunId run) const {
  std::vector<const Written*> found;
  for (const Written& one : written_) {
    if (one.run == run) found.push_back(&one);
  }
  return found;
}

const WriteModel::Written* WriteModel::end_of(RunId run) const {
  for (const Written* one : of(run)) {
    if (one->change == RunChange::ends) return one;
  }
  return nullptr;
}

bool WriteModel::is_stuck(RunId run) const {
  bool stuck = false;
  for (const Written* one : of(run)) {
    if (one->change == RunChange::parks) stuck = true;
    if (one->change == RunChange::resumes) stuck = false;
  }
  return stuck;
}

bool WriteModel::stands(RunId run, std::size_t at, std::span<const PreparedRecord> records) const {
  const auto written = of(run);
  for (const PreparedRecord& record : records) {
    if (at >= written.size()) return false;
    if (!std::ranges::equal(written[at++]->entry.bytes, record.bytes)) return false;
  }
  return true;
}

/// The events of a run are numbered without gaps; a number that was there is no new event.
result<void> WriteModel::check_events(RunId run, std::span<const PreparedRecord> head,
                                      std::span<const PreparedRecord> tail) const {
  std::uint64_t last = 0;
  for (const Written* one : of(run)) {
    for (const PendingEvent& event : one->events) last = std::max(last, event.sequence);
  }
  for (const auto& records : {head, tail}) {
    for (const PreparedRecord& record : records) {
      for (const PreparedEvent& event : record.events) {
        if (event.sequence == 0 || event.sequence > last + 1) {
          return Error{Errc::invalid_argument}.about(WritePart::event);
        }
        last = std::max(last, event.sequence);
      }
    }
  }
  return success();
}

void WriteModel::append(RunId run, std::span<const PreparedRecord> records, Stamp stamp) {
  for (const PreparedRecord& record : records) {
    Written one{run, {{record.bytes.begin(), record.bytes.end()}, stamp}, record.change, {}};
    for (const PreparedEvent& event : record.events) {
      std::uint64_t last = 0;
      for (const Written* before : of(run)) {
        for (const PendingEvent& known : before->events) last = std::max(last, known.sequence);
      }
      for (const PendingEvent& known : one.events) last = std::max(last, known.sequence);
      const std::uint64_t place = event.sequence > last ? ++places_ : 0;
      one.events.push_back(
          {run, event.sequence, stamp.at, {event.bytes.begin(), event.bytes.end()}, place});
    }
    written_.push_back(std::move(one));
    const Confirmation& told = record.confirmation;
    if (told.request.is_set()) (void)confirm_claim(told.request, told.epoch, told.answer);
    if (record.sale.is_set()) stock_.acknowledge_sale(record.sale);
    stamp.claim_epoch = 0;  // of the first alone
    stamp.shorts.clear();
  }
}

result<WriteReply> WriteModel::write(const Write& write) {
  INVSAGA_CHECK(check_write(write));
  if (!is_set(now())) return Error{Errc::clock_not_set};
  WriteReply reply;
  reply.at = now();
  const std::size_t length = of(write.run).size();
  if (write.run.is_set() && write.at != length) return write_again(write);
  INVSAGA_CHECK(check_events(write.run, write.head, {}));
  for (const Tail& tail : write.tails) {
    INVSAGA_CHECK(check_events(write.run, write.head, tail.records));
  }
  if (write.claim != nullptr && write.claim->epoch != 0) {
    if (is_set(write.claim->claim.deadline) && write.claim->claim.deadline <= now()) {
      reply.claim.state = ClaimState::expired;
      return reply;
    }
    (void)extend_claim(write.claim->claim.key, write.claim->epoch, write.claim->claim.deadline);
    reply.claim.epoch = write.claim->epoch;
  } else if (write.claim != nullptr) {
    Claim until_its_deadline = write.claim->claim;
    until_its_deadline.lease_until = until_its_deadline.deadline;
    auto claimed = claim(until_its_deadline);
    if (!claimed.has_value()) return claimed.assume_error().about(WritePart::claim);
    reply.claim = claimed.assume_value();
    if (reply.claim.state != ClaimState::fresh) return reply;
  }
  std::vector<ShortLine> shorts;
  std::span<const PreparedRecord> tail;
  if (write.operation != nullptr) {
    INVSAGA_CHECK(check_named(*this, *write.operation));
    const auto answer = stock_.apply(*write.operation);
    if (!answer.has_value()) return answer.assume_error().about(WritePart::operation);
    const auto told = shorts_of(answer.assume_value());
    shorts.assign(told.begin(), told.end());
    const StockDecision decision = decision_of(answer.assume_value());
    reply.answer = answer_of(*write.operation, decision, shorts, write.shorts);
    if (write.run.is_set()) tail = tail_of(write, decision);
  }
  append(write.run, write.head, {reply.at, reply.claim.epoch, {}});
  append(write.run, tail, {reply.at, 0, shorts});
  reply.position = static_cast<Position>(of(write.run).size());
  if (!write.run.is_set()) reply.position = 0;
  return reply;
}

/// Perhaps all of it is there: then it was written before.
result<WriteReply> WriteModel::write_again(const Write& write) {
  const auto written = of(write.run);
  WriteReply reply;
  const std::size_t then = write.at + write.head.size();
  std::size_t end = 0;
  if (stands(write.run, write.at, write.head)) {
    if (write.operation == nullptr) end = then;
    for (const Tail& tail : write.tails) {
      if (tail.records.empty() || !stands(write.run, then, tail.records)) continue;
      end = then + tail.records.size();
      reply.answer = answer_of(*write.operation, tail.decision, written[then]->entry.stamp.shorts,
                               write.shorts);
    }
  }
  if (end != 0) {
    reply.position = static_cast<Position>(end);
    reply.at = written[write.at]->entry.stamp.at;
    reply.claim.epoch = written[write.at]->entry.stamp.claim_epoch;
    return reply;
  }
  const bool asks = write.claim != nullptr && write.claim->epoch == 0;
  if (!asks) return Error{Errc::moved_on}.about(WritePart::position);
  forget_requests();
  const auto known = requests_.find(write.claim->claim.key);
  const Error moved_on = Error{Errc::moved_on}.about(WritePart::position);
  if (known == requests_.end()) return moved_on;
  const Request& request = known->second;
  if (request.fingerprint != write.claim->claim.fingerprint) {
    reply.claim.state = ClaimState::mismatch;
  } else if (request.completed) {
    reply.claim.state = ClaimState::completed;
    reply.claim.answer = request.answer;
  } else if (now() < request.lease_until) {
    reply.claim.state = ClaimState::in_progress;
    reply.claim.lease_until = request.lease_until;
  } else {
    return moved_on;
  }
  return reply;
}

result<std::vector<LogEntry>> WriteModel::read(RunId run) {
  std::vector<LogEntry> entries;
  for (const Written* one : of(run)) entries.push_back(one->entry);
  return entries;
}

result<std::vector<RunId>> WriteModel::unfinished(RunId after, std::size_t limit) {
  return page_of_runs(after, limit, false);
}
result<std::vector<RunId>> WriteModel::stuck(RunId after, std::size_t limit) {
  return page_of_runs(after, limit, true);
}

std::vector<RunId> WriteModel::page_of_runs(RunId after, std::size_t limit, bool stuck) const {
  std::set<RunId> runs;
  for (const Written& one : written_) {
    const bool listed = !has_ended(one.run) && is_stuck(one.run) == stuck;
    if (one.run > after && listed) runs.insert(one.run);
  }
  std::vector<RunId> page(runs.begin(), runs.end());
  if (page.size() > limit) page.resize(limit);
  return page;
}

result<std::vector<EndedRun>> WriteModel::ended(Time before, EndedRun after, std::size_t limit) {
  std::set<EndedRun> runs;
  for (const Written& one : written_) {
    const Written* const end = end_of(one.run);
    if (end == nullptr || end->entry.stamp.at >= before) continue;
    const EndedRun listed{end->entry.stamp.at, one.run};
    if (listed > after) runs.insert(listed);
  }
  std::vector<EndedRun> page(runs.begin(), runs.end());
  if (page.size() > limit) page.resize(limit);
  return page;
}

result<void> WriteModel::forget(RunId run) {
  if (of(run).empty()) return success();
  const auto pending_of_it = pending(0, SIZE_MAX);
  const bool waits = std::ranges::any_of(
      pending_of_it.assume_value(), [&](const PendingEvent& event) { return event.run == run; });
  if (waits) return Error{Errc::busy};
  INVSAGA_TRY(const auto entries, read(run));
  INVSAGA_TRY(const HeldBack held, held_back(entries, limits_));
  forget_requests();
  if (now() < held.until || requests_.contains(held.request)) return Error{Errc::busy};
  std::erase_if(written_, [&](const Written& one) { return one.run == run; });
  std::erase_if(acknowledged_, [&](const auto& told) { return told.first == run; });
  return success();
}

// --- events

result<std::vector<PendingEvent>> WriteModel::pending(std::uint64_t after, std::size_t limit) {
  std::vector<PendingEvent> waiting;
  for (const Written& one : written_) {
    for (const PendingEvent& event : one.events) {
      const bool told = acknowledged_.contains({one.run, event.sequence});
      const bool listed = event.place > after && waiting.size() < limit;
      if (listed && !told) waiting.push_back(event);
    }
  }
  return waiting;
}

result<void> WriteModel::acknowledge_event(RunId run, std::uint64_t sequence) {
  const auto waiting = pending(0, SIZE_MAX);
  const bool there = std::ranges::any_of(waiting.assume_value(), [&](const PendingEvent& event) {
    return event.run == run && event.sequence == sequence;
  });
  if (there) acknowledged_.emplace(run, sequence);
  return success();
}

// --- requests

void WriteModel::forget_requests() {
  std::erase_if(requests_, [&](const auto& entry) {
    const Request& request = entry.second;
    const bool leased = !request.completed && now() < request.lease_until;
    return now() >= request.deadline && !leased;
  });
}

result<ClaimAnswer> WriteModel::claim(const Claim& claim) {
  forget_requests();
  const bool whole = claim.key.is_set() && is_set(claim.lease_until) && is_set(claim.deadline);
  if (!whole) return Error{Errc::invalid_argument};
  if (!is_set(now())) return Error{Errc::clock_not_set};
  ClaimAnswer told;
  const auto known = requests_.find(claim.key);
  if (known != requests_.end()) {
    const Request& request = known->second;
    told.state = ClaimState::mismatch;
    if (request.fingerprint != claim.fingerprint) return told;
    told.state = ClaimState::completed;
    told.answer = request.answer;
    if (request.completed) return told;
  }
  told = {};
  if (known != requests_.end() && now() < known->second.lease_until) {
    told.state = ClaimState::in_progress;
    told.lease_until = known->second.lease_until;
    return told;
  }
  told.state = ClaimState::expired;
  if (claim.deadline <= now()) return told;
  told.state = ClaimState::fresh;
  told.epoch = ++epochs_;
  Request& request = requests_[claim.key];
  request = {claim.fingerprint,
             told.epoch,
             claim.lease_until,
             std::max(request.deadline, claim.deadline),
             false,
             {}};
  return told;
}

result<void> WriteModel::extend_claim(RequestKey key, std::uint64_t epoch, Time lease_until) {
  forget_requests();
  if (!is_set(lease_until)) return Error{Errc::invalid_argument};
  const auto known = requests_.find(key);
  if (known == requests_.end() || known->second.completed) return Error{Errc::not_found};
  if (known->second.epoch != epoch) return Error{Errc::busy};
  known->second.lease_until = std::max(known->second.lease_until, lease_until);
  return success();
}

result<void> WriteModel::confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer) {
  forget_requests();
  const auto known = requests_.find(key);
  if (known == requests_.end()) return Error{Errc::not_found};
  Request& request = known->second;
  if (request.epoch != epoch) return Error{Errc::busy};
  const bool same = std::ranges::equal(request.answer, answer);
  if (request.completed && !same) return Error{Errc::invalid_argument};
  request.completed = true;
  request.answer.assign(answer.begin(), answer.end());
  return success();
}

result<void> WriteModel::release_claim(RequestKey key, std::uint64_t epoch) {
  forget_requests();
  const auto known = requests_.find(key);
  if (known == requests_.end()) return success();
  if (known->second.epoch != epoch) return Error{Errc::busy};
  if (known->second.completed) return Error{Errc::too_late};
  requests_.erase(known);
  return success();
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
