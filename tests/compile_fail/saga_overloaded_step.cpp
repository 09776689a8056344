// SPDX-License-Identifier: Apache-2.0
//
// expect: a step's function must be a plain function, or a lambda with named parameter types
#include "saga_parts.hpp"

using namespace invsaga;

struct Deliver {
  result<void> operator()(const Order&) const { return success(); }
#ifndef MENDED
  result<void> operator()(Shop&) const { return success(); }
#endif
};
constexpr auto checkout = saga<Order, Shop>("s", 1, pivot<"deliver">(Deliver{}, limits));
