// SPDX-License-Identifier: Apache-2.0
//
// The contract of an IdempotencyStore as tests. Bind your store with a harness of a few lines, in a
// namespace that uses `invsaga::testing`:
//
//     struct ClaimTableHarness {
//       explicit ClaimTableHarness(const Retention& wanted) : kept(wanted), table(wanted) {}
//       ClaimTable& store() { return table; }
//       void advance_to(Time now) { table.advance_to(now); }  // the store's clock
//       Retention retention() { return kept; }                // what it really keeps
//       Retention kept;
//       ClaimTable table;
//     };
//     INVSAGA_TEST_IDEMPOTENCY_STORE(ClaimTable, ClaimTableHarness);
//
// A store that is safe from any thread is bound by INVSAGA_TEST_IDEMPOTENCY_THREADS too.
//
// Tests of a retention that the store cannot have are skipped, and say so.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/store_conformance/threads.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// The fixture of the suites for an IdempotencyStore. A test begins with an empty store at time
/// `at(0)`.
template <class Harness>
class IdempotencyFixture : public ::testing::Test {
 public:
  IdempotencyFixture() { open({}); }

  /// Begins anew. False if this kind of store cannot keep answers so.
  bool open(const Retention& retention) {
    harness_.reset();
    harness_ = std::make_unique<Harness>(retention);
    advance(0);
    const Retention kept = harness_->retention();
    return kept.time == retention.time && kept.count == retention.count &&
           kept.forever == retention.forever;
  }
  auto& store() { return harness_->store(); }
  static Time at(std::int64_t ms) { return time_from_ms(1'600'000'000'000 + ms); }
  void advance(std::int64_t ms) { harness_->advance_to(at(ms)); }

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
  result<void> confirm(std::uint64_t number, std::uint64_t epoch, std::string_view answer = "yes") {
    return store().confirm(key(number), epoch, as_bytes(answer));
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
  std::unique_ptr<Harness> harness_;
};

/// The promises of an IdempotencyStore, each a test.
template <class Harness>
class IdempotencyConformance : public IdempotencyFixture<Harness> {};
TYPED_TEST_SUITE_P(IdempotencyConformance);

TYPED_TEST_P(IdempotencyConformance, TheFirstToAskHasTheWork) {
  EXPECT_THAT(this->claim(1), ClaimIs(ClaimState::fresh));
  EXPECT_THAT(this->claim(2), ClaimIs(ClaimState::fresh)) << "another key is another request";
}

TYPED_TEST_P(IdempotencyConformance, WhoeverAsksMeanwhileIsToldToWaitAndUntilWhen) {
  this->own(1);
  const auto second = this->claim(1);
  ASSERT_THAT(second, ClaimIs(ClaimState::in_progress));
  EXPECT_EQ(to_ms(second.value().lease_until), to_ms(this->at(100)));
  EXPECT_TRUE(second.value().answer.empty());
  this->advance(99);
  EXPECT_THAT(this->claim(1), ClaimIs(ClaimState::in_progress));
}

TYPED_TEST_P(IdempotencyConformance, ALapsedLeaseIsTakenOverUnderALargerEpoch) {
  const auto first = this->own(1);
  this->advance(100);
  const auto second = this->own(1);
  EXPECT_GT(second, first);
  EXPECT_THAT(this->claim(1), ClaimIs(ClaimState::in_progress));
}

TYPED_TEST_P(IdempotencyConformance, ACompletedRequestIsAnsweredWithItsBytes) {
  const std::string bytes("a\0b\xff", 4);
  EXPECT_THAT(this->confirm(1, this->own(1), bytes), IsOk());
  EXPECT_EQ(this->answer_of(1), bytes);
  EXPECT_EQ(this->answer_of(1), bytes);
  this->advance(500);
  EXPECT_EQ(this->answer_of(1), bytes) << "the lease no longer matters";
}

TYPED_TEST_P(IdempotencyConformance, AnEmptyAnswerIsAnAnswer) {
  EXPECT_THAT(this->confirm(1, this->own(1), ""), IsOk());
  EXPECT_EQ(this->answer_of(1), "");
}

TYPED_TEST_P(IdempotencyConformance, AnotherPayloadIsAMismatchWhateverTheStateAndSeesNothing) {
  const auto epoch = this->own(1);
  EXPECT_THAT(this->claim(1, 2), ClaimIs(ClaimState::mismatch)) << "in progress";
  EXPECT_THAT(this->confirm(1, epoch), IsOk());
  const auto stranger = this->claim(1, 2);
  ASSERT_THAT(stranger, ClaimIs(ClaimState::mismatch)) << "completed";
  EXPECT_TRUE(stranger.value().answer.empty()) << "the other's answer is not shown";
  this->own(2);
  this->advance(200);
  EXPECT_THAT(this->claim(2, 2), ClaimIs(ClaimState::mismatch)) << "lapsed";
  EXPECT_EQ(this->answer_of(1), "yes") << "the original is untouched";
  this->own(2);
}

TYPED_TEST_P(IdempotencyConformance, ARequestPastItsDeadlineIsExpiredAndNeverFresh) {
  EXPECT_THAT(this->claim(1, 1, this->at(100), this->at(0)), ClaimIs(ClaimState::expired));
  this->own(2);
  this->advance(999);
  EXPECT_THAT(this->claim(3), ClaimIs(ClaimState::fresh));
  this->advance(1'000);
  EXPECT_THAT(this->claim(2), ClaimIs(ClaimState::expired)) << "whether it is remembered";
  EXPECT_THAT(this->claim(4), ClaimIs(ClaimState::expired)) << "or not";
}

TYPED_TEST_P(IdempotencyConformance, AnAnswerThatIsStillKeptOutlivesTheDeadline) {
  if (!this->open({.time = Duration{5'000}})) GTEST_SKIP() << "it keeps answers by its own rule";
  EXPECT_THAT(this->confirm(1, this->own(1)), IsOk());
  this->advance(4'999);
  EXPECT_EQ(this->answer_of(1), "yes");
  this->advance(5'000);
  EXPECT_THAT(this->claim(1), ClaimIs(ClaimState::expired));
}

TYPED_TEST_P(IdempotencyConformance, AnAnswerIsKeptAtLeastUntilTheDeadline) {
  if (!this->open({.time = Duration{5}})) GTEST_SKIP() << "it keeps answers by its own rule";
  EXPECT_THAT(this->confirm(1, this->own(1)), IsOk());
  this->advance(999);
  EXPECT_EQ(this->answer_of(1), "yes");
}

TYPED_TEST_P(IdempotencyConformance, AnAnswerIsKeptForTheTimeSinceItsCompletion) {
  if (!this->open({.time = Duration{5'000}})) GTEST_SKIP() << "it keeps answers by its own rule";
  const auto epoch = this->own(1);
  this->advance(900);
  EXPECT_THAT(this->confirm(1, epoch), IsOk());
  this->advance(5'899);
  EXPECT_EQ(this->answer_of(1), "yes");
}

TYPED_TEST_P(IdempotencyConformance, KeptForEverMeansForEver) {
  if (!this->open({.forever = true})) GTEST_SKIP() << "it does not keep answers for ever";
  EXPECT_THAT(this->confirm(1, this->own(1)), IsOk());
  this->advance(400LL * 24 * 3600 * 1000);
  EXPECT_EQ(this->answer_of(1), "yes");
}

TYPED_TEST_P(IdempotencyConformance, AFullStoreRefusesTheNewAndKeepsTheOld) {
  if (!this->open({.count = 2})) GTEST_SKIP() << "it cannot be made so small";
  EXPECT_THAT(this->confirm(1, this->own(1)), IsOk());
  const auto epoch = this->own(2);
  EXPECT_THAT(this->claim(3), ErrorIs(Errc::resource_exhausted));
  EXPECT_EQ(this->answer_of(1), "yes");
  EXPECT_THAT(this->claim(2), ClaimIs(ClaimState::in_progress));
  EXPECT_THAT(this->confirm(2, epoch), IsOk());
  this->advance(1'000);
  EXPECT_THAT(this->claim(3, 1, this->at(1'100), this->at(2'000)), ClaimIs(ClaimState::fresh))
      << "past their deadlines the others may go";
}

TYPED_TEST_P(IdempotencyConformance, AFullStoreThatKeepsForEverNeverForgets) {
  if (!this->open({.count = 1, .forever = true})) GTEST_SKIP() << "it cannot be made so";
  EXPECT_THAT(this->confirm(1, this->own(1)), IsOk());
  this->advance(100'000);
  EXPECT_THAT(this->claim(2, 1, this->at(100'100), this->at(200'000)),
              ErrorIs(Errc::resource_exhausted));
  EXPECT_EQ(this->answer_of(1), "yes");
}

// --- the owner

TYPED_TEST_P(IdempotencyConformance, TheOwnerKeepsItsLeaseByExtendingIt) {
  const auto epoch = this->own(1);
  EXPECT_THAT(this->store().extend(this->key(1), epoch, this->at(300)), IsOk());
  this->advance(299);
  const auto waits = this->claim(1);
  ASSERT_THAT(waits, ClaimIs(ClaimState::in_progress));
  EXPECT_EQ(to_ms(waits.value().lease_until), to_ms(this->at(300)));
  this->advance(300);
  EXPECT_THAT(this->claim(1), ClaimIs(ClaimState::fresh));
}

TYPED_TEST_P(IdempotencyConformance, ExtendingNeverShortensALease) {
  const auto epoch = this->own(1);
  EXPECT_THAT(this->store().extend(this->key(1), epoch, this->at(50)), IsOk());
  this->advance(99);
  EXPECT_THAT(this->claim(1), ClaimIs(ClaimState::in_progress));
}

TYPED_TEST_P(IdempotencyConformance, AFormerOwnerIsFenced) {
  const auto former = this->own(1);
  this->advance(100);
  const auto owner = this->own(1);
  EXPECT_THAT(this->store().extend(this->key(1), former, this->at(900)), ErrorIs(Errc::busy));
  EXPECT_THAT(this->confirm(1, former, "late"), ErrorIs(Errc::busy));
  EXPECT_THAT(this->store().release(this->key(1), former), ErrorIs(Errc::busy));
  const auto waits = this->claim(1);
  ASSERT_THAT(waits, ClaimIs(ClaimState::in_progress));
  EXPECT_EQ(to_ms(waits.value().lease_until), to_ms(this->at(200))) << "nothing of it landed";
  EXPECT_THAT(this->confirm(1, owner, "mine"), IsOk());
  EXPECT_THAT(this->confirm(1, former, "late"), ErrorIs(Errc::busy));
  EXPECT_EQ(this->answer_of(1), "mine");
}

TYPED_TEST_P(IdempotencyConformance, AnOwnerWhoseLeaseLapsedMayStillConfirmIfNobodyTookOver) {
  const auto epoch = this->own(1);
  this->advance(500);
  EXPECT_THAT(this->confirm(1, epoch), IsOk());
  EXPECT_EQ(this->answer_of(1), "yes");
}

TYPED_TEST_P(IdempotencyConformance, EpochsGrowAlsoAfterTheKeyWasForgotten) {
  if (!this->open({.count = 1})) GTEST_SKIP() << "it cannot be made so small";
  const auto former = this->own(1);
  this->advance(5'000);
  const auto again = this->claim(1, 1, this->at(5'100), this->at(9'000));
  ASSERT_THAT(again, ClaimIs(ClaimState::fresh));
  EXPECT_GT(again.value().epoch, former);
  EXPECT_THAT(this->confirm(1, former, "late"), ErrorIs(Errc::busy));
}

TYPED_TEST_P(IdempotencyConformance, ARepeatedConfirmSucceedsAndChangesNothing) {
  const auto epoch = this->own(1);
  EXPECT_THAT(this->confirm(1, epoch, "yes"), IsOk());
  EXPECT_THAT(this->confirm(1, epoch, "yes"), IsOk());
  EXPECT_THAT(this->confirm(1, epoch, "no"), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(this->confirm(1, epoch, "yes!"), ErrorIs(Errc::invalid_argument));
  EXPECT_EQ(this->answer_of(1), "yes");
}

TYPED_TEST_P(IdempotencyConformance, ARefusalIsAnAnswerLikeAnother) {
  EXPECT_THAT(this->confirm(1, this->own(1), "refused: card declined"), IsOk());
  EXPECT_EQ(this->answer_of(1), "refused: card declined") << "only a new id may succeed later";
}

TYPED_TEST_P(IdempotencyConformance, WhatMerelyFailedIsReleasedAndMayBeTriedAtOnce) {
  const auto first = this->own(1);
  EXPECT_THAT(this->store().release(this->key(1), first), IsOk());
  const auto second = this->own(1);
  EXPECT_GT(second, first);
  EXPECT_THAT(this->confirm(1, first, "late"), ErrorIs(Errc::busy));
  EXPECT_THAT(this->confirm(1, second), IsOk());
}

TYPED_TEST_P(IdempotencyConformance, ACompletedRequestCannotBeReleased) {
  const auto epoch = this->own(1);
  EXPECT_THAT(this->confirm(1, epoch), IsOk());
  EXPECT_THAT(this->store().release(this->key(1), epoch), ErrorIs(Errc::too_late));
  EXPECT_EQ(this->answer_of(1), "yes");
}

TYPED_TEST_P(IdempotencyConformance, AnUnknownKeyHasNoOwner) {
  EXPECT_THAT(this->store().extend(this->key(1), 1, this->at(100)), ErrorIs(Errc::not_found));
  EXPECT_THAT(this->confirm(1, 1), ErrorIs(Errc::not_found));
  EXPECT_THAT(this->claim(1), ClaimIs(ClaimState::fresh)) << "nor did that make one";
}

TYPED_TEST_P(IdempotencyConformance, ACompletedRequestHasNoLease) {
  const auto epoch = this->own(1);
  EXPECT_THAT(this->confirm(1, epoch), IsOk());
  EXPECT_THAT(this->store().extend(this->key(1), epoch, this->at(900)), ErrorIs(Errc::not_found));
}

TYPED_TEST_P(IdempotencyConformance, RefusesWhatNoClaimMayBear) {
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

TYPED_TEST_P(IdempotencyConformance, TheSameTextOfAnotherTenantIsAnotherRequest) {
  const auto claim = [&](std::string_view tenant, std::string_view operation, std::string_view id) {
    return this->store().claim(
        {request_key(tenant, operation, id), this->print(1), this->at(100), this->at(1'000)});
  };
  const auto first = claim("a", "checkout", "1");
  ASSERT_THAT(first, ClaimIs(ClaimState::fresh));
  EXPECT_THAT(this->store().confirm(request_key("a", "checkout", "1"), first.value().epoch, {}),
              IsOk());
  EXPECT_THAT(claim("b", "checkout", "1"), ClaimIs(ClaimState::fresh));
  EXPECT_THAT(claim("a", "refund", "1"), ClaimIs(ClaimState::fresh));
  EXPECT_THAT(claim("a", "checkout1", ""), ClaimIs(ClaimState::fresh))
      << "parts do not run together";
  EXPECT_THAT(claim("a", "checkout", "1"), ClaimIs(ClaimState::completed));
}

REGISTER_TYPED_TEST_SUITE_P(
    IdempotencyConformance, TheFirstToAskHasTheWork, WhoeverAsksMeanwhileIsToldToWaitAndUntilWhen,
    ALapsedLeaseIsTakenOverUnderALargerEpoch, ACompletedRequestIsAnsweredWithItsBytes,
    AnEmptyAnswerIsAnAnswer, AnotherPayloadIsAMismatchWhateverTheStateAndSeesNothing,
    ARequestPastItsDeadlineIsExpiredAndNeverFresh, AnAnswerThatIsStillKeptOutlivesTheDeadline,
    AnAnswerIsKeptAtLeastUntilTheDeadline, AnAnswerIsKeptForTheTimeSinceItsCompletion,
    KeptForEverMeansForEver, AFullStoreRefusesTheNewAndKeepsTheOld,
    AFullStoreThatKeepsForEverNeverForgets, TheOwnerKeepsItsLeaseByExtendingIt,
    ExtendingNeverShortensALease, AFormerOwnerIsFenced,
    AnOwnerWhoseLeaseLapsedMayStillConfirmIfNobodyTookOver, EpochsGrowAlsoAfterTheKeyWasForgotten,
    ARepeatedConfirmSucceedsAndChangesNothing, ARefusalIsAnAnswerLikeAnother,
    WhatMerelyFailedIsReleasedAndMayBeTriedAtOnce, ACompletedRequestCannotBeReleased,
    AnUnknownKeyHasNoOwner, ACompletedRequestHasNoLease, RefusesWhatNoClaimMayBear,
    TheSameTextOfAnotherTenantIsAnotherRequest);

// --- many threads

/// The same of a store that is used from many threads.
template <class Harness>
class IdempotencyThreads : public IdempotencyFixture<Harness> {};
TYPED_TEST_SUITE_P(IdempotencyThreads);

TYPED_TEST_P(IdempotencyThreads, OfManyWhoAskAtOnceOneHasTheWork) {
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

TYPED_TEST_P(IdempotencyThreads, TheWorkIsDoneOnceAndAllHearTheSame) {
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
        const auto ended = failed ? store.release(this->key(1), claim.epoch)
                                  : store.confirm(this->key(1), claim.epoch, as_bytes("yes"));
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

REGISTER_TYPED_TEST_SUITE_P(IdempotencyThreads, OfManyWhoAskAtOnceOneHasTheWork,
                            TheWorkIsDoneOnceAndAllHearTheSame);
// Not every store is bound to it.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(IdempotencyThreads);

/// All that every IdempotencyStore promises.
#define INVSAGA_TEST_IDEMPOTENCY_STORE(name, Harness) \
  INSTANTIATE_TYPED_TEST_SUITE_P(name, IdempotencyConformance, Harness)

/// What it promises to many threads besides.
#define INVSAGA_TEST_IDEMPOTENCY_THREADS(name, Harness) \
  INSTANTIATE_TYPED_TEST_SUITE_P(name, IdempotencyThreads, Harness)

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
