// SPDX-License-Identifier: Apache-2.0
//
// Whatever keeps claims, its type erased: what an inbox holds.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <invsaga/completion.hpp>
#include <invsaga/detail/guarded.hpp>
#include <invsaga/idempotency.hpp>

namespace invsaga {
inline namespace v0 {

/// The claims of a backend: the functions of an IdempotencyStore by completions.
template <class S>
concept ClaimDoor = requires(S& store, const S& view, const Claim& claim, RequestKey key,
                             std::uint64_t epoch, Time until, Bytes answer, Completion<void> done) {
  { view.now() } -> std::same_as<Time>;
  { store.claim(claim, Completion<ClaimAnswer>{}) } -> std::same_as<void>;
  { store.extend_claim(key, epoch, until, done) } -> std::same_as<void>;
  { store.confirm_claim(key, epoch, answer, done) } -> std::same_as<void>;
  { store.release_claim(key, epoch, done) } -> std::same_as<void>;
};

/// Claims by one virtual call each: of a backend, or of an IdempotencyStore by itself, which then
/// answers within the call; if it throws, the reply is lost. Copies refer to the same one. As safe
/// from threads as that is. What a call is given is lent until the completion.
class AnyClaims {
 public:
  /// Borrows the store, which outlives every copy. (Wanted without saying so: whoever takes
  /// `AnyClaims` takes any store of claims.)
  template <class S>
    requires(!std::same_as<std::remove_cv_t<S>, AnyClaims> && (ClaimDoor<S> || IdempotencyStore<S>))
  AnyClaims(S& store)  // NOLINT(google-explicit-constructor)
      : port_(std::make_shared<PortOf<S>>(store)) {}

  [[nodiscard]] std::optional<Retention> retention() const noexcept { return port_->retention(); }
  [[nodiscard]] Time now() const noexcept { return port_->now(); }
  void claim(const Claim& claim, Completion<ClaimAnswer> done) noexcept {
    port_->claim(claim, done);
  }
  void extend_claim(RequestKey key, std::uint64_t epoch, Time until,
                    Completion<void> done) noexcept {
    port_->extend_claim(key, epoch, until, done);
  }
  void confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer,
                     Completion<void> done) noexcept {
    port_->confirm_claim(key, epoch, answer, done);
  }
  void release_claim(RequestKey key, std::uint64_t epoch, Completion<void> done) noexcept {
    port_->release_claim(key, epoch, done);
  }

 private:
  class Port {
   public:
    virtual ~Port() = default;
    [[nodiscard]] virtual std::optional<Retention> retention() const noexcept = 0;
    [[nodiscard]] virtual Time now() const noexcept = 0;
    virtual void claim(const Claim&, Completion<ClaimAnswer>) noexcept = 0;
    virtual void extend_claim(RequestKey, std::uint64_t, Time, Completion<void>) noexcept = 0;
    virtual void confirm_claim(RequestKey, std::uint64_t, Bytes, Completion<void>) noexcept = 0;
    virtual void release_claim(RequestKey, std::uint64_t, Completion<void>) noexcept = 0;
  };

  template <class S>
  class PortOf final : public Port {
   public:
    explicit PortOf(S& store) noexcept : store_(store) {}

    Time now() const noexcept override { return std::as_const(store_).now(); }
    std::optional<Retention> retention() const noexcept override {
      return retention_of(std::as_const(store_));
    }
    void claim(const Claim& claim, Completion<ClaimAnswer> done) noexcept override {
      if constexpr (ClaimDoor<S>) {
        store_.claim(claim, done);
      } else {
        tell(done, [&] { return store_.claim(claim); });
      }
    }
    void extend_claim(RequestKey key, std::uint64_t epoch, Time until,
                      Completion<void> done) noexcept override {
      if constexpr (ClaimDoor<S>) {
        store_.extend_claim(key, epoch, until, done);
      } else {
        tell(done, [&] { return store_.extend_claim(key, epoch, until); });
      }
    }
    void confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer,
                       Completion<void> done) noexcept override {
      if constexpr (ClaimDoor<S>) {
        store_.confirm_claim(key, epoch, answer, done);
      } else {
        tell(done, [&] { return store_.confirm_claim(key, epoch, answer); });
      }
    }
    void release_claim(RequestKey key, std::uint64_t epoch,
                       Completion<void> done) noexcept override {
      if constexpr (ClaimDoor<S>) {
        store_.release_claim(key, epoch, done);
      } else {
        tell(done, [&] { return store_.release_claim(key, epoch); });
      }
    }

   private:
    /// One that throws has not said what became of the call.
    template <class T, class Call>
    static void tell(Completion<T> done, const Call& call) {
      done(detail::guarded<T>(call, Error{Errc::reply_lost}));
    }

    S& store_;
  };

  std::shared_ptr<Port> port_;
};

}  // namespace v0
}  // namespace invsaga
