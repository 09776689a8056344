// SPDX-License-Identifier: Apache-2.0
#include <invsaga/environment.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include <invsaga/assert.hpp>
#include <invsaga/keyed_hash.hpp>

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

/// Tasks by time and, within one time, by when they were armed; one that is posted is of the time
/// when it was. Under one lock.
class Agenda {
 public:
  explicit Agenda(Clock& clock) : clock_(clock) {}
  ~Agenda() {
    for (const Armed& armed : posted_) armed.task.let_go();
    for (const Armed& armed : timers_) armed.task.let_go();
  }
  Agenda(const Agenda&) = delete;
  Agenda& operator=(const Agenda&) = delete;

  void post(Task task) {
    const std::lock_guard lock(mutex_);
    INVSAGA_ASSERT(task.run != nullptr, "Executor::post: a task that has a run");
    posted_.push_back({clock_.now(), armed_++, task});
    changed_.notify_one();
  }
  void post_at(Time time, Task task) {
    const std::lock_guard lock(mutex_);
    INVSAGA_ASSERT(task.run != nullptr, "Executor::post_at: a task that has a run");
    timers_.push_back({time, armed_++, task});
    std::push_heap(timers_.begin(), timers_.end(), Later{});
    changed_.notify_one();
  }
  void drop(const void* context) noexcept;
  /// Runs the next task when it is due. False if there is none.
  bool run_one();
  void wait_for_task();
  void wake() noexcept;
  /// Runs tasks until `stop`.
  void work();
  void stop();

 private:
  using Lock = std::unique_lock<std::mutex>;

  struct Armed {
    Time time;
    std::uint64_t number;
    Task task;
  };
  struct Later {
    bool operator()(const Armed& a, const Armed& b) const {
      return a.time != b.time ? a.time > b.time : a.number > b.number;
    }
  };
  /// A task that is under way, on the stack of who runs it.
  struct Running {
    std::thread::id thread;
    const void* context;
    Running* before;
  };

  void let_go(const void* context) noexcept;
  Task take_next();
  void run_next(Lock& lock);
  void wait_by_clock(Lock& lock);
  void move_clock(Lock& lock);
  [[nodiscard]] bool is_empty() const { return posted_.empty() && timers_.empty(); }
  [[nodiscard]] bool has_due() const {
    return !posted_.empty() || (!timers_.empty() && timers_.front().time <= clock_.now());
  }
  [[nodiscard]] bool runs_elsewhere(const void* context) const;

  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;   // a task was armed or has ended, the clock was moved, or stop
  std::condition_variable finished_;  // a task has ended
  std::deque<Armed> posted_;          // due, whatever the clock says: it may be set back
  std::vector<Armed> timers_;         // a heap: the next one in front
  Running* running_ = nullptr;        // the last to have begun
  std::uint64_t armed_ = 0;
  bool moving_ = false;  // a thread is moving the clock
  bool woken_ = false;   // whoever waits for a task is to look
  bool stopped_ = false;
};

/// In the order of time, and within one time in that of arming.
Task Agenda::take_next() {
  const bool timer = posted_.empty() || (!timers_.empty() && timers_.front().time <= clock_.now() &&
                                         Later{}(posted_.front(), timers_.front()));
  Task task;
  if (timer) {
    std::pop_heap(timers_.begin(), timers_.end(), Later{});
    task = timers_.back().task;
    timers_.pop_back();
  } else {
    task = posted_.front().task;
    posted_.pop_front();
  }
  return task;
}

void Agenda::run_next(Lock& lock) {
  const Task task = take_next();
  Running mine{std::this_thread::get_id(), task.context, running_};
  running_ = &mine;
  // This thread may have been the one that watched for the next time: another has to.
  if (!is_empty()) changed_.notify_one();
  lock.unlock();
  task.run(task.context, task.tag);
  lock.lock();
  Running** link = &running_;
  while (*link != &mine) link = &(*link)->before;
  *link = mine.before;
  finished_.notify_all();
  if (running_ == nullptr) changed_.notify_all();
}

void Agenda::wait_by_clock(Lock& lock) {
  if (clock_.moves_by_itself()) {
    changed_.wait_until(lock, wait_end(timers_.front().time));
  } else {
    move_clock(lock);
  }
}

void Agenda::move_clock(Lock& lock) {
  const Time time = timers_.front().time;
  moving_ = true;
  lock.unlock();
  clock_.sleep_until(time);
  lock.lock();
  moving_ = false;
  changed_.notify_all();
}

bool Agenda::run_one() {
  Lock lock(mutex_);
  while (!is_empty()) {
    if (has_due()) return run_next(lock), true;
    wait_by_clock(lock);
  }
  return false;
}

void Agenda::wait_for_task() {
  Lock lock(mutex_);
  changed_.wait(lock, [this] { return !is_empty() || woken_; });
  woken_ = false;
}

void Agenda::wake() noexcept {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void Agenda::work() {
  Lock lock(mutex_);
  while (!stopped_) {
    // A clock that stands still is moved by one thread, and only when nothing is under way.
    const bool may_move = clock_.moves_by_itself() || (running_ == nullptr && !moving_);
    if (has_due()) {
      run_next(lock);
    } else if (!timers_.empty() && may_move) {
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

/// Under the lock, which what is dropped does not touch: so nothing has to be kept for later.
void Agenda::let_go(const void* context) noexcept {
  const auto is_of_it = [&](const Armed& armed) {
    if (armed.task.context != context) return false;
    armed.task.let_go();
    return true;
  };
  std::erase_if(posted_, is_of_it);
  if (std::erase_if(timers_, is_of_it) > 0) {
    std::make_heap(timers_.begin(), timers_.end(), Later{});
  }
}

void Agenda::drop(const void* context) noexcept {
  Lock lock(mutex_);
  let_go(context);
  while (runs_elsewhere(context)) {
    finished_.wait(lock);
    let_go(context);  // what was under way may have armed more
  }
}

}  // namespace

Time SystemClock::now() const noexcept {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

void SystemClock::sleep_until(Time time) {
  while (now() < time) std::this_thread::sleep_until(wait_end(time));
}

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
void LocalExecutor::wait_for_task() { core_->wait_for_task(); }
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
