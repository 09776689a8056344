// SPDX-License-Identifier: Apache-2.0
//
// What the runner promises, on both kinds of backend.
#include "invsaga/run_sync.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::ErrorIs;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;

template <class Parts>
class Runner : public ::testing::Test, public RunnerFixture<Parts> {};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(Runner, BothBackends);

// --- the ways of the document

TYPED_TEST(Runner, SellsWhatIsPaidForAndTellsItsFiveEvents) {
  auto process = this->process();
  const RunId run = this->begin(*process);
  this->run_all();
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
  EXPECT_THAT(this->told(run), ElementsAre("ORDER_CHECKOUT_STARTED", "STOCK_RESERVED",
                                           "PAYMENT_COMPLETED", "STOCK_COMMITTED", "CART_CLEARED"));
  EXPECT_THAT(this->shop.calls(), ElementsAre("place", "charge", "clear"));
  EXPECT_EQ(process->runner.runs(), 0u);
  this->check_sound(run);
}

TYPED_TEST(Runner, GivesTheStockBackWhenThePaymentFails) {
  auto process = this->process();
  this->shop.fail("charge", refuse(51));
  const RunId run = this->begin(*process);
  this->run_all();
  const auto outcome = this->outcome(run);
  EXPECT_EQ(outcome->end, RunEnd::compensated);
  EXPECT_EQ(outcome->error, refuse(51));
  EXPECT_THAT(this->shop.calls(), ElementsAre("place", "charge", "cancel"));
  EXPECT_EQ(this->stock().available(), 1);
  this->check_sound(run);
}

TYPED_TEST(Runner, CancelsWhatIsOutOfStock) {
  auto process = this->process();
  this->begin(*process, "1");
  const RunId second = this->begin(*process, "2");
  this->run_all();
  const auto outcome = this->outcome(second);
  EXPECT_EQ(outcome->reason, "out_of_stock");
  EXPECT_THAT(outcome->shorts, ElementsAre(ShortLine{the_row, 1, 0}));
  EXPECT_THAT(this->shop.calls(), ElementsAre("place", "charge", "clear", "place", "cancel"));
}

// --- retries

TYPED_TEST(Runner, SucceedsAfterSoManyFaults) {
  for (int faults = 0; faults <= 3; ++faults) {
    RunnerFixture<TypeParam> fixture;
    auto process = fixture.process();
    int failing = faults;
    const auto fail = [&](const auto&) { return failing-- > 0 ? Mishap::failed : Mishap::none; };
    process->connection.at_apply = fail;
    fixture.shop.fail("clear", Error{Errc::unavailable}, faults);
    const RunId run = fixture.begin(*process);
    fixture.run_all();
    EXPECT_EQ(fixture.outcome(run)->end, RunEnd::completed);
    EXPECT_EQ(fixture.shop.times_called("clear"), 1u + static_cast<unsigned>(faults));
    fixture.check_sound(run);
  }
}

TYPED_TEST(Runner, ASendingWithoutAnswerGoesOutAgainThirtySecondsAfterItBegan) {
  auto process = this->process();
  this->shop.wait("charge", 2);
  const RunId run = this->begin(*process);
  EXPECT_EQ(this->shop.times_called("charge"), 1u);
  this->run_for(30s - 1ms);
  EXPECT_EQ(this->shop.times_called("charge"), 1u);
  this->run_for(1ms);
  EXPECT_EQ(this->shop.times_called("charge"), 2u);
  this->run_for(30s);
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
}

TYPED_TEST(Runner, AStepThatThrowsIsUnknownAndAskedAgain) {
  auto process = this->process();
  this->shop.script("charge", [this](const StepContext& step) -> result<Reply<sample::Receipt>> {
    this->shop.took_effect("charge", step.id);
    throw 7;
  });
  const RunId run = this->begin(*process);
  this->run_all();
  EXPECT_EQ(this->shop.times_called("charge"), 2u);
  this->check_sound(run);
}

TYPED_TEST(Runner, EveryLostReplyOfTheStockIsAskedForAgainUnderItsId) {
  auto process = this->process();
  int number = 0;
  process->connection.at_apply = [&](const Operation&) {
    return number++ % 2 == 0 ? Mishap::lost : Mishap::none;
  };
  const RunId run = this->begin(*process);
  this->run_all();
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
  this->check_sound(run);
}

TYPED_TEST(Runner, AReplyThatComesAfterItsRepeatChangesNothing) {
  auto process = this->process();
  int number = 0;
  process->connection.at_apply = [&](const Operation&) {
    return number++ == 0 ? Mishap::late : Mishap::none;  // the first reserve
  };
  const RunId run = this->begin(*process);
  this->run_all();
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
  ASSERT_TRUE(process->connection.release_late());
  this->run_all();
  this->check_sound(run);
}

TYPED_TEST(Runner, ALateReserveOfARunThatWasCompensatedHoldsNothing) {
  auto process = this->process();
  process->connection.at_apply = [&](const Operation& operation) {
    return std::holds_alternative<Reserve>(operation) ? Mishap::late : Mishap::none;
  };
  const RunId run = this->begin(*process);
  this->run_all();
  EXPECT_EQ(this->outcome(run)->end, RunEnd::compensated);
  while (process->connection.release_late()) this->run_all();
  EXPECT_EQ(this->stock().reserved, 0);
  this->check_sound(run);
}

TYPED_TEST(Runner, AReplyThatComesAfterTheRunnerEndedIsDropped) {
  typename RunnerFixture<TypeParam>::Connection connection(
      this->parts.backend, [this] { this->parts.advance_to(this->clock.now()); });
  connection.at_apply = [](const Operation&) { return Mishap::late; };
  {
    SagaRunner runner(connection, Environment{this->clock, this->executor});
    runner.add(sample::checkout, this->shop);
    ASSERT_THAT(runner.start(sample::checkout, this->order(), this->request()), IsOk());
    EXPECT_GT(this->executor.waiting(), 0u);
  }
  EXPECT_EQ(this->executor.waiting(), 0u);  // it left no timer behind
  EXPECT_TRUE(connection.release_late());
  this->run_all();
}

// --- holds that run out (the document's D14)

TYPED_TEST(Runner, APaymentSlowerThanTheHoldReservesAnew) {
  auto process = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*process);
  this->clock.advance(sample::hold_length + 1s);
  const auto paid = sample::Receipt{};
  const CallId call = this->shop.last_pending();
  this->shop.took_effect("charge", call);
  ASSERT_THAT(process->runner.complete(run, call, paid), IsOk());
  this->run_all();
  EXPECT_THAT(this->story(run), ::testing::Contains("outcome reserve done 1"));
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
  this->check_sound(run);
}

TYPED_TEST(Runner, APaymentSlowerThanTheHoldIsRefundedIfTheStockIsGone) {
  auto process = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*process, "1");
  this->clock.advance(sample::hold_length + 1s);
  const RunId rival = this->begin(*process, "2");
  const CallId call = this->shop.last_pending();
  ASSERT_THAT(process->runner.complete(run, call, sample::Receipt{}), IsOk());
  this->run_all();
  EXPECT_EQ(this->outcome(rival)->end, RunEnd::completed);
  EXPECT_EQ(this->outcome(run)->end, RunEnd::compensated);
  EXPECT_EQ(this->outcome(run)->reason, "hold_expired");
  EXPECT_EQ(this->shop.times_called("refund"), 1u);
  EXPECT_EQ(this->stock().sold, 1);
}

TYPED_TEST(Runner, AHoldThatSomebodyReleasedIsCompensated) {
  auto process = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*process);
  const Release release{reservation_id(run, sample::reserve_step, 0)};
  ASSERT_THAT(this->parts.stock().release(release), testing::Answers(ReleaseAnswer::released));
  const CallId call = this->shop.last_pending();
  ASSERT_THAT(process->runner.complete(run, call, sample::Receipt{}), IsOk());
  this->run_all();
  EXPECT_EQ(this->outcome(run)->reason, "hold_released");
  EXPECT_EQ(this->shop.times_called("refund"), 1u);
}

// --- what a call is completed with

static_assert(detail::CallAnswer<sample::Receipt>);
static_assert(detail::CallAnswer<Error>);
static_assert(detail::CallAnswer<result<sample::Receipt>>);
static_assert(!detail::CallAnswer<result<void>>);
static_assert(!detail::CallAnswer<const char*>);

TYPED_TEST(Runner, ACallIsCompletedWithAValueAnErrorOrAResult) {
  this->stock_up(9);
  auto process = this->process();
  const auto waiting = [&](const std::string& number) {
    this->shop.wait("charge");
    return this->begin(*process, number);
  };
  std::optional<result<NewsAnswer>> told;
  const Completion<NewsAnswer> done{
      [](void* context, std::uint64_t, result<NewsAnswer>&& answer) noexcept {
        static_cast<std::optional<result<NewsAnswer>>*>(context)->emplace(std::move(answer));
      },
      &told};
  const auto end_of = [&](RunId run) {
    this->run_all();
    return this->outcome(run)->end;
  };
  RunId run = waiting("value");
  EXPECT_THAT(process->runner.complete(run, this->shop.last_pending(), sample::Receipt{9}),
              IsOkAndHolds(NewsAnswer::recorded));
  EXPECT_EQ(end_of(run), RunEnd::completed);
  run = waiting("error");
  EXPECT_THAT(process->runner.complete(run, this->shop.last_pending(), refuse(51)),
              IsOkAndHolds(NewsAnswer::recorded));
  EXPECT_EQ(end_of(run), RunEnd::compensated);
  run = waiting("value later");
  process->runner.complete(run, this->shop.last_pending(), sample::Receipt{9}, done);
  EXPECT_EQ(end_of(run), RunEnd::completed);
  EXPECT_THAT(*told, IsOkAndHolds(NewsAnswer::recorded));
  run = waiting("error later");
  process->runner.complete(run, this->shop.last_pending(), refuse(51), done);
  EXPECT_EQ(end_of(run), RunEnd::compensated);
  run = waiting("result");
  EXPECT_THAT(
      process->runner.complete(run, this->shop.last_pending(), result<sample::Receipt>(refuse(51))),
      IsOkAndHolds(NewsAnswer::recorded));
  EXPECT_EQ(end_of(run), RunEnd::compensated);
  run = waiting("another type");
  EXPECT_THAT(process->runner.complete(run, this->shop.last_pending(), std::string("paid")),
              ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(process->runner.complete(run, this->shop.last_pending(), Error{}),
              ErrorIs(Errc::invalid_argument));
}

// --- one effect a request

TYPED_TEST(Runner, ARepeatedRequestIsInProgressAndThenGetsTheStoredAnswer) {
  auto process = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*process);
  const auto again = [&] {
    return process->runner.start(sample::checkout, this->order(), this->request()).assume_value();
  };
  EXPECT_EQ(again().state, ClaimState::in_progress);
  const CallId call = this->shop.last_pending();
  ASSERT_THAT(process->runner.complete(run, call, refuse(51)), IsOk());
  EXPECT_EQ(again().state, ClaimState::completed);
  ASSERT_TRUE(again().outcome.has_value());
  EXPECT_EQ(*again().outcome, *this->outcome(run));
  EXPECT_EQ(this->shop.times_called("place"), 1u);
}

TYPED_TEST(Runner, AReusedRequestIdWithOtherContentIsAMismatch) {
  auto process = this->process();
  this->begin(*process);
  StartRequest other = this->request();
  other.fingerprint = fingerprint(as_bytes("something else"));
  const auto begun = process->runner.start(sample::checkout, this->order(), other);
  ASSERT_THAT(begun, IsOk());
  EXPECT_EQ(begun.assume_value().state, ClaimState::mismatch);
  EXPECT_FALSE(begun.assume_value().outcome.has_value());
}

TYPED_TEST(Runner, ARequestPastItsDeadlineIsExpired) {
  auto process = this->process();
  StartRequest late = this->request();
  late.deadline = start_time;
  const auto begun = process->runner.start(sample::checkout, this->order(), late);
  ASSERT_THAT(begun, IsOk());
  EXPECT_EQ(begun.assume_value().state, ClaimState::expired);
  EXPECT_THAT(this->shop.calls(), IsEmpty());
}

/// Its run waits for the payment: it is not lost, and may be sold yet.
TYPED_TEST(Runner, ARequestPastItsDeadlineWhoseRunGoesOnIsInProgress) {
  auto process = this->process();
  this->shop.wait("charge");
  const RunId run = this->begin(*process);
  StartRequest again = this->request();
  this->parts.advance_to(again.deadline);
  this->clock.advance_to(again.deadline);
  auto late = process->runner.start(sample::checkout, this->order(), again);
  ASSERT_THAT(late, IsOk());
  EXPECT_EQ(late.assume_value().state, ClaimState::in_progress);
  auto other = this->process();
  late = other->runner.start(sample::checkout, this->order(), again);
  ASSERT_THAT(late, IsOk());
  EXPECT_EQ(late.assume_value().state, ClaimState::in_progress) << "at another process";
  this->shop.took_effect("charge", this->shop.last_pending());
  this->run_all();
  late = process->runner.start(sample::checkout, this->order(), again);
  EXPECT_EQ(late.assume_value().state, ClaimState::completed);
  this->check_sound(run);
}

TYPED_TEST(Runner, WithoutARequestTheKeyNamesTheRun) {
  auto process = this->process();
  StartRequest request;
  request.key = "job 1";
  const auto first = process->runner.start(sample::checkout, this->order(), request);
  const auto second = process->runner.start(sample::checkout, this->order(), request);
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(first.assume_value().state, ClaimState::fresh);
  EXPECT_EQ(second.assume_value().state, ClaimState::completed);  // at the same instant
  EXPECT_EQ(this->shop.times_called("place"), 1u);
}

TYPED_TEST(Runner, RefusesWhatCannotBeBegun) {
  auto process = this->process();
  const auto begin = [&](const StartRequest& request) {
    return process->runner.start(sample::checkout, this->order(), request);
  };
  StartRequest request;
  EXPECT_THAT(begin(request), ErrorIs(Errc::invalid_argument));
  request.key = std::string(1'025, 'x');
  EXPECT_THAT(begin(request), ErrorIs(Errc::invalid_argument));
  request.key = "1";
  request.request = request_key("t", "o", "1");  // without a deadline
  EXPECT_THAT(begin(request), ErrorIs(Errc::invalid_argument));
  RunnerOptions full;
  full.max_runs = 0;
  auto other = this->process(full);
  EXPECT_THAT(other->runner.start(sample::checkout, this->order(), this->request()),
              ErrorIs(Errc::resource_exhausted));
  EXPECT_EQ(this->begin(*process), this->run_of());  // the claim was given back
}

TYPED_TEST(Runner, NamesItsRunsByTheServicesSecretInEachOfItsProcesses) {
  constexpr HashKey secret{1, 2};
  RunnerOptions options;
  options.secret = secret;
  StartRequest by_key;
  by_key.key = "1";
  for (const StartRequest& request : {this->request(), by_key}) {
    const auto saga = sample::checkout.name();
    EXPECT_EQ(run_id(saga, request), run_id(saga, request, {0, 0})) << "zero if it is not set";
    EXPECT_NE(run_id(saga, request), run_id(saga, request, secret));
    auto process = this->process(options);
    const auto begun = process->runner.start(sample::checkout, this->order(), request);
    ASSERT_THAT(begun, testing::IsOk());
    EXPECT_EQ(begun.value().run, run_id(saga, request, secret));
    auto restarted = this->process(options);
    const auto again = restarted->runner.start(sample::checkout, this->order(), request);
    ASSERT_THAT(again, testing::IsOk());
    EXPECT_EQ(again.value().run, begun.value().run);
    EXPECT_NE(again.value().state, ClaimState::fresh);
  }
}

TYPED_TEST(Runner, AStartThatDidNotHappenCanBeRepeated) {
  auto process = this->process();
  process->connection.at_append = [](const RunRecord&) { return Mishap::failed; };
  EXPECT_THAT(process->runner.start(sample::checkout, this->order(), this->request()),
              ErrorIs(Errc::unavailable));
  process->connection.at_append = nullptr;
  EXPECT_EQ(process->runner.runs(), 0u);
  const RunId run = this->begin(*process);
  this->check_sound(run);
}

TYPED_TEST(Runner, AStartWhoseReplyIsLostIsDrivenAllTheSame) {
  for (const Mishap mishap : {Mishap::lost, Mishap::late}) {
    RunnerFixture<TypeParam> fixture;
    auto process = fixture.process();
    process->connection.at_append = [&](const RunRecord&) { return mishap; };
    const auto begun = process->runner.start(sample::checkout, fixture.order(), fixture.request());
    EXPECT_THAT(begun, ErrorIs(Errc::reply_lost));
    process->connection.at_append = nullptr;
    const auto again = process->runner.start(sample::checkout, fixture.order(), fixture.request());
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(again.assume_value().state, ClaimState::in_progress);
    fixture.run_all();
    while (process->connection.release_late()) {
    }
    EXPECT_EQ(fixture.outcome(fixture.run_of())->end, RunEnd::completed);
    fixture.check_sound(fixture.run_of());
  }
}

// --- the log

TYPED_TEST(Runner, ALogThatDoesNotAnswerIsAskedAgainAtGrowingIntervalsForEver) {
  auto process = this->process();
  bool down = false;
  int asked = 0;
  process->connection.at_append = [&](const RunRecord&) {
    asked += down ? 1 : 0;
    return down ? Mishap::failed : Mishap::none;
  };
  this->shop.wait("charge");
  const RunId run = this->begin(*process);
  down = true;
  const CallId call = this->shop.last_pending();
  this->shop.took_effect("charge", call);
  std::optional<NewsAnswer> told;
  process->runner.complete(run, call, sample::Receipt{},
                           {[](void* context, std::uint64_t, result<NewsAnswer>&& answer) noexcept {
                              *static_cast<std::optional<NewsAnswer>*>(context) = answer.value();
                            },
                            &told, 0});
  this->run_for(1h);
  EXPECT_EQ(told, std::nullopt) << "it is not known yet";
  EXPECT_GT(asked, 3600 / 5);
  EXPECT_LT(asked, 3600 / 4 + 10);
  EXPECT_EQ(process->runner.status(run).assume_value().status, OrderStatus::deciding);
  down = false;
  this->run_all();
  EXPECT_EQ(told, NewsAnswer::recorded);
  this->check_sound(run);
}

TYPED_TEST(Runner, TellsTheObserverEachRecordOnceInTheOrderOfTheLog) {
  auto process = this->process();
  const auto& connection = process->connection;
  process->connection.at_append = [&](const RunRecord& record) {
    if (record.kind == RecordKind::begun || record.kind == RecordKind::cancelled) {
      return Mishap::none;
    }
    return connection.writes % 2 == 0 ? Mishap::lost : Mishap::none;
  };
  process->connection.at_apply = [&](const Operation&) {
    return connection.writes % 3 == 1 ? Mishap::lost : Mishap::none;
  };
  this->shop.wait("charge");
  const RunId run = this->begin(*process);
  this->run_for(4s);
  ASSERT_EQ(process->runner.cancel(run, "").assume_value().decision, CancelDecision::accepted);
  const CallId call = this->shop.last_pending();
  ASSERT_THAT(process->runner.complete(run, call, sample::Receipt{}), IsOk());
  this->run_all();
  const auto told = this->witness.records(run);
  const auto log = this->records(run);
  ASSERT_EQ(told.size(), log.size());
  for (std::size_t i = 0; i < log.size(); ++i) {
    EXPECT_EQ(told[i].kind, log[i].kind) << i;
    EXPECT_EQ(told[i].step, log[i].step) << i;
    EXPECT_EQ(told[i].events.size(), log[i].events.size()) << i;
  }
  EXPECT_EQ(this->witness.outcomes(run).size(), 1u);
}

/// Asks the runner about the run from within.
template <class Runner>
class Curious final : public RunObserver {
 public:
  void recorded(RunId run, const RunState& state, const RunRecord&) override {
    if (runner == nullptr) return;
    const auto status = runner->status(run);
    ASSERT_THAT(status, IsOk());
    EXPECT_EQ(status.assume_value().since, state.last_change);
    ++asked;
  }
  Runner* runner = nullptr;
  int asked = 0;
};

TYPED_TEST(Runner, AnObserverMayAskTheRunner) {
  Curious<typename RunnerFixture<TypeParam>::Runner> curious;
  RunnerOptions options;
  options.observer = &curious;
  auto process = this->process(options);
  curious.runner = &process->runner;
  const RunId run = this->begin(*process);
  EXPECT_EQ(curious.asked, static_cast<int>(this->records(run).size()));
}

// --- a backend that sagas cannot use, and whose type does not tell

struct HoldsInPart final : Forwarding<HoldsInPart, MemoryBackend<>> {
  explicit HoldsInPart(MemoryBackend<>& memory) : Forwarding(memory) {}
  static constexpr Capabilities capabilities() noexcept { return {.linearizable = true}; }
};

TEST(RunnerReady, NamesWhatAnErasedBackendLacks) {
  sample::Shop shop;
  testing::ManualClock clock{start_time};
  LocalExecutor executor(clock);
  MemoryBackend<> memory;
  HoldsInPart in_part(memory);
  AnyBackend backend(in_part);
  SagaRunner runner(backend, Environment{clock, executor});
  runner.add(sample::checkout, shop);
  ASSERT_THAT(runner.ready(), ErrorIs(Errc::unsupported));
  EXPECT_EQ(to_string(runner.ready().error()), "unsupported: multi_row_atomic");
  StartRequest request;
  request.key = "1";
  const auto order = RunnerFixture<OnOneAppend>::order();
  EXPECT_THAT(runner.start(sample::checkout, order, request), ErrorIs(Errc::unsupported));
  EXPECT_THAT(run_sync(sample::checkout, order, shop, backend, clock, executor, request),
              ErrorIs(Errc::unsupported));
  EXPECT_EQ(runner.recover().failed, 1u);
  EXPECT_EQ(runner.runs(), 0u);
  AnyBackend whole(memory);
  SagaRunner other(whole, Environment{clock, executor});
  EXPECT_THAT(other.ready(), IsOk());
}

}  // namespace
}  // namespace invsaga::runner_tests
