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

/// Sends off what `make` makes, if there is memory to copy what it is given.
template <class T, class Make>
void send_off(Core& core, Completion<T> done, Make make) noexcept {
  auto send = [&] {
    auto errand = make();
    core.send_off(std::move(errand), std::exchange(done, {}));
  };
  static_cast<void>(ending_of(send));
  if (done.call != nullptr) done(no_memory());
}

/// A call's answer, as it comes.
struct FromOutside {
  CallId call;
  bool undo = false;
  result<GivenAnswer> given;
  Completion<NewsAnswer> done;
  bool thread_waits = false;
};

void bring(Core& core, RunId run, FromOutside news, bool may_hand) noexcept {
  if (!news.given.has_value()) return news.done(news.given.assume_error());
  GivenAnswer& given = news.given.assume_value();
  OneBrought one;
  auto make = [&] {
    one.push_back({news.call, 0, news.undo, std::string(given.schema), std::move(given.answer),
                   Answerer<NewsAnswer>({}), news.thread_waits});
  };
  core.attend();
  if (ending_of(make) != Ending::returned) return news.done(no_memory());
  one.front().told = Answerer<NewsAnswer>(news.done);
  core.complete(run, std::move(one), may_hand);
}

}  // namespace

RunnerCore::RunnerCore(const AnyBackend& backend, Environment environment, RunnerOptions options)
    : core_(std::make_shared<Core>(backend, environment, options)) {}
RunnerCore::~RunnerCore() { core_->end(); }

void RunnerCore::add(KeptSaga kept, void* user) { core_->add(std::move(kept), user); }

void RunnerCore::start(result<GivenStart> given, const StartRequest& request,
                       Completion<StartAnswer> done) {
  if (!given.has_value()) return done(given.assume_error());
  core_->start(given.assume_value().saga, request, std::move(given.assume_value().input), done);
}

result<StartAnswer> RunnerCore::start(result<GivenStart> given, const StartRequest& request) {
  return wait_on<StartAnswer>(
      *core_, [&](Completion<StartAnswer> done) { start(std::move(given), request, done); });
}

void start_by(const std::weak_ptr<Core>& runner, result<GivenStart> given,
              const StartRequest& request, Completion<Handling> done) {
  if (!given.has_value()) return done(given.assume_error());
  const auto core = runner.lock();
  if (!core || !core->visits.enter()) return done(Error{Errc::unavailable});
  GivenStart& start = given.assume_value();
  send_off(*core, done,
           [&] { return core->start_for(start.saga, request, std::move(start.input)); });
  core->visits.leave();
}

result<void> RunnerCore::ready() const { return core_->ready(); }

namespace {

result<NewsAnswer> bring_and_wait(Core& core, RunId run, CallId call, bool undo,
                                  result<GivenAnswer> given) {
  // A thread that drives waits for no other driver, nor for itself; and where turns are left to the
  // executor, this may be the thread that would take them.
  const bool may_hand = !DrivingHere::is_so() && !core.options.on_executor;
  return wait_on<NewsAnswer>(core, [&](Completion<NewsAnswer> done) {
    const Visit visit(core.visits);  // not while the thread waits, which the runner's end would for
    if (!visit) return done(Error{Errc::unavailable});
    bring(core, run, {call, undo, std::move(given), done, true}, may_hand);
  });
}

}  // namespace

void RunnerCore::complete(RunId run, CallId call, bool undo, result<GivenAnswer> given,
                          Completion<NewsAnswer> done) {
  bring(*core_, run, {call, undo, std::move(given), done, false}, true);
}
result<NewsAnswer> RunnerCore::complete(RunId run, CallId call, bool undo,
                                        result<GivenAnswer> given) {
  return bring_and_wait(*core_, run, call, undo, std::move(given));
}

void complete_by(const std::weak_ptr<Core>& runner, RunId run, CallId call, bool undo,
                 result<GivenAnswer> given, Completion<NewsAnswer> done) {
  const auto core = runner.lock();
  if (!core || !core->visits.enter()) return done(Error{Errc::unavailable});
  bring(*core, run, {call, undo, std::move(given), done, false}, true);
  core->visits.leave();
}
result<NewsAnswer> complete_by(const std::weak_ptr<Core>& runner, RunId run, CallId call, bool undo,
                               result<GivenAnswer> given) {
  const auto core = runner.lock();
  if (!core || core->ended) return Error{Errc::unavailable};
  return bring_and_wait(*core, run, call, undo, std::move(given));
}

void RunnerCore::cancel(RunId run, std::string_view reason, Completion<CancelAnswer> done) {
  send_off(*core_, done, [&] { return core_->cancel(run, std::string(reason)); });
}
result<CancelAnswer> RunnerCore::cancel(RunId run, std::string_view reason) {
  return wait_on<CancelAnswer>(*core_,
                               [&](Completion<CancelAnswer> done) { cancel(run, reason, done); });
}
void RunnerCore::resume(RunId run, Completion<NewsAnswer> done) {
  core_->send_off(core_->resume(run), done);
}
result<NewsAnswer> RunnerCore::resume(RunId run) {
  return wait_on<NewsAnswer>(*core_, [&](Completion<NewsAnswer> done) { resume(run, done); });
}

// --- what is read

void RunnerCore::status(RunId run, Completion<RunStatus> done) const {
  core_->send_off(core_->tell_from_log(run, &status_of), done);
}
result<RunStatus> RunnerCore::status(RunId run) const {
  return wait_on<RunStatus>(*core_, [&](Completion<RunStatus> done) { status(run, done); });
}
void RunnerCore::explain(RunId run, Completion<std::string> done) const {
  core_->send_off(core_->tell_from_log(run, &explanation_of), done);
}
result<std::string> RunnerCore::explain(RunId run) const {
  return wait_on<std::string>(*core_, [&](Completion<std::string> done) { explain(run, done); });
}
void RunnerCore::json_of(RunId run, Completion<std::string> done) const {
  core_->send_off(core_->tell_from_log(run, &json_explanation_of), done);
}
result<std::string> RunnerCore::json_of(RunId run) const {
  return wait_on<std::string>(*core_, [&](Completion<std::string> done) { json_of(run, done); });
}
void RunnerCore::records(RunId run, Completion<std::vector<RunRecord>> done) const {
  core_->send_off(core_->tell_from_log(run, &records_themselves), done);
}
result<std::vector<RunRecord>> RunnerCore::records(RunId run) const {
  return wait_on<std::vector<RunRecord>>(
      *core_, [&](Completion<std::vector<RunRecord>> done) { records(run, done); });
}

void RunnerCore::recover(Duration idle, Completion<RecoveryReport> done) {
  INVSAGA_ASSERT(idle >= Duration{0}, "SagaRunner::recover: idle >= 0");
  core_->send_off(core_->recover(idle, Core::Asker::user), done);
}
RecoveryReport RunnerCore::recover(Duration idle) {
  const auto report = wait_on<RecoveryReport>(
      *core_, [&](Completion<RecoveryReport> done) { recover(idle, done); });
  RecoveryReport failed;
  failed.failed = 1;
  return report.has_value() ? report.assume_value() : failed;
}
std::size_t RunnerCore::runs() const {
  core_->arm_the_unarmed();
  const std::lock_guard lock(core_->mutex);
  return core_->by_serial.size();
}
OwnerId RunnerCore::owner() const { return core_->owner; }
HashKey RunnerCore::secret() const { return core_->options.secret; }
Thrown RunnerCore::thrown() const {
  core_->arm_the_unarmed();
  return core_->thrown.thrown();
}

namespace {

/// What is answered, from whichever thread it comes.
template <class T>
class AnswerBox {
 public:
  explicit AnswerBox(LocalExecutor& executor) noexcept : executor_(executor) {}
  AnswerBox(const AnswerBox&) = delete;
  AnswerBox& operator=(const AnswerBox&) = delete;

  Completion<T> completion() noexcept { return {&AnswerBox::answered, this, 0}; }
  [[nodiscard]] std::optional<result<T>> answer() const {
    const std::lock_guard lock(mutex_);
    return answer_;
  }

 private:
  static void answered(void* context, std::uint64_t, result<T>&& answer) noexcept {
    auto& self = *static_cast<AnswerBox*>(context);
    const std::lock_guard lock(self.mutex_);  // who looks may end its life
    self.answer_.emplace(std::move(answer));
    self.executor_.wake();
  }

  LocalExecutor& executor_;
  mutable std::mutex mutex_;
  std::optional<result<T>> answer_;
};

/// If nothing is to be done, the backend has yet to answer; or there was no memory to arm what is,
/// which nobody else would see to. `seen`: so many wakes, before it was looked for an answer.
void run_next(RunnerCore::Core& core, LocalExecutor& executor, std::uint64_t seen) {
  Turns::take_all();
  Chain::drive_all();
  core.look_after_neglected();  // what runs here is no activity of the runner
  if (executor.run_one(seen)) return;
  if (!core.is_neglectful()) return executor.wait_for_task(seen);
  Clock& clock = core.environment.clock;
  clock.sleep_until(saturating_add(clock.now(), Duration{1}));
}

/// Runs an executor's tasks on this thread, as whoever waits by one that has no thread of its own,
/// until `look` finds something.
template <class Look>
auto run_until(RunnerCore::Core& core, LocalExecutor& executor, const Look& look) {
  for (;;) {
    const std::uint64_t seen = executor.wakes();
    if (auto found = look()) return found;
    run_next(core, executor, seen);
  }
}

template <class T, class Send>
result<T> wait_outside(Core& core, const Send& send) {
  if (TaskScope::is_here() || DrivingHere::is_so()) return Error{Errc::unsupported};
  auto* const local = dynamic_cast<LocalExecutor*>(&core.environment.executor);
  if (local == nullptr) return wait_for<T>(send);
  AnswerBox<T> box(*local);
  send(box.completion());
  return *run_until(core, *local, [&] { return box.answer(); });
}

}  // namespace

void RunnerCore::wait(RunId run, Time deadline, Completion<RunOutcome> done) {
  core_->wait(run, deadline, done);
}

result<RunOutcome> RunnerCore::wait(RunId run, Time deadline) {
  return wait_outside<RunOutcome>(*core_,
                                  [&](Completion<RunOutcome> done) { wait(run, deadline, done); });
}
void RunnerCore::stop(Time deadline, Completion<StopReport> done) { core_->stop(deadline, done); }
StopReport RunnerCore::stop(Time deadline) {
  const auto report = wait_outside<StopReport>(
      *core_, [&](Completion<StopReport> done) { stop(deadline, done); });
  return report.has_value() ? report.assume_value() : StopReport{runs(), false};
}

result<RunOutcome> RunnerCore::run_to_end(result<GivenStart> given, const StartRequest& request,
                                          const OutcomeKeeper& keeper, LocalExecutor& executor) {
  AnswerBox<StartAnswer> box(executor);
  start(std::move(given), request, box.completion());
  const auto begun = run_until(*core_, executor, [&] { return box.answer(); });
  if (begun->has_value()) {
    const StartAnswer& answer = begun->assume_value();
    if (answer.outcome) return *answer.outcome;
    if (answer.state == ClaimState::in_progress) return Error{Errc::busy};
    if (answer.state != ClaimState::fresh) return Error{Errc::invalid_argument};
  } else if (runs() == 0) {
    return begun->assume_error();
  }  // else it may have begun, and nobody but this runner drives it
  run_until(*core_, executor, [&] { return keeper.outcome() || runs() == 0; });
  if (!keeper.outcome()) return Error{Errc::timed_out};
  return *keeper.outcome();
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
