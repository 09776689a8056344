// SPDX-License-Identifier: Apache-2.0
//
// What a backend costs: the memory backend's one append, and `split` over parts that live apart.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <invsaga/memory.hpp>
#include <invsaga/reference/claim_table.hpp>
#include <invsaga/reference/ledger.hpp>
#include <invsaga/reference/outbox_queue.hpp>
#include <invsaga/reference/run_table.hpp>
#include <invsaga/split.hpp>
#include <invsaga/testing/apart_backend.hpp>
#include <invsaga/testing/simulation.hpp>
#include <invsaga/testing/store_under_test.hpp>

#include "tests/cost/cost.hpp"
#include "tests/cost/many_runs.hpp"

namespace invsaga {
namespace {

using cost::judge;
using cost::read_unfinished;
using cost::record;
using cost::row_of;
using cost::row_of_each;
using cost::run_no;

constexpr std::size_t few = 400;
constexpr Time start = time_from_ms(1'000'000);
constexpr Time later = time_from_ms(2'000'000);
constexpr Time much_later = later + Duration{1'000'000'000};

struct OnOneAppend {
  void advance_to(Time time) { backend.advance_to(time); }
  MemoryBackend<> backend;
};
struct InParts {
  void advance_to(Time time) {
    stock.advance_to(time);
    claims.advance_to(time);
  }
  Ledger stock;
  ClaimTable claims;
  RunTable log;
  OutboxQueue outbox;
  Joined<Ledger, ClaimTable, RunTable, OutboxQueue> backend{stock, claims, log, outbox};
};

ReservationId hold(std::size_t i) { return {1, i + 1}; }
RequestKey request(std::size_t i) { return {2, i + 1}; }

const std::vector<Line> one{{Row{0}, 1}}, plenty{{Row{0}, 1'000'000}};
const Operation opening = Adjust{AdjustId{7, 1}, AdjustReason::opening, later, plenty};

/// A record that tells one event.
RunRecord telling(RecordKind kind, RunId run, std::uint64_t sequence) {
  RunRecord made = record(kind);
  made.events = {cost::event_of(run, sequence)};
  return made;
}

/// A backend with stock, and nothing else.
template <class Place>
struct Stocked : Place {
  explicit Stocked(std::size_t) {
    this->advance_to(start);
    testing::name_rows(this->backend, plenty);
    EXPECT_TRUE(testing::apply(this->backend, opening, {}));
  }
  /// Run `i` begins, with a hold and an event.
  void reserve(std::size_t i) {
    write(i, 0, Reserve{hold(i), later, one}, telling(RecordKind::begun, run_no(i), 1));
  }
  void commit(std::size_t i) {
    write(i, 1, Commit{hold(i), {}}, telling(RecordKind::outcome, run_no(i), 2));
  }
  void add_record(std::size_t i) {
    EXPECT_TRUE(testing::append(this->backend, run_no(0), i + 1,
                                telling(RecordKind::taken_over, run_no(0), i + 2)));
  }

 private:
  void write(std::size_t i, Position at, const Operation& operation, const RunRecord& yes) {
    const RunRecord no = record(RecordKind::outcome);
    const testing::Effects effects{.run = run_no(i), .at = at, .yes = &yes, .no = &no};
    EXPECT_TRUE(testing::apply(this->backend, operation, effects));
  }
};
/// With `n` runs that have begun with a hold each.
template <class Place>
struct Begun : Stocked<Place> {
  explicit Begun(std::size_t n) : Stocked<Place>(n) {
    for (std::size_t i = 0; i < n; ++i) this->reserve(i);
  }
};
template <class Place>
struct Sold : Begun<Place> {
  explicit Sold(std::size_t n) : Begun<Place>(n) {
    for (std::size_t i = 0; i < n; ++i) this->commit(i);
  }
};
template <class Place>
struct LongRun : Begun<Place> {
  explicit LongRun(std::size_t n) : Begun<Place>(1) {
    for (std::size_t i = 0; i < n; ++i) this->add_record(i);
  }
};
/// With `n` requests that are claimed.
template <class Place>
struct Claimed : Stocked<Place> {
  explicit Claimed(std::size_t n) : Stocked<Place>(n) {
    for (std::size_t i = 0; i < n; ++i) claim(i);
  }
  void claim(std::size_t i) {
    epochs.push_back(this->backend.claim({request(i), {}, later, later}).value().epoch);
  }
  std::vector<std::uint64_t> epochs;
};
template <class Place>
struct Unclaimed : Claimed<Place> {
  explicit Unclaimed(std::size_t) : Claimed<Place>(0) {}
};
/// With `n` runs that have ended, were asked for by requests, and may be forgotten.
template <class Place>
struct Ended : Claimed<Place> {
  explicit Ended(std::size_t n) : Claimed<Place>(n) {
    for (std::size_t i = 0; i < n; ++i) {
      RunRecord begun = record(RecordKind::begun);
      begun.request = request(i);
      begun.claim_epoch = this->epochs[i];
      begun.until = later;
      EXPECT_TRUE(testing::append(this->backend, run_no(i), 0, begun));
    }
    cost::end(this->backend, n);
    this->advance_to(much_later);
  }
};

template <class Place>
std::vector<cost::Row> write_rows(const std::string& name) {
  using New = Stocked<Place>;
  using Runs = Begun<Place>;
  using Sales = Sold<Place>;
  return {
      row_of_each<New>(name + ": write that begins and reserves, of n runs", few,
                       [](New& there, std::size_t i) { there.reserve(i); }),
      row_of_each<Runs>(name + ": the same write again, of n runs", few,
                        [](Runs& there, std::size_t i) { there.reserve(i); }),
      row_of_each<Runs>(name + ": write that commits, of n runs", few,
                        [](Runs& there, std::size_t i) { there.commit(i); }),
      row_of_each<Sales>(name + ": acknowledge_sale, of n sales", few,
                         [](Sales& there, std::size_t i) {
                           EXPECT_TRUE(there.backend.acknowledge_sale(hold(i)));
                         }),
      row_of_each<Runs>(name + ": stock, of n holds", few,
                        [](Runs& there, std::size_t) { EXPECT_TRUE(there.backend.stock(Row{0})); }),
      row_of_each<New>(name + ": n records of one run", few,
                       [](New& there, std::size_t i) {
                         if (i == 0) there.reserve(0);
                         there.add_record(i);
                       }),
  };
}

template <class Place>
std::vector<cost::Row> log_rows(const std::string& name) {
  using New = Stocked<Place>;
  using Runs = Begun<Place>;
  using Long = LongRun<Place>;
  using Past = Ended<Place>;
  return {
      row_of_each<Runs>(name + ": read and settle, of n runs", few,
                        [](Runs& there, std::size_t i) {
                          const auto entries = there.backend.read(run_no(i)).value();
                          EXPECT_TRUE(there.backend.settle(run_no(i), entries));
                        }),
      row_of<Long>(name + ": read and settle, n records of one run", few,
                   [](Long& there, std::size_t n) {
                     const auto entries = there.backend.read(run_no(0)).value();
                     EXPECT_EQ(entries.size(), n + 1);
                     EXPECT_TRUE(there.backend.settle(run_no(0), entries));
                   }),
      row_of<Runs>(name + ": pages of n unfinished runs", few,
                   [](Runs& there, std::size_t n) { read_unfinished(there.backend, n); }),
      row_of_each<New>(name + ": put, of n events", few,
                       [](New& there, std::size_t i) { cost::put_event(there.backend, i, false); }),
      row_of<Runs>(name + ": pages of n pending events", few,
                   [](Runs& there, std::size_t n) { cost::read_pending(there.backend, n); }),
      row_of_each<Runs>(
          name + ": acknowledge_event, of n events", few,
          [](Runs& there, std::size_t i) { cost::acknowledge_event(there.backend, i, false); }),
      row_of_each<Past>(
          name + ": forget n runs", few,
          [](Past& there, std::size_t i) { EXPECT_TRUE(there.backend.forget(run_no(i))); }),
  };
}

template <class Place>
std::vector<cost::Row> claim_rows(const std::string& name) {
  using New = Claimed<Place>;
  return {
      row_of_each<Unclaimed<Place>>(name + ": claim, of n requests", few,
                                    [](auto& there, std::size_t i) { there.claim(i); }),
      row_of_each<New>(name + ": claim again, of n requests", few,
                       [](New& there, std::size_t i) { there.claim(i); }),
      row_of_each<New>(name + ": extend_claim and confirm_claim, of n requests", few,
                       [](New& there, std::size_t i) {
                         const std::uint64_t epoch = there.epochs[i];
                         EXPECT_TRUE(there.backend.extend_claim(request(i), epoch, much_later));
                         EXPECT_TRUE(there.backend.confirm_claim(request(i), epoch, {}));
                       }),
      row_of_each<New>(name + ": release_claim, of n requests", few,
                       [](New& there, std::size_t i) {
                         EXPECT_TRUE(there.backend.release_claim(request(i), there.epochs[i]));
                       }),
  };
}

template <class Place>
void judge_all(const std::string& name) {
  judge(write_rows<Place>(name));
  judge(log_rows<Place>(name));
  judge(claim_rows<Place>(name));
}

TEST(MemoryBackendCost, OfManyRuns) {
  using Runs = Begun<OnOneAppend>;
  judge_all<OnOneAppend>("memory");
  judge({
      row_of<Runs>("memory: expire_due, n holds", few,
                   [](Runs& there, std::size_t n) {
                     there.advance_to(later);
                     EXPECT_EQ(there.backend.expire_due().value(), n);
                   }),
      row_of<Runs>("memory: snapshot of n rows", few,
                   [](Runs& there, std::size_t n) {
                     const std::vector<Row> rows(n, Row{0});
                     EXPECT_EQ(there.backend.snapshot(rows).value().size(), n);
                   }),
  });
}
TEST(SplitCost, OfManyRuns) { judge_all<InParts>("split"); }

/// A stock that answers later, and what it is asked.
struct FarAway {
  explicit FarAway(std::size_t) {
    EXPECT_TRUE(parts.stock.intern("", "mug"));
    submit(testing::write_of(opening, {}));
  }
  /// Run `i` begins, once the stock has answered.
  void reserve(std::size_t i) {
    const RunRecord yes = telling(RecordKind::begun, run_no(i), 1),
                    no = record(RecordKind::outcome);
    submit(testing::write_of(Reserve{hold(i), later, one},
                             {.run = run_no(i), .at = 0, .yes = &yes, .no = &no}));
  }
  void answer() {
    executor.run_all(1'000'000);
    EXPECT_EQ(answered, writes.size());
  }

  testing::ManualClock clock{start};
  testing::SimulatedExecutor executor{clock};
  testing::ApartParts parts{clock, executor};
  testing::ApartBackend backend{parts};
  std::vector<std::shared_ptr<const PreparedWrite>> writes;
  std::size_t answered = 0;

 private:
  void submit(std::shared_ptr<const PreparedWrite> write) {
    writes.push_back(std::move(write));
    const auto count = [](void* far, std::uint64_t, result<WriteReply>&& reply) noexcept {
      EXPECT_TRUE(reply);
      ++static_cast<FarAway*>(far)->answered;
    };
    backend.submit(writes.back()->write(), {count, this, 0});
  }
};

TEST(SplitCost, OfManyWritesUnderWay) {
  const double looks_at_no_other = 0.5;
  judge(
      {
          row_of<FarAway>("split: n writes at once, then their answers", few,
                          [](FarAway& far, std::size_t n) {
                            for (std::size_t i = 0; i < n; ++i) far.reserve(i);
                            far.answer();
                          }),
          row_of_each<FarAway>("split: n writes, one after the other", few,
                               [](FarAway& far, std::size_t i) {
                                 far.reserve(i);
                                 far.answer();
                               }),
      },
      looks_at_no_other);
}

}  // namespace
}  // namespace invsaga
