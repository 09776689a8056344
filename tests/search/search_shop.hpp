// SPDX-License-Identifier: Apache-2.0
//
// The world outside the stock: a gateway and an order book that keep the promise of rule 3, and the
// calls to them, which go wrong where the plan says so.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "examples/checkout/checkout.hpp"
#include "tests/search/faulty_connection.hpp"

namespace invsaga::search {

/// What really happened, by call.
struct Outside {
  struct Charge {
    bool charged = false;
    int refunds = 0;
  };
  std::map<CallId, Charge> charges;
  std::set<CallId> placed, cancelled;
  std::map<CallId, int> cleared;
  std::uint64_t seed = 1;

  /// The gateway's one final answer for an id.
  bool charge(CallId id) {
    const auto [it, fresh] = charges.try_emplace(id);
    if (fresh) it->second.charged = ((id.low ^ seed * 0x9E3779B97F4A7C15ull) >> 32) % 4 != 0;
    return it->second.charged;
  }
};

/// The calls of one owner.
class SearchShop final : public checkout::Shop {
 public:
  using Complete = std::function<void(RunId, CallId, const result<checkout::Receipt>&)>;

  SearchShop(Outside& outside, std::shared_ptr<Link> link, Complete complete)
      : outside_(outside), complete_(std::move(complete)), link_(std::move(link)) {}

  result<void> place(const StepContext& step, const checkout::Order&) override {
    return meet([&outside = outside_, id = step.id]() -> result<void> {
      if (outside.cancelled.count(id) != 0) return refuse();
      outside.placed.insert(id);
      return success();
    });
  }
  result<void> cancel(const StepContext& step, const checkout::Order&) override {
    return meet([&outside = outside_, id = step.id]() -> result<void> {
      outside.cancelled.insert(id);
      outside.placed.erase(id);
      return success();
    });
  }
  result<Reply<checkout::Receipt>> charge(const StepContext& step,
                                          const checkout::Order& order) override {
    // Now or later, by the order's own chance.
    const bool later = (step.id.low ^ outside_.seed) % 2 == 0;
    const auto answer = [&outside = outside_, id = step.id, amount = order.amount]() {
      if (outside.charge(id)) return result<checkout::Receipt>(checkout::Receipt{amount});
      return result<checkout::Receipt>(refuse(checkout::declined));
    };
    const auto act = [link = link_, complete = complete_, run = step.run, id = step.id, answer,
                      later]() -> result<Reply<checkout::Receipt>> {
      if (!later) {
        auto said = answer();
        if (!said.has_value()) return said.assume_error();
        return Reply<checkout::Receipt>(said.assume_value());
      }
      post(link->executor, [link, complete, run, id, answer] {
        const auto said = answer();
        if (link->alive) complete(run, id, said);
      });
      return Reply<checkout::Receipt>(pending);
    };
    return meet(act);
  }
  result<void> refund(const StepContext& step, const checkout::Receipt&) override {
    return meet([&outside = outside_, id = step.id]() -> result<void> {
      Outside::Charge& charge = outside.charges[id];
      if (charge.refunds == 0) charge.refunds = 1;
      return success();
    });
  }
  result<void> clear_cart(const StepContext& step, const checkout::Order&) override {
    return meet([&outside = outside_, id = step.id]() -> result<void> {
      outside.cleared[id] = 1;
      return success();
    });
  }

 private:
  template <class Call>
  auto meet(Call call) -> decltype(call()) {
    return Link::meet(link_, call);
  }

  Outside& outside_;
  Complete complete_;
  std::shared_ptr<Link> link_;
};

}  // namespace invsaga::search
