// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include <invsaga/idempotency.hpp>
#include <invsaga/redelivery.hpp>
#include <invsaga/reference/claim_table.hpp>
#include <invsaga/testing/matchers.hpp>

namespace invsaga {
namespace {

using testing::ClaimIs;
using testing::ErrorIs;
using testing::IsOk;
using testing::RemedyIs;

constexpr Fingerprint payload{5, 5};
constexpr Fingerprint other_payload{6, 6};

std::vector<std::byte> answer_of(const std::string& text) {
  const Bytes bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

/// Times in ms. The clock starts at 100; leases end at 200 and requests at 1,000 unless a test says
/// otherwise.
class ClaimTest : public ::testing::Test {
 protected:
  explicit ClaimTest(const Retention& retention = {}) : table(retention) {
    table.advance_to(time_from_ms(100));
  }

  result<ClaimAnswer> claim(std::uint64_t key, Fingerprint fingerprint = payload,
                            std::int64_t lease = 200, std::int64_t deadline = 1'000) {
    return table.claim({{1, key}, fingerprint, time_from_ms(lease), time_from_ms(deadline)});
  }
  /// The epoch of a claim that has to be fresh.
  std::uint64_t fresh(std::uint64_t key, std::int64_t lease = 200) {
    const auto answer = claim(key, payload, lease);
    EXPECT_THAT(answer, ClaimIs(ClaimState::fresh));
    return answer.value().epoch;
  }
  result<void> confirm_claim(std::uint64_t key, std::uint64_t epoch,
                             const std::string& text = "done") {
    return table.confirm_claim({1, key}, epoch, as_bytes(text));
  }
  void advance(std::int64_t ms) { table.advance_to(time_from_ms(ms)); }

  ClaimTable table;
};

TEST_F(ClaimTest, IsFreshOnceAndThenInProgress) {
  EXPECT_THAT(claim(1), ClaimIs(ClaimState::fresh));
  const auto second = claim(1);
  EXPECT_THAT(second, ClaimIs(ClaimState::in_progress));
  EXPECT_EQ(second.value().lease_until, time_from_ms(200));
  EXPECT_THAT(claim(2), ClaimIs(ClaimState::fresh)) << "another request";
}

TEST_F(ClaimTest, IsCompletedWithTheAnswerOfTheFirst) {
  ASSERT_THAT(confirm_claim(1, fresh(1), "order 7"), IsOk());
  for (int again = 0; again < 3; ++again) {
    const auto answer = claim(1);
    EXPECT_THAT(answer, ClaimIs(ClaimState::completed));
    EXPECT_EQ(answer.value().answer, answer_of("order 7"));
  }
}

TEST_F(ClaimTest, WithAnotherPayloadIsAMismatchAndShowsNothing) {
  const auto epoch = fresh(1);
  EXPECT_THAT(claim(1, other_payload), ClaimIs(ClaimState::mismatch));
  ASSERT_THAT(confirm_claim(1, epoch, "secret"), IsOk());
  const auto answer = claim(1, other_payload);
  EXPECT_THAT(answer, ClaimIs(ClaimState::mismatch));
  EXPECT_TRUE(answer.value().answer.empty());
  EXPECT_THAT(claim(1), ClaimIs(ClaimState::completed)) << "the original is untouched";
}

TEST_F(ClaimTest, ThatLapsedIsTakenOverWithALargerEpoch) {
  const auto first = fresh(1);
  advance(199);
  EXPECT_THAT(claim(1, payload, 400), ClaimIs(ClaimState::in_progress));
  advance(200);
  const auto second = fresh(1, 400);
  EXPECT_GT(second, first);
}

TEST_F(ClaimTest, OfAFormerOwnerGrantsNothing) {
  const auto first = fresh(1);
  advance(200);
  const auto second = fresh(1, 400);
  EXPECT_THAT(confirm_claim(1, first), ErrorIs(Errc::busy));
  EXPECT_THAT(table.extend_claim({1, 1}, first, time_from_ms(900)), ErrorIs(Errc::busy));
  EXPECT_THAT(table.release_claim({1, 1}, first), ErrorIs(Errc::busy));
  EXPECT_THAT(confirm_claim(1, second), IsOk());
  EXPECT_THAT(confirm_claim(1, first), ErrorIs(Errc::busy)) << "even with the same answer";
}

TEST_F(ClaimTest, ThatLapsedUnnoticedCanStillBeConfirmed) {
  const auto epoch = fresh(1);
  advance(500);
  EXPECT_THAT(confirm_claim(1, epoch), IsOk());
}

TEST_F(ClaimTest, IsKeptByItsOwnerAndNeverShortened) {
  const auto epoch = fresh(1);
  EXPECT_THAT(table.extend_claim({1, 1}, epoch, time_from_ms(300)), IsOk());
  EXPECT_THAT(table.extend_claim({1, 1}, epoch, time_from_ms(250)), IsOk());
  advance(299);
  EXPECT_THAT(claim(1), ClaimIs(ClaimState::in_progress));
  advance(300);
  EXPECT_THAT(claim(1, payload, 400), ClaimIs(ClaimState::fresh));
}

TEST_F(ClaimTest, ExtendedOfNothingIsNotFound) {
  EXPECT_THAT(table.extend_claim({1, 9}, 1, time_from_ms(300)), ErrorIs(Errc::not_found));
  const auto epoch = fresh(1);
  EXPECT_THAT(table.extend_claim({1, 1}, epoch, {}), ErrorIs(Errc::invalid_argument));
  ASSERT_THAT(confirm_claim(1, epoch), IsOk());
  EXPECT_THAT(table.extend_claim({1, 1}, epoch, time_from_ms(300)), ErrorIs(Errc::not_found));
}

TEST_F(ClaimTest, ConfirmedAgainIsTheSameAndNeverChanged) {
  const auto epoch = fresh(1);
  ASSERT_THAT(confirm_claim(1, epoch, "yes"), IsOk());
  EXPECT_THAT(confirm_claim(1, epoch, "yes"), IsOk());
  EXPECT_THAT(confirm_claim(1, epoch, "no"), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(claim(1).value().answer, answer_of("yes"));
}

TEST_F(ClaimTest, ConfirmedOfNothingIsNotFound) {
  EXPECT_THAT(confirm_claim(1, 1), ErrorIs(Errc::not_found));
}

TEST_F(ClaimTest, ConfirmedWithTooMuchIsAnError) {
  const auto epoch = fresh(1);
  const std::vector<std::byte> much(max_answer_bytes + 1);
  EXPECT_THAT(table.confirm_claim({1, 1}, epoch, much), ErrorIs(Errc::limit_exceeded));
  EXPECT_THAT(table.confirm_claim({1, 1}, epoch, Bytes(much).first(max_answer_bytes)), IsOk());
}

TEST_F(ClaimTest, ReleasedIsFreshForAnybodyAtOnce) {
  const auto first = fresh(1);
  EXPECT_THAT(table.release_claim({1, 1}, first), IsOk());
  EXPECT_THAT(table.release_claim({1, 1}, first), IsOk()) << "a repeat";
  const auto second = claim(1, other_payload);
  EXPECT_THAT(second, ClaimIs(ClaimState::fresh)) << "what failed is not remembered";
  EXPECT_GT(second.value().epoch, first);
}

TEST_F(ClaimTest, ReleasedAfterItsAnswerIsTooLate) {
  const auto epoch = fresh(1);
  ASSERT_THAT(confirm_claim(1, epoch), IsOk());
  EXPECT_THAT(table.release_claim({1, 1}, epoch), ErrorIs(Errc::too_late));
}

TEST_F(ClaimTest, PastItsDeadlineIsExpiredAndNeverFresh) {
  EXPECT_THAT(claim(1, payload, 200, 100), ClaimIs(ClaimState::expired)) << "unknown";
  fresh(2);
  advance(1'000);
  EXPECT_THAT(claim(2, payload, 2'000), ClaimIs(ClaimState::expired)) << "it was in progress";
  EXPECT_EQ(table.size(), 0u);
}

TEST_F(ClaimTest, InProgressIsRememberedWhileItsLeaseIsLive) {
  const auto epoch = fresh(1, 5'000);
  advance(4'999);
  EXPECT_THAT(claim(1, payload, 6'000), ClaimIs(ClaimState::in_progress))
      << "past its deadline, and somebody is at it";
  EXPECT_THAT(confirm_claim(1, epoch), IsOk());
}

class PromisesOnly : public ClaimTest {
 protected:
  PromisesOnly() : ClaimTest({.time = Duration{0}}) {}
};
TEST_F(PromisesOnly, AreForgottenWithTheirDeadlines) {
  ASSERT_THAT(confirm_claim(1, fresh(1)), IsOk());
  advance(999);
  EXPECT_THAT(claim(1), ClaimIs(ClaimState::completed));
  advance(1'000);
  EXPECT_THAT(claim(1), ClaimIs(ClaimState::expired));
}

TEST_F(ClaimTest, NeedsAKeyALeaseAndADeadline) {
  EXPECT_THAT(table.claim({{}, payload, time_from_ms(200), time_from_ms(1'000)}),
              ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(claim(1, payload, 0), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(claim(1, payload, 200, 0), ErrorIs(Errc::invalid_argument));
}

TEST_F(ClaimTest, IsRememberedForADayAsACourtesy) {
  constexpr std::int64_t day = 86'400'000;
  ASSERT_THAT(confirm_claim(1, fresh(1)), IsOk());
  advance(day + 99);
  EXPECT_THAT(claim(1), ClaimIs(ClaimState::completed));
  advance(day + 100);
  EXPECT_THAT(claim(1), ClaimIs(ClaimState::expired));
}

TEST(ACourtesy, MakesRoomTheOldestPromiseFirst) {
  ClaimTable table({.count = 3});
  const auto ask = [&](std::uint64_t key, std::int64_t deadline) {
    return table.claim({{1, key}, payload, time_from_ms(deadline), time_from_ms(deadline)});
  };
  const auto complete = [&](std::uint64_t key, std::int64_t deadline) {
    const auto claim = ask(key, deadline);
    ASSERT_THAT(claim, ClaimIs(ClaimState::fresh)) << key;
    ASSERT_THAT(table.confirm_claim({1, key}, claim.value().epoch, {}), IsOk());
  };
  table.advance_to(time_from_ms(1));
  complete(1, 300);
  complete(2, 200);
  complete(3, 900);
  EXPECT_THAT(ask(4, 2'000), ErrorIs(Errc::resource_exhausted)) << "all are in time";
  table.advance_to(time_from_ms(250));
  complete(4, 2'000);
  EXPECT_THAT(ask(2, 200), ClaimIs(ClaimState::expired)) << "it made room";
  EXPECT_THAT(ask(1, 300), ClaimIs(ClaimState::completed));
  EXPECT_THAT(ask(5, 2'000), ErrorIs(Errc::resource_exhausted));
  table.advance_to(time_from_ms(1'000));
  EXPECT_THAT(ask(1, 300), ClaimIs(ClaimState::completed));
  complete(5, 2'000);
  EXPECT_THAT(ask(1, 300), ClaimIs(ClaimState::expired));
  EXPECT_THAT(ask(3, 900), ClaimIs(ClaimState::completed));
  complete(6, 2'000);
  EXPECT_THAT(ask(3, 900), ClaimIs(ClaimState::expired));
  EXPECT_THAT(ask(7, 2'000), ErrorIs(Errc::resource_exhausted));
  EXPECT_EQ(table.size(), 3u);
}

TEST(ACourtesy, IsNoneOfWhatIsUnderWayNorOfEvents) {
  ClaimTable table({.count = 1, .events = 1});
  table.advance_to(time_from_ms(1));
  const auto ask = [&](std::uint64_t key, ClaimKind kind) {
    return table.claim({{1, key}, payload, time_from_ms(9'000), time_from_ms(100), kind});
  };
  EXPECT_THAT(ask(1, ClaimKind::request), ClaimIs(ClaimState::fresh));
  const auto event = ask(2, ClaimKind::event);
  ASSERT_THAT(table.confirm_claim({1, 2}, event.value().epoch, {}), IsOk());
  table.advance_to(time_from_ms(99));
  EXPECT_THAT(ask(3, ClaimKind::request), ErrorIs(Errc::resource_exhausted));
  EXPECT_THAT(ask(3, ClaimKind::event), ErrorIs(Errc::resource_exhausted));
}

class RetentionTest : public ClaimTest {
 protected:
  RetentionTest() : ClaimTest({.time = Duration{5'000}, .count = 3, .forever = false}) {}
};

TEST_F(RetentionTest, KeepsAnAnswerForItsTimeAfterTheCompletion) {
  ASSERT_THAT(confirm_claim(1, fresh(1)), IsOk());
  advance(5'099);
  EXPECT_THAT(claim(1), ClaimIs(ClaimState::completed)) << "also past the request's deadline";
  advance(5'100);
  EXPECT_THAT(claim(1), ClaimIs(ClaimState::expired));
}

TEST_F(RetentionTest, RefusesNewRequestsBeforeItDropsAnAnswer) {
  for (std::uint64_t key = 1; key <= 3; ++key) ASSERT_THAT(confirm_claim(key, fresh(key)), IsOk());
  EXPECT_THAT(claim(4), ErrorIs(Errc::resource_exhausted));
  EXPECT_THAT(claim(4), RemedyIs(Remedy::retry));
  EXPECT_THAT(claim(1), ClaimIs(ClaimState::completed));
  advance(5'100);
  EXPECT_THAT(claim(4, payload, 5'200, 6'000), ClaimIs(ClaimState::fresh));
}

class ForeverTest : public ClaimTest {
 protected:
  ForeverTest() : ClaimTest({.time = Duration{0}, .count = 1, .forever = true}) {}
};

TEST_F(ForeverTest, NeverForgetsAnAnswer) {
  ASSERT_THAT(confirm_claim(1, fresh(1)), IsOk());
  table.advance_to(Time::max());
  EXPECT_THAT(claim(1), ClaimIs(ClaimState::completed));
  EXPECT_EQ(table.size(), 1u);
}

TEST_F(ForeverTest, ForgetsWhatWasNeverAnswered) {
  fresh(1);
  advance(1'000);
  EXPECT_THAT(claim(2, payload, 2'000, 3'000), ClaimIs(ClaimState::fresh));
}

TEST(Epochs, GrowAlsoForAKeyThatWasForgotten) {
  ClaimTable table;
  std::uint64_t last = 0;
  for (std::int64_t ms = 1; ms <= 50; ms += 10) {
    table.advance_to(time_from_ms(ms));
    const auto answer = table.claim({{1, 1}, payload, time_from_ms(ms + 5), time_from_ms(ms + 5)});
    ASSERT_THAT(answer, ClaimIs(ClaimState::fresh));
    EXPECT_GT(answer.value().epoch, last);
    last = answer.value().epoch;
  }
}

TEST(ARequestKey, IsOfItsTenantItsOperationAndItsText) {
  const std::set<RequestKey> keys{
      request_key("shop", "order", "1"),        request_key("shop2", "order", "1"),
      request_key("shop", "cancel", "1"),       request_key("shop", "order", "2"),
      request_key("shopo", "rder", "1"),        request_key("", "shoporder", "1"),
      request_key("shop", "order", "1", {1, 2})};
  EXPECT_EQ(keys.size(), 7u);
  EXPECT_EQ(request_key("shop", "order", "1"), request_key("shop", "order", "1"));
  EXPECT_EQ(request_key("shop", "order", "1"), request_key("shop", "order", "1", {0, 0}));
}

TEST(AFingerprint, IsOfTheBytesAndTheSecret) {
  EXPECT_EQ(fingerprint(as_bytes("a")), fingerprint(as_bytes("a")));
  EXPECT_NE(fingerprint(as_bytes("a")), fingerprint(as_bytes("b")));
  EXPECT_NE(fingerprint(as_bytes("a")), fingerprint(as_bytes("a"), {1, 2}));
  EXPECT_TRUE(fingerprint({}).is_set());
}

TEST(ClaimWords, AreTheOnesOfTheDesign) {
  EXPECT_EQ(name(ClaimState::fresh), "fresh");
  EXPECT_EQ(name(ClaimState::in_progress), "in_progress");
  EXPECT_EQ(name(ClaimState::completed), "completed");
  EXPECT_EQ(name(ClaimState::mismatch), "mismatch");
  EXPECT_EQ(name(ClaimState::expired), "expired");
}

TEST(ARetention, ShorterThanTheLongestRedeliveryIsRefusedAtStartUp) {
  const Redelivery redelivery{
      .lag = Duration{10}, .retries = Duration{20}, .dead_letters = Duration{70}};
  EXPECT_THAT(check_retention({.time = Duration{100}, .count = 1, .forever = false}, redelivery),
              IsOk());
  EXPECT_THAT(check_retention({.time = Duration{99}, .count = 1, .forever = false}, redelivery),
              ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(check_retention({.time = Duration{0}, .count = 1, .forever = true}, redelivery),
              IsOk());
}

TEST(ARetention, IsComparedAlsoWithLengthsThatTogetherAreNone) {
  constexpr Duration most = Duration::max();
  for (const Redelivery& redelivery :
       {Redelivery{most, most, most}, Redelivery{Duration{1}, most, Duration{0}}}) {
    EXPECT_EQ(redelivery.longest(), most);
    EXPECT_THAT(check_retention({.time = most - Duration{1}}, redelivery),
                ErrorIs(Errc::invalid_argument));
    EXPECT_THAT(check_retention({.time = most}, redelivery), IsOk());
  }
  constexpr Duration least = Duration::min();
  EXPECT_EQ((Redelivery{least, least, least}.longest()), least);
}

TEST(ARetention, ForetellsHowManyRecordsItComesTo) {
  const Retention day{.time = Duration{24 * 3600 * 1000}, .count = 0, .forever = false};
  EXPECT_EQ(live_records(day, 10), 10u * (24 * 3600 + 1));
  EXPECT_EQ(live_records(day, SIZE_MAX), SIZE_MAX);
  EXPECT_EQ(live_records({.time = Duration{-1'500}}, 10), 10u);
  EXPECT_EQ(live_records({.time = Duration::max()}, 0), 0u);
}

}  // namespace
}  // namespace invsaga
