// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include <invsaga/reference/run_table.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/writes.hpp>

namespace invsaga {
namespace {

using testing::append;
using ::testing::ElementsAre;
using testing::ErrorIs;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::records_of;

RunRecord record(RecordKind kind, std::string key = "") {
  RunRecord record;
  record.kind = kind;
  record.key = std::move(key);
  return record;
}
const RunRecord begun = record(RecordKind::begun, "order");
const RunRecord outcome = record(RecordKind::outcome);
const RunRecord ended = record(RecordKind::ended);

RunId run(std::uint64_t number) { return {1, number}; }

/// Records as a log is given them.
class Records {
 public:
  Records(std::initializer_list<RunRecord> records) : write_({}, 0) {
    for (const RunRecord& one : records) write_.add(one);
    write_.seal();
  }
  [[nodiscard]] std::span<const PreparedRecord> prepared() const { return write_.write().head; }

 private:
  PreparedWrite write_;
};

TEST(ARunTable, AppendsAtTheEndOfARunOnly) {
  RunTable runs;
  EXPECT_THAT(append(runs, run(1), 1, begun), ErrorIs(Errc::moved_on)) << "a gap";
  EXPECT_THAT(append(runs, run(1), 0, begun), IsOkAndHolds(1u));
  EXPECT_THAT(append(runs, run(1), 1, outcome), IsOkAndHolds(2u));
  EXPECT_THAT(append(runs, run(1), 0, outcome), ErrorIs(Errc::moved_on));
  EXPECT_THAT(append(runs, run(1), 3, ended), ErrorIs(Errc::moved_on));
  EXPECT_EQ(runs.length(run(1)), 2u);
}

TEST(ARunTable, TakesARepeatAnywhere) {
  RunTable runs;
  ASSERT_THAT(append(runs, run(1), 0, begun), IsOk());
  ASSERT_THAT(append(runs, run(1), 1, outcome), IsOk());
  EXPECT_THAT(append(runs, run(1), 0, begun), IsOkAndHolds(1u));
  EXPECT_THAT(append(runs, run(1), 1, outcome), IsOkAndHolds(2u));
  EXPECT_EQ(runs.length(run(1)), 2u);
}

TEST(ARunTable, GivesItsRecordsBackInOrder) {
  RunTable runs;
  ASSERT_THAT(append(runs, run(1), 0, begun), IsOk());
  ASSERT_THAT(append(runs, run(2), 0, ended), IsOk());
  ASSERT_THAT(append(runs, run(1), 1, outcome), IsOk());
  EXPECT_THAT(records_of(runs, run(1)).value(), ElementsAre(begun, outcome));
  EXPECT_TRUE(runs.read(run(3)).value().empty());
  EXPECT_THAT(read_record(runs.entry(run(1), 1)), IsOkAndHolds(outcome));
}

TEST(ARunTable, KeepsTheStampBesideTheBytes) {
  RunTable runs;
  const Stamp first{time_from_ms(5), 7, {}};
  const Stamp refusal{time_from_ms(6), 0, {{Row{1}, 6, 5}, {Row{2}, 1, 0}}};
  const Records begins{begun}, refused{outcome, ended};
  ASSERT_THAT(runs.append(run(1), 0, begins.prepared(), first), IsOk());
  ASSERT_THAT(runs.append(run(1), 1, refused.prepared(), refusal), IsOk());
  const auto entries = runs.read(run(1)).value();
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0], (LogEntry{encode(begun), first}));
  EXPECT_EQ(entries[1], (LogEntry{encode(outcome), refusal}));
  EXPECT_EQ(entries[2], (LogEntry{encode(ended), {refusal.at, 0, {}}})) << "of the first one only";
}

TEST(ARunTable, TellsARepeatByTheBytesAndLeavesItsStamp) {
  RunTable runs;
  const Records both{begun, outcome};
  ASSERT_THAT(runs.append(run(1), 0, both.prepared(), {time_from_ms(5), 7, {}}), IsOk());
  const auto again = runs.append(run(1), 0, both.prepared(), {time_from_ms(9), 8, {}});
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again.value().position, 2u);
  EXPECT_EQ(again.value().at, time_from_ms(5));
  EXPECT_EQ(runs.entry(run(1), 0).stamp, (Stamp{time_from_ms(5), 7, {}}));
}

TEST(ARunTable, KnowsWhetherAllOfTheseRecordsAreThere) {
  RunTable runs;
  const Records both{begun, outcome}, other{begun, ended}, more{begun, outcome, ended};
  EXPECT_FALSE(runs.has(run(1), 0, both.prepared()));
  EXPECT_FALSE(runs.has(run(1), 0, {})) << "an unknown run";
  ASSERT_THAT(runs.append(run(1), 0, both.prepared(), {}), IsOk());
  EXPECT_TRUE(runs.has(run(1), 0, both.prepared()));
  EXPECT_TRUE(runs.has(run(1), 1, both.prepared().subspan(1)));
  EXPECT_FALSE(runs.has(run(1), 1, both.prepared())) << "in another place";
  EXPECT_FALSE(runs.has(run(1), 0, other.prepared()));
  EXPECT_FALSE(runs.has(run(1), 0, more.prepared())) << "not all of them";
  EXPECT_TRUE(runs.has(run(1), 2, {}));
  EXPECT_FALSE(runs.has(run(1), 3, {})) << "it has not come so far";
}

TEST(ARunTable, TakesSeveralRecordsInOneOrNone) {
  const std::string long_key(500, 'k');
  RunTable by_count({.max_records_a_run = 2});
  RunTable by_size({.max_record_bytes = 600});
  RunTable by_bytes({.max_bytes = 1'500});
  const Records three{begun, outcome, outcome};
  const Records growing{begun, record(RecordKind::outcome, long_key + long_key)};
  const Records large{record(RecordKind::begun, long_key), record(RecordKind::outcome, long_key),
                      record(RecordKind::ended, long_key)};
  EXPECT_THAT(by_count.append(run(1), 0, three.prepared(), {}),
              ErrorIs(Errc::limit_exceeded, Limit::records));
  EXPECT_THAT(by_size.append(run(1), 0, growing.prepared(), {}),
              ErrorIs(Errc::limit_exceeded, Limit::record_bytes));
  EXPECT_THAT(by_bytes.append(run(1), 0, large.prepared(), {}),
              ErrorIs(Errc::resource_exhausted, Limit::log_bytes));
  for (RunTable* const runs : {&by_count, &by_size, &by_bytes}) {
    EXPECT_EQ(runs->length(run(1)), 0u);
    EXPECT_EQ(runs->size(), 0u);
    EXPECT_TRUE(runs->unfinished({}, 10).value().empty());
    EXPECT_THAT(append(*runs, run(1), 0, begun), IsOkAndHolds(1u)) << "alone there is room for it";
  }
}

TEST(ARunTable, SaysBeforehandWhetherItHasRoomBehindOthers) {
  RunTable runs({.max_records_a_run = 3});
  const Records two{outcome, outcome};
  ASSERT_THAT(append(runs, run(1), 0, begun), IsOk());
  EXPECT_THAT(runs.room_for(run(1), two.prepared()), IsOk());
  EXPECT_THAT(runs.room_for(run(1), two.prepared(), two.prepared().first(1)),
              ErrorIs(Errc::limit_exceeded, Limit::records));
  EXPECT_THAT(runs.room_for(run(1), two.prepared().first(1), two.prepared().first(1)), IsOk());
  EXPECT_EQ(runs.length(run(1)), 1u);
}

TEST(ARunTable, ListsUnfinishedRunsAPageAtATime) {
  RunTable runs;
  for (const std::uint64_t number : {5, 3, 9, 1, 7}) {
    ASSERT_THAT(append(runs, run(number), 0, begun), IsOk());
  }
  ASSERT_THAT(append(runs, run(3), 1, ended), IsOk());
  EXPECT_THAT(runs.unfinished({}, 2).value(), ElementsAre(run(1), run(5)));
  EXPECT_THAT(runs.unfinished(run(5), 2).value(), ElementsAre(run(7), run(9)));
  EXPECT_TRUE(runs.unfinished(run(9), 2).value().empty());
  EXPECT_TRUE(runs.unfinished({}, 0).value().empty());
}

// A table reads nothing in the bytes: what ends a run is said beside them.
TEST(ARunTable, IsToldWhatEndsARun) {
  RunTable runs;
  PreparedWrite write(run(1), 0);
  write.add(begun);
  write.add(ended, RunChange::none);
  write.add(outcome, RunChange::ends);
  const auto records = write.seal().head;
  ASSERT_THAT(runs.append(run(1), 0, records.first(2), {}), IsOk());
  EXPECT_FALSE(runs.has_ended(run(1)));
  EXPECT_THAT(runs.unfinished({}, 10).value(), ElementsAre(run(1)));
  ASSERT_THAT(runs.append(run(1), 2, records.subspan(2), {}), IsOk());
  EXPECT_TRUE(runs.has_ended(run(1)));
  EXPECT_TRUE(runs.unfinished({}, 10).value().empty());
}

TEST(ARunTable, ForgetsEndedRunsOnly) {
  RunTable runs;
  ASSERT_THAT(append(runs, run(1), 0, begun), IsOk());
  EXPECT_THAT(runs.forget(run(1)), ErrorIs(Errc::busy));
  ASSERT_THAT(append(runs, run(1), 1, ended), IsOk());
  EXPECT_THAT(runs.forget(run(1)), IsOk());
  EXPECT_THAT(runs.forget(run(1)), IsOk()) << "a repeat";
  EXPECT_EQ(runs.size(), 0u);
}

TEST(ARunTable, NeedsARun) {
  RunTable runs;
  EXPECT_THAT(append(runs, {}, 0, begun), ErrorIs(Errc::invalid_argument));
}

TEST(ARunTable, NeedsARecord) {
  RunTable runs;
  EXPECT_THAT(runs.append(run(1), 0, {}, {}), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(runs.size(), 0u);
}

TEST(ARunTable, BoundsItsRuns) {
  RunTable runs({.max_runs = 1, .max_records_a_run = 2});
  ASSERT_THAT(append(runs, run(1), 0, begun), IsOk());
  EXPECT_THAT(append(runs, run(2), 0, begun), ErrorIs(Errc::resource_exhausted));
  EXPECT_THAT(append(runs, run(1), 1, outcome), IsOk());
  EXPECT_THAT(append(runs, run(1), 2, outcome), ErrorIs(Errc::limit_exceeded, Limit::records));
  EXPECT_THAT(append(runs, run(1), 1, outcome), IsOk()) << "a repeat needs no room";
  EXPECT_THAT(append(runs, run(1), 2, record(RecordKind::stuck)), IsOk()) << "a person may see it";
  EXPECT_THAT(append(runs, run(1), 3, ended), IsOk()) << "it may end";
  EXPECT_THAT(append(runs, run(1), 4, ended), ErrorIs(Errc::limit_exceeded)) << "once";
  ASSERT_THAT(runs.forget(run(1)), IsOk());
  EXPECT_THAT(append(runs, run(2), 0, begun), IsOk());
}

TEST(ARunTable, BoundsItsBytes) {
  RunTable runs({.max_record_bytes = 2'000, .max_bytes = 5'000});
  const RunRecord large = record(RecordKind::begun, std::string(1'700, 'k'));
  const RunRecord larger = record(RecordKind::begun, std::string(2'000, 'k'));
  EXPECT_THAT(append(runs, run(1), 0, larger), ErrorIs(Errc::limit_exceeded, Limit::record_bytes));
  ASSERT_THAT(append(runs, run(1), 0, large), IsOk());
  ASSERT_THAT(append(runs, run(2), 0, large), IsOk());
  EXPECT_THAT(append(runs, run(3), 0, large), ErrorIs(Errc::resource_exhausted));
  const Records larges{large};
  EXPECT_THAT(runs.room_for(run(3), larges.prepared()),
              ErrorIs(Errc::resource_exhausted, Limit::log_bytes));
  ASSERT_THAT(append(runs, run(1), 1, ended), IsOk());
  ASSERT_THAT(runs.forget(run(1)), IsOk());
  EXPECT_THAT(append(runs, run(3), 0, large), IsOk());
}

}  // namespace
}  // namespace invsaga
