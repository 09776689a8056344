// SPDX-License-Identifier: Apache-2.0
//
// expect: outbox.put(run, at, event)
#include <invsaga/testing/archetypes.hpp>

using namespace invsaga;

#ifdef MENDED
using Mine = testing::archetypes::OutboxArchetype;
#else
using Mine = testing::archetypes::OutboxWithoutAnswer;
#endif
static_assert(Outbox<Mine>);
