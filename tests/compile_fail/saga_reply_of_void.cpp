// SPDX-License-Identifier: Apache-2.0
//
// expect: a reply that carries nothing is a Reply<Nothing>
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
using Later = Reply<Nothing>;
#else
using Later = Reply<void>;
#endif
result<Later> deliver(const Order& order);
constexpr auto checkout = saga<Order, Shop>("s", 1, pivot<"deliver">(deliver, limits));
