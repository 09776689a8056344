// SPDX-License-Identifier: Apache-2.0
//
// The bounds of a store under a whole service: each is met by orders, is told by its name, holds
// back what is new and nothing else, and is emptied.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <invsaga/memory.hpp>
#include <invsaga/saga_runner.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/simulation.hpp>
#include <invsaga/testing/store_under_test.hpp>

#include "tests/saga/sample_saga.hpp"

namespace invsaga::testing {
namespace {

constexpr Time start = time_from_ms(1'000'000'000'000);
constexpr Duration a_week{8LL * 24 * 3'600'000};  // and a day: nothing of a run is in time any more

class ServiceBounds : public ::testing::Test {
 protected:
  void open() {
    backend_ = std::make_unique<MemoryBackend<>>(limits);
    backend().advance_to(clock.now());
    runner_ = std::make_unique<SagaRunner<MemoryBackend<>>>(backend(), environment, options);
    runner_->add(sample::checkout, shop);
    const Line lines[] = {{sample::the_row, 1'000}};
    testing::name_rows(backend(), lines);
    ASSERT_THAT(backend().adjust({{7, 7}, AdjustReason::opening, clock.now() + Duration{1}, lines}),
                IsAdjusted());
    pass(Duration{1});
  }
  MemoryBackend<>& backend() { return *backend_; }
  SagaRunner<MemoryBackend<>>& runner() { return *runner_; }
  void pass(Duration length) {
    clock.advance(length);
    backend().advance_to(clock.now());
  }
  StartRequest request(std::uint64_t number) {
    StartRequest made;
    made.key = std::to_string(number);
    made.request = request_key("tenant", "checkout", made.key);
    made.fingerprint = fingerprint(as_bytes(made.key));
    made.deadline = start + Duration{number < 1'000 ? 3'600'000 : 30LL * 24 * 3'600'000};
    return made;
  }
  result<StartAnswer> order(std::uint64_t number) {
    sample::Order made;
    made.number = std::to_string(number);
    auto answer = runner().start(sample::checkout, made, request(number));
    executor.run_until(clock.now());
    return answer;
  }
  /// How many orders are placed before one is refused; at most 100. It is refused by that bound.
  std::uint64_t fill(Limit by) {
    for (std::uint64_t number = 1; number <= 100; ++number) {
      const auto answer = order(number);
      if (answer.has_value()) continue;
      EXPECT_EQ(answer.error().code, Errc::resource_exhausted);
      EXPECT_EQ(answer.error().limit, by) << to_string(answer.error());
      return number - 1;
    }
    ADD_FAILURE() << "it is never full";
    return 0;
  }
  void acknowledge_events() {
    const auto waiting = backend().pending(0, 10'000).value();
    for (const PendingEvent& event : waiting) {
      ASSERT_THAT(backend().acknowledge_event(event.run, event.sequence), IsOk());
    }
  }
  /// It works again: another order, all the way.
  void expect_room() {
    const auto answer = order(1'000);
    ASSERT_THAT(answer, ClaimIs(ClaimState::fresh));
    EXPECT_EQ(runner().status(answer.assume_value().run).value().status, OrderStatus::placed);
  }

  MemoryLimits limits;
  RunnerOptions options;
  ManualClock clock{start};
  SimulatedExecutor executor{clock};
  Environment environment{clock, executor};
  sample::Shop shop;

 private:
  std::unique_ptr<MemoryBackend<>> backend_;
  std::unique_ptr<SagaRunner<MemoryBackend<>>> runner_;
};

TEST_F(ServiceBounds, RunsAreEmptiedByForgettingThem) {
  limits.runs.max_runs = 3;
  open();
  EXPECT_EQ(fill(Limit::runs), 3u);
  EXPECT_THAT(order(1), ClaimIs(ClaimState::completed)) << "what was done is still answered";
  const RunId first = run_id(sample::checkout.name(), request(1));
  EXPECT_THAT(backend().forget(first), ErrorIs(Errc::busy)) << "its events are pending";
  acknowledge_events();
  EXPECT_THAT(backend().forget(first), ErrorIs(Errc::busy)) << "its request may come again";
  pass(a_week);
  EXPECT_THAT(backend().forget(first), IsOk());
  expect_room();
}

TEST_F(ServiceBounds, BytesOfTheLogAreEmptiedByForgettingRuns) {
  limits.runs.max_bytes = 10'000;
  open();
  // The one that met the bound in its middle waits for room, and has told nobody anything else.
  std::uint64_t begun = 0;
  while (order(begun + 1).has_value()) ASSERT_LT(++begun, 100u);
  acknowledge_events();
  pass(a_week);
  std::uint64_t forgotten = 0;
  for (std::uint64_t number = 1; number <= begun; ++number) {
    StartRequest same = request(number);
    if (backend().forget(run_id(sample::checkout.name(), same)).has_value()) ++forgotten;
  }
  EXPECT_GE(forgotten, 1u);
  pass(Duration{600'000});
  executor.run_until(clock.now());
  expect_room();
}

TEST_F(ServiceBounds, RequestsAreEmptiedByTheirDeadlines) {
  limits.retention.count = 3;
  open();
  EXPECT_EQ(fill(Limit::requests), 3u);
  EXPECT_THAT(order(2), ClaimIs(ClaimState::completed));
  pass(Duration{3'600'000});
  expect_room();
}

TEST_F(ServiceBounds, EventsAreEmptiedByTheRelay) {
  limits.outbox.max_events = 12;
  open();
  std::uint64_t begun = 0;
  while (order(begun + 1).has_value() && runner().runs() == 0) ASSERT_LT(++begun, 100u);
  acknowledge_events();
  pass(Duration{600'000});
  executor.run_until(clock.now());
  acknowledge_events();
  expect_room();
  EXPECT_EQ(runner().runs(), 0u) << "who waited for room has gone on";
}

TEST_F(ServiceBounds, RunsOfTheOutboxAreEmptiedByForgettingThem) {
  limits.outbox.max_runs = 2;
  open();
  std::uint64_t begun = 0;
  while (order(begun + 1).has_value() && runner().runs() == 0) ASSERT_LT(++begun, 100u);
  acknowledge_events();
  pass(a_week);
  for (std::uint64_t number = 1; number <= begun; ++number) {
    EXPECT_THAT(backend().forget(run_id(sample::checkout.name(), request(number))), IsOk());
  }
  pass(Duration{600'000});
  executor.run_until(clock.now());
  expect_room();
}

TEST_F(ServiceBounds, IdsAreEmptiedByTheTimeOfTheirHolds) {
  limits.store.max_records = 4;
  limits.store.grace = Duration{0};
  open();
  for (std::uint64_t number = 1; number <= 4; ++number) {
    ASSERT_THAT(order(number), IsOk());
  }
  static_cast<void>(order(5));  // its hold has no room: it is tried again
  EXPECT_EQ(runner().runs(), 1u);
  EXPECT_EQ(backend().stock(sample::the_row).value().sold, 4);
  pass(Duration{3'600'000});
  expect_room();
}

TEST_F(ServiceBounds, RunsUnderWayAreEmptiedByTheirEnds) {
  options.max_runs = 2;
  shop.wait("charge", 2);
  open();
  EXPECT_EQ(fill(Limit::runs), 2u);
  for (int i = 0; i < 2; ++i) {
    const RunId run = run_id(sample::checkout.name(), request(static_cast<std::uint64_t>(i) + 1));
    shop.took_effect("charge", call_id(run, sample::pay_step));
    const result<sample::Receipt> paid(sample::Receipt{1});
    EXPECT_THAT(runner().complete(run, call_id(run, sample::pay_step), paid), IsOk());
  }
  executor.run_until(clock.now());
  EXPECT_EQ(runner().runs(), 0u);
  expect_room();
}

}  // namespace
}  // namespace invsaga::testing
