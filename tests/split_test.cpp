// SPDX-License-Identifier: Apache-2.0
//
// `split`: the order of writes over parts that live apart, and that any fault between any two of
// them is mended by the repeat of the same call, or by `settle`.

#include <invsaga/claim_table.hpp>
#include <invsaga/ledger.hpp>
#include <invsaga/outbox_queue.hpp>
#include <invsaga/run_table.hpp>
#include <invsaga/split.hpp>
#include <invsaga/testing/apart_backend.hpp>
#include <invsaga/testing/archetypes.hpp>
#include <invsaga/testing/faults.hpp>
#include <invsaga/testing/matchers.hpp>

namespace invsaga::testing {
namespace {

// It leans on nothing that the concepts do not promise.
using SplitOfSubmitting =
    Split<archetypes::StockPartArchetype, archetypes::IdempotencyStoreArchetype,
          archetypes::SagaLogArchetype, archetypes::OutboxArchetype>;
using SplitOfStore =
    Split<archetypes::ReservationStoreArchetype, archetypes::IdempotencyStoreArchetype,
          archetypes::SagaLogArchetype, archetypes::OutboxArchetype>;
static_assert(Backend<SplitOfSubmitting> && SubmittingStore<SplitOfSubmitting>);
static_assert(!ApplyingStore<SplitOfSubmitting>, "a store that only submits makes such a backend");
static_assert(Backend<SplitOfStore> && ApplyingStore<SplitOfStore>);
static_assert(!SplitOfStore::capabilities.atomic_effects);
static_assert(!StockPart<archetypes::SubmittingStoreArchetype>, "it says nothing of itself");

constexpr Time start = time_from_ms(1'000'000);
constexpr Time later = time_from_ms(1'001'000);
constexpr RunId run{5, 1};
constexpr RequestKey request{3, 1};
constexpr ReservationId hold{7, 1};

/// Four parts of a process, and a plan of what goes wrong between them.
class Parts {
 public:
  explicit Parts(const StoreLimits& limits = {}) : ledger(limits) {
    ledger.advance_to(start);
    claims.advance_to(start);
    const Line stock{Row{0}, 10};
    EXPECT_THAT(ledger.adjust({{9, 1}, AdjustReason::opening, later, {&stock, 1}}), IsAdjusted());
    EXPECT_THAT(runs.append(run, 0, record(RecordKind::begun)), IsOkAndHolds(1u));
    epoch = claims.claim({request, {4, 1}, later, later}).value().epoch;
  }

  static RunRecord record(RecordKind kind) {
    RunRecord made;
    made.kind = kind;
    made.owner = {6, 1};
    made.at = start;
    return made;
  }
  static Event event(std::uint64_t sequence, std::string type) {
    Event made;
    made.saga = run;
    made.sequence = sequence;
    made.type = std::move(type);
    return made;
  }
  void advance_to(Time time) {
    ledger.advance_to(time);
    claims.advance_to(time);
  }
  std::vector<std::string> told() {
    std::vector<std::string> types;
    const std::vector<Event> pending = outbox.pending(100).value();
    for (const Event& one : pending) types.push_back(one.type);
    return types;
  }
  StockCounters stock() { return ledger.stock(Row{0}).value(); }

  Ledger ledger;
  ClaimTable claims;
  RunTable runs;
  OutboxQueue outbox;
  std::uint64_t epoch = 0;
};

/// One process over the parts.
class Process {
 public:
  using Backend = Split<Faulty<Ledger>, Faulty<ClaimTable>, Faulty<RunTable>, Faulty<OutboxQueue>>;

  Process(Parts& parts, FaultPlan& plan)
      : ledger_(parts.ledger, plan),
        claims_(parts.claims, plan),
        runs_(parts.runs, plan),
        outbox_(parts.outbox, plan),
        backend(ledger_, claims_, runs_, outbox_) {}

 private:
  Faulty<Ledger> ledger_;
  Faulty<ClaimTable> claims_;
  Faulty<RunTable> runs_;
  Faulty<OutboxQueue> outbox_;

 public:
  Backend backend;
};

/// Effects that tell two events of each answer, and so need every part.
class TwoEvents {
 public:
  explicit TwoEvents(Position at = 1) : at_(at) {
    yes = Parts::record(RecordKind::outcome);
    yes.step = 2;
    yes.id_high = hold.high;
    yes.id_low = hold.low;
    no = yes;
    yes.events = {Parts::event(1, "YES"), Parts::event(2, "YES TOO")};
    no.events = {Parts::event(1, "NO"), Parts::event(2, "NO TOO")};
  }
  [[nodiscard]] Effects view() const { return {run, at_, &yes, &no, 0}; }

  RunRecord yes;
  RunRecord no;

 private:
  Position at_;
};

const Line four{Row{0}, 4};
const Line eleven{Row{0}, 11};

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
  EXPECT_EQ(plan.story(), "1 append\n2 put\n3 confirm\n");
}

TEST(Split, AnOperationThatTheStockRefusesToJudgeWritesNothingMore) {
  Parts parts;
  FaultPlan plan;
  Process process(parts, plan);
  EXPECT_THAT(process.backend.apply(Commit{}, TwoEvents().view(), {}),
              ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(plan.story(), "1 operation\n");
}

// --- any fault at any write, then the same call again

/// What is done, and what has to stand in the parts once it has been answered.
struct Case {
  std::string name;
  bool reserved_before = false;
  Operation operation;
  StockDecision decision{};
  StockCounters stock;
};

std::vector<Case> cases() {
  return {
      {"reserve", false, Reserve{hold, later, {&four, 1}}, StockDecision::reserved, {10, 4, 0, 0}},
      {"refusal",
       false,
       Reserve{hold, later, {&eleven, 1}},
       StockDecision::out_of_stock,
       {10, 0, 0, 0}},
      {"commit", true, Commit{hold, {}}, StockDecision::committed, {6, 0, 4, 0}},
      {"release", true, Release{hold}, StockDecision::released, {10, 0, 0, 0}},
      {"tombstone", false, Release{hold}, StockDecision::tombstoned, {10, 0, 0, 0}},
      {"extend", true, Extend{hold, later + Duration{5}}, StockDecision::reserved, {10, 4, 0, 0}},
      {"adjust",
       false,
       Adjust{{9, 2}, AdjustReason::restock, later, {&four, 1}},
       StockDecision::adjusted,
       {14, 0, 0, 0}},
  };
}

void expect_done(Parts& parts, const Case& what) {
  EXPECT_EQ(parts.stock(), what.stock);
  const auto records = parts.runs.read(run).value();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[1].decision, what.decision);
  const bool yes = what.decision != StockDecision::out_of_stock;
  EXPECT_EQ(parts.told(), yes ? (std::vector<std::string>{"YES", "YES TOO"})
                              : (std::vector<std::string>{"NO", "NO TOO"}));
}

constexpr Fault survivable[] = {Fault::failed, Fault::lost, Fault::duplicate, Fault::late};

TEST(Split, ARepeatMendsAnyFaultAtAnyWrite) {
  for (const Case& what : cases()) {
    for (const Fault fault : survivable) {
      for (std::uint64_t write = 1; write <= 6; ++write) {
        SCOPED_TRACE(what.name + ", " + std::string(name(fault)) + " at " + std::to_string(write));
        Parts parts;
        if (what.reserved_before) {
          ASSERT_THAT(parts.ledger.reserve({hold, later, {&four, 1}}), IsReserved());
        }
        FaultPlan plan;
        plan.at(write, fault);
        Process process(parts, plan);
        const TwoEvents effects;
        auto applied = process.backend.apply(what.operation, effects.view(), {});
        // Whatever went wrong, the answer must not say that nothing happened once something has.
        if (write > 1 && !applied.has_value()) {
          EXPECT_THAT(applied, RemedyIs(Remedy::ask_again));
        }
        parts.advance_to(start + Duration{10});
        if (!applied.has_value()) {
          applied = process.backend.apply(what.operation, effects.view(), {});
        }
        ASSERT_THAT(applied, IsOk());
        EXPECT_EQ(decision_of(applied.value().answer), what.decision);
        EXPECT_EQ(applied.value().position, 2u);
        plan.deliver_all_late();
        expect_done(parts, what);
      }
    }
  }
}

TEST(Split, ACrashBetweenAnyTwoWritesIsMendedBySettlingAndTheRepeat) {
  for (const Case& what : cases()) {
    for (const Fault fault : {Fault::crash_before, Fault::crash_after}) {
      for (std::uint64_t write = 1; write <= 5; ++write) {
        SCOPED_TRACE(what.name + ", " + std::string(name(fault)) + " at " + std::to_string(write));
        Parts parts;
        if (what.reserved_before) {
          ASSERT_THAT(parts.ledger.reserve({hold, later, {&four, 1}}), IsReserved());
        }
        FaultPlan plan;
        plan.at(write, fault);
        const TwoEvents effects;
        {
          Process process(parts, plan);
          static_cast<void>(process.backend.apply(what.operation, effects.view(), {}));
        }
        plan.restart();
        plan.calm();  // the process that recovers has no fault of its own
        Process process(parts, plan);
        const auto records = process.backend.read(run).value();
        EXPECT_THAT(process.backend.settle(run, records), IsOk());
        // What was recorded is told, and nothing else.
        EXPECT_EQ(parts.told().size(), records.size() == 2 ? 2u : 0u);
        EXPECT_THAT(process.backend.apply(what.operation, effects.view(), {}), IsOk());
        expect_done(parts, what);
      }
    }
  }
}

TEST(Split, ASaleIsForgottenAfterAnyFault) {
  for (const Fault fault : {Fault::failed, Fault::lost, Fault::late, Fault::crash_before}) {
    for (std::uint64_t write = 1; write <= 5; ++write) {
      SCOPED_TRACE(std::string(name(fault)) + " at " + std::to_string(write));
      StoreLimits limits;
      limits.max_records = 2;
      Parts parts(limits);
      ASSERT_THAT(parts.ledger.reserve({hold, later, {&four, 1}}), IsReserved());
      FaultPlan plan;
      plan.at(write, fault);
      const TwoEvents effects;
      {
        Process process(parts, plan);
        static_cast<void>(process.backend.apply(Commit{hold, {}}, effects.view(), {}));
      }
      plan.restart();
      Process process(parts, plan);
      EXPECT_THAT(process.backend.apply(Commit{hold, {}}, effects.view(), {}), IsOk());
      parts.advance_to(later);
      EXPECT_THAT(parts.ledger.reserve({{7, 2}, later + Duration{1}, {&four, 1}}), IsReserved());
      EXPECT_THAT(parts.ledger.reserve({{7, 3}, later + Duration{1}, {&four, 1}}), IsOutOfStock())
          << "there was room for both";
    }
  }
}

TEST(Split, SettlingTellsTheStockOfSalesThatItWasNotToldOf) {
  StoreLimits limits;
  limits.max_records = 2;
  Parts parts(limits);
  ASSERT_THAT(parts.ledger.reserve({hold, later, {&four, 1}}), IsReserved());
  FaultPlan plan;
  plan.at(FaultSite::acknowledge_sale, 1, Fault::crash_before);
  {
    Process process(parts, plan);
    static_cast<void>(process.backend.apply(Commit{hold, {}}, TwoEvents().view(), {}));
  }
  plan.restart();
  Process process(parts, plan);
  EXPECT_THAT(process.backend.settle(run, process.backend.read(run).value()), IsOk());
  parts.advance_to(later);
  EXPECT_THAT(parts.ledger.reserve({{7, 2}, later + Duration{1}, {&four, 1}}), IsReserved());
  EXPECT_THAT(parts.ledger.reserve({{7, 3}, later + Duration{1}, {&four, 1}}), IsOutOfStock());
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
  EXPECT_THAT(process.backend.acknowledge(run, 1), IsOk());
  EXPECT_THAT(process.backend.acknowledge(run, 2), IsOk());
  EXPECT_THAT(process.backend.settle(run, parts.runs.read(run).value()), IsOk());
  EXPECT_THAT(process.backend.apply(Reserve{hold, later, {&four, 1}}, effects.view(), {}),
              IsReserved());
  EXPECT_TRUE(parts.told().empty());
}

// --- appends and claims

TEST(Split, ARepeatedAppendMendsAnyFault) {
  for (const Fault fault : survivable) {
    for (std::uint64_t write = 1; write <= 3; ++write) {
      SCOPED_TRACE(std::string(name(fault)) + " at " + std::to_string(write));
      Parts parts;
      FaultPlan plan;
      plan.at(write, fault);
      Process process(parts, plan);
      RunRecord ended = Parts::record(RecordKind::ended);
      ended.events = {Parts::event(1, "DONE")};
      ended.request = request;
      ended.claim_epoch = parts.epoch;
      ended.output = {std::byte{1}};
      auto appended = process.backend.append(run, 1, ended);
      if (write > 1 && !appended.has_value()) {
        EXPECT_THAT(appended, RemedyIs(Remedy::ask_again));
      }
      if (!appended.has_value()) appended = process.backend.append(run, 1, ended);
      EXPECT_THAT(appended, IsOkAndHolds(2u));
      plan.deliver_all_late();
      EXPECT_EQ(parts.told(), std::vector<std::string>{"DONE"});
      const auto answer = parts.claims.claim({request, {4, 1}, later, later});
      ASSERT_THAT(answer, ClaimIs(ClaimState::completed));
      EXPECT_EQ(answer.value().answer, ended.output);
    }
  }
}

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
  ASSERT_THAT(parts.claims.confirm(request, parts.epoch, as_bytes("one")), IsOk());
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

// --- a stock that answers later

struct Heard {
  static void call(void* self, std::uint64_t tag, const result<Applied>& applied) {
    auto& heard = *static_cast<Heard*>(self);
    ++heard.times;
    heard.tag = tag;
    heard.last = applied;
  }
  Completion completion(std::uint64_t with) { return {&call, this, with}; }

  int times = 0;
  std::uint64_t tag = 0;
  result<Applied> last = Error{Errc::unavailable};
};

class SplitOfApart : public ::testing::Test {
 protected:
  void SetUp() override {
    open(parts_);
    EXPECT_THAT(parts_.log.append(run, 0, Parts::record(RecordKind::begun)), IsOkAndHolds(1u));
  }
  void open(ApartParts& parts) {
    const Line stock{Row{0}, 10};
    Heard heard;
    parts.stock.submit(Adjust{{9, 1}, AdjustReason::opening, later, {&stock, 1}}, {}, {},
                       heard.completion(0));
    executor_.run_all();
    EXPECT_THAT(heard.last, IsAdjusted());
  }

  ManualClock clock_{start};
  SimulatedExecutor executor_{clock_};
  KeepingRecorder recorder_;
  ApartParts parts_{clock_, executor_, {}, &recorder_};
  FaultPlan plan_;
  TwoEvents effects_;
  const Effects view_ = effects_.view();
  const Operation reserve_ = Reserve{hold, later, {&four, 1}};
};

TEST_F(SplitOfApart, AnswersOnceAndLaterWithTheTagOfWhoeverAsked) {
  ApartBackend backend(parts_, plan_);
  Heard heard;
  backend.submit(reserve_, view_, {}, heard.completion(42));
  EXPECT_EQ(heard.times, 0) << "never from within submit";
  executor_.run_all();
  EXPECT_EQ(heard.times, 1);
  EXPECT_EQ(heard.tag, 42u);
  ASSERT_THAT(heard.last, IsReserved(hold, later));
  EXPECT_EQ(heard.last.value().position, 2u);
  EXPECT_EQ(plan_.story(), "1 operation\n2 append\n3 put\n4 put\n");
}

TEST_F(SplitOfApart, KeepsARunOutOfTheStocksSight) {
  ApartBackend backend(parts_);
  Effects effects = effects_.view();
  effects.tag = 99;
  Heard heard;
  backend.submit(reserve_, effects, {}, heard.completion(0));
  executor_.run_all();
  const KeptRecord& record = recorder_.records().back();
  EXPECT_FALSE(record.run.is_set());
  EXPECT_EQ(record.tag, 99u) << "the tag is the recorder's";
}

TEST_F(SplitOfApart, NamesShortLinesInTheCallersStorage) {
  ApartBackend backend(parts_);
  const Operation large = Reserve{hold, later, {&eleven, 1}};
  std::vector<ShortLine> shorts(4);
  Heard heard;
  backend.submit(large, view_, shorts, heard.completion(0));
  executor_.run_all();
  EXPECT_THAT(heard.last, IsOutOfStock(Row{0}, 11, 10));
  EXPECT_EQ(shorts[0], (ShortLine{Row{0}, 11, 10}));
  EXPECT_EQ(shorts_of(heard.last).size(), 1u);
}

TEST_F(SplitOfApart, ALineThatIsCutTellsWhoeverWaitsAndTheOperationArrivesAllTheSame) {
  Heard heard;
  {
    ApartBackend backend(parts_);
    backend.submit(reserve_, view_, {}, heard.completion(0));
  }
  EXPECT_EQ(heard.times, 1);
  EXPECT_THAT(heard.last, ErrorIs(Errc::reply_lost));
  executor_.run_all();
  EXPECT_EQ(heard.times, 1);
  EXPECT_EQ(parts_.stock.stock(Row{0}).value().reserved, 4);
  EXPECT_EQ(parts_.log.read(run).value().size(), 1u) << "its record was the process's to write";
  ApartBackend next(parts_);
  next.submit(reserve_, view_, {}, heard.completion(0));
  executor_.run_all();
  EXPECT_THAT(heard.last, IsReserved(hold));
  EXPECT_EQ(parts_.stock.stock(Row{0}).value().reserved, 4);
}

TEST_F(SplitOfApart, ARepeatMendsAnyFaultAtAnyWrite) {
  const Fault faults[] = {Fault::failed,     Fault::lost,         Fault::duplicate,  Fault::late,
                          Fault::late_reply, Fault::crash_before, Fault::crash_after};
  for (const Fault fault : faults) {
    for (std::uint64_t write = 1; write <= 4; ++write) {
      SCOPED_TRACE(std::string(name(fault)) + " at " + std::to_string(write));
      ApartParts parts(clock_, executor_);
      open(parts);
      ASSERT_THAT(parts.log.append(run, 0, Parts::record(RecordKind::begun)), IsOkAndHolds(1u));
      FaultPlan plan;
      plan.at(write, fault);
      Heard first;
      Heard second;
      {
        ApartBackend backend(parts, plan);
        backend.submit(reserve_, view_, {}, first.completion(0));
        executor_.run_all();
      }
      EXPECT_EQ(first.times, 1);
      plan.restart();
      ApartBackend backend(parts, plan);
      backend.submit(reserve_, view_, {}, second.completion(0));
      executor_.run_all();
      EXPECT_THAT(second.last, IsReserved(hold, later));
      plan.deliver_all_late();
      executor_.run_all();
      EXPECT_EQ(first.times, 1) << "answered exactly once";
      EXPECT_EQ(second.times, 1);
      EXPECT_EQ(parts.stock.stock(Row{0}).value(), (StockCounters{10, 4, 0, 0}));
      EXPECT_EQ(parts.log.read(run).value().size(), 2u);
      EXPECT_EQ(parts.outbox.pending(10).value().size(), 2u);
    }
  }
}

TEST_F(SplitOfApart, OperationsOvertakeEachOtherOnTheirWay) {
  ApartOptions options;
  options.longest_way = Duration{20};
  ApartParts parts(clock_, executor_, options, &recorder_);
  const Line one{Row{0}, 1};
  std::vector<Operation> operations;
  for (std::uint64_t i = 1; i <= 20; ++i)
    operations.emplace_back(Reserve{{7, 100 + i}, later, {&one, 1}});
  std::vector<Heard> heard(operations.size());
  for (std::size_t i = 0; i < operations.size(); ++i) {
    parts.stock.submit(operations[i], {}, {}, heard[i].completion(i));
  }
  EXPECT_EQ(parts.stock.under_way(), 20u);
  executor_.run_all();
  EXPECT_EQ(parts.stock.under_way(), 0u);
  std::vector<std::uint64_t> order;
  for (const KeptRecord& record : recorder_.records()) {
    const Operation operation = record.operation->view();
    if (const auto* const reserve = std::get_if<Reserve>(&operation))
      order.push_back(reserve->id.low);
  }
  EXPECT_EQ(order.size(), 20u);
  EXPECT_FALSE(std::ranges::is_sorted(order));
  for (const Heard& one_heard : heard) EXPECT_EQ(one_heard.times, 1);
}

}  // namespace
}  // namespace invsaga::testing
