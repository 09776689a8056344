// SPDX-License-Identifier: Apache-2.0
#include <invsaga/event_bus.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <invsaga/inbox.hpp>
#include <invsaga/memory_bus.hpp>
#include <invsaga/relay.hpp>
#include <invsaga/testing/event_bus_archetypes.hpp>
#include <invsaga/testing/event_bus_conformance.hpp>
#include <invsaga/testing/events.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/simulation.hpp>

namespace invsaga::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Time start = time_from_ms(1'000'000);

// --- The contract, by one thread in three orders of tasks, and by threads

struct LocalHarness {
  ManualClock clock{start};
  LocalExecutor executor{clock};
  MemoryBus memory_bus{{clock, executor}};

  MemoryBus& bus() { return memory_bus; }
  void settle() {
    while (executor.run_one()) {
    }
  }
};

template <int seed>
struct ShuffledHarness {
  ManualClock clock{start};
  SeededChooser chooser{seed};
  SimulatedExecutor executor{clock, &chooser};
  MemoryBus memory_bus{{clock, executor, seed}};

  MemoryBus& bus() { return memory_bus; }
  void settle() { executor.run_all(); }
};

INVSAGA_TEST_EVENT_BUS(MemoryBus, LocalHarness, ShuffledHarness<1>, ShuffledHarness<2>);

// --- The words and the concept

TEST(Handling, HasTheWordsOfTheHistory) {
  EXPECT_EQ(name(Handling::handled), "handled");
  EXPECT_EQ(name(Handling::duplicate), "duplicate");
  EXPECT_EQ(name(Handling::parked), "parked");
  EXPECT_EQ(name(Handling::dead), "dead");
  EXPECT_EQ(name(static_cast<Handling>(99)), "unrecognised");
}

static_assert(EventBus<archetypes::EventBusArchetype>);
static_assert(!EventBus<const archetypes::EventBusArchetype>);
static_assert(!EventBus<archetypes::BusWithoutPublish>);
static_assert(!EventBus<archetypes::BusWithoutAnswer>);
static_assert(!EventBus<archetypes::BusWithoutSubscribe>);
static_assert(!EventBus<archetypes::BusWithoutConsumers>);
static_assert(!EventBus<archetypes::BusWithoutRefusal>);
static_assert(!EventBus<archetypes::BusThatThrows>);
static_assert(!EventBus<archetypes::BusWithoutHandles>);
static_assert(!EventBus<archetypes::BusWithoutLeave>);

// Relay and inbox lean on nothing that the concepts do not promise.
TEST(EventConcepts, AreAllThatRelayAndInboxAskFor) {
  ManualClock clock{start};
  SimulatedExecutor executor{clock};
  archetypes::OutboxArchetype outbox(nullptr);
  archetypes::EventBusArchetype bus(nullptr);
  archetypes::IdempotencyStoreArchetype claims(nullptr);
  Relay relay(outbox, bus, {clock, executor});
  EXPECT_THAT(relay.start(), IsOk());
  Inbox inbox(claims, "a");
  EXPECT_THAT(inbox.handle(event_of(run_no(1), 1), [](const Event&) { return success(); }),
              ErrorIs(Errc::unsupported));
  executor.run_until(clock.now());
  EXPECT_EQ(relay.counts().read_failures, 1u);
}

// --- What the memory bus adds

/// Writes down what the bus tells, a word each.
class Told final : public BusObserver {
 public:
  void published(const Event& event, bool repeat) override {
    words.push_back((repeat ? "repeated " : "published ") + std::to_string(event.sequence));
  }
  void delivered(const Event& event, std::string_view consumer, Handling handling) override {
    words.push_back(std::string(consumer) + ' ' + std::string(name(handling)) + ' ' +
                    std::to_string(event.sequence));
  }
  void failed(const Event& event, std::string_view consumer, Error error) override {
    words.push_back(std::string(consumer) + ' ' + std::string(name(error.code)) + ' ' +
                    std::to_string(event.sequence));
  }
  std::vector<std::string> words;
};

/// What a test says befalls an event, by its sequence number.
class Faults final : public DeliveryHook {
 public:
  DeliveryTiming timing(const Event& event, std::string_view) override {
    return by_sequence[event.sequence];
  }
  std::map<std::uint64_t, DeliveryTiming> by_sequence;
};

class MemoryBusTest : public ::testing::Test {
 protected:
  MemoryBus& bus() {
    if (!bus_) {
      options.observer = &told;
      options.delivery_hook = &faults;
      options.retry.jitter_percent = 0;
      bus_ = std::make_unique<MemoryBus>(Environment{clock, executor}, options);
    }
    return *bus_;
  }
  void subscribe(std::string_view consumer, Recipient& recipient) {
    ASSERT_THAT(subscriptions.add(bus().subscribe(consumer, {}, recipient.handler())), IsOk());
  }
  void publish(std::uint64_t run, std::uint64_t sequence) {
    ASSERT_THAT(published(bus(), event_of(run_no(run), sequence)), IsOk());
  }
  /// Publishes the first `last` events of run 1.
  void publish_to(std::uint64_t last) {
    for (std::uint64_t sequence = 1; sequence <= last; ++sequence) publish(1, sequence);
  }
  std::vector<std::string> told_now() { return std::exchange(told.words, {}); }

  ManualClock clock{start};
  SimulatedExecutor executor{clock};
  MemoryBusOptions options;
  Told told;
  Faults faults;
  Subscriptions subscriptions;

 private:
  std::unique_ptr<MemoryBus> bus_;
};

Recipient fails_at(std::uint64_t sequence, Errc code) {
  return Recipient([=](const Event& event, int) -> result<Handling> {
    if (event.sequence == sequence) return Error{code};
    return Handling::handled;
  });
}

TEST_F(MemoryBusTest, TakesNoVirtualTimeToDeliver) {
  Recipient recipient;
  subscribe("a", recipient);
  publish_to(3);
  executor.run_until(clock.now());
  EXPECT_THAT(recipient.sequences_of(run_no(1)), IsCountedFrom1To(3));
  EXPECT_EQ(clock.now(), start);
  EXPECT_EQ(executor.waiting(), 0u) << "nothing is armed while there is nothing to do";
}

TEST_F(MemoryBusTest, TellsWhatItDoesInTheOrderInWhichItComesAbout) {
  Recipient recipient;
  subscribe("a", recipient);
  publish_to(2);
  executor.run_all();
  publish(1, 2);
  executor.run_all();
  EXPECT_THAT(told.words, ElementsAre("published 1", "published 2", "a handled 1", "a handled 2",
                                      "repeated 2", "a handled 2"));
}

TEST_F(MemoryBusTest, WaitsLongerAfterEachFailureAndNeverInAHotLoop) {
  options.retry = {Duration{100}, Duration{300}, 200, 0, 5, Duration{60'000}};
  std::vector<std::int64_t> times;
  Recipient recipient([&](const Event&, int) -> result<Handling> {
    times.push_back((clock.now() - start).count());
    return Error{Errc::timed_out};
  });
  subscribe("a", recipient);
  publish(1, 1);
  executor.run_all();
  EXPECT_THAT(times, ElementsAre(0, 100, 300, 600, 900));
  EXPECT_EQ(bus().counts().failed, 5u);
  EXPECT_EQ(bus().counts().dead, 1u);
}

TEST_F(MemoryBusTest, GivesUpWhenTheBudgetOfTimeIsUsedUp) {
  options.retry = {Duration{100}, Duration{100}, 100, 0, 0, Duration{1'000}};
  Recipient recipient = fails_at(1, Errc::timed_out);
  subscribe("a", recipient);
  publish(1, 1);
  executor.run_all();
  EXPECT_EQ(recipient.delivered().size(), 11u);
  EXPECT_EQ(clock.now(), start + Duration{1'000});
}

TEST_F(MemoryBusTest, TellsOnceThatAnEventIsParkedBehindAFailingOne) {
  options.retry.attempts = 3;
  Recipient recipient([](const Event& event, int n) -> result<Handling> {
    if (event.sequence == 1 && n <= 2) return Error{Errc::unavailable};
    return Handling::handled;
  });
  subscribe("a", recipient);
  publish_to(2);
  executor.run_until(clock.now());
  publish(1, 3);
  EXPECT_THAT(told_now(), ElementsAre("published 1", "published 2", "a unavailable 1", "a parked 2",
                                      "published 3", "a parked 3"));
  executor.run_all();
  EXPECT_THAT(told_now(),
              ElementsAre("a unavailable 1", "a handled 1", "a handled 2", "a handled 3"));
  EXPECT_EQ(bus().counts().parked, 2u);
}

TEST_F(MemoryBusTest, ShowsWhatIsDeadAndHowManyAreParkedBehindIt) {
  Recipient recipient = fails_at(2, Errc::corrupt);
  subscribe("a", recipient);
  publish_to(3);
  executor.run_all();
  publish(1, 4);
  publish(2, 1);
  executor.run_all();
  EXPECT_THAT(told_now(), ElementsAre("published 1", "published 2", "published 3", "a handled 1",
                                      "a corrupt 2", "a dead 2", "a parked 3", "published 4",
                                      "a parked 4", "published 1", "a handled 1"));
  const auto dead = bus().dead(10);
  ASSERT_EQ(dead.size(), 1u);
  EXPECT_EQ(dead[0].consumer, "a");
  EXPECT_EQ(dead[0].event, event_of(run_no(1), 2));
  EXPECT_EQ(dead[0].attempts, 1u);
  EXPECT_EQ(dead[0].error, Error{Errc::corrupt});
  EXPECT_EQ(dead[0].behind, 2u);
  EXPECT_THAT(bus().dead(0), IsEmpty());
  const MemoryBusCounts counts = bus().counts();
  EXPECT_EQ(counts.dead, 1u);
  EXPECT_EQ(counts.dead_runs, 1u);
  EXPECT_EQ(counts.pending, 3u) << "the dead one and the two behind it";
  EXPECT_EQ(counts.handled, 2u);
  EXPECT_EQ(executor.waiting(), 0u);
}

TEST_F(MemoryBusTest, CountsDifferentEventsAndRepeatsApart) {
  Recipient recipient;
  subscribe("a", recipient);
  publish_to(3);
  publish(1, 2);
  publish(2, 1);
  publish(1, 5);
  publish(1, 4);
  publish(1, 4);
  EXPECT_THAT(published(bus(), Event{}), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(bus().counts().published, 6u);
  EXPECT_EQ(bus().counts().repeated, 2u);
  EXPECT_EQ(bus().counts().refused, 1u);
}

TEST_F(MemoryBusTest, AnEventBefallenByLatenessComesLaterAndThoseBehindItWait) {
  faults.by_sequence[1].late = Duration{700};
  std::vector<std::int64_t> times;
  Recipient recipient([&](const Event&, int) -> result<Handling> {
    times.push_back((clock.now() - start).count());
    return Handling::handled;
  });
  subscribe("a", recipient);
  publish_to(2);
  publish(2, 2);
  executor.run_all();
  EXPECT_THAT(told.words, ElementsAre("published 1", "published 2", "a parked 2", "published 2",
                                      "a handled 2", "a handled 1", "a handled 2"));
  EXPECT_THAT(times, ElementsAre(0, 700, 700));
}

TEST_F(MemoryBusTest, ALateEventThatIsNotTheFirstHoldsBackThoseBehindIt) {
  faults.by_sequence[2].late = Duration{700};
  Recipient recipient;
  subscribe("a", recipient);
  publish_to(3);
  executor.run_all();
  EXPECT_THAT(told.words, ElementsAre("published 1", "published 2", "published 3", "a handled 1",
                                      "a parked 3", "a handled 2", "a handled 3"));
}

TEST_F(MemoryBusTest, AnEventIsDeliveredAgainAtOnceBeforeThoseBehindIt) {
  faults.by_sequence[1].again = 2;
  Recipient recipient;
  subscribe("a", recipient);
  publish_to(2);
  executor.run_all();
  EXPECT_THAT(recipient.sequences_of(run_no(1)), ElementsAre(1, 1, 1, 2));
  EXPECT_EQ(bus().counts().pending, 0u);
  EXPECT_EQ(bus().counts().parked, 0u);
}

TEST_F(MemoryBusTest, AnEventDeliveredAgainLaterHoldsBackNobody) {
  faults.by_sequence[1] = {.late = Duration{0}, .again = 1, .again_after = Duration{50}};
  Recipient recipient;
  subscribe("a", recipient);
  publish_to(3);
  executor.run_all();
  EXPECT_THAT(recipient.sequences_of(run_no(1)), ElementsAre(1, 2, 3, 1));
  EXPECT_EQ(bus().counts().parked, 0u);
}

TEST_F(MemoryBusTest, NothingComesOfAFailureOfAnExtraDelivery) {
  faults.by_sequence[1].again = 1;
  Recipient recipient([](const Event& event, int n) -> result<Handling> {
    if (event.sequence == 1 && n == 2) return Error{Errc::corrupt};
    return Handling::handled;
  });
  subscribe("a", recipient);
  publish_to(2);
  executor.run_all();
  EXPECT_THAT(recipient.sequences_of(run_no(1)), ElementsAre(1, 1, 2));
  EXPECT_EQ(bus().counts().dead, 0u);
  EXPECT_EQ(bus().counts().pending, 0u);
}

TEST_F(MemoryBusTest, WhatStaysTooEarlyIsOfferedAgainInTimeAndGivenUpAtTheEnd) {
  options.retry = {Duration{100}, Duration{400}, 200, 0, 2, Duration{1'000}};
  Recipient recipient([](const Event&, int) -> result<Handling> { return Handling::parked; });
  subscribe("a", recipient);
  publish(1, 2);
  executor.run_all();
  EXPECT_EQ(recipient.delivered().size(), 4u) << "after 0, 100, 300, 700; 1100 is too late";
  EXPECT_THAT(told.words, ElementsAre("published 2", "a parked 2", "a too_late 2", "a dead 2"));
}

TEST_F(MemoryBusTest, AHeadThatFailsHoldsBackWhatCameTooEarly) {
  std::vector<std::uint64_t> acted;
  Recipient recipient([&](const Event& event, int n) -> result<Handling> {
    if (event.sequence != acted.size() + 1) return Handling::parked;
    if (event.sequence == 1 && n == 1) return Error{Errc::unavailable};
    acted.push_back(event.sequence);
    return Handling::handled;
  });
  subscribe("a", recipient);
  publish(1, 2);
  publish(1, 1);
  publish(1, 3);
  executor.run_all();
  EXPECT_THAT(acted, IsCountedFrom1To(3));
}

TEST_F(MemoryBusTest, ArmsOneTaskForARunThatWaits) {
  Recipient recipient = fails_at(1, Errc::unavailable);
  subscribe("a", recipient);
  publish_to(1);
  executor.run_until(clock.now());
  for (std::uint64_t sequence = 2; sequence <= 50; ++sequence) publish(1, sequence);
  EXPECT_EQ(executor.waiting(), 1u);
}

// A task that was armed for an event that came too early finds its run changed.
TEST_F(MemoryBusTest, ATaskThatComesWhileAHandlerIsAtItDeliversNothing) {
  int at_once = 0;
  Recipient recipient([&](const Event& event, int n) -> result<Handling> {
    EXPECT_EQ(++at_once, 1);
    if (event.sequence == 1) {
      clock.advance(Duration{1'000});
      EXPECT_TRUE(executor.step()) << "as on another thread";
    }
    --at_once;
    return event.sequence == 2 && n == 1 ? Handling::parked : Handling::handled;
  });
  subscribe("a", recipient);
  publish(1, 2);
  executor.run_until(clock.now());
  publish(1, 1);
  executor.run_all();
  EXPECT_THAT(recipient.sequences_of(run_no(1)), ElementsAre(2, 1, 2));
}

TEST_F(MemoryBusTest, ATaskThatComesAfterItsRunIsDeadDeliversNothing) {
  Recipient recipient([](const Event& event, int) -> result<Handling> {
    if (event.sequence == 1) return Error{Errc::corrupt};
    return Handling::parked;
  });
  subscribe("a", recipient);
  publish(1, 2);
  executor.run_until(clock.now());
  publish(1, 1);
  executor.run_all();
  EXPECT_THAT(recipient.sequences_of(run_no(1)), ElementsAre(2, 1));
}

TEST_F(MemoryBusTest, WhenFullTakesNothingNewAndKeepsWhatItHas) {
  options.max_owed = 2;
  Recipient a, b;
  subscribe("a", a);
  subscribe("b", b);
  publish_to(2);
  EXPECT_THAT(published(bus(), event_of(run_no(2), 1)), ErrorIs(Errc::resource_exhausted));
  EXPECT_EQ(bus().counts().published, 2u);
  executor.run_all();
  publish(2, 1);
  executor.run_all();
  for (const Recipient* recipient : {&a, &b}) {
    EXPECT_THAT(recipient->sequences_of(run_no(1)), IsCountedFrom1To(2));
    EXPECT_THAT(recipient->sequences_of(run_no(2)), IsCountedFrom1To(1));
  }
}

TEST_F(MemoryBusTest, ForgetsTheSequencesOfTheOldestRunBeyondItsBound) {
  options.max_runs = 2;
  for (std::uint64_t run = 1; run <= 3; ++run) publish(run, 1);
  publish(3, 1);
  publish(2, 1);
  EXPECT_EQ(bus().counts().repeated, 2u);
  publish(1, 1);
  EXPECT_EQ(bus().counts().repeated, 2u) << "not known any more, so taken for another one";
}

TEST_F(MemoryBusTest, RunsNothingAfterItsEnd) {
  Recipient recipient;
  Subscriptions subscriptions;  // they may outlive the bus
  {
    MemoryBus bus(Environment{clock, executor});
    ASSERT_THAT(subscriptions.add(bus.subscribe("a", {}, recipient.handler())), IsOk());
    ASSERT_THAT(published(bus, event_of(run_no(1), 1)), IsOk());
  }
  EXPECT_EQ(executor.waiting(), 0u);
  EXPECT_THAT(recipient.delivered(), IsEmpty());
}

TEST_F(MemoryBusTest, DoesTheSameForTheSameSeed) {
  const auto run = [](std::uint64_t seed) {
    ManualClock clock{start};
    SimulatedExecutor executor{clock};
    Told told;
    MemoryBusOptions options;
    options.observer = &told;
    MemoryBus bus({clock, executor, seed}, options);
    Subscriptions subscriptions;
    Recipient recipient([](const Event&, int n) -> result<Handling> {
      if (n < 4) return Error{Errc::unavailable};
      return Handling::handled;
    });
    EXPECT_THAT(subscriptions.add(bus.subscribe("a", {}, recipient.handler())), IsOk());
    for (std::uint64_t run = 1; run <= 9; ++run) {
      EXPECT_THAT(published(bus, event_of(run_no(run), run)), IsOk());
    }
    executor.run_all();
    return std::pair(told.words, clock.now());
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2)) << "jitter spreads retries";
}

}  // namespace
}  // namespace invsaga::testing
