// SPDX-License-Identifier: Apache-2.0
//
// expect: store.apply(operation, effects, shorts)
#include <invsaga/testing/archetypes.hpp>

using namespace invsaga;

#ifdef MENDED
using Mine = testing::archetypes::ApplyingStoreArchetype;
#else
using Mine = testing::archetypes::ApplyWithoutEffects;
#endif
static_assert(ApplyingStore<Mine>);
