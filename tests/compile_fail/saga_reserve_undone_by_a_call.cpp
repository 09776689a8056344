// SPDX-License-Identifier: Apache-2.0
//
// expect: the undo of a reserve is a release
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto step = compensable<"reserve">(hold, give_back, limits);
#else
constexpr auto step = compensable<"reserve">(hold, cancel, limits);
#endif
