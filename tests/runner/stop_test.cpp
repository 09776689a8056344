// SPDX-License-Identifier: Apache-2.0
//
// A runner that stops: nothing is begun any more, what is under way is let be answered, and the
// next process goes on. On threads: `stop_threads_test`.
#include "tests/runner/news_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using ::testing::Contains;
using testing::ErrorIs;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::Not;

struct HeardStop {
  std::optional<result<StopReport>> answer;
  Completion<StopReport> completion() {
    return {[](void* self, std::uint64_t, result<StopReport>&& answer) noexcept {
              static_cast<HeardStop*>(self)->answer.emplace(std::move(answer));
            },
            this, 0};
  }
};

template <class Parts>
class StoppingWorld : public RunnerFixture<Parts> {
 public:
  using Process = typename RunnerFixture<Parts>::Process;

  /// The step is under way when the runner is told to stop.
  void stop_within(const std::string& step, Process& process) {
    this->shop.script(step,
                      [&, step](const StepContext& context) -> result<Reply<sample::Receipt>> {
                        process.runner.stop(this->clock.now() + 1min, heard.completion());
                        EXPECT_FALSE(heard.answer) << "it is under way";
                        this->shop.took_effect(step, context.id);
                        return Reply<sample::Receipt>(sample::Receipt{7});
                      });
  }
  /// All that is recorded is the last process's to go on with.
  void go_on(std::unique_ptr<Process>& process, RunId run) {
    process.reset();
    auto next = this->process();
    EXPECT_LE(next->runner.recover().taken, 1u);
    this->run_all();
    this->check_sound(run);
    EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
  }
  HeardStop heard;
};
template <class Parts>
class Stops : public ::testing::Test, public StoppingWorld<Parts> {};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(Stops, BothBackends);

TYPED_TEST(Stops, WhatIsAnsweredMeanwhileIsRecordedAndNothingFollows) {
  for (const char* step : {"place", "charge"}) {
    SCOPED_TRACE(step);
    StoppingWorld<TypeParam> world;
    auto process = world.process();
    world.stop_within(step, *process);
    const RunId run = world.begin(*process);
    ASSERT_TRUE(world.heard.answer);
    EXPECT_TRUE(world.heard.answer->value().at_rest);
    EXPECT_EQ(world.heard.answer->value().left, 1u);
    const std::string last = world.story(run).back();
    EXPECT_THAT(last, ::testing::AnyOf("outcome place done", "outcome pay done"));
    const std::size_t calls = world.shop.calls().size();
    world.run_for(1h);
    EXPECT_EQ(world.shop.calls().size(), calls);
    EXPECT_EQ(world.story(run).back(), last);
    world.go_on(process, run);
    EXPECT_EQ(world.shop.times_called(step), 1u) << "its answer was thrown away";
  }
}

TYPED_TEST(Stops, TheLastStepEndsItsRunWhichIsToldOnce) {
  auto process = this->process();
  this->stop_within("clear", *process);
  const RunId run = this->begin(*process);
  ASSERT_TRUE(this->heard.answer);
  EXPECT_EQ(this->heard.answer->value().left, 0u);
  EXPECT_EQ(this->witness.outcomes(run).size(), 1u);
  this->check_sound(run);
  process.reset();
  auto next = this->process();
  next->runner.recover();
  this->run_all();
  EXPECT_EQ(this->witness.outcomes(run).size(), 1u);
}

TYPED_TEST(Stops, NothingIsBegunAnyMore) {
  auto process = this->process();
  EXPECT_TRUE(process->runner.stop(this->clock.now()).at_rest);
  EXPECT_THAT(process->runner.start(sample::checkout, this->order(), this->request()),
              ErrorIs(Errc::unavailable));
  EXPECT_TRUE(this->records(this->run_of()).empty());
  EXPECT_EQ(process->runner.recover().failed, 1u);
  EXPECT_TRUE(process->runner.stop(this->clock.now()).at_rest) << "again";
}

TYPED_TEST(Stops, AnswersFromOutsideAreNotWaitedForAndTakenAllTheSame) {
  auto process = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*process);
  const StopReport report = process->runner.stop(this->clock.now() + 1h);
  EXPECT_TRUE(report.at_rest);
  EXPECT_EQ(report.left, 1u);
  const CallId call = this->shop.last_pending();
  this->shop.took_effect("charge", call);
  EXPECT_THAT(process->runner.complete(run, call, result<sample::Receipt>(sample::Receipt{7})),
              IsOkAndHolds(NewsAnswer::recorded));
  EXPECT_EQ(this->story(run).back(), "outcome pay done");
  this->go_on(process, run);
  EXPECT_EQ(this->shop.times_called("charge"), 1u);
}

struct HeardNews {
  std::optional<result<NewsAnswer>> answer;
  Completion<NewsAnswer> completion() {
    return {[](void* self, std::uint64_t, result<NewsAnswer>&& answer) noexcept {
              static_cast<HeardNews*>(self)->answer.emplace(std::move(answer));
            },
            this, 0};
  }
};

/// It was handed to a driver that has yet to write that it takes the run over.
TYPED_TEST(Stops, AnAnswerThatCameBeforeItsRunIsTakenOverIsTakenToo) {
  for (const bool stops_first : {true, false}) {
    StoppingWorld<TypeParam> world;
    auto process = world.process();
    world.shop.wait("charge");
    const RunId run = world.begin(*process);
    RunnerOptions options;
    options.on_executor = true;
    process = world.process(options);
    EXPECT_EQ(process->runner.recover().taken, 1u);
    HeardNews told;
    const CallId call = world.shop.last_pending();
    world.shop.took_effect("charge", call);
    const auto stop = [&] {
      process->runner.stop(world.clock.now() + 1h, world.heard.completion());
      if (stops_first) world.run_for(0s);
    };
    if (stops_first) stop();
    process->runner.complete(run, call, result<sample::Receipt>(sample::Receipt{7}),
                             told.completion());
    if (!stops_first) stop();
    world.run_for(1s);
    ASSERT_TRUE(world.heard.answer);
    EXPECT_TRUE(world.heard.answer->value().at_rest);
    ASSERT_TRUE(told.answer) << "it is told nothing until the runner's end";
    EXPECT_THAT(*told.answer, IsOkAndHolds(NewsAnswer::recorded));
    EXPECT_EQ(world.story(run).back(), "outcome pay done");
    world.go_on(process, run);
    EXPECT_EQ(world.shop.times_called("charge"), 1u);
  }
}

TYPED_TEST(Stops, ACancelIsRecordedAndLeftToTheNextProcess) {
  auto process = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*process);
  process->runner.stop(this->clock.now());
  EXPECT_EQ(process->runner.cancel(run, "no more").value().decision, CancelDecision::accepted);
  this->run_for(1h);
  EXPECT_EQ(this->story(run).back(), "cancelled");
  process.reset();
  const CallId call = this->shop.last_pending();
  auto next = this->process();
  EXPECT_THAT(next->runner.complete(run, call, result<sample::Receipt>(refuse())), IsOk());
  this->run_all();
  EXPECT_EQ(this->outcome(run)->end, RunEnd::compensated);
}

TYPED_TEST(Stops, AtItsDeadlineItSaysWhatIsLeft) {
  auto process = this->process();
  this->shop.script("charge", [&](const StepContext& context) -> result<Reply<sample::Receipt>> {
    this->shop.took_effect("charge", context.id);
    process->connection.at_append = [](const RunRecord&) { return Mishap::failed; };
    process->runner.stop(this->clock.now() + 1min, this->heard.completion());
    return Reply<sample::Receipt>(sample::Receipt{7});
  });
  const RunId run = this->begin(*process);
  this->run_for(59s);
  EXPECT_FALSE(this->heard.answer);
  this->run_for(2s);
  ASSERT_TRUE(this->heard.answer);
  EXPECT_FALSE(this->heard.answer->value().at_rest);
  EXPECT_EQ(this->heard.answer->value().left, 1u);
  EXPECT_THAT(this->story(run), Not(Contains("outcome pay done")));
}

TYPED_TEST(Stops, ACompleterOutlivesItsRunner) {
  auto process = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*process);
  const Completer completer = process->runner.completer();
  const CallId call = this->shop.last_pending();
  this->shop.took_effect("charge", call);
  const auto paid = result<sample::Receipt>(sample::Receipt{7});
  process.reset();
  EXPECT_THAT(completer.complete(run, call, paid), ErrorIs(Errc::unavailable));
  process = this->process();
  EXPECT_THAT(process->runner.completer().complete(run, call, paid),
              IsOkAndHolds(NewsAnswer::recorded));
  this->run_all();
  this->check_sound(run);
}

// --- a store that answers later

TEST_F(SlowNews, AStopRestsWhileAnAppendIsUnderWay) {
  SlowRunner runner(*this);
  slow.holds_replies = true;
  runner.start(sample::checkout, order(), request(),
               {[](void*, std::uint64_t, result<StartAnswer>&&) noexcept {}});
  ASSERT_EQ(slow.held(), 1u);
  HeardStop heard;
  runner.stop(clock.now() + 1h, heard.completion());
  EXPECT_LT(executor.run_all(1'000), 1'000u) << "a hot loop";
  ASSERT_TRUE(heard.answer) << "its deadline has come";
  EXPECT_FALSE(heard.answer->value().at_rest);
  let_go();
  run_for(1s);
  EXPECT_TRUE(runner.stop(clock.now()).at_rest);
}

/// The log does not say yet what has become of it.
TEST_F(SlowNews, AStopDoesNotRestBeforeAnAnswerIsTold) {
  SlowRunner runner(*this);
  const RunId run = first_unpaid(runner);
  runner.stop(clock.now(), {[](void*, std::uint64_t, result<StopReport>&&) noexcept {}});
  EXPECT_THAT(runner.complete(run, shop.last_pending(), paid), IsOk());
  slow.fails_reads = true;
  HeardNews told;
  const auto other = result<sample::Receipt>(sample::Receipt{8});
  runner.complete(run, shop.last_pending(), other, told.completion());
  EXPECT_FALSE(told.answer);
  HeardStop heard;
  runner.stop(clock.now() + 1h, heard.completion());
  run_for(1min);
  EXPECT_FALSE(heard.answer) << "somebody waits for what became of it";
  slow.fails_reads = false;
  run_for(1min);
  ASSERT_TRUE(told.answer && heard.answer);
  EXPECT_THAT(*told.answer, IsOkAndHolds(NewsAnswer::not_waited_for));
  EXPECT_TRUE(heard.answer->value().at_rest);
}

TEST_F(SlowNews, EachStopHasItsOwnDeadline) {
  SlowRunner runner(*this);
  slow.holds_replies = true;
  runner.start(sample::checkout, order(), request(),
               {[](void*, std::uint64_t, result<StartAnswer>&&) noexcept {}});
  ASSERT_EQ(slow.held(), 1u);
  HeardStop first, second;
  runner.stop(clock.now() + 1s, first.completion());
  runner.stop(clock.now() + 1min, second.completion());
  run_for(2s);
  ASSERT_TRUE(first.answer);
  EXPECT_FALSE(first.answer->value().at_rest);
  EXPECT_FALSE(second.answer);
  let_go();
  run_for(1s);
  ASSERT_TRUE(second.answer);
  EXPECT_TRUE(second.answer->value().at_rest);
}

}  // namespace
}  // namespace invsaga::runner_tests
