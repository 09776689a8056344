// SPDX-License-Identifier: Apache-2.0
//
// A step that asked for it would be given the context.
//
// expect: a step's output and the context are different types
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
using Context = Shop;
#else
using Context = Receipt;
#endif
result<Receipt> weigh(const Order& order);
constexpr auto checkout = saga<Order, Context>("s", 1, pivot<"weigh">(weigh, limits));
