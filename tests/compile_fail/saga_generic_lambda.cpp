// SPDX-License-Identifier: Apache-2.0
//
// expect: a step's function must be a plain function, or a lambda with named parameter types
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto deliver = [](const Order&) -> result<void> { return success(); };
#else
constexpr auto deliver = [](const auto&) -> result<void> { return success(); };
#endif
constexpr auto checkout = saga<Order, Shop>("s", 1, pivot<"deliver">(deliver, limits));
