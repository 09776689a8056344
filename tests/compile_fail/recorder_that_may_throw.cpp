// SPDX-License-Identifier: Apache-2.0
//
// expect: recorder.record(record)
#include <invsaga/testing/archetypes.hpp>

using namespace invsaga;

#ifdef MENDED
using Mine = testing::archetypes::RecorderArchetype;
#else
using Mine = testing::archetypes::RecorderThatMayThrow;
#endif
static_assert(Recorder<Mine>);
