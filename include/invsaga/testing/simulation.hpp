// SPDX-License-Identifier: Apache-2.0
//
// A simulated environment: a clock that moves only when told to, and an executor that runs on the
// test's own thread and lets a chooser pick among tasks that are due together.
//
//     ManualClock clock(noon);
//     SimulatedExecutor executor(clock);
//     Environment environment{clock, executor, seed};
//     executor.run_until(noon + Duration{5'000});
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <invsaga/environment.hpp>
#include <invsaga/rng.hpp>
#include <invsaga/testing/component.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// Stands still until somebody moves it, and never goes backwards. Safe from any thread.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : now_ms_(to_ms(start)) {}

  [[nodiscard]] Time now() const noexcept override { return time_from_ms(now_ms_.load()); }
  /// Moves there at once; a time that has passed changes nothing.
  void sleep_until(Time time) override { advance_to(time); }
  void advance_to(Time time);
  void advance(Duration length) { advance_to(saturating_add(now(), length)); }

 private:
  std::atomic<std::int64_t> now_ms_;
};

/// Decides what a simulation leaves open: which of several due tasks runs next, or which of several
/// faults befalls a call.
class Chooser {
 public:
  virtual ~Chooser() = default;
  /// A number below `n`. Asked only where there is a choice, so `n` is 2 or more. Requires `n` > 0.
  virtual std::size_t choose(std::size_t n) = 0;
};

/// Chooses by chance: the same seed makes the same choices. One thread.
class SeededChooser final : public Chooser {
 public:
  explicit SeededChooser(std::uint64_t seed) : rng_(seed) {}
  std::size_t choose(std::size_t n) override;

 private:
  Rng rng_;
};

/// Makes every sequence of choices once, one a run, the first run all zeros:
///
///     ExhaustiveChooser chooser;
///     do {
///       run_scenario(chooser);
///     } while (chooser.next());
///
/// The scenario depends on nothing but the choices. One thread.
class ExhaustiveChooser final : public Chooser {
 public:
  /// Requires as many choices at the same place in every run.
  std::size_t choose(std::size_t n) override;
  /// Prepares the next run. False if all have been made.
  bool next();
  /// The choices of this run so far: what would repeat it.
  [[nodiscard]] std::vector<std::size_t> choices() const;

 private:
  struct Choice {
    std::size_t picked;
    std::size_t of;
  };
  std::vector<Choice> path_;
  std::size_t depth_ = 0;
};

class RankedTasks;

/// Runs tasks on the caller's thread, one at a time, by a manual clock that it moves to the next
/// due time only when nothing is due before. Without a chooser, in the order of their times, and
/// those of one time in the order in which they were armed. With one, it picks among all that are
/// due. Tasks may be posted from any thread; the run functions are for one thread at a time.
class SimulatedExecutor final : public Executor {
 public:
  /// Both are borrowed for the executor's life; no chooser: the first is taken.
  explicit SimulatedExecutor(ManualClock& clock, Chooser* chooser = nullptr);
  ~SimulatedExecutor() override;
  SimulatedExecutor(const SimulatedExecutor&) = delete;
  SimulatedExecutor& operator=(const SimulatedExecutor&) = delete;

  void post(Task task) override;
  void post_at(Time time, Task task) override;
  void drop(const void* context) noexcept override;

  /// Runs one task, moving the clock to it if none is due now. False if there is none.
  bool step();
  /// Runs all that is due up to and at `time`, then moves the clock there. How many tasks ran.
  std::size_t run_until(Time time);
  /// Runs tasks until there are none, at most `limit`: a run that never ends is found by having run
  /// as many. How many tasks ran.
  std::size_t run_all(std::size_t limit = std::numeric_limits<std::size_t>::max());
  /// How many tasks wait, due or not.
  [[nodiscard]] std::size_t waiting() const;

 private:
  bool step_within(Time last);

  ManualClock& clock_;
  Chooser* chooser_;
  mutable std::mutex mutex_;
  std::unique_ptr<RankedTasks> tasks_;
};

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
