// SPDX-License-Identifier: Apache-2.0
//
// expect: a step needs limits: a deadline and a retry policy
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto step = compensable<"pay">(charge, refund, {2s, standard});
#else
constexpr auto step = compensable<"pay">(charge, refund);
#endif
