// SPDX-License-Identifier: Apache-2.0
//
// `split` over a stock that answers later.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <invsaga/testing/apart_backend.hpp>
#include <invsaga/testing/store_under_test.hpp>

#include "tests/backend/split_fixture.hpp"

namespace invsaga::testing {
namespace {

using namespace split_tests;

struct Heard {
  static void call(void* self, std::uint64_t tag, result<WriteReply>&& reply) noexcept {
    auto& heard = *static_cast<Heard*>(self);
    ++heard.times;
    heard.tag = tag;
    heard.last = std::move(reply);
  }
  Completion<WriteReply> completion(std::uint64_t with) { return {&call, this, with}; }

  int times = 0;
  std::uint64_t tag = 0;
  result<WriteReply> last = Error{Errc::unavailable};
};

class SplitOfApart : public ::testing::Test {
 protected:
  void SetUp() override {
    open(parts_);
    EXPECT_THAT(append(parts_.log, run, 0, Parts::record(RecordKind::begun)), IsOkAndHolds(1u));
  }
  void open(ApartParts& parts) {
    const Line stock{Row{0}, 10};
    const auto opening = write_of(Adjust{{9, 1}, AdjustReason::opening, later, {&stock, 1}}, {});
    name_rows(parts.stock, {&stock, 1});
    Heard heard;
    parts.stock.submit(opening->write(), heard.completion(0));
    executor_.run_all();
    EXPECT_THAT(heard.last, IsAdjusted());
  }

  ManualClock clock_{start};
  SimulatedExecutor executor_{clock_};
  KeepingRecorder recorder_;
  ApartParts parts_{clock_, executor_, {}, &recorder_};
  FaultPlan plan_;
  TwoEvents effects_;
  const std::shared_ptr<const PreparedWrite> prepared_ = write_of(Reserve{hold, later, {&four, 1}},
                                                                  effects_.view());
  const Write& reserve_ = prepared_->write();
};

TEST_F(SplitOfApart, AnswersOnceAndLaterWithTheTagOfWhoeverAsked) {
  ApartBackend backend(parts_, plan_);
  Heard heard;
  backend.submit(reserve_, heard.completion(42));
  EXPECT_EQ(heard.times, 0) << "never from within submit";
  executor_.run_all();
  EXPECT_EQ(heard.times, 1);
  EXPECT_EQ(heard.tag, 42u);
  ASSERT_THAT(heard.last, IsReserved(hold, later));
  EXPECT_EQ(heard.last.value().position, 2u);
  EXPECT_EQ(plan_.story(), "1 operation\n2 append\n3 put\n4 put\n");
}

TEST_F(SplitOfApart, KeepsARunOutOfTheStocksSight) {
  ApartBackend backend(parts_);
  int context = 0;
  Write write = reserve_;
  write.context = &context;
  Heard heard;
  backend.submit(write, heard.completion(0));
  executor_.run_all();
  const KeptRecord& record = recorder_.records().back();
  EXPECT_FALSE(record.run.is_set());
  EXPECT_EQ(record.context, &context) << "it is the recorder's";
}

TEST_F(SplitOfApart, NamesShortLinesInTheCallersStorage) {
  ApartBackend backend(parts_);
  const auto large = write_of(Reserve{hold, later, {&eleven, 1}}, effects_.view());
  std::vector<ShortLine> shorts(4);
  Write write = large->write();
  write.shorts = shorts;
  Heard heard;
  backend.submit(write, heard.completion(0));
  executor_.run_all();
  EXPECT_THAT(heard.last, IsOutOfStock(Row{0}, 11, 10));
  EXPECT_EQ(shorts[0], (ShortLine{Row{0}, 11, 10}));
  EXPECT_EQ(shorts_of(heard.last).size(), 1u);
}

TEST_F(SplitOfApart, AnErrorOfTheStockNamesTheOperation) {
  ApartBackend backend(parts_, plan_);
  const auto nothing = write_of(Commit{}, effects_.view());
  Heard heard;
  backend.submit(nothing->write(), heard.completion(0));
  executor_.run_all();
  ASSERT_THAT(heard.last, ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(heard.last.error().part, WritePart::operation);
  EXPECT_EQ(plan_.story(), "1 operation\n");
}

TEST_F(SplitOfApart, WhatIsNotTheStocksIsAnsweredWithinTheCall) {
  ApartBackend backend(parts_, plan_);
  const auto taken_over = write_of(run, 1, Parts::record(RecordKind::taken_over));
  Heard heard;
  backend.submit(taken_over->write(), heard.completion(7));
  EXPECT_EQ(heard.times, 1);
  EXPECT_EQ(heard.tag, 7u);
  ASSERT_THAT(heard.last, IsOk());
  EXPECT_EQ(heard.last.value().position, 2u);
  EXPECT_EQ(plan_.story(), "1 append\n");
}

TEST_F(SplitOfApart, ALineThatIsCutTellsWhoeverWaitsAndTheOperationArrivesAllTheSame) {
  Heard heard;
  {
    ApartBackend backend(parts_);
    backend.submit(reserve_, heard.completion(0));
  }
  EXPECT_EQ(heard.times, 1);
  EXPECT_THAT(heard.last, ErrorIs(Errc::reply_lost));
  executor_.run_all();
  EXPECT_EQ(heard.times, 1);
  EXPECT_EQ(parts_.stock.stock(Row{0}).value().reserved, 4);
  EXPECT_EQ(parts_.log.read(run).value().size(), 1u) << "its record was the process's to write";
  ApartBackend next(parts_);
  next.submit(reserve_, heard.completion(0));
  executor_.run_all();
  EXPECT_THAT(heard.last, IsReserved(hold));
  EXPECT_EQ(parts_.stock.stock(Row{0}).value().reserved, 4);
}

/// It never says what became of an operation.
class SilentStore final : public Forwarding<SilentStore, ApartStore> {
 public:
  static constexpr Capabilities capabilities() noexcept { return ApartStore::capabilities(); }
  explicit SilentStore(ApartStore& store) : Forwarding(store) {}
  void submit(const Write&, Completion<WriteReply>) noexcept {}
};

TEST_F(SplitOfApart, ItsEndTellsWhoeverWaits) {
  SilentStore silent(parts_.stock);
  Heard heard;
  {
    auto backend = split(silent, parts_.claims, parts_.log, parts_.outbox);
    backend.submit(reserve_, heard.completion(42));
    EXPECT_EQ(heard.times, 0);
  }
  EXPECT_EQ(heard.times, 1);
  EXPECT_EQ(heard.tag, 42u);
  EXPECT_THAT(heard.last, ErrorIs(Errc::reply_lost));
}

TEST_F(SplitOfApart, ARepeatMendsAnyFaultAtAnyWrite) {
  const Fault faults[] = {Fault::failed,     Fault::lost,         Fault::duplicate,  Fault::late,
                          Fault::late_reply, Fault::crash_before, Fault::crash_after};
  for (const Fault fault : faults) {
    for (std::uint64_t write = 1; write <= 4; ++write) {
      SCOPED_TRACE(std::string(name(fault)) + " at " + std::to_string(write));
      ApartParts parts(clock_, executor_);
      open(parts);
      ASSERT_THAT(append(parts.log, run, 0, Parts::record(RecordKind::begun)), IsOkAndHolds(1u));
      FaultPlan plan;
      plan.at(write, fault);
      Heard first;
      Heard second;
      {
        ApartBackend backend(parts, plan);
        backend.submit(reserve_, first.completion(0));
        executor_.run_all();
      }
      EXPECT_EQ(first.times, 1);
      plan.restart();
      ApartBackend backend(parts, plan);
      backend.submit(reserve_, second.completion(0));
      executor_.run_all();
      EXPECT_THAT(second.last, IsReserved(hold, later));
      plan.deliver_all_late();
      executor_.run_all();
      EXPECT_EQ(first.times, 1) << "answered exactly once";
      EXPECT_EQ(second.times, 1);
      EXPECT_EQ(parts.stock.stock(Row{0}).value(), (StockCounters{10, 4, 0, 0}));
      EXPECT_EQ(parts.log.read(run).value().size(), 2u);
      EXPECT_EQ(parts.outbox.pending(0, 10).value().size(), 2u);
    }
  }
}

TEST_F(SplitOfApart, OperationsOvertakeEachOtherOnTheirWay) {
  ApartOptions options;
  options.longest_way = Duration{20};
  ApartParts parts(clock_, executor_, options, &recorder_);
  const Line one{Row{0}, 1};
  std::vector<std::shared_ptr<const PreparedWrite>> writes;
  for (std::uint64_t i = 1; i <= 20; ++i)
    writes.push_back(write_of(Reserve{{7, 100 + i}, later, {&one, 1}}, {}));
  std::vector<Heard> heard(writes.size());
  for (std::size_t i = 0; i < writes.size(); ++i) {
    parts.stock.submit(writes[i]->write(), heard[i].completion(i));
  }
  EXPECT_EQ(parts.stock.under_way(), 20u);
  executor_.run_all();
  EXPECT_EQ(parts.stock.under_way(), 0u);
  std::vector<std::uint64_t> order;
  for (const KeptRecord& record : recorder_.records()) {
    const Operation operation = record.operation->view();
    if (const auto* const reserve = std::get_if<Reserve>(&operation))
      order.push_back(reserve->id.low);
  }
  EXPECT_EQ(order.size(), 20u);
  EXPECT_FALSE(std::ranges::is_sorted(order));
  for (const Heard& one_heard : heard) EXPECT_EQ(one_heard.times, 1);
}

}  // namespace
}  // namespace invsaga::testing
