// SPDX-License-Identifier: Apache-2.0
//
// The runner on real threads: everybody asks at once, and each order still ends once.
#include <atomic>

#include "tests/runner/runner_threads_fixture.hpp"

namespace invsaga::runner_threads_tests {
namespace {

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
    heard += process->complete(run, call, Receipt{7}).has_value() ? 1 : 0;
  });
  EXPECT_GE(heard, 1);
  ASSERT_TRUE(await_ends(1));
  const auto end = decode<RunOutcome>(testing::records_of(backend, run).value().back().output);
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

TEST_F(SagaRunnerThreads, WhateverIsAskedAtOnceEachOrderEndsOnceAndTheStockAddsUp) {
  constexpr int starters = 3, orders = 400;
  constexpr Units opening = 700;
  stock_up(opening);
  Gateway gateway(shop);
  const auto process = runner();
  gateway.at_call = [&](const StepContext& step) {
    process->complete(step.run, step.id, Receipt{7},
                      {[](void*, std::uint64_t, result<NewsAnswer>&& told) noexcept {
                         EXPECT_THAT(told, IsOk());
                       },
                       nullptr, 0});
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
      if (chance.below(20) == 0) {
        EXPECT_EQ(process->recover().failed, 0u);
      }
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
      owner->complete(run, call, gateway.late_answer(call),
                      {[](void*, std::uint64_t, result<NewsAnswer>&&) noexcept {}, nullptr, 0});
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
    const auto records = testing::records_of(backend, run).value();
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
      if (thread >= 2) {
        EXPECT_EQ(own.recover().failed, 0u);
      }
      if (ended(runs[i])) ++i;
    }
  });
  check_sums(runs, opening);
}

}  // namespace
}  // namespace invsaga::runner_threads_tests
