// SPDX-License-Identifier: Apache-2.0
// labels: tsan
//
// Subscriptions that come and go while events are published and handled: none is lost, and no
// handler is called after its subscription has ended.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <invsaga/inbox.hpp>
#include <invsaga/memory.hpp>
#include <invsaga/memory_bus.hpp>
#include <invsaga/relay.hpp>
#include <invsaga/testing/events.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/simulation.hpp>
#include <invsaga/testing/writes.hpp>

namespace invsaga::testing {
namespace {

constexpr Time start = time_from_ms(1'000'000);
constexpr std::uint64_t runs = 20, events_of_a_run = 30;

TEST(SubscriptionsOnThreads, ComeAndGoAndNoHandlerIsCalledAfterTheEnd) {
  ManualClock clock(start);
  ThreadExecutor executor(clock, 3);
  Recipient all;
  MemoryBus bus({clock, executor});
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> settled{0};
  std::deque<std::atomic<bool>> lives;
  std::thread subscriber([&] {
    while (!over) {
      std::atomic<bool>* const alive = &lives.emplace_back(true);
      const auto handler = [&, alive](const Event& event) -> result<Handling> {
        for (int i = 0; i < 10; ++i) std::this_thread::yield();
        EXPECT_TRUE(*alive) << "its end did not wait for it";
        return all.take(event);
      };
      auto subscription = bus.subscribe("a", {}, handler);
      ASSERT_THAT(subscription, IsOk());
      for (int i = 0; i < 20; ++i) std::this_thread::yield();
      subscription.assume_value().end();
      *alive = false;
    }
  });
  while (bus.consumers().empty()) std::this_thread::yield();  // it is owed all of them
  const auto count = [](void* context, std::uint64_t, result<void>&& answer) noexcept {
    if (answer.has_value()) ++*static_cast<std::atomic<std::uint64_t>*>(context);
  };
  for (std::uint64_t sequence = 1; sequence <= events_of_a_run; ++sequence) {
    for (std::uint64_t run = 1; run <= runs; ++run) {
      const Event event = event_of(run_no(run), sequence);
      bus.publish({&event, 1}, {count, &settled, 0});
    }
  }
  while (settled < runs * events_of_a_run) std::this_thread::yield();
  over = true;
  subscriber.join();
  for (std::uint64_t run = 1; run <= runs; ++run) {
    EXPECT_THAT(all.sequences_of(run_no(run)), IsCountedFrom1To(events_of_a_run));
  }
  EXPECT_EQ(bus.counts().pending, 0u);
}

// Two handlers of one consumer, each on its thread, end it: neither waits for the other's call.
TEST(SubscriptionsOnThreads, EndFromWithinTwoCallsAtOnce) {
  for (int round = 0; round < 50; ++round) {
    ManualClock clock(start);
    ThreadExecutor executor(clock, 2);
    MemoryBus bus({clock, executor});
    Subscription subscription;
    std::atomic<int> within{0};
    std::mutex mutex;
    const auto ends = [&](const Event& event) -> result<Handling> {
      ++within;
      while (within < 2) std::this_thread::yield();
      if (event.run == run_no(1)) {
        EXPECT_THAT(bus.leave("a"), IsOk());
      } else {
        const std::lock_guard lock(mutex);
        subscription.end();
      }
      return Handling::handled;
    };
    auto made = bus.subscribe("a", {}, ends);
    ASSERT_THAT(made, IsOk());
    subscription = std::move(made).assume_value();
    for (std::uint64_t run = 1; run <= 2; ++run) {
      ASSERT_THAT(published(bus, event_of(run_no(run), 1)), IsOk());
    }
    while (bus.counts().pending > 0) std::this_thread::yield();
  }
}

TEST(SubscriptionsOnThreads, WhoeverEndsFirstNothingIsTouchedAfterItsEnd) {
  for (int round = 0; round < 60; ++round) {
    ManualClock clock(start);
    MemoryBackend<> backend;
    backend.advance_to(start);
    ThreadExecutor executor(clock, 2);
    const Environment environment{clock, executor};
    std::optional<MemoryBus> bus(std::in_place, environment);
    std::optional<Inbox> inbox(std::in_place, backend, "mail");
    std::atomic<int> acted{0};
    const auto act = [&](const Event&) -> result<void> {
      ++acted;
      return success();
    };
    std::optional<Subscription> of_mail(bus->subscribe("mail", {}, inbox->handler(act)).value());
    std::optional<Relay> relay(std::in_place, backend, *bus, environment);
    for (std::uint64_t run = 1; run <= 20; ++run) {
      ASSERT_THAT(put(backend, event_of(run_no(run), 1)), IsOkAndHolds(true));
    }
    ASSERT_THAT(relay->start(), IsOk());
    for (int i = 0; i < round; ++i) std::this_thread::yield();
    const auto end = [&](int which) {
      if (which % 4 == 0) bus.reset();
      if (which % 4 == 1) inbox.reset();
      if (which % 4 == 2) of_mail.reset();
      if (which % 4 == 3) relay.reset();
    };
    for (int i = 0; i < 4; ++i) end(round % 2 == 0 ? round / 2 + i : round / 2 + 4 - i);
    const int before = acted;
    std::this_thread::yield();
    EXPECT_EQ(acted, before);
    // What was acted on and what is still there come to all.
    EXPECT_GE(backend.pending(0, 100).value().size() + static_cast<std::size_t>(before), 20u);
  }
}

TEST(SubscriptionsOnThreads, NoEventIsLostOverManyProcesses) {
  ManualClock clock(start);
  ThreadExecutor executor(clock, 3);
  const Environment environment{clock, executor};
  MemoryBackend<> backend;
  backend.advance_to(start);
  Recipient mail;
  std::uint64_t put_so_far = 0;
  for (int process = 0; process < 40; ++process) {
    MemoryBus bus(environment);
    const auto of_mail = bus.subscribe("mail", {}, mail.handler());
    ASSERT_THAT(of_mail, IsOk());
    Relay relay(backend, bus, environment);
    ASSERT_THAT(relay.start(), IsOk());
    for (int i = 0; i < 50; ++i) {
      ASSERT_THAT(put(backend, event_of(run_no(++put_so_far), 1)), IsOkAndHolds(true));
      relay.wake();
    }
  }
  {
    MemoryBus bus(environment);
    const auto of_mail = bus.subscribe("mail", {}, mail.handler());
    Relay relay(backend, bus, environment);
    ASSERT_THAT(relay.start(), IsOk());
    while (!backend.pending(0, 1).value().empty()) std::this_thread::yield();
  }
  std::set<EventId> seen;
  for (const Event& event : mail.delivered()) seen.insert(event.id);
  EXPECT_EQ(seen.size(), put_so_far);
}

}  // namespace
}  // namespace invsaga::testing
