// SPDX-License-Identifier: Apache-2.0
//
// One saga on the caller's thread.
#pragma once

#include <optional>

#include <invsaga/saga_runner.hpp>

namespace invsaga {
inline namespace v0 {

/// Runs one saga on the caller's thread and answers how it ended: the synchronous orchestration.
/// Waiting (backoff, a store that answers later) is done by `executor`, whose clock it is. A step
/// that says `pending` is asked again after its deadline: nobody can complete it here. The records
/// are those of `SagaRunner`; a crash half-way is recovered by any runner over the same backend.
/// One that is stuck is answered as such, and stays in the log; one that may have begun is driven
/// until the log says. Errors: those of `start`; `busy` (under way elsewhere), `invalid_argument`
/// (the request was used for something else, or is too late), `timed_out` (another took it over).
template <Saga S, Backend B>
result<RunOutcome> run_sync(const S& saga, const typename S::input_type& input,
                            typename S::context_type& context, B& backend, Clock& clock,
                            LocalExecutor& executor, const StartRequest& request,
                            RunnerOptions options = {}) {
  detail::OutcomeKeeper keeper(options.observer);
  options.observer = &keeper;
  options.on_executor = true;
  detail::require_sagas<B>();
  std::optional<detail::RunnerCore> core;
  const auto made = detail::within_memory([&]() -> result<void> {
    core.emplace(backend, Environment{clock, executor}, options);
    core->add(detail::kept(saga), &context);
    return success();
  });
  if (!made.has_value()) return made.assume_error();
  return core->run_to_end(detail::given(saga, input), request, keeper, executor);
}

}  // namespace v0
}  // namespace invsaga
