// SPDX-License-Identifier: Apache-2.0
//
// `split`: the order of writes over parts that live apart, and what a repeat and `settle` bring in.
// split_faults_test.cpp has every fault at every write, split_apart_test.cpp a stock that answers
// later.
#include <invsaga/testing/archetypes.hpp>

#include "tests/backend/split_fixture.hpp"

namespace invsaga::testing {
namespace {

using namespace split_tests;

// It leans on nothing that the concepts do not promise.
using SplitOfSubmitting =
    Joined<archetypes::StockPartArchetype, archetypes::IdempotencyStoreArchetype,
           archetypes::SagaLogArchetype, archetypes::OutboxArchetype>;
using SplitOfStore =
    Joined<archetypes::ReservationStoreArchetype, archetypes::IdempotencyStoreArchetype,
           archetypes::SagaLogArchetype, archetypes::OutboxArchetype>;
static_assert(Backend<SplitOfSubmitting> && SubmittingStore<SplitOfSubmitting>);
static_assert(!ApplyingStore<SplitOfSubmitting>, "a store that only submits makes such a backend");
static_assert(Backend<SplitOfStore> && ApplyingStore<SplitOfStore>);
static_assert(!SplitOfStore::capabilities.atomic_effects);
static_assert(!StockPart<archetypes::SubmittingStoreArchetype>, "it says nothing of itself");

// --- the order of writes

TEST(Split, WritesStockThenLogThenOutboxThenTellsTheStockOfTheSale) {
  Parts parts;
  ASSERT_THAT(parts.ledger.reserve({hold, later, {&four, 1}}), IsReserved());
  FaultPlan plan;
  Process process(parts, plan);
  const TwoEvents effects;
  EXPECT_THAT(process.backend.apply(Commit{hold, {}}, effects.view(), {}),
              Answers(CommitAnswer::committed));
  EXPECT_EQ(plan.story(), "1 operation\n2 append\n3 put\n4 put\n5 acknowledge_sale\n");
  EXPECT_EQ(parts.told(), (std::vector<std::string>{"YES", "YES TOO"}));
}

TEST(Split, TellsTheStockOfNothingButSales) {
  Parts parts;
  FaultPlan plan;
  Process process(parts, plan);
  EXPECT_THAT(process.backend.apply(Reserve{hold, later, {&four, 1}}, TwoEvents().view(), {}),
              IsReserved());
  EXPECT_EQ(plan.story(), "1 operation\n2 append\n3 put\n4 put\n");
}

TEST(Split, AppendsThenPutsThenConfirms) {
  Parts parts;
  FaultPlan plan;
  Process process(parts, plan);
  RunRecord ended = Parts::record(RecordKind::ended);
  ended.events = {Parts::event(1, "DONE")};
  ended.request = request;
  ended.claim_epoch = parts.epoch;
  ended.output = {std::byte{1}};
  EXPECT_THAT(process.backend.append(run, 1, ended), IsOkAndHolds(2u));
  EXPECT_EQ(plan.story(), "1 append\n2 put\n3 confirm_claim\n");
}

TEST(Split, AnOperationThatTheStockRefusesToJudgeWritesNothingMore) {
  Parts parts;
  FaultPlan plan;
  Process process(parts, plan);
  EXPECT_THAT(process.backend.apply(Commit{}, TwoEvents().view(), {}),
              ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(plan.story(), "1 operation\n");
}

// --- what a repeat is answered

TEST(Split, ARepeatIsAnsweredAsRecordedThoughTheStockNowSaysOtherwise) {
  Parts parts;
  FaultPlan plan;
  plan.at(FaultSite::append, 1, Fault::lost);
  Process process(parts, plan);
  const TwoEvents effects;
  const Reserve reserve{hold, later, {&four, 1}};
  EXPECT_THAT(process.backend.apply(reserve, effects.view(), {}), RemedyIs(Remedy::ask_again));
  parts.advance_to(later);  // the hold has run out
  EXPECT_THAT(process.backend.apply(reserve, effects.view(), {}), IsReserved(hold, later));
  EXPECT_EQ(parts.told(), (std::vector<std::string>{"YES", "YES TOO"}));
}

TEST(Split, AnAnswerThatWasNotRecordedMayBeAnotherTheNextTime) {
  Parts parts;
  FaultPlan plan;
  plan.at(FaultSite::append, 1, Fault::failed);
  Process process(parts, plan);
  const TwoEvents effects;
  const Reserve reserve{hold, later, {&four, 1}};
  EXPECT_THAT(process.backend.apply(reserve, effects.view(), {}), RemedyIs(Remedy::ask_again));
  parts.advance_to(later);
  EXPECT_THAT(process.backend.apply(reserve, effects.view(), {}), IsExpired());
  EXPECT_EQ(parts.told(), (std::vector<std::string>{"NO", "NO TOO"})) << "what was decided is told";
}

TEST(Split, AnEventIsDatedWhenItWasDecided) {
  Parts parts;
  FaultPlan plan;
  plan.at(FaultSite::put, 1, Fault::failed);
  Process process(parts, plan);
  const TwoEvents effects;
  const Reserve reserve{hold, later, {&four, 1}};
  EXPECT_THAT(process.backend.apply(reserve, effects.view(), {}), RemedyIs(Remedy::ask_again));
  parts.advance_to(start + Duration{100});
  EXPECT_THAT(process.backend.apply(reserve, effects.view(), {}), IsReserved());
  const std::vector<Event> pending = parts.outbox.pending(10).value();
  ASSERT_EQ(pending.size(), 2u);
  for (const Event& event : pending) {
    EXPECT_EQ(to_ms(event.time), to_ms(start)) << "not when it was told";
  }
}

// Protocol rules 1 and 9: A reserves, is superseded, and its append comes late.
TEST(Split, ALateAppendOfAFormerOwnerTellsNothing) {
  Parts parts;
  FaultPlan plan;
  plan.at(FaultSite::append, 1, Fault::late);
  Process former(parts, plan);
  EXPECT_THAT(former.backend.apply(Reserve{hold, later, {&four, 1}}, TwoEvents().view(), {}),
              RemedyIs(Remedy::ask_again));
  RunRecord taken = Parts::record(RecordKind::taken_over);
  taken.owner = {6, 2};
  FaultPlan none;
  Process owner(parts, none);
  EXPECT_THAT(owner.backend.append(run, 1, taken), IsOkAndHolds(2u));
  plan.deliver_all_late();
  EXPECT_EQ(parts.runs.read(run).value().size(), 2u);
  EXPECT_TRUE(parts.told().empty()) << "an event that nobody decided";
  EXPECT_THAT(former.backend.apply(Reserve{hold, later, {&four, 1}}, TwoEvents().view(), {}),
              ErrorIs(Errc::moved_on));
  EXPECT_TRUE(parts.told().empty());
}

// Rule 9: the log first. If the outbox came first, this crash would leave an event that nobody
// recorded.
TEST(Split, NoEventIsOutThatIsNotInTheLog) {
  for (std::uint64_t write = 1; write <= 4; ++write) {
    Parts parts;
    FaultPlan plan;
    plan.at(write, Fault::crash_before);
    Process process(parts, plan);
    static_cast<void>(
        process.backend.apply(Reserve{hold, later, {&four, 1}}, TwoEvents().view(), {}));
    if (parts.runs.length(run) == 1) {
      EXPECT_TRUE(parts.told().empty()) << "crash at " << write;
    }
  }
}

TEST(Split, AFormerOwnerCannotPutAnEventAgainThatIsOut) {
  Parts parts;
  FaultPlan plan;
  Process process(parts, plan);
  const TwoEvents effects;
  EXPECT_THAT(process.backend.apply(Reserve{hold, later, {&four, 1}}, effects.view(), {}),
              IsReserved());
  EXPECT_THAT(process.backend.acknowledge_event(run, 1), IsOk());
  EXPECT_THAT(process.backend.acknowledge_event(run, 2), IsOk());
  EXPECT_THAT(process.backend.settle(run, parts.runs.read(run).value()), IsOk());
  EXPECT_THAT(process.backend.apply(Reserve{hold, later, {&four, 1}}, effects.view(), {}),
              IsReserved());
  EXPECT_TRUE(parts.told().empty());
}

// --- appends and claims

TEST(Split, SettlingRepeatsTheClaimsOfARun) {
  Parts parts;
  FaultPlan plan;
  RunRecord begun = Parts::record(RecordKind::begun);
  begun.request = request;
  begun.claim_epoch = parts.epoch;
  begun.until = later + Duration{5'000};
  plan.at(FaultSite::extend_claim, 1, Fault::crash_before);
  {
    Process process(parts, plan);
    static_cast<void>(process.backend.append({5, 2}, 0, begun));
  }
  plan.restart();
  Process process(parts, plan);
  const auto records = process.backend.read({5, 2}).value();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_THAT(process.backend.settle({5, 2}, records), IsOk());
  parts.advance_to(later + Duration{4'999});
  const Claim again{request, {4, 1}, later + Duration{9'000}, later + Duration{9'000}};
  EXPECT_THAT(parts.claims.claim(again), ClaimIs(ClaimState::in_progress));
}

TEST(Split, SettlingPutsWhatTheOutboxLacksInOrderAndGoesOnWhereItStopped) {
  Parts parts;
  RunRecord first = Parts::record(RecordKind::outcome);
  first.events = {Parts::event(1, "A"), Parts::event(2, "B")};
  RunRecord second = first;
  second.step = 3;
  second.events = {Parts::event(3, "C")};
  ASSERT_THAT(parts.outbox.put(first.events[0]), IsOkAndHolds(true));
  FaultPlan plan;
  plan.at(FaultSite::put, 2, Fault::failed);
  Process process(parts, plan);
  EXPECT_THAT(process.backend.settle(run, {first, second}), RemedyIs(Remedy::ask_again));
  EXPECT_EQ(parts.told(), std::vector<std::string>{"A"});
  EXPECT_THAT(process.backend.settle(run, {first, second}), IsOk());
  EXPECT_EQ(parts.told(), (std::vector<std::string>{"A", "B", "C"}));
}

TEST(Split, ALostClaimStopsNeitherARunNorItsSettling) {
  Parts parts;
  FaultPlan plan;
  Process process(parts, plan);
  for (const RequestKey key : {request, RequestKey{3, 2}}) {  // another's epoch; nobody's claim
    RunRecord ended = Parts::record(RecordKind::ended);
    ended.request = key;
    ended.claim_epoch = parts.epoch + 1;
    EXPECT_THAT(process.backend.settle(run, {ended}), IsOk());
  }
}

TEST(Split, AnyOtherErrorOfAClaimIsTold) {
  Parts parts;
  ASSERT_THAT(parts.claims.confirm_claim(request, parts.epoch, as_bytes("one")), IsOk());
  FaultPlan plan;
  Process process(parts, plan);
  RunRecord ended = Parts::record(RecordKind::ended);
  ended.request = request;
  ended.claim_epoch = parts.epoch;
  ended.output = {std::byte{2}};  // not what was stored
  const auto settled = process.backend.settle(run, {ended});
  ASSERT_THAT(settled, ErrorIs(Errc::reply_lost));
  EXPECT_EQ(settled.error().own, static_cast<int>(Errc::invalid_argument));
}

}  // namespace
}  // namespace invsaga::testing
