// SPDX-License-Identifier: Apache-2.0
//
// Stores, outboxes and buses that answer later: relay and inbox go on by completions, wait for no
// thread, and may end before the answer comes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <invsaga/any_backend.hpp>
#include <invsaga/any_bus.hpp>
#include <invsaga/any_claims.hpp>
#include <invsaga/any_outbox.hpp>
#include <invsaga/inbox.hpp>
#include <invsaga/memory.hpp>
#include <invsaga/memory_bus.hpp>
#include <invsaga/reference/claim_table.hpp>
#include <invsaga/reference/outbox_queue.hpp>
#include <invsaga/relay.hpp>
#include <invsaga/testing/answer_of_call.hpp>
#include <invsaga/testing/events.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/simulation.hpp>
#include <invsaga/testing/writes.hpp>

namespace invsaga::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Time start = time_from_ms(1'000'000);

/// Answers that wait until the test lets them come.
class Held {
 public:
  void add(std::function<void()> answer) { answers_.push_back(std::move(answer)); }
  bool release_one() {
    if (answers_.empty()) return false;
    const auto answer = std::move(answers_.front());
    answers_.pop_front();
    answer();
    return true;
  }
  void release_all() {
    while (release_one()) {
    }
  }
  [[nodiscard]] std::size_t size() const { return answers_.size(); }

 private:
  std::deque<std::function<void()>> answers_;
};

/// What is asked happens at once; what came of it is told later.
struct LateClaims {
  ClaimTable& table;
  Held& held;
  [[nodiscard]] Time now() const noexcept { return std::as_const(table).now(); }
  void claim(const Claim& claim, Completion<ClaimAnswer> done) noexcept {
    tell(table.claim(claim), done);
  }
  void extend_claim(RequestKey key, std::uint64_t epoch, Time until,
                    Completion<void> done) noexcept {
    tell(table.extend_claim(key, epoch, until), done);
  }
  void confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer,
                     Completion<void> done) noexcept {
    tell(table.confirm_claim(key, epoch, answer), done);
  }
  void release_claim(RequestKey key, std::uint64_t epoch, Completion<void> done) noexcept {
    tell(table.release_claim(key, epoch), done);
  }
  template <class T>
  void tell(result<T> answer, Completion<T> done) {
    held.add([answer = std::move(answer), done] { done(answer); });
  }
};
static_assert(ClaimDoor<LateClaims> && !IdempotencyStore<LateClaims>);
static_assert(ClaimDoor<MemoryBackend<>> && ClaimDoor<AnyBackend> && OutboxDoor<AnyBackend>);

struct LateOutbox {
  OutboxQueue& queue;
  Held& held;
  void pending(std::uint64_t after, std::size_t limit,
               Completion<std::vector<PendingEvent>> done) noexcept {
    held.add([this, after, limit, done] { done(queue.pending(after, limit)); });
  }
  void acknowledge_event(RunId run, std::uint64_t sequence, Completion<void> done) noexcept {
    held.add([this, run, sequence, done] { done(queue.acknowledge_event(run, sequence)); });
  }
};
static_assert(OutboxDoor<LateOutbox> && !Outbox<LateOutbox>);

struct LateBus {
  Held& held;
  std::vector<Event> taken;
  void publish(std::span<const Event> events, Completion<void> done) noexcept {
    const Event& event = events.front();
    held.add([this, event, done] {
      taken.push_back(event);
      done(success());
    });
  }
  result<Subscription> subscribe(std::string_view, std::span<const std::string_view>,
                                 EventHandler) {
    return Subscription{};
  }
  result<void> leave(std::string_view) { return success(); }
};
static_assert(EventBus<LateBus>);

class EventDoors : public ::testing::Test {
 protected:
  EventDoors() { table.advance_to(start); }
  void put(std::uint64_t run, std::uint64_t sequence) {
    ASSERT_THAT(testing::put(queue, event_of(run_no(run), sequence)), IsOkAndHolds(true));
  }

  Held held;
  ManualClock clock{start};
  SimulatedExecutor executor{clock};
  Environment environment{clock, executor};
  ClaimTable table;
  LateClaims claims{table, held};
  OutboxQueue queue;
  LateOutbox outbox{queue, held};
  LateBus bus{held, {}};
  Subscriptions subscriptions;
};

// --- the relay

TEST_F(EventDoors, ARelayGoesOnByTheAnswersAndKeepsTheOrder) {
  put(1, 1);
  put(2, 1);
  put(1, 2);
  Relay relay(outbox, bus, environment);
  ASSERT_THAT(relay.start(), IsOk());
  executor.run_all();
  EXPECT_THAT(bus.taken, IsEmpty());  // nobody waits, and nothing is sent before it was read
  while (held.release_one()) executor.run_all();
  EXPECT_THAT(bus.taken,
              ElementsAre(event_of(run_no(1), 1), event_of(run_no(2), 1), event_of(run_no(1), 2)));
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_EQ(relay.counts().published, 3u);
}

TEST_F(EventDoors, WhatIsPutDuringALookIsFoundByTheNext) {
  put(1, 1);
  Relay relay(outbox, bus, environment);
  ASSERT_THAT(relay.start(), IsOk());
  executor.run_all();
  ASSERT_TRUE(held.release_one());  // it has read
  put(1, 2);
  relay.wake();
  executor.run_all();
  while (held.release_one()) executor.run_all();
  EXPECT_THAT(bus.taken, ElementsAre(event_of(run_no(1), 1), event_of(run_no(1), 2)));
}

TEST_F(EventDoors, ARelayMayEndBeforeTheAnswer) {
  put(1, 1);
  for (int answers = 0; answers < 4; ++answers) {
    std::optional<Relay> relay(std::in_place, outbox, bus, environment);
    executor.run_all();
    for (int i = 0; i < answers; ++i) {
      held.release_one();
      executor.run_all();
    }
    relay.reset();
    held.release_all();  // what was sent happens all the same, and is told to nobody
    EXPECT_EQ(executor.waiting(), 0u);
  }
}

// --- the inbox

TEST_F(EventDoors, AnInboxActsOnceAndConfirmsByTheAnswers) {
  Inbox inbox(claims, "mail");
  int effects = 0;
  const InboxEffect effect([&](const Event&) -> result<void> {
    ++effects;
    return success();
  });
  const Event event = event_of(run_no(1), 1);
  Kept<Handling> first, second;
  inbox.handle(event, effect, first.completion());
  inbox.handle(event, effect, second.completion());
  EXPECT_EQ(effects, 0);
  held.release_all();
  EXPECT_EQ(effects, 1);
  EXPECT_THAT(*first.answer, IsOkAndHolds(Handling::handled));
  EXPECT_THAT(*second.answer, ErrorIs(Errc::busy));
  Kept<Handling> third;
  inbox.handle(event, effect, third.completion());
  held.release_all();
  EXPECT_THAT(*third.answer, IsOkAndHolds(Handling::duplicate));
}

TEST_F(EventDoors, AnEffectMayAnswerLater) {
  Inbox inbox(claims, "mail");
  const InboxEffect effect(
      [&](const Event&, const InboxClaim& claim, Completion<void> done) noexcept {
        EXPECT_NE(claim.epoch, 0u);
        held.add([done] { done(Error{Errc::unavailable}); });
      });
  const Event event = event_of(run_no(1), 1);
  for (int i = 0; i < 2; ++i) {  // it was given back
    Kept<Handling> told;
    inbox.handle(event, effect, told.completion());
    held.release_all();
    EXPECT_THAT(*told.answer, ErrorIs(Errc::unavailable));
  }
  EXPECT_EQ(inbox.counts().failed, 2u);
}

TEST_F(EventDoors, AnEffectThatThrowsGivesTheRightBack) {
  Inbox inbox(table, "mail");
  const InboxEffect effect([](const Event&) -> result<void> { throw 7; });
  const Event event = event_of(run_no(1), 1);
  for (int i = 0; i < 2; ++i) {
    Kept<Handling> told;
    inbox.handle(event, effect, told.completion());
    EXPECT_THAT(*told.answer, ErrorIs(Errc::step_threw));
  }
}

TEST_F(EventDoors, AnInboxInOrderAsksForTheOneBefore) {
  InboxOptions options;
  options.order = InboxOrder::consecutive;
  Inbox inbox(claims, "mail", options);
  const InboxEffect effect([](const Event&) -> result<void> { return success(); });
  const Event one = event_of(run_no(1), 1), two = event_of(run_no(1), 2);
  Kept<Handling> early, first, then;
  inbox.handle(two, effect, early.completion());
  held.release_all();
  EXPECT_THAT(*early.answer, IsOkAndHolds(Handling::parked));
  inbox.handle(one, effect, first.completion());
  held.release_all();
  inbox.handle(two, effect, then.completion());
  held.release_all();
  EXPECT_THAT(*first.answer, IsOkAndHolds(Handling::handled));
  EXPECT_THAT(*then.answer, IsOkAndHolds(Handling::handled));
}

TEST_F(EventDoors, AnInboxMayEndBeforeTheAnswer) {
  const Event event = event_of(run_no(1), 1);
  const InboxEffect effect([](const Event&) -> result<void> { return success(); });
  for (int answers = 0; answers < 2; ++answers) {
    Kept<Handling> told;
    std::optional<Inbox> inbox(std::in_place, claims, "mail");
    inbox->handle(event, effect, told.completion());
    for (int i = 0; i < answers; ++i) held.release_one();
    inbox.reset();
    EXPECT_FALSE(told.answer.has_value());
    held.release_all();
    EXPECT_THAT(*told.answer, ErrorIs(Errc::reply_lost));
    table.advance_to(start + std::chrono::hours(1));  // its lease has lapsed
  }
}

// --- the bus

TEST_F(EventDoors, AHandlerMayAnswerLaterAndItsRunWaitsForIt) {
  MemoryBus memory_bus(environment);
  std::vector<std::uint64_t> handled;
  const auto handler = [&](const Event& event, Completion<Handling> done) noexcept {
    held.add([&handled, &event, done] {
      handled.push_back(event.sequence);
      done(Handling::handled);
    });
  };
  ASSERT_THAT(subscriptions.add(memory_bus.subscribe("mail", {}, handler)), IsOk());
  for (const std::uint64_t sequence : {1, 2}) {
    ASSERT_THAT(published(memory_bus, event_of(run_no(1), sequence)), IsOk());
    ASSERT_THAT(published(memory_bus, event_of(run_no(2), sequence)), IsOk());
    executor.run_all();
  }
  EXPECT_EQ(held.size(), 2u);  // one of each run
  while (held.release_one()) executor.run_all();
  EXPECT_THAT(handled, ElementsAre(1, 1, 2, 2));
  EXPECT_EQ(memory_bus.counts().pending, 0u);
}

TEST_F(EventDoors, ABusMayEndBeforeAHandlerAnswers) {
  std::optional<MemoryBus> memory_bus(std::in_place, environment);
  const auto handler = [&](const Event&, Completion<Handling> done) noexcept {
    held.add([done] { done(Handling::handled); });
  };
  ASSERT_THAT(subscriptions.add(memory_bus->subscribe("mail", {}, handler)), IsOk());
  ASSERT_THAT(published(*memory_bus, event_of(run_no(1), 1)), IsOk());
  ASSERT_THAT(published(*memory_bus, event_of(run_no(1), 2)), IsOk());
  executor.run_all();
  memory_bus.reset();
  held.release_all();
  EXPECT_EQ(executor.waiting(), 0u);
}

TEST_F(EventDoors, TheWholeWayOverErasedPartsThatAnswerLate) {
  MemoryBus memory_bus(environment);
  AnyBus any_bus(memory_bus);
  AnyClaims any_claims(claims);
  AnyOutbox any_outbox(outbox);
  Inbox inbox(any_claims, "mail");
  std::vector<std::uint64_t> acted;
  const auto act = [&](const Event& event) -> result<void> {
    acted.push_back(event.sequence);
    return success();
  };
  ASSERT_THAT(subscriptions.add(any_bus.subscribe("mail", {}, inbox.handler(act))), IsOk());
  for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) put(1, sequence);
  Relay relay(any_outbox, any_bus, environment);
  ASSERT_THAT(relay.start(), IsOk());
  executor.run_all();
  while (held.release_one()) executor.run_all();
  EXPECT_THAT(acted, IsCountedFrom1To(5));
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_EQ(inbox.counts().handled, 5u);
}

}  // namespace
}  // namespace invsaga::testing
