// SPDX-License-Identifier: Apache-2.0
//
// A cancel at every point of a run, and payments that outlast their holds, on both kinds of
// backend.
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::ErrorIs;
using testing::IsOk;
using ::testing::Not;

template <class Parts>
class RunnerCancel : public ::testing::Test {};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(RunnerCancel, BothBackends);

/// What became of an order whose user cancelled it just before its write number `at`.
struct Cancelled {
  int writes = 0;
  bool accepted = false;
  RunEnd end{};
};

template <class Parts>
Cancelled cancelled_at(int at, Mishap mishap) {
  RunnerFixture<Parts> fixture;
  auto owner = fixture.process();
  Witness elsewhere;
  elsewhere.definition = fixture.witness.definition;
  RunnerOptions told_apart;
  told_apart.observer = &elsewhere;
  auto user = fixture.process(told_apart);
  Cancelled made;
  const auto meanwhile = [&] {
    if (++made.writes != at) return Mishap::none;
    const auto answer = user->runner.cancel(fixture.run_of(), "no");
    if (!answer.has_value()) {  // the run is not begun yet
      EXPECT_EQ(answer.assume_error().code, Errc::not_found);
      return Mishap::none;
    }
    made.accepted = answer.assume_value().decision == CancelDecision::accepted;
    const OrderStatus shown = answer.assume_value().status;
    EXPECT_EQ(made.accepted, shown == OrderStatus::not_placed);
    return mishap;
  };
  owner->connection.at_append = [&](const RunRecord&) { return meanwhile(); };
  owner->connection.at_apply = [&](const Operation&) { return meanwhile(); };
  const RunId run = fixture.begin(*owner);
  while (owner->connection.release_late()) {
  }
  fixture.run_all();
  fixture.check_sound(run);
  for (Witness* witness : {&fixture.witness, &elsewhere}) {
    EXPECT_LE(witness->statuses(run).size(), 2u) << ::testing::PrintToString(fixture.story(run));
  }
  made.end = fixture.outcome(run)->end;
  EXPECT_EQ(fixture.outcome(run)->reason, made.accepted ? "no" : "");
  return made;
}

TYPED_TEST(RunnerCancel, AtEveryWriteItIsEitherAcceptedAndAllUndoneOrRefusedAndAllDone) {
  for (const Mishap mishap : {Mishap::none, Mishap::failed, Mishap::lost, Mishap::late}) {
    int accepted = 0, refused = 0;
    for (int at = 1;; ++at) {
      const Cancelled made = cancelled_at<TypeParam>(at, mishap);
      if (made.writes < at) break;
      EXPECT_EQ(made.end, made.accepted ? RunEnd::compensated : RunEnd::completed) << at;
      (made.accepted ? accepted : refused) += 1;
    }
    EXPECT_GE(accepted, 5);
    EXPECT_GE(refused, 4);  // not begun yet; the pivot is done
  }
}

TYPED_TEST(RunnerCancel, AReasonIsBounded) {
  RunnerFixture<TypeParam> fixture;
  fixture.shop.wait("charge");
  auto process = fixture.process();
  const RunId run = fixture.begin(*process);
  const std::string longest(1'024, 'r');
  EXPECT_THAT(process->runner.cancel(run, longest + "r"), ErrorIs(Errc::invalid_argument));
  EXPECT_NE(fixture.records(run).back().kind, RecordKind::cancelled);
  EXPECT_THAT(process->runner.cancel(run, longest), IsOk());
  fixture.run_for(1h);
  EXPECT_EQ(fixture.outcome(run)->reason, longest);
}

/// What a cancel is told, at the process that drives the run and at another.
template <class Parts>
void expect_cancelled(RunnerFixture<Parts>& fixture, RunId run, CancelDecision decision,
                      OrderStatus status) {
  for (int i = 0; i < 2; ++i) {
    auto process = fixture.process();
    const auto told = process->runner.cancel(run, "no");
    ASSERT_THAT(told, IsOk());
    EXPECT_EQ(told.assume_value().decision, decision);
    EXPECT_EQ(told.assume_value().status, status);
  }
}

TYPED_TEST(RunnerCancel, AfterTheRunWasCompensatedForAnotherReasonHasDecidedNothing) {
  RunnerFixture<TypeParam> fixture;
  auto owner = fixture.process();
  fixture.shop.fail("charge", refuse(51));
  const RunId run = fixture.begin(*owner);
  fixture.run_all();
  const auto records = fixture.records(run);
  expect_cancelled(fixture, run, CancelDecision::came_after, OrderStatus::not_placed);
  EXPECT_EQ(fixture.records(run), records);
}

TYPED_TEST(RunnerCancel, AfterAnotherWhileTheRunIsStillBeingUndoneHasDecidedNothing) {
  RunnerFixture<TypeParam> fixture;
  auto owner = fixture.process();
  fixture.shop.wait("charge");
  fixture.shop.fail("cancel", Error{Errc::unavailable});
  const RunId run = fixture.begin(*owner);
  EXPECT_EQ(owner->runner.cancel(run, "changed my mind").assume_value().decision,
            CancelDecision::accepted);
  ASSERT_FALSE(fixture.outcome(run).has_value());
  EXPECT_EQ(owner->runner.cancel(run, "changed my mind").assume_value().decision,
            CancelDecision::came_after);
  expect_cancelled(fixture, run, CancelDecision::came_after, OrderStatus::not_placed);
  fixture.run_all();
  EXPECT_EQ(fixture.outcome(run)->reason, "changed my mind");
  fixture.check_sound(run);
}

TYPED_TEST(RunnerCancel, AfterTheRunWasCompletedIsTooLate) {
  RunnerFixture<TypeParam> fixture;
  auto owner = fixture.process();
  const RunId run = fixture.begin(*owner);
  fixture.run_all();
  expect_cancelled(fixture, run, CancelDecision::too_late, OrderStatus::placed);
}

TYPED_TEST(RunnerCancel, WhoseReplyIsLostHasDecidedAllTheSame) {
  RunnerFixture<TypeParam> fixture;
  auto owner = fixture.process();
  auto user = fixture.process();
  fixture.shop.wait("charge");
  const RunId run = fixture.begin(*owner);
  user->connection.at_append = [lost = false](const RunRecord& record) mutable {
    const bool first = record.kind == RecordKind::cancelled && !std::exchange(lost, true);
    return first ? Mishap::lost : Mishap::none;
  };
  EXPECT_EQ(user->runner.cancel(run, "no").assume_value().decision, CancelDecision::accepted);
  fixture.run_all();
  fixture.check_sound(run);
}

TYPED_TEST(RunnerCancel, AfterItNothingIsBegunAnyMore) {
  RunnerFixture<TypeParam> fixture;
  auto owner = fixture.process();
  fixture.shop.script("place", [&](const StepContext& step) -> result<Reply<sample::Receipt>> {
    EXPECT_EQ(owner->runner.cancel(step.run, "no").assume_value().decision,
              CancelDecision::accepted);
    fixture.shop.took_effect("place", step.id);
    return Reply<sample::Receipt>(sample::Receipt{});
  });
  const RunId run = fixture.begin(*owner);
  fixture.run_all();
  EXPECT_THAT(fixture.shop.calls(), ElementsAre("place", "cancel"));
  EXPECT_THAT(fixture.story(run), Not(Contains("outcome reserve done")));
  fixture.check_sound(run);
}

// --- payments slower than the hold (the document's D14)

template <class Parts>
class SlowPayment : public ::testing::Test, public RunnerFixture<Parts> {
 protected:
  std::unique_ptr<typename RunnerFixture<Parts>::Process> owner = this->process();
  int cancels = 0;

  /// The payment is answered only now; the stock is slow to sell `lapses` times more.
  RunId pay_late(int lapses) {
    this->shop.wait("charge");
    const RunId run = this->begin(*owner);
    this->clock.advance(sample::hold_length);  // a hold is live while now < until
    int commits = 0;
    owner->connection.at_apply = [this, lapses, &commits](const Operation& operation) {
      if (!std::holds_alternative<Commit>(operation)) return Mishap::none;
      ++commits;
      if (commits > 1 && commits <= lapses + 1) this->clock.advance(sample::hold_length);
      this->parts.advance_to(this->clock.now());
      return Mishap::none;
    };
    const CallId call = this->shop.last_pending();
    this->shop.took_effect("charge", call);
    EXPECT_THAT(owner->runner.complete(run, call, sample::Receipt{}), IsOk());
    this->run_all();
    owner->connection.at_apply = nullptr;
    return run;
  }
};
TYPED_TEST_SUITE(SlowPayment, BothBackends);

TYPED_TEST(SlowPayment, OfAsLongAsTheHoldIsSoldFromAHoldReservedAnew) {
  const RunId run = this->pay_late(0);
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
  EXPECT_THAT(this->story(run), Contains("outcome reserve done 1"));
  EXPECT_THAT(this->witness.statuses(run), ElementsAre(OrderStatus::deciding, OrderStatus::placed));
  this->check_sound(run);
}

TYPED_TEST(SlowPayment, WhoseFurtherHoldRunsOutTooIsRefundedAndTheStockIsFree) {
  const RunId run = this->pay_late(1);
  EXPECT_EQ(this->outcome(run)->end, RunEnd::compensated);
  EXPECT_EQ(this->outcome(run)->reason, "hold_expired");
  EXPECT_EQ(this->shop.times_called("refund"), 1u);
  EXPECT_EQ(this->stock().available(), 1);
  EXPECT_THAT(this->witness.statuses(run),
              ElementsAre(OrderStatus::deciding, OrderStatus::not_placed));
  this->check_sound(run);
}

TYPED_TEST(SlowPayment, MayBeCancelledBetweenTheHoldsAndIsRefunded) {
  this->owner->connection.at_append = [this](const RunRecord& record) {
    const bool further = record.kind == RecordKind::intent && record.round == 1;
    if (further && this->cancels++ == 0) {
      EXPECT_EQ(this->owner->runner.cancel(this->run_of(), "no").assume_value().decision,
                CancelDecision::accepted);
    }
    return Mishap::none;
  };
  const RunId run = this->pay_late(0);
  EXPECT_EQ(this->outcome(run)->reason, "no");
  EXPECT_EQ(this->shop.times_called("refund"), 1u);
  this->check_sound(run);
}

}  // namespace
}  // namespace invsaga::runner_tests
