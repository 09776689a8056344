// SPDX-License-Identifier: Apache-2.0
//
// A search over schedules: two orders, two owners, at most three faults, on the production machine,
// runner and backends. Every single fault, and of pairs and triples a part, at every place where a
// run comes by, the order of simultaneous things drawn from a seed.
//
// labels: release
// timeout: 1200
#include <gtest/gtest.h>

#include <initializer_list>
#include <span>
#include <unordered_set>

#include <invsaga/memory.hpp>
#include <invsaga/testing/store_under_test.hpp>
#include <invsaga/testing/writes.hpp>

#include "tests/search/apart_backends.hpp"
#include "tests/search/search_fixture.hpp"

namespace invsaga::search {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t every = 40;  // a sample; the release build makes them all
#else
constexpr std::size_t every = 1;
#endif
constexpr std::size_t different_runs = 100'000;
constexpr std::size_t wrongs_enough = 5;  // to be told; then the search stops

/// The memory backend, as a world needs it.
class MemoryBackends {
 public:
  class Connection {
   public:
    using Backend = FaultyConnection<MemoryBackend<>>;
    Connection(MemoryBackends& backends, std::shared_ptr<Link> link)
        : line_(backends.backend_, std::move(link)) {}
    Backend& backend() { return line_; }

   private:
    Backend line_;
  };

  MemoryBackends(testing::ManualClock& clock, Executor&) : clock_(clock) {}
  void tick() { backend_.advance_to(clock_.now()); }
  bool open(std::span<const Line> lines) {
    testing::name_rows(backend_, lines);
    return backend_
        .adjust({make_id<AdjustId>({"opening"}), AdjustReason::opening,
                 clock_.now() + std::chrono::hours(1), lines})
        .has_value();
  }
  StockCounters stock(Row row) { return backend_.stock(row).value(); }
  std::vector<RunRecord> records(RunId run) { return testing::records_of(backend_, run).value(); }
  std::vector<std::string> published(RunId run) {
    std::vector<std::string> types;
    const auto pending = testing::pending(backend_, 1000).value();
    for (const Event& event : pending) {
      if (event.run == run) types.push_back(event.type);
    }
    return types;
  }

 private:
  testing::ManualClock& clock_;
  MemoryBackend<> backend_;
};

std::string text(const Plan& plan) {
  static const char* const words[fault_count] = {
      "none",        "failed",    "lost",   "late", "twice", "crash_before",
      "crash_after", "take_over", "cancel", "news", "expire"};
  std::string out = "seed " + std::to_string(plan.seed);
  for (const Plan::At& at : plan.faults) {
    out += ", " + std::string(words[static_cast<std::size_t>(at.fault)]) + " at " +
           std::to_string(at.place);
  }
  return out;
}

/// Runs plans, counts the different ones, and stops after a few that went wrong.
template <class Backends>
class Search {
 public:
  std::size_t run(const Plan& plan) {
    SearchFixture<Backends> fixture(plan);
    const std::string wrong = fixture.run();
    std::uint64_t trace = fixture.trace();
    for (const Plan::At& at : plan.faults) {
      trace = (trace ^ at.place ^ (static_cast<std::uint64_t>(at.fault) << 32)) * 1099511628211ull;
    }
    traces_.insert(trace);
    if (!wrong.empty() && ++wrongs_ <= wrongs_enough) ADD_FAILURE() << text(plan) << ": " << wrong;
    return fixture.places();
  }

  /// With one fault more than `plan` has, and so on: of each number of faults, every one of so many
  /// as `strides` says. Those are prime to the number of kinds, lest some never meet. Another seed
  /// makes others.
  void vary(const Plan& plan, std::span<const std::size_t> strides) {
    const std::size_t places = run(plan);
    if (strides.empty()) return;
    const std::size_t first = plan.faults.empty() ? 0 : plan.faults.back().place + 1;
    const std::size_t stride = strides.front() == 1 ? 1 : strides.front() * every;
    for (std::size_t place = first; place < places && wrongs_ < wrongs_enough; ++place) {
      for (std::size_t kind = 1; kind < fault_count; ++kind) {
        if (tried_++ % stride != 0) continue;
        Plan more = plan;
        more.faults.push_back({place, static_cast<Fault>(kind)});
        vary(more, strides.subspan(1));
      }
    }
  }
  [[nodiscard]] std::size_t different() const { return traces_.size(); }
  [[nodiscard]] std::size_t wrongs() const { return wrongs_; }

 private:
  std::unordered_set<std::uint64_t> traces_;
  std::size_t wrongs_ = 0;
  std::uint64_t tried_ = 0;
};

template <class Backends>
void search_all(std::uint64_t seeds, std::initializer_list<std::size_t> strides) {
  Search<Backends> search;
  for (std::uint64_t seed = 1; seed <= seeds && search.wrongs() == 0; ++seed)
    search.vary({{}, seed}, {strides.begin(), strides.size()});
  std::printf("%zu different runs\n", search.different());
  EXPECT_EQ(search.wrongs(), 0U);
  EXPECT_GE(search.different(), different_runs / every);
}

TEST(ScheduleSearch, NoScheduleOfTwoOwnersAndThreeFaultsBreaksTheMemoryBackend) {
  search_all<MemoryBackends>(8, {1, 3, 19});
}

TEST(ScheduleSearch, NoScheduleOfTwoOwnersAndTwoFaultsBreaksPartsThatLiveApart) {
  search_all<ApartBackends>(8, {1, 3});
}

}  // namespace
}  // namespace invsaga::search
