// SPDX-License-Identifier: Apache-2.0
//
// Any bus, its type erased: what a relay and a service hold whose bus is chosen when it starts.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <invsaga/event_bus.hpp>

namespace invsaga {
inline namespace v0 {

/// A bus that can be held by value: `ref()` answers an EventBus that refers to it, answers
/// `unavailable` after its end, and so may outlive it.
template <class B>
concept ReferableBus = EventBus<B> && requires(B& bus) {
  { bus.ref() } -> EventBus;
};

/// An EventBus by one virtual call each. Copies refer to the same one. As safe from threads as that
/// is.
class AnyBus {
 public:
  /// Borrows the bus, which outlives every copy, unless it is a `ReferableBus`. (Wanted without
  /// saying so: whoever takes an `AnyBus` takes any bus.)
  template <EventBus B>
    requires(!std::same_as<std::remove_cv_t<B>, AnyBus>)
  AnyBus(B& bus) {  // NOLINT(google-explicit-constructor)
    if constexpr (ReferableBus<B>) {
      port_ = std::make_shared<PortOf<decltype(bus.ref())>>(bus.ref());
    } else {
      port_ = std::make_shared<PortOf<B&>>(bus);
    }
  }

  void publish(std::span<const Event> events, Completion<void> done) noexcept {
    port_->publish(events, done);
  }
  result<Subscription> subscribe(std::string_view consumer, std::span<const std::string_view> types,
                                 EventHandler handler) {
    return port_->subscribe(consumer, types, std::move(handler));
  }
  result<void> leave(std::string_view consumer) { return port_->leave(consumer); }
  /// How many events all consumers together may be owed and not brought (`most_owed()` of the bus);
  /// nothing if it does not say.
  [[nodiscard]] std::optional<std::size_t> most_owed() const { return port_->most_owed(); }

 private:
  class Port {
   public:
    virtual ~Port() = default;
    virtual void publish(std::span<const Event>, Completion<void>) noexcept = 0;
    virtual result<Subscription> subscribe(std::string_view, std::span<const std::string_view>,
                                           EventHandler) = 0;
    virtual result<void> leave(std::string_view) = 0;
    [[nodiscard]] virtual std::optional<std::size_t> most_owed() = 0;
  };

  /// `Held`: a bus by reference, or one that refers to it.
  template <class Held>
  class PortOf final : public Port {
   public:
    explicit PortOf(Held bus) noexcept : bus_(static_cast<Held&&>(bus)) {}

    void publish(std::span<const Event> events, Completion<void> done) noexcept override {
      bus_.publish(events, done);
    }
    result<Subscription> subscribe(std::string_view consumer,
                                   std::span<const std::string_view> types,
                                   EventHandler handler) override {
      return bus_.subscribe(consumer, types, std::move(handler));
    }
    result<void> leave(std::string_view consumer) override { return bus_.leave(consumer); }
    [[nodiscard]] std::optional<std::size_t> most_owed() override {
      if constexpr (requires { std::optional<std::size_t>(bus_.most_owed()); }) {
        return bus_.most_owed();
      } else {
        return std::nullopt;
      }
    }

   private:
    Held bus_;
  };

  std::shared_ptr<Port> port_;
};
static_assert(EventBus<AnyBus>);

}  // namespace v0
}  // namespace invsaga
