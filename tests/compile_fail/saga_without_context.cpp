// SPDX-License-Identifier: Apache-2.0
//
// expect: context_type
#include <invsaga/testing/saga_archetypes.hpp>

using namespace invsaga;

#ifdef MENDED
using Mine = testing::archetypes::SagaArchetype;
#else
using Mine = testing::archetypes::SagaWithoutContext;
#endif
static_assert(Saga<Mine>);
