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

  SearchShop(Outside& outside, Executor& executor, Places& places, Interference interference,
             Complete complete)
      : link_(std::make_shared<Link>(
            Link{outside, executor, places, std::move(interference), std::move(complete)})) {}
  ~SearchShop() override { die(); }
  void die() { link_->alive = false; }

  result<void> place(const StepContext& step, const checkout::Order&) override {
    return meet([link = link_, id = step.id]() -> result<void> {
      if (link->outside.cancelled.count(id) != 0) return refuse();
      link->outside.placed.insert(id);
      return success();
    });
  }
  result<void> cancel(const StepContext& step, const checkout::Order&) override {
    return meet([link = link_, id = step.id]() -> result<void> {
      link->outside.cancelled.insert(id);
      link->outside.placed.erase(id);
      return success();
    });
  }
  result<Reply<checkout::Receipt>> charge(const StepContext& step,
                                          const checkout::Order& order) override {
    // Now or later, by the order's own chance.
    const bool later = (step.id.low ^ link_->outside.seed) % 2 == 0;
    const auto answer = [link = link_, id = step.id, amount = order.amount]() {
      if (link->outside.charge(id)) return result<checkout::Receipt>(checkout::Receipt{amount});
      return result<checkout::Receipt>(refuse(checkout::declined));
    };
    const auto act = [link = link_, run = step.run, id = step.id, answer,
                      later]() -> result<Reply<checkout::Receipt>> {
      if (!later) {
        auto said = answer();
        if (!said.has_value()) return said.assume_error();
        return Reply<checkout::Receipt>(said.assume_value());
      }
      link->post([link, run, id, answer] {
        const auto said = answer();
        if (link->alive) link->complete(run, id, said);
      });
      return Reply<checkout::Receipt>(pending);
    };
    return meet(act);
  }
  result<void> refund(const StepContext& step, const checkout::Receipt&) override {
    return meet([link = link_, id = step.id]() -> result<void> {
      Outside::Charge& charge = link->outside.charges[id];
      if (charge.refunds == 0) charge.refunds = 1;
      return success();
    });
  }
  result<void> clear_cart(const StepContext& step, const checkout::Order&) override {
    return meet([link = link_, id = step.id]() -> result<void> {
      link->outside.cleared[id] = 1;
      return success();
    });
  }

 private:
  struct Link {
    Outside& outside;
    Executor& executor;
    Places& places;
    Interference interference;
    Complete complete;
    bool alive = true;

    void post(std::function<void()> thing) {
      auto kept = std::make_unique<std::function<void()>>(std::move(thing));
      executor.post(Task{[](void* raw, std::uint64_t) {
                           const std::unique_ptr<std::function<void()>> it(
                               static_cast<std::function<void()>*>(raw));
                           (*it)();
                         },
                         kept.release(), 0,
                         [](void* raw, std::uint64_t) {
                           delete static_cast<std::function<void()>*>(raw);
                         }});
    }
  };

  template <class Call>
  auto meet(Call call) -> decltype(call()) {
    const auto link = link_;
    if (!link->alive) return Error{Errc::unavailable};
    switch (const Fault fault = link->places.next()) {
      case Fault::failed: return Error{Errc::unavailable};
      case Fault::lost:
        static_cast<void>(call());
        return Error{Errc::reply_lost};
      case Fault::late: link->post([call] { static_cast<void>(call()); }); return Error{Errc::timed_out};
      case Fault::crash_before: link->interference.kill(); return Error{Errc::reply_lost};
      case Fault::crash_after:
        static_cast<void>(call());
        link->interference.kill();
        return Error{Errc::reply_lost};
      case Fault::take_over:
      case Fault::cancel:
      case Fault::expire: link->interference.add(fault); break;
      case Fault::none: break;
    }
    return call();
  }

  std::shared_ptr<Link> link_;
};

}  // namespace invsaga::search
