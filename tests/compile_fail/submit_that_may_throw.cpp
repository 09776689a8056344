// SPDX-License-Identifier: Apache-2.0
//
// expect: store.submit(write, done)
#include <invsaga/testing/archetypes.hpp>

using namespace invsaga;

#ifdef MENDED
using Mine = testing::archetypes::WritableStoreArchetype;
#else
using Mine = testing::archetypes::SubmitThatMayThrow;
#endif
static_assert(WritableStore<Mine>);
