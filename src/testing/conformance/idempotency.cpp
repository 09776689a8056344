// SPDX-License-Identifier: Apache-2.0
#include <invsaga/testing/idempotency_conformance.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/on_threads.hpp>

#include "suite.hpp"

namespace invsaga {
inline namespace v0 {
namespace testing {
namespace {

/// The fixture of the suites for an IdempotencyStore. A test begins with an empty store at time
/// `at(0)`.
class IdempotencyFixture : public ::testing::Test {
 public:
  using Make = MakeClaims;
  explicit IdempotencyFixture(MakeClaims make) : make_(make) { open({}); }

  /// Begins anew. False if this kind of store cannot keep answers so.
  bool open(const Retention& retention) {
    store_.reset();
    store_ = make_(retention);
    advance(0);
    const Retention kept = store_->retention();
    return kept == retention;
  }
  ClaimsUnderTest& store() { return *store_; }
  static Time at(std::int64_t ms) { return time_from_ms(1'600'000'000'000 + ms); }
  void advance(std::int64_t ms) { store_->advance_to(at(ms)); }

  static RequestKey key(std::uint64_t number) { return {3, number}; }
  static Fingerprint print(std::uint64_t number) { return {4, number}; }

  /// A claim with a lease of 100 ms, for a request that has 1,000.
  result<ClaimAnswer> claim(std::uint64_t number, std::uint64_t payload = 1) {
    return claim(number, payload, store().now() + Duration{100});
  }
  result<ClaimAnswer> claim(std::uint64_t number, std::uint64_t payload, Time lease,
                            Time deadline = at(1'000)) {
    return store().claim({key(number), print(payload), lease, deadline});
  }
  /// The epoch of a claim that has to be fresh.
  std::uint64_t own(std::uint64_t number) {
    const auto answer = claim(number);
    EXPECT_THAT(answer, ClaimIs(ClaimState::fresh));
    return answer.has_value() ? answer.assume_value().epoch : 0;
  }
  result<void> confirm_claim(std::uint64_t number, std::uint64_t epoch,
                             std::string_view answer = "yes") {
    return store().confirm_claim(key(number), epoch, as_bytes(answer));
  }
  /// What a request that has to be completed is answered.
  std::string answer_of(std::uint64_t number) {
    const auto answer = claim(number);
    EXPECT_THAT(answer, ClaimIs(ClaimState::completed));
    if (!answer.has_value()) return "no answer";
    const auto& bytes = answer.assume_value().answer;
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

 private:
  const MakeClaims make_;
  std::unique_ptr<ClaimsUnderTest> store_;
};

class IdempotencyConformance : public IdempotencyFixture {
 public:
  using IdempotencyFixture::IdempotencyFixture;
};
INVSAGA_SUITE(IdempotencyConformance)

INVSAGA_SUITE_TEST(IdempotencyConformance, TheFirstToAskHasTheWork) {
  EXPECT_THAT(this->claim(1), ClaimIs(ClaimState::fresh));
  EXPECT_THAT(this->claim(2), ClaimIs(ClaimState::fresh)) << "another key is another request";
}

INVSAGA_SUITE_TEST(IdempotencyConformance, WhoeverAsksMeanwhileIsToldToWaitAndUntilWhen) {
  this->own(1);
  const auto second = this->claim(1);
  ASSERT_THAT(second, ClaimIs(ClaimState::in_progress));
  EXPECT_EQ(to_ms(second.value().lease_until), to_ms(this->at(100)));
  EXPECT_TRUE(second.value().answer.empty());
  this->advance(99);
  EXPECT_THAT(this->claim(1), ClaimIs(ClaimState::in_progress));
}

INVSAGA_SUITE_TEST(IdempotencyConformance, ALapsedLeaseIsTakenOverUnderALargerEpoch) {
  const auto first = this->own(1);
  this->advance(100);
  const auto second = this->own(1);
  EXPECT_GT(second, first);
  EXPECT_THAT(this->claim(1), ClaimIs(ClaimState::in_progress));
}

INVSAGA_SUITE_TEST(IdempotencyConformance, ACompletedRequestIsAnsweredWithItsBytes) {
  const std::string bytes("a\0b\xff", 4);
  EXPECT_THAT(this->confirm_claim(1, this->own(1), bytes), IsOk());
  EXPECT_EQ(this->answer_of(1), bytes);
  EXPECT_EQ(this->answer_of(1), bytes);
  this->advance(500);
  EXPECT_EQ(this->answer_of(1), bytes) << "the lease no longer matters";
}

INVSAGA_SUITE_TEST(IdempotencyConformance, AnEmptyAnswerIsAnAnswer) {
  EXPECT_THAT(this->confirm_claim(1, this->own(1), ""), IsOk());
  EXPECT_EQ(this->answer_of(1), "");
}

INVSAGA_SUITE_TEST(IdempotencyConformance,
                   AnotherPayloadIsAMismatchWhateverTheStateAndSeesNothing) {
  const auto epoch = this->own(1);
  EXPECT_THAT(this->claim(1, 2), ClaimIs(ClaimState::mismatch)) << "in progress";
  EXPECT_THAT(this->confirm_claim(1, epoch), IsOk());
  const auto stranger = this->claim(1, 2);
  ASSERT_THAT(stranger, ClaimIs(ClaimState::mismatch)) << "completed";
  EXPECT_TRUE(stranger.value().answer.empty()) << "the other's answer is not shown";
  this->own(2);
  this->advance(200);
  EXPECT_THAT(this->claim(2, 2), ClaimIs(ClaimState::mismatch)) << "lapsed";
  EXPECT_EQ(this->answer_of(1), "yes") << "the original is untouched";
  this->own(2);
}

INVSAGA_SUITE_TEST(IdempotencyConformance, ARequestPastItsDeadlineIsExpiredAndNeverFresh) {
  EXPECT_THAT(this->claim(1, 1, this->at(100), this->at(0)), ClaimIs(ClaimState::expired));
  this->own(2);
  this->advance(999);
  EXPECT_THAT(this->claim(3), ClaimIs(ClaimState::fresh));
  this->advance(1'000);
  EXPECT_THAT(this->claim(2), ClaimIs(ClaimState::expired)) << "whether it is remembered";
  EXPECT_THAT(this->claim(4), ClaimIs(ClaimState::expired)) << "or not";
}

INVSAGA_SUITE_TEST(IdempotencyConformance, AnAnswerThatIsStillKeptOutlivesTheDeadline) {
  if (!this->open({.time = Duration{5'000}})) GTEST_SKIP() << "it keeps answers by its own rule";
  EXPECT_THAT(this->confirm_claim(1, this->own(1)), IsOk());
  this->advance(4'999);
  EXPECT_EQ(this->answer_of(1), "yes");
  this->advance(5'000);
  EXPECT_THAT(this->claim(1), ClaimIs(ClaimState::expired));
}

INVSAGA_SUITE_TEST(IdempotencyConformance, AnAnswerIsKeptAtLeastUntilTheDeadline) {
  if (!this->open({.time = Duration{5}})) GTEST_SKIP() << "it keeps answers by its own rule";
  EXPECT_THAT(this->confirm_claim(1, this->own(1)), IsOk());
  this->advance(999);
  EXPECT_EQ(this->answer_of(1), "yes");
}

INVSAGA_SUITE_TEST(IdempotencyConformance, AnAnswerIsKeptForTheTimeSinceItsCompletion) {
  if (!this->open({.time = Duration{5'000}})) GTEST_SKIP() << "it keeps answers by its own rule";
  const auto epoch = this->own(1);
  this->advance(900);
  EXPECT_THAT(this->confirm_claim(1, epoch), IsOk());
  this->advance(5'899);
  EXPECT_EQ(this->answer_of(1), "yes");
}

INVSAGA_SUITE_TEST(IdempotencyConformance, KeptForEverMeansForEver) {
  if (!this->open({.forever = true})) GTEST_SKIP() << "it does not keep answers for ever";
  EXPECT_THAT(this->confirm_claim(1, this->own(1)), IsOk());
  this->advance(400LL * 24 * 3600 * 1000);
  EXPECT_EQ(this->answer_of(1), "yes");
}

INVSAGA_SUITE_TEST(IdempotencyConformance, AFullStoreRefusesTheNewAndKeepsTheOld) {
  if (!this->open({.count = 2})) GTEST_SKIP() << "it cannot be made so small";
  EXPECT_THAT(this->confirm_claim(1, this->own(1)), IsOk());
  const auto epoch = this->own(2);
  EXPECT_THAT(this->claim(3), ErrorIs(Errc::resource_exhausted, Limit::requests));
  EXPECT_EQ(this->answer_of(1), "yes");
  EXPECT_THAT(this->claim(2), ClaimIs(ClaimState::in_progress));
  EXPECT_THAT(this->confirm_claim(2, epoch), IsOk());
  this->advance(1'000);
  EXPECT_THAT(this->claim(3, 1, this->at(1'100), this->at(2'000)), ClaimIs(ClaimState::fresh))
      << "past their deadlines the others may go";
}

INVSAGA_SUITE_TEST(IdempotencyConformance, AFullStoreThatKeepsForEverNeverForgets) {
  if (!this->open({.count = 1, .forever = true})) GTEST_SKIP() << "it cannot be made so";
  EXPECT_THAT(this->confirm_claim(1, this->own(1)), IsOk());
  this->advance(100'000);
  EXPECT_THAT(this->claim(2, 1, this->at(100'100), this->at(200'000)),
              ErrorIs(Errc::resource_exhausted, Limit::requests));
  EXPECT_EQ(this->answer_of(1), "yes");
}

// --- the owner

INVSAGA_SUITE_TEST(IdempotencyConformance, EventsAndRequestsHaveABoundEach) {
  if (!this->open({.count = 1, .events = 2})) GTEST_SKIP() << "it cannot be made so small";
  const auto event = [&](std::uint64_t number, std::int64_t deadline) {
    const Time until = this->store().now() + Duration{100};
    return this->store().claim(
        {this->key(number), this->print(1), until, this->at(deadline), ClaimKind::event});
  };
  EXPECT_THAT(event(10, 1'000), ClaimIs(ClaimState::fresh));
  EXPECT_THAT(event(11, 2'000), ClaimIs(ClaimState::fresh));
  EXPECT_THAT(event(12, 3'000), ErrorIs(Errc::resource_exhausted));
  const auto epoch = this->own(1);
  EXPECT_THAT(this->claim(2), ErrorIs(Errc::resource_exhausted));
  EXPECT_THAT(this->confirm_claim(1, epoch), IsOk());
  this->advance(1'000);
  EXPECT_THAT(event(12, 3'000), ClaimIs(ClaimState::fresh)) << "the first is past its deadline";
  EXPECT_THAT(event(13, 3'000), ErrorIs(Errc::resource_exhausted));
  EXPECT_THAT(this->claim(2, 1, this->at(1'100), this->at(2'000)), ClaimIs(ClaimState::fresh));
}

INVSAGA_SUITE_TEST(IdempotencyConformance,
                   AnEventIsForgottenAtItsDeadlineAlsoWhereAnswersAreForEver) {
  if (!this->open({.forever = true, .events = 1})) GTEST_SKIP() << "it cannot be made so";
  const auto event = [&](std::uint64_t number, std::int64_t deadline) {
    return this->store().claim(
        {this->key(number), this->print(1), this->at(100), this->at(deadline), ClaimKind::event});
  };
  const auto first = event(10, 1'000);
  ASSERT_THAT(first, ClaimIs(ClaimState::fresh));
  EXPECT_THAT(this->confirm_claim(10, first.assume_value().epoch), IsOk());
  EXPECT_THAT(event(11, 2'000), ErrorIs(Errc::resource_exhausted));
  this->advance(1'000);
  EXPECT_THAT(event(11, 2'000), ClaimIs(ClaimState::fresh));
}

INVSAGA_SUITE_TEST(IdempotencyConformance, TheOwnerKeepsItsLeaseByExtendingIt) {
  const auto epoch = this->own(1);
  EXPECT_THAT(this->store().extend_claim(this->key(1), epoch, this->at(300)), IsOk());
  this->advance(299);
  const auto waits = this->claim(1);
  ASSERT_THAT(waits, ClaimIs(ClaimState::in_progress));
  EXPECT_EQ(to_ms(waits.value().lease_until), to_ms(this->at(300)));
  this->advance(300);
  EXPECT_THAT(this->claim(1), ClaimIs(ClaimState::fresh));
}

INVSAGA_SUITE_TEST(IdempotencyConformance, ExtendingNeverShortensALease) {
  const auto epoch = this->own(1);
  EXPECT_THAT(this->store().extend_claim(this->key(1), epoch, this->at(50)), IsOk());
  this->advance(99);
  EXPECT_THAT(this->claim(1), ClaimIs(ClaimState::in_progress));
}

INVSAGA_SUITE_TEST(IdempotencyConformance, AFormerOwnerIsFenced) {
  const auto former = this->own(1);
  this->advance(100);
  const auto owner = this->own(1);
  EXPECT_THAT(this->store().extend_claim(this->key(1), former, this->at(900)), ErrorIs(Errc::busy));
  EXPECT_THAT(this->confirm_claim(1, former, "late"), ErrorIs(Errc::busy));
  EXPECT_THAT(this->store().release_claim(this->key(1), former), ErrorIs(Errc::busy));
  const auto waits = this->claim(1);
  ASSERT_THAT(waits, ClaimIs(ClaimState::in_progress));
  EXPECT_EQ(to_ms(waits.value().lease_until), to_ms(this->at(200))) << "nothing of it landed";
  EXPECT_THAT(this->confirm_claim(1, owner, "mine"), IsOk());
  EXPECT_THAT(this->confirm_claim(1, former, "late"), ErrorIs(Errc::busy));
  EXPECT_EQ(this->answer_of(1), "mine");
}

INVSAGA_SUITE_TEST(IdempotencyConformance, AnOwnerWhoseLeaseLapsedMayStillConfirmIfNobodyTookOver) {
  const auto epoch = this->own(1);
  this->advance(500);
  EXPECT_THAT(this->confirm_claim(1, epoch), IsOk());
  EXPECT_EQ(this->answer_of(1), "yes");
}

INVSAGA_SUITE_TEST(IdempotencyConformance, EpochsGrowAlsoAfterTheKeyWasForgotten) {
  if (!this->open({.count = 1})) GTEST_SKIP() << "it cannot be made so small";
  const auto former = this->own(1);
  this->advance(5'000);
  const auto again = this->claim(1, 1, this->at(5'100), this->at(9'000));
  ASSERT_THAT(again, ClaimIs(ClaimState::fresh));
  EXPECT_GT(again.value().epoch, former);
  EXPECT_THAT(this->confirm_claim(1, former, "late"), ErrorIs(Errc::busy));
}

INVSAGA_SUITE_TEST(IdempotencyConformance, ARepeatedConfirmSucceedsAndChangesNothing) {
  const auto epoch = this->own(1);
  EXPECT_THAT(this->confirm_claim(1, epoch, "yes"), IsOk());
  EXPECT_THAT(this->confirm_claim(1, epoch, "yes"), IsOk());
  EXPECT_THAT(this->confirm_claim(1, epoch, "no"), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(this->confirm_claim(1, epoch, "yes!"), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(this->answer_of(1), "yes");
}

INVSAGA_SUITE_TEST(IdempotencyConformance, ARefusalIsAnAnswerLikeAnother) {
  EXPECT_THAT(this->confirm_claim(1, this->own(1), "refused: card declined"), IsOk());
  EXPECT_EQ(this->answer_of(1), "refused: card declined") << "only a new id may succeed later";
}

INVSAGA_SUITE_TEST(IdempotencyConformance, WhatMerelyFailedIsReleasedAndMayBeTriedAtOnce) {
  const auto first = this->own(1);
  EXPECT_THAT(this->store().release_claim(this->key(1), first), IsOk());
  const auto second = this->own(1);
  EXPECT_GT(second, first);
  EXPECT_THAT(this->confirm_claim(1, first, "late"), ErrorIs(Errc::busy));
  EXPECT_THAT(this->confirm_claim(1, second), IsOk());
}

INVSAGA_SUITE_TEST(IdempotencyConformance, ACompletedRequestCannotBeReleased) {
  const auto epoch = this->own(1);
  EXPECT_THAT(this->confirm_claim(1, epoch), IsOk());
  EXPECT_THAT(this->store().release_claim(this->key(1), epoch), ErrorIs(Errc::too_late));
  EXPECT_EQ(this->answer_of(1), "yes");
}

INVSAGA_SUITE_TEST(IdempotencyConformance, AnUnknownKeyHasNoOwner) {
  EXPECT_THAT(this->store().extend_claim(this->key(1), 1, this->at(100)), ErrorIs(Errc::not_found));
  EXPECT_THAT(this->confirm_claim(1, 1), ErrorIs(Errc::not_found));
  EXPECT_THAT(this->claim(1), ClaimIs(ClaimState::fresh)) << "nor did that make one";
}

INVSAGA_SUITE_TEST(IdempotencyConformance, ACompletedRequestHasNoLease) {
  const auto epoch = this->own(1);
  EXPECT_THAT(this->confirm_claim(1, epoch), IsOk());
  EXPECT_THAT(this->store().extend_claim(this->key(1), epoch, this->at(900)),
              ErrorIs(Errc::not_found));
}

INVSAGA_SUITE_TEST(IdempotencyConformance, RefusesWhatNoClaimMayBear) {
  auto& store = this->store();
  const Claim good{this->key(1), this->print(1), this->at(100), this->at(1'000)};
  Claim bad = good;
  bad.key = {};
  EXPECT_THAT(store.claim(bad), ErrorIs(Errc::invalid_argument));
  bad = good;
  bad.lease_until = {};
  EXPECT_THAT(store.claim(bad), ErrorIs(Errc::invalid_argument));
  bad = good;
  bad.deadline = {};
  EXPECT_THAT(store.claim(bad), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(store.claim(good), ClaimIs(ClaimState::fresh)) << "errors leave no trace";
}

INVSAGA_SUITE_TEST(IdempotencyConformance, TheSameTextOfAnotherTenantIsAnotherRequest) {
  const auto claim = [&](std::string_view tenant, std::string_view operation, std::string_view id) {
    return this->store().claim(
        {request_key(tenant, operation, id), this->print(1), this->at(100), this->at(1'000)});
  };
  const auto first = claim("a", "checkout", "1");
  ASSERT_THAT(first, ClaimIs(ClaimState::fresh));
  EXPECT_THAT(
      this->store().confirm_claim(request_key("a", "checkout", "1"), first.value().epoch, {}),
      IsOk());
  EXPECT_THAT(claim("b", "checkout", "1"), ClaimIs(ClaimState::fresh));
  EXPECT_THAT(claim("a", "refund", "1"), ClaimIs(ClaimState::fresh));
  EXPECT_THAT(claim("a", "checkout1", ""), ClaimIs(ClaimState::fresh))
      << "parts do not run together";
  EXPECT_THAT(claim("a", "checkout", "1"), ClaimIs(ClaimState::completed));
}

// --- many threads

class IdempotencyThreads : public IdempotencyFixture {
 public:
  using IdempotencyFixture::IdempotencyFixture;
};
INVSAGA_SUITE(IdempotencyThreads)

INVSAGA_SUITE_TEST(IdempotencyThreads, OfManyWhoAskAtOnceOneHasTheWork) {
  auto& store = this->store();
  for (std::uint64_t round = 0; round < 20; ++round) {
    std::atomic<int> fresh{0};
    std::atomic<int> waiting{0};
    on_threads(64, [&](unsigned) {
      const auto answer = store.claim(
          {this->key(round + 1), this->print(1), this->at(100), this->at(1'000)});
      if (!answer.has_value()) return;
      fresh += answer.assume_value().state == ClaimState::fresh ? 1 : 0;
      waiting += answer.assume_value().state == ClaimState::in_progress ? 1 : 0;
    });
    ASSERT_EQ(fresh, 1);
    ASSERT_EQ(waiting, 63);
  }
}

INVSAGA_SUITE_TEST(IdempotencyThreads, TheWorkIsDoneOnceAndAllHearTheSame) {
  auto& store = this->store();
  std::atomic<int> done{0};
  std::atomic<int> heard{0};
  on_threads(64, [&](unsigned thread) {
    for (;;) {
      const auto answer = store.claim(
          {this->key(1), this->print(1), this->at(100), this->at(1'000)});
      if (!answer.has_value()) return;
      const auto& claim = answer.assume_value();
      if (claim.state == ClaimState::fresh) {
        ++done;
        const bool failed = thread % 2 == 0;  // what merely failed is tried by another
        const auto ended = failed ? store.release_claim(this->key(1), claim.epoch)
                                  : store.confirm_claim(this->key(1), claim.epoch, as_bytes("yes"));
        EXPECT_THAT(ended, IsOk());
        if (failed) {
          --done;
          return;
        }
      } else if (claim.state == ClaimState::completed) {
        heard += claim.answer.size() == 3 ? 1 : 0;
        return;
      }
    }
  });
  EXPECT_EQ(done, 1);
  EXPECT_GE(heard, 32);
}

}  // namespace

bool test_idempotency_stores(std::string_view name, std::span<const MakeClaims> stores) {
  suite_of_IdempotencyConformance().bind(name, stores);
  return true;
}

bool test_idempotency_threads(std::string_view name, std::span<const MakeClaims> stores) {
  suite_of_IdempotencyThreads().bind(name, stores);
  return true;
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
