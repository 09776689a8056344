// SPDX-License-Identifier: Apache-2.0
//
// The one door through which clock, chance, threads and waiting enter. Only runners, layers and
// tools hold one; rules, machine and stores take time as an argument.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

#include <invsaga/rng.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// Tells the time. Safe from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const noexcept = 0;
  /// Blocks the calling thread until `now() >= time`; a simulated clock moves there instead.
  virtual void sleep_until(Time time) = 0;
  /// True if time passes whether anybody waits or not. An executor may then wait for a time or for
  /// a new task, whichever comes first; by a clock that stands still it can only `sleep_until`.
  [[nodiscard]] virtual bool moves_by_itself() const noexcept { return false; }
};

/// The machine's wall clock.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Time now() const noexcept override;
  void sleep_until(Time time) override;
  [[nodiscard]] bool moves_by_itself() const noexcept override { return true; }
};

/// Something to do: a plain function and two words, so that arming a timer allocates nothing of its
/// own. It cannot throw.
struct Task {
  void (*run)(void* context, std::uint64_t tag) noexcept = nullptr;
  void* context = nullptr;
  std::uint64_t tag = 0;
  /// Called instead of `run` if the task is dropped: what it owns is let go. Must not touch the
  /// executor.
  void (*drop)(void* context, std::uint64_t tag) noexcept = nullptr;

  /// For executors: the task will not be run.
  void let_go() const noexcept {
    if (drop != nullptr) drop(context, tag);
  }
};
static_assert(std::is_trivially_copyable_v<Task>);

/// While it lives, this thread is within a task: what an executor makes around each that it runs. A
/// thread that is within one never waits for what others of its executor may have to do.
class TaskScope {
 public:
  TaskScope() noexcept;
  ~TaskScope();
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;
  [[nodiscard]] static bool is_here() noexcept;
};

/// Runs tasks, now or later. A task is run once, or dropped: by `drop`, or when the executor ends.
/// Safe from any thread. If `post` or `post_at` throws, for want of memory say, the task is not
/// taken; neither run nor dropped.
class Executor {
 public:
  virtual ~Executor() = default;
  /// As soon as may be; never from within this call. Requires a task that has a `run`.
  virtual void post(Task task) = 0;
  /// Not before `time`, by the executor's clock; of tasks of one time the one armed first runs
  /// first. Requires a task that has a `run`.
  virtual void post_at(Time time, Task task) = 0;
  /// Drops the tasks of `context` that have not begun, and returns when none is under way on
  /// another thread: what a context calls before it ends. The caller holds no lock that such a task
  /// takes.
  virtual void drop(const void* context) noexcept = 0;
};

/// Runs tasks on whichever thread calls `run_one`: what `run_sync` waits with, and a simulation if
/// the clock is simulated. A task that is posted counts as due at that moment, so that everything
/// runs in the order of its time, and tasks of one time in the order in which they were armed.
class LocalExecutor final : public Executor {
 public:
  explicit LocalExecutor(Clock& clock);
  ~LocalExecutor() override;

  void post(Task task) override;
  void post_at(Time time, Task task) override;
  void drop(const void* context) noexcept override;
  /// Runs the next task, waiting by the clock until it is due. False if there is none. While it
  /// waits by a clock that moves by itself, a task that another thread posts is taken at once.
  bool run_one();

  // For several threads that run its tasks until they have what they wait for: each reads `wakes()`
  // and then looks. What comes after that look ends its waiting, whoever else is woken by it.

  /// How often `wake` was called.
  [[nodiscard]] std::uint64_t wakes() const noexcept;
  /// As `run_one()`, but returns true at once if `wakes()` is not what was `seen`.
  bool run_one(std::uint64_t seen);
  /// Returns once there is a task, or `wakes()` is not what was `seen`: blocks until then.
  void wait_for_task(std::uint64_t seen);
  /// Ends the waiting of all.
  void wake() noexcept;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

/// Runs tasks on `threads` threads of its own, in the same order as far as threads are
/// free. They end with it: tasks under way are finished, all others dropped. By a clock that stands
/// still, it is the executor that moves it, to the next due time whenever no task is under way.
class ThreadExecutor final : public Executor {
 public:
  /// Requires `threads` > 0.
  ThreadExecutor(Clock& clock, unsigned threads);
  ~ThreadExecutor() override;

  void post(Task task) override;
  void post_at(Time time, Task task) override;
  void drop(const void* context) noexcept override;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

/// Bits that no other process has, from the system's own randomness. 0 by a clock that is told its
/// time: so that a simulation is the same again.
std::uint64_t entropy(const Clock& clock);

/// What a runner is given. Borrowed: all of it outlives the runner.
struct Environment {
  Clock& clock;
  Executor& executor;
  std::uint64_t seed = 1;  ///< Of jitter, and of the owner id.
};

}  // namespace v0
}  // namespace invsaga
