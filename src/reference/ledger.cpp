// SPDX-License-Identifier: Apache-2.0
#include <invsaga/reference/ledger.hpp>

#include <memory>
#include <utility>

#include <invsaga/assert.hpp>
#include <invsaga/detail/guarded.hpp>

#include "ledger_core.hpp"

namespace invsaga {
inline namespace v0 {
namespace {

/// Answers each of the batch in order.
template <class Operation, class Answered, class Ask>
void each(std::span<const Operation> batch, std::span<Answered> answers, const Ask& ask) {
  INVSAGA_ASSERT(answers.size() == batch.size(), "Ledger: answers as long as the batch");
  for (std::size_t i = 0; i < batch.size(); ++i) answers[i] = ask(batch[i]);
}

/// Both halves of an operation.
template <class Core, class Prepare>
auto whole(Core& core, const Prepare& prepare) {
  auto answer = detail::within_memory(prepare);
  if (answer.has_value()) core.take_effect();
  return answer;
}

}  // namespace

Ledger::Ledger(const StoreLimits& limits, HashKey key)
    : core_(std::make_unique<Core>(limits, key)) {
  INVSAGA_ASSERT(limits.max_lifetime >= Duration{0} && limits.grace >= Duration{0} &&
                     0 < limits.max_units && limits.max_units < Units{1} << 53,
                 "Ledger::Ledger: limits whose durations are not below 0, with max_units from 1 to "
                 "2^53-1");
}
Ledger::~Ledger() = default;
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;

const StoreLimits& Ledger::limits() const noexcept { return core_->limits(); }
Time Ledger::now() const noexcept { return core_->now(); }
void Ledger::advance_to(Time time) noexcept { core_->advance_to(time); }
std::optional<Time> Ledger::next_expiry() const noexcept { return core_->next_expiry(); }
result<std::size_t> Ledger::expire_due() {
  return detail::within_memory([&]() -> result<std::size_t> {
    core_->begin();
    return core_->last().expired.size();
  });
}

result<ReserveAnswer> Ledger::reserve(const Reserve& reserve, std::span<ShortLine> shorts) {
  return whole(*core_, [&] { return core_->reserve(reserve, shorts); });
}
result<CommitAnswer> Ledger::commit(const Commit& commit) {
  return whole(*core_, [&] { return core_->commit(commit); });
}
result<ReleaseAnswer> Ledger::release(const Release& release) {
  return whole(*core_, [&] { return core_->release(release); });
}
result<ExtendAnswer> Ledger::extend(const Extend& extend) {
  return whole(*core_, [&] { return core_->extend(extend); });
}
result<AdjustAnswer> Ledger::adjust(const Adjust& adjust, std::span<ShortLine> shorts) {
  return whole(*core_, [&] { return core_->adjust(adjust, shorts); });
}

result<void> Ledger::acknowledge_sale(ReservationId id) {
  core_->acknowledge_sale(id);
  return success();
}
result<StockCounters> Ledger::stock(Row row) {
  return detail::within_memory([&]() -> result<StockCounters> {
    core_->begin();
    return core_->rows().at(row);
  });
}
std::size_t Ledger::rows() const noexcept { return core_->rows().size(); }
result<std::optional<RememberedReservation>> Ledger::find(ReservationId id) {
  return detail::within_memory(
      [&]() -> result<std::optional<RememberedReservation>> { return core_->find(id); });
}
KnownId Ledger::known(ReservationId id) const noexcept { return core_->known(id); }
bool Ledger::knows(AdjustId id) const noexcept { return core_->knows(id); }
std::size_t Ledger::remembered() const noexcept { return core_->remembered(); }
const LedgerTrace& Ledger::last() const noexcept { return core_->last(); }

result<Answer> Ledger::apply(const Operation& operation, std::span<ShortLine> shorts) {
  return apply_operation(*this, operation, shorts);
}
result<Answer> Ledger::prepare(const Operation& operation, std::span<ShortLine> shorts) {
  return detail::within_memory([&] { return apply_operation(*core_, operation, shorts); });
}
void Ledger::take_effect() noexcept { core_->take_effect(); }

void Ledger::reserve(std::span<const Reserve> batch, std::span<result<ReserveAnswer>> answers) {
  each(batch, answers, [this](const Reserve& one) { return reserve(one); });
}
void Ledger::commit(std::span<const Commit> batch, std::span<result<CommitAnswer>> answers) {
  each(batch, answers, [this](const Commit& one) { return commit(one); });
}
void Ledger::release(std::span<const Release> batch, std::span<result<ReleaseAnswer>> answers) {
  each(batch, answers, [this](const Release& one) { return release(one); });
}
void Ledger::extend(std::span<const Extend> batch, std::span<result<ExtendAnswer>> answers) {
  each(batch, answers, [this](const Extend& one) { return extend(one); });
}
void Ledger::adjust(std::span<const Adjust> batch, std::span<result<AdjustAnswer>> answers) {
  each(batch, answers, [this](const Adjust& one) { return adjust(one); });
}
void Ledger::apply(std::span<const Operation> batch, std::span<result<Answer>> answers) {
  each(batch, answers, [this](const Operation& one) { return apply(one); });
}

}  // namespace v0
}  // namespace invsaga
