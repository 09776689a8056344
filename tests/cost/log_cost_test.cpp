// SPDX-License-Identifier: Apache-2.0
//
// What the logs of runs and of events cost: run table and outbox.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <invsaga/reference/outbox_queue.hpp>
#include <invsaga/reference/run_table.hpp>

#include "tests/cost/cost.hpp"
#include "tests/cost/many_runs.hpp"

namespace invsaga {
namespace {

using cost::judge;
using cost::put_event;
using cost::put_events;
using cost::read_pending;
using cost::read_unfinished;
using cost::row_of;
using cost::row_of_each;
using cost::run_no;

constexpr std::size_t few = 400;

void add_record(RunTable& table, std::size_t i) {
  EXPECT_TRUE(testing::append(table, run_no(0), 1 + i, cost::record(RecordKind::taken_over)));
}

struct NoRuns {
  explicit NoRuns(std::size_t) {}
  RunTable table;
};
struct OneRun : NoRuns {
  explicit OneRun(std::size_t n) : NoRuns(n) { cost::begin(table, 1); }
};
struct LongRun : OneRun {
  explicit LongRun(std::size_t n) : OneRun(n) {
    for (std::size_t i = 0; i < n; ++i) add_record(table, i);
  }
};
struct BegunRuns : NoRuns {
  explicit BegunRuns(std::size_t n) : NoRuns(n) { cost::begin(table, n); }
};
struct EndedRuns : BegunRuns {
  explicit EndedRuns(std::size_t n) : BegunRuns(n) { cost::end(table, n); }
};
/// `n` that have ended, and one that has not.
struct FewUnfinished : NoRuns {
  explicit FewUnfinished(std::size_t n) : NoRuns(n) {
    cost::begin(table, n + 1);
    cost::end(table, n);
  }
};

/// `n` that have ended at one time, page after page.
void read_ended(const RunTable& table, std::size_t n) {
  std::size_t seen = 0;
  EndedRun after;
  for (;;) {
    const std::vector<EndedRun> page = table.ended(Time::max(), after, 16).value();
    seen += page.size();
    if (page.empty()) break;
    after = page.back();
  }
  EXPECT_EQ(seen, n);
}

TEST(RunTableCost, OfManyRuns) {
  judge({
      row_of<NoRuns>("run table: begin n runs", few,
                     [](NoRuns& runs, std::size_t n) { cost::begin(runs.table, n); }),
      row_of<BegunRuns>("run table: end n runs", few,
                        [](BegunRuns& runs, std::size_t n) { cost::end(runs.table, n); }),
      row_of<EndedRuns>("run table: pages of n ended runs", few,
                        [](EndedRuns& runs, std::size_t n) { read_ended(runs.table, n); }),
      row_of_each<OneRun>("run table: n records of one run", few,
                          [](OneRun& run, std::size_t i) { add_record(run.table, i); }),
      row_of<LongRun>("run table: read a run of n records, and one of them n times", few,
                      [](LongRun& run, std::size_t n) {
                        EXPECT_EQ(run.table.read(run_no(0)).value().size(), n + 1);
                        for (std::size_t i = 0; i < n; ++i) {
                          static_cast<void>(run.table.entry(run_no(0), i));
                        }
                      }),
      row_of_each<BegunRuns>("run table: read n runs", few,
                             [](BegunRuns& runs, std::size_t i) {
                               EXPECT_EQ(runs.table.read(run_no(i)).value().size(), 1u);
                             }),
      row_of<BegunRuns>("run table: pages of n unfinished runs", few,
                        [](BegunRuns& runs, std::size_t n) { read_unfinished(runs.table, n); }),
      row_of_each<FewUnfinished>(
          "run table: n times a page of few unfinished, of n ended", few,
          [](FewUnfinished& runs, std::size_t) { read_unfinished(runs.table, 1); }),
      row_of_each<EndedRuns>(
          "run table: forget n runs", few,
          [](EndedRuns& runs, std::size_t i) { EXPECT_TRUE(runs.table.forget(run_no(i))); }),
  });
}

template <bool of_one_run>
struct Filled {
  explicit Filled(std::size_t n) { put_events(outbox, n, of_one_run); }
  void put(std::size_t i) { put_event(outbox, i, of_one_run); }
  void acknowledge_event(std::size_t i) { cost::acknowledge_event(outbox, i, of_one_run); }
  void look_at_first() { EXPECT_EQ(outbox.pending(0, 1).value().size(), 1u); }
  OutboxQueue outbox;
};
template <bool of_one_run>
struct Empty : Filled<of_one_run> {
  explicit Empty(std::size_t) : Filled<of_one_run>(0) {}
};
/// All but the first are acknowledged.
template <bool of_one_run>
struct Holes : Filled<of_one_run> {
  explicit Holes(std::size_t n) : Filled<of_one_run>(n) {
    for (std::size_t i = 1; i < n; ++i) this->acknowledge_event(i);
  }
};

template <bool of_one_run>
std::vector<cost::Row> outbox_rows(const std::string& of) {
  using Full = Filled<of_one_run>;
  using New = Empty<of_one_run>;
  using Holed = Holes<of_one_run>;
  return {
      row_of<New>("outbox: put, " + of, few,
                  [](New& box, std::size_t n) { put_events(box.outbox, n, of_one_run); }),
      row_of<Full>("outbox: pages of pending, " + of, few,
                   [](Full& box, std::size_t n) { read_pending(box.outbox, n); }),
      row_of_each<Full>("outbox: first page and acknowledge, in order, " + of, few,
                        [](Full& box, std::size_t i) {
                          box.look_at_first();
                          box.acknowledge_event(i);
                        }),
      row_of<Full>("outbox: first page and acknowledge, from behind, " + of, few,
                   [](Full& box, std::size_t n) {
                     for (std::size_t i = n; i-- > 0;) {
                       box.look_at_first();
                       box.acknowledge_event(i);
                     }
                   }),
      row_of<Holed>("outbox: pages and put behind n holes, the first stays, " + of, few,
                    [](Holed& box, std::size_t n) {
                      for (std::size_t i = n; i < 2 * n; ++i) {
                        EXPECT_EQ(box.outbox.pending(0, 4).value().size(), 1u);
                        box.put(i);
                        box.acknowledge_event(i);
                      }
                    }),
      row_of<Full>("outbox: acknowledge every other, then pages, " + of, few,
                   [](Full& box, std::size_t n) {
                     for (std::size_t i = 0; i < n; i += 2) box.acknowledge_event(i);
                     read_pending(box.outbox, n / 2);
                   }),
  };
}

struct Acknowledged : Filled<false> {
  explicit Acknowledged(std::size_t n) : Filled<false>(n) {
    for (std::size_t i = 0; i < n; ++i) acknowledge_event(i);
  }
};

TEST(OutboxCost, OfManyEventsOfOneRun) { judge(outbox_rows<true>("n of one run")); }
TEST(OutboxCost, OfManyRuns) {
  judge(outbox_rows<false>("n of n runs"));
  judge({row_of_each<Acknowledged>(
      "outbox: forget n runs", few,
      [](Acknowledged& box, std::size_t i) { EXPECT_TRUE(box.outbox.forget(run_no(i))); })});
}

}  // namespace
}  // namespace invsaga
