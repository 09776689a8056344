// SPDX-License-Identifier: Apache-2.0
//
// Steps that only look: before the pivot and after it, answered, refused, in doubt and too late.
#include <set>
#include <string>

#include "invsaga/order_stage.hpp"
#include "tests/saga/machine_driver.hpp"

namespace invsaga::machine_tests {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

struct Price {
  static constexpr std::string_view invsaga_schema = "test.price.1";
  std::int64_t cents = 0;
};
result<Price> look_up(sample::Shop&, const sample::Order&) { return Price{7}; }
result<void> check_mail(const Price&) { return success(); }
constexpr RetryPolicy thrice{1s, 1s, 100, 0, 3, 60s};

constexpr auto looking = saga<sample::Order, sample::Shop>(
    "looking", 1, compensable<"place">(sample::place, sample::cancel, {2s, standard}),
    look<"price">(look_up, {2s, thrice}, {"PRICED", "NOT_PRICED"}),
    compensable<"reserve">(sample::hold, sample::give_back, {2s, standard}),
    pivot<"commit">(sample::sell, {2s, until_known}), look<"mail">(check_mail, {2s, thrice}));
constexpr StepIndex price = 1, hold = 2, sell = 3, mail = 4;
constexpr Error lost{Errc::reply_lost};

/// On one append, and where the parts are joined.
class Look : public ::testing::TestWithParam<bool> {
 public:
  MachineDriver driver = MachineDriver::begun(looking.definition(), GetParam());
  /// Up to the look behind the pivot.
  void get_to_the_mail() {
    driver.call(place);
    driver.call(price);
    driver.apply(hold, ReserveAnswer{Reserved{}});
    driver.apply(sell, CommitAnswer::committed);
  }
  /// Three attempts of it, none of them answered.
  void lose_thrice(StepIndex step) {
    for (int i = 0; i < 3; ++i) {
      driver.says(driver.begin(Kind::call, step), lost);
      const Instruction after = driver.next();
      if (after.kind == Kind::wait) driver.now = after.when;
    }
  }
  /// Nothing but the placing is undone.
  void expect_only_the_placing_undone() {
    driver.call(place, true);
    EXPECT_EQ(driver.next().kind, Kind::finished);
    EXPECT_EQ(driver.machine().outcome()->end, RunEnd::compensated);
  }
};
INSTANTIATE_TEST_SUITE_P(Both, Look, ::testing::Bool());

TEST_P(Look, IsAStepLikeAnyOther) {
  get_to_the_mail();
  driver.call(mail);
  EXPECT_EQ(driver.next().kind, Kind::finished);
  EXPECT_EQ(driver.machine().outcome()->end, RunEnd::completed);
  EXPECT_THAT(driver.events(), ElementsAre("PRICED"));
}

TEST_P(Look, ARefusalBeforeThePivotCompensatesAndIsNotUndone) {
  driver.call(place);
  driver.says(driver.begin(Kind::call, price), refuse(3));
  expect_only_the_placing_undone();
  EXPECT_EQ(driver.machine().outcome()->reason, "price refused");
  EXPECT_THAT(driver.events(), ElementsAre("NOT_PRICED"));
}

TEST_P(Look, IsNotUndoneOnceItIsDone) {
  driver.call(place);
  driver.call(price);
  driver.apply(hold, ReserveAnswer{OutOfStock{}});
  expect_only_the_placing_undone();
}

// It has no effect, so it is neither asked until it is known, nor barred.
TEST_P(Look, AnUnknownAnswerIsGivenUpFreely) {
  driver.call(place);
  lose_thrice(price);
  expect_only_the_placing_undone();
  EXPECT_THAT(driver.story(), Contains("outcome price failed"));
}

TEST_P(Look, AnUnknownAnswerIsAskedForAgain) {
  driver.call(place);
  driver.says(driver.begin(Kind::call, price), lost);
  driver.now = driver.next().when;
  driver.call(price);
  driver.begin(Kind::apply, hold);
}

TEST_P(Look, ACancelDoesNotWaitForIt) {
  driver.call(place);
  const Instruction asked = driver.begin(Kind::call, price);
  driver.read(cancelled_by(other));
  driver.expect(Kind::call, place, true);
  driver.yes(asked);
  EXPECT_FALSE(driver.machine().waits_for(price, false));
  expect_only_the_placing_undone();
  EXPECT_THAT(driver.story(), Not(Contains("outcome price done")));
}

TEST_P(Look, AnAnswerThatIsNotRecordedYetDoesNotFollowACancel) {
  driver.call(place);
  driver.yes(driver.begin(Kind::call, price));
  driver.read(cancelled_by(other));  // came first
  expect_only_the_placing_undone();
  EXPECT_THAT(driver.story(), Not(Contains("outcome price done")));
}

TEST_P(Look, AnAnswerThatComesWhileTheCancelIsWrittenDoesNotFollowIt) {
  driver.call(place);
  const Instruction asked = driver.begin(Kind::call, price);
  EXPECT_TRUE(driver.machine().cancel("changed my mind"));
  driver.yes(asked);
  expect_only_the_placing_undone();
  EXPECT_THAT(driver.story(), Not(Contains("outcome price done")));
}

TEST_P(Look, AfterThePivotARefusalIsStuckAndItIsAskedAgainOnceResumed) {
  get_to_the_mail();
  driver.says(driver.begin(Kind::call, mail), refuse(3));
  EXPECT_EQ(driver.next().kind, Kind::stuck);
  EXPECT_TRUE(driver.machine().resume());
  driver.call(mail);
  EXPECT_EQ(driver.next().kind, Kind::finished);
  EXPECT_EQ(driver.machine().outcome()->end, RunEnd::completed);
}

TEST_P(Look, AfterThePivotItIsTriedForItsBudgetAndThenStuck) {
  get_to_the_mail();
  lose_thrice(mail);
  EXPECT_EQ(driver.next().kind, Kind::stuck);
  EXPECT_EQ(driver.state().status(driver.definition()), OrderStatus::placed);
}

// Whoever takes over asks again.
TEST_P(Look, ASuccessorAsksAgain) {
  driver.call(place);
  driver.begin(Kind::call, price);
  MachineDriver successor = driver.successor();
  successor.read(taken_over_by(other));
  successor.call(price);
  successor.begin(Kind::apply, hold);
}

// --- what is told of it

TEST(LookTold, ThePlanSaysThatItIsNotUndone) {
  EXPECT_THAT(plan(looking),
              HasSubstr("2. price (look, call, 2 s): only looks: there is nothing to undo\n"));
}

TEST(LookTold, ItsClassIsPartOfTheHash) {
  constexpr StepLimits limits{2s, standard};
  const auto looks = saga<sample::Order, sample::Shop>("s", 1, look<"a">(look_up, limits));
  const auto decides = saga<sample::Order, sample::Shop>("s", 1, pivot<"a">(look_up, limits));
  EXPECT_NE(looks.hash(), decides.hash());
  EXPECT_EQ(name(StepClass::look), "look");
}

TEST(LookTold, ItsRefusalIsAPathBeforeThePivotAndNoneAfterIt) {
  PathOptions options;
  options.silent = true;
  options.expiry = false;
  std::set<std::string> reasons;
  for (const Path& path : paths(looking.definition(), options)) {
    EXPECT_NE(path.end, RunEnd::stuck);
    reasons.insert(path.reason);
  }
  EXPECT_TRUE(reasons.contains("price refused"));
  EXPECT_FALSE(reasons.contains("mail refused"));
}

TEST(LookTold, AnOrderIsNotSaidToBePayingWhileOnlySomethingIsLookedUp) {
  constexpr StepLimits limits{2s, standard};
  const auto late = saga<sample::Order, sample::Shop>(
      "s", 1, compensable<"reserve">(sample::hold, sample::give_back, limits),
      look<"price">(look_up, limits), pivot<"sell">(sample::sell, limits));
  MachineDriver driver = MachineDriver::begun(late.definition());
  driver.apply(0, ReserveAnswer{Reserved{}});
  driver.begin(Kind::call, 1);
  EXPECT_EQ(stage_of(driver.state(), driver.definition()), OrderStage::reserved);
}

}  // namespace
}  // namespace invsaga::machine_tests
