// SPDX-License-Identifier: Apache-2.0
//
// How many writes a checkout takes on one append: what follows from one another is one write. The
// numbers are those of docs/semantics.md.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "invsaga/forwarding.hpp"
#include "tests/runner/run_sync_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

/// Counts what is written, and nothing else.
class Counting final : public Forwarding<Counting, MemoryBackend<>> {
  friend Forwarding<Counting, MemoryBackend<>>;

 public:
  static constexpr Capabilities capabilities() noexcept { return MemoryBackend<>::capabilities(); }
  /// The backend's clock is the test's.
  Counting(MemoryBackend<>& inner, const Clock& clock) : Forwarding(inner), clock_(clock) {}
  [[nodiscard]] Time now() const noexcept {
    inner().advance_to(clock_.now());
    return inner().now();
  }
  int writes = 0;
  int other = 0;  ///< That change something, by another way.

 private:
  template <class Call>
  auto around(BackendCall what, const Call& call) {
    inner().advance_to(clock_.now());
    writes += what == BackendCall::submit ? 1 : 0;
    const bool reads = what == BackendCall::read || what == BackendCall::pending ||
                       what == BackendCall::unfinished || what == BackendCall::settle;
    other += what != BackendCall::submit && !reads ? 1 : 0;
    return call();
  }
  const Clock& clock_;
};

class WriteCount : public ::testing::Test, public RunnerFixture<OnOneAppend> {
 public:
  WriteCount() { runner_.add(sample::checkout, shop); }

  /// Begins order 1, and brings it to its end.
  RunId sell() {
    const RunId run = start();
    run_all();
    return run;
  }
  RunId start() {
    EXPECT_THAT(runner_.start(sample::checkout, order(), request()),
                testing::ClaimIs(ClaimState::fresh));
    return run_of();
  }
  void expect(RunId run, RunEnd end, std::size_t records, int writes) {
    ASSERT_TRUE(outcome(run).has_value()) << ::testing::PrintToString(story(run));
    EXPECT_EQ(outcome(run)->end, end);
    EXPECT_EQ(this->records(run).size(), records) << ::testing::PrintToString(story(run));
    EXPECT_EQ(counting_.writes, writes) << ::testing::PrintToString(story(run));
    EXPECT_EQ(counting_.other, 0);
    check_sound(run);
  }

 protected:
  Counting counting_{parts.backend, clock};
  SagaRunner<Counting> runner_{counting_, Environment{clock, executor, 1}};
};

TEST_F(WriteCount, OfACheckoutWithoutMishapIsFour) { expect(sell(), RunEnd::completed, 10, 4); }

TEST_F(WriteCount, IsFourAlsoIfThePaymentIsCompletedLater) {
  shop.wait("charge");
  const RunId run = start();
  const CallId call = shop.last_pending();
  shop.took_effect("charge", call);
  EXPECT_THAT(runner_.complete(run, call, sample::Receipt{7}), testing::IsOk());
  run_all();
  expect(run, RunEnd::completed, 10, 4);
}

TEST_F(WriteCount, OfOneThatIsOutOfStockIsThree) {
  const Line lines[] = {{the_row, 1}};
  ASSERT_THAT(parts.backend.reserve({{9, 9}, clock.now() + 1h, lines}), testing::IsReserved());
  const RunId run = sell();
  ASSERT_THAT(parts.backend.release({{9, 9}}), testing::Answers(ReleaseAnswer::released));
  expect(run, RunEnd::compensated, 6, 3);
}

TEST_F(WriteCount, OfOneWhosePaymentIsDeclinedIsFour) {
  shop.fail("charge", refuse(51));
  expect(sell(), RunEnd::compensated, 9, 4);
}

TEST_F(WriteCount, OfOneWhosePaymentWasInDoubtIsSix) {
  shop.lose("charge", 3'000);
  expect(sell(), RunEnd::compensated, 11, 6);
}

TEST_F(WriteCount, OfOneWhoseHoldExpiresBeforeTheCommitIsSeven) {
  pay_late(*this);
  expect(sell(), RunEnd::completed, 13, 7);
}

}  // namespace
}  // namespace invsaga::runner_tests
