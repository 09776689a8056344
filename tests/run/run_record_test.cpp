// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <invsaga/prepared_write.hpp>
#include <invsaga/rng.hpp>
#include <invsaga/run_outcome.hpp>
#include <invsaga/run_record.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/writes.hpp>
#include <invsaga/write.hpp>

#include "tests/ground/one_spelling.hpp"

namespace invsaga {
namespace {

using testing::ErrorIs;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::IsReserved;
using ::testing::SizeIs;

std::vector<std::byte> some_bytes(std::size_t size) { return std::vector(size, std::byte{0xa5}); }

Event some_event(std::uint64_t sequence) {
  Event event;
  event.id = {7, sequence};
  event.run = {8, 9};
  event.sequence = sequence;
  event.type = "STOCK_RESERVED";
  event.subject = "536365";
  event.causation = {7, sequence - 1};
  event.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  event.data = some_bytes(5);
  return event;
}

/// Every field that is encoded at a value of its own.
RunRecord full_record() {
  RunRecord record;
  record.kind = RecordKind::ended;
  record.owner = {1, 2};
  record.step = 65535;
  record.round = 4;
  record.id_high = 5;
  record.id_low = 6;
  record.until = time_from_ms(-7);
  record.outcome = StepOutcome::suppressed;
  record.decision = StockDecision::tombstoned;
  record.error = {Errc::refused, WritePart::tail, Limit::lines, -8, 5'000, 4'096};
  record.output = some_bytes(9);
  record.events = {some_event(1), some_event(2)};
  record.saga.name = "checkout";
  record.saga.version = 10;
  record.saga.hash = 11;
  record.key = "536365";
  record.request = {12, 13};
  record.claim_epoch = 14;
  record.traceparent = "00-trace";
  record.end = RunEnd::stuck;
  record.reason = "out_of_stock";
  return record;
}

TEST(ARecord, SurvivesItsBytes) {
  EXPECT_THAT(decode<RunRecord>(encode(full_record())), IsOkAndHolds(full_record()));
  EXPECT_THAT(decode<RunRecord>(encode(RunRecord{})), IsOkAndHolds(RunRecord{}));
}

TEST(ARecord, BearsNothingOfItsStampInItsBytes) {
  RunRecord stamped = full_record();
  stamped.at = time_from_ms(3);
  stamped.shorts = {{Row{7}, 5, 2}};
  for (Event& event : stamped.events) event.time = time_from_ms(3);
  EXPECT_EQ(encode(stamped), encode(full_record()));
  RunRecord begun = full_record();
  begun.kind = RecordKind::begun;
  begun.claim_epoch = 0;
  const auto bytes = encode(begun);
  EXPECT_THAT(decode<RunRecord>(bytes), IsOkAndHolds(begun));
  begun.claim_epoch = 14;
  EXPECT_EQ(encode(begun), bytes) << "which claim began it, only the store knows";
}

TEST(ARecord, OfABeginningWithAnEpochIsCorrupt) {
  auto bytes = encode(full_record());
  bytes[1] = std::byte{0};  // its kind
  EXPECT_THAT(decode<RunRecord>(bytes), ErrorIs(Errc::corrupt));
}

TEST(ARecord, IsReadFromALogWithItsStamp) {
  const Stamp stamp{time_from_ms(99), 15, {{Row{7}, 5, 2}, {Row{9}, 1, 0}}};
  RunRecord read = full_record();
  read.at = stamp.at;
  read.shorts = stamp.shorts;
  for (Event& event : read.events) event.time = stamp.at;
  EXPECT_THAT(read_record({encode(full_record()), stamp}), IsOkAndHolds(read))
      << "its own epoch, as it has not begun the run";
  RunRecord begun;
  begun.kind = RecordKind::begun;
  EXPECT_EQ(read_record({encode(begun), stamp}).value().claim_epoch, 15u);
  EXPECT_THAT(read_record({{}, stamp}), ErrorIs(Errc::corrupt));
}

TEST(ARecord, CutShortAnywhereIsCorrupt) {
  const auto bytes = encode(full_record());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(decode<RunRecord>(Bytes(bytes).first(size)), ErrorIs(Errc::corrupt)) << size;
  }
}

TEST(ARecord, WithBytesLeftOverIsCorrupt) {
  auto bytes = encode(full_record());
  bytes.push_back(std::byte{0});
  EXPECT_THAT(decode<RunRecord>(bytes), ErrorIs(Errc::corrupt));
}

TEST(ARecord, OfANewerVersionIsNotGuessedAt) {
  auto bytes = encode(full_record());
  bytes[0] = std::byte{2};
  EXPECT_THAT(decode<RunRecord>(bytes), ErrorIs(Errc::schema_too_new));
  bytes[0] = std::byte{0};
  EXPECT_THAT(decode<RunRecord>(bytes), ErrorIs(Errc::corrupt));
}

TEST(ARecord, WithAnEnumeratorThatDoesNotExistIsCorrupt) {
  const auto bytes = encode(RunRecord{});
  constexpr std::size_t kind = 1, outcome = 50, decision = 51;
  constexpr std::uint8_t beyond[] = {9, 5, 12};
  std::size_t tried = 0;
  for (const std::size_t place : {kind, outcome, decision}) {
    auto broken = bytes;
    broken[place] = std::byte{beyond[tried]};
    EXPECT_THAT(decode<RunRecord>(broken), ErrorIs(Errc::corrupt)) << place;
    broken[place] = std::byte{static_cast<std::uint8_t>(beyond[tried] - 1)};
    EXPECT_THAT(decode<RunRecord>(broken), IsOk()) << place;
    ++tried;
  }
}

TEST(ARecord, OfRandomBytesNeverDoesMoreThanFail) {
  Rng rng(3);
  expect_one_spelling<RunRecord>(encode(full_record()), rng, 20'000);
}

TEST(AnOutcome, OfRandomBytesNeverDoesMoreThanFail) {
  Rng rng(3);
  RunOutcome outcome;
  outcome.run = {1, 2};
  outcome.end = RunEnd::compensated;
  outcome.reason = "out_of_stock";
  outcome.shorts_at = 3;
  outcome.error = Error{Errc::refused};
  outcome.error.own = 4;
  EXPECT_THAT(decode<RunOutcome>(encode(outcome)), IsOkAndHolds(outcome));
  expect_one_spelling<RunOutcome>(encode(outcome), rng, 20'000);
}

TEST(ARecord, TakesAtMostTheBytesThatAreForetold) {
  RunRecord record;
  EXPECT_LE(encode(record).size(), most_encoded_bytes(record));
  for (std::size_t events = 0; events < 20; ++events) {
    record.events.push_back(some_event(events + 1));
    EXPECT_LE(encode(record).size(), most_encoded_bytes(record));
  }
  EXPECT_LE(encode(full_record()).size(), most_encoded_bytes(full_record()));
}

TEST(AnOutcome, IsStoredWithoutTheShortLinesThatARecordHas) {
  RunOutcome outcome;
  outcome.shorts_at = 3;
  const auto bytes = encode(outcome);
  outcome.shorts = {{Row{7}, 5, 2}};
  EXPECT_EQ(encode(outcome), bytes);
}

// --- what a decision picks

TEST(ShortLinesOfAnAnswer, AreAllThatTheLentStorageHoldsAndTheFirstAtLeast) {
  const std::vector<ShortLine> shorts(5, ShortLine{Row{1}, 2, 1});
  std::vector<ShortLine> lent(5);
  for (std::size_t room = 0; room <= lent.size(); ++room) {
    const auto told = shortage_of(shorts, std::span(lent).first(room));
    const Answer answer = ReserveAnswer{OutOfStock{told}};
    EXPECT_THAT(shorts_of(answer), SizeIs(std::max<std::size_t>(room, 1)));
  }
  EXPECT_THAT(shorts_of(Answer{ReserveAnswer{Reserved{}}}), IsEmpty());
}

/// One of each operation.
std::vector<Operation> operations() {
  return {Reserve{{1, 1}, time_from_ms(5), {}}, Commit{{1, 1}, {}}, Release{{1, 1}},
          Extend{{1, 1}, time_from_ms(5)}, Adjust{{1, 1}, AdjustReason::returned, {}, {}}};
}

TEST(ADecision, OfEachOperationStandsForOneAnswer) {
  const std::vector<ShortLine> shorts{{Row{1}, 6, 5}, {Row{2}, 1, 0}};
  for (const Operation& operation : operations()) {
    std::vector<ShortLine> lent(2);
    for (const StockDecision decision : decisions_of(operation)) {
      const Answer answer = answer_of(operation, decision, shorts, lent);
      EXPECT_EQ(decision_of(answer), decision) << name(decision);
      EXPECT_EQ(shorts_of(answer).size(), tells_shorts(decision) ? 2u : 0u) << name(decision);
    }
  }
  const auto reserved = answer_of(operations()[0], StockDecision::reserved, {}, {});
  EXPECT_THAT(reserved, IsReserved(ReservationId{1, 1}, time_from_ms(5)));
}

/// What a run would write: an outcome, and for each decision its own with the end.
class Group {
 public:
  explicit Group(const Operation& operation) : write({1, 1}, 3) {
    write.add(record(RecordKind::outcome, "head"));
    write.operation(operation);
    for (const StockDecision decision : decisions_of(operation)) {
      write.begin_tail(decision);
      write.add(record(RecordKind::outcome, std::string(name(decision))));
      write.add(record(RecordKind::ended, "tail"));
    }
    write.seal();
  }
  static RunRecord record(RecordKind kind, std::string key) {
    RunRecord made;
    made.kind = kind;
    made.key = std::move(key);
    return made;
  }
  PreparedWrite write;
};

TEST(APreparedWrite, HasATailForEachDecision) {
  for (const Operation& operation : operations()) {
    const Group group(operation);
    const Write& write = group.write.write();
    EXPECT_THAT(check_write(write), IsOk());
    EXPECT_EQ(write.head.size(), 1u);
    ASSERT_EQ(write.tails.size(), decisions_of(operation).size());
    for (const Tail& tail : write.tails) {
      EXPECT_EQ(tail.records.size(), 2u);
      EXPECT_EQ(tail_of(write, tail.decision).data(), tail.records.data());
      EXPECT_EQ(tail.records[1].change, RunChange::ends);
    }
  }
}

TEST(APreparedWrite, SaysWhatCameIntoTheLog) {
  const Group group(operations()[0]);
  std::vector<ShortLine> shorts{{Row{1}, 6, 5}, {Row{2}, 1, 0}};
  WriteReply reply;
  reply.at = time_from_ms(99);
  reply.answer = ReserveAnswer{OutOfStock{shortage_of(shorts, shorts)}};
  const auto records = group.write.records(reply);
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].key, "head");
  EXPECT_EQ(records[1].key, "out_of_stock");
  EXPECT_EQ(records[2].key, "tail");
  for (const RunRecord& record : records) EXPECT_EQ(record.at, reply.at);
  EXPECT_EQ(records[1].shorts, shorts);
  EXPECT_THAT(records[0].shorts, IsEmpty());
  EXPECT_THAT(records[2].shorts, IsEmpty());
}

TEST(APreparedWrite, SaysByWhichClaimARunWasBegun) {
  WriteReply reply;
  reply.claim.epoch = 7;
  for (const std::uint64_t held : {0u, 5u}) {
    PreparedWrite write({1, 1}, 0);
    write.claim({{}, held});
    write.add(Group::record(RecordKind::begun, ""));
    write.seal();
    EXPECT_EQ(write.records(reply).at(0).claim_epoch, held == 0 ? 7u : held);
  }
}

TEST(APreparedWrite, HasItsEffectsBesideTheRecords) {
  RunRecord sold = Group::record(RecordKind::outcome, "");
  sold.decision = StockDecision::committed;
  sold.id_high = 5;
  sold.id_low = 6;
  sold.events = {some_event(1), some_event(2)};
  RunRecord ended = full_record();
  PreparedWrite write({1, 1}, 3);
  write.add(sold);
  write.add(ended);
  const auto head = write.seal().head;
  EXPECT_EQ(head[0].sale, (ReservationId{5, 6}));
  ASSERT_EQ(head[0].events.size(), 2u);
  EXPECT_EQ(head[0].events[1].sequence, 2u);
  EXPECT_THAT(decode<Event>(head[0].events[1].bytes), IsOkAndHolds(some_event(2)));
  EXPECT_FALSE(head[0].confirmation.request.is_set());
  EXPECT_EQ(head[1].confirmation.request, ended.request);
  EXPECT_EQ(head[1].confirmation.epoch, ended.claim_epoch);
  EXPECT_TRUE(std::ranges::equal(head[1].confirmation.answer, ended.output));
  EXPECT_FALSE(head[1].sale.is_set());
}

TEST(APreparedWrite, KnowsItsLargestRecordEventAndAnswerWhereverTheyStand) {
  RunRecord small = Group::record(RecordKind::outcome, "");
  small.events = {some_event(1)};
  RunRecord large = Group::record(RecordKind::outcome, std::string(1'000, 'x'));
  large.events = {some_event(1)};
  large.events[0].type = std::string(100, 'x');
  RunRecord ended = full_record();
  for (const bool first : {true, false}) {
    PreparedWrite write({1, 1}, 0);
    EXPECT_EQ(write.largest_record() + write.largest_event() + write.largest_answer(), 0u);
    write.add(first ? large : small);
    write.add(ended);
    write.add(first ? small : large);
    const Write& sealed = write.seal();
    const PreparedRecord& largest = sealed.head[first ? 0 : 2];
    EXPECT_EQ(write.largest_record(), largest.bytes.size());
    EXPECT_EQ(write.largest_event(), largest.events[0].bytes.size());
    EXPECT_EQ(write.largest_answer(), ended.output.size());
  }
}

TEST(AWrite, ThatNoStoreCouldCarryOutIsRefused) {
  const Group group(operations()[0]);
  const ClaimEffect claim{};
  const auto broken = [&](const auto& change) {
    Write write = group.write.write();
    change(write);
    return check_write(write);
  };
  const auto invalid = ErrorIs(Errc::invalid_argument);
  EXPECT_THAT(check_write({}), invalid) << "nothing in it";
  EXPECT_THAT(broken([](Write& write) { write.run = {}; }), invalid) << "records without a run";
  EXPECT_THAT(broken([](Write& write) { write.operation = nullptr; }), invalid)
      << "tails without an operation";
  EXPECT_THAT(broken([](Write& write) { write.tails = write.tails.subspan(1); }), invalid)
      << "a decision without a tail";
  EXPECT_THAT(broken([&](Write& write) {
                write.at = 0;
                write.claim = &claim;
              }),
              invalid)
      << "a claim with an operation";
  const auto alone = [&](Position at) {
    return broken([&](Write& write) {
      write.operation = nullptr;
      write.tails = {};
      write.at = at;
      write.claim = &claim;
    });
  };
  EXPECT_THAT(alone(0), IsOk());
  EXPECT_THAT(alone(1), invalid) << "a claim behind the first position";
}

// --- what a write by hand records (the kit)

TEST(ARecordedOutcome, IsTheOneThatTheAnswerPicks) {
  RunRecord yes = Group::record(RecordKind::outcome, "yes");
  RunRecord no = Group::record(RecordKind::outcome, "no");
  yes.events = {some_event(1)};
  no.outcome = StepOutcome::refused;
  const testing::Effects effects{.run = {1, 1}, .at = 3, .yes = &yes, .no = &no};
  const Operation reserve = operations()[0];
  const Time now = time_from_ms(99);

  const RunRecord done = recorded_outcome(effects, reserve, ReserveAnswer{Reserved{}}, now);
  EXPECT_EQ(done.key, "yes");
  EXPECT_EQ(done.outcome, StepOutcome::done);
  EXPECT_EQ(done.decision, StockDecision::reserved);
  EXPECT_EQ(done.at, now);
  EXPECT_EQ(done.events.at(0).time, now) << "an event's time is that of the decision";

  const RunRecord refused = recorded_outcome(effects, reserve, ReserveAnswer{OutOfStock{}}, now);
  EXPECT_EQ(refused.key, "no");
  EXPECT_EQ(refused.outcome, StepOutcome::refused);
  EXPECT_EQ(refused.decision, StockDecision::out_of_stock);
}

TEST(ARecordedOutcome, OfAnUndoStaysAnUndo) {
  RunRecord undone;
  undone.kind = RecordKind::undone;
  const testing::Effects effects{.run = {1, 1}, .yes = &undone, .no = &undone};
  const RunRecord record = recorded_outcome(effects, Release{{1, 1}}, ReleaseAnswer::committed, {});
  EXPECT_EQ(record.kind, RecordKind::undone);
  EXPECT_EQ(record.decision, StockDecision::committed);
}

TEST(WordsOfRuns, AreTheOnesOfTheDesign) {
  EXPECT_EQ(name(StepOutcome::done), "done");
  EXPECT_EQ(name(StepOutcome::refused), "refused");
  EXPECT_EQ(name(StepOutcome::failed), "failed");
  EXPECT_EQ(name(StepOutcome::unknown), "unknown");
  EXPECT_EQ(name(StepOutcome::suppressed), "suppressed");
  EXPECT_EQ(name(RunEnd::completed), "completed");
  EXPECT_EQ(name(RunEnd::compensated), "compensated");
  EXPECT_EQ(name(RunEnd::stuck), "stuck");
  EXPECT_EQ(name(RecordKind::begun), "begun");
  EXPECT_EQ(name(RecordKind::taken_over), "taken_over");
  EXPECT_EQ(name(RecordKind::intent), "intent");
  EXPECT_EQ(name(RecordKind::outcome), "outcome");
  EXPECT_EQ(name(RecordKind::cancelled), "cancelled");
  EXPECT_EQ(name(RecordKind::undone), "undone");
  EXPECT_EQ(name(RecordKind::stuck), "stuck");
  EXPECT_EQ(name(RecordKind::resumed), "resumed");
  EXPECT_EQ(name(RecordKind::ended), "ended");
  EXPECT_EQ(name(static_cast<RecordKind>(9)), "unrecognised");
}

}  // namespace
}  // namespace invsaga
