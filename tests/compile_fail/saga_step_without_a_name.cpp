// SPDX-License-Identifier: Apache-2.0
//
// expect: a step needs a name
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto step = pivot<"pay">(charge, limits);
#else
constexpr auto step = pivot<"">(charge, limits);
#endif
constexpr auto checkout = saga<Order, Shop>("s", 1, step);
