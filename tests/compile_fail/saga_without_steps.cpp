// SPDX-License-Identifier: Apache-2.0
//
// expect: a saga needs at least one step
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto checkout = saga<Order, Shop>("s", 1, pivot<"pay">(charge, limits));
#else
constexpr auto checkout = saga<Order, Shop>("s", 1);
#endif
