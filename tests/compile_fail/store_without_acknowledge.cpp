// SPDX-License-Identifier: Apache-2.0
//
// expect: store.acknowledge_sale(id)
#include <invsaga/testing/archetypes.hpp>

using namespace invsaga;

#ifdef MENDED
using Mine = testing::archetypes::ReservationStoreArchetype;
#else
using Mine = testing::archetypes::StoreWithoutAcknowledge;
#endif
static_assert(ReservationStore<Mine>);
