// SPDX-License-Identifier: Apache-2.0
//
// Every path of a saga, found by the production machine. The document says "7 event paths"; it
// counts kinds of events: five on the happy path and two failures. End to end its graph has three.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "examples/checkout/checkout.hpp"
#include "invsaga/saga_machine.hpp"
#include "tests/saga/sample_saga.hpp"

namespace invsaga {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;
using std::chrono_literals::operator""s;

const Definition document = checkout::saga.definition();

std::set<std::string> kinds_of(const std::vector<Path>& found) {
  std::set<std::string> kinds;
  for (const Path& path : found) kinds.insert(path.events.begin(), path.events.end());
  return kinds;
}

TEST(SagaPaths, TheDocumentsGraphHasSevenKindsOfEventsAndThreePaths) {
  const std::vector<Path> found = paths(document, {.expiry = false});
  EXPECT_THAT(kinds_of(found),
              UnorderedElementsAre("ORDER_CHECKOUT_STARTED", "STOCK_RESERVED", "PAYMENT_COMPLETED",
                                   "STOCK_COMMITTED", "CART_CLEARED", "STOCK_RESERVATION_FAILED",
                                   "PAYMENT_FAILED"));
  const Path sold{{"ORDER_CHECKOUT_STARTED", "STOCK_RESERVED", "PAYMENT_COMPLETED",
                   "STOCK_COMMITTED", "CART_CLEARED"},
                  RunEnd::completed,
                  ""};
  const Path short_of_stock{
      {"ORDER_CHECKOUT_STARTED", "STOCK_RESERVATION_FAILED"}, RunEnd::compensated, "out_of_stock"};
  const Path unpaid{{"ORDER_CHECKOUT_STARTED", "STOCK_RESERVED", "PAYMENT_FAILED"},
                    RunEnd::compensated,
                    "pay refused"};
  EXPECT_THAT(found, UnorderedElementsAre(sold, short_of_stock, unpaid));
}

TEST(SagaPaths, AHoldThatRunsOutAddsItsOwnAndNoNewKindOfEvent) {
  const std::vector<Path> found = paths(document);
  EXPECT_EQ(kinds_of(found).size(), 7u);
  EXPECT_EQ(found.size(), 6u);  // sold, late or not; short, at first or anew; unpaid; expired again
}

TEST(SagaPaths, NoneIsFoundTwice) {
  const std::vector<Path> found = paths(document, {.expiry = true, .cancel = true, .silent = true});
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_FALSE(found[i] == found[j]);
  }
}

TEST(SagaPaths, EachEndsInATerminalThatItsEventsAllow) {
  const std::vector<Path> found = paths(document, {.expiry = true, .cancel = true, .silent = true});
  EXPECT_GT(found.size(), 10u);
  for (const Path& path : found) {
    const std::set<std::string> told(path.events.begin(), path.events.end());
    if (told.count("STOCK_COMMITTED") > 0) {
      EXPECT_EQ(path.end, RunEnd::completed) << path.reason;
      EXPECT_EQ(path.events.back(), "CART_CLEARED");
      EXPECT_EQ(told.count("PAYMENT_FAILED"), 0u);
    } else {
      EXPECT_EQ(path.end, RunEnd::compensated) << path.reason;
      EXPECT_EQ(told.count("CART_CLEARED"), 0u);
    }
  }
}

TEST(SagaPaths, WithoutAnEventForARefusalAStepIsTakenNotToRefuseUnlessAsked) {
  EXPECT_EQ(paths(document, {.expiry = false, .silent = true}).size(), 4u);
}

TEST(SagaPaths, ASagaWithoutAPivotCompletesOrIsUndone) {
  constexpr auto pair = saga<sample::Order, sample::Shop>(
      "pair", 1, compensable<"a">(sample::place, sample::cancel, {2s, standard}, {"A", "NO_A"}),
      compensable<"b">(sample::place, sample::cancel, {2s, standard}, {"B", "NO_B"}));
  EXPECT_THAT(paths(pair.definition()),
              UnorderedElementsAre(Path{{"A", "B"}, RunEnd::completed, ""},
                                   Path{{"A", "NO_B"}, RunEnd::compensated, "b refused"},
                                   Path{{"NO_A"}, RunEnd::compensated, "a refused"}));
}

}  // namespace
}  // namespace invsaga
