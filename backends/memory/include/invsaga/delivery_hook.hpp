// SPDX-License-Identifier: Apache-2.0
//
// When a bus of one process delivers, where somebody else wants to say so: who plays a network with
// it, or replays what happened.
#pragma once

#include <cstdint>
#include <string_view>

#include <invsaga/event.hpp>
#include <invsaga/memory_component.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// When, and how often, an event is delivered to a consumer. The defaults: once, as soon as may be.
struct DeliveryTiming {
  Duration late{0};  ///< The first delivery comes so much later; those behind it in its run wait.
  std::uint32_t again = 0;  ///< After it was acknowledged it is delivered so many times more ...
  Duration again_after{0};  ///< ... each so long after the last one; nobody waits for these.
};

/// Is asked once for each event and consumer, each time the event is accepted, under the bus's
/// lock: it must be quick and must not call the bus.
class DeliveryHook {
 public:
  virtual ~DeliveryHook() = default;
  virtual DeliveryTiming timing(const Event& event, std::string_view consumer) = 0;
};

}  // namespace v0
}  // namespace invsaga
