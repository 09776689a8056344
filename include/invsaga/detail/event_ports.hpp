// SPDX-License-Identifier: Apache-2.0
//
// What inbox and relay are built on, with the concepts erased, so that both are plain source files.
// Not for users.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <invsaga/event_bus.hpp>
#include <invsaga/idempotency.hpp>
#include <invsaga/outbox.hpp>

namespace invsaga {
inline namespace v0 {
namespace detail {

class ClaimPort {
 public:
  virtual ~ClaimPort() = default;
  [[nodiscard]] virtual Time now() const = 0;
  virtual result<ClaimAnswer> claim(const Claim& claim) = 0;
  virtual result<void> extend_claim(RequestKey key, std::uint64_t epoch, Time until) = 0;
  virtual result<void> confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer) = 0;
  virtual result<void> release_claim(RequestKey key, std::uint64_t epoch) = 0;
};

template <IdempotencyStore S>
class ClaimPortOf final : public ClaimPort {
 public:
  explicit ClaimPortOf(S& store) : store_(store) {}

  Time now() const override { return std::as_const(store_).now(); }
  result<ClaimAnswer> claim(const Claim& claim) override { return store_.claim(claim); }
  result<void> extend_claim(RequestKey key, std::uint64_t epoch, Time until) override {
    return store_.extend_claim(key, epoch, until);
  }
  result<void> confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer) override {
    return store_.confirm_claim(key, epoch, answer);
  }
  result<void> release_claim(RequestKey key, std::uint64_t epoch) override {
    return store_.release_claim(key, epoch);
  }

 private:
  S& store_;
};

/// An outbox and the bus that its events go to.
class RelayPort {
 public:
  virtual ~RelayPort() = default;
  virtual result<std::vector<Event>> pending(std::size_t limit) = 0;
  virtual result<void> acknowledge_event(RunId run, std::uint64_t sequence) = 0;
  virtual result<void> publish(const Event& event) = 0;
};

template <Outbox O, EventBus B>
class RelayPortOf final : public RelayPort {
 public:
  RelayPortOf(O& outbox, B& bus) : outbox_(outbox), bus_(bus) {}

  result<std::vector<Event>> pending(std::size_t limit) override { return outbox_.pending(limit); }
  result<void> acknowledge_event(RunId run, std::uint64_t sequence) override {
    return outbox_.acknowledge_event(run, sequence);
  }
  result<void> publish(const Event& event) override { return bus_.publish(event); }

 private:
  O& outbox_;
  B& bus_;
};

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
