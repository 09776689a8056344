// SPDX-License-Identifier: Apache-2.0
//
// expect: store.confirm_claim(key, epoch, answer)
#include <invsaga/testing/archetypes.hpp>

using namespace invsaga;

#ifdef MENDED
using Mine = testing::archetypes::IdempotencyStoreArchetype;
#else
using Mine = testing::archetypes::ClaimsWithoutEpoch;
#endif
static_assert(IdempotencyStore<Mine>);
