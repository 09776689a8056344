// SPDX-License-Identifier: Apache-2.0
//
// Starts of a run that is driven here already.
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::ClaimIs;

template <class Parts>
class StartAgain : public ::testing::Test, public RunnerFixture<Parts> {
 protected:
  std::unique_ptr<typename RunnerFixture<Parts>::Process> driver = this->process();
  auto start(const StartRequest& request) {
    return driver->runner.start(sample::checkout, this->order(), request);
  }
};
using AllParts = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(StartAgain, AllParts);

TYPED_TEST(StartAgain, WithAnotherPayloadIsAMismatch) {
  this->shop.wait("charge");
  StartRequest request = this->request();
  ASSERT_THAT(this->start(request), ClaimIs(ClaimState::fresh));
  ASSERT_EQ(this->driver->runner.runs(), 1u);
  EXPECT_THAT(this->start(request), ClaimIs(ClaimState::in_progress));
  request.fingerprint = fingerprint(as_bytes("another payload"));
  EXPECT_THAT(this->start(request), ClaimIs(ClaimState::mismatch));
  this->run_all();
  this->check_sound(this->run_of());
}

TYPED_TEST(StartAgain, WithoutARequestIsOfTheSameRun) {
  this->shop.wait("charge");
  StartRequest request;
  request.key = "1";
  ASSERT_THAT(this->start(request), ClaimIs(ClaimState::fresh));
  ASSERT_EQ(this->driver->runner.runs(), 1u);
  EXPECT_THAT(this->start(request), ClaimIs(ClaimState::in_progress));
  EXPECT_EQ(this->driver->runner.runs(), 1u);
  this->run_all();
  this->check_sound(run_id(sample::checkout.name(), request));
}

}  // namespace
}  // namespace invsaga::runner_tests
