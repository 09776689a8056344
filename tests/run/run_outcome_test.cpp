// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstddef>

#include <invsaga/run_outcome.hpp>
#include <invsaga/testing/matchers.hpp>

namespace invsaga {
namespace {

using testing::ErrorIs;

TEST(RunOutcome, SurvivesBeingStored) {
  RunOutcome outcome;
  outcome.run = {7, 8};
  outcome.end = RunEnd::compensated;
  outcome.reason = "out_of_stock";
  outcome.step = 3;
  outcome.decision = StockDecision::out_of_stock;
  outcome.error = refuse(-7);
  outcome.shorts_at = 7;
  const auto bytes = encode(outcome);
  const auto back = decode<RunOutcome>(bytes);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back.assume_value(), outcome);
}

TEST(RunOutcome, RefusesBytesThatAreNotOne) {
  const auto bytes = encode(RunOutcome{});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(decode<RunOutcome>(Bytes(bytes).first(size)), ErrorIs(Errc::corrupt));
  }
  auto bad_end = bytes;
  bad_end[16] = std::byte{3};
  EXPECT_THAT(decode<RunOutcome>(bad_end), ErrorIs(Errc::corrupt));
}

TEST(RunOutcome, MayBeAskedAnewIfItsReasonMayGoAway) {
  const auto anew = [](RunEnd end, StockDecision decision, Error error) {
    RunOutcome outcome;
    outcome.end = end;
    outcome.decision = decision;
    outcome.error = error;
    const auto stored = decode<RunOutcome>(encode(outcome));
    EXPECT_EQ(stored.value().may_be_asked_anew(), outcome.may_be_asked_anew());
    return outcome.may_be_asked_anew();
  };
  const auto none = StockDecision::none;
  EXPECT_TRUE(anew(RunEnd::compensated, none, {})) << "it was cancelled";
  for (const auto decision :
       {StockDecision::out_of_stock, StockDecision::expired, StockDecision::suppressed,
        StockDecision::mismatch, StockDecision::released, StockDecision::not_found}) {
    EXPECT_TRUE(anew(RunEnd::compensated, decision, {})) << name(decision);
  }
  EXPECT_FALSE(anew(RunEnd::compensated, StockDecision::refused, {}));
  for (const Errc code : {Errc::unavailable, Errc::resource_exhausted, Errc::busy, Errc::timed_out,
                          Errc::reply_lost, Errc::step_threw}) {
    EXPECT_TRUE(anew(RunEnd::compensated, none, {code})) << name(code);
  }
  for (const Errc code : {Errc::refused, Errc::invalid_argument, Errc::limit_exceeded,
                          Errc::unsupported, Errc::corrupt}) {
    EXPECT_FALSE(anew(RunEnd::compensated, none, {code})) << name(code);
  }
  EXPECT_FALSE(anew(RunEnd::completed, none, {})) << "it is done";
  EXPECT_FALSE(anew(RunEnd::stuck, none, {Errc::unavailable})) << "it is not over";
}

template <class T>
concept HasRemedy = requires(const T& error) { error.remedy(); };
static_assert(HasRemedy<Error> && !HasRemedy<decltype(RunOutcome::error)>,
              "what is over asks for nothing");

}  // namespace
}  // namespace invsaga
