// SPDX-License-Identifier: Apache-2.0
//
// What is armed for a run ends with it.
#include "src/runner/timers.hpp"

#include <deque>

#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using detail::Alarm;
using detail::Timers;
using testing::IsOk;
using ::testing::Optional;

Time at(int ms) { return start_time + Duration{ms}; }

class TimersTest : public ::testing::Test {
 protected:
  Alarm& alarm(std::uint64_t serial) {
    timers.reserve(alarms.size() + 1);
    Alarm& made = alarms.emplace_back();
    made.serial = serial;
    return made;
  }
  std::deque<Alarm> alarms;
  Timers timers;
};

TEST_F(TimersTest, RingInTheOrderOfTimeAndOfOneTimeInThatOfSetting) {
  Alarm& first = alarm(1);
  Alarm& second = alarm(2);
  Alarm& third = alarm(3);
  timers.set(second, at(10), at(0));
  timers.set(first, at(10), at(0));
  timers.set(third, at(5), at(0));
  EXPECT_EQ(timers.take_due(at(4)), std::nullopt);
  EXPECT_THAT(timers.take_due(at(10)), Optional(3u));
  EXPECT_THAT(timers.take_due(at(10)), Optional(2u));
  EXPECT_THAT(timers.take_due(at(10)), Optional(1u));
  EXPECT_EQ(timers.take_due(at(10)), std::nullopt);
}

TEST_F(TimersTest, AnAlarmIsMovedToAnEarlierTimeOnlyUnlessItsOwnHasPassed) {
  Alarm& one = alarm(1);
  timers.set(one, at(10), at(0));
  timers.set(one, at(20), at(0));
  EXPECT_EQ(one.when, at(10));
  timers.set(one, at(5), at(0));
  EXPECT_EQ(one.when, at(5));
  timers.set(one, at(20), at(6));
  EXPECT_EQ(one.when, at(20));
}

TEST_F(TimersTest, ATaskIsArmedForTheNextOnlyIfNoneComesBefore) {
  Alarm& late = alarm(1);
  Alarm& early = alarm(2);
  timers.set(late, at(1'000), at(0));
  EXPECT_THAT(timers.arm_next(), Optional(at(1'000)));
  EXPECT_EQ(timers.arm_next(), std::nullopt);
  timers.set(early, at(10), at(0));
  EXPECT_THAT(timers.arm_next(), Optional(at(10)));
  timers.disarm(at(10));  // it ran
  EXPECT_THAT(timers.take_due(at(10)), Optional(2u));
  EXPECT_EQ(timers.arm_next(), std::nullopt) << "one is armed for the other";
  timers.close(late);
  timers.disarm(at(1'000));
  EXPECT_EQ(timers.arm_next(), std::nullopt) << "nobody waits";
}

TEST_F(TimersTest, WhatIsClosedRingsNoMore) {
  Alarm& one = alarm(1);
  timers.set(one, at(10), at(0));
  timers.close(one);
  timers.set(one, at(10), at(0));
  EXPECT_EQ(timers.take_due(at(10)), std::nullopt);
}

template <class Parts>
class RunnerTimers : public ::testing::Test, public RunnerFixture<Parts> {};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(RunnerTimers, BothBackends);

TYPED_TEST(RunnerTimers, OfRunsThatHaveEndedLeaveNothingArmed) {
  constexpr int runs = 300;
  this->stock_up(runs);
  auto process = this->process();
  const std::size_t before = this->executor.waiting();
  for (int i = 0; i < runs; ++i) {
    this->shop.wait("charge");
    const RunId run = this->begin(*process, std::to_string(i));
    const auto paid = result<sample::Receipt>(sample::Receipt{9});
    EXPECT_THAT(process->runner.complete(run, this->shop.last_pending(), paid), IsOk());
    EXPECT_TRUE(this->outcome(run).has_value());
  }
  EXPECT_EQ(process->runner.runs(), 0u);
  EXPECT_LE(this->executor.waiting(), before + 1) << "one task will do for all";
}

TYPED_TEST(RunnerTimers, EachRunIsLookedAtWhenItIsDue) {
  constexpr int runs = 50;
  this->stock_up(runs);
  auto process = this->process();
  for (int i = 0; i < runs; ++i) {
    this->shop.fail("charge", Error{Errc::unavailable});
    this->begin(*process, std::to_string(i));
    this->clock.advance(7ms);
  }
  this->run_for(2min);
  EXPECT_EQ(process->runner.runs(), 0u);
  EXPECT_EQ(this->shop.effects("charge"), std::size_t{runs});
}

}  // namespace
}  // namespace invsaga::runner_tests
