// SPDX-License-Identifier: Apache-2.0
//
// An undo may take what its own step leaves, and nothing of a later one.
//
// expect: a step asks for an input that neither the saga nor an earlier step gives
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto first = compensable<"pay">(charge, refund, limits);
#else
constexpr auto first = compensable<"place">(place, refund, limits);
#endif
constexpr auto last = pivot<"deliver">(charge, limits);
constexpr auto checkout = saga<Order, Shop>("s", 1, first, last);
