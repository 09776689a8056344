// SPDX-License-Identifier: Apache-2.0
//
// The checkout saga: place the order, reserve all its lines, pay, commit, clear the cart. What
// `invsaga replay` replays and the examples show. A shop brings the calls.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/saga.hpp>

namespace checkout {

/// What a customer asks for.
struct Order {
  static constexpr std::string_view invsaga_schema = "checkout.order.v2";
  std::string number;
  std::string amount;  ///< Decimal text; "0": nothing to pay.
  std::vector<invsaga::Line> lines;
  invsaga::Duration hold{900'000};  ///< How long the lines are held.
};

/// The gateway has the money.
struct Receipt {
  static constexpr std::string_view invsaga_schema = "checkout.receipt.v2";
  std::string amount;
};

/// Why a payment is refused: the step's own codes.
enum Refusal : std::int32_t { declined = 1, payment_failed = 2 };

/// The calls of the saga. Each keeps the promise of rule 3 of the protocol: one effect and one
/// final answer an id, or an undo that is accepted for an id never seen and bars it.
class Shop {
 public:
  virtual ~Shop() = default;
  virtual invsaga::result<void> place(const invsaga::StepContext& step, const Order& order) = 0;
  /// Accepted for an order never placed, and bars it.
  virtual invsaga::result<void> cancel(const invsaga::StepContext& step, const Order& order) = 0;
  /// One charge an id, however often it is sent.
  virtual invsaga::result<invsaga::Reply<Receipt>> charge(const invsaga::StepContext& step,
                                                          const Order& order) = 0;
  virtual invsaga::result<void> refund(const invsaga::StepContext& step,
                                       const Receipt& receipt) = 0;
  virtual invsaga::result<void> clear_cart(const invsaga::StepContext& step,
                                           const Order& order) = 0;
};

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""h;
using invsaga::OwnedCommit;
using invsaga::OwnedReserve;
using invsaga::Release;
using invsaga::Reserved;
using invsaga::StepContext;

inline auto place(Shop& shop, const StepContext& step, const Order& order) {
  return shop.place(step, order);
}
inline auto cancel(Shop& shop, const StepContext& step, const Order& order) {
  return shop.cancel(step, order);
}
inline OwnedReserve hold(const StepContext& step, const Order& order) {
  return step.reserve(order.lines, order.hold);
}
inline Release give_back(const Reserved& reserved) { return invsaga::release(reserved); }
inline auto charge(Shop& shop, const StepContext& step, const Order& order) {
  return shop.charge(step, order);
}
inline auto refund(Shop& shop, const StepContext& step, const Receipt& receipt) {
  return shop.refund(step, receipt);
}
inline OwnedCommit sell(const Reserved& reserved) { return invsaga::commit(reserved); }
inline auto clear_cart(Shop& shop, const StepContext& step, const Order& order) {
  return shop.clear_cart(step, order);
}

/// A charge in doubt goes out again every 30 s, for a day: the gateway answers the same for the
/// same id.
inline constexpr auto ask_every_30s = invsaga::RetryPolicy::every(30s, 24h);

/// A reserve is asked for again soon, and a few times only: the customer waits.
inline constexpr invsaga::RetryPolicy a_few_times{100ms, 5s, 200, 20, 6, 24h};

inline constexpr auto saga = invsaga::saga<Order, Shop>(
    "checkout", 1,
    invsaga::compensable<"place">(place, cancel, {2s, invsaga::standard},
                                  {"ORDER_CHECKOUT_STARTED"}),
    invsaga::compensable<"reserve">(hold, give_back, {2s, a_few_times},
                                    {"STOCK_RESERVED", "STOCK_RESERVATION_FAILED"}),
    invsaga::compensable<"pay">(charge, refund, {5s, ask_every_30s},
                                {"PAYMENT_COMPLETED", "PAYMENT_FAILED"}),
    invsaga::pivot<"commit">(sell, {2s, invsaga::until_known}, {"STOCK_COMMITTED"}),
    invsaga::retriable<"clear cart">(clear_cart, {2s, invsaga::until_done}, {"CART_CLEARED"}));

inline constexpr invsaga::StepIndex reserve_step = saga.step_index("reserve");
inline constexpr invsaga::StepIndex pay_step = saga.step_index("pay");

}  // namespace checkout
