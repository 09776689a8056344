// SPDX-License-Identifier: Apache-2.0
#include <invsaga/testing/outbox_conformance.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
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

class OutboxConformance : public ::testing::Test {
 public:
  using Make = MakeOutbox;
  explicit OutboxConformance(MakeOutbox make) : outbox_(make()) {}

 protected:
  static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

  OutboxUnderTest& outbox() { return *outbox_; }
  void put(RunId run, std::uint64_t sequence) {
    ASSERT_THAT(outbox().put(event_of(run, sequence)), IsOkAndHolds(true));
  }
  std::vector<PendingEvent> page(std::uint64_t after, std::size_t limit = all) {
    auto waiting = outbox().pending(after, limit);
    EXPECT_THAT(waiting, IsOk());
    return waiting.has_value() ? std::move(waiting).assume_value() : std::vector<PendingEvent>{};
  }
  static std::vector<Event> events_of(const std::vector<PendingEvent>& waiting) {
    std::vector<Event> events;
    for (const PendingEvent& one : waiting) {
      const auto event = read_event(one);
      EXPECT_THAT(event, IsOk());
      if (event.has_value()) events.push_back(event.assume_value());
    }
    return events;
  }
  std::vector<Event> pending(std::size_t limit = all) { return events_of(page(0, limit)); }

 private:
  std::unique_ptr<OutboxUnderTest> outbox_;
};

INVSAGA_SUITE(OutboxConformance)

INVSAGA_SUITE_TEST(OutboxConformance, IsEmptyAtFirst) { EXPECT_TRUE(this->pending().empty()); }

INVSAGA_SUITE_TEST(OutboxConformance, GivesBackAnEventAsItWasPut) {
  Event event = event_of(run_no(1), 1, "STOCK_RESERVED");
  event.subject = "order 17";
  event.causation = EventId{7, 8};
  event.time = time_from_ms(1'291'191'960'123);
  event.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  event.schema_version = 3;
  event.data = {std::byte{0}, std::byte{255}};
  ASSERT_THAT(this->outbox().put(event), IsOkAndHolds(true));
  EXPECT_THAT(this->pending(), ::testing::ElementsAre(event));
}

INVSAGA_SUITE_TEST(OutboxConformance, KeepsTheOrderInWhichEventsWereTaken) {
  this->put(run_no(1), 1);
  this->put(run_no(2), 1);
  this->put(run_no(1), 2);
  EXPECT_THAT(this->pending(),
              ::testing::ElementsAre(event_of(run_no(1), 1), event_of(run_no(2), 1),
                                     event_of(run_no(1), 2)));
}

INVSAGA_SUITE_TEST(OutboxConformance, AnEventStaysPendingUntilItIsAcknowledged) {
  this->put(run_no(1), 1);
  EXPECT_EQ(this->pending().size(), 1u);
  EXPECT_EQ(this->pending().size(), 1u);
  EXPECT_THAT(this->outbox().acknowledge_event(run_no(1), 1), IsOk());
  EXPECT_TRUE(this->pending().empty());
}

INVSAGA_SUITE_TEST(OutboxConformance, GivesNoMoreThanTheLimitAndTheFirstOnes) {
  for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) this->put(run_no(1), sequence);
  EXPECT_THAT(this->pending(2),
              ::testing::ElementsAre(event_of(run_no(1), 1), event_of(run_no(1), 2)));
  EXPECT_TRUE(this->pending(0).empty());
}

INVSAGA_SUITE_TEST(OutboxConformance, IsReadOnBehindAPlacePageByPage) {
  std::vector<Event> put;
  for (std::uint64_t sequence = 1; sequence <= 4; ++sequence) {
    for (std::uint64_t run = 1; run <= 3; ++run) {
      this->put(run_no(run), sequence);
      put.push_back(event_of(run_no(run), sequence));
    }
  }
  std::vector<Event> read;
  std::uint64_t last = 0;
  for (std::vector<PendingEvent> page = this->page(0, 5); !page.empty();) {
    EXPECT_LE(page.size(), 5u);
    for (const PendingEvent& one : page) {
      EXPECT_GT(one.place, last);
      last = one.place;
    }
    const std::vector<Event> events = this->events_of(page);
    read.insert(read.end(), events.begin(), events.end());
    page = this->page(last, 5);
  }
  EXPECT_EQ(read, put);
}

INVSAGA_SUITE_TEST(OutboxConformance, IsReadOnBehindAPlaceWhoseEventIsGone) {
  for (std::uint64_t sequence = 1; sequence <= 4; ++sequence) this->put(run_no(1), sequence);
  const std::vector<PendingEvent> all_of_it = this->page(0);
  ASSERT_EQ(all_of_it.size(), 4u);
  for (const std::uint64_t gone : {2u, 3u}) {
    EXPECT_THAT(this->outbox().acknowledge_event(run_no(1), gone), IsOk());
  }
  EXPECT_THAT(this->events_of(this->page(all_of_it[1].place, 1)),
              ::testing::ElementsAre(event_of(run_no(1), 4)));
  EXPECT_EQ(this->page(0).size(), 2u) << "who reads from the start sees all that waits";
  EXPECT_TRUE(this->page(all_of_it[3].place).empty());
}

INVSAGA_SUITE_TEST(OutboxConformance, WhatIsTakenLaterStandsBehindAllThatWasShown) {
  std::uint64_t shown = 0;
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
    this->put(run_no(1), sequence);
    const std::vector<PendingEvent> page = this->page(shown);
    ASSERT_EQ(page.size(), 1u);
    EXPECT_EQ(page[0].sequence, sequence);
    EXPECT_GT(page[0].place, shown);
    shown = page[0].place;
    EXPECT_THAT(this->outbox().acknowledge_event(run_no(1), sequence), IsOk()) << "it is empty";
  }
}

INVSAGA_SUITE_TEST(OutboxConformance, AHoleDoesNotHideWhatIsBehindIt) {
  for (std::uint64_t run = 1; run <= 3; ++run) this->put(run_no(run), 1);
  this->put(run_no(2), 2);
  EXPECT_THAT(this->outbox().acknowledge_event(run_no(2), 1), IsOk());
  EXPECT_THAT(this->pending(),
              ::testing::ElementsAre(event_of(run_no(1), 1), event_of(run_no(3), 1),
                                     event_of(run_no(2), 2)));
}

INVSAGA_SUITE_TEST(OutboxConformance, ARepeatedAcknowledgementChangesNothing) {
  this->put(run_no(1), 1);
  this->put(run_no(1), 2);
  EXPECT_THAT(this->outbox().acknowledge_event(run_no(1), 1), IsOk());
  EXPECT_THAT(this->outbox().acknowledge_event(run_no(1), 1), IsOk());
  EXPECT_THAT(this->pending(), ::testing::ElementsAre(event_of(run_no(1), 2)));
}

INVSAGA_SUITE_TEST(OutboxConformance, APutOfAnEventThatIsPendingChangesNothing) {
  this->put(run_no(1), 1);
  this->put(run_no(1), 2);
  EXPECT_THAT(this->outbox().put(event_of(run_no(1), 1)), IsOkAndHolds(false));
  EXPECT_THAT(this->outbox().put(event_of(run_no(1), 2)), IsOkAndHolds(false));
  EXPECT_EQ(this->pending().size(), 2u);
}

// Protocol rule 9: a former owner appends an old event again.
INVSAGA_SUITE_TEST(OutboxConformance, AnOldEventIsNotTakenAgainAlsoAfterItIsGone) {
  this->put(run_no(1), 1);
  this->put(run_no(1), 2);
  EXPECT_THAT(this->outbox().acknowledge_event(run_no(1), 1), IsOk());
  EXPECT_THAT(this->outbox().acknowledge_event(run_no(1), 2), IsOk());
  EXPECT_THAT(this->outbox().put(event_of(run_no(1), 1)), IsOkAndHolds(false));
  EXPECT_THAT(this->outbox().put(event_of(run_no(1), 2)), IsOkAndHolds(false));
  EXPECT_TRUE(this->pending().empty());
  this->put(run_no(1), 3);
}

INVSAGA_SUITE_TEST(OutboxConformance, AnEventOfAnotherOwnerDoesNotReplaceTheFirst) {
  this->put(run_no(1), 1);
  Event other = event_of(run_no(1), 1, "ANOTHER");
  other.id = EventId{1, 1};
  EXPECT_THAT(this->outbox().put(other), IsOkAndHolds(false));
  EXPECT_THAT(this->pending(), ::testing::ElementsAre(event_of(run_no(1), 1)));
}

INVSAGA_SUITE_TEST(OutboxConformance, AGapInARunIsRefused) {
  EXPECT_THAT(this->outbox().put(event_of(run_no(1), 2)), ErrorIs(Errc::invalid_argument));
  this->put(run_no(1), 1);
  EXPECT_THAT(this->outbox().put(event_of(run_no(1), 3)), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(this->pending().size(), 1u);
  this->put(run_no(1), 2);
}

INVSAGA_SUITE_TEST(OutboxConformance, WhenFullItTakesNothingAndKeepsWhatItHas) {
  OutboxUnderTest& outbox = this->outbox();
  if (!outbox.become_small(2)) GTEST_SKIP() << "no bound that a test could reach";
  EXPECT_THAT(outbox.put(event_of(run_no(1), 1)), IsOkAndHolds(true));
  EXPECT_THAT(outbox.put(event_of(run_no(1), 2)), IsOkAndHolds(true));
  EXPECT_THAT(outbox.put(event_of(run_no(1), 3)), ErrorIs(Errc::resource_exhausted, Limit::events));
  EXPECT_THAT(outbox.put(event_of(run_no(1), 1)), IsOkAndHolds(false)) << "a repeat needs no room";
  EXPECT_THAT(outbox.acknowledge_event(run_no(1), 1), IsOk());
  EXPECT_THAT(outbox.put(event_of(run_no(1), 3)), IsOkAndHolds(true));
  EXPECT_THAT(this->pending(10),
              ::testing::ElementsAre(event_of(run_no(1), 2), event_of(run_no(1), 3)));
}

}  // namespace

bool test_outboxes(std::string_view name, std::span<const MakeOutbox> outboxes) {
  suite_of_OutboxConformance().bind(name, outboxes);
  return true;
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
