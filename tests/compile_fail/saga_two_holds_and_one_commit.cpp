// SPDX-License-Identifier: Apache-2.0
//
// expect: a step asks for an input that two things give: make them different types
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto second = compensable<"place">(place, cancel, limits);
#else
constexpr auto second = compensable<"reserve more">(hold, give_back, limits);
#endif
constexpr auto checkout = saga<Order, Shop>("s", 1, compensable<"reserve">(hold, give_back, limits),
                                            second, pivot<"commit">(sell, limits));
