// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include <invsaga/reference/outbox_queue.hpp>
#include <invsaga/testing/matchers.hpp>

namespace invsaga {
namespace {

using ::testing::ElementsAre;
using testing::ErrorIs;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::Pair;

RunId run(std::uint64_t number) { return {1, number}; }

Event event(std::uint64_t number, std::uint64_t sequence) {
  Event event;
  event.id = {number, sequence};
  event.run = run(number);
  event.sequence = sequence;
  event.type = "ORDER_PLACED";
  return event;
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> pending(const OutboxQueue& outbox,
                                                             std::size_t limit = 100) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> all;
  const std::vector<Event> events = outbox.pending(limit).value();
  for (const Event& one : events) {
    all.emplace_back(one.run.low, one.sequence);
  }
  return all;
}

TEST(AnOutbox, TakesTheNextEventOfEachRun) {
  OutboxQueue outbox;
  EXPECT_THAT(outbox.put(event(1, 1)), IsOkAndHolds(true));
  EXPECT_THAT(outbox.put(event(2, 1)), IsOkAndHolds(true));
  EXPECT_THAT(outbox.put(event(1, 2)), IsOkAndHolds(true));
  EXPECT_THAT(pending(outbox), ElementsAre(Pair(1, 1), Pair(2, 1), Pair(1, 2)));
  EXPECT_THAT(pending(outbox, 2), ElementsAre(Pair(1, 1), Pair(2, 1)));
  EXPECT_EQ(outbox.pending(1).value().at(0), event(1, 1));
}

TEST(AnOutbox, TakesNoEventTwice) {
  OutboxQueue outbox;
  ASSERT_THAT(outbox.put(event(1, 1)), IsOkAndHolds(true));
  EXPECT_THAT(outbox.put(event(1, 1)), IsOkAndHolds(false));
  EXPECT_EQ(outbox.size(), 1u);
}

TEST(AnOutbox, TakesNoOldEventAlsoWhenItIsGone) {
  OutboxQueue outbox;
  ASSERT_THAT(outbox.put(event(1, 1)), IsOk());
  ASSERT_THAT(outbox.put(event(1, 2)), IsOk());
  ASSERT_THAT(outbox.acknowledge_event(run(1), 1), IsOk());
  ASSERT_THAT(outbox.acknowledge_event(run(1), 2), IsOk());
  EXPECT_THAT(outbox.put(event(1, 1)), IsOkAndHolds(false));
  EXPECT_THAT(outbox.put(event(1, 2)), IsOkAndHolds(false));
  EXPECT_EQ(outbox.highest(run(1)), 2u);
  EXPECT_THAT(outbox.put(event(1, 3)), IsOkAndHolds(true));
}

TEST(AnOutbox, RefusesAGap) {
  OutboxQueue outbox;
  EXPECT_THAT(outbox.put(event(1, 2)), ErrorIs(Errc::invalid_argument));
  ASSERT_THAT(outbox.put(event(1, 1)), IsOk());
  EXPECT_THAT(outbox.put(event(1, 3)), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(outbox.put(event(1, 0)), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(outbox.size(), 1u);
}

TEST(AnOutbox, KeepsAnEventUntilItIsAcknowledged) {
  OutboxQueue outbox;
  ASSERT_THAT(outbox.put(event(1, 1)), IsOk());
  ASSERT_THAT(outbox.put(event(1, 2)), IsOk());
  ASSERT_THAT(outbox.put(event(1, 3)), IsOk());
  EXPECT_EQ(pending(outbox), pending(outbox)) << "looking changes nothing";
  EXPECT_THAT(outbox.acknowledge_event(run(1), 2), IsOk());
  EXPECT_THAT(outbox.acknowledge_event(run(1), 2), IsOk()) << "a repeat";
  EXPECT_THAT(pending(outbox), ElementsAre(Pair(1, 1), Pair(1, 3))) << "a hole stalls nothing";
}

TEST(AnOutbox, IgnoresAnAcknowledgementOfWhatItNeverTook) {
  OutboxQueue outbox;
  EXPECT_THAT(outbox.acknowledge_event(run(1), 1), IsOk());
  EXPECT_THAT(outbox.put(event(1, 1)), IsOkAndHolds(true));
}

TEST(AnOutbox, ForgetsARunWhoseEventsAreAcknowledged) {
  OutboxQueue outbox;
  ASSERT_THAT(outbox.put(event(1, 1)), IsOk());
  EXPECT_TRUE(outbox.has_pending(run(1)));
  EXPECT_THAT(outbox.forget(run(1)), ErrorIs(Errc::busy));
  ASSERT_THAT(outbox.acknowledge_event(run(1), 1), IsOk());
  EXPECT_THAT(outbox.forget(run(1)), IsOk());
  EXPECT_THAT(outbox.forget(run(1)), IsOk());
  EXPECT_EQ(outbox.highest(run(1)), 0u);
}

TEST(AnOutbox, BoundsItsEventsAndRuns) {
  OutboxQueue outbox({.max_events = 2, .max_runs = 2});
  ASSERT_THAT(outbox.put(event(1, 1)), IsOk());
  ASSERT_THAT(outbox.put(event(2, 1)), IsOk());
  EXPECT_THAT(outbox.put(event(1, 2)), ErrorIs(Errc::resource_exhausted));
  EXPECT_THAT(outbox.put(event(1, 1)), IsOkAndHolds(false)) << "a repeat needs no room";
  ASSERT_THAT(outbox.acknowledge_event(run(1), 1), IsOk());
  EXPECT_THAT(outbox.put(event(3, 1)), ErrorIs(Errc::resource_exhausted)) << "a third run";
  EXPECT_THAT(outbox.put(event(1, 2)), IsOkAndHolds(true));
}

TEST(AnOutbox, BoundsTheSizeOfAnEvent) {
  OutboxQueue outbox({.max_event_bytes = 1'000});
  Event large = event(1, 1);
  large.data.resize(1'000);
  EXPECT_THAT(outbox.put(large), ErrorIs(Errc::limit_exceeded));
  large.data.resize(500);
  EXPECT_THAT(outbox.put(large), IsOk());
}

TEST(AnOutbox, SaysBeforehandWhetherItHasRoomForAll) {
  OutboxQueue outbox({.max_events = 2});
  const std::vector<Event> three{event(1, 1), event(1, 2), event(1, 3)};
  EXPECT_THAT(outbox.room_for(run(1), std::span(three).first(2)), IsOk());
  EXPECT_THAT(outbox.room_for(run(1), three), ErrorIs(Errc::resource_exhausted));
  EXPECT_THAT(outbox.room_for(run(2), three), ErrorIs(Errc::invalid_argument)) << "another run's";
  EXPECT_THAT(outbox.room_for(run(1), std::span(three).subspan(1)),
              ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(outbox.size(), 0u);
}

}  // namespace
}  // namespace invsaga
