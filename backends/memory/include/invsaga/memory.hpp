// SPDX-License-Identifier: Apache-2.0
//
// The memory backend: stock, requests, runs and outbox of one process behind one lock, so that what
// belongs together is one append. Nothing survives the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <invsaga/assert.hpp>
#include <invsaga/backend.hpp>
#include <invsaga/memory_component.hpp>
#include <invsaga/memory_core.hpp>
#include <invsaga/memory_recording.hpp>

namespace invsaga {
inline namespace v0 {

/// A Backend (`backend.hpp`, `reservation.hpp`, `idempotency.hpp`, `saga_log.hpp` and `outbox.hpp`
/// have the semantics).
///
/// Safe from any thread; every call takes effect at one instant while it holds the lock, and waits
/// for nothing else. It reads no clock: its owner calls `advance_to`. A hold whose deadline has
/// come is expired before anything else is decided, whether or not anybody sweeps. What is refused
/// with an `Error` changed nothing but the expiries that were due.
///
/// `R` is told, under the lock and in the order of effect, of every expiry and of every operation
/// that was answered, its lines merged. An operation that is an `Error` has no record.
template <Recorder R = NoRecorder>
class MemoryBackend : public AnswersAtOnce<MemoryBackend<R>>, public MemoryRows {
  using Door = AnswersAtOnce<MemoryBackend<R>>;

 public:
  static constexpr Capabilities capabilities() noexcept {
    return {.linearizable = true,
            .multi_row_atomic = true,
            .atomic_effects = true,
            .answers_at_once = true};
  }

  explicit MemoryBackend(const MemoryLimits& limits = {}, R recorder = R{})
      : MemoryRows(limits), core_(limits, rows()), recorder_(std::move(recorder)) {}
  MemoryBackend(const MemoryBackend&) = delete;
  MemoryBackend& operator=(const MemoryBackend&) = delete;

  [[nodiscard]] const StoreLimits& limits() const noexcept { return core_.ledger.limits(); }
  [[nodiscard]] WriteLimits write_limits() const noexcept { return core_.write_limits(); }
  [[nodiscard]] Retention retention() const noexcept { return core_.claims.retention(); }

  // Each of these also with a completion, which is called within the call.
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
  using MemoryRows::find;
  using MemoryRows::intern;

  // --- time
  /// The time of the last `advance_to`; not set before the first.
  [[nodiscard]] Time now() const noexcept {
    const std::lock_guard lock(mutex_);
    return core_.ledger.now();
  }
  /// Moves the clock. An earlier time changes nothing.
  void advance_to(Time time) {
    const std::lock_guard lock(mutex_);
    core_.advance_to(time);
  }
  /// The earliest deadline of a live hold: when to sweep, for who wants to do it on time.
  [[nodiscard]] std::optional<Time> next_expiry() const {
    const std::lock_guard lock(mutex_);
    return core_.ledger.next_expiry();
  }
  /// Expires what is due. Answers how many holds. Error: `resource_exhausted` (memory), then none.
  result<std::size_t> expire_due() {
    const std::lock_guard lock(mutex_);
    return sweep();
  }

  // --- stock
  result<ReserveAnswer> reserve(const Reserve& reserve, std::span<ShortLine> shorts = {}) {
    const std::lock_guard lock(mutex_);
    return one(reserve, [&] { return core_.ledger.reserve(reserve, shorts); });
  }
  result<CommitAnswer> commit(const Commit& commit) {
    const std::lock_guard lock(mutex_);
    return one(commit, [&] { return core_.ledger.commit(commit); });
  }
  result<ReleaseAnswer> release(const Release& release) {
    const std::lock_guard lock(mutex_);
    return one(release, [&] { return core_.ledger.release(release); });
  }
  result<ExtendAnswer> extend(const Extend& extend) {
    const std::lock_guard lock(mutex_);
    return one(extend, [&] { return core_.ledger.extend(extend); });
  }
  result<AdjustAnswer> adjust(const Adjust& adjust, std::span<ShortLine> shorts = {}) {
    const std::lock_guard lock(mutex_);
    return one(adjust, [&] { return core_.adjust(adjust, shorts); });
  }
  result<void> acknowledge_sale(ReservationId id) {
    const std::lock_guard lock(mutex_);
    return core_.ledger.acknowledge_sale(id);
  }
  result<StockCounters> stock(Row row) {
    const std::lock_guard lock(mutex_);
    INVSAGA_CHECK(sweep());
    return core_.ledger.stock(row);
  }
  /// The counters of many rows at one instant.
  result<std::vector<StockCounters>> snapshot(std::span<const Row> rows) {
    const std::lock_guard lock(mutex_);
    INVSAGA_CHECK(sweep());
    return core_.snapshot(rows);
  }
  /// What is remembered of a reservation.
  result<std::optional<RememberedReservation>> find(ReservationId id) {
    const std::lock_guard lock(mutex_);
    INVSAGA_CHECK(sweep());
    return core_.ledger.find(id);
  }

  /// Operations that belong to no run, in order, under one lock. Short lines beyond the first of
  /// each are not reported. Requires `answers` as long as the batch.
  void apply(std::span<const Operation> batch, std::span<result<Answer>> answers) {
    INVSAGA_ASSERT(answers.size() == batch.size(),
                   "MemoryBackend::apply: answers as long as the batch");
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      answers[i] = one(batch[i], [&] { return core_.apply(batch[i]); });
    }
  }

  // --- one append
  result<WriteReply> write(const Write& write) {
    const std::lock_guard lock(mutex_);
    INVSAGA_CHECK(sweep());
    const result<WriteReply> reply = core_.write(write);
    if (reply.has_value() && core_.stock_answered()) {
      detail::tell(recorder_, core_.ledger.now(), *write.operation, reply.assume_value().answer,
                   core_.last(), &write);
    }
    return reply;
  }
  /// Nothing is ever missing: what belongs together was one append.
  result<void> settle(RunId, std::span<const LogEntry>) { return success(); }

  // --- runs
  result<std::vector<LogEntry>> read(RunId run) {
    const std::lock_guard lock(mutex_);
    return core_.runs.read(run);
  }
  result<std::vector<RunId>> unfinished(RunId after, std::size_t limit) {
    const std::lock_guard lock(mutex_);
    return core_.runs.unfinished(after, limit);
  }
  result<std::vector<RunId>> stuck(RunId after, std::size_t limit) {
    const std::lock_guard lock(mutex_);
    return core_.runs.stuck(after, limit);
  }
  result<std::vector<EndedRun>> ended(Time before, EndedRun after, std::size_t limit) {
    const std::lock_guard lock(mutex_);
    return core_.runs.ended(before, after, limit);
  }
  /// `busy` until it has ended, and all that may refer to it is out of time (protocol rule 6).
  result<void> forget(RunId run) {
    const std::lock_guard lock(mutex_);
    return core_.forget(run);
  }
  /// Whether the outbox holds an event of the run.
  [[nodiscard]] bool has_pending(RunId run) const noexcept {
    const std::lock_guard lock(mutex_);
    return core_.outbox.has_pending(run);
  }

  // --- requests
  result<ClaimAnswer> claim(const Claim& claim) {
    const std::lock_guard lock(mutex_);
    return core_.claims.claim(claim);
  }
  result<void> extend_claim(RequestKey key, std::uint64_t epoch, Time lease_until) {
    const std::lock_guard lock(mutex_);
    return core_.claims.extend_claim(key, epoch, lease_until);
  }
  result<void> confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer) {
    const std::lock_guard lock(mutex_);
    return core_.claims.confirm_claim(key, epoch, answer);
  }
  result<void> release_claim(RequestKey key, std::uint64_t epoch) {
    const std::lock_guard lock(mutex_);
    return core_.claims.release_claim(key, epoch);
  }

  // --- outbox
  result<bool> put(RunId run, Time at, const PreparedEvent& event) {
    const std::lock_guard lock(mutex_);
    return core_.outbox.put(run, at, event);
  }
  result<std::vector<PendingEvent>> pending(std::uint64_t after, std::size_t limit) {
    const std::lock_guard lock(mutex_);
    return core_.outbox.pending(after, limit);
  }
  result<void> acknowledge_event(RunId run, std::uint64_t sequence) {
    const std::lock_guard lock(mutex_);
    return core_.outbox.acknowledge_event(run, sequence);
  }

  /// The recorder. It is used under the lock: look at it when no call is under way.
  [[nodiscard]] R& recorder() noexcept { return recorder_; }

 private:
  /// One operation that belongs to no run.
  template <class Asked, class Ask>
  auto one(const Asked& operation, const Ask& ask) -> decltype(ask()) {
    INVSAGA_CHECK(sweep());
    const auto answer = ask();
    if (answer.has_value()) {
      detail::tell(recorder_, core_.ledger.now(), operation, Answer{answer.assume_value()},
                   core_.ledger.last(), nullptr);
    }
    return answer;
  }

  /// Expires what is due and records it, so that each call that follows finds nothing due.
  result<std::size_t> sweep() {
    const auto count = core_.ledger.expire_due();
    if (count.has_value()) detail::tell_expiries(recorder_, core_.ledger);
    return count;
  }

  mutable std::mutex mutex_;
  MemoryCore core_;
  R recorder_;
};

static_assert(Backend<MemoryBackend<>>);
static_assert(ReservationStore<MemoryBackend<>>);

}  // namespace v0
}  // namespace invsaga
