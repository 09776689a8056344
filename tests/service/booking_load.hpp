// SPDX-License-Identifier: Apache-2.0
//
// The service under load, with restarts in the middle of it, and what has to be exact afterwards.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include <invsaga/testing/matchers.hpp>

#include "tests/service/service_process.hpp"

namespace invsaga::service_tests {

inline constexpr int restarts = 20;  // every second one by `stop`
inline constexpr int clients = 8;
inline constexpr int nights = 100;
inline constexpr std::size_t most_under_way = 2'000;

class BookingService : public ::testing::Test {
 protected:
  /// Of so many bookings, or as many as INVSAGA_BOOKINGS says.
  void open(int by_default) {
    const char* asked = std::getenv("INVSAGA_BOOKINGS");
    bookings = asked != nullptr ? std::atoi(asked) : by_default;
    ASSERT_GE(bookings, 1'000);
    world.store.advance_to(world.clock.now());
    rooms = bookings / nights * 85 / 100;  // fewer than are wanted, and than would be paid for
    std::vector<Line> lines;
    for (int night = 0; night < nights; ++night) {
      rows.push_back(world.store.intern("room", "night " + std::to_string(night)).value());
      lines.push_back({rows.back(), rooms});
    }
    ASSERT_THAT(world.store.adjust({make_id<AdjustId>({"opening"}), AdjustReason::opening,
                                    world.clock.now() + 1h, lines}),
                testing::IsAdjusted());
    deadline = world.clock.now() + 1h;
  }

  [[nodiscard]] Booking booking(int number) const {
    Booking made;
    made.number = std::to_string(number);
    made.night = {rows[static_cast<std::size_t>(number % nights)], 1};
    made.cents = 5'000 + number % 7;
    made.card_is_good = number % 13 != 0;
    made.guest_is_welcome = number % 17 != 0;
    return made;
  }

  /// Every restart comes when its share of the bookings was asked for.
  void serve() {
    door.open(std::make_unique<Process>(world));
    std::vector<std::thread> threads;
    for (int i = 0; i < clients; ++i) threads.emplace_back([this] { ask_for_bookings(); });
    for (int restart = 1; restart <= restarts; ++restart) {
      const std::int64_t at = std::int64_t{bookings} * restart / (restarts + 1);
      while (next < at) std::this_thread::sleep_for(std::chrono::microseconds(100));
      if (restart % 2 == 1) stop();
      auto process = door.close();
      process->end(restart / 2 % 3);  // each order, with a stop before and without
      process.reset();
      if (restart % 2 == 0) untold = listed_ends().size() - world.ends.told.runs();
      auto successor = std::make_unique<Process>(world);
      EXPECT_TRUE(successor->is_ready());
      taken_over += successor->recovered().taken;
      door.open(std::move(successor));
    }
    for (std::thread& one : threads) one.join();
  }

  /// What is recorded as ended before it returns was told, but for what was left by an end without
  /// a stop before: that may be untold.
  void stop() {
    const auto began = std::chrono::steady_clock::now();
    const StopReport report = door.process().runner().stop(world.clock.now() + 1min);
    slowest_stop = std::max(slowest_stop, std::chrono::steady_clock::now() - began);
    EXPECT_TRUE(report.at_rest);
    EXPECT_EQ(listed_ends().size(), world.ends.told.runs() + untold);
  }

  void ask_for_bookings() {
    for (;;) {
      const int number = next++;
      if (number >= bookings) return;
      const Booking asked = booking(number);
      const StartRequest request = request_for(asked, deadline);
      while (!ask_for(number, asked, request)) std::this_thread::sleep_for(1ms);
    }
  }
  bool ask_for(int number, const Booking& asked, const StartRequest& request) {
    return door.enter([&](Runner& runner) {
      if (runner.runs() > most_under_way) return false;
      const auto begun = runner.start(booking_saga, asked, request);
      if (!begun.has_value()) {
        EXPECT_NE(begun.assume_error().remedy(), Remedy::give_up);
        return false;
      }
      EXPECT_NE(begun.assume_value().state, ClaimState::mismatch);
      if (number % 64 != 0) return true;
      const auto outcome = runner.wait(begun.assume_value().run, world.clock.now() + 1min);
      EXPECT_TRUE(outcome.has_value() || outcome.assume_error().code == Errc::unavailable);
      return true;
    });
  }

  /// All runs that have ended, as the log lists them, a page at a time.
  std::vector<RunId> listed_ends() {
    std::vector<RunId> all;
    EndedRun behind;
    for (;;) {
      const auto page = world.store.ended(Time::max(), behind, 4'096);
      EXPECT_THAT(page, testing::IsOk());
      if (!page.has_value() || page.assume_value().empty()) return all;
      for (const EndedRun& one : page.assume_value()) all.push_back(one.run);
      behind = page.assume_value().back();
    }
  }
  template <class Condition>
  bool await(const Condition& condition) {
    const Time patience = world.clock.now() + 1min;
    while (!condition() && world.clock.now() < patience) std::this_thread::sleep_for(1ms);
    return condition();
  }

  /// Who asks again is told how it ended: bookings that were confirmed, by night.
  std::vector<Units> ask_again() {
    std::vector<Units> sold(nights);
    for (int number = 0; number < bookings; ++number) {
      const Booking asked = booking(number);
      const auto answer = door.process().runner().start(booking_saga, asked,
                                                        request_for(asked, deadline));
      if (!answer.has_value() || !answer.assume_value().outcome) {
        ADD_FAILURE() << "no outcome of " << number;
        return sold;
      }
      const RunOutcome& outcome = *answer.assume_value().outcome;
      if (outcome.end != RunEnd::completed) continue;
      ++sold[static_cast<std::size_t>(number % nights)];
      ++confirmed_bookings;
      money += asked.cents;
      if (!world.mails.sent.has(outcome.run)) ++without_mail;
    }
    return sold;
  }

  /// Serves them all, and looks at everything that is to be exact.
  void serve_and_check() {
    const auto began = std::chrono::steady_clock::now();
    serve();
    const auto all = static_cast<std::size_t>(bookings);
    const auto none_under_way = [&] { return door.process().runner().runs() == 0; };
    ASSERT_TRUE(await(none_under_way)) << door.process().runner().runs();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began)
                               .count();
    const auto all_told = [&] { return world.store.pending(0, 1).value().empty(); };
    ASSERT_TRUE(await(all_told));

    const auto ends = listed_ends();
    EXPECT_EQ(ends.size(), all) << "an end is not listed";
    EXPECT_EQ(std::unordered_set<RunId>(ends.begin(), ends.end()).size(), all);
    EXPECT_EQ(world.ends.told.repeats(), 0u) << "an end was told twice";
    EXPECT_EQ(world.ends.told.runs() + untold, all) << "an end was not told";
    EXPECT_EQ(world.ends.stuck.runs(), 0u);
    EXPECT_EQ(world.hotel.gateway.failure(), "");
    EXPECT_GT(taken_over, 0u) << "no restart was in the middle";

    const std::vector<Units> sold = ask_again();
    for (std::size_t night = 0; night < nights; ++night) {
      const StockCounters counters = world.store.stock(rows[night]).value();
      EXPECT_EQ(counters.sold, sold[night]) << night;
      EXPECT_EQ(counters.on_hand, rooms - counters.sold) << night;
      EXPECT_EQ(counters.reserved, 0) << night;
    }
    EXPECT_EQ(world.hotel.gateway.takings(), money);
    EXPECT_EQ(world.hotel.guests.size(), confirmed_bookings);
    const auto all_mailed = [&] { return world.mails.sent.runs() >= confirmed_bookings; };
    EXPECT_TRUE(await(all_mailed));
    EXPECT_EQ(without_mail, 0u) << "an event was lost";
    EXPECT_EQ(world.mails.sent.runs(), confirmed_bookings) << "a mail of what was not confirmed";
    EXPECT_EQ(world.mails.sent.repeats(), 0u) << "the inbox let a repeat through";
    std::printf("%d bookings, %zu confirmed, %.0f a second; %zu taken over; slowest stop %lld ms\n",
                bookings, confirmed_bookings, bookings / seconds, taken_over,
                static_cast<long long>(
                    std::chrono::duration_cast<std::chrono::milliseconds>(slowest_stop).count()));
  }

  World world;
  Door door;
  int bookings = 0;
  Units rooms = 0;
  std::vector<Row> rows;
  Time deadline;
  std::atomic<int> next{0};
  std::size_t untold = 0, taken_over = 0, confirmed_bookings = 0, without_mail = 0;
  std::int64_t money = 0;
  std::chrono::steady_clock::duration slowest_stop{};
};

}  // namespace invsaga::service_tests
