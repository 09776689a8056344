// SPDX-License-Identifier: Apache-2.0
//
// expect: WritableStore
#include <invsaga/testing/archetypes.hpp>

using namespace invsaga;

#ifdef MENDED
using Mine = testing::archetypes::BackendArchetype;
#else
using Mine = testing::archetypes::BackendWithoutDoor;
#endif
static_assert(Backend<Mine>);
