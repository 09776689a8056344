// SPDX-License-Identifier: Apache-2.0
//
// expect: a step asks for an input that two things give: make them different types
#include "saga_parts.hpp"

using namespace invsaga;

result<Order> correct(const Order& order);
#ifdef MENDED
result<void> deliver(Shop& shop);
#else
result<void> deliver(Shop& shop, const Order& order);
#endif
constexpr auto checkout = saga<Order, Shop>(
    "s", 1, compensable<"correct">(correct, nothing_to_undo, limits),
    pivot<"deliver">(deliver, limits));
