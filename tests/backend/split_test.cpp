// SPDX-License-Identifier: Apache-2.0
//
// `split`: the order of writes over parts that live apart, and what a repeat and `settle` bring in.
// split_faults_test.cpp has every fault at every write, split_apart_test.cpp a stock that answers
// later.
#include <concepts>

#include <invsaga/testing/archetypes.hpp>

#include "tests/backend/split_fixture.hpp"

namespace invsaga::testing {
namespace {

using namespace split_tests;

/// A stock that names its rows too.
template <class Stock>
struct Naming : Stock {
  using Stock::Stock;
  result<Row> intern(std::string_view, std::string_view) { return Error{Errc::unsupported}; }
  [[nodiscard]] std::optional<Row> find(std::string_view, std::string_view) const noexcept {
    return std::nullopt;
  }
  [[nodiscard]] std::optional<RowName> name(Row) const noexcept { return std::nullopt; }
};

// It leans on nothing that the concepts do not promise.
using SplitOfSubmitting =
    Joined<Naming<archetypes::StockPartArchetype>, archetypes::IdempotencyStoreArchetype,
           archetypes::SagaLogArchetype, archetypes::OutboxArchetype>;
using SplitOfStore =
    Joined<Naming<archetypes::ReservationStoreArchetype>, archetypes::IdempotencyStoreArchetype,
           archetypes::SagaLogArchetype, archetypes::OutboxArchetype>;
using SplitOfBareRows =
    Joined<archetypes::ReservationStoreArchetype, archetypes::IdempotencyStoreArchetype,
           archetypes::SagaLogArchetype, archetypes::OutboxArchetype>;
template <class B>
concept WritesAtOnce = requires(B& backend, const Write& write) {
  { backend.write(write) } -> std::same_as<result<WriteReply>>;
};
static_assert(Backend<SplitOfSubmitting> && Backend<SplitOfStore>);
static_assert(!Backend<SplitOfBareRows>, "nobody names its rows");
static_assert(!WritesAtOnce<SplitOfSubmitting>, "a store that only submits makes such a backend");
static_assert(!SplitOfSubmitting::capabilities().answers_at_once);
static_assert(WritesAtOnce<SplitOfStore> && SplitOfStore::capabilities().answers_at_once);
static_assert(!SplitOfStore::capabilities().atomic_effects);
static_assert(!StockPart<archetypes::WritableStoreArchetype>, "it says nothing of itself");

/// A record as a log has it.
LogEntry entry(const RunRecord& record) { return {encode(record), {record.at, 0, {}}}; }

// --- the order of writes

TEST(Split, WritesStockThenLogThenOutboxThenTellsTheStockOfTheSale) {
  Parts parts;
  ASSERT_THAT(parts.ledger.reserve({hold, later, {&four, 1}}), IsReserved());
  FaultPlan plan;
  Process process(parts, plan);
  const TwoEvents effects;
  EXPECT_THAT(apply(process.backend, Commit{hold, {}}, effects.view()),
              Answers(CommitAnswer::committed));
  EXPECT_EQ(plan.story(), "1 operation\n2 append\n3 put\n4 put\n5 acknowledge_sale\n");
  EXPECT_EQ(parts.told(), (std::vector<std::string>{"YES", "YES TOO"}));
}

TEST(Split, TellsTheStockOfNothingButSales) {
  Parts parts;
  FaultPlan plan;
  Process process(parts, plan);
  EXPECT_THAT(apply(process.backend, Reserve{hold, later, {&four, 1}}, TwoEvents().view()),
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
  EXPECT_THAT(append(process.backend, run, 1, ended), IsOkAndHolds(2u));
  EXPECT_EQ(plan.story(), "1 append\n2 put\n3 confirm_claim\n");
}

TEST(Split, TheFirstRecordIsAppendedAndThenKeepsTheClaim) {
  Parts parts;
  FaultPlan plan;
  Process process(parts, plan);
  EXPECT_THAT(append(process.backend, other_run, 0, parts.begun_by_request()), IsOkAndHolds(1u));
  EXPECT_EQ(plan.story(), "1 append\n2 extend_claim\n");
  parts.advance_to(later + Duration{4'999});
  EXPECT_THAT(parts.claim_again(), ClaimIs(ClaimState::in_progress));
}

TEST(Split, AnOperationThatTheStockRefusesToJudgeWritesNothingMore) {
  Parts parts;
  FaultPlan plan;
  Process process(parts, plan);
  const auto refused = apply(process.backend, Commit{}, TwoEvents().view());
  ASSERT_THAT(refused, ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(refused.error().part, WritePart::operation);
  EXPECT_EQ(plan.story(), "1 operation\n");
}

// --- what needs one append

TEST(Split, TakesNoOperationWithRecordsThatHoldWhateverIsDecided) {
  Parts parts;
  FaultPlan plan;
  Process process(parts, plan);
  const auto headed = write_of(run, 1, Parts::record(RecordKind::intent));
  const auto reserve = write_of(Reserve{hold, later, {&four, 1}}, TwoEvents().view());
  Write write = reserve->write();
  write.head = headed->write().head;
  const auto refused = process.backend.write(write);
  ASSERT_THAT(refused, ErrorIs(Errc::unsupported));
  EXPECT_EQ(refused.error().part, WritePart::head);
  EXPECT_EQ(plan.story(), "");
}

TEST(Split, TakesNoRecordsWithAClaimThatIsNotHeldYet) {
  Parts parts;
  FaultPlan plan;
  Process process(parts, plan);
  const auto begun = write_of(other_run, 0, Parts::record(RecordKind::begun));
  const ClaimEffect asks{{{3, 2}, {4, 1}, later, later}, 0};
  Write write = begun->write();
  write.claim = &asks;
  const auto refused = process.backend.write(write);
  ASSERT_THAT(refused, ErrorIs(Errc::unsupported));
  EXPECT_EQ(refused.error().part, WritePart::claim);
  EXPECT_EQ(plan.story(), "");
}

// --- what a repeat is answered

TEST(Split, ARepeatIsAnsweredAsRecordedThoughTheStockNowSaysOtherwise) {
  Parts parts;
  FaultPlan plan;
  plan.at(FaultSite::append, 1, Fault::lost);
  Process process(parts, plan);
  const TwoEvents effects;
  const Reserve reserve{hold, later, {&four, 1}};
  EXPECT_THAT(apply(process.backend, reserve, effects.view()), RemedyIs(Remedy::ask_again));
  parts.advance_to(later);  // the hold has run out
  const auto again = apply(process.backend, reserve, effects.view());
  ASSERT_THAT(again, IsReserved(hold, later));
  EXPECT_EQ(again.value().position, 2u);
  EXPECT_EQ(to_ms(again.value().at), to_ms(start)) << "when it was recorded";
  EXPECT_EQ(parts.told(), (std::vector<std::string>{"YES", "YES TOO"}));
}

TEST(Split, AnAnswerThatWasNotRecordedMayBeAnotherTheNextTime) {
  Parts parts;
  FaultPlan plan;
  plan.at(FaultSite::append, 1, Fault::failed);
  Process process(parts, plan);
  const TwoEvents effects;
  const Reserve reserve{hold, later, {&four, 1}};
  EXPECT_THAT(apply(process.backend, reserve, effects.view()), RemedyIs(Remedy::ask_again));
  parts.advance_to(later);
  EXPECT_THAT(apply(process.backend, reserve, effects.view()), IsExpired());
  EXPECT_EQ(parts.told(), (std::vector<std::string>{"NO", "NO TOO"})) << "what was decided is told";
}

TEST(Split, AnEventIsDatedWhenItWasDecided) {
  Parts parts;
  FaultPlan plan;
  plan.at(FaultSite::put, 1, Fault::failed);
  Process process(parts, plan);
  const TwoEvents effects;
  const Reserve reserve{hold, later, {&four, 1}};
  EXPECT_THAT(apply(process.backend, reserve, effects.view()), RemedyIs(Remedy::ask_again));
  parts.advance_to(start + Duration{100});
  EXPECT_THAT(apply(process.backend, reserve, effects.view()), IsReserved());
  const std::vector<Event> waiting = pending(parts.outbox, 10).value();
  ASSERT_EQ(waiting.size(), 2u);
  for (const Event& event : waiting) {
    EXPECT_EQ(to_ms(event.time), to_ms(start)) << "not when it was told";
  }
}

// Protocol rules 1 and 9: A reserves, is superseded, and its append comes late.
TEST(Split, ALateAppendOfAFormerOwnerTellsNothing) {
  Parts parts;
  FaultPlan plan;
  plan.at(FaultSite::append, 1, Fault::late);
  Process former(parts, plan);
  EXPECT_THAT(apply(former.backend, Reserve{hold, later, {&four, 1}}, TwoEvents().view()),
              RemedyIs(Remedy::ask_again));
  RunRecord taken = Parts::record(RecordKind::taken_over);
  taken.owner = {6, 2};
  FaultPlan none;
  Process owner(parts, none);
  EXPECT_THAT(append(owner.backend, run, 1, taken), IsOkAndHolds(2u));
  plan.deliver_all_late();
  EXPECT_EQ(parts.runs.read(run).value().size(), 2u);
  EXPECT_TRUE(parts.told().empty()) << "an event that nobody decided";
  EXPECT_THAT(apply(former.backend, Reserve{hold, later, {&four, 1}}, TwoEvents().view()),
              ErrorIs(Errc::moved_on));
  EXPECT_TRUE(parts.told().empty());
}

TEST(Split, WhatIsRefusedAsTheRunHasMovedOnNamesThePosition) {
  Parts parts;
  FaultPlan plan;
  Process process(parts, plan);
  ASSERT_THAT(append(process.backend, run, 1, Parts::record(RecordKind::cancelled)), IsOk());
  const auto operation = apply(process.backend, Reserve{hold, later, {&four, 1}},
                               TwoEvents().view());
  ASSERT_THAT(operation, ErrorIs(Errc::moved_on));
  EXPECT_EQ(operation.error().part, WritePart::position);
  const auto records = append(process.backend, run, 1, Parts::record(RecordKind::taken_over));
  ASSERT_THAT(records, ErrorIs(Errc::moved_on));
  EXPECT_EQ(records.error().part, WritePart::position);
}

// Rule 9: the log first. If the outbox came first, this crash would leave an event that nobody
// recorded.
TEST(Split, NoEventIsOutThatIsNotInTheLog) {
  for (std::uint64_t write = 1; write <= 4; ++write) {
    Parts parts;
    FaultPlan plan;
    plan.at(write, Fault::crash_before);
    Process process(parts, plan);
    static_cast<void>(apply(process.backend, Reserve{hold, later, {&four, 1}}, TwoEvents().view()));
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
  EXPECT_THAT(apply(process.backend, Reserve{hold, later, {&four, 1}}, effects.view()),
              IsReserved());
  EXPECT_THAT(process.backend.acknowledge_event(run, 1), IsOk());
  EXPECT_THAT(process.backend.acknowledge_event(run, 2), IsOk());
  EXPECT_THAT(process.backend.settle(run, parts.runs.read(run).value()), IsOk());
  EXPECT_THAT(apply(process.backend, Reserve{hold, later, {&four, 1}}, effects.view()),
              IsReserved());
  EXPECT_TRUE(parts.told().empty());
}

// --- appends and claims

TEST(Split, SettlingRepeatsTheClaimsOfARun) {
  Parts parts;
  FaultPlan plan;
  plan.at(FaultSite::extend_claim, 1, Fault::crash_before);
  {
    Process process(parts, plan);
    static_cast<void>(append(process.backend, other_run, 0, parts.begun_by_request()));
  }
  plan.restart();
  Process process(parts, plan);
  const auto entries = process.backend.read(other_run).value();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_THAT(process.backend.settle(other_run, entries), IsOk());
  parts.advance_to(later + Duration{4'999});
  EXPECT_THAT(parts.claim_again(), ClaimIs(ClaimState::in_progress));
}

TEST(Split, SettlingPutsWhatTheOutboxLacksInOrderAndGoesOnWhereItStopped) {
  Parts parts;
  RunRecord first = Parts::record(RecordKind::outcome);
  first.events = {Parts::event(1, "A"), Parts::event(2, "B")};
  RunRecord second = first;
  second.step = 3;
  second.events = {Parts::event(3, "C")};
  const std::vector<LogEntry> both{entry(first), entry(second)};
  ASSERT_THAT(put(parts.outbox, first.events[0]), IsOkAndHolds(true));
  FaultPlan plan;
  plan.at(FaultSite::put, 2, Fault::failed);
  Process process(parts, plan);
  EXPECT_THAT(process.backend.settle(run, both), RemedyIs(Remedy::ask_again));
  EXPECT_EQ(parts.told(), std::vector<std::string>{"A"});
  EXPECT_THAT(process.backend.settle(run, both), IsOk());
  EXPECT_EQ(parts.told(), (std::vector<std::string>{"A", "B", "C"}));
}

TEST(Split, SettlingStopsAtAnEntryThatDoesNotDecode) {
  Parts parts;
  FaultPlan plan;
  Process process(parts, plan);
  RunRecord first = Parts::record(RecordKind::outcome);
  first.events = {Parts::event(1, "A")};
  RunRecord last = first;
  last.events = {Parts::event(2, "B")};
  std::vector<LogEntry> entries{entry(first), entry(first), entry(last)};
  entries[1].bytes.pop_back();
  EXPECT_THAT(process.backend.settle(run, entries), ErrorIs(Errc::corrupt));
  EXPECT_EQ(parts.told(), std::vector<std::string>{"A"});
}

TEST(Split, ALostClaimStopsNeitherARunNorItsSettling) {
  Parts parts;
  FaultPlan plan;
  Process process(parts, plan);
  for (const RequestKey key : {request, RequestKey{3, 2}}) {  // another's epoch; nobody's claim
    RunRecord ended = Parts::record(RecordKind::ended);
    ended.request = key;
    ended.claim_epoch = parts.epoch + 1;
    const std::vector<LogEntry> entries{entry(ended)};
    EXPECT_THAT(process.backend.settle(run, entries), IsOk());
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
  const std::vector<LogEntry> entries{entry(ended)};
  const auto settled = process.backend.settle(run, entries);
  ASSERT_THAT(settled, ErrorIs(Errc::reply_lost));
  EXPECT_EQ(settled.error().part, WritePart::claim);
  EXPECT_EQ(settled.error().own, static_cast<int>(Errc::invalid_argument));
}

}  // namespace
}  // namespace invsaga::testing
