// SPDX-License-Identifier: Apache-2.0
//
// A fault at each call of a checkout on the caller's thread: whichever call fails or loses its
// reply, the order ends as it would have, and the stock is right.
#include "tests/runner/run_sync_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::ErrorIs;
using ::testing::IsEmpty;
using testing::IsOk;

template <class Parts>
class RunSyncFaults : public ::testing::Test, public RunSyncFixture<Parts> {};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(RunSyncFaults, BothBackends);

/// Runs the checkout and checks that it ends as its way does, and soundly.
template <class Parts>
void check(RunSyncFixture<Parts>& fixture, const Way<Parts>& way) {
  const auto outcome = fixture.run();
  ASSERT_THAT(outcome, IsOk());
  EXPECT_EQ(outcome.assume_value().end, way.end);
  EXPECT_EQ(outcome.assume_value().reason, way.reason);
  while (fixture.connection().release_late()) {
  }
  EXPECT_THAT(fixture.story(fixture.run_of()), ::testing::Contains(way.passes_by));
  fixture.check_sound(fixture.run_of());
}

// --- what the saga writes

/// The `number`-th write goes wrong. False if there are not so many.
template <class Parts>
bool goes_wrong(const Way<Parts>& way, Mishap mishap, int number) {
  SCOPED_TRACE(way.name + ", write " + std::to_string(number));
  RunSyncFixture<Parts> fixture;
  int left = number;
  fixture.connection().at_write = [&] { return left-- == 0 ? mishap : Mishap::none; };
  way.befall(fixture, fixture.connection());
  check(fixture, way);
  return left < 0;
}

TYPED_TEST(RunSyncFaults, EachWriteMayFailOrLoseItsReplyOrComeLate) {
  for (const auto& way : plain_ways<TypeParam>()) {
    for (const Mishap mishap : {Mishap::failed, Mishap::lost, Mishap::late}) {
      int writes = 0;
      while (goes_wrong(way, mishap, writes)) ++writes;
      EXPECT_GE(writes, TypeParam::one_append ? 2 : 4) << way.name;
    }
  }
}

TYPED_TEST(RunSyncFaults, EachSecondWriteMayLoseItsReply) {
  for (const auto& way : plain_ways<TypeParam>()) {
    RunSyncFixture<TypeParam> fixture;
    int number = 0;
    fixture.connection().at_write = [&] { return number++ % 2 == 0 ? Mishap::lost : Mishap::none; };
    way.befall(fixture, fixture.connection());
    check(fixture, way);
  }
}

// --- what the saga calls

/// What may befall the first call of a step.
template <class Parts>
struct CallFault {
  std::string name;
  std::function<void(RunnerFixture<Parts>&, const std::string& step)> befall;
};
template <class Parts>
std::vector<CallFault<Parts>> call_faults() {
  using R = RunnerFixture<Parts>&;
  using S = const std::string&;
  return {
      {"fails", [](R fixture, S step) { fixture.shop.fail(step, Error{Errc::unavailable}); }},
      {"times out", [](R fixture, S step) { fixture.shop.fail(step, Error{Errc::timed_out}); }},
      {"throws",
       [](R fixture, S step) {
         fixture.shop.script(step,
                             [](const StepContext&) -> result<Reply<sample::Receipt>> { throw 7; });
       }},
  };
}
/// Besides, of those that may answer later.
template <class Parts>
CallFault<Parts> pending_once() {
  return {"stays pending",
          [](RunnerFixture<Parts>& fixture, const std::string& step) { fixture.shop.wait(step); }};
}
/// Besides, of those whose answer is yes.
template <class Parts>
std::vector<CallFault<Parts>> faults_after_the_effect() {
  using R = RunnerFixture<Parts>&;
  using S = const std::string&;
  return {
      {"loses its reply", [](R fixture, S step) { fixture.shop.lose(step); }},
      {"loses its reply twice", [](R fixture, S step) { fixture.shop.lose(step, 2); }},
      {"has its effect and throws",
       [](R fixture, S step) {
         fixture.shop.script(
             step, [&fixture, step](const StepContext& context) -> result<Reply<sample::Receipt>> {
               fixture.shop.took_effect(step, context.id);
               throw 7;
             });
       }},
  };
}

/// Which steps and undos the way calls.
template <class Parts>
std::vector<std::string> calls_of(const Way<Parts>& way) {
  RunSyncFixture<Parts> fixture;
  way.befall(fixture, fixture.connection());
  EXPECT_THAT(fixture.run(), IsOk());
  auto calls = fixture.shop.calls();
  std::sort(calls.begin(), calls.end());
  calls.erase(std::unique(calls.begin(), calls.end()), calls.end());
  return calls;
}
/// True if the way's own answer to that call is no, so that it has no effect.
template <class Parts>
bool refuses(const Way<Parts>& way, const std::string& call) {
  return (way.reason == "place refused" && call == "place") ||
         (way.reason == "pay refused" && call == "charge");
}

TYPED_TEST(RunSyncFaults, EachCallMayGoWrong) {
  for (const auto& way : plain_ways<TypeParam>()) {
    for (const std::string& call : calls_of(way)) {
      auto faults = call_faults<TypeParam>();
      if (!refuses(way, call)) {
        for (auto& fault : faults_after_the_effect<TypeParam>()) faults.push_back(fault);
      }
      if (call == "charge" || call == "refund") faults.push_back(pending_once<TypeParam>());
      for (const auto& fault : faults) {
        SCOPED_TRACE(way.name + ": " + call + " " + fault.name);
        RunSyncFixture<TypeParam> fixture;
        fault.befall(fixture, call);
        way.befall(fixture, fixture.connection());
        check(fixture, way);
        EXPECT_GE(fixture.shop.times_called(call), 2u);
      }
    }
  }
}

TYPED_TEST(RunSyncFaults, ARefusedPaymentGivesTheStockBackAndALostHoldThePaymentToo) {
  this->shop.fail("charge", refuse(51));
  EXPECT_EQ(this->run().assume_value().error, refuse(51));
  EXPECT_EQ(this->stock().available(), 1);
  EXPECT_EQ(this->shop.effects("refund"), 0u);

  RunSyncFixture<TypeParam> other;
  lose_the_hold(other);
  EXPECT_EQ(other.run().assume_value().end, RunEnd::compensated);
  EXPECT_EQ(other.stock().available(), 1);
  EXPECT_EQ(other.shop.effects("refund"), 1u);
  EXPECT_EQ(other.shop.effects("cancel"), 1u);
}

// --- the beginning

TYPED_TEST(RunSyncFaults, ABeginningThatDidNotHappenIsAnErrorAndCanBeRepeated) {
  this->connection().at_append = [](const RunRecord&) { return Mishap::failed; };
  EXPECT_THAT(this->run(), ErrorIs(Errc::unavailable));
  EXPECT_THAT(this->records(this->run_of()), IsEmpty());
  EXPECT_THAT(this->shop.calls(), IsEmpty());
  this->connection().at_append = nullptr;
  EXPECT_EQ(this->run().assume_value().end, RunEnd::completed);
  this->check_sound(this->run_of());
}

TYPED_TEST(RunSyncFaults, ABeginningWhoseRepliesAreLostIsDrivenAllTheSame) {
  for (const Mishap mishap : {Mishap::lost, Mishap::late}) {
    RunSyncFixture<TypeParam> fixture;
    fixture.connection().at_append = [mishap, times = 5](const RunRecord&) mutable {
      return times-- > 0 ? mishap : Mishap::none;
    };
    check(fixture, plain_ways<TypeParam>()[0]);
    EXPECT_EQ(fixture.shop.times_called("place"), 1u);
  }
}

TYPED_TEST(RunSyncFaults, ABackendThatCannotBeReachedIsAnError) {
  this->connection().dead = true;
  EXPECT_THAT(this->run(), ErrorIs(Errc::unavailable));
  EXPECT_THAT(this->shop.calls(), IsEmpty());
}

}  // namespace
}  // namespace invsaga::runner_tests
