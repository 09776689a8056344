// SPDX-License-Identifier: Apache-2.0
//
// What a keeper does by a clock that stands still: time, expiry, forgetting, orphans, relays; and
// that it rests. Its threads are in `keeper_threads_test`.
#include "invsaga/relay.hpp"
#include "tests/runner/limited_parts.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::ClaimIs;
using testing::ErrorIs;
using ::testing::IsEmpty;
using testing::IsOk;

/// A process whose runner is looked after, over the backend itself: nobody else moves its time.
template <class Parts>
class Kept : public ::testing::Test, public RunnerFixture<Parts> {
 protected:
  using Backend = typename Parts::Backend;
  [[nodiscard]] Environment environment() { return {this->clock, this->executor, 1}; }
  Backend& backend() { return this->parts.backend; }

  void keep(const KeeperOptions& options = {}) {
    runner.emplace(backend(), environment(), runner_options);
    runner->add(sample::checkout, this->shop);
    keeper.emplace(backend(), environment(), options);
    EXPECT_THAT(keeper->look_after(*runner), testing::IsOk());
  }
  StartRequest request(const std::string& number, Duration in_time = 1h) {
    StartRequest made = RunnerFixture<Parts>::request(number);
    made.deadline = backend().now() + in_time;
    return made;
  }
  RunId buy(const std::string& number, Duration in_time = 1h) {
    this->stock_up(1);
    const StartRequest asked = request(number, in_time);
    EXPECT_THAT(runner->start(sample::checkout, this->order_of(number), asked),
                ClaimIs(ClaimState::fresh));
    this->run_for(1s);
    return run_id(sample::checkout.name(), asked);
  }
  sample::Order order_of(const std::string& number) { return RunnerFixture<Parts>::order(number); }
  void take_events(RunId run) {
    const auto pending = testing::pending(backend(), 1'000);
    for (const Event& event : pending.value()) {
      if (event.run != run) continue;
      EXPECT_THAT(backend().acknowledge_event(event.run, event.sequence), IsOk());
    }
  }
  [[nodiscard]] bool is_forgotten(RunId run) { return this->records(run).empty(); }

  RunnerOptions runner_options;
  std::optional<SagaRunner<Backend>> runner;
  std::optional<Keeper> keeper;
};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(Kept, BothBackends);

// --- time

TYPED_TEST(Kept, TheStoreHasTheClocksTimeFromTheBeginningAndWheneverARunnerActs) {
  this->clock.advance(7s);
  this->keep();
  EXPECT_EQ(this->backend().now(), this->clock.now());
  this->clock.advance(7s);
  this->keeper->tick();
  EXPECT_EQ(this->backend().now(), this->clock.now());
  this->clock.advance(7s);
  static_cast<void>(this->runner->status(RunId{1, 1}));
  EXPECT_EQ(this->backend().now(), this->clock.now());
}

TEST(KeeperTime, HoldsAreExpiredWhenTheyAreDueThoughNobodyWantsTheirUnits) {
  testing::ManualClock clock(start_time);
  testing::SimulatedExecutor executor(clock);
  MemoryBackend<> backend;
  Keeper keeper(backend, Environment{clock, executor, 1});
  const Line lines[] = {{the_row, 1}};
  testing::name_rows(backend, lines);
  ASSERT_THAT(backend.adjust({{7, 7}, AdjustReason::opening, clock.now() + 1h, lines}),
              testing::IsAdjusted());
  ASSERT_THAT(backend.reserve({{1, 1}, clock.now() + 10s, lines}), IsOk());
  ASSERT_THAT(backend.reserve({{1, 2}, clock.now() + 10s, lines}), IsOk());
  keeper.tick();
  executor.run_until(start_time + 9'999ms);
  EXPECT_EQ(backend.next_expiry(), start_time + 10s);
  executor.run_until(start_time + 10s);
  EXPECT_EQ(backend.next_expiry(), std::nullopt);
  EXPECT_EQ(keeper.counts().expired, 1u);
}

// --- forgetting

TYPED_TEST(Kept, RunsAreForgottenOnceNothingRefersToThemAndTheyAreOldEnough) {
  this->keep();
  const RunId run = this->buy("1");
  this->take_events(run);
  this->run_for(24h - 1min);
  EXPECT_FALSE(this->is_forgotten(run)) << "a courtesy";
  this->run_for(2min);
  EXPECT_TRUE(this->is_forgotten(run));
  EXPECT_EQ(this->keeper->counts().forgotten, 1u);
  EXPECT_EQ(this->keeper->counts().failures, 0u);
}

/// Its request is in time, one of its events is pending: whatever its age.
TYPED_TEST(Kept, WhatIsReferredToStays) {
  KeeperOptions options;
  options.keep = Duration{0};
  this->keep(options);
  const RunId in_time = this->buy("1", 48h), untold = this->buy("2", 1h);
  this->take_events(in_time);
  this->run_for(47h);
  this->keeper->tick();
  this->run_for(1s);
  EXPECT_FALSE(this->is_forgotten(in_time));
  EXPECT_FALSE(this->is_forgotten(untold));
  this->take_events(untold);
  this->run_for(2h);
  this->keeper->tick();
  this->run_for(1s);
  EXPECT_TRUE(this->is_forgotten(in_time));
  EXPECT_TRUE(this->is_forgotten(untold));
}

/// From here on nobody acts and nobody calls `tick`.
TYPED_TEST(Kept, WhatTimeAloneFreesGoesThenThoughNobodyActs) {
  KeeperOptions options;
  options.keep = Duration{0};
  this->keep(options);
  const RunId late = this->buy("1", 48h), early = this->buy("2", 24h), untold = this->buy("3", 1h);
  for (const RunId run : {late, early}) this->take_events(run);
  const Duration grace = this->backend().limits().grace;
  this->run_for(24h + grace - 1min);
  EXPECT_FALSE(this->is_forgotten(early));
  this->run_for(1min);
  EXPECT_TRUE(this->is_forgotten(early));
  EXPECT_FALSE(this->is_forgotten(late));
  this->run_for(24h);
  EXPECT_TRUE(this->is_forgotten(late));
  EXPECT_FALSE(this->is_forgotten(untold));
  this->run_all();
  EXPECT_LT(this->keeper->counts().looks, 200u) << "only what is due next is armed";
}

TYPED_TEST(Kept, WhatOneLookDoesNotComeToIsDoneByTheNextThoughNobodyActs) {
  KeeperOptions options;
  options.batch = 2;
  options.batches = 1;
  this->keep(options);
  std::vector<RunId> runs;
  this->stock_up(9);
  for (int i = 0; i < 9; ++i) {  // they end at one time
    const StartRequest asked = this->request(std::to_string(i));
    EXPECT_THAT(this->runner->start(sample::checkout, this->order_of(asked.key), asked),
                ClaimIs(ClaimState::fresh));
    runs.push_back(run_id(sample::checkout.name(), asked));
    this->take_events(runs.back());
  }
  this->run_for(25h);
  for (const RunId run : runs) EXPECT_TRUE(this->is_forgotten(run));
  this->run_all();
}

TYPED_TEST(Kept, WhatFailedIsTriedAgainThoughNobodyActs) {
  auto process = this->kept();
  const RunId run = this->begin(*process, "1");
  this->take_events(run);
  int failures = 3;
  process->connection.at_read = [&] {
    return this->clock.now() > start_time + 24h && failures-- > 0 ? Mishap::failed : Mishap::none;
  };
  this->run_for(24h * 31);  // its request's deadline is the last
  EXPECT_LT(failures, 0);
  EXPECT_TRUE(this->is_forgotten(run));
  this->run_all();
}

TYPED_TEST(Kept, WhatMayNotGoYetHidesNothing) {
  KeeperOptions options;
  options.keep = Duration{0};
  options.batch = 2;
  options.batches = 1;
  this->keep(options);
  std::vector<RunId> untold, told;
  for (int i = 0; i < 5; ++i) untold.push_back(this->buy("untold " + std::to_string(i)));
  for (int i = 0; i < 3; ++i) {
    told.push_back(this->buy("told " + std::to_string(i)));
    this->take_events(told.back());
  }
  this->run_for(2h);
  for (int i = 0; i < 8; ++i) {
    this->keeper->tick();
    this->run_for(1s);
  }
  for (const RunId run : told) EXPECT_TRUE(this->is_forgotten(run));
  for (const RunId run : untold) {
    EXPECT_FALSE(this->is_forgotten(run));
    this->take_events(run);
  }
  for (int i = 0; i < 8; ++i) {
    this->keeper->tick();
    this->run_for(1s);
  }
  for (const RunId run : untold) EXPECT_TRUE(this->is_forgotten(run));
}

/// A courtesy makes room for what is new; a promise does not.
MemoryLimits three_runs() {
  MemoryLimits limits;
  limits.runs.max_runs = 3;
  return limits;
}
template <class Parts>
class FullOfRuns : public Kept<Parts> {};
using BothFull = ::testing::Types<LimitedOnOneAppend<three_runs>, LimitedInSplit<three_runs>>;
TYPED_TEST_SUITE(FullOfRuns, BothFull);

TYPED_TEST(FullOfRuns, TheOldestEndsMakeRoomForWhatIsNew) {
  this->keep();
  std::vector<RunId> runs;
  for (const char* number : {"1", "2", "3"}) {
    runs.push_back(this->buy(number));
    this->take_events(runs.back());
  }
  const auto start = [&](const std::string& number) {
    this->stock_up(1);
    return this->runner->start(sample::checkout, this->order_of(number), this->request(number));
  };
  EXPECT_THAT(start("4"), ErrorIs(Errc::resource_exhausted));
  this->run_for(1min);
  for (const RunId run : runs) EXPECT_FALSE(this->is_forgotten(run)) << "it is in time";
  this->run_for(3h);  // the requests' deadlines, and the stock's grace
  this->keeper->tick();
  this->run_for(1s);
  EXPECT_FALSE(this->is_forgotten(runs[0])) << "nobody wants its room";
  EXPECT_THAT(start("4"), ErrorIs(Errc::resource_exhausted));
  this->run_for(1s);
  EXPECT_TRUE(this->is_forgotten(runs[0])) << "somebody does";
  EXPECT_THAT(start("4"), ClaimIs(ClaimState::fresh));
}

/// What may not go yet hides nothing of what makes room either.
TYPED_TEST(FullOfRuns, RoomIsMadeUntilAllWereTried) {
  KeeperOptions options;
  options.batch = options.batches = 1;
  this->keep(options);
  const RunId untold = this->buy("1");
  this->buy("2");
  const RunId told = this->buy("3");
  this->take_events(told);
  this->run_for(3h);
  this->keeper->tick();
  this->run_for(1s);
  this->stock_up(1);
  EXPECT_THAT(this->runner->start(sample::checkout, this->order_of("4"), this->request("4")),
              ErrorIs(Errc::resource_exhausted));
  this->run_for(10s);
  EXPECT_FALSE(this->is_forgotten(untold));
  EXPECT_TRUE(this->is_forgotten(told));
}

TYPED_TEST(FullOfRuns, WhoIsRefusedMakesRoomForThoseWhoFollow) {
  KeeperOptions options;
  options.batch = 1;
  options.batches = 1;
  this->keep(options);
  for (const char* number : {"1", "2", "3"}) this->take_events(this->buy(number));
  this->run_for(13h);  // more than half of what it is kept for
  this->keeper->tick();
  this->stock_up(5);
  const auto start = [&](const std::string& number) {
    const auto answer = this->runner->start(sample::checkout, this->order_of(number),
                                            this->request(number));
    this->run_for(10s);
    for (int look = 0; look < 5; ++look) {
      this->keeper->tick();
      this->run_for(1s);
    }
    return answer;
  };
  EXPECT_THAT(start("4"), ErrorIs(Errc::resource_exhausted));
  for (const char* number : {"4", "5", "6"}) {
    EXPECT_THAT(start(number), ClaimIs(ClaimState::fresh)) << number;
  }
}

/// However far behind them the last look has come.
TYPED_TEST(FullOfRuns, TheOldestAreLookedAtFirst) {
  KeeperOptions options;
  options.batch = 1;
  options.batches = 1;
  this->keep(options);
  std::vector<RunId> runs;
  for (const char* number : {"1", "2", "3"}) runs.push_back(this->buy(number));
  const auto start = [&] {
    const auto answer = this->runner->start(sample::checkout, this->order_of("4"),
                                            this->request("4"));
    this->run_for(1s);
    return answer;
  };
  this->run_for(3h);
  this->keeper->tick();
  this->stock_up(5);
  EXPECT_THAT(start(), ErrorIs(Errc::resource_exhausted)) << "all have events that nobody took";
  this->take_events(runs[0]);
  EXPECT_THAT(start(), ErrorIs(Errc::resource_exhausted));
  EXPECT_TRUE(this->is_forgotten(runs[0]));
  EXPECT_THAT(start(), ClaimIs(ClaimState::fresh));
}

/// However often room is wanted while the oldest may not go.
TYPED_TEST(FullOfRuns, WhatIsBehindTheOldestIsTriedToo) {
  KeeperOptions options;
  options.batch = options.batches = 1;
  this->keep(options);
  for (const char* number : {"1", "2"}) this->buy(number);
  this->take_events(this->buy("3"));
  this->run_for(3h);
  this->keeper->tick();
  this->stock_up(5);
  bool placed = false;
  for (int i = 0; i < 40 && !placed; ++i) {  // some times for each look
    placed = this->runner->start(sample::checkout, this->order_of("4"), this->request("4"))
                 .has_value();
    this->run_for(300ms);
  }
  EXPECT_TRUE(placed);
}

// --- relays, and the end

/// Keeps what it is sent.
struct KeepingBus {
  void publish(std::span<const Event> events, Completion<void> done) noexcept {
    taken.push_back(events.front());
    done(success());
  }
  result<Subscription> subscribe(std::string_view, std::span<const std::string_view>,
                                 EventHandler) {
    return Subscription{};
  }
  result<void> leave(std::string_view) { return success(); }
  std::vector<Event> taken;
};

TYPED_TEST(Kept, TheRelayIsWokenByWhatARunnerWritesAndForWhatOthersWrote) {
  KeepingBus bus;
  Relay relay(this->backend(), bus, this->environment());
  ASSERT_THAT(relay.start(), IsOk());
  this->run_all();
  {
    auto other = this->process();  // knows of no relay
    this->begin(*other, "1");
    this->run_all();
    EXPECT_THAT(bus.taken, IsEmpty());
  }
  this->runner_options.relay = &relay;
  this->keep();
  EXPECT_THAT(this->keeper->look_after(relay), testing::IsOk());
  this->run_for(1s);
  const std::size_t of_another = bus.taken.size();
  EXPECT_GT(of_another, 0u);
  this->keeper.reset();
  this->buy("2");
  EXPECT_GT(bus.taken.size(), of_another);
}

/// Three stores of one process, each with its keeper, and one of them with that of another process
/// too.
TEST(Keepers, OfSeveralStoresAndOfOneStoreLookAfterTheirOwn) {
  testing::ManualClock clock(start_time);
  testing::SimulatedExecutor executor(clock);
  const Environment environment{clock, executor};
  sample::Shop shop;
  MemoryBackend<> shared, other;
  InSplit apart;
  KeeperOptions options;
  options.keep = Duration{0};
  Keeper of_other(other, environment, options), of_apart(apart.backend, environment, options),
      first(shared, environment, options), second(shared, environment, options);
  SagaRunner<MemoryBackend<>> in_other(other, environment), survivor(shared, environment);
  SagaRunner<InSplit::Backend> in_apart(apart.backend, environment);
  std::optional<SagaRunner<MemoryBackend<>>> dies(std::in_place, shared, environment);
  std::vector<RunId> runs;
  const auto start = [&](auto& backend, auto& runner, Keeper& keeper, const std::string& number) {
    runner.add(sample::checkout, shop);
    EXPECT_THAT(keeper.look_after(runner), IsOk());
    const Line lines[] = {{the_row, 1}};
    testing::name_rows(backend, lines);
    EXPECT_THAT(backend.adjust({{7, 7}, AdjustReason::opening, clock.now() + 1h, lines}),
                testing::IsAdjusted());
    sample::Order order;
    order.number = number;
    StartRequest request;
    request.key = number;
    EXPECT_THAT(runner.start(sample::checkout, order, request), ClaimIs(ClaimState::fresh));
    runs.push_back(run_id(sample::checkout.name(), request));
  };
  start(other, in_other, of_other, "other");
  start(apart.stock(), in_apart, of_apart, "apart");
  survivor.add(sample::checkout, shop);
  EXPECT_THAT(second.look_after(survivor), IsOk());
  shop.wait("charge");
  start(shared, *dies, first, "shared");
  dies.reset();
  second.tick();
  const auto acknowledge = [](auto& backend) {
    const auto pending = testing::pending(backend, 100);
    for (const Event& event : pending.value()) {
      EXPECT_THAT(backend.acknowledge_event(event.run, event.sequence), IsOk());
    }
  };
  executor.run_until(start_time + 10min);
  EXPECT_EQ(first.counts().taken + second.counts().taken, 1u) << "the orphan";
  acknowledge(other);
  acknowledge(apart.backend);
  acknowledge(shared);
  executor.run_until(start_time + 24h);
  for (Keeper* one : {&of_other, &of_apart, &first, &second}) {
    EXPECT_EQ(one->counts().failures, 0u);
  }
  EXPECT_TRUE(testing::records_of(other, runs[0]).value().empty());
  EXPECT_TRUE(testing::records_of(apart.log(), runs[1]).value().empty());
  EXPECT_TRUE(testing::records_of(shared, runs[2]).value().empty());
  EXPECT_EQ(of_other.counts().forgotten, 1u);
  EXPECT_EQ(of_apart.counts().forgotten, 1u);
  EXPECT_EQ(first.counts().forgotten + second.counts().forgotten, 1u);
  EXPECT_LT(executor.run_all(1'000), 1'000u) << "they never rest";
}

TYPED_TEST(Kept, AnIdleSimulationComesToRest) {
  this->keep();
  for (const char* number : {"1", "2", "3"}) this->buy(number);  // nobody acknowledges
  this->run_all();
  EXPECT_EQ(this->runner->runs(), 0u);
  EXPECT_LT(this->keeper->counts().looks, 1'000u);
}

TYPED_TEST(Kept, WhateverEndsFirstTheOthersGoOn) {
  for (const int first : {0, 1, 2}) {
    KeepingBus bus;
    std::optional<Relay> relay(std::in_place, this->backend(), bus, this->environment());
    this->runner_options.relay = &*relay;
    this->keep();
    EXPECT_THAT(this->keeper->look_after(*relay), testing::IsOk());
    const std::string number = std::to_string(first);
    this->buy(number + " before");
    if (first == 0) relay.reset();
    if (first == 1) this->keeper.reset();
    if (first == 2) this->runner.reset();
    if (this->runner) this->buy(number + " after");
    if (this->keeper) this->keeper->tick();
    this->run_for(48h);
    if (this->keeper) this->keeper->tick();
    this->run_all();
    this->runner.reset();
    this->keeper.reset();
    relay.reset();
    this->run_all();
  }
}

}  // namespace
}  // namespace invsaga::runner_tests
