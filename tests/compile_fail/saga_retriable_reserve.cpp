// SPDX-License-Identifier: Apache-2.0
//
// expect: a reserve is compensable: it may be refused, and has a release
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto step = compensable<"reserve">(hold, give_back, limits);
#else
constexpr auto step = retriable<"reserve">(hold, limits);
#endif
