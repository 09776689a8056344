// SPDX-License-Identifier: Apache-2.0
//
// expect: a pivot has no compensation: nothing is undone once it is done
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto step = pivot<"pay">(charge, {2s, standard});
#else
constexpr auto step = pivot<"pay">(charge, refund, {2s, standard});
#endif
