// SPDX-License-Identifier: Apache-2.0
//
// Memory that runs out at each allocation of who waits for a run, in each form: told once, how it
// ended or that memory lacked, and who asks again is told how it ended.
#include <coroutine>
#include <optional>
#include <string>
#include <utility>

#include <invsaga/await_run.hpp>

#include "tests/memory/failing_new.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::memory_tests {
namespace {

using runner_tests::InSplit;
using runner_tests::OnOneAppend;
using runner_tests::RunnerFixture;
using testing::IsOk;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

struct Heard {
  int times = 0;
  std::optional<result<RunOutcome>> answer;
  void take(result<RunOutcome>&& came) noexcept {
    ++times;
    answer.emplace(std::move(came));
  }
  Completion<RunOutcome> completion() noexcept {
    return {[](void* self, std::uint64_t, result<RunOutcome>&& came) noexcept {
              static_cast<Heard*>(self)->take(std::move(came));
            },
            this, 0};
  }
};

/// Is made before memory runs out, begins when it is told to, and belongs to nobody from then on.
struct WaitingCoroutine {
  struct promise_type {
    WaitingCoroutine get_return_object() noexcept {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
  std::coroutine_handle<promise_type> begin;
};
template <class Runner>
WaitingCoroutine wait_for_end(Runner& runner, RunId run, Time deadline, Heard& heard) {
  heard.take(co_await end_of(runner, run, deadline));
}

enum class Form { completion, coroutine };

/// Runs that are over, stuck, under way here and elsewhere, and who waits for each of them.
template <class Parts>
class Waiting : public RunnerFixture<Parts> {
  using Runner = SagaRunner<typename Parts::Backend>;

 public:
  explicit Waiting(Form form) : form_(form) {
    this->stock_up(4);
    begin(*own_, "over");
    this->shop.fail("clear", Error{Errc::invalid_argument});
    begin(*own_, "stuck");
    this->shop.wait("charge", 2);
    begin(*own_, "here");
    begin(*other_, "elsewhere");
    this->run_for(1s);
  }

  bool try_all(std::size_t number, bool from_then_on) {
    const Time deadline = this->clock.now() + 1h;
    WaitingCoroutine waiting[runs]{};
    if (form_ == Form::coroutine) {
      for (int i = 0; i < runs; ++i) waiting[i] = wait_for_end(*own_, ids_[i], deadline, heard_[i]);
    }
    const FailingNew failing(number, from_then_on);
    for (int i = 0; i < runs; ++i) {
      if (form_ == Form::coroutine) {
        waiting[i].begin.resume();
      } else {
        own_->wait(ids_[i], deadline, heard_[i].completion());
      }
    }
    run_some(4);
    return FailingNew::hit();
  }

  void check() {
    this->run_for(2s);
    for (const char* number : {"here", "elsewhere"}) pay(number);
    this->run_for(2s);
    for (int i = 0; i < runs; ++i) {
      ASSERT_EQ(heard_[i].times, 1) << i;
      const result<RunOutcome>& told = *heard_[i].answer;
      if (!told.has_value()) {
        EXPECT_EQ(told.error(), no_memory()) << i;
      }
      Heard again;
      own_->wait(ids_[i], this->clock.now() + 1h, again.completion());
      this->run_for(2s);
      ASSERT_EQ(again.times, 1) << i;
      ASSERT_THAT(*again.answer, IsOk()) << i;
      EXPECT_EQ(again.answer->value().end, i == 1 ? RunEnd::stuck : RunEnd::completed);
      if (told.has_value()) {
        EXPECT_EQ(told.value(), again.answer->value()) << i;
      }
    }
    own_->stop(this->clock.now());
    this->run_all();
    EXPECT_EQ(heard_[0].times, 1);
  }

 private:
  static constexpr int runs = 4;

  std::unique_ptr<Runner> process(std::uint64_t seed) {
    const Environment environment{this->clock, this->executor, seed};
    auto made = std::make_unique<Runner>(this->parts.backend, environment);
    made->add(sample::checkout, this->shop);
    return made;
  }
  void begin(Runner& runner, const std::string& number) {
    EXPECT_THAT(runner.start(sample::checkout, this->order(number), this->request(number)), IsOk());
    ids_[begun_++] = this->run_of(number);
  }
  void pay(const std::string& number) {
    Runner& driver = number == "here" ? *own_ : *other_;
    const CallId call = call_id(this->run_of(number), sample::pay_step);
    this->shop.took_effect("charge", call);
    EXPECT_THAT(driver.complete(this->run_of(number), call, sample::Receipt{7}), IsOk());
  }
  void run_some(int steps) {
    try {
      for (int i = 0; i < steps; ++i) this->executor.step();
    } catch (const std::bad_alloc&) {  // the executor is the test's
    }
  }

  const Form form_;
  std::unique_ptr<Runner> own_ = process(1), other_ = process(2);
  int begun_ = 0;
  RunId ids_[runs];
  Heard heard_[runs];
};

template <class Parts>
class ExhaustedWaits : public ::testing::Test {
 protected:
  static void try_each(Form form) {
    const std::size_t met = fail_each_allocation([&](std::size_t number, bool from_then_on) {
      SCOPED_TRACE("allocation " + std::to_string(number) +
                   (from_then_on ? " and all behind" : ""));
      Waiting<Parts> waiting(form);
      const bool hit = waiting.try_all(number, from_then_on);
      waiting.check();
      return hit && !::testing::Test::HasFailure();
    });
    EXPECT_GT(met, 50u);
  }
};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(ExhaustedWaits, BothBackends);

TYPED_TEST(ExhaustedWaits, ByACompletionAreToldOnce) { this->try_each(Form::completion); }
TYPED_TEST(ExhaustedWaits, ByACoroutineAreToldOnce) { this->try_each(Form::coroutine); }

// --- on a thread

/// A runner whose executor has no thread, and a run of it that is tried again after a while.
class OwnThread : public RunnerFixture<OnOneAppend> {
 public:
  OwnThread() {
    runner.add(sample::checkout, shop);
    shop.fail("charge", Error{Errc::unavailable});
    EXPECT_THAT(runner.start(sample::checkout, order(), request()), IsOk());
  }
  LocalExecutor local{clock};
  SagaRunner<MemoryBackend<>> runner{parts.backend, Environment{clock, local, 1}};
};

TEST(ExhaustedThreads, WhoWaitsIsToldHowItEndsOrThatMemoryLacks) {
  const std::size_t met = fail_each_allocation([&](std::size_t number, bool from_then_on) {
    SCOPED_TRACE("allocation " + std::to_string(number) + (from_then_on ? " and all behind" : ""));
    OwnThread world;
    const auto wait = [&] { return world.runner.wait(world.run_of(), world.clock.now() + 1min); };
    std::optional<result<RunOutcome>> told;
    bool hit = false;
    {
      const FailingNew failing(number, from_then_on);
      told.emplace(wait());
      hit = FailingNew::hit();
    }
    if (!told->has_value()) {
      const Errc went_on = from_then_on ? Errc::timed_out : Errc::resource_exhausted;
      EXPECT_THAT(told->error().code, ::testing::AnyOf(Errc::resource_exhausted, went_on));
    }
    EXPECT_THAT(wait(), IsOk());
    world.check_sound(world.run_of());
    return hit && !::testing::Test::HasFailure();
  });
  EXPECT_GT(met, 20u);
}

}  // namespace
}  // namespace invsaga::memory_tests
