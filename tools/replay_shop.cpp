// SPDX-License-Identifier: Apache-2.0
#include "replay_shop.hpp"

#include <algorithm>
#include <map>

#include "draw.hpp"

namespace invsaga::tools {

result<void> ReplayShop::tell(const checkout::Order& order, std::string_view step) {
  HistoryLine line;
  line.op = HistoryOp::call;
  line.answer = HistoryAnswer::done;
  line.run = order.number;
  line.step = std::string(step);
  line.id = order.number + "/" + std::string(step);
  log_.tell(std::move(line));
  return success();
}

result<void> ReplayShop::place(const StepContext&, const checkout::Order& order) {
  return tell(order, "place");
}
result<void> ReplayShop::cancel(const StepContext&, const checkout::Order& order) {
  return tell(order, "cancel");
}
result<void> ReplayShop::clear_cart(const StepContext&, const checkout::Order& order) {
  return tell(order, "clear cart");
}
result<Reply<checkout::Receipt>> ReplayShop::charge(const StepContext& step,
                                                    const checkout::Order& order) {
  return gateway_.charge(step, order);
}
result<void> ReplayShop::refund(const StepContext& step, const checkout::Receipt& receipt) {
  gateway_.refund(step, receipt);
  return success();
}

ConsumerTable replay_consumers() {
  return {
      {"ORDER_CHECKOUT_STARTED", {"inventory"}},
      {"STOCK_RESERVED", {"payment"}},
      {"STOCK_RESERVATION_FAILED", {"cart", "order"}},
      {"PAYMENT_COMPLETED", {"inventory"}},
      {"PAYMENT_FAILED", {"inventory", "order"}},
      {"STOCK_COMMITTED", {"cart", "order"}},
      {"CART_CLEARED", {"order"}},
  };
}

namespace {

MemoryLimits inbox_limits(std::size_t events) {
  MemoryLimits limits;
  limits.retention.events = std::max<std::size_t>(events, 1);
  return limits;
}

}  // namespace

ReplayConsumers::ReplayConsumers(HistoryLog& log, const ReplayOptions& options, std::size_t events)
    : log_(log), options_(options), store_(inbox_limits(events)) {}
ReplayConsumers::~ReplayConsumers() = default;

result<void> ReplayConsumers::subscribe(MemoryBus& bus) {
  std::map<std::string, std::vector<std::string>> types_of;
  for (const auto& [type, consumers] : replay_consumers()) {
    for (const std::string& consumer : consumers) types_of[consumer].push_back(type);
  }
  for (const auto& [consumer, types] : types_of) {
    inboxes_.push_back(std::make_unique<Inbox>(store_, consumer));
    Inbox& inbox = *inboxes_.back();
    const std::vector<std::string_view> wanted(types.begin(), types.end());
    const auto handler = [&inbox](const Event& event) -> result<Handling> {
      return inbox.handle(event, [](const Event&) -> result<void> { return success(); });
    };
    INVSAGA_TRY(Subscription made, bus.subscribe(consumer, wanted, handler));
    subscriptions_.push_back(std::move(made));
  }
  return success();
}

DeliveryTiming ReplayConsumers::timing(const Event& event, std::string_view consumer) {
  const auto drawn = [&](std::string_view what) {
    return draw(options_.seed, event.subject, std::string(what) + " " + std::string(consumer),
                event.sequence);
  };
  DeliveryTiming timing;
  if (drawn("redelivered") >= options_.faults.redelivered) return timing;
  const Duration after{between(drawn("redelivered after"), 1, 60'000)};
  if (drawn("redelivered late") < 0.5) {
    timing.late = after;
  } else {
    timing.again = 1;
    timing.again_after = after;
  }
  return timing;
}

HistoryLine ReplayConsumers::line(HistoryOp op, const Event& event) {
  HistoryLine made;
  made.op = op;
  made.run = event.subject;
  made.id = event.subject + "/event/" + std::to_string(event.sequence);
  made.type = event.type;
  made.sequence = event.sequence;
  return made;
}

void ReplayConsumers::published(const Event& event, bool repeat) {
  HistoryLine made = line(HistoryOp::publish, event);
  made.answer = HistoryAnswer::published;
  made.repeat = repeat;
  log_.tell(std::move(made));
}

void ReplayConsumers::delivered(const Event& event, std::string_view consumer, Handling handling) {
  HistoryLine made = line(HistoryOp::deliver, event);
  made.consumer = std::string(consumer);
  made.answer = history_answer(name(handling));
  log_.tell(std::move(made));
}

void ReplayConsumers::failed(const Event& event, std::string_view consumer, Error) {
  HistoryLine made = line(HistoryOp::deliver, event);
  made.consumer = std::string(consumer);
  made.answer = HistoryAnswer::failed;
  log_.tell(std::move(made));
}

}  // namespace invsaga::tools
