// SPDX-License-Identifier: Apache-2.0
// labels: tsan
//
// A runner's signs of life come whatever its keeper's looks, and the steps that they set off, wait
// for: or the next process takes over what lives.
#include <atomic>
#include <thread>

#include "invsaga/relay.hpp"
#include "tests/runner/forgetful.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::IsOk;

template <class Parts>
class KeeperLife : public ::testing::Test, public RunnerFixture<Parts> {};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(KeeperLife, BothBackends);

/// While it takes its time another process comes up, and looks for orphans.
TYPED_TEST(KeeperLife, IsShownWhileAStepOfAnOrphanTakesItsTime) {
  this->stock_up(1);
  std::unique_ptr<typename RunnerFixture<TypeParam>::Process> gone = this->process(), living, other;
  const RunId own = this->run_of("own"), orphan = this->run_of("orphan");
  bool taken = false;
  const auto charge = [&](const StepContext& context) -> result<Reply<sample::Receipt>> {
    if (context.run == orphan && living && !std::exchange(taken, true)) {
      this->clock.advance(400s);
      living->keeper->tick();
      other = this->kept();
    }
    return Reply<sample::Receipt>(pending);
  };
  this->shop.script("charge", charge, 1'000);
  this->begin(*gone, "orphan");
  gone.reset();
  living = this->kept();
  this->begin(*living, "own");
  this->run_for(310s);
  ASSERT_TRUE(taken && other);
  this->run_for(1s);
  EXPECT_EQ(other->keeper->counts().taken, 0u) << "their driver lives";
  EXPECT_EQ(living->runner.runs(), 2u);
  EXPECT_EQ(this->records(own).back().owner, living->runner.owner());
}

/// By the clock of the machine.
class KeeperLifeOnThreads : public ::testing::Test {
 protected:
  KeeperLifeOnThreads() {
    shop.script("charge", [this](const StepContext& context) { return charge(context); }, 1'000);
    keeping.orphaned_after = 2s;
    keeping.pace = 20ms;
  }
  ~KeeperLifeOnThreads() override { let_go = true; }

  void block() {
    entered = true;
    while (!let_go) std::this_thread::sleep_for(1ms);
  }
  result<Reply<sample::Receipt>> charge(const StepContext& context) {
    if (context.run == blocking.load()) block();
    return Reply<sample::Receipt>(pending);
  }
  Task blocks() {
    return {[](void* world, std::uint64_t) noexcept {
              static_cast<KeeperLifeOnThreads*>(world)->block();
            },
            this, 0, nullptr};
  }
  struct Process {
    Process(KeeperLifeOnThreads& world, unsigned threads)
        : executor(world.clock, threads),
          environment{world.clock, executor},
          keeper(world.backend, environment, world.keeping),
          runner(world.backend, environment) {
      runner.add(sample::checkout, world.shop);
    }
    ThreadExecutor executor;
    Environment environment;
    Keeper keeper;
    SagaRunner<MemoryBackend<>> runner;
  };
  void stock_up() {
    const Line one[] = {{the_row, 1}};
    testing::name_rows(backend, one);
    EXPECT_THAT(backend.adjust({{7, ++adjusts}, AdjustReason::opening, backend.now() + 1h, one}),
                testing::IsAdjusted());
  }
  RunId start(Process& process, const std::string& number) {
    stock_up();
    StartRequest request;
    request.key = number;
    const RunId run = run_id(sample::checkout.name(), request);
    EXPECT_THAT(
        process.runner.start(sample::checkout, RunnerFixture<OnOneAppend>::order(number), request),
        IsOk());
    return run;
  }
  /// Until it holds, at most so long.
  template <class Holds>
  bool comes(const Holds& holds, Duration patience = 30s) {
    const Time end = clock.now() + patience;
    while (!holds() && clock.now() < end) std::this_thread::sleep_for(1ms);
    return holds();
  }

  SystemClock clock;
  sample::Shop shop;
  MemoryBackend<> backend;
  KeeperOptions keeping;
  std::atomic<RunId> blocking{};
  std::atomic<bool> entered{false}, let_go{false};
  std::uint64_t adjusts = 0;
};

/// All threads that it could look on are with steps.
TEST_F(KeeperLifeOnThreads, IsShownThoughTheExecutorIsBlocked) {
  Process living(*this, 1), other(*this, 1);
  EXPECT_THAT(living.keeper.look_after(living.runner), IsOk());
  const RunId own = start(living, "own");
  living.executor.post(blocks());
  ASSERT_TRUE(comes([&] { return entered.load(); }));
  EXPECT_THAT(other.keeper.look_after(other.runner), IsOk());
  EXPECT_FALSE(comes([&] { return other.keeper.counts().taken > 0; }, 5s)) << "it lives";
  EXPECT_EQ(testing::records_of(backend, own).value().back().owner, living.runner.owner());
  let_go = true;
}

TEST_F(KeeperLifeOnThreads, AStepOfAnOrphanKeepsNoLookFromGoingOn) {
  keeping.orphaned_after = 50ms;
  RunId orphan;
  {
    Process gone(*this, 1);
    orphan = start(gone, "orphan");
  }
  blocking = orphan;
  Process process(*this, 2);
  EXPECT_THAT(process.keeper.look_after(process.runner), IsOk());
  ASSERT_TRUE(comes([&] { return entered.load(); })) << "it is driven on";
  const std::uint64_t looks = process.keeper.counts().looks;
  EXPECT_TRUE(comes([&] { return process.keeper.counts().looks > looks + 3; }));
  EXPECT_EQ(process.keeper.counts().taken, 1u);
  let_go = true;
}

/// Nobody calls, and no other run is driven.
TEST_F(KeeperLifeOnThreads, ATimerThatCouldNotBeArmedIsAtTheNextLook) {
  ThreadExecutor threads(clock, 1);
  Forgetful executor(threads);
  Keeper keeper(backend, Environment{clock, executor}, {.pace = 20ms});
  SagaRunner<MemoryBackend<>> runner(backend, Environment{clock, executor});
  runner.add(sample::checkout, shop);
  EXPECT_THAT(keeper.look_after(runner), IsOk());
  stock_up();
  shop.fail("place", Error{Errc::unavailable});
  StartRequest request;
  request.key = "1";
  executor.refuses = true;
  EXPECT_THAT(runner.start(sample::checkout, sample::Order{}, request), IsOk());
  executor.refuses = false;
  EXPECT_TRUE(comes([&] { return shop.times_called("place") == 2; }));
}

/// The machine's, which somebody sets.
class SetClock final : public Clock {
 public:
  [[nodiscard]] Time now() const noexcept override { return clock_.now() + Duration{set_by_}; }
  void sleep_until(Time time) override {
    while (now() < time) std::this_thread::sleep_for(1ms);
  }
  [[nodiscard]] bool moves_by_itself() const noexcept override { return true; }
  void set(Duration by) { set_by_ += by.count(); }

 private:
  SystemClock clock_;
  std::atomic<Duration::rep> set_by_{0};
};

TEST_F(KeeperLifeOnThreads, LooksGoOnAtTheirPaceThoughTheClockIsSetBack) {
  SetClock set;
  ThreadExecutor executor(set, 1);
  const Keeper keeper(backend, Environment{set, executor}, keeping);
  for (const Duration by : {Duration{0}, Duration{-1h}, Duration{-24h}, Duration{48h}}) {
    set.set(by);
    const std::uint64_t looks = keeper.counts().looks;
    EXPECT_TRUE(comes([&] { return keeper.counts().looks > looks + 3; })) << by.count();
  }
}

}  // namespace
}  // namespace invsaga::runner_tests
