// SPDX-License-Identifier: Apache-2.0
//
// An undo is held to the same.
//
// expect: a step returns an operation that owns its lines: step.reserve(...)
#include "saga_parts.hpp"

using namespace invsaga;

OwnedAdjust scrap(const StepContext& step, const Order& order);
#ifdef MENDED
OwnedAdjust unscrap(const StepContext& step, const Order& order);
#else
Adjust unscrap(const StepContext& step, const Order& order);
#endif
constexpr auto checkout = saga<Order, Shop>("s", 1, compensable<"scrap">(scrap, unscrap, limits));
