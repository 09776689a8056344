// SPDX-License-Identifier: Apache-2.0
//
// The runner without its types, so that it is a plain source file. Not for users.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/detail/backend_port.hpp>
#include <invsaga/environment.hpp>
#include <invsaga/run_observer.hpp>
#include <invsaga/saga.hpp>

namespace invsaga {
inline namespace v0 {

struct CancelAnswer;
struct RecoveryReport;
struct RunnerOptions;
struct RunStatus;
struct StartAnswer;
struct StartRequest;

namespace detail {

template <Saga S>
SagaVersion version_of(const S& saga) {
  return {std::string(saga.name()), saga.version(), saga.hash()};
}

/// The runner without its types.
class RunnerCore {
 public:
  RunnerCore(std::unique_ptr<BackendPort> backend, Environment environment, RunnerOptions options);
  RunnerCore(const RunnerCore&) = delete;
  RunnerCore& operator=(const RunnerCore&) = delete;
  ~RunnerCore();

  void add(Definition definition, void* user);
  result<StartAnswer> start(const SagaVersion& saga, const StartRequest& request,
                            std::vector<std::byte> input);
  result<void> complete(RunId run, CallId call, bool undo, std::string_view schema,
                        result<std::vector<std::byte>> answer);
  result<CancelAnswer> cancel(RunId run, std::string_view reason);
  result<void> resume(RunId run);
  [[nodiscard]] result<RunStatus> status(RunId run) const;
  [[nodiscard]] result<std::string> explain(RunId run) const;
  [[nodiscard]] result<std::vector<RunRecord>> records(RunId run) const;
  RecoveryReport recover(Duration idle);
  [[nodiscard]] std::size_t runs() const;
  [[nodiscard]] OwnerId owner() const;

  struct Core;

 private:
  std::shared_ptr<Core> core_;
};

/// Keeps how a run ended, and passes everything on.
class OutcomeKeeper final : public RunObserver {
 public:
  explicit OutcomeKeeper(RunObserver* next) : next_(next) {}
  void recorded(RunId run, const RunState& state, const RunRecord& record) override {
    if (next_ != nullptr) next_->recorded(run, state, record);
  }
  void ended(RunId run, const RunState& state, const RunOutcome& outcome) override {
    outcome_ = outcome;
    if (next_ != nullptr) next_->ended(run, state, outcome);
  }
  [[nodiscard]] const std::optional<RunOutcome>& outcome() const noexcept { return outcome_; }

 private:
  RunObserver* next_;
  std::optional<RunOutcome> outcome_;
};

/// Runs tasks of the executor until the run that was begun has ended: what `run_sync` answers.
result<RunOutcome> run_to_end(const RunnerCore& core, const result<StartAnswer>& begun,
                              const OutcomeKeeper& keeper, LocalExecutor& executor);

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
