// SPDX-License-Identifier: Apache-2.0
//
// Waiting for one run: by a completion, on a thread, as a coroutine; wherever it is driven.
#include <coroutine>
#include <deque>
#include <thread>

#include "invsaga/await_run.hpp"
#include "tests/runner/news_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::ErrorIs;
using testing::IsOk;

struct HeardEnd {
  std::optional<result<RunOutcome>> answer;
  bool within_task = false;
  Completion<RunOutcome> completion() {
    return {[](void* context, std::uint64_t, result<RunOutcome>&& answer) noexcept {
              auto& self = *static_cast<HeardEnd*>(context);
              EXPECT_FALSE(self.answer) << "told twice";
              self.answer.emplace(std::move(answer));
              self.within_task = TaskScope::is_here();
            },
            this, 0};
  }
};

template <class Parts>
class Waits : public ::testing::Test, public RunnerFixture<Parts> {
 protected:
  using Process = typename RunnerFixture<Parts>::Process;
  void wait(Process& process, Duration patience, const std::string& number = "1") {
    process.runner.wait(this->run_of(number), this->clock.now() + patience, heard.completion());
  }
  void pay(Process& process) {
    const CallId call = this->shop.last_pending();
    this->shop.took_effect("charge", call);
    EXPECT_THAT(
        process.runner.complete(this->run_of(), call, result<sample::Receipt>(sample::Receipt{7})),
        IsOk());
  }
  HeardEnd heard;
};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(Waits, BothBackends);

TYPED_TEST(Waits, ForOneThatHasEndedIsToldOnTheExecutorWhatTheLogSays) {
  auto process = this->process();
  const RunId run = this->begin(*process);
  this->wait(*process, 0s);
  EXPECT_FALSE(this->heard.answer) << "its caller may hold locks";
  this->run_for(0s);
  ASSERT_TRUE(this->heard.answer);
  EXPECT_TRUE(this->heard.within_task);
  EXPECT_EQ(this->heard.answer->value(), this->outcome(run));
}

TYPED_TEST(Waits, IsToldAtOnceWhenItEndsHere) {
  auto process = this->process();
  this->shop.wait("charge");
  this->begin(*process);
  this->wait(*process, 1h);
  this->run_for(999ms);
  EXPECT_FALSE(this->heard.answer);
  this->pay(*process);
  this->run_for(0s);
  ASSERT_TRUE(this->heard.answer);
  EXPECT_EQ(this->heard.answer->value().end, RunEnd::completed);
}

TYPED_TEST(Waits, IsToldSoonWhenItEndsElsewhere) {
  auto driver = this->process();
  auto other = this->process();
  this->shop.wait("charge");
  this->begin(*driver);
  this->wait(*other, 1h);
  this->run_for(2s);
  this->pay(*driver);
  EXPECT_FALSE(this->heard.answer);
  this->run_for(1s);
  ASSERT_TRUE(this->heard.answer);
  EXPECT_EQ(this->heard.answer->value().end, RunEnd::completed);
}

TYPED_TEST(Waits, AlsoForOneThatNobodyHasBegunYet) {
  auto process = this->process();
  this->wait(*process, 1h);
  this->run_for(10min);
  EXPECT_FALSE(this->heard.answer);
  this->begin(*process);
  this->run_for(1s);
  ASSERT_TRUE(this->heard.answer);
  EXPECT_EQ(this->heard.answer->value().end, RunEnd::completed);
}

TYPED_TEST(Waits, AtTheDeadlineItIsSaidWhetherItHasBegun) {
  auto process = this->process();
  this->wait(*process, 10s);
  this->run_for(9'999ms);
  EXPECT_FALSE(this->heard.answer);
  this->run_for(1ms);
  ASSERT_TRUE(this->heard.answer);
  EXPECT_THAT(*this->heard.answer, ErrorIs(Errc::not_found));
  this->heard.answer.reset();
  this->shop.wait("charge");
  this->begin(*process);
  this->wait(*process, 2s);
  this->run_for(2s);
  ASSERT_TRUE(this->heard.answer);
  EXPECT_THAT(*this->heard.answer, ErrorIs(Errc::timed_out));
}

TYPED_TEST(Waits, OneThatIsStuckHasEndedForWhoWaits) {
  auto process = this->process();
  this->shop.fail("clear", refuse());
  this->shop.wait("charge");
  this->begin(*process);
  this->wait(*process, 1h);
  this->pay(*process);
  this->run_for(1s);
  ASSERT_TRUE(this->heard.answer);
  const RunOutcome outcome = this->heard.answer->value();
  EXPECT_EQ(outcome.end, RunEnd::stuck);
  EXPECT_EQ(outcome.step, sample::clear_step);
  ASSERT_FALSE(this->witness.outcomes(this->run_of()).empty());
  EXPECT_EQ(outcome, this->witness.outcomes(this->run_of()).back());
}

TYPED_TEST(Waits, ShortLinesComeWithTheOutcome) {
  auto process = this->process();
  this->begin(*process, "another");  // takes the last one
  this->begin(*process);
  this->wait(*process, 1h);
  this->run_for(1s);
  ASSERT_TRUE(this->heard.answer);
  EXPECT_EQ(this->heard.answer->value().end, RunEnd::compensated);
  EXPECT_EQ(this->heard.answer->value().shorts.size(), 1u);
}

TYPED_TEST(Waits, ALogThatDoesNotAnswerIsAskedAgain) {
  auto driver = this->process();
  auto other = this->process();
  int failures = 3;
  other->connection.at_read = [&] { return failures-- > 0 ? Mishap::failed : Mishap::none; };
  this->begin(*driver);
  this->wait(*other, 1h);
  this->run_for(5s);
  ASSERT_TRUE(this->heard.answer);
  EXPECT_EQ(this->heard.answer->value().end, RunEnd::completed);
}

TYPED_TEST(Waits, AStopOrAnEndIsUnavailable) {
  for (const bool stops : {true, false}) {
    auto process = this->process();
    this->shop.wait("charge");
    this->begin(*process, stops ? "1" : "2");
    this->heard.answer.reset();
    this->wait(*process, 1h, stops ? "1" : "2");
    this->run_for(100ms);
    if (stops) {
      process->runner.stop(this->clock.now());
      this->run_for(0s);
    } else {
      process.reset();
    }
    ASSERT_TRUE(this->heard.answer);
    EXPECT_THAT(*this->heard.answer, ErrorIs(Errc::unavailable));
    process.reset();
    this->run_for(2h);
  }
}

// --- what waits at the executor

/// The log is slow to answer, so that each has something armed.
TEST_F(SlowNews, WaitsThatAreOverLeaveNothingArmed) {
  constexpr int waits = 100'000;
  SlowRunner runner(*this);
  runner.start(sample::checkout, order(), request(),
               {[](void*, std::uint64_t, result<StartAnswer>&&) noexcept {}});
  run_for(1s);
  const std::size_t before = executor.waiting();
  int told = 0;
  const Completion<RunOutcome> tell{
      [](void* count, std::uint64_t, result<RunOutcome>&& answer) noexcept {
        *static_cast<int*>(count) += answer.has_value() ? 1 : 0;
      },
      &told, 0};
  slow.at_log = [](std::vector<LogEntry>& log) { log.erase(log.begin(), log.end() - 1); };
  for (int i = 0; i < waits; ++i) {
    slow.holds_reads = true;
    runner.wait(run_of(), clock.now() + 1h, tell);
    slow.holds_reads = false;
    slow.release_all();
    executor.run_until(clock.now());
  }
  EXPECT_EQ(told, waits);
  EXPECT_LE(executor.waiting(), before + 1) << "one task will do for all";
}

/// Whoever was armed last, or first.
TYPED_TEST(Waits, EachIsToldAtItsDeadline) {
  auto process = this->process();
  this->shop.wait("charge", 1'000);
  this->begin(*process);
  std::deque<HeardEnd> all(50);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Duration patience = Duration{1'000 + 700 * static_cast<int>(i * 7 % all.size())};
    process->runner.wait(this->run_of(), start_time + patience, all[i].completion());
  }
  for (std::size_t due = 0; due < all.size(); ++due) {
    this->executor.run_until(start_time + Duration{1'000 + 700 * static_cast<int>(due)});
    std::size_t told = 0;
    for (const HeardEnd& one : all) told += one.answer ? 1 : 0;
    EXPECT_EQ(told, due + 1);
  }
  for (const HeardEnd& one : all) EXPECT_THAT(*one.answer, ErrorIs(Errc::timed_out));
}

// --- on a thread

TYPED_TEST(Waits, AThreadThatIsWithinATaskOrAStepIsRefused) {
  auto process = this->process();
  std::optional<result<RunOutcome>> answer;
  this->shop.script("charge", [&](const StepContext& context) -> result<Reply<sample::Receipt>> {
    answer.emplace(process->runner.wait(context.run, this->clock.now() + 1h));
    this->shop.took_effect("charge", context.id);
    return Reply<sample::Receipt>(sample::Receipt{7});
  });
  this->begin(*process);
  ASSERT_TRUE(answer);
  EXPECT_THAT(*answer, ErrorIs(Errc::unsupported));
}

TEST(WaitsOnThreads, RunTheTasksOfALocalExecutor) {
  testing::ManualClock clock(start_time);
  LocalExecutor executor(clock);
  MemoryBackend<> backend;
  backend.advance_to(clock.now());
  const Line one[] = {{the_row, 1}};
  testing::name_rows(backend, one);
  ASSERT_THAT(backend.adjust({{7, 7}, AdjustReason::opening, clock.now() + 1h, one}),
              testing::IsAdjusted());
  sample::Shop shop;
  SagaRunner<MemoryBackend<>> runner(backend, Environment{clock, executor});
  runner.add(sample::checkout, shop);
  shop.fail("charge", Error{Errc::unavailable});  // it is tried again after a while
  StartRequest request;
  request.key = "1";
  const RunId run = run_id(sample::checkout.name(), request);
  ASSERT_THAT(runner.start(sample::checkout, sample::Order{}, request), IsOk());
  const auto ended = runner.wait(run, clock.now() + 1h);
  ASSERT_THAT(ended, IsOk());
  EXPECT_EQ(ended.value().end, RunEnd::completed);
  EXPECT_THAT(runner.wait(RunId{9, 9}, clock.now() + 1h), ErrorIs(Errc::not_found));
}

/// The clock stands still, and somebody looks after the runner.
TEST(WaitsOnThreads, MoveTheClockThoughAKeeperLooks) {
  testing::ManualClock clock(start_time);
  LocalExecutor executor(clock);
  MemoryBackend<> backend;
  const Environment environment{clock, executor};
  Keeper keeper(backend, environment);
  sample::Shop shop;
  SagaRunner<MemoryBackend<>> runner(backend, environment);
  runner.add(sample::checkout, shop);
  EXPECT_THAT(keeper.look_after(runner), testing::IsOk());
  EXPECT_THAT(runner.wait(RunId{9, 9}, clock.now() + 1h), ErrorIs(Errc::not_found));
  EXPECT_EQ(clock.now(), start_time + 1h);
}

TEST_F(SlowNews, AStoreThatDoesNotAnswerKeepsNobodyBeyondTheDeadline) {
  SlowRunner runner(*this);
  slow.holds_reads = true;
  HeardEnd heard, stopped;
  runner.wait(run_of(), clock.now() + 5s, heard.completion());
  runner.wait(run_of(), clock.now() + 1h, stopped.completion());
  run_for(4s);
  EXPECT_FALSE(heard.answer);
  run_for(1s);
  ASSERT_TRUE(heard.answer);
  EXPECT_THAT(*heard.answer, ErrorIs(Errc::timed_out));
  runner.stop(clock.now(), {[](void*, std::uint64_t, result<StopReport>&&) noexcept {}});
  run_for(2s);
  ASSERT_TRUE(stopped.answer);
  EXPECT_THAT(*stopped.answer, ErrorIs(Errc::unavailable));
  let_go();
  run_for(1s);
}

// --- as a coroutine

/// Begins at once, and belongs to nobody.
struct Detached {
  struct promise_type {
    Detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};
template <class Runner>
Detached keep_end(Runner& runner, RunId run, Time deadline, std::vector<result<RunOutcome>>& kept) {
  kept.push_back(co_await end_of(runner, run, deadline));
}

TYPED_TEST(Waits, ACoroutineIsResumedWithTheOutcome) {
  auto process = this->process();
  this->shop.wait("charge");
  this->begin(*process);
  std::vector<result<RunOutcome>> kept;
  keep_end(process->runner, this->run_of(), this->clock.now() + 1h, kept);
  keep_end(process->runner, RunId{9, 9}, this->clock.now() + 1h, kept);
  this->run_for(1s);
  EXPECT_TRUE(kept.empty());
  this->pay(*process);
  this->run_for(0s);
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].value().end, RunEnd::completed);
  process.reset();
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_THAT(kept[1], ErrorIs(Errc::unavailable));
}

}  // namespace
}  // namespace invsaga::runner_tests
