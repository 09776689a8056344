// SPDX-License-Identifier: Apache-2.0
//
// One consumer's trouble at a bus is nobody else's: handlers that never answer, consumers that
// recover, runs that were forgotten, events that came too early; and repeats on their way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <invsaga/memory_bus.hpp>
#include <invsaga/testing/events.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/simulation.hpp>

namespace invsaga::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Time start = time_from_ms(1'000'000);

/// Writes down what was left out.
class LeftOut final : public BusObserver {
 public:
  void published(const Event&, bool) override {}
  void delivered(const Event&, std::string_view, Handling) override {}
  void failed(const Event&, std::string_view, Error) override {}
  void left_out(const Event& event, std::string_view consumer) override {
    words.push_back(std::string(consumer) + ' ' + std::to_string(event.sequence));
  }
  std::vector<std::string> words;
};

class BusOthers : public ::testing::Test {
 protected:
  MemoryBus& bus() {
    if (!bus_) {
      options.observer = &left_out;
      bus_ = std::make_unique<MemoryBus>(Environment{clock, executor}, options);
      EXPECT_THAT(subscriptions.add(bus_->subscribe("good", {}, good.handler())), IsOk());
      of_bad_ = bus_->subscribe("bad", {}, bad_handler()).value();
    }
    return *bus_;
  }
  void subscribe_anew() {
    of_bad_.end();
    of_bad_ = bus().subscribe("bad", {}, bad_handler()).value();
  }
  result<void> publish(std::uint64_t run, std::uint64_t sequence) {
    return published(bus(), event_of(run_no(run), sequence));
  }
  BusConsumer at_bad() { return bus().consumers().at(1); }
  void run_now() { executor.run_until(clock.now()); }
  void run_for(Duration time) { executor.run_until(clock.now() + time); }
  /// What the handler of `bad` had and kept.
  void answer_all(const result<Handling>& late) {
    for (const Completion<Handling>& done : std::exchange(kept, {})) done(late);
  }

  ManualClock clock{start};
  SimulatedExecutor executor{clock};
  MemoryBusOptions options;
  LeftOut left_out;
  Recipient good;
  /// Of `bad`; if there is none, it does not answer.
  Recipient::Answer answer = [](const Event&, int) { return Handling::handled; };
  Recipient bad{[this](const Event& event, int n) { return answer(event, n); }};
  std::vector<Completion<Handling>> kept;

 private:
  EventHandler bad_handler() {
    return [this](const Event& event, Completion<Handling> done) noexcept {
      if (answer) return done(bad.take(event));
      kept.push_back(done);
    };
  }
  std::unique_ptr<MemoryBus> bus_;
  Subscriptions subscriptions;
  Subscription of_bad_;
};

Recipient::Answer always(result<Handling> handling) {
  return [handling](const Event&, int) { return handling; };
}

/// Takes the events of one run in their order alone; `first` answers for the first one.
Recipient::Answer in_order(std::vector<std::uint64_t>& acted,
                           std::function<result<Handling>()> first = {}) {
  return [&acted, first](const Event& event, int) -> result<Handling> {
    if (event.sequence != acted.size() + 1) return Handling::parked;
    if (first && event.sequence == 1) {
      const auto told = first();
      if (!told.has_value()) return told;
    }
    acted.push_back(event.sequence);
    return Handling::handled;
  };
}

// --- handlers that never answer

TEST_F(BusOthers, AHandlerThatNeverAnswersFillsTheBusForNobodyElse) {
  options.max_owed = 50;
  answer = {};
  for (std::uint64_t run = 1; run <= 500; ++run) {
    if (run == 51) {
      EXPECT_THAT(publish(run, 1), ErrorIs(Errc::resource_exhausted, Limit::deliveries));
      run_for(options.patience);
    }
    ASSERT_THAT(publish(run, 1), IsOk()) << run;
    run_now();
  }
  EXPECT_EQ(good.delivered().size(), 500u);
  EXPECT_EQ(at_bad().waiting, 50u);
  EXPECT_TRUE(at_bad().shut_out);
  answer = always(Handling::handled);
  answer_all(Handling::handled);
  subscribe_anew();
  EXPECT_FALSE(at_bad().shut_out);
  ASSERT_THAT(publish(1'000, 1), IsOk());
  executor.run_all();
  EXPECT_THAT(bad.sequences_of(run_no(1'000)), ElementsAre(1)) << "there is a way back";
  EXPECT_EQ(bus().counts().pending, 0u);
}

TEST_F(BusOthers, ARunWhoseHandlerNeverAnswersGoesOnForTheOthers) {
  options.max_pending_per_run = 3;
  options.patience = Duration{5'000};
  answer = {};
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
    ASSERT_THAT(publish(1, sequence), IsOk());
  }
  run_now();
  run_for(Duration{4'999});
  EXPECT_THAT(publish(1, 4), ErrorIs(Errc::resource_exhausted, Limit::deliveries));
  EXPECT_THAT(left_out.words, IsEmpty());
  run_for(Duration{1});
  for (std::uint64_t sequence = 4; sequence <= 9; ++sequence) {
    ASSERT_THAT(publish(1, sequence), IsOk());
    run_now();
  }
  EXPECT_THAT(good.sequences_of(run_no(1)), IsCountedFrom1To(9));
  EXPECT_EQ(left_out.words.size(), 6u);
  answer = always(Handling::handled);
  answer_all(Handling::handled);
  executor.run_all();
  EXPECT_THAT(bad.sequences_of(run_no(1)), ElementsAre(2, 3)) << "and no later one";
  EXPECT_EQ(at_bad().cut_runs, 1u);
  EXPECT_EQ(bus().counts().pending, 0u);
}

TEST_F(BusOthers, AHandlerThatAnswersInTimeMissesNothing) {
  options.max_pending_per_run = 2;
  answer = {};
  std::uint64_t next = 1;
  for (int round = 0; round < 50; ++round) {
    if (publish(1, next).has_value()) ++next;
    run_for(Duration{10'000});
    answer_all(Handling::handled);
  }
  EXPECT_GT(next, 30u);
  EXPECT_THAT(left_out.words, IsEmpty());
  EXPECT_EQ(at_bad().cut_runs, 0u);
}

// --- a consumer that recovers

TEST_F(BusOthers, AConsumerThatRecoversFillsTheBusForNobodyElse) {
  answer = always(Error{Errc::unavailable});
  for (std::uint64_t run = 1; run <= 5; ++run) {
    for (std::uint64_t sequence = 1; sequence <= 10; ++sequence) {
      ASSERT_THAT(publish(run, sequence), IsOk());
      run_now();
    }
  }
  answer = always(Handling::handled);
  clock.advance(Duration{60'000});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(executor.step());  // each of its runs has moved
  ASSERT_GT(bus().counts().pending, 35u);
  for (std::uint64_t run = 100; run < 103; ++run) ASSERT_THAT(publish(run, 1), IsOk());
  executor.run_all();
  for (std::uint64_t run = 1; run <= 5; ++run) {
    EXPECT_THAT(bad.sequences_of(run_no(run)), Contains(10));
  }
  EXPECT_THAT(left_out.words, IsEmpty());
  EXPECT_EQ(bus().counts().pending, 0u);
  EXPECT_EQ(at_bad().on_their_way + at_bad().waiting, 0u);
}

// --- runs that were forgotten

class ForgottenRuns : public BusOthers {
 protected:
  /// `bad` misses the first two events of run 3, and is let in again; then all runs so far are
  /// forgotten.
  void SetUp() override {
    options.max_runs = 2;
    options.max_owed = 2;
    answer = always(Error{Errc::unavailable});
    for (std::uint64_t run = 1; run <= 3; ++run) {
      ASSERT_THAT(publish(run, 1), IsOk());
      run_now();
      if (run == 2) run_for(options.patience);
    }
    ASSERT_THAT(publish(3, 2), IsOk());
    ASSERT_THAT(left_out.words, ElementsAre("bad 1", "bad 2"));
    answer = always(Handling::handled);
    executor.run_all();
    subscribe_anew();
    ASSERT_FALSE(at_bad().shut_out);
    for (std::uint64_t run = 4; run <= 6; ++run) {
      ASSERT_THAT(publish(run, 1), IsOk());
      executor.run_all();
      ASSERT_THAT(bad.sequences_of(run_no(run)), ElementsAre(1)) << "runs that begin then";
    }
  }
};

TEST_F(ForgottenRuns, AreSentToNobodyWithAHole) {
  for (std::uint64_t sequence = 3; sequence <= 6; ++sequence) {
    ASSERT_THAT(publish(3, sequence), IsOk());
    executor.run_all();
  }
  EXPECT_THAT(bad.sequences_of(run_no(3)), IsEmpty());
  EXPECT_THAT(good.sequences_of(run_no(3)), IsCountedFrom1To(6));
}

TEST_F(ForgottenRuns, AreNotTakenForNewOnesByALateRepeat) {
  for (const std::uint64_t sequence : {1, 3, 4}) {  // the first by another relay
    ASSERT_THAT(publish(3, sequence), IsOk());
    executor.run_all();
  }
  EXPECT_THAT(bad.sequences_of(run_no(3)), ::testing::Not(Contains(::testing::Ge(3u))));
  EXPECT_THAT(good.sequences_of(run_no(3)), ElementsAre(1, 2, 1, 3, 4));
}

TEST_F(ForgottenRuns, OfAConsumerThatMissedNothingAreSentOn) {
  for (std::uint64_t run = 100; run < 110; ++run) {
    ASSERT_THAT(publish(run, 1), IsOk());
    executor.run_all();
  }
  ASSERT_THAT(publish(6, 2), IsOk());
  executor.run_all();
  EXPECT_THAT(good.sequences_of(run_no(6)), IsCountedFrom1To(2));
}

// --- events that come too early

TEST_F(BusOthers, WhatIsTooEarlyWaitsForAPredecessorThatIsTriedAgainAsLongAsItTakes) {
  std::vector<std::uint64_t> acted;
  bool up = false;
  answer = in_order(acted, [&]() -> result<Handling> {
    if (!up) return Error{Errc::unavailable};
    return Handling::handled;
  });
  for (const std::uint64_t sequence : {3, 2, 1}) ASSERT_THAT(publish(1, sequence), IsOk());
  run_for(std::chrono::hours(24 * 8));
  EXPECT_EQ(bus().counts().dead, 0u);
  up = true;
  executor.run_all();
  EXPECT_THAT(acted, IsCountedFrom1To(3));
  EXPECT_EQ(bus().counts().pending, 0u);
}

TEST_F(BusOthers, ARunThatIsFullOfWhatCameTooEarlyHasRoomForWhatItWaitsFor) {
  options.max_pending_per_run = 3;
  options.max_owed = 3;
  std::vector<std::uint64_t> acted;
  answer = in_order(acted);
  for (const std::uint64_t sequence : {4, 3, 2}) {
    ASSERT_THAT(publish(1, sequence), IsOk());
    run_now();
  }
  ASSERT_THAT(publish(1, 1), IsOk());
  run_now();
  ASSERT_THAT(publish(1, 5), IsOk());
  executor.run_all();
  EXPECT_THAT(acted, IsCountedFrom1To(5));
  EXPECT_THAT(left_out.words, IsEmpty());
}

TEST_F(BusOthers, ARunThatIsFullIsNotCutWhileWhatItWaitsForHasNotHadItsTurn) {
  options.max_pending_per_run = 3;
  std::vector<std::uint64_t> acted;
  answer = in_order(acted);
  for (const std::uint64_t sequence : {4, 3, 2}) {
    ASSERT_THAT(publish(1, sequence), IsOk());
    run_now();
  }
  ASSERT_THAT(publish(1, 1), IsOk());
  EXPECT_THAT(publish(1, 5), ErrorIs(Errc::resource_exhausted, Limit::deliveries));
  run_now();
  ASSERT_THAT(publish(1, 5), IsOk());
  run_now();
  EXPECT_THAT(acted, IsCountedFrom1To(5));
  EXPECT_EQ(at_bad().cut_runs, 0u);
}

TEST_F(BusOthers, WhatIsTooEarlyHasItsTimeBeforeItWhenItsRunHasMoved) {
  options.retry = {Duration{100}, Duration{100}, 100, 0, 0, Duration{1'000}};
  std::vector<std::uint64_t> acted;
  answer = in_order(acted);
  ASSERT_THAT(publish(1, 3), IsOk());
  run_for(Duration{850});
  answer = {};
  ASSERT_THAT(publish(1, 1), IsOk());
  run_for(Duration{3'600'000});  // its handler takes an hour
  answer = in_order(acted);
  acted = {1};
  answer_all(Handling::handled);
  run_for(Duration{850});
  EXPECT_EQ(bus().counts().dead, 0u) << "the second may come yet";
  ASSERT_THAT(publish(1, 2), IsOk());
  executor.run_all();
  EXPECT_THAT(acted, IsCountedFrom1To(3));
}

TEST_F(BusOthers, WhatIsLeftAloneTooEarlyIsGivenUpAtTheEnd) {
  options.retry = {Duration{100}, Duration{100}, 100, 0, 0, Duration{1'000}};
  std::vector<std::uint64_t> acted;
  answer = in_order(acted);
  for (const std::uint64_t sequence : {1, 4, 3}) ASSERT_THAT(publish(1, sequence), IsOk());
  run_for(Duration{2'000});
  EXPECT_EQ(bus().counts().dead, 1u);
  EXPECT_EQ(bus().dead(1).at(0).error, Error{Errc::too_late});
  EXPECT_EQ(bus().dead(1).at(0).event.sequence, 3u);
  EXPECT_EQ(bus().dead(1).at(0).behind, 1u);
}

TEST_F(BusOthers, ToHaveBeenTooEarlyTakesNothingOfWhatMayFail) {
  options.retry = {Duration{100}, Duration{100}, 100, 0, 0, Duration{1'000}};
  answer = always(Handling::parked);
  ASSERT_THAT(publish(1, 1), IsOk());
  run_for(Duration{850});
  const std::size_t before = bad.delivered().size();
  answer = always(Error{Errc::reply_lost});
  executor.run_all();
  EXPECT_EQ(bus().counts().dead, 1u);
  EXPECT_GE(bad.delivered().size() - before, 10u) << "a whole budget of attempts";
}

TEST_F(BusOthers, WhatWasTooEarlyAndFailsHoldsBackTheLaterOnes) {
  std::vector<std::uint64_t> acted;
  int fails = 3;
  answer = [&](const Event& event, int) -> result<Handling> {
    if (event.sequence != acted.size() + 1) return Handling::parked;
    if (event.sequence == 2 && --fails >= 0) return Error{Errc::timed_out};
    acted.push_back(event.sequence);
    return Handling::handled;
  };
  for (const std::uint64_t sequence : {2, 5, 1, 3, 4}) ASSERT_THAT(publish(1, sequence), IsOk());
  run_now();
  EXPECT_THAT(bad.sequences_of(run_no(1)), ElementsAre(2, 5, 1, 2)) << "3 waits for 2";
  executor.run_all();
  EXPECT_THAT(acted, IsCountedFrom1To(5));
}

// --- repeats on their way

TEST_F(BusOthers, ARepeatOfWhatIsOnItsWayTakesNoPlace) {
  options.max_owed = 2;
  options.max_pending_per_run = 2;
  for (const std::uint64_t sequence : {1, 1, 2, 1, 2, 2}) {
    ASSERT_THAT(publish(1, sequence), IsOk());
  }
  EXPECT_EQ(at_bad().on_their_way, 2u);
  EXPECT_EQ(bus().counts().repeated, 4u);
  run_now();
  EXPECT_THAT(bad.sequences_of(run_no(1)), ElementsAre(1, 2));
  ASSERT_THAT(publish(1, 2), IsOk());
  run_now();
  EXPECT_THAT(bad.sequences_of(run_no(1)), ElementsAre(1, 2, 2))
      << "what was handled may come again";
}

TEST_F(BusOthers, ARepeatOfWhatAHandlerHasTakesNoPlace) {
  answer = {};
  ASSERT_THAT(publish(1, 1), IsOk());
  run_now();
  for (int i = 0; i < 5; ++i) ASSERT_THAT(publish(1, 1), IsOk());
  run_now();
  EXPECT_EQ(at_bad().waiting, 1u);
  answer = always(Handling::handled);
  answer_all(Handling::handled);
  executor.run_all();
  EXPECT_THAT(bad.delivered(), IsEmpty());
  EXPECT_EQ(bus().counts().pending, 0u);
}

TEST_F(BusOthers, ARepeatOfWhatWaitsIsNotLeftOutOfAConsumerThatIsShutOut) {
  options.max_owed = 1;
  answer = always(Error{Errc::unavailable});
  for (const std::uint64_t run : {1, 2, 1}) {
    ASSERT_THAT(publish(run, 1), IsOk());
    run_for(options.patience);
  }
  EXPECT_TRUE(at_bad().shut_out);
  EXPECT_EQ(at_bad().left_out, 1u) << "of the second run";
}

}  // namespace
}  // namespace invsaga::testing
