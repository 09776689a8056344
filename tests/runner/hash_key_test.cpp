// SPDX-License-Identifier: Apache-2.0
//
// No answer, no order of a listing and nothing that is told depends on the keys of the tables.
// (That a whole replay does not: `replay.repeatable`, whose processes draw each its own.)
#include <algorithm>
#include <string>
#include <vector>

#include "invsaga/id_text.hpp"
#include "invsaga/inbox.hpp"
#include "invsaga/memory.hpp"
#include "invsaga/memory_bus.hpp"
#include "invsaga/relay.hpp"
#include "invsaga/testing/events.hpp"
#include "invsaga/testing/model_check.hpp"
#include "invsaga/testing/recorder.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

constexpr HashKey one_key{1, 2};
constexpr HashKey other_key{0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull};
constexpr int orders = 120;

using Story = std::vector<std::string>;

/// Tells all that an observer, a bus and a consumer hear, in order.
class Teller final : public RunObserver, public BusObserver {
 public:
  void recorded(RunId run, const RunState&, const RunRecord& record) override {
    story.push_back("recorded " + to_hex(run) + " " + std::string(name(record.kind)));
  }
  void ended(RunId run, const RunState&, const RunOutcome& outcome) override {
    story.push_back("ended " + to_hex(run) + " " + std::string(name(outcome.end)));
  }
  void published(const Event& event, bool repeat) override {
    story.push_back("published " + to_hex(event.id) + (repeat ? " again" : ""));
  }
  void delivered(const Event& event, std::string_view consumer, Handling handling) override {
    story.push_back(std::string(consumer) + " " + to_hex(event.id) + " " +
                    std::string(name(handling)));
  }
  void failed(const Event& event, std::string_view consumer, Error) override {
    story.push_back(std::string(consumer) + " " + to_hex(event.id) + " failed");
  }
  Story story;
};

/// A service: some orders are placed, some refused, some declined, some wait for their payment for
/// ever; of the consumer's events some fail once, and some are dead.
class Service {
 public:
  explicit Service(HashKey key)
      : backend_(limits(key)),
        bus_(environment(),
             {.retry = RetryPolicy::every(1s, 10s), .hash_key = key, .observer = &teller_}),
        relay_(backend_, bus_, environment(), {.batch = 16}),
        inbox_(backend_, "mail", {.hash_key = key}),
        runner_(backend_, environment(), options()) {
    runner_.add(sample::checkout, shop_);
    backend_.advance_to(start_time);
    const Line stock[] = {{the_row, orders}};
    testing::name_rows(backend_, stock);
    EXPECT_THAT(backend_.adjust({AdjustId{1, 1}, AdjustReason::opening, start_time + 1h, stock}),
                testing::IsAdjusted());
    const auto handler = [this](const Event& event) { return handle(event); };
    EXPECT_THAT(subscriptions_.add(bus_.subscribe("mail", {}, handler)), testing::IsOk());
    EXPECT_THAT(relay_.start(), testing::IsOk());
  }

  Story run() {
    for (int i = 1; i <= orders; ++i) order(i);
    for (int turn = 0; turn < 200; ++turn) {
      relay_.wake();
      executor_.run_until(clock_.now() + 1s);
      backend_.advance_to(clock_.now());
    }
    shop_.wait("charge", 30);
    for (int i = orders + 1; i <= orders + 30; ++i) order(i);
    tell_listings();
    return std::move(teller_.story);
  }

 private:
  static MemoryLimits limits(HashKey key) {
    MemoryLimits made;
    made.hash_key = key;
    return made;
  }
  RunnerOptions options() {
    RunnerOptions made;
    made.observer = &teller_;
    return made;
  }
  Environment environment() { return {clock_, executor_, 1}; }

  void order(int i) {
    if (i % 5 == 0) shop_.wait("charge");
    if (i % 7 == 0) shop_.fail("charge", refuse(1));
    sample::Order order;
    order.number = std::to_string(i);
    StartRequest request;
    request.key = order.number;
    request.request = request_key("tenant", "checkout", order.number);
    request.fingerprint = fingerprint_of(order);
    request.deadline = start_time + 24h;
    const auto begun = runner_.start(sample::checkout, order, request);
    teller_.story.push_back(begun.has_value() ? std::string(name(begun.assume_value().state))
                                              : to_string(begun.assume_error()));
  }

  result<Handling> handle(const Event& event) {
    return inbox_.handle(event, [&](const Event&) -> result<void> {
      const bool dead = event.sequence == 2 && event.run.low % 3 == 0;
      const bool once = ++calls_ % 11 == 0;
      if (dead) return Error{Errc::corrupt};
      if (once) return Error{Errc::unavailable};
      return success();
    });
  }

  void tell_listings() {
    RunId last;
    for (;;) {
      const auto page = backend_.unfinished(last, 7).value();
      if (page.empty()) break;
      for (const RunId run : page) teller_.story.push_back("unfinished " + to_hex(run));
      last = page.back();
    }
    const auto pending = backend_.pending(0, 1'000).value();
    for (const PendingEvent& event : pending) {
      teller_.story.push_back("pending " + to_hex(event.run));
    }
    for (const DeadLetter& letter : bus_.dead(5)) {
      teller_.story.push_back("dead " + to_hex(letter.event.id));
    }
    for (const testing::KeptRecord& record : backend_.recorder().records()) {
      teller_.story.push_back(std::to_string(to_ms(record.at)) + " " + to_hex(record.expired) +
                              to_hex(record.run) + std::string(name(record.answer)));
    }
  }

  testing::ManualClock clock_{start_time};
  testing::SimulatedExecutor executor_{clock_};
  Teller teller_;
  sample::Shop shop_;
  MemoryBackend<testing::KeepingRecorder> backend_;
  MemoryBus bus_;
  testing::Subscriptions subscriptions_;
  Relay relay_;
  Inbox inbox_;
  SagaRunner<MemoryBackend<testing::KeepingRecorder>> runner_;
  int calls_ = 0;
};

bool tells(const Story& story, std::string_view word) {
  return std::ranges::any_of(story, [&](const std::string& line) { return line.find(word) == 0; });
}

TEST(TheKeyOfTheTables, DecidesNothingThatAServiceTells) {
  const Story one = Service(one_key).run();
  EXPECT_EQ(one, Service(other_key).run());
  EXPECT_EQ(one, Service(HashKey{}).run()) << "with the key of this process";
  for (const auto* word : {"ended", "unfinished", "dead", "mail", "published"}) {
    EXPECT_TRUE(tells(one, word)) << "no line of the story begins with " << word;
  }
}

/// What a ledger answers, and what it tells its recorder, step by step.
Story worked(const std::vector<testing::WorkStep>& work, const testing::WorkShape& shape,
             HashKey key) {
  MemoryLimits limits;
  limits.store = shape.limits;
  limits.hash_key = key;
  MemoryBackend<testing::KeepingRecorder> backend(limits);
  backend.advance_to(shape.start);
  Story story;
  Time now = shape.start;
  for (const testing::WorkStep& step : work) {
    if (step.kind == testing::WorkStep::Kind::advance) {
      backend.advance_to(now = saturating_add(now, step.by));
    } else if (step.kind == testing::WorkStep::Kind::acknowledge_sale) {
      EXPECT_TRUE(backend.acknowledge_sale(step.id).has_value());
    } else {
      const Operation operation = step.operation.view();
      result<Answer> answer = Error{Errc::unavailable};
      backend.apply({&operation, 1}, {&answer, 1});
      story.push_back(answer.has_value() ? std::string(name(answer.assume_value()))
                                         : to_string(answer.assume_error()));
    }
  }
  for (const testing::KeptRecord& record : backend.recorder().records()) {
    story.push_back(std::to_string(to_ms(record.at)) + to_hex(record.expired) +
                    std::string(name(record.answer)) + (record.repeat ? " again" : ""));
  }
  return story;
}

TEST(TheKeyOfTheTables, DecidesNoAnswerAndNoExpiryOfTheStock) {
  testing::WorkShape shape;
  shape.ids = 200;
  shape.limits.max_records = 40;  // so that ids are forgotten for want of room
  shape.limits.grace = Duration{5};
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto work = testing::make_work(testing::WorkSource(seed), 1'000, shape);
    EXPECT_EQ(worked(work, shape, one_key), worked(work, shape, other_key)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace invsaga::runner_tests
