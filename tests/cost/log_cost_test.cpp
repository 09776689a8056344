// SPDX-License-Identifier: Apache-2.0
//
// What the logs of runs and of events cost: run table, outbox, and the memory backend's one append.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include <invsaga/memory.hpp>
#include <invsaga/reference/outbox_queue.hpp>
#include <invsaga/reference/run_table.hpp>
#include <invsaga/testing/events.hpp>
#include <invsaga/testing/writes.hpp>

#include "tests/cost/cost.hpp"

namespace invsaga {
namespace {

using cost::steps_of;
using testing::append;
using testing::event_of;
using testing::run_no;

constexpr std::size_t few = 400;
constexpr Time start = time_from_ms(1'000'000);
constexpr Time later = time_from_ms(2'000'000);

template <class Work>
std::uint64_t each(std::size_t n, const Work& work) {
  return steps_of([&] {
    for (std::size_t i = 0; i < n; ++i) work(i);
  });
}

RunRecord record(RecordKind kind) {
  RunRecord made;
  made.kind = kind;
  made.key = "order";
  return made;
}

/// `n` runs that have begun.
template <class Log>
void begin(Log& log, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    EXPECT_TRUE(append(log, run_no(i), 0, record(RecordKind::begun)));
  }
}
template <class Log>
void end(Log& log, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    EXPECT_TRUE(append(log, run_no(i), 1, record(RecordKind::ended)));
  }
}

/// Page after page, as recovery reads.
template <class Log>
void read_unfinished(Log& log, std::size_t n) {
  std::size_t seen = 0;
  RunId after;
  for (;;) {
    const std::vector<RunId> page = log.unfinished(after, 16).value();
    seen += page.size();
    if (page.empty()) break;
    after = page.back();
  }
  EXPECT_EQ(seen, n);
}

TEST(RunTableCost, OfManyRuns) {
  cost::judge({
      {"run table: begin n runs", few,
       [](std::size_t n) {
         RunTable table;
         return steps_of([&] { begin(table, n); });
       }},
      {"run table: end n runs", few,
       [](std::size_t n) {
         RunTable table;
         begin(table, n);
         return steps_of([&] { end(table, n); });
       }},
      {"run table: n records of one run", few,
       [](std::size_t n) {
         RunTable table;
         begin(table, 1);
         return each(n, [&](std::size_t i) {
           EXPECT_TRUE(append(table, run_no(0), 1 + i, record(RecordKind::taken_over)));
         });
       }},
      {"run table: read a run of n records, and one of them n times", few,
       [](std::size_t n) {
         RunTable table;
         begin(table, 1);
         for (std::size_t i = 0; i < n; ++i) {
           EXPECT_TRUE(append(table, run_no(0), 1 + i, record(RecordKind::taken_over)));
         }
         const auto steps = steps_of(
             [&] { EXPECT_EQ(table.read(run_no(0)).value().size(), n + 1); });
         return steps +
                each(n, [&](std::size_t i) { static_cast<void>(table.entry(run_no(0), i)); });
       }},
      {"run table: read n runs", few,
       [](std::size_t n) {
         RunTable table;
         begin(table, n);
         return each(n,
                     [&](std::size_t i) { EXPECT_EQ(table.read(run_no(i)).value().size(), 1u); });
       }},
      {"run table: pages of n unfinished runs", few,
       [](std::size_t n) {
         RunTable table;
         begin(table, n);
         return steps_of([&] { read_unfinished(table, n); });
       }},
      {"run table: n times a page of few unfinished, of n ended", few,
       [](std::size_t n) {
         RunTable table;
         begin(table, n + 1);
         end(table, n);
         return each(n, [&](std::size_t) { read_unfinished(table, 1); });
       }},
      {"run table: forget n runs", few,
       [](std::size_t n) {
         RunTable table;
         begin(table, n);
         end(table, n);
         return each(n, [&](std::size_t i) { EXPECT_TRUE(table.forget(run_no(i))); });
       }},
  });
}

/// `n` events, one of each run, or all of one.
template <class Box>
void fill(Box& outbox, std::size_t n, bool of_one_run) {
  for (std::size_t i = 0; i < n; ++i) {
    EXPECT_TRUE(
        testing::put(outbox, of_one_run ? event_of(run_no(0), i + 1) : event_of(run_no(i), 1)));
  }
}

/// Acknowledges number `i` of what `fill` has put.
void acknowledge(OutboxQueue& outbox, std::size_t i, bool of_one_run) {
  EXPECT_TRUE(of_one_run ? outbox.acknowledge_event(run_no(0), i + 1)
                         : outbox.acknowledge_event(run_no(i), 1));
}

/// Page after page, as a relay reads.
template <class Box>
void read_pending(Box& outbox, std::size_t n) {
  std::size_t seen = 0;
  std::uint64_t after = 0;
  for (;;) {
    const std::vector<PendingEvent> page = outbox.pending(after, 8).value();
    seen += page.size();
    if (page.empty()) break;
    after = page.back().place;
  }
  EXPECT_EQ(seen, n);
}

std::vector<cost::Row> outbox_rows(const std::string& of, bool of_one_run) {
  return {
      {"outbox: put, " + of, few,
       [=](std::size_t n) {
         OutboxQueue outbox;
         return steps_of([&] { fill(outbox, n, of_one_run); });
       }},
      {"outbox: pages of pending, " + of, few,
       [=](std::size_t n) {
         OutboxQueue outbox;
         fill(outbox, n, of_one_run);
         return steps_of([&] { read_pending(outbox, n); });
       }},
      {"outbox: first page and acknowledge, in order, " + of, few,
       [=](std::size_t n) {
         OutboxQueue outbox;
         fill(outbox, n, of_one_run);
         return each(n, [&](std::size_t i) {
           EXPECT_EQ(outbox.pending(0, 1).value().size(), 1u);
           acknowledge(outbox, i, of_one_run);
         });
       }},
      {"outbox: first page and acknowledge, from behind, " + of, few,
       [=](std::size_t n) {
         OutboxQueue outbox;
         fill(outbox, n, of_one_run);
         return each(n, [&](std::size_t i) {
           EXPECT_EQ(outbox.pending(0, 1).value().size(), 1u);
           acknowledge(outbox, n - 1 - i, of_one_run);
         });
       }},
      {"outbox: pages and put behind n holes, the first stays, " + of, few,
       [=](std::size_t n) {
         OutboxQueue outbox;
         fill(outbox, n, of_one_run);
         for (std::size_t i = 1; i < n; ++i) acknowledge(outbox, i, of_one_run);
         return each(n, [&](std::size_t i) {
           EXPECT_EQ(outbox.pending(0, 4).value().size(), 1u);
           EXPECT_TRUE(testing::put(
               outbox, of_one_run ? event_of(run_no(0), n + i + 1) : event_of(run_no(n + i), 1)));
           acknowledge(outbox, n + i, of_one_run);
         });
       }},
      {"outbox: acknowledge every other, then pages, " + of, few,
       [=](std::size_t n) {
         OutboxQueue outbox;
         fill(outbox, n, of_one_run);
         return steps_of([&] {
           for (std::size_t i = 0; i < n; i += 2) acknowledge(outbox, i, of_one_run);
           read_pending(outbox, n / 2);
         });
       }},
  };
}

TEST(OutboxCost, OfManyEventsOfOneRun) { cost::judge(outbox_rows("n of one run", true)); }
TEST(OutboxCost, OfManyRuns) {
  cost::judge(outbox_rows("n of n runs", false));
  cost::judge({{"outbox: forget n runs", few, [](std::size_t n) {
                  OutboxQueue outbox;
                  fill(outbox, n, false);
                  for (std::size_t i = 0; i < n; ++i) acknowledge(outbox, i, false);
                  return each(n, [&](std::size_t i) { EXPECT_TRUE(outbox.forget(run_no(i))); });
                }}});
}

/// Stock, and `n` runs that have begun with a hold each.
struct Begun {
  explicit Begun(std::size_t n) {
    backend.advance_to(start);
    const Line stock[] = {{Row{0}, 1'000'000}};
    EXPECT_TRUE(backend.adjust({AdjustId{7, 1}, AdjustReason::opening, later, stock}));
    for (std::size_t i = 0; i < n; ++i) reserve(i);
  }
  void reserve(std::size_t i) { write(i, 0, Reserve{{1, i + 1}, later, one}, RecordKind::begun); }
  void commit(std::size_t i) { write(i, 1, Commit{{1, i + 1}, {}}, RecordKind::outcome); }
  void write(std::size_t i, Position at, const Operation& operation, RecordKind kind) {
    const RunRecord yes = record(kind), no = record(RecordKind::outcome);
    const testing::Effects effects{.run = run_no(i), .at = at, .yes = &yes, .no = &no};
    EXPECT_TRUE(testing::apply(backend, operation, effects));
  }

  MemoryBackend<> backend;
  const std::vector<Line> one{{Row{0}, 1}};
};

TEST(MemoryBackendCost, OfManyRuns) {
  cost::judge({
      {"memory: write that begins and reserves, of n runs", few,
       [](std::size_t n) {
         Begun begun(0);
         return each(n, [&](std::size_t i) { begun.reserve(i); });
       }},
      {"memory: write that commits, of n runs", few,
       [](std::size_t n) {
         Begun begun(n);
         return each(n, [&](std::size_t i) { begun.commit(i); });
       }},
      {"memory: read and settle, of n runs", few,
       [](std::size_t n) {
         Begun begun(n);
         return each(n, [&](std::size_t i) {
           const auto entries = begun.backend.read(run_no(i)).value();
           EXPECT_TRUE(begun.backend.settle(run_no(i), entries));
         });
       }},
      {"memory: pages of n unfinished runs", few,
       [](std::size_t n) {
         Begun begun(n);
         return steps_of([&] { read_unfinished(begun.backend, n); });
       }},
      {"memory: put, pages, acknowledge, of n events", few,
       [](std::size_t n) {
         Begun begun(0);
         return steps_of([&] {
           fill(begun.backend, n, false);
           read_pending(begun.backend, n);
           for (std::size_t i = 0; i < n; ++i) {
             EXPECT_TRUE(begun.backend.acknowledge_event(run_no(i), 1));
           }
         });
       }},
      {"memory: expire_due, n holds", few,
       [](std::size_t n) {
         Begun begun(n);
         begun.backend.advance_to(later);
         return steps_of([&] { EXPECT_EQ(begun.backend.expire_due().value(), n); });
       }},
      {"memory: snapshot of n rows", few,
       [](std::size_t n) {
         Begun begun(1);
         const std::vector<Row> rows(n, Row{0});
         return steps_of([&] { EXPECT_EQ(begun.backend.snapshot(rows).value().size(), n); });
       }},
      {"memory: forget n runs", few,
       [](std::size_t n) {
         MemoryBackend<> backend;
         backend.advance_to(start);
         begin(backend, n);
         end(backend, n);
         backend.advance_to(start + Duration{1'000'000'000});
         return each(n, [&](std::size_t i) { EXPECT_TRUE(backend.forget(run_no(i))); });
       }},
  });
}

}  // namespace
}  // namespace invsaga
