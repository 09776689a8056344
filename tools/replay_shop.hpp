// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include <invsaga/event_bus.hpp>
#include <invsaga/inbox.hpp>
#include <invsaga/memory.hpp>
#include <invsaga/memory_bus.hpp>

#include "checkout/checkout.hpp"
#include "gateway.hpp"
#include "history_log.hpp"
#include "replay_options.hpp"

namespace invsaga::tools {

/// The shop of the replay: its calls take no time and become lines of the history. Safe from any
/// thread.
class ReplayShop final : public checkout::Shop {
 public:
  ReplayShop(HistoryLog& log, Gateway& gateway) : log_(log), gateway_(gateway) {}

  result<void> place(const StepContext& step, const checkout::Order& order) override;
  result<void> cancel(const StepContext& step, const checkout::Order& order) override;
  result<Reply<checkout::Receipt>> charge(const StepContext& step,
                                          const checkout::Order& order) override;
  result<void> refund(const StepContext& step, const checkout::Receipt& receipt) override;
  result<void> clear_cart(const StepContext& step, const checkout::Order& order) override;

 private:
  result<void> tell(const checkout::Order& order, std::string_view step);

  HistoryLog& log_;
  Gateway& gateway_;
};

/// Who is told of which events: each of the document's services of what it acts on.
using ConsumerTable = std::vector<std::pair<std::string, std::vector<std::string>>>;
ConsumerTable replay_consumers();
/// There are no more of them.
constexpr std::size_t max_replay_consumers = 8;

/// The consumers' side of the bus: an inbox each over a store of their own, lines of the history
/// for what the bus does, and what befalls deliveries. Borrows all it is given.
class ReplayConsumers final : public DeliveryHook, public BusObserver {
 public:
  ReplayConsumers(HistoryLog& log, const ReplayOptions& options, std::size_t events);
  ~ReplayConsumers() override;

  result<void> subscribe(MemoryBus& bus);
  void advance_to(Time time) { store_.advance_to(time); }

  DeliveryTiming timing(const Event& event, std::string_view consumer) override;
  void published(const Event& event, bool repeat) override;
  void delivered(const Event& event, std::string_view consumer, Handling handling) override;
  void failed(const Event& event, std::string_view consumer, Error error) override;

 private:
  static HistoryLine line(HistoryOp op, const Event& event);

  HistoryLog& log_;
  const ReplayOptions& options_;
  MemoryBackend<> store_;
  std::vector<std::unique_ptr<Inbox>> inboxes_;
  std::vector<Subscription> subscriptions_;
};

}  // namespace invsaga::tools
