// SPDX-License-Identifier: Apache-2.0
#include <invsaga/testing/backend_conformance.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <invsaga/testing/matchers.hpp>

#include "suite.hpp"

namespace invsaga {
inline namespace v0 {
namespace testing {
namespace {

/// The fixture of the suite for a Backend. A test begins with an empty one at time `at(0)`, and
/// with a run 1 that has one record. One row is named, and has 10 units.
class BackendConformance : public ::testing::Test {
 public:
  using Make = MakeBackend;
  explicit BackendConformance(MakeBackend make) : make_(make) { open({}); }

  /// Begins anew. False if this kind of backend cannot have those limits of memory.
  bool open(const StoreLimits& limits) {
    backend_.reset();
    backend_ = make_(limits);
    advance(0);
    const auto named = backend_->intern("london", "mug");
    EXPECT_THAT(named, IsOk());
    row_ = named.has_value() ? named.assume_value() : Row{};
    const Line line{row_, 10};
    const Adjust opening{{9, 1}, AdjustReason::opening, at(1), {&line, 1}};
    EXPECT_THAT(apply(opening, {}), IsAdjusted());
    advance(1);
    EXPECT_THAT(append(1, 0, begun()), IsOkAndHolds(1u));
    return backend().limits().max_records == limits.max_records;
  }

  BackendUnderTest& backend() { return *backend_; }
  bool is_atomic() const { return backend_->is_atomic(); }
  static Time at(std::int64_t ms) { return time_from_ms(1'600'000'000'000 + ms); }
  void advance(std::int64_t ms) { backend_->advance_to(at(ms)); }
  StockCounters stock() { return backend_->stock(row_); }
  [[nodiscard]] Row row() const { return row_; }

  static RunId run(std::uint64_t number) { return {5, number}; }
  static OwnerId owner(std::uint64_t number) { return {6, number}; }
  static ReservationId hold(std::uint64_t number) { return {7, number}; }
  static RequestKey request() { return {3, 1}; }
  static Fingerprint asked() { return {4, 1}; }

  static RunRecord begun() {
    RunRecord made;
    made.kind = RecordKind::begun;
    made.owner = owner(1);
    made.at = at(0);
    return made;
  }
  static Event event(std::uint64_t sequence, std::string type) {
    Event made;
    made.id = {10, sequence};
    made.run = run(1);
    made.sequence = sequence;
    made.type = std::move(type);
    return made;
  }

  /// The two records of a step, told by one event each. Kept until the next call of it.
  Effects effects(Position position, std::uint64_t sequence = 1, std::uint64_t by = 1) {
    RunRecord made;
    made.kind = RecordKind::outcome;
    made.owner = owner(by);
    made.step = 2;
    made.round = 0;
    made.id_high = hold(1).high;
    made.id_low = hold(1).low;
    made.until = at(1'000);
    yes_ = no_ = made;
    yes_.outcome = StepOutcome::done;
    yes_.events = {event(sequence, "YES")};
    no_.outcome = StepOutcome::refused;
    no_.events = {event(sequence, "NO")};
    return {run(1), position, &yes_, &no_, nullptr};
  }
  RunRecord& yes() { return yes_; }
  RunRecord& no() { return no_; }

  Reserve reserve(Units units, std::uint64_t id = 1) {
    line_ = {row_, units};
    return {hold(id), at(1'000), {&line_, 1}};
  }
  result<WriteReply> apply(const Operation& operation, const Effects& with) {
    const auto prepared = write_of(operation, with);
    Write write = prepared->write();
    write.shorts = shorts_;
    return backend().write(write);
  }
  result<Position> append(std::uint64_t number, Position at, const RunRecord& record) {
    const auto prepared = write_of(run(number), at, record);
    INVSAGA_TRY(const WriteReply reply, backend().write(prepared->write()));
    return reply.position;
  }

  std::vector<RunRecord> records(std::uint64_t number = 1) {
    auto read = backend().read(run(number));
    EXPECT_THAT(read, IsOk());
    return read.has_value() ? std::move(read).assume_value() : std::vector<RunRecord>{};
  }
  std::vector<std::string> told() {
    std::vector<std::string> types;
    const auto pending = backend().pending(100);
    EXPECT_THAT(pending, IsOk());
    if (!pending.has_value()) return types;
    for (const Event& one : pending.assume_value()) types.push_back(one.type);
    return types;
  }

  /// A claim with a lease of 100 ms; its epoch.
  std::uint64_t claim() {
    const auto answer = ask_claim();
    EXPECT_THAT(answer, ClaimIs(ClaimState::fresh));
    return answer.has_value() ? answer.assume_value().epoch : 0;
  }
  result<ClaimAnswer> ask_claim() {
    return backend().claim({request(), asked(), backend().now() + Duration{100}, at(100'000)});
  }

 private:
  const MakeBackend make_;
  std::unique_ptr<BackendUnderTest> backend_;
  std::vector<ShortLine> shorts_ = std::vector<ShortLine>(8);
  Row row_;
  Line line_;
  RunRecord yes_;
  RunRecord no_;
};

INVSAGA_SUITE(BackendConformance)

// --- the names of rows

INVSAGA_SUITE_TEST(BackendConformance, ARowKeepsItsNameAndANameItsRow) {
  auto& t = *this;
  const auto lamp = t.backend().intern("london", "lamp");
  ASSERT_THAT(lamp, IsOk());
  EXPECT_NE(lamp.value(), t.row());
  EXPECT_THAT(t.backend().intern("london", "mug"), IsOkAndHolds(t.row())) << "a repeat";
  EXPECT_EQ(t.backend().find("london", "lamp"), lamp.value());
  EXPECT_EQ(t.backend().find("paris", "lamp"), std::nullopt);
  EXPECT_EQ(t.backend().name(t.row()), (RowName{"london", "mug"}));
  EXPECT_EQ(t.backend().name(lamp.value()), (RowName{"london", "lamp"}));
  EXPECT_EQ(t.backend().name(Row{lamp.value().index + 1'000}), std::nullopt);
}

INVSAGA_SUITE_TEST(BackendConformance, ARowIsNamedByTwoTextsAndTheSecondIsNotEmpty) {
  auto& t = *this;
  EXPECT_THAT(t.backend().intern("london", ""), ErrorIs(Errc::invalid_argument));
  const auto first = t.backend().intern("ab", "c");
  const auto second = t.backend().intern("a", "bc");
  const auto third = t.backend().intern("", "abc");
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  ASSERT_THAT(third, IsOk());
  EXPECT_NE(first.value(), second.value());
  EXPECT_NE(second.value(), third.value());
  EXPECT_EQ(t.backend().name(third.value()), (RowName{"", "abc"}));
}

INVSAGA_SUITE_TEST(BackendConformance, ARowThatNobodyNamedIsNotOpenedAndHasNoStock) {
  auto& t = *this;
  const Line line{Row{t.row().index + 1}, 3};
  const Adjust opening{{9, 2}, AdjustReason::opening, t.at(5'000), {&line, 1}};
  EXPECT_THAT(t.apply(opening, {}), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(t.backend().stock(line.row), StockCounters{});
  const Reserve reserve{t.hold(2), t.at(1'000), {&line, 1}};
  EXPECT_THAT(t.apply(reserve, {}), IsOutOfStock(line.row, 3, 0));
  const auto lamp = t.backend().intern("london", "lamp");
  const Line named{lamp.value(), 3};
  EXPECT_THAT(t.apply(Adjust{{9, 2}, AdjustReason::opening, t.at(5'000), {&named, 1}}, {}),
              IsAdjusted());
}

INVSAGA_SUITE_TEST(BackendConformance, NoMoreRowsAreNamedThanTheStockHas) {
  auto& t = *this;
  StoreLimits limits;
  limits.max_rows = 2;
  static_cast<void>(t.open(limits));
  if (t.backend().limits().max_rows != 2) GTEST_SKIP() << "its limits are its own";
  const auto lamp = t.backend().intern("london", "lamp");
  ASSERT_THAT(lamp, IsOk());
  EXPECT_THAT(t.backend().intern("london", "clock"),
              ErrorIs(Errc::resource_exhausted, Limit::rows));
  EXPECT_THAT(t.backend().intern("london", "lamp"), IsOkAndHolds(lamp.value())) << "it is known";
}

// --- an operation and its record

INVSAGA_SUITE_TEST(BackendConformance, AnOperationOfNoRunTouchesOnlyTheStock) {
  auto& t = *this;
  const auto applied = t.apply(t.reserve(4), {});
  ASSERT_THAT(applied, IsReserved(t.hold(1), t.at(1'000)));
  EXPECT_EQ(applied.value().position, 0u);
  EXPECT_EQ(t.stock(), (StockCounters{10, 4, 0, 0}));
  EXPECT_EQ(t.records().size(), 1u);
  EXPECT_TRUE(t.told().empty());
}

INVSAGA_SUITE_TEST(BackendConformance, AYesAppendsTheRecordForYesWithItsEvents) {
  auto& t = *this;
  t.advance(20);
  const auto applied = t.apply(t.reserve(4), t.effects(1));
  ASSERT_THAT(applied, IsReserved(t.hold(1), t.at(1'000)));
  EXPECT_EQ(applied.value().position, 2u);
  EXPECT_EQ(t.stock(), (StockCounters{10, 4, 0, 0}));
  const auto records = t.records();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[1],
            recorded_outcome(t.effects(1), t.reserve(4), applied.value().answer, t.at(20)));
  EXPECT_EQ(records[1].outcome, StepOutcome::done);
  EXPECT_EQ(records[1].decision, StockDecision::reserved);
  EXPECT_EQ(to_ms(records[1].at), to_ms(t.at(20))) << "by the store's clock";
  EXPECT_EQ(t.told(), std::vector<std::string>{"YES"});
}

INVSAGA_SUITE_TEST(BackendConformance, ANoAppendsTheRecordForNoWithItsEvents) {
  auto& t = *this;
  const auto applied = t.apply(t.reserve(11), t.effects(1));
  ASSERT_THAT(applied, IsOutOfStock(t.row(), 11, 10));
  EXPECT_EQ(applied.value().position, 2u);
  EXPECT_EQ(t.stock(), (StockCounters{10, 0, 0, 0}));
  ASSERT_EQ(t.records().size(), 2u);
  EXPECT_EQ(t.records()[1].outcome, StepOutcome::refused);
  EXPECT_EQ(t.records()[1].decision, StockDecision::out_of_stock);
  EXPECT_EQ(t.told(), std::vector<std::string>{"NO"});
}

INVSAGA_SUITE_TEST(BackendConformance, EveryKindOfOperationHasItsEffects) {
  auto& t = *this;
  EXPECT_THAT(t.apply(t.reserve(4), t.effects(1, 1)), IsReserved());
  EXPECT_THAT(t.apply(Extend{t.hold(1), t.at(2'000)}, t.effects(2, 2)),
              Answers(ExtendAnswer::reserved));
  EXPECT_THAT(t.apply(Commit{t.hold(1), {}}, t.effects(3, 3)), Answers(CommitAnswer::committed));
  EXPECT_THAT(t.apply(Release{t.hold(1)}, t.effects(4, 4)), Answers(ReleaseAnswer::committed));
  const Line line{t.row(), 3};
  const Adjust back{{9, 2}, AdjustReason::returned, t.at(50), {&line, 1}};
  EXPECT_THAT(t.apply(back, t.effects(5, 5)), IsAdjusted());
  EXPECT_EQ(t.stock(), (StockCounters{9, 0, 4, 3}));
  const auto records = t.records();
  ASSERT_EQ(records.size(), 6u);
  EXPECT_EQ(records[2].decision, StockDecision::reserved);
  EXPECT_EQ(records[3].decision, StockDecision::committed);
  EXPECT_EQ(records[4].decision, StockDecision::committed);
  EXPECT_EQ(records[4].outcome, StepOutcome::refused) << "it was not released";
  EXPECT_EQ(records[5].decision, StockDecision::adjusted);
  EXPECT_EQ(t.told(), (std::vector<std::string>{"YES", "YES", "YES", "NO", "YES"}));
}

INVSAGA_SUITE_TEST(BackendConformance, AnErrorAppendsNothing) {
  auto& t = *this;
  EXPECT_THAT(t.apply(t.reserve(0), t.effects(1)), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(t.records().size(), 1u);
  EXPECT_TRUE(t.told().empty());
  EXPECT_EQ(t.stock(), (StockCounters{10, 0, 0, 0}));
}

INVSAGA_SUITE_TEST(BackendConformance, ARunNeedsATailForEachDecision) {
  auto& t = *this;
  const auto prepared = write_of(t.reserve(4), t.effects(1));
  for (std::size_t i = 0; i < prepared->write().tails.size(); ++i) {
    std::vector<Tail> tails(prepared->write().tails.begin(), prepared->write().tails.end());
    tails.erase(tails.begin() + static_cast<std::ptrdiff_t>(i));
    Write lacking = prepared->write();
    lacking.tails = tails;
    EXPECT_THAT(t.backend().write(lacking), ErrorIs(Errc::invalid_argument));
  }
  EXPECT_EQ(t.stock(), (StockCounters{10, 0, 0, 0}));
  EXPECT_EQ(t.records().size(), 1u);
}

// --- the position (protocol rule 1)

INVSAGA_SUITE_TEST(BackendConformance, ARunThatHasMovedOnTakesNoRecord) {
  auto& t = *this;
  RunRecord cancelled = t.begun();
  cancelled.kind = RecordKind::cancelled;
  EXPECT_THAT(t.append(1, 1, cancelled), IsOkAndHolds(2u));
  EXPECT_THAT(t.apply(t.reserve(4), t.effects(1)), ErrorIs(Errc::moved_on));
  EXPECT_THAT(t.apply(t.reserve(4), t.effects(7)), ErrorIs(Errc::moved_on)) << "past the end";
  EXPECT_EQ(t.records().size(), 2u);
  EXPECT_TRUE(t.told().empty());
  // Where all is one append the stock is untouched; elsewhere the operation's id tells what became
  // of it.
  EXPECT_EQ(t.stock().reserved, t.is_atomic() ? 0 : 4);
  EXPECT_THAT(t.apply(t.reserve(4), {}), IsReserved(t.hold(1)));
  EXPECT_EQ(t.stock().reserved, 4);
}

INVSAGA_SUITE_TEST(BackendConformance, ARepeatGetsItsAnswerAndItsPositionAgain) {
  auto& t = *this;
  EXPECT_THAT(t.apply(t.reserve(4), t.effects(1)), IsReserved());
  t.advance(50);  // the record's time is not the repeat's
  const auto again = t.apply(t.reserve(4), t.effects(1));
  ASSERT_THAT(again, IsReserved(t.hold(1), t.at(1'000)));
  EXPECT_EQ(again.value().position, 2u);
  EXPECT_EQ(t.stock(), (StockCounters{10, 4, 0, 0}));
  EXPECT_EQ(t.records().size(), 2u);
  EXPECT_EQ(t.told(), std::vector<std::string>{"YES"});
}

INVSAGA_SUITE_TEST(BackendConformance, ARepeatedRefusalNamesItsShortLinesAgain) {
  auto& t = *this;
  EXPECT_THAT(t.apply(t.reserve(11), t.effects(1)), IsOutOfStock(t.row(), 11, 10));
  t.advance(1'000);  // the stock may have forgotten it: the record has not
  EXPECT_THAT(t.apply(t.reserve(11), t.effects(1)), IsOutOfStock(t.row(), 11, 10));
  EXPECT_EQ(t.records().size(), 2u);
}

INVSAGA_SUITE_TEST(BackendConformance, ARepeatIsAnsweredAlsoWhenTheRunHasGoneOn) {
  auto& t = *this;
  EXPECT_THAT(t.apply(t.reserve(4), t.effects(1, 1)), IsReserved());
  EXPECT_THAT(t.apply(Commit{t.hold(1), {}}, t.effects(2, 2)), Answers(CommitAnswer::committed));
  const auto again = t.apply(t.reserve(4), t.effects(1, 1));
  ASSERT_THAT(again, IsReserved(t.hold(1)));
  EXPECT_EQ(again.value().position, 2u);
  EXPECT_EQ(t.records().size(), 3u);
  EXPECT_EQ(t.told(), (std::vector<std::string>{"YES", "YES"}));
}

INVSAGA_SUITE_TEST(BackendConformance, ARepeatIsAnsweredAsRecordedThoughTheHoldHasRunOut) {
  auto& t = *this;
  EXPECT_THAT(t.apply(t.reserve(4), t.effects(1)), IsReserved());
  t.advance(1'000);
  EXPECT_THAT(t.apply(t.reserve(4), t.effects(1)), IsReserved(t.hold(1)));
  EXPECT_EQ(t.stock(), (StockCounters{10, 0, 0, 0}));
  EXPECT_EQ(t.records().size(), 2u);
  EXPECT_EQ(t.told(), std::vector<std::string>{"YES"});
}

INVSAGA_SUITE_TEST(BackendConformance, ARepeatedCommitIsCommittedAlsoAfterTheStockForgotIt) {
  auto& t = *this;
  if (!t.open({.max_records = 4})) GTEST_SKIP() << "this backend cannot be made so small";
  EXPECT_THAT(t.apply(t.reserve(4), t.effects(1, 1)), IsReserved());
  EXPECT_THAT(t.apply(Commit{t.hold(1), {}}, t.effects(2, 2)), Answers(CommitAnswer::committed));
  t.advance(1'000);
  // Rule 5: the run has recorded the sale, so the stock may forget it: there is room for all four.
  for (std::uint64_t id = 11; id <= 14; ++id) {
    Reserve other = t.reserve(1, id);
    other.until = t.at(1'500);
    EXPECT_THAT(t.apply(other, {}), IsReserved());
  }
  EXPECT_THAT(t.apply(Commit{t.hold(1), {}}, t.effects(2, 2)), Answers(CommitAnswer::committed));
  EXPECT_EQ(t.stock(), (StockCounters{6, 4, 4, 0}));
  EXPECT_EQ(t.records().size(), 3u);
}

INVSAGA_SUITE_TEST(BackendConformance, ASaleThatNoRunHasRecordedIsNotForgotten) {
  auto& t = *this;
  if (!t.open({.max_records = 1})) GTEST_SKIP() << "this backend cannot be made so small";
  EXPECT_THAT(t.apply(t.reserve(4), {}), IsReserved());
  EXPECT_THAT(t.apply(Commit{t.hold(1), {}}, {}), Answers(CommitAnswer::committed));
  t.advance(5'000);
  Reserve other = t.reserve(1, 11);
  other.until = t.at(6'000);
  EXPECT_THAT(t.apply(other, {}), ErrorIs(Errc::resource_exhausted));
  EXPECT_THAT(t.backend().acknowledge_sale(t.hold(1)), IsOk());
  EXPECT_THAT(t.apply(other, {}), IsReserved());
}

INVSAGA_SUITE_TEST(BackendConformance, WhatAnotherRecordedThereIsNoRepeat) {
  auto& t = *this;
  EXPECT_THAT(t.apply(t.reserve(4), t.effects(1)), IsReserved());
  EXPECT_THAT(t.apply(t.reserve(4), t.effects(1, 1, 2)), ErrorIs(Errc::moved_on))
      << "another owner";
  Effects other = t.effects(1);
  t.yes().step = t.no().step = 3;
  EXPECT_THAT(t.apply(t.reserve(4), other), ErrorIs(Errc::moved_on)) << "another step";
  other = t.effects(1);
  t.yes().round = t.no().round = 9;
  EXPECT_THAT(t.apply(t.reserve(4), other), ErrorIs(Errc::moved_on)) << "another hold";
  other = t.effects(1);
  t.yes().kind = t.no().kind = RecordKind::undone;
  EXPECT_THAT(t.apply(t.reserve(4), other), ErrorIs(Errc::moved_on)) << "another kind";
  other = t.effects(1);
  t.yes().id_low = t.no().id_low = 99;
  EXPECT_THAT(t.apply(t.reserve(4), other), ErrorIs(Errc::moved_on)) << "another id";
  EXPECT_EQ(t.records().size(), 2u);
  EXPECT_EQ(t.told(), std::vector<std::string>{"YES"});
  EXPECT_EQ(t.stock(), (StockCounters{10, 4, 0, 0}));
}

INVSAGA_SUITE_TEST(BackendConformance, ARecordWithoutAnAnswerIsNoRepeatOfAnOperation) {
  auto& t = *this;
  const Effects effects = t.effects(1);
  RunRecord given_up = t.yes();  // the owner stopped asking, and its operation comes late
  given_up.outcome = StepOutcome::unknown;
  EXPECT_THAT(t.append(1, 1, given_up), IsOkAndHolds(2u));
  EXPECT_THAT(t.apply(t.reserve(4), effects), ErrorIs(Errc::moved_on));
  EXPECT_EQ(t.records().size(), 2u);
}

// Rule 1's trace: the owner gave its commit up, and then it comes.
INVSAGA_SUITE_TEST(BackendConformance, ALateCommitThatWasGivenUpSellsNothingWhereAllIsOneAppend) {
  auto& t = *this;
  EXPECT_THAT(t.apply(t.reserve(4), {}), IsReserved());
  const Effects effects = t.effects(1);
  RunRecord given_up = t.no();
  given_up.outcome = StepOutcome::unknown;
  EXPECT_THAT(t.append(1, 1, given_up), IsOkAndHolds(2u));
  EXPECT_THAT(t.apply(Commit{t.hold(1), {}}, effects), ErrorIs(Errc::moved_on));
  EXPECT_EQ(t.records().size(), 2u);
  if (t.is_atomic()) {
    EXPECT_EQ(t.stock(), (StockCounters{10, 4, 0, 0}));
  }
}

// --- append

INVSAGA_SUITE_TEST(BackendConformance, AnAppendedRecordBringsItsEvents) {
  auto& t = *this;
  RunRecord made = t.begun();
  made.kind = RecordKind::outcome;
  made.events = {t.event(1, "A"), t.event(2, "B")};
  EXPECT_THAT(t.append(1, 1, made), IsOkAndHolds(2u));
  EXPECT_EQ(t.told(), (std::vector<std::string>{"A", "B"}));
  EXPECT_THAT(t.append(1, 1, made), IsOkAndHolds(2u)) << "a repeat";
  EXPECT_EQ(t.told(), (std::vector<std::string>{"A", "B"}));
}

INVSAGA_SUITE_TEST(BackendConformance, ARefusedAppendBringsNothing) {
  auto& t = *this;
  const auto epoch = t.claim();
  RunRecord ended = t.begun();
  ended.kind = RecordKind::ended;
  ended.request = t.request();
  ended.claim_epoch = epoch;
  ended.events = {t.event(1, "A")};
  EXPECT_THAT(t.append(1, 0, ended), ErrorIs(Errc::moved_on));
  EXPECT_THAT(t.append(1, 2, ended), ErrorIs(Errc::moved_on));
  EXPECT_TRUE(t.told().empty());
  EXPECT_THAT(t.ask_claim(), ClaimIs(ClaimState::in_progress));
}

INVSAGA_SUITE_TEST(BackendConformance, AnEventThatIsOutIsNotPutAgain) {
  auto& t = *this;
  EXPECT_THAT(t.apply(t.reserve(4), t.effects(1)), IsReserved());
  EXPECT_THAT(t.backend().acknowledge_event(t.run(1), 1), IsOk());
  EXPECT_THAT(t.apply(t.reserve(4), t.effects(1)), IsReserved());
  EXPECT_THAT(t.backend().settle(t.run(1)), IsOk());
  EXPECT_TRUE(t.told().empty());
}

// --- the claim

INVSAGA_SUITE_TEST(BackendConformance, TheFirstRecordKeepsTheClaimForTheRun) {
  auto& t = *this;
  RunRecord begun = t.begun();
  begun.request = t.request();
  begun.claim_epoch = t.claim();
  begun.until = t.at(5'000);
  EXPECT_THAT(t.append(2, 0, begun), IsOkAndHolds(1u));
  t.advance(4'999);
  EXPECT_THAT(t.ask_claim(), ClaimIs(ClaimState::in_progress));
}

INVSAGA_SUITE_TEST(BackendConformance, NoRunIsBegunPastItsRequestsDeadlineWhereAllIsOneAppend) {
  auto& t = *this;
  RunRecord begun = t.begun();
  begun.request = t.request();
  begun.claim_epoch = t.claim();
  begun.until = t.at(5'000);
  t.advance(5'000);
  const Position kept = t.is_atomic() ? 0 : 1;  // else its driver looks
  EXPECT_THAT(t.append(2, 0, begun), IsOkAndHolds(kept));
  EXPECT_EQ(t.records(2).size(), kept);
}

// Protocol rule 6: a claim that is known decides; one that is not, or has lapsed, is not taken.
INVSAGA_SUITE_TEST(BackendConformance, NoClaimIsTakenForARunThatExistsWhereAllIsOneAppend) {
  auto& t = *this;
  if (!t.is_atomic()) return;
  const auto begin = [&](std::int64_t deadline, Fingerprint asked) {
    PreparedWrite write(t.run(1), 0);
    RunRecord begun = t.begun();
    begun.owner = t.owner(2);
    write.add(begun);
    write.claim({{t.request(), asked, t.at(deadline), t.at(deadline)}, 0});
    return t.backend().write(write.seal());
  };
  EXPECT_THAT(begin(5'000, t.asked()), ErrorIs(Errc::moved_on)) << "it would be fresh";
  EXPECT_THAT(begin(1, t.asked()), ErrorIs(Errc::moved_on)) << "it would be expired";
  EXPECT_NE(t.claim(), 0u) << "it was not taken";
  EXPECT_EQ(begin(5'000, t.asked()).value().claim.state, ClaimState::in_progress);
  EXPECT_EQ(begin(5'000, {6, 6}).value().claim.state, ClaimState::mismatch);
  t.advance(101);
  EXPECT_THAT(begin(5'000, t.asked()), ErrorIs(Errc::moved_on)) << "its lease has lapsed";
  EXPECT_EQ(begin(5'000, {6, 6}).value().claim.state, ClaimState::mismatch);
  EXPECT_NE(t.claim(), 0u) << "it was not taken";
  EXPECT_EQ(t.records().size(), 1u);
}

INVSAGA_SUITE_TEST(BackendConformance, TheLastRecordStoresTheAnswer) {
  auto& t = *this;
  RunRecord ended = t.begun();
  ended.kind = RecordKind::ended;
  ended.request = t.request();
  ended.claim_epoch = t.claim();
  ended.output = {std::byte{4}, std::byte{2}};
  EXPECT_THAT(t.append(1, 1, ended), IsOkAndHolds(2u));
  const auto answer = t.ask_claim();
  ASSERT_THAT(answer, ClaimIs(ClaimState::completed));
  EXPECT_EQ(answer.value().answer, ended.output);
  EXPECT_THAT(t.append(1, 1, ended), IsOkAndHolds(2u)) << "a repeat";
  EXPECT_THAT(t.backend().settle(t.run(1)), IsOk());
}

INVSAGA_SUITE_TEST(BackendConformance, NoOtherRecordTouchesTheClaim) {
  auto& t = *this;
  RunRecord made = t.begun();
  made.kind = RecordKind::outcome;
  made.request = t.request();
  made.claim_epoch = t.claim();
  made.until = t.at(5'000);
  made.output = {std::byte{4}};
  EXPECT_THAT(t.append(1, 1, made), IsOkAndHolds(2u));
  EXPECT_THAT(t.ask_claim(), ClaimIs(ClaimState::in_progress));
  t.advance(101);
  EXPECT_THAT(t.ask_claim(), ClaimIs(ClaimState::fresh)) << "neither confirmed nor extended";
}

INVSAGA_SUITE_TEST(BackendConformance, ARunGoesOnThoughItsClaimWasTakenByAnother) {
  auto& t = *this;
  const auto former = t.claim();
  t.advance(200);
  const auto newer = t.claim();
  EXPECT_GT(newer, former);
  RunRecord ended = t.begun();
  ended.kind = RecordKind::ended;
  ended.request = t.request();
  ended.claim_epoch = former;
  EXPECT_THAT(t.append(1, 1, ended), IsOkAndHolds(2u));
  EXPECT_THAT(t.ask_claim(), ClaimIs(ClaimState::in_progress)) << "the other's claim is untouched";
}

// --- settling

INVSAGA_SUITE_TEST(BackendConformance, SettlingWhatIsSettledChangesNothing) {
  auto& t = *this;
  EXPECT_THAT(t.apply(t.reserve(4), t.effects(1)), IsReserved());
  EXPECT_THAT(t.backend().settle(t.run(1)), IsOk());
  EXPECT_THAT(t.backend().settle(t.run(1)), IsOk());
  EXPECT_THAT(t.backend().settle(t.run(2)), IsOk());
  EXPECT_EQ(t.told(), std::vector<std::string>{"YES"});
  EXPECT_EQ(t.records().size(), 2u);
  EXPECT_EQ(t.stock(), (StockCounters{10, 4, 0, 0}));
}

INVSAGA_SUITE_TEST(BackendConformance, RunsDoNotTouchEachOther) {
  auto& t = *this;
  EXPECT_THAT(t.append(2, 0, t.begun()), IsOkAndHolds(1u));
  EXPECT_THAT(t.apply(t.reserve(4), t.effects(1)), IsReserved());
  EXPECT_EQ(t.records(2).size(), 1u);
  Effects other = t.effects(1);
  other.run = t.run(2);
  t.yes().events = {t.event(1, "OTHER")};
  t.yes().events[0].run = t.run(2);
  t.no().events = t.yes().events;
  EXPECT_THAT(t.apply(t.reserve(3, 2), other), IsReserved(t.hold(2)));
  EXPECT_EQ(t.records(2).size(), 2u);
  EXPECT_EQ(t.records(1).size(), 2u);
  EXPECT_EQ(t.told(), (std::vector<std::string>{"YES", "OTHER"}));
}

}  // namespace

bool test_backends(std::string_view name, std::span<const MakeBackend> backends) {
  suite_of_BackendConformance().bind(name, backends);
  return true;
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
