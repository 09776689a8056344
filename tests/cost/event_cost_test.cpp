// SPDX-License-Identifier: Apache-2.0
//
// What events cost on their way: bus, relay, inbox.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <invsaga/inbox.hpp>
#include <invsaga/memory_bus.hpp>
#include <invsaga/reference/claim_table.hpp>
#include <invsaga/reference/outbox_queue.hpp>
#include <invsaga/relay.hpp>
#include <invsaga/testing/events.hpp>
#include <invsaga/testing/simulation.hpp>
#include <invsaga/testing/writes.hpp>

#include "tests/cost/cost.hpp"

namespace invsaga {
namespace {

using cost::steps_of;
using testing::event_of;
using testing::run_no;

constexpr std::size_t few = 250;
constexpr Time start = time_from_ms(1'000'000);

std::vector<Event> events_of(std::size_t n, bool of_one_run) {
  std::vector<Event> events;
  for (std::size_t i = 0; i < n; ++i) {
    events.push_back(of_one_run ? event_of(run_no(0), i + 1) : event_of(run_no(i), 1));
  }
  return events;
}

/// A bus in simulated time, all of whose consumers answer the same.
struct Carried {
  explicit Carried(std::size_t consumers, MemoryBusOptions options = {}) : bus(env, options) {
    for (std::size_t i = 0; i < consumers; ++i) {
      const std::string_view types[] = {"A"};
      EXPECT_TRUE(bus.subscribe("c" + std::to_string(i), types, handler()));
    }
  }
  EventHandler handler() {
    return [this](const Event&) { return answer; };
  }
  void publish(const std::vector<Event>& events) {
    for (const Event& event : events) EXPECT_TRUE(bus.publish(event));
  }
  void run_now() { executor.run_until(clock.now()); }

  testing::ManualClock clock{start};
  testing::SimulatedExecutor executor{clock};
  Environment env{clock, executor};
  result<Handling> answer = Handling::handled;
  MemoryBus bus;
};

MemoryBusOptions roomy(std::size_t n) {
  MemoryBusOptions options;
  options.max_consumers = n;
  options.max_pending_per_run = 8 * n;
  return options;
}

std::vector<cost::Row> bus_rows(const std::string& of, bool of_one_run) {
  return {
      {"bus: publish, " + of, few,
       [=](std::size_t n) {
         Carried carried(1, roomy(n));
         const auto events = events_of(n, of_one_run);
         return steps_of([&] { carried.publish(events); });
       }},
      {"bus: deliver, " + of, few,
       [=](std::size_t n) {
         Carried carried(2, roomy(n));
         carried.publish(events_of(n, of_one_run));
         const auto steps = steps_of([&] { carried.run_now(); });
         EXPECT_EQ(carried.bus.counts().handled, 2 * n);
         return steps;
       }},
      {"bus: publish and deliver one by one, " + of, few,
       [=](std::size_t n) {
         Carried carried(1, roomy(n));
         const auto events = events_of(n, of_one_run);
         return steps_of([&] {
           for (const Event& event : events) {
             EXPECT_TRUE(carried.bus.publish(event));
             carried.run_now();
           }
         });
       }},
      {"bus: publish again, " + of, few,
       [=](std::size_t n) {
         Carried carried(1, roomy(n));
         const auto events = events_of(n, of_one_run);
         carried.publish(events);
         carried.run_now();
         return steps_of([&] { carried.publish(events); });
       }},
      {"bus: an event at a time, behind n that wait, " + of, few,
       [=](std::size_t n) {
         Carried carried(1, roomy(n));
         carried.answer = Error{Errc::unavailable};
         carried.publish(events_of(n, of_one_run));
         carried.run_now();
         carried.answer = Handling::handled;
         return steps_of([&] {
           for (std::size_t i = 0; i < n; ++i) {
             EXPECT_TRUE(carried.bus.publish(event_of(run_no(n + i), 1)));
             carried.run_now();
           }
         });
       }},
      {"bus: retry until n that wait are handled, " + of, few,
       [=](std::size_t n) {
         Carried carried(1, roomy(n));
         carried.answer = Error{Errc::unavailable};
         carried.publish(events_of(n, of_one_run));
         carried.run_now();
         carried.answer = Handling::handled;
         return steps_of([&] { carried.executor.run_all(); });
       }},
      {"bus: an event at a time, with n dead, " + of, few,
       [=](std::size_t n) {
         Carried carried(1, roomy(n));
         carried.answer = Handling::dead;
         carried.publish(events_of(n, of_one_run));
         carried.run_now();
         carried.answer = Handling::handled;
         return steps_of([&] {
           for (std::size_t i = 0; i < n; ++i) {
             EXPECT_TRUE(carried.bus.publish(event_of(run_no(n + i), 1)));
             carried.run_now();
           }
           EXPECT_FALSE(carried.bus.dead(n).empty());
         });
       }},
  };
}

TEST(BusCost, OfManyEventsOfOneRun) { cost::judge(bus_rows("n of one run", true)); }
TEST(BusCost, OfManyRuns) { cost::judge(bus_rows("n of n runs", false)); }

/// A consumer that takes the events of one run in their order alone.
EventHandler in_order() {
  return [next = std::uint64_t{1}](const Event& event) mutable -> result<Handling> {
    if (event.sequence > next) return Handling::parked;
    next = event.sequence + 1;
    return Handling::handled;
  };
}

TEST(BusCost, OfManyEventsThatCameTooEarly) {
  const auto reversed = [](bool one_by_one) {
    return [=](std::size_t n) {
      Carried carried(0, roomy(n));
      EXPECT_TRUE(carried.bus.subscribe("c", {}, in_order()));
      const auto events = events_of(n, true);
      const auto steps = steps_of([&] {
        for (std::size_t i = n; i-- > 0;) {
          EXPECT_TRUE(carried.bus.publish(events[i]));
          if (one_by_one) carried.run_now();
        }
        carried.run_now();
      });
      EXPECT_EQ(carried.bus.counts().handled, n);
      EXPECT_EQ(carried.bus.counts().pending, 0u);
      return steps;
    };
  };
  cost::judge({
      {"bus: n of one run, the last first", few, reversed(false)},
      {"bus: n of one run, the last first and one by one", few, reversed(true)},
      {"bus: n on their way again, of one run", few,
       [](std::size_t n) {
         Carried carried(1, roomy(n));
         const auto events = events_of(n, true);
         carried.publish(events);
         return steps_of([&] { carried.publish(events); });
       }},
      {"bus: n times tried behind a first that waits, of one run", few,
       [](std::size_t n) {
         Carried carried(1, roomy(n));
         carried.answer = Error{Errc::unavailable};
         carried.publish(events_of(n, true));
         return steps_of([&] {
           for (std::size_t i = 0; i < n; ++i) {
             carried.executor.run_until(carried.clock.now() + std::chrono::minutes(1));
           }
         });
       }},
  });
}

TEST(BusCost, OfManyConsumers) {
  cost::judge({
      {"bus: an event for n consumers", few,
       [](std::size_t n) {
         Carried carried(n, roomy(n));
         return steps_of([&] {
           carried.publish(events_of(1, true));
           carried.run_now();
         });
       }},
  });
}

/// A bus that refuses the events of some runs.
struct Gate {
  void publish(const Event& event, Completion<void> done) noexcept {
    if (event.run.high % 8 != 0 || open) return done(success());
    done(Error{Errc::unavailable});
  }
  result<void> subscribe(std::string_view, std::span<const std::string_view>, EventHandler) {
    return success();
  }
  bool open = false;
};

/// The one in `i` places whose events a `Gate` refuses.
RunId refused(std::size_t i) { return {8 * (i + 1), 1}; }
RunId passing(std::size_t i) { return {8 * (i + 1) + 1, 1}; }

struct Relayed {
  explicit Relayed(std::size_t waiting) {
    for (std::size_t i = 0; i < waiting; ++i) put(event_of(refused(i), 1));
    run_now();
    EXPECT_EQ(relay.counts().waiting_runs, waiting);
  }
  void put(const Event& event) { EXPECT_TRUE(testing::put(outbox, event)); }
  void run_now() { executor.run_until(clock.now()); }

  testing::ManualClock clock{start};
  testing::SimulatedExecutor executor{clock};
  OutboxQueue outbox;
  Gate gate;
  Relay relay{outbox, gate, {clock, executor}};
};

TEST(RelayCost, OfManyThatWait) {
  cost::judge({
      {"relay: n events in one look", few,
       [](std::size_t n) {
         Relayed relayed(0);
         for (std::size_t i = 0; i < n; ++i) relayed.put(event_of(passing(i), 1));
         relayed.relay.wake();
         return steps_of([&] { relayed.run_now(); });
       }},
      {"relay: n events of one run, a wake each", few,
       [](std::size_t n) {
         Relayed relayed(0);
         return steps_of([&] {
           for (std::size_t i = 0; i < n; ++i) {
             relayed.put(event_of(passing(0), i + 1));
             relayed.relay.wake();
             relayed.run_now();
           }
         });
       }},
      {"relay: an event and a wake, n times behind n that wait", few,
       [](std::size_t n) {
         Relayed relayed(n);
         return steps_of([&] {
           for (std::size_t i = 0; i < n; ++i) {
             relayed.put(event_of(passing(i), 1));
             relayed.relay.wake();
             relayed.run_now();
           }
         });
       }},
      {"relay: n later events of one run that waits", few,
       [](std::size_t n) {
         Relayed relayed(1);
         const auto steps = steps_of([&] {
           for (std::size_t i = 0; i < n; ++i) {
             relayed.put(event_of(refused(0), i + 2));
             relayed.relay.wake();
             relayed.run_now();
           }
         });
         relayed.gate.open = true;
         return steps + steps_of([&] { relayed.executor.run_all(); });
       }},
      {"relay: n that wait are published", few,
       [](std::size_t n) {
         Relayed relayed(n);
         relayed.gate.open = true;
         const auto steps = steps_of([&] { relayed.executor.run_all(); });
         EXPECT_EQ(relayed.outbox.size(), 0u);
         return steps;
       }},
  });
}

struct Received {
  explicit Received(InboxOrder order) : inbox(claims, "mail", options(order)) {
    claims.advance_to(start);
  }
  static InboxOptions options(InboxOrder order) {
    InboxOptions made;
    made.order = order;
    return made;
  }
  result<Handling> handle(Event event) {
    event.time = start;
    return inbox.handle(event, [](const Event&) -> result<void> { return success(); });
  }
  ClaimTable claims;
  Inbox inbox;
};

std::vector<cost::Row> inbox_rows(const std::string& of, bool of_one_run, InboxOrder order) {
  return {
      {"inbox: handle, " + of, few,
       [=](std::size_t n) {
         Received received(order);
         const auto events = events_of(n, of_one_run);
         return steps_of([&] {
           for (const Event& event : events) EXPECT_TRUE(received.handle(event));
         });
       }},
      {"inbox: handle again, " + of, few,
       [=](std::size_t n) {
         Received received(order);
         const auto events = events_of(n, of_one_run);
         for (const Event& event : events) EXPECT_TRUE(received.handle(event));
         return steps_of([&] {
           for (const Event& event : events) EXPECT_TRUE(received.handle(event));
         });
       }},
      {"inbox: park, then handle in order, " + of, few,
       [=](std::size_t n) {
         Received received(order);
         const auto events = events_of(n, of_one_run);
         return steps_of([&] {
           for (std::size_t i = n; i-- > 1;) {
             if (order == InboxOrder::consecutive) {
               EXPECT_TRUE(received.handle(events[i]));
             }
           }
           for (const Event& event : events) EXPECT_TRUE(received.handle(event));
         });
       }},
      {"inbox: n effects that fail, " + of, few,
       [=](std::size_t n) {
         Received received(order);
         const auto events = events_of(n, of_one_run);
         return steps_of([&] {
           for (const Event& event : events) {
             static_cast<void>(received.inbox.handle(
                 event, [](const Event&) -> result<void> { return Error{Errc::unavailable}; }));
           }
         });
       }},
  };
}

TEST(InboxCost, OfManyEvents) {
  cost::judge(inbox_rows("n of one run", true, InboxOrder::ascending));
  cost::judge(inbox_rows("n of n runs", false, InboxOrder::ascending));
  cost::judge(inbox_rows("n of one run, consecutive", true, InboxOrder::consecutive));
  cost::judge(inbox_rows("n of n runs, consecutive", false, InboxOrder::consecutive));
}

}  // namespace
}  // namespace invsaga
