// SPDX-License-Identifier: Apache-2.0
//
// The backend whose parts live apart, used by many threads at once and answered by others.
//
// labels: tsan

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <utility>
#include <vector>

#include <invsaga/testing/apart_backend.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/on_threads.hpp>
#include <invsaga/testing/store_under_test.hpp>
#include <invsaga/testing/writes.hpp>

namespace invsaga::testing {
namespace {

constexpr std::size_t runs = 200;
constexpr unsigned threads = 4;
const Time until = SystemClock().now() + Duration{3'600'000};
const Line two{Row{0}, 2};

/// A write, with all that is lent until its answer.
struct Asked {
  Asked(std::shared_ptr<const PreparedWrite> asked, std::latch& all)
      : prepared(std::move(asked)), answered(&all) {}
  static void call(void* self, std::uint64_t, result<WriteReply>&& reply) noexcept {
    auto& asked = *static_cast<Asked*>(self);
    ++asked.heard;
    asked.answer = std::move(reply);
    asked.answered->count_down();
  }
  [[nodiscard]] const Write& write() const { return prepared->write(); }
  Completion<WriteReply> completion() { return {&call, this, 0}; }

  std::shared_ptr<const PreparedWrite> prepared;
  std::latch* answered;
  std::atomic<int> heard{0};
  result<WriteReply> answer = Error{Errc::unavailable};
};

Operation reserve(std::uint64_t number) { return Reserve{{7, number}, until, {&two, 1}}; }

/// One run's reserve.
std::shared_ptr<const PreparedWrite> reserve_of_run(std::uint64_t number) {
  RunRecord outcome;
  outcome.kind = RecordKind::outcome;
  outcome.owner = {6, 1};
  Event event;
  event.run = {5, number};
  event.sequence = 1;
  outcome.events = {event};
  return write_of(reserve(number), {event.run, 0, &outcome, &outcome, nullptr});
}

using AllAsked = std::vector<std::unique_ptr<Asked>>;

AllAsked reserves_of_runs(std::latch& all) {
  AllAsked asked;
  for (std::uint64_t i = 1; i <= runs; ++i) {
    asked.push_back(std::make_unique<Asked>(reserve_of_run(i), all));
  }
  return asked;
}

TEST(ApartThreads, EachRunIsAnsweredOnceAndNoUnitIsPromisedTwice) {
  std::latch opened(1);  // they and what was asked end after the threads that answer
  std::latch all(runs);
  const Line stock{Row{0}, 100};
  const Adjust hundred{{9, 1}, AdjustReason::opening, until, {&stock, 1}};
  Asked opening(write_of(hundred, {}), opened);
  const AllAsked asked = reserves_of_runs(all);
  SystemClock clock;
  ThreadExecutor executor(clock, threads);
  ApartParts parts(clock, executor);
  ApartBackend backend(parts);
  name_rows(parts.stock, {&stock, 1});
  parts.stock.submit(opening.write(), opening.completion());
  opened.wait();

  on_threads(threads, [&](unsigned thread) {
    for (std::size_t i = thread; i < runs; i += threads) {
      backend.submit(asked[i]->write(), asked[i]->completion());
    }
  });
  all.wait();

  std::size_t promised = 0;
  for (const auto& one : asked) {
    EXPECT_EQ(one->heard, 1);
    promised += find_answer<Reserved>(one->answer) != nullptr ? 1 : 0;
    EXPECT_EQ(parts.log.read(one->write().run).value().size(), 1u);
  }
  EXPECT_EQ(promised, 50u);
  EXPECT_EQ(parts.stock.stock(Row{0}).value(), (StockCounters{100, 100, 0, 0}));
  EXPECT_EQ(parts.outbox.pending(0, 1'000).value().size(), runs);
}

TEST(ApartThreads, ALineThatIsCutWhileAnswersComeTellsEachOnce) {
  std::latch all(runs);  // it and what was asked end after the threads that answer
  AllAsked asked;
  for (std::uint64_t i = 1; i <= runs; ++i) {
    asked.push_back(std::make_unique<Asked>(write_of(reserve(i), {}), all));
  }
  SystemClock clock;
  ThreadExecutor executor(clock, threads);
  ApartParts parts(clock, executor);
  StoreLine<ApartStore> line(parts.stock);
  for (const auto& one : asked) line.submit(one->write(), one->completion());
  line.cut();
  for (const auto& one : asked) EXPECT_EQ(one->heard, 1) << "and nobody is being told";
}

TEST(ApartThreads, ABackendThatEndsWhileAnswersComeIsTouchedByNobodyAfterwards) {
  std::latch all(runs);  // it and what was asked end after the threads that answer
  const AllAsked asked = reserves_of_runs(all);
  SystemClock clock;
  ThreadExecutor executor(clock, threads);
  ApartParts parts(clock, executor);
  auto backend = std::make_unique<ApartBackend>(parts);
  for (const auto& one : asked) backend->submit(one->write(), one->completion());
  backend.reset();
  for (const auto& one : asked) EXPECT_EQ(one->heard, 1);
}

}  // namespace
}  // namespace invsaga::testing
