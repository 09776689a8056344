// SPDX-License-Identifier: Apache-2.0
//
// For each concept the least type that satisfies it. Code that is written against a concept
// compiles with its archetype, or it leans on something that the concept does not promise. And for
// each requirement a near-miss: a type that lacks it alone, and so must not satisfy the concept; it
// is named by what it lacks.
//
// Archetypes cannot be copied, moved or made without an argument. They answer every call with
// `unsupported`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <invsaga/backend.hpp>
#include <invsaga/testing/component.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {
namespace archetypes {

/// What every archetype lacks: it cannot be made by accident, copied or moved.
class Bare {
 public:
  explicit Bare(std::nullptr_t) noexcept {}
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;
};

inline constexpr Error none{Errc::unsupported};

// --- Storable: copied, and no more. It has no default value and cannot be compared.
class StorableArchetype {
 public:
  explicit StorableArchetype(std::nullptr_t) noexcept {}
};
struct StoredWithoutSchema : StorableArchetype {};
struct StoredWithoutEncode : StorableArchetype {};
struct StoredWithoutResult : StorableArchetype {
};  ///< Its decode cannot say that bytes are corrupt.
struct StoredWithoutCopy : Bare {};
struct StoredWithoutSpecialisation {};

// --- IdempotencyStore
class IdempotencyStoreArchetype : Bare {
 public:
  using Bare::Bare;
  [[nodiscard]] Time now() const noexcept { return {}; }
  result<ClaimAnswer> claim(const Claim&) { return none; }
  result<void> extend_claim(RequestKey, std::uint64_t, Time) { return none; }
  result<void> confirm_claim(RequestKey, std::uint64_t, Bytes) { return none; }
  result<void> release_claim(RequestKey, std::uint64_t) { return none; }
};
struct ClaimsWithoutClock : IdempotencyStoreArchetype {
  void now() const = delete;
};
struct ClaimsWithoutClaim : IdempotencyStoreArchetype {
  void claim(const Claim&) = delete;
};
struct ClaimsWithoutExtend : IdempotencyStoreArchetype {
  void extend_claim(RequestKey, std::uint64_t, Time) = delete;
};
struct ClaimsWithoutConfirm : IdempotencyStoreArchetype {
  void confirm_claim(RequestKey, std::uint64_t, Bytes) = delete;
};
struct ClaimsWithoutRelease : IdempotencyStoreArchetype {
  void release_claim(RequestKey, std::uint64_t) = delete;
};
struct ClaimsWithoutEpoch : IdempotencyStoreArchetype {  ///< Anybody could confirm.
  result<void> confirm_claim(RequestKey, Bytes) { return none; }
};

// --- SagaLog
class SagaLogArchetype : Bare {
 public:
  using Bare::Bare;
  result<Appended> append(RunId, Position, std::span<const PreparedRecord>, const Stamp&) {
    return none;
  }
  result<std::vector<LogEntry>> read(RunId) { return none; }
  result<std::vector<RunId>> unfinished(RunId, std::size_t) { return none; }
  result<std::vector<RunId>> stuck(RunId, std::size_t) { return none; }
  result<std::vector<EndedRun>> ended(Time, EndedRun, std::size_t) { return none; }
  result<void> forget(RunId) { return none; }
};
struct LogWithoutAppend : SagaLogArchetype {
  void append(RunId, Position, std::span<const PreparedRecord>, const Stamp&) = delete;
};
struct LogWithoutPosition : SagaLogArchetype {  ///< Its append continues whatever is there.
  result<Appended> append(RunId, std::span<const PreparedRecord>, const Stamp&) { return none; }
};
/// It would have to say which time a record bears, and could not be told.
struct LogWithoutStamp : SagaLogArchetype {
  result<Appended> append(RunId, Position, std::span<const PreparedRecord>) { return none; }
};
struct LogWithoutRead : SagaLogArchetype {
  void read(RunId) = delete;
};
struct LogWithoutUnfinished : SagaLogArchetype {
  void unfinished(RunId, std::size_t) = delete;
};
struct LogWithoutStuck : SagaLogArchetype {
  void stuck(RunId, std::size_t) = delete;
};
struct LogWithoutEnded : SagaLogArchetype {  ///< Nobody could find what may be forgotten.
  void ended(Time, EndedRun, std::size_t) = delete;
};
struct LogWithoutForget : SagaLogArchetype {
  void forget(RunId) = delete;
};

// --- Outbox
class OutboxArchetype : Bare {
 public:
  using Bare::Bare;
  result<bool> put(RunId, Time, const PreparedEvent&) { return none; }
  result<std::vector<PendingEvent>> pending(std::uint64_t, std::size_t) { return none; }
  result<void> acknowledge_event(RunId, std::uint64_t) { return none; }
};
struct OutboxWithoutPut : OutboxArchetype {
  void put(RunId, Time, const PreparedEvent&) = delete;
};
struct OutboxWithoutAnswer : OutboxArchetype {  ///< Its put cannot say that the event was there.
  result<void> put(RunId, Time, const PreparedEvent&) { return none; }
};
struct OutboxWithoutPending : OutboxArchetype {
  void pending(std::uint64_t, std::size_t) = delete;
};
struct OutboxReadFromItsStart : OutboxArchetype {  ///< What waits hides what is behind it.
  result<std::vector<PendingEvent>> pending(std::size_t) { return none; }
};
struct OutboxWithoutAcknowledge : OutboxArchetype {
  void acknowledge_event(RunId, std::uint64_t) = delete;
};

// --- Reservation
class ReservationArchetype : Bare {
 public:
  using Bare::Bare;
  [[nodiscard]] ReservationId id() const { return {}; }
  [[nodiscard]] Time until() const { return {}; }
  [[nodiscard]] ReservationState state() const { return {}; }
  [[nodiscard]] std::span<const Line> lines() const { return {}; }
};
struct ReservationWithoutId : ReservationArchetype {
  void id() const = delete;
};
struct ReservationWithoutDeadline : ReservationArchetype {
  void until() const = delete;
};
struct ReservationWithoutState : ReservationArchetype {
  void state() const = delete;
};
struct ReservationWithoutLines : ReservationArchetype {
  void lines() const = delete;
};

// --- ReservationStore
class ReservationStoreArchetype : Bare {
 public:
  static constexpr Capabilities capabilities() noexcept { return {}; }
  using Bare::Bare;
  [[nodiscard]] StoreLimits limits() const noexcept { return {}; }
  [[nodiscard]] Time now() const noexcept { return {}; }
  result<ReserveAnswer> reserve(const Reserve&, std::span<ShortLine>) { return none; }
  result<CommitAnswer> commit(const Commit&) { return none; }
  result<ReleaseAnswer> release(const Release&) { return none; }
  result<ExtendAnswer> extend(const Extend&) { return none; }
  result<AdjustAnswer> adjust(const Adjust&, std::span<ShortLine>) { return none; }
  result<void> acknowledge_sale(ReservationId) { return none; }
  result<StockCounters> stock(Row) { return none; }
};
struct StoreWithoutCapabilities : ReservationStoreArchetype {
  static void capabilities();
};
struct StoreWithoutLimits : ReservationStoreArchetype {
  void limits() const = delete;
};
struct StoreWithoutClock : ReservationStoreArchetype {
  void now() const = delete;
};
struct StoreWithoutReserve : ReservationStoreArchetype {
  void reserve(const Reserve&, std::span<ShortLine>) = delete;
};
struct StoreWithoutShorts : ReservationStoreArchetype {  ///< It cannot name every short line.
  result<ReserveAnswer> reserve(const Reserve&) { return none; }
};
struct StoreWithoutErrors : ReservationStoreArchetype {  ///< It cannot say "unknown".
  ReserveAnswer reserve(const Reserve&, std::span<ShortLine>) { return {}; }
};
struct StoreWithoutCommit : ReservationStoreArchetype {
  void commit(const Commit&) = delete;
};
struct StoreWithoutRelease : ReservationStoreArchetype {
  void release(const Release&) = delete;
};
struct StoreWithoutExtend : ReservationStoreArchetype {
  void extend(const Extend&) = delete;
};
struct StoreWithoutAdjust : ReservationStoreArchetype {
  void adjust(const Adjust&, std::span<ShortLine>) = delete;
};
struct StoreWithoutAcknowledge : ReservationStoreArchetype {
  void acknowledge_sale(ReservationId) = delete;
};
struct StoreWithoutStock : ReservationStoreArchetype {
  void stock(Row) = delete;
};
struct StoreWhoseClockMayThrow : ReservationStoreArchetype {
  [[nodiscard]] Time now() const { return {}; }
};

// --- WritableStore
class WritableStoreArchetype : Bare {
 public:
  using Bare::Bare;
  void submit(const Write&, Completion<WriteReply> done) noexcept { done(none); }
};
struct SubmitWithoutCompletion : WritableStoreArchetype {
  void submit(const Write&) noexcept {}
};
struct SubmitWithoutWrite : WritableStoreArchetype {  ///< An operation alone: no run goes with it.
  void submit(const Operation&, Completion<WriteReply>) noexcept {}
};
struct SubmitThatAnswers
    : WritableStoreArchetype {  ///< Two ways to hear the answer are one too many.
  result<WriteReply> submit(const Write&, Completion<WriteReply>) noexcept { return none; }
};
struct SubmitThatMayThrow : WritableStoreArchetype {  ///< Then who tells the completion?
  void submit(const Write&, Completion<WriteReply>) {}
};

/// The least stock store that `split` joins to a backend: it answers later, and says little of
/// itself.
class StockPartArchetype : public WritableStoreArchetype {
 public:
  static constexpr Capabilities capabilities() noexcept { return {}; }
  using WritableStoreArchetype::WritableStoreArchetype;
  [[nodiscard]] StoreLimits limits() const noexcept { return {}; }
  [[nodiscard]] Time now() const noexcept { return {}; }
  result<void> acknowledge_sale(ReservationId) { return none; }
};

// --- NamesRows
class NamesRowsArchetype : Bare {
 public:
  using Bare::Bare;
  result<Row> intern(std::string_view, std::string_view) { return none; }
  [[nodiscard]] std::optional<Row> find(std::string_view, std::string_view) const noexcept {
    return {};
  }
  [[nodiscard]] std::optional<RowName> name(Row) const noexcept { return {}; }
};
struct NamesWithoutIntern : NamesRowsArchetype {
  void intern(std::string_view, std::string_view) = delete;
};
struct NamesWithoutErrors : NamesRowsArchetype {  ///< It can be full.
  Row intern(std::string_view, std::string_view) { return {}; }
};
struct NamesWithoutFind : NamesRowsArchetype {
  void find(std::string_view, std::string_view) const = delete;
};
struct NamesWithoutName : NamesRowsArchetype {
  void name(Row) const = delete;
};

// --- Backend: everything by one door
class BackendArchetype : public WritableStoreArchetype {
 public:
  static constexpr Capabilities capabilities() noexcept { return saga_needs; }
  using WritableStoreArchetype::WritableStoreArchetype;
  [[nodiscard]] StoreLimits limits() const noexcept { return {}; }
  [[nodiscard]] WriteLimits write_limits() const noexcept { return {}; }
  [[nodiscard]] Time now() const noexcept { return {}; }
  [[nodiscard]] std::optional<Row> find(std::string_view, std::string_view) const noexcept {
    return {};
  }
  [[nodiscard]] std::optional<RowName> name(Row) const noexcept { return {}; }

  void intern(std::string_view, std::string_view, Completion<Row> done) noexcept { done(none); }
  void claim(const Claim&, Completion<ClaimAnswer> done) noexcept { done(none); }
  void extend_claim(RequestKey, std::uint64_t, Time, Completion<void> done) noexcept { done(none); }
  void confirm_claim(RequestKey, std::uint64_t, Bytes, Completion<void> done) noexcept {
    done(none);
  }
  void release_claim(RequestKey, std::uint64_t, Completion<void> done) noexcept { done(none); }
  void read(RunId, Completion<std::vector<LogEntry>> done) noexcept { done(none); }
  void unfinished(RunId, std::size_t, Completion<std::vector<RunId>> done) noexcept { done(none); }
  void stuck(RunId, std::size_t, Completion<std::vector<RunId>> done) noexcept { done(none); }
  void ended(Time, EndedRun, std::size_t, Completion<std::vector<EndedRun>> done) noexcept {
    done(none);
  }
  void forget(RunId, Completion<void> done) noexcept { done(none); }
  void settle(RunId, std::span<const LogEntry>, Completion<void> done) noexcept { done(none); }
  void pending(std::uint64_t, std::size_t, Completion<std::vector<PendingEvent>> done) noexcept {
    done(none);
  }
  void acknowledge_event(RunId, std::uint64_t, Completion<void> done) noexcept { done(none); }
};

struct BackendWithoutDoor : BackendArchetype {  ///< Nothing can be written to it.
  void submit(const Write&, Completion<WriteReply>) = delete;
};
struct BackendWithoutRows : BackendArchetype {  ///< Its records would bear numbers of nobody.
  void intern(std::string_view, std::string_view, Completion<Row>) = delete;
};
struct BackendWithoutNames : BackendArchetype {
  void name(Row) const = delete;
};
struct BackendWithoutClaims : BackendArchetype {
  void claim(const Claim&, Completion<ClaimAnswer>) = delete;
};
struct BackendWithoutLog : BackendArchetype {
  void read(RunId, Completion<std::vector<LogEntry>>) = delete;
};
struct BackendWithoutOutbox : BackendArchetype {
  void pending(std::uint64_t, std::size_t, Completion<std::vector<PendingEvent>>) = delete;
};
struct BackendWithoutForget : BackendArchetype {  ///< It would fill up.
  void forget(RunId, Completion<void>) = delete;
};
struct BackendWithoutEnded : BackendArchetype {
  void ended(Time, EndedRun, std::size_t, Completion<std::vector<EndedRun>>) = delete;
};
struct BackendWithoutSettle : BackendArchetype {
  void settle(RunId, std::span<const LogEntry>, Completion<void>) = delete;
};
struct BackendWithoutCapabilities : BackendArchetype {
  static void capabilities();
};
struct BackendWithoutLimits : BackendArchetype {
  void limits() const = delete;
};
struct BackendWithoutWriteLimits : BackendArchetype {
  void write_limits() const = delete;
};
struct BackendThatWaits : BackendArchetype {  ///< Its reads would hold the thread that asks.
  void read(RunId, Completion<std::vector<LogEntry>>) = delete;
  result<std::vector<LogEntry>> read(RunId) { return none; }
};
struct BackendThatMayThrow : BackendArchetype {
  void read(RunId, Completion<std::vector<LogEntry>>) {}
};
struct BackendWhoseClockMayThrow : BackendArchetype {
  [[nodiscard]] Time now() const { return {}; }
};

// --- Recorder
class RecorderArchetype : Bare {
 public:
  using Bare::Bare;
  void record(const StockRecord&) noexcept {}
};
struct RecorderWithoutRecord : RecorderArchetype {
  void record(const StockRecord&) = delete;
};
struct RecorderThatRefuses
    : RecorderArchetype {  ///< The record tells what happened: it is too late to refuse.
  bool record(const StockRecord&) noexcept { return false; }
};
struct RecorderThatMayThrow : RecorderArchetype {  ///< Nothing can be undone any more.
  void record(const StockRecord&) {}
};

}  // namespace archetypes
}  // namespace testing

template <>
struct Stored<testing::archetypes::StorableArchetype> {
  static constexpr std::string_view schema = "archetype";
  static void encode(const testing::archetypes::StorableArchetype&, ByteWriter&) {}
  static result<testing::archetypes::StorableArchetype> decode(ByteReader&) {
    return testing::archetypes::StorableArchetype{nullptr};
  }
};
template <>
struct Stored<testing::archetypes::StoredWithoutSchema> {
  static void encode(const testing::archetypes::StoredWithoutSchema&, ByteWriter&) {}
  static result<testing::archetypes::StoredWithoutSchema> decode(ByteReader&) {
    return testing::archetypes::none;
  }
};
template <>
struct Stored<testing::archetypes::StoredWithoutEncode> {
  static constexpr std::string_view schema = "near miss";
  static result<testing::archetypes::StoredWithoutEncode> decode(ByteReader&) {
    return testing::archetypes::none;
  }
};
template <>
struct Stored<testing::archetypes::StoredWithoutResult> {
  static constexpr std::string_view schema = "near miss";
  static void encode(const testing::archetypes::StoredWithoutResult&, ByteWriter&) {}
  static testing::archetypes::StoredWithoutResult decode(ByteReader&) {
    return testing::archetypes::StoredWithoutResult{
        testing::archetypes::StorableArchetype{nullptr}};
  }
};
template <>
struct Stored<testing::archetypes::StoredWithoutCopy> {
  static constexpr std::string_view schema = "near miss";
  static void encode(const testing::archetypes::StoredWithoutCopy&, ByteWriter&) {}
  static result<testing::archetypes::StoredWithoutCopy> decode(ByteReader&) {
    return testing::archetypes::none;
  }
};

}  // namespace v0
}  // namespace invsaga
