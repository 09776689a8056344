// SPDX-License-Identifier: Apache-2.0
//
// expect: there is one pivot
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto last = retriable<"clear">(clear, limits);
#else
constexpr auto last = pivot<"clear">(clear, limits);
#endif
constexpr auto checkout = saga<Order, Shop>("s", 1, compensable<"reserve">(hold, give_back, limits),
                                            pivot<"commit">(sell, limits), last);
