// SPDX-License-Identifier: Apache-2.0
//
// expect: the input and the context are different types
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
using Context = Shop;
#else
using Context = Order;
#endif
result<void> ask(Context& context);
constexpr auto checkout = saga<Order, Context>("s", 1, pivot<"ask">(ask, limits));
