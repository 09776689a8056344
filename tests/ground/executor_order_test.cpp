// SPDX-License-Identifier: Apache-2.0
//
// Tasks of one time run in the order in which they were armed, however many there are and whatever
// is dropped between.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

#include <invsaga/environment.hpp>
#include <invsaga/testing/simulation.hpp>

namespace invsaga::testing {
namespace {

constexpr Time begin = time_from_ms(1'000'000);
constexpr Time later = time_from_ms(1'000'010);

class Ran {
 public:
  Task task(std::uint64_t tag) {
    return {
        [](void* self, std::uint64_t number) noexcept { static_cast<Ran*>(self)->note(number); },
        this, tag};
  }
  std::vector<std::uint64_t> tags() const {
    const std::lock_guard lock(mutex_);
    return tags_;
  }

 private:
  void note(std::uint64_t tag) {
    const std::lock_guard lock(mutex_);
    tags_.push_back(tag);
  }
  mutable std::mutex mutex_;
  std::vector<std::uint64_t> tags_;
};

std::vector<std::uint64_t> up_to(std::uint64_t count) {
  std::vector<std::uint64_t> all(count);
  std::iota(all.begin(), all.end(), std::uint64_t{0});
  return all;
}

/// By an executor of its own kind, all that is armed on it is run.
struct Local {
  explicit Local(Clock& clock) : executor(clock) {}
  void run_all(const Ran&, std::size_t) {
    while (executor.run_one()) {
    }
  }
  LocalExecutor executor;
};
struct Simulated {
  explicit Simulated(ManualClock& clock) : executor(clock) {}
  void run_all(const Ran&, std::size_t) { executor.run_all(); }
  SimulatedExecutor executor;
};
/// One thread, which is kept busy until everything is armed.
struct OneThread {
  explicit OneThread(Clock& clock) : executor(clock, 1) {
    gate.lock();
    const auto wait = [](void* self, std::uint64_t) noexcept {
      const std::lock_guard passed(static_cast<OneThread*>(self)->gate);
    };
    executor.post({wait, this, 0});
  }
  void run_all(const Ran& ran, std::size_t count) {
    gate.unlock();
    while (ran.tags().size() < count) std::this_thread::yield();
  }
  std::mutex gate;
  ThreadExecutor executor;
};

template <class Kind>
class ExecutorOrder : public ::testing::Test {
 protected:
  ManualClock clock{begin};
  Ran ran, dropped;
  Kind of{clock};
};
using Kinds = ::testing::Types<Local, Simulated, OneThread>;
TYPED_TEST_SUITE(ExecutorOrder, Kinds);

TYPED_TEST(ExecutorOrder, OfOneTimeIsThatOfArming) {
  for (std::uint64_t tag = 0; tag < 200; ++tag) {
    this->of.executor.post_at(later, this->ran.task(tag));
  }
  this->of.run_all(this->ran, 200);
  EXPECT_EQ(this->ran.tags(), up_to(200));
}

TYPED_TEST(ExecutorOrder, OfWhatIsDueNowIsThatOfArmingHoweverItWasArmed) {
  for (std::uint64_t tag = 0; tag < 200; ++tag) {
    if (tag % 3 == 0) {
      this->of.executor.post(this->ran.task(tag));
    } else {
      this->of.executor.post_at(begin, this->ran.task(tag));
    }
  }
  this->of.run_all(this->ran, 200);
  EXPECT_EQ(this->ran.tags(), up_to(200));
}

TYPED_TEST(ExecutorOrder, StaysWhenOthersAreDropped) {
  for (std::uint64_t tag = 0; tag < 100; ++tag) {
    this->of.executor.post_at(later, this->dropped.task(tag));
    this->of.executor.post_at(later, this->ran.task(tag));
    this->of.executor.post_at(begin, this->dropped.task(tag));
  }
  this->of.executor.drop(&this->dropped);
  this->of.run_all(this->ran, 100);
  EXPECT_EQ(this->ran.tags(), up_to(100));
  EXPECT_TRUE(this->dropped.tags().empty());
}

}  // namespace
}  // namespace invsaga::testing
