// SPDX-License-Identifier: Apache-2.0
//
// As an aggregate the limits would be whole, with no retry at all.
//
// expect: limits are a deadline and a retry policy: there is no default
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto step = pivot<"commit">(sell, {2s, until_known});
#else
constexpr auto step = pivot<"commit">(sell, {2s});
#endif
