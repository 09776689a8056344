// SPDX-License-Identifier: Apache-2.0
//
// Memory that runs out at each allocation of whole checkouts: one that is placed, one that is
// cancelled, one that another process has left, what is read of them, and the relay that brings
// their events to a bus.
#include <optional>
#include <string>
#include <vector>

#include <invsaga/relay.hpp>

#include "tests/memory/failing_new.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::memory_tests {
namespace {

using runner_tests::InSplit;
using runner_tests::OnOneAppend;
using runner_tests::RunnerFixture;

/// What a caller was told of what he asked, if it was asked.
template <class T>
using Told = std::optional<result<T>>;

/// It was done, or the answer says that it was not, or that this is not known. `may_be_none`: it is
/// about a run that may not have begun.
template <class T>
void expect_honest(const Told<T>& told, const char* what, bool may_be_none = false) {
  if (!told || told->has_value()) return;
  const Error& error = told->error();
  const bool none = may_be_none && error.code == Errc::not_found;
  EXPECT_TRUE(none || error.limit == Limit::memory || error.remedy() == Remedy::ask_again)
      << what << ": " << to_string(error);
}

/// A bus that keeps what it took, and refuses what it has no memory for.
class KeepingBus {
 public:
  void publish(std::span<const Event> events, Completion<void> done) noexcept {
    const Event& event = events.front();
    done(detail::guarded<void>(
        [&]() -> result<void> {
          taken_.push_back(event);
          return success();
        },
        no_memory()));
  }
  result<Subscription> subscribe(std::string_view, std::span<const std::string_view>,
                                 EventHandler) {
    return Subscription{};
  }
  result<void> leave(std::string_view) { return success(); }
  const std::vector<Event>& taken() const { return taken_; }

 private:
  std::vector<Event> taken_;
};

/// A backend in its infancy, a process of it, a relay, and all that is asked of them.
template <class Parts>
class Checkouts : public RunnerFixture<Parts> {
  using Runner = SagaRunner<typename Parts::Backend>;

 public:
  Checkouts() {
    this->stock_up(2);  // and there is one
    this->shop.wait("charge", 2);
    auto other = std::make_unique<Process>(*this, 1);
    left_ = begin(*other, "left");
    own_.emplace(*this, 2);
    paid_ = begin(*own_, "paid");
    this->shop.took_effect("charge", call_id(paid_, sample::pay_step));
    other.reset();
    placed_request_ = this->request("placed");
    cancelled_request_ = this->request("cancelled");
    EXPECT_THAT(relay_.start(), testing::IsOk());
    this->run_for(Duration{0});  // the relay's first look
  }

  /// All of it, with an allocation that fails. Whether there was one.
  bool try_all(std::size_t number, bool from_then_on) {
    const auto placed = this->order("placed"), cancelled = this->order("cancelled");
    const RunId to_cancel = this->run_of("cancelled"), to_place = this->run_of("placed");
    const std::string why_not = "changed my mind, as people do";
    Runner& runner = own_->runner;
    const FailingNew failing(number, from_then_on);
    started_ = runner.start(sample::checkout, placed, placed_request_);
    begun_ = runner.start(sample::checkout, cancelled, cancelled_request_);
    cancel_ = runner.cancel(to_cancel, why_not);
    recovered_ = runner.recover();
    status_ = runner.status(to_place);
    why_ = runner.explain(to_place);
    complete_ = runner.complete(paid_, call_id(paid_, sample::pay_step),
                                result<sample::Receipt>(sample::Receipt{1}));
    relay_.wake();
    run_some();
    return FailingNew::hit();
  }

  void check() {
    expect_honest(started_, "start");
    expect_honest(begun_, "start");
    expect_honest(cancel_, "cancel", true);
    expect_honest(status_, "status", true);
    expect_honest(why_, "explain", true);
    expect_honest(complete_, "complete");
    Runner& runner = own_->runner;
    // Memory is there again: whoever was not told asks again, and everything comes to its end.
    start_again("placed", placed_request_);
    start_again("cancelled", cancelled_request_);
    ask_again("cancel", [&] { return runner.cancel(this->run_of("cancelled"), "again"); });
    ask_again("complete", [&] {
      return runner.complete(paid_, call_id(paid_, sample::pay_step),
                             result<sample::Receipt>(sample::Receipt{1}));
    });
    for (int round = 0; round < 5; ++round) {
      this->clock.advance(std::chrono::hours(1));
      this->parts.advance_to(this->clock.now());
      EXPECT_EQ(runner.recover().failed, 0u);
      relay_.wake();
      this->run_all();
    }
    EXPECT_EQ(runner.runs(), 0u);
    check_sums();
    check_events();
  }

 private:
  struct Process {
    Process(Checkouts& fixture, std::uint64_t seed)
        : runner(fixture.parts.backend, {fixture.clock, fixture.executor, seed}, {}) {
      runner.add(sample::checkout, fixture.shop);
    }
    Runner runner;
  };

  RunId begin(Process& process, const std::string& number) {
    EXPECT_TRUE(process.runner.start(sample::checkout, this->order(number), this->request(number)));
    return this->run_of(number);
  }
  void check_sums() {
    Units sold = 0;
    for (const RunId run : runs()) {
      const auto ended = this->outcome(run);
      ASSERT_TRUE(ended.has_value()) << ::testing::PrintToString(this->story(run));
      sold += ended->end == RunEnd::completed ? 1 : 0;
    }
    const StockCounters counters = this->stock();
    EXPECT_EQ(counters.reserved, 0);
    EXPECT_EQ(counters.sold, sold);
    EXPECT_EQ(counters.on_hand, 3 - sold);
    EXPECT_EQ(this->shop.effects("charge") - this->shop.effects("refund"),
              static_cast<std::size_t>(sold));
  }
  /// What the runs have decided was delivered, each run's in its order, and nothing else; what came
  /// again is what came before.
  void check_events() {
    EXPECT_TRUE(this->parts.backend.pending(0, 1).value().empty());
    EXPECT_FALSE(bus_.taken().empty());
    std::size_t delivered = 0;
    for (const RunId run : runs()) {
      std::vector<Event> first;
      for (const Event& event : bus_.taken()) {
        if (event.run != run) continue;
        ++delivered;
        ASSERT_GT(event.sequence, 0u);
        ASSERT_LE(event.sequence, first.size() + 1) << "out of order";
        if (event.sequence > first.size()) first.push_back(event);
        EXPECT_EQ(event, first[event.sequence - 1]);
      }
      std::vector<Event> decided;
      for (const RunRecord& record : this->records(run)) {
        decided.insert(decided.end(), record.events.begin(), record.events.end());
      }
      EXPECT_EQ(first, decided);
    }
    EXPECT_EQ(bus_.taken().size(), delivered) << "of no run of ours";
  }
  std::vector<RunId> runs() const {
    return {left_, paid_, this->run_of("placed"), this->run_of("cancelled")};
  }
  void start_again(const std::string& number, const StartRequest& request) {
    const auto ask = [&] {
      return own_->runner.start(sample::checkout, this->order(number), request);
    };
    ask_again("start", ask);
    if (!this->records(this->run_of(number)).empty()) return;
    // The claim of a run that was not begun could not be given back: its lease ends it.
    this->clock.advance(RunnerOptions{}.lease);
    this->parts.advance_to(this->clock.now());
    ask_again("start", ask);
  }
  /// Who lacked memory leaves the log alone for a while.
  template <class Ask>
  void ask_again(const char* what, const Ask& ask) {
    auto answer = ask();
    if (!answer.has_value()) {
      EXPECT_NE(answer.error().remedy(), Remedy::give_up) << what;
      this->run_all();
      answer = ask();
    }
    EXPECT_THAT(answer, testing::IsOk()) << what;
  }
  void run_some() {
    try {
      this->executor.run_all(1'000);
    } catch (const std::bad_alloc&) {  // the executor is the test's
    }
  }

  KeepingBus bus_;
  Relay relay_{this->parts.backend, bus_, {this->clock, this->executor}};
  std::optional<Process> own_;
  RunId left_, paid_;
  StartRequest placed_request_, cancelled_request_;
  Told<StartAnswer> started_, begun_;
  Told<CancelAnswer> cancel_;
  std::optional<RecoveryReport> recovered_;
  Told<RunStatus> status_;
  Told<std::string> why_;
  Told<NewsAnswer> complete_;
};

template <class Parts>
void try_each() {
  const std::size_t met = fail_each_allocation([](std::size_t number, bool from_then_on) {
    SCOPED_TRACE("allocation " + std::to_string(number) + (from_then_on ? " and all behind" : ""));
    Checkouts<Parts> checkouts;
    const bool hit = checkouts.try_all(number, from_then_on);
    checkouts.check();
    return hit && !::testing::Test::HasFailure();
  });
  EXPECT_GT(met, 1'000u);
}

TEST(ExhaustedRuns, ComeToTheirEndsOnOneAppend) { try_each<OnOneAppend>(); }
TEST(ExhaustedRuns, ComeToTheirEndsWherePartsAreJoined) { try_each<InSplit>(); }

}  // namespace
}  // namespace invsaga::memory_tests
