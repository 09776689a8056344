// SPDX-License-Identifier: Apache-2.0
//
// The runner without its types, so that it is a plain source file. Not for users.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <invsaga/any_backend.hpp>
#include <invsaga/detail/guarded.hpp>
#include <invsaga/environment.hpp>
#include <invsaga/run_observer.hpp>
#include <invsaga/saga.hpp>
#include <invsaga/thrown.hpp>

namespace invsaga {
inline namespace v0 {

class Relay;
struct CancelAnswer;
enum class Handling : std::uint8_t;
enum class NewsAnswer : std::uint8_t;
struct RecoveryReport;
struct RunnerOptions;
struct RunStatus;
struct StartAnswer;
struct StartRequest;
struct StopReport;

namespace detail {

template <Saga S>
SagaVersion version_of(const S& saga) {
  return {std::string(saga.name()), saga.version(), saga.hash()};
}

/// A copy of a saga, and its definition, which refers to the copy.
struct KeptSaga {
  std::shared_ptr<const void> saga;
  Definition definition;
};
template <Saga S>
KeptSaga kept(const S& saga) {
  auto own = std::make_shared<const S>(saga);
  Definition definition = own->definition();
  return {std::move(own), std::move(definition)};
}

/// What a user gives, copied and encoded.
struct GivenStart {
  SagaVersion saga;
  std::vector<std::byte> input;
};
template <class Input, class Version>
result<GivenStart> given_by(Version version, const Input& input) {
  GivenStart made;
  INVSAGA_CHECK(take_in([&] {
    made.saga = version();
    made.input = encode(input);
  }));
  return made;
}
template <Saga S>
result<GivenStart> given(const S& saga, const typename S::input_type& input) {
  return given_by([&] { return version_of(saga); }, input);
}
/// A call's answer; of an undo it has no bytes.
struct GivenAnswer {
  std::string_view schema;
  result<std::vector<std::byte>> answer;
};
inline result<GivenAnswer> given(const Error& answer) { return GivenAnswer{{}, answer}; }
template <Storable T>
result<GivenAnswer> given(const T& answer) {
  GivenAnswer made{Stored<T>::schema, std::vector<std::byte>{}};
  INVSAGA_CHECK(take_in([&] { made.answer = encode(answer); }));
  return made;
}
template <class T>
  requires Storable<T> || std::is_void_v<T>
result<GivenAnswer> given(const result<T>& answer) {
  if (!answer.has_value()) return given(answer.assume_error());
  if constexpr (std::is_void_v<T>)
    return GivenAnswer{{}, std::vector<std::byte>{}};
  else
    return given(answer.assume_value());
}
/// What a step may be completed with: a value, an `Error`, or a result that is one of them.
template <class A>
concept CallAnswer = !std::is_same_v<A, result<void>> && requires(const A& answer) {
  { given(answer) } -> std::same_as<result<GivenAnswer>>;
};

/// Refuses a backend that sagas cannot use, where its type knows what it can.
template <Backend B>
constexpr void require_sagas() {
  if constexpr (requires { std::bool_constant<B::capabilities().linearizable>{}; }) {
    static_assert(
        provides(B::capabilities(), saga_needs),
        "sagas need a backend whose operations are linearizable and take all lines or none");
  }
}

class RunnerCore;
template <class Runner>
RunnerCore& core_of(Runner& runner) noexcept {
  return runner.core_;
}

class OutcomeKeeper;

/// The runner without its types.
class RunnerCore {
 public:
  RunnerCore(const AnyBackend& backend, Environment environment, RunnerOptions options);
  RunnerCore(const RunnerCore&) = delete;
  RunnerCore& operator=(const RunnerCore&) = delete;
  ~RunnerCore();

  void add(KeptSaga kept, void* user);
  void start(result<GivenStart> given, const StartRequest& request, Completion<StartAnswer> done);
  result<StartAnswer> start(result<GivenStart> given, const StartRequest& request);
  void complete(RunId run, CallId call, bool undo, result<GivenAnswer> given,
                Completion<NewsAnswer> done);
  result<NewsAnswer> complete(RunId run, CallId call, bool undo, result<GivenAnswer> given);
  void cancel(RunId run, std::string_view reason, Completion<CancelAnswer> done);
  result<CancelAnswer> cancel(RunId run, std::string_view reason);
  void resume(RunId run, Completion<NewsAnswer> done);
  result<NewsAnswer> resume(RunId run);
  [[nodiscard]] result<void> ready() const;
  void status(RunId run, Completion<RunStatus> done) const;
  [[nodiscard]] result<RunStatus> status(RunId run) const;
  void explain(RunId run, Completion<std::string> done) const;
  [[nodiscard]] result<std::string> explain(RunId run) const;
  void json_of(RunId run, Completion<std::string> done) const;
  [[nodiscard]] result<std::string> json_of(RunId run) const;
  void records(RunId run, Completion<std::vector<RunRecord>> done) const;
  [[nodiscard]] result<std::vector<RunRecord>> records(RunId run) const;
  void recover(Duration idle, Completion<RecoveryReport> done);
  RecoveryReport recover(Duration idle);
  void wait(RunId run, Time deadline, Completion<RunOutcome> done);
  result<RunOutcome> wait(RunId run, Time deadline);
  void stop(Time deadline, Completion<StopReport> done);
  StopReport stop(Time deadline);
  /// Begins a run, and runs tasks of the executor until it has ended: what `run_sync` answers.
  result<RunOutcome> run_to_end(result<GivenStart> given, const StartRequest& request,
                                const OutcomeKeeper& keeper, LocalExecutor& executor);
  [[nodiscard]] std::size_t runs() const;
  [[nodiscard]] OwnerId owner() const;
  [[nodiscard]] HashKey secret() const;
  [[nodiscard]] Thrown thrown() const;

  struct Core;
  [[nodiscard]] const std::shared_ptr<Core>& core() const noexcept { return core_; }

 private:
  std::shared_ptr<Core> core_;
};

/// For who does not know whether the runner lives: `unavailable` if not. The first begins a run for
/// an event, and tells what became of that.
void start_by(const std::weak_ptr<RunnerCore::Core>& core, result<GivenStart> given,
              const StartRequest& request, Completion<Handling> done);
void complete_by(const std::weak_ptr<RunnerCore::Core>& core, RunId run, CallId call, bool undo,
                 result<GivenAnswer> given, Completion<NewsAnswer> done);
result<NewsAnswer> complete_by(const std::weak_ptr<RunnerCore::Core>& core, RunId run, CallId call,
                               bool undo, result<GivenAnswer> given);

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

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
