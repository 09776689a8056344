// SPDX-License-Identifier: Apache-2.0
//
// Runs that wait for news, and a store whose answers come when a test wants them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "invsaga/testing/answer_of_call.hpp"
#include "invsaga/testing/owned.hpp"
#include "tests/runner/later_backend.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {

inline const auto paid = result<sample::Receipt>(sample::Receipt{9});

/// Answers that may be held back: a read's or a write's after it was made, a refusal instead.
class Slow final : public LaterBackend<Slow> {
 public:
  Slow(MemoryBackend<>& inner, std::function<void()> tick)
      : LaterBackend(inner), tick_(std::move(tick)) {}

  bool holds_reads = false;
  bool holds_replies = false;
  bool refuses_writes = false;
  bool fails_reads = false;
  bool times_out = false;         ///< A write is kept instead, and may land later.
  std::optional<int> empty_read;  ///< The number of a read that finds nothing.
  std::function<void()> at_read;
  std::function<void(std::vector<LogEntry>&)> at_log;  ///< Sees what is read, and may change it.

  void release_all() {
    for (const auto& answer : std::exchange(held_, {})) answer();
  }
  void release_first() { release(0); }
  void release(std::size_t place) {
    const auto answer = std::move(held_[place]);
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(place));
    answer();
  }
  void release_last() {
    const auto answer = std::move(held_.back());
    held_.pop_back();
    answer();
  }
  [[nodiscard]] std::size_t held() const { return held_.size(); }
  /// The first write that timed out has its effect. False if that is refused.
  bool land() {
    const auto write = late_.front();
    late_.erase(late_.begin());
    return inner().write(write->view()).has_value();
  }

  [[nodiscard]] Time now() const noexcept {
    tick_();
    return inner_now();
  }
  void submit(const Write& write, Completion<WriteReply> done) noexcept {
    tick_();
    if (times_out) {
      late_.push_back(std::make_shared<testing::OwnedWrite>(write));
      return done(Error{Errc::timed_out});
    }
    if (refuses_writes) return held_.push_back([done] { done(Error{Errc::unavailable}); });
    if (!holds_replies) return inner().submit(write, done);
    held_.push_back([done, reply = inner().write(write)] { done(reply); });
  }
  void read(RunId run, Completion<std::vector<LogEntry>> done) noexcept {
    tick_();
    if (at_read) at_read();
    if (fails_reads) return done(Error{Errc::unavailable});
    auto answer = inner().read(run);
    if (reads_++ == empty_read) answer = std::vector<LogEntry>{};
    if (at_log) at_log(answer.assume_value());
    if (!holds_reads) return done(std::move(answer));
    held_.push_back([done, answer] { done(answer); });
  }

 private:
  Time inner_now() const { return const_cast<Slow*>(this)->inner().now(); }
  std::function<void()> tick_;
  std::vector<std::function<void()>> held_;
  std::vector<std::shared_ptr<testing::OwnedWrite>> late_;
  int reads_ = 0;
};

template <class Parts>
class NewsHazardsOn : public ::testing::Test, public RunnerFixture<Parts> {
 protected:
  using Process = typename RunnerFixture<Parts>::Process;
  /// A run that waits for its payment's answer, which was made.
  RunId unpaid(Process& process, const std::string& number = "1") {
    this->shop.wait("charge");
    const RunId run = this->begin(process, number);
    this->shop.took_effect("charge", this->shop.last_pending());
    return run;
  }
  RunId left_alone() {
    auto gone = this->process();
    return unpaid(*gone);
  }
  RunId stuck_at_the_commit(Process& process) {
    process.connection.at_apply = [](const Operation& operation) {
      return std::holds_alternative<Commit>(operation) ? Mishap::failed : Mishap::none;
    };
    const RunId run = this->begin(process);
    this->run_all();
    EXPECT_EQ(process.runner.status(run).assume_value().end, RunEnd::stuck);
    return run;
  }
  RunnerOptions watched_by(Witness& own) {
    own.definition = this->witness.definition;
    RunnerOptions options;
    options.observer = &own;
    return options;
  }
  static std::vector<RecordKind> kinds(const std::vector<RunRecord>& records) {
    std::vector<RecordKind> all;
    for (const RunRecord& record : records) all.push_back(record.kind);
    return all;
  }
};
using NewsHazards = NewsHazardsOn<OnOneAppend>;
using NewsHazardsInSplit = NewsHazardsOn<InSplit>;

/// A run that is driven over a store whose answers are held back.
class SlowNews : public NewsHazards {
 protected:
  Slow slow{parts.backend, [this] { parts.advance_to(clock.now()); }};
  Environment environment() { return {clock, executor, 1}; }

  /// A runner over that store, which knows the saga.
  class SlowRunner : public SagaRunner<Slow> {
   public:
    explicit SlowRunner(SlowNews& world, const RunnerOptions& options = {})
        : SagaRunner(world.slow, world.environment(), options) {
      add(sample::checkout, world.shop);
    }
  };
  /// A run of a new runner that waits for its payment's answer.
  RunId first_unpaid(SlowRunner& runner) {
    shop.wait("charge");
    EXPECT_TRUE(runner.start(sample::checkout, order(), request()).has_value());
    return run_of();
  }
  /// Nothing is held back any more, and reads are answered again; so is what was held.
  void let_go() {
    slow.holds_reads = slow.holds_replies = slow.fails_reads = false;
    slow.release_all();
  }
};

}  // namespace invsaga::runner_tests
