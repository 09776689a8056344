// SPDX-License-Identifier: Apache-2.0
#include <invsaga/testing/event_bus_conformance.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <invsaga/testing/events.hpp>
#include <invsaga/testing/matchers.hpp>

#include "suite.hpp"

namespace invsaga {
inline namespace v0 {
namespace testing {
namespace {

class EventBusConformance : public ::testing::Test {
 public:
  using Make = MakeBus;
  explicit EventBusConformance(MakeBus make) : bus_(make()) {}

 protected:
  BusUnderTest& bus() { return *bus_; }
  void settle() { bus_->settle(); }
  Publishing publish(const Event& event) { return Publishing(bus(), event); }
  void subscribe(std::string_view consumer, Recipient& recipient,
                 const std::vector<std::string_view>& types = {}) {
    ASSERT_THAT(subscriptions_.add(bus().subscribe(consumer, types, recipient.handler())), IsOk());
  }
  void end_subscriptions() { subscriptions_.end(); }
  void end_bus() { bus_.reset(); }

 private:
  std::unique_ptr<BusUnderTest> bus_;
  Subscriptions subscriptions_;
};

/// What `publish` was answered is success.
MATCHER(IsSettled, "is settled") { return arg.answer() && arg.answer()->has_value(); }

INVSAGA_SUITE(EventBusConformance)

INVSAGA_SUITE_TEST(EventBusConformance, BringsAnEventUnchangedToEveryConsumerOfItsType) {
  Recipient mail, stock;
  this->subscribe("mail", mail, {"B"});
  this->subscribe("stock", stock, {"A", "B"});
  Event event = event_of(run_no(1), 1, "B");
  event.subject = "order 17";
  event.causation = EventId{7, 8};
  event.time = time_from_ms(1'291'191'960'123);
  event.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  event.schema_version = 3;
  event.data = {std::byte{0}, std::byte{255}};
  this->publish(event);
  this->settle();
  EXPECT_THAT(mail.delivered(), ::testing::ElementsAre(event));
  EXPECT_THAT(stock.delivered(), ::testing::ElementsAre(event));
}

INVSAGA_SUITE_TEST(EventBusConformance, BringsNoOtherTypes) {
  Recipient mail;
  this->subscribe("mail", mail, {"B"});
  this->publish(event_of(run_no(1), 1, "A"));
  this->publish(event_of(run_no(1), 2, "B"));
  this->publish(event_of(run_no(1), 3, "BB"));
  this->settle();
  EXPECT_THAT(mail.sequences_of(run_no(1)), ::testing::ElementsAre(2));
}

INVSAGA_SUITE_TEST(EventBusConformance, BringsAllTypesToAConsumerThatNamesNone) {
  Recipient audit;
  this->subscribe("audit", audit);
  this->publish(event_of(run_no(1), 1, "A"));
  this->publish(event_of(run_no(1), 2, "B"));
  this->settle();
  EXPECT_THAT(audit.sequences_of(run_no(1)), ::testing::ElementsAre(1, 2));
}

INVSAGA_SUITE_TEST(EventBusConformance, AcceptsAnEventThatNobodyWants) {
  this->publish(event_of(run_no(1), 1, "A"));
  this->settle();
}

INVSAGA_SUITE_TEST(EventBusConformance, CallsNoHandlerFromWithinPublish) {
  std::mutex held;
  Recipient recipient([&](const Event&, int) -> result<Handling> {
    const std::lock_guard lock(held);
    return Handling::handled;
  });
  this->subscribe("a", recipient);
  {
    const std::lock_guard lock(held);  // A handler called from here would wait for itself.
    this->publish(event_of(run_no(1), 1));
  }
  this->settle();
  EXPECT_EQ(recipient.delivered().size(), 1u);
}

INVSAGA_SUITE_TEST(EventBusConformance, KeepsTheOrderOfEachRun) {
  Recipient recipient;
  this->subscribe("a", recipient);
  for (std::uint64_t sequence = 1; sequence <= 20; ++sequence) {
    for (std::uint64_t run = 1; run <= 5; ++run) {
      this->publish(event_of(run_no(run), sequence));
    }
  }
  this->settle();
  for (std::uint64_t run = 1; run <= 5; ++run) {
    EXPECT_THAT(recipient.sequences_of(run_no(run)), IsCountedFrom1To(20)) << "run " << run;
  }
}

INVSAGA_SUITE_TEST(EventBusConformance, DeliversAFailedEventAgainUntilItIsHandled) {
  Recipient recipient([](const Event&, int n) -> result<Handling> {
    if (n <= 3) return Error{Errc::unavailable};
    return Handling::handled;
  });
  this->subscribe("a", recipient);
  this->publish(event_of(run_no(1), 1));
  this->settle();
  EXPECT_THAT(recipient.sequences_of(run_no(1)), ::testing::ElementsAre(1, 1, 1, 1));
}

INVSAGA_SUITE_TEST(EventBusConformance, TakesAnExceptionForAFailure) {
  Recipient recipient([](const Event&, int n) -> result<Handling> {
    if (n == 1) throw std::runtime_error("handler");
    return Handling::handled;
  });
  this->subscribe("a", recipient);
  this->publish(event_of(run_no(1), 1));
  this->settle();
  EXPECT_THAT(recipient.sequences_of(run_no(1)), ::testing::ElementsAre(1, 1));
}

INVSAGA_SUITE_TEST(EventBusConformance, KeepsTheOrderOfARunThroughRetries) {
  Recipient recipient([](const Event& event, int n) -> result<Handling> {
    if (event.sequence == 2 && n <= 2) return Error{Errc::timed_out};
    return Handling::handled;
  });
  this->subscribe("a", recipient);
  for (std::uint64_t sequence = 1; sequence <= 4; ++sequence) {
    this->publish(event_of(run_no(1), sequence));
  }
  this->settle();
  EXPECT_THAT(recipient.sequences_of(run_no(1)), ::testing::ElementsAre(1, 2, 2, 2, 3, 4));
}

INVSAGA_SUITE_TEST(EventBusConformance, AFailingEventHoldsBackNoOtherRun) {
  std::promise<void> published;
  const std::shared_future<void> both = published.get_future().share();
  std::vector<RunId> done;
  std::mutex mutex;
  Recipient recipient([&](const Event& event, int n) -> result<Handling> {
    both.wait();
    if (event.run == run_no(1) && n <= 3) return Error{Errc::unavailable};
    const std::lock_guard lock(mutex);
    done.push_back(event.run);
    return Handling::handled;
  });
  this->subscribe("a", recipient);
  this->publish(event_of(run_no(1), 1));
  this->publish(event_of(run_no(2), 1));
  published.set_value();
  this->settle();
  EXPECT_THAT(done, ::testing::ElementsAre(run_no(2), run_no(1)));
}

INVSAGA_SUITE_TEST(EventBusConformance, AFailingEventHoldsBackNoOtherConsumer) {
  Recipient failing([](const Event&, int) -> result<Handling> { return Error{Errc::refused}; });
  Recipient other;
  this->subscribe("failing", failing);
  this->subscribe("other", other);
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
    this->publish(event_of(run_no(1), sequence));
  }
  this->settle();
  EXPECT_THAT(other.sequences_of(run_no(1)), IsCountedFrom1To(3));
}

INVSAGA_SUITE_TEST(EventBusConformance, GivesUpAtOnceWhatCanNeverBeHandledAndParksItsRunBehindIt) {
  Recipient recipient([](const Event& event, int) -> result<Handling> {
    if (event.run == run_no(1) && event.sequence == 2) return Error{Errc::corrupt};
    return Handling::handled;
  });
  this->subscribe("a", recipient);
  for (std::uint64_t sequence = 1; sequence <= 4; ++sequence) {
    this->publish(event_of(run_no(1), sequence));
    this->publish(event_of(run_no(2), sequence));
  }
  this->settle();
  EXPECT_THAT(recipient.sequences_of(run_no(1)), ::testing::ElementsAre(1, 2));
  EXPECT_THAT(recipient.sequences_of(run_no(2)), IsCountedFrom1To(4));
}

INVSAGA_SUITE_TEST(EventBusConformance, GivesUpWhatTheHandlerCallsDead) {
  Recipient recipient([](const Event&, int) -> result<Handling> { return Handling::dead; });
  this->subscribe("a", recipient);
  this->publish(event_of(run_no(1), 1));
  this->publish(event_of(run_no(1), 2));
  this->settle();
  EXPECT_THAT(recipient.sequences_of(run_no(1)), ::testing::ElementsAre(1));
}

INVSAGA_SUITE_TEST(EventBusConformance, GivesUpAnEventThatFailsForEver) {
  Recipient recipient([](const Event& event, int) -> result<Handling> {
    if (event.sequence == 1) return Error{Errc::timed_out};
    return Handling::handled;
  });
  this->subscribe("a", recipient);
  this->publish(event_of(run_no(1), 1));
  this->publish(event_of(run_no(1), 2));
  this->settle();  // It returns: so there is an end to the attempts.
  const auto sequences = recipient.sequences_of(run_no(1));
  EXPECT_GT(sequences.size(), 3u);
  EXPECT_THAT(sequences, ::testing::Each(1)) << "nobody may act on a history with a hole";
}

INVSAGA_SUITE_TEST(EventBusConformance, WhoSaysThatItIsFullIsAskedForAsLongAsItTakes) {
  constexpr int times = 100;
  Recipient recipient([](const Event& event, int n) -> result<Handling> {
    if (event.sequence == 1 && n <= times) return Error{Errc::resource_exhausted};
    return Handling::handled;
  });
  this->subscribe("a", recipient);
  this->publish(event_of(run_no(1), 1));
  this->publish(event_of(run_no(1), 2));
  this->settle();
  const auto sequences = recipient.sequences_of(run_no(1));
  ASSERT_EQ(sequences.size(), times + 2u);
  EXPECT_EQ(sequences.back(), 2u);
}

INVSAGA_SUITE_TEST(EventBusConformance, TakesDuplicateForAnAcknowledgement) {
  Recipient recipient([](const Event&, int) -> result<Handling> { return Handling::duplicate; });
  this->subscribe("a", recipient);
  this->publish(event_of(run_no(1), 1));
  this->publish(event_of(run_no(1), 2));
  this->settle();
  EXPECT_THAT(recipient.sequences_of(run_no(1)), ::testing::ElementsAre(1, 2));
}

INVSAGA_SUITE_TEST(EventBusConformance, OffersWhatCameTooEarlyAgainAfterItsRunHasMoved) {
  std::promise<void> published;
  const std::shared_future<void> all = published.get_future().share();
  std::vector<std::uint64_t> acted;
  std::mutex mutex;
  Recipient recipient([&](const Event& event, int) -> result<Handling> {
    all.wait();
    const std::lock_guard lock(mutex);
    if (event.sequence != acted.size() + 1) return Handling::parked;
    acted.push_back(event.sequence);
    return Handling::handled;
  });
  this->subscribe("a", recipient);
  for (const std::uint64_t sequence : {4, 2, 1, 5, 3}) {
    this->publish(event_of(run_no(1), sequence));
  }
  published.set_value();
  this->settle();
  EXPECT_THAT(acted, IsCountedFrom1To(5));
}

INVSAGA_SUITE_TEST(EventBusConformance, AcceptsARepeatAndKeepsTheOrderOfTheFirstTimes) {
  Recipient recipient;
  this->subscribe("a", recipient);
  this->publish(event_of(run_no(1), 1));
  this->publish(event_of(run_no(1), 2));
  this->publish(event_of(run_no(1), 1));
  this->publish(event_of(run_no(1), 3));
  this->settle();
  std::vector<std::uint64_t> first_times;
  for (const std::uint64_t sequence : recipient.sequences_of(run_no(1))) {
    if (sequence > first_times.size()) first_times.push_back(sequence);
  }
  EXPECT_THAT(first_times, IsCountedFrom1To(3));
}

INVSAGA_SUITE_TEST(EventBusConformance, LetsAHandlerPublish) {
  Recipient second;
  Recipient first([this](const Event& event, int) -> result<Handling> {
    INVSAGA_CHECK(this->publish(event_of(event.run, event.sequence + 1, "B")).taken());
    return Handling::handled;
  });
  this->subscribe("first", first, {"A"});
  this->subscribe("second", second, {"B"});
  this->publish(event_of(run_no(1), 1, "A"));
  this->settle();
  EXPECT_THAT(second.sequences_of(run_no(1)), ::testing::ElementsAre(2));
}

INVSAGA_SUITE_TEST(EventBusConformance, RefusesAnEventThatLacksWhatItIsKnownBy) {
  Event no_id = event_of(run_no(1), 1), no_run = no_id, no_sequence = no_id, no_type = no_id;
  no_id.id = {};
  no_run.run = {};
  no_sequence.sequence = 0;
  no_type.type.clear();
  for (const Event& event : {no_id, no_run, no_sequence, no_type}) {
    const Publishing refused = this->publish(event);
    this->settle();
    ASSERT_TRUE(refused.answer().has_value());
    EXPECT_THAT(*refused.answer(), ErrorIs(Errc::invalid_argument));
  }
}

INVSAGA_SUITE_TEST(EventBusConformance, RefusesASubscriptionThatIsNoneAndASecondOne) {
  Recipient recipient;
  const std::array<std::string_view, 1> empty_type{""};
  auto& bus = this->bus();
  EXPECT_THAT(bus.subscribe("", {}, recipient.handler()), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(bus.subscribe("a", empty_type, recipient.handler()), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(bus.subscribe("a", {}, EventHandler{}), ErrorIs(Errc::invalid_argument));
  const auto first = bus.subscribe("a", {}, recipient.handler());
  EXPECT_THAT(first, IsOk());
  EXPECT_THAT(bus.subscribe("a", {}, recipient.handler()), ErrorIs(Errc::invalid_argument));
}

// --- when it is settled

INVSAGA_SUITE_TEST(EventBusConformance, SettlesAnEventOnceEveryConsumerThatIsOwedItHasHandledIt) {
  bool fails = true;
  Recipient well, fails_at_first([&](const Event&, int) -> result<Handling> {
    if (std::exchange(fails, false)) return Error{Errc::unavailable};
    return Handling::handled;
  });
  this->subscribe("well", well);
  this->subscribe("fails", fails_at_first);
  const Publishing one = this->publish(event_of(run_no(1), 1));
  this->settle();
  EXPECT_THAT(one, IsSettled());
  EXPECT_EQ(fails_at_first.delivered().size(), 2u);
}

INVSAGA_SUITE_TEST(EventBusConformance, SettlesAnEventThatNobodyIsOwedAtOnce) {
  Recipient other;
  this->subscribe("other", other, {"B"});
  const Publishing one = this->publish(event_of(run_no(1), 1, "A"));
  this->settle();
  EXPECT_THAT(one, IsSettled());
}

INVSAGA_SUITE_TEST(EventBusConformance, SettlesSeveralEventsTogetherAndBringsThemInOrder) {
  Recipient recipient;
  this->subscribe("a", recipient);
  const std::array events{event_of(run_no(1), 1), event_of(run_no(2), 1), event_of(run_no(1), 2)};
  const Publishing all(this->bus(), events);
  this->settle();
  EXPECT_THAT(all, IsSettled());
  EXPECT_THAT(recipient.sequences_of(run_no(1)), ::testing::ElementsAre(1, 2));
  EXPECT_THAT(recipient.sequences_of(run_no(2)), ::testing::ElementsAre(1));
}

INVSAGA_SUITE_TEST(EventBusConformance, AnswersARepeatOfWhatIsOnItsWayWhenThatIsHandled) {
  Recipient recipient;
  this->subscribe("a", recipient);
  const Publishing first = this->publish(event_of(run_no(1), 1));
  const Publishing second = this->publish(event_of(run_no(1), 1));
  this->settle();
  EXPECT_THAT(first, IsSettled());
  EXPECT_THAT(second, IsSettled());
}

// --- subscriptions

INVSAGA_SUITE_TEST(EventBusConformance, BringsWhatAConsumerIsOwedToItsNextSubscription) {
  Recipient before, after;
  this->subscribe("a", before);
  const Publishing first = this->publish(event_of(run_no(1), 1));
  this->settle();
  this->end_subscriptions();
  const Publishing second = this->publish(event_of(run_no(1), 2));
  this->settle();
  EXPECT_THAT(first, IsSettled());
  this->subscribe("a", after);
  this->settle();
  EXPECT_THAT(second, IsSettled());
  EXPECT_THAT(before.sequences_of(run_no(1)), ::testing::ElementsAre(1));
  EXPECT_THAT(after.sequences_of(run_no(1)), ::testing::ElementsAre(2));
}

INVSAGA_SUITE_TEST(EventBusConformance, OwesNothingToWhoHasLeft) {
  Recipient before, after;
  EXPECT_THAT(this->bus().leave("a"), ErrorIs(Errc::not_found));
  this->subscribe("a", before);
  this->end_subscriptions();
  const Publishing owed = this->publish(event_of(run_no(1), 1));
  this->settle();
  EXPECT_THAT(this->bus().leave("a"), IsOk());
  const Publishing later = this->publish(event_of(run_no(1), 2));
  this->settle();
  EXPECT_THAT(owed, IsSettled());
  EXPECT_THAT(later, IsSettled());
  this->subscribe("a", after);
  const Publishing new_one = this->publish(event_of(run_no(2), 1));
  this->settle();
  EXPECT_THAT(new_one, IsSettled());
  EXPECT_EQ(after.delivered().size(), 1u) << "as one that never was here";
}

INVSAGA_SUITE_TEST(EventBusConformance, EndsASubscriptionFromWithinItsHandler) {
  Subscription own;
  int calls = 0;
  const auto once = [&](const Event&) -> result<Handling> {
    ++calls;
    own.end();
    return Handling::handled;
  };
  own = this->bus().subscribe("a", {}, once).value();
  this->publish(event_of(run_no(1), 1));
  this->publish(event_of(run_no(1), 2));
  this->settle();
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(own);
}

INVSAGA_SUITE_TEST(EventBusConformance, MayEndBeforeItsSubscriptionsAndTellsWhoWaits) {
  Recipient recipient([](const Event&, int) { return Handling::dead; });
  this->subscribe("a", recipient);
  const Publishing one = this->publish(event_of(run_no(1), 1));
  this->settle();
  this->end_bus();
  EXPECT_TRUE(one.answer().has_value()) << "success or an error, but an answer";
  this->end_subscriptions();
}

}  // namespace

bool test_event_buses(std::string_view name, std::span<const MakeBus> buses) {
  suite_of_EventBusConformance().bind(name, buses);
  return true;
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
