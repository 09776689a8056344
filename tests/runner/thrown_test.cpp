// SPDX-License-Identifier: Apache-2.0
//
// What steps, observers and encoders throw: at first, in the middle, at last and always. The run
// goes on, and the runner tells that it was thrown.
#include <stdexcept>
#include <string>

#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;

/// Throws what is no exception of the library's, or no exception at all.
class ThrowingObserver final : public RunObserver {
 public:
  /// At these of what it is told, counted from 1.
  explicit ThrowingObserver(std::function<bool(int)> at) : at_(std::move(at)) {}
  void recorded(RunId, const RunState&, const RunRecord&) override { told(); }
  void ended(RunId, const RunState&, const RunOutcome&) override { told(); }
  int times = 0;

 private:
  void told() {
    if (!at_(++times)) return;
    if (times % 2 == 0) throw 42;
    throw std::runtime_error("observer: the disk is full");
  }
  std::function<bool(int)> at_;
};

template <class Parts>
class ThrownAt : public ::testing::Test, public RunnerFixture<Parts> {};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(ThrownAt, BothBackends);

TYPED_TEST(ThrownAt, AnObserverThatThrowsIsToldOnceAndTheRunGoesOn) {
  ThrowingObserver quiet([](int) { return false; });
  RunnerOptions options;
  options.observer = &quiet;
  {
    const auto process = this->process(options);
    this->begin(*process, "first");
    this->run_all();
  }
  const int all = quiet.times;
  ASSERT_GT(all, 4);
  this->stock_up(static_cast<Units>(all) + 1);
  for (int at = 0; at <= all; ++at) {  // 0: always
    SCOPED_TRACE(at);
    ThrowingObserver observer([at](int time) { return at == 0 || time == at; });
    options.observer = &observer;
    const auto process = this->process(options);
    const RunId run = this->begin(*process, "order " + std::to_string(at));
    this->run_all();
    EXPECT_TRUE(this->outcome(run).has_value());
    EXPECT_EQ(process->runner.runs(), 0u);
    EXPECT_EQ(observer.times, all) << "each is told once";
    const Thrown thrown = process->runner.thrown();
    EXPECT_EQ(thrown.count, at == 0 ? static_cast<std::uint64_t>(all) : 1u);
    EXPECT_THAT(thrown.last, HasSubstr("observer: "));
  }
}

TYPED_TEST(ThrownAt, AStepThatThrowsHasAnsweredUnknownAndIsTriedAgain) {
  this->shop.script("charge", [](const StepContext&) -> result<Reply<sample::Receipt>> {
    throw std::runtime_error("the gateway's driver gave up");
  });
  const auto process = this->process();
  const RunId run = this->begin(*process);
  this->run_all();
  this->check_sound(run);
  EXPECT_EQ(this->outcome(run)->end, RunEnd::completed);
  const Thrown thrown = process->runner.thrown();
  EXPECT_EQ(thrown.count, 1u);
  EXPECT_EQ(thrown.last, "pay: the gateway's driver gave up");
}

/// A log of plain functions that throws at one of its calls: before it has done anything, or after.
class ThrowingLog {
 public:
  int at = 0;
  bool after = false;
  int calls = 0;

  result<Appended> append(RunId run, Position position, std::span<const PreparedRecord> records,
                          const Stamp& stamp) {
    return around([&] { return log_.append(run, position, records, stamp); });
  }
  result<std::vector<RunId>> unfinished(RunId last, std::size_t limit) {
    return log_.unfinished(last, limit);
  }
  result<std::vector<RunId>> stuck(RunId last, std::size_t limit) {
    return log_.stuck(last, limit);
  }
  result<std::vector<EndedRun>> ended(Time before, EndedRun last, std::size_t limit) {
    return log_.ended(before, last, limit);
  }
  result<void> forget(RunId run) { return log_.forget(run); }
  result<std::vector<LogEntry>> read(RunId run) {
    return around([&] { return log_.read(run); });
  }

 private:
  template <class Call>
  auto around(const Call& call) -> decltype(call()) {
    const bool now = ++calls == at;
    if (now && !after) throw std::runtime_error("connection pool: no more connections");
    auto answer = call();
    if (now) throw 42;
    return answer;
  }
  testing::ApartLog log_;
};

struct InThrowingParts {
  using Backend = Joined<MemoryBackend<>, MemoryBackend<>, ThrowingLog, MemoryBackend<>>;
  MemoryBackend<> store, claims, events;
  ThrowingLog records;
  Backend backend{store, claims, records, events};

  void advance_to(Time time) {
    for (MemoryBackend<>* const part : {&store, &claims, &events}) part->advance_to(time);
  }
  MemoryBackend<>& stock() { return store; }
  ThrowingLog& log() { return records; }
};

/// One order over a log that throws. How often the log was called.
int order_over(int at, bool after) {
  RunnerFixture<InThrowingParts> fixture;
  fixture.parts.records.at = at;
  fixture.parts.records.after = after;
  SagaRunner<InThrowingParts::Backend> runner(fixture.parts.backend,
                                              {fixture.clock, fixture.executor, 1});
  runner.add(sample::checkout, fixture.shop);
  const auto begin = [&] {
    return runner.start(sample::checkout, fixture.order(), fixture.request());
  };
  if (const auto begun = begin(); !begun.has_value()) {
    EXPECT_EQ(begun.error().remedy(), Remedy::ask_again);
    EXPECT_THAT(begin(), IsOk());
  }
  fixture.run_all();
  fixture.parts.records.at = 0;
  fixture.check_sound(fixture.run_of());
  return fixture.parts.records.calls;
}

TEST(ThrownByABackend, OfPlainFunctionsIsUnknownAndAskedAgain) {
  const int all = order_over(0, false);
  ASSERT_GT(all, 8);
  for (const bool after : {false, true}) {
    for (int at = 1; at <= all; ++at) {
      SCOPED_TRACE(std::to_string(at) + (after ? " after" : " before"));
      order_over(at, after);
    }
  }
}

TYPED_TEST(ThrownAt, NothingIsToldWhereNothingWasThrown) {
  const auto process = this->process();
  this->begin(*process);
  this->run_all();
  EXPECT_EQ(process->runner.thrown().count, 0u);
  EXPECT_EQ(process->runner.thrown().last, "");
}

}  // namespace
}  // namespace invsaga::runner_tests
