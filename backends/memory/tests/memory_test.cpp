// SPDX-License-Identifier: Apache-2.0
//
// What is particular to the memory backend: one append, and what its recorder is told. The
// contracts of its parts are tested with the parts.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include <invsaga/memory.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/writes.hpp>

namespace invsaga::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Lines = std::vector<Line>;

Time at(std::int64_t ms) { return time_from_ms(ms); }

constexpr RunId run{1, 1};
constexpr ReservationId hold{2, 1};
constexpr OwnerId owner{3, 1};
constexpr RequestKey request{4, 1};

Event event(std::uint64_t sequence, const char* type) {
  Event event;
  event.id = {9, sequence};
  event.run = run;
  event.sequence = sequence;
  event.type = type;
  return event;
}

RunRecord record(RecordKind kind) {
  RunRecord record;
  record.kind = kind;
  record.owner = owner;
  return record;
}

/// The two records of a step that is an operation on the stock, each with an event.
struct Step {
  explicit Step(StepIndex step, Position at, std::uint64_t sequence = 1)
      : yes(record(RecordKind::outcome)), no(record(RecordKind::outcome)) {
    yes.step = no.step = step;
    yes.id_high = no.id_high = hold.high;
    yes.id_low = no.id_low = hold.low;
    no.outcome = StepOutcome::refused;
    yes.events = {event(sequence, "YES")};
    no.events = {event(sequence, "NO")};
    effects = {.run = run, .at = at, .yes = &yes, .no = &no, .context = &note};
  }
  Step(const Step&) = delete;

  int note = 17;  ///< What the recorder is handed.
  RunRecord yes, no;
  Effects effects;
};

template <class Store>
void stock_up(Store& store, Units units) {
  const Line line{{1}, units};
  ASSERT_THAT(store.adjust({{7, 7}, AdjustReason::opening, at(10'000), {&line, 1}}), IsAdjusted());
}

const Lines two_units{{{1}, 2}};

class AppendTest : public ::testing::Test {
 protected:
  explicit AppendTest(const MemoryLimits& limits = small_limits()) : store(limits) {
    store.advance_to(at(1'000));
    stock_up(store, 5);
    EXPECT_THAT(append(store, run, 0, record(RecordKind::begun)), IsOkAndHolds(1u));
  }
  static MemoryLimits small_limits() {
    MemoryLimits limits;
    limits.store.grace = Duration{0};
    return limits;
  }

  StockCounters row() { return store.stock({1}).value(); }
  std::vector<std::string> pending_types() {
    std::vector<std::string> types;
    const auto events = pending(store, 10).value();
    for (const Event& one : events) types.push_back(one.type);
    return types;
  }

  MemoryBackend<> store;
};

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

// --- groups --------------------------------------------------------------------------------------

/// What a run writes at once: a call's outcome, the operation that comes next, and for each of its
/// decisions the outcome and the next call's intent.
class Group {
 public:
  explicit Group(const Operation& operation, std::string head_key = "") : prepared_(run, 1) {
    RunRecord called = of_step(RecordKind::outcome, 1);
    called.key = std::move(head_key);
    called.events = {event(1, "CALLED")};
    prepared_.add(called);
    prepared_.operation(operation);
    for (const StockDecision decision : decisions_of(operation)) {
      RunRecord outcome = of_step(RecordKind::outcome, 2);
      outcome.decision = decision;
      outcome.events = {event(2, decision == StockDecision::reserved ? "YES" : "NO")};
      prepared_.begin_tail(decision);
      prepared_.add(outcome);
      prepared_.add(of_step(RecordKind::intent, 3));
    }
    prepared_.seal();
  }

  /// Short lines come into `lent`.
  Write write(std::span<ShortLine> lent = {}) const {
    Write made = prepared_.write();
    made.shorts = lent;
    return made;
  }
  /// Its records that hold whatever is decided, for themselves.
  Write head() const {
    Write made = write();
    made.operation = nullptr;
    made.tails = {};
    return made;
  }

 private:
  static RunRecord of_step(RecordKind kind, StepIndex step) {
    RunRecord made = record(kind);
    made.step = step;
    return made;
  }
  PreparedWrite prepared_;
};

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

// --- claims --------------------------------------------------------------------------------------

class ClaimEffectTest : public ::testing::Test {
 protected:
  ClaimEffectTest() { store.advance_to(at(1'000)); }

  std::uint64_t claim(std::int64_t lease) {
    return store.claim({request, {5, 5}, at(lease), at(9'000)}).value().epoch;
  }
  RunRecord of_request(RecordKind kind, std::uint64_t epoch) {
    RunRecord made = record(kind);
    made.request = request;
    made.claim_epoch = epoch;
    return made;
  }
  ClaimState state(std::int64_t lease = 8'000) {
    return store.claim({request, {5, 5}, at(lease), at(9'000)}).value().state;
  }

  MemoryBackend<> store;
};

TEST_F(ClaimEffectTest, OfTheFirstRecordKeepsTheClaimForTheRun) {
  RunRecord begun = of_request(RecordKind::begun, claim(1'100));
  begun.until = at(3'000);
  ASSERT_THAT(append(store, run, 0, begun), IsOk());
  store.advance_to(at(2'999));
  EXPECT_EQ(state(), ClaimState::in_progress);
  store.advance_to(at(3'000));
  EXPECT_EQ(state(), ClaimState::fresh);
}

TEST_F(ClaimEffectTest, OfTheLastRecordIsTheRequestsAnswer) {
  const auto epoch = claim(1'100);
  ASSERT_THAT(append(store, run, 0, of_request(RecordKind::begun, epoch)), IsOk());
  RunRecord ended = of_request(RecordKind::ended, epoch);
  ended.output = {std::byte{42}};
  ASSERT_THAT(append(store, run, 1, ended), IsOk());
  const auto answer = store.claim({request, {5, 5}, at(2'000), at(9'000)});
  EXPECT_THAT(answer, ClaimIs(ClaimState::completed));
  EXPECT_THAT(answer.value().answer, ElementsAre(std::byte{42}));
}

TEST_F(ClaimEffectTest, LeavesTheClaimOfAnotherAlone) {
  const auto former = claim(1'100);
  store.advance_to(at(1'100));
  const auto newer = claim(5'000);
  ASSERT_GT(newer, former);
  EXPECT_THAT(append(store, run, 0, of_request(RecordKind::ended, former)), IsOk())
      << "the position decides, not the claim";
  EXPECT_EQ(state(), ClaimState::in_progress);
  EXPECT_THAT(store.confirm_claim(request, newer, as_bytes("ok")), IsOk());
}

// --- claims that the first record asks for -------------------------------------------------------

class BeginTest : public ClaimEffectTest {
 protected:
  static constexpr Fingerprint asked{5, 5};

  /// Begins the run for the request, if the claim on it is fresh.
  result<WriteReply> begin(OwnerId by, Time deadline, Fingerprint wanted = asked) {
    PreparedWrite write(run, 0);
    RunRecord begun = record(RecordKind::begun);
    begun.owner = by;
    begun.request = request;
    begun.until = deadline;
    write.add(begun);
    write.claim({{request, wanted, deadline, deadline}, 0});
    return store.write(write.seal());
  }
  result<WriteReply> begin() { return begin(owner, at(3'000)); }
  result<WriteReply> begin_by_another() { return begin(another, at(3'000)); }
  std::vector<RunRecord> records() { return records_of(store, run).value(); }

  static constexpr OwnerId another{3, 2};
};

TEST_F(BeginTest, ClaimsAndBeginsInOne) {
  const auto reply = begin();
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply.value().claim.state, ClaimState::fresh);
  EXPECT_EQ(reply.value().position, 1u);
  ASSERT_THAT(records(), SizeIs(1));
  EXPECT_EQ(records()[0].claim_epoch, reply.value().claim.epoch);
  store.advance_to(at(2'999));
  EXPECT_EQ(state(), ClaimState::in_progress) << "it is kept until the request's deadline";
  EXPECT_THAT(store.confirm_claim(request, reply.value().claim.epoch, as_bytes("ok")), IsOk());
}

TEST_F(BeginTest, RepeatedGivesTheSameEpochAgain) {
  const auto first = begin();
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(append(store, run, 1, record(RecordKind::intent)), IsOk());
  store.advance_to(at(1'500));
  const auto again = begin();
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again.value().claim.state, ClaimState::fresh);
  EXPECT_EQ(again.value().claim.epoch, first.value().claim.epoch);
  EXPECT_EQ(again.value().position, 1u);
  EXPECT_EQ(again.value().at, at(1'000));
}

TEST_F(BeginTest, OfARunThatGoesOnIsInProgress) {
  ASSERT_THAT(begin(), IsOk());
  const auto reply = begin_by_another();
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply.value().claim.state, ClaimState::in_progress);
  EXPECT_EQ(reply.value().position, 0u);
  ASSERT_THAT(records(), SizeIs(1));
  EXPECT_EQ(records()[0].owner, owner);
}

// Protocol rule 6: whether the run exists is looked at first.
TEST_F(BeginTest, OfARunThatGoesOnIsInProgressPastItsDeadline) {
  ASSERT_THAT(begin(), IsOk());
  store.advance_to(at(3'000));
  const auto reply = begin_by_another();
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply.value().claim.state, ClaimState::in_progress);
  EXPECT_THAT(records(), SizeIs(1));
}

TEST_F(BeginTest, OfARunThatHasEndedIsCompletedWithItsAnswer) {
  const auto epoch = begin().value().claim.epoch;
  RunRecord ended = of_request(RecordKind::ended, epoch);
  ended.output = {std::byte{42}};
  ASSERT_THAT(append(store, run, 1, ended), IsOk());
  const auto reply = begin_by_another();
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply.value().claim.state, ClaimState::completed);
  EXPECT_THAT(reply.value().claim.answer, ElementsAre(std::byte{42}));
  EXPECT_THAT(records(), SizeIs(2));
}

TEST_F(BeginTest, OfAnotherContentIsAMismatch) {
  ASSERT_THAT(begin(), IsOk());
  const auto reply = begin(another, at(3'000), {6, 6});
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply.value().claim.state, ClaimState::mismatch);
  EXPECT_THAT(records(), SizeIs(1));
}

TEST_F(BeginTest, WritesNothingUnlessTheClaimIsFresh) {
  const auto held = claim(1'100);
  EXPECT_EQ(begin().value().claim.state, ClaimState::in_progress);
  EXPECT_EQ(begin(owner, at(3'000), {6, 6}).value().claim.state, ClaimState::mismatch);
  EXPECT_THAT(records(), IsEmpty());
  EXPECT_THAT(store.unfinished({}, 10).value(), IsEmpty());
  ASSERT_THAT(store.release_claim(request, held), IsOk());
  EXPECT_EQ(begin(owner, at(1'000)).value().claim.state, ClaimState::expired);
  EXPECT_THAT(records(), IsEmpty());
  EXPECT_EQ(begin().value().claim.state, ClaimState::fresh);
}

TEST(BeginInASmallStore, IsRefusedByThePartThatIsFull) {
  MemoryLimits limits;
  limits.retention.count = 1;
  limits.runs.max_runs = 1;
  MemoryBackend<> store(limits);
  store.advance_to(at(1'000));
  const auto begin = [&](std::uint64_t number) {
    PreparedWrite write({1, number}, 0);
    write.add(record(RecordKind::begun));
    write.claim({{{4, number}, {5, 5}, at(3'000), at(3'000)}, 0});
    return store.write(write.seal());
  };
  const auto held = store.claim({{4, 9}, {5, 5}, at(2'000), at(3'000)}).value().epoch;
  const auto no_claim = begin(1);
  EXPECT_THAT(no_claim, ErrorIs(Errc::resource_exhausted, Limit::requests));
  EXPECT_EQ(no_claim.error().part, WritePart::claim);
  EXPECT_THAT(store.read({1, 1}).value(), IsEmpty());
  ASSERT_THAT(store.release_claim({4, 9}, held), IsOk());
  const auto begun = begin(1);
  ASSERT_THAT(begun, IsOk());
  ASSERT_THAT(store.release_claim({4, 1}, begun.value().claim.epoch), IsOk());
  const auto no_run = begin(2);
  EXPECT_THAT(no_run, ErrorIs(Errc::resource_exhausted, Limit::runs));
  EXPECT_EQ(no_run.error().part, WritePart::head);
  EXPECT_THAT(store.claim({{4, 2}, {5, 5}, at(2'000), at(3'000)}), ClaimIs(ClaimState::fresh))
      << "no claim is taken for a run that finds no room";
}

// --- bounds --------------------------------------------------------------------------------------

class FullLogTest : public AppendTest {
 protected:
  static MemoryLimits limits() {
    MemoryLimits limits = small_limits();
    limits.runs.max_records_a_run = 1;
    return limits;
  }
  FullLogTest() : AppendTest(limits()) {}
};

TEST_F(FullLogTest, IsFoundBeforeTheStockIsTouched) {
  const Step step(2, 1);
  EXPECT_THAT(apply(store, Reserve{hold, at(2'000), two_units}, step.effects),
              ErrorIs(Errc::limit_exceeded));
  EXPECT_EQ(row().reserved, 0);
  EXPECT_EQ(store.find(hold).value(), std::nullopt);
}

class SmallRecordsTest : public AppendTest {
 protected:
  static MemoryLimits limits() {
    MemoryLimits limits = small_limits();
    limits.runs.max_record_bytes = 1'000;
    return limits;
  }
  SmallRecordsTest() : AppendTest(limits()) {}
};

// What only the store knows stands beside a record: it takes none of its room.
TEST_F(SmallRecordsTest, HaveAnyNumberOfShortLinesBesideThem) {
  const Step step(2, 1);
  std::vector<ShortLine> lent(100);
  Lines many;
  for (std::uint32_t index = 0; index < 100; ++index) many.push_back({{index}, 9});
  EXPECT_THAT(apply(store, Reserve{hold, at(2'000), many}, step.effects, lent),
              IsOutOfStock(Row{0}, 9, 0));
  EXPECT_EQ(records_of(store, run).value().at(1).shorts, lent);
}

TEST_F(SmallRecordsTest, AreAskedForInEveryTailBeforeTheStockIsTouched) {
  Step step(2, 1);
  step.no.key = std::string(1'000, 'k');
  const auto refused = apply(store, Reserve{hold, at(2'000), two_units}, step.effects);
  EXPECT_THAT(refused, ErrorIs(Errc::limit_exceeded, Limit::record_bytes))
      << "though the other one would have been picked";
  EXPECT_EQ(refused.error().part, WritePart::tail);
  EXPECT_EQ(refused.error().allowed, 1'000u);
  EXPECT_THAT(records_of(store, run).value(), SizeIs(1));
  EXPECT_EQ(store.find(hold).value(), std::nullopt);
  EXPECT_THAT(pending_types(), IsEmpty());
}

TEST_F(SmallRecordsTest, AreAskedForInTheHeadToo) {
  Group group(Reserve{hold, at(2'000), two_units}, std::string(1'000, 'k'));
  const auto refused = store.write(group.write());
  EXPECT_THAT(refused, ErrorIs(Errc::limit_exceeded, Limit::record_bytes));
  EXPECT_EQ(refused.error().part, WritePart::head);
  EXPECT_THAT(records_of(store, run).value(), SizeIs(1));
  EXPECT_EQ(store.find(hold).value(), std::nullopt);
}

class FullOutboxTest : public AppendTest {
 protected:
  static MemoryLimits limits() {
    MemoryLimits limits = small_limits();
    limits.outbox.max_events = 1;
    return limits;
  }
  FullOutboxTest() : AppendTest(limits()) {}
};

TEST_F(FullOutboxTest, IsFoundBeforeTheStockIsTouched) {
  const Step first(2, 1, 1), second(3, 2, 2);
  ASSERT_THAT(apply(store, Reserve{hold, at(2'000), two_units}, first.effects), IsReserved());
  EXPECT_THAT(apply(store, Commit{hold, {}}, second.effects), ErrorIs(Errc::resource_exhausted));
  EXPECT_EQ(row(), (StockCounters{5, 2, 0, 0}));
  EXPECT_EQ(records_of(store, run).value().size(), 2u);
  ASSERT_THAT(store.acknowledge_event(run, 1), IsOk());
  EXPECT_THAT(apply(store, Commit{hold, {}}, second.effects), Answers(CommitAnswer::committed));
}

TEST_F(FullOutboxTest, LooksAtBothRecordsSinceEitherMayBePicked) {
  Step step(2, 1, 1);
  step.no.events.push_back(event(2, "MORE"));
  EXPECT_THAT(apply(store, Reserve{hold, at(2'000), two_units}, step.effects),
              ErrorIs(Errc::resource_exhausted));
  EXPECT_EQ(row().reserved, 0);
}

// --- what the recorder is told -------------------------------------------------------------------

/// A record as a line of text.
struct Teller {
  std::vector<std::string> lines;

  void record(const StockRecord& record) noexcept {
    std::string line = std::to_string(to_ms(record.at)) + " " + word(record.operation) + " " +
                       std::string(name(record.answer));
    if (record.repeat) line += " again";
    line += text(" lines", lines_of(record.operation)) + text(" moved", record.moved) +
            text(" back", record.back);
    for (const ShortLine& one : record.shorts) {
      line += " short " + std::to_string(one.row.index) + ":" + std::to_string(one.available);
    }
    if (record.write != nullptr && record.write->context != nullptr) {
      line += " note " + std::to_string(*static_cast<const int*>(record.write->context));
    }
    lines.push_back(line);
  }

  static std::string word(const RecordedOperation& operation) {
    constexpr std::array words{"reserve", "commit", "release", "extend", "adjust", "expire"};
    return words[operation.index()];
  }
  static std::span<const Line> lines_of(const RecordedOperation& operation) {
    return std::visit(
        [](const auto& typed) -> std::span<const Line> {
          if constexpr (requires { typed.lines; }) return typed.lines;
          return {};
        },
        operation);
  }
  static std::string text(const char* title, std::span<const Line> lines) {
    std::string all = lines.empty() ? "" : title;
    for (const Line& line : lines) {
      all += " " + std::to_string(line.row.index) + "x" + std::to_string(line.quantity);
    }
    return all;
  }
};
static_assert(Recorder<Teller>);

class RecorderTest : public ::testing::Test {
 protected:
  RecorderTest() {
    store.advance_to(at(1'000));
    stock_up(store, 5);
    store.recorder().lines.clear();
  }
  MemoryBackend<Teller> store;
};

TEST_F(RecorderTest, IsToldOfEveryAnswerInOrder) {
  const Lines twice{{{1}, 1}, {{1}, 1}}, one{{{1}, 1}}, many{{{2}, 1}, {{1}, 9}};
  ASSERT_THAT(store.reserve({hold, at(2'000), twice}), IsReserved());
  ASSERT_THAT(store.reserve({hold, at(2'000), two_units}), IsReserved());
  ASSERT_THAT(store.reserve({{2, 2}, at(2'000), many}), IsOutOfStock(Row{1}, 9, 3));
  ASSERT_THAT(store.extend({hold, at(3'000)}), Answers(ExtendAnswer::reserved));
  ASSERT_THAT(store.commit({hold, one}), Answers(CommitAnswer::committed));
  ASSERT_THAT(store.commit({hold, one}), Answers(CommitAnswer::committed));
  ASSERT_THAT(store.release({hold}), Answers(ReleaseAnswer::committed));
  EXPECT_THAT(
      store.recorder().lines,
      ElementsAre("1000 reserve reserved lines 1x2",        //
                  "1000 reserve reserved again lines 1x2",  //
                  "1000 reserve out_of_stock lines 1x9 2x1 short 1:3 short 2:0",
                  "1000 extend reserved", "1000 commit committed lines 1x1 moved 1x1 back 1x1",
                  "1000 commit committed again lines 1x1 moved 1x1 back 1x1",
                  "1000 release committed"));
}

TEST_F(RecorderTest, IsToldOfExpiriesBeforeWhatTheyMadeRoomFor) {
  const Lines all{{{1}, 5}};
  ASSERT_THAT(store.reserve({hold, at(2'000), all}), IsReserved());
  store.advance_to(at(2'500));
  ASSERT_THAT(store.reserve({{2, 2}, at(3'000), all}), IsReserved());
  EXPECT_THAT(store.recorder().lines,
              ElementsAre("1000 reserve reserved lines 1x5", "2500 expire expired moved 1x5",
                          "2500 reserve reserved lines 1x5"));
}

TEST_F(RecorderTest, IsToldOfExpiriesThatNoOperationAskedFor) {
  const Lines one{{{1}, 1}};
  for (std::uint64_t id = 1; id <= 5; ++id) {
    ASSERT_THAT(store.reserve({{2, id}, at(1'000) + Duration(id), one}), IsReserved());
  }
  store.recorder().lines.clear();
  EXPECT_EQ(store.next_expiry(), at(1'001));
  store.advance_to(at(1'001));
  EXPECT_THAT(store.expire_due(), IsOkAndHolds(1u));
  store.advance_to(at(1'002));
  EXPECT_EQ(store.stock({1}).value().reserved, 3);
  store.advance_to(at(1'003));
  const std::vector<Row> rows{{1}, {0}};
  EXPECT_THAT(store.snapshot(rows).value(),
              ElementsAre(StockCounters{5, 2, 0, 0}, StockCounters{}));
  store.advance_to(at(1'004));
  EXPECT_EQ(store.find({2, 4}).value()->state(), ReservationState::expired);
  store.advance_to(at(1'005));
  EXPECT_THAT(apply(store, Release{{2, 5}}, {}), Answers(ReleaseAnswer::expired));
  EXPECT_EQ(store.recorder().lines.size(), 6u) << "five expiries, each once, and the release";
}

TEST_F(RecorderTest, IsToldOfARepeatThatTheRunAnswered) {
  const Step step(2, 0);
  const Reserve reserve{hold, at(2'000), two_units};
  ASSERT_THAT(apply(store, reserve, step.effects), IsReserved());
  ASSERT_THAT(apply(store, reserve, step.effects), IsReserved());
  EXPECT_THAT(store.recorder().lines, ElementsAre("1000 reserve reserved lines 1x2 note 17",
                                                  "1000 reserve reserved again lines 1x2 note 17"));
}

TEST_F(RecorderTest, IsToldNothingOfAnError) {
  ASSERT_THAT(store.reserve({hold, {}, two_units}), ErrorIs(Errc::invalid_argument));
  const Step step(2, 3);
  ASSERT_THAT(apply(store, Reserve{hold, at(2'000), two_units}, step.effects),
              ErrorIs(Errc::moved_on));
  EXPECT_THAT(store.recorder().lines, IsEmpty());
}

TEST_F(RecorderTest, IsToldOfEachOfABatch) {
  const std::vector<Operation> batch{Reserve{hold, at(2'000), two_units}, Release{hold},
                                     Release{{}}};
  std::vector<result<Answer>> answers(batch.size(), Error{Errc::unavailable});
  store.apply(batch, answers);
  EXPECT_THAT(answers[0], IsReserved());
  EXPECT_THAT(answers[1], Answers(ReleaseAnswer::released));
  EXPECT_THAT(answers[2], ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(store.recorder().lines,
              ElementsAre("1000 reserve reserved lines 1x2", "1000 release released moved 1x2"));
}

}  // namespace
}  // namespace invsaga::testing
