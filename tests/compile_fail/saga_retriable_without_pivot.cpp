// SPDX-License-Identifier: Apache-2.0
//
// Without a pivot nothing decides, so every step has to be undone.
//
// expect: a retriable step stands after the pivot: before it, a step has an undo
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto last = compensable<"place">(place, cancel, limits);
#else
constexpr auto last = retriable<"place">(place, limits);
#endif
constexpr auto checkout = saga<Order, Shop>("s", 1, compensable<"pay">(charge, refund, limits),
                                            last);
