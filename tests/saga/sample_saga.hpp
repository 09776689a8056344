// SPDX-License-Identifier: Apache-2.0
//
// A checkout in miniature for tests of machine and runner: the shape of the document's saga, and a
// shop that does as it is told and keeps count.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "invsaga/saga.hpp"

namespace invsaga::sample {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""h;

inline constexpr Row the_row{0};
inline constexpr Duration hold_length{900'000};

struct Order {
  std::string number;
  std::vector<Line> lines{{the_row, 1}};
  Duration hold = hold_length;
};
struct Receipt {
  std::int64_t charge = 0;
};

}  // namespace invsaga::sample

template <>
struct invsaga::Stored<invsaga::sample::Order> {
  static constexpr std::string_view schema = "sample.order.v1";
  static void encode(const sample::Order& order, ByteWriter& writer) {
    writer.text(order.number);
    writer.i64(order.hold.count());
    writer.u32(static_cast<std::uint32_t>(order.lines.size()));
    for (const Line& line : order.lines) {
      writer.u64(line.row.index);
      writer.i64(line.quantity);
    }
  }
  static result<sample::Order> decode(ByteReader& reader) {
    sample::Order order;
    order.number = std::string(reader.text());
    order.hold = Duration{reader.i64()};
    order.lines.resize(reader.count(16));
    for (Line& line : order.lines) {
      line.row.index = reader.u64();
      line.quantity = reader.i64();
    }
    if (!reader.ok()) return Error{Errc::corrupt};
    return order;
  }
};
template <>
struct invsaga::Stored<invsaga::sample::Receipt> {
  static constexpr std::string_view schema = "sample.receipt.v1";
  static void encode(const sample::Receipt& receipt, ByteWriter& writer) {
    writer.i64(receipt.charge);
  }
  static result<sample::Receipt> decode(ByteReader& reader) {
    const sample::Receipt receipt{reader.i64()};
    if (!reader.ok()) return Error{Errc::corrupt};
    return receipt;
  }
};

namespace invsaga::sample {

/// The world outside the stock, whoever calls it. What it does to a call is scripted per step: each
/// entry is for one call, in order; when there are none left it says yes. Its yes is one effect a
/// call id. Safe from any thread.
class Shop {
 public:
  using Saying = std::function<result<Reply<Receipt>>(const StepContext&)>;

  /// The next `times` calls of the step (an undo: "refund", "cancel") go so.
  void script(const std::string& step, const Saying& saying, int times = 1) {
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < times; ++i) scripts_[step].push_back(saying);
  }
  void fail(const std::string& step, Error error, int times = 1) {
    script(step, [error](const StepContext&) -> result<Reply<Receipt>> { return error; }, times);
  }
  /// The effect, and an error all the same.
  void lose(const std::string& step, int times = 1) {
    script(
        step,
        [this, step](const StepContext& context) -> result<Reply<Receipt>> {
          took_effect(step, context.id);
          return Error{Errc::reply_lost};
        },
        times);
  }
  void wait(const std::string& step, int times = 1) {
    script(
        step,
        [this](const StepContext& context) -> result<Reply<Receipt>> {
          const std::lock_guard lock(mutex_);
          pending_.push_back(context.id);
          return Reply<Receipt>(pending);
        },
        times);
  }

  result<Reply<Receipt>> call(const std::string& step, const StepContext& context) {
    Saying saying;
    {
      const std::lock_guard lock(mutex_);
      calls_.push_back(step);
      attempts_[step] = context.attempt;
      auto& script = scripts_[step];
      if (!script.empty()) {
        saying = std::move(script.front());
        script.pop_front();
      }
    }
    if (saying) return saying(context);
    took_effect(step, context.id);
    return Reply<Receipt>(Receipt{7});
  }
  void took_effect(const std::string& step, CallId id) {
    const std::lock_guard lock(mutex_);
    ++effects_[step][id];
  }

  /// How many different call ids of the step had an effect.
  std::size_t effects(const std::string& step) const {
    const std::lock_guard lock(mutex_);
    const auto found = effects_.find(step);
    return found == effects_.end() ? 0 : found->second.size();
  }
  std::size_t times_called(const std::string& step) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count(calls_.begin(), calls_.end(), step));
  }
  std::vector<std::string> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  CallId last_pending() const {
    const std::lock_guard lock(mutex_);
    return pending_.empty() ? CallId{} : pending_.back();
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::deque<Saying>> scripts_;
  std::vector<std::string> calls_;
  std::map<std::string, std::uint32_t> attempts_;
  std::map<std::string, std::map<CallId, int>> effects_;
  std::vector<CallId> pending_;
};

inline result<void> without_output(const result<Reply<Receipt>>& reply) {
  if (!reply.has_value()) return reply.assume_error();
  return success();
}

inline result<void> place(Shop& shop, const StepContext& step, const Order&) {
  return without_output(shop.call("place", step));
}
inline result<void> cancel(Shop& shop, const StepContext& step, const Order&) {
  return without_output(shop.call("cancel", step));
}
inline OwnedReserve hold(const StepContext& step, const Order& order) {
  return step.reserve(order.lines, order.hold);
}
inline Release give_back(const Reserved& reserved) { return release(reserved); }
inline result<Reply<Receipt>> charge(Shop& shop, const StepContext& step, const Order&) {
  return shop.call("charge", step);
}
inline result<Reply<Receipt>> refund(Shop& shop, const StepContext& step, const Receipt&) {
  return shop.call("refund", step);
}
inline OwnedCommit sell(const Reserved& reserved) { return commit(reserved); }
inline result<void> clear(Shop& shop, const StepContext& step, const Order&) {
  return without_output(shop.call("clear", step));
}

inline constexpr RetryPolicy every_30s = RetryPolicy::every(30s, 24h);

inline constexpr auto checkout = saga<Order, Shop>(
    "sample checkout", 1,
    compensable<"place">(place, cancel, {2s, standard}, {"ORDER_CHECKOUT_STARTED"}),
    compensable<"reserve">(hold, give_back, {2s, standard},
                           {"STOCK_RESERVED", "STOCK_RESERVATION_FAILED"}),
    compensable<"pay">(charge, refund, {5s, every_30s}, {"PAYMENT_COMPLETED", "PAYMENT_FAILED"}),
    pivot<"commit">(sell, {2s, until_known}, {"STOCK_COMMITTED"}),
    retriable<"clear cart">(clear, {2s, until_done}, {"CART_CLEARED"}));

inline constexpr StepIndex place_step = checkout.step_index("place"),
                           reserve_step = checkout.step_index("reserve"),
                           pay_step = checkout.step_index("pay"),
                           commit_step = checkout.step_index("commit"),
                           clear_step = checkout.step_index("clear cart");

}  // namespace invsaga::sample
