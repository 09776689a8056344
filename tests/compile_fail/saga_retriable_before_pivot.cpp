// SPDX-License-Identifier: Apache-2.0
//
// expect: a retriable step stands after the pivot: before it, a step has an undo
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto first = compensable<"place">(place, cancel, limits);
#else
constexpr auto first = retriable<"place">(place, limits);
#endif
constexpr auto checkout = saga<Order, Shop>("s", 1, first, pivot<"pay">(charge, limits));
