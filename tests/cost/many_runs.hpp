// SPDX-License-Identifier: Apache-2.0
//
// Many runs and their events, in whatever keeps them.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include <invsaga/testing/events.hpp>
#include <invsaga/testing/writes.hpp>

namespace invsaga::cost {

using testing::event_of;
using testing::run_no;

inline RunRecord record(RecordKind kind) {
  RunRecord made;
  made.kind = kind;
  made.key = "order";
  return made;
}

/// `n` runs that have begun.
template <class Log>
void begin(Log& log, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    EXPECT_TRUE(testing::append(log, run_no(i), 0, record(RecordKind::begun)));
  }
}
/// The first `n` of them end.
template <class Log>
void end(Log& log, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    EXPECT_TRUE(testing::append(log, run_no(i), 1, record(RecordKind::ended)));
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

/// Number `i` (from 0) of many events: of one run, or one of each.
inline Event event_no(std::size_t i, bool of_one_run) {
  return of_one_run ? event_of(run_no(0), i + 1) : event_of(run_no(i), 1);
}
inline std::vector<Event> events_of(std::size_t n, bool of_one_run) {
  std::vector<Event> events;
  for (std::size_t i = 0; i < n; ++i) events.push_back(event_no(i, of_one_run));
  return events;
}

template <class Box>
void put_event(Box& outbox, std::size_t i, bool of_one_run) {
  EXPECT_TRUE(testing::put(outbox, event_no(i, of_one_run)));
}
template <class Box>
void acknowledge_event(Box& outbox, std::size_t i, bool of_one_run) {
  EXPECT_TRUE(of_one_run ? outbox.acknowledge_event(run_no(0), i + 1)
                         : outbox.acknowledge_event(run_no(i), 1));
}
template <class Box>
void put_events(Box& outbox, std::size_t n, bool of_one_run) {
  for (std::size_t i = 0; i < n; ++i) put_event(outbox, i, of_one_run);
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

}  // namespace invsaga::cost
