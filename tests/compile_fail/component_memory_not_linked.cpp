// SPDX-License-Identifier: Apache-2.0
//
// expect: of component invsaga::memory, not linked
#ifndef MENDED
#undef INVSAGA_HAS_MEMORY
#endif
#include <invsaga/memory_bus.hpp>
