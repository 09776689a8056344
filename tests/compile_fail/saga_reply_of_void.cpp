// SPDX-License-Identifier: Apache-2.0
//
// Boost.Outcome and the standard library would say the same in 259 lines.
//
// expect: a reply that carries nothing is a Reply<Nothing>
// lines: 40
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
using Later = Reply<Nothing>;
result<Later> there_now() { return Nothing{}; }
#else
using Later = Reply<void>;
result<Later> there_now() { return success(); }
#endif
result<Later> deliver(const Order& order) {
  if (order.empty()) return refuse();
  if (order == "later") return pending;
  return there_now();
}
constexpr auto checkout = saga<Order, Shop>("s", 1, pivot<"deliver">(deliver, limits));
