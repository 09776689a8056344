// SPDX-License-Identifier: Apache-2.0
//
// expect: schema
#include <invsaga/testing/archetypes.hpp>

using namespace invsaga;

#ifdef MENDED
using Mine = testing::archetypes::StorableArchetype;
#else
using Mine = testing::archetypes::StoredWithoutSchema;
#endif
static_assert(Storable<Mine>);
