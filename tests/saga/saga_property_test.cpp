// SPDX-License-Identifier: Apache-2.0
//
// What holds of every saga, whatever befalls it: a sample. The million is a test of its own.
#include "tests/saga/random_run.hpp"

namespace invsaga::random_runs {
namespace {

TEST(SagaProperty, WhateverBefallsARunItEndsOnceAndUndoesExactlyWhatMayHaveHappened) {
  EXPECT_EQ(try_sagas(1, 20'000).runs, 20'000u);
}

}  // namespace
}  // namespace invsaga::random_runs
