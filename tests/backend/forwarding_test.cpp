// SPDX-License-Identifier: Apache-2.0
//
// Wrappers take from `Forwarding` what they do not change, and nothing passes by them.
#include <atomic>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <invsaga/any_backend.hpp>
#include <invsaga/forwarding.hpp>
#include <invsaga/memory.hpp>
#include <invsaga/reference/claim_table.hpp>
#include <invsaga/reference/ledger.hpp>
#include <invsaga/reference/outbox_queue.hpp>
#include <invsaga/reference/run_table.hpp>
#include <invsaga/split.hpp>
#include <invsaga/testing/apart_backend.hpp>
#include <invsaga/testing/archetypes.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/writes.hpp>

namespace invsaga {
namespace {

using testing::append;
using ::testing::ElementsAre;
using testing::ErrorIs;
using testing::IsAdjusted;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::IsReserved;
using testing::put;
using ::testing::SizeIs;
using testing::write_of;

constexpr Time start = time_from_ms(1'000'000);
constexpr Time later = time_from_ms(1'001'000);
constexpr RunId run{5, 1};
constexpr RequestKey request{3, 1};
constexpr Row row{0};

/// Changes nothing.
template <class B>
class Plain final : public Forwarding<Plain<B>, B> {
 public:
  static constexpr Capabilities capabilities() noexcept { return B::capabilities(); }
  explicit Plain(B& inner) : Forwarding<Plain<B>, B>(inner) {}
};

/// As the header shows it.
template <Backend B>
class Metered final : public Forwarding<Metered<B>, B> {
  friend Forwarding<Metered<B>, B>;

 public:
  static constexpr Capabilities capabilities() noexcept { return B::capabilities(); }
  explicit Metered(B& inner) : Forwarding<Metered<B>, B>(inner) {}
  std::atomic<std::uint64_t> writes = 0;

 private:
  template <class Call>
  auto around(BackendCall what, const Call& call) {
    if (what == BackendCall::submit) ++writes;
    return call();
  }
};

/// Notes what goes through it, and refuses puts and plain writes.
template <class B>
class Refusing final : public Forwarding<Refusing<B>, B> {
  friend Forwarding<Refusing<B>, B>;

 public:
  static constexpr Capabilities capabilities() noexcept { return B::capabilities(); }
  explicit Refusing(B& inner) : Forwarding<Refusing<B>, B>(inner) {}

  result<bool> put(RunId, Time, const PreparedEvent&) { return Error{Errc::resource_exhausted}; }
  result<WriteReply> write(const Write&) { return Error{Errc::unavailable}; }
  std::vector<BackendCall> calls;

 private:
  template <class Call>
  auto around(BackendCall what, const Call& call) {
    calls.push_back(what);
    return call();
  }
};

/// Notes what goes through it.
template <class B>
class Noting final : public Forwarding<Noting<B>, B> {
  friend Forwarding<Noting<B>, B>;

 public:
  static constexpr Capabilities capabilities() noexcept { return B::capabilities(); }
  explicit Noting(B& inner) : Forwarding<Noting<B>, B>(inner) {}
  std::vector<BackendCall> calls;

 private:
  template <class Call>
  auto around(BackendCall what, const Call& call) {
    calls.push_back(what);
    return call();
  }
};

/// A part that has no capabilities of its own to tell.
template <class Part>
class PlainPart final : public Forwarding<PlainPart<Part>, Part> {
 public:
  explicit PlainPart(Part& part) : Forwarding<PlainPart<Part>, Part>(part) {}
};

/// Owns what it wraps.
class Owning final : public Forwarding<Owning, MemoryBackend<>> {
 public:
  static constexpr Capabilities capabilities() noexcept { return MemoryBackend<>::capabilities(); }
  Owning() : Forwarding(memory_) {}
  void advance_to(Time time) { memory_.advance_to(time); }

 private:
  MemoryBackend<> memory_;
};

using Memory = MemoryBackend<>;
using OfParts = Joined<Memory, ClaimTable, RunTable, OutboxQueue>;

template <class B>
concept WritesAtOnce = requires(B& backend, const Write& write) {
  { backend.write(write) } -> std::same_as<result<WriteReply>>;
};

// What the inner one is, the wrapper is.
static_assert(Backend<Plain<Memory>> && ReservationStore<Plain<Memory>>);
static_assert(Backend<Plain<OfParts>> && WritesAtOnce<Plain<OfParts>>);
static_assert(WritesAtOnce<Plain<Memory>>);
static_assert(Backend<Plain<testing::ApartBackend>>);
static_assert(!WritesAtOnce<Plain<testing::ApartBackend>>);
static_assert(Backend<Plain<testing::archetypes::BackendArchetype>>);
static_assert(WritableStore<Plain<testing::archetypes::WritableStoreArchetype>>);
static_assert(ReservationStore<Plain<Ledger>> && StockPart<Plain<Ledger>>);
static_assert(!WritableStore<Plain<Ledger>>);
static_assert(IdempotencyStore<PlainPart<ClaimTable>> && !Outbox<PlainPart<ClaimTable>>);
static_assert(SagaLog<PlainPart<RunTable>> && !IdempotencyStore<PlainPart<RunTable>>);
static_assert(Outbox<PlainPart<OutboxQueue>> && !SagaLog<PlainPart<OutboxQueue>>);
static_assert(Backend<Noting<Memory>> && Backend<Owning>);

// Nor is it more.
static_assert(!Backend<Plain<testing::archetypes::BackendWithoutDoor>>);
static_assert(!Backend<Plain<testing::archetypes::BackendWithoutClaims>>);
static_assert(!Backend<Plain<testing::archetypes::BackendWithoutLog>>);
static_assert(!Backend<Plain<testing::archetypes::BackendWithoutOutbox>>);
static_assert(!Backend<Plain<testing::archetypes::BackendWithoutSettle>>);
static_assert(!Backend<Plain<testing::archetypes::BackendThatWaits>>);

// The base is nothing by itself.
using Bare = Forwarding<Plain<Memory>, Memory>;
static_assert(!Backend<Bare> && !ReservationStore<Bare> && !StockPart<Bare>);
static_assert(!std::is_destructible_v<Bare> && !std::is_copy_constructible_v<Bare>);
static_assert(!std::is_constructible_v<Bare, Memory&>);

/// A backend by its door alone; each of its calls is answered within it.
template <Backend B>
class AtTheDoor {
 public:
  explicit AtTheDoor(B& backend) : backend_(backend) {}

  [[nodiscard]] Time now() const noexcept { return backend_.now(); }
  [[nodiscard]] StoreLimits limits() const noexcept { return backend_.limits(); }
  [[nodiscard]] WriteLimits write_limits() const noexcept { return backend_.write_limits(); }
  result<WriteReply> write(const Write& write) {
    return ask<WriteReply>([&](auto done) { backend_.submit(write, done); });
  }
  result<ClaimAnswer> claim(const Claim& claim) {
    return ask<ClaimAnswer>([&](auto done) { backend_.claim(claim, done); });
  }
  result<void> extend_claim(RequestKey key, std::uint64_t epoch, Time until) {
    return ask<void>([&](auto done) { backend_.extend_claim(key, epoch, until, done); });
  }
  result<void> confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer) {
    return ask<void>([&](auto done) { backend_.confirm_claim(key, epoch, answer, done); });
  }
  result<void> release_claim(RequestKey key, std::uint64_t epoch) {
    return ask<void>([&](auto done) { backend_.release_claim(key, epoch, done); });
  }
  result<std::vector<LogEntry>> read(RunId id) {
    return ask<std::vector<LogEntry>>([&](auto done) { backend_.read(id, done); });
  }
  result<std::vector<RunId>> unfinished(RunId after, std::size_t limit) {
    return ask<std::vector<RunId>>([&](auto done) { backend_.unfinished(after, limit, done); });
  }
  result<std::vector<RunId>> stuck(RunId after, std::size_t limit) {
    return ask<std::vector<RunId>>([&](auto done) { backend_.stuck(after, limit, done); });
  }
  result<std::vector<EndedRun>> ended(Time before, EndedRun after, std::size_t limit) {
    return ask<std::vector<EndedRun>>(
        [&](auto done) { backend_.ended(before, after, limit, done); });
  }
  result<void> forget(RunId id) {
    return ask<void>([&](auto done) { backend_.forget(id, done); });
  }
  result<Row> intern(std::string_view store, std::string_view product) {
    return ask<Row>([&](auto done) { backend_.intern(store, product, done); });
  }
  [[nodiscard]] std::optional<Row> find(std::string_view store,
                                        std::string_view product) const noexcept {
    return backend_.find(store, product);
  }
  [[nodiscard]] std::optional<RowName> name(Row one) const noexcept { return backend_.name(one); }
  result<void> settle(RunId id, std::span<const LogEntry> entries) {
    return ask<void>([&](auto done) { backend_.settle(id, entries, done); });
  }
  result<std::vector<PendingEvent>> pending(std::uint64_t after, std::size_t limit) {
    return ask<std::vector<PendingEvent>>([&](auto done) { backend_.pending(after, limit, done); });
  }
  result<void> acknowledge_event(RunId id, std::uint64_t sequence) {
    return ask<void>([&](auto done) { backend_.acknowledge_event(id, sequence, done); });
  }

 private:
  template <class T, class Send>
  static result<T> ask(const Send& send) {
    return testing::answer_of_call<T>([&](Completion<T> done) { send(done); });
  }
  B& backend_;
};

Event event(std::uint64_t sequence) {
  Event made;
  made.run = run;
  made.sequence = sequence;
  made.type = "TOLD";
  return made;
}
RunRecord record(RecordKind kind) {
  RunRecord made;
  made.kind = kind;
  made.owner = {6, 1};
  made.at = start;
  return made;
}

/// A reply that tells of a run of this length.
MATCHER_P(IsAt, position, "is a reply at position " + std::to_string(position)) {
  return arg.has_value() && arg.assume_value().position == position;
}

struct InOne {
  using Inner = Memory;
  Memory inner;
  void advance_to(Time time) { inner.advance_to(time); }
};
struct InParts {
  using Inner = OfParts;
  Memory stock;
  ClaimTable claims;
  RunTable runs;
  OutboxQueue outbox;
  OfParts inner{stock, claims, runs, outbox};
  void advance_to(Time time) {
    stock.advance_to(time);
    claims.advance_to(time);
  }
};

template <class Parts>
class ForwardingTest : public ::testing::Test {
 protected:
  ForwardingTest() { parts.advance_to(start); }

  /// One call of each kind that any backend has.
  template <class B>
  void use(B&& backend) {
    const Line ten{row, 10}, four{row, 4};
    EXPECT_EQ(backend.now(), start);
    EXPECT_EQ(backend.limits().max_units, parts.inner.limits().max_units);
    EXPECT_EQ(backend.write_limits().max_record_bytes, parts.inner.write_limits().max_record_bytes);
    EXPECT_THAT(backend.intern("london", "mug"), IsOkAndHolds(row));
    EXPECT_EQ(backend.find("london", "mug"), row);
    EXPECT_EQ(backend.name(row), (RowName{"london", "mug"}));
    const auto opening = write_of(Adjust{{9, 1}, AdjustReason::opening, later, {&ten, 1}}, {});
    EXPECT_THAT(backend.write(opening->write()), IsAdjusted());
    const auto claimed = backend.claim({request, {4, 1}, later, later});
    ASSERT_THAT(claimed, IsOk());
    EXPECT_THAT(backend.extend_claim(request, claimed.value().epoch, later), IsOk());
    EXPECT_THAT(backend.write(write_of(run, 0, record(RecordKind::begun))->write()), IsAt(1u));
    RunRecord yes = record(RecordKind::outcome);
    yes.events = {event(1)};
    const RunRecord no = record(RecordKind::outcome);
    const Reserve reserve{{7, 1}, later, {&four, 1}};
    const auto written = backend.write(write_of(reserve, {run, 1, &yes, &no, nullptr})->write());
    EXPECT_THAT(written, IsReserved());
    EXPECT_THAT(written, IsAt(2u));
    EXPECT_THAT(backend.read(run), IsOkAndHolds(SizeIs(2)));
    EXPECT_THAT(backend.unfinished({}, 10), IsOkAndHolds(ElementsAre(run)));
    EXPECT_THAT(backend.settle(run, backend.read(run).value()), IsOk());
    EXPECT_THAT(backend.pending(0, 10), IsOkAndHolds(SizeIs(1)));
    EXPECT_THAT(backend.acknowledge_event(run, 1), IsOk());
    EXPECT_THAT(backend.pending(0, 10), IsOkAndHolds(IsEmpty()));
    EXPECT_THAT(backend.confirm_claim(request, claimed.value().epoch, {}), IsOk());
    EXPECT_THAT(backend.release_claim(request, claimed.value().epoch), ErrorIs(Errc::too_late));
    EXPECT_THAT(backend.stuck({}, 10), IsOkAndHolds(IsEmpty()));
    EXPECT_THAT(backend.write(write_of(run, 2, record(RecordKind::ended))->write()), IsAt(3u));
    EXPECT_THAT(backend.ended(later, {}, 10), IsOkAndHolds(ElementsAre(EndedRun{start, run})));
    EXPECT_THAT(backend.forget(run), IsOk());
  }
  /// And of those that have no door.
  template <class B>
  void use_rest(B& backend) {
    EXPECT_THAT(backend.forget(run), IsOk()) << "again";
    EXPECT_THAT(backend.acknowledge_sale(ReservationId{7, 1}), IsOk());
    EXPECT_EQ(backend.stock(row).value(), (StockCounters{10, 4, 0, 0}));
  }

  Parts parts;
};
using Places = ::testing::Types<InOne, InParts>;
TYPED_TEST_SUITE(ForwardingTest, Places);

TYPED_TEST(ForwardingTest, WhatAWrapperDoesNotChangeArrives) {
  Plain<typename TypeParam::Inner> plain(this->parts.inner);
  this->use(plain);
  this->use_rest(plain);
  EXPECT_EQ(this->parts.inner.stock(row).value(), (StockCounters{10, 4, 0, 0}));
}

TYPED_TEST(ForwardingTest, WhatAWrapperDoesNotChangeArrivesByTheDoor) {
  Plain<typename TypeParam::Inner> plain(this->parts.inner);
  this->use(AtTheDoor(plain));
  EXPECT_EQ(this->parts.inner.stock(row).value(), (StockCounters{10, 4, 0, 0}));
}

/// The calls of `use`, by either way of writing.
auto are_calls_by(BackendCall way) {
  using enum BackendCall;
  return ElementsAre(intern, way, claim, extend_claim, way, way, read, unfinished, read, settle,
                     pending, acknowledge_event, pending, confirm_claim, release_claim, stuck, way,
                     ended, forget);
}

TYPED_TEST(ForwardingTest, AWrapperIsAroundEachCallThatItDoesNotDeclare) {
  using enum BackendCall;
  Noting<typename TypeParam::Inner> noting(this->parts.inner);
  this->use(noting);
  EXPECT_THAT(noting.calls, are_calls_by(write));
  noting.calls.clear();
  this->use_rest(noting);
  EXPECT_THAT(noting.calls, ElementsAre(forget, acknowledge_sale, stock));
}

TYPED_TEST(ForwardingTest, AWrapperIsAroundEachCallByTheDoor) {
  Noting<typename TypeParam::Inner> noting(this->parts.inner);
  this->use(AtTheDoor(noting));
  EXPECT_THAT(noting.calls, are_calls_by(BackendCall::submit));
}

TYPED_TEST(ForwardingTest, WhoHoldsAnyBackendGoesByTheWrapper) {
  Noting<typename TypeParam::Inner> noting(this->parts.inner);
  AnyBackend any(noting);
  this->use(AtTheDoor(any));
  EXPECT_THAT(noting.calls, are_calls_by(BackendCall::submit));
}

TYPED_TEST(ForwardingTest, TheWrapperThatTheHeaderShowsCounts) {
  Metered<typename TypeParam::Inner> metered(this->parts.inner);
  this->use(AtTheDoor(metered));
  EXPECT_EQ(metered.writes, 4u);
}

TYPED_TEST(ForwardingTest, WhatAWrapperDeclaresIsAskedOfItAlone) {
  Refusing<typename TypeParam::Inner> refusing(this->parts.inner);
  EXPECT_THAT(put(refusing, event(1)), ErrorIs(Errc::resource_exhausted));
  EXPECT_THAT(this->parts.inner.pending(0, 10), IsOkAndHolds(IsEmpty()));
  const auto begun = write_of(run, 0, record(RecordKind::begun));
  EXPECT_THAT(refusing.write(begun->write()), ErrorIs(Errc::unavailable));
  EXPECT_THAT(this->parts.inner.read(run), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(refusing.calls, IsEmpty());
}

TYPED_TEST(ForwardingTest, WhoDeclaresWriteChangesNothingOfSubmit) {
  Refusing<typename TypeParam::Inner> refusing(this->parts.inner);
  const auto begun = write_of(run, 0, record(RecordKind::begun));
  EXPECT_THAT(AtTheDoor(refusing).write(begun->write()), IsAt(1u));
  EXPECT_THAT(refusing.calls, ElementsAre(BackendCall::submit));
}

TEST(Forwarding, TypedOperationsArriveToo) {
  using enum BackendCall;
  Memory memory;
  memory.advance_to(start);
  Noting<Memory> noting(memory);
  const Line ten{row, 10}, eleven{row, 11};
  const Adjust opening{{9, 1}, AdjustReason::opening, later, {&ten, 1}};
  EXPECT_THAT(noting.intern("", "mug"), IsOkAndHolds(row));
  EXPECT_THAT(noting.adjust(opening, {}), IsAdjusted());
  std::vector<ShortLine> shorts(1);
  EXPECT_THAT(noting.reserve({{7, 1}, later, {&eleven, 1}}, shorts), IsOk());
  EXPECT_THAT(shorts, ElementsAre(ShortLine{row, 11, 10})) << "lent storage is passed on";
  EXPECT_THAT(noting.reserve({{7, 2}, later, {&ten, 1}}, {}), IsOk());
  EXPECT_THAT(noting.extend(Extend{{7, 2}, later}), IsOkAndHolds(ExtendAnswer::reserved));
  EXPECT_THAT(noting.commit({{7, 2}, {}}), IsOkAndHolds(CommitAnswer::committed));
  EXPECT_THAT(noting.release(Release{{7, 2}}), IsOkAndHolds(ReleaseAnswer::committed));
  EXPECT_THAT(noting.calls, ElementsAre(intern, adjust, reserve, reserve, extend, commit, release));
}

TEST(Forwarding, AppendsToALogArriveToo) {
  RunTable runs;
  Noting<RunTable> noting(runs);
  EXPECT_THAT(append(noting, run, 0, record(RecordKind::begun)), IsOkAndHolds(1u));
  EXPECT_EQ(runs.length(run), 1u);
  EXPECT_THAT(noting.calls, ElementsAre(BackendCall::append));
}

TEST(Forwarding, PutsIntoAnOutboxArriveToo) {
  OutboxQueue outbox;
  Noting<OutboxQueue> noting(outbox);
  EXPECT_THAT(put(noting, event(1)), IsOkAndHolds(true));
  EXPECT_EQ(outbox.size(), 1u);
  EXPECT_THAT(noting.calls, ElementsAre(BackendCall::put));
}

TEST(Forwarding, TheInnerOneMayBeAMemberOfTheWrapper) {
  Owning owning;
  owning.advance_to(start);
  EXPECT_EQ(owning.now(), start);
  EXPECT_THAT(append(owning, run, 0, record(RecordKind::begun)), IsOkAndHolds(1u));
}

}  // namespace
}  // namespace invsaga
