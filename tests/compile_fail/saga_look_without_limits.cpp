// SPDX-License-Identifier: Apache-2.0
//
// expect: a step needs limits: a deadline and a retry policy
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto price = look<"price">(place, limits);
#else
constexpr auto price = look<"price">(place);
#endif
