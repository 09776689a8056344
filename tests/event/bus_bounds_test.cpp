// SPDX-License-Identifier: Apache-2.0
//
// What fills a bus, who is affected, and what empties it; and what is thrown at it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <invsaga/memory_bus.hpp>
#include <invsaga/testing/events.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/simulation.hpp>

namespace invsaga::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Time start = time_from_ms(1'000'000);

/// Counts what it is told, and throws when a test says so.
class Observer final : public BusObserver {
 public:
  void published(const Event&, bool) override { told(); }
  void delivered(const Event&, std::string_view, Handling) override { told(); }
  void failed(const Event&, std::string_view, Error) override { told(); }
  void left_out(const Event& event, std::string_view consumer) override {
    left.push_back(std::string(consumer) + ' ' + std::to_string(event.sequence));
    told();
  }
  std::vector<std::string> left;
  int calls = 0;
  std::function<bool(int call)> throws;

 private:
  void told() {
    ++calls;
    if (throws && throws(calls)) throw std::runtime_error("no more ink");
  }
};

class BusBounds : public ::testing::Test {
 protected:
  MemoryBus& bus() {
    if (!bus_) {
      options.observer = &observer;
      bus_ = std::make_unique<MemoryBus>(Environment{clock, executor}, options);
      EXPECT_THAT(subscriptions.add(bus_->subscribe("good", {}, good.handler())), IsOk());
      of_bad = bus_->subscribe("bad", {}, bad.handler()).value();
    }
    return *bus_;
  }
  void subscribe_anew() {
    of_bad.end();
    of_bad = bus().subscribe("bad", {}, bad.handler()).value();
  }
  result<void> publish(std::uint64_t run, std::uint64_t sequence) {
    return published(bus(), event_of(run_no(run), sequence));
  }
  BusConsumer at_bad() { return bus().consumers().at(1); }
  void run_now() { executor.run_until(clock.now()); }

  ManualClock clock{start};
  SimulatedExecutor executor{clock};
  MemoryBusOptions options;
  Observer observer;
  Recipient good;
  result<Handling> answer = Handling::handled;  ///< Of `bad`.
  Recipient bad{[this](const Event&, int) { return answer; }};

  Subscriptions subscriptions;
  Subscription of_bad;

 private:
  std::unique_ptr<MemoryBus> bus_;
};

TEST_F(BusBounds, AConsumerThatRefusesEverythingFillsTheBusForNobodyElse) {
  options.max_owed = 100;
  answer = Error{Errc::corrupt};
  for (std::uint64_t run = 1; run <= 1'000; ++run) {
    ASSERT_THAT(publish(run, 1), IsOk());
    run_now();
  }
  EXPECT_EQ(good.delivered().size(), 1'000u);
  EXPECT_EQ(bad.delivered().size(), 100u);
  EXPECT_TRUE(at_bad().shut_out);
  EXPECT_EQ(at_bad().waiting, 100u);
  EXPECT_EQ(at_bad().dead_runs, 100u);
  EXPECT_EQ(at_bad().left_out, 900u);
  EXPECT_EQ(bus().counts().left_out, 900u);
  EXPECT_EQ(observer.left.size(), 900u);
  EXPECT_FALSE(bus().consumers().at(0).shut_out);
}

TEST_F(BusBounds, WhoWasShutOutIsLetInWhenItSubscribesAnewForTheRunsThatBeginThen) {
  options.max_owed = 10;
  ASSERT_THAT(publish(100, 1), IsOk());  // it handled this one
  run_now();
  answer = Error{Errc::unavailable};
  for (std::uint64_t run = 1; run <= 10; ++run) {
    ASSERT_THAT(publish(run, 1), IsOk());
    run_now();
  }
  EXPECT_THAT(publish(11, 1), ErrorIs(Errc::resource_exhausted, Limit::deliveries));
  executor.run_until(clock.now() + options.patience - Duration{1});
  EXPECT_THAT(publish(11, 1), ErrorIs(Errc::resource_exhausted)) << "it may catch up";
  executor.run_until(clock.now() + Duration{1});
  for (std::uint64_t run = 11; run <= 12; ++run) {
    ASSERT_THAT(publish(run, 1), IsOk());
    run_now();
  }
  ASSERT_THAT(publish(100, 2), IsOk());
  ASSERT_THAT(publish(100, 2), IsOk()) << "a repeat is not told again";
  EXPECT_TRUE(at_bad().shut_out);
  EXPECT_THAT(observer.left, ElementsAre("bad 1", "bad 1", "bad 2"));

  answer = Handling::handled;
  executor.run_all();
  EXPECT_EQ(at_bad().waiting, 0u) << "what it was owed comes";
  ASSERT_THAT(publish(300, 1), IsOk());
  EXPECT_TRUE(at_bad().shut_out);
  subscribe_anew();
  EXPECT_FALSE(at_bad().shut_out);
  for (std::uint64_t run = 1; run <= 10; ++run) {
    EXPECT_THAT(bad.sequences_of(run_no(run)), ::testing::Contains(1));
  }
  for (const std::uint64_t run : {1u, 11u, 100u, 200u}) {
    ASSERT_THAT(publish(run, run == 200 ? 1 : run == 100 ? 3 : 2), IsOk());
  }
  executor.run_all();
  EXPECT_THAT(bad.sequences_of(run_no(200)), ElementsAre(1));
  EXPECT_THAT(bad.sequences_of(run_no(11)), IsEmpty()) << "it has missed the first";
  EXPECT_THAT(bad.sequences_of(run_no(100)), ElementsAre(1)) << "it has missed the second";
  EXPECT_THAT(good.sequences_of(run_no(100)), IsCountedFrom1To(3));
}

TEST_F(BusBounds, WhatIsOnItsWayIsRefusedUntilHandlersHaveCaughtUp) {
  options.max_owed = 4;
  for (std::uint64_t run = 1; run <= 4; ++run) ASSERT_THAT(publish(run, 1), IsOk());
  EXPECT_THAT(publish(5, 1), ErrorIs(Errc::resource_exhausted, Limit::deliveries));
  EXPECT_EQ(bus().counts().left_out, 0u);
  run_now();
  ASSERT_THAT(publish(5, 1), IsOk());
  run_now();
  EXPECT_EQ(good.delivered().size(), 5u);
  EXPECT_EQ(bad.delivered().size(), 5u);
}

TEST_F(BusBounds, ARunOnItsWayThatIsFullHoldsBackItselfAlone) {
  options.max_pending_per_run = 3;
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
    ASSERT_THAT(publish(1, sequence), IsOk());
  }
  EXPECT_THAT(publish(1, 4), ErrorIs(Errc::resource_exhausted, Limit::deliveries));
  ASSERT_THAT(publish(2, 1), IsOk());
  run_now();
  ASSERT_THAT(publish(1, 4), IsOk());
  run_now();
  EXPECT_THAT(bad.sequences_of(run_no(1)), IsCountedFrom1To(4));
}

// Who catches up is no stranger to a burst.
TEST_F(BusBounds, AConsumerThatIsFullAndCatchesUpMissesNothing) {
  options.max_owed = 10;
  std::uint64_t taken = 0;
  for (int round = 0; round < 20; ++round) {
    while (publish(taken + 1, 1).has_value()) ++taken;
    run_now();
    clock.advance(options.patience - Duration{1});
  }
  EXPECT_EQ(taken, 200u);
  EXPECT_THAT(observer.left, IsEmpty());
  EXPECT_EQ(bad.delivered().size(), 200u);
}

TEST_F(BusBounds, ADeadRunThatIsFullLeavesOutLaterOnesAtItsConsumerAlone) {
  options.max_pending_per_run = 3;
  answer = Handling::dead;
  for (std::uint64_t sequence = 1; sequence <= 6; ++sequence) {
    ASSERT_THAT(publish(1, sequence), IsOk());
    run_now();
  }
  EXPECT_THAT(good.sequences_of(run_no(1)), IsCountedFrom1To(6));
  EXPECT_THAT(observer.left, ElementsAre("bad 4", "bad 5", "bad 6"));
  EXPECT_EQ(bus().dead(9).at(0).behind, 2u);
  answer = Handling::handled;
  ASSERT_THAT(publish(2, 1), IsOk());
  run_now();
  EXPECT_THAT(bad.sequences_of(run_no(2)), ElementsAre(1)) << "another run";
}

TEST_F(BusBounds, ARunThatMissesOneGetsNoLaterOneAlsoWhenItIsWellAgain) {
  options.max_pending_per_run = 3;
  answer = Error{Errc::busy};
  for (std::uint64_t sequence = 1; sequence <= 4; ++sequence) {
    ASSERT_THAT(publish(1, sequence), IsOk());
    run_now();
  }
  answer = Handling::handled;
  executor.run_all();
  ASSERT_THAT(publish(1, 5), IsOk());
  executor.run_all();
  const auto came = bad.sequences_of(run_no(1));
  EXPECT_THAT(came, ::testing::Not(::testing::Contains(::testing::Gt(3u))));
  EXPECT_THAT(came, ::testing::Contains(3));
  EXPECT_EQ(at_bad().left_out, 2u);
  EXPECT_EQ(at_bad().waiting, 0u);
  EXPECT_EQ(at_bad().cut_runs, 1u) << "that the run misses one is remembered";
  EXPECT_EQ(bus().counts().pending, 0u);
}

TEST_F(BusBounds, ARepeatTakesNoPlaceOfWhatIsNew) {
  options.max_pending_per_run = 3;
  answer = Error{Errc::busy};
  ASSERT_THAT(publish(1, 1), IsOk());
  run_now();
  for (const std::uint64_t sequence : {1, 1, 1, 1, 2, 3, 2}) {
    ASSERT_THAT(publish(1, sequence), IsOk());
    run_now();
  }
  EXPECT_EQ(at_bad().waiting, 3u);
  answer = Handling::handled;
  executor.run_all();
  ASSERT_THAT(publish(1, 4), IsOk());
  executor.run_all();
  EXPECT_THAT(observer.left, IsEmpty());
  EXPECT_THAT(bad.sequences_of(run_no(1)), ::testing::Contains(4));
}

TEST_F(BusBounds, ARepeatThatThereIsNoRoomForShutsOutNobody) {
  options.max_owed = 2;
  ASSERT_THAT(publish(1, 1), IsOk());
  run_now();
  answer = Error{Errc::busy};
  for (const std::uint64_t run : {2, 3}) ASSERT_THAT(publish(run, 1), IsOk());
  run_now();
  ASSERT_THAT(publish(1, 1), IsOk());
  EXPECT_FALSE(at_bad().shut_out);
  EXPECT_THAT(observer.left, IsEmpty());
}

TEST_F(BusBounds, RunsThatAreCutTakeNoPlacesOfWhatWaits) {
  options.max_owed = 8;
  options.max_pending_per_run = 2;
  options.max_runs = 30;
  std::uint64_t run = 0;
  for (int round = 0; round < 40; ++round) {
    ++run;
    answer = Error{Errc::busy};
    for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
      ASSERT_THAT(publish(run, sequence), IsOk());
      run_now();
    }
    answer = Handling::handled;
    executor.run_all();
    ASSERT_FALSE(at_bad().shut_out) << round;
  }
  EXPECT_EQ(at_bad().waiting, 0u);
  EXPECT_EQ(at_bad().cut_runs, 30u) << "bounded";
  ASSERT_THAT(publish(++run, 1), IsOk());
  executor.run_all();
  EXPECT_THAT(bad.sequences_of(run_no(run)), ElementsAre(1));
}

TEST_F(BusBounds, WaitingIsNeverTheEndOfAnEvent) {
  options.retry.budget = Duration{1'000};
  options.retry.attempts = 3;
  for (const Errc code : {Errc::resource_exhausted, Errc::busy, Errc::unavailable}) {
    answer = Error{code};
    const auto run = static_cast<std::uint64_t>(code);
    ASSERT_THAT(publish(run, 1), IsOk());
    executor.run_until(clock.now() + std::chrono::hours(24 * 8));
    answer = Handling::handled;
    executor.run_all();
  }
  EXPECT_EQ(bus().counts().dead, 0u);
  EXPECT_EQ(bus().counts().pending, 0u);
  EXPECT_EQ(bus().counts().handled, 6u);
}

TEST_F(BusBounds, WhatHasWaitedHasAllItsAttemptsAndItsBudget) {
  options.retry = {Duration{100}, Duration{100}, 100, 0, 3, Duration{1'000}};
  for (const result<Handling> waits :
       {result<Handling>(Error{Errc::unavailable}), result<Handling>(Handling::parked)}) {
    const std::size_t before = bad.delivered().size();
    answer = waits;
    ASSERT_THAT(publish(before + 1, 1), IsOk());
    executor.run_until(clock.now() + Duration{waits.has_value() ? 450 : 5'050});
    const std::size_t waited = bad.delivered().size();
    ASSERT_GE(waited - before, 5u);
    answer = Error{Errc::reply_lost};
    executor.run_all();
    EXPECT_EQ(bad.delivered().size(), waited + 3);
  }
  EXPECT_EQ(bus().counts().dead, 2u);
}

TEST_F(BusBounds, WaitingInBetweenTakesNothingOfTheBudget) {
  options.retry = {Duration{100}, Duration{100}, 100, 0, 0, Duration{250}};
  answer = Error{Errc::reply_lost};
  ASSERT_THAT(publish(1, 1), IsOk());
  run_now();
  executor.run_until(clock.now() + Duration{50});
  answer = Error{Errc::unavailable};
  executor.run_until(clock.now() + Duration{10'000});
  answer = Error{Errc::reply_lost};
  executor.run_until(clock.now() + Duration{100});
  EXPECT_EQ(bus().counts().dead, 0u);
  executor.run_all();
  EXPECT_EQ(bus().counts().dead, 1u);
}

TEST_F(BusBounds, NoMoreConsumersThanItsBoundAndThoseThatAreThereGoOn) {
  options.max_consumers = 2;
  EXPECT_THAT(subscriptions.add(bus().subscribe("third", {}, good.handler())),
              ErrorIs(Errc::resource_exhausted, Limit::consumers));
  ASSERT_THAT(publish(1, 1), IsOk());
  run_now();
  EXPECT_EQ(good.delivered().size(), 1u);
}

// --- what is thrown

/// At the first call, one in the middle, the last, and each.
const std::vector<std::function<bool(int)>> whens{
    [](int call) { return call == 1; }, [](int call) { return call == 7; },
    [](int call) { return call == 12; }, [](int) { return true; }};

TEST_F(BusBounds, AHandlerThatThrowsHasFailedAndItsTextIsKept) {
  for (std::size_t when = 0; when < whens.size(); ++when) {
    SCOPED_TRACE(when);
    MemoryBus own({clock, executor}, {});
    int calls = 0;
    const auto throws = [&](const Event&) -> result<Handling> {
      if (whens[when](++calls)) throw std::runtime_error("out of paper");
      return Handling::handled;
    };
    Recipient other;
    ASSERT_THAT(subscriptions.add(own.subscribe("throws", {}, throws)), IsOk());
    ASSERT_THAT(subscriptions.add(own.subscribe("other", {}, other.handler())), IsOk());
    for (std::uint64_t sequence = 1; sequence <= 12; ++sequence) {
      ASSERT_THAT(published(own, event_of(run_no(1), sequence)), IsOk());
    }
    executor.run_all();
    const bool always = when == 3;
    EXPECT_EQ(own.counts().dead, always ? 1u : 0u);
    EXPECT_EQ(own.counts().handled, always ? 12u : 24u);
    EXPECT_THAT(other.sequences_of(run_no(1)), IsCountedFrom1To(12));
    EXPECT_EQ(own.thrown().count, always ? 10u : 1u);
    EXPECT_THAT(own.thrown().last, HasSubstr("out of paper"));
    if (always) {
      EXPECT_EQ(own.dead(1).at(0).error, Error{Errc::step_threw});
    }
  }
}

TEST_F(BusBounds, AnObserverThatThrowsHasBeenTold) {
  for (const auto& when : whens) {
    const std::uint64_t before = bus().thrown().count;
    observer.calls = 0;
    observer.throws = when;
    static std::uint64_t run = 0;
    ++run;
    for (std::uint64_t sequence = 1; sequence <= 4; ++sequence) {
      ASSERT_THAT(publish(run, sequence), IsOk());
    }
    executor.run_all();
    EXPECT_THAT(good.sequences_of(run_no(run)), IsCountedFrom1To(4));
    EXPECT_THAT(bad.sequences_of(run_no(run)), IsCountedFrom1To(4));
    EXPECT_EQ(observer.calls, 12) << "each was told";
    EXPECT_GT(bus().thrown().count, before);
    EXPECT_THAT(bus().thrown().last, HasSubstr("no more ink"));
  }
}

class HookThatThrows final : public DeliveryHook {
 public:
  DeliveryTiming timing(const Event&, std::string_view) override { throw 7; }
};

TEST_F(BusBounds, AHookThatThrowsHasSaidNothing) {
  HookThatThrows hook;
  options.delivery_hook = &hook;
  ASSERT_THAT(publish(1, 1), IsOk());
  run_now();
  EXPECT_EQ(good.delivered().size(), 1u);
  EXPECT_EQ(bus().thrown().count, 2u);
}

/// Takes no task when a test says so.
class ShakyExecutor final : public Executor {
 public:
  explicit ShakyExecutor(Executor& inner) : inner_(inner) {}
  void post(Task task) override {
    shake();
    inner_.post(task);
  }
  void post_at(Time time, Task task) override {
    shake();
    inner_.post_at(time, task);
  }
  void drop(const void* context) noexcept override { inner_.drop(context); }
  std::function<bool(int)> throws;
  int calls = 0;

 private:
  void shake() {
    if (throws && throws(++calls)) throw std::runtime_error("queue is closed");
  }
  Executor& inner_;
};

TEST_F(BusBounds, AnExecutorThatTakesNoTaskForATimeDelaysAndLosesNothing) {
  for (std::size_t when = 0; when < whens.size(); ++when) {
    SCOPED_TRACE(when);
    ShakyExecutor shaky(executor);
    MemoryBus own({clock, shaky}, {});
    Recipient fails([](const Event&, int n) -> result<Handling> {
      if (n <= 2) return Error{Errc::timed_out};
      return Handling::handled;
    });
    ASSERT_THAT(subscriptions.add(own.subscribe("fails", {}, fails.handler())), IsOk());
    std::uint64_t taken[3] = {};
    const auto publish_some = [&] {
      for (std::uint64_t run = 1; run <= 2; ++run) {
        if (published(own, event_of(run_no(run), taken[run] + 1)).has_value()) ++taken[run];
      }
    };
    publish_some();
    shaky.throws = whens[when];
    for (int i = 0; i < 5; ++i) {
      executor.run_all(20);
      publish_some();
    }
    shaky.throws = {};
    publish_some();
    executor.run_all();
    EXPECT_EQ(own.counts().pending, 0u);
    EXPECT_EQ(own.counts().handled, taken[1] + taken[2]);
    EXPECT_GE(taken[1], 1u);
    EXPECT_GE(own.thrown().count, 1u);
  }
}

TEST_F(BusBounds, OneOccasionArmsAllThatTheExecutorTookNoTaskFor) {
  ShakyExecutor shaky(executor);
  MemoryBus own({clock, shaky}, {});
  Recipient fails([](const Event&, int n) -> result<Handling> {
    if (n == 1) return Error{Errc::timed_out};
    return Handling::handled;
  });
  ASSERT_THAT(subscriptions.add(own.subscribe("fails", {}, fails.handler())), IsOk());
  for (std::uint64_t run = 1; run <= 3; ++run) {
    ASSERT_THAT(published(own, event_of(run_no(run), 1)), IsOk());
  }
  shaky.throws = [](int) { return true; };
  executor.run_all();
  ASSERT_EQ(own.counts().pending, 3u);
  shaky.throws = {};
  static_cast<void>(own.counts());
  EXPECT_EQ(executor.waiting(), 3u);
  executor.run_all();
  EXPECT_EQ(fails.delivered().size(), 6u);
}

}  // namespace
}  // namespace invsaga::testing
