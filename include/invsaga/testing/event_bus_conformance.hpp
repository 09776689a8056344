// SPDX-License-Identifier: Apache-2.0
//
// What every EventBus keeps, as a suite that runs on yours. Bind it with a harness:
//
//     struct LocalHarness {
//       ManualClock clock{start};
//       LocalExecutor executor{clock};
//       MemoryBus memory_bus{{clock, executor}};
//
//       MemoryBus& bus() { return memory_bus; }
//       void settle() {
//         while (executor.run_one()) {
//         }
//       }
//     };
//     using Harnesses = ::testing::Types<LocalHarness, ShuffledHarness<1>, ShuffledHarness<2>>;
//     INSTANTIATE_TYPED_TEST_SUITE_P(MemoryBus, EventBusConformance, Harnesses);
//
// `settle` lets the bus do all that it will ever do if nobody publishes more: deliveries, retries,
// late ones, however much (simulated) time they take. Bind it in namespace `invsaga::testing`.
//
// A harness is made anew for each test. The bus delivers an event that fails three times more at
// least, and gives it up at some time. Handlers are called on whatever threads the bus has.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/event_bus.hpp>
#include <invsaga/testing/events.hpp>
#include <invsaga/testing/matchers.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// The promises of an EventBus, each a test.
template <class Harness>
class EventBusConformance : public ::testing::Test {
 protected:
  auto& bus() { return harness_.bus(); }
  void settle() { harness_.settle(); }
  void publish(const Event& event) { ASSERT_THAT(bus().publish(event), IsOk()); }
  void subscribe(std::string_view consumer, Recipient& recipient,
                 const std::vector<std::string_view>& types = {}) {
    ASSERT_THAT(bus().subscribe(consumer, types, recipient.handler()), IsOk());
  }

 private:
  Harness harness_;
};

TYPED_TEST_SUITE_P(EventBusConformance);

TYPED_TEST_P(EventBusConformance, BringsAnEventUnchangedToEveryConsumerOfItsType) {
  Recipient mail, stock;
  this->subscribe("mail", mail, {"B"});
  this->subscribe("stock", stock, {"A", "B"});
  Event event = event_of(saga_no(1), 1, "B");
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

TYPED_TEST_P(EventBusConformance, BringsNoOtherTypes) {
  Recipient mail;
  this->subscribe("mail", mail, {"B"});
  this->publish(event_of(saga_no(1), 1, "A"));
  this->publish(event_of(saga_no(1), 2, "B"));
  this->publish(event_of(saga_no(1), 3, "BB"));
  this->settle();
  EXPECT_THAT(mail.sequences_of(saga_no(1)), ::testing::ElementsAre(2));
}

TYPED_TEST_P(EventBusConformance, BringsAllTypesToAConsumerThatNamesNone) {
  Recipient audit;
  this->subscribe("audit", audit);
  this->publish(event_of(saga_no(1), 1, "A"));
  this->publish(event_of(saga_no(1), 2, "B"));
  this->settle();
  EXPECT_THAT(audit.sequences_of(saga_no(1)), ::testing::ElementsAre(1, 2));
}

TYPED_TEST_P(EventBusConformance, AcceptsAnEventThatNobodyWants) {
  this->publish(event_of(saga_no(1), 1, "A"));
  this->settle();
}

TYPED_TEST_P(EventBusConformance, CallsNoHandlerFromWithinPublish) {
  std::mutex held;
  Recipient recipient([&](const Event&, int) -> result<Handling> {
    const std::lock_guard lock(held);
    return Handling::handled;
  });
  this->subscribe("a", recipient);
  {
    const std::lock_guard lock(held);  // A handler called from here would wait for itself.
    this->publish(event_of(saga_no(1), 1));
  }
  this->settle();
  EXPECT_EQ(recipient.delivered().size(), 1u);
}

TYPED_TEST_P(EventBusConformance, KeepsTheOrderOfEachSaga) {
  Recipient recipient;
  this->subscribe("a", recipient);
  for (std::uint64_t sequence = 1; sequence <= 20; ++sequence) {
    for (std::uint64_t saga = 1; saga <= 5; ++saga) {
      this->publish(event_of(saga_no(saga), sequence));
    }
  }
  this->settle();
  for (std::uint64_t saga = 1; saga <= 5; ++saga) {
    EXPECT_THAT(recipient.sequences_of(saga_no(saga)), IsCountedFrom1To(20)) << "saga " << saga;
  }
}

TYPED_TEST_P(EventBusConformance, DeliversAFailedEventAgainUntilItIsHandled) {
  Recipient recipient([](const Event&, int n) -> result<Handling> {
    if (n <= 3) return Error{Errc::unavailable};
    return Handling::handled;
  });
  this->subscribe("a", recipient);
  this->publish(event_of(saga_no(1), 1));
  this->settle();
  EXPECT_THAT(recipient.sequences_of(saga_no(1)), ::testing::ElementsAre(1, 1, 1, 1));
}

TYPED_TEST_P(EventBusConformance, TakesAnExceptionForAFailure) {
  Recipient recipient([](const Event&, int n) -> result<Handling> {
    if (n == 1) throw std::runtime_error("handler");
    return Handling::handled;
  });
  this->subscribe("a", recipient);
  this->publish(event_of(saga_no(1), 1));
  this->settle();
  EXPECT_THAT(recipient.sequences_of(saga_no(1)), ::testing::ElementsAre(1, 1));
}

TYPED_TEST_P(EventBusConformance, KeepsTheOrderOfASagaThroughRetries) {
  Recipient recipient([](const Event& event, int n) -> result<Handling> {
    if (event.sequence == 2 && n <= 2) return Error{Errc::timed_out};
    return Handling::handled;
  });
  this->subscribe("a", recipient);
  for (std::uint64_t sequence = 1; sequence <= 4; ++sequence) {
    this->publish(event_of(saga_no(1), sequence));
  }
  this->settle();
  EXPECT_THAT(recipient.sequences_of(saga_no(1)), ::testing::ElementsAre(1, 2, 2, 2, 3, 4));
}

TYPED_TEST_P(EventBusConformance, AFailingEventHoldsBackNoOtherSaga) {
  std::promise<void> published;
  const std::shared_future<void> both = published.get_future().share();
  std::vector<RunId> done;
  std::mutex mutex;
  Recipient recipient([&](const Event& event, int n) -> result<Handling> {
    both.wait();
    if (event.saga == saga_no(1) && n <= 3) return Error{Errc::unavailable};
    const std::lock_guard lock(mutex);
    done.push_back(event.saga);
    return Handling::handled;
  });
  this->subscribe("a", recipient);
  this->publish(event_of(saga_no(1), 1));
  this->publish(event_of(saga_no(2), 1));
  published.set_value();
  this->settle();
  EXPECT_THAT(done, ::testing::ElementsAre(saga_no(2), saga_no(1)));
}

TYPED_TEST_P(EventBusConformance, AFailingEventHoldsBackNoOtherConsumer) {
  Recipient failing([](const Event&, int) -> result<Handling> { return Error{Errc::refused}; });
  Recipient other;
  this->subscribe("failing", failing);
  this->subscribe("other", other);
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
    this->publish(event_of(saga_no(1), sequence));
  }
  this->settle();
  EXPECT_THAT(other.sequences_of(saga_no(1)), IsCountedFrom1To(3));
}

TYPED_TEST_P(EventBusConformance, GivesUpAtOnceWhatCanNeverBeHandledAndParksItsSagaBehindIt) {
  Recipient recipient([](const Event& event, int) -> result<Handling> {
    if (event.saga == saga_no(1) && event.sequence == 2) return Error{Errc::corrupt};
    return Handling::handled;
  });
  this->subscribe("a", recipient);
  for (std::uint64_t sequence = 1; sequence <= 4; ++sequence) {
    this->publish(event_of(saga_no(1), sequence));
    this->publish(event_of(saga_no(2), sequence));
  }
  this->settle();
  EXPECT_THAT(recipient.sequences_of(saga_no(1)), ::testing::ElementsAre(1, 2));
  EXPECT_THAT(recipient.sequences_of(saga_no(2)), IsCountedFrom1To(4));
}

TYPED_TEST_P(EventBusConformance, GivesUpWhatTheHandlerCallsDead) {
  Recipient recipient([](const Event&, int) -> result<Handling> { return Handling::dead; });
  this->subscribe("a", recipient);
  this->publish(event_of(saga_no(1), 1));
  this->publish(event_of(saga_no(1), 2));
  this->settle();
  EXPECT_THAT(recipient.sequences_of(saga_no(1)), ::testing::ElementsAre(1));
}

TYPED_TEST_P(EventBusConformance, GivesUpAnEventThatFailsForEver) {
  Recipient recipient([](const Event& event, int) -> result<Handling> {
    if (event.sequence == 1) return Error{Errc::unavailable};
    return Handling::handled;
  });
  this->subscribe("a", recipient);
  this->publish(event_of(saga_no(1), 1));
  this->publish(event_of(saga_no(1), 2));
  this->settle();  // It returns: so there is an end to the attempts.
  const auto sequences = recipient.sequences_of(saga_no(1));
  EXPECT_GT(sequences.size(), 3u);
  EXPECT_THAT(sequences, ::testing::Each(1)) << "nobody may act on a history with a hole";
}

TYPED_TEST_P(EventBusConformance, TakesDuplicateForAnAcknowledgement) {
  Recipient recipient([](const Event&, int) -> result<Handling> { return Handling::duplicate; });
  this->subscribe("a", recipient);
  this->publish(event_of(saga_no(1), 1));
  this->publish(event_of(saga_no(1), 2));
  this->settle();
  EXPECT_THAT(recipient.sequences_of(saga_no(1)), ::testing::ElementsAre(1, 2));
}

TYPED_TEST_P(EventBusConformance, OffersWhatCameTooEarlyAgainAfterItsSagaHasMoved) {
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
    this->publish(event_of(saga_no(1), sequence));
  }
  published.set_value();
  this->settle();
  EXPECT_THAT(acted, IsCountedFrom1To(5));
}

TYPED_TEST_P(EventBusConformance, AcceptsARepeatAndKeepsTheOrderOfTheFirstTimes) {
  Recipient recipient;
  this->subscribe("a", recipient);
  this->publish(event_of(saga_no(1), 1));
  this->publish(event_of(saga_no(1), 2));
  this->publish(event_of(saga_no(1), 1));
  this->publish(event_of(saga_no(1), 3));
  this->settle();
  std::vector<std::uint64_t> first_times;
  for (const std::uint64_t sequence : recipient.sequences_of(saga_no(1))) {
    if (sequence > first_times.size()) first_times.push_back(sequence);
  }
  EXPECT_THAT(first_times, IsCountedFrom1To(3));
}

TYPED_TEST_P(EventBusConformance, LetsAHandlerPublish) {
  Recipient second;
  Recipient first([this](const Event& event, int) -> result<Handling> {
    INVSAGA_CHECK(this->bus().publish(event_of(event.saga, event.sequence + 1, "B")));
    return Handling::handled;
  });
  this->subscribe("first", first, {"A"});
  this->subscribe("second", second, {"B"});
  this->publish(event_of(saga_no(1), 1, "A"));
  this->settle();
  EXPECT_THAT(second.sequences_of(saga_no(1)), ::testing::ElementsAre(2));
}

TYPED_TEST_P(EventBusConformance, RefusesAnEventThatLacksWhatItIsKnownBy) {
  Event no_id = event_of(saga_no(1), 1), no_saga = no_id, no_sequence = no_id, no_type = no_id;
  no_id.id = {};
  no_saga.saga = {};
  no_sequence.sequence = 0;
  no_type.type.clear();
  for (const Event& event : {no_id, no_saga, no_sequence, no_type}) {
    EXPECT_THAT(this->bus().publish(event), ErrorIs(Errc::invalid_argument));
  }
}

TYPED_TEST_P(EventBusConformance, RefusesASubscriptionThatIsNoneAndASecondOne) {
  Recipient recipient;
  const std::array<std::string_view, 1> empty_type{""};
  auto& bus = this->bus();
  EXPECT_THAT(bus.subscribe("", {}, recipient.handler()), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(bus.subscribe("a", empty_type, recipient.handler()), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(bus.subscribe("a", {}, EventHandler{}), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(bus.subscribe("a", {}, recipient.handler()), IsOk());
  EXPECT_THAT(bus.subscribe("a", {}, recipient.handler()), ErrorIs(Errc::invalid_argument));
}

REGISTER_TYPED_TEST_SUITE_P(EventBusConformance, BringsAnEventUnchangedToEveryConsumerOfItsType,
                            BringsNoOtherTypes, BringsAllTypesToAConsumerThatNamesNone,
                            AcceptsAnEventThatNobodyWants, CallsNoHandlerFromWithinPublish,
                            KeepsTheOrderOfEachSaga, DeliversAFailedEventAgainUntilItIsHandled,
                            TakesAnExceptionForAFailure, KeepsTheOrderOfASagaThroughRetries,
                            AFailingEventHoldsBackNoOtherSaga,
                            AFailingEventHoldsBackNoOtherConsumer,
                            GivesUpAtOnceWhatCanNeverBeHandledAndParksItsSagaBehindIt,
                            GivesUpWhatTheHandlerCallsDead, GivesUpAnEventThatFailsForEver,
                            TakesDuplicateForAnAcknowledgement,
                            OffersWhatCameTooEarlyAgainAfterItsSagaHasMoved,
                            AcceptsARepeatAndKeepsTheOrderOfTheFirstTimes, LetsAHandlerPublish,
                            RefusesAnEventThatLacksWhatItIsKnownBy,
                            RefusesASubscriptionThatIsNoneAndASecondOne);

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
