// SPDX-License-Identifier: Apache-2.0
//
// expect: store.submit(operation, effects, shorts, done)
#include <invsaga/testing/archetypes.hpp>

using namespace invsaga;

#ifdef MENDED
using Mine = testing::archetypes::SubmittingStoreArchetype;
#else
using Mine = testing::archetypes::SubmitThatAnswers;
#endif
static_assert(SubmittingStore<Mine>);
