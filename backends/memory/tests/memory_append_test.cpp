// SPDX-License-Identifier: Apache-2.0
//
// One append: a hold, a step's outcome, its events; also of several records at once.
#include "memory_fixture.hpp"

namespace invsaga::testing::memory_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(AppendTest, HoldsRecordsAndTellsInOne) {
  const Step step(2, 1);
  const auto applied = apply(store, Reserve{hold, at(2'000), two_units}, step.effects);
  EXPECT_THAT(applied, IsReserved(hold));
  EXPECT_EQ(applied.value().position, 2u);
  EXPECT_EQ(row().reserved, 2);
  const auto records = records_of(store, run).value();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[1].decision, StockDecision::reserved);
  EXPECT_EQ(records[1].at, at(1'000));
  EXPECT_THAT(pending_types(), ElementsAre("YES"));
}

TEST_F(AppendTest, OfARefusalTakesTheOtherRecord) {
  const Step step(2, 1);
  const Lines many{{{1}, 6}};
  std::array<ShortLine, 1> shorts;
  EXPECT_THAT(apply(store, Reserve{hold, at(2'000), many}, step.effects, shorts),
              IsOutOfStock(Row{1}, 6, 5));
  EXPECT_EQ(shorts[0], (ShortLine{{1}, 6, 5}));
  const auto records = records_of(store, run).value();
  EXPECT_EQ(records.at(1).outcome, StepOutcome::refused);
  EXPECT_EQ(records.at(1).decision, StockDecision::out_of_stock);
  EXPECT_THAT(pending_types(), ElementsAre("NO"));
}

TEST_F(AppendTest, OfARunThatHasMovedOnTouchesNothing) {
  ASSERT_THAT(append(store, run, 1, record(RecordKind::cancelled)), IsOk());
  const Step late(2, 1);
  EXPECT_THAT(apply(store, Reserve{hold, at(2'000), two_units}, late.effects),
              ErrorIs(Errc::moved_on));
  const Step early(2, 3);
  EXPECT_THAT(apply(store, Reserve{hold, at(2'000), two_units}, early.effects),
              ErrorIs(Errc::moved_on));
  EXPECT_EQ(row().reserved, 0);
  EXPECT_EQ(store.find(hold).value(), std::nullopt);
  EXPECT_THAT(pending_types(), IsEmpty());
}

TEST_F(AppendTest, RepeatedGivesTheAnswerAgainAndChangesNothing) {
  const Step step(2, 1);
  const Reserve reserve{hold, at(2'000), two_units};
  ASSERT_THAT(apply(store, reserve, step.effects), IsReserved());
  ASSERT_THAT(append(store, run, 2, record(RecordKind::stuck)), IsOk());
  const auto again = apply(store, reserve, step.effects);
  EXPECT_THAT(again, IsReserved(hold, at(2'000)));
  EXPECT_EQ(again.value().position, 2u) << "the position after that record, not the run's end";
  EXPECT_EQ(row().reserved, 2);
  EXPECT_THAT(pending_types(), ElementsAre("YES"));
}

TEST_F(AppendTest, RepeatedByAnotherOwnerHasMovedOn) {
  Step step(2, 1);
  const Reserve reserve{hold, at(2'000), two_units};
  ASSERT_THAT(apply(store, reserve, step.effects), IsReserved());
  step.yes.owner = step.no.owner = {3, 2};
  EXPECT_THAT(apply(store, reserve, step.effects), ErrorIs(Errc::moved_on));
  EXPECT_EQ(row().reserved, 2);
}

TEST_F(AppendTest, RepeatedOfARefusalNamesTheShortLinesAgain) {
  const Step step(2, 1);
  const Lines many{{{1}, 6}};
  const Reserve reserve{hold, at(2'000), many};
  ASSERT_THAT(apply(store, reserve, step.effects), IsOutOfStock(Row{1}, 6, 5));
  std::array<ShortLine, 1> shorts;
  EXPECT_THAT(apply(store, reserve, step.effects, shorts), IsOutOfStock(Row{1}, 6, 5));
  EXPECT_EQ(shorts[0], (ShortLine{{1}, 6, 5}));
}

TEST_F(AppendTest, RepeatedAfterItsIdsAreForgottenGivesTheRecordedAnswer) {
  const Step reserving(2, 1, 1), committing(3, 2, 2);
  ASSERT_THAT(apply(store, Reserve{hold, at(2'000), two_units}, reserving.effects), IsReserved());
  ASSERT_THAT(apply(store, Commit{hold, {}}, committing.effects), Answers(CommitAnswer::committed));
  store.advance_to(at(2'000));
  ASSERT_EQ(store.find(hold).value(), std::nullopt) << "the run has recorded the sale: it may go";
  EXPECT_THAT(apply(store, Commit{hold, {}}, committing.effects), Answers(CommitAnswer::committed));
  EXPECT_THAT(apply(store, Reserve{hold, at(2'000), two_units}, reserving.effects),
              IsReserved(hold, at(2'000)));
  EXPECT_EQ(row(), (StockCounters{3, 0, 2, 0}));
}

TEST_F(AppendTest, RepeatedAfterItsIdWasTakenAnewLeavesTheNewHoldAlone) {
  const Step reserving(2, 1, 1), committing(3, 2, 2);
  ASSERT_THAT(apply(store, Reserve{hold, at(2'000), two_units}, reserving.effects), IsReserved());
  ASSERT_THAT(apply(store, Commit{hold, {}}, committing.effects), Answers(CommitAnswer::committed));
  store.advance_to(at(2'000));
  ASSERT_THAT(store.reserve({hold, at(3'000), two_units}), IsReserved());
  EXPECT_THAT(apply(store, Commit{hold, {}}, committing.effects), Answers(CommitAnswer::committed));
  EXPECT_EQ(row(), (StockCounters{3, 2, 2, 0}));
}

TEST_F(AppendTest, RepeatedReleaseLeavesNoNewTombstone) {
  const Step reserving(2, 1, 1), releasing(2, 2, 2);
  ASSERT_THAT(apply(store, Reserve{hold, at(2'000), two_units}, reserving.effects), IsReserved());
  ASSERT_THAT(apply(store, Release{hold}, releasing.effects), Answers(ReleaseAnswer::released));
  store.advance_to(at(2'000));
  EXPECT_THAT(apply(store, Release{hold}, releasing.effects), Answers(ReleaseAnswer::released));
  EXPECT_THAT(store.reserve({hold, at(3'000), two_units}), IsReserved())
      << "the id was forgotten and stays so";
}

TEST_F(AppendTest, OfWhatWasNotFoundIsRepeatedAsNotFound) {
  const Step committing(3, 1, 1), extending(4, 2, 2);
  ASSERT_THAT(apply(store, Commit{hold, {}}, committing.effects), Answers(CommitAnswer::not_found));
  EXPECT_THAT(apply(store, Commit{hold, {}}, committing.effects), Answers(CommitAnswer::not_found));
  const Extend extend{hold, at(2'000)};
  ASSERT_THAT(apply(store, extend, extending.effects), Answers(ExtendAnswer::not_found));
  EXPECT_THAT(apply(store, extend, extending.effects), Answers(ExtendAnswer::not_found));
}

TEST_F(AppendTest, ThatIsAnErrorLeavesNothingBehind) {
  const Step step(2, 1);
  EXPECT_THAT(apply(store, Reserve{hold, {}, two_units}, step.effects),
              ErrorIs(Errc::invalid_argument));
  const auto prepared = write_of(Reserve{hold, at(2'000), two_units}, step.effects);
  Write lacking = prepared->write();
  lacking.tails = lacking.tails.first(lacking.tails.size() - 1);
  EXPECT_THAT(store.write(lacking), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(records_of(store, run).value().size(), 1u);
  EXPECT_EQ(row().reserved, 0);
  EXPECT_THAT(pending_types(), IsEmpty());
}

TEST_F(AppendTest, OfEventsOutOfTurnTouchesNothing) {
  Step step(2, 1, 5);
  EXPECT_THAT(apply(store, Reserve{hold, at(2'000), two_units}, step.effects),
              ErrorIs(Errc::invalid_argument));
  step.yes.events[0].sequence = 1;  // but not of the other record, which may be picked too
  EXPECT_THAT(apply(store, Reserve{hold, at(2'000), two_units}, step.effects),
              ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(row().reserved, 0);
  RunRecord telling = record(RecordKind::outcome);
  telling.events = {event(2, "GAP")};
  EXPECT_THAT(append(store, run, 1, telling), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(records_of(store, run).value().size(), 1u);
}

TEST_F(AppendTest, WithoutARunTouchesOnlyTheStock) {
  const auto applied = apply(store, Reserve{hold, at(2'000), two_units}, {});
  EXPECT_THAT(applied, IsReserved());
  EXPECT_EQ(applied.value().position, 0u);
  ASSERT_THAT(apply(store, Commit{hold, {}}, {}), Answers(CommitAnswer::committed));
  store.advance_to(at(5'000));
  EXPECT_THAT(store.commit({hold, {}}), Answers(CommitAnswer::committed))
      << "nobody said that the sale is recorded";
  ASSERT_THAT(store.acknowledge_sale(hold), IsOk());
  EXPECT_THAT(store.commit({hold, {}}), Answers(CommitAnswer::not_found));
}

TEST_F(AppendTest, OfARecordPutsItsEventsAndRefusesAGap) {
  RunRecord telling = record(RecordKind::outcome);
  telling.events = {event(1, "ONE"), event(2, "TWO")};
  EXPECT_THAT(append(store, run, 1, telling), IsOkAndHolds(2u));
  EXPECT_THAT(append(store, run, 1, telling), IsOkAndHolds(2u)) << "a repeat";
  EXPECT_THAT(pending_types(), ElementsAre("ONE", "TWO"));
  EXPECT_THAT(put(store, event(2, "TWO")), IsOkAndHolds(false));
  EXPECT_THAT(store.settle(run, store.read(run).value()), IsOk());
  EXPECT_THAT(pending_types(), ElementsAre("ONE", "TWO"));
}

TEST_F(AppendTest, ForgetsARunOnlyAfterItsEvents) {
  RunRecord last = record(RecordKind::ended);
  last.events = {event(1, "ONE")};
  EXPECT_THAT(store.forget(run), ErrorIs(Errc::busy)) << "it has not ended";
  ASSERT_THAT(append(store, run, 1, last), IsOk());
  EXPECT_THAT(store.forget(run), ErrorIs(Errc::busy)) << "the bus does not have its event";
  EXPECT_THAT(records_of(store, run).value(), SizeIs(2)) << "and nothing of it is gone";
  ASSERT_THAT(store.acknowledge_event(run, 1), IsOk());
  EXPECT_THAT(store.forget(run), IsOk());
  EXPECT_THAT(records_of(store, run).value(), IsEmpty());
}

// --- groups

const Lines six_units{{{1}, 6}};

TEST_F(AppendTest, OfAGroupHasAllItsRecordsAtOneTime) {
  store.advance_to(at(1'200));
  const Group group(Reserve{hold, at(2'000), two_units});
  const auto reply = store.write(group.write());
  ASSERT_THAT(reply, IsReserved(hold, at(2'000)));
  EXPECT_EQ(reply.value().position, 4u);
  EXPECT_EQ(reply.value().at, at(1'200));
  const auto records = records_of(store, run).value();
  ASSERT_THAT(records, SizeIs(4));
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(records[i].step, i);
    EXPECT_EQ(records[i].at, at(1'200));
  }
  EXPECT_EQ(records[2].decision, StockDecision::reserved);
  EXPECT_EQ(row().reserved, 2);
  EXPECT_THAT(pending_types(), ElementsAre("CALLED", "YES"));
  const auto waiting = store.pending(0, 10).value();
  for (const PendingEvent& told : waiting) EXPECT_EQ(told.at, at(1'200));
}

TEST_F(AppendTest, OfAGroupTakesTheTailThatIsDecidedWithItsShortLines) {
  const Group group(Reserve{hold, at(2'000), six_units});
  std::array<ShortLine, 1> shorts;
  EXPECT_THAT(store.write(group.write(shorts)), IsOutOfStock(Row{1}, 6, 5));
  const auto records = records_of(store, run).value();
  ASSERT_THAT(records, SizeIs(4));
  EXPECT_EQ(records[2].decision, StockDecision::out_of_stock);
  EXPECT_THAT(records[2].shorts, ElementsAre(ShortLine{{1}, 6, 5}));
  EXPECT_THAT(records[1].shorts, IsEmpty());
  EXPECT_THAT(records[3].shorts, IsEmpty());
  EXPECT_THAT(pending_types(), ElementsAre("CALLED", "NO"));
}

TEST_F(AppendTest, OfAGroupWhoseOperationIsAnErrorLeavesNothingOfItsHead) {
  const Lines too_many(max_lines + 1, Line{{1}, 1});
  const Group group(Reserve{hold, at(2'000), too_many});
  const auto refused = store.write(group.write());
  EXPECT_THAT(refused, ErrorIs(Errc::limit_exceeded, Limit::lines));
  EXPECT_EQ(refused.error().part, WritePart::operation);
  EXPECT_THAT(records_of(store, run).value(), SizeIs(1));
  EXPECT_THAT(pending_types(), IsEmpty());
  EXPECT_THAT(store.write(group.head()), IsOk()) << "the head alone is written afterwards";
}

TEST_F(AppendTest, OfAGroupOfWhichOnlyTheHeadIsThereHasMovedOn) {
  const Group group(Reserve{hold, at(2'000), two_units});
  ASSERT_THAT(store.write(group.head()), IsOk());
  const auto refused = store.write(group.write());
  EXPECT_THAT(refused, ErrorIs(Errc::moved_on));
  EXPECT_EQ(refused.error().part, WritePart::position);
  EXPECT_THAT(append(store, run, 2, record(RecordKind::cancelled)), IsOkAndHolds(3u));
  EXPECT_THAT(store.write(group.write()), ErrorIs(Errc::moved_on)) << "another's is behind it";
  EXPECT_EQ(row().reserved, 0);
  EXPECT_THAT(pending_types(), ElementsAre("CALLED"));
}

TEST_F(AppendTest, RepeatedAsAGroupGivesWhatIsRecorded) {
  const Group group(Reserve{hold, at(2'000), two_units});
  ASSERT_THAT(store.write(group.write()), IsReserved());
  ASSERT_THAT(append(store, run, 4, record(RecordKind::stuck)), IsOk());
  store.advance_to(at(2'000));
  ASSERT_EQ(store.find(hold).value(), std::nullopt);
  const auto again = store.write(group.write());
  ASSERT_THAT(again, IsReserved(hold, at(2'000))) << "though the hold ran out and is forgotten";
  EXPECT_EQ(again.value().position, 4u);
  EXPECT_EQ(again.value().at, at(1'000));
  EXPECT_EQ(row().reserved, 0);
  EXPECT_THAT(records_of(store, run).value(), SizeIs(5));
  EXPECT_THAT(pending_types(), ElementsAre("CALLED", "YES"));
}

TEST_F(AppendTest, RepeatedAsAGroupThatWasRefusedNamesTheShortLinesAgain) {
  const Group group(Reserve{hold, at(2'000), six_units});
  ASSERT_THAT(store.write(group.write()), IsOutOfStock());
  stock_up(store, 5);
  store.advance_to(at(2'000));
  std::array<ShortLine, 1> shorts;
  const auto again = store.write(group.write(shorts));
  EXPECT_THAT(again, IsOutOfStock(Row{1}, 6, 5));
  EXPECT_EQ(again.value().at, at(1'000));
  EXPECT_EQ(shorts[0], (ShortLine{{1}, 6, 5}));
}

TEST_F(AppendTest, ByTheDoorIsAnsweredWithinTheCall) {
  const Group group(Reserve{hold, at(2'000), two_units});
  const Write write = group.write();
  EXPECT_THAT(
      answer_of_call<WriteReply>([&](Completion<WriteReply> done) { store.submit(write, done); }),
      IsReserved(hold));
  EXPECT_THAT(records_of(store, run).value(), SizeIs(4));
}

}  // namespace
}  // namespace invsaga::testing::memory_tests
