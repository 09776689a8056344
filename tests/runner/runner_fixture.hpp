// SPDX-License-Identifier: Apache-2.0
//
// Runners over a backend in simulated time, the shop that their sagas use, and what came of it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "invsaga/keeper.hpp"
#include "invsaga/keyed_hash.hpp"
#include "invsaga/saga_runner.hpp"
#include "invsaga/testing/matchers.hpp"
#include "invsaga/testing/store_under_test.hpp"
#include "invsaga/testing/writes.hpp"
#include "tests/runner/scripted_backend.hpp"
#include "tests/saga/sample_saga.hpp"

namespace invsaga::runner_tests {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

inline constexpr Time start_time = time_from_ms(1'000'000'000'000);
inline constexpr Row the_row = sample::the_row;

/// Keeps what it is told, in order.
class Witness final : public RunObserver {
 public:
  void recorded(RunId run, const RunState& state, const RunRecord& record) override {
    const std::lock_guard lock(mutex_);
    records_[run].push_back(record);
    statuses_[run].push_back(state.pivot_done(*definition) ? OrderStatus::placed
                             : state.compensating          ? OrderStatus::not_placed
                                                           : OrderStatus::deciding);
  }
  void ended(RunId run, const RunState&, const RunOutcome& outcome) override {
    const std::lock_guard lock(mutex_);
    outcomes_[run].push_back(outcome);
  }
  std::vector<RunRecord> records(RunId run) {
    const std::lock_guard lock(mutex_);
    return records_[run];
  }
  std::vector<RunOutcome> outcomes(RunId run) {
    const std::lock_guard lock(mutex_);
    return outcomes_[run];
  }
  /// The statuses that were shown, without repeats.
  std::vector<OrderStatus> statuses(RunId run) {
    const std::lock_guard lock(mutex_);
    std::vector<OrderStatus> seen = statuses_[run];
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
    return seen;
  }
  const Definition* definition = nullptr;

 private:
  std::mutex mutex_;
  std::unordered_map<RunId, std::vector<RunRecord>, IdHash> records_;
  std::unordered_map<RunId, std::vector<OrderStatus>, IdHash> statuses_;
  std::unordered_map<RunId, std::vector<RunOutcome>, IdHash> outcomes_;
};

template <class Parts>
class RunnerFixture {
 public:
  using Connection = Scripted<typename Parts::Backend>;
  using Runner = SagaRunner<Connection>;

  /// One process: a runner with its own way to the backend.
  struct Process {
    Process(RunnerFixture& fixture, RunnerOptions options)
        : connection(fixture.parts.backend,
                     [&fixture] { fixture.parts.advance_to(fixture.clock.now()); }),
          runner(connection, Environment{fixture.clock, fixture.executor, 1}, options) {
      runner.add(sample::checkout, fixture.shop);
    }
    Connection connection;
    Runner runner;
    std::optional<Keeper> keeper{};
  };

  RunnerFixture() {
    witness.definition = &definition_;
    parts.advance_to(start_time);
    stock_up(1);
  }

  std::unique_ptr<Process> process(RunnerOptions options = {}) {
    if (options.observer == nullptr) options.observer = &witness;
    return std::make_unique<Process>(*this, options);
  }

  /// One that is looked after.
  std::unique_ptr<Process> kept(const KeeperOptions& keeping = {}, RunnerOptions options = {}) {
    auto made = process(options);
    made->keeper.emplace(made->connection, Environment{clock, executor, 1}, keeping);
    EXPECT_THAT(made->keeper->look_after(made->runner), testing::IsOk());
    return made;
  }

  void stock_up(Units units) {
    const Line lines[] = {{the_row, units}};
    const AdjustId id{77, ++adjusts_};
    const Adjust adjust{id, AdjustReason::opening, clock.now() + 1h, lines};
    testing::name_rows(parts.stock(), lines);
    ASSERT_THAT(parts.stock().adjust(adjust), testing::IsAdjusted());
  }
  StockCounters stock() {
    parts.advance_to(clock.now());
    return parts.stock().stock(the_row).assume_value();
  }

  static sample::Order order(const std::string& number = "1") {
    sample::Order made;
    made.number = number;
    return made;
  }
  StartRequest request(const std::string& number = "1") const {
    StartRequest made;
    made.key = number;
    made.request = request_key("tenant", "checkout", number);
    made.fingerprint = fingerprint(as_bytes(number));
    made.deadline = start_time + 24h * 30;
    return made;
  }
  RunId run_of(const std::string& number = "1") const {
    return run_id(sample::checkout.name(), request(number));
  }
  RunId begin(Process& process, const std::string& number = "1") {
    const auto begun = process.runner.start(sample::checkout, order(number), request(number));
    EXPECT_THAT(begun, testing::IsOk());
    EXPECT_THAT(begun, testing::ClaimIs(ClaimState::fresh));
    return run_of(number);
  }

  /// Runs everything that is armed, at most so long.
  void run_for(Duration length) { executor.run_until(clock.now() + length); }
  void run_all() { ASSERT_LT(executor.run_all(100'000), 100'000u) << "it never comes to rest"; }

  std::vector<RunRecord> records(RunId run) {
    return testing::records_of(parts.log(), run).value();
  }
  std::vector<std::string> story(RunId run) {
    std::vector<std::string> words;
    for (const RunRecord& record : records(run)) {
      std::string text(name(record.kind));
      const bool of_a_step = record.kind == RecordKind::intent ||
                             record.kind == RecordKind::outcome ||
                             record.kind == RecordKind::undone || record.kind == RecordKind::stuck;
      if (of_a_step) text += " " + std::string(definition_.steps[record.step].name);
      if (record.kind == RecordKind::outcome) text += " " + std::string(name(record.outcome));
      if (record.round > 0) text += " " + std::to_string(record.round);
      words.push_back(text);
    }
    return words;
  }
  std::optional<RunOutcome> outcome(RunId run) {
    const auto all = records(run);
    if (all.empty() || all.back().kind != RecordKind::ended) return std::nullopt;
    auto ended = decode<RunOutcome>(all.back().output).assume_value();
    if (ended.shorts_at != 0) ended.shorts = all.at(ended.shorts_at).shorts;
    return ended;
  }
  std::vector<std::string> told(RunId run) {
    std::vector<std::string> types;
    const auto pending = testing::pending(parts.backend, 1000);
    for (const Event& event : pending.value()) {
      if (event.run == run) types.push_back(event.type);
    }
    return types;
  }
  std::vector<std::string> decided(RunId run) {
    std::vector<std::string> types;
    for (const RunRecord& record : records(run)) {
      for (const Event& event : record.events) types.push_back(event.type);
    }
    return types;
  }

  /// What must hold of an order that has ended, whatever befell it.
  void check_sound(RunId run) {
    const auto ended = outcome(run);
    ASSERT_TRUE(ended.has_value()) << ::testing::PrintToString(story(run));
    const StockCounters counters = stock();
    EXPECT_EQ(counters.reserved, 0);
    EXPECT_EQ(counters.on_hand + counters.sold, 1);
    EXPECT_EQ(told(run), decided(run));
    if (ended->end == RunEnd::completed) {
      EXPECT_EQ(counters.sold, 1);
      EXPECT_EQ(shop.effects("charge"), 1u);
      EXPECT_EQ(shop.effects("refund"), 0u);
      EXPECT_EQ(shop.effects("clear"), 1u);
      return;
    }
    EXPECT_EQ(counters.sold, 0);
    EXPECT_EQ(shop.effects("charge"), shop.effects("refund"));
    EXPECT_EQ(shop.effects("clear"), 0u);
  }

  Parts parts;
  testing::ManualClock clock{start_time};
  testing::SimulatedExecutor executor{clock};
  sample::Shop shop;
  Witness witness;

 private:
  Definition definition_ = sample::checkout.definition();
  std::uint64_t adjusts_ = 0;
};

}  // namespace invsaga::runner_tests
