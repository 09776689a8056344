// SPDX-License-Identifier: Apache-2.0
//
// expect: a step asks for an input that neither the saga nor an earlier step gives
#include "saga_parts.hpp"

using namespace invsaga;

result<void> send_invoice(const Receipt& receipt);
constexpr auto pay = compensable<"pay">(charge, refund, limits);
constexpr auto send = compensable<"send">(send_invoice, nothing_to_undo, limits);
#ifdef MENDED
constexpr auto checkout = saga<Order, Shop>("s", 1, pay, send);
#else
constexpr auto checkout = saga<Order, Shop>("s", 1, send, pay);
#endif
