// SPDX-License-Identifier: Apache-2.0
//
// What is asked for again: whatever became of its claim and wherever its run is, the same gets the
// run, something else is a mismatch, and no claim is taken for either (protocol rule 6).
#include <array>

#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::ClaimIs;
using testing::ErrorIs;
using ::testing::IsEmpty;
using testing::IsOk;

enum class Known : std::uint8_t {
  claimed,
  given_back,
  forgotten,  ///< And the request comes with a later deadline.
  expired,
  never,  ///< It is no request.
};
enum class Where : std::uint8_t { here, elsewhere, nowhere, ended };

template <class Parts>
class AskedAgain : public ::testing::Test, public RunnerFixture<Parts> {
 protected:
  using Process = typename RunnerFixture<Parts>::Process;

  static sample::Order another() {
    sample::Order made = RunnerFixture<Parts>::order();
    made.lines = {{the_row, 2}};
    return made;
  }
  StartRequest request_for(const sample::Order& order) const {
    StartRequest made = this->request();
    made.deadline = deadline_;
    made.fingerprint = fingerprint_of(order);
    if (known_ != Known::never) return made;
    made.request = {};
    made.fingerprint = {};
    return made;
  }
  auto ask(Process& process, const sample::Order& order) {
    return process.runner.start(sample::checkout, order, request_for(order));
  }
  [[nodiscard]] RunId run() const {
    return run_id(sample::checkout.name(), request_for(this->order()));
  }
  /// A process that is asked again.
  std::unique_ptr<Process> bring_about(Known known, Where where) {
    known_ = known;
    auto driver = this->process();
    if (where != Where::ended) this->shop.wait("charge");
    EXPECT_THAT(ask(*driver, this->order()), ClaimIs(ClaimState::fresh));
    if (known == Known::given_back) {
      const std::uint64_t epoch = this->records(run()).front().claim_epoch;
      static_cast<void>(
          this->parts.backend.release_claim(request_for(this->order()).request, epoch));
    }
    if (known == Known::forgotten || known == Known::expired) {
      this->clock.advance_to(deadline_);
      this->parts.advance_to(deadline_);
    }
    if (known == Known::forgotten) deadline_ += 1h;
    if (where == Where::here) return driver;
    driver->connection.dead = where == Where::nowhere;
    others_.push_back(std::move(driver));
    return this->process();
  }
  ClaimState claim_for(const sample::Order& order) {
    const StartRequest asked = request_for(order);
    const Time now = this->parts.backend.now();
    const Claim claim{asked.request, asked.fingerprint, now + 1s, now + 1h};
    return this->parts.backend.claim(claim).value().state;
  }

 private:
  Known known_ = Known::claimed;
  Time deadline_ = start_time + 20min;
  std::vector<std::unique_ptr<Process>> others_;
};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(AskedAgain, BothBackends);

template <class Parts>
class OneCase : public AskedAgain<Parts> {
 public:
  void TestBody() override {}
  void walk(Known known, Where where) {
    auto process = this->bring_about(known, where);
    const bool open = known != Known::claimed && known != Known::never && where != Where::ended;
    const auto other = this->ask(*process, this->another());
    ASSERT_THAT(other, ClaimIs(ClaimState::mismatch));
    EXPECT_FALSE(other.value().outcome.has_value()) << "nothing of the first is shown";
    const bool ended = where == Where::ended;
    const auto same = this->ask(*process, this->order());
    ASSERT_THAT(same, ClaimIs(ended ? ClaimState::completed : ClaimState::in_progress));
    EXPECT_EQ(same.value().outcome.has_value(), ended);
    if (open) {
      EXPECT_EQ(this->claim_for(this->order()), ClaimState::fresh) << "no claim was taken";
    }
    EXPECT_EQ(this->shop.times_called("place"), 1u);
    EXPECT_EQ(this->shop.times_called("charge"), 1u);
  }
};

TYPED_TEST(AskedAgain, IsTheSameOrAMismatchWhateverBecameOfItsClaim) {
  for (const Known known :
       {Known::claimed, Known::given_back, Known::forgotten, Known::expired, Known::never}) {
    for (const Where where : {Where::here, Where::elsewhere, Where::nowhere, Where::ended}) {
      SCOPED_TRACE(::testing::Message() << "known " << int(known) << ", where " << int(where));
      OneCase<TypeParam>().walk(known, where);
      if (this->HasFailure()) return;
    }
  }
}

TYPED_TEST(AskedAgain, WithoutAFingerprintIsRefusedBeforeAnythingIsSent) {
  auto process = this->process();
  StartRequest bare = this->request();
  bare.fingerprint = {};
  EXPECT_THAT(process->runner.start(sample::checkout, this->order(), bare),
              ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(process->connection.writes, 0);
  EXPECT_EQ(this->claim_for(this->order()), ClaimState::fresh);
  EXPECT_THAT(this->records(run_id(sample::checkout.name(), bare)), IsEmpty());
}

/// The first reply is lost, and so nobody knows yet whether there is a run.
TYPED_TEST(AskedAgain, WhileItIsNotKnownWhetherItHasBegun) {
  auto process = this->process();
  process->connection.at_append = [](const RunRecord&) { return Mishap::late; };
  StartRequest by_key;
  by_key.key = "1";
  EXPECT_THAT(process->runner.start(sample::checkout, this->order(), by_key),
              ErrorIs(Errc::reply_lost));
  EXPECT_EQ(process->runner.runs(), 1u);
  EXPECT_THAT(process->runner.start(sample::checkout, this->another(), by_key),
              ClaimIs(ClaimState::mismatch));
  EXPECT_THAT(process->runner.start(sample::checkout, this->order(), by_key),
              ClaimIs(ClaimState::in_progress));
}

// --- a new request

/// How a run of that way ended, as each repeat of its request is told.
template <class Parts>
RunOutcome outcome_told(RunnerFixture<Parts>& fixture,
                        typename RunnerFixture<Parts>::Process& process) {
  fixture.run_all();
  const auto repeat = [&] {
    return process.runner.start(sample::checkout, fixture.order(), fixture.request()).value();
  };
  const StartAnswer told = repeat();
  EXPECT_EQ(told.state, ClaimState::completed);
  EXPECT_EQ(repeat().outcome, told.outcome);
  return told.outcome.value_or(RunOutcome{});
}

TYPED_TEST(AskedAgain, IsAnsweredByItsEndAndMayCompleteUnderANewRequest) {
  auto process = this->process();
  bool down = true;
  const auto place = [&](const StepContext& step) -> result<Reply<sample::Receipt>> {
    if (down) return Error{Errc::unavailable};
    this->shop.took_effect("place", step.id);
    return Reply<sample::Receipt>(sample::Receipt{});
  };
  this->shop.script("place", place, 100);
  this->begin(*process);
  this->run_all();
  down = false;
  const RunOutcome told = outcome_told(*this, *process);
  EXPECT_EQ(told.end, RunEnd::compensated);
  EXPECT_EQ(told.error.code, Errc::unavailable);
  EXPECT_TRUE(told.may_be_asked_anew());
  const RunId anew = this->begin(*process, "2");
  this->run_all();
  EXPECT_EQ(this->outcome(anew)->end, RunEnd::completed);
}

TYPED_TEST(AskedAgain, MayNotCompleteUnderANewRequestIfItWasRefused) {
  auto process = this->process();
  this->shop.fail("charge", refuse(51));
  this->begin(*process);
  EXPECT_FALSE(outcome_told(*this, *process).may_be_asked_anew());
}

TYPED_TEST(AskedAgain, MayCompleteUnderANewRequestIfTheStockWasOut) {
  auto process = this->process();
  this->begin(*process, "2");
  this->begin(*process);
  const RunOutcome told = outcome_told(*this, *process);
  EXPECT_EQ(told.decision, StockDecision::out_of_stock);
  EXPECT_TRUE(told.may_be_asked_anew());
}

// --- the input of another definition

struct Weight {
  std::int64_t grams = 0;
};

}  // namespace
}  // namespace invsaga::runner_tests

template <>
struct invsaga::Stored<invsaga::runner_tests::Weight> {
  static constexpr std::string_view schema = "weight.v1";
  static void encode(const runner_tests::Weight& weight, ByteWriter& writer) {
    writer.i64(weight.grams);
  }
  static result<runner_tests::Weight> decode(ByteReader& reader) {
    const runner_tests::Weight weight{reader.i64()};
    if (!reader.ok()) return Error{Errc::corrupt};
    return weight;
  }
};

namespace invsaga::runner_tests {
namespace {

result<void> decide() { return success(); }
constexpr auto first_edition = saga<std::int64_t, sample::Shop>(
    "edition", 1, pivot<"decide">(decide, {2s, until_known}));
constexpr auto second_edition = saga<std::int64_t, sample::Shop>(
    "edition", 2, pivot<"decide">(decide, {2s, until_known}));
constexpr auto third_edition = saga<Weight, sample::Shop>(
    "edition", 3, pivot<"decide">(decide, {2s, until_known}));

TYPED_TEST(AskedAgain, OfAnotherVersionIsTheSameIfItsInputIs) {
  auto process = this->process();
  process->runner.add(first_edition, this->shop);
  process->runner.add(second_edition, this->shop);
  process->runner.add(third_edition, this->shop);
  StartRequest by_key;
  by_key.key = "1";
  EXPECT_THAT(process->runner.start(first_edition, 7, by_key), ClaimIs(ClaimState::fresh));
  EXPECT_THAT(process->runner.start(second_edition, 7, by_key), ClaimIs(ClaimState::completed));
  EXPECT_THAT(process->runner.start(second_edition, 8, by_key), ClaimIs(ClaimState::mismatch));
  EXPECT_THAT(process->runner.start(third_edition, Weight{7}, by_key),
              ClaimIs(ClaimState::mismatch))
      << "the same bytes of another schema";
}

}  // namespace
}  // namespace invsaga::runner_tests
