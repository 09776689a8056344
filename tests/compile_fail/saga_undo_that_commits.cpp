// SPDX-License-Identifier: Apache-2.0
//
// expect: an undo is a call (it returns a result), a release or an adjust
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto step = compensable<"pay">(charge, refund, limits);
#else
constexpr auto step = compensable<"pay">(charge, sell, limits);
#endif
