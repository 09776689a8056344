// SPDX-License-Identifier: Apache-2.0
//
// What a runner owes to many orphans, to observers who did not drive, and to inputs that it cannot
// read. On both kinds of backend.
#include "tests/runner/news_fixture.hpp"

namespace invsaga::runner_tests {

/// An input that can be made unreadable, as by a version that reads it otherwise.
struct Brittle {
  std::int64_t number = 0;
  static inline bool unreadable = false;
};

}  // namespace invsaga::runner_tests

template <>
struct invsaga::Stored<invsaga::runner_tests::Brittle> {
  static constexpr std::string_view schema = "brittle.v1";
  static void encode(const runner_tests::Brittle& value, ByteWriter& writer) {
    writer.i64(value.number);
  }
  static result<runner_tests::Brittle> decode(ByteReader& reader) {
    const runner_tests::Brittle value{reader.i64()};
    if (runner_tests::Brittle::unreadable || !reader.ok()) return Error{Errc::corrupt};
    return value;
  }
};

namespace invsaga::runner_tests {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::IsSupersetOf;
using ::testing::Not;

template <class Parts>
class RunnerContracts : public NewsHazardsOn<Parts> {
 protected:
  ~RunnerContracts() override { Brittle::unreadable = false; }
};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(RunnerContracts, BothBackends);

// --- recovery

/// More orphans than two reads of the log's list tell.
TYPED_TEST(RunnerContracts, RecoveryGoesOnBeyondItsFirstPages) {
  constexpr int orders = 2 * 256 + 1;
  this->stock_up(orders);
  {
    auto first = this->process();
    this->shop.wait("charge", 2 * orders);
    for (int i = 0; i < orders; ++i) this->begin(*first, std::to_string(i));
  }
  auto second = this->process();
  EXPECT_EQ(second->runner.recover().taken, static_cast<std::size_t>(orders));
  EXPECT_EQ(second->runner.recover().left, static_cast<std::size_t>(orders));
  this->run_all();
  for (int i = 0; i < orders; ++i) {
    EXPECT_TRUE(this->outcome(this->run_of(std::to_string(i))).has_value()) << i;
  }
}

/// A run that moved once more after it was begun.
TYPED_TEST(RunnerContracts, PatienceCountsFromTheLastRecord) {
  auto first = this->process();
  this->shop.wait("charge");  // it is asked again after 30 s
  this->shop.fail("clear", Error{Errc::unavailable}, 99);
  const RunId run = this->begin(*first);
  this->run_for(40s);
  first.reset();
  const Time last = this->records(run).back().at;
  ASSERT_GT(last, this->records(run).front().at + 20s);
  auto second = this->process();
  this->clock.advance(30s);
  const RecoveryReport report = second->runner.recover(1min);
  EXPECT_EQ(report.left, 1u);
  EXPECT_EQ(report.next_due, last + 1min);
  this->clock.advance(report.next_due - this->clock.now() - 1ms);
  EXPECT_EQ(second->runner.recover(1min).left, 1u);
  this->clock.advance(1ms);
  EXPECT_EQ(second->runner.recover(1min).taken, 1u);
}

/// Its own runs too are looked at only when they have not moved for so long.
TYPED_TEST(RunnerContracts, PatienceWithItsOwnRunsCountsFromTheLastRecord) {
  auto process = this->process();
  this->shop.wait("charge");
  this->shop.fail("clear", Error{Errc::unavailable}, 99);
  this->begin(*process);
  this->run_for(40s);
  int reads = 0;
  process->connection.at_read = [&] {
    ++reads;
    return Mishap::none;
  };
  this->clock.advance(30s);
  EXPECT_EQ(process->runner.recover(1min).left, 1u);
  EXPECT_EQ(reads, 1) << "the list alone";
  this->clock.advance(1min);
  EXPECT_EQ(process->runner.recover(1min).left, 1u);
  EXPECT_GT(reads, 2) << "the list, and the run";
}

TYPED_TEST(RunnerContracts, ARunWhoseLogCannotBeFollowedIsCountedAsFailedAndLeft) {
  RunId run;
  {
    auto first = this->process();
    run = this->unpaid(*first);
  }
  RunRecord unknown;  // by a version that has more steps
  unknown.kind = RecordKind::intent;
  unknown.step = 99;
  const auto position = static_cast<Position>(this->records(run).size());
  ASSERT_THAT(testing::append(this->parts.backend, run, position, unknown), IsOk());
  auto second = this->process();
  const RecoveryReport report = second->runner.recover();
  EXPECT_EQ(report.failed, 1u);
  EXPECT_EQ(report.taken, 0u);
  this->run_all();
  EXPECT_EQ(second->runner.runs(), 0u);
  EXPECT_EQ(this->records(run).size(), position + 1);
}

// --- who is told

TYPED_TEST(RunnerContracts, WhoCancelsARunThatIsDrivenElsewhereHasItsObserverTold) {
  auto owner = this->process();
  const RunId run = this->unpaid(*owner);
  Witness own;
  auto user = this->process(this->watched_by(own));
  ASSERT_EQ(user->runner.cancel(run, "no").assume_value().decision, CancelDecision::accepted);
  EXPECT_THAT(this->kinds(own.records(run)), Contains(RecordKind::cancelled).Times(1));
  this->run_all();
  const auto told = this->kinds(own.records(run));
  EXPECT_THAT(told, Contains(RecordKind::cancelled).Times(1));
  EXPECT_EQ(told.back(), RecordKind::ended);
  ASSERT_EQ(own.outcomes(run).size(), 1u);
  EXPECT_EQ(own.outcomes(run)[0].reason, "no");
  this->check_sound(run);
}

TYPED_TEST(RunnerContracts, TheFormerDriversObserverIsToldOfACancelToo) {
  auto owner = this->process();
  const RunId run = this->unpaid(*owner);
  Witness own;
  auto user = this->process(this->watched_by(own));
  ASSERT_EQ(user->runner.cancel(run, "no").assume_value().decision, CancelDecision::accepted);
  this->run_all();
  EXPECT_THAT(this->kinds(this->witness.records(run)), Contains(RecordKind::cancelled).Times(1));
}

// --- what the log bears beside a record

TYPED_TEST(RunnerContracts, TheFirstRecordAloneIsStampedWithTheEpochOfItsClaim) {
  auto process = this->process();
  const RunId run = this->begin(*process);
  this->run_all();
  const auto entries = this->parts.log().read(run);
  ASSERT_THAT(entries, IsOk());
  ASSERT_GT(entries.assume_value().size(), 5u);
  for (std::size_t i = 0; i < entries.assume_value().size(); ++i) {
    EXPECT_EQ(entries.assume_value()[i].stamp.claim_epoch != 0, i == 0) << i;
  }
}

// --- who brings an answer that nobody waits for

TYPED_TEST(RunnerContracts, TheDriverOfARunThatGoesOnSaysThatAnAnswerIsNotWaitedFor) {
  auto owner = this->process();
  const RunId run = this->unpaid(*owner);
  this->shop.fail("clear", Error{Errc::unavailable}, 99);
  const CallId call = this->shop.last_pending();
  const result<sample::Receipt> first(sample::Receipt{1}), second(sample::Receipt{2});
  ASSERT_THAT(owner->runner.complete(run, call, first), IsOkAndHolds(NewsAnswer::recorded));
  ASSERT_EQ(owner->runner.runs(), 1u);
  std::optional<result<NewsAnswer>> told;
  owner->runner.complete(run, call, second,
                         {[](void* kept, std::uint64_t, result<NewsAnswer>&& answer) noexcept {
                            static_cast<std::optional<result<NewsAnswer>>*>(kept)->emplace(answer);
                          },
                          &told, 0});
  ASSERT_TRUE(told.has_value()) << "at once: the log was looked at";
  EXPECT_THAT(*told, IsOkAndHolds(NewsAnswer::not_waited_for));
}

// --- arguments that do not decode

result<void> book(sample::Shop& shop, const StepContext& step, const Brittle&) {
  return sample::without_output(shop.call("book", step));
}
result<void> unbook(sample::Shop& shop, const StepContext& step) {
  return sample::without_output(shop.call("unbook", step));
}
/// Its undo takes the output: so it is asked until it is known whether it happened.
result<Reply<sample::Receipt>> pay(sample::Shop& shop, const StepContext& step, const Brittle&) {
  return shop.call("charge", step);
}
OwnedReserve hold_one(const StepContext& step, const Brittle&) {
  return step.reserve({{the_row, 1}}, sample::hold_length);
}

constexpr auto booking = saga<Brittle, sample::Shop>(
    "booking", 1, compensable<"book">(book, unbook, {2s, standard}),
    compensable<"pay">(pay, sample::refund, {5s, sample::every_30s}));
constexpr auto holding = saga<Brittle, sample::Shop>(
    "holding", 1, compensable<"book">(book, unbook, {2s, standard}),
    compensable<"hold">(hold_one, sample::give_back, {2s, standard}),
    pivot<"sell">(sample::sell, {2s, until_known}));

TYPED_TEST(RunnerContracts, ACallWhoseArgumentsDoNotDecodeIsRefusedAndNotMade) {
  auto process = this->process();
  process->runner.add(booking, this->shop);
  Brittle::unreadable = true;
  ASSERT_THAT(process->runner.start(booking, Brittle{1}, this->request()), IsOk());
  this->run_all();
  const RunId run = run_id("booking", this->request());
  EXPECT_THAT(this->shop.calls(), ElementsAre());
  ASSERT_TRUE(this->outcome(run).has_value());
  EXPECT_EQ(this->outcome(run)->reason, "book refused");
  EXPECT_EQ(this->outcome(run)->error.code, Errc::corrupt);
}

TYPED_TEST(RunnerContracts, ACallInDoubtWhoseArgumentsDoNotDecodeIsLeftToAPerson) {
  auto process = this->process();
  process->runner.add(booking, this->shop);
  this->shop.lose("charge");
  ASSERT_THAT(process->runner.start(booking, Brittle{1}, this->request()), IsOk());
  Brittle::unreadable = true;
  this->run_all();
  const RunId run = run_id("booking", this->request());
  EXPECT_EQ(process->runner.status(run).assume_value().end, RunEnd::stuck);
  EXPECT_EQ(process->runner.status(run).assume_value().step, "pay");
  EXPECT_EQ(this->shop.effects("unbook"), 0u) << "it was charged, as far as anybody knows";
  Brittle::unreadable = false;  // the right version is back
  ASSERT_THAT(process->runner.resume(run), IsOk());
  this->run_all();
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
}

TYPED_TEST(RunnerContracts, AnOperationWhoseArgumentsDoNotDecodeIsRefusedAndUndone) {
  auto process = this->process();
  process->runner.add(holding, this->shop);
  this->shop.script("book", [this](const StepContext& step) -> result<Reply<sample::Receipt>> {
    this->shop.took_effect("book", step.id);
    Brittle::unreadable = true;
    return Reply<sample::Receipt>(sample::Receipt{});
  });
  ASSERT_THAT(process->runner.start(holding, Brittle{1}, this->request()), IsOk());
  this->run_all();
  const RunId run = run_id("holding", this->request());
  ASSERT_TRUE(this->outcome(run).has_value());
  EXPECT_EQ(this->outcome(run)->reason, "hold refused");
  EXPECT_EQ(this->stock().reserved, 0);
  EXPECT_EQ(this->shop.effects("unbook"), 1u);
}

}  // namespace
}  // namespace invsaga::runner_tests
