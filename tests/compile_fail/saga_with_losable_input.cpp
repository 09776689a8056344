// SPDX-License-Identifier: Apache-2.0
//
// expect: Storable
#include <invsaga/testing/saga_archetypes.hpp>

using namespace invsaga;

#ifdef MENDED
using Mine = testing::archetypes::SagaArchetype;
#else
using Mine = testing::archetypes::SagaWithLosableInput;
#endif
static_assert(Saga<Mine>);
