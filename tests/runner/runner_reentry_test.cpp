// SPDX-License-Identifier: Apache-2.0
//
// A user's function may ask its runner whatever it likes, about its own run too.
#include <latch>
#include <thread>

#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::ErrorIs;
using testing::IsOk;
using testing::IsOkAndHolds;

/// What the steps of the saga below do besides their work.
struct Caller {
  std::function<void(const StepContext&)> at_hold, at_release, at_pay;
  int refunds = 0;
  bool answers = true;  // else the payment is completed from outside
};

void ask(const std::function<void(const StepContext&)>& question, const StepContext& step) {
  if (question) question(step);
}
OwnedReserve hold(Caller& caller, const StepContext& step, const sample::Order& order) {
  ask(caller.at_hold, step);
  return step.reserve(order.lines, order.hold);
}
Release give_back(Caller& caller, const StepContext& step, const Reserved& reserved) {
  ask(caller.at_release, step);
  return release(reserved);
}
result<Reply<sample::Receipt>> charge(Caller& caller, const StepContext& step) {
  ask(caller.at_pay, step);
  if (!caller.answers) return Reply<sample::Receipt>(pending);
  return Reply<sample::Receipt>(sample::Receipt{7});
}
result<void> refund(Caller& caller, const sample::Receipt&) {
  ++caller.refunds;
  return success();
}
constexpr auto curious = saga<sample::Order, Caller>(
    "curious", 1, compensable<"reserve">(hold, give_back, {2s, standard}),
    compensable<"pay">(charge, refund, {5s, sample::every_30s}),
    pivot<"commit">(sample::sell, {2s, until_known}));

template <class Parts>
class Reentry : public ::testing::Test, public RunnerFixture<Parts> {
 protected:
  using Runner = SagaRunner<typename Parts::Backend>;

  Reentry() { runner.add(curious, caller); }
  static StartRequest named(const std::string& key) {
    StartRequest request;
    request.key = key;
    return request;
  }
  RunId begin(const std::string& key) {
    EXPECT_THAT(runner.start(curious, this->order(key), named(key)), IsOk());
    this->run_all();
    return run_id(curious.name(), named(key));
  }

  Caller caller;
  Runner runner{this->parts.backend, Environment{this->clock, this->executor, 1}};
};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(Reentry, BothBackends);

TYPED_TEST(Reentry, AFunctionThatMakesAnOperationMayAskWhereItsRunStands) {
  int asked = 0;
  this->caller.at_hold = [&](const StepContext& step) {
    const auto status = this->runner.status(step.run);
    ASSERT_THAT(status, IsOk());
    EXPECT_EQ(status.assume_value().step, "reserve");
    EXPECT_THAT(this->runner.explain(step.run), IsOk());
    EXPECT_EQ(this->runner.recover().taken, 0u);
    ++asked;
  };
  const RunId run = this->begin("1");
  EXPECT_GE(asked, 1);
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
}

TYPED_TEST(Reentry, AFunctionThatMakesAnOperationMayCancelItsRun) {
  this->caller.at_hold = [&](const StepContext& step) {
    EXPECT_EQ(this->runner.cancel(step.run, "no").assume_value().decision,
              CancelDecision::accepted);
  };
  this->caller.at_release = [&](const StepContext& step) {
    EXPECT_EQ(this->runner.status(step.run).assume_value().status, OrderStatus::not_placed);
  };
  const RunId run = this->begin("1");
  EXPECT_EQ(this->outcome(run)->reason, "no");
  EXPECT_EQ(this->stock().reserved, 0);
}

TYPED_TEST(Reentry, WhileAnOperationIsMadeOthersMayAskToo) {
  this->caller.at_hold = [&](const StepContext& step) {
    std::thread other([&] { EXPECT_THAT(this->runner.status(step.run), IsOk()); });
    other.join();
  };
  this->begin("1");
}

/// Keeps the answers in `told`.
Completion<NewsAnswer> completion_of(std::vector<NewsAnswer>& told) {
  return {[](void* context, std::uint64_t, result<NewsAnswer>&& answer) noexcept {
            static_cast<std::vector<NewsAnswer>*>(context)->push_back(answer.value());
          },
          &told, 0};
}

TYPED_TEST(Reentry, ACallMayBeCompletedFromWithin) {
  std::vector<NewsAnswer> told;
  this->caller.answers = false;
  this->caller.at_pay = [&](const StepContext& step) {
    const auto paid = result<sample::Receipt>(sample::Receipt{7});
    this->runner.complete(step.run, step.id, paid, completion_of(told));
    this->runner.complete(step.run, step.id, paid, completion_of(told));  // and once more
  };
  const RunId run = this->begin("1");
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
  EXPECT_EQ(told, (std::vector<NewsAnswer>{NewsAnswer::recorded, NewsAnswer::recorded}));
}

TYPED_TEST(Reentry, ACallMayBeCompletedFromWithinWithoutWaitingForItsDriver) {
  std::vector<NewsAnswer> told;
  this->caller.answers = false;
  this->caller.at_pay = [&](const StepContext& step) {
    const auto paid = result<sample::Receipt>(sample::Receipt{7});
    EXPECT_THAT(this->runner.complete(step.run, step.id, paid), IsOkAndHolds(NewsAnswer::recorded));
    EXPECT_THAT(this->runner.complete(step.run, step.id, paid),
                IsOkAndHolds(NewsAnswer::not_waited_for));
    this->runner.complete(step.run, step.id, paid, completion_of(told));
  };
  const RunId run = this->begin("1");
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
  EXPECT_EQ(told, std::vector<NewsAnswer>{NewsAnswer::recorded});  // the driver had to look
}

TYPED_TEST(Reentry, WhatACallReturnsIsHeardBeforeWhatItWasCompletedWithMeanwhile) {
  std::vector<NewsAnswer> told;
  this->caller.at_pay = [&](const StepContext& step) {  // and it returns a yes
    this->runner.complete(step.run, step.id, result<sample::Receipt>(refuse(51)),
                          completion_of(told));
  };
  const RunId run = this->begin("1");
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
  EXPECT_EQ(this->caller.refunds, 0);
}

TYPED_TEST(Reentry, ACallMayCancelItsRunAndWhatItDidIsUndone) {
  this->caller.at_pay = [&](const StepContext& step) {
    EXPECT_EQ(this->runner.cancel(step.run, "no").assume_value().decision,
              CancelDecision::accepted);
  };
  const RunId run = this->begin("1");
  EXPECT_EQ(this->outcome(run)->end, RunEnd::compensated);
  EXPECT_EQ(this->caller.refunds, 1);
  EXPECT_EQ(this->stock().available(), 1);
}

TYPED_TEST(Reentry, ACallMayStartAnotherRunAndItsOwnAgain) {
  this->stock_up(1);
  this->caller.at_pay = [&](const StepContext& step) {
    const auto again = this->runner.start(curious, this->order(), this->named("1"));
    // What is begun here is driven once its own run has come to its end.
    const bool own = step.key == "1";
    EXPECT_THAT(again, testing::ClaimIs(own ? ClaimState::in_progress : ClaimState::completed));
    if (!own) return;
    const auto other = this->runner.start(curious, this->order(), this->named("2"));
    EXPECT_THAT(other, testing::ClaimIs(ClaimState::fresh));
  };
  const RunId run = this->begin("1");
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
  EXPECT_EQ(this->outcome(run_id(curious.name(), this->named("2")))->end, RunEnd::completed);
  EXPECT_EQ(this->stock().sold, 2);
  EXPECT_THAT(this->runner.resume(run), IsOkAndHolds(NewsAnswer::not_waited_for));
}

}  // namespace
}  // namespace invsaga::runner_tests
