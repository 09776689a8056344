// SPDX-License-Identifier: Apache-2.0
//
// Whatever events wait in, its type erased: what a relay holds.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <vector>

#include <invsaga/completion.hpp>
#include <invsaga/detail/guarded.hpp>
#include <invsaga/outbox.hpp>

namespace invsaga {
inline namespace v0 {

/// The reading side of a backend's outbox: the functions of an Outbox by completions.
template <class O>
concept OutboxDoor = requires(O& outbox, std::uint64_t after, std::size_t limit, RunId run,
                              std::uint64_t sequence) {
  { outbox.pending(after, limit, Completion<std::vector<PendingEvent>>{}) } -> std::same_as<void>;
  { outbox.acknowledge_event(run, sequence, Completion<void>{}) } -> std::same_as<void>;
};

/// An outbox that is read, by one virtual call each: a backend's, or an Outbox by itself, which
/// then answers within the call; if it throws, the reply is lost. Copies refer to the same one. As
/// safe from threads as that is.
class AnyOutbox {
 public:
  /// Borrows the outbox, which outlives every copy. (Wanted without saying so: whoever takes an
  /// `AnyOutbox` takes any outbox.)
  template <class O>
    requires(!std::same_as<std::remove_cv_t<O>, AnyOutbox> && (OutboxDoor<O> || Outbox<O>))
  AnyOutbox(O& outbox)  // NOLINT(google-explicit-constructor)
      : port_(std::make_shared<PortOf<O>>(outbox)) {}

  void pending(std::uint64_t after, std::size_t limit,
               Completion<std::vector<PendingEvent>> done) noexcept {
    port_->pending(after, limit, done);
  }
  void acknowledge_event(RunId run, std::uint64_t sequence, Completion<void> done) noexcept {
    port_->acknowledge_event(run, sequence, done);
  }
  /// How many events it holds, and runs that their events keep: the smaller number. By
  /// `write_limits()` of a backend, or `most_pending()` of an Outbox; nothing if neither is there.
  [[nodiscard]] std::optional<std::size_t> most_pending() const { return port_->most_pending(); }

 private:
  class Port {
   public:
    virtual ~Port() = default;
    [[nodiscard]] virtual std::optional<std::size_t> most_pending() = 0;
    virtual void pending(std::uint64_t, std::size_t,
                         Completion<std::vector<PendingEvent>>) noexcept = 0;
    virtual void acknowledge_event(RunId, std::uint64_t, Completion<void>) noexcept = 0;
  };

  template <class O>
  class PortOf final : public Port {
   public:
    explicit PortOf(O& outbox) noexcept : outbox_(outbox) {}

    void pending(std::uint64_t after, std::size_t limit,
                 Completion<std::vector<PendingEvent>> done) noexcept override {
      if constexpr (OutboxDoor<O>) {
        outbox_.pending(after, limit, done);
      } else {
        done(detail::guarded<std::vector<PendingEvent>>(
            [&] { return outbox_.pending(after, limit); }, Error{Errc::reply_lost}));
      }
    }
    void acknowledge_event(RunId run, std::uint64_t sequence,
                           Completion<void> done) noexcept override {
      if constexpr (OutboxDoor<O>) {
        outbox_.acknowledge_event(run, sequence, done);
      } else {
        done(detail::guarded<void>([&] { return outbox_.acknowledge_event(run, sequence); },
                                   Error{Errc::reply_lost}));
      }
    }
    [[nodiscard]] std::optional<std::size_t> most_pending() override {
      if constexpr (requires { outbox_.write_limits().max_events; }) {
        const auto limits = outbox_.write_limits();
        return std::min(limits.max_events, limits.max_runs);
      } else if constexpr (requires { std::optional<std::size_t>(outbox_.most_pending()); }) {
        return outbox_.most_pending();
      } else {
        return std::nullopt;
      }
    }

   private:
    O& outbox_;
  };

  std::shared_ptr<Port> port_;
};

}  // namespace v0
}  // namespace invsaga
