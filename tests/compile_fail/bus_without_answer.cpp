// SPDX-License-Identifier: Apache-2.0
//
// expect: bus.publish(events, done)
#include <invsaga/testing/event_bus_archetypes.hpp>

using namespace invsaga;

#ifdef MENDED
using Mine = testing::archetypes::EventBusArchetype;
#else
using Mine = testing::archetypes::BusWithoutAnswer;
#endif
static_assert(EventBus<Mine>);
