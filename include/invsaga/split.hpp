// SPDX-License-Identifier: Apache-2.0
//
// A backend made of parts that live in different places: the stock with the names of its rows in
// one store, requests, runs and outbox in others.
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
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <invsaga/backend.hpp>
#include <invsaga/catalog.hpp>
#include <invsaga/forgetting.hpp>
#include <invsaga/prepared_write.hpp>

namespace invsaga {
inline namespace v0 {

/// What `split` needs of a stock: a ReservationStore, or a store that is only written to
/// (operations that belong to no run) and says of itself what it can, its limits and its time. What
/// is joined is a Backend if the stock names its rows (`NamesRows`).
template <class S>
concept StockPart = (ReservationStore<S> || WritableStore<S>) &&
                    requires(S& store, const S& view, ReservationId id) {
                      { view.capabilities() } noexcept -> std::convertible_to<Capabilities>;
                      { view.limits() } noexcept -> std::convertible_to<StoreLimits>;
                      { view.now() } noexcept -> std::same_as<Time>;
                      { store.acknowledge_sale(id) } -> std::same_as<result<void>>;
                    };

namespace detail {

/// Whether these records are in the log from `at` on, byte for byte, and there is one.
bool stand_in_log(std::span<const PreparedRecord> records, Position at,
                  std::span<const LogEntry> entries) noexcept;

/// An error of a later part, after an earlier one took its share: the call may not be said to have
/// had no effect, so what is left is to ask again with the same id. `moved_on` stays what it is.
/// `own` keeps the part's code.
Error after_effect(Error error) noexcept;

/// True for errors by which a claim says that it is another's, or nobody's, by now: the run goes on
/// without it.
bool is_claim_lost(const Error& error) noexcept;

}  // namespace detail

/// The backend that `split` makes. It borrows the parts: they outlive it, and the stock calls no
/// completion once it is gone. Safe from any thread. What the stock answers later, the log, the
/// outbox and the claim are told on the thread that it completes on; everything else is answered
/// within the call.
///
/// Its parts share one base of time, the stock's: `now()` is the stock's, and so are the names of
/// rows.
///
/// A write has one record, or an operation whose tails have one each; a claim is held before it is
/// bound. Errors of `submit`: `invalid_argument` (`check_write`), `unsupported` (a head with an
/// operation, a claim that is not held), and those of the first part, as they are. Once one part
/// has taken its share, `moved_on` if the run has moved on, else `reply_lost` with the other part's
/// code as `own`: repeat the whole write with the same bytes. A repeat puts in what is missing, and
/// gives the recorded answer, position and time. Where the log will never take the record
/// (`give_up`, about the tail), what became of the operation is in doubt too.
template <StockPart Store, IdempotencyStore Claims, SagaLog Log, Outbox Events>
class Joined : public AnswersAtOnce<Joined<Store, Claims, Log, Events>> {
  using Door = AnswersAtOnce<Joined<Store, Claims, Log, Events>>;

 public:
  static constexpr Capabilities capabilities() noexcept {
    Capabilities made = Store::capabilities();
    made.atomic_effects = false;
    made.answers_at_once = ReservationStore<Store>;
    return made;
  }

  Joined(Store& store, Claims& claims, Log& log, Events& outbox,
         const WriteLimits& limits = {}) noexcept
      : store_(store), claims_(claims), log_(log), outbox_(outbox), limits_(limits) {}
  /// What the stock has not answered is in doubt: `reply_lost`.
  ~Joined() {
    for (const auto& [key, owed] : std::exchange(pending_, {})) {
      owed->done(Error{Errc::reply_lost}.about(WritePart::operation));
    }
  }
  Joined(const Joined&) = delete;
  Joined& operator=(const Joined&) = delete;

  [[nodiscard]] StoreLimits limits() const noexcept { return store_.limits(); }
  [[nodiscard]] WriteLimits write_limits() const noexcept { return limits_; }
  [[nodiscard]] std::optional<Retention> retention() const noexcept {
    return retention_of(claims_);
  }
  [[nodiscard]] Time now() const noexcept { return store_.now(); }

  /// For parts that read no clock: moves theirs. An earlier time changes nothing.
  void advance_to(Time time) noexcept
    requires requires(Store& store, Claims& claims) {
      requires requires { store.advance_to(time); } || requires { claims.advance_to(time); };
    }
  {
    if constexpr (requires { store_.advance_to(time); }) store_.advance_to(time);
    if constexpr (requires { claims_.advance_to(time); }) claims_.advance_to(store_.now());
  }
  [[nodiscard]] std::optional<Time> next_expiry() const noexcept
    requires requires(const Store& view) { std::optional<Time>(view.next_expiry()); }
  {
    return store_.next_expiry();
  }
  result<std::size_t> expire_due()
    requires requires(Store& store) { result<std::size_t>(store.expire_due()); }
  {
    return store_.expire_due();
  }

  // The parts keep their own contracts. Each of these also with a completion.
  using Door::acknowledge_event;
  using Door::claim;
  using Door::confirm_claim;
  using Door::ended;
  using Door::extend_claim;
  using Door::forget;
  using Door::intern;
  using Door::pending;
  using Door::read;
  using Door::release_claim;
  using Door::settle;
  using Door::stuck;
  using Door::unfinished;

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

  result<std::vector<LogEntry>> read(RunId run) { return log_.read(run); }
  result<std::vector<RunId>> unfinished(RunId after, std::size_t limit) {
    return log_.unfinished(after, limit);
  }
  result<std::vector<RunId>> stuck(RunId after, std::size_t limit) {
    return log_.stuck(after, limit);
  }
  result<std::vector<EndedRun>> ended(Time before, EndedRun after, std::size_t limit) {
    return log_.ended(before, after, limit);
  }
  /// `busy` until it has ended, its events are acknowledged, the stock has forgotten its ids, its
  /// request is past its deadline, and no stored answer points to its records (protocol rule 6). An
  /// outbox that is no `ForgettingOutbox` keeps a number of each run for ever.
  result<void> forget(RunId run) {
    INVSAGA_TRY(const auto entries, log_.read(run));
    INVSAGA_TRY(const HeldBack held, held_back(entries, store_.limits()));
    if (now() < held.until) return Error{Errc::busy};
    if (held.request.is_set()) {
      INVSAGA_TRY(const auto asked, claims_.claim(probe_of(held.request)));
      if (asked.state != ClaimState::expired) return Error{Errc::busy};
    }
    if constexpr (ForgettingOutbox<Events>) {
      INVSAGA_TRY(const bool waits, result<bool>(outbox_.has_pending(run)));
      if (waits) return Error{Errc::busy};
    }
    INVSAGA_CHECK(log_.forget(run));  // first: while it is there, `settle` puts what it tells
    if constexpr (ForgettingOutbox<Events>) return outbox_.forget(run);
    return success();
  }

  result<bool> put(RunId run, Time at, const PreparedEvent& event) {
    return outbox_.put(run, at, event);
  }
  result<std::vector<PendingEvent>> pending(std::uint64_t after, std::size_t limit) {
    return outbox_.pending(after, limit);
  }
  result<void> acknowledge_event(RunId run, std::uint64_t sequence) {
    return outbox_.acknowledge_event(run, sequence);
  }

  // The names of the stock's rows.
  result<Row> intern(std::string_view store, std::string_view product)
    requires NamesRows<Store>
  {
    return store_.intern(store, product);
  }
  [[nodiscard]] std::optional<Row> find(std::string_view store,
                                        std::string_view product) const noexcept
    requires NamesRows<Store>
  {
    return std::as_const(store_).find(store, product);
  }
  [[nodiscard]] std::optional<RowName> name(Row row) const noexcept
    requires NamesRows<Store>
  {
    return std::as_const(store_).name(row);
  }

  result<void> acknowledge_sale(ReservationId id) { return store_.acknowledge_sale(id); }
  result<StockCounters> stock(Row row)
    requires requires(Store& store) {
      { store.stock(row) } -> std::same_as<result<StockCounters>>;
    }
  {
    return store_.stock(row);
  }

  /// The operation, and the record that its decision picks. A repeat asks the stock again under the
  /// same id.
  result<WriteReply> write(const Write& write)
    requires ReservationStore<Store>
  {
    INVSAGA_CHECK(check(write));
    if (write.operation == nullptr) return append(write);
    const result<Answer> answer = ask(write);
    if (!answer.has_value()) return answer.assume_error().about(WritePart::operation);
    return finish(write, answer.assume_value());
  }

  void submit(const Write& write, Completion<WriteReply> done) noexcept {
    if constexpr (ReservationStore<Store>) {
      Door::submit(write, done);
    } else {
      if (write.operation == nullptr) {
        const auto append_it = [&]() -> result<WriteReply> {
          INVSAGA_CHECK(check(write));
          return append(write);
        };
        return done(detail::guarded<WriteReply>(append_it, {Errc::reply_lost}));
      }
      Pending* pending = nullptr;
      const auto begin = [&]() -> result<WriteReply> {
        INVSAGA_CHECK(check(write));
        pending = &remember({this, &write, stock_only(write), done});
        return WriteReply{};
      };
      const auto reply = detail::guarded<WriteReply>(begin, no_memory());
      if (pending == nullptr) return done(reply);
      store_.submit(pending->told, {&Joined::answered, pending, 0});
    }
  }

  /// Puts the events of `entries` that the outbox lacks, repeats their effects on claims, and tells
  /// the stock again of the sales that are recorded. A claim that another has taken meanwhile, or
  /// that was forgotten, is left alone: its new owner reads the run and confirms for itself.
  /// Idempotent; stops at the first error of a part, or at an entry that does not decode.
  result<void> settle(RunId run, std::span<const LogEntry> entries) {
    for (const LogEntry& entry : entries) INVSAGA_CHECK(settle_one(run, entry));
    return success();
  }

 private:
  /// A write that is under way. It lives at one place until its answer comes or the backend ends.
  struct Pending {
    Joined* backend;
    const Write* write;
    Write told;  ///< What the stock is told: the run is none of its business.
    Completion<WriteReply> done;
  };

  result<void> settle_one(RunId run, const LogEntry& entry) {
    RunRecord record;
    PreparedWrite again(run, 0);
    INVSAGA_CHECK(detail::within_memory([&]() -> result<void> {
      INVSAGA_TRY(record, read_record(entry));
      again.add(record);
      again.seal();
      return success();
    }));
    INVSAGA_CHECK(share(run, record.at, again.write().head));
    if (record.kind != RecordKind::begun || !record.request.is_set()) return success();
    return bind({{record.request, {}, record.until, record.until}, record.claim_epoch});
  }

  static result<void> check(const Write& write) noexcept {
    INVSAGA_CHECK(check_write(write));
    const Error lacking{Errc::unsupported};
    if (write.operation != nullptr && !write.head.empty()) return lacking.about(WritePart::head);
    const bool asks = write.claim != nullptr && write.claim->epoch == 0;
    if (asks) return lacking.about(WritePart::claim);
    return success();
  }
  static Write stock_only(const Write& write) noexcept {
    Write told;
    told.operation = write.operation;
    told.shorts = write.shorts;
    told.context = write.context;
    return told;
  }
  result<Answer> ask(const Write& write)
    requires ReservationStore<Store>
  {
    if constexpr (requires { store_.write(write); }) {
      INVSAGA_TRY(const WriteReply reply, store_.write(stock_only(write)));
      return reply.answer;
    } else {
      return apply_operation(store_, *write.operation, write.shorts);
    }
  }
  /// The records in the log, then their events in the outbox, then their effects on claims.
  result<WriteReply> append(const Write& write) {
    if (!is_set(now())) return Error{Errc::clock_not_set};
    const std::uint64_t epoch = write.claim != nullptr ? write.claim->epoch : 0;
    const auto appended = log_.append(write.run, write.at, write.head, {now(), epoch, {}});
    if (!appended.has_value()) {
      const Error error = appended.assume_error();
      const bool moved_on = error.code == Errc::moved_on;
      return error.about(moved_on ? WritePart::position : WritePart::head);
    }
    if (write.claim != nullptr) INVSAGA_CHECK(bind(*write.claim));
    return shared(write.run, write.head, appended.assume_value(), {});
  }
  /// What follows the stock's answer.
  result<WriteReply> finish(const Write& write, const Answer& answer) {
    if (!write.run.is_set()) return reply_of(answer, {0, now()});
    const auto records = tail_of(write, decision_of(answer));
    Stamp stamp{now(), 0, {}};
    const auto stamped = detail::within_memory([&]() -> result<void> {
      const auto shorts = shorts_of(answer);
      stamp.shorts.assign(shorts.begin(), shorts.end());
      return success();
    });
    if (!stamped.has_value()) {
      return detail::after_effect(stamped.assume_error()).about(WritePart::tail);
    }
    const auto appended = log_.append(write.run, write.at, records, stamp);
    if (appended.has_value()) {
      return shared(write.run, records, appended.assume_value(), answer);
    }
    const Error error = appended.assume_error();
    if (error.code == Errc::moved_on) return finish_repeat(write);
    const bool hopeless = error.remedy() == Remedy::give_up;
    return (hopeless ? error : detail::after_effect(error)).about(WritePart::tail);
  }

  /// The run has a record where ours should go: perhaps the one that an earlier attempt of this
  /// write appended, whose reply was lost, or which did not come as far as the outbox.
  result<WriteReply> finish_repeat(const Write& write) {
    const auto read = log_.read(write.run);
    if (!read.has_value()) {
      return detail::after_effect(read.assume_error()).about(WritePart::tail);
    }
    const std::vector<LogEntry>& entries = read.assume_value();
    for (const Tail& tail : write.tails) {
      if (!detail::stand_in_log(tail.records, write.at, entries)) continue;
      const Stamp& stamp = entries[write.at].stamp;
      const auto end = write.at + static_cast<Position>(tail.records.size());
      return shared(write.run, tail.records, {end, stamp.at},
                    answer_of(*write.operation, tail.decision, stamp.shorts, write.shorts));
    }
    return Error{Errc::moved_on}.about(WritePart::position);
  }

  static WriteReply reply_of(const Answer& answer, const Appended& appended) {
    WriteReply reply;
    reply.answer = answer;
    reply.position = appended.position;
    reply.at = appended.at;
    return reply;
  }
  result<WriteReply> shared(RunId run, std::span<const PreparedRecord> records,
                            const Appended& appended, const Answer& answer) {
    INVSAGA_CHECK(share(run, appended.at, records));
    return reply_of(answer, appended);
  }
  /// What records that are in the log bring about elsewhere. Each part takes a repeat.
  result<void> share(RunId run, Time at, std::span<const PreparedRecord> records) {
    for (const PreparedRecord& record : records) {
      for (const PreparedEvent& event : record.events) {
        if (const auto taken = outbox_.put(run, at, event); !taken.has_value()) {
          return detail::after_effect(taken.assume_error()).about(WritePart::event);
        }
      }
      if (const Confirmation& told = record.confirmation; told.request.is_set()) {
        INVSAGA_CHECK(unless_lost(claims_.confirm_claim(told.request, told.epoch, told.answer)));
      }
      if (!record.sale.is_set()) continue;
      if (const auto told = store_.acknowledge_sale(record.sale); !told.has_value()) {
        return detail::after_effect(told.assume_error()).about(WritePart::tail);
      }
    }
    return success();
  }
  result<void> bind(const ClaimEffect& effect) {
    if (!is_set(effect.claim.deadline)) return success();
    return unless_lost(claims_.extend_claim(effect.claim.key, effect.epoch, effect.claim.deadline));
  }
  static result<void> unless_lost(const result<void>& told) {
    if (told.has_value() || detail::is_claim_lost(told.assume_error())) return success();
    return detail::after_effect(told.assume_error()).about(WritePart::claim);
  }

  Pending& remember(const Pending& call) {
    auto made = std::make_unique<Pending>(call);
    Pending& pending = *made;
    const std::lock_guard lock(mutex_);
    pending_.emplace(&pending, std::move(made));
    return pending;
  }
  static void answered(void* context, std::uint64_t, result<WriteReply>&& reply) noexcept {
    auto* const backend = static_cast<Pending*>(context)->backend;
    const Pending pending = backend->take(static_cast<Pending*>(context));
    if (!reply.has_value()) {
      return pending.done(reply.assume_error().about(WritePart::operation));
    }
    const auto finish = [&] {
      return backend->finish(*pending.write, reply.assume_value().answer);
    };
    pending.done(detail::guarded<WriteReply>(finish, {Errc::reply_lost}));
  }
  Pending take(const Pending* key) {
    const std::lock_guard lock(mutex_);
    return *pending_.extract(key).mapped();
  }

  Store& store_;
  Claims& claims_;
  Log& log_;
  Events& outbox_;
  const WriteLimits limits_;
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
