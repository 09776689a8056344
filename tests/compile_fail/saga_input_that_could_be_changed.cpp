// SPDX-License-Identifier: Apache-2.0
//
// What a step changed in its inputs would be lost.
//
// expect: a step takes its inputs by value or by const reference
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
result<void> deliver(const Order& order);
#else
result<void> deliver(Order& order);
#endif
constexpr auto checkout = saga<Order, Shop>("s", 1, pivot<"deliver">(deliver, limits));
