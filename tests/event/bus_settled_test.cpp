// SPDX-License-Identifier: Apache-2.0
//
// When the memory bus answers who published: once every consumer that is owed the event has handled
// it; and who is owed what, with a subscription, without one, and after it has left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <invsaga/any_bus.hpp>
#include <invsaga/inbox.hpp>
#include <invsaga/memory_bus.hpp>
#include <invsaga/reference/claim_table.hpp>
#include <invsaga/testing/events.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/simulation.hpp>

namespace invsaga::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Time start = time_from_ms(1'000'000);

MATCHER(IsSettled, "is settled") { return arg.answer() && arg.answer()->has_value(); }
MATCHER(IsUnderWay, "is not answered") { return !arg.answer(); }
MATCHER_P(IsRefusedWith, code, "is refused") {
  return arg.answer() && !arg.answer()->has_value() && arg.answer()->error().code == code;
}

class BusSettles : public ::testing::Test {
 protected:
  MemoryBus& bus() {
    if (!bus_) bus_.emplace(Environment{clock, executor}, options);
    return *bus_;
  }
  void end_bus() { bus_.reset(); }
  Publishing publish(std::uint64_t run, std::uint64_t sequence) {
    return Publishing(bus(), event_of(run_no(run), sequence));
  }
  Subscription subscribe(const std::string& name, Recipient& recipient) {
    return bus().subscribe(name, {}, recipient.handler()).value();
  }
  BusConsumer at(std::size_t i) { return bus().consumers().at(i); }
  void run_now() { executor.run_until(clock.now()); }

  ManualClock clock{start};
  SimulatedExecutor executor{clock};
  MemoryBusOptions options;
  result<Handling> answer = Handling::handled;
  Recipient good, moody{[this](const Event&, int) { return answer; }};

 private:
  std::optional<MemoryBus> bus_;
};

TEST_F(BusSettles, AnEventWhenTheLastConsumerHasHandledIt) {
  const Subscription first = subscribe("good", good), second = subscribe("moody", moody);
  answer = Error{Errc::unavailable};
  const Publishing one = publish(1, 1);
  EXPECT_THAT(one, IsUnderWay());
  run_now();
  EXPECT_EQ(good.delivered().size(), 1u);
  EXPECT_THAT(one, IsUnderWay()) << "the other is asked again";
  answer = Handling::duplicate;
  executor.run_all();
  EXPECT_THAT(one, IsSettled());
  EXPECT_EQ(bus().counts().settled, 1u);
}

TEST_F(BusSettles, WithinTheCallWhatNobodyIsOwed) {
  EXPECT_THAT(publish(1, 1), IsSettled());
  EXPECT_THAT(Publishing(bus(), std::span<const Event>{}), IsSettled());
}

TEST_F(BusSettles, SeveralEventsWhenTheLastOfThemIsHandled) {
  const Subscription first = subscribe("moody", moody);
  const std::array events{event_of(run_no(1), 1), event_of(run_no(2), 1)};
  answer = Error{Errc::unavailable};
  const Publishing both(bus(), events);
  run_now();
  EXPECT_THAT(both, IsUnderWay());
  answer = Handling::handled;
  executor.run_all();
  EXPECT_THAT(both, IsSettled());
}

TEST_F(BusSettles, NoneOfSeveralIfOneIsNone) {
  const Subscription first = subscribe("good", good);
  const std::array events{event_of(run_no(1), 1), Event{}};
  EXPECT_THAT(Publishing(bus(), events), IsRefusedWith(Errc::invalid_argument));
  run_now();
  EXPECT_THAT(good.delivered(), IsEmpty());
}

TEST_F(BusSettles, OfSeveralThatThereIsNoRoomForTheFirstAreTakenAndTheSameAgainBringsAll) {
  options.max_owed = 3;
  const Subscription first = subscribe("good", good);
  const Publishing before = publish(4, 1);
  const std::array events{event_of(run_no(1), 1), event_of(run_no(2), 1), event_of(run_no(3), 1)};
  const Publishing refused(bus(), events);
  EXPECT_THAT(refused, IsRefusedWith(Errc::resource_exhausted));
  run_now();
  EXPECT_THAT(good.sequences_of(run_no(2)), ElementsAre(1));
  EXPECT_THAT(good.sequences_of(run_no(3)), IsEmpty());
  const Publishing again(bus(), events);
  run_now();
  EXPECT_THAT(again, IsSettled());
  EXPECT_THAT(good.sequences_of(run_no(3)), ElementsAre(1));
  const std::array more{events[0], events[1], events[2], event_of(run_no(5), 1)};
  EXPECT_THAT(Publishing(bus(), more), IsRefusedWith(Errc::limit_exceeded)) << "it never fits";
}

TEST_F(BusSettles, NeitherWhatIsDeadNorWhatIsParkedBehindItAndTellsAtItsEnd) {
  const Subscription first = subscribe("good", good), second = subscribe("moody", moody);
  answer = Handling::dead;
  const Publishing dead = publish(1, 1), parked = publish(1, 2);
  run_now();
  EXPECT_THAT(good.sequences_of(run_no(1)), IsCountedFrom1To(2));
  EXPECT_THAT(dead, IsUnderWay());
  EXPECT_THAT(parked, IsUnderWay());
  end_bus();
  EXPECT_THAT(dead, IsRefusedWith(Errc::reply_lost));
  EXPECT_THAT(parked, IsRefusedWith(Errc::reply_lost));
}

TEST_F(BusSettles, ARepeatWithTheFirstAndManyOfThemAreRefused) {
  const Subscription first = subscribe("moody", moody);
  answer = Error{Errc::busy};
  std::vector<Publishing> all;
  for (int i = 0; i < 16; ++i) all.push_back(publish(1, 1));
  EXPECT_THAT(publish(1, 1), IsRefusedWith(Errc::resource_exhausted));
  run_now();
  EXPECT_THAT(all, ::testing::Each(IsUnderWay()));
  answer = Handling::handled;
  executor.run_all();
  EXPECT_THAT(all, ::testing::Each(IsSettled()));
  EXPECT_EQ(moody.delivered().size(), 2u);
}

TEST_F(BusSettles, NothingThatIsDeliveredOnceMoreByAFaultIsToldTwice) {
  struct Again final : DeliveryHook {
    DeliveryTiming timing(const Event&, std::string_view) override { return {.again = 2}; }
  } again;
  options.delivery_hook = &again;
  const Subscription first = subscribe("good", good);
  const Publishing one = publish(1, 1);
  executor.run_all();
  EXPECT_EQ(good.delivered().size(), 3u);
  EXPECT_THAT(one, IsSettled());
  EXPECT_EQ(bus().counts().settled, 1u);
}

// --- subscriptions

TEST_F(BusSettles, WhatIsOwedWithoutASubscriptionWhenTheNextOneHasHandledIt) {
  Subscription first = subscribe("a", good);
  const Publishing on_its_way = publish(1, 1);
  first.end();
  const Publishing later = publish(1, 2), of_another = publish(2, 1);
  executor.run_all();
  EXPECT_THAT(good.delivered(), IsEmpty());
  EXPECT_FALSE(at(0).subscribed);
  for (const Publishing* one : {&on_its_way, &later, &of_another}) EXPECT_THAT(*one, IsUnderWay());
  EXPECT_EQ(at(0).waiting, 3u);
  EXPECT_EQ(at(0).on_their_way, 0u);
  const Subscription second = subscribe("a", moody);
  EXPECT_EQ(at(0).on_their_way, 3u);
  run_now();
  EXPECT_THAT(moody.sequences_of(run_no(1)), IsCountedFrom1To(2));
  for (const Publishing* one : {&on_its_way, &later, &of_another}) EXPECT_THAT(*one, IsSettled());
  EXPECT_EQ(bus().counts().pending, 0u);
}

TEST_F(BusSettles, ASubscriptionThatIsNewTakesTheTypesThatItNames) {
  const std::array<std::string_view, 1> types{"B"};
  Subscription first = subscribe("a", good);
  first.end();
  const Publishing owed = publish(1, 1);
  const Subscription second = bus().subscribe("a", types, moody.handler()).value();
  EXPECT_THAT(publish(2, 1), IsSettled()) << "not owed any more";
  run_now();
  EXPECT_THAT(owed, IsSettled()) << "owed by the first";
  EXPECT_EQ(moody.delivered().size(), 1u);
}

TEST_F(BusSettles, WhatADeadRunIsOwedStaysDeadForTheNextSubscription) {
  answer = Handling::dead;
  Subscription first = subscribe("a", moody);
  const Publishing dead = publish(1, 1);
  run_now();
  first.end();
  const Subscription second = subscribe("a", good);
  executor.run_all();
  EXPECT_THAT(dead, IsUnderWay());
  EXPECT_EQ(at(0).dead_runs, 1u);
  EXPECT_EQ(at(0).waiting, 1u);
}

TEST_F(BusSettles, WhoHasNoSubscriptionIsShutOutAtItsBoundAndHoldsBackNobody) {
  options.max_owed = 10;
  Subscription first = subscribe("a", moody);
  const Subscription other = subscribe("b", good);
  first.end();
  clock.advance(options.patience);
  std::vector<Publishing> all;
  for (std::uint64_t run = 1; run <= 15; ++run) {
    all.push_back(publish(run, 1));
    run_now();
  }
  EXPECT_EQ(good.delivered().size(), 15u);
  EXPECT_TRUE(at(0).shut_out);
  EXPECT_EQ(at(0).left_out, 5u);
  EXPECT_THAT(all[9], IsUnderWay());
  EXPECT_THAT(all[10], IsSettled()) << "not owed to it";
  first = subscribe("a", moody);
  EXPECT_FALSE(at(0).shut_out);
  executor.run_all();
  EXPECT_EQ(moody.delivered().size(), 10u);
  EXPECT_THAT(all[9], IsSettled());
}

TEST_F(BusSettles, WhoSubscribesAnewSoonMissesNothingHoweverFullItIs) {
  options.max_owed = options.max_pending_per_run = 3;
  Subscription first = subscribe("a", good);
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) publish(1, sequence);
  first.end();
  EXPECT_EQ(at(0).waiting, 3u);
  EXPECT_THAT(publish(1, 4), IsRefusedWith(Errc::resource_exhausted));
  EXPECT_THAT(publish(2, 1), IsRefusedWith(Errc::resource_exhausted));
  first = subscribe("a", good);
  run_now();
  const Publishing fourth = publish(1, 4);
  run_now();
  EXPECT_THAT(fourth, IsSettled());
  EXPECT_THAT(good.sequences_of(run_no(1)), IsCountedFrom1To(4));
  EXPECT_EQ(at(0).cut_runs + at(0).left_out, 0u);
}

// A burst that its handler answers a while later.
TEST_F(BusSettles, AConsumerThatAnswersLaterIsNotShutOutByABurst) {
  options.max_owed = 100;
  std::vector<Completion<Handling>> kept;
  const auto later = [&](const Event&, Completion<Handling> done) noexcept {
    kept.push_back(done);
  };
  const Subscription first = bus().subscribe("a", {}, later).value();
  std::uint64_t taken = 0;
  while (taken < 1'000) {
    const Publishing one = publish(taken + 1, 1);
    if (one.taken().has_value()) {
      ++taken;
      continue;
    }
    EXPECT_THAT(one, IsRefusedWith(Errc::resource_exhausted));
    run_now();
    clock.advance(options.patience / 2);
    for (const Completion<Handling>& done : std::exchange(kept, {})) done(Handling::handled);
  }
  EXPECT_EQ(at(0).left_out, 0u);
  EXPECT_FALSE(at(0).shut_out);
}

TEST_F(BusSettles, CallsThatWereAnsweredTakeNoPlaceOfThoseThatWait) {
  options.max_pending_per_run = 1;
  const Subscription first = subscribe("moody", moody);
  answer = Handling::parked;
  const std::array events{event_of(run_no(1), 1), event_of(run_no(1), 2)};
  for (int i = 0; i < 40; ++i) {
    EXPECT_THAT(Publishing(bus(), events), IsRefusedWith(Errc::resource_exhausted));
  }
  EXPECT_THAT(publish(1, 1), IsUnderWay());
}

TEST_F(BusSettles, WhoLeavesIsOwedNothingAlsoOfWhatItsHandlerHas) {
  std::optional<Completion<Handling>> kept;
  const Event* lent = nullptr;
  const auto keeps = [&](const Event& event, Completion<Handling> done) noexcept {
    lent = &event;
    kept = done;
  };
  const Subscription first = bus().subscribe("a", {}, keeps).value();
  const Publishing in_hand = publish(1, 1), behind = publish(1, 2), other = publish(2, 1);
  ASSERT_TRUE(executor.step());
  ASSERT_TRUE(kept.has_value());
  ASSERT_THAT(bus().leave("a"), IsOk());
  for (const Publishing* one : {&in_hand, &behind, &other}) EXPECT_THAT(*one, IsSettled());
  EXPECT_EQ(bus().counts().pending, 0u);
  EXPECT_THAT(bus().consumers(), IsEmpty());
  EXPECT_EQ(lent->sequence, 1u) << "lent until the answer";
  (*kept)(Handling::handled);
  executor.run_all();
  EXPECT_EQ(bus().counts().handled, 0u);
  EXPECT_THAT(bus().leave("a"), ErrorIs(Errc::not_found));
  const Subscription second = subscribe("a", good);  // as one that never was here
  const Publishing later = publish(1, 3);
  run_now();
  EXPECT_THAT(later, IsSettled());
}

TEST_F(BusSettles, AHandlerThatEndsItsOwnSubscriptionIsNotWaitedForAndItsAnswerCounts) {
  Subscription own;
  const auto once = [&](const Event&) -> result<Handling> {
    own.end();
    return Handling::handled;
  };
  own = bus().subscribe("a", {}, once).value();
  const Publishing first = publish(1, 1), second = publish(1, 2);
  run_now();
  EXPECT_THAT(first, IsSettled());
  EXPECT_THAT(second, IsUnderWay());
  EXPECT_EQ(at(0).waiting, 1u);
}

TEST_F(BusSettles, WhatAHandlerThrewIsKeptWhenItsConsumerLeaves) {
  const auto throws = [](const Event&) -> result<Handling> { throw std::runtime_error("no ink"); };
  const Subscription first = bus().subscribe("a", {}, throws).value();
  publish(1, 1);
  run_now();
  ASSERT_THAT(bus().leave("a"), IsOk());
  EXPECT_EQ(bus().thrown().count, 1u);
  EXPECT_THAT(bus().thrown().last, ::testing::HasSubstr("no ink"));
}

TEST_F(BusSettles, AnAnswerThatComesAfterTheSubscriptionsEndCounts) {
  std::optional<Completion<Handling>> kept;
  const auto keeps = [&](const Event&, Completion<Handling> done) noexcept { kept = done; };
  Subscription first = bus().subscribe("a", {}, keeps).value();
  const Publishing one = publish(1, 1);
  run_now();
  first.end();
  EXPECT_THAT(one, IsUnderWay());
  (*kept)(Handling::handled);
  EXPECT_THAT(one, IsSettled());
}

// --- what ends first

TEST_F(BusSettles, ABusThatHasEndedIsUnavailableToWhoRefersToIt) {
  AnyBus any(bus());
  const Subscription first = subscribe("a", good);
  end_bus();
  EXPECT_THAT(Publishing(any, event_of(run_no(1), 1)), IsRefusedWith(Errc::unavailable));
  EXPECT_THAT(any.subscribe("b", {}, good.handler()), ErrorIs(Errc::unavailable));
  EXPECT_THAT(any.leave("a"), ErrorIs(Errc::unavailable));
  EXPECT_EQ(executor.waiting(), 0u);
}

TEST_F(BusSettles, AnInboxMayEndBeforeTheBusThatItIsSubscribedTo) {
  ClaimTable claims;
  claims.advance_to(start);
  int acted = 0;
  const auto act = [&](const Event&) -> result<void> {
    ++acted;
    return success();
  };
  std::optional<Inbox> inbox(std::in_place, claims, "mail");
  const Subscription first = bus().subscribe("mail", {}, inbox->handler(act)).value();
  inbox.reset();
  const Publishing one = publish(1, 1);
  executor.run_until(start + Duration{60'000});
  EXPECT_EQ(acted, 0);
  EXPECT_THAT(one, IsUnderWay()) << "it waits for the next";
  EXPECT_EQ(bus().counts().dead, 0u);
}

}  // namespace
}  // namespace invsaga::testing
