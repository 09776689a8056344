// SPDX-License-Identifier: Apache-2.0
//
// Bounds that a run meets on its way: it ends, or is stuck and says so, and keeps no other out.
#include "tests/runner/limited_parts.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::ClaimIs;
using testing::ErrorIs;
using testing::IsOk;

Position most_records = 0;  // of the parts that are made next

MemoryLimits short_logs() {
  MemoryLimits limits;
  limits.runs.max_records_a_run = most_records;
  return limits;
}
template <class Parts>
class ShortLog : public ::testing::Test {};
using BothShort = ::testing::Types<LimitedOnOneAppend<short_logs>, LimitedInSplit<short_logs>>;
TYPED_TEST_SUITE(ShortLog, BothShort);

/// Of a process that has one place.
template <class Parts>
void expect_at_rest(RunnerFixture<Parts>& fixture,
                    typename RunnerFixture<Parts>::Process& process) {
  const int writes = process.connection.writes;
  fixture.run_for(1h);
  EXPECT_EQ(process.connection.writes, writes) << "it goes on trying";
  fixture.stock_up(1);
  EXPECT_THAT(process.runner.start(sample::checkout, fixture.order("2"), fixture.request("2")),
              ClaimIs(ClaimState::fresh))
      << "it keeps others out";
}

TYPED_TEST(ShortLog, IsTheEndOfARunOrLeavesItToAPerson) {
  bool completed = false;
  for (most_records = 2; !completed; ++most_records) {
    SCOPED_TRACE(most_records);
    ASSERT_LT(most_records, 30u);
    RunnerFixture<TypeParam> fixture;
    RunnerOptions options;
    options.max_runs = 1;
    auto process = fixture.process(options);
    const RunId run = fixture.begin(*process);
    fixture.run_for(1h);
    const auto records = fixture.records(run);
    ASSERT_FALSE(records.empty());
    completed = records.back().kind == RecordKind::ended;
    EXPECT_TRUE(completed || records.back().kind == RecordKind::stuck)
        << ::testing::PrintToString(fixture.story(run));
    const auto status = process->runner.status(run);
    ASSERT_THAT(status, IsOk());
    if (!completed) {
      EXPECT_EQ(fixture.witness.outcomes(run).back().end, RunEnd::stuck);
      EXPECT_THAT(process->runner.resume(run), ErrorIs(Errc::limit_exceeded));
    }
    expect_at_rest(fixture, *process);
  }
}

/// Nobody can take it over any more: it ends, or is stuck once, and is told of.
TYPED_TEST(ShortLog, LeavesARunThatItCannotTakeOverToAPerson) {
  most_records = 2;
  RunnerFixture<TypeParam> fixture;
  auto a = fixture.process();
  a->connection.writes_left = TypeParam::one_append ? 0 : 1;
  a->connection.last_write_lands = true;
  static_cast<void>(a->runner.start(sample::checkout, fixture.order(), fixture.request()));
  const RunId run = fixture.run_of();
  ASSERT_TRUE(a->connection.dead);
  ASSERT_GE(fixture.records(run).size(), 2u);
  ASSERT_NE(fixture.records(run).back().kind, RecordKind::stuck);
  auto b = fixture.process();
  fixture.run_for(1h);
  EXPECT_EQ(b->runner.recover().taken, 1u);
  EXPECT_EQ(b->runner.runs(), 0u);
  EXPECT_EQ(fixture.records(run).back().kind, RecordKind::stuck);
  ASSERT_EQ(fixture.witness.outcomes(run).size(), 1u);
  EXPECT_EQ(fixture.witness.outcomes(run).back().end, RunEnd::stuck);
  const int writes = b->connection.writes;
  fixture.run_for(1h);
  EXPECT_EQ(b->runner.recover().taken, 0u);
  EXPECT_EQ(b->connection.writes, writes) << "it goes on trying";
  EXPECT_EQ(fixture.witness.outcomes(run).size(), 1u);
}

struct HeardNews {
  std::vector<result<NewsAnswer>> answers;
  Completion<NewsAnswer> completion() {
    return {[](void* self, std::uint64_t, result<NewsAnswer>&& answer) noexcept {
              static_cast<HeardNews*>(self)->answers.push_back(std::move(answer));
            },
            this, 0};
  }
};

/// Nothing that it has to say can be recorded; it is stuck once, and whoever brings it hears so.
TYPED_TEST(ShortLog, TellsWhoBringsAnAnswerWhatBecameOfIt) {
  for (most_records = 2; most_records < 16; ++most_records) {
    SCOPED_TRACE(most_records);
    HeardNews heard;
    RunnerFixture<TypeParam> fixture;
    auto process = fixture.process();
    fixture.shop.wait("charge");
    const RunId run = fixture.begin(*process);
    fixture.run_for(1s);
    const CallId call = fixture.shop.last_pending();
    if (!call.is_set()) continue;           // it did not come so far
    process->connection.writes_left = 100;  // it may not write on and on
    const result<sample::Receipt> paid(sample::Receipt{9});
    for (std::size_t times = 1; times <= 5; ++times) {
      process->runner.complete(run, call, paid, heard.completion());
      fixture.run_for(1h);
      ASSERT_EQ(heard.answers.size(), times);
    }
    ASSERT_FALSE(process->connection.dead);
    EXPECT_LE(fixture.records(run).size(), most_records + 2u);
  }
}

/// What came late is cancelled, which takes a record.
TEST(ShortLogInSplit, ThatHasNoRoomForACancelLeavesWhatIsLateToAPerson) {
  most_records = 2;
  RunnerFixture<LimitedInSplit<short_logs>> fixture;
  StartRequest request = fixture.request();
  request.deadline = start_time + 20min;
  {
    auto dead = fixture.process();
    dead->connection.writes_left = 0;
    dead->connection.last_write_lands = true;
    static_cast<void>(dead->runner.start(sample::checkout, fixture.order(), request));
  }
  fixture.run_for(1h);
  RunnerOptions options;
  options.max_runs = 1;
  auto process = fixture.process(options);
  process->runner.recover();
  fixture.run_for(1min);
  EXPECT_EQ(fixture.records(run_id(sample::checkout.name(), request)).back().kind,
            RecordKind::stuck);
  expect_at_rest(fixture, *process);
}

// --- runs that are stuck

template <class Parts>
class StuckRuns : public ::testing::Test, public RunnerFixture<Parts> {
 protected:
  using Process = typename RunnerFixture<Parts>::Process;

  std::unique_ptr<Process> process_for(std::size_t max_runs) {
    RunnerOptions options;
    options.max_runs = max_runs;
    return this->process(options);
  }
  /// The cart's service says no for good, after the pivot.
  RunId get_stuck(Process& process, const std::string& number) {
    this->stock_up(1);
    this->shop.fail("clear", refuse());
    const RunId run = this->begin(process, number);
    this->run_for(1min);
    EXPECT_EQ(this->records(run).back().kind, RecordKind::stuck);
    return run;
  }
};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(StuckRuns, BothBackends);

TYPED_TEST(StuckRuns, KeepNoOtherOut) {
  auto process = this->process_for(1);
  std::vector<RunId> stuck;
  for (const char* number : {"1", "2", "3"}) stuck.push_back(this->get_stuck(*process, number));
  EXPECT_EQ(process->runner.runs(), 0u);
  for (const RunId run : stuck) {
    EXPECT_EQ(this->witness.outcomes(run).size(), 1u);
    EXPECT_THAT(process->runner.resume(run), IsOk());
    this->run_for(1min);
    EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
  }
  EXPECT_EQ(process->runner.runs(), 0u);
}

/// Sees at once to what is stuck.
template <class Runner>
struct SeesTo final : RunObserver {
  void ended(RunId run, const RunState&, const RunOutcome& outcome) override {
    if (outcome.end != RunEnd::stuck || run != of) return;
    runner->resume(run, heard.completion());
  }
  Runner* runner = nullptr;
  RunId of;
  HeardNews heard;
};

TYPED_TEST(StuckRuns, ThatAreResumedWhileTheyAreToldAreDrivenOn) {
  SeesTo<typename RunnerFixture<TypeParam>::Runner> observer;
  RunnerOptions options;
  options.max_runs = 1;
  options.observer = &observer;
  auto process = this->process(options);
  observer.runner = &process->runner;
  this->get_stuck(*process, "1");  // no more are watched than this one
  observer.of = this->run_of("2");
  this->shop.fail("clear", refuse());
  this->stock_up(1);
  const RunId second = this->begin(*process, "2");
  this->run_for(1h);
  ASSERT_EQ(observer.heard.answers.size(), 1u);
  EXPECT_EQ(observer.heard.answers[0], result<NewsAnswer>(NewsAnswer::recorded));
  ASSERT_TRUE(this->outcome(second).has_value()) << "nobody drives it";
}

TYPED_TEST(StuckRuns, AreToldOfOnceAndLeftToWhoResumesThem) {
  auto a = this->process_for(1);
  const RunId run = this->get_stuck(*a, "1");
  auto b = this->process_for(1);
  for (auto* process : {&a, &b}) {
    this->run_for(1h);
    const RecoveryReport report = (*process)->runner.recover();
    EXPECT_EQ(report.taken + report.failed, 0u);
    EXPECT_EQ((*process)->runner.runs(), 0u);
  }
  EXPECT_EQ(this->witness.outcomes(run).size(), 1u);
  EXPECT_THAT(b->runner.resume(run), IsOk());
  this->run_for(1min);
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
  ASSERT_EQ(this->witness.outcomes(run).size(), 2u);
}

/// Its place is another's by then.
TYPED_TEST(StuckRuns, AreDrivenOnByTheNextRecoveryIfTheRunnerIsFullWhenTheyAreResumed) {
  auto process = this->process_for(1);
  const RunId run = this->get_stuck(*process, "1");
  this->stock_up(1);
  this->shop.wait("charge");
  this->begin(*process, "2");
  ASSERT_EQ(process->runner.runs(), 1u);
  EXPECT_THAT(process->runner.resume(run), IsOk());
  this->run_for(1s);
  EXPECT_FALSE(this->outcome(run).has_value());
  EXPECT_THAT(process->runner.cancel(this->run_of("2"), "no more"), IsOk());
  this->run_for(1min);
  EXPECT_EQ(process->runner.recover().taken, 1u);
  this->run_for(1min);
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
}

}  // namespace
}  // namespace invsaga::runner_tests
