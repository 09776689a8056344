// SPDX-License-Identifier: Apache-2.0
//
// The concepts take their archetypes and refuse every near-miss. All of it is decided by the
// compiler.

#include <gtest/gtest.h>

#include <invsaga/run_sync.hpp>
#include <invsaga/start_on_event.hpp>
#include <invsaga/testing/archetypes.hpp>
#include <invsaga/testing/event_bus_archetypes.hpp>
#include <invsaga/testing/saga_archetypes.hpp>
#include <invsaga/testing/simulation.hpp>
#include <invsaga/testing/writes.hpp>

namespace invsaga::testing::archetypes {
namespace {

static_assert(Storable<StorableArchetype>);
static_assert(!Storable<StoredWithoutSchema>);
static_assert(!Storable<StoredWithoutEncode>);
static_assert(!Storable<StoredWithoutResult>);
static_assert(!Storable<StoredWithoutCopy>);
static_assert(!Storable<StoredWithoutSpecialisation>);

static_assert(IdempotencyStore<IdempotencyStoreArchetype>);
static_assert(!IdempotencyStore<ClaimsWithoutClock>);
static_assert(!IdempotencyStore<ClaimsWithoutClaim>);
static_assert(!IdempotencyStore<ClaimsWithoutExtend>);
static_assert(!IdempotencyStore<ClaimsWithoutConfirm>);
static_assert(!IdempotencyStore<ClaimsWithoutRelease>);
static_assert(!IdempotencyStore<ClaimsWithoutEpoch>);

static_assert(SagaLog<SagaLogArchetype>);
static_assert(!SagaLog<LogWithoutAppend>);
static_assert(!SagaLog<LogWithoutPosition>);
static_assert(!SagaLog<LogWithoutStamp>);
static_assert(!SagaLog<LogWithoutRead>);
static_assert(!SagaLog<LogWithoutUnfinished>);
static_assert(!SagaLog<LogWithoutStuck>);
static_assert(!SagaLog<LogWithoutEnded>);
static_assert(!SagaLog<LogWithoutForget>);

static_assert(Outbox<OutboxArchetype>);
static_assert(!Outbox<OutboxWithoutPut>);
static_assert(!Outbox<OutboxWithoutAnswer>);
static_assert(!Outbox<OutboxWithoutPending>);
static_assert(!Outbox<OutboxWithoutAcknowledge>);

static_assert(Reservation<ReservationArchetype>);
static_assert(!Reservation<ReservationWithoutId>);
static_assert(!Reservation<ReservationWithoutDeadline>);
static_assert(!Reservation<ReservationWithoutState>);
static_assert(!Reservation<ReservationWithoutLines>);

static_assert(ReservationStore<ReservationStoreArchetype>);
static_assert(!ReservationStore<StoreWithoutCapabilities>);
static_assert(!ReservationStore<StoreWithoutLimits>);
static_assert(!ReservationStore<StoreWithoutClock>);
static_assert(!ReservationStore<StoreWithoutReserve>);
static_assert(!ReservationStore<StoreWithoutShorts>);
static_assert(!ReservationStore<StoreWithoutErrors>);
static_assert(!ReservationStore<StoreWithoutCommit>);
static_assert(!ReservationStore<StoreWithoutRelease>);
static_assert(!ReservationStore<StoreWithoutExtend>);
static_assert(!ReservationStore<StoreWithoutAdjust>);
static_assert(!ReservationStore<StoreWithoutAcknowledge>);
static_assert(!ReservationStore<StoreWithoutStock>);
static_assert(!ReservationStore<StoreWhoseClockMayThrow>);

static_assert(WritableStore<WritableStoreArchetype>);
static_assert(!WritableStore<SubmitWithoutCompletion>);
static_assert(!WritableStore<SubmitWithoutWrite>);
static_assert(!WritableStore<SubmitThatAnswers>);
static_assert(!WritableStore<SubmitThatMayThrow>);

static_assert(Backend<BackendArchetype>);
static_assert(!Backend<BackendWithoutDoor>);
static_assert(!Backend<BackendWithoutRows>);
static_assert(!Backend<BackendWithoutNames>);
static_assert(!Backend<BackendWithoutClaims>);
static_assert(!Backend<BackendWithoutLog>);
static_assert(!Backend<BackendWithoutOutbox>);
static_assert(!Backend<BackendWithoutForget>);
static_assert(!Backend<BackendWithoutEnded>);
static_assert(!Backend<BackendWithoutSettle>);
static_assert(!Backend<BackendWithoutCapabilities>);
static_assert(!Backend<BackendWithoutLimits>);
static_assert(!Backend<BackendWithoutWriteLimits>);
static_assert(!Backend<BackendThatWaits>);
static_assert(!Backend<BackendThatMayThrow>);
static_assert(!Backend<BackendWhoseClockMayThrow>);

static_assert(Recorder<RecorderArchetype>);
static_assert(Recorder<NoRecorder>);
static_assert(!Recorder<RecorderWithoutRecord>);
static_assert(!Recorder<RecorderThatRefuses>);
static_assert(!Recorder<RecorderThatMayThrow>);

static_assert(Saga<SagaArchetype>);
static_assert(!Saga<SagaWithoutInput>);
static_assert(!Saga<SagaWithLosableInput>);
static_assert(!Saga<SagaWithoutContext>);
static_assert(!Saga<SagaWithoutName>);
static_assert(!Saga<SagaWithFleetingName>);
static_assert(!Saga<SagaWithoutVersion>);
static_assert(!Saga<SagaWithVersionInText>);
static_assert(!Saga<SagaWithoutHash>);
static_assert(!Saga<SagaWithNarrowHash>);
static_assert(!Saga<SagaWithoutDefinition>);
static_assert(!Saga<SagaWithBorrowedDefinition>);
static_assert(!Saga<SagaThatChanges>);
static_assert(!Saga<SagaWithoutCopy>);

// An archetype promises nothing beyond its concept.
static_assert(!std::default_initializable<ReservationStoreArchetype>);
static_assert(!std::copyable<ReservationStoreArchetype>);
static_assert(!std::movable<BackendArchetype>);
static_assert(!std::movable<SagaArchetype>);
static_assert(!std::equality_comparable<StorableArchetype>);

TEST(Archetypes, AnswerEveryCallWithUnsupported) {
  BackendArchetype backend(nullptr);
  EXPECT_EQ(write_to(backend, {}).error(), none);
  const auto claimed = answer_of_call<ClaimAnswer>(
      [&](Completion<ClaimAnswer> done) { backend.claim({}, done); });
  EXPECT_EQ(claimed.error(), none);
  EXPECT_EQ(SagaLogArchetype(nullptr).append({}, 0, {}, {}).error(), none);
  EXPECT_EQ(OutboxArchetype(nullptr).put({}, {}, {}).error(), none);
}

/// What takes any saga, over any backend and bus, compiles with the least of each.
TEST(Archetypes, RunnersNeedNoMoreOfASagaThanItsConcept) {
  const SagaArchetype saga(nullptr);
  Bare context(nullptr);
  const StorableArchetype input(nullptr);
  BackendArchetype backend(nullptr);
  EventBusArchetype bus(nullptr);
  ManualClock clock(time_from_ms(1));
  LocalExecutor executor(clock);
  StartRequest request;
  request.key = "1";
  EXPECT_EQ(run_sync(saga, input, context, backend, clock, executor, request).error(), none);

  SagaRunner runner(backend, Environment{clock, executor});
  runner.add(saga, context);
  EXPECT_EQ(runner.start(saga, input, request).error(), none);
  EXPECT_EQ(start_on_event(bus, "consumer", "TYPE", runner, saga, {Duration{1}}).error(), none);
  EXPECT_NE(plan(saga), "");
}

}  // namespace
}  // namespace invsaga::testing::archetypes
