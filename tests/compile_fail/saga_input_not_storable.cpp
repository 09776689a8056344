// SPDX-License-Identifier: Apache-2.0
//
// expect: the saga's input must survive a crash: name its schema
#include "saga_parts.hpp"

using namespace invsaga;

struct Cart {};
#ifdef MENDED
using Input = Order;
#else
using Input = Cart;
#endif
result<void> count(const Input& input);
constexpr auto checkout = saga<Input, Shop>("s", 1, pivot<"count">(count, limits));
