// SPDX-License-Identifier: Apache-2.0
//
// What every Outbox keeps, as a suite that runs on yours. Bind it with a harness:
//
//     struct QueueHarness {
//       OutboxQueue queue;
//       std::optional<OutboxQueue> small_queue;
//
//       OutboxQueue& outbox() { return queue; }
//       OutboxQueue* small(std::size_t events) {
//         OutboxLimits limits;
//         limits.max_events = events;
//         return &small_queue.emplace(limits);
//       }
//     };
//     INSTANTIATE_TYPED_TEST_SUITE_P(OutboxQueue, OutboxConformance, QueueHarness);
//
// `small` gives an empty one that has room for `events` events that are not acknowledged, and no
// more; nullptr if yours has no bound that a test could reach. Bind it in namespace
// `invsaga::testing`.
//
// A harness is made anew for each test.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <invsaga/outbox.hpp>
#include <invsaga/testing/events.hpp>
#include <invsaga/testing/matchers.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// The promises of an Outbox, each a test.
template <class Harness>
class OutboxConformance : public ::testing::Test {
 protected:
  static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

  auto& outbox() { return harness_.outbox(); }
  auto* small(std::size_t events) { return harness_.small(events); }
  void put(RunId saga, std::uint64_t sequence) {
    ASSERT_THAT(outbox().put(event_of(saga, sequence)), IsOkAndHolds(true));
  }
  std::vector<Event> pending(std::size_t limit = all) {
    auto events = outbox().pending(limit);
    EXPECT_THAT(events, IsOk());
    return events.has_value() ? std::move(events).assume_value() : std::vector<Event>{};
  }

 private:
  Harness harness_;
};

TYPED_TEST_SUITE_P(OutboxConformance);

TYPED_TEST_P(OutboxConformance, IsEmptyAtFirst) { EXPECT_TRUE(this->pending().empty()); }

TYPED_TEST_P(OutboxConformance, GivesBackAnEventAsItWasPut) {
  Event event = event_of(saga_no(1), 1, "STOCK_RESERVED");
  event.subject = "order 17";
  event.causation = EventId{7, 8};
  event.time = time_from_ms(1'291'191'960'123);
  event.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  event.schema_version = 3;
  event.data = {std::byte{0}, std::byte{255}};
  ASSERT_THAT(this->outbox().put(event), IsOkAndHolds(true));
  EXPECT_THAT(this->pending(), ::testing::ElementsAre(event));
}

TYPED_TEST_P(OutboxConformance, KeepsTheOrderInWhichEventsWereTaken) {
  this->put(saga_no(1), 1);
  this->put(saga_no(2), 1);
  this->put(saga_no(1), 2);
  EXPECT_THAT(this->pending(),
              ::testing::ElementsAre(event_of(saga_no(1), 1), event_of(saga_no(2), 1),
                                     event_of(saga_no(1), 2)));
}

TYPED_TEST_P(OutboxConformance, AnEventStaysPendingUntilItIsAcknowledged) {
  this->put(saga_no(1), 1);
  EXPECT_EQ(this->pending().size(), 1u);
  EXPECT_EQ(this->pending().size(), 1u);
  EXPECT_THAT(this->outbox().acknowledge(saga_no(1), 1), IsOk());
  EXPECT_TRUE(this->pending().empty());
}

TYPED_TEST_P(OutboxConformance, GivesNoMoreThanTheLimitAndTheFirstOnes) {
  for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) this->put(saga_no(1), sequence);
  EXPECT_THAT(this->pending(2),
              ::testing::ElementsAre(event_of(saga_no(1), 1), event_of(saga_no(1), 2)));
  EXPECT_TRUE(this->pending(0).empty());
}

TYPED_TEST_P(OutboxConformance, AHoleDoesNotHideWhatIsBehindIt) {
  for (std::uint64_t saga = 1; saga <= 3; ++saga) this->put(saga_no(saga), 1);
  this->put(saga_no(2), 2);
  EXPECT_THAT(this->outbox().acknowledge(saga_no(2), 1), IsOk());
  EXPECT_THAT(this->pending(),
              ::testing::ElementsAre(event_of(saga_no(1), 1), event_of(saga_no(3), 1),
                                     event_of(saga_no(2), 2)));
}

TYPED_TEST_P(OutboxConformance, ARepeatedAcknowledgementChangesNothing) {
  this->put(saga_no(1), 1);
  this->put(saga_no(1), 2);
  EXPECT_THAT(this->outbox().acknowledge(saga_no(1), 1), IsOk());
  EXPECT_THAT(this->outbox().acknowledge(saga_no(1), 1), IsOk());
  EXPECT_THAT(this->pending(), ::testing::ElementsAre(event_of(saga_no(1), 2)));
}

TYPED_TEST_P(OutboxConformance, APutOfAnEventThatIsPendingChangesNothing) {
  this->put(saga_no(1), 1);
  this->put(saga_no(1), 2);
  EXPECT_THAT(this->outbox().put(event_of(saga_no(1), 1)), IsOkAndHolds(false));
  EXPECT_THAT(this->outbox().put(event_of(saga_no(1), 2)), IsOkAndHolds(false));
  EXPECT_EQ(this->pending().size(), 2u);
}

// Protocol rule 9: a former owner appends an old event again.
TYPED_TEST_P(OutboxConformance, AnOldEventIsNotTakenAgainAlsoAfterItIsGone) {
  this->put(saga_no(1), 1);
  this->put(saga_no(1), 2);
  EXPECT_THAT(this->outbox().acknowledge(saga_no(1), 1), IsOk());
  EXPECT_THAT(this->outbox().acknowledge(saga_no(1), 2), IsOk());
  EXPECT_THAT(this->outbox().put(event_of(saga_no(1), 1)), IsOkAndHolds(false));
  EXPECT_THAT(this->outbox().put(event_of(saga_no(1), 2)), IsOkAndHolds(false));
  EXPECT_TRUE(this->pending().empty());
  this->put(saga_no(1), 3);
}

TYPED_TEST_P(OutboxConformance, AnEventOfAnotherOwnerDoesNotReplaceTheFirst) {
  this->put(saga_no(1), 1);
  Event other = event_of(saga_no(1), 1, "ANOTHER");
  other.id = EventId{1, 1};
  EXPECT_THAT(this->outbox().put(other), IsOkAndHolds(false));
  EXPECT_THAT(this->pending(), ::testing::ElementsAre(event_of(saga_no(1), 1)));
}

TYPED_TEST_P(OutboxConformance, AGapInASagaIsRefused) {
  EXPECT_THAT(this->outbox().put(event_of(saga_no(1), 2)), ErrorIs(Errc::invalid_argument));
  this->put(saga_no(1), 1);
  EXPECT_THAT(this->outbox().put(event_of(saga_no(1), 3)), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(this->pending().size(), 1u);
  this->put(saga_no(1), 2);
}

TYPED_TEST_P(OutboxConformance, WhenFullItTakesNothingAndKeepsWhatItHas) {
  auto* outbox = this->small(2);
  if (outbox == nullptr) GTEST_SKIP() << "no bound that a test could reach";
  EXPECT_THAT(outbox->put(event_of(saga_no(1), 1)), IsOkAndHolds(true));
  EXPECT_THAT(outbox->put(event_of(saga_no(1), 2)), IsOkAndHolds(true));
  EXPECT_THAT(outbox->put(event_of(saga_no(1), 3)), ErrorIs(Errc::resource_exhausted));
  EXPECT_THAT(outbox->put(event_of(saga_no(1), 1)), IsOkAndHolds(false))
      << "a repeat needs no room";
  EXPECT_THAT(outbox->acknowledge(saga_no(1), 1), IsOk());
  EXPECT_THAT(outbox->put(event_of(saga_no(1), 3)), IsOkAndHolds(true));
  EXPECT_THAT(outbox->pending(10), IsOkAndHolds(::testing::ElementsAre(event_of(saga_no(1), 2),
                                                                       event_of(saga_no(1), 3))));
}

REGISTER_TYPED_TEST_SUITE_P(OutboxConformance, IsEmptyAtFirst, GivesBackAnEventAsItWasPut,
                            KeepsTheOrderInWhichEventsWereTaken,
                            AnEventStaysPendingUntilItIsAcknowledged,
                            GivesNoMoreThanTheLimitAndTheFirstOnes, AHoleDoesNotHideWhatIsBehindIt,
                            ARepeatedAcknowledgementChangesNothing,
                            APutOfAnEventThatIsPendingChangesNothing,
                            AnOldEventIsNotTakenAgainAlsoAfterItIsGone,
                            AnEventOfAnotherOwnerDoesNotReplaceTheFirst, AGapInASagaIsRefused,
                            WhenFullItTakesNothingAndKeepsWhatItHas);

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
