// SPDX-License-Identifier: Apache-2.0
//
// expect: a commit cannot be undone: it is the pivot, or stands after it
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto step = pivot<"commit">(sell, limits);
#else
constexpr auto step = compensable<"commit">(sell, cancel, limits);
#endif
