// SPDX-License-Identifier: Apache-2.0
#include <invsaga/relay.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include <invsaga/reference/outbox_queue.hpp>
#include <invsaga/testing/events.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/outbox_conformance.hpp>
#include <invsaga/testing/simulation.hpp>
#include <invsaga/testing/writes.hpp>

#include "tests/event/failing_outbox.hpp"

namespace invsaga::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Time start = time_from_ms(1'000'000);

// --- The contract of the outbox

struct QueueHarness {
  OutboxQueue queue;
  std::optional<OutboxQueue> small_queue;

  OutboxQueue& outbox() { return queue; }
  OutboxQueue* small(std::size_t events) {
    OutboxLimits limits;
    limits.max_events = events;
    return &small_queue.emplace(limits);
  }
};
INVSAGA_TEST_OUTBOX(OutboxQueue, QueueHarness);

// --- The relay

/// A bus that notes what it takes and refuses on demand.
class Bus {
 public:
  void publish(std::span<const Event> events, Completion<void> done) noexcept {
    const Event& event = events.front();
    ++attempts;
    const auto refused = fault ? fault(event) : success();
    if (refused.has_value()) taken.push_back(event);
    done(refused);
  }
  result<Subscription> subscribe(std::string_view, std::span<const std::string_view>,
                                 EventHandler) {
    return Subscription{};
  }
  result<void> leave(std::string_view) { return success(); }
  std::vector<std::uint64_t> sequences_of(RunId run) const {
    std::vector<std::uint64_t> sequences;
    for (const Event& event : taken) {
      if (event.run == run) sequences.push_back(event.sequence);
    }
    return sequences;
  }

  std::function<result<void>(const Event&)> fault;
  std::vector<Event> taken;
  int attempts = 0;
};
static_assert(EventBus<Bus>);

class RelayTest : public ::testing::Test {
 protected:
  Relay& relay() {
    if (!relay_) {
      relay_ = std::make_unique<Relay>(outbox, bus, environment, options);
      EXPECT_THAT(relay_->start(), IsOk());
    }
    return *relay_;
  }
  void restart() { relay_.reset(); }
  void put(std::uint64_t run, std::uint64_t sequence) {
    ASSERT_THAT(testing::put(outbox, event_of(run_no(run), sequence)), IsOkAndHolds(true));
  }
  std::size_t pending() { return outbox.queue.size(); }
  /// Does all that is due now, and nothing that is armed for later.
  void run_now() { executor.run_until(clock.now()); }

  ManualClock clock{start};
  SimulatedExecutor executor{clock};
  Environment environment{clock, executor};
  RelayOptions options;
  FailingOutbox outbox;
  Bus bus;

 private:
  std::unique_ptr<Relay> relay_;
};

result<void> unavailable_for(RunId run, const Event& event) {
  if (event.run == run) return Error{Errc::unavailable};
  return success();
}

TEST_F(RelayTest, PublishesWhatIsPendingInOrderAndAcknowledgesIt) {
  put(1, 1);
  put(2, 1);
  put(1, 2);
  relay();
  run_now();
  EXPECT_THAT(bus.taken,
              ElementsAre(event_of(run_no(1), 1), event_of(run_no(2), 1), event_of(run_no(1), 2)));
  EXPECT_EQ(pending(), 0u);
  EXPECT_EQ(relay().counts().published, 3u);
}

TEST_F(RelayTest, LooksWhenItBeginsSoThatNothingOfAnEarlierProcessWaitsForTraffic) {
  put(1, 1);
  relay();
  EXPECT_THAT(bus.taken, IsEmpty()) << "never from within the constructor";
  run_now();
  EXPECT_EQ(bus.taken.size(), 1u);
}

// B3.
TEST_F(RelayTest, DoesNothingUntilItIsWoken) {
  relay();
  executor.run_all();
  const int reads = outbox.reads;
  EXPECT_EQ(executor.waiting(), 0u);
  put(1, 1);
  executor.run_until(start + Duration{86'400'000});
  EXPECT_EQ(outbox.reads, reads);
  relay().wake();
  run_now();
  EXPECT_EQ(bus.taken.size(), 1u);
}

TEST_F(RelayTest, ManyWakeUpsBeforeItLooksAreOne) {
  relay();
  run_now();
  const int reads = outbox.reads;
  put(1, 1);
  for (int i = 0; i < 100; ++i) relay().wake();
  run_now();
  EXPECT_EQ(outbox.reads, reads + 1);
}

TEST_F(RelayTest, SeesWhatIsPutWhileItPublishes) {
  bus.fault = [this](const Event& event) -> result<void> {
    if (event.sequence < 5) {
      put(1, event.sequence + 1);
      relay().wake();
    }
    return success();
  };
  put(1, 1);
  relay();
  run_now();
  EXPECT_THAT(bus.sequences_of(run_no(1)), IsCountedFrom1To(5));
}

TEST_F(RelayTest, AWakeUpThatComesToATaskWhileAnotherLooksIsNotLost) {
  bus.fault = [this](const Event& event) -> result<void> {
    if (event.run != run_no(1)) return success();
    put(2, 1);
    relay().wake();
    EXPECT_TRUE(executor.step()) << "as on another thread: the look that was asked for";
    return success();
  };
  put(1, 1);
  relay();
  run_now();
  EXPECT_EQ(bus.sequences_of(run_no(2)).size(), 1u);
}

TEST_F(RelayTest, AFailingRunKeepsItsOrderAndHoldsBackNoOther) {
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
    put(1, sequence);
    put(2, sequence);
  }
  bus.fault = [](const Event& event) { return unavailable_for(run_no(1), event); };
  relay();
  run_now();
  EXPECT_THAT(bus.sequences_of(run_no(1)), IsEmpty());
  EXPECT_THAT(bus.sequences_of(run_no(2)), IsCountedFrom1To(3));
  EXPECT_EQ(bus.attempts, 4) << "those behind the failing one are not even tried";
  EXPECT_EQ(relay().counts().waiting_runs, 1u);
  bus.fault = {};
  executor.run_all();
  EXPECT_THAT(bus.sequences_of(run_no(1)), IsCountedFrom1To(3));
  EXPECT_EQ(relay().counts().waiting_runs, 0u);
}

TEST_F(RelayTest, AWakeUpDoesNotShortenTheWaitOfAFailingRun) {
  put(1, 1);
  bus.fault = [](const Event&) -> result<void> { return Error{Errc::unavailable}; };
  relay();
  run_now();
  for (int i = 0; i < 10; ++i) {
    relay().wake();
    run_now();
  }
  EXPECT_EQ(bus.attempts, 1);
}

// I13: a bounded rate with growing waits, for ever.
TEST_F(RelayTest, NeverGivesUpAndNeverHurries) {
  options.retry = {Duration{100}, Duration{1'000}, 200, 0, 1, Duration{0}};
  std::vector<std::int64_t> times;
  bus.fault = [&](const Event&) -> result<void> {
    times.push_back((clock.now() - start).count());
    return Error{Errc::timed_out};
  };
  put(1, 1);
  relay();
  executor.run_until(start + Duration{5'000});
  EXPECT_THAT(times, ElementsAre(0, 100, 300, 700, 1500, 2500, 3500, 4500));
  EXPECT_EQ(relay().counts().publish_failures, 8u);
  EXPECT_EQ(pending(), 1u);
}

TEST_F(RelayTest, TriesWhatCanNeverWorkAsSeldomAsMayBe) {
  options.retry = {Duration{100}, Duration{1'000}, 200, 0, 0, Duration{0}};
  bus.fault = [](const Event&) -> result<void> { return Error{Errc::limit_exceeded}; };
  put(1, 1);
  relay();
  executor.run_until(start + Duration{3'000});
  EXPECT_EQ(bus.attempts, 4) << "at 0, 1000, 2000, 3000";
}

TEST_F(RelayTest, FailuresOfOthersLeaveNoLooksBehind) {
  options.retry = {Duration{100}, Duration{30'000}, 200, 0, 0, Duration{0}};
  bus.fault = [&](const Event& event) -> result<void> {
    return event.run == run_no(1) ? result<void>(Error{Errc::limit_exceeded}) : success();
  };
  put(1, 1);
  relay();
  run_now();
  const auto reads_of_quiet_minutes = [&] {
    executor.run_until(clock.now() + Duration{30'000});
    const int before = outbox.reads;
    executor.run_until(clock.now() + Duration{600'000});
    return outbox.reads - before;
  };
  const int at_first = reads_of_quiet_minutes();
  const auto refuses_for_good = bus.fault;
  for (std::uint64_t run = 2; run <= 200; ++run) {
    bool failed = false;
    bus.fault = [&](const Event& event) -> result<void> {
      if (event.run != run_no(1) && !std::exchange(failed, true)) return Error{Errc::unavailable};
      return refuses_for_good(event);
    };
    put(run, 1);
    relay().wake();
    executor.run_until(clock.now() + Duration{1'000});
    ASSERT_EQ(pending(), 1u);
  }
  bus.fault = refuses_for_good;
  EXPECT_EQ(reads_of_quiet_minutes(), at_first);
}

TEST_F(RelayTest, ATimerThatIsTooEarlyReadsNothingAndTheNextComesInTime) {
  options.retry = {Duration{100}, Duration{1'000}, 200, 0, 0, Duration{0}};
  put(1, 1);
  bus.fault = [](const Event&) -> result<void> { return Error{Errc::unavailable}; };
  relay();
  run_now();  // armed for 100
  put(2, 1);
  bus.fault = [](const Event&) -> result<void> { return Error{Errc::limit_exceeded}; };
  relay().wake();
  clock.advance_to(start + Duration{100});
  run_now();  // the wake-up sees to what waits, and puts it off; then the timer comes
  EXPECT_EQ(outbox.reads, 3) << "a page; what waits, and a page";
  executor.run_until(start + Duration{1'100});
  EXPECT_EQ(bus.attempts, 5);
}

TEST_F(RelayTest, PublishesAgainAfterACrashBeforeTheAcknowledgement) {
  put(1, 1);
  put(1, 2);
  outbox.acknowledge_fails = true;
  relay();
  run_now();
  EXPECT_THAT(bus.sequences_of(run_no(1)), ElementsAre(1));
  restart();
  outbox.acknowledge_fails = false;
  relay();
  run_now();
  EXPECT_THAT(bus.sequences_of(run_no(1)), ElementsAre(1, 1, 2)) << "at least once, in order";
  EXPECT_EQ(pending(), 0u);
}

TEST_F(RelayTest, WithoutACrashOnlyTheAcknowledgementIsRepeated) {
  put(1, 1);
  put(1, 2);
  outbox.acknowledge_fails = true;
  relay();
  executor.run_until(start + Duration{1'000});
  EXPECT_GT(relay().counts().acknowledge_failures, 2u);
  outbox.acknowledge_fails = false;
  executor.run_all();
  EXPECT_THAT(bus.sequences_of(run_no(1)), ElementsAre(1, 2));
  EXPECT_EQ(pending(), 0u);
}

TEST_F(RelayTest, ReadsAgainAfterAWaitWhenTheOutboxCannotBeRead) {
  outbox.read_fails = true;
  put(1, 1);
  relay();
  executor.run_until(start + Duration{10'000});
  EXPECT_GT(relay().counts().read_failures, 3u);
  EXPECT_LT(relay().counts().read_failures, 20u);
  outbox.read_fails = false;
  executor.run_all();
  EXPECT_EQ(bus.taken.size(), 1u);
}

// I17.
TEST_F(RelayTest, HolesInTheOutboxStallNobody) {
  for (std::uint64_t run = 1; run <= 4; ++run) {
    put(run, 1);
    put(run, 2);
  }
  // Taken care of by another relay.
  ASSERT_THAT(outbox.acknowledge_event(run_no(2), 1), IsOk());
  ASSERT_THAT(outbox.acknowledge_event(run_no(3), 2), IsOk());
  relay();
  run_now();
  EXPECT_EQ(bus.taken.size(), 6u);
  EXPECT_THAT(bus.sequences_of(run_no(2)), ElementsAre(2));
  EXPECT_EQ(pending(), 0u);
}

TEST_F(RelayTest, ReadsABatchAtATime) {
  options.batch = 10;
  for (std::uint64_t run = 1; run <= 95; ++run) put(run, 1);
  relay();
  run_now();
  EXPECT_EQ(bus.taken.size(), 95u);
  EXPECT_EQ(outbox.largest_read, 10u);
}

TEST_F(RelayTest, FindsThoseBehindManyBatchesThatHaveToWait) {
  options.batch = 10;
  for (std::uint64_t sequence = 1; sequence <= 70; ++sequence) put(1, sequence);
  put(2, 1);
  bus.fault = [](const Event& event) { return unavailable_for(run_no(1), event); };
  relay();
  run_now();
  EXPECT_THAT(bus.sequences_of(run_no(2)), ElementsAre(1));
  EXPECT_EQ(outbox.largest_read, 10u);
  bus.fault = {};
  executor.run_all();
  EXPECT_THAT(bus.sequences_of(run_no(1)), IsCountedFrom1To(70));
  EXPECT_EQ(pending(), 0u);
}

TEST_F(RelayTest, FindsThoseBehindManyRunsThatHaveToWait) {
  options.batch = 4;
  for (std::uint64_t run = 1; run <= 50; ++run) put(run, 1);
  put(51, 1);
  bus.fault = [](const Event& event) -> result<void> {
    if (event.run == run_no(51)) return success();
    return Error{Errc::unavailable};
  };
  relay();
  run_now();
  EXPECT_THAT(bus.sequences_of(run_no(51)), ElementsAre(1));
  EXPECT_EQ(relay().counts().waiting_runs, 50u);
  bus.fault = {};
  executor.run_all();
  EXPECT_EQ(bus.taken.size(), 51u);
  EXPECT_EQ(pending(), 0u);
}

// What waits costs the others nothing: not in time, and not in what is read.
TEST_F(RelayTest, WhatWaitsIsNotReadAgainForEachEventOfOthers) {
  constexpr std::uint64_t waiting = 65'536, others = 500;
  for (std::uint64_t sequence = 1; sequence <= waiting; ++sequence) put(1, sequence);
  for (std::uint64_t run = 2; run <= 1'000; ++run) put(run, 1);
  bus.fault = [](const Event& event) -> result<void> {
    if (event.type == "GOOD") return success();
    return Error{Errc::limit_exceeded};
  };
  relay();
  run_now();
  EXPECT_LE(outbox.shown, waiting + 1'000);
  outbox.shown = 0;
  for (std::uint64_t i = 0; i < others; ++i) {
    const Event good = event_of(run_no(10'000 + i), 1, "GOOD");
    ASSERT_THAT(testing::put(outbox, good), IsOkAndHolds(true));
    relay().wake();
    run_now();
    ASSERT_EQ(bus.taken.size(), i + 1);
  }
  EXPECT_EQ(outbox.shown, others);
}

TEST_F(RelayTest, WhatWaitedIsPublishedEventByEventAndReadOnce) {
  options.batch = 16;
  constexpr std::uint64_t events = 2'000;
  for (std::uint64_t sequence = 1; sequence <= events; ++sequence) put(1, sequence);
  for (std::uint64_t sequence = 1; sequence <= 20; ++sequence) put(2, sequence);
  bus.fault = [](const Event&) -> result<void> { return Error{Errc::unavailable}; };
  relay();
  run_now();
  outbox.shown = 0;
  std::uint64_t before_the_other = 0;
  bus.fault = [&](const Event& event) -> result<void> {
    if (event.run == run_no(2) && event.sequence == 20) before_the_other = bus.taken.size();
    return success();
  };
  executor.run_until(clock.now() + options.retry.first);
  put(1, events + 1);
  relay().wake();
  executor.run_all();
  EXPECT_THAT(bus.sequences_of(run_no(1)), IsCountedFrom1To(events + 1));
  EXPECT_THAT(bus.sequences_of(run_no(2)), IsCountedFrom1To(20));
  EXPECT_LE(outbox.shown, events + 30);
  EXPECT_LE(before_the_other, 80u) << "each in its turn";
  EXPECT_EQ(relay().counts().waiting_runs, 0u);
}

TEST_F(RelayTest, ARunOfManyEventsThatWaitedHoldsBackNoOtherThatIsDueLater) {
  options.batch = 16;
  bus.fault = [](const Event&) -> result<void> { return Error{Errc::unavailable}; };
  for (std::uint64_t sequence = 1; sequence <= 2'000; ++sequence) put(1, sequence);
  relay();
  run_now();
  for (std::uint64_t run = 2; run <= 4; ++run) {
    clock.advance(Duration{10});
    for (std::uint64_t sequence = 1; sequence <= 20; ++sequence) put(run, sequence);
    relay().wake();
    run_now();
  }
  std::uint64_t before_the_others = 0;
  bus.fault = [&](const Event& event) -> result<void> {
    if (event.run != run_no(1)) before_the_others = bus.taken.size();
    return success();
  };
  clock.advance(Duration{1'000});  // all are due: the longest first
  executor.run_all();
  EXPECT_THAT(bus.sequences_of(run_no(1)), IsCountedFrom1To(2'000));
  for (std::uint64_t run = 2; run <= 4; ++run) {
    EXPECT_THAT(bus.sequences_of(run_no(run)), IsCountedFrom1To(20));
  }
  EXPECT_LE(before_the_others, 4u * 20) << "each in its turn";
}

TEST_F(RelayTest, AnEventOfARunThatWaitsDoesNotOvertakeWhatIsBefore) {
  options.batch = 2;
  for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) put(1, sequence);
  int refused = 0;
  bus.fault = [&](const Event& event) -> result<void> {  // every second attempt fails
    if (++refused % 2 == 1) return Error{Errc::timed_out};
    if (event.sequence < 10) put(1, event.sequence + 5);
    relay().wake();
    return success();
  };
  relay();
  executor.run_all(10'000);
  EXPECT_THAT(bus.sequences_of(run_no(1)), IsCountedFrom1To(14));
}

TEST_F(RelayTest, ForgetsARunThatAnotherHasTakenCareOf) {
  put(1, 1);
  bus.fault = [](const Event&) -> result<void> { return Error{Errc::unavailable}; };
  relay();
  run_now();
  EXPECT_EQ(relay().counts().waiting_runs, 1u);
  ASSERT_THAT(outbox.acknowledge_event(run_no(1), 1), IsOk());
  executor.run_all();
  EXPECT_EQ(relay().counts().waiting_runs, 0u);
  EXPECT_EQ(executor.waiting(), 0u);
}

TEST_F(RelayTest, PublishesAnEventWithTheTimeOfItsDecision) {
  Event event = event_of(run_no(1), 1);
  event.time = start - Duration{500};
  ASSERT_THAT(testing::put(outbox, event), IsOkAndHolds(true));
  relay();
  run_now();
  EXPECT_THAT(bus.taken, ElementsAre(event));
}

TEST_F(RelayTest, AnEventThatCannotBeReadHoldsBackItsRunAlone) {
  const auto bytes = encode(event_of(run_no(2), 1));  // another run's
  ASSERT_THAT(outbox.put(run_no(1), start, {1, bytes}), IsOkAndHolds(true));
  put(1, 2);
  put(2, 1);
  relay();
  run_now();
  EXPECT_THAT(bus.taken, ElementsAre(event_of(run_no(2), 1)));
  EXPECT_EQ(relay().counts().publish_failures, 1u);
  EXPECT_EQ(relay().counts().waiting_runs, 1u);
  EXPECT_EQ(pending(), 2u);
}

/// An outbox of plain functions, which throws on demand.
class OutboxThatThrows {
 public:
  result<bool> put(RunId run, Time at, const PreparedEvent& event) {
    return queue.put(run, at, event);
  }
  result<std::vector<PendingEvent>> pending(std::uint64_t after, std::size_t limit) {
    shake();
    return queue.pending(after, limit);
  }
  result<void> acknowledge_event(RunId run, std::uint64_t sequence) {
    shake();
    return queue.acknowledge_event(run, sequence);
  }
  OutboxQueue queue;
  std::function<bool(int)> throws;
  int calls = 0;

 private:
  void shake() {
    if (throws && throws(++calls)) throw std::runtime_error("outbox");
  }
};

TEST_F(RelayTest, GoesOnAfterAnOutboxThatThrew) {
  const std::vector<std::function<bool(int)>> whens{
      [](int call) { return call == 1; }, [](int call) { return call == 5; },
      [](int call) { return call == 7; }, [](int call) { return call < 50; }};
  for (const auto& when : whens) {
    bus.taken.clear();
    OutboxThatThrows box;
    for (std::uint64_t sequence = 1; sequence <= 6; ++sequence) {
      ASSERT_THAT(testing::put(box, event_of(run_no(1), sequence)), IsOkAndHolds(true));
    }
    box.throws = when;
    Relay own(box, bus, environment, options);
    ASSERT_THAT(own.start(), IsOk());
    executor.run_all();
    EXPECT_EQ(box.queue.size(), 0u);
    EXPECT_THAT(bus.sequences_of(run_no(1)), IsCountedFrom1To(6)) << "known to be published";
    EXPECT_GE(own.counts().read_failures + own.counts().acknowledge_failures, 1u);
  }
}

TEST_F(RelayTest, RunsNothingAfterItsEnd) {
  put(1, 1);
  relay();
  restart();
  EXPECT_EQ(executor.waiting(), 0u);
}

}  // namespace
}  // namespace invsaga::testing
