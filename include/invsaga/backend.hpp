// SPDX-License-Identifier: Apache-2.0
//
// A backend is what shares one atomic append: reservation store, idempotency store, saga log,
// outbox and the names of rows.
//
// Where the parts live in different places, `split` (split.hpp) makes a backend of them.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include <invsaga/assert.hpp>
#include <invsaga/catalog.hpp>
#include <invsaga/completion.hpp>
#include <invsaga/detail/guarded.hpp>
#include <invsaga/idempotency.hpp>
#include <invsaga/outbox.hpp>
#include <invsaga/reservation.hpp>
#include <invsaga/run_record.hpp>
#include <invsaga/saga_log.hpp>
#include <invsaga/write.hpp>

namespace invsaga {
inline namespace v0 {

/// Bounds of what is written, and kept of it. Constant for a backend's life.
struct WriteLimits {
  std::size_t max_record_bytes = std::size_t{1} << 20;  ///< Of one record, encoded.
  std::size_t max_event_bytes = std::size_t{1} << 20;   ///< Of one event, encoded.
  std::size_t max_answer_bytes = std::size_t{1} << 20;  ///< Of a request's stored answer.
  std::size_t max_events = 1'000'000;                   ///< In the outbox at a time.
  std::size_t max_runs = 1'000'000;                     ///< In the log at a time.
};

/// A store that is written to. `submit` returns at once; what the write lends is lent until the
/// completion is called. A store that answers on the caller's thread calls it within the call. It
/// cannot throw: whatever happens, the completion is told.
template <class S>
concept WritableStore = requires(S& store, const Write& write, Completion<WriteReply> done) {
  { store.submit(write, done) } noexcept -> std::same_as<void>;
};

/// Semantics of a Backend:
///  - All of it goes by one door: every call has a completion. One that answers at once
///    (`answers_at_once`) calls it within the call, and allocates nothing for it. None can throw:
///    what a backend has no memory for is its answer, `resource_exhausted` if nothing was done.
///  - `submit(write, done)`: the claim, if the write asks for one; the operation; head and the tail
///    that its decision picks, appended at `write.at`, stamped with the store's time. With the
///    records go their effects: events enter the outbox, a confirmation answers its request, a sale
///    is acknowledged to the stock. Refused with `moved_on` if the run has moved on, and then the
///    stock is untouched where `atomic_effects` holds; where it does not, the operation may have
///    taken effect and its id tells.
///  - A repeat (every record of it is at its place, byte for byte) gets the reply that is recorded.
///  - A claim is taken only if the run has no record yet. If it has, a claim that is known says how
///    the request stands (`in_progress`, `completed`, `mismatch`); one that would be `fresh` or
///    `expired` is `moved_on`: the run's log tells, whatever deadline is past (protocol rule 6).
///  - With `atomic_effects` all of it is one append, or nothing of it. Without, the order is:
///  claim,
///    stock, log, outbox, confirmation; a write has one record and no head with its operation; and
///    `settle` brings the rest in after a crash.
///  - `settle(run, entries, done)`: puts the events of `entries` that the outbox lacks, and repeats
///    their effects on claims and sales. Idempotent. Whoever reads a record that it was not
///    answered for calls it before it goes on (protocol rule 9). Lent until the completion.
///  - `forget(run)`: all that is known of the run may go, which is asked for once it has ended.
///    `busy` while anything may still refer to it (protocol rule 6): an event that is pending, an
///    id that the stock knows, a request that is in time, a stored answer that points to its
///    records.
///  - `intern`, `find` and `name` as `NamesRows` says: rows are as lasting as the records that bear
///    their numbers, and the same for all who share the backend. A name is in the store before its
///    row is told. An adjust of a row without a name is `invalid_argument`; any other operation
///    finds no stock there.
///  - The rest are the parts' own: `claim`, `extend_claim`, `confirm_claim` and `release_claim` of
///    an IdempotencyStore, `read`, `unfinished`, `stuck` and `ended` of a SagaLog, `pending` and
///    `acknowledge_event` of an Outbox. What they are given is lent until the completion.
/// Errors: those of the parts. An error of a write names the part that refused it.
template <class B>
concept Backend = WritableStore<B> &&
                  requires(B& backend, const B& view, RunId run, std::span<const LogEntry> entries,
                           std::string_view text, Row row, const Claim& claim, RequestKey key,
                           Time time, Bytes answer, std::uint64_t number, EndedRun end,
                           std::size_t limit, Completion<void> done) {
                    { view.capabilities() } noexcept -> std::convertible_to<Capabilities>;
                    { view.limits() } noexcept -> std::convertible_to<StoreLimits>;
                    { view.write_limits() } noexcept -> std::convertible_to<WriteLimits>;
                    { view.now() } noexcept -> std::same_as<Time>;
                    { view.find(text, text) } noexcept -> std::same_as<std::optional<Row>>;
                    { view.name(row) } noexcept -> std::same_as<std::optional<RowName>>;
                    {
                      backend.intern(text, text, Completion<Row>{})
                    } noexcept -> std::same_as<void>;
                    {
                      backend.claim(claim, Completion<ClaimAnswer>{})
                    } noexcept -> std::same_as<void>;
                    {
                      backend.extend_claim(key, number, time, done)
                    } noexcept -> std::same_as<void>;
                    {
                      backend.confirm_claim(key, number, answer, done)
                    } noexcept -> std::same_as<void>;
                    { backend.release_claim(key, number, done) } noexcept -> std::same_as<void>;
                    {
                      backend.read(run, Completion<std::vector<LogEntry>>{})
                    } noexcept -> std::same_as<void>;
                    {
                      backend.unfinished(run, limit, Completion<std::vector<RunId>>{})
                    } noexcept -> std::same_as<void>;
                    {
                      backend.stuck(run, limit, Completion<std::vector<RunId>>{})
                    } noexcept -> std::same_as<void>;
                    {
                      backend.ended(time, end, limit, Completion<std::vector<EndedRun>>{})
                    } noexcept -> std::same_as<void>;
                    { backend.forget(run, done) } noexcept -> std::same_as<void>;
                    { backend.settle(run, entries, done) } noexcept -> std::same_as<void>;
                    {
                      backend.pending(number, limit, Completion<std::vector<PendingEvent>>{})
                    } noexcept -> std::same_as<void>;
                    { backend.acknowledge_event(run, number, done) } noexcept -> std::same_as<void>;
                  };

/// Gives a backend of plain functions the door: each answers within the call. `Derived` has
/// `write(write)` and the functions of the parts, and says `using` of both. One that throws has
/// answered `reply_lost`: whether it did anything is unknown.
template <class Derived>
class AnswersAtOnce {
 public:
  void submit(const Write& write, Completion<WriteReply> done) noexcept {
    tell(done, [&] { return self().write(write); });
  }
  void intern(std::string_view store, std::string_view product, Completion<Row> done) noexcept {
    tell(done, [&] { return self().intern(store, product); });
  }
  void claim(const Claim& claim, Completion<ClaimAnswer> done) noexcept {
    tell(done, [&] { return self().claim(claim); });
  }
  void extend_claim(RequestKey key, std::uint64_t epoch, Time until,
                    Completion<void> done) noexcept {
    tell(done, [&] { return self().extend_claim(key, epoch, until); });
  }
  void confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer,
                     Completion<void> done) noexcept {
    tell(done, [&] { return self().confirm_claim(key, epoch, answer); });
  }
  void release_claim(RequestKey key, std::uint64_t epoch, Completion<void> done) noexcept {
    tell(done, [&] { return self().release_claim(key, epoch); });
  }
  void read(RunId run, Completion<std::vector<LogEntry>> done) noexcept {
    tell(done, [&] { return self().read(run); });
  }
  void unfinished(RunId after, std::size_t limit, Completion<std::vector<RunId>> done) noexcept {
    tell(done, [&] { return self().unfinished(after, limit); });
  }
  void stuck(RunId after, std::size_t limit, Completion<std::vector<RunId>> done) noexcept {
    tell(done, [&] { return self().stuck(after, limit); });
  }
  void ended(Time before, EndedRun after, std::size_t limit,
             Completion<std::vector<EndedRun>> done) noexcept {
    tell(done, [&] { return self().ended(before, after, limit); });
  }
  void forget(RunId run, Completion<void> done) noexcept {
    tell(done, [&] { return self().forget(run); });
  }
  void settle(RunId run, std::span<const LogEntry> entries, Completion<void> done) noexcept {
    tell(done, [&] { return self().settle(run, entries); });
  }
  void pending(std::uint64_t after, std::size_t limit,
               Completion<std::vector<PendingEvent>> done) noexcept {
    tell(done, [&] { return self().pending(after, limit); });
  }
  void acknowledge_event(RunId run, std::uint64_t sequence, Completion<void> done) noexcept {
    tell(done, [&] { return self().acknowledge_event(run, sequence); });
  }

 protected:
  AnswersAtOnce() = default;
  ~AnswersAtOnce() = default;

 private:
  /// A function that throws has not said what became of the call.
  template <class T, class Function>
  static void tell(Completion<T> done, Function function) {
    done(detail::guarded<T>(function, {Errc::reply_lost}));
  }
  Derived& self() noexcept { return static_cast<Derived&>(*this); }
};

/// What a store that names its rows asks of an adjust: `invalid_argument` if one has no name, as
/// nobody could find what it opens.
template <class Names>
result<void> check_named(const Names& names, const Operation& operation) {
  const auto* const adjust = std::get_if<Adjust>(&operation);
  if (adjust == nullptr) return success();
  for (const Line& line : adjust->lines) {
    if (!names.name(line.row)) return Error{Errc::invalid_argument}.about(WritePart::operation);
  }
  return success();
}

/// An operation in a store's record of itself. `Expire` is the store's own doing: nobody can ask
/// for it.
struct Expire {
  ReservationId id;
};
/// What a store did: what it was asked for, or the expiry of a hold.
using RecordedOperation = std::variant<Reserve, Commit, Release, Extend, Adjust, Expire>;

/// The operation as a recorder is told of it: with its lines `merged` where the stock merged any.
template <class Typed>
RecordedOperation recorded(Typed operation, std::span<const Line> merged) {
  if constexpr (requires { operation.lines; }) {
    if (!merged.empty()) operation.lines = merged;
  }
  return operation;
}
inline RecordedOperation recorded(const Operation& operation, std::span<const Line> merged = {}) {
  return std::visit([&](const auto& typed) { return recorded(typed, merged); }, operation);
}

/// What a store did, told to its recorder at the instant it took effect, in the order of effect.
/// Borrowed for the call.
struct StockRecord {
  Time at;  ///< The store's clock.
  RecordedOperation operation;
  Answer answer;  ///< For `Expire` a ReleaseAnswer `expired`.
  /// commit: sold; release, expire: given back. Merged, ascending by row.
  std::span<const Line> moved;
  std::span<const Line> back;  ///< commit of a part: given back.
  /// All short lines of a refusal, whatever storage the caller lent.
  std::span<const ShortLine> shorts;
  bool repeat = false;           ///< The answer was given before under this id; nothing changed.
  const Write* write = nullptr;  ///< What the operation was a part of, if it was one.
};

/// A recorder is chosen at compile time. It is called while the store's order is fixed (under its
/// lock, if it has one): it must be quick, must not call back, and cannot throw, as what it is told
/// has happened.
template <class R>
concept Recorder = requires(R& recorder, const StockRecord& record) {
  { recorder.record(record) } noexcept -> std::same_as<void>;
};

/// Records nothing and costs nothing.
struct NoRecorder {
  void record(const StockRecord&) noexcept {}
};

}  // namespace v0
}  // namespace invsaga
