// SPDX-License-Identifier: Apache-2.0
#include <invsaga/forwarding.hpp>
#include <invsaga/inbox.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <invsaga/any_backend.hpp>
#include <invsaga/memory.hpp>
#include <invsaga/memory_bus.hpp>
#include <invsaga/reference/claim_table.hpp>
#include <invsaga/testing/events.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/simulation.hpp>

namespace invsaga::testing {
namespace {

using ::testing::ElementsAre;

constexpr Time start = time_from_ms(1'000'000'000);

/// A table of claims that fails on demand.
class Claims final : public Forwarding<Claims, ClaimTable> {
 public:
  Claims() : Forwarding(table) { table.advance_to(start); }

  result<ClaimAnswer> claim(const Claim& claim) {
    ++claims;
    return table.claim(claim);
  }
  result<void> confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer) {
    if (lose_confirms > 0 && lose_confirms-- > 0) {
      if (confirms_take_effect) (void)table.confirm_claim(key, epoch, answer);
      return Error{confirms_take_effect ? Errc::reply_lost : Errc::unavailable};
    }
    return table.confirm_claim(key, epoch, answer);
  }
  void pass(Duration time) { table.advance_to(table.now() + time); }

  ClaimTable table;
  int claims = 0;
  int lose_confirms = 0;
  bool confirms_take_effect = false;
};
static_assert(IdempotencyStore<Claims>);

class InboxTest : public ::testing::Test {
 protected:
  Inbox& inbox() {
    if (!inbox_) inbox_ = std::make_unique<Inbox>(claims, "mail", options);
    return *inbox_;
  }
  /// The process ends, and starts again over the same store.
  void restart() { inbox_.reset(); }

  static Event event(std::uint64_t sequence, std::uint64_t run = 1) {
    Event made = event_of(run_no(run), sequence);
    made.time = start;
    return made;
  }
  result<Handling> handle(const Event& event, Inbox& by) {
    return by.handle(event, [this](const Event& acted_on) -> result<void> {
      if (fails) return *fails;
      effects.push_back(acted_on.sequence);
      return success();
    });
  }
  result<Handling> handle(const Event& event) { return handle(event, inbox()); }

  Claims claims;
  InboxOptions options;
  std::optional<Error> fails;
  std::vector<std::uint64_t> effects;

 private:
  std::unique_ptr<Inbox> inbox_;
};

TEST_F(InboxTest, ActsOnAnEventOnceHoweverOftenItComes) {
  EXPECT_THAT(handle(event(1)), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(handle(event(1)), IsOkAndHolds(Handling::duplicate));
  EXPECT_THAT(handle(event(2)), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(handle(event(1)), IsOkAndHolds(Handling::duplicate));
  EXPECT_THAT(effects, ElementsAre(1, 2));
  EXPECT_EQ(inbox().counts().handled, 2u);
  EXPECT_EQ(inbox().counts().duplicate, 2u);
}

TEST_F(InboxTest, RemembersWhatWasHandledAcrossARestart) {
  EXPECT_THAT(handle(event(1)), IsOkAndHolds(Handling::handled));
  restart();
  EXPECT_THAT(handle(event(1)), IsOkAndHolds(Handling::duplicate));
  EXPECT_THAT(handle(event(2)), IsOkAndHolds(Handling::handled));
}

TEST_F(InboxTest, ConsumersOfOtherNamesActOnTheirOwn) {
  Inbox other(claims, "stock", options);
  EXPECT_THAT(handle(event(1)), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(handle(event(1), other), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(effects, ElementsAre(1, 1));
}

// E4. What others got wrong: marked before the work, so that a failure loses the message.
TEST_F(InboxTest, AFailingEffectGivesTheRightBackAndTheNextDeliveryActs) {
  fails = Error{Errc::unavailable, {}, {}, 7};
  EXPECT_EQ(handle(event(1)).assume_error(), (Error{Errc::unavailable, {}, {}, 7}));
  EXPECT_THAT(handle(event(1)), ErrorIs(Errc::unavailable)) << "at once, not after the lease";
  fails.reset();
  EXPECT_THAT(handle(event(1)), IsOkAndHolds(Handling::handled));
  EXPECT_EQ(inbox().counts().failed, 2u);
}

TEST_F(InboxTest, AnEffectThatThrowsGivesTheRightBackAndGoesOnThrowing) {
  const auto throws = [](const Event&) -> result<void> { throw std::runtime_error("effect"); };
  EXPECT_THROW((void)inbox().handle(event(1), throws), std::runtime_error);
  EXPECT_THAT(handle(event(1)), IsOkAndHolds(Handling::handled));
}

TEST_F(InboxTest, IsBusyWhileAnotherOfItsNameActs) {
  Inbox other(claims, "mail", options);
  const auto entry = inbox().open(event(1));
  ASSERT_THAT(entry, IsOk());
  EXPECT_THAT(handle(event(1), other), ErrorIs(Errc::busy));
  EXPECT_THAT(inbox().confirm_claim(event(1), entry.assume_value()),
              IsOkAndHolds(Handling::handled));
  EXPECT_THAT(handle(event(1), other), IsOkAndHolds(Handling::duplicate));
  EXPECT_TRUE(effects.empty());
  EXPECT_EQ(other.counts().busy, 1u);
}

// E7. The process dies between effect and confirmation: the lease lapses, and it is done again.
TEST_F(InboxTest, AfterACrashBetweenEffectAndConfirmationItActsAgainWhenTheLeaseHasLapsed) {
  ASSERT_THAT(inbox().open(event(1)), IsOk());
  effects.push_back(1);
  restart();
  EXPECT_THAT(handle(event(1)), ErrorIs(Errc::busy));
  claims.pass(options.lease);
  EXPECT_THAT(handle(event(1)), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(effects, ElementsAre(1, 1)) << "so effects are idempotent by the event's id ...";
}

TEST_F(InboxTest, AnEffectThatConfirmsItsOwnClaimIsDoneOnceAlsoThroughACrash) {
  const auto entry = inbox().open(event(1));
  ASSERT_THAT(entry, IsOk());
  const InboxClaim claim = entry.assume_value().claim;
  // ... or one append with the confirmation: a run that ends confirms its request with its output.
  effects.push_back(1);
  ASSERT_THAT(claims.confirm_claim(claim.key, claim.epoch, as_bytes("output")), IsOk());
  restart();
  EXPECT_THAT(handle(event(1)), IsOkAndHolds(Handling::duplicate));
  EXPECT_THAT(effects, ElementsAre(1));
}

TEST_F(InboxTest, TakesAClaimThatTheEffectConfirmedForHandled) {
  const auto confirms = [this](const Event&, const InboxClaim& claim) -> result<void> {
    return claims.confirm_claim(claim.key, claim.epoch, as_bytes("output"));
  };
  EXPECT_THAT(inbox().handle(event(1), confirms), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(handle(event(1)), IsOkAndHolds(Handling::duplicate));
  ASSERT_THAT(inbox().open(event(2)), IsOk());
  EXPECT_EQ(inbox().confirmed(event(2)), Handling::handled);
}

TEST_F(InboxTest, AConfirmationThatFailedIsMadeUpForWithoutTheEffect) {
  for (const bool took_effect : {false, true}) {
    effects.clear();
    claims.confirms_take_effect = took_effect;
    claims.lose_confirms = 2;
    const Event once = event(took_effect ? 2 : 1);
    EXPECT_EQ(handle(once).assume_error().remedy(),
              took_effect ? Remedy::ask_again : Remedy::retry);
    EXPECT_FALSE(handle(once).has_value());
    EXPECT_THAT(handle(once), IsOkAndHolds(Handling::handled));
    EXPECT_THAT(handle(once), IsOkAndHolds(Handling::duplicate));
    EXPECT_EQ(effects.size(), 1u);
  }
  EXPECT_EQ(inbox().counts().unconfirmed, 2u);
  EXPECT_EQ(inbox().counts().handled, 2u);
}

TEST_F(InboxTest, AnEffectThatIsNotConfirmedIsNotForgottenForOtherRuns) {
  options.max_runs = 2;
  claims.lose_confirms = 1;
  EXPECT_THAT(handle(event(1)), ErrorIs(Errc::unavailable));
  for (std::uint64_t run = 2; run <= 9; ++run) {
    EXPECT_THAT(handle(event(1, run)), IsOkAndHolds(Handling::handled));
  }
  claims.pass(options.lease + Duration{1});
  EXPECT_THAT(handle(event(1, 10)), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(handle(event(1)), IsOkAndHolds(Handling::handled));
  EXPECT_EQ(effects.size(), 10u) << "once each";
}

TEST_F(InboxTest, WhileNoRunMayBeForgottenOthersWait) {
  options.max_runs = 2;
  claims.lose_confirms = 2;
  for (const std::uint64_t run : {1, 2}) {
    EXPECT_THAT(handle(event(1, run)), ErrorIs(Errc::unavailable));
  }
  EXPECT_THAT(handle(event(1, 3)), ErrorIs(Errc::resource_exhausted, Limit::runs));
  EXPECT_EQ(effects.size(), 2u) << "not acted on";
  EXPECT_THAT(handle(event(1, 2)), IsOkAndHolds(Handling::handled));
  for (std::uint64_t run = 3; run <= 9; ++run) {
    EXPECT_THAT(handle(event(1, run)), IsOkAndHolds(Handling::handled));
  }
  claims.pass(options.lease + Duration{1});
  EXPECT_THAT(handle(event(1, 1)), IsOkAndHolds(Handling::handled));
  EXPECT_EQ(effects.size(), 9u) << "once each";
}

TEST_F(InboxTest, SeveralEffectsOfARunThatAreNotConfirmedAreEachDoneOnce) {
  claims.lose_confirms = 3;
  for (const std::uint64_t sequence : {1, 2, 3}) {
    EXPECT_THAT(handle(event(sequence)), ErrorIs(Errc::unavailable));
  }
  EXPECT_EQ(inbox().counts().unconfirmed, 3u);
  claims.pass(options.lease + Duration{1});
  for (const std::uint64_t sequence : {3, 1, 2}) {
    EXPECT_THAT(handle(event(sequence)), IsOkAndHolds(Handling::handled));
    EXPECT_THAT(handle(event(sequence)), IsOkAndHolds(Handling::duplicate));
  }
  EXPECT_THAT(effects, ElementsAre(1, 2, 3));
}

TEST_F(InboxTest, WhatIsNeverConfirmedTakesItsPlaceUntilTheEndOfItsWindowAndNoLonger) {
  options.max_runs = 2;
  claims.lose_confirms = 2;
  for (const std::uint64_t run : {1, 2}) {
    EXPECT_THAT(handle(event(1, run)), ErrorIs(Errc::unavailable));
  }
  claims.pass(options.window - Duration{1});
  Event later = event(1, 3);
  later.time = claims.now();
  EXPECT_THAT(handle(later), ErrorIs(Errc::resource_exhausted, Limit::runs));
  claims.pass(Duration{1});
  EXPECT_THAT(handle(later), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(handle(event(1, 1)), ErrorIs(Errc::too_late)) << "and it is not done again";
  EXPECT_EQ(effects.size(), 3u);
}

TEST_F(InboxTest, WhatAnotherDidAfterItsLeaseIsNotConfirmedForEver) {
  claims.lose_confirms = 1;
  EXPECT_THAT(handle(event(1)), ErrorIs(Errc::unavailable));
  claims.pass(options.lease);
  Inbox other(claims, "mail", options);
  const auto entry = other.open(event(1));
  ASSERT_THAT(entry, IsOk());
  EXPECT_THAT(handle(event(1)), ErrorIs(Errc::busy));
  EXPECT_THAT(other.confirm_claim(event(1), entry.assume_value()), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(handle(event(1)), IsOkAndHolds(Handling::duplicate));
  EXPECT_THAT(effects, ElementsAre(1));
}

TEST_F(InboxTest, WhatAnotherGaveBackIsConfirmedByWhoDidIt) {
  for (const bool is_known : {true, false}) {  // that its confirmation had failed
    const Event once = event(1, is_known ? 1 : 2);
    effects.clear();
    const auto entry = inbox().open(once);
    ASSERT_THAT(entry, IsOk());
    effects.push_back(1);
    claims.lose_confirms = is_known ? 1 : 0;
    if (is_known) {
      EXPECT_FALSE(inbox().confirm_claim(once, entry.assume_value()).has_value());
    }
    claims.pass(options.lease);
    Inbox other(claims, "mail", options);
    const auto taken = other.open(once);
    ASSERT_THAT(taken, IsOk());
    other.abandon(taken.assume_value());
    if (!is_known) {
      EXPECT_THAT(inbox().confirm_claim(once, entry.assume_value()), ErrorIs(Errc::busy));
    }
    EXPECT_THAT(handle(once), IsOkAndHolds(Handling::handled));
    restart();
    EXPECT_THAT(handle(once), IsOkAndHolds(Handling::duplicate)) << "the store knows it";
    EXPECT_THAT(effects, ElementsAre(1));
  }
}

TEST_F(InboxTest, ASuccessorThatAsksForOneThatIsNotConfirmedTakesNothingFromIt) {
  options.order = InboxOrder::consecutive;
  claims.lose_confirms = 1;
  EXPECT_THAT(handle(event(1)), ErrorIs(Errc::unavailable));
  claims.pass(options.lease);
  EXPECT_THAT(handle(event(2)), IsOkAndHolds(Handling::parked));
  EXPECT_THAT(handle(event(1)), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(handle(event(2)), IsOkAndHolds(Handling::handled));
  restart();
  EXPECT_THAT(handle(event(1)), IsOkAndHolds(Handling::duplicate));
  EXPECT_THAT(effects, ElementsAre(1, 2));
}

TEST_F(InboxTest, WhoLostItsLeaseIsToldAndDoesNotConfirm) {
  const auto entry = inbox().open(event(1));
  ASSERT_THAT(entry, IsOk());
  claims.pass(options.lease);
  Inbox other(claims, "mail", options);
  ASSERT_THAT(other.open(event(1)), IsOk());
  EXPECT_THAT(inbox().confirm_claim(event(1), entry.assume_value()), ErrorIs(Errc::busy));
  EXPECT_THAT(inbox().extend_claim(entry.assume_value()), ErrorIs(Errc::busy));
  EXPECT_EQ(inbox().counts().handled, 0u);
}

TEST_F(InboxTest, WhoLostItsLeaseTakesTheOthersWordForIt) {
  const auto entry = inbox().open(event(1));
  ASSERT_THAT(entry, IsOk());
  claims.pass(options.lease);
  Inbox other(claims, "mail", options);
  ASSERT_THAT(handle(event(1), other), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(inbox().confirm_claim(event(1), entry.assume_value()), ErrorIs(Errc::busy));
  EXPECT_THAT(handle(event(1)), IsOkAndHolds(Handling::duplicate));
}

TEST_F(InboxTest, ASlowEffectKeepsItsLeaseByExtendingIt) {
  const auto entry = inbox().open(event(1));
  ASSERT_THAT(entry, IsOk());
  for (int i = 0; i < 5; ++i) {
    claims.pass(options.lease - Duration{1});
    ASSERT_THAT(inbox().extend_claim(entry.assume_value()), IsOk());
  }
  Inbox other(claims, "mail", options);
  EXPECT_THAT(handle(event(1), other), ErrorIs(Errc::busy));
  EXPECT_THAT(inbox().confirm_claim(event(1), entry.assume_value()),
              IsOkAndHolds(Handling::handled));
}

TEST_F(InboxTest, NeverActsOnAnEventPastItsWindow) {
  EXPECT_THAT(handle(event(2)), IsOkAndHolds(Handling::handled));
  claims.pass(options.window);
  EXPECT_THAT(handle(event(3)), ErrorIs(Errc::too_late));
  EXPECT_THAT(handle(event(2)), IsOkAndHolds(Handling::duplicate)) << "known to be handled";
  EXPECT_EQ(effects.size(), 1u);
  EXPECT_EQ(inbox().counts().expired, 1u);
}

TEST_F(InboxTest, PastItsWindowAnEventIsADuplicateOnlyIfItIsKnownToHaveBeenActedOn) {
  for (const std::uint64_t sequence : {1, 3}) ASSERT_THAT(handle(event(sequence)), IsOk());
  claims.pass(options.window * 2);
  EXPECT_THAT(handle(event(2)), ErrorIs(Errc::too_late)) << "never acted on";
  EXPECT_THAT(handle(event(3)), IsOkAndHolds(Handling::duplicate));
  EXPECT_EQ(inbox().counts().expired, 1u);
}

TEST_F(InboxTest, AnEventOfTheFutureWaitsAndTakesNoRoomUntilItsTimeIsNear) {
  const Duration hour{3'600'000};
  Event early = event(1);
  early.time = start + hour * 24 * 365;
  EXPECT_THAT(handle(early), ErrorIs(Errc::unavailable));
  EXPECT_EQ(claims.table.size(), 0u);
  EXPECT_EQ(inbox().counts().ahead, 1u);
  claims.pass(hour * (24 * 365 - 1));
  EXPECT_THAT(handle(early), IsOkAndHolds(Handling::handled));
  claims.pass(options.window + hour - Duration{1});
  restart();
  EXPECT_THAT(handle(early), IsOkAndHolds(Handling::duplicate)) << "for as long as it is kept";
  claims.pass(Duration{1});
  restart();
  EXPECT_THAT(handle(early), ErrorIs(Errc::too_late));
  EXPECT_THAT(effects, ElementsAre(1));
}

TEST_F(InboxTest, GivesAnEventWithoutATimeTheWindowFromItsArrival) {
  claims.pass(options.window * 3);
  Event timeless = event(1);
  timeless.time = {};
  EXPECT_THAT(handle(timeless), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(handle(timeless), IsOkAndHolds(Handling::duplicate));
}

TEST_F(InboxTest, RefusesAnIdThatIsKnownAtAnotherPlace) {
  EXPECT_THAT(handle(event(1)), IsOkAndHolds(Handling::handled));
  Event other = event(2);
  other.id = event(1).id;
  EXPECT_THAT(handle(other), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(inbox().counts().mismatch, 1u);
}

TEST_F(InboxTest, RefusesAnEventThatLacksWhatItIsKnownBy) {
  Event nameless = event(1);
  nameless.id = {};
  EXPECT_THAT(handle(nameless), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(claims.claims, 0);
}

// --- Order

TEST_F(InboxTest, NeverActsOnAnEventBelowOneThatWasHandled) {
  EXPECT_THAT(handle(event(1)), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(handle(event(5)), IsOkAndHolds(Handling::handled)) << "gaps are of other types";
  EXPECT_THAT(handle(event(3)), ErrorIs(Errc::moved_on));
  EXPECT_THAT(handle(event(1)), IsOkAndHolds(Handling::duplicate)) << "a repeat is no regression";
  EXPECT_THAT(handle(event(3, 2)), IsOkAndHolds(Handling::handled)) << "another saga";
  EXPECT_THAT(effects, ElementsAre(1, 5, 3));
  EXPECT_EQ(inbox().counts().out_of_order, 1u);
}

TEST_F(InboxTest, ParksAnEventWhilePredecessorsAreMissingIfItIsSentThemAll) {
  options.order = InboxOrder::consecutive;
  EXPECT_THAT(handle(event(3)), IsOkAndHolds(Handling::parked));
  EXPECT_THAT(handle(event(2)), IsOkAndHolds(Handling::parked));
  EXPECT_THAT(handle(event(1)), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(handle(event(3)), IsOkAndHolds(Handling::parked));
  EXPECT_THAT(handle(event(2)), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(handle(event(3)), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(handle(event(2)), IsOkAndHolds(Handling::duplicate));
  EXPECT_THAT(effects, ElementsAre(1, 2, 3));
  EXPECT_EQ(inbox().counts().parked, 3u);
}

TEST_F(InboxTest, KnowsThePredecessorThatItHandledBeforeARestartOrThatAnotherHandled) {
  options.order = InboxOrder::consecutive;
  EXPECT_THAT(handle(event(1)), IsOkAndHolds(Handling::handled));
  restart();
  EXPECT_THAT(handle(event(3)), IsOkAndHolds(Handling::parked));
  EXPECT_THAT(handle(event(2)), IsOkAndHolds(Handling::handled));
  // As after a change of the number of partitions.
  Inbox other(claims, "mail", options);
  EXPECT_THAT(handle(event(4), other), IsOkAndHolds(Handling::parked));
  EXPECT_THAT(handle(event(3), other), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(handle(event(4)), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(handle(event(3)), IsOkAndHolds(Handling::duplicate));
}

TEST_F(InboxTest, WaitsForAPredecessorThatIsUnderWayElsewhere) {
  options.order = InboxOrder::consecutive;
  Inbox other(claims, "mail", options);
  const auto entry = other.open(event(1));
  ASSERT_THAT(entry, IsOk());
  EXPECT_THAT(handle(event(2)), ErrorIs(Errc::busy)) << "a bus gives up what is parked in the end";
  EXPECT_THAT(handle(event(3)), IsOkAndHolds(Handling::parked));
  EXPECT_THAT(other.confirm_claim(event(1), entry.assume_value()), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(handle(event(2)), IsOkAndHolds(Handling::handled));
}

TEST_F(InboxTest, ForgetsTheOldestRunsAndStillActsOnceOnTheirEvents) {
  options.max_runs = 2;
  for (const InboxOrder order : {InboxOrder::ascending, InboxOrder::consecutive}) {
    options.order = order;
    restart();
    effects.clear();
    const std::uint64_t first = order == InboxOrder::ascending ? 10 : 20;
    for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
      for (std::uint64_t run = first; run < first + 5; ++run) {
        EXPECT_THAT(handle(event(sequence, run)), IsOkAndHolds(Handling::handled));
        EXPECT_THAT(handle(event(sequence, run)), IsOkAndHolds(Handling::duplicate));
      }
    }
    EXPECT_THAT(handle(event(1, first)), IsOkAndHolds(Handling::duplicate));
    EXPECT_EQ(effects.size(), 15u);
  }
}

// --- Bounds

TEST_F(InboxTest, SaysAtStartUpWhetherTheStoreHasRoomForTheLoad) {
  MemoryBackend<> backend;
  AnyBackend any(backend);
  EXPECT_THAT(Inbox(backend, "mail").ready(), IsOk()) << "the defaults fit each other";
  EXPECT_THAT(Inbox(any, "mail").ready(), IsOk());
  options.window = Duration{9'000};
  options.events_per_second = 10;
  ClaimTable enough({.events = 100}), too_small({.events = 99});
  EXPECT_THAT(Inbox(enough, "mail", options).ready(), IsOk());
  EXPECT_EQ(Inbox(too_small, "mail", options).ready().error(),
            over_limit(Limit::requests, 100, 99));
  options.events_per_second = 1'000;
  options.window = Duration{8LL * 24 * 3600 * 1000};
  EXPECT_THAT(Inbox(any, "mail", options).ready(), ErrorIs(Errc::limit_exceeded, Limit::requests));
}

// An inbox that is full makes its events wait, and touches nobody else's claims.
TEST_F(InboxTest, AFullStoreKeepsEventsWaitingUntilThereIsRoomAndBuriesNone) {
  ManualClock clock(start);
  SimulatedExecutor executor(clock);
  ClaimTable store({.events = 2});
  store.advance_to(start);
  options.window = Duration{3'600'000};  // far longer than a bus tries what has failed
  Inbox inbox(store, "mail", options);
  MemoryBus bus({clock, executor});
  Recipient acted;
  const auto effect = [&](const Event& event) -> result<void> {
    INVSAGA_CHECK(acted.take(event));
    return success();
  };
  Subscriptions subscriptions;
  ASSERT_THAT(subscriptions.add(bus.subscribe("mail", {}, inbox.handler(effect))), IsOk());
  for (std::uint64_t run = 1; run <= 8; ++run) {
    ASSERT_THAT(published(bus, event_of(run_no(run), 1)), IsOk());
  }
  executor.run_until(start);
  EXPECT_EQ(acted.delivered().size(), 2u);
  const Claim request{{1, 1}, {}, start + Duration{1}, start + Duration{1}};
  EXPECT_THAT(store.claim(request), IsOk()) << "requests have room";
  while (executor.step()) store.advance_to(clock.now());
  EXPECT_EQ(acted.delivered().size(), 8u);
  EXPECT_EQ(bus.counts().dead, 0u);
  EXPECT_EQ(bus.counts().handled, 8u);
}

TEST_F(InboxTest, AnEffectThatThrowsBehindABusHasFailedAndItsTextIsKept) {
  for (const int when : {1, 3, 5, 0}) {
    SCOPED_TRACE(when);
    ManualClock clock(start);
    SimulatedExecutor executor(clock);
    ClaimTable store;
    store.advance_to(start);
    Inbox inbox(store, "mail", options);
    MemoryBus bus({clock, executor});
    int calls = 0;
    const auto effect = [&](const Event&) -> result<void> {
      if (++calls == when || when == 0) throw std::runtime_error("no stamps");
      return success();
    };
    Subscriptions subscriptions;
    ASSERT_THAT(subscriptions.add(bus.subscribe("mail", {}, inbox.handler(effect))), IsOk());
    for (std::uint64_t run = 1; run <= 5; ++run) {
      ASSERT_THAT(published(bus, event_of(run_no(run), 1)), IsOk());
    }
    executor.run_all();
    EXPECT_EQ(bus.counts().handled, when == 0 ? 0u : 5u);
    EXPECT_EQ(bus.counts().dead, when == 0 ? 5u : 0u);
    EXPECT_EQ(inbox.thrown().count, when == 0 ? 50u : 1u);
    EXPECT_EQ(inbox.counts().failed, inbox.thrown().count);
    EXPECT_EQ(inbox.thrown().last, "an effect: no stamps");
  }
}

/// Claims of plain functions, which throw.
struct ClaimsThatThrow {
  [[nodiscard]] Time now() const noexcept { return start; }
  result<ClaimAnswer> claim(const Claim&) { throw std::runtime_error("claims"); }
  result<void> extend_claim(RequestKey, std::uint64_t, Time) { throw 1; }
  result<void> confirm_claim(RequestKey, std::uint64_t, Bytes) { throw 1; }
  result<void> release_claim(RequestKey, std::uint64_t) { throw 1; }
};

TEST_F(InboxTest, AStoreThatThrowsHasLostItsReply) {
  ClaimsThatThrow store;
  Inbox inbox(store, "mail", options);
  EXPECT_THAT(inbox.open(event(1)), ErrorIs(Errc::reply_lost));
  EXPECT_THAT(inbox.extend_claim({std::nullopt, {{1, 1}, 1}}), ErrorIs(Errc::reply_lost));
  inbox.abandon({std::nullopt, {{1, 1}, 1}});
}

}  // namespace
}  // namespace invsaga::testing
