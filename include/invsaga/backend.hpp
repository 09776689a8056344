// SPDX-License-Identifier: Apache-2.0
//
// A backend is what shares one atomic append: reservation store, idempotency store, saga log and
// outbox.
//
// Where the parts live in different places, `split` (split.hpp) makes a backend of them.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <type_traits>
#include <variant>

#include <invsaga/assert.hpp>
#include <invsaga/effects.hpp>
#include <invsaga/idempotency.hpp>
#include <invsaga/outbox.hpp>
#include <invsaga/reservation.hpp>
#include <invsaga/run_record.hpp>
#include <invsaga/saga_log.hpp>

namespace invsaga {
inline namespace v0 {

/// An answer, and how long the run is now (0 if the operation belongs to none).
struct Applied {
  Answer answer;
  Position position = 0;
};
static_assert(std::is_trivially_copyable_v<Applied>);

/// Where the result of a submitted operation goes. A plain function and two words: nothing is
/// allocated. Called exactly once, from any thread, also from within `submit`.
struct Completion {
  void (*call)(void* context, std::uint64_t tag, const result<Applied>& applied) = nullptr;
  void* context = nullptr;
  std::uint64_t tag = 0;

  /// Requires a `call`.
  void operator()(const result<Applied>& applied) const {
    INVSAGA_ASSERT(call != nullptr, "Completion::operator(): a call");
    call(context, tag, applied);
  }
};

/// A store that waits on a network or a disk answers later: `submit` returns at once. The
/// operation, its effects and `shorts` are lent until the completion is called. A completion that
/// never comes is the submitter's to time out.
template <class S>
concept SubmittingStore = requires(S& store, const Operation& operation, const Effects& effects,
                                   std::span<ShortLine> shorts, Completion done) {
  { store.submit(operation, effects, shorts, done) } -> std::same_as<void>;
};

/// A store that answers on the caller's thread, effects included.
template <class S>
concept ApplyingStore = requires(S& store, const Operation& operation, const Effects& effects,
                                 std::span<ShortLine> shorts) {
  { store.apply(operation, effects, shorts) } -> std::same_as<result<Applied>>;
};

/// Semantics of a Backend:
///  - The parts keep their own contracts. `append` is the log's, and with the record go its
///    effects: the events enter the outbox; `begun` extends the claim it names to its `until`;
///    `ended` confirms the claim with the record's output.
///  - `apply(operation, effects, shorts)`, or `submit`: the operation, and the record that its
///    answer picks appended at `effects.at`. Refused with `moved_on` if the run has moved on, and
///    then the stock is untouched where `atomic_effects` holds; where it does not, the operation
///    may have taken effect and its id tells. A repeat of one that is recorded (same record kind,
///    owner, step and round at that position) gets its answer again.
///  - With `atomic_effects` all of it is one append. Without, the order is: stock, log, outbox,
///    claim; `settle` brings the rest in after a crash.
///  - `settle(run, records)`: puts the events of `records` that the outbox lacks, and repeats their
///    claim effects. Idempotent. Recovery calls it before it goes on.
/// Errors: those of the parts.
template <class B>
concept Backend = IdempotencyStore<B> && SagaLog<B> && Outbox<B> &&
                  (ApplyingStore<B> || SubmittingStore<B>) &&
                  requires(B& backend, const B& view, RunId run,
                           const std::vector<RunRecord>& records, ReservationId id) {
                    { B::capabilities } -> std::convertible_to<Capabilities>;
                    { view.limits() } -> std::convertible_to<StoreLimits>;
                    { backend.settle(run, records) } -> std::same_as<result<void>>;
                    { backend.acknowledge_sale(id) } -> std::same_as<result<void>>;
                  };

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
  bool repeat = false;  ///< The answer was given before under this id; nothing changed.
  const Effects* effects = nullptr;
};

/// A recorder is chosen at compile time. It is called while the store's order is fixed (under its
/// lock, if it has one): it must be quick and must not call back.
template <class R>
concept Recorder = requires(R& recorder, const StockRecord& record) {
  { recorder.record(record) } -> std::same_as<void>;
};

/// Records nothing and costs nothing.
struct NoRecorder {
  void record(const StockRecord&) noexcept {}
};

}  // namespace v0
}  // namespace invsaga
