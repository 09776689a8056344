// SPDX-License-Identifier: Apache-2.0
//
// expect: reservation.state()
#include <invsaga/testing/archetypes.hpp>

using namespace invsaga;

#ifdef MENDED
using Mine = testing::archetypes::ReservationArchetype;
#else
using Mine = testing::archetypes::ReservationWithoutState;
#endif
static_assert(Reservation<Mine>);
