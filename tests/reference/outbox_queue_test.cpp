// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <invsaga/reference/outbox_queue.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/writes.hpp>

namespace invsaga {
namespace {

using ::testing::ElementsAre;
using testing::ErrorIs;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::Pair;
using testing::put;

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
  const std::vector<PendingEvent> events = outbox.pending(0, limit).value();
  for (const PendingEvent& one : events) {
    all.emplace_back(one.run.low, one.sequence);
  }
  return all;
}

TEST(AnOutbox, TakesTheNextEventOfEachRun) {
  OutboxQueue outbox;
  EXPECT_THAT(put(outbox, event(1, 1)), IsOkAndHolds(true));
  EXPECT_THAT(put(outbox, event(2, 1)), IsOkAndHolds(true));
  EXPECT_THAT(put(outbox, event(1, 2)), IsOkAndHolds(true));
  EXPECT_THAT(pending(outbox), ElementsAre(Pair(1, 1), Pair(2, 1), Pair(1, 2)));
  EXPECT_THAT(pending(outbox, 2), ElementsAre(Pair(1, 1), Pair(2, 1)));
}

TEST(AnOutbox, GivesTheBytesBackWithTheTimeOfTheDecision) {
  OutboxQueue outbox;
  Event told = event(1, 1);
  told.time = time_from_ms(7);
  ASSERT_THAT(put(outbox, told), IsOkAndHolds(true));
  const PendingEvent waiting = outbox.pending(0, 1).value().at(0);
  EXPECT_EQ(waiting, (PendingEvent{run(1), 1, time_from_ms(7), encode(told), waiting.place}));
  EXPECT_THAT(read_event(waiting), IsOkAndHolds(told));
}

// An outbox reads no bytes: whoever takes them out finds what is wrong with them.
TEST(APendingEvent, ThatIsAnothersIsCorrupt) {
  const PendingEvent good{run(1), 1, {}, encode(event(1, 1))};
  ASSERT_THAT(read_event(good), IsOkAndHolds(event(1, 1)));
  PendingEvent broken = good;
  broken.run = run(2);
  EXPECT_THAT(read_event(broken), ErrorIs(Errc::corrupt));
  broken = good;
  broken.sequence = 2;
  EXPECT_THAT(read_event(broken), ErrorIs(Errc::corrupt));
  broken = good;
  broken.bytes.pop_back();
  EXPECT_THAT(read_event(broken), ErrorIs(Errc::corrupt));
}

TEST(AnOutbox, TakesNoEventTwice) {
  OutboxQueue outbox;
  ASSERT_THAT(put(outbox, event(1, 1)), IsOkAndHolds(true));
  EXPECT_THAT(put(outbox, event(1, 1)), IsOkAndHolds(false));
  EXPECT_EQ(outbox.size(), 1u);
}

TEST(AnOutbox, TakesNoOldEventAlsoWhenItIsGone) {
  OutboxQueue outbox;
  ASSERT_THAT(put(outbox, event(1, 1)), IsOk());
  ASSERT_THAT(put(outbox, event(1, 2)), IsOk());
  ASSERT_THAT(outbox.acknowledge_event(run(1), 1), IsOk());
  ASSERT_THAT(outbox.acknowledge_event(run(1), 2), IsOk());
  EXPECT_THAT(put(outbox, event(1, 1)), IsOkAndHolds(false));
  EXPECT_THAT(put(outbox, event(1, 2)), IsOkAndHolds(false));
  EXPECT_EQ(outbox.highest(run(1)), 2u);
  EXPECT_THAT(put(outbox, event(1, 3)), IsOkAndHolds(true));
}

TEST(AnOutbox, RefusesAGap) {
  OutboxQueue outbox;
  EXPECT_THAT(put(outbox, event(1, 2)), ErrorIs(Errc::invalid_argument));
  ASSERT_THAT(put(outbox, event(1, 1)), IsOk());
  EXPECT_THAT(put(outbox, event(1, 3)), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(put(outbox, event(1, 0)), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(outbox.size(), 1u);
}

TEST(AnOutbox, KeepsAnEventUntilItIsAcknowledged) {
  OutboxQueue outbox;
  ASSERT_THAT(put(outbox, event(1, 1)), IsOk());
  ASSERT_THAT(put(outbox, event(1, 2)), IsOk());
  ASSERT_THAT(put(outbox, event(1, 3)), IsOk());
  EXPECT_EQ(pending(outbox), pending(outbox)) << "looking changes nothing";
  EXPECT_THAT(outbox.acknowledge_event(run(1), 2), IsOk());
  EXPECT_THAT(outbox.acknowledge_event(run(1), 2), IsOk()) << "a repeat";
  EXPECT_THAT(pending(outbox), ElementsAre(Pair(1, 1), Pair(1, 3))) << "a hole stalls nothing";
}

TEST(AnOutbox, IgnoresAnAcknowledgementOfWhatItNeverTook) {
  OutboxQueue outbox;
  EXPECT_THAT(outbox.acknowledge_event(run(1), 1), IsOk());
  EXPECT_THAT(put(outbox, event(1, 1)), IsOkAndHolds(true));
}

TEST(AnOutbox, ForgetsARunWhoseEventsAreAcknowledged) {
  OutboxQueue outbox;
  ASSERT_THAT(put(outbox, event(1, 1)), IsOk());
  EXPECT_TRUE(outbox.has_pending(run(1)));
  EXPECT_THAT(outbox.forget(run(1)), ErrorIs(Errc::busy));
  ASSERT_THAT(outbox.acknowledge_event(run(1), 1), IsOk());
  EXPECT_THAT(outbox.forget(run(1)), IsOk());
  EXPECT_THAT(outbox.forget(run(1)), IsOk());
  EXPECT_EQ(outbox.highest(run(1)), 0u);
}

TEST(AnOutbox, BoundsItsEventsAndRuns) {
  OutboxQueue outbox({.max_events = 2, .max_runs = 2});
  ASSERT_THAT(put(outbox, event(1, 1)), IsOk());
  ASSERT_THAT(put(outbox, event(2, 1)), IsOk());
  EXPECT_THAT(put(outbox, event(1, 2)), ErrorIs(Errc::resource_exhausted));
  EXPECT_THAT(put(outbox, event(1, 1)), IsOkAndHolds(false)) << "a repeat needs no room";
  ASSERT_THAT(outbox.acknowledge_event(run(1), 1), IsOk());
  EXPECT_THAT(put(outbox, event(3, 1)), ErrorIs(Errc::resource_exhausted)) << "a third run";
  EXPECT_THAT(put(outbox, event(1, 2)), IsOkAndHolds(true));
}

TEST(AnOutbox, NeedsARun) {
  OutboxQueue outbox;
  EXPECT_THAT(outbox.put({}, {}, {1, {}}), ErrorIs(Errc::invalid_argument));
}

TEST(AnOutbox, BoundsTheSizeOfAnEvent) {
  OutboxQueue outbox({.max_event_bytes = 1'000});
  const std::vector<std::byte> bytes(1'001);
  EXPECT_THAT(outbox.put(run(1), {}, {1, bytes}),
              ErrorIs(Errc::limit_exceeded, Limit::event_bytes));
  EXPECT_THAT(outbox.put(run(1), {}, {1, Bytes(bytes).first(1'000)}), IsOkAndHolds(true));
}

TEST(AnOutbox, SaysBeforehandWhetherItHasRoomForAll) {
  OutboxQueue outbox({.max_events = 2});
  const std::vector<PreparedEvent> three{{1, {}}, {2, {}}, {3, {}}};
  const std::span all(three);
  EXPECT_THAT(outbox.room_for(run(1), all.first(2)), IsOk());
  EXPECT_THAT(outbox.room_for(run(1), all), ErrorIs(Errc::resource_exhausted, Limit::events));
  EXPECT_THAT(outbox.room_for(run(1), all.subspan(1)), ErrorIs(Errc::invalid_argument)) << "a gap";
  EXPECT_EQ(outbox.size(), 0u);
}

TEST(AnOutbox, SaysItAlsoOfEventsBehindOthersThatAreNotPutYet) {
  OutboxQueue outbox({.max_events = 2});
  const PreparedEvent second{2, {}}, third{3, {}};
  EXPECT_THAT(outbox.room_for(run(1), {&second, 1}, 1), IsOk());
  EXPECT_THAT(outbox.room_for(run(1), {&third, 1}, 1), ErrorIs(Errc::invalid_argument)) << "a gap";
  EXPECT_THAT(outbox.room_for(run(1), {&third, 1}, 2),
              ErrorIs(Errc::resource_exhausted, Limit::events));
}

}  // namespace
}  // namespace invsaga
