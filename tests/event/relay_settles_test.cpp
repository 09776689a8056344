// SPDX-License-Identifier: Apache-2.0
//
// A relay tells the outbox of an event once the bus cannot lose it any more: what is not handled
// stays, stops nobody, and is offered again by the next process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <invsaga/any_outbox.hpp>
#include <invsaga/memory.hpp>
#include <invsaga/memory_bus.hpp>
#include <invsaga/reference/outbox_queue.hpp>
#include <invsaga/relay.hpp>
#include <invsaga/testing/events.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/simulation.hpp>
#include <invsaga/testing/writes.hpp>

namespace invsaga::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Time start = time_from_ms(1'000'000);

/// A bus that answers when a test says so.
class HoldingBus {
 public:
  HoldingBus() = default;
  HoldingBus(const HoldingBus&) = delete;
  HoldingBus& operator=(const HoldingBus&) = delete;
  /// As a bus has to: whoever waits is told.
  ~HoldingBus() {
    for (const Call& one : held) one.done(Error{Errc::reply_lost});
  }
  struct Call {
    Event event;
    Completion<void> done;
  };
  void publish(std::span<const Event> events, Completion<void> done) noexcept {
    taken.push_back(events.front());
    held.push_back({events.front(), done});
  }
  result<Subscription> subscribe(std::string_view, std::span<const std::string_view>,
                                 EventHandler) {
    return Subscription{};
  }
  result<void> leave(std::string_view) { return success(); }
  /// Answers what it was given of a run from that number on, the last first if `reversed`.
  void answer(RunId run, result<void> so, std::uint64_t from = 1, bool reversed = false) {
    std::vector<Call> some;
    std::erase_if(held, [&](const Call& one) {
      const bool it = one.event.run == run && one.event.sequence >= from;
      if (it) some.push_back(one);
      return it;
    });
    if (reversed) std::reverse(some.begin(), some.end());
    for (const Call& one : some) one.done(so);
  }
  std::vector<std::uint64_t> sequences_of(RunId run) const {
    std::vector<std::uint64_t> sequences;
    for (const Event& event : taken) {
      if (event.run == run) sequences.push_back(event.sequence);
    }
    return sequences;
  }
  std::vector<Event> taken;
  std::vector<Call> held;
};
static_assert(EventBus<HoldingBus>);

class RelaySettles : public ::testing::Test {
 protected:
  void put(std::uint64_t run, std::uint64_t sequence) {
    ASSERT_THAT(testing::put(outbox, event_of(run_no(run), sequence)), IsOkAndHolds(true));
  }
  Relay& relay() {
    if (!relay_) {
      relay_.emplace(outbox, bus, environment, options);
      EXPECT_THAT(relay_->start(), IsOk());
    }
    return *relay_;
  }
  void end_relay() { relay_.reset(); }
  void look() {
    relay().wake();
    run_now();
  }
  void run_now() { executor.run_until(clock.now()); }

  ManualClock clock{start};
  SimulatedExecutor executor{clock};
  Environment environment{clock, executor};
  OutboxQueue outbox;
  HoldingBus bus;
  RelayOptions options{.retry = {Duration{100}, Duration{1'000}, 200, 0, 0, Duration{0}}};

 private:
  std::optional<Relay> relay_;
};

TEST_F(RelaySettles, AnEventLeavesTheOutboxWhenTheBusHasSettledIt) {
  put(1, 1);
  relay();
  run_now();
  EXPECT_EQ(bus.taken.size(), 1u);
  EXPECT_EQ(outbox.size(), 1u);
  EXPECT_EQ(relay().counts().under_way, 1u);
  EXPECT_EQ(relay().counts().published, 0u);
  bus.answer(run_no(1), success());
  run_now();
  EXPECT_EQ(outbox.size(), 0u);
  EXPECT_EQ(relay().counts().under_way, 0u);
  EXPECT_EQ(relay().counts().published, 1u);
  EXPECT_EQ(executor.waiting(), 0u);
}

TEST_F(RelaySettles, NothingIsPublishedBeforeTheStart) {
  put(1, 1);
  Relay own(outbox, bus, environment);
  own.wake();
  executor.run_all();
  EXPECT_THAT(bus.taken, IsEmpty());
  ASSERT_THAT(own.start(), IsOk());
  run_now();
  EXPECT_EQ(bus.taken.size(), 1u);
  ASSERT_THAT(own.start(), IsOk()) << "a repeat changes nothing";
  run_now();
  EXPECT_EQ(bus.taken.size(), 1u);
}

TEST_F(RelaySettles, WhatIsUnderWayStopsNeitherOthersNorTheLaterOnesOfItsRun) {
  options.batch = 2;
  for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) put(1, sequence);
  put(2, 1);
  relay();
  run_now();
  EXPECT_THAT(bus.sequences_of(run_no(1)), IsCountedFrom1To(5));
  EXPECT_THAT(bus.sequences_of(run_no(2)), ElementsAre(1));
  bus.answer(run_no(1), success(), 3);
  bus.answer(run_no(2), success());
  run_now();
  EXPECT_EQ(outbox.size(), 2u);
  look();
  EXPECT_EQ(bus.taken.size(), 6u) << "none is published again";
}

TEST_F(RelaySettles, AnEndOfTheRelayLeavesWhatIsUnderWayToTheNextOne) {
  put(1, 1);
  put(1, 2);
  relay();
  run_now();
  bus.answer(run_no(1), success(), 2);
  run_now();
  end_relay();
  bus.answer(run_no(1), success());  // nobody is there
  EXPECT_EQ(outbox.size(), 1u);
  relay();
  run_now();
  EXPECT_THAT(bus.sequences_of(run_no(1)), ElementsAre(1, 2, 1));
}

TEST_F(RelaySettles, ReadsNoFurtherThanItsBoundAndOnWhenSomethingIsSettled) {
  options.max_under_way = 3;
  for (std::uint64_t run = 1; run <= 7; ++run) put(run, 1);
  relay();
  run_now();
  EXPECT_EQ(bus.taken.size(), 3u);
  look();
  EXPECT_EQ(bus.taken.size(), 3u);
  EXPECT_EQ(executor.waiting(), 0u) << "it rests";
  bus.answer(run_no(2), success());
  run_now();
  EXPECT_EQ(bus.taken.size(), 4u);
  for (std::uint64_t run = 1; run <= 7; ++run) {
    bus.answer(run_no(run), success());
    run_now();
  }
  EXPECT_EQ(outbox.size(), 0u);
}

TEST_F(RelaySettles, WhatTheBusRefusesLateIsPublishedAgainInOrder) {
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) put(1, sequence);
  relay();
  run_now();
  bus.answer(run_no(1), Error{Errc::timed_out}, 2, true);  // as the contract says: 3 with 2
  run_now();
  EXPECT_EQ(relay().counts().waiting_runs, 1u);
  put(1, 4);
  look();
  EXPECT_THAT(bus.sequences_of(run_no(1)), ElementsAre(1, 2, 3)) << "they wait";
  executor.run_all();
  EXPECT_THAT(bus.sequences_of(run_no(1)), ElementsAre(1, 2, 3, 2, 3, 4));
  bus.answer(run_no(1), success());
  run_now();
  EXPECT_EQ(outbox.size(), 0u);
  EXPECT_EQ(relay().counts().waiting_runs, 0u);
}

TEST_F(RelaySettles, WhatWasRefusedIsNotPublishedWhileALaterOneIsUnanswered) {
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) put(1, sequence);
  relay();
  run_now();
  const auto third = bus.held.back();
  bus.held.pop_back();
  bus.answer(run_no(1), Error{Errc::timed_out}, 2);
  executor.run_all();
  EXPECT_THAT(bus.sequences_of(run_no(1)), ElementsAre(1, 2, 3)) << "else 2 came behind 3";
  third.done(Error{Errc::timed_out});
  executor.run_all();
  EXPECT_THAT(bus.sequences_of(run_no(1)), ElementsAre(1, 2, 3, 2, 3));
}

// --- with the memory bus

class RelayOverMemory : public RelaySettles {
 protected:
  /// A process: a bus, its consumers and a relay.
  struct Process {
    Process(RelayOverMemory& test, Recipient& mail, Recipient& audit)
        : memory_bus(test.environment),
          of_mail(memory_bus.subscribe("mail", {}, mail.handler()).value()),
          of_audit(memory_bus.subscribe("audit", {}, audit.handler()).value()),
          relay(test.outbox, memory_bus, test.environment) {
      EXPECT_THAT(relay.start(), IsOk());
    }
    MemoryBus memory_bus;
    Subscription of_mail, of_audit;
    Relay relay;
  };
  result<Handling> answer = Handling::handled;
  Recipient mail{[this](const Event&, int) { return answer; }}, audit;
};

TEST_F(RelayOverMemory, NoEventIsLostWhateverIsUnderWayWhenAProcessEnds) {
  for (int steps = 0; steps <= 40; ++steps) {
    SCOPED_TRACE(steps);
    Recipient own_mail, own_audit;
    const std::uint64_t run = 100 + static_cast<std::uint64_t>(steps);
    std::optional<Process> process(std::in_place, *this, own_mail, own_audit);
    for (std::uint64_t sequence = 1; sequence <= 4; ++sequence) put(run, sequence);
    process->relay.wake();
    executor.run_all(static_cast<std::size_t>(steps));
    process.reset();
    EXPECT_EQ(executor.waiting(), 0u);
    process.emplace(*this, own_mail, own_audit);
    executor.run_all();
    for (const Recipient* one : {&own_mail, &own_audit}) {
      for (std::uint64_t sequence = 1; sequence <= 4; ++sequence) {
        EXPECT_THAT(one->sequences_of(run_no(run)), ::testing::Contains(sequence));
      }
    }
    EXPECT_EQ(outbox.size(), 0u);
  }
}

TEST_F(RelayOverMemory, WhatIsDeadStaysAndStopsNobodyAndTheNextProcessOffersItAgain) {
  answer = Handling::dead;
  std::optional<Process> process(std::in_place, *this, mail, audit);
  for (std::uint64_t run = 1; run <= 3; ++run) {
    put(run, 1);
    put(run, 2);
  }
  process->relay.wake();
  executor.run_all();
  EXPECT_EQ(audit.delivered().size(), 6u);
  EXPECT_EQ(outbox.size(), 6u) << "dead, or parked behind such";
  answer = Handling::handled;
  put(4, 1);
  process->relay.wake();
  executor.run_all();
  EXPECT_EQ(outbox.size(), 6u) << "others go on";
  process.reset();
  process.emplace(*this, mail, audit);
  executor.run_all();
  EXPECT_EQ(outbox.size(), 0u);
  for (std::uint64_t run = 1; run <= 3; ++run) {
    EXPECT_THAT(mail.sequences_of(run_no(run)), ElementsAre(1, 1, 2));
  }
}

TEST_F(RelayOverMemory, ABacklogOfManyTimesWhatAConsumerMayBeOwedGoesThroughAtOnce) {
  MemoryBus small(environment, {.max_consumers = 1, .max_owed = 10});
  const Subscription of_mail = small.subscribe("mail", {}, mail.handler()).value();
  for (std::uint64_t run = 1; run <= 500; ++run) {
    put(run, 1);
    put(run, 2);
  }
  Relay own(outbox, small, environment);
  ASSERT_THAT(own.start(), IsOk());
  executor.run_until(clock.now());
  EXPECT_EQ(outbox.size(), 0u) << "whoever leaves makes room for the next: nobody waits";
  EXPECT_EQ(mail.delivered().size(), 1'000u);
  EXPECT_EQ(small.counts().left_out, 0u);
}

TEST_F(RelayOverMemory, WhoFailsPinsNoMoreThanItsBound) {
  MemoryBus small(environment, {.max_consumers = 2, .max_owed = 100});
  const Subscription of_mail = small.subscribe("mail", {}, mail.handler()).value();
  const Subscription of_audit = small.subscribe("audit", {}, audit.handler()).value();
  OutboxQueue box({.max_events = 1'000});
  for (std::uint64_t sequence = 1; sequence <= 200; ++sequence) {
    for (std::uint64_t run = 1; run <= 5; ++run) {
      ASSERT_THAT(testing::put(box, event_of(run_no(run), sequence)), IsOkAndHolds(true));
    }
  }
  Relay own(box, small, environment);
  ASSERT_THAT(own.start(), IsOk());
  executor.run_all(100);
  answer = Error{Errc::unavailable};
  executor.run_until(clock.now() + std::chrono::minutes(10));
  EXPECT_LE(box.size(), 100u);
  EXPECT_EQ(audit.delivered().size(), 1'000u);
}

TEST_F(RelayOverMemory, TheBusMayEndBeforeTheRelay) {
  std::optional<MemoryBus> memory_bus(std::in_place, environment);
  Subscription of_mail = memory_bus->subscribe("mail", {}, mail.handler()).value();
  Relay own(outbox, *memory_bus, environment, options);
  ASSERT_THAT(own.start(), IsOk());
  put(1, 1);
  own.wake();
  executor.step();
  memory_bus.reset();
  put(2, 1);
  own.wake();
  executor.run_until(clock.now() + Duration{10'000});
  EXPECT_EQ(outbox.size(), 2u);
  EXPECT_GE(own.counts().publish_failures, 2u);
  of_mail.end();
}

// --- what fits together

TEST(RelayStart, IsRefusedWhereConsumersThatAreDownCouldStopEverybody) {
  ManualClock clock(start);
  SimulatedExecutor executor(clock);
  const Environment environment{clock, executor};
  MemoryBus usual(environment);
  MemoryBackend<> roomy;
  EXPECT_EQ(usual.most_owed(), 32u * 15'000u);
  EXPECT_THAT(Relay(roomy, usual, environment).start(), IsOk()) << "the defaults fit";

  MemoryLimits limits;
  limits.outbox.max_events = 900'000;
  MemoryBackend<> tight(limits);
  const auto refused = Relay(tight, usual, environment).start();
  EXPECT_THAT(refused, ErrorIs(Errc::limit_exceeded, Limit::deliveries));
  EXPECT_EQ(to_string(refused.error()), to_string(over_limit(Limit::deliveries, 480'000, 450'000)));
  limits = {};
  limits.runs.max_runs = 900'000;
  MemoryBackend<> few_runs(limits);
  EXPECT_THAT(Relay(few_runs, usual, environment).start(), ErrorIs(Errc::limit_exceeded));
  EXPECT_THAT(Relay(roomy, usual, environment, {.max_under_way = 900'000}).start(),
              ErrorIs(Errc::limit_exceeded));

  MemoryBus modest(environment, {.max_consumers = 4, .max_owed = 100'000});
  EXPECT_THAT(Relay(tight, modest, environment).start(), IsOk());
  OutboxQueue queue({.max_events = 799'999});
  EXPECT_THAT(Relay(queue, modest, environment).start(), ErrorIs(Errc::limit_exceeded));
  HoldingBus silent;
  EXPECT_THAT(Relay(queue, silent, environment).start(), IsOk()) << "it says nothing of itself";
}

}  // namespace
}  // namespace invsaga::testing
