// SPDX-License-Identifier: Apache-2.0
//
// What the memory backend's recorder is told.
#include <array>

#include "memory_fixture.hpp"

namespace invsaga::testing::memory_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A record as a line of text.
struct Teller {
  std::vector<std::string> lines;

  void record(const StockRecord& record) noexcept {
    std::string line = std::to_string(to_ms(record.at)) + " " + word(record.operation) + " " +
                       std::string(name(record.answer));
    if (record.repeat) line += " again";
    line += text(" lines", lines_of(record.operation)) + text(" moved", record.moved) +
            text(" back", record.back);
    for (const ShortLine& one : record.shorts) {
      line += " short " + std::to_string(one.row.index) + ":" + std::to_string(one.available);
    }
    if (record.write != nullptr && record.write->context != nullptr) {
      line += " note " + std::to_string(*static_cast<const int*>(record.write->context));
    }
    lines.push_back(line);
  }

  static std::string word(const RecordedOperation& operation) {
    constexpr std::array words{"reserve", "commit", "release", "extend", "adjust", "expire"};
    return words[operation.index()];
  }
  static std::span<const Line> lines_of(const RecordedOperation& operation) {
    return std::visit(
        [](const auto& typed) -> std::span<const Line> {
          if constexpr (requires { typed.lines; }) return typed.lines;
          return {};
        },
        operation);
  }
  static std::string text(const char* title, std::span<const Line> lines) {
    std::string all = lines.empty() ? "" : title;
    for (const Line& line : lines) {
      all += " " + std::to_string(line.row.index) + "x" + std::to_string(line.quantity);
    }
    return all;
  }
};
static_assert(Recorder<Teller>);

class RecorderTest : public ::testing::Test {
 protected:
  RecorderTest() {
    store.advance_to(at(1'000));
    stock_up(store, 5);
    store.recorder().lines.clear();
  }
  MemoryBackend<Teller> store;
};

TEST_F(RecorderTest, IsToldOfEveryAnswerInOrder) {
  const Lines twice{{{1}, 1}, {{1}, 1}}, one{{{1}, 1}}, many{{{2}, 1}, {{1}, 9}};
  ASSERT_THAT(store.reserve({hold, at(2'000), twice}), IsReserved());
  ASSERT_THAT(store.reserve({hold, at(2'000), two_units}), IsReserved());
  ASSERT_THAT(store.reserve({{2, 2}, at(2'000), many}), IsOutOfStock(Row{1}, 9, 3));
  ASSERT_THAT(store.extend({hold, at(3'000)}), Answers(ExtendAnswer::reserved));
  ASSERT_THAT(store.commit({hold, one}), Answers(CommitAnswer::committed));
  ASSERT_THAT(store.commit({hold, one}), Answers(CommitAnswer::committed));
  ASSERT_THAT(store.release({hold}), Answers(ReleaseAnswer::committed));
  EXPECT_THAT(
      store.recorder().lines,
      ElementsAre("1000 reserve reserved lines 1x2",        //
                  "1000 reserve reserved again lines 1x2",  //
                  "1000 reserve out_of_stock lines 1x9 2x1 short 1:3 short 2:0",
                  "1000 extend reserved", "1000 commit committed lines 1x1 moved 1x1 back 1x1",
                  "1000 commit committed again lines 1x1 moved 1x1 back 1x1",
                  "1000 release committed"));
}

TEST_F(RecorderTest, IsToldOfExpiriesBeforeWhatTheyMadeRoomFor) {
  const Lines all{{{1}, 5}};
  ASSERT_THAT(store.reserve({hold, at(2'000), all}), IsReserved());
  store.advance_to(at(2'500));
  ASSERT_THAT(store.reserve({{2, 2}, at(3'000), all}), IsReserved());
  EXPECT_THAT(store.recorder().lines,
              ElementsAre("1000 reserve reserved lines 1x5", "2500 expire expired moved 1x5",
                          "2500 reserve reserved lines 1x5"));
}

TEST_F(RecorderTest, IsToldOfExpiriesThatNoOperationAskedFor) {
  const Lines one{{{1}, 1}};
  for (std::uint64_t id = 1; id <= 5; ++id) {
    ASSERT_THAT(store.reserve({{2, id}, at(1'000) + Duration(id), one}), IsReserved());
  }
  store.recorder().lines.clear();
  EXPECT_EQ(store.next_expiry(), at(1'001));
  store.advance_to(at(1'001));
  EXPECT_THAT(store.expire_due(), IsOkAndHolds(1u));
  store.advance_to(at(1'002));
  EXPECT_EQ(store.stock({1}).value().reserved, 3);
  store.advance_to(at(1'003));
  const std::vector<Row> rows{{1}, {0}};
  EXPECT_THAT(store.snapshot(rows).value(),
              ElementsAre(StockCounters{5, 2, 0, 0}, StockCounters{}));
  store.advance_to(at(1'004));
  EXPECT_EQ(store.find({2, 4}).value()->state(), ReservationState::expired);
  store.advance_to(at(1'005));
  EXPECT_THAT(apply(store, Release{{2, 5}}, {}), Answers(ReleaseAnswer::expired));
  EXPECT_EQ(store.recorder().lines.size(), 6u) << "five expiries, each once, and the release";
}

TEST_F(RecorderTest, IsToldOfARepeatThatTheRunAnswered) {
  const Step step(2, 0);
  const Reserve reserve{hold, at(2'000), two_units};
  ASSERT_THAT(apply(store, reserve, step.effects), IsReserved());
  ASSERT_THAT(apply(store, reserve, step.effects), IsReserved());
  EXPECT_THAT(store.recorder().lines, ElementsAre("1000 reserve reserved lines 1x2 note 17",
                                                  "1000 reserve reserved again lines 1x2 note 17"));
}

TEST_F(RecorderTest, IsToldNothingOfAnError) {
  ASSERT_THAT(store.reserve({hold, {}, two_units}), ErrorIs(Errc::invalid_argument));
  const Step step(2, 3);
  ASSERT_THAT(apply(store, Reserve{hold, at(2'000), two_units}, step.effects),
              ErrorIs(Errc::moved_on));
  EXPECT_THAT(store.recorder().lines, IsEmpty());
}

TEST_F(RecorderTest, IsToldOfEachOfABatch) {
  const std::vector<Operation> batch{Reserve{hold, at(2'000), two_units}, Release{hold},
                                     Release{{}}};
  std::vector<result<Answer>> answers(batch.size(), Error{Errc::unavailable});
  store.apply(batch, answers);
  EXPECT_THAT(answers[0], IsReserved());
  EXPECT_THAT(answers[1], Answers(ReleaseAnswer::released));
  EXPECT_THAT(answers[2], ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(store.recorder().lines,
              ElementsAre("1000 reserve reserved lines 1x2", "1000 release released moved 1x2"));
}

}  // namespace
}  // namespace invsaga::testing::memory_tests
