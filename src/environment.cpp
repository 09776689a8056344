// SPDX-License-Identifier: Apache-2.0
#include <invsaga/environment.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include <invsaga/assert.hpp>
#include <invsaga/keyed_hash.hpp>

#include "armed_tasks.hpp"

namespace invsaga {
inline namespace v0 {
namespace {

/// The system's waits count nanoseconds and would overflow on a time far off: so no wait is longer
/// than this, and whoever waits looks at the clock again.
constexpr Duration longest_wait{3'600'000};

std::uint64_t drawn() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

std::chrono::system_clock::time_point wait_end(Time time) {
  const auto now = std::chrono::floor<Duration>(std::chrono::system_clock::now());
  return std::min(time, saturating_add(now, longest_wait));
}

/// An executor's waits are measured, and not by the clock that its tasks are due by: that may be
/// set, forwards or back. So it is looked at every so often.
constexpr Duration longest_unseen{1'000};

/// The tasks of an executor, under one lock, and who runs them.
class Agenda {
 public:
  explicit Agenda(Clock& clock) : clock_(clock) {}
  Agenda(const Agenda&) = delete;
  Agenda& operator=(const Agenda&) = delete;

  void post(Task task) {
    const std::lock_guard lock(mutex_);
    INVSAGA_ASSERT(task.run != nullptr, "Executor::post: a task that has a run");
    tasks_.post(clock_.now(), task);
    changed_.notify_one();
  }
  void post_at(Time time, Task task) {
    const std::lock_guard lock(mutex_);
    INVSAGA_ASSERT(task.run != nullptr, "Executor::post_at: a task that has a run");
    tasks_.post_at(time, task);
    changed_.notify_one();
  }
  void drop(const void* context) noexcept;
  /// Runs the next task when it is due. False if there is none.
  bool run_one() { return run_one(wakes()); }
  bool run_one(std::uint64_t seen);
  void wait_for_task(std::uint64_t seen);
  std::uint64_t wakes();
  void wake() noexcept;
  /// Runs tasks until `stop`.
  void work();
  void stop();

 private:
  using Lock = std::unique_lock<std::mutex>;

  /// A task that is under way, on the stack of who runs it.
  struct Running {
    std::thread::id thread;
    const void* context;
    Running* before;
  };

  void run_next(Lock& lock);
  void wait_by_clock(Lock& lock);
  void move_clock(Lock& lock);
  [[nodiscard]] bool has_due() const { return tasks_.has_due(clock_.now()); }
  [[nodiscard]] bool runs_elsewhere(const void* context) const;

  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;   // a task was armed or has ended, the clock was moved, or stop
  std::condition_variable finished_;  // a task has ended
  detail::ArmedTasks tasks_;
  Running* running_ = nullptr;  // the last to have begun
  bool moving_ = false;         // a thread is moving the clock
  std::uint64_t wakes_ = 0;     // whoever waits and has seen fewer is to look
  bool stopped_ = false;
};

void Agenda::run_next(Lock& lock) {
  const Task task = tasks_.take_next(clock_.now());
  Running mine{std::this_thread::get_id(), task.context, running_};
  running_ = &mine;
  // This thread may have been the one that watched for the next time: another has to.
  if (!tasks_.empty()) changed_.notify_one();
  lock.unlock();
  {
    const TaskScope within;
    task.run(task.context, task.tag);
  }
  lock.lock();
  Running** link = &running_;
  while (*link != &mine) link = &(*link)->before;
  *link = mine.before;
  finished_.notify_all();
  if (running_ == nullptr) changed_.notify_all();
}

void Agenda::wait_by_clock(Lock& lock) {
  if (clock_.moves_by_itself()) {
    const Duration rest = tasks_.next_timer()->time - clock_.now();
    changed_.wait_for(lock, std::min(rest, longest_unseen));
  } else {
    move_clock(lock);
  }
}

void Agenda::move_clock(Lock& lock) {
  const Time time = tasks_.next_timer()->time;
  moving_ = true;
  lock.unlock();
  clock_.sleep_until(time);
  lock.lock();
  moving_ = false;
  changed_.notify_all();
}

bool Agenda::run_one(std::uint64_t seen) {
  Lock lock(mutex_);
  while (!tasks_.empty()) {
    if (has_due()) return run_next(lock), true;
    if (wakes_ != seen) return true;
    wait_by_clock(lock);
  }
  return false;
}

void Agenda::wait_for_task(std::uint64_t seen) {
  Lock lock(mutex_);
  changed_.wait(lock, [&] { return !tasks_.empty() || wakes_ != seen; });
}

std::uint64_t Agenda::wakes() {
  const Lock lock(mutex_);
  return wakes_;
}

void Agenda::wake() noexcept {
  const std::lock_guard lock(mutex_);
  ++wakes_;
  changed_.notify_all();
}

void Agenda::work() {
  Lock lock(mutex_);
  while (!stopped_) {
    // A clock that stands still is moved by one thread, and only when nothing is under way.
    const bool may_move = clock_.moves_by_itself() || (running_ == nullptr && !moving_);
    if (has_due()) {
      run_next(lock);
    } else if (tasks_.next_timer() != nullptr && may_move) {
      wait_by_clock(lock);
    } else {
      changed_.wait(lock);
    }
  }
}

void Agenda::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

bool Agenda::runs_elsewhere(const void* context) const {
  const auto self = std::this_thread::get_id();
  for (const Running* one = running_; one != nullptr; one = one->before) {
    if (one->context == context && one->thread != self) return true;
  }
  return false;
}

/// Under the lock, which what is dropped does not touch.
void Agenda::drop(const void* context) noexcept {
  Lock lock(mutex_);
  tasks_.drop(context);
  while (runs_elsewhere(context)) {
    finished_.wait(lock);
    tasks_.drop(context);  // what was under way may have armed more
  }
}

}  // namespace

Time SystemClock::now() const noexcept {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

void SystemClock::sleep_until(Time time) {
  while (now() < time) std::this_thread::sleep_until(wait_end(time));
}

namespace {

int& task_depth() noexcept {
  thread_local int depth = 0;
  return depth;
}

}  // namespace

TaskScope::TaskScope() noexcept { ++task_depth(); }
TaskScope::~TaskScope() { --task_depth(); }
bool TaskScope::is_here() noexcept { return task_depth() > 0; }

std::uint64_t entropy(const Clock& clock) { return clock.moves_by_itself() ? drawn() : 0; }

HashKey process_hash_key() {
  static const HashKey key{drawn() | 1, drawn()};
  return key;
}

struct LocalExecutor::Core : Agenda {
  using Agenda::Agenda;
};

LocalExecutor::LocalExecutor(Clock& clock) : core_(std::make_unique<Core>(clock)) {}
LocalExecutor::~LocalExecutor() = default;
void LocalExecutor::post(Task task) { core_->post(task); }
void LocalExecutor::post_at(Time time, Task task) { core_->post_at(time, task); }
void LocalExecutor::drop(const void* context) noexcept { core_->drop(context); }
bool LocalExecutor::run_one() { return core_->run_one(); }
bool LocalExecutor::run_one(std::uint64_t seen) { return core_->run_one(seen); }
void LocalExecutor::wait_for_task(std::uint64_t seen) { core_->wait_for_task(seen); }
std::uint64_t LocalExecutor::wakes() const noexcept { return core_->wakes(); }
void LocalExecutor::wake() noexcept { core_->wake(); }

struct ThreadExecutor::Core {
  Core(Clock& clock, unsigned count) : agenda(clock) {
    INVSAGA_ASSERT(count > 0, "ThreadExecutor::ThreadExecutor: threads > 0");
    for (unsigned i = 0; i < count; ++i) threads.emplace_back([this] { agenda.work(); });
  }
  ~Core() {
    agenda.stop();
    for (std::thread& thread : threads) thread.join();
  }
  Agenda agenda;
  std::vector<std::thread> threads;
};

ThreadExecutor::ThreadExecutor(Clock& clock, unsigned threads)
    : core_(std::make_unique<Core>(clock, threads)) {}
ThreadExecutor::~ThreadExecutor() = default;
void ThreadExecutor::post(Task task) { core_->agenda.post(task); }
void ThreadExecutor::post_at(Time time, Task task) { core_->agenda.post_at(time, task); }
void ThreadExecutor::drop(const void* context) noexcept { core_->agenda.drop(context); }

}  // namespace v0
}  // namespace invsaga
