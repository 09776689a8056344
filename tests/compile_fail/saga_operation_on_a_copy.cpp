// SPDX-License-Identifier: Apache-2.0
//
// The lines of the operation would lie in an argument that has ended.
//
// expect: what returns an operation takes its inputs by const reference
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
Reserve hold_all(const StepContext& step, const Order& order);
#else
Reserve hold_all(const StepContext& step, Order order);
#endif
constexpr auto checkout = saga<Order, Shop>("s", 1,
                                            compensable<"reserve">(hold_all, give_back, limits));
