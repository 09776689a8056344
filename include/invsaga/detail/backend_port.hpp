// SPDX-License-Identifier: Apache-2.0
//
// A backend as the runner sees it: the concept erased, so that the runner is a plain source file.
// Not for users.
#pragma once

#include <span>
#include <vector>

#include <invsaga/backend.hpp>

namespace invsaga {
inline namespace v0 {
namespace detail {

class BackendPort {
 public:
  virtual ~BackendPort() = default;
  [[nodiscard]] virtual Time now() const = 0;
  [[nodiscard]] virtual bool atomic_effects() const = 0;
  virtual void apply(const Operation& operation, const Effects& effects,
                     std::span<ShortLine> shorts, Completion done) = 0;
  virtual result<Position> append(RunId run, Position at, const RunRecord& record) = 0;
  virtual result<std::vector<RunRecord>> read(RunId run) = 0;
  virtual result<std::vector<RunId>> unfinished(RunId after, std::size_t limit) = 0;
  virtual result<void> settle(RunId run, const std::vector<RunRecord>& records) = 0;
  virtual result<ClaimAnswer> claim(const Claim& claim) = 0;
  virtual result<void> extend_claim(RequestKey key, std::uint64_t epoch, Time lease_until) = 0;
  virtual result<void> confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer) = 0;
  virtual result<void> release_claim(RequestKey key, std::uint64_t epoch) = 0;
};

template <Backend B>
class BackendPortOf final : public BackendPort {
  static_assert(
      provides(B::capabilities, saga_needs),
      "sagas need a backend whose operations are linearizable and take all lines or none");

 public:
  explicit BackendPortOf(B& backend) : backend_(backend) {}

  Time now() const override { return backend_.now(); }
  bool atomic_effects() const override { return Capabilities(B::capabilities).atomic_effects; }
  void apply(const Operation& operation, const Effects& effects, std::span<ShortLine> shorts,
             Completion done) override {
    if constexpr (SubmittingStore<B>)
      backend_.submit(operation, effects, shorts, done);
    else
      done(backend_.apply(operation, effects, shorts));
  }
  result<Position> append(RunId run, Position at, const RunRecord& record) override {
    return backend_.append(run, at, record);
  }
  result<std::vector<RunRecord>> read(RunId run) override { return backend_.read(run); }
  result<std::vector<RunId>> unfinished(RunId after, std::size_t limit) override {
    return backend_.unfinished(after, limit);
  }
  result<void> settle(RunId run, const std::vector<RunRecord>& records) override {
    return backend_.settle(run, records);
  }
  result<ClaimAnswer> claim(const Claim& claim) override { return backend_.claim(claim); }
  result<void> extend_claim(RequestKey key, std::uint64_t epoch, Time lease_until) override {
    return backend_.extend_claim(key, epoch, lease_until);
  }
  result<void> confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer) override {
    return backend_.confirm_claim(key, epoch, answer);
  }
  result<void> release_claim(RequestKey key, std::uint64_t epoch) override {
    return backend_.release_claim(key, epoch);
  }

 private:
  B& backend_;
};

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
