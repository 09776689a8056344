// SPDX-License-Identifier: Apache-2.0
//
// What a step changed in its shop would be lost.
//
// expect: a step takes the saga's context by reference
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
result<void> deliver(Shop& shop);
#else
result<void> deliver(Shop shop);
#endif
constexpr auto checkout = saga<Order, Shop>("s", 1, pivot<"deliver">(deliver, limits));
