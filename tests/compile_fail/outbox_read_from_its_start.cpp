// SPDX-License-Identifier: Apache-2.0
//
// expect: outbox.pending(after, limit)
#include <invsaga/testing/archetypes.hpp>

using namespace invsaga;

#ifdef MENDED
using Mine = testing::archetypes::OutboxArchetype;
#else
using Mine = testing::archetypes::OutboxReadFromItsStart;
#endif
static_assert(Outbox<Mine>);
