// SPDX-License-Identifier: Apache-2.0
//
// Matchers of GoogleMock for results, errors and answers:
//
//     EXPECT_THAT(store.reserve(operation, {}), IsReserved(id));
//     EXPECT_THAT(store.reserve(other, {}), IsOutOfStock(row, 3, 1));
//     EXPECT_THAT(store.commit({id, {}}), IsOkAndHolds(CommitAnswer::committed));
//     EXPECT_THAT(log.append(run, 4, records, stamp), ErrorIs(Errc::moved_on));
//
// The matchers of answers take the answer itself, an `Answer`, a `WriteReply`, or a `result` of any
// of them. There is no matcher for "any error" on purpose: expect the one that the contract names.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <invsaga/testing/component.hpp>
#include <invsaga/testing/printers.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// The alternative `A` inside an answer, however it is wrapped; nullptr if it is another, or an
/// error.
template <class A, class T>
const A* find_answer(const T& outer) {
  if constexpr (std::is_same_v<A, T>) {
    return &outer;
  } else if constexpr (requires { outer.assume_value(); }) {
    return outer.has_value() ? find_answer<A>(outer.assume_value()) : nullptr;
  } else if constexpr (std::is_same_v<T, WriteReply>) {
    return find_answer<A>(outer.answer);
  } else if constexpr (requires { outer.index(); }) {
    return std::visit([](const auto& inner) { return find_answer<A>(inner); }, outer);
  } else {
    return nullptr;
  }
}

/// There is a value.
MATCHER(IsOk, negation ? "is an error" : "is a value") { return arg.has_value(); }

/// `IsOkAndHolds(inner)` as a matcher of one type of result.
template <class Result, class Inner>
class OkAndHolds : public ::testing::MatcherInterface<Result> {
  using Value = typename std::remove_cvref_t<Result>::value_type;

 public:
  explicit OkAndHolds(const Inner& inner)
      : inner_(::testing::SafeMatcherCast<const Value&>(inner)) {}

  void DescribeTo(std::ostream* out) const override {
    *out << "is a value that ";
    inner_.DescribeTo(out);
  }
  bool MatchAndExplain(Result outcome, ::testing::MatchResultListener* listener) const override {
    return outcome.has_value() && inner_.MatchAndExplain(outcome.assume_value(), listener);
  }

 private:
  ::testing::Matcher<const Value&> inner_;
};

/// What `IsOkAndHolds` gives: a matcher for the result of any type that `inner` fits.
template <class Inner>
class OkAndHoldsOfAnyResult {
 public:
  explicit OkAndHoldsOfAnyResult(Inner inner) : inner_(std::move(inner)) {}
  template <class Result>
  operator ::testing::Matcher<Result>() const {  // NOLINT: how GoogleMock asks for the type
    return ::testing::Matcher<Result>(new OkAndHolds<const Result&, Inner>(inner_));
  }

 private:
  Inner inner_;
};

/// There is a value and it matches: a value, or a matcher.
template <class Inner>
OkAndHoldsOfAnyResult<std::decay_t<Inner>> IsOkAndHolds(Inner&& inner) {
  return OkAndHoldsOfAnyResult<std::decay_t<Inner>>(std::forward<Inner>(inner));
}

/// There is an error of this code.
MATCHER_P(ErrorIs, code, (negation ? "is no error " : "is the error ") + std::string(name(code))) {
  return arg.has_error() && arg.assume_error().code == code;
}

/// The same, for this bound, with less allowed than was asked for or nothing left of it.
MATCHER_P2(ErrorIs, code, limit,
           (negation ? "is no error " : "is the error ") + std::string(name(code)) + " of " +
               std::string(name(limit))) {
  if (!arg.has_error()) return false;
  const Error error = arg.assume_error();
  const bool over = error.asked > error.allowed || error.code == Errc::resource_exhausted;
  return error.code == code && error.limit == limit && error.asked > 0 && over;
}

/// There is an error that leaves the caller this to do.
MATCHER_P(RemedyIs, remedy, "is an error with the remedy " + std::string(name(remedy))) {
  return arg.has_error() && arg.assume_error().remedy() == remedy;
}

MATCHER(IsReserved, "is the answer reserved") { return find_answer<Reserved>(arg) != nullptr; }
MATCHER_P(IsReserved, id, "is the answer reserved for " + ::testing::PrintToString(id)) {
  const auto* answer = find_answer<Reserved>(arg);
  return answer != nullptr && answer->id == id;
}

MATCHER_P2(IsReserved, id, until,
           "is the answer " + ::testing::PrintToString(Reserved{id, until})) {
  const auto* answer = find_answer<Reserved>(arg);
  return answer != nullptr && *answer == Reserved{id, until};
}

MATCHER(IsOutOfStock, "is the answer out_of_stock") {
  return find_answer<OutOfStock>(arg) != nullptr;
}
/// The first short line; of several, look at `shorts_of`.
MATCHER_P3(IsOutOfStock, row, asked, available,
           "is the answer out_of_stock, first " +
               ::testing::PrintToString(ShortLine{row, asked, available})) {
  const auto* answer = find_answer<OutOfStock>(arg);
  return answer != nullptr && answer->first == ShortLine{row, asked, available};
}

MATCHER_P3(IsReturnRefused, row, asked, coverable,
           "is the answer refused, first " +
               ::testing::PrintToString(ShortLine{row, asked, coverable})) {
  const auto* answer = find_answer<ReturnRefused>(arg);
  return answer != nullptr && answer->first == ShortLine{row, asked, coverable};
}

MATCHER(IsAdjusted, "is the answer adjusted") { return find_answer<Adjusted>(arg) != nullptr; }
MATCHER(IsExpired, "is the answer expired") { return find_answer<Expired>(arg) != nullptr; }
MATCHER(IsSuppressed, "is the answer suppressed") {
  return find_answer<Suppressed>(arg) != nullptr;
}
MATCHER(IsMismatch, "is the answer mismatch") { return find_answer<Mismatch>(arg) != nullptr; }

/// The answer of a commit, a release or an extend, by its enumerator:
/// `Answers(CommitAnswer::committed)`.
MATCHER_P(Answers, word, "is the answer " + std::string(name(word))) {
  const auto* answer = find_answer<std::decay_t<decltype(word)>>(arg);
  return answer != nullptr && *answer == word;
}

/// A claim in this state: `EXPECT_THAT(store.claim(claim), ClaimIs(ClaimState::fresh))`.
MATCHER_P(ClaimIs, state, "is a claim that is " + std::string(name(state))) {
  return arg.has_value() && arg.assume_value().state == state;
}

/// All short lines of a refusal, as far as the lent storage reached.
template <class T>
std::vector<ShortLine> shorts_of(const T& answer) {
  const Shortage* shortage = find_answer<OutOfStock>(answer);
  if (shortage == nullptr) shortage = find_answer<ReturnRefused>(answer);
  if (shortage == nullptr) return {};
  return {shortage->lines.begin(), shortage->lines.end()};
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
