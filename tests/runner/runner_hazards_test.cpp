// SPDX-License-Identifier: Apache-2.0
//
// What befalls runs seldom: lost replies of what is asked from outside, outages between claim and
// first record, clocks that are set back, logs that refuse a record for good.
#include <atomic>
#include <chrono>
#include <set>
#include <string>
#include <thread>

#include "invsaga/start_on_event.hpp"
#include "invsaga/testing/events.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::ErrorIs;
using testing::IsOk;
using testing::IsOkAndHolds;

template <class Parts>
class Hazards : public ::testing::Test, public RunnerFixture<Parts> {};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(Hazards, BothBackends);
class OneAppend : public ::testing::Test, public RunnerFixture<OnOneAppend> {};
class Apart : public ::testing::Test, public RunnerFixture<InSplit> {};

// --- an event whose first handler died between claim and first record is consumed

Event checkout_event() {
  Event told = testing::event_of(testing::run_no(1), 1, "ORDER_CHECKOUT_STARTED");
  told.subject = "1";
  told.time = start_time;
  told.data = encode(RunnerFixture<OnOneAppend>::order("1"));
  return told;
}
RunId run_of_event(const Event& event) {
  StartRequest request;
  request.request = request_key("sample checkout", "start on event", to_hex(event.id));
  return run_id("sample checkout", request);
}

TYPED_TEST(Hazards, AnEventIsNoDuplicateWhileNoRunOfItExists) {
  auto a = this->process();
  a->connection.writes_left = 0;  // the claim is taken, the first record does not come to the log
  const Event event = checkout_event();
  EXPECT_FALSE(testing::handled_by(starts(a->runner, sample::checkout, {24h}), event).has_value());
  ASSERT_TRUE(a->connection.dead);
  auto b = this->process();
  const auto again = testing::handled_by(starts(b->runner, sample::checkout, {24h}), event);
  // On one append the claim goes with the first record: neither is there, and b begins it.
  EXPECT_EQ(again.has_value(), TypeParam::one_append) << "acknowledged, and nobody runs it";
  EXPECT_EQ(this->records(run_of_event(event)).empty(), !TypeParam::one_append);
}

TYPED_TEST(Hazards, AnEventIsNoDuplicateAfterAShortOutage) {
  auto a = this->process();
  a->connection.dead = false;
  a->connection.writes_left = 0;
  const Event event = checkout_event();
  EXPECT_FALSE(testing::handled_by(starts(a->runner, sample::checkout, {24h}), event).has_value());
  a->connection.dead = false;
  a->connection.writes_left = -1;
  this->run_for(1s);
  const auto again = testing::handled_by(starts(a->runner, sample::checkout, {24h}), event);
  this->run_all();
  EXPECT_TRUE(!again.has_value() || !this->records(run_of_event(event)).empty())
      << "acknowledged, and nobody runs it";
}

// --- the reply of a cancel or a resume is lost, and the repeat tells nobody

TEST_F(OneAppend, ACancelWhoseReplyWasLostIsHeardByTheDriver) {
  auto process = this->process();
  process->connection.at_apply = [](const Operation& operation) {
    return std::holds_alternative<Commit>(operation) ? Mishap::failed : Mishap::none;
  };
  const RunId run = begin(*process);
  run_all();
  ASSERT_EQ(process->runner.status(run).assume_value().end, RunEnd::stuck);
  process->connection.at_append = [](const RunRecord& record) {
    return record.kind == RecordKind::cancelled ? Mishap::lost : Mishap::none;
  };
  EXPECT_EQ(process->runner.cancel(run, "x").assume_value().decision,
            CancelDecision::accepted);  // the log tells
  process->connection.at_append = nullptr;
  run_all();
  EXPECT_TRUE(outcome(run).has_value()) << ::testing::PrintToString(story(run));
}

TYPED_TEST(Hazards, AResumeWhoseReplyWasLostIsHeardByTheDriver) {
  auto process = this->process();
  this->shop.fail("clear", refuse(1));
  const RunId run = this->begin(*process);
  this->run_all();
  ASSERT_EQ(process->runner.status(run).assume_value().end, RunEnd::stuck);
  process->connection.at_append = [](const RunRecord& record) {
    return record.kind == RecordKind::resumed ? Mishap::lost : Mishap::none;
  };
  EXPECT_THAT(process->runner.resume(run), IsOkAndHolds(NewsAnswer::recorded));  // the log tells
  process->connection.at_append = nullptr;
  this->run_all();
  EXPECT_TRUE(this->outcome(run).has_value()) << ::testing::PrintToString(this->story(run));
}

// --- a repeat of a refusing answer grows the log

TYPED_TEST(Hazards, ARepeatedRefusalOfAnUndoChangesNothing) {
  auto process = this->process();
  this->shop.wait("charge");
  this->shop.wait("refund");
  const RunId run = this->begin(*process);
  const CallId call = this->shop.last_pending();
  ASSERT_EQ(process->runner.cancel(run, "x").assume_value().decision, CancelDecision::accepted);
  this->shop.took_effect("charge", call);
  ASSERT_THAT(process->runner.complete(run, call, sample::Receipt{}), IsOk());
  for (int i = 0; i < 5; ++i) {
    ASSERT_THAT(process->runner.complete_undo(run, call, refuse(1)),
                IsOkAndHolds(NewsAnswer::recorded));
  }
  const auto story = this->story(run);
  EXPECT_EQ(std::count(story.begin(), story.end(), "stuck pay"), 1)
      << ::testing::PrintToString(story);
}

// --- whoever brings an answer waits for a timer that only its own thread would run

TYPED_TEST(Hazards, WhoBringsAnAnswerWaitsForTheBackendAndForNoTimer) {
  auto process = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*process);
  const CallId call = this->shop.last_pending();
  this->shop.took_effect("charge", call);
  const auto paid = sample::Receipt{};
  process->connection.at_write = [] { return Mishap::failed; };
  EXPECT_THAT(process->runner.complete(run, call, paid), ErrorIs(Errc::reply_lost));
  process->connection.at_write = nullptr;
  this->run_all();  // it was kept
  EXPECT_THAT(process->runner.complete(run, call, paid), IsOkAndHolds(NewsAnswer::not_waited_for));
  EXPECT_EQ(this->shop.times_called("charge"), 1u);
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
}

TYPED_TEST(Hazards, WhoBringsAnAnswerWaitsForNoTurnOfTheExecutor) {
  RunnerOptions options;
  options.on_executor = true;
  auto process = this->process(options);
  this->shop.wait("charge");
  const auto begun = process->runner.start(sample::checkout, this->order(), this->request());
  ASSERT_THAT(begun, IsOk());
  this->run_for(0ms);
  const CallId call = this->shop.last_pending();
  this->shop.took_effect("charge", call);
  const auto paid = sample::Receipt{};
  EXPECT_THAT(process->runner.complete(this->run_of(), call, paid),
              IsOkAndHolds(NewsAnswer::recorded));
  this->run_all();
  EXPECT_EQ(this->outcome(this->run_of())->end, RunEnd::completed);
}

// --- a claim that takes a millisecond makes the dead live

template <class Parts, class Inner = Scripted<typename Parts::Backend>>
struct SlowClaims final : Forwarding<SlowClaims<Parts>, Inner> {
  static constexpr Capabilities capabilities() noexcept { return Inner::capabilities(); }
  SlowClaims(Parts& parts_, Inner& inner) : Forwarding<SlowClaims, Inner>(inner), parts(parts_) {}
  void claim(const Claim& claim, Completion<ClaimAnswer> done) noexcept {
    parts.advance_to(this->now() + 2ms);
    this->inner().claim(claim, done);
  }
  Parts& parts;
};

TYPED_TEST(Hazards, ADeadOwnerIsKnownToBeDeadAlsoIfClaimsTakeTheirTime) {
  this->shop.wait("charge");
  auto a = this->kept();
  const RunId run = this->begin(*a);
  a->connection.dead = true;
  a.reset();
  using Slow = SlowClaims<TypeParam>;
  Scripted<typename TypeParam::Backend> connection(
      this->parts.backend, [this] { this->parts.advance_to(this->clock.now()); });
  Slow slow(this->parts, connection);
  SagaRunner<Slow> runner(slow, Environment{this->clock, this->executor, 1});
  runner.add(sample::checkout, this->shop);
  Keeper keeper(slow, Environment{this->clock, this->executor, 1});
  EXPECT_THAT(keeper.look_after(runner), testing::IsOk());
  this->run_for(2h);
  EXPECT_TRUE(this->outcome(run).has_value()) << ::testing::PrintToString(this->story(run));
}

// --- a record that the log will never take is tried for ever, and nobody is told

struct SmallLog {
  using Backend = MemoryBackend<>;
  static MemoryLimits limits() {
    MemoryLimits made;
    made.runs.max_record_bytes = most_bytes;
    return made;
  }
  static inline std::uint32_t most_bytes = 0;
  Backend backend{limits()};
  void advance_to(Time time) { backend.advance_to(time); }
  Backend& stock() { return backend; }
  Backend& log() { return backend; }
};

TEST(SmallLogs, ARunWhoseRecordIsOverTheLimitIsRefusedStuckOrEnds) {
  std::set<std::string> seen;
  for (SmallLog::most_bytes = 16; SmallLog::most_bytes < 400; SmallLog::most_bytes += 8) {
    RunnerFixture<SmallLog> fixture;
    auto process = fixture.process();
    const auto started = process->runner.start(sample::checkout, fixture.order(),
                                               fixture.request());
    if (!started.has_value()) {
      ASSERT_EQ(started.assume_error().code, Errc::limit_exceeded);
      EXPECT_EQ(process->runner.runs(), 0u);
      seen.insert("refused");
      continue;
    }
    const RunId run = fixture.run_of();
    fixture.run_for(24h);
    const auto outcomes = fixture.witness.outcomes(run);
    ASSERT_FALSE(outcomes.empty())
        << SmallLog::most_bytes << " bytes: " << ::testing::PrintToString(fixture.story(run));
    EXPECT_LT(process->connection.writes, 20);
    seen.insert(outcomes.back().end == RunEnd::stuck ? "stuck" : "ended");
  }
  EXPECT_THAT(seen, ::testing::ElementsAre("ended", "refused", "stuck"));
}

// --- a mismatch is no refusal: something may be held under the id

int lines_now = 1;
OwnedReserve changing_hold(const StepContext& step, const sample::Order&) {
  return step.reserve({{the_row, lines_now}}, 15min);
}
constexpr auto changed = saga<sample::Order, sample::Shop>(
    "changed", 1, compensable<"reserve">(changing_hold, sample::give_back, {2s, standard}),
    pivot<"commit">(sample::sell, {2s, until_known}));

TEST_F(Apart, WhatIsHeldUnderAMismatchIsReleased) {
  stock_up(4);
  auto a = this->process();
  a->runner.add(changed, shop);
  a->connection.writes_left = 2;  // begun, intent
  StartRequest request;
  request.key = "m";
  lines_now = 1;
  ASSERT_THAT(a->runner.start(changed, order(), request), IsOk());
  const RunId run = run_id("changed", request);
  const RunRecord intent = records(run).back();
  ASSERT_EQ(intent.kind, RecordKind::intent);
  const Line held[] = {{the_row, 1}};  // the reserve of A arrives, its record does not
  ASSERT_THAT(parts.store.reserve({{intent.id_high, intent.id_low}, intent.until, held}), IsOk());
  a.reset();
  lines_now = 2;
  auto b = this->process();
  b->runner.add(changed, shop);
  EXPECT_EQ(b->runner.recover().taken, 1u);
  run_for(1min);
  ASSERT_FALSE(records(run).empty());
  EXPECT_EQ(records(run).back().kind, RecordKind::ended) << ::testing::PrintToString(story(run));
  EXPECT_EQ(stock().reserved, 0) << "it has ended, and still holds";
}

// --- a run is begun after its request's deadline

TYPED_TEST(Hazards, NothingIsBegunPastTheRequestsDeadline) {
  auto process = this->process();
  int appends = 0;
  process->connection.at_append = [&](const RunRecord&) {
    return appends++ == 0 ? Mishap::late : Mishap::failed;
  };
  StartRequest request = this->request();
  request.deadline = start_time + 1min;
  EXPECT_FALSE(process->runner.start(sample::checkout, this->order(), request).has_value());
  this->run_for(2min);
  process->connection.at_append = nullptr;
  EXPECT_THAT(process->runner.start(sample::checkout, this->order(), request),
              testing::ClaimIs(ClaimState::expired));
  this->run_for(1min);
  EXPECT_EQ(this->shop.effects("charge"), 0u) << "told expired, and charged";
}

// --- the search for orphans runs far more often than is asked for

struct Counting final : Forwarding<Counting, Scripted<MemoryBackend<>>> {
  static constexpr Capabilities capabilities() noexcept {
    return Scripted<MemoryBackend<>>::capabilities();
  }
  explicit Counting(Scripted<MemoryBackend<>>& inner) : Forwarding(inner) {}
  void unfinished(RunId after, std::size_t limit, Completion<std::vector<RunId>> done) noexcept {
    if (!after.is_set()) ++scans;
    inner().unfinished(after, limit, done);
  }
  int scans = 0;
};

TEST_F(OneAppend, OrphansAreLookedForAtAMeasuredPace) {
  stock_up(1000);
  shop.wait("charge", 1'000'000);
  auto a = this->kept();
  Scripted<MemoryBackend<>> connection(parts.backend, [this] { parts.advance_to(clock.now()); });
  Counting counting(connection);
  SagaRunner<Counting> b(counting, Environment{clock, executor, 1});
  Keeper keeper(counting, Environment{clock, executor, 1});
  EXPECT_THAT(keeper.look_after(b), testing::IsOk());
  for (int i = 0; i < 300; ++i) {  // one a second, each waits for its payment
    begin(*a, std::to_string(i));
    keeper.tick();
    run_for(1s);
  }
  const int before = counting.scans;
  run_for(5min);
  EXPECT_LE(counting.scans - before, 20) << "in five minutes; a quarter of five minutes is 75 s";
}

// --- the wall clock is set back

struct SetBack final : Clock {
  std::atomic<std::int64_t> back{0};
  [[nodiscard]] Time now() const noexcept override {
    return SystemClock{}.now() - Duration{back.load()};
  }
  void sleep_until(Time time) override {
    while (now() < time) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  [[nodiscard]] bool moves_by_itself() const noexcept override { return true; }
};

TEST(Executors, WhatIsPostedIsRunAlsoAfterTheClockWasSetBack) {
  SetBack clock;
  ThreadExecutor executor(clock, 2);
  std::atomic<int> ran{0};
  const Task task{[](void* n, std::uint64_t) noexcept { ++*static_cast<std::atomic<int>*>(n); },
                  &ran, 0, nullptr};
  executor.post(task);
  for (int i = 0; i < 1000 && ran < 1; ++i) clock.sleep_until(clock.now() + Duration{1});
  ASSERT_EQ(ran, 1);
  clock.back = 3'600'000;
  executor.post(task);
  for (int i = 0; i < 500 && ran < 2; ++i) clock.sleep_until(clock.now() + Duration{2});
  EXPECT_EQ(ran, 2);
}

// --- an adjust in doubt that is asked after its deadline is taken as refused

OwnedAdjust scrap(const StepContext& step, const sample::Order& order) {
  return step.adjust(AdjustReason::write_off, order.lines, 5min);
}
OwnedAdjust unscrap(const StepContext& step, const sample::Order& order) {
  return step.adjust(AdjustReason::restock, order.lines, 5min);
}
bool scrap_refused = false;
result<sample::Receipt> decide(const sample::Order&) {
  if (scrap_refused) return refuse(1);
  return sample::Receipt{};
}
constexpr auto scrapping = saga<sample::Order, sample::Shop>(
    "scrapping", 1, compensable<"scrap">(scrap, unscrap, {2s, standard}),
    pivot<"decide">(decide, {2s, until_known}));

TEST_F(Apart, AnAdjustInDoubtIsNotRefusedBecauseItsTimeIsOver) {
  auto a = this->process();
  a->runner.add(scrapping, shop);
  a->connection.writes_left = 2;
  StartRequest request;
  request.key = "s";
  ASSERT_THAT(a->runner.start(scrapping, order(), request), IsOk());
  const RunId run = run_id("scrapping", request);
  const RunRecord intent = records(run).back();
  ASSERT_EQ(intent.kind, RecordKind::intent);
  const Line lines[] = {{the_row, 1}};
  ASSERT_THAT(parts.store.adjust(
                  {{intent.id_high, intent.id_low}, AdjustReason::write_off, intent.until, lines}),
              testing::IsAdjusted());
  a.reset();
  clock.advance_to(clock.now() + 10min);
  auto b = this->process();
  b->runner.add(scrapping, shop);
  EXPECT_EQ(b->runner.recover().taken, 1u);
  run_for(1min);
  const bool ended = records(run).back().kind == RecordKind::ended;
  EXPECT_TRUE(!ended || stock().on_hand == 1)
      << ::testing::PrintToString(story(run)) << stock().on_hand << " on hand";
}

// --- the wall clock is set back while a step is called

struct Jumping final : Clock {
  Time time = start_time;
  [[nodiscard]] Time now() const noexcept override { return time; }
  void sleep_until(Time until) override { time = std::max(time, until); }
};

TEST(Clocks, ARunGoesOnAfterTheClockWasSetBackDuringACall) {
  Jumping clock;
  LocalExecutor executor(clock);
  MemoryBackend<> backend;
  backend.advance_to(start_time);
  const Line lines[] = {{the_row, 1}};
  testing::name_rows(backend, lines);
  ASSERT_THAT(backend.adjust({AdjustId{7, 7}, AdjustReason::opening, start_time + 1h, lines}),
              testing::IsAdjusted());
  sample::Shop shop;
  shop.fail("charge", {Errc::unavailable});
  shop.script("charge", [&](const StepContext&) -> result<Reply<sample::Receipt>> {
    clock.time -= 50ms;
    return Error{Errc::unavailable};
  });
  SagaRunner<MemoryBackend<>> runner(backend, Environment{clock, executor, 1});
  runner.add(sample::checkout, shop);
  StartRequest request;
  request.key = "c";
  ASSERT_THAT(runner.start(sample::checkout, RunnerFixture<OnOneAppend>::order(), request), IsOk());
  for (int i = 0; i < 100 && executor.run_one(); ++i) {
  }
  EXPECT_EQ(runner.runs(), 0u) << "it waits, and nothing is armed";
}

// --- what `split` remembers of forgotten runs

TEST(Forgetting, SplitForgetsARunInItsOutboxToo) {
  MemoryLimits limits;
  limits.outbox.max_runs = 1;
  MemoryBackend<> stock, claims, outbox(limits);
  testing::ApartLog log;
  auto backend = split(stock, claims, log, outbox);
  for (std::uint64_t run = 1; run <= 2; ++run) {
    const Event event = testing::event_of(testing::run_no(run), 1, "X");
    EXPECT_THAT(testing::put(backend, event), IsOk());
    ASSERT_THAT(backend.acknowledge_event(event.run, 1), IsOk());
    ASSERT_THAT(backend.forget(event.run), IsOk());
  }
}

}  // namespace
}  // namespace invsaga::runner_tests
