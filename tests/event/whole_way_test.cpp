// SPDX-License-Identifier: Apache-2.0
//
// Outbox, relay, bus and inbox together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <invsaga/inbox.hpp>
#include <invsaga/memory_bus.hpp>
#include <invsaga/reference/claim_table.hpp>
#include <invsaga/relay.hpp>
#include <invsaga/rng.hpp>
#include <invsaga/testing/events.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/simulation.hpp>
#include <invsaga/testing/writes.hpp>

#include "tests/event/failing_outbox.hpp"

namespace invsaga::testing {
namespace {

constexpr Time start = time_from_ms(1'000'000);

class WholeWay : public ::testing::TestWithParam<std::uint64_t> {};

/// Refuses at random; sometimes it took the event and only the answer is lost.
class ShakyBus {
 public:
  ShakyBus(MemoryBus& bus, std::uint64_t seed) : bus_(bus), rng_(seed) {}
  void publish(std::span<const Event> events, Completion<void> done) noexcept {
    const Event& event = events.front();
    const std::uint64_t chance = rng_.below(6);
    if (chance == 0) return done(Error{Errc::unavailable});
    if (chance > 1) return bus_.publish(events, done);
    static_cast<void>(published(bus_, event));
    done(Error{Errc::reply_lost});
  }
  result<Subscription> subscribe(std::string_view consumer, std::span<const std::string_view> types,
                                 EventHandler handler) {
    return bus_.subscribe(consumer, types, std::move(handler));
  }
  result<void> leave(std::string_view consumer) { return bus_.leave(consumer); }

 private:
  MemoryBus& bus_;
  Rng rng_;
};

// E1 to E5, B10: the relay is killed at random points, the bus is shaky, handlers fail; what was
// put is acted on once and in order.
TEST_P(WholeWay, EveryEventPutIsActedOnOnceAndInOrder) {
  Rng rng(GetParam());
  ManualClock clock(start);
  SeededChooser chooser(GetParam());
  SimulatedExecutor executor(clock, &chooser);
  const Environment environment{clock, executor, GetParam()};
  FailingOutbox outbox;
  MemoryBus memory_bus(environment);
  ShakyBus bus(memory_bus, GetParam());
  ClaimTable claims;
  claims.advance_to(start);
  Inbox inbox(claims, "mail");
  Recipient effects;
  const auto effect = [&](const Event& event) -> result<void> {
    if (rng.below(5) == 0) return Error{Errc::unavailable};
    INVSAGA_CHECK(effects.take(event));
    return success();
  };
  const auto subscription = bus.subscribe("mail", {}, inbox.handler(effect));
  ASSERT_THAT(subscription, IsOk());

  std::optional<Relay> relay(std::in_place, outbox, bus, environment);
  ASSERT_THAT(relay->start(), IsOk());
  for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) {
    for (std::uint64_t run = 1; run <= 4; ++run) {
      ASSERT_THAT(testing::put(outbox, event_of(run_no(run), sequence)), IsOkAndHolds(true));
      relay->wake();
      outbox.acknowledge_fails = rng.below(4) == 0;
      executor.run_all(rng.below(6));
      if (rng.below(5) == 0) {
        relay.emplace(outbox, bus, environment);
        ASSERT_THAT(relay->start(), IsOk());
      }
    }
  }
  outbox.acknowledge_fails = false;
  executor.run_all(100'000);
  EXPECT_EQ(executor.waiting(), 0u);
  EXPECT_EQ(outbox.queue.size(), 0u);
  EXPECT_EQ(memory_bus.counts().published, 20u);
  EXPECT_EQ(memory_bus.counts().pending, 0u);
  for (std::uint64_t run = 1; run <= 4; ++run) {
    EXPECT_THAT(effects.sequences_of(run_no(run)), IsCountedFrom1To(5));
  }
  EXPECT_LE(inbox.counts().duplicate, memory_bus.counts().repeated);
}

INSTANTIATE_TEST_SUITE_P(, WholeWay, ::testing::Range<std::uint64_t>(1, 101));

}  // namespace
}  // namespace invsaga::testing
