// SPDX-License-Identifier: Apache-2.0
// labels: release
// timeout: 600
//
// A million sagas by chance. No run charges twice, and none refunds what it did not charge.
#include "tests/saga/random_run.hpp"

namespace invsaga::random_runs {
namespace {

TEST(SagaPropertyMillion, WhateverBefallsARunItEndsOnceAndChargesAtMostOnce) {
  const Counts counts = try_sagas(1'000'000, 1'000'000);
  EXPECT_EQ(counts.runs, 1'000'000u);
  EXPECT_GE(counts.sum.charges, 300'000u);
  EXPECT_GE(counts.sum.refunds, 100'000u);
}

}  // namespace
}  // namespace invsaga::random_runs
