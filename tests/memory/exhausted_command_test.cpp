// SPDX-License-Identifier: Apache-2.0
//
// The command without memory: it says so and ends with 3, or it has enough and its answer is right.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>

#include "tests/memory/failing_new.hpp"
#include "tools/command.hpp"

namespace invsaga::memory_tests {
namespace {

/// Takes what is printed.
class Printed {
 public:
  Printed() : out_(std::cout.rdbuf(text_.rdbuf())), error_(std::cerr.rdbuf(text_.rdbuf())) {}
  ~Printed() {
    std::cout.rdbuf(out_);
    std::cerr.rdbuf(error_);
  }

 private:
  std::ostringstream text_;
  std::streambuf* out_;
  std::streambuf* error_;
};

int replay() {
  constexpr std::array words{"invsaga", "replay", "tests/memory/two_orders.csv", "--json"};
  return tools::run_command(static_cast<int>(words.size()), words.data());
}

TEST(ACommandWithoutMemory, SaysSoOrIsRight) {
  const Printed printed;
  ASSERT_EQ(replay(), 0);
  bool hit = true;
  std::size_t said = 0;
  for (std::size_t number = 0; hit; number += std::max<std::size_t>(1, number / 30)) {
    for (const bool from_then_on : {false, true}) {
      int status = 0;
      {
        const FailingNew failing(number, from_then_on);
        status = replay();
        hit = FailingNew::hit();
      }
      EXPECT_TRUE(status == 3 || status == 0) << status << " at allocation " << number;
      if (hit && from_then_on) EXPECT_EQ(status, 3) << "at allocation " << number;
      said += status == 3 ? 1 : 0;
    }
  }
  EXPECT_GT(said, 100u);
}

}  // namespace
}  // namespace invsaga::memory_tests
