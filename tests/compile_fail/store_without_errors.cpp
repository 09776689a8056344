// SPDX-License-Identifier: Apache-2.0
//
// expect: store.reserve(reserve, shorts)
#include <invsaga/testing/archetypes.hpp>

using namespace invsaga;

#ifdef MENDED
using Mine = testing::archetypes::ReservationStoreArchetype;
#else
using Mine = testing::archetypes::StoreWithoutErrors;
#endif
static_assert(ReservationStore<Mine>);
