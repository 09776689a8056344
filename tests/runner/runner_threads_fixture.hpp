// SPDX-License-Identifier: Apache-2.0
//
// A runner over the memory backend that many threads use at once, by the real clock.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "invsaga/memory.hpp"
#include "invsaga/saga_runner.hpp"
#include "invsaga/testing/matchers.hpp"
#include "invsaga/testing/store_under_test.hpp"
#include "invsaga/testing/writes.hpp"
#include "tests/saga/sample_saga.hpp"

namespace invsaga::runner_threads_tests {

using sample::Order;
using sample::Receipt;
using sample::Shop;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""h;
using testing::IsOk;

using Backend = MemoryBackend<>;
using Runner = SagaRunner<Backend>;

/// Waits are short: what has to be tried again is, while the others are at work.
inline constexpr RetryPolicy quick{1ms, 5ms, 200, 20, 0, 1h};
inline constexpr auto checkout = saga<Order, Shop>(
    "quick checkout", 1, compensable<"place">(sample::place, sample::cancel, {10s, quick}),
    compensable<"reserve">(sample::hold, sample::give_back, {10s, quick}),
    compensable<"pay">(sample::charge, sample::refund, {10s, quick}),
    pivot<"commit">(sample::sell, {10s, quick}),
    retriable<"clear cart">(sample::clear, {10s, quick}));

/// Runs `work(thread)` on so many threads, all let go at once.
inline void together(int threads, const std::function<void(int)>& work) {
  std::latch ready(threads);
  std::vector<std::thread> workers;
  for (int thread = 0; thread < threads; ++thread) {
    workers.emplace_back([&, thread] {
      ready.arrive_and_wait();
      work(thread);
    });
  }
  for (std::thread& one : workers) one.join();
}

inline Order order(const std::string& number) {
  Order made;
  made.number = number;
  return made;
}

class Ends final : public RunObserver {
 public:
  void ended(RunId run, const RunState&, const RunOutcome& outcome) override {
    const std::lock_guard lock(mutex_);
    if (!runs_.insert(run).second) ++repeats_;
    if (outcome.end == RunEnd::stuck) ++stuck_;
  }
  std::size_t runs() {
    const std::lock_guard lock(mutex_);
    return runs_.size();
  }
  std::size_t repeats() {
    const std::lock_guard lock(mutex_);
    return repeats_;
  }
  std::size_t stuck() {
    const std::lock_guard lock(mutex_);
    return stuck_;
  }

 private:
  std::mutex mutex_;
  std::set<RunId> runs_;
  std::size_t repeats_ = 0, stuck_ = 0;
};

class SagaRunnerThreads : public ::testing::Test {
 protected:
  SagaRunnerThreads() { backend.advance_to(clock.now()); }
  ~SagaRunnerThreads() override { EXPECT_EQ(ends.stuck(), 0u); }

  std::unique_ptr<Runner> runner(std::uint64_t seed = 1) {
    RunnerOptions options;
    options.observer = &ends;
    auto made = std::make_unique<Runner>(backend, Environment{clock, executor, seed}, options);
    made->add(checkout, shop);
    return made;
  }
  void stock_up(Units units) {
    const Line lines[] = {{sample::the_row, units}};
    testing::name_rows(backend, lines);
    ASSERT_THAT(backend.adjust({{7, 7}, AdjustReason::opening, clock.now() + 1h, lines}),
                testing::IsAdjusted());
  }
  StartRequest request(const std::string& number) const {
    StartRequest made;
    made.key = number;
    made.request = request_key("tenant", "checkout", number);
    made.fingerprint = fingerprint(as_bytes(number));
    made.deadline = backend.now() + 24h;
    return made;
  }
  /// Waits until as many runs have ended; false if they do not.
  bool await_ends(std::size_t runs) {
    const Time patience = clock.now() + 60s;
    while (ends.runs() < runs && clock.now() < patience) std::this_thread::sleep_for(1ms);
    return ends.runs() >= runs;
  }
  /// What the shop and the stock say fits what became of the orders.
  void check_sums(const std::vector<RunId>& runs, Units opening) {
    std::size_t completed = 0;
    for (const RunId run : runs) {
      const auto records = testing::records_of(backend, run).value();
      ASSERT_FALSE(records.empty());
      ASSERT_EQ(records.back().kind, RecordKind::ended);
      completed += records.back().end == RunEnd::completed ? 1 : 0;
    }
    const StockCounters stock = backend.stock(sample::the_row).assume_value();
    EXPECT_EQ(stock.sold, static_cast<Units>(completed));
    EXPECT_EQ(stock.on_hand, opening - stock.sold);
    EXPECT_EQ(stock.reserved, 0);
    EXPECT_EQ(shop.effects("charge") - shop.effects("refund"), completed);
    EXPECT_LE(shop.effects("charge"), runs.size());
    EXPECT_EQ(shop.effects("clear"), completed);
    // One that was cancelled early may not have been placed, or only have been about to be.
    EXPECT_GE(shop.effects("cancel"), shop.effects("place") - completed);
    EXPECT_LE(shop.effects("cancel"), runs.size() - completed);
    EXPECT_LE(shop.effects("place"), runs.size());
  }

  SystemClock clock;
  Backend backend;
  Shop shop;
  Ends ends;
  ThreadExecutor executor{clock, 2};
};

/// A gateway that does to each charge what the charge's id says, the same whoever asks again.
class Gateway {
 public:
  using Reentrant = std::function<void(const StepContext&)>;

  explicit Gateway(Shop& shop) : shop_(shop) {
    const auto say = [this](const StepContext& step) { return charge(step); };
    shop.script("charge", say, 20'000);
  }
  result<Reply<Receipt>> charge(const StepContext& step) {
    const bool first = step.attempt == 1;
    switch (step.id.low % 8) {
      case 0:
        return refuse(51);
      case 1:  // the reply is lost
        shop_.took_effect("charge", step.id);
        if (first) return Error{Errc::reply_lost};
        break;
      case 2:
        shop_.took_effect("charge", step.id);
        if (first) throw 7;
        break;
      case 3:
      case 4: {
        const std::lock_guard lock(mutex_);
        waiting_.emplace_back(step.run, step.id);
        return Reply<Receipt>(pending);
      }
      case 5:  // answers before it returns
        shop_.took_effect("charge", step.id);
        at_call(step);
        return Reply<Receipt>(pending);
      case 6:  // its user changes their mind within
        at_cancel(step);
        break;
      default:
        if (first) return Error{Errc::unavailable};
    }
    shop_.took_effect("charge", step.id);
    return Reply<Receipt>(Receipt{7});
  }
  /// Somebody who waits for an answer, if anybody does.
  std::pair<RunId, CallId> take_waiting() {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return {};
    const auto last = waiting_.back();
    waiting_.pop_back();
    return last;
  }
  result<Receipt> late_answer(CallId id) {
    if (id.low % 8 == 3) return refuse(51);
    shop_.took_effect("charge", id);
    return Receipt{7};
  }

  Reentrant at_call, at_cancel;

 private:
  Shop& shop_;
  std::mutex mutex_;
  std::vector<std::pair<RunId, CallId>> waiting_;
};

}  // namespace invsaga::runner_threads_tests
