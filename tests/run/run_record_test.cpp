// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include <invsaga/backend.hpp>
#include <invsaga/reference/run_table.hpp>
#include <invsaga/rng.hpp>
#include <invsaga/run_outcome.hpp>
#include <invsaga/run_record.hpp>
#include <invsaga/testing/matchers.hpp>

#include "tests/ground/one_spelling.hpp"

namespace invsaga {
namespace {

using testing::ErrorIs;
using testing::IsOk;
using testing::IsOkAndHolds;

std::vector<std::byte> some_bytes(std::size_t size) { return std::vector(size, std::byte{0xa5}); }

Event some_event(std::uint64_t sequence) {
  Event event;
  event.id = {7, sequence};
  event.run = {8, 9};
  event.sequence = sequence;
  event.type = "STOCK_RESERVED";
  event.subject = "536365";
  event.causation = {7, sequence - 1};
  event.time = time_from_ms(1'290'000'000'000);
  event.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  event.data = some_bytes(5);
  return event;
}

/// Every field at a value of its own.
RunRecord full_record() {
  RunRecord record;
  record.kind = RecordKind::ended;
  record.owner = {1, 2};
  record.at = time_from_ms(3);
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
  constexpr std::size_t kind = 1, outcome = 58, decision = 59;
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
  outcome.details = some_bytes(9);
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

TEST(ARecord, TakesNoMoreForShortLinesThanIsSaidBeforehand) {
  const std::vector<ShortLine> shorts(5, ShortLine{Row{1}, 2, 1});
  std::vector<ShortLine> lent(5);
  for (std::size_t room = 0; room <= lent.size(); ++room) {
    RunRecord record;
    const auto told = shortage_of(shorts, std::span(lent).first(room));
    detail::keep_shortage(Answer{ReserveAnswer{OutOfStock{told}}}, record);
    EXPECT_THAT(short_lines(record.output), ::testing::SizeIs(std::max<std::size_t>(room, 1)));
    EXPECT_EQ(record.output.size(), detail::most_shortage_bytes(room));
  }
}

TEST(AnOutcomeRecord, IsTheOneThatTheAnswerPicks) {
  RunRecord yes, no;
  yes.kind = no.kind = RecordKind::outcome;
  yes.key = "yes";
  yes.events = {some_event(1)};
  no.key = "no";
  no.outcome = StepOutcome::refused;
  const Effects effects{.run = {1, 1}, .at = 3, .yes = &yes, .no = &no};
  const Time now = time_from_ms(99);

  const RunRecord done = outcome_record(effects, ReserveAnswer{Reserved{}}, now);
  EXPECT_EQ(done.key, "yes");
  EXPECT_EQ(done.outcome, StepOutcome::done);
  EXPECT_EQ(done.decision, StockDecision::reserved);
  EXPECT_EQ(done.at, now);
  EXPECT_EQ(done.events.at(0).time, now) << "an event's time is that of the decision";

  const RunRecord refused = outcome_record(effects, ReserveAnswer{OutOfStock{}}, now);
  EXPECT_EQ(refused.key, "no");
  EXPECT_EQ(refused.outcome, StepOutcome::refused);
  EXPECT_EQ(refused.decision, StockDecision::out_of_stock);
}

TEST(AnOutcomeRecord, OfASuppressedReserveIsSuppressed) {
  RunRecord yes, no;
  yes.kind = no.kind = RecordKind::outcome;
  no.outcome = StepOutcome::refused;
  const Effects effects{.run = {1, 1}, .at = 0, .yes = &yes, .no = &no};
  EXPECT_EQ(outcome_record(effects, ReserveAnswer{Suppressed{}}, {}).outcome,
            StepOutcome::suppressed);
}

TEST(AnOutcomeRecord, OfAnUndoStaysAnUndo) {
  RunRecord undone;
  undone.kind = RecordKind::undone;
  const Effects effects{.run = {1, 1}, .at = 0, .yes = &undone, .no = &undone};
  const RunRecord record = outcome_record(effects, ReleaseAnswer::committed, {});
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
