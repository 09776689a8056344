// SPDX-License-Identifier: Apache-2.0
//
// `co_await end_of(runner, run, deadline)`: how a run ends, for coroutines.
#pragma once

#include <invsaga/version.hpp>  // first: it says what the compiler has to be

#include <coroutine>
#include <optional>
#include <utility>

#include <invsaga/saga_runner.hpp>

namespace invsaga {
inline namespace v0 {

/// What a coroutine waits by. The runner outlives the wait.
class RunEndAwaiter {
 public:
  RunEndAwaiter(detail::RunnerCore& runner, RunId run, Time deadline) noexcept
      : runner_(runner), run_(run), deadline_(deadline) {}
  RunEndAwaiter(const RunEndAwaiter&) = delete;
  RunEndAwaiter& operator=(const RunEndAwaiter&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    runner_.wait(run_, deadline_, {&RunEndAwaiter::answered, this, 0});
    // From here on it may have been resumed, and this may be gone.
  }
  result<RunOutcome> await_resume() { return *std::move(answer_); }

 private:
  static void answered(void* context, std::uint64_t, result<RunOutcome>&& answer) noexcept {
    auto& self = *static_cast<RunEndAwaiter*>(context);
    self.answer_.emplace(std::move(answer));
    self.waiting_.resume();
  }

  detail::RunnerCore& runner_;
  RunId run_;
  Time deadline_;
  std::coroutine_handle<> waiting_;
  std::optional<result<RunOutcome>> answer_;
};

/// As `SagaRunner::wait` answers it. The coroutine is resumed on the environment's executor, under
/// no lock; it cannot throw from there on into the executor, so it catches what it throws.
template <Backend B>
[[nodiscard]] RunEndAwaiter end_of(SagaRunner<B>& runner, RunId run, Time deadline) noexcept {
  return {detail::core_of(runner), run, deadline};
}

}  // namespace v0
}  // namespace invsaga
