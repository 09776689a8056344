// SPDX-License-Identifier: Apache-2.0
#include <invsaga/capabilities.hpp>

#include <gtest/gtest.h>

#include <invsaga/memory.hpp>
#include <invsaga/testing/apart_backend.hpp>
#include <invsaga/testing/matchers.hpp>

namespace invsaga {
namespace {

using testing::ErrorIs;
using testing::IsOk;

constexpr bool Capabilities::* all[] = {&Capabilities::linearizable, &Capabilities::durable_on_ack,
                                        &Capabilities::multi_row_atomic,
                                        &Capabilities::atomic_effects, &Capabilities::own_clock};

TEST(Capabilities, WhatIsNeededHasToBeThere) {
  for (const auto needed : all) {
    Capabilities needs;
    needs.*needed = true;
    for (const auto there : all) {
      Capabilities has;
      has.*there = true;
      EXPECT_EQ(provides(has, needs), there == needed);
    }
    EXPECT_TRUE(provides(needs, Capabilities{})) << "more than is needed does no harm";
  }
}

TEST(Capabilities, AServiceThatNeedsMoreThanItsStoreHasIsRefusedAtStartUp) {
  constexpr Capabilities memory = MemoryBackend<>::capabilities();
  EXPECT_THAT(check_capabilities(memory, saga_needs), IsOk());
  EXPECT_THAT(check_capabilities(memory, {.atomic_effects = true}), IsOk());
  EXPECT_THAT(check_capabilities(memory, {.durable_on_ack = true}), ErrorIs(Errc::unsupported))
      << "a memory survives no kill";
  constexpr Capabilities apart = testing::ApartBackend::capabilities();
  EXPECT_THAT(check_capabilities(apart, saga_needs), IsOk());
  EXPECT_THAT(check_capabilities(apart, {.atomic_effects = true}), ErrorIs(Errc::unsupported));
}

TEST(Capabilities, WhatIsMissingIsNamed) {
  const auto named = [](const Capabilities& has, const Capabilities& needs) {
    return to_string(check_capabilities(has, needs).error());
  };
  const Capabilities everything{true, true, true, true, true, true};
  EXPECT_EQ(named({}, everything),
            "unsupported: linearizable, durable_on_ack, multi_row_atomic, atomic_effects, "
            "own_clock, answers_at_once");
  EXPECT_EQ(named({.linearizable = true}, saga_needs), "unsupported: multi_row_atomic");
  EXPECT_THAT(check_capabilities(everything, everything), IsOk());
}

}  // namespace
}  // namespace invsaga
