// SPDX-License-Identifier: Apache-2.0
//
// Tries an operation of a part of a store at each of its allocations. Either it happens, or nothing
// does and the answer says so; the part goes on, and who asks again gets what he would have got.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include <invsaga/result.hpp>
#include <invsaga/testing/printers.hpp>

#include "tests/memory/failing_new.hpp"

namespace invsaga::memory_tests {

template <class T>
std::string text_of(const result<T>& answer) {
  if (answer.has_error()) return to_string(answer.error());
  if constexpr (std::is_void_v<T>) {
    return "done";
  } else {
    return ::testing::PrintToString(answer.value());
  }
}

/// `Harness` has a `part`, and `look()` says all that can be seen of it. `before` is done to it
/// first; `act` answers a `result`. One that `is_joined` of parts may also answer that it is in
/// doubt. How many allocations failed.
template <class Harness, class Before, class Act>
std::size_t try_without_memory(const std::string& name, const Before& before, const Act& act) {
  SCOPED_TRACE(name);
  Harness untouched, whole;
  before(untouched);
  before(whole);
  const std::string at_first = untouched.look();
  const std::string wanted = text_of(act(whole.part));
  const std::string after = whole.look();
  return fail_each_allocation([&](std::size_t number, bool from_then_on) {
    SCOPED_TRACE("allocation " + std::to_string(number) + (from_then_on ? " and all behind" : ""));
    Harness harness, looked_at;  // to look may bring about what is due
    std::optional<decltype(act(harness.part))> answer;
    bool hit = false;
    for (Harness* const each : {&looked_at, &harness}) {
      before(*each);
      const FailingNew failing(number, from_then_on);
      answer.emplace(act(each->part));
      hit = FailingNew::hit();
    }
    const bool refused = answer->has_error() && answer->error().limit == Limit::memory;
    constexpr bool may_be_in_doubt = requires { requires Harness::is_joined; };
    const bool in_doubt = answer->has_error() && answer->error().remedy() == Remedy::ask_again;
    if (may_be_in_doubt && hit && in_doubt) {
      EXPECT_EQ(text_of(act(harness.part)), wanted) << "asked again";
    } else if (refused) {
      EXPECT_TRUE(hit);
      EXPECT_EQ(answer->error().code, Errc::resource_exhausted);
      EXPECT_EQ(looked_at.look(), at_first) << "half done";
      EXPECT_EQ(text_of(act(harness.part)), wanted) << "asked again";
    } else {
      EXPECT_EQ(text_of(*answer), wanted);
    }
    EXPECT_EQ(harness.look(), after);
    return hit && !::testing::Test::HasFailure();
  });
}

}  // namespace invsaga::memory_tests
