// SPDX-License-Identifier: Apache-2.0
//
// Memory that runs out at each allocation of an answer that a completer brings, in each form, for a
// call and for an undo, to a run that is driven here and to one that nobody drives.
#include <optional>
#include <string>

#include <invsaga/completer.hpp>
#include <invsaga/testing/answer_of_call.hpp>

#include "tests/memory/failing_new.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::memory_tests {
namespace {

using runner_tests::InSplit;
using runner_tests::OnOneAppend;
using runner_tests::RunnerFixture;
using testing::ErrorIs;
using testing::IsOk;
using std::chrono_literals::operator""s;

struct Way {
  bool undo = false, waits = false, driven_here = false;
};

/// A run whose payment, or whose refund, is pending.
template <class Parts>
class Answering : public RunnerFixture<Parts> {
  using Runner = SagaRunner<typename Parts::Backend>;

 public:
  explicit Answering(Way way) : way_(way), own_(runner(1)) {
    this->shop.wait("charge");
    this->shop.wait("refund");
    auto other = runner(2);
    Runner& driver = way.driven_here ? *own_ : *other;
    const auto begun = driver.start(sample::checkout, this->order(), this->request());
    EXPECT_THAT(begun, IsOk());
    call_ = this->shop.last_pending();
    if (way.undo) {
      EXPECT_THAT(driver.cancel(run_, "no more"), IsOk());
      this->shop.took_effect("charge", call_);
      EXPECT_THAT(driver.complete(run_, call_, sample::Receipt{7}), IsOk());
      call_ = this->shop.last_pending();
    }
    this->shop.took_effect(way.undo ? "refund" : "charge", call_);
    completer_.emplace(own_->completer());
    other.reset();
  }

  bool try_it(std::size_t number, bool from_then_on) {
    const FailingNew failing(number, from_then_on);
    if (way_.waits) {
      told_.answer = bring();
    } else {
      bring(told_.completion());
    }
    try {
      for (int i = 0; i < 4; ++i) this->executor.step();
    } catch (const std::bad_alloc&) {  // the executor is the test's
    }
    return FailingNew::hit();
  }
  void check() {
    EXPECT_THAT(own_->status(run_), IsOk());  // what could not be armed is by the next activity
    this->run_for(1s);                        // and leaves the log alone for a while
    ASSERT_TRUE(told_.answer);
    if (!told_.answer->has_value()) {
      const Error& error = told_.answer->error();
      const bool honest = error.limit == Limit::memory || error.remedy() == Remedy::ask_again;
      EXPECT_TRUE(honest) << to_string(error);
    }
    EXPECT_THAT(bring(), IsOk()) << "again";
    own_->recover();
    this->run_all();
    this->check_sound(run_);
    EXPECT_EQ(this->outcome(run_)->end, way_.undo ? RunEnd::compensated : RunEnd::completed);
    if (told_.answer->has_value()) {
      EXPECT_EQ(this->shop.times_called(way_.undo ? "refund" : "charge"), 1u) << "it was answered";
    }
    own_.reset();
    EXPECT_THAT(bring(), ErrorIs(Errc::unavailable));
  }

 private:
  std::unique_ptr<Runner> runner(std::uint64_t seed) {
    const Environment environment{this->clock, this->executor, seed};
    auto made = std::make_unique<Runner>(this->parts.backend, environment);
    made->add(sample::checkout, this->shop);
    return made;
  }
  result<NewsAnswer> bring() {
    if (way_.undo) return completer_->complete_undo(run_, call_, success());
    return completer_->complete(run_, call_, paid());
  }
  void bring(Completion<NewsAnswer> done) {
    if (way_.undo) return completer_->complete_undo(run_, call_, success(), done);
    completer_->complete(run_, call_, paid(), done);
  }
  static result<sample::Receipt> paid() { return sample::Receipt{7}; }

  const Way way_;
  std::unique_ptr<Runner> own_;
  const RunId run_ = this->run_of();
  CallId call_;
  std::optional<Completer> completer_;
  testing::Kept<NewsAnswer> told_;
};

template <class Parts>
class ExhaustedCompleters : public ::testing::Test {
 protected:
  static void try_each(Way way) {
    const std::size_t met = fail_each_allocation([&](std::size_t number, bool from_then_on) {
      SCOPED_TRACE("allocation " + std::to_string(number) +
                   (from_then_on ? " and all behind" : ""));
      Answering<Parts> answering(way);
      const bool hit = answering.try_it(number, from_then_on);
      answering.check();
      return hit && !::testing::Test::HasFailure();
    });
    EXPECT_GT(met, 20u);
  }
};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(ExhaustedCompleters, BothBackends);

TYPED_TEST(ExhaustedCompleters, BringAnAnswerWholeOrNotAtAll) {
  for (const bool waits : {false, true}) {
    for (const bool driven_here : {false, true}) this->try_each({false, waits, driven_here});
  }
}
TYPED_TEST(ExhaustedCompleters, BringAnUndoWholeOrNotAtAll) {
  for (const bool waits : {false, true}) {
    for (const bool driven_here : {false, true}) this->try_each({true, waits, driven_here});
  }
}

}  // namespace
}  // namespace invsaga::memory_tests
