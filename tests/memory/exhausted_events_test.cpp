// SPDX-License-Identifier: Apache-2.0
//
// Memory that runs out at each allocation of events on their way: of the bus, and of the whole way
// from the outbox by relay, bus and inbox to an effect.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <invsaga/inbox.hpp>
#include <invsaga/memory_bus.hpp>
#include <invsaga/reference/claim_table.hpp>
#include <invsaga/reference/outbox_queue.hpp>
#include <invsaga/relay.hpp>
#include <invsaga/testing/events.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/simulation.hpp>
#include <invsaga/testing/writes.hpp>

#include "tests/memory/failing_new.hpp"

namespace invsaga::memory_tests {
namespace {

using testing::event_of;
using testing::IsOk;
using testing::run_no;

constexpr std::uint64_t runs = 3, events_of_a_run = 3;

/// What a consumer was given of each run, in fixed room. Each sequence is its predecessor's next,
/// or is given again.
class Seen {
 public:
  explicit Seen(int fails = 0) : fails_(fails) {
    for (std::uint64_t run = 1; run <= runs; ++run) runs_[run] = run_no(run);
  }
  result<Handling> take(const Event& event) noexcept {
    if (fails_-- > 0) return Error{Errc::timed_out};
    for (std::uint64_t run = 1; run <= runs; ++run) {
      if (event.run != runs_[run]) continue;
      in_order &= event.sequence <= highest[run] + 1;
      again += event.sequence <= highest[run] ? 1 : 0;
      if (event.sequence > highest[run]) highest[run] = event.sequence;
    }
    return Handling::handled;
  }
  std::array<std::uint64_t, runs + 1> highest{};
  int again = 0;
  bool in_order = true;

 private:
  std::array<RunId, runs + 1> runs_;
  int fails_;
};

template <class Executor>
void run_some(Executor& executor) {
  try {
    executor.run_all(1'000);
  } catch (const std::bad_alloc&) {  // the executor is the test's
  }
}

// --- the bus

struct BusHarness {
  testing::ManualClock clock{time_from_ms(1'000'000)};
  testing::SimulatedExecutor executor{clock};
  Seen well, fails_at_first{2};
  std::optional<MemoryBus> bus{std::in_place, Environment{clock, executor}};
  std::array<Subscription, 3> subscriptions;
  Subscription* next_subscription = subscriptions.data();
  std::array<Event, runs * events_of_a_run> events;
  std::array<bool, runs * events_of_a_run> taken{};
  std::optional<result<void>> late_consumer;
  Seen late;

  BusHarness() {
    EXPECT_THAT(subscribe("well", well), IsOk());
    EXPECT_THAT(subscribe("fails", fails_at_first), IsOk());
    std::size_t i = 0;
    for (std::uint64_t sequence = 1; sequence <= events_of_a_run; ++sequence) {
      for (std::uint64_t run = 1; run <= runs; ++run) events[i++] = event_of(run_no(run), sequence);
    }
  }
  result<void> subscribe(std::string_view consumer, Seen& seen) {
    auto made = bus->subscribe(consumer, {},
                               [&seen](const Event& event) { return seen.take(event); });
    if (!made.has_value()) return made.assume_error();
    *next_subscription++ = std::move(made).assume_value();
    return success();
  }
  /// Without memory of the test's own: success unless it was refused within the call.
  result<void> offer(const Event& event) {
    refusal = success();
    const auto answered = [](void* harness, std::uint64_t, result<void>&& answer) noexcept {
      auto& self = *static_cast<BusHarness*>(harness);
      ++self.answers;
      self.refusal = std::move(answer);
    };
    bus->publish({&event, 1}, {answered, this, 0});
    return std::exchange(refusal, success());
  }
  /// In the order of each run, as a relay does: one that was refused holds back those behind it.
  void publish() {
    std::array<bool, runs> stopped{};
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (taken[i] || stopped[i % runs]) continue;
      const result<void> outcome = offer(events[i]);
      taken[i] = outcome.has_value();
      stopped[i % runs] = !outcome.has_value();
      if (!outcome.has_value()) refused = outcome.error();
    }
  }
  Error refused{};
  result<void> refusal = success();
  std::uint64_t answers = 0;  ///< Each call has one.
};

TEST(AnExhaustedBus, TakesAnEventWholeOrNotAtAllAndLosesNone) {
  const std::size_t met = fail_each_allocation([](std::size_t number, bool from_then_on) {
    SCOPED_TRACE("allocation " + std::to_string(number) + (from_then_on ? " and all behind" : ""));
    BusHarness harness;
    bool hit = false;
    {
      const FailingNew failing(number, from_then_on);
      harness.publish();
      run_some(harness.executor);
      try {
        harness.late_consumer = harness.subscribe("late", harness.late);
      } catch (const std::bad_alloc&) {  // the handler is made by the test
      }
      hit = FailingNew::hit();
    }
    if (harness.refused.code != Errc{}) {
      EXPECT_EQ(harness.refused, no_memory());
    }
    if (!harness.late_consumer || !harness.late_consumer->has_value()) {
      EXPECT_THAT(harness.subscribe("late", harness.late), IsOk());
    }
    harness.publish();
    static_cast<void>(harness.bus->counts());  // the next occasion, if all had been taken
    harness.executor.run_all();
    const MemoryBusCounts counts = harness.bus->counts();
    EXPECT_EQ(counts.pending, 0u);
    EXPECT_EQ(counts.dead, 0u);
    EXPECT_EQ(counts.published, harness.events.size());
    EXPECT_EQ(counts.repeated, 0u);
    EXPECT_EQ(counts.settled, harness.events.size());
    EXPECT_GE(harness.answers, harness.events.size());
    for (const Seen* seen : {&harness.well, &harness.fails_at_first}) {
      EXPECT_TRUE(seen->in_order);
      EXPECT_EQ(seen->again, 0);
      for (std::uint64_t run = 1; run <= runs; ++run) {
        EXPECT_EQ(seen->highest[run], events_of_a_run);
      }
    }
    return hit && !::testing::Test::HasFailure();
  });
  EXPECT_GT(met, 100u);
}

// The last of another subscription ends with it.
TEST(AnExhaustedBus, LetsGoOfAHandlerThatThereIsNoMemoryForUnderNoLock) {
  const std::size_t met = fail_each_allocation([](std::size_t number, bool from_then_on) {
    SCOPED_TRACE("allocation " + std::to_string(number) + (from_then_on ? " and all behind" : ""));
    testing::ManualClock clock{time_from_ms(1'000'000)};
    testing::SimulatedExecutor executor{clock};
    MemoryBus bus(Environment{clock, executor});
    const auto none = [](const Event&) -> result<Handling> { return Handling::handled; };
    auto other = std::make_shared<Subscription>(bus.subscribe("other", {}, none).value());
    EventHandler handler = [kept = std::move(other)](const Event&) -> result<Handling> {
      return *kept ? Handling::handled : Handling::dead;
    };
    result<Subscription> made = Error{Errc::unsupported};
    bool hit = false;
    {
      const FailingNew failing(number, from_then_on);
      made = bus.subscribe("new", {}, std::move(handler));
      hit = FailingNew::hit();
    }
    EXPECT_EQ(bus.consumers().at(0).subscribed, made.has_value());
    EXPECT_EQ(bus.consumers().size(), made.has_value() ? 2u : 1u);
    return hit && !::testing::Test::HasFailure();
  });
  EXPECT_GT(met, 2u);
}

// --- the inbox

TEST(TheExhaustedInbox, DoesAnEffectOnceHoweverItIsAsked) {
  enum class Form { function, completion, parts };
  for (const Form form : {Form::function, Form::completion, Form::parts}) {
    const std::size_t met = fail_each_allocation([&](std::size_t number, bool from_then_on) {
      SCOPED_TRACE("allocation " + std::to_string(number) + " of form " +
                   std::to_string(static_cast<int>(form)));
      ClaimTable claims;
      claims.advance_to(time_from_ms(1'000'000));
      Inbox inbox(claims, "mail");
      int effects = 0;
      const auto effect = [&](const Event&) -> result<void> {
        ++effects;
        return success();
      };
      const InboxEffect later(effect);
      const Completion<Handling> ignored{[](void*, std::uint64_t, result<Handling>&&) noexcept {}};
      const Event event = event_of(run_no(1), 1);
      const auto deliver = [&] {
        if (form == Form::function) return static_cast<void>(inbox.handle(event, effect));
        if (form == Form::completion) return inbox.handle(event, later, ignored);
        const auto entry = inbox.open(event);
        if (!entry.has_value() || entry.assume_value().settled) return;
        ++effects;
        static_cast<void>(inbox.confirm_claim(event, entry.assume_value()));
      };
      bool hit = false;
      {
        const FailingNew failing(number, from_then_on);
        deliver();
        hit = FailingNew::hit();
      }
      deliver();
      claims.advance_to(claims.now() + InboxOptions{}.lease + Duration{1});
      deliver();
      EXPECT_EQ(effects, 1);
      return hit && !::testing::Test::HasFailure();
    });
    EXPECT_GT(met, 5u);
  }
}

// --- the whole way

struct WholeWay {
  testing::ManualClock clock{time_from_ms(1'000'000)};
  testing::SimulatedExecutor executor{clock};
  Environment environment{clock, executor};
  OutboxQueue outbox;
  ClaimTable claims;
  MemoryBus bus{environment};
  Inbox inbox{claims, "mail"};
  Seen effects;
  testing::Subscriptions subscriptions;
  std::optional<Relay> relay;

  WholeWay() {
    claims.advance_to(clock.now());
    const auto effect = [this](const Event& event) -> result<void> {
      INVSAGA_CHECK(effects.take(event));
      return success();
    };
    EXPECT_THAT(subscriptions.add(bus.subscribe("mail", {}, inbox.handler(effect))), IsOk());
    for (std::uint64_t sequence = 1; sequence <= events_of_a_run; ++sequence) {
      for (std::uint64_t run = 1; run <= runs; ++run) {
        EXPECT_TRUE(testing::put(outbox, event_of(run_no(run), sequence)).value());
      }
    }
    relay.emplace(outbox, bus, environment);
    EXPECT_THAT(relay->start(), IsOk());
  }
};

TEST(TheExhaustedWay, BringsEachEventToItsEffectOnceAndInOrder) {
  const std::size_t met = fail_each_allocation([](std::size_t number, bool from_then_on) {
    SCOPED_TRACE("allocation " + std::to_string(number) + (from_then_on ? " and all behind" : ""));
    WholeWay way;
    bool hit = false;
    {
      const FailingNew failing(number, from_then_on);
      run_some(way.executor);
      way.relay->wake();
      run_some(way.executor);
      hit = FailingNew::hit();
    }
    for (int round = 0; round < 4; ++round) {
      way.relay->wake();
      way.executor.run_all(10'000);
      way.clock.advance(std::chrono::minutes(1));
      way.claims.advance_to(way.clock.now());
      static_cast<void>(way.bus.counts());
    }
    EXPECT_EQ(way.outbox.size(), 0u);
    EXPECT_EQ(way.bus.counts().pending, 0u);
    EXPECT_EQ(way.bus.counts().dead, 0u);
    EXPECT_TRUE(way.effects.in_order);
    EXPECT_EQ(way.effects.again, 0);
    for (std::uint64_t run = 1; run <= runs; ++run) {
      EXPECT_EQ(way.effects.highest[run], events_of_a_run);
    }
    EXPECT_EQ(way.inbox.counts().handled, runs * events_of_a_run);
    return hit && !::testing::Test::HasFailure();
  });
  EXPECT_GT(met, 200u);
}

}  // namespace
}  // namespace invsaga::memory_tests
