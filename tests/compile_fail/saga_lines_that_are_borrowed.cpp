// SPDX-License-Identifier: Apache-2.0
//
// The lines would lie in what ends with the step's function.
//
// expect: a step returns an operation that owns its lines: step.reserve(...)
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
OwnedReserve hold_all(const StepContext& step, Order order);
#else
Reserve hold_all(const StepContext& step, Order order);
#endif
constexpr auto checkout = saga<Order, Shop>("s", 1,
                                            compensable<"reserve">(hold_all, give_back, limits));
