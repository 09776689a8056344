// SPDX-License-Identifier: Apache-2.0
//
// What events cost on their way: bus, relay, inbox.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <invsaga/inbox.hpp>
#include <invsaga/memory_bus.hpp>
#include <invsaga/reference/claim_table.hpp>
#include <invsaga/reference/outbox_queue.hpp>
#include <invsaga/relay.hpp>
#include <invsaga/testing/simulation.hpp>

#include "tests/cost/cost.hpp"
#include "tests/cost/many_runs.hpp"

namespace invsaga {
namespace {

using cost::event_of;
using cost::events_of;
using cost::row_of;
using cost::row_of_each;
using cost::run_no;

constexpr std::size_t few = 250;
constexpr Time start = time_from_ms(1'000'000);

MemoryBusOptions roomy(std::size_t n) {
  MemoryBusOptions options;
  options.max_consumers = n;
  options.max_pending_per_run = 8 * n;
  return options;
}

/// A bus in simulated time, all of whose consumers answer the same; and events for it.
struct Carried {
  Carried(std::size_t n, bool of_one_run, std::size_t consumers)
      : events(events_of(n, of_one_run)), bus(env, roomy(n)) {
    for (std::size_t i = 0; i < consumers; ++i) {
      const std::string_view types[] = {"A"};
      const auto take = [this](const Event&) { return answer; };
      EXPECT_TRUE(subscriptions.add(bus.subscribe("c" + std::to_string(i), types, take)));
    }
  }
  void publish(const Event& event) { EXPECT_TRUE(testing::published(bus, event)); }
  void publish_all() {
    for (const Event& event : events) publish(event);
  }
  void deliver() { executor.run_until(clock.now()); }
  /// Those that are published are answered so, and later ones are handled.
  void deliver_all(result<Handling> so) {
    answer = so;
    publish_all();
    deliver();
    answer = Handling::handled;
  }
  /// An event of another run than all before.
  void carry_another(std::size_t i) {
    publish(event_of(run_no(events.size() + i), 1));
    deliver();
  }

  std::vector<Event> events;
  testing::ManualClock clock{start};
  testing::SimulatedExecutor executor{clock};
  Environment env{clock, executor};
  result<Handling> answer = Handling::handled;
  MemoryBus bus;
  testing::Subscriptions subscriptions;
};

template <bool of_one_run, std::size_t consumers = 1>
struct ToPublish : Carried {
  explicit ToPublish(std::size_t n) : Carried(n, of_one_run, consumers) {}
};
template <bool of_one_run>
struct ToDeliver : ToPublish<of_one_run, 2> {
  explicit ToDeliver(std::size_t n) : ToPublish<of_one_run, 2>(n) { this->publish_all(); }
};
template <bool of_one_run>
struct Delivered : ToPublish<of_one_run> {
  explicit Delivered(std::size_t n, result<Handling> so = Handling::handled)
      : ToPublish<of_one_run>(n) {
    this->deliver_all(so);
  }
};
template <bool of_one_run>
struct Waiting : Delivered<of_one_run> {
  explicit Waiting(std::size_t n) : Delivered<of_one_run>(n, Error{Errc::unavailable}) {}
};
template <bool of_one_run>
struct Dead : Delivered<of_one_run> {
  explicit Dead(std::size_t n) : Delivered<of_one_run>(n, Handling::dead) {}
};

template <bool of_one_run>
std::vector<cost::Row> bus_rows(const std::string& of) {
  using New = ToPublish<of_one_run>;
  using Published = ToDeliver<of_one_run>;
  const auto publish_all = [](Carried& carried, std::size_t) { carried.publish_all(); };
  const auto carry_another = [](Carried& carried, std::size_t i) { carried.carry_another(i); };
  return {
      row_of<New>("bus: publish, " + of, few, publish_all),
      row_of<Published>("bus: deliver, " + of, few,
                        [](Carried& carried, std::size_t n) {
                          carried.deliver();
                          EXPECT_EQ(carried.bus.counts().handled, 2 * n);
                        }),
      row_of_each<New>("bus: publish and deliver one by one, " + of, few,
                       [](Carried& carried, std::size_t i) {
                         carried.publish(carried.events[i]);
                         carried.deliver();
                       }),
      row_of<Delivered<of_one_run>>("bus: publish again, " + of, few, publish_all),
      row_of_each<Waiting<of_one_run>>("bus: an event at a time, behind n that wait, " + of, few,
                                       carry_another),
      row_of<Waiting<of_one_run>>(
          "bus: retry until n that wait are handled, " + of, few,
          [](Carried& carried, std::size_t) { carried.executor.run_all(); }),
      row_of_each<Dead<of_one_run>>("bus: an event at a time, with n dead, " + of, few,
                                    carry_another),
      row_of<Dead<of_one_run>>(
          "bus: page of dead, " + of, few,
          [](Carried& carried, std::size_t n) { EXPECT_FALSE(carried.bus.dead(n).empty()); }),
  };
}

TEST(BusCost, OfManyEventsOfOneRun) { cost::judge(bus_rows<true>("n of one run")); }
TEST(BusCost, OfManyRuns) { cost::judge(bus_rows<false>("n of n runs")); }

struct ManyConsumers : Carried {
  explicit ManyConsumers(std::size_t n) : Carried(n, true, n) {}
};

/// A consumer that takes the events of one run in their order alone.
EventHandler in_order() {
  return [next = std::uint64_t{1}](const Event& event) mutable -> result<Handling> {
    if (event.sequence > next) return Handling::parked;
    next = event.sequence + 1;
    return Handling::handled;
  };
}

struct InOrder : Carried {
  explicit InOrder(std::size_t n) : Carried(n, true, 0) {
    EXPECT_TRUE(subscriptions.add(bus.subscribe("c", {}, in_order())));
  }
  void publish_reversed(bool one_by_one) {
    for (auto event = events.rbegin(); event != events.rend(); ++event) {
      publish(*event);
      if (one_by_one) deliver();
    }
    deliver();
    EXPECT_EQ(bus.counts().handled, events.size());
    EXPECT_EQ(bus.counts().pending, 0u);
  }
};
struct Refused : ToPublish<true> {
  explicit Refused(std::size_t n) : ToPublish<true>(n) {
    answer = Error{Errc::unavailable};
    publish_all();
  }
};

TEST(BusCost, OfManyEventsThatCameTooEarly) {
  cost::judge({
      row_of<InOrder>("bus: n of one run, the last first", few,
                      [](InOrder& carried, std::size_t) { carried.publish_reversed(false); }),
      row_of<InOrder>("bus: n of one run, the last first and one by one", few,
                      [](InOrder& carried, std::size_t) { carried.publish_reversed(true); }),
      row_of<ToDeliver<true>>("bus: n on their way again, of one run", few,
                              [](Carried& carried, std::size_t) { carried.publish_all(); }),
      row_of_each<Refused>("bus: n times tried behind a first that waits, of one run", few,
                           [](Carried& carried, std::size_t) {
                             carried.executor.run_until(carried.clock.now() +
                                                        std::chrono::minutes(1));
                           }),
  });
}

TEST(BusCost, OfManyConsumers) {
  cost::judge({
      row_of<ManyConsumers>("bus: an event for n consumers", few,
                            [](Carried& carried, std::size_t) {
                              carried.publish(carried.events[0]);
                              carried.deliver();
                            }),
  });
}

/// A bus that refuses the events of some runs.
struct Gate {
  void publish(std::span<const Event> events, Completion<void> done) noexcept {
    const Event& event = events.front();
    if (event.run.high % 8 != 0 || open) return done(success());
    done(Error{Errc::unavailable});
  }
  result<Subscription> subscribe(std::string_view, std::span<const std::string_view>,
                                 EventHandler) {
    return Subscription{};
  }
  result<void> leave(std::string_view) { return success(); }
  bool open = false;
};

/// Runs whose events a `Gate` refuses, and others.
RunId refused(std::size_t i) { return {8 * (i + 1), 1}; }
RunId passing(std::size_t i) { return {8 * (i + 1) + 1, 1}; }

/// A relay before a gate, where so many runs wait.
struct Relayed {
  explicit Relayed(std::size_t waiting) {
    EXPECT_TRUE(relay.start());
    for (std::size_t i = 0; i < waiting; ++i) put(event_of(refused(i), 1));
    run_now();
    EXPECT_EQ(relay.counts().waiting_runs, waiting);
  }
  void put(const Event& event) { EXPECT_TRUE(testing::put(outbox, event)); }
  void look() {
    relay.wake();
    run_now();
  }
  void open_the_gate() {
    gate.open = true;
    executor.run_all();
  }

  testing::ManualClock clock{start};
  testing::SimulatedExecutor executor{clock};
  OutboxQueue outbox;
  Gate gate;
  Relay relay{outbox, gate, {clock, executor}};

 private:
  void run_now() { executor.run_until(clock.now()); }
};
struct NoneWaits : Relayed {
  explicit NoneWaits(std::size_t) : Relayed(0) {}
};
struct OneWaits : Relayed {
  explicit OneWaits(std::size_t) : Relayed(1) {}
};
struct Decided : NoneWaits {
  explicit Decided(std::size_t n) : NoneWaits(n) {
    for (std::size_t i = 0; i < n; ++i) put(event_of(passing(i), 1));
  }
};

TEST(RelayCost, OfManyThatWait) {
  cost::judge({
      row_of<Decided>("relay: n events in one look", few,
                      [](Relayed& relayed, std::size_t) { relayed.look(); }),
      row_of_each<NoneWaits>("relay: n events of one run, a wake each", few,
                             [](Relayed& relayed, std::size_t i) {
                               relayed.put(event_of(passing(0), i + 1));
                               relayed.look();
                             }),
      row_of_each<Relayed>("relay: an event and a wake, n times behind n that wait", few,
                           [](Relayed& relayed, std::size_t i) {
                             relayed.put(event_of(passing(i), 1));
                             relayed.look();
                           }),
      row_of<OneWaits>("relay: n later events of one run that waits", few,
                       [](Relayed& relayed, std::size_t n) {
                         for (std::size_t i = 0; i < n; ++i) {
                           relayed.put(event_of(refused(0), i + 2));
                           relayed.look();
                         }
                         relayed.open_the_gate();
                       }),
      row_of<Relayed>("relay: n that wait are published", few,
                      [](Relayed& relayed, std::size_t) {
                        relayed.open_the_gate();
                        EXPECT_EQ(relayed.outbox.size(), 0u);
                      }),
  });
}

/// An inbox, and events for it.
template <bool of_one_run, InboxOrder order>
struct ToReceive {
  explicit ToReceive(std::size_t n) : events(events_of(n, of_one_run)) {
    claims.advance_to(start);
    for (Event& event : events) event.time = start;
  }
  void handle(std::size_t i) {
    EXPECT_TRUE(inbox.handle(events[i], [](const Event&) -> result<void> { return success(); }));
  }
  void fail(std::size_t i) {
    static_cast<void>(inbox.handle(
        events[i], [](const Event&) -> result<void> { return Error{Errc::unavailable}; }));
  }
  static InboxOptions options() {
    InboxOptions made;
    made.order = order;
    return made;
  }

  std::vector<Event> events;
  ClaimTable claims;
  Inbox inbox{claims, "mail", options()};
};
template <bool of_one_run, InboxOrder order>
struct Received : ToReceive<of_one_run, order> {
  explicit Received(std::size_t n) : ToReceive<of_one_run, order>(n) {
    for (std::size_t i = 0; i < n; ++i) this->handle(i);
  }
};

template <bool of_one_run, InboxOrder order>
std::vector<cost::Row> inbox_rows(const std::string& of) {
  using New = ToReceive<of_one_run, order>;
  const auto handle = [](New& inbox, std::size_t i) { inbox.handle(i); };
  std::vector<cost::Row> rows = {
      row_of_each<New>("inbox: handle, " + of, few, handle),
      row_of_each<Received<of_one_run, order>>("inbox: handle again, " + of, few, handle),
      row_of_each<New>("inbox: n effects that fail, " + of, few,
                       [](New& inbox, std::size_t i) { inbox.fail(i); }),
  };
  if (order == InboxOrder::consecutive) {
    rows.push_back(
        row_of<New>("inbox: park, then handle in order, " + of, few, [](New& inbox, std::size_t n) {
          for (std::size_t i = n; i-- > 1;) inbox.handle(i);
          for (std::size_t i = 0; i < n; ++i) inbox.handle(i);
        }));
  }
  return rows;
}

TEST(InboxCost, OfManyEvents) {
  cost::judge(inbox_rows<true, InboxOrder::ascending>("n of one run"));
  cost::judge(inbox_rows<false, InboxOrder::ascending>("n of n runs"));
  cost::judge(inbox_rows<true, InboxOrder::consecutive>("n of one run, consecutive"));
  cost::judge(inbox_rows<false, InboxOrder::consecutive>("n of n runs, consecutive"));
}

}  // namespace
}  // namespace invsaga
