// SPDX-License-Identifier: Apache-2.0
//
// Which function is meant by the name of two, nobody knows; there is no type to assert anything of.
//
// expect: NoOverloadedFunction
#include "saga_parts.hpp"

using namespace invsaga;

result<void> deliver(const Order& order);
#ifndef MENDED
result<void> deliver(Shop& shop);
#endif
constexpr auto checkout = saga<Order, Shop>("s", 1, pivot<"deliver">(deliver, limits));
