// SPDX-License-Identifier: Apache-2.0
//
// expect: a step asks for an input that neither the saga nor an earlier step gives
// expect: {"commit"}
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto first = compensable<"reserve">(hold, give_back, limits);
#else
constexpr auto first = compensable<"place">(place, cancel, limits);
#endif
constexpr auto checkout = saga<Order, Shop>("s", 1, first, pivot<"commit">(sell, limits));
