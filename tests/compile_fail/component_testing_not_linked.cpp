// SPDX-License-Identifier: Apache-2.0
//
// expect: of component invsaga::testing, not linked
#ifndef MENDED
#undef INVSAGA_HAS_TESTING
#endif
#include <invsaga/testing/faults.hpp>
