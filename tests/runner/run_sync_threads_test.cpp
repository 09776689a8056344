// SPDX-License-Identifier: Apache-2.0
//
// The synchronous orchestration over a store that answers on a thread of its own.
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "invsaga/run_sync.hpp"
#include "tests/runner/later_backend.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::IsOk;

class OnItsThread final : public LaterBackend<OnItsThread> {
 public:
  explicit OnItsThread(MemoryBackend<>& inner) : LaterBackend(inner), thread_([this] { work(); }) {}
  OnItsThread(const OnItsThread&) = delete;
  OnItsThread& operator=(const OnItsThread&) = delete;
  ~OnItsThread() {
    add(nullptr);
    thread_.join();
  }
  void submit(const Write& write, Completion<WriteReply> done) noexcept {
    add([this, &write, done] { inner().submit(write, done); });
  }
  void read(RunId run, Completion<std::vector<LogEntry>> done) noexcept {
    add([this, run, done] { inner().read(run, done); });
  }

 private:
  void add(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    added_.notify_one();
  }
  void work() {
    for (;;) {
      std::unique_lock lock(mutex_);
      added_.wait(lock, [this] { return !tasks_.empty(); });
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      if (!task) return;
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable added_;
  std::deque<std::function<void()>> tasks_;
  std::thread thread_;
};

class RunSyncOnThreads : public ::testing::Test, public RunnerFixture<OnOneAppend> {
 protected:
  result<RunOutcome> run_sync(const StartRequest& request) {
    SystemClock system;
    LocalExecutor local(system);
    OnItsThread store(parts.backend);
    return invsaga::run_sync(sample::checkout, order(), shop, store, system, local, request);
  }
};

TEST_F(RunSyncOnThreads, WaitsForAStoreThatAnswersLater) {
  const auto ran = run_sync(request());
  ASSERT_THAT(ran, IsOk());
  EXPECT_EQ(ran.assume_value().end, RunEnd::completed);
  check_sound(run_of());
}

TEST_F(RunSyncOnThreads, IsToldOfAnEarlierEndOnTheStoresThread) {
  const auto first = run_sync(request());
  ASSERT_THAT(first, IsOk());
  const auto again = run_sync(request());
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again.assume_value(), first.assume_value());
  EXPECT_EQ(shop.times_called("charge"), 1u);
}

}  // namespace
}  // namespace invsaga::runner_tests
