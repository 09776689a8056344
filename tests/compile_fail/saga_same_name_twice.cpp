// SPDX-License-Identifier: Apache-2.0
//
// expect: two steps have the same name
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto first = compensable<"place">(place, cancel, limits);
#else
constexpr auto first = compensable<"pay">(place, cancel, limits);
#endif
constexpr auto checkout = saga<Order, Shop>("s", 1, first, pivot<"pay">(charge, limits));
