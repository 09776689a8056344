// SPDX-License-Identifier: Apache-2.0
//
// Each bound of the memory backend holds exactly: what comes to it is taken, one less is refused
// under its name and leaves nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <invsaga/memory.hpp>
#include <invsaga/prepared_write.hpp>
#include <invsaga/testing/matchers.hpp>

namespace invsaga::testing {
namespace {

constexpr RunId run{1, 1};
constexpr ReservationId hold{2, 1};
constexpr RequestKey request{4, 1};
const std::vector<Line> two_rows{{{0}, 2}, {{1}, 3}};

Time at(std::int64_t ms) { return time_from_ms(ms); }

RunRecord record(RecordKind kind, std::uint64_t first_event, int events) {
  RunRecord made;
  made.kind = kind;
  made.owner = {3, 1};
  for (int i = 0; i < events; ++i) {
    Event event;
    event.id = {9, first_event + static_cast<std::uint64_t>(i)};
    event.run = run;
    event.sequence = first_event + static_cast<std::uint64_t>(i);
    event.type = "HELD";
    made.events.push_back(event);
  }
  return made;
}

/// A run that begins by a request, and then holds something: two records before it is decided, and
/// two that tell of the decision.
struct Story {
  Story() : begins(run, 0), holds(run, 1) {
    begins.add(record(RecordKind::begun, 1, 2));
    begins.claim({{request, {5, 5}, at(3'000), at(3'000)}, 0});
    holds.add(record(RecordKind::intent, 3, 1));
    holds.add(record(RecordKind::intent, 4, 1));
    const Reserve reserve{hold, at(2'000), two_rows};
    holds.operation(reserve);
    for (const StockDecision decision : decisions_of(reserve)) {
      holds.begin_tail(decision);
      holds.add(record(RecordKind::outcome, 5, 2));
      holds.add(record(RecordKind::outcome, 7, 3));
    }
    begins.seal();
    holds.seal();
  }
  PreparedWrite begins, holds;
};

/// An error of the first thing that does not go.
result<void> tell(const Story& story, MemoryBackend<>& store) {
  store.advance_to(at(1'000));
  const AdjustReason opening = AdjustReason::opening;
  for (const char* product : {"mug", "lamp"}) {
    const auto named = store.intern("london", product);
    if (!named.has_value()) return named.error();
  }
  const auto opened = store.adjust({{7, 7}, opening, at(10'000), two_rows});
  if (!opened.has_value()) return opened.error();
  for (const PreparedWrite* write : {&story.begins, &story.holds}) {
    const auto written = store.write(write->write());
    if (!written.has_value()) return written.error();
  }
  return success();
}

std::size_t largest(const Story& story, std::size_t (PreparedWrite::*of)() const noexcept) {
  return std::max((story.begins.*of)(), (story.holds.*of)());
}

/// Of its head and of any tail: they are alike.
std::size_t bytes_of(const Write& write) {
  std::size_t bytes = 0;
  for (const PreparedRecord& record : write.head) bytes += record.bytes.size();
  if (write.tails.empty()) return bytes;
  for (const PreparedRecord& record : write.tails[0].records) bytes += record.bytes.size();
  return bytes;
}

/// What the story comes to, of each bound.
MemoryLimits exact(const Story& story) {
  MemoryLimits limits;
  limits.store.max_units = 3;
  limits.store.max_lifetime = Duration{9'000};  // of the opening
  limits.store.max_rows = 2;
  limits.store.max_records = 2;
  limits.retention.count = 1;
  limits.runs.max_runs = 1;
  limits.runs.max_records_a_run = 5;
  limits.runs.max_record_bytes = largest(story, &PreparedWrite::largest_record);
  limits.runs.max_bytes = bytes_of(story.begins.write()) + bytes_of(story.holds.write());
  limits.outbox.max_events = 9;
  limits.outbox.max_runs = 1;
  limits.outbox.max_event_bytes = largest(story, &PreparedWrite::largest_event);
  return limits;
}

TEST(TheBoundsOfTheMemoryBackend, AreMetExactly) {
  const Story story;
  MemoryBackend<> store(exact(story));
  EXPECT_THAT(tell(story, store), IsOk());
}

TEST(TheBoundsOfTheMemoryBackend, OneWriteMayFillTheOutbox) {
  const Story story;
  MemoryLimits limits;
  limits.outbox.max_events = 2;
  MemoryBackend<> store(limits);
  store.advance_to(at(1'000));
  EXPECT_THAT(store.write(story.begins.write()), IsOk());
}

TEST(TheBoundsOfTheMemoryBackend, NoTailSkipsAnEvent) {
  const Story story;
  for (const std::uint64_t first : {4U, 5U}) {
    MemoryBackend<> store;
    store.advance_to(at(1'000));
    ASSERT_THAT(store.write(story.begins.write()), IsOk());
    PreparedWrite write(run, 1);
    write.add(record(RecordKind::intent, 3, 1));
    const Release release{hold};
    write.operation(release);
    for (const StockDecision decision : decisions_of(release)) {
      write.begin_tail(decision);
      write.add(record(RecordKind::outcome, first, 1));
    }
    const auto told = store.write(write.seal());
    if (first == 4) {
      EXPECT_THAT(told, IsOk());
    } else {
      EXPECT_THAT(told, ErrorIs(Errc::invalid_argument));
    }
  }
}

struct OneLess {
  Limit name;
  void (*take)(MemoryLimits& limits);
};
const std::vector<OneLess> bounds{
    {Limit::units, [](MemoryLimits& limits) { --limits.store.max_units; }},
    {Limit::lifetime, [](MemoryLimits& limits) { limits.store.max_lifetime -= Duration{1}; }},
    {Limit::rows, [](MemoryLimits& limits) { --limits.store.max_rows; }},
    {Limit::ids, [](MemoryLimits& limits) { --limits.store.max_records; }},
    {Limit::requests, [](MemoryLimits& limits) { --limits.retention.count; }},
    {Limit::runs, [](MemoryLimits& limits) { --limits.runs.max_runs; }},
    {Limit::records, [](MemoryLimits& limits) { --limits.runs.max_records_a_run; }},
    {Limit::record_bytes, [](MemoryLimits& limits) { --limits.runs.max_record_bytes; }},
    {Limit::log_bytes, [](MemoryLimits& limits) { --limits.runs.max_bytes; }},
    {Limit::events, [](MemoryLimits& limits) { --limits.outbox.max_events; }},
    {Limit::runs, [](MemoryLimits& limits) { --limits.outbox.max_runs; }},
    {Limit::event_bytes, [](MemoryLimits& limits) { --limits.outbox.max_event_bytes; }}};

TEST(TheBoundsOfTheMemoryBackend, RefuseWhatIsOneMore) {
  const Story story;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    SCOPED_TRACE(i);
    MemoryLimits limits = exact(story);
    bounds[i].take(limits);
    MemoryBackend<> store(limits);
    const auto told = tell(story, store);
    ASSERT_FALSE(told.has_value());
    const Error& error = told.error();
    EXPECT_EQ(error.limit, bounds[i].name);
    if (error.code == Errc::limit_exceeded) {
      EXPECT_EQ(error.asked, error.allowed + 1);
    }
    EXPECT_FALSE(store.find(hold).value().has_value());
    const auto log = store.read(run);
    EXPECT_LE(log.value().size(), 1u) << "the run may have begun, and goes no further";
  }
}

}  // namespace
}  // namespace invsaga::testing
