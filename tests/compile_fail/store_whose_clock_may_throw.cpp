// SPDX-License-Identifier: Apache-2.0
//
// expect: view.now()
#include <invsaga/testing/archetypes.hpp>

using namespace invsaga;

#ifdef MENDED
using Mine = testing::archetypes::ReservationStoreArchetype;
#else
using Mine = testing::archetypes::StoreWhoseClockMayThrow;
#endif
static_assert(ReservationStore<Mine>);
