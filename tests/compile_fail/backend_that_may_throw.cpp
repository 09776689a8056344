// SPDX-License-Identifier: Apache-2.0
//
// expect: backend.read(run
#include <invsaga/testing/archetypes.hpp>

using namespace invsaga;

#ifdef MENDED
using Mine = testing::archetypes::BackendArchetype;
#else
using Mine = testing::archetypes::BackendThatMayThrow;
#endif
static_assert(Backend<Mine>);
