// SPDX-License-Identifier: Apache-2.0
//
// A service by virtual time, with every option as it is by default: orders of three events each at
// a steady pace, for days.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <invsaga/keeper.hpp>
#include <invsaga/memory.hpp>
#include <invsaga/memory_bus.hpp>
#include <invsaga/relay.hpp>
#include <invsaga/saga_runner.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/simulation.hpp>

#include "benchmarks/allocations.hpp"

namespace invsaga::service_tests {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""h;

struct Order {
  static constexpr std::string_view invsaga_schema = "soak.order.1";
  std::string number;
  Line line;
};
struct Till {
  std::uint64_t charges = 0;
};

inline OwnedReserve hold_line(const StepContext& step, const Order& order) {
  return step.reserve({order.line}, std::chrono::minutes(15));
}
inline Release give_line_back(const Reserved& reserved) { return release(reserved); }
inline result<std::int64_t> take(Till& till, const Order& order) {
  ++till.charges;
  return order.line.quantity;
}
inline result<void> pay_back(const std::int64_t& /*taken*/) { return success(); }
inline OwnedCommit sell_line(const Reserved& reserved) { return commit(reserved); }

inline constexpr auto order_saga = saga<Order, Till>(
    "order", 1, compensable<"hold">(hold_line, give_line_back, {2s, standard}, {"HELD"}),
    compensable<"pay">(take, pay_back, {2s, standard}, {"PAID"}),
    pivot<"sell">(sell_line, {2s, until_known}, {"SOLD"}));

class Soak : public ::testing::Test {
 protected:
  Soak() {
    runner_.add(order_saga, till);
    const std::array<std::string_view, 0> all{};
    const auto count = [this](const Event& /*event*/) -> result<Handling> {
      ++events;
      return Handling::handled;
    };
    auto subscribed = bus_.subscribe("counter", all, count);
    is_set_up_ = subscribed.has_value() && relay_.start().has_value() &&
                 keeper_.look_after(runner_).has_value() && keeper_.look_after(relay_).has_value();
    if (is_set_up_) counter_ = std::move(subscribed).assume_value();
    row_ = store.intern("london", "mug").value();
    const std::array stock{Line{row_, Units{1} << 40}};
    is_stocked_ = store
                      .adjust({make_id<AdjustId>({"opening"}), AdjustReason::opening,
                               clock.now() + 1h, stock})
                      .has_value();
  }
  void SetUp() override { ASSERT_TRUE(is_set_up_ && is_stocked_); }

  /// The bound that refused it; none if it was begun and has ended.
  std::optional<Limit> order_one() {
    ++asked;
    Order order;
    order.number = std::to_string(asked);
    order.line = {row_, 1};
    StartRequest request;
    request.key = order.number;
    request.request = request_key("soak", "order", order.number);
    request.fingerprint = fingerprint_of(order);
    request.deadline = clock.now() + 1h;
    const auto begun = runner_.start(order_saga, order, request);
    if (begun.has_value()) {
      ++begun_;
      return std::nullopt;
    }
    EXPECT_EQ(begun.assume_error().code, Errc::resource_exhausted) << message(begun.error());
    return begun.assume_error().limit;
  }
  /// Lets so much time pass, with so many orders, a share of them at the beginning of each of its
  /// slots. The first bound that refused one.
  std::optional<Limit> pass(Duration length, int orders, int slots) {
    std::optional<Limit> refused;
    const Time begins = clock.now();
    for (int slot = 1; slot <= slots; ++slot) {
      for (int i = orders * (slot - 1) / slots; i < orders * slot / slots; ++i) {
        const auto by = order_one();
        if (by && !refused) refused = by;
      }
      executor_.run_until(begins + length * slot / slots);
    }
    return refused;
  }
  /// Nothing is under way, and every event of what was begun was handled once.
  void check_all_done() {
    executor_.run_until(clock.now() + 1s);
    EXPECT_EQ(runner_.runs(), 0u);
    EXPECT_EQ(till.charges, begun_);
    EXPECT_EQ(store.stock(row_).value().sold, static_cast<Units>(begun_));
    EXPECT_EQ(events, 3 * begun_);
    EXPECT_EQ(store.pending(0, 1).value().size(), 0u);
    EXPECT_EQ(store.stuck({}, 1).value().size(), 0u);
    EXPECT_EQ(keeper_.counts().failures, 0u);
  }
  void report(const char* when) const {
    std::printf("%s: %.1f h, %llu asked, %llu begun, %llu forgotten, %.1f MB live\n", when,
                static_cast<double>((clock.now() - start).count()) / 3.6e6,
                static_cast<unsigned long long>(asked), static_cast<unsigned long long>(begun_),
                static_cast<unsigned long long>(keeper_.counts().forgotten),
                static_cast<double>(benchmarks::kept) / 1e6);
    std::fflush(stdout);
  }
  [[nodiscard]] std::uint64_t begun() const { return begun_; }
  [[nodiscard]] std::uint64_t forgotten() const { return keeper_.counts().forgotten; }

  static constexpr Time start = time_from_ms(1'700'000'000'000);
  testing::ManualClock clock{start};
  MemoryBackend<> store;
  Till till;
  std::uint64_t asked = 0, events = 0;

 private:
  testing::SimulatedExecutor executor_{clock};
  Environment here_{clock, executor_};
  Keeper keeper_{store, here_};
  MemoryBus bus_{here_};
  Subscription counter_;
  Relay relay_{store, bus_, here_};
  RunnerOptions options_{.relay = &relay_};
  SagaRunner<MemoryBackend<>> runner_{store, here_, options_};
  Row row_;
  bool is_set_up_ = false, is_stocked_ = false;
  std::uint64_t begun_ = 0;
};

}  // namespace invsaga::service_tests
