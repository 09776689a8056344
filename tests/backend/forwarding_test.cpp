// SPDX-License-Identifier: Apache-2.0
//
// Wrappers take from `Forwarding` what they do not change, and nothing passes by them.
#include <atomic>
#include <type_traits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

namespace invsaga {
namespace {

using ::testing::ElementsAre;
using testing::ErrorIs;
using testing::IsAdjusted;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::SizeIs;

constexpr Time start = time_from_ms(1'000'000);
constexpr Time later = time_from_ms(1'001'000);
constexpr RunId run{5, 1};
constexpr RequestKey request{3, 1};
constexpr Row row{0};

/// Changes nothing.
template <class B>
class Plain final : public Forwarding<Plain<B>, B> {
 public:
  static constexpr Capabilities capabilities = B::capabilities;
  explicit Plain(B& inner) : Forwarding<Plain<B>, B>(inner) {}
};

/// As the header shows it.
template <Backend B>
class Metered final : public Forwarding<Metered<B>, B> {
  friend Forwarding<Metered<B>, B>;

 public:
  static constexpr Capabilities capabilities = B::capabilities;
  explicit Metered(B& inner) : Forwarding<Metered<B>, B>(inner) {}
  std::atomic<std::uint64_t> appends = 0;

 private:
  template <class Call>
  auto around(BackendCall what, const Call& call) {
    if (what == BackendCall::append) ++appends;
    return call();
  }
};

/// Notes what goes through it, and refuses puts.
template <class B>
class Noting final : public Forwarding<Noting<B>, B> {
  friend Forwarding<Noting<B>, B>;

 public:
  static constexpr Capabilities capabilities = B::capabilities;
  explicit Noting(B& inner) : Forwarding<Noting<B>, B>(inner) {}

  result<bool> put(const Event&) { return Error{Errc::resource_exhausted}; }
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
  static constexpr Capabilities capabilities = MemoryBackend<>::capabilities;
  Owning() : Forwarding(memory_) {}
  void advance_to(Time time) { memory_.advance_to(time); }

 private:
  MemoryBackend<> memory_;
};

using Memory = MemoryBackend<>;
using OfParts = Joined<Ledger, ClaimTable, RunTable, OutboxQueue>;

// What the inner one is, the wrapper is.
static_assert(Backend<Plain<Memory>> && ReservationStore<Plain<Memory>>);
static_assert(Backend<Plain<OfParts>> && ApplyingStore<Plain<OfParts>>);
static_assert(!SubmittingStore<Plain<Memory>> && !SubmittingStore<Plain<OfParts>>);
static_assert(Backend<Plain<testing::ApartBackend>>);
static_assert(SubmittingStore<Plain<testing::ApartBackend>>);
static_assert(!ApplyingStore<Plain<testing::ApartBackend>>);
static_assert(Backend<Plain<testing::archetypes::BackendArchetype>>);
static_assert(ReservationStore<Plain<Ledger>> && StockPart<Plain<Ledger>>);
static_assert(IdempotencyStore<PlainPart<ClaimTable>> && !Outbox<PlainPart<ClaimTable>>);
static_assert(SagaLog<PlainPart<RunTable>> && !IdempotencyStore<PlainPart<RunTable>>);
static_assert(Outbox<PlainPart<OutboxQueue>> && !SagaLog<PlainPart<OutboxQueue>>);
static_assert(Backend<Noting<Memory>> && Backend<Owning>);

// Nor is it more.
static_assert(!Backend<Plain<testing::archetypes::BackendWithoutClaims>>);
static_assert(!Backend<Plain<testing::archetypes::BackendWithoutLog>>);
static_assert(!Backend<Plain<testing::archetypes::BackendWithoutOutbox>>);
static_assert(!Backend<Plain<testing::archetypes::BackendWithoutSettle>>);

// The base is nothing by itself.
using Bare = Forwarding<Plain<Memory>, Memory>;
static_assert(!Backend<Bare> && !ReservationStore<Bare> && !StockPart<Bare>);
static_assert(!std::is_destructible_v<Bare> && !std::is_copy_constructible_v<Bare>);
static_assert(!std::is_constructible_v<Bare, Memory&>);

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

struct InOne {
  using Inner = Memory;
  Memory inner;
  void advance_to(Time time) { inner.advance_to(time); }
};
struct InParts {
  using Inner = OfParts;
  Ledger ledger;
  ClaimTable claims;
  RunTable runs;
  OutboxQueue outbox;
  OfParts inner{ledger, claims, runs, outbox};
  void advance_to(Time time) {
    ledger.advance_to(time);
    claims.advance_to(time);
  }
};

template <class Parts>
class ForwardingTest : public ::testing::Test {
 protected:
  ForwardingTest() { parts.advance_to(start); }

  /// One call of each kind that any backend has.
  template <class B>
  void use(B& backend) {
    const Line ten{row, 10}, four{row, 4};
    EXPECT_EQ(backend.now(), start);
    EXPECT_EQ(backend.limits().max_units, parts.inner.limits().max_units);
    const Adjust opening{{9, 1}, AdjustReason::opening, later, {&ten, 1}};
    EXPECT_THAT(backend.apply(opening, {}, {}), IsOk());
    const auto claimed = backend.claim({request, {4, 1}, later, later});
    ASSERT_THAT(claimed, IsOk());
    EXPECT_THAT(backend.extend_claim(request, claimed.value().epoch, later), IsOk());
    EXPECT_THAT(backend.append(run, 0, record(RecordKind::begun)), IsOkAndHolds(1u));
    RunRecord yes = record(RecordKind::outcome);
    yes.events = {event(1)};
    const RunRecord no = record(RecordKind::outcome);
    const Reserve reserve{{7, 1}, later, {&four, 1}};
    const auto applied = backend.apply(reserve, {run, 1, &yes, &no, nullptr}, {});
    ASSERT_THAT(applied, IsOk());
    EXPECT_EQ(applied.value().position, 2u);
    EXPECT_THAT(backend.read(run), IsOkAndHolds(SizeIs(2)));
    EXPECT_THAT(backend.unfinished({}, 10), IsOkAndHolds(ElementsAre(run)));
    EXPECT_THAT(backend.settle(run, backend.read(run).value()), IsOk());
    EXPECT_THAT(backend.pending(10), IsOkAndHolds(SizeIs(1)));
    EXPECT_THAT(backend.acknowledge_event(run, 1), IsOk());
    EXPECT_THAT(backend.pending(10), IsOkAndHolds(IsEmpty()));
    EXPECT_THAT(backend.confirm_claim(request, claimed.value().epoch, {}), IsOk());
    EXPECT_THAT(backend.release_claim(request, claimed.value().epoch), ErrorIs(Errc::too_late));
    EXPECT_THAT(backend.append(run, 2, record(RecordKind::ended)), IsOkAndHolds(3u));
    EXPECT_THAT(backend.forget(run), IsOk());
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
  EXPECT_EQ(this->parts.inner.stock(row).value(), (StockCounters{10, 4, 0, 0}));
}

TYPED_TEST(ForwardingTest, AWrapperIsAroundEachCallThatItDoesNotDeclare) {
  using enum BackendCall;
  Noting<typename TypeParam::Inner> noting(this->parts.inner);
  this->use(noting);
  EXPECT_THAT(noting.calls,
              ElementsAre(apply, claim, extend_claim, append, apply, read, unfinished, read, settle,
                          pending, acknowledge_event, pending, confirm_claim, release_claim, append,
                          forget, acknowledge_sale, stock));
}

TYPED_TEST(ForwardingTest, TheWrapperThatTheHeaderShowsCounts) {
  Metered<typename TypeParam::Inner> metered(this->parts.inner);
  this->use(metered);
  EXPECT_EQ(metered.appends, 2u);
}

TYPED_TEST(ForwardingTest, WhatAWrapperDeclaresIsAskedOfItAlone) {
  Noting<typename TypeParam::Inner> noting(this->parts.inner);
  EXPECT_THAT(noting.put(event(1)), ErrorIs(Errc::resource_exhausted));
  EXPECT_THAT(this->parts.inner.pending(10), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(noting.calls, IsEmpty());
}

TEST(Forwarding, TypedOperationsArriveToo) {
  using enum BackendCall;
  Memory memory;
  memory.advance_to(start);
  Noting<Memory> noting(memory);
  const Line ten{row, 10}, eleven{row, 11};
  const Adjust opening{{9, 1}, AdjustReason::opening, later, {&ten, 1}};
  EXPECT_THAT(noting.adjust(opening, {}), IsAdjusted());
  std::vector<ShortLine> shorts(1);
  EXPECT_THAT(noting.reserve({{7, 1}, later, {&eleven, 1}}, shorts), IsOk());
  EXPECT_THAT(shorts, ElementsAre(ShortLine{row, 11, 10})) << "lent storage is passed on";
  EXPECT_THAT(noting.reserve({{7, 2}, later, {&ten, 1}}, {}), IsOk());
  EXPECT_THAT(noting.extend(Extend{{7, 2}, later}), IsOkAndHolds(ExtendAnswer::reserved));
  EXPECT_THAT(noting.commit({{7, 2}, {}}), IsOkAndHolds(CommitAnswer::committed));
  EXPECT_THAT(noting.release(Release{{7, 2}}), IsOkAndHolds(ReleaseAnswer::committed));
  EXPECT_THAT(noting.calls, ElementsAre(adjust, reserve, reserve, extend, commit, release));
}

TEST(Forwarding, TheInnerOneMayBeAMemberOfTheWrapper) {
  Owning owning;
  owning.advance_to(start);
  EXPECT_EQ(owning.now(), start);
  EXPECT_THAT(owning.append(run, 0, record(RecordKind::begun)), IsOkAndHolds(1u));
}

}  // namespace
}  // namespace invsaga
