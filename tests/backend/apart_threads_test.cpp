// SPDX-License-Identifier: Apache-2.0
//
// The backend whose parts live apart, used by many threads at once and answered by others.
//
// labels: tsan

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <vector>

#include <invsaga/testing/apart_backend.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/on_threads.hpp>

namespace invsaga::testing {
namespace {

constexpr std::size_t runs = 200;
constexpr unsigned threads = 4;
const Time until = SystemClock().now() + Duration{3'600'000};
const Line two{Row{0}, 2};

/// One run's reserve, with all that is lent until its answer.
struct Asked {
  explicit Asked(std::uint64_t number, std::latch& all)
      : operation(Reserve{{7, number}, until, {&two, 1}}), answered(&all) {
    yes.kind = no.kind = RecordKind::outcome;
    yes.owner = no.owner = {6, 1};
    Event event;
    event.run = {5, number};
    event.sequence = 1;
    yes.events = no.events = {event};
    effects = {{5, number}, 0, &yes, &no, nullptr};
  }
  static void call(void* self, std::uint64_t, const result<Applied>& applied) {
    auto& asked = *static_cast<Asked*>(self);
    ++asked.heard;
    asked.answer = applied;
    asked.answered->count_down();
  }

  Operation operation;
  Effects effects;
  RunRecord yes;
  RunRecord no;
  std::latch* answered;
  std::atomic<int> heard{0};
  result<Applied> answer = Error{Errc::unavailable};
};

TEST(ApartThreads, EachRunIsAnsweredOnceAndNoUnitIsPromisedTwice) {
  std::latch opened(1);  // they and what was asked end after the threads that answer
  std::latch all(runs);
  Asked opening(1'000'000, opened);
  std::vector<std::unique_ptr<Asked>> asked;
  for (std::uint64_t i = 0; i < runs; ++i) asked.push_back(std::make_unique<Asked>(i + 1, all));
  SystemClock clock;
  ThreadExecutor executor(clock, threads);
  ApartParts parts(clock, executor);
  ApartBackend backend(parts);
  const Line stock{Row{0}, 100};
  opening.operation = Adjust{{9, 1}, AdjustReason::opening, until, {&stock, 1}};
  parts.stock.submit(opening.operation, {}, {}, {&Asked::call, &opening, 0});
  opened.wait();

  on_threads(threads, [&](unsigned thread) {
    for (std::size_t i = thread; i < runs; i += threads) {
      backend.submit(asked[i]->operation, asked[i]->effects, {}, {&Asked::call, asked[i].get(), i});
    }
  });
  all.wait();

  std::size_t promised = 0;
  for (const auto& one : asked) {
    EXPECT_EQ(one->heard, 1);
    promised += find_answer<Reserved>(one->answer) != nullptr ? 1 : 0;
    EXPECT_EQ(parts.log.read(one->effects.run).value().size(), 1u);
  }
  EXPECT_EQ(promised, 50u);
  EXPECT_EQ(parts.stock.stock(Row{0}).value(), (StockCounters{100, 100, 0, 0}));
  EXPECT_EQ(parts.outbox.pending(1'000).value().size(), runs);
}

TEST(ApartThreads, ALineThatIsCutWhileAnswersComeTellsEachOnce) {
  std::latch all(runs);  // it and what was asked end after the threads that answer
  std::vector<std::unique_ptr<Asked>> asked;
  for (std::uint64_t i = 0; i < runs; ++i) asked.push_back(std::make_unique<Asked>(i + 1, all));
  SystemClock clock;
  ThreadExecutor executor(clock, threads);
  ApartParts parts(clock, executor);
  StoreLine<ApartStore> line(parts.stock);
  for (auto& one : asked) line.submit(one->operation, {}, {}, {&Asked::call, one.get(), 0});
  line.cut();
  for (const auto& one : asked) EXPECT_EQ(one->heard, 1) << "and nobody is being told";
}

TEST(ApartThreads, ABackendThatEndsWhileAnswersComeIsTouchedByNobodyAfterwards) {
  std::latch all(runs);  // it and what was asked end after the threads that answer
  std::vector<std::unique_ptr<Asked>> asked;
  for (std::uint64_t i = 0; i < runs; ++i) asked.push_back(std::make_unique<Asked>(i + 1, all));
  SystemClock clock;
  ThreadExecutor executor(clock, threads);
  ApartParts parts(clock, executor);
  auto backend = std::make_unique<ApartBackend>(parts);
  for (auto& one : asked) {
    backend->submit(one->operation, one->effects, {}, {&Asked::call, one.get(), 0});
  }
  backend.reset();
  for (const auto& one : asked) EXPECT_EQ(one->heard, 1);
}

}  // namespace
}  // namespace invsaga::testing
