// SPDX-License-Identifier: Apache-2.0
//
// What every preset that tests can build in a moment: one program that needs the compiler, its
// sanitizer, threads, GoogleTest and RapidCheck, and headers of ours, but none of our libraries.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <atomic>
#include <cstdint>
#include <thread>

#include "invsaga/retry.hpp"

namespace {

using namespace invsaga;

TEST(Smoke, NoWaitIsLongerThanItsCap) {
  const bool held = rc::check([](std::uint16_t repeats, std::uint64_t chance) {
    const Duration wait = backoff(standard, std::uint32_t{repeats} + 1, chance);
    RC_ASSERT(wait > Duration{0} && wait <= standard.cap);
  });
  EXPECT_TRUE(held);
}

TEST(Smoke, ThreadsRun) {
  std::atomic<int> ran = 0;
  {
    const std::jthread one([&ran] { ++ran; });
    const std::jthread two([&ran] { ++ran; });
  }
  EXPECT_EQ(ran, 2);
}

}  // namespace
