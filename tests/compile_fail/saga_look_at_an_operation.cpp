// SPDX-License-Identifier: Apache-2.0
//
// expect: a step that only looks is a call
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto price = look<"price">(place, limits);
#else
constexpr auto price = look<"price">(hold, limits);
#endif
