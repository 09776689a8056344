// SPDX-License-Identifier: Apache-2.0
//
// expect: of component invsaga::history, not linked
#ifndef MENDED
#undef INVSAGA_HAS_HISTORY
#endif
#include <invsaga/history/checker.hpp>
