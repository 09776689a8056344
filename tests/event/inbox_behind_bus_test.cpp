// SPDX-License-Identifier: Apache-2.0
//
// An inbox behind a bus that delivers again, late and in any order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <invsaga/inbox.hpp>
#include <invsaga/memory_bus.hpp>
#include <invsaga/reference/claim_table.hpp>
#include <invsaga/rng.hpp>
#include <invsaga/testing/events.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/simulation.hpp>

namespace invsaga::testing {
namespace {

constexpr Time start = time_from_ms(1'000'000'000);

class InboxBehindABus : public ::testing::TestWithParam<std::uint64_t> {};

/// Delivers some events again and some late.
class RandomFaults final : public DeliveryHook {
 public:
  explicit RandomFaults(std::uint64_t seed) : rng_(seed) {}
  DeliveryTiming timing(const Event&, std::string_view) override {
    DeliveryTiming fault;
    if (rng_.below(4) == 0) fault.late = Duration{static_cast<std::int64_t>(rng_.below(500))};
    fault.again = static_cast<std::uint32_t>(rng_.below(3));
    fault.again_after = Duration{static_cast<std::int64_t>(rng_.below(3) * 100)};
    injected += fault.again;
    return fault;
  }
  std::uint64_t injected = 0;

 private:
  Rng rng_;
};

// E5, E10: whatever the bus does and however the handler fails, one effect an event, in order.
TEST_P(InboxBehindABus, ActsOnEachEventOnceAndInOrder) {
  ManualClock clock(start);
  SeededChooser chooser(GetParam());
  SimulatedExecutor executor(clock, &chooser);
  RandomFaults faults(GetParam());
  ClaimTable claims;
  claims.advance_to(start);
  Inbox inbox(claims, "mail");
  Rng rng(GetParam());
  Recipient effects;
  MemoryBusOptions options;
  options.delivery_hook = &faults;
  MemoryBus bus({clock, executor, GetParam()}, options);
  const auto effect = [&](const Event& event) -> result<void> {
    if (rng.below(4) == 0) return Error{Errc::unavailable};
    INVSAGA_CHECK(effects.take(event));
    return success();
  };
  Subscriptions subscriptions;
  ASSERT_THAT(subscriptions.add(bus.subscribe("mail", {}, inbox.handler(effect))), IsOk());
  for (std::uint64_t sequence = 1; sequence <= 6; ++sequence) {
    for (std::uint64_t run = 1; run <= 4; ++run) {
      ASSERT_THAT(published(bus, event_of(run_no(run), sequence)), IsOk());
    }
  }
  executor.run_all();
  for (std::uint64_t run = 1; run <= 4; ++run) {
    EXPECT_THAT(effects.sequences_of(run_no(run)), IsCountedFrom1To(6));
  }
  EXPECT_EQ(inbox.counts().handled, 24u);
  EXPECT_EQ(inbox.counts().duplicate, faults.injected);
  EXPECT_EQ(inbox.counts().out_of_order, 0u);
  EXPECT_EQ(bus.counts().pending, 0u);
}

// E9, E11: events that arrive in any order are acted on in theirs; the early ones are counted.
TEST_P(InboxBehindABus, PutsEventsInOrderThatArriveInAnyOther) {
  ManualClock clock(start);
  SimulatedExecutor executor(clock);
  ClaimTable claims;
  claims.advance_to(start);
  InboxOptions options;
  options.order = InboxOrder::consecutive;
  Inbox inbox(claims, "mail", options);
  Recipient effects;
  MemoryBus bus({clock, executor, GetParam()});
  const auto effect = [&effects](const Event& event) -> result<void> {
    INVSAGA_CHECK(effects.take(event));
    return success();
  };
  Subscriptions subscriptions;
  ASSERT_THAT(subscriptions.add(bus.subscribe("mail", {}, inbox.handler(effect))), IsOk());
  std::vector<Event> events;
  for (std::uint64_t run = 1; run <= 3; ++run) {
    for (std::uint64_t sequence = 1; sequence <= 8; ++sequence) {
      events.push_back(event_of(run_no(run), sequence));
    }
  }
  Rng rng(GetParam());
  for (std::size_t i = events.size(); i > 1; --i) std::swap(events[i - 1], events[rng.below(i)]);
  for (const Event& event : events) {
    ASSERT_THAT(published(bus, event), IsOk());
    executor.run_until(clock.now());
  }
  for (std::uint64_t run = 1; run <= 3; ++run) {
    EXPECT_THAT(effects.sequences_of(run_no(run)), IsCountedFrom1To(8));
  }
  EXPECT_EQ(clock.now(), start) << "each is acted on as soon as its predecessor was";
  EXPECT_GE(inbox.counts().parked, bus.counts().parked);
  EXPECT_GT(bus.counts().parked, 0u);
  EXPECT_EQ(bus.counts().pending, 0u);
}

INSTANTIATE_TEST_SUITE_P(, InboxBehindABus, ::testing::Range<std::uint64_t>(1, 41));

}  // namespace
}  // namespace invsaga::testing
