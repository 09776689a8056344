// SPDX-License-Identifier: Apache-2.0
//
// A first record that comes to the log late: after its request was said to be never run, or after
// the run was forgotten (protocol rule 6). Nothing comes of it.
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::ClaimIs;
using ::testing::IsEmpty;
using testing::IsOk;

template <class Parts>
class LateBegin : public ::testing::Test, public RunnerFixture<Parts> {
 protected:
  using Process = typename RunnerFixture<Parts>::Process;

  [[nodiscard]] StartRequest the_request() const {
    StartRequest made = this->request();
    made.deadline = start_time + 20min;
    return made;
  }
  [[nodiscard]] RunId run() const { return run_id(sample::checkout.name(), the_request()); }
  result<StartAnswer> start(Process& process) {
    return process.runner.start(sample::checkout, this->order(), the_request());
  }
  /// The first record is on its way, and whoever sent it knows no more.
  std::unique_ptr<Process> begin_late() {
    auto process = this->process();
    process->connection.at_append = [](const RunRecord& record) {
      return record.kind == RecordKind::begun ? Mishap::late : Mishap::none;
    };
    EXPECT_FALSE(start(*process).has_value());
    process->connection.at_append = nullptr;
    return process;
  }
  void expect_nothing_came_of_it() {
    const auto ended = this->outcome(run());
    if (ended) {  // what one append cannot take late, parts that live apart can
      EXPECT_EQ(ended->end, RunEnd::compensated);
      EXPECT_EQ(ended->reason, "request_expired");
    } else {
      EXPECT_THAT(this->records(run()), IsEmpty());
    }
    EXPECT_EQ(this->stock().reserved + this->stock().sold, 0);
    EXPECT_EQ(this->shop.times_called("place") + this->shop.times_called("charge"), 0u);
    EXPECT_THAT(this->told(run()), IsEmpty());
  }
};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(LateBegin, BothBackends);

TYPED_TEST(LateBegin, OfADeadOwnerIsNotDrivenOnceItsRequestHasExpired) {
  auto a = this->begin_late();
  a->connection.dead = true;
  auto b = this->process();
  this->clock.advance(21min);
  EXPECT_THAT(this->start(*b), ClaimIs(ClaimState::expired));
  a->connection.dead = false;
  while (a->connection.release_late()) {
  }
  a->connection.dead = true;
  this->run_for(1h);
  b->runner.recover();
  this->run_for(1min);
  this->expect_nothing_came_of_it();
  EXPECT_EQ(b->runner.runs(), 0u);
}

TYPED_TEST(LateBegin, OfALiveOwnerIsNotDrivenOnceItsRequestHasExpired) {
  auto a = this->begin_late();
  a->connection.at_read = a->connection.at_write = [] { return Mishap::failed; };
  this->run_for(21min);
  auto b = this->process();
  EXPECT_THAT(this->start(*b), ClaimIs(ClaimState::expired));
  while (a->connection.release_late()) {
  }
  a->connection.at_read = a->connection.at_write = nullptr;
  this->run_for(10min);
  this->expect_nothing_came_of_it();
  EXPECT_EQ(a->runner.runs(), 0u);
}

// --- what was begun in time goes on past its request's deadline

constexpr auto sold_at_once = saga<sample::Order, sample::Shop>(
    "sold at once", 1, compensable<"reserve">(sample::hold, sample::give_back, {2s, standard}),
    pivot<"commit">(sample::sell, {2s, until_known}));

TYPED_TEST(LateBegin, IsNoneIfAHoldIsReservedAnew) {
  auto process = this->process();
  process->runner.add(sold_at_once, this->shop);
  process->connection.at_apply = [](const Operation& operation) {
    return std::holds_alternative<Commit>(operation) ? Mishap::failed : Mishap::none;
  };
  EXPECT_THAT(process->runner.start(sold_at_once, this->order(), this->the_request()),
              ClaimIs(ClaimState::fresh));
  this->run_for(sample::hold_length + 6min);
  process->connection.at_apply = nullptr;
  this->run_for(1h);
  EXPECT_EQ(this->outcome(run_id("sold at once", this->the_request()))->end, RunEnd::completed);
  EXPECT_EQ(this->stock().sold, 1);
}

bool refuses_to_adjust = false;
result<OwnedAdjust> restock(const StepContext& step, const sample::Order& order) {
  if (refuses_to_adjust) return refuse();
  return step.adjust(AdjustReason::restock, order.lines, 5min);
}
constexpr auto restocked = saga<sample::Order, sample::Shop>(
    "restocked", 1, pivot<"restock">(restock, {2s, until_known}));

TYPED_TEST(LateBegin, IsNoneIfARunIsResumed) {
  auto process = this->process();
  process->runner.add(restocked, this->shop);
  refuses_to_adjust = true;
  EXPECT_THAT(process->runner.start(restocked, this->order(), this->the_request()),
              ClaimIs(ClaimState::fresh));
  const RunId run = run_id("restocked", this->the_request());
  this->run_for(1h);
  ASSERT_EQ(this->records(run).back().kind, RecordKind::stuck);
  refuses_to_adjust = false;
  EXPECT_THAT(process->runner.resume(run), IsOk());
  this->run_for(1h);
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
}

TYPED_TEST(LateBegin, IsNoneWithoutARequest) {
  auto process = this->process();
  StartRequest past;
  past.key = "1";
  past.deadline = start_time - 1s;
  EXPECT_THAT(process->runner.start(sample::checkout, this->order(), past),
              ClaimIs(ClaimState::fresh));
  this->run_for(1h);
  EXPECT_EQ(this->outcome(run_id(sample::checkout.name(), past))->end, RunEnd::completed);
}

// --- what was forgotten

TYPED_TEST(LateBegin, OfARunThatIsForgottenMeanwhileTellsNothingAnew) {
  auto a = this->process();
  EXPECT_THAT(this->start(*a), ClaimIs(ClaimState::fresh));
  this->run_for(1min);
  const auto pending = testing::pending(this->parts.backend, 100);
  for (const Event& event : pending.value()) {
    EXPECT_THAT(this->parts.backend.acknowledge_event(event.run, event.sequence), IsOk());
  }
  this->clock.advance(24h * 40);
  this->parts.advance_to(this->clock.now());
  auto b = this->process();
  bool forgotten = false;
  b->connection.at_settle = [&] {  // what is settled was read before
    EXPECT_THAT(this->parts.backend.forget(this->run()), IsOk());
    forgotten = true;
    return Mishap::none;
  };
  static_cast<void>(this->start(*b));
  EXPECT_TRUE(forgotten);
  EXPECT_THAT(testing::pending(this->parts.backend, 100).value(), IsEmpty());
}

TYPED_TEST(LateBegin, OfAForgottenRunSellsNothingAgain) {
  auto a = this->process();
  EXPECT_THAT(this->start(*a), ClaimIs(ClaimState::fresh));
  this->run_for(1min);
  ASSERT_EQ(this->outcome(this->run())->end, RunEnd::completed);
  const std::vector<LogEntry> entries = this->parts.log().read(this->run()).value();
  const auto pending = testing::pending(this->parts.backend, 100);
  for (const Event& event : pending.value()) {
    EXPECT_THAT(this->parts.backend.acknowledge_event(event.run, event.sequence), IsOk());
  }
  this->clock.advance(24h * 40);
  this->parts.advance_to(this->clock.now());
  EXPECT_THAT(this->parts.backend.forget(this->run()), IsOk());
  this->stock_up(1);

  PreparedWrite late(this->run(), 0);
  const std::vector<LogEntry> first{entries.front()};
  ASSERT_THAT(prepare_again(first, late), IsOk());
  const Stamp& stamp = entries.front().stamp;
  const ClaimEffect held{{this->the_request().request, this->the_request().fingerprint,
                          start_time + 1min, this->the_request().deadline},
                         stamp.claim_epoch};
  late.claim(held);
  const auto landed = this->parts.backend.write(late.seal());
  EXPECT_THAT(landed, IsOk());
  EXPECT_EQ(this->records(this->run()).empty(), TypeParam::one_append);
  auto b = this->process();
  this->run_for(1h);
  b->runner.recover();
  this->run_for(1min);
  EXPECT_EQ(this->stock().sold, 1);
  EXPECT_EQ(this->stock().on_hand, 1);
  EXPECT_EQ(this->shop.times_called("charge"), 1u);
}

}  // namespace
}  // namespace invsaga::runner_tests
