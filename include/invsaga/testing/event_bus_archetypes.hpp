// SPDX-License-Identifier: Apache-2.0
//
// The least type that is an EventBus, and near-misses named by what they lack (see archetypes.hpp).
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include <invsaga/event_bus.hpp>
#include <invsaga/testing/archetypes.hpp>
#include <invsaga/testing/component.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {
namespace archetypes {

class EventBusArchetype : Bare {
 public:
  using Bare::Bare;
  void publish(std::span<const Event>, Completion<void>) noexcept {}
  result<Subscription> subscribe(std::string_view, std::span<const std::string_view>,
                                 EventHandler) {
    return none;
  }
  result<void> leave(std::string_view) { return none; }
};
struct BusWithoutPublish : EventBusArchetype {
  void publish(std::span<const Event>, Completion<void>) = delete;
};
struct BusWithoutAnswer : EventBusArchetype {  ///< Nobody would know that an event was refused.
  void publish(std::span<const Event>) {}
};
struct BusThatThrows : EventBusArchetype {  ///< Whoever publishes could not go on.
  void publish(std::span<const Event>, Completion<void>) {}
};
struct BusWithoutSubscribe : EventBusArchetype {
  void subscribe(std::string_view, std::span<const std::string_view>, EventHandler) = delete;
};
struct BusWithoutConsumers : EventBusArchetype {  ///< Nobody's progress could be told apart.
  result<Subscription> subscribe(std::span<const std::string_view>, EventHandler) { return none; }
};
struct BusWithoutRefusal : EventBusArchetype {  ///< It could not refuse a name that is taken.
  Subscription subscribe(std::string_view, std::span<const std::string_view>, EventHandler) {
    return {};
  }
};
struct BusWithoutHandles : EventBusArchetype {  ///< A handler could never end before its bus.
  result<void> subscribe(std::string_view, std::span<const std::string_view>, EventHandler) {
    return none;
  }
};
struct BusWithoutLeave : EventBusArchetype {  ///< Who is gone for good would be owed for ever.
  void leave(std::string_view) = delete;
};

}  // namespace archetypes
}  // namespace testing
}  // namespace v0
}  // namespace invsaga
