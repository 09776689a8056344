// SPDX-License-Identifier: Apache-2.0
//
// The runner on real threads: everybody asks at once, and each order still ends once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "invsaga/memory.hpp"
#include "invsaga/saga_runner.hpp"
#include "invsaga/testing/matchers.hpp"
#include "tests/sample_saga.hpp"

namespace invsaga {
namespace {

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
constexpr RetryPolicy quick{1ms, 5ms, 200, 20, 0, 1h};
constexpr auto checkout = saga<Order, Shop>(
    "quick checkout", 1, compensable<"place">(sample::place, sample::cancel, {10s, quick}),
    compensable<"reserve">(sample::hold, sample::give_back, {10s, quick}),
    compensable<"pay">(sample::charge, sample::refund, {10s, quick}),
    pivot<"commit">(sample::sell, {10s, quick}),
    retriable<"clear cart">(sample::clear, {10s, quick}));

/// Runs `work(thread)` on so many threads, all let go at once.
void together(int threads, const std::function<void(int)>& work) {
  std::latch ready(threads);
  std::vector<std::thread> crew;
  for (int thread = 0; thread < threads; ++thread) {
    crew.emplace_back([&, thread] {
      ready.arrive_and_wait();
      work(thread);
    });
  }
  for (std::thread& one : crew) one.join();
}

Order order(const std::string& number) {
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
      const auto records = backend.read(run).assume_value();
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
    EXPECT_EQ(shop.effects("place"), runs.size());
    EXPECT_EQ(shop.effects("cancel"), runs.size() - completed);
  }

  SystemClock clock;
  Backend backend;
  Shop shop;
  Ends ends;
  ThreadExecutor executor{clock, 2};
};

// --- one request (C1)

TEST_F(SagaRunnerThreads, SixtyFourStartsOfOneRequestAreOneRunAndAllAreAnsweredWithIt) {
  stock_up(1);
  shop.wait("charge");
  const auto process = runner();
  const StartRequest request = this->request("1");
  std::atomic<int> fresh = 0, in_progress = 0, equal = 0;
  together(64, [&](int) {
    const auto begun = process->start(checkout, order("1"), request);
    if (!begun.has_value()) return;
    fresh += begun.assume_value().state == ClaimState::fresh ? 1 : 0;
    in_progress += begun.assume_value().state == ClaimState::in_progress ? 1 : 0;
    equal += begun.assume_value().run == run_id(checkout.name(), request) ? 1 : 0;
  });
  EXPECT_EQ(fresh, 1);
  EXPECT_EQ(in_progress, 63);
  EXPECT_EQ(equal, 64);

  const RunId run = run_id(checkout.name(), request);
  const CallId call = shop.last_pending();
  shop.took_effect("charge", call);
  std::atomic<int> heard = 0, told = 0;
  together(64, [&](int) {  // the gateway tells its answer more than once
    heard += process->complete(run, call, result<Receipt>(Receipt{7})).has_value() ? 1 : 0;
  });
  EXPECT_GE(heard, 1);
  ASSERT_TRUE(await_ends(1));
  const auto end = decode<RunOutcome>(backend.read(run).assume_value().back().output);
  together(64, [&](int) {
    const auto again = process->start(checkout, order("1"), request);
    if (!again.has_value() || !again.assume_value().outcome) return;
    told += *again.assume_value().outcome == end.assume_value() ? 1 : 0;
  });
  EXPECT_EQ(told, 64);
  EXPECT_EQ(shop.times_called("charge"), 1u);
  EXPECT_EQ(ends.repeats(), 0u);
  check_sums({run}, 1);
}

TEST_F(SagaRunnerThreads, AStartThatMeetsTheEndOfItsRunIsAnsweredWithOneOrTheOther) {
  constexpr int rounds = 40;
  stock_up(rounds);
  const auto process = runner();
  std::vector<RunId> runs;
  for (int round = 0; round < rounds; ++round) {
    StartRequest request = this->request(std::to_string(round));
    if (round % 2 == 1) request.request = {};  // the key alone names the run
    std::atomic<int> fresh = 0, answered = 0;
    together(8, [&](int) {
      const auto begun = process->start(checkout, order(request.key), request);
      if (!begun.has_value()) return;
      const ClaimState state = begun.assume_value().state;
      fresh += state == ClaimState::fresh ? 1 : 0;
      const bool completed = state == ClaimState::completed &&
                             begun.assume_value().outcome->end == RunEnd::completed;
      answered += completed || state == ClaimState::in_progress ? 1 : 0;
    });
    EXPECT_EQ(fresh, 1) << round;
    EXPECT_EQ(answered, 7) << round;
    runs.push_back(run_id(checkout.name(), request));
  }
  ASSERT_TRUE(await_ends(rounds));
  EXPECT_EQ(ends.repeats(), 0u);
  check_sums(runs, rounds);
}

// --- everything at once

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

TEST_F(SagaRunnerThreads, WhateverIsAskedAtOnceEachOrderEndsOnceAndTheStockAddsUp) {
  constexpr int starters = 3, orders = 400;
  constexpr Units opening = 700;
  stock_up(opening);
  Gateway gateway(shop);
  const auto process = runner();
  gateway.at_call = [&](const StepContext& step) {
    EXPECT_THAT(process->complete(step.run, step.id, result<Receipt>(Receipt{7})), IsOk());
  };
  gateway.at_cancel = [&](const StepContext& step) {
    EXPECT_THAT(process->cancel(step.run, "within"), IsOk());
  };
  std::vector<RunId> runs;
  for (int i = 0; i < starters * orders; ++i) {
    runs.push_back(run_id(checkout.name(), request(std::to_string(i))));
  }
  std::atomic<int> started = 0;
  const auto over = [&] { return started == starters && ends.runs() == runs.size(); };
  const Time patience = clock.now() + 60s;
  const auto start_some = [&](int starter) {
    for (int i = starter; i < starters * orders; i += starters) {
      const std::string number = std::to_string(i);
      EXPECT_THAT(process->start(checkout, order(number), request(number)), IsOk());
    }
    ++started;
  };
  together(starters + 3, [&](int thread) {
    if (thread < starters) return start_some(thread);
    Rng chance(static_cast<std::uint64_t>(thread));
    while (!over() && clock.now() < patience) {
      const auto [run, call] = gateway.take_waiting();
      if (run.is_set()) {
        EXPECT_THAT(process->complete(run, call, gateway.late_answer(call)), IsOk());
      }
      const RunId any = runs[chance.below(runs.size())];
      if (chance.below(10) == 0) static_cast<void>(process->cancel(any, "too slow"));
      static_cast<void>(process->resume(any));
      static_cast<void>(process->status(any));
      static_cast<void>(process->explain(any));
      static_cast<void>(process->records(any));
      if (chance.below(20) == 0) EXPECT_EQ(process->recover().failed, 0u);
    }
  });
  ASSERT_TRUE(await_ends(runs.size()));
  EXPECT_EQ(ends.repeats(), 0u);
  check_sums(runs, opening);
}

// --- two owners

TEST_F(SagaRunnerThreads, TwoOwnersThatTakeEachOthersRunsEndEachOnce) {
  constexpr int orders = 400;
  constexpr Units opening = 250;
  stock_up(opening);
  Gateway gateway(shop);
  const std::unique_ptr<Runner> owners[] = {runner(1), runner(2)};
  // Whoever drives a run now need not be who began it.
  const auto complete = [&](RunId run, CallId call) {
    for (const auto& owner : owners) {
      static_cast<void>(owner->complete(run, call, gateway.late_answer(call)));
    }
  };
  gateway.at_call = [&](const StepContext& step) { complete(step.run, step.id); };
  gateway.at_cancel = [&](const StepContext& step) {
    EXPECT_THAT(owners[step.id.low / 8 % 2]->cancel(step.run, "within"), IsOk());
  };
  std::vector<RunId> runs;
  for (int i = 0; i < orders; ++i) {
    runs.push_back(run_id(checkout.name(), request(std::to_string(i))));
  }
  const auto ended = [&](RunId run) {
    const auto records = backend.read(run).assume_value();
    return !records.empty() && records.back().kind == RecordKind::ended;
  };
  const Time patience = clock.now() + 60s;
  together(4, [&](int thread) {
    Runner& own = *owners[thread % 2];
    for (int i = thread; thread < 2 && i < orders; i += 2) {
      EXPECT_THAT(own.start(checkout, order(std::to_string(i)), request(std::to_string(i))),
                  IsOk());
    }
    for (std::size_t i = 0; i < runs.size() && clock.now() < patience;) {
      const auto [run, call] = gateway.take_waiting();
      if (run.is_set()) complete(run, call);
      if (thread >= 2) EXPECT_EQ(own.recover().failed, 0u);
      if (ended(runs[i])) ++i;
    }
  });
  check_sums(runs, opening);
}

// --- the end of a runner

/// A store that takes its time, and answers on threads of its own; all of it before it ends.
class AnswersLater : public MemoryBackend<> {
 public:
  explicit AnswersLater(int threads) {
    for (int i = 0; i < threads; ++i) crew_.emplace_back([this] { work(); });
  }
  ~AnswersLater() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    asked_.notify_all();
    for (std::thread& one : crew_) one.join();
  }
  void submit(const Operation& operation, const Effects& effects, std::span<ShortLine> shorts,
              Completion done) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(
          [=, this, &operation, &effects] { done(apply(operation, effects, shorts)); });
    }
    asked_.notify_one();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      asked_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const auto answer = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      std::this_thread::yield();
      answer();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable asked_;
  std::deque<std::function<void()>> waiting_;
  bool ended_ = false;
  std::vector<std::thread> crew_;
};

TEST(SagaRunnerEnd, WhileTheStoreAnswersOnOtherThreadsNothingIsTouchedAndNothingHangs) {
  constexpr int orders = 50, rounds = 40;
  int early = 0;
  for (int round = 0; round < rounds; ++round) {
    SystemClock clock;
    Shop shop;
    AnswersLater backend(2);
    backend.advance_to(clock.now());
    ThreadExecutor executor(clock, 2);
    RunnerOptions options;
    options.on_executor = round % 2 == 0;
    options.orphaned_after = Duration{round % 3};  // 1 or 2: it looks for orphans all the time
    auto process = std::make_unique<SagaRunner<AnswersLater>>(
        backend, Environment{clock, executor, 1}, options);
    process->add(checkout, shop);
    shop.fail("place", Error{Errc::unavailable}, orders / 2);  // so that timers are armed
    for (int i = 0; i < orders; ++i) {
      StartRequest request;
      request.key = std::to_string(i);
      ASSERT_THAT(process->start(checkout, order(request.key), request), IsOk());
    }
    early += process->runs() > 0 ? 1 : 0;
    process.reset();
    const std::size_t calls = shop.calls().size();
    std::this_thread::sleep_for(2ms);
    EXPECT_EQ(shop.calls().size(), calls);
  }
  EXPECT_GT(early, rounds / 2);
}

}  // namespace
}  // namespace invsaga
