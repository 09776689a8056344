// SPDX-License-Identifier: Apache-2.0
//
// Who comes while a driver is on its way out: starts that wait take turns, and news is not lost.
#include <functional>
#include <vector>

#include "tests/runner/news_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::ClaimIs;
using testing::IsOkAndHolds;
using testing::Kept;

/// A driver reads a record that nobody can, and leaves the run: on its way out it says that the run
/// has begun.
class OnItsWayOut : public SlowNews {
 protected:
  Kept<RecoveryReport> report;
  SagaRunner<Slow> runner{slow, environment()};
  void begin_many(std::vector<Kept<StartAnswer>>& others, Completion<StartAnswer> first) {
    runner.add(sample::checkout, shop);
    shop.wait("charge");
    slow.holds_replies = true;
    runner.start(sample::checkout, order(), request(), first);
    for (auto& start : others) {
      runner.start(sample::checkout, order(), request(), start.completion());
    }
    slow.holds_replies = false;
  }
  void read_what_nobody_can() {
    slow.at_log = [&](std::vector<LogEntry>& log) {
      log.push_back({{std::byte{0xff}}, log.back().stamp});
      slow.at_log = nullptr;
    };
    runner.recover(Duration{0}, report.completion());
    slow.release_all();
  }
};
class StartTurns : public OnItsWayOut, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(StartTurns, StartsThatMeetADriverOnItsWayOutTakeTurns) {
  Kept<StartAnswer> first;
  std::vector<Kept<StartAnswer>> others(GetParam());
  begin_many(others, first.completion());
  read_what_nobody_can();
  ASSERT_TRUE(first.answer.has_value());
  EXPECT_THAT(*first.answer, ClaimIs(ClaimState::fresh));
  for (const auto& start : others) {
    ASSERT_TRUE(start.answer.has_value());
    EXPECT_THAT(*start.answer, ClaimIs(ClaimState::in_progress));
  }
}

TEST_F(OnItsWayOut, NewsForADriverIsBroughtAllTheSame) {
  Kept<NewsAnswer> news;
  std::function<void()> bring = [&] {
    runner.complete(run_of(), call_id(run_of(), sample::pay_step), paid, news.completion());
  };
  std::vector<Kept<StartAnswer>> none;
  begin_many(none, {[](void* context, std::uint64_t, result<StartAnswer>&&) noexcept {
                      (*static_cast<std::function<void()>*>(context))();
                    },
                    &bring, 0});
  read_what_nobody_can();
  ASSERT_TRUE(news.answer.has_value());
  EXPECT_THAT(*news.answer, IsOkAndHolds(NewsAnswer::not_waited_for)) << "not lost on the way";
}

INSTANTIATE_TEST_SUITE_P(Starts, StartTurns, ::testing::Values(1, 2, 3));

}  // namespace
}  // namespace invsaga::runner_tests
