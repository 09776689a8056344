// SPDX-License-Identifier: Apache-2.0
//
// expect: view.capabilities()
#include <invsaga/testing/archetypes.hpp>

using namespace invsaga;

#ifdef MENDED
using Mine = testing::archetypes::ReservationStoreArchetype;
#else
using Mine = testing::archetypes::StoreWithoutCapabilities;
#endif
static_assert(ReservationStore<Mine>);
