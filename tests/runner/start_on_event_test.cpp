// SPDX-License-Identifier: Apache-2.0
//
// Events that start sagas: handed to the handler, and over a bus that repeats and delays them.
#include "invsaga/start_on_event.hpp"

#include "invsaga/memory_bus.hpp"
#include "invsaga/relay.hpp"
#include "invsaga/testing/events.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using testing::ErrorIs;
using ::testing::IsEmpty;
using testing::IsOkAndHolds;
using ::testing::SizeIs;

constexpr StartOnEvent for_a_day{24h};
constexpr std::string_view trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A checkout that an event begins: the order has been placed.
constexpr auto fulfilment = saga<sample::Order, sample::Shop>(
    "fulfilment", 1,
    compensable<"reserve">(sample::hold, sample::give_back, {2s, standard}, {"STOCK_RESERVED"}),
    compensable<"pay">(sample::charge, sample::refund, {5s, sample::every_30s},
                       {"PAYMENT_COMPLETED"}),
    pivot<"commit">(sample::sell, {2s, until_known}, {"STOCK_COMMITTED"}),
    retriable<"clear cart">(sample::clear, {2s, until_done}, {"CART_CLEARED"}));

/// The order service's own: it tells that a checkout has begun, and bears the order.
result<sample::Order> take(const sample::Order& order) { return order; }
constexpr auto ordering = saga<sample::Order, sample::Shop>(
    "ordering", 1, pivot<"place">(take, {2s, until_known}, {"ORDER_CHECKOUT_STARTED"}));

template <class Parts>
class StartsOnEvent : public ::testing::Test, public RunnerFixture<Parts> {
 protected:
  using Process = typename RunnerFixture<Parts>::Process;

  /// What the order service tells: the `n`-th event of its run.
  Event event(const std::string& number = "1", std::uint64_t n = 1) {
    Event told = testing::event_of(testing::run_no(1), n, "ORDER_CHECKOUT_STARTED");
    told.subject = number;
    told.time = start_time;
    told.traceparent = trace;
    told.data = encode(RunnerFixture<Parts>::order(number));
    return told;
  }
  result<Handling> deliver(Process& process, const Event& event, StartOnEvent options = for_a_day) {
    return testing::handled_by(starts(process.runner, sample::checkout, options), event);
  }
  /// The run that the event begins: its id is the request.
  RunId run_of(const Event& event) const {
    StartRequest request;
    request.request = request_key("sample checkout", "start on event", to_hex(event.id));
    return run_id("sample checkout", request);
  }
};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(StartsOnEvent, BothBackends);

TYPED_TEST(StartsOnEvent, AnEventStartsARunWithItsDataAsInput) {
  auto process = this->process();
  const Event event = this->event("17");
  EXPECT_THAT(this->deliver(*process, event), IsOkAndHolds(Handling::handled));
  this->run_all();
  const auto records = this->records(this->run_of(event));
  ASSERT_FALSE(records.empty());
  EXPECT_EQ(records[0].output, event.data);
  EXPECT_EQ(this->outcome(this->run_of(event))->end, RunEnd::completed);
  this->check_sound(this->run_of(event));
}

TYPED_TEST(StartsOnEvent, SubjectAndTraceReachTheRunItsStepsAndItsEvents) {
  auto process = this->process();
  std::string key, traced;
  this->shop.script("place", [&](const StepContext& step) -> result<Reply<sample::Receipt>> {
    key = step.key;
    traced = step.traceparent;
    return Reply<sample::Receipt>(sample::Receipt{});
  });
  const Event event = this->event("17");
  ASSERT_THAT(this->deliver(*process, event), IsOkAndHolds(Handling::handled));
  this->run_all();
  EXPECT_EQ(key, "17");
  EXPECT_EQ(traced, trace);
  const auto begun = this->records(this->run_of(event))[0];
  EXPECT_EQ(begun.key, "17");
  EXPECT_EQ(begun.traceparent, trace);
  const auto told = testing::pending(this->parts.backend, 100).value();
  EXPECT_THAT(told, SizeIs(5));
  EXPECT_THAT(told, Each(::testing::Field(&Event::subject, "17")));
  EXPECT_THAT(told, Each(::testing::Field(&Event::traceparent, trace)));
}

TYPED_TEST(StartsOnEvent, WithoutASubjectTheEventNamesTheRun) {
  auto process = this->process();
  Event event = this->event();
  event.subject.clear();
  ASSERT_THAT(this->deliver(*process, event), IsOkAndHolds(Handling::handled));
  EXPECT_EQ(this->records(this->run_of(event))[0].key, to_hex(event.id));
}

// Whatever subject the decoder takes is a run's key.
TYPED_TEST(StartsOnEvent, ASubjectOfAnyLengthThatIsReadBeginsARun) {
  this->stock_up(3);
  auto process = this->process();
  std::uint64_t n = 0;
  for (const std::size_t bytes : {1u, 255u, 256u, 1'024u}) {
    const Event sent = this->event(std::string(bytes, 'x'), ++n);
    const auto came = from_cloud_event(as_bytes(to_cloud_event(sent, "/orders")));
    ASSERT_THAT(came, testing::IsOk()) << bytes;
    EXPECT_THAT(this->deliver(*process, came.value()), IsOkAndHolds(Handling::handled)) << bytes;
    this->run_all();
    EXPECT_EQ(this->outcome(this->run_of(sent))->end, RunEnd::completed) << bytes;
    for (const RunRecord& record : this->records(this->run_of(sent))) {
      for (const Event& told : record.events) EXPECT_EQ(told.subject, sent.subject);
    }
  }
  const Event too_long = this->event(std::string(1'025, 'x'), ++n);
  EXPECT_THAT(from_cloud_event(as_bytes(to_cloud_event(too_long, "/orders"))),
              ErrorIs(Errc::limit_exceeded));
  EXPECT_THAT(this->deliver(*process, too_long), ErrorIs(Errc::invalid_argument));
}

TYPED_TEST(StartsOnEvent, TheRunsIdIsOfTheServicesSecret) {
  constexpr HashKey secret{1, 2};
  RunnerOptions options;
  options.secret = secret;
  auto process = this->process(options);
  const Event event = this->event();
  ASSERT_THAT(this->deliver(*process, event), IsOkAndHolds(Handling::handled));
  StartRequest request;
  request.request = request_key("sample checkout", "start on event", to_hex(event.id), secret);
  EXPECT_FALSE(this->records(run_id("sample checkout", request, secret)).empty());
  EXPECT_TRUE(this->records(this->run_of(event)).empty());
}

// --- delivered again

TYPED_TEST(StartsOnEvent, DeliveredAgainItBeginsNothing) {
  auto process = this->process();
  this->shop.wait("charge");
  const Event event = this->event();
  ASSERT_THAT(this->deliver(*process, event), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(this->deliver(*process, event), IsOkAndHolds(Handling::duplicate));
  const auto paid = result<sample::Receipt>(sample::Receipt{});
  const CallId call = this->shop.last_pending();
  this->shop.took_effect("charge", call);
  ASSERT_THAT(process->runner.complete(this->run_of(event), call, paid), testing::IsOk());
  this->run_all();
  const std::size_t length = this->records(this->run_of(event)).size();

  EXPECT_THAT(this->deliver(*process, event), IsOkAndHolds(Handling::duplicate));  // it has ended
  auto restarted = this->process();
  EXPECT_THAT(this->deliver(*restarted, event), IsOkAndHolds(Handling::duplicate));
  this->run_all();
  EXPECT_EQ(this->records(this->run_of(event)).size(), length);
  EXPECT_EQ(this->shop.times_called("place"), 1u);
  this->check_sound(this->run_of(event));
}

TYPED_TEST(StartsOnEvent, ACompensatedRunIsNotBegunAnewEither) {
  auto process = this->process();
  this->shop.fail("charge", refuse(51));
  const Event event = this->event();
  ASSERT_THAT(this->deliver(*process, event), IsOkAndHolds(Handling::handled));
  this->run_all();
  EXPECT_THAT(this->deliver(*process, event), IsOkAndHolds(Handling::duplicate));
  this->run_all();
  EXPECT_EQ(this->outcome(this->run_of(event))->end, RunEnd::compensated);
  EXPECT_THAT(this->shop.calls(), ElementsAre("place", "charge", "cancel"));
}

TYPED_TEST(StartsOnEvent, EachEventStartsARunOfItsOwn) {
  auto process = this->process();
  this->stock_up(1);
  const Event first = this->event("17", 1);
  const Event second = this->event("17", 2);  // the same data and subject
  EXPECT_THAT(this->deliver(*process, first), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(this->deliver(*process, second), IsOkAndHolds(Handling::handled));
  this->run_all();
  EXPECT_NE(this->run_of(first), this->run_of(second));
  EXPECT_EQ(this->stock().sold, 2);
}

TYPED_TEST(StartsOnEvent, OneEventStartsARunOfEachSagaThatWaitsForIt) {
  auto process = this->process();
  this->stock_up(1);
  process->runner.add(fulfilment, this->shop);
  const Event event = this->event();
  const EventHandler other = starts(process->runner, fulfilment, for_a_day);
  EXPECT_THAT(this->deliver(*process, event), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(testing::handled_by(other, event), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(testing::handled_by(other, event), IsOkAndHolds(Handling::duplicate));
  this->run_all();
  EXPECT_EQ(this->stock().sold, 2);
}

// --- what starts nothing

TYPED_TEST(StartsOnEvent, PastItsLifetimeItStartsNothing) {
  auto process = this->process();
  const Event in_time = this->event("1", 1);
  const Event late = this->event("2", 2);
  this->clock.advance(1h - 1ms);
  EXPECT_THAT(this->deliver(*process, in_time, {1h}), IsOkAndHolds(Handling::handled));
  this->run_for(1ms);
  const auto calls = this->shop.calls();
  EXPECT_THAT(this->deliver(*process, late, {1h}), ErrorIs(Errc::too_late));
  // Its run exists: nothing else is ever said of it (protocol rule 6).
  EXPECT_THAT(this->deliver(*process, in_time, {1h}), IsOkAndHolds(Handling::duplicate));
  this->run_all();
  EXPECT_THAT(this->records(this->run_of(late)), IsEmpty());
  EXPECT_EQ(this->shop.calls(), calls);
}

TYPED_TEST(StartsOnEvent, WithoutATimeThereIsNoLifetimeAndItStartsNothing) {
  auto process = this->process();
  Event timeless = this->event();
  timeless.time = {};
  EXPECT_THAT(this->deliver(*process, timeless), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(this->records(this->run_of(timeless)), IsEmpty());
}

TYPED_TEST(StartsOnEvent, OtherDataUnderTheSameIdIsRefused) {
  auto process = this->process();
  const Event event = this->event();
  Event other = event;
  other.data = encode(this->order("666"));
  ASSERT_THAT(this->deliver(*process, event), IsOkAndHolds(Handling::handled));
  EXPECT_THAT(this->deliver(*process, other), ErrorIs(Errc::invalid_argument));
  this->run_all();
  EXPECT_EQ(this->records(this->run_of(event))[0].output, event.data);
  EXPECT_EQ(this->shop.times_called("place"), 1u);
}

TYPED_TEST(StartsOnEvent, DataThatIsNoInputStartsNothingAndTakesNoClaim) {
  auto process = this->process();
  const Event event = this->event();
  Event cut = event, longer = event, empty = event;
  cut.data.pop_back();
  longer.data.push_back({});
  empty.data.clear();
  for (const Event& corrupt : {cut, longer, empty}) {
    EXPECT_THAT(this->deliver(*process, corrupt), ErrorIs(Errc::corrupt));
  }
  EXPECT_EQ(process->runner.runs(), 0u);
  EXPECT_THAT(this->deliver(*process, event), IsOkAndHolds(Handling::handled));
}

TYPED_TEST(StartsOnEvent, AnEventOfASagaThatTheRunnerDoesNotKnowIsAnError) {
  auto process = this->process();
  EXPECT_THAT(testing::handled_by(starts(process->runner, fulfilment, for_a_day), this->event()),
              ErrorIs(Errc::unknown_definition));
}

// --- a start that goes wrong is delivered again

TYPED_TEST(StartsOnEvent, AStartThatDidNotHappenIsBegunByTheNextDelivery) {
  RunnerOptions none;
  none.max_runs = 0;
  auto full = this->process(none);
  auto process = this->process();
  const Event event = this->event();
  EXPECT_THAT(this->deliver(*full, event), ErrorIs(Errc::resource_exhausted));
  process->connection.at_append = [](const RunRecord&) { return Mishap::failed; };
  EXPECT_THAT(this->deliver(*process, event), ErrorIs(Errc::unavailable));
  process->connection.at_append = nullptr;
  EXPECT_THAT(this->deliver(*process, event), IsOkAndHolds(Handling::handled));
  this->run_all();
  this->check_sound(this->run_of(event));
}

TYPED_TEST(StartsOnEvent, AStartWhoseReplyIsLostIsADuplicateWhenItComesAgain) {
  auto process = this->process();
  process->connection.at_append = [](const RunRecord&) { return Mishap::lost; };
  const Event event = this->event();
  EXPECT_THAT(this->deliver(*process, event), ErrorIs(Errc::reply_lost));
  process->connection.at_append = nullptr;
  EXPECT_THAT(this->deliver(*process, event), IsOkAndHolds(Handling::duplicate));
  this->run_all();
  EXPECT_EQ(this->shop.times_called("place"), 1u);
  this->check_sound(this->run_of(event));
}

// --- over a bus

/// Delivers each event late, and twice more after it was acknowledged.
class Troublesome final : public DeliveryHook {
 public:
  DeliveryTiming timing(const Event&, std::string_view) override { return {5s, 2, 10s}; }
};

/// Wakes the relay whenever a run has recorded something.
class Waking final : public RunObserver {
 public:
  void recorded(RunId, const RunState&, const RunRecord&) override {
    if (relay != nullptr) relay->wake();
  }
  Relay* relay = nullptr;
};

/// A shop of two services in one process: one takes orders, the other fulfils them, and all that
/// they know of each other is the event.
template <class Parts>
class StartsOverABus : public ::testing::Test, public RunnerFixture<Parts> {
 protected:
  StartsOverABus() {
    options_.observer = &waking_;
    made = this->process(options_);
    made->runner.add(ordering, this->shop);
    made->runner.add(fulfilment, this->shop);
    waking_.relay = &relay;
    EXPECT_THAT(subscriptions.add(start_on_event(bus, "fulfilment", "ORDER_CHECKOUT_STARTED",
                                                 made->runner, fulfilment, for_a_day)),
                testing::IsOk());
    EXPECT_THAT(subscriptions.add(bus.subscribe("customer", {}, customer.handler())),
                testing::IsOk());
    EXPECT_THAT(relay.start(), testing::IsOk());
  }
  void place(const std::string& number) {
    StartRequest request = this->request(number);
    request.traceparent = trace;
    const auto begun = made->runner.start(ordering, RunnerFixture<Parts>::order(number), request);
    ASSERT_THAT(begun, testing::ClaimIs(ClaimState::fresh));
  }
  /// What the customer is told of an order, each event once.
  std::vector<std::string> told(const std::string& number) const {
    std::vector<std::string> types;
    std::vector<EventId> seen;
    for (const Event& event : customer.delivered()) {
      if (event.subject != number || ::testing::Value(seen, ::testing::Contains(event.id)))
        continue;
      seen.push_back(event.id);
      types.push_back(event.type);
      EXPECT_EQ(event.traceparent, trace);
    }
    return types;
  }

 private:
  Troublesome faults_;
  Waking waking_;
  RunnerOptions options_;

 protected:
  std::unique_ptr<typename RunnerFixture<Parts>::Process> made;  // the bus refers to its runner
  testing::Recipient customer;
  MemoryBus bus{{this->clock, this->executor, 1}, {.delivery_hook = &faults_}};
  testing::Subscriptions subscriptions;
  Relay relay{this->parts.backend, bus, {this->clock, this->executor, 1}};
};
TYPED_TEST_SUITE(StartsOverABus, BothBackends);

TYPED_TEST(StartsOverABus, ACheckoutThatIsToldIsFulfilledOnceHoweverOftenItIsDelivered) {
  this->stock_up(1);
  this->place("1");
  this->place("2");
  this->run_all();
  for (const std::string number : {"1", "2"}) {
    EXPECT_THAT(this->told(number),
                ElementsAre("ORDER_CHECKOUT_STARTED", "STOCK_RESERVED", "PAYMENT_COMPLETED",
                            "STOCK_COMMITTED", "CART_CLEARED"));
  }
  EXPECT_EQ(this->stock().sold, 2);
  EXPECT_EQ(this->shop.effects("charge"), 2u);
  EXPECT_EQ(this->bus.counts().duplicate, 4u);
  EXPECT_EQ(this->bus.counts().pending, 0u);
}

TYPED_TEST(StartsOverABus, AStartThatFailsIsDeliveredAgainUntilItIsBegun) {
  int failing = 4;
  this->made->connection.at_append = [&](const RunRecord& record) {
    const bool fails = record.saga.name == fulfilment.name() && failing > 0 && failing-- > 0;
    return !fails ? Mishap::none : failing % 2 == 0 ? Mishap::lost : Mishap::failed;
  };
  this->place("1");
  this->run_all();
  EXPECT_EQ(this->stock().sold, 1);
  EXPECT_EQ(this->shop.effects("charge"), 1u);
  EXPECT_GT(this->bus.counts().failed, 0u);
  EXPECT_EQ(this->bus.counts().pending, 0u);
}

TYPED_TEST(StartsOverABus, AnEventThatIsNoInputIsDeadAndHoldsNobodyElseBack) {
  Event corrupt = testing::event_of(testing::run_no(1), 1, "ORDER_CHECKOUT_STARTED");
  corrupt.time = start_time;
  ASSERT_THAT(testing::published(this->bus, corrupt), testing::IsOk());
  this->place("1");
  this->run_all();
  const auto dead = this->bus.dead(10);
  ASSERT_THAT(dead, SizeIs(1));
  EXPECT_EQ(dead[0].event, corrupt);
  EXPECT_EQ(dead[0].error, Error{Errc::corrupt});
  EXPECT_EQ(dead[0].attempts, 1u);
  EXPECT_EQ(this->stock().sold, 1);
}

TYPED_TEST(StartsOverABus, OnlyItsTypeStartsIt) {
  Event other = testing::event_of(testing::run_no(1), 1, "ORDER_CHECKOUT_REMOVED");
  other.time = start_time;
  other.data = encode(this->order());
  ASSERT_THAT(testing::published(this->bus, other), testing::IsOk());
  this->run_all();
  EXPECT_THAT(this->customer.delivered(), SizeIs(3));
  EXPECT_THAT(this->shop.calls(), IsEmpty());
}

TYPED_TEST(StartsOverABus, AnEventWaitsWhereTheRunnerEndsBeforeTheBusAndTheNextOneIsStarted) {
  this->stock_up(1);
  this->place("1");
  this->made.reset();
  this->run_for(Duration{120'000});
  EXPECT_EQ(this->bus.counts().dead, 0u);
  EXPECT_GT(this->bus.counts().pending, 0u);
  EXPECT_EQ(this->stock().sold, 0);
  this->subscriptions.end();
  this->made = this->process();
  this->made->runner.add(ordering, this->shop);
  this->made->runner.add(fulfilment, this->shop);
  ASSERT_THAT(
      this->subscriptions.add(start_on_event(this->bus, "fulfilment", "ORDER_CHECKOUT_STARTED",
                                             this->made->runner, fulfilment, for_a_day)),
      testing::IsOk());
  this->made->runner.recover();
  this->run_for(Duration{120'000});
  EXPECT_EQ(this->stock().sold, 1);
}

TYPED_TEST(StartsOverABus, AConsumerSubscribesOnce) {
  EXPECT_THAT(start_on_event(this->bus, "fulfilment", "ORDER_CHECKOUT_STARTED", this->made->runner,
                             fulfilment, for_a_day),
              ErrorIs(Errc::invalid_argument));
}

}  // namespace
}  // namespace invsaga::runner_tests
