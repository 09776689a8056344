// SPDX-License-Identifier: Apache-2.0
//
// expect: log.append(run, at, records, stamp)
#include <invsaga/testing/archetypes.hpp>

using namespace invsaga;

#ifdef MENDED
using Mine = testing::archetypes::SagaLogArchetype;
#else
using Mine = testing::archetypes::LogWithoutPosition;
#endif
static_assert(SagaLog<Mine>);
