// SPDX-License-Identifier: Apache-2.0
//
// expect: a step that only looks has no compensation
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto checkout = saga<Order, Shop>("s", 1, look<"price">(place, limits));
#else
constexpr auto checkout = saga<Order, Shop>("s", 1, look<"price">(place, cancel, limits));
#endif
