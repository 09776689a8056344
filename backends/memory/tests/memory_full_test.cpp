// SPDX-License-Identifier: Apache-2.0
//
// One append that finds no room touches nothing.
#include "memory_fixture.hpp"

namespace invsaga::testing::memory_tests {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class FullLogTest : public AppendTest {
 protected:
  static MemoryLimits limits() {
    MemoryLimits limits = small_limits();
    limits.runs.max_records_a_run = 1;
    return limits;
  }
  FullLogTest() : AppendTest(limits()) {}
};

TEST_F(FullLogTest, IsFoundBeforeTheStockIsTouched) {
  const Step step(2, 1);
  EXPECT_THAT(apply(store, Reserve{hold, at(2'000), two_units}, step.effects),
              ErrorIs(Errc::limit_exceeded));
  EXPECT_EQ(row().reserved, 0);
  EXPECT_EQ(store.find(hold).value(), std::nullopt);
}

class SmallRecordsTest : public AppendTest {
 protected:
  static MemoryLimits limits() {
    MemoryLimits limits = small_limits();
    limits.runs.max_record_bytes = 1'000;
    return limits;
  }
  SmallRecordsTest() : AppendTest(limits()) {}
};

// What only the store knows stands beside a record: it takes none of its room.
TEST_F(SmallRecordsTest, HaveAnyNumberOfShortLinesBesideThem) {
  const Step step(2, 1);
  std::vector<ShortLine> lent(100);
  Lines many;
  for (std::uint32_t index = 0; index < 100; ++index) many.push_back({{index}, 9});
  EXPECT_THAT(apply(store, Reserve{hold, at(2'000), many}, step.effects, lent),
              IsOutOfStock(Row{0}, 9, 0));
  EXPECT_EQ(records_of(store, run).value().at(1).shorts, lent);
}

TEST_F(SmallRecordsTest, AreAskedForInEveryTailBeforeTheStockIsTouched) {
  Step step(2, 1);
  step.no.key = std::string(1'000, 'k');
  const auto refused = apply(store, Reserve{hold, at(2'000), two_units}, step.effects);
  EXPECT_THAT(refused, ErrorIs(Errc::limit_exceeded, Limit::record_bytes))
      << "though the other one would have been picked";
  EXPECT_EQ(refused.error().part, WritePart::tail);
  EXPECT_EQ(refused.error().allowed, 1'000u);
  EXPECT_THAT(records_of(store, run).value(), SizeIs(1));
  EXPECT_EQ(store.find(hold).value(), std::nullopt);
  EXPECT_THAT(pending_types(), IsEmpty());
}

TEST_F(SmallRecordsTest, AreAskedForInTheHeadToo) {
  Group group(Reserve{hold, at(2'000), two_units}, std::string(1'000, 'k'));
  const auto refused = store.write(group.write());
  EXPECT_THAT(refused, ErrorIs(Errc::limit_exceeded, Limit::record_bytes));
  EXPECT_EQ(refused.error().part, WritePart::head);
  EXPECT_THAT(records_of(store, run).value(), SizeIs(1));
  EXPECT_EQ(store.find(hold).value(), std::nullopt);
}

class LargeAnswersTest : public AppendTest {
 protected:
  static MemoryLimits limits() {
    MemoryLimits limits = small_limits();
    limits.runs.max_record_bytes = 4 * max_answer_bytes;
    limits.runs.max_bytes = 8 * max_answer_bytes;
    return limits;
  }
  LargeAnswersTest() : AppendTest(limits()) {}
};

TEST_F(LargeAnswersTest, AreRefusedWithWhatTheyAskForAndWhatIsAllowed) {
  RunRecord last = record(RecordKind::ended);
  last.request = request;
  last.claim_epoch = 1;
  last.output.resize(max_answer_bytes + 1);
  PreparedWrite write(run, 1);
  write.add(last);
  const auto refused = store.write(write.seal());
  ASSERT_THAT(refused, ErrorIs(Errc::limit_exceeded, Limit::answer_bytes));
  EXPECT_EQ(refused.error().part, WritePart::head);
  EXPECT_EQ(refused.error().asked, max_answer_bytes + 1);
  EXPECT_EQ(refused.error().allowed, max_answer_bytes);
  EXPECT_THAT(records_of(store, run).value(), SizeIs(1));
}

class FullOutboxTest : public AppendTest {
 protected:
  static MemoryLimits limits() {
    MemoryLimits limits = small_limits();
    limits.outbox.max_events = 1;
    return limits;
  }
  FullOutboxTest() : AppendTest(limits()) {}
};

TEST_F(FullOutboxTest, IsFoundBeforeTheStockIsTouched) {
  const Step first(2, 1, 1), second(3, 2, 2);
  ASSERT_THAT(apply(store, Reserve{hold, at(2'000), two_units}, first.effects), IsReserved());
  EXPECT_THAT(apply(store, Commit{hold, {}}, second.effects), ErrorIs(Errc::resource_exhausted));
  EXPECT_EQ(row(), (StockCounters{5, 2, 0, 0}));
  EXPECT_EQ(records_of(store, run).value().size(), 2u);
  ASSERT_THAT(store.acknowledge_event(run, 1), IsOk());
  EXPECT_THAT(apply(store, Commit{hold, {}}, second.effects), Answers(CommitAnswer::committed));
}

TEST_F(FullOutboxTest, LooksAtBothRecordsSinceEitherMayBePicked) {
  Step step(2, 1, 1);
  step.no.events.push_back(event(2, "MORE"));
  EXPECT_THAT(apply(store, Reserve{hold, at(2'000), two_units}, step.effects),
              ErrorIs(Errc::resource_exhausted));
  EXPECT_EQ(row().reserved, 0);
}

}  // namespace
}  // namespace invsaga::testing::memory_tests
