// SPDX-License-Identifier: Apache-2.0
//
// A backend made of parts that live in different places: the stock in one store, requests, runs and
// outbox in others.
//
//     auto backend = split(stock, requests, runs, outbox);
//
// No append spans the parts, so an order of writes stands in for it (protocol rules 2 and 9): the
// stock first, whose own answer by id tells what became of an operation; then the run's record with
// its events, in the log; then the events into the outbox; then the claim; last the stock is told
// that a sale is recorded, so that it may forget it. Whatever is missing after a crash is brought
// in by the repeat of the same call, or by `settle`.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <variant>
#include <vector>

#include <invsaga/backend.hpp>

namespace invsaga {
inline namespace v0 {

/// What `split` needs of a stock: a ReservationStore, or a store that is only submitted to and says
/// of itself what it can, its limits and its time.
template <class S>
concept StockPart = (ReservationStore<S> || SubmittingStore<S>) &&
                    requires(S& store, const S& view, ReservationId id) {
                      { S::capabilities } -> std::convertible_to<Capabilities>;
                      { view.limits() } -> std::convertible_to<StoreLimits>;
                      { view.now() } -> std::same_as<Time>;
                      { store.acknowledge_sale(id) } -> std::same_as<result<void>>;
                    };

namespace detail {

/// True if `found` is what an earlier attempt of the call recorded that would record `ours` now:
/// the same kind, owner, step, round and id.
bool is_repeat(const RunRecord& found, const RunRecord& ours) noexcept;

/// The answer that `found` bears, for a repeat of `operation`. `again` is what the stock answered
/// this time, and is given where it says the same. Of a refusal the short lines that the record
/// kept are told, in `shorts` as far as it reaches. `moved_on` if the record bears no answer to
/// such an operation.
result<Answer> recorded_answer(const Operation& operation, const RunRecord& found,
                               const Answer& again, std::span<ShortLine> shorts = {});

/// An error of a later part, after an earlier one took its share: the call may not be said to have
/// had no effect, so what is left is to ask again with the same id. `moved_on` stays what it is.
/// `own` keeps the part's code.
Error after_effect(Error error) noexcept;

/// True for errors by which a claim says that it is another's, or nobody's, by now: the run goes on
/// without it.
bool is_claim_lost(const Error& error) noexcept;

}  // namespace detail

/// The backend that `split` makes. It borrows the parts: they outlive it, and the stock calls no
/// completion once it is gone. Safe from any thread; of a submitted operation the log, the outbox
/// and the claim are written on the thread that the stock completes on.
///
/// Its parts share one base of time, the stock's: `now()` is the stock's.
///
/// Errors of `apply`, `submit` and `append`: `invalid_argument` (a run without both records), and
/// those of the first part, as they are. Once one part has taken its share, `moved_on` if the run
/// has moved on, else `reply_lost` with the other part's code as `own`: repeat the whole call with
/// the same ids. A repeat puts in what is missing, and gives the recorded answer and position.
template <StockPart Store, IdempotencyStore Claims, SagaLog Log, Outbox Events>
class Joined {
 public:
  static constexpr Capabilities capabilities = [] {
    Capabilities made = Store::capabilities;
    made.atomic_effects = false;
    return made;
  }();

  Joined(Store& store, Claims& claims, Log& log, Events& outbox) noexcept
      : store_(store), claims_(claims), log_(log), outbox_(outbox) {}
  Joined(const Joined&) = delete;
  Joined& operator=(const Joined&) = delete;

  [[nodiscard]] StoreLimits limits() const { return store_.limits(); }
  [[nodiscard]] Time now() const { return store_.now(); }

  // The parts keep their own contracts.
  result<ClaimAnswer> claim(const Claim& claim) { return claims_.claim(claim); }
  result<void> extend_claim(RequestKey key, std::uint64_t epoch, Time lease_until) {
    return claims_.extend_claim(key, epoch, lease_until);
  }
  result<void> confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer) {
    return claims_.confirm_claim(key, epoch, answer);
  }
  result<void> release_claim(RequestKey key, std::uint64_t epoch) {
    return claims_.release_claim(key, epoch);
  }

  result<std::vector<RunRecord>> read(RunId run) { return log_.read(run); }
  result<std::vector<RunId>> unfinished(RunId after, std::size_t limit) {
    return log_.unfinished(after, limit);
  }
  /// Also `busy` while events of the run are pending, if the outbox can forget (protocol rule 6).
  /// An outbox that cannot keeps a number of each run for ever.
  result<void> forget(RunId run) {
    if constexpr (requires { log_.forget(run), outbox_.forget(run); }) {
      INVSAGA_TRY(const auto records, log_.read(run));
      const bool goes_on = !records.empty() && records.back().kind != RecordKind::ended;
      if (goes_on) return Error{Errc::busy};
      INVSAGA_CHECK(outbox_.forget(run));
    }
    return log_.forget(run);
  }

  result<bool> put(const Event& event) { return outbox_.put(event); }
  result<std::vector<Event>> pending(std::size_t limit) { return outbox_.pending(limit); }
  result<void> acknowledge_event(RunId run, std::uint64_t sequence) {
    return outbox_.acknowledge_event(run, sequence);
  }

  result<void> acknowledge_sale(ReservationId id) { return store_.acknowledge_sale(id); }
  result<StockCounters> stock(Row row)
    requires requires(Store& store) {
      { store.stock(row) } -> std::same_as<result<StockCounters>>;
    }
  {
    return store_.stock(row);
  }

  /// The record in the log, then its events in the outbox, then its effect on the claim.
  result<Position> append(RunId run, Position at, const RunRecord& record) {
    INVSAGA_TRY(const Position position, log_.append(run, at, record));
    INVSAGA_CHECK(share(record));
    return position;
  }

  /// The operation, and the record that its answer picks. A repeat asks the stock again under the
  /// same id.
  result<Applied> apply(const Operation& operation, const Effects& effects,
                        std::span<ShortLine> shorts)
    requires ReservationStore<Store>
  {
    if (!is_complete(effects)) return Error{Errc::invalid_argument};
    INVSAGA_TRY(const Answer answer, ask(operation, effects.context, shorts));
    return finish(operation, effects, answer, shorts);
  }

  /// The same by a store that answers later. Operation, effects and `shorts` are lent until `done`
  /// is called.
  void submit(const Operation& operation, const Effects& effects, std::span<ShortLine> shorts,
              Completion done)
    requires SubmittingStore<Store>
  {
    if (!is_complete(effects)) return done(Error{Errc::invalid_argument});
    Pending& pending = remember(
        {this, &operation, &effects, shorts, stock_only(effects.context), done});
    store_.submit(operation, pending.told, shorts, {&Joined::answered, &pending, 0});
  }

  /// Puts the events of `records` that the outbox lacks, repeats their effects on claims, and tells
  /// the stock again of the sales that are recorded. A claim that another has taken meanwhile, or
  /// that was forgotten, is left alone: its new owner reads the run and confirms for itself.
  /// Idempotent; stops at the first error of a part.
  result<void> settle(RunId, const std::vector<RunRecord>& records) {
    for (const RunRecord& record : records) INVSAGA_CHECK(share(record));
    return success();
  }

 private:
  /// An operation that is under way. It lives at one place until its answer comes or the backend
  /// ends.
  struct Pending {
    Joined* backend;
    const Operation* operation;
    const Effects* effects;
    std::span<ShortLine> shorts;
    Effects told;  ///< What the stock is told: the run is none of its business.
    Completion done;
  };

  /// Whoever names a run brings a record for either answer.
  static bool is_complete(const Effects& effects) noexcept {
    return !effects.run.is_set() || (effects.yes != nullptr && effects.no != nullptr);
  }
  static Effects stock_only(void* context) {
    Effects effects;
    effects.context = context;
    return effects;
  }
  result<Answer> ask(const Operation& operation, void* context, std::span<ShortLine> shorts)
    requires ReservationStore<Store>
  {
    if constexpr (ApplyingStore<Store>) {
      INVSAGA_TRY(const Applied applied, store_.apply(operation, stock_only(context), shorts));
      return applied.answer;
    } else {
      return apply_operation(store_, operation, shorts);
    }
  }
  /// What follows the stock's answer.
  result<Applied> finish(const Operation& operation, const Effects& effects, const Answer& answer,
                         std::span<ShortLine> shorts) {
    if (!effects.run.is_set()) return Applied{answer, 0};
    const RunRecord ours = outcome_record(effects, answer, now());
    const result<Position> position = log_.append(effects.run, effects.at, ours);
    if (position.has_value()) {
      INVSAGA_CHECK(share(ours));
      return Applied{answer, position.assume_value()};
    }
    if (position.assume_error().code != Errc::moved_on) {
      return detail::after_effect(position.assume_error());
    }
    return finish_repeat(operation, effects, answer, shorts);
  }

  /// The run has a record where ours should go: perhaps the one that an earlier attempt of this
  /// call appended, whose reply was lost, or which did not come as far as the outbox.
  result<Applied> finish_repeat(const Operation& operation, const Effects& effects,
                                const Answer& answer, std::span<ShortLine> shorts) {
    const auto records = log_.read(effects.run);
    if (!records.has_value()) return detail::after_effect(records.assume_error());
    if (effects.at >= records.assume_value().size()) return Error{Errc::moved_on};
    const RunRecord& found = records.assume_value()[effects.at];
    INVSAGA_TRY(const Answer recorded, detail::recorded_answer(operation, found, answer, shorts));
    // Which of the two records ours would have been depends on the answer that was recorded.
    if (!detail::is_repeat(found, outcome_record(effects, recorded, found.at))) {
      return Error{Errc::moved_on};
    }
    INVSAGA_CHECK(share(found));
    return Applied{recorded, effects.at + 1};
  }

  /// What a record that is in the log brings about elsewhere. Each part takes a repeat.
  result<void> share(const RunRecord& record) {
    for (const Event& event : record.events) {
      if (const auto taken = outbox_.put(event); !taken.has_value()) {
        return detail::after_effect(taken.assume_error());
      }
    }
    if (const auto done = apply_claim_effect(record, claims_);
        !done.has_value() && !detail::is_claim_lost(done.assume_error())) {
      return detail::after_effect(done.assume_error());
    }
    if (record.decision != StockDecision::committed) return success();
    const ReservationId sold{record.id_high, record.id_low};
    if (const auto told = store_.acknowledge_sale(sold); !told.has_value()) {
      return detail::after_effect(told.assume_error());
    }
    return success();
  }
  Pending& remember(const Pending& call) {
    auto made = std::make_unique<Pending>(call);
    Pending& pending = *made;
    const std::lock_guard lock(mutex_);
    pending_.emplace(&pending, std::move(made));
    return pending;
  }
  static void answered(void* context, std::uint64_t, const result<Applied>& applied) {
    auto* const backend = static_cast<Pending*>(context)->backend;
    const Pending pending = backend->take(static_cast<Pending*>(context));
    if (!applied.has_value()) return pending.done(applied);
    pending.done(backend->finish(*pending.operation, *pending.effects,
                                 applied.assume_value().answer, pending.shorts));
  }
  Pending take(const Pending* key) {
    const std::lock_guard lock(mutex_);
    return *pending_.extract(key).mapped();
  }

  Store& store_;
  Claims& claims_;
  Log& log_;
  Events& outbox_;
  std::mutex mutex_;
  std::unordered_map<const Pending*, std::unique_ptr<Pending>> pending_;
};

/// Makes a `Joined` of parts that live apart. All are borrowed. (The type is deduced, so that a
/// compiler says which part does not fit, and why.)
template <StockPart Store, IdempotencyStore Claims, SagaLog Log, Outbox Events>
auto split(Store& store, Claims& claims, Log& log, Events& outbox) {
  return Joined<Store, Claims, Log, Events>(store, claims, log, outbox);
}

}  // namespace v0
}  // namespace invsaga
