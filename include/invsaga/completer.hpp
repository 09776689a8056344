// SPDX-License-Identifier: Apache-2.0
//
// How an answer comes to a runner that may have ended.
#pragma once

#include <memory>

#include <invsaga/backend.hpp>
#include <invsaga/detail/runner_core.hpp>

namespace invsaga {
inline namespace v0 {

template <Backend B>
class SagaRunner;

/// Answers steps that said `pending`, for code that may outlive the runner: a gateway's callbacks.
/// A value; copies are for the same runner. Safe from any thread. Once the runner has ended all is
/// `unavailable`: the next process is to be told.
class Completer {
 public:
  /// As `SagaRunner::complete`.
  template <Storable T>
  void complete(RunId run, CallId call, const result<T>& answer,
                Completion<NewsAnswer> done) const {
    detail::complete_by(core_, run, call, false, detail::given(answer), done);
  }
  template <Storable T>
  result<NewsAnswer> complete(RunId run, CallId call, const result<T>& answer) const {
    return detail::complete_by(core_, run, call, false, detail::given(answer));
  }
  /// As `SagaRunner::complete_undo`.
  void complete_undo(RunId run, CallId call, const result<void>& answer,
                     Completion<NewsAnswer> done) const {
    detail::complete_by(core_, run, call, true, detail::given(answer), done);
  }
  result<NewsAnswer> complete_undo(RunId run, CallId call, const result<void>& answer) const {
    return detail::complete_by(core_, run, call, true, detail::given(answer));
  }

 private:
  template <Backend B>
  friend class SagaRunner;
  explicit Completer(const detail::RunnerCore& core) : core_(core.core()) {}
  std::weak_ptr<detail::RunnerCore::Core> core_;
};

}  // namespace v0
}  // namespace invsaga
