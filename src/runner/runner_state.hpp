// SPDX-License-Identifier: Apache-2.0
//
// The runner's inside. One `ActiveRun` for each run that is driven here; whoever brings news drives
// it on, one thread at a time, and nobody waits for anybody.
#pragma once

#include <atomic>
#include <compare>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include <invsaga/saga_machine.hpp>

#include <invsaga/detail/loop_bound.hpp>
#include <invsaga/saga_runner.hpp>

namespace invsaga {
inline namespace v0 {
namespace detail {

struct RegisteredSaga {
  Definition definition;
  void* user = nullptr;
};
using SagaPtr = std::shared_ptr<const RegisteredSaga>;

struct ActiveRun;
using RunPtr = std::shared_ptr<ActiveRun>;

/// One attempt at an operation. It owns all that was lent to the backend, until the completion has
/// come.
struct Attempt {
  std::weak_ptr<ActiveRun> run;
  Instruction instruction;
  Operation operation;
  std::vector<Line> lines;
  std::vector<ShortLine> shorts;
  PreparedEffects prepared;
  Effects effects;
};

// News for a run.
struct Kick {};    ///< Time has passed.
struct Reread {};  ///< Somebody appended to it.
struct CallAnswer {
  StepIndex step = 0;
  bool undo = false;
  result<std::vector<std::byte>> answer;
};
struct AttemptAnswer {
  std::unique_ptr<Attempt> attempt;
  result<Applied> applied;
};
using News = std::variant<Kick, Reread, CallAnswer, AttemptAnswer>;

/// Turns of a driver in a row that neither record nor try anything: to make an operation, and to be
/// refused its record, is less.
inline constexpr LoopBound most_in_place{16};

struct ActiveRun {
  ActiveRun(RunId id_, std::uint64_t serial_, SagaPtr saga_, MachineOptions options)
      : id(id_), serial(serial_), saga(std::move(saga_)), machine(id_, saga->definition, options) {}

  const RunId id;
  const std::uint64_t serial;  ///< What its timers bear.
  const SagaPtr saga;
  std::mutex mutex;     ///< Guards all below. Not held while the world is called.
  SagaMachine machine;  ///< Changed by the driver only, so the driver reads it without the mutex.
  std::deque<News> news;
  bool driving = false;            ///< A thread is in `drive`, or will be: news is left to it.
  bool gone = false;               ///< Ended, or another owner drives it.
  bool behind = false;             ///< The log has, or may have, records that the machine lacks.
  bool told_stuck = false;         ///< The observer knows that it is stuck.
  std::uint32_t log_failures = 0;  ///< In a row.
  Time armed;                      ///< The earliest timer that will kick it.
  LoopBound in_place = most_in_place;
};

}  // namespace detail

struct detail::RunnerCore::Core : std::enable_shared_from_this<Core> {
  using Lock = std::unique_lock<std::mutex>;

  Core(std::unique_ptr<BackendPort> backend_, Environment environment_, RunnerOptions options_);
  /// Ends all activity. Nothing of the backend or the environment is touched after it.
  void stop();

  // sagas and runs (runner_start.cpp)
  void add(Definition definition, void* user);
  SagaPtr find_saga(const SagaVersion& version) const;
  SagaPtr saga_of(const RunRecord& begun) const;
  RunPtr find(RunId run) const;
  RunPtr adopt(RunId run, const SagaPtr& saga, bool& there);
  void drop(ActiveRun& run);
  [[nodiscard]] MachineOptions machine_options() const;

  // starting (runner_start.cpp)
  result<StartAnswer> start(const SagaVersion& saga, const StartRequest& request,
                            std::vector<std::byte> input);
  result<StartAnswer> begin(RunId id, const SagaPtr& saga, const StartRequest& request,
                            std::uint64_t epoch, std::vector<std::byte> input);
  result<Position> append_first(RunId id, const RunRecord& begun, bool& doubt);
  result<StartAnswer> attach(RunId id, RequestKey request, std::uint64_t epoch);
  result<StartAnswer> not_begun(ActiveRun& run, const StartRequest& request, std::uint64_t epoch,
                                Error error, bool doubt);

  // taking over (runner_recover.cpp)
  enum class Found : std::uint8_t { taken, unknown, failed, left };
  RecoveryReport recover(Duration idle);
  using Living = std::unordered_map<OwnerId, bool, IdHash>;  ///< Asked once a search.
  Found consider(RunId id, Duration idle, Living& living, Time& due);
  Found take(RunId id, const RunRecord& begun);
  void look_after_own(const RunPtr& run, Duration idle);
  [[nodiscard]] bool lives(OwnerId who);
  void show_life();
  void check_orphans();
  void arm_orphan_check(Duration wait);

  // driving (runner_drive.cpp)
  enum class Step : std::uint8_t { go_on, rest };
  void post(const RunPtr& run, News news);
  void drive(const RunPtr& run);
  void hear(ActiveRun& run, News& news, Lock& lock);
  Step act(const RunPtr& run, Lock& lock);
  Step rest_until(ActiveRun& run, Time when);
  Step rest_after_failure(ActiveRun& run);
  void finish(ActiveRun& run, bool stuck, Lock& lock);
  bool append(ActiveRun& run, const RunRecord& record, Lock& lock);
  bool begin_late(ActiveRun& run, Lock& lock);
  void take_in(ActiveRun& run, const RunRecord& record, Lock& lock);
  bool catch_up(ActiveRun& run, Lock& lock);
  static void on_timer(void* core, std::uint64_t serial);
  static void on_turn(void* core, std::uint64_t serial);
  RunPtr find_serial(std::uint64_t serial) const;

  // steps (runner_steps.cpp)
  void call(ActiveRun& run, const Instruction& instruction, Lock& lock);
  void prepare(ActiveRun& run, const Instruction& instruction, Lock& lock);
  void apply(const RunPtr& run, const Instruction& instruction, Lock& lock);
  void submit(std::unique_ptr<Attempt> attempt);
  void applied(ActiveRun& run, AttemptAnswer& answer, Lock& lock);
  void moved_on(ActiveRun& run, const Instruction& instruction, Lock& lock);
  result<Operation> make_operation(ActiveRun& run, const Instruction& instruction,
                                   std::vector<Line>& lines, Lock& lock);

  // visits of completions: none is let in once the runner has ended
  bool enter();
  void leave();

  const std::unique_ptr<BackendPort> backend;
  const Environment environment;
  const RunnerOptions options;
  const OwnerId owner;
  std::atomic<bool> ended{false};

  mutable std::mutex mutex;  ///< Guards all below. Never held while a run's is taken.
  std::condition_variable left;
  std::size_t visitors = 0;
  std::map<SagaVersion, SagaPtr> sagas;
  std::unordered_map<RunId, RunPtr, IdHash> runs;
  std::unordered_map<std::uint64_t, RunPtr> by_serial;
  std::uint64_t last_serial = 0;

  std::mutex life_mutex;  ///< Guards the epoch; held over the backend's answer.
  std::uint64_t life_epoch = 0;
};

}  // namespace v0
}  // namespace invsaga
