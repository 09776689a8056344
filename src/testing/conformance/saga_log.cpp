// SPDX-License-Identifier: Apache-2.0
#include <invsaga/testing/saga_log_conformance.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/on_threads.hpp>

#include "suite.hpp"

namespace invsaga {
inline namespace v0 {
namespace testing {
namespace {

/// The fixture of the suites for a SagaLog.
class SagaLogFixture : public ::testing::Test {
 public:
  using Make = MakeLog;
  explicit SagaLogFixture(MakeLog make) : log_(make()) {}

  LogUnderTest& log() { return *log_; }

  static RunId run(std::uint64_t number) { return {5, number}; }
  /// A record that differs from others by `mark`.
  static RunRecord record(RecordKind kind, std::uint64_t mark = 0) {
    RunRecord made;
    made.kind = kind;
    made.owner = {6, 1};
    made.at = time_from_ms(1'000 + static_cast<std::int64_t>(mark));
    made.step = static_cast<StepIndex>(mark);
    return made;
  }
  /// A record that uses every field.
  static RunRecord full_record() {
    RunRecord made = record(RecordKind::outcome, 3);
    made.round = 1;
    made.id_high = ~std::uint64_t{0};
    made.id_low = 42;
    made.until = time_from_ms(99);
    made.outcome = StepOutcome::unknown;
    made.decision = StockDecision::out_of_stock;
    made.error = {Errc::timed_out, WritePart::tail, Limit::lines, -7, 5'000, 4'096};
    made.output = {std::byte{0}, std::byte{255}};
    made.shorts = {{Row{7}, 5, 2}, {Row{9}, 1, 0}};
    Event event;
    event.id = {1, 2};
    event.run = run(1);
    event.sequence = 1;
    event.type = "STOCK_RESERVED";
    event.subject = std::string("order\0 17", 9);
    event.data = {std::byte{1}};
    event.time = made.at;
    made.events = {event, event};
    made.events[1].sequence = 2;
    made.saga.name = "checkout";
    made.saga.version = 3;
    made.saga.hash = 1'234;
    made.key = "order 17";
    made.request = {8, 9};
    made.claim_epoch = 11;
    made.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    made.end = RunEnd::stuck;
    made.reason = "why";
    return made;
  }

  result<Position> append(std::uint64_t number, Position at, const RunRecord& made) {
    return log().append(run(number), at, made);
  }
  result<Position> append(std::uint64_t number, Position at, std::span<const RunRecord> made) {
    return log().append(run(number), at, made);
  }
  void begin(std::uint64_t number) {
    EXPECT_THAT(append(number, 0, record(RecordKind::begun)), IsOkAndHolds(1u));
  }
  void end(std::uint64_t number, Position at) {
    EXPECT_THAT(append(number, at, record(RecordKind::ended)), IsOkAndHolds(at + 1));
  }
  std::vector<RunRecord> read(std::uint64_t number) {
    auto records = log().read(run(number));
    EXPECT_THAT(records, IsOk());
    return records.has_value() ? std::move(records).assume_value() : std::vector<RunRecord>{};
  }
  std::vector<RunId> unfinished(RunId after = {}, std::size_t limit = 100) {
    auto runs = log().unfinished(after, limit);
    EXPECT_THAT(runs, IsOk());
    return runs.has_value() ? std::move(runs).assume_value() : std::vector<RunId>{};
  }
  std::vector<RunId> stuck(RunId after = {}, std::size_t limit = 100) {
    auto runs = log().stuck(after, limit);
    EXPECT_THAT(runs, IsOk());
    return runs.has_value() ? std::move(runs).assume_value() : std::vector<RunId>{};
  }
  std::vector<EndedRun> ended(Time before, EndedRun after = {}, std::size_t limit = 100) {
    auto runs = log().ended(before, after, limit);
    EXPECT_THAT(runs, IsOk());
    return runs.has_value() ? std::move(runs).assume_value() : std::vector<EndedRun>{};
  }

 private:
  std::unique_ptr<LogUnderTest> log_;
};

class SagaLogConformance : public SagaLogFixture {
 public:
  using SagaLogFixture::SagaLogFixture;
};
INVSAGA_SUITE(SagaLogConformance)

INVSAGA_SUITE_TEST(SagaLogConformance, AnUnknownRunHasNoRecords) {
  EXPECT_TRUE(this->read(1).empty());
}

INVSAGA_SUITE_TEST(SagaLogConformance, GivesBackRecordsAsTheyWereAppendedInOrder) {
  const RunRecord first = this->record(RecordKind::begun);
  const RunRecord second = this->full_record();
  EXPECT_THAT(this->append(1, 0, first), IsOkAndHolds(1u));
  EXPECT_THAT(this->append(1, 1, second), IsOkAndHolds(2u));
  EXPECT_THAT(this->read(1), ::testing::ElementsAre(first, second));
}

INVSAGA_SUITE_TEST(SagaLogConformance, RunsDoNotTouchEachOther) {
  this->begin(1);
  this->begin(2);
  EXPECT_THAT(this->append(1, 1, this->record(RecordKind::intent, 1)), IsOkAndHolds(2u));
  EXPECT_EQ(this->read(1).size(), 2u);
  EXPECT_EQ(this->read(2).size(), 1u);
}

// Protocol rule 1: A's append is late, and the user has cancelled meanwhile.
INVSAGA_SUITE_TEST(SagaLogConformance, ALateAppendOfAFormerOwnerDoesNotLand) {
  this->begin(1);
  const RunRecord cancelled = this->record(RecordKind::cancelled, 5);
  EXPECT_THAT(this->append(1, 1, cancelled), IsOkAndHolds(2u));
  EXPECT_THAT(this->append(1, 1, this->record(RecordKind::outcome, 6)), ErrorIs(Errc::moved_on));
  EXPECT_THAT(this->append(1, 0, this->record(RecordKind::begun, 7)), ErrorIs(Errc::moved_on));
  EXPECT_THAT(this->read(1), ::testing::ElementsAre(this->record(RecordKind::begun), cancelled));
}

INVSAGA_SUITE_TEST(SagaLogConformance, NothingIsAppendedPastTheEnd) {
  EXPECT_THAT(this->append(1, 1, this->record(RecordKind::intent)), ErrorIs(Errc::moved_on));
  EXPECT_TRUE(this->read(1).empty());
  this->begin(1);
  EXPECT_THAT(this->append(1, 2, this->record(RecordKind::intent)), ErrorIs(Errc::moved_on));
  EXPECT_EQ(this->read(1).size(), 1u);
  EXPECT_EQ(this->unfinished().size(), 1u);
}

INVSAGA_SUITE_TEST(SagaLogConformance, ARepeatIsAnsweredAndChangesNothing) {
  this->begin(1);
  const RunRecord made = this->full_record();
  EXPECT_THAT(this->append(1, 1, made), IsOkAndHolds(2u));
  EXPECT_THAT(this->append(1, 1, made), IsOkAndHolds(2u));
  EXPECT_THAT(this->append(1, 2, this->record(RecordKind::intent, 9)), IsOkAndHolds(3u));
  EXPECT_THAT(this->append(1, 1, made), IsOkAndHolds(2u)) << "however late it comes";
  EXPECT_EQ(this->read(1).size(), 3u);
}

// The stamp is the store's: a repeat does not know when the first one came.
INVSAGA_SUITE_TEST(SagaLogConformance, ARepeatWithALaterStampLeavesTheFirstOne) {
  this->begin(1);
  RunRecord made = this->full_record();
  EXPECT_THAT(this->append(1, 1, made), IsOkAndHolds(2u));
  RunRecord again = made;
  again.at += Duration{50};
  again.shorts.clear();
  EXPECT_THAT(this->append(1, 1, again), IsOkAndHolds(2u));
  EXPECT_EQ(this->read(1).at(1), made);
}

// Protocol rule 1: a write of several records is one append.
INVSAGA_SUITE_TEST(SagaLogConformance, SeveralRecordsAreOneAppend) {
  this->begin(1);
  const std::vector<RunRecord> three{this->record(RecordKind::intent, 1),
                                     this->record(RecordKind::outcome, 1),
                                     this->record(RecordKind::intent, 2)};
  EXPECT_THAT(this->append(1, 1, three), IsOkAndHolds(4u));
  EXPECT_EQ(this->read(1).size(), 4u);
  EXPECT_THAT(this->append(1, 1, three), IsOkAndHolds(4u)) << "a repeat";
  EXPECT_THAT(this->append(1, 4, this->record(RecordKind::outcome, 2)), IsOkAndHolds(5u));
  EXPECT_THAT(this->append(1, 1, three), IsOkAndHolds(4u)) << "however late it comes";
  EXPECT_THAT(this->append(1, 5, three), IsOkAndHolds(8u)) << "the same elsewhere is no repeat";
  EXPECT_THAT(this->append(1, 9, three), ErrorIs(Errc::moved_on));
}

// B's taking over with more behind it times out in flight, and B writes the taking over alone.
INVSAGA_SUITE_TEST(SagaLogConformance, SeveralRecordsOfWhichSomeAreThereAreNoRepeat) {
  this->begin(1);
  const std::vector<RunRecord> two{this->record(RecordKind::taken_over, 1),
                                   this->record(RecordKind::outcome, 2)};
  EXPECT_THAT(this->append(1, 1, two[0]), IsOkAndHolds(2u));
  EXPECT_THAT(this->append(1, 1, two), ErrorIs(Errc::moved_on)) << "its second is not there";
  EXPECT_THAT(this->append(1, 2, this->record(RecordKind::intent, 3)), IsOkAndHolds(3u));
  EXPECT_THAT(this->append(1, 1, two), ErrorIs(Errc::moved_on)) << "another is at its place";
  EXPECT_EQ(this->read(1).size(), 3u);
}

INVSAGA_SUITE_TEST(SagaLogConformance, SeveralRecordsMayBeginAndEndARun) {
  const std::vector<RunRecord> all{this->record(RecordKind::begun),
                                   this->record(RecordKind::ended)};
  EXPECT_THAT(this->append(1, 0, all), IsOkAndHolds(2u));
  EXPECT_TRUE(this->unfinished().empty());
  EXPECT_THAT(this->log().forget(this->run(1)), IsOk());
}

INVSAGA_SUITE_TEST(SagaLogConformance, ARecordThatDiffersAnywhereIsNoRepeat) {
  const RunRecord made = this->full_record();
  EXPECT_THAT(this->append(1, 0, made), IsOkAndHolds(1u));
  const std::vector<std::function<void(RunRecord&)>> changes{
      [](RunRecord& r) { r.kind = RecordKind::undone; },
      [](RunRecord& r) { r.owner.low += 1; },
      [](RunRecord& r) { r.step += 1; },
      [](RunRecord& r) { r.round += 1; },
      [](RunRecord& r) { r.id_high -= 1; },
      [](RunRecord& r) { r.id_low += 1; },
      [](RunRecord& r) { r.until += Duration{1}; },
      [](RunRecord& r) { r.outcome = StepOutcome::done; },
      [](RunRecord& r) { r.decision = StockDecision::reserved; },
      [](RunRecord& r) { r.error.own += 1; },
      [](RunRecord& r) { r.output.push_back(std::byte{0}); },
      [](RunRecord& r) { r.events.pop_back(); },
      [](RunRecord& r) { r.events[1].type += "!"; },
      [](RunRecord& r) { r.claim_epoch += 1; },
      [](RunRecord& r) { r.reason.clear(); },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    RunRecord other = made;
    changes[i](other);
    EXPECT_THAT(this->append(1, 0, other), ErrorIs(Errc::moved_on)) << "change " << i;
  }
  EXPECT_THAT(this->read(1), ::testing::ElementsAre(made));
}

INVSAGA_SUITE_TEST(SagaLogConformance, ListsWhatIsUnfinishedInOrderAPageAtATime) {
  for (const std::uint64_t number : {5u, 1u, 4u, 2u, 3u}) this->begin(number);
  this->end(4, 1);
  using ::testing::ElementsAre;
  const auto run = [this](std::uint64_t number) { return this->run(number); };
  EXPECT_THAT(this->unfinished(), ElementsAre(run(1), run(2), run(3), run(5)));
  EXPECT_THAT(this->unfinished({}, 2), ElementsAre(run(1), run(2)));
  EXPECT_THAT(this->unfinished(run(2), 2), ElementsAre(run(3), run(5)));
  EXPECT_THAT(this->unfinished(run(4), 2), ElementsAre(run(5))) << "after one that is not listed";
  EXPECT_TRUE(this->unfinished(run(5)).empty());
  EXPECT_TRUE(this->unfinished({}, 0).empty());
}

INVSAGA_SUITE_TEST(SagaLogConformance, OrdersRunsByTheirWholeId) {
  const RunId low{1, ~std::uint64_t{0}};
  const RunId high{2, 0};
  for (const RunId id : {high, low}) {
    EXPECT_THAT(this->log().append(id, 0, this->record(RecordKind::begun)), IsOkAndHolds(1u));
  }
  EXPECT_THAT(this->unfinished(), ::testing::ElementsAre(low, high));
  EXPECT_THAT(this->unfinished(low), ::testing::ElementsAre(high));
}

INVSAGA_SUITE_TEST(SagaLogConformance, ListsWhatIsStuckByItselfUntilItGoesOn) {
  using ::testing::ElementsAre;
  using ::testing::IsEmpty;
  for (const std::uint64_t number : {3u, 1u, 2u, 4u}) this->begin(number);
  for (const std::uint64_t number : {3u, 1u, 2u}) {
    EXPECT_THAT(this->append(number, 1, this->record(RecordKind::stuck)), IsOkAndHolds(2u));
  }
  const auto run = [this](std::uint64_t number) { return this->run(number); };
  EXPECT_THAT(this->stuck(), ElementsAre(run(1), run(2), run(3)));
  EXPECT_THAT(this->stuck({}, 2), ElementsAre(run(1), run(2)));
  EXPECT_THAT(this->stuck(run(1), 2), ElementsAre(run(2), run(3)));
  EXPECT_THAT(this->unfinished(), ElementsAre(run(4)));
  EXPECT_THAT(this->append(2, 2, this->record(RecordKind::resumed)), IsOkAndHolds(3u));
  EXPECT_THAT(this->stuck(), ElementsAre(run(1), run(3)));
  EXPECT_THAT(this->unfinished(), ElementsAre(run(2), run(4)));
  EXPECT_THAT(this->append(2, 3, this->record(RecordKind::stuck)), IsOkAndHolds(4u));
  this->end(2, 4);
  this->end(3, 2);
  EXPECT_THAT(this->stuck(), ElementsAre(run(1)));
  EXPECT_THAT(this->unfinished(), ElementsAre(run(4)));
  EXPECT_THAT(this->log().forget(run(1)), ErrorIs(Errc::busy));
}

INVSAGA_SUITE_TEST(SagaLogConformance, ListsWhatHasEndedInTheOrderOfTheEnds) {
  using ::testing::ElementsAre;
  using ::testing::IsEmpty;
  const auto ends = [this](std::uint64_t number, Duration after) {
    RunRecord record = this->record(RecordKind::ended);
    record.at += after;
    EXPECT_THAT(this->append(number, 1, record), IsOkAndHolds(2u));
    return EndedRun{record.at, this->run(number)};
  };
  for (const std::uint64_t number : {1u, 2u, 3u, 4u, 5u}) this->begin(number);
  const EndedRun first = ends(2, Duration{9});
  const EndedRun second = ends(4, Duration{10}), third = ends(5, Duration{10}),
                 fourth = ends(1, Duration{11}), fifth = ends(3, Duration{20});
  const Time last = fifth.at;
  EXPECT_THAT(this->ended(last + Duration{1}), ElementsAre(first, second, third, fourth, fifth));
  EXPECT_THAT(this->ended(last), ElementsAre(first, second, third, fourth)) << "before that time";
  EXPECT_THAT(this->ended(last + Duration{1}, {}, 2), ElementsAre(first, second));
  EXPECT_THAT(this->ended(last + Duration{1}, second, 2), ElementsAre(third, fourth));
  EXPECT_THAT(this->ended(last, fourth), IsEmpty());
  EXPECT_THAT(this->ended(second.at, fifth), IsEmpty()) << "above what is past that time";
  EXPECT_THAT(this->ended(Time{}), IsEmpty());
  EXPECT_THAT(this->ended(last + Duration{1}, {}, 0), IsEmpty());
  EXPECT_THAT(this->log().forget(third.run), IsOk());
  EXPECT_THAT(this->ended(last + Duration{1}, second), ElementsAre(fourth, fifth));
  EXPECT_THAT(this->ended(last + Duration{1}, third), ElementsAre(fourth, fifth))
      << "above one that went";
}

INVSAGA_SUITE_TEST(SagaLogConformance, ForgetsARunThatHasEnded) {
  this->begin(1);
  this->begin(2);
  this->end(1, 1);
  EXPECT_THAT(this->log().forget(this->run(1)), IsOk());
  EXPECT_TRUE(this->read(1).empty());
  EXPECT_EQ(this->read(2).size(), 1u);
}

INVSAGA_SUITE_TEST(SagaLogConformance, NeverForgetsARunThatHasNotEnded) {
  this->begin(1);
  EXPECT_THAT(this->log().forget(this->run(1)), ErrorIs(Errc::busy));
  EXPECT_EQ(this->read(1).size(), 1u);
  EXPECT_EQ(this->unfinished().size(), 1u);
}

// --- many threads

class SagaLogThreads : public SagaLogFixture {
 public:
  using SagaLogFixture::SagaLogFixture;
};
INVSAGA_SUITE(SagaLogThreads)

INVSAGA_SUITE_TEST(SagaLogThreads, OfManyOwnersOneAppendsAtAPosition) {
  auto& log = this->log();
  this->begin(1);
  for (Position at = 1; at <= 50; ++at) {
    std::atomic<int> landed{0};
    std::atomic<int> refused{0};
    on_threads(8, [&](unsigned thread) {
      RunRecord made = this->record(RecordKind::taken_over, at);
      made.owner = {6, thread + 1};
      const auto position = log.append(this->run(1), at, made);
      landed += position.has_value() && position.assume_value() == at + 1 ? 1 : 0;
      refused += !position.has_value() && position.assume_error().code == Errc::moved_on ? 1 : 0;
    });
    ASSERT_EQ(landed, 1);
    ASSERT_EQ(refused, 7);
  }
  EXPECT_EQ(this->read(1).size(), 51u);
}

}  // namespace

bool test_saga_logs(std::string_view name, std::span<const MakeLog> logs) {
  suite_of_SagaLogConformance().bind(name, logs);
  return true;
}

bool test_saga_log_threads(std::string_view name, std::span<const MakeLog> logs) {
  suite_of_SagaLogThreads().bind(name, logs);
  return true;
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
