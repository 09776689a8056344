// SPDX-License-Identifier: Apache-2.0
//
// Who waits for runs, or for a stop, is bounded: the bound is filled, told by its name, holds back
// who is new and nobody else, and is emptied.
#include "tests/runner/news_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::ErrorIs;
using testing::IsOk;
using testing::Kept;

constexpr std::size_t bound = 2;

class WaiterBounds : public SlowNews {
 protected:
  static RunnerOptions few() {
    RunnerOptions options;
    options.max_waiters = bound;
    return options;
  }
  void wait(Kept<RunOutcome>& heard, Duration patience) {
    runner.wait(run_of(), clock.now() + patience, heard.completion());
  }
  /// As many as there may be.
  void fill(Kept<RunOutcome> (&heard)[bound], Duration patience) {
    for (Kept<RunOutcome>& one : heard) wait(one, patience);
  }
  void expect_full() {
    Kept<RunOutcome> heard;
    wait(heard, 1h);
    ASSERT_TRUE(heard.answer) << "at once";
    EXPECT_EQ(*heard.answer, result<RunOutcome>(no_room(Limit::waiters, bound)));
  }
  void pay() { EXPECT_THAT(runner.complete(run_of(), shop.last_pending(), paid), IsOk()); }

  SlowRunner runner{*this, few()};
};

TEST_F(WaiterBounds, WhoWaitsMakesRoomWhenTheRunHasEnded) {
  first_unpaid(runner);
  Kept<RunOutcome> heard[bound];
  fill(heard, 1h);
  expect_full();
  run_for(1s);
  expect_full();
  shop.took_effect("charge", shop.last_pending());
  pay();
  run_for(1s);
  for (const auto& one : heard) {
    ASSERT_TRUE(one.answer);
    EXPECT_EQ(one.answer->value().end, RunEnd::completed) << "who is full holds no run back";
  }
  Kept<RunOutcome> again;
  wait(again, 1h);
  run_for(1s);
  ASSERT_TRUE(again.answer);
  EXPECT_THAT(*again.answer, IsOk());
}

TEST_F(WaiterBounds, WhoWaitsMakesRoomAtItsDeadline) {
  first_unpaid(runner);
  Kept<RunOutcome> heard[bound];
  fill(heard, 1s);
  expect_full();
  run_for(1s);
  for (const auto& one : heard) {
    ASSERT_TRUE(one.answer);
    EXPECT_THAT(*one.answer, ErrorIs(Errc::timed_out));
  }
  Kept<RunOutcome> again;
  wait(again, 1h);
  EXPECT_FALSE(again.answer);
  shop.took_effect("charge", shop.last_pending());
  pay();
  run_for(1s);
  ASSERT_TRUE(again.answer);
  EXPECT_THAT(*again.answer, IsOk());
}

TEST_F(WaiterBounds, WhoWaitsMakesRoomWhenTheRunnerStops) {
  first_unpaid(runner);
  Kept<RunOutcome> heard[bound];
  fill(heard, 1h);
  EXPECT_TRUE(runner.stop(clock.now() + 1min).at_rest);
  run_for(0s);
  Kept<RunOutcome> again;
  wait(again, 1h);
  run_for(0s);
  ASSERT_TRUE(again.answer);
  EXPECT_THAT(*again.answer, ErrorIs(Errc::unavailable)) << "there is room to be told so";
}

TEST_F(WaiterBounds, WhoStopsIsAnsweredThoughOthersAreTooMany) {
  slow.holds_replies = true;
  Kept<StartAnswer> begun;
  runner.start(sample::checkout, order(), request(), begun.completion());
  ASSERT_EQ(slow.held(), 1u);
  Kept<StopReport> first, second, third;
  runner.stop(clock.now() + 1s, first.completion());
  runner.stop(clock.now() + 1min, second.completion());
  runner.stop(clock.now() + 1min, third.completion());
  ASSERT_TRUE(third.answer);
  EXPECT_THAT(*third.answer, ErrorIs(Errc::resource_exhausted, Limit::waiters));
  EXPECT_FALSE(runner.stop(clock.now() + 1min).at_rest);
  run_for(1s);
  ASSERT_TRUE(first.answer) << "at its deadline";
  EXPECT_FALSE(first.answer->value().at_rest);
  Kept<StopReport> again;
  runner.stop(clock.now() + 1min, again.completion());
  EXPECT_FALSE(again.answer) << "there is room";
  let_go();
  run_for(1s);
  for (const auto* one : {&second, &again}) {
    ASSERT_TRUE(one->answer);
    EXPECT_TRUE(one->answer->value().at_rest);
  }
  EXPECT_TRUE(runner.stop(clock.now()).at_rest);
}

}  // namespace
}  // namespace invsaga::runner_tests
