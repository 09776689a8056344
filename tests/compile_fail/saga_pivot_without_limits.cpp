// SPDX-License-Identifier: Apache-2.0
//
// expect: a step needs limits: a deadline and a retry policy
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto step = pivot<"commit">(sell, {2s, until_known});
#else
constexpr auto step = pivot<"commit">(sell);
#endif
