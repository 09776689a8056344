// SPDX-License-Identifier: Apache-2.0
//
// The same for Google Benchmark: what a wait costs to work out.
#include <benchmark/benchmark.h>

#include <cstdint>

#include "invsaga/retry.hpp"

namespace {

void wait_of_the_fifth_attempt(benchmark::State& state) {
  std::uint64_t chance = 0;
  for (auto _ : state) benchmark::DoNotOptimize(invsaga::backoff(invsaga::standard, 5, ++chance));
}
BENCHMARK(wait_of_the_fifth_attempt);

}  // namespace
