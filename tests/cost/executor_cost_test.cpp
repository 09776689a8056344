// SPDX-License-Identifier: Apache-2.0
//
// What executors cost, by how many tasks wait at them, and whose.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include <invsaga/environment.hpp>
#include <invsaga/testing/simulation.hpp>

#include "tests/cost/cost.hpp"

namespace invsaga {
namespace {

using cost::steps_of;

constexpr std::size_t few = 500;
constexpr Time start = time_from_ms(1'000'000);

const Task nothing{[](void*, std::uint64_t) noexcept {}};
Task task_of(const int& context) {
  Task made = nothing;
  made.context = const_cast<int*>(&context);
  return made;
}
Time later(std::size_t i) { return start + Duration{static_cast<std::int64_t>(1 + i)}; }

struct Local {
  testing::ManualClock clock{start};
  LocalExecutor executor{clock};
  bool step() { return executor.run_one(); }
};
template <bool chooses>
struct Simulated {
  testing::ManualClock clock{start};
  testing::SeededChooser chooser{1};
  testing::SimulatedExecutor executor{clock, chooses ? &chooser : nullptr};
  bool step() { return executor.step(); }
};

template <class World>
struct Armed : World {
  /// A timer of each of so many contexts, or all of one.
  Armed(std::size_t n, bool of_one) : contexts(n + 1) {
    for (std::size_t i = 0; i < n; ++i) {
      this->executor.post_at(later(i), task_of(contexts[of_one ? 0 : i]));
    }
  }
  const int& own() const { return contexts.back(); }
  std::vector<int> contexts;
};

template <class World>
std::vector<cost::Row> rows(const std::string& executor) {
  std::vector<cost::Row> made;
  const auto add = [&](const std::string& what, std::uint64_t (*cost)(std::size_t)) {
    made.push_back({executor + ": " + what, few, cost});
  };
  add("post_at, of n timers, the earliest last", [](std::size_t n) {
    Armed<World> armed(0, true);
    return steps_of([&] {
      for (std::size_t i = n; i-- > 0;) armed.executor.post_at(later(i), task_of(armed.own()));
    });
  });
  add("run n timers", [](std::size_t n) {
    Armed<World> armed(n, false);
    return steps_of([&] {
      while (armed.step()) {
      }
    });
  });
  add("run n tasks of one time", [](std::size_t n) {
    Armed<World> armed(0, true);
    for (std::size_t i = 0; i < n; ++i) armed.executor.post(task_of(armed.own()));
    return steps_of([&] {
      while (armed.step()) {
      }
    });
  });
  add("post and run, n times before n timers", [](std::size_t n) {
    Armed<World> armed(n, true);
    return steps_of([&] {
      for (std::size_t i = 0; i < n; ++i) {
        armed.executor.post(task_of(armed.own()));
        armed.step();
      }
    });
  });
  add("n contexts drop a timer each", [](std::size_t n) {
    Armed<World> armed(n, false);
    return steps_of([&] {
      for (const int& context : armed.contexts) armed.executor.drop(&context);
    });
  });
  add("arm and drop, n times among n timers of another", [](std::size_t n) {
    Armed<World> armed(n, true);
    return steps_of([&] {
      for (std::size_t i = 0; i < n; ++i) {
        armed.executor.post_at(later(i), task_of(armed.own()));
        armed.executor.drop(&armed.own());
      }
    });
  });
  add("a context drops n timers", [](std::size_t n) {
    Armed<World> armed(n, true);
    return steps_of([&] { armed.executor.drop(&armed.contexts.front()); });
  });
  return made;
}

TEST(ExecutorCost, OfALocalOne) { cost::judge(rows<Local>("local executor")); }
TEST(ExecutorCost, OfASimulatedOne) { cost::judge(rows<Simulated<false>>("simulated executor")); }
TEST(ExecutorCost, OfASimulatedOneWithAChooser) {
  cost::judge(rows<Simulated<true>>("simulated executor, chooser"));
}

}  // namespace
}  // namespace invsaga
