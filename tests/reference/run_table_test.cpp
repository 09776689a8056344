// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <invsaga/reference/run_table.hpp>
#include <invsaga/testing/matchers.hpp>

namespace invsaga {
namespace {

using ::testing::ElementsAre;
using testing::ErrorIs;
using testing::IsOk;
using testing::IsOkAndHolds;

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

TEST(ARunTable, AppendsAtTheEndOfARunOnly) {
  RunTable runs;
  EXPECT_THAT(runs.append(run(1), 1, begun), ErrorIs(Errc::moved_on)) << "a gap";
  EXPECT_THAT(runs.append(run(1), 0, begun), IsOkAndHolds(1u));
  EXPECT_THAT(runs.append(run(1), 1, outcome), IsOkAndHolds(2u));
  EXPECT_THAT(runs.append(run(1), 0, outcome), ErrorIs(Errc::moved_on));
  EXPECT_THAT(runs.append(run(1), 3, ended), ErrorIs(Errc::moved_on));
  EXPECT_EQ(runs.length(run(1)), 2u);
}

TEST(ARunTable, TakesARepeatAnywhere) {
  RunTable runs;
  ASSERT_THAT(runs.append(run(1), 0, begun), IsOk());
  ASSERT_THAT(runs.append(run(1), 1, outcome), IsOk());
  EXPECT_THAT(runs.append(run(1), 0, begun), IsOkAndHolds(1u));
  EXPECT_THAT(runs.append(run(1), 1, outcome), IsOkAndHolds(2u));
  EXPECT_EQ(runs.length(run(1)), 2u);
}

TEST(ARunTable, GivesItsRecordsBackInOrder) {
  RunTable runs;
  ASSERT_THAT(runs.append(run(1), 0, begun), IsOk());
  ASSERT_THAT(runs.append(run(2), 0, ended), IsOk());
  ASSERT_THAT(runs.append(run(1), 1, outcome), IsOk());
  EXPECT_THAT(runs.read(run(1)).value(), ElementsAre(begun, outcome));
  EXPECT_TRUE(runs.read(run(3)).value().empty());
  EXPECT_THAT(runs.record(run(1), 1), IsOkAndHolds(outcome));
  EXPECT_THAT(runs.record(run(1), 2), ErrorIs(Errc::not_found));
}

TEST(ARunTable, ListsUnfinishedRunsAPageAtATime) {
  RunTable runs;
  for (const std::uint64_t number : {5, 3, 9, 1, 7}) {
    ASSERT_THAT(runs.append(run(number), 0, begun), IsOk());
  }
  ASSERT_THAT(runs.append(run(3), 1, ended), IsOk());
  EXPECT_THAT(runs.unfinished({}, 2).value(), ElementsAre(run(1), run(5)));
  EXPECT_THAT(runs.unfinished(run(5), 2).value(), ElementsAre(run(7), run(9)));
  EXPECT_TRUE(runs.unfinished(run(9), 2).value().empty());
  EXPECT_TRUE(runs.unfinished({}, 0).value().empty());
}

TEST(ARunTable, ForgetsEndedRunsOnly) {
  RunTable runs;
  ASSERT_THAT(runs.append(run(1), 0, begun), IsOk());
  EXPECT_THAT(runs.forget(run(1)), ErrorIs(Errc::busy));
  ASSERT_THAT(runs.append(run(1), 1, ended), IsOk());
  EXPECT_THAT(runs.forget(run(1)), IsOk());
  EXPECT_THAT(runs.forget(run(1)), IsOk()) << "a repeat";
  EXPECT_EQ(runs.size(), 0u);
}

TEST(ARunTable, NeedsARun) {
  RunTable runs;
  EXPECT_THAT(runs.append({}, 0, begun), ErrorIs(Errc::invalid_argument));
}

TEST(ARunTable, BoundsItsRuns) {
  RunTable runs({.max_runs = 1, .max_records_a_run = 2});
  ASSERT_THAT(runs.append(run(1), 0, begun), IsOk());
  EXPECT_THAT(runs.append(run(2), 0, begun), ErrorIs(Errc::resource_exhausted));
  EXPECT_THAT(runs.append(run(1), 1, ended), IsOk());
  EXPECT_THAT(runs.append(run(1), 2, ended), ErrorIs(Errc::resource_exhausted));
  EXPECT_THAT(runs.append(run(1), 1, ended), IsOk()) << "a repeat needs no room";
  ASSERT_THAT(runs.forget(run(1)), IsOk());
  EXPECT_THAT(runs.append(run(2), 0, begun), IsOk());
}

TEST(ARunTable, BoundsItsBytes) {
  RunTable runs({.max_record_bytes = 2'000, .max_bytes = 5'000});
  const RunRecord large = record(RecordKind::begun, std::string(1'700, 'k'));
  const RunRecord larger = record(RecordKind::begun, std::string(2'000, 'k'));
  EXPECT_THAT(runs.append(run(1), 0, larger), ErrorIs(Errc::limit_exceeded));
  ASSERT_THAT(runs.append(run(1), 0, large), IsOk());
  ASSERT_THAT(runs.append(run(2), 0, large), IsOk());
  EXPECT_THAT(runs.append(run(3), 0, large), ErrorIs(Errc::resource_exhausted));
  EXPECT_THAT(runs.room_for(run(3), most_encoded_bytes(large)), ErrorIs(Errc::resource_exhausted));
  ASSERT_THAT(runs.append(run(1), 1, ended), IsOk());
  ASSERT_THAT(runs.forget(run(1)), IsOk());
  EXPECT_THAT(runs.append(run(3), 0, large), IsOk());
}

}  // namespace
}  // namespace invsaga
