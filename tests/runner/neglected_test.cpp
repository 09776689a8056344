// SPDX-License-Identifier: Apache-2.0
//
// Runs whose timers could not be armed, and orphans that could not be looked for: the next activity
// looks after each of them.
#include "tests/runner/forgetful.hpp"
#include "tests/runner/news_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::IsOk;

/// The parameter: which of three runs is answered while all three are neglected.
class Neglected : public SlowNews, public ::testing::WithParamInterface<int> {
 protected:
  Forgetful forgetful{executor};
};
INSTANTIATE_TEST_SUITE_P(, Neglected, ::testing::Range(0, 3));

TEST_P(Neglected, ARunThatIsNeglectedTwiceHidesNoOther) {
  const std::vector<std::string> numbers{"1", "2", "3"};
  stock_up(2);
  SagaRunner<Slow> runner(slow, {clock, forgetful, 1});
  runner.add(sample::checkout, shop);
  slow.holds_replies = forgetful.refuses = true;
  for (const std::string& number : numbers) {
    runner.start(sample::checkout, order(number), request(number),
                 {[](void*, std::uint64_t, result<StartAnswer>&&) noexcept {}});
    slow.release_last();  // begun; its reserve is under way, and no timer watches it
  }
  ASSERT_EQ(slow.held(), 3u);
  slow.release(static_cast<std::size_t>(
      GetParam()));  // its driver goes on to the payment, which no timer watches either
  slow.holds_replies = forgetful.refuses = false;
  static_cast<void>(runner.status(run_of()));  // some activity
  run_all();
  for (const std::string& number : numbers) {
    EXPECT_TRUE(outcome(run_of(number)).has_value()) << number;
  }
  slow.release_all();
}

/// Whatever is called or comes next, though it has to do with another run, or with none.
class Unarmed : public SlowNews, public ::testing::WithParamInterface<int> {
 protected:
  Forgetful forgetful{executor};
};
INSTANTIATE_TEST_SUITE_P(, Unarmed, ::testing::Range(0, 4));

TEST_P(Unarmed, ATimerIsAtTheNextOccasion) {
  SagaRunner<Slow> runner(slow, {clock, forgetful, 1});
  runner.add(sample::checkout, shop);
  const bool somebody_waits = GetParam() == 2;
  if (somebody_waits) {
    runner.wait(RunId{9, 9}, clock.now() + 10min,
                {[](void*, std::uint64_t, result<RunOutcome>&&) noexcept {}});
  }
  forgetful.refuses = true;
  shop.fail("charge", Error{Errc::unavailable});
  EXPECT_THAT(runner.start(sample::checkout, order(), request()), IsOk());
  forgetful.refuses = false;
  EXPECT_FALSE(outcome(run_of()).has_value());
  switch (GetParam()) {
    case 0:
      EXPECT_EQ(runner.runs(), 1u);
      break;
    case 1:
      static_cast<void>(runner.status(RunId{9, 9}));
      break;
    case 3:
      EXPECT_EQ(runner.thrown().count, 0u);
      break;
    default:  // who waits looks, now and then
      break;
  }
  run_for(9min);
  EXPECT_TRUE(outcome(run_of()).has_value());
}

class UnarmedSearch : public SlowNews {
 protected:
  Forgetful forgetful{executor};
  void leave_alone(const std::string& number) {
    auto gone = process();
    unpaid(*gone, number);
  }
};

TEST_F(UnarmedSearch, OrphansThatCouldNotBeLookedForAreAfterTheNextActivity) {
  leave_alone("1");
  forgetful.refuses = true;
  SagaRunner<Slow> runner(slow, {clock, forgetful, 1});
  runner.add(sample::checkout, shop);
  Keeper keeper(slow, {clock, forgetful, 1});
  EXPECT_THAT(keeper.look_after(runner), testing::IsOk());
  run_for(1h);  // it looks, and cannot be woken for the next time
  forgetful.refuses = false;
  run_for(1h);
  EXPECT_FALSE(outcome(run_of("1")).has_value()) << "nothing has woken it";
  static_cast<void>(runner.status(run_of()));  // some activity
  run_for(1h);
  EXPECT_TRUE(outcome(run_of("1")).has_value());
}

}  // namespace
}  // namespace invsaga::runner_tests
