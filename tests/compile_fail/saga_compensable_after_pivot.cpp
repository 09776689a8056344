// SPDX-License-Identifier: Apache-2.0
//
// expect: after the pivot every step is retriable
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto last = retriable<"pay">(charge, limits);
#else
constexpr auto last = compensable<"pay">(charge, refund, limits);
#endif
constexpr auto checkout = saga<Order, Shop>("s", 1, compensable<"reserve">(hold, give_back, limits),
                                            pivot<"commit">(sell, limits), last);
