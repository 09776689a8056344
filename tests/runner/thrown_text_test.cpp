// SPDX-License-Identifier: Apache-2.0
//
// What an exception says: it stands in the record of the step's outcome, and is told to nobody
// outside.
#include <stdexcept>
#include <string>

#include <invsaga/testing/writes.hpp>

#include "tests/runner/limited_parts.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using ::testing::EndsWith;
using testing::IsOk;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr const char* gateway = "gateway: \x1b[31mreset\nby \xff peer";
constexpr const char* gateway_printed = "gateway: ?[31mreset?by ? peer";

void throw_at(sample::Shop& shop, const std::string& step, const std::string& text) {
  shop.script(
      step,
      [text](const StepContext&) -> result<Reply<sample::Receipt>> {
        throw std::runtime_error(text);
      },
      100'000);
}

/// The first record of a kind that a step has.
template <class Fixture>
RunRecord first_record(Fixture& fixture, RunId run, RecordKind kind, StepIndex step) {
  for (const auto records = fixture.records(run); const RunRecord& record : records) {
    if (record.kind == kind && record.step == step) return record;
  }
  ADD_FAILURE() << "there is none";
  return {};
}

bool contains(const std::vector<std::byte>& bytes, std::string_view text) {
  return std::search(bytes.begin(), bytes.end(), as_bytes(text).begin(), as_bytes(text).end()) !=
         bytes.end();
}

template <class Parts>
class ThrownTextOf : public ::testing::Test, public RunnerFixture<Parts> {};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(ThrownTextOf, BothBackends);

TYPED_TEST(ThrownTextOf, AStepIsInTheRecordOfItsOutcomeAndNowhereElse) {
  throw_at(this->shop, "place", gateway);
  const auto process = this->process();
  const RunId run = this->begin(*process);
  this->run_all();
  const RunRecord outcome = first_record(*this, run, RecordKind::outcome, sample::place_step);
  EXPECT_EQ(outcome.outcome, StepOutcome::unknown);
  EXPECT_EQ(outcome.error, Error{Errc::step_threw});
  EXPECT_EQ(outcome.reason, gateway_printed);

  const auto records = this->records(run);
  EXPECT_EQ(
      std::count_if(records.begin(), records.end(),
                    [](const RunRecord& record) { return contains(encode(record), "gateway"); }),
      1);
  for (const RunRecord& record : records) {
    for (const Event& event : record.events) EXPECT_FALSE(contains(encode(event), "gateway"));
  }
  EXPECT_EQ(this->outcome(run)->reason, "place unknown");
  const auto again = process->runner.start(sample::checkout, this->order(), this->request());
  ASSERT_THAT(again, testing::ClaimIs(ClaimState::completed));
  EXPECT_FALSE(contains(encode(*again.value().outcome), "gateway"));
  ASSERT_THAT(this->witness.outcomes(run), SizeIs(1));
  EXPECT_FALSE(contains(encode(this->witness.outcomes(run)[0]), "gateway"));
  EXPECT_EQ(process->runner.thrown().last, std::string("place: ") + gateway_printed);
}

TYPED_TEST(ThrownTextOf, AnUndoIsInTheRecordThatItIsStuck) {
  this->shop.fail("charge", refuse(51));
  throw_at(this->shop, "cancel", gateway);
  const auto process = this->process();
  const RunId run = this->begin(*process);
  this->run_all();
  EXPECT_EQ(first_record(*this, run, RecordKind::stuck, sample::place_step).reason,
            gateway_printed);
  ASSERT_THAT(this->witness.outcomes(run), SizeIs(1));
  EXPECT_EQ(this->witness.outcomes(run)[0].reason, "place stuck");
}

TYPED_TEST(ThrownTextOf, AnAttemptThatWasNotTheLastIsNotRecorded) {
  this->shop.script("place", [](const StepContext&) -> result<Reply<sample::Receipt>> {
    throw std::runtime_error(gateway);
  });
  this->shop.fail("place", Error{Errc::unavailable}, 100'000);
  const auto process = this->process();
  const RunId run = this->begin(*process);
  this->run_all();
  const RunRecord outcome = first_record(*this, run, RecordKind::outcome, sample::place_step);
  EXPECT_EQ(outcome.error, Error{Errc::unavailable});
  EXPECT_EQ(outcome.reason, "");
}

TYPED_TEST(ThrownTextOf, AStepIsBounded) {
  throw_at(this->shop, "place", "gateway " + std::string(5'000, 'x'));
  const auto process = this->process();
  const RunId run = this->begin(*process);
  this->run_all();
  const RunRecord outcome = first_record(*this, run, RecordKind::outcome, sample::place_step);
  EXPECT_THAT(outcome.reason, SizeIs(max_thrown_bytes));
  EXPECT_THAT(outcome.reason, StartsWith("gateway xxx"));
  EXPECT_THAT(outcome.reason, EndsWith("x..."));
}

OwnedReserve hold_of_no_sense(const StepContext&, const sample::Order&) {
  throw std::runtime_error(gateway);
}
constexpr auto careless = saga<sample::Order, sample::Shop>(
    "careless", 1, compensable<"reserve">(hold_of_no_sense, sample::give_back, {2s, standard}),
    pivot<"commit">(sample::sell, {2s, until_known}));

TYPED_TEST(ThrownTextOf, AFunctionThatMakesAnOperationIsInTheRecordOfTheRefusal) {
  const auto process = this->process();
  process->runner.add(careless, this->shop);
  ASSERT_THAT(process->runner.start(careless, this->order(), this->request()), IsOk());
  const RunId run = run_id("careless", this->request());
  const RunRecord outcome = first_record(*this, run, RecordKind::outcome, 0);
  EXPECT_EQ(outcome.outcome, StepOutcome::refused);
  EXPECT_EQ(outcome.reason, gateway_printed);
}

MemoryLimits small_records() {
  MemoryLimits limits;
  limits.runs.max_record_bytes = 700;
  return limits;
}

TEST(ThrownText, IsLeftOutWhereTheRecordWouldBeTooLargeWithIt) {
  RunnerFixture<LimitedOnOneAppend<small_records>> fixture;
  throw_at(fixture.shop, "place", "gateway " + std::string(5'000, 'x'));
  const auto process = fixture.process();
  const RunId run = fixture.begin(*process);
  fixture.run_all();
  EXPECT_EQ(first_record(fixture, run, RecordKind::outcome, sample::place_step).reason, "");
  EXPECT_EQ(fixture.outcome(run)->end, RunEnd::compensated) << "it does not stand in its way";
}

}  // namespace
}  // namespace invsaga::runner_tests
