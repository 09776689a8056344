// SPDX-License-Identifier: Apache-2.0
//
// expect: a step's function returns result<Output>, result<Reply<Output>>, or an operation
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
using Cleared = result<void>;
#else
using Cleared = void;
#endif
Cleared clear_cart(Shop& shop, const Order& order);
constexpr auto step = retriable<"clear">(clear_cart, limits);
