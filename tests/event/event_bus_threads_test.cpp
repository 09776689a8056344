// SPDX-License-Identifier: Apache-2.0
// labels: tsan
//
// The bus, the inbox and the relay with many threads at once: the order of each run is kept,
// nothing is lost and nothing is acted on twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <invsaga/forwarding.hpp>
#include <invsaga/inbox.hpp>
#include <invsaga/memory_bus.hpp>
#include <invsaga/reference/claim_table.hpp>
#include <invsaga/reference/outbox_queue.hpp>
#include <invsaga/relay.hpp>
#include <invsaga/testing/event_bus_conformance.hpp>
#include <invsaga/testing/events.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/simulation.hpp>
#include <invsaga/testing/writes.hpp>

namespace invsaga::testing {
namespace {

/// The bus on threads of its own, by a clock that they move: retries take no real time.
struct ThreadHarness {
  explicit ThreadHarness(unsigned threads_ = 3) : threads(threads_), executor(clock, threads_) {}

  const unsigned threads;
  ManualClock clock{time_from_ms(1'000'000)};
  ThreadExecutor executor;
  MemoryBus memory_bus{{clock, executor}};

  MemoryBus& bus() { return memory_bus; }
  void settle() {
    for (;;) {
      const MemoryBusCounts counts = memory_bus.counts();
      std::size_t stuck = 0;
      for (const DeadLetter& letter : memory_bus.dead(counts.pending)) stuck += letter.behind + 1;
      for (const BusConsumer& consumer : memory_bus.consumers()) {
        if (!consumer.subscribed) stuck += consumer.waiting;
      }
      if (counts.pending == stuck) break;
      std::this_thread::yield();
    }
    meet();
  }
  /// All threads of the executor are through with what they were at, and have told it.
  void meet() {
    std::barrier all(threads + 1);
    const auto arrive = [](void* barrier, std::uint64_t) noexcept {
      static_cast<std::barrier<>*>(barrier)->arrive_and_wait();
    };
    for (unsigned i = 0; i < threads; ++i) executor.post({arrive, &all, 0});
    all.arrive_and_wait();
    executor.drop(&all);  // waits until the last has left it
  }
};
INVSAGA_TEST_EVENT_BUS(MemoryBusOnThreads, ThreadHarness);

struct Size {
  unsigned producers;
  unsigned threads;
  unsigned consumers;
};

class ManyThreads : public ::testing::TestWithParam<Size> {
 protected:
  static constexpr std::uint64_t runs_per_producer = 20;
  static constexpr std::uint64_t events_per_run = 25;

  /// Each producer has runs of its own, and publishes their events round and round.
  static void produce(MemoryBus& bus, unsigned producer) {
    for (std::uint64_t sequence = 1; sequence <= events_per_run; ++sequence) {
      for (std::uint64_t i = 0; i < runs_per_producer; ++i) {
        const RunId run = run_no(producer * runs_per_producer + i);
        // Sometimes twice, as by a relay that lost an acknowledgement.
        for (int times = sequence % 7 == 0 ? 2 : 1; times > 0; --times) {
          ASSERT_THAT(published(bus, event_of(run, sequence)), IsOk());
        }
      }
    }
  }
};

/// One table for all, as a backend has it, with a lock.
class LockedClaims final : public Forwarding<LockedClaims, ClaimTable> {
  friend Forwarding<LockedClaims, ClaimTable>;

 public:
  LockedClaims() : Forwarding(table_) { table_.advance_to(time_from_ms(1'000)); }
  Time now() const noexcept {
    const std::lock_guard lock(mutex_);
    return table_.now();
  }

 private:
  template <class Call>
  auto around(BackendCall, const Call& call) {
    const std::lock_guard lock(mutex_);
    return call();
  }

  mutable std::mutex mutex_;
  ClaimTable table_;
};

// A15: the order of each key under many producers and consumers, with failures and repeats.
TEST_P(ManyThreads, KeepTheOrderOfEachRunAndActOnEachEventOnce) {
  const Size size = GetParam();
  LockedClaims claims;
  std::vector<std::unique_ptr<Recipient>> effects;
  std::vector<std::unique_ptr<Inbox>> inboxes;
  ThreadHarness harness(size.threads);
  Subscriptions subscriptions;
  for (unsigned i = 0; i < size.consumers; ++i) {
    const std::string name = "consumer " + std::to_string(i);
    effects.push_back(std::make_unique<Recipient>());
    inboxes.push_back(std::make_unique<Inbox>(claims, name));
    const auto effect =
        [recipient = effects.back().get(),
         tries = std::make_shared<std::atomic<unsigned>>(0)](const Event& event) -> result<void> {
      if (++*tries % 11 == 0) return Error{Errc::unavailable};
      INVSAGA_CHECK(recipient->take(event));
      return success();
    };
    const EventHandler handler = inboxes.back()->handler(effect);
    ASSERT_THAT(subscriptions.add(harness.bus().subscribe(name, {}, handler)), IsOk());
  }
  std::vector<std::thread> producers;
  for (unsigned i = 0; i < size.producers; ++i) {
    producers.emplace_back([&, i] { produce(harness.bus(), i); });
  }
  for (std::thread& producer : producers) producer.join();
  harness.settle();

  for (const auto& effect : effects) {
    for (std::uint64_t run = 0; run < size.producers * runs_per_producer; ++run) {
      EXPECT_THAT(effect->sequences_of(run_no(run)), IsCountedFrom1To(events_per_run));
    }
  }
  const MemoryBusCounts counts = harness.bus().counts();
  EXPECT_EQ(counts.published, size.producers * runs_per_producer * events_per_run);
  EXPECT_EQ(counts.handled, counts.published * size.consumers);
  EXPECT_LE(counts.duplicate, counts.repeated * size.consumers);
  EXPECT_EQ(counts.dead, 0u);
}

INSTANTIATE_TEST_SUITE_P(, ManyThreads,
                         ::testing::Values(Size{1, 1, 1}, Size{2, 2, 3}, Size{4, 3, 2}),
                         [](const auto& info) {
                           return std::to_string(info.param.producers) + "_producers_" +
                                  std::to_string(info.param.threads) + "_threads_" +
                                  std::to_string(info.param.consumers) + "_consumers";
                         });

/// One outbox for all, with a lock.
class LockedOutbox {
 public:
  result<bool> put(RunId run, Time at, const PreparedEvent& event) {
    const std::lock_guard lock(mutex_);
    return queue_.put(run, at, event);
  }
  result<std::vector<PendingEvent>> pending(std::uint64_t after, std::size_t limit) {
    const std::lock_guard lock(mutex_);
    return queue_.pending(after, limit);
  }
  result<void> acknowledge_event(RunId run, std::uint64_t sequence) {
    const std::lock_guard lock(mutex_);
    return queue_.acknowledge_event(run, sequence);
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return queue_.size();
  }

 private:
  mutable std::mutex mutex_;
  OutboxQueue queue_;
};

TEST(RelayOnThreads, BringsEverythingToTheBusHoweverManyWakeIt) {
  constexpr unsigned writers = 3;
  constexpr std::uint64_t last = 200;
  ThreadHarness harness;
  Recipient recipient;
  Subscriptions subscriptions;
  ASSERT_THAT(subscriptions.add(harness.bus().subscribe("a", {}, recipient.handler())), IsOk());
  LockedOutbox outbox;
  Relay relay(outbox, harness.bus(), {harness.clock, harness.executor});
  ASSERT_THAT(relay.start(), IsOk());
  std::vector<std::thread> threads;
  for (unsigned writer = 0; writer < writers; ++writer) {
    threads.emplace_back([&, writer] {
      for (std::uint64_t sequence = 1; sequence <= last; ++sequence) {
        EXPECT_THAT(put(outbox, event_of(run_no(writer), sequence)), IsOkAndHolds(true));
        relay.wake();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  while (outbox.size() > 0) std::this_thread::yield();
  harness.settle();
  for (unsigned writer = 0; writer < writers; ++writer) {
    EXPECT_THAT(recipient.sequences_of(run_no(writer)), IsCountedFrom1To(last));
  }
  EXPECT_EQ(relay.counts().published, writers * last);
}

TEST(RelayOnThreads, EndsInTheMidstOfItsWork) {
  ManualClock clock(time_from_ms(1'000'000));
  ThreadExecutor executor(clock, 3);
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> alive{0};
    LockedOutbox outbox;
    const auto handler = [&](const Event& event) -> result<Handling> {
      ++alive;
      std::this_thread::yield();
      --alive;
      if (event.sequence % 3 == 0) return Error{Errc::unavailable};
      return Handling::handled;
    };
    {
      MemoryBus bus({clock, executor});
      Subscriptions subscriptions;
      ASSERT_THAT(subscriptions.add(bus.subscribe("a", {}, handler)), IsOk());
      Relay relay(outbox, bus, {clock, executor});
      ASSERT_THAT(relay.start(), IsOk());
      for (std::uint64_t sequence = 1; sequence <= 20; ++sequence) {
        for (std::uint64_t run = 1; run <= 5; ++run) {
          ASSERT_THAT(put(outbox, event_of(run_no(run), sequence)), IsOkAndHolds(true));
        }
        relay.wake();
      }
    }
    EXPECT_EQ(alive, 0) << "no handler outlives its bus";
  }
}

}  // namespace
}  // namespace invsaga::testing
