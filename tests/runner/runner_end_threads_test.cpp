// SPDX-License-Identifier: Apache-2.0
//
// A runner that ends while its store answers on other threads.
#include <condition_variable>
#include <deque>
#include <optional>
#include <span>

#include "invsaga/keeper.hpp"
#include "tests/runner/later_backend.hpp"
#include "tests/runner/runner_threads_fixture.hpp"

namespace invsaga::runner_threads_tests {
namespace {

/// A store that takes its time, and answers on threads of its own; all of it before it ends.
class AnswersLater final : public runner_tests::LaterBackend<AnswersLater> {
 public:
  explicit AnswersLater(int threads) : LaterBackend(memory_) {
    for (int i = 0; i < threads; ++i) crew_.emplace_back([this] { work(); });
  }
  ~AnswersLater() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    asked_.notify_all();
    for (std::thread& one : crew_) one.join();
  }
  void advance_to(Time time) { memory_.advance_to(time); }
  void submit(const Write& write, Completion<WriteReply> done) noexcept {
    later([this, &write, done] { done(memory_.write(write)); });
  }
  void claim(const Claim& claim, Completion<ClaimAnswer> done) noexcept {
    later([this, &claim, done] { done(memory_.claim(claim)); });
  }
  void read(RunId run, Completion<std::vector<LogEntry>> done) noexcept {
    later([this, run, done] { done(memory_.read(run)); });
  }
  void settle(RunId run, std::span<const LogEntry> entries, Completion<void> done) noexcept {
    later([this, run, entries, done] { done(memory_.settle(run, entries)); });
  }

 private:
  void later(std::function<void()> answer) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(answer));
    }
    asked_.notify_one();
  }
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      asked_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const auto answer = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      std::this_thread::yield();
      answer();
      lock.lock();
    }
  }

  MemoryBackend<> memory_;
  std::mutex mutex_;
  std::condition_variable asked_;
  std::deque<std::function<void()>> waiting_;
  bool ended_ = false;
  std::vector<std::thread> crew_;
};

TEST(SagaRunnerEnd, WhileTheStoreAnswersOnOtherThreadsNothingIsTouchedAndNothingHangs) {
  constexpr int orders = 50, rounds = 40;
  int early = 0;
  for (int round = 0; round < rounds; ++round) {
    SystemClock clock;
    Shop shop;
    AnswersLater backend(2);
    backend.advance_to(clock.now());
    ThreadExecutor executor(clock, 2);
    RunnerOptions options;
    options.on_executor = round % 2 == 0;
    auto process = std::make_unique<SagaRunner<AnswersLater>>(
        backend, Environment{clock, executor, 1}, options);
    process->add(checkout, shop);
    std::optional<Keeper> keeper;
    if (round % 3 != 0) {  // it looks for orphans all the time
      KeeperOptions keeping;
      keeping.tick = keeping.pace = keeping.orphaned_after = Duration{round % 3};
      keeper.emplace(backend, Environment{clock, executor, 1}, keeping);
      EXPECT_THAT(keeper->look_after(*process), testing::IsOk());
    }
    shop.fail("place", Error{Errc::unavailable}, orders / 2);  // so that timers are armed
    for (int i = 0; i < orders; ++i) {
      StartRequest request;
      request.key = std::to_string(i);
      ASSERT_THAT(process->start(checkout, order(request.key), request), IsOk());
    }
    early += process->runs() > 0 ? 1 : 0;
    if (round % 2 == 0) keeper.reset();
    process.reset();
    keeper.reset();
    const std::size_t calls = shop.calls().size();
    std::this_thread::sleep_for(2ms);
    EXPECT_EQ(shop.calls().size(), calls);
  }
  EXPECT_GT(early, rounds / 2);
}

}  // namespace
}  // namespace invsaga::runner_threads_tests
