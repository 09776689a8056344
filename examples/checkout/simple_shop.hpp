// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <set>

#include <invsaga/idempotency.hpp>
#include <invsaga/saga_runner.hpp>

#include "checkout/checkout.hpp"

namespace checkout {

/// A shop that says what it does. A card is declined if the amount is 666; a charge is made once an
/// id, however often it is sent.
class SimpleShop : public Shop {
 public:
  explicit SimpleShop(bool talks = true) : talks_(talks) {}

  invsaga::result<void> place(const StepContext&, const Order& order) override {
    return say("place", order.number);
  }
  invsaga::result<void> cancel(const StepContext&, const Order& order) override {
    return say("cancel", order.number);
  }
  invsaga::result<invsaga::Reply<Receipt>> charge(const StepContext& step,
                                                  const Order& order) override {
    if (order.amount == "666") {
      static_cast<void>(say("charge declined", order.number));
      return invsaga::refuse(declined);
    }
    if (charged_.insert(step.id).second) static_cast<void>(say("charge", order.number));
    return Receipt{order.amount};
  }
  invsaga::result<void> refund(const StepContext& step, const Receipt&) override {
    return say("refund", step.key);
  }
  invsaga::result<void> clear_cart(const StepContext&, const Order& order) override {
    return say("clear cart", order.number);
  }

  [[nodiscard]] std::size_t charges() const { return charged_.size(); }

 private:
  invsaga::result<void> say(const char* what, std::string_view number) const {
    if (talks_) std::printf("  %s %.*s\n", what, static_cast<int>(number.size()), number.data());
    return invsaga::success();
  }
  bool talks_;
  std::set<invsaga::CallId> charged_;
};

/// How an example asks for an order once, by its number.
inline invsaga::StartRequest request_for(const Order& order, invsaga::Time deadline) {
  invsaga::StartRequest request;
  request.key = order.number;
  request.request = invsaga::request_key("shop", "checkout", order.number);
  request.fingerprint = invsaga::fingerprint_of(order);
  request.deadline = deadline;
  return request;
}

}  // namespace checkout
