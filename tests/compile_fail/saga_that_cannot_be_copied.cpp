// SPDX-License-Identifier: Apache-2.0
//
// expect: copy_constructible
#include <invsaga/testing/saga_archetypes.hpp>

using namespace invsaga;

#ifdef MENDED
using Mine = testing::archetypes::SagaArchetype;
#else
using Mine = testing::archetypes::SagaWithoutCopy;
#endif
static_assert(Saga<Mine>);
