// SPDX-License-Identifier: Apache-2.0
//
// Ids that a stranger has chosen cost what others cost, in every part that keeps a table of them.
// What is compared is the work of one thread on both, not a length of time.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include <invsaga/inbox.hpp>
#include <invsaga/memory.hpp>
#include <invsaga/memory_bus.hpp>
#include <invsaga/relay.hpp>
#include <invsaga/testing/events.hpp>
#include <invsaga/testing/simulation.hpp>
#include <invsaga/testing/writes.hpp>

namespace invsaga::memory_tests {
namespace {

constexpr std::uint64_t many = 10'000;
constexpr Time start = time_from_ms(1'000'000);
constexpr Time later = time_from_ms(2'000'000);

template <class AnyId>
AnyId any(std::uint64_t i) {
  return make_id<AnyId>({"any", std::to_string(i)});
}
/// All of one hash, if that is a word and the other times a fixed number.
template <class AnyId>
AnyId chosen(std::uint64_t i) {
  return {i * 0x9E3779B97F4A7C15ull, i};
}

/// Processor time of this thread.
double work_of(const std::function<void()>& what) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  const double begun = now();
  what();
  return now() - begun;
}

/// Chosen ids used to be ten to a hundred times the work.
constexpr double most = 4;

template <class AnyId>
void expect_equal_work(const std::function<void(AnyId (*id)(std::uint64_t))>& use) {
  const double other = std::max(work_of([&] { use(any<AnyId>); }), 1e-3);
  const double of_chosen = work_of([&] { use(chosen<AnyId>); });
  EXPECT_LT(of_chosen, most * other);
}

TEST(ChosenIds, OfReservationsCostWhatOthersCost) {
  expect_equal_work<ReservationId>([](auto* id) {
    Ledger ledger;
    ledger.advance_to(start);
    const Line stock[] = {{Row{0}, many}};
    const Line one[] = {{Row{0}, 1}};
    static_cast<void>(ledger.adjust({AdjustId{1, 1}, AdjustReason::opening, later, stock}));
    for (std::uint64_t i = 1; i <= many; ++i) {
      EXPECT_TRUE(ledger.reserve({id(i), later, one}).has_value());
    }
  });
}

TEST(ChosenIds, OfAdjustsCostWhatOthersCost) {
  expect_equal_work<AdjustId>([](auto* id) {
    Ledger ledger;
    ledger.advance_to(start);
    const Line one[] = {{Row{0}, 1}};
    for (std::uint64_t i = 1; i <= many; ++i) {
      EXPECT_TRUE(ledger.adjust({id(i), AdjustReason::restock, later, one}).has_value());
    }
  });
}

TEST(ChosenIds, OfRequestsCostWhatOthersCost) {
  expect_equal_work<RequestKey>([](auto* id) {
    ClaimTable claims;
    claims.advance_to(start);
    for (std::uint64_t i = 1; i <= many; ++i) {
      EXPECT_TRUE(claims.claim({id(i), {}, later, later}).has_value());
    }
  });
}

TEST(ChosenIds, OfRunsCostWhatOthersCost) {
  expect_equal_work<RunId>([](auto* id) {
    RunTable runs;
    RunRecord begun;
    begun.kind = RecordKind::begun;
    const auto bytes = encode(begun);
    const PreparedRecord record{.bytes = bytes, .change = RunChange::begins};
    for (std::uint64_t i = 1; i <= many; ++i) {
      EXPECT_TRUE(runs.append(id(i), 0, {&record, 1}, Stamp{start, 0, {}}).has_value());
    }
  });
}

TEST(ChosenIds, OfTheRunsOfEventsCostWhatOthersCostInAnOutbox) {
  expect_equal_work<RunId>([](auto* id) {
    OutboxQueue outbox;
    for (std::uint64_t i = 1; i <= many; ++i) {
      EXPECT_TRUE(testing::put(outbox, testing::event_of(id(i), 1)).has_value());
    }
  });
}

/// Events of so many runs, as they come from outside: a run is a CloudEvent's `partitionkey`.
std::vector<Event> events_of(RunId (*id)(std::uint64_t)) {
  std::vector<Event> events;
  for (std::uint64_t i = 1; i <= many; ++i) {
    const std::string came = to_cloud_event(testing::event_of(id(i), 1), "a stranger");
    events.push_back(from_cloud_event(as_bytes(came)).value());
  }
  return events;
}

/// The work of a bus and of the inbox behind it.
double work_of_delivery(const std::vector<Event>& events) {
  testing::ManualClock clock{start};
  LocalExecutor executor{clock};
  ClaimTable claims;
  claims.advance_to(start);
  MemoryBus bus({clock, executor});
  Inbox inbox(claims, "mail");
  std::uint64_t handled = 0;
  const auto count = [&](const Event&) -> result<void> {
    ++handled;
    return success();
  };
  testing::Subscriptions subscriptions;
  EXPECT_TRUE(subscriptions.add(bus.subscribe("mail", {}, inbox.handler(count))).has_value());
  const double work = work_of([&] {
    for (const Event& event : events) EXPECT_TRUE(testing::published(bus, event));
    while (executor.run_one()) {
    }
  });
  EXPECT_EQ(handled, many);
  return work;
}

TEST(ChosenIds, AsPartitionKeysCostWhatOthersCostOnTheirWayToAHandler) {
  const double other = work_of_delivery(events_of(any<RunId>));
  EXPECT_LT(work_of_delivery(events_of(chosen<RunId>)), most * other);
}

/// Refuses all, so that each run waits.
struct NoBus {
  void publish(std::span<const Event>, Completion<void> done) noexcept {
    done(Error{Errc::unavailable});
  }
  result<Subscription> subscribe(std::string_view, std::span<const std::string_view>,
                                 EventHandler) {
    return Subscription{};
  }
  result<void> leave(std::string_view) { return success(); }
};

TEST(ChosenIds, OfRunsThatWaitForTheBusCostWhatOthersCost) {
  expect_equal_work<RunId>([](auto* id) {
    testing::ManualClock clock{start};
    testing::SimulatedExecutor executor{clock};
    MemoryBackend<> backend;
    NoBus bus;
    for (std::uint64_t i = 1; i <= many; ++i) {
      EXPECT_TRUE(testing::put(backend, testing::event_of(id(i), 1)).has_value());
    }
    Relay relay(backend, bus, {clock, executor}, {.batch = many + 1});
    EXPECT_TRUE(relay.start());
    executor.step();
    EXPECT_EQ(relay.counts().waiting_runs, many);
  });
}

}  // namespace
}  // namespace invsaga::memory_tests
