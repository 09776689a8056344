// SPDX-License-Identifier: Apache-2.0

#include <invsaga/testing/faults.hpp>
#include <invsaga/testing/store_under_test.hpp>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <invsaga/memory.hpp>
#include <invsaga/reference/ledger.hpp>
#include <invsaga/testing/apart_backend.hpp>
#include <invsaga/testing/archetypes.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/writes.hpp>

namespace invsaga::testing {
namespace {

// Faults can be put around anything, and it stays what it is.
static_assert(ReservationStore<Faulty<archetypes::ReservationStoreArchetype>>);
static_assert(IdempotencyStore<Faulty<archetypes::IdempotencyStoreArchetype>>);
static_assert(SagaLog<Faulty<archetypes::SagaLogArchetype>>);
static_assert(Outbox<Faulty<archetypes::OutboxArchetype>>);
static_assert(Backend<Faulty<archetypes::BackendArchetype>>);
static_assert(WritableStore<Faulty<archetypes::WritableStoreArchetype>>);
static_assert(!WritableStore<Faulty<archetypes::ReservationStoreArchetype>>);
static_assert(!SagaLog<Faulty<archetypes::BackendArchetype>>);
static_assert(!SagaLog<Faulty<archetypes::OutboxArchetype>>);

constexpr Time start = time_from_ms(1'000'000);
constexpr Time later = time_from_ms(1'001'000);
const Line four{Row{0}, 4};

class FaultyStore : public ::testing::Test {
 protected:
  void SetUp() override {
    ledger_.advance_to(start);
    const Line stock{Row{0}, 10};
    EXPECT_THAT(ledger_.adjust({{9, 1}, AdjustReason::opening, later, {&stock, 1}}), IsAdjusted());
  }
  result<ReserveAnswer> reserve(std::uint64_t id) {
    return store_.reserve({{7, id}, later, {&four, 1}}, {});
  }
  Units reserved() { return ledger_.stock(Row{0}).value().reserved; }

  Ledger ledger_;
  FaultPlan plan_;
  Faulty<Ledger> store_{ledger_, plan_};
};

TEST_F(FaultyStore, LetsThroughWhatNoFaultBefalls) {
  EXPECT_THAT(reserve(1), IsReserved());
  EXPECT_EQ(reserved(), 4);
  EXPECT_EQ(plan_.writes(), 1u);
}

TEST_F(FaultyStore, WhatFailedDidNotHappenAndMayBeTriedAgain) {
  plan_.at(1, Fault::failed);
  EXPECT_THAT(reserve(1), ErrorIs(Errc::unavailable));
  EXPECT_EQ(reserved(), 0);
  EXPECT_THAT(reserve(1), IsReserved());
}

TEST_F(FaultyStore, ALostReplyHappenedAndIsAskedForAgain) {
  for (const Fault fault : {Fault::lost, Fault::late_reply}) {
    plan_.at(plan_.writes() + 1, fault);
    const std::uint64_t id = plan_.writes() + 1;
    const Units before = reserved();
    EXPECT_THAT(reserve(id), ErrorIs(Errc::reply_lost));
    EXPECT_EQ(reserved(), before + 4);
    EXPECT_THAT(reserve(id), IsReserved());
    EXPECT_EQ(reserved(), before + 4);
  }
}

TEST_F(FaultyStore, ADuplicateHappensTwiceAndIsAnsweredOnce) {
  plan_.at(1, Fault::duplicate);
  EXPECT_THAT(reserve(1), IsReserved());
  EXPECT_EQ(reserved(), 4);
  EXPECT_EQ(plan_.writes(), 1u);
}

TEST_F(FaultyStore, WhatIsLateTimesOutAndHappensWhenItIsDelivered) {
  plan_.at(1, Fault::late);
  {
    const Line gone = four;  // the caller's storage ends before the delivery
    EXPECT_THAT(store_.reserve({{7, 1}, later, {&gone, 1}}, {}), ErrorIs(Errc::timed_out));
  }
  EXPECT_EQ(reserved(), 0);
  EXPECT_EQ(plan_.late(), 1u);
  EXPECT_TRUE(plan_.deliver_late());
  EXPECT_EQ(reserved(), 4);
  EXPECT_EQ(plan_.late(), 0u);
  EXPECT_FALSE(plan_.deliver_late());
}

TEST_F(FaultyStore, EveryOperationCanBeLate) {
  ASSERT_THAT(reserve(1), IsReserved());
  ASSERT_THAT(reserve(2), IsReserved());
  for (std::uint64_t write = 3; write <= 6; ++write) plan_.at(write, Fault::late);
  EXPECT_THAT(store_.commit({{7, 1}, {}}), ErrorIs(Errc::timed_out));
  EXPECT_THAT(store_.extend({{7, 2}, later + Duration{9}}), ErrorIs(Errc::timed_out));
  EXPECT_THAT(store_.release({{7, 3}}), ErrorIs(Errc::timed_out));
  EXPECT_THAT(store_.adjust({{9, 2}, AdjustReason::restock, later, {&four, 1}}, {}),
              ErrorIs(Errc::timed_out));
  EXPECT_EQ(ledger_.stock(Row{0}).value(), (StockCounters{10, 8, 0, 0}));
  plan_.deliver_all_late();
  EXPECT_EQ(ledger_.stock(Row{0}).value(), (StockCounters{10, 4, 4, 0}));
  EXPECT_THAT(reserve(3), IsSuppressed());
}

TEST_F(FaultyStore, LateOnesAreDeliveredInAnyOrder) {
  plan_.at(1, Fault::late).at(2, Fault::late);
  EXPECT_THAT(store_.release({{7, 1}}), ErrorIs(Errc::timed_out));
  EXPECT_THAT(reserve(1), ErrorIs(Errc::timed_out));
  EXPECT_TRUE(plan_.deliver_late(1));
  EXPECT_EQ(reserved(), 4);
  EXPECT_TRUE(plan_.deliver_late(0));
  EXPECT_EQ(reserved(), 0);
}

TEST_F(FaultyStore, ACrashBeforeAWriteLeavesNothingOfIt) {
  plan_.at(2, Fault::crash_before);
  EXPECT_THAT(reserve(1), IsReserved());
  EXPECT_THAT(reserve(2), ErrorIs(Errc::unavailable));
  EXPECT_TRUE(plan_.crashed());
  EXPECT_EQ(reserved(), 4);
}

TEST_F(FaultyStore, ACrashAfterAWriteLeavesAllOfIt) {
  plan_.at(1, Fault::crash_after);
  EXPECT_THAT(reserve(1), ErrorIs(Errc::unavailable));
  EXPECT_TRUE(plan_.crashed());
  EXPECT_EQ(reserved(), 4);
}

TEST_F(FaultyStore, ADeadProcessGetsNothingThroughUntilANewOneBegins) {
  int crashes = 0;
  plan_.on_crash([&] { ++crashes; });
  plan_.at(1, Fault::crash_before);
  for (std::uint64_t id = 1; id <= 3; ++id) EXPECT_THAT(reserve(id), ErrorIs(Errc::unavailable));
  EXPECT_THAT(store_.stock(Row{0}), ErrorIs(Errc::unavailable)) << "nor does it read";
  EXPECT_EQ(plan_.writes(), 1u) << "what the dead do is no write";
  EXPECT_EQ(crashes, 1);
  EXPECT_EQ(reserved(), 0);
  plan_.restart();
  EXPECT_THAT(reserve(1), IsReserved());
  EXPECT_THAT(store_.stock(Row{0}), IsOk());
  EXPECT_EQ(plan_.writes(), 2u);
}

TEST_F(FaultyStore, WhatIsLateSurvivesTheCrash) {
  plan_.at(1, Fault::late).at(2, Fault::crash_before);
  EXPECT_THAT(reserve(1), ErrorIs(Errc::timed_out));
  EXPECT_THAT(reserve(2), ErrorIs(Errc::unavailable));
  plan_.deliver_all_late();
  EXPECT_EQ(reserved(), 4) << "it was on its way already";
}

// --- plans

TEST_F(FaultyStore, AFaultIsPlannedByTheKindOfWriteToo) {
  plan_.at(FaultSite::acknowledge_sale, 2, Fault::failed);
  EXPECT_THAT(reserve(1), IsReserved());
  EXPECT_THAT(store_.acknowledge_sale({7, 1}), IsOk());
  EXPECT_THAT(reserve(2), IsReserved());
  EXPECT_THAT(store_.acknowledge_sale({7, 1}), ErrorIs(Errc::unavailable));
  EXPECT_EQ(plan_.story(),
            "1 operation\n2 acknowledge_sale\n3 operation\n4 acknowledge_sale: failed\n");
}

TEST_F(FaultyStore, CalmMeansThatNothingGoesWrongAnyMore) {
  plan_.at(1, Fault::failed).by_chance(1, {.failed = 1, .in_a_row = 100});
  EXPECT_THAT(reserve(1), ErrorIs(Errc::unavailable));
  EXPECT_THAT(reserve(1), ErrorIs(Errc::unavailable));
  plan_.calm();
  EXPECT_THAT(reserve(1), IsReserved());
}

std::string drawn(std::uint64_t seed, const FaultRates& rates, int count) {
  FaultPlan plan;
  plan.by_chance(seed, rates);
  std::string faults;
  for (int i = 0; i < count; ++i) faults += std::string(name(plan.next(FaultSite::call))) + " ";
  return faults;
}

TEST(FaultPlan, TheSameSeedMakesTheSameFaults) {
  const FaultRates rates{.failed = 0.2, .lost = 0.2, .duplicate = 0.2, .late = 0.2};
  EXPECT_EQ(drawn(1, rates, 100), drawn(1, rates, 100));
  EXPECT_NE(drawn(1, rates, 100), drawn(2, rates, 100));
}

TEST(FaultPlan, FaultsComeAsOftenAsTheirRate) {
  FaultPlan plan;
  plan.by_chance(7, {.failed = 0.1, .lost = 0.2, .in_a_row = 1'000});
  std::map<Fault, int> counts;
  for (int i = 0; i < 10'000; ++i) ++counts[plan.next(FaultSite::call)];
  EXPECT_NEAR(counts[Fault::failed], 1'000, 150);
  EXPECT_NEAR(counts[Fault::lost], 2'000, 200);
  EXPECT_EQ(counts[Fault::duplicate] + counts[Fault::late], 0);
}

TEST(FaultPlan, SparesAWriteAfterSoManyFaultsInARow) {
  EXPECT_EQ(drawn(1, {.failed = 1, .in_a_row = 2}, 6), "failed failed none failed failed none ");
}

TEST(FaultPlan, AChooserMakesEveryPlanOfAtMostSoManyFaults) {
  ExhaustiveChooser chooser;
  std::set<std::string> plans;
  do {
    FaultPlan plan;
    plan.by_choice(chooser, {Fault::lost, Fault::failed}, 1);
    std::string faults;
    for (int i = 0; i < 3; ++i) faults += std::string(name(plan.next(FaultSite::call))) + " ";
    plans.insert(faults);
  } while (chooser.next());
  EXPECT_EQ(plans.size(), 7u) << "none, or one of two at one of three writes";
  EXPECT_TRUE(plans.contains("none none none "));
  EXPECT_TRUE(plans.contains("none none lost "));
  EXPECT_TRUE(plans.contains("failed none none "));
}

TEST(FaultPlan, ATestNumbersItsOwnCallsAmongTheWrites) {
  FaultPlan plan;
  plan.at(2, Fault::crash_before);
  EXPECT_EQ(plan.next(FaultSite::call), Fault::none);
  EXPECT_EQ(plan.next(FaultSite::call), Fault::crash_before);
  plan.crash();
  EXPECT_TRUE(plan.crashed());
}

TEST(FaultPlan, EveryKindHasAWord) {
  for (int i = 0; i <= static_cast<int>(FaultSite::call); ++i) {
    EXPECT_NE(name(static_cast<FaultSite>(i)), "unrecognised");
  }
  for (int i = 0; i <= static_cast<int>(Fault::crash_after); ++i) {
    EXPECT_NE(name(static_cast<Fault>(i)), "unrecognised");
  }
  EXPECT_EQ(name(static_cast<Fault>(99)), "unrecognised");
  EXPECT_EQ(name(static_cast<FaultSite>(99)), "unrecognised");
}

// --- a whole backend

class FaultyBackend : public ::testing::Test {
 protected:
  void SetUp() override { memory_.advance_to(start); }
  result<WriteReply> submit(const Write& write) {
    return answer_of_call<WriteReply>(
        [&](Completion<WriteReply> done) { backend_.submit(write, done); });
  }
  /// Calls by the door all that a backend has besides writes.
  template <class Expect>
  void ask_all(const Expect& expect) {
    const auto ask = [&]<class T>(std::in_place_type_t<T>, const auto& send) {
      expect(answer_of_call<T>([&](Completion<T> done) { send(done); }));
    };
    constexpr std::in_place_type_t<void> nothing;
    const RequestKey key{3, 1};
    ask(std::in_place_type<ClaimAnswer>,
        [&](auto done) { backend_.claim({key, {4, 1}, later, later}, done); });
    ask(nothing, [&](auto done) { backend_.extend_claim(key, 1, later, done); });
    ask(nothing, [&](auto done) { backend_.confirm_claim(key, 1, {}, done); });
    ask(nothing, [&](auto done) { backend_.release_claim({3, 2}, 1, done); });
    ask(nothing, [&](auto done) { backend_.settle(run, {}, done); });
    ask(nothing, [&](auto done) { backend_.acknowledge_event(run, 1, done); });
    ask(std::in_place_type<std::vector<LogEntry>>, [&](auto done) { backend_.read(run, done); });
    ask(std::in_place_type<std::vector<RunId>>,
        [&](auto done) { backend_.unfinished({}, 1, done); });
    ask(std::in_place_type<std::vector<PendingEvent>>,
        [&](auto done) { backend_.pending(0, 1, done); });
  }

  static constexpr RunId run{5, 1};
  MemoryBackend<> memory_;
  FaultPlan plan_;
  Faulty<MemoryBackend<>> backend_{memory_, plan_};
  RunRecord outcome_;
  const std::shared_ptr<const PreparedWrite> records_ = write_of(run, 0, outcome_);
  const std::shared_ptr<const PreparedWrite> operation_ = write_of(
      Reserve{{7, 1}, later, {&four, 1}}, {run, 1, &outcome_, &outcome_, nullptr});
};

TEST_F(FaultyBackend, AWriteOfRecordsAloneIsAnAppendByEitherDoor) {
  EXPECT_THAT(submit(records_->write()), IsOk());
  EXPECT_THAT(backend_.write(records_->write()), IsOk()) << "a repeat";
  EXPECT_THAT(submit(operation_->write()), IsOutOfStock());
  EXPECT_THAT(backend_.write(operation_->write()), IsOutOfStock());
  EXPECT_EQ(plan_.story(), "1 append\n2 append\n3 operation\n4 operation\n");
}

TEST_F(FaultyBackend, AWriteIsLateWithAllThatItLends) {
  plan_.at(1, Fault::late).at(2, Fault::late);
  {
    const auto gone = write_of(run, 0, outcome_);
    EXPECT_THAT(submit(gone->write()), ErrorIs(Errc::timed_out));
  }
  {
    const auto gone = write_of(run, 1, outcome_);
    EXPECT_THAT(backend_.write(gone->write()), ErrorIs(Errc::timed_out));
  }
  EXPECT_THAT(memory_.read(run), IsOkAndHolds(::testing::IsEmpty()));
  plan_.deliver_all_late();
  EXPECT_THAT(records_of(memory_, run), IsOkAndHolds(::testing::SizeIs(2)));
}

TEST_F(FaultyBackend, ADeadProcessGetsNothingThroughTheDoor) {
  plan_.crash();
  EXPECT_THAT(submit(records_->write()), ErrorIs(Errc::unavailable));
  int asked = 0;
  ask_all([&](const auto& answer) {
    EXPECT_THAT(answer, ErrorIs(Errc::unavailable)) << "call " << ++asked;
  });
  EXPECT_EQ(plan_.writes(), 0u);
  EXPECT_THAT(memory_.read(run), IsOkAndHolds(::testing::IsEmpty()));
}

TEST_F(FaultyBackend, WritesByTheDoorAreNumberedByTheirKind) {
  ask_all([](const auto&) {});
  EXPECT_EQ(plan_.story(),
            "1 claim\n2 extend_claim\n3 confirm_claim\n4 release_claim\n5 settle\n"
            "6 acknowledge_event\n");
}

// --- a store that answers later

class FaultySubmit : public ::testing::Test {
 protected:
  static void call(void* self, std::uint64_t, result<WriteReply>&& reply) noexcept {
    auto& test = *static_cast<FaultySubmit*>(self);
    ++test.heard_;
    test.last_ = std::move(reply);
  }
  void SetUp() override {
    const Line line{Row{0}, 10};
    const auto opening = write_of(Adjust{{9, 1}, AdjustReason::opening, later, {&line, 1}}, {});
    testing::name_rows(stock_, {&line, 1});
    stock_.submit(opening->write(), {&call, this, 0});
    executor_.run_all();
    heard_ = 0;
  }
  void submit_with(Fault fault) {
    plan_.at(1, fault);
    submit();
  }
  void submit() { store_.submit(reserve_->write(), {&call, this, 0}); }
  Units reserved() { return stock_.stock(Row{0}).value().reserved; }

  ManualClock clock_{start};
  SimulatedExecutor executor_{clock_};
  FaultPlan plan_;
  ApartStore stock_{clock_, executor_, {}};
  Faulty<ApartStore> store_{stock_, plan_};
  const std::shared_ptr<const PreparedWrite> reserve_ = write_of(Reserve{{7, 1}, later, {&four, 1}},
                                                                 {});
  int heard_ = 0;
  result<WriteReply> last_ = Error{Errc::busy};
};

TEST_F(FaultySubmit, AFailureIsHeardAtOnceAndNothingIsSent) {
  submit_with(Fault::failed);
  EXPECT_EQ(heard_, 1);
  EXPECT_THAT(last_, ErrorIs(Errc::unavailable));
  executor_.run_all();
  EXPECT_EQ(reserved(), 0);
}

TEST_F(FaultySubmit, ALostReplyIsHeardAfterTheEffect) {
  submit_with(Fault::lost);
  EXPECT_EQ(heard_, 0);
  executor_.run_all();
  EXPECT_EQ(heard_, 1);
  EXPECT_THAT(last_, ErrorIs(Errc::reply_lost));
  EXPECT_EQ(reserved(), 4);
}

TEST_F(FaultySubmit, ADuplicateIsHeardOnce) {
  submit_with(Fault::duplicate);
  executor_.run_all();
  EXPECT_EQ(heard_, 1);
  EXPECT_THAT(last_, IsReserved());
  EXPECT_EQ(reserved(), 4);
}

TEST_F(FaultySubmit, WhatIsLateTimesOutAndIsSentWhenItIsDelivered) {
  submit_with(Fault::late);
  EXPECT_THAT(last_, ErrorIs(Errc::timed_out));
  executor_.run_all();
  EXPECT_EQ(reserved(), 0);
  plan_.deliver_all_late();
  executor_.run_all();
  EXPECT_EQ(reserved(), 4);
  EXPECT_EQ(heard_, 1);
}

TEST_F(FaultySubmit, ALateReplyComesWhenItIsDelivered) {
  submit_with(Fault::late_reply);
  executor_.run_all();
  EXPECT_EQ(reserved(), 4);
  EXPECT_EQ(heard_, 0);
  plan_.deliver_all_late();
  EXPECT_EQ(heard_, 1);
  EXPECT_THAT(last_, IsReserved());
}

TEST_F(FaultySubmit, ACrashIsTheEndOfTheCaller) {
  submit_with(Fault::crash_after);
  EXPECT_EQ(heard_, 1) << "so that nothing that was lent stays so";
  EXPECT_THAT(last_, ErrorIs(Errc::unavailable));
  executor_.run_all();
  EXPECT_EQ(reserved(), 4);
  submit();
  EXPECT_EQ(heard_, 2);
  EXPECT_THAT(last_, ErrorIs(Errc::unavailable));
  EXPECT_EQ(plan_.writes(), 1u);
}

}  // namespace
}  // namespace invsaga::testing
