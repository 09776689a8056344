// SPDX-License-Identifier: Apache-2.0
//
// Ten thousand runs in flight over a backend that answers nothing, driven by one thread: none of
// them holds it, and others go on. Then it answers, in any order.
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "invsaga/rng.hpp"
#include "invsaga/testing/answer_of_call.hpp"
#include "tests/runner/later_backend.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::Kept;

/// Every call waits until the test lets it be answered.
class Silent final : public LaterBackend<Silent> {
 public:
  explicit Silent(MemoryBackend<>& inner) : LaterBackend(inner) {}

  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  /// Answers one of those that wait. False if there is none.
  bool answer_one(Rng& chance) {
    if (waiting_.empty()) return false;
    std::swap(waiting_[chance.below(waiting_.size())], waiting_.back());
    const auto answer = std::move(waiting_.back());
    waiting_.pop_back();
    answer();
    return true;
  }

  void submit(const Write& write, Completion<WriteReply> done) noexcept {
    later([this, &write, done] { inner().submit(write, done); });
  }
  void claim(const Claim& claim, Completion<ClaimAnswer> done) noexcept {
    later([this, &claim, done] { inner().claim(claim, done); });
  }
  void release_claim(RequestKey key, std::uint64_t epoch, Completion<void> done) noexcept {
    later([=, this] { inner().release_claim(key, epoch, done); });
  }
  void read(RunId run, Completion<std::vector<LogEntry>> done) noexcept {
    later([=, this] { inner().read(run, done); });
  }
  void unfinished(RunId after, std::size_t limit, Completion<std::vector<RunId>> done) noexcept {
    later([=, this] { inner().unfinished(after, limit, done); });
  }
  void settle(RunId run, std::span<const LogEntry> entries, Completion<void> done) noexcept {
    later([=, this] { inner().settle(run, entries, done); });
  }

 private:
  void later(std::function<void()> answer) { waiting_.push_back(std::move(answer)); }
  std::vector<std::function<void()>> waiting_;
};

/// How many starts were answered, and how.
struct Tally {
  std::size_t fresh = 0, in_progress = 0, lost = 0;
  Completion<StartAnswer> completion() {
    return {[](void* context, std::uint64_t, result<StartAnswer>&& answer) noexcept {
              auto& tally = *static_cast<Tally*>(context);
              const bool lost = !answer.has_value();
              const bool fresh = !lost && answer.assume_value().state == ClaimState::fresh;
              ++(lost ? tally.lost : fresh ? tally.fresh : tally.in_progress);
            },
            this, 0};
  }
};

class SilentBackend : public ::testing::Test, public RunnerFixture<OnOneAppend> {
 protected:
  static constexpr std::size_t many = 10'000;
  Silent silent_{parts.backend};
};

TEST_F(SilentBackend, HoldsTenThousandRunsAndNoThread) {
  stock_up(static_cast<Units>(many) - 1);
  SagaRunner runner(silent_, Environment{clock, executor, 1});
  runner.add(sample::checkout, shop);
  Tally tally;
  for (std::size_t i = 0; i < many; ++i) {
    const std::string number = std::to_string(i);
    runner.start(sample::checkout, order(number), request(number), tally.completion());
  }
  // The same again, of some that wait; and a recovery, and a cancel of what is not there yet.
  for (std::size_t i = 0; i < 100; ++i) {
    const std::string number = std::to_string(i);
    runner.start(sample::checkout, order(number), request(number), tally.completion());
  }
  runner.recover(Duration{0},
                 {[](void*, std::uint64_t, result<RecoveryReport>&&) noexcept {}, nullptr, 0});
  EXPECT_EQ(runner.runs(), many);
  EXPECT_EQ(silent_.waiting(), many + 1);
  EXPECT_EQ(tally.fresh + tally.in_progress + tally.lost, 0u);

  // Others go on, on the same thread.
  RunnerFixture<OnOneAppend> other;
  auto process = other.process();
  const RunId sold = other.begin(*process);
  other.run_all();
  other.check_sound(sold);

  Rng chance(5);
  while (silent_.answer_one(chance)) {
  }
  EXPECT_EQ(tally.fresh, many);
  EXPECT_EQ(tally.in_progress, 100u);
  EXPECT_EQ(tally.lost, 0u);
  EXPECT_EQ(runner.runs(), 0u);
  EXPECT_EQ(stock().sold, static_cast<Units>(many));
  EXPECT_EQ(shop.effects("charge"), many);
  EXPECT_EQ(records(run_of("77")).size(), 10u);
}

TEST_F(SilentBackend, WhoeverStillWaitsAtTheRunnersEndIsTold) {
  Tally tally;
  {
    SagaRunner runner(silent_, Environment{clock, executor, 1});
    runner.add(sample::checkout, shop);
    for (std::size_t i = 0; i < 10; ++i) {
      const std::string number = std::to_string(i % 5);  // each twice
      runner.start(sample::checkout, order(number), request(number), tally.completion());
    }
    runner.cancel(run_of("1"), "x",
                  {[](void*, std::uint64_t, result<CancelAnswer>&&) noexcept {}, nullptr, 0});
  }
  Rng chance(5);
  while (silent_.answer_one(chance)) {
  }
  EXPECT_EQ(tally.lost, 10u);
  EXPECT_TRUE(shop.calls().empty());
}

TEST_F(SilentBackend, IsNotWaitedForOnAThreadThatDrivesRuns) {
  auto process = this->process();
  SagaRunner late(silent_, Environment{clock, executor, 1});
  late.add(sample::checkout, shop);
  std::optional<Errc> told;
  shop.script("charge", [&](const StepContext&) {
    told = late.status(run_of("2")).error().code;
    return result<Reply<sample::Receipt>>(Reply<sample::Receipt>(sample::Receipt{7}));
  });
  begin(*process);
  run_all();
  EXPECT_EQ(told, Errc::unavailable);
  EXPECT_EQ(silent_.waiting(), 0u) << "before anything is sent";
}

TEST_F(SilentBackend, WhatIsReadIsToldWhenItAnswers) {
  auto process = this->process();
  const RunId run = begin(*process);
  run_all();
  SagaRunner late(silent_, Environment{clock, executor, 1});
  late.add(sample::checkout, shop);
  Kept<RunStatus> status;
  Kept<std::string> story;
  Kept<std::vector<RunRecord>> told;
  Kept<NewsAnswer> undone;
  late.status(run, status.completion());
  late.explain(run, story.completion());
  late.records(run, told.completion());
  late.complete_undo(run, call_id(run, sample::pay_step), success(), undone.completion());
  EXPECT_FALSE(status.answer || story.answer || told.answer || undone.answer);
  Rng chance(5);
  while (silent_.answer_one(chance)) {
  }
  EXPECT_EQ(status.answer->value().end, RunEnd::completed);
  EXPECT_EQ(story.answer->value(), process->runner.explain(run).value());
  EXPECT_EQ(told.answer->value().size(), 10u);
  EXPECT_EQ(undone.answer->value(), NewsAnswer::not_waited_for);
}

}  // namespace
}  // namespace invsaga::runner_tests
