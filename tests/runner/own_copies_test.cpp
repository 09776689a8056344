// SPDX-License-Identifier: Apache-2.0
//
// What a user may let go of: the lines that a step's function made, the saga that a runner was
// given, and the text in it.
#include <memory>
#include <string>

#include "invsaga/memory.hpp"
#include "invsaga/start_on_event.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;

template <class Parts>
class OwnCopies : public ::testing::Test, public RunnerFixture<Parts> {
 public:
  template <class S>
  std::optional<RunOutcome> drive(const S& made) {
    const auto process = this->process();
    process->runner.add(made, this->shop);
    return drive_in(*process, made);
  }
  template <class Process, class S>
  std::optional<RunOutcome> drive_in(Process& process, const S& made) {
    begin_in(process, made);
    this->run_all();
    return this->outcome(run);
  }
  template <class Process, class S>
  void begin_in(Process& process, const S& made) {
    StartRequest request;
    request.key = "1";
    sample::Order order = this->order();
    order.lines = {{the_row, 3}};
    run = run_id(made.name(), request);
    EXPECT_THAT(process.runner.start(made, order, request), IsOk());
  }
  RunId run;
};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(OwnCopies, BothBackends);

// --- lines

OwnedReserve hold_copies(const StepContext& step, sample::Order order) {
  std::vector<Line> lines;
  for (const Line& line : order.lines) lines.push_back(line);
  return step.reserve(lines, 15min);
}
OwnedCommit sell_two(const StepContext& step, const Reserved& reserved) {
  const std::vector<Line> part(1, Line{the_row, 2});
  return step.commit(reserved, part);
}
OwnedCommit sell_none(const StepContext& step, const Reserved& reserved) {
  const std::vector<Line> none;
  return step.commit(reserved, none);
}
result<OwnedAdjust> restock(const StepContext& step, const sample::Order&) {
  const std::vector<Line> lines(1, Line{the_row, 5});
  return step.adjust(AdjustReason::restock, lines, 5min);
}

TYPED_TEST(OwnCopies, TheLinesThatAStepMadeAreCopied) {
  this->stock_up(3);
  const auto ended = this->drive(saga<sample::Order, sample::Shop>(
      "copies", 1, compensable<"hold">(hold_copies, sample::give_back, {2s, standard}),
      pivot<"sell">(sample::sell, {2s, until_known})));
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->end, RunEnd::completed);
  EXPECT_EQ(this->stock().sold, 3);
}

TYPED_TEST(OwnCopies, APartIsSoldAndTheRestGivenBack) {
  this->stock_up(3);
  const auto ended = this->drive(saga<sample::Order, sample::Shop>(
      "part", 1, compensable<"hold">(hold_copies, sample::give_back, {2s, standard}),
      pivot<"sell">(sell_two, {2s, until_known})));
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->end, RunEnd::completed);
  EXPECT_EQ(this->stock().sold, 2);
  EXPECT_EQ(this->stock().reserved, 0);
}

// A part that came out empty is not the whole.
TYPED_TEST(OwnCopies, APartOfNoLinesSellsNothing) {
  this->stock_up(3);
  const auto ended = this->drive(saga<sample::Order, sample::Shop>(
      "no part", 1, compensable<"hold">(hold_copies, sample::give_back, {2s, standard}),
      pivot<"sell">(sell_none, {2s, until_known})));
  EXPECT_FALSE(ended.has_value());
  const RunRecord last = this->records(this->run).back();
  EXPECT_EQ(last.kind, RecordKind::stuck);
  EXPECT_EQ(last.error.code, Errc::invalid_argument);
  EXPECT_EQ(this->stock().sold, 0);
}

TYPED_TEST(OwnCopies, TheLinesOfAnAdjustAreCopied) {
  const auto ended = this->drive(
      saga<sample::Order, sample::Shop>("restock", 1, pivot<"more">(restock, {2s, until_known})));
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->end, RunEnd::completed);
  EXPECT_EQ(this->stock().on_hand, 6);
}

// --- sagas

/// A saga of which nothing is left once its maker has returned: its steps have a state of their
/// own, and its texts lie in what the caller lends.
auto made_for_now(const std::string& name, const std::string& event,
                  const std::shared_ptr<int>& calls) {
  return saga<sample::Order, sample::Shop>(
      name, 1,
      compensable<"hold">(
          [lifetime = Duration{15min}, calls](const StepContext& step, const sample::Order& order) {
            ++*calls;
            return step.reserve(order.lines, lifetime);
          },
          sample::give_back, {2s, standard}, {event}),
      pivot<"sell">(sample::sell, {2s, until_known}));
}

TYPED_TEST(OwnCopies, ARunnerKeepsItsSagas) {
  this->stock_up(3);
  const auto calls = std::make_shared<int>(0);
  const auto process = this->process();
  process->runner.add(made_for_now(std::string(40, 'n'), std::string(40, 'e'), calls), this->shop);
  const std::string name(40, 'n');
  const auto ended = this->drive_in(*process, made_for_now(name, "", calls));
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->end, RunEnd::completed);
  EXPECT_EQ(this->stock().sold, 3);
  EXPECT_EQ(*calls, 1);
  EXPECT_THAT(this->told(this->run), ElementsAre(std::string(40, 'e')));
  EXPECT_EQ(calls.use_count(), 2) << "one copy is kept";
}

TYPED_TEST(OwnCopies, AnotherProcessDrivesOnWithItsOwnCopy) {
  this->stock_up(3);
  const auto calls = std::make_shared<int>(0);
  const std::string name(40, 'n');
  {
    const auto first = this->process();
    first->runner.add(made_for_now(name, "", calls), this->shop);
    first->connection.writes_left = 1;
    this->begin_in(*first, made_for_now(name, "", calls));
  }
  EXPECT_FALSE(this->outcome(this->run).has_value());
  const auto second = this->process();
  second->runner.add(made_for_now(std::string(40, 'n'), "", calls), this->shop);
  second->runner.recover();
  this->run_all();
  ASSERT_TRUE(this->outcome(this->run).has_value());
  EXPECT_EQ(this->outcome(this->run)->end, RunEnd::completed);
}

TEST(OwnCopiesOfEvents, AHandlerThatStartsRunsNeedsNoSaga) {
  RunnerFixture<OnOneAppend> fixture;
  fixture.stock_up(3);
  const auto calls = std::make_shared<int>(0);
  const auto process = fixture.process();
  const auto name = std::make_unique<std::string>(40, 'n');
  process->runner.add(made_for_now(*name, "", calls), fixture.shop);
  const EventHandler handler = starts(process->runner, made_for_now(*name, "", calls), {1h});
  name->assign(40, 'x');

  Event event;
  event.id = {1, 2};
  event.run = {3, 4};
  event.sequence = 1;
  event.type = "ORDERED";
  event.time = fixture.clock.now();
  event.subject = "1";
  event.data = encode(fixture.order());
  std::optional<result<Handling>> handled;
  const auto keep = [](void* there, std::uint64_t, result<Handling>&& answer) noexcept {
    static_cast<std::optional<result<Handling>>*>(there)->emplace(std::move(answer));
  };
  handler(event, {keep, &handled});
  fixture.run_all();
  ASSERT_TRUE(handled.has_value());
  ASSERT_THAT(*handled, IsOk());
  EXPECT_EQ(handled->value(), Handling::handled);
  EXPECT_EQ(fixture.stock().sold, 1);
}

}  // namespace
}  // namespace invsaga::runner_tests
