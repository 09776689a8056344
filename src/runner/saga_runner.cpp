// SPDX-License-Identifier: Apache-2.0
//
// What users ask of a runner.
#include <invsaga/saga_runner.hpp>

#include <mutex>
#include <optional>

#include <invsaga/assert.hpp>

#include "runner_state.hpp"

namespace invsaga {
inline namespace v0 {
namespace detail {

using Core = RunnerCore::Core;

namespace {

result<std::vector<RunRecord>> records_themselves(const Core&, RunId,
                                                  std::vector<RunRecord> records) {
  return records;
}

}  // namespace

RunnerCore::RunnerCore(const AnyBackend& backend, Environment environment, RunnerOptions options)
    : core_(std::make_shared<Core>(backend, environment, options)) {
  core_->arm_orphan_check(Duration{0});
}
RunnerCore::~RunnerCore() { core_->stop(); }

void RunnerCore::add(Definition definition, void* user) { core_->add(std::move(definition), user); }

void RunnerCore::start(const SagaVersion& saga, const StartRequest& request,
                       std::vector<std::byte> input, Completion<StartAnswer> done) {
  core_->start(saga, request, std::move(input), Answerer<StartAnswer>(done));
}

result<StartAnswer> RunnerCore::start(const SagaVersion& saga, const StartRequest& request,
                                      std::vector<std::byte> input) {
  return wait_on<StartAnswer>(
      *core_, [&](Completion<StartAnswer> done) { start(saga, request, std::move(input), done); });
}

void RunnerCore::start_for(const SagaVersion& saga, const StartRequest& request,
                           std::vector<std::byte> input, Completion<Handling> done) {
  core_->start_for(saga, request, std::move(input), Answerer<Handling>(done));
}

result<void> RunnerCore::ready() const { return core_->ready(); }

void RunnerCore::complete(RunId run, CallId call, bool undo, std::string_view schema,
                          result<std::vector<std::byte>> answer, Completion<NewsAnswer> done) {
  core_->complete(
      run, {call, 0, undo, std::string(schema), std::move(answer), Answerer<NewsAnswer>(done)},
      true);
}
result<NewsAnswer> RunnerCore::complete(RunId run, CallId call, bool undo, std::string_view schema,
                                        result<std::vector<std::byte>> answer) {
  // A thread that drives waits for no other driver, nor for itself; and where turns are left to the
  // executor, this may be the thread that would take them.
  const bool may_hand = !DrivingHere::is_so() && !core_->options.on_executor;
  return wait_on<NewsAnswer>(*core_, [&](Completion<NewsAnswer> done) {
    core_->complete(
        run,
        {call, 0, undo, std::string(schema), std::move(answer), Answerer<NewsAnswer>(done), true},
        may_hand);
  });
}

void RunnerCore::cancel(RunId run, std::string_view reason, Completion<CancelAnswer> done) {
  core_->cancel(run, std::string(reason), Answerer<CancelAnswer>(done));
}
result<CancelAnswer> RunnerCore::cancel(RunId run, std::string_view reason) {
  return wait_on<CancelAnswer>(*core_,
                               [&](Completion<CancelAnswer> done) { cancel(run, reason, done); });
}
void RunnerCore::resume(RunId run, Completion<NewsAnswer> done) {
  core_->resume(run, Answerer<NewsAnswer>(done));
}
result<NewsAnswer> RunnerCore::resume(RunId run) {
  return wait_on<NewsAnswer>(*core_, [&](Completion<NewsAnswer> done) { resume(run, done); });
}

// --- what is read

void RunnerCore::status(RunId run, Completion<RunStatus> done) const {
  core_->tell_from_log(run, &status_of, Answerer<RunStatus>(done));
}
result<RunStatus> RunnerCore::status(RunId run) const {
  return wait_on<RunStatus>(*core_, [&](Completion<RunStatus> done) { status(run, done); });
}
void RunnerCore::explain(RunId run, Completion<std::string> done) const {
  core_->tell_from_log(run, &explanation_of, Answerer<std::string>(done));
}
result<std::string> RunnerCore::explain(RunId run) const {
  return wait_on<std::string>(*core_, [&](Completion<std::string> done) { explain(run, done); });
}
void RunnerCore::records(RunId run, Completion<std::vector<RunRecord>> done) const {
  core_->tell_from_log(run, &records_themselves, Answerer<std::vector<RunRecord>>(done));
}
result<std::vector<RunRecord>> RunnerCore::records(RunId run) const {
  return wait_on<std::vector<RunRecord>>(
      *core_, [&](Completion<std::vector<RunRecord>> done) { records(run, done); });
}

void RunnerCore::recover(Duration idle, Completion<RecoveryReport> done) {
  INVSAGA_ASSERT(idle >= Duration{0}, "SagaRunner::recover: idle >= 0");
  core_->recover(idle, Answerer<RecoveryReport>(done));
}
RecoveryReport RunnerCore::recover(Duration idle) {
  const auto report = wait_on<RecoveryReport>(
      *core_, [&](Completion<RecoveryReport> done) { recover(idle, done); });
  RecoveryReport failed;
  failed.failed = 1;
  return report.has_value() ? report.assume_value() : failed;
}
std::size_t RunnerCore::runs() const {
  const std::lock_guard lock(core_->mutex);
  return core_->by_serial.size();
}
OwnerId RunnerCore::owner() const { return core_->owner; }

namespace {

/// What became of a start, from whichever thread it comes.
class BegunBox {
 public:
  explicit BegunBox(LocalExecutor& executor) noexcept : executor_(executor) {}
  BegunBox(const BegunBox&) = delete;
  BegunBox& operator=(const BegunBox&) = delete;
  ~BegunBox() { executor_.drop(this); }

  Completion<StartAnswer> completion() noexcept { return {&BegunBox::answered, this, 0}; }
  [[nodiscard]] std::optional<result<StartAnswer>> answer() const {
    const std::lock_guard lock(mutex_);
    return answer_;
  }

 private:
  static void answered(void* context, std::uint64_t, result<StartAnswer>&& answer) {
    auto& self = *static_cast<BegunBox*>(context);
    const std::lock_guard lock(self.mutex_);  // who looks may end its life
    self.answer_.emplace(std::move(answer));
    self.executor_.post({[](void*, std::uint64_t) {}, &self, 0, nullptr});  // for who waits there
  }

  LocalExecutor& executor_;
  mutable std::mutex mutex_;
  std::optional<result<StartAnswer>> answer_;
};

/// If nothing is to be done, the backend has yet to answer.
void run_next(LocalExecutor& executor) {
  Turns::take_all();
  if (!executor.run_one()) executor.wait_for_task();
}

}  // namespace

result<RunOutcome> run_to_end(RunnerCore& core, const SagaVersion& saga,
                              const StartRequest& request, std::vector<std::byte> input,
                              const OutcomeKeeper& keeper, LocalExecutor& executor) {
  BegunBox box(executor);
  core.start(saga, request, std::move(input), box.completion());
  std::optional<result<StartAnswer>> begun;
  while (!(begun = box.answer())) run_next(executor);
  if (begun->has_value()) {
    const StartAnswer& answer = begun->assume_value();
    if (answer.outcome) return *answer.outcome;
    if (answer.state == ClaimState::in_progress) return Error{Errc::busy};
    if (answer.state != ClaimState::fresh) return Error{Errc::invalid_argument};
  } else if (core.runs() == 0) {
    return begun->assume_error();
  }  // else it may have begun, and nobody but this runner drives it
  while (!keeper.outcome() && core.runs() > 0) run_next(executor);
  if (!keeper.outcome()) return Error{Errc::timed_out};
  return *keeper.outcome();
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
