// SPDX-License-Identifier: Apache-2.0
// labels: tsan
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <invsaga/environment.hpp>
#include <invsaga/testing/simulation.hpp>

namespace invsaga {
namespace {

using testing::Chooser;
using ::testing::ElementsAre;
using testing::ExhaustiveChooser;
using testing::ManualClock;
using testing::SeededChooser;
using testing::SimulatedExecutor;

constexpr Time at(std::int64_t ms) { return time_from_ms(1'000'000 + ms); }

/// Notes in which order its tasks run, and when.
class Notes {
 public:
  explicit Notes(const Clock& clock) : clock_(clock) {}

  Task task(std::uint64_t tag) {
    return {
        [](void* self, std::uint64_t number) noexcept { static_cast<Notes*>(self)->note(number); },
        this, tag};
  }
  std::vector<std::uint64_t> tags() const {
    const std::lock_guard lock(mutex_);
    return tags_;
  }
  std::vector<Time> times() const {
    const std::lock_guard lock(mutex_);
    return times_;
  }
  void await(std::size_t count) const {
    while (tags().size() < count) std::this_thread::yield();
  }

 private:
  void note(std::uint64_t tag) {
    const std::lock_guard lock(mutex_);
    tags_.push_back(tag);
    times_.push_back(clock_.now());
  }
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::vector<std::uint64_t> tags_;
  std::vector<Time> times_;
};

/// A task that does what a test says, once.
class Then {
 public:
  explicit Then(std::function<void()> what) : what_(std::move(what)) {}
  Task task() {
    return {[](void* self, std::uint64_t) noexcept { static_cast<Then*>(self)->what_(); }, this, 0};
  }

 private:
  std::function<void()> what_;
};

/// Counts its tasks that are run and that are let go. They are of its own `context`.
struct Owned {
  Task task() {
    return {[](void* self, std::uint64_t) noexcept { ++static_cast<Owned*>(self)->ran; }, this, 0,
            [](void* self, std::uint64_t) noexcept { ++static_cast<Owned*>(self)->let_go; }};
  }
  std::atomic<int> ran{0};
  std::atomic<int> let_go{0};
};

/// Of an executor: each task is run or let go, never both, never neither.
template <class MakeExecutor>
void expect_run_or_let_go(Clock& clock, const MakeExecutor& make) {
  Owned dropped, left;
  {
    const auto executor = make();
    const Time never = clock.now() + Duration{3'600'000};
    for (int i = 0; i < 3; ++i) {
      executor->post_at(never, dropped.task());
      executor->post_at(never, left.task());
    }
    executor->drop(&dropped);
    EXPECT_EQ(dropped.let_go, 3) << "by `drop`";
    EXPECT_EQ(left.let_go, 0);
  }
  EXPECT_EQ(left.let_go, 3) << "by the executor's end";
  EXPECT_EQ(dropped.let_go, 3);
  EXPECT_EQ(dropped.ran + left.ran, 0);
}

TEST(Executors, LetGoOfWhatTheyDoNotRun) {
  ManualClock clock(at(0));
  SystemClock real;
  expect_run_or_let_go(clock, [&] { return std::make_unique<LocalExecutor>(clock); });
  expect_run_or_let_go(clock, [&] { return std::make_unique<SimulatedExecutor>(clock); });
  expect_run_or_let_go(real, [&] { return std::make_unique<ThreadExecutor>(real, 2); });
}

TEST(Entropy, TellsProcessesApartAndLeavesASimulationTheSame) {
  SystemClock real;
  EXPECT_NE(entropy(real), entropy(real));
  EXPECT_EQ(entropy(ManualClock(at(0))), 0u);
}

TEST(SystemClock, MovesByItself) {
  SystemClock clock;
  EXPECT_TRUE(clock.moves_by_itself());
  const Time before = clock.now();
  clock.sleep_until(before + Duration{2});
  EXPECT_GE(clock.now(), before + Duration{2});
  clock.sleep_until(Time{});  // Long past: returns at once.
}

TEST(ManualClock, MovesOnlyWhenToldToAndNeverBackwards) {
  ManualClock clock(at(0));
  EXPECT_FALSE(clock.moves_by_itself());
  EXPECT_EQ(clock.now(), at(0));
  clock.sleep_until(at(10));
  EXPECT_EQ(clock.now(), at(10));
  clock.advance(Duration{5});
  EXPECT_EQ(clock.now(), at(15));
  clock.advance_to(at(3));
  clock.sleep_until(at(4));
  EXPECT_EQ(clock.now(), at(15));
}

TEST(LocalExecutor, RunsTasksByTimeAndThoseOfOneTimeInTheOrderTheyWereArmed) {
  ManualClock clock(at(0));
  LocalExecutor executor(clock);
  Notes notes(clock);
  executor.post_at(at(20), notes.task(1));
  executor.post_at(at(10), notes.task(2));
  executor.post_at(at(20), notes.task(3));
  executor.post(notes.task(4));
  executor.post_at(at(10), notes.task(5));
  executor.post_at(at(0), notes.task(6));
  while (executor.run_one()) {
  }
  EXPECT_THAT(notes.tags(), ElementsAre(4, 6, 2, 5, 1, 3));
  EXPECT_THAT(notes.times(), ElementsAre(at(0), at(0), at(10), at(10), at(20), at(20)));
}

TEST(LocalExecutor, RunsNothingFromWithinPost) {
  ManualClock clock(at(0));
  LocalExecutor executor(clock);
  Notes notes(clock);
  executor.post(notes.task(1));
  EXPECT_TRUE(notes.tags().empty());
  EXPECT_TRUE(executor.run_one());
  EXPECT_FALSE(executor.run_one());
}

TEST(LocalExecutor, RunsAnOverdueTaskAtOnceAndDoesNotMoveTheClockForIt) {
  ManualClock clock(at(100));
  LocalExecutor executor(clock);
  Notes notes(clock);
  executor.post_at(at(50), notes.task(1));
  EXPECT_TRUE(executor.run_one());
  EXPECT_THAT(notes.times(), ElementsAre(at(100)));
}

/// A wall clock that somebody sets.
class SetClock final : public Clock {
 public:
  [[nodiscard]] Time now() const noexcept override { return time; }
  void sleep_until(Time until) override { time = std::max(time, until); }
  Time time = at(0);
};

TEST(LocalExecutor, KeepsTheOrderOfWhatIsPostedWhenTheClockIsSetBack) {
  SetClock clock;
  LocalExecutor executor(clock);
  Notes notes(clock);
  executor.post(notes.task(1));
  clock.time = at(-1'000);
  executor.post(notes.task(2));
  while (executor.run_one()) {
  }
  EXPECT_THAT(notes.tags(), ElementsAre(1, 2));
}

TEST(LocalExecutor, TasksMayArmTasks) {
  ManualClock clock(at(0));
  LocalExecutor executor(clock);
  Notes notes(clock);
  Then then([&] {
    executor.post_at(at(7), notes.task(2));
    executor.post(notes.task(1));
  });
  executor.post_at(at(5), then.task());
  while (executor.run_one()) {
  }
  EXPECT_THAT(notes.tags(), ElementsAre(1, 2));
  EXPECT_THAT(notes.times(), ElementsAre(at(5), at(7)));
}

TEST(LocalExecutor, ATaskMayRunOthersItself) {
  ManualClock clock(at(0));
  LocalExecutor executor(clock);
  Notes notes(clock);
  Then outer([&] {
    EXPECT_TRUE(executor.run_one());
    executor.drop(&notes);
  });
  executor.post(outer.task());
  executor.post(notes.task(1));
  executor.post(notes.task(2));
  while (executor.run_one()) {
  }
  EXPECT_THAT(notes.tags(), ElementsAre(1));
}

TEST(LocalExecutor, DropsTheTasksOfAContextAndNoOthers) {
  ManualClock clock(at(0));
  LocalExecutor executor(clock);
  Notes gone(clock), kept(clock);
  for (std::uint64_t tag = 1; tag <= 5; ++tag) {
    executor.post_at(at(static_cast<std::int64_t>(10 - tag)), gone.task(tag));
    executor.post_at(at(static_cast<std::int64_t>(10 - tag)), kept.task(tag));
  }
  executor.drop(&gone);
  while (executor.run_one()) {
  }
  EXPECT_TRUE(gone.tags().empty());
  EXPECT_THAT(kept.tags(), ElementsAre(5, 4, 3, 2, 1));
}

TEST(LocalExecutor, TakesATaskOfAnotherThreadWhileItWaitsForALaterOne) {
  SystemClock clock;
  LocalExecutor executor(clock);
  Notes notes(clock);
  executor.post_at(clock.now() + Duration{3'600'000}, notes.task(9));
  std::thread other([&] { executor.post(notes.task(1)); });
  EXPECT_TRUE(executor.run_one());
  other.join();
  EXPECT_THAT(notes.tags(), ElementsAre(1));
}

/// Whoever has looked before it is woken by it, at whatever of the waits it has come to.
TEST(LocalExecutor, AWakeEndsTheWaitingOfAll) {
  for (const bool has_task : {true, false}) {
    SystemClock clock;
    LocalExecutor executor(clock);
    Notes notes(clock);
    if (has_task) executor.post_at(clock.now() + Duration{3'600'000}, notes.task(9));
    const std::uint64_t seen = executor.wakes();
    const auto wait = [&] {
      if (!executor.run_one(seen)) executor.wait_for_task(seen);
    };
    auto first = std::async(std::launch::async, wait);
    auto second = std::async(std::launch::async, wait);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    executor.wake();
    wait();  // it has looked before that too
    for (auto* waiting : {&first, &second}) {
      EXPECT_EQ(waiting->wait_for(std::chrono::seconds(10)), std::future_status::ready);
    }
    while (executor.wakes() < 10) executor.wake();  // so that no wrong one hangs
    EXPECT_TRUE(notes.tags().empty());
  }
}

/// The machine's, which somebody sets.
class MachinesClock final : public Clock {
 public:
  [[nodiscard]] Time now() const noexcept override { return clock_.now() + Duration{set_by_}; }
  void sleep_until(Time) override { ADD_FAILURE() << "an executor waits by its own means"; }
  [[nodiscard]] bool moves_by_itself() const noexcept override { return true; }
  void set(Duration by) { set_by_ += by.count(); }

 private:
  SystemClock clock_;
  std::atomic<Duration::rep> set_by_{0};
};

TEST(ThreadExecutor, NoticesThatItsClockIsSet) {
  MachinesClock clock;
  Notes notes(clock);
  ThreadExecutor executor(clock, 1);
  executor.post_at(clock.now() + Duration{3'600'000}, notes.task(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // it waits
  clock.set(Duration{3'600'000});
  for (int i = 0; i < 10'000 && notes.tags().empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_THAT(notes.tags(), ElementsAre(1));
}

TEST(ThreadExecutor, RunsEveryTaskOnce) {
  SystemClock clock;
  Notes notes(clock);
  {
    ThreadExecutor executor(clock, 3);
    for (std::uint64_t tag = 0; tag < 1000; ++tag) executor.post(notes.task(tag));
    notes.await(1000);
  }
  auto tags = notes.tags();
  std::sort(tags.begin(), tags.end());
  for (std::uint64_t tag = 0; tag < 1000; ++tag) EXPECT_EQ(tags[tag], tag);
}

TEST(ThreadExecutor, RunsNoTaskBeforeItsTime) {
  SystemClock clock;
  Notes notes(clock);
  const Time start = clock.now();
  ThreadExecutor executor(clock, 2);
  executor.post_at(start + Duration{30}, notes.task(2));
  executor.post_at(start + Duration{5}, notes.task(1));
  notes.await(2);
  EXPECT_THAT(notes.tags(), ElementsAre(1, 2));
  EXPECT_GE(notes.times()[0], start + Duration{5});
  EXPECT_GE(notes.times()[1], start + Duration{30});
}

TEST(ThreadExecutor, WithOneThreadKeepsTheOrderOfALocalOne) {
  ManualClock clock(at(0));
  Notes notes(clock);
  std::promise<void> armed;
  Then hold([&] { armed.get_future().wait(); });
  ThreadExecutor executor(clock, 1);
  executor.post(hold.task());
  executor.post_at(at(20), notes.task(1));
  executor.post_at(at(10), notes.task(2));
  executor.post_at(at(20), notes.task(3));
  executor.post(notes.task(4));
  armed.set_value();
  notes.await(4);
  EXPECT_THAT(notes.tags(), ElementsAre(4, 2, 1, 3));
  EXPECT_THAT(notes.times(), ElementsAre(at(0), at(10), at(20), at(20)));
}

TEST(ThreadExecutor, MovesAClockThatStandsStillOnlyWhenNothingIsUnderWay) {
  ManualClock clock(at(0));
  Notes notes(clock);
  std::promise<void> go;
  std::atomic<bool> began{false};
  Then slow([&] {
    began = true;
    go.get_future().wait();
  });
  ThreadExecutor executor(clock, 2);
  executor.post(slow.task());
  while (!began) std::this_thread::yield();
  executor.post_at(at(10), notes.task(1));
  executor.post(notes.task(0));
  notes.await(1);
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(clock.now(), at(0));
  go.set_value();
  notes.await(2);
  EXPECT_THAT(notes.times(), ElementsAre(at(0), at(10)));
}

TEST(ThreadExecutor, EndsWithTasksThatAreNotDue) {
  SystemClock clock;
  Notes notes(clock);
  {
    ThreadExecutor executor(clock, 2);
    executor.post_at(Time::max(), notes.task(1));
    executor.post_at(clock.now() + Duration{86'400'000}, notes.task(2));
  }
  EXPECT_TRUE(notes.tags().empty());
}

TEST(ThreadExecutor, DropReturnsOnlyWhenNoTaskOfTheContextIsUnderWay) {
  SystemClock clock;
  std::atomic<bool> began{false};
  std::atomic<bool> ended{false};
  Then slow([&] {
    began = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ended = true;
  });
  ThreadExecutor executor(clock, 2);
  executor.post(slow.task());
  while (!began) std::this_thread::yield();
  executor.post_at(clock.now() + Duration{3'600'000}, slow.task());
  executor.drop(&slow);
  EXPECT_TRUE(ended);
}

TEST(SimulatedExecutor, RunsUpToATimeAndMovesTheClockThere) {
  ManualClock clock(at(0));
  SimulatedExecutor executor(clock);
  Notes notes(clock);
  executor.post_at(at(10), notes.task(1));
  executor.post_at(at(20), notes.task(2));
  executor.post_at(at(21), notes.task(3));
  EXPECT_EQ(executor.run_until(at(20)), 2u);
  EXPECT_EQ(clock.now(), at(20));
  EXPECT_EQ(executor.waiting(), 1u);
  EXPECT_EQ(executor.run_until(at(20)), 0u);
  EXPECT_TRUE(executor.step());
  EXPECT_EQ(clock.now(), at(21));
  EXPECT_FALSE(executor.step());
}

TEST(SimulatedExecutor, StopsAtItsLimit) {
  ManualClock clock(at(0));
  SimulatedExecutor executor(clock);
  Then* self = nullptr;
  Then endless([&] { executor.post(self->task()); });
  self = &endless;
  executor.post(endless.task());
  EXPECT_EQ(executor.run_all(100), 100u);
  executor.drop(&endless);
  EXPECT_EQ(executor.run_all(), 0u);
}

class Fixed final : public Chooser {
 public:
  explicit Fixed(std::vector<std::size_t> picks) : picks_(std::move(picks)) {}
  std::size_t choose(std::size_t n) override {
    asked.push_back(n);
    return picks_.at(asked.size() - 1);
  }
  std::vector<std::size_t> asked;

 private:
  std::vector<std::size_t> picks_;
};

TEST(SimulatedExecutor, LetsAChooserPickAmongWhatIsDueTogether) {
  ManualClock clock(at(0));
  Fixed chooser({2, 1});
  SimulatedExecutor executor(clock, &chooser);
  Notes notes(clock);
  executor.post(notes.task(1));
  executor.post(notes.task(2));
  executor.post(notes.task(3));
  executor.post_at(at(1), notes.task(4));
  executor.run_all();
  EXPECT_THAT(notes.tags(), ElementsAre(3, 2, 1, 4));
  EXPECT_THAT(chooser.asked, ElementsAre(3, 2)) << "one alone is no choice";
}

TEST(SeededChooser, MakesTheSameChoicesForTheSameSeed) {
  SeededChooser a(5), b(5);
  for (std::size_t n = 2; n < 200; ++n) {
    const std::size_t choice = a.choose(n);
    EXPECT_LT(choice, n);
    EXPECT_EQ(choice, b.choose(n));
  }
}

TEST(ExhaustiveChooser, MakesEverySequenceOfChoicesOnce) {
  ExhaustiveChooser chooser;
  std::vector<std::vector<std::size_t>> runs;
  do {
    // The second choice exists only after the first was 1, the third only after 1, 2.
    if (chooser.choose(2) == 1 && chooser.choose(3) == 2) chooser.choose(2);
    runs.push_back(chooser.choices());
  } while (chooser.next());
  using Run = std::vector<std::size_t>;
  EXPECT_THAT(runs, ElementsAre(Run{0}, Run{1, 0}, Run{1, 1}, Run{1, 2, 0}, Run{1, 2, 1}));
}

TEST(ExhaustiveChooser, FindsEveryOrderOfTasks) {
  ExhaustiveChooser chooser;
  std::vector<std::vector<std::uint64_t>> orders;
  do {
    ManualClock clock(at(0));
    SimulatedExecutor executor(clock, &chooser);
    Notes notes(clock);
    for (std::uint64_t tag = 1; tag <= 4; ++tag) executor.post(notes.task(tag));
    executor.run_all();
    orders.push_back(notes.tags());
  } while (chooser.next());
  std::sort(orders.begin(), orders.end());
  EXPECT_EQ(std::unique(orders.begin(), orders.end()), orders.end());
  EXPECT_EQ(orders.size(), 24u);
}

}  // namespace
}  // namespace invsaga
