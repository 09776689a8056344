// SPDX-License-Identifier: Apache-2.0
//
// Any bus, its type erased: what a relay and a service hold whose bus is chosen when it starts.
#pragma once

#include <concepts>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <invsaga/event_bus.hpp>

namespace invsaga {
inline namespace v0 {

/// An EventBus by one virtual call each. Copies refer to the same one. As safe from threads as that
/// is.
class AnyBus {
 public:
  /// Borrows the bus, which outlives every copy. (Wanted without saying so: whoever takes an
  /// `AnyBus` takes any bus.)
  template <EventBus B>
    requires(!std::same_as<std::remove_cv_t<B>, AnyBus>)
  AnyBus(B& bus)  // NOLINT(google-explicit-constructor)
      : port_(std::make_shared<PortOf<B>>(bus)) {}

  void publish(const Event& event, Completion<void> done) noexcept { port_->publish(event, done); }
  result<void> subscribe(std::string_view consumer, std::span<const std::string_view> types,
                         EventHandler handler) {
    return port_->subscribe(consumer, types, std::move(handler));
  }

 private:
  class Port {
   public:
    virtual ~Port() = default;
    virtual void publish(const Event&, Completion<void>) noexcept = 0;
    virtual result<void> subscribe(std::string_view, std::span<const std::string_view>,
                                   EventHandler) = 0;
  };

  template <EventBus B>
  class PortOf final : public Port {
   public:
    explicit PortOf(B& bus) noexcept : bus_(bus) {}

    void publish(const Event& event, Completion<void> done) noexcept override {
      bus_.publish(event, done);
    }
    result<void> subscribe(std::string_view consumer, std::span<const std::string_view> types,
                           EventHandler handler) override {
      return bus_.subscribe(consumer, types, std::move(handler));
    }

   private:
    B& bus_;
  };

  std::shared_ptr<Port> port_;
};
static_assert(EventBus<AnyBus>);

}  // namespace v0
}  // namespace invsaga
