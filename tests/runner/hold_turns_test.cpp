// SPDX-License-Identifier: Apache-2.0
// labels: tsan
//
// Who waits for a run waits for nobody's code: not for a step's, nor for another's completion; and
// whoever is not concerned is left alone.
#include <algorithm>
#include <deque>
#include <functional>
#include <thread>
#include <utility>

#include "tests/runner/news_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::IsOk;
using testing::Kept;

/// Does something when it is told, and counts.
template <class T>
struct Doing {
  std::function<void()> act;
  int times = 0;
  Completion<T> completion() {
    return {[](void* context, std::uint64_t, result<T>&&) noexcept {
              auto& self = *static_cast<Doing*>(context);
              ++self.times;
              if (self.act) self.act();
            },
            this, 0};
  }
};

/// The positions of what it is told.
class Positions final : public RunObserver {
 public:
  void recorded(RunId, const RunState& state, const RunRecord&) override {
    all.push_back(state.position);
  }
  std::vector<Position> all;
};

/// Answers at once. May lose a write, and be behind from there on: its reads lack the newest
/// entries.
class Lagging final : public Forwarding<Lagging, MemoryBackend<>> {
 public:
  static constexpr Capabilities capabilities() noexcept { return MemoryBackend<>::capabilities(); }
  explicit Lagging(MemoryBackend<>& inner) : Forwarding(inner) {}
  std::size_t lag = 0;
  bool loses = false;
  std::function<void()> at_read;
  void submit(const Write& write, Completion<WriteReply> done) noexcept {
    if (!std::exchange(loses, false)) return inner().submit(write, done);
    lag = 2;
    done(Error{Errc::reply_lost});
  }
  void read(RunId run, Completion<std::vector<LogEntry>> done) noexcept {
    if (at_read) std::exchange(at_read, nullptr)();
    auto all = inner().read(run).assume_value();
    all.resize(all.size() - std::min(lag, all.size()));
    done(std::move(all));
  }
};

class HoldTurns : public SlowNews {
 protected:
  /// A start whose first write is in the log, and not heard of; meanwhile the log is read in vain.
  template <class Read>
  void expect_begun(const Read& read) {
    SlowRunner runner(*this);
    shop.wait("charge");
    slow.holds_replies = true;
    Kept<StartAnswer> started;
    runner.start(sample::checkout, order(), request(), started.completion());
    slow.fails_reads = true;
    read(runner);
    EXPECT_FALSE(started.answer.has_value()) << "its write is under way";
    let_go();
    run_all();
    ASSERT_TRUE(started.answer.has_value());
    EXPECT_THAT(*started.answer, testing::ClaimIs(ClaimState::fresh));
    EXPECT_TRUE(runner.runs() == 1 || outcome(run_of()).has_value()) << "driven by nobody";
  }
};

TEST_F(HoldTurns, AStartIsDecidedByItsWriteThoughNewsComesEarly) {
  expect_begun([&](SlowRunner& runner) {
    static Kept<NewsAnswer> brought;
    runner.complete(run_of(), call_id(run_of(), sample::pay_step), paid, brought.completion());
  });
}

TEST_F(HoldTurns, AStartIsDecidedByItsWriteThoughItIsRecovered) {
  expect_begun([&](SlowRunner& runner) {
    static Kept<RecoveryReport> report;
    runner.recover(Duration{0}, report.completion());
  });
}

TEST_F(HoldTurns, ACallThatIsAnsweredAtOnceCallsNobodyElsesCompletion) {
  auto driver = process();
  const RunId run = unpaid(*driver);
  Lagging lagging(parts.backend);
  SagaRunner<Lagging> runner(lagging, environment());
  runner.add(sample::checkout, shop);
  int depth = 0, deepest = 0;
  std::deque<Doing<NewsAnswer>> waiting(100);
  for (auto& one : waiting) {
    one.act = [&] {
      deepest = std::max(deepest, ++depth);
      EXPECT_THAT(runner.status(run), IsOk());
      --depth;
    };
  }
  lagging.at_read = [&] {  // the first holds the run; all others ask for the same
    for (auto& one : waiting) runner.resume(run, one.completion());
  };
  EXPECT_THAT(runner.resume(run), IsOk());
  for (auto& one : waiting) EXPECT_EQ(one.times, 1);
  EXPECT_EQ(deepest, 1);
}

TEST_F(HoldTurns, WhoWaitsForAHoldDoesNotWaitForAStep) {
  const RunId run = left_alone();
  SlowRunner runner(*this);
  slow.holds_reads = true;
  Kept<NewsAnswer> holds, pays;
  Kept<CancelAnswer> cancels;
  runner.resume(run, holds.completion());
  runner.complete(run, shop.last_pending(), paid, pays.completion());
  runner.cancel(run, "changed my mind", cancels.completion());
  let_go();
  run_all();
  ASSERT_TRUE(cancels.answer.has_value());
  ASSERT_THAT(*cancels.answer, IsOk());
  EXPECT_EQ(cancels.answer->assume_value().decision, CancelDecision::accepted)
      << "it came before the next step";
  check_sound(run);
}

TEST_F(HoldTurns, WhoWaitsBehindAStartDoesNotWaitForItsSteps) {
  SlowRunner runner(*this);
  slow.holds_reads = true;
  Kept<CancelAnswer> in_vain, cancels;
  Kept<StartAnswer> started;
  runner.cancel(run_of(), "", in_vain.completion());  // holds a run that is not there
  runner.start(sample::checkout, order(), request(), started.completion());
  runner.cancel(run_of(), "", cancels.completion());
  let_go();
  run_all();
  ASSERT_TRUE(cancels.answer.has_value());
  ASSERT_THAT(*cancels.answer, IsOk());
  EXPECT_EQ(cancels.answer->assume_value().decision, CancelDecision::accepted);
  check_sound(run_of());
}

TEST_F(HoldTurns, ADriverDoesNotWaitForACompletion) {
  SlowRunner runner(*this);
  const RunId run = first_unpaid(runner);
  shop.took_effect("charge", shop.last_pending());
  slow.holds_reads = true;
  Kept<NewsAnswer> paid_for;
  bool at_once = false;
  Doing<NewsAnswer> first;
  first.act = [&] {
    runner.complete(run, shop.last_pending(), paid, paid_for.completion());
    at_once = paid_for.answer.has_value();
  };
  runner.resume(run, first.completion());
  let_go();
  EXPECT_TRUE(at_once);
  run_all();
  check_sound(run);
}

TEST_F(HoldTurns, WhoIsFullTellsInTheRunsOrder) {
  auto driver = process();
  const RunId run = unpaid(*driver);
  Positions positions;
  RunnerOptions options;
  options.observer = &positions;
  options.max_runs = 0;
  SlowRunner full(*this, options);
  slow.holds_replies = true;
  Kept<NewsAnswer> second;
  Doing<CancelAnswer> first;
  first.act = [&] {
    slow.holds_replies = false;
    full.complete(run, shop.last_pending(), paid, second.completion());
  };
  full.cancel(run, "", first.completion());
  slow.release_all();
  EXPECT_EQ(first.times, 1);
  EXPECT_TRUE(second.answer.has_value());
  EXPECT_GE(positions.all.size(), 2u);
  EXPECT_TRUE(std::ranges::is_sorted(positions.all));
}

TEST_F(HoldTurns, AStartThatWaitedHasThePlaceThatItsDriverLeft) {
  RunnerOptions options;
  options.max_runs = 1;
  SlowRunner runner(*this, options);
  const RunId run = first_unpaid(runner);
  auto other = process();
  shop.wait("charge", 2);
  ASSERT_EQ(other->runner.recover().taken, 1u);
  slow.holds_reads = true;
  Kept<RecoveryReport> report;
  runner.recover(Duration{0}, report.completion());  // its driver reads
  Doing<NewsAnswer> resumed;
  // The driver learns that it is another's, and goes at once: that thread drives nothing else.
  resumed.act = [&] { std::thread([&] { slow.release_all(); }).join(); };
  runner.resume(run, resumed.completion());
  Kept<StartAnswer> again;
  runner.start(sample::checkout, order(), request(), again.completion());
  slow.holds_reads = false;
  ASSERT_EQ(slow.held(), 2u);
  slow.release_last();
  while (slow.held() > 0) slow.release_all();
  ASSERT_TRUE(again.answer.has_value());
  EXPECT_THAT(*again.answer, testing::ClaimIs(ClaimState::in_progress));
}

/// Though the thread drives a run of another runner, and could go on with this one.
TEST_F(HoldTurns, WhereStepsAreTheExecutorsNoThreadOfAnotherRunnerCallsThem) {
  stock_up(2);
  RunnerOptions options;
  options.on_executor = true;
  SagaRunner<Slow> runner(slow, environment(), options);
  shop.wait("charge", 3);
  runner.add(sample::checkout, shop);
  ASSERT_THAT(runner.start(sample::checkout, order(), request()), IsOk());
  run_for(0ms);
  const CallId pending = shop.last_pending();
  shop.took_effect("charge", pending);
  auto other = process();
  Kept<NewsAnswer> news;
  shop.script("place", [&](const StepContext& step) {
    runner.complete(run_of(), pending, paid, news.completion());
    shop.took_effect("place", step.id);
    return result<Reply<sample::Receipt>>(Reply<sample::Receipt>(sample::Receipt{7}));
  });
  begin(*other, "2");
  EXPECT_EQ(shop.effects("clear"), 0u) << "only the executor goes on with the first";
  run_all();
  EXPECT_THAT(*news.answer, IsOk());
  EXPECT_TRUE(outcome(run_of()).has_value());
}

TEST_F(HoldTurns, NewsIsSafeOverALogThatHasLessThanBefore) {
  auto driver = process();
  const RunId run = unpaid(*driver);
  Lagging lagging(parts.backend);
  lagging.loses = true;
  Positions positions;
  RunnerOptions options;
  options.observer = &positions;
  options.max_runs = 0;
  SagaRunner<Lagging> runner(lagging, environment(), options);
  runner.add(sample::checkout, shop);
  EXPECT_FALSE(runner.cancel(run, "").has_value());
  EXPECT_LE(positions.all.size(), records(run).size());
  lagging.lag = 0;
  EXPECT_THAT(runner.cancel(run, ""), IsOk());
}

}  // namespace
}  // namespace invsaga::runner_tests
