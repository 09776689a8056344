// SPDX-License-Identifier: Apache-2.0
//
// What a reservation costs in the reference store, by the number of its lines: reserve and commit.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <invsaga/ids.hpp>
#include <invsaga/operation.hpp>
#include <invsaga/reference/ledger.hpp>
#include <invsaga/time.hpp>
#include <vector>

namespace {

using namespace invsaga;

constexpr Units plenty = 1'000'000'000;
constexpr std::int64_t lifetime_ms = 1'000;

std::vector<Line> lines_of(std::int64_t count, Units quantity) {
  std::vector<Line> lines;
  for (std::int64_t i = 0; i < count; ++i) {
    lines.push_back({Row{static_cast<std::uint32_t>(i)}, quantity});
  }
  return lines;
}

void reserve_and_commit(benchmark::State& state) {
  StoreLimits limits;
  limits.grace = Duration{0};
  limits.max_records = 100'000;  // of which about `lifetime_ms` are in use
  Ledger ledger{limits};
  std::int64_t now_ms = 1;
  ledger.advance_to(time_from_ms(now_ms));
  const std::vector<Line> stock = lines_of(state.range(0), plenty);
  const AdjustId opening{0, 1};
  if (!ledger.adjust({opening, AdjustReason::opening, time_from_ms(now_ms + 1), stock})) {
    return state.SkipWithError("no stock");
  }
  const std::vector<Line> order = lines_of(state.range(0), 1);
  for (auto _ : state) {
    ledger.advance_to(time_from_ms(++now_ms));
    const ReservationId id{1, static_cast<std::uint64_t>(now_ms)};
    const auto reserved = ledger.reserve({id, time_from_ms(now_ms + lifetime_ms), order});
    const auto committed = ledger.commit({id, {}});
    if (!reserved || !committed || committed.assume_value() != CommitAnswer::committed) {
      return state.SkipWithError("not committed");
    }
    benchmark::DoNotOptimize(ledger.acknowledge_sale(id));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(reserve_and_commit)->Arg(1)->Arg(5)->Arg(704)->ArgName("lines");

}  // namespace
