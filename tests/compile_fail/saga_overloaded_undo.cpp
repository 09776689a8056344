// SPDX-License-Identifier: Apache-2.0
//
// Which function is meant by the name of two, nobody knows; there is no type to assert anything of.
//
// expect: NoOverloadedFunction
#include "saga_parts.hpp"

using namespace invsaga;

result<void> take_back(const Order& order);
#ifndef MENDED
result<void> take_back(Shop& shop);
#endif
constexpr auto step = compensable<"pay">(charge, take_back, limits);
