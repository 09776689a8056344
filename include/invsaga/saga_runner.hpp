// SPDX-License-Identifier: Apache-2.0
//
// Drives runs: many at a time on few threads, or one on the caller's (`run_sync`).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/backend.hpp>
#include <invsaga/completer.hpp>
#include <invsaga/detail/runner_core.hpp>
#include <invsaga/environment.hpp>
#include <invsaga/run_observer.hpp>
#include <invsaga/run_outcome.hpp>
#include <invsaga/run_status.hpp>
#include <invsaga/saga.hpp>

namespace invsaga {
inline namespace v0 {

/// How a runner drives its runs, and its bounds. Constant for its life.
struct RunnerOptions {
  /// Under way at once; more are `resource_exhausted`. A run that is stuck is not under way.
  std::size_t max_runs = 100'000;
  std::size_t max_waiters = 100'000;  ///< Who waits for runs at once, and as many for stops.
  Duration lease{30'000};             ///< Of a claim, until the run's first record binds it.
  /// Not set: made of the system's randomness; by a clock that is told its time, of the
  /// environment's seed and the time, so that simulated processes need different seeds.
  OwnerId owner{};
  /// Answers that come on other threads are handed to the executor, so that runs are driven on its
  /// threads and on those that call `start`, and on no others. Tasks of the executor then use the
  /// forms with a completion: without, they would wait for a turn that is theirs to take.
  bool on_executor = false;
  RunObserver* observer = nullptr;  ///< Borrowed for the runner's life; may be absent.
  Relay* relay = nullptr;  ///< Woken by each write that decided events; may end before the runner.
  HashKey secret{};  ///< The service's own, of `run_id`: the same in all its processes, always.
};

/// How to begin a run.
struct StartRequest {
  std::string key{};     ///< The run's name in text, e.g. the order's number; 1 to 1,024 bytes.
  RequestKey request{};  ///< Not set: no claim; then saga and key alone name the run.
  /// Of all that `request` asks for (`fingerprint_of`). Without one the input itself is compared.
  Fingerprint fingerprint{};
  /// Of `request`: made once by who asks, and repeated. Past it nothing is begun; until then the
  /// answer is kept. By one made on arrival, a repeat of what is forgotten is a new request.
  Time deadline{};
  std::string traceparent{};  ///< W3C trace context, told to steps and in events; empty: none.
};

/// The run that `start` begins: of the request, else of saga and key. `secret` is the runner's.
RunId run_id(std::string_view saga, const StartRequest& request, HashKey secret = {}) noexcept;

/// The answer to `start`: whether the run was begun here, and which it is.
struct StartAnswer {
  ClaimState state{};
  RunId run;
  std::optional<RunOutcome> outcome;  ///< completed: how the first one ended.
};

/// Runs sagas over one backend.
///
/// The backend, the environment, the observer and the contexts of sagas are borrowed and must
/// outlive the runner; the sagas are copied. All functions are safe from any thread, also from
/// within a step, an observer or a completion: what is begun there is driven once that thread is
/// done with what it drives. Ending the runner starts nothing more and waits for what its threads
/// are at: never from within these. What it had under way is left to recovery, as after a crash.
///
/// What asks the backend comes in two forms. With a completion: it is answered when the backend has
/// answered, `reply_lost` if that is after the runner's end. Without: it waits, on its caller's
/// thread; on one that drives runs, or calls a completion, it is `unavailable` before anything is
/// sent, unless the backend `answers_at_once`.
///
/// Guarantees, given the backend's: no run is lost once `start` has answered; each step takes
/// effect at most once a run; a run ends completed or compensated, or is stuck and says so; two
/// runners never both move a run (`moved_on`). A log that does not answer is asked again, at
/// growing intervals, for as long as the runner lives.
template <Backend B>
class SagaRunner {
 public:
  /// Requires `options.lease` > 0.
  SagaRunner(B& backend, Environment environment, RunnerOptions options = {})
      : core_(backend, environment, options) {
    detail::require_sagas<B>();
  }

  /// Copies a saga, and registers it with the object that its called steps get, before any run of
  /// it. The same saga again replaces it; another version, or shape, of the name is a saga of its
  /// own, so that old runs finish on the definition they were begun with as long as that is
  /// registered too. Requires a function for each step and each undo.
  template <Saga S>
  void add(const S& saga, typename S::context_type& context) {
    core_.add(detail::kept(saga), &context);
  }

  /// Whether the backend has what sagas need, to be asked at start-up: `unsupported` names what is
  /// missing. Of a backend whose type tells it does not compile.
  [[nodiscard]] result<void> ready() const { return core_.ready(); }

  /// Begins a run, and drives it on this thread as far as it goes without waiting. `fresh`: begun
  /// here. A repeat begins nothing: it is `in_progress` or `completed` (with the outcome); with
  /// another fingerprint, or without a request with another input, `mismatch`; past its deadline,
  /// if there is no run, `expired`. Errors: `unknown_definition`, `invalid_argument` (empty or long
  /// key; a request without a deadline or a fingerprint), `resource_exhausted`, and the backend's.
  /// After `ask_again` the run may have begun, and if it has it is driven: repeat the same request.
  template <Saga S>
  result<StartAnswer> start(const S& saga, const typename S::input_type& input,
                            const StartRequest& request) {
    return core_.start(detail::given(saga, input), request);
  }
  /// The same, answered later if the backend is. Saga, input and request are copied.
  template <Saga S>
  void start(const S& saga, const typename S::input_type& input, const StartRequest& request,
             Completion<StartAnswer> done) {
    core_.start(detail::given(saga, input), request, done);
  }

  /// Answers a step that said `pending`: a value of the type that it leaves, an `Error`, whose
  /// remedy decides, or a result that is one of them. A final answer
  /// is taken as long as it matters, of whichever attempt, and by any process: a run that is driven
  /// elsewhere, or by nobody, is taken over with it. Errors: `reply_lost` (without a completion,
  /// while the log does not answer: it may come to be recorded), `not_found` (no such run, or
  /// call), `unknown_definition`, `invalid_argument` (another type than the step leaves, an error
  /// of no code), `limit_exceeded` (more than the log takes: nothing has changed), the backend's.
  template <detail::CallAnswer A>
  result<NewsAnswer> complete(RunId run, CallId call, const A& answer) {
    return core_.complete(run, call, false, detail::given(answer));
  }
  template <detail::CallAnswer A>
  void complete(RunId run, CallId call, const A& answer, Completion<NewsAnswer> done) {
    core_.complete(run, call, false, detail::given(answer), done);
  }
  /// The same for the undo of a step: success, or an error.
  result<NewsAnswer> complete_undo(RunId run, CallId call, const result<void>& answer) {
    return core_.complete(run, call, true, detail::given(answer));
  }
  void complete_undo(RunId run, CallId call, const result<void>& answer,
                     Completion<NewsAnswer> done) {
    core_.complete(run, call, true, detail::given(answer), done);
  }

  /// For code that may outlive this runner.
  [[nodiscard]] Completer completer() const { return Completer(core_); }

  /// Asks for the run to be undone, by any process: an append, by which a run that is driven
  /// elsewhere, or by nobody, is taken over. Once accepted the run only compensates; `too_late`:
  /// its pivot is done or in doubt. Errors: `invalid_argument` (a reason above 1,024 bytes),
  /// `not_found`, `unknown_definition`, the backend's; after `ask_again` it may be accepted.
  result<CancelAnswer> cancel(RunId run, std::string_view reason) {
    return core_.cancel(run, reason);
  }
  void cancel(RunId run, std::string_view reason, Completion<CancelAnswer> done) {
    core_.cancel(run, reason, done);
  }

  /// Lets a stuck run go on, with fresh budgets: an append to the run, by any process, which takes
  /// it over; one that has too many under way leaves it to the next `recover`. `not_waited_for` if
  /// it is not stuck. Errors: as `cancel`.
  result<NewsAnswer> resume(RunId run) { return core_.resume(run); }
  void resume(RunId run, Completion<NewsAnswer> done) { core_.resume(run, done); }

  /// Where it stands, from its records. Errors: `not_found`, `unknown_definition`, the backend's.
  [[nodiscard]] result<RunStatus> status(RunId run) const { return core_.status(run); }
  void status(RunId run, Completion<RunStatus> done) const { core_.status(run, done); }
  /// What happened, why, what comes next, and the last error of what is being tried here: a
  /// sentence, a line for each step and each record. Or one JSON object of it. Errors: as `status`.
  [[nodiscard]] result<std::string> explain(RunId run) const { return core_.explain(run); }
  void explain(RunId run, Completion<std::string> done) const { core_.explain(run, done); }
  [[nodiscard]] result<std::string> explain_json(RunId run) const { return core_.json_of(run); }
  void explain_json(RunId run, Completion<std::string> done) const { core_.json_of(run, done); }
  /// Everything that is recorded of the run; empty if nothing is.
  [[nodiscard]] result<std::vector<RunRecord>> records(RunId run) const {
    return core_.records(run);
  }
  void records(RunId run, Completion<std::vector<RunRecord>> done) const {
    core_.records(run, done);
  }

  /// How the run ends, wherever it is driven; stuck is an end here. Errors: `timed_out` (by the
  /// environment's clock; it goes on), `not_found` (nobody has begun it by then), `unavailable`
  /// (this runner stopped or ended first), `resource_exhausted`, the backend's. It waits on this
  /// thread, and runs a `LocalExecutor`'s tasks; within a task or a step it is `unsupported`.
  result<RunOutcome> wait(RunId run, Time deadline) { return core_.wait(run, deadline); }
  /// The same, told on the executor. Also as an awaitable: `await_run.hpp`.
  void wait(RunId run, Time deadline, Completion<RunOutcome> done) {
    core_.wait(run, deadline, done);
  }

  /// Begins nothing any more, no run, step or operation (`unavailable`), and answers once all that
  /// is under way here has been answered, recorded and told, or at the deadline, by the
  /// environment's clock. Steps that said `pending` are not waited for: their answers may be
  /// brought to the next process. A run whose end is recorded by then was told to the observer. A
  /// repeat waits likewise. Reads, cancels and answers are taken until the runner's end.
  StopReport stop(Time deadline) { return core_.stop(deadline); }
  void stop(Time deadline, Completion<StopReport> done) { core_.stop(deadline, done); }

  /// Takes over every unfinished run that nobody has moved for `idle` (by the store's clock), also
  /// from who lives (a `Keeper` spares those), and drives it on. One bad run stops no other.
  /// For a process that starts alone, with all sagas added; again is safe. Requires `idle` >= 0.
  RecoveryReport recover(Duration idle = Duration{0}) { return core_.recover(idle); }
  void recover(Duration idle, Completion<RecoveryReport> done) { core_.recover(idle, done); }

  /// What steps and observers have thrown.
  [[nodiscard]] Thrown thrown() const { return core_.thrown(); }
  /// How many runs are under way here.
  [[nodiscard]] std::size_t runs() const { return core_.runs(); }
  [[nodiscard]] OwnerId owner() const { return core_.owner(); }

 private:
  template <class Runner>
  friend detail::RunnerCore& detail::core_of(Runner& runner) noexcept;
  detail::RunnerCore core_;
};

}  // namespace v0
}  // namespace invsaga
