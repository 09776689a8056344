// SPDX-License-Identifier: Apache-2.0
//
// What an inbox remembers of runs is bounded, and the oldest goes first.
#include <gtest/gtest.h>

#include <cstdint>

#include <invsaga/inbox.hpp>
#include <invsaga/reference/claim_table.hpp>
#include <invsaga/testing/events.hpp>
#include <invsaga/testing/matchers.hpp>

namespace invsaga::testing {
namespace {

constexpr Time start = time_from_ms(1'000'000'000);

/// An inbox that remembers the places of three runs, in ascending order.
class InboxBounds : public ::testing::Test {
 protected:
  InboxBounds() { claims.advance_to(start); }

  result<Handling> handle(std::uint64_t run, std::uint64_t sequence) {
    Event event = event_of(run_no(run), sequence);
    event.time = start;
    return inbox.handle(event, [](const Event&) -> result<void> { return success(); });
  }
  /// Whether it knows that the run has passed its fifth event: then the one before is out of order.
  /// Asked once: the answer of one that is forgotten is an effect.
  bool knows(std::uint64_t run) {
    const auto told = handle(run, 4);
    EXPECT_TRUE(told.has_value() || told.assume_error().code == Errc::moved_on);
    return !told.has_value();
  }

  ClaimTable claims{Retention{}};
  Inbox inbox{claims, "mail", {.max_runs = 3}};
};

TEST_F(InboxBounds, RemembersSoManyRuns) {
  for (const std::uint64_t run : {1, 2, 3}) {
    ASSERT_THAT(handle(run, 5), IsOkAndHolds(Handling::handled));
  }
  for (const std::uint64_t run : {1, 2, 3}) EXPECT_TRUE(knows(run)) << run;
}

TEST_F(InboxBounds, ForgetsTheOldestFirstAndTakesItsNextEventAsInOrder) {
  for (const std::uint64_t run : {1, 2, 3, 4}) {
    ASSERT_THAT(handle(run, 5), IsOkAndHolds(Handling::handled));
  }
  for (const std::uint64_t run : {2, 3, 4}) EXPECT_TRUE(knows(run)) << run;
  EXPECT_FALSE(knows(1));
}

TEST_F(InboxBounds, ForgetsNoMoreThanItHasTo) {
  for (std::uint64_t run = 1; run <= 10; ++run) {
    ASSERT_THAT(handle(run, 5), IsOkAndHolds(Handling::handled));
  }
  for (const std::uint64_t run : {8, 9, 10}) EXPECT_TRUE(knows(run)) << run;
  EXPECT_FALSE(knows(7));
}

TEST_F(InboxBounds, WhatItForgetsWasStillHandledOnce) {
  for (std::uint64_t run = 1; run <= 10; ++run) {
    ASSERT_THAT(handle(run, 5), IsOkAndHolds(Handling::handled));
  }
  EXPECT_THAT(handle(1, 5), IsOkAndHolds(Handling::duplicate));
  EXPECT_EQ(inbox.counts().handled, 10u);
}

}  // namespace
}  // namespace invsaga::testing
