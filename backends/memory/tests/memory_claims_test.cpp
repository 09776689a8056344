// SPDX-License-Identifier: Apache-2.0
//
// The claim on a request as a part of one append.
#include "memory_fixture.hpp"

namespace invsaga::testing::memory_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ClaimEffectTest : public ::testing::Test {
 protected:
  ClaimEffectTest() { store.advance_to(at(1'000)); }

  std::uint64_t claim(std::int64_t lease) {
    return store.claim({request, {5, 5}, at(lease), at(9'000)}).value().epoch;
  }
  RunRecord of_request(RecordKind kind, std::uint64_t epoch) {
    RunRecord made = record(kind);
    made.request = request;
    made.claim_epoch = epoch;
    return made;
  }
  ClaimState state(std::int64_t lease = 8'000) {
    return store.claim({request, {5, 5}, at(lease), at(9'000)}).value().state;
  }

  MemoryBackend<> store;
};

TEST_F(ClaimEffectTest, OfTheFirstRecordKeepsTheClaimForTheRun) {
  RunRecord begun = of_request(RecordKind::begun, claim(1'100));
  begun.until = at(3'000);
  ASSERT_THAT(append(store, run, 0, begun), IsOk());
  store.advance_to(at(2'999));
  EXPECT_EQ(state(), ClaimState::in_progress);
  store.advance_to(at(3'000));
  EXPECT_EQ(state(), ClaimState::fresh);
}

TEST_F(ClaimEffectTest, OfTheLastRecordIsTheRequestsAnswer) {
  const auto epoch = claim(1'100);
  ASSERT_THAT(append(store, run, 0, of_request(RecordKind::begun, epoch)), IsOk());
  RunRecord ended = of_request(RecordKind::ended, epoch);
  ended.output = {std::byte{42}};
  ASSERT_THAT(append(store, run, 1, ended), IsOk());
  const auto answer = store.claim({request, {5, 5}, at(2'000), at(9'000)});
  EXPECT_THAT(answer, ClaimIs(ClaimState::completed));
  EXPECT_THAT(answer.value().answer, ElementsAre(std::byte{42}));
}

TEST_F(ClaimEffectTest, LeavesTheClaimOfAnotherAlone) {
  const auto former = claim(1'100);
  store.advance_to(at(1'100));
  const auto newer = claim(5'000);
  ASSERT_GT(newer, former);
  EXPECT_THAT(append(store, run, 0, of_request(RecordKind::ended, former)), IsOk())
      << "the position decides, not the claim";
  EXPECT_EQ(state(), ClaimState::in_progress);
  EXPECT_THAT(store.confirm_claim(request, newer, as_bytes("ok")), IsOk());
}

// --- claims that the first record asks for

class BeginTest : public ClaimEffectTest {
 protected:
  static constexpr Fingerprint asked{5, 5};

  /// Begins the run for the request, if the claim on it is fresh.
  result<WriteReply> begin(OwnerId by, Time deadline, Fingerprint wanted = asked) {
    PreparedWrite write(run, 0);
    RunRecord begun = record(RecordKind::begun);
    begun.owner = by;
    begun.request = request;
    begun.until = deadline;
    write.add(begun);
    write.claim({{request, wanted, deadline, deadline}, 0});
    return store.write(write.seal());
  }
  result<WriteReply> begin() { return begin(owner, at(3'000)); }
  result<WriteReply> begin_by_another() { return begin(another, at(3'000)); }
  std::vector<RunRecord> records() { return records_of(store, run).value(); }

  static constexpr OwnerId another{3, 2};
};

TEST_F(BeginTest, ClaimsAndBeginsInOne) {
  const auto reply = begin();
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply.value().claim.state, ClaimState::fresh);
  EXPECT_EQ(reply.value().position, 1u);
  ASSERT_THAT(records(), SizeIs(1));
  EXPECT_EQ(records()[0].claim_epoch, reply.value().claim.epoch);
  store.advance_to(at(2'999));
  EXPECT_EQ(state(), ClaimState::in_progress) << "it is kept until the request's deadline";
  EXPECT_THAT(store.confirm_claim(request, reply.value().claim.epoch, as_bytes("ok")), IsOk());
}

TEST_F(BeginTest, RepeatedGivesTheSameEpochAgain) {
  const auto first = begin();
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(append(store, run, 1, record(RecordKind::intent)), IsOk());
  store.advance_to(at(1'500));
  const auto again = begin();
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again.value().claim.state, ClaimState::fresh);
  EXPECT_EQ(again.value().claim.epoch, first.value().claim.epoch);
  EXPECT_EQ(again.value().position, 1u);
  EXPECT_EQ(again.value().at, at(1'000));
}

TEST_F(BeginTest, OfARunThatGoesOnIsInProgress) {
  ASSERT_THAT(begin(), IsOk());
  const auto reply = begin_by_another();
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply.value().claim.state, ClaimState::in_progress);
  EXPECT_EQ(reply.value().position, 0u);
  ASSERT_THAT(records(), SizeIs(1));
  EXPECT_EQ(records()[0].owner, owner);
}

// Protocol rule 6: whether the run exists is looked at first, and no claim is taken.
TEST_F(BeginTest, OfARunWhoseClaimIsOverHasMovedOn) {
  ASSERT_THAT(begin(), IsOk());
  store.advance_to(at(3'000));
  EXPECT_THAT(begin_by_another(), ErrorIs(Errc::moved_on)) << "it would be expired";
  EXPECT_THAT(begin(another, at(9'000)), ErrorIs(Errc::moved_on)) << "it would be fresh";
  EXPECT_THAT(begin(another, at(9'000), {6, 6}), ErrorIs(Errc::moved_on));
  EXPECT_THAT(records(), SizeIs(1));
  EXPECT_EQ(state(), ClaimState::fresh) << "nobody has claimed it";
}

TEST_F(BeginTest, OfARunWhoseClaimWasGivenBackHasMovedOn) {
  const auto epoch = begin().value().claim.epoch;
  ASSERT_THAT(store.release_claim(request, epoch), IsOk());
  EXPECT_THAT(begin_by_another(), ErrorIs(Errc::moved_on));
  EXPECT_THAT(records(), SizeIs(1));
  EXPECT_EQ(state(), ClaimState::fresh) << "nobody has claimed it";
}

TEST_F(BeginTest, OfARunWhoseClaimHasLapsedHasMovedOn) {
  ASSERT_THAT(append(store, run, 0, record(RecordKind::begun)), IsOk());
  const auto epoch = claim(1'100);
  EXPECT_EQ(begin_by_another().value().claim.state, ClaimState::in_progress) << "it is known";
  store.advance_to(at(1'100));
  EXPECT_THAT(begin_by_another(), ErrorIs(Errc::moved_on));
  EXPECT_EQ(begin(another, at(3'000), {6, 6}).value().claim.state, ClaimState::mismatch);
  EXPECT_THAT(store.extend_claim(request, epoch, at(1'200)), IsOk()) << "its epoch is the newest";
}

TEST_F(BeginTest, OfARunThatHasEndedIsCompletedWithItsAnswer) {
  const auto epoch = begin().value().claim.epoch;
  RunRecord ended = of_request(RecordKind::ended, epoch);
  ended.output = {std::byte{42}};
  ASSERT_THAT(append(store, run, 1, ended), IsOk());
  const auto reply = begin_by_another();
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply.value().claim.state, ClaimState::completed);
  EXPECT_THAT(reply.value().claim.answer, ElementsAre(std::byte{42}));
  EXPECT_THAT(records(), SizeIs(2));
}

TEST_F(BeginTest, OfAnotherContentIsAMismatch) {
  ASSERT_THAT(begin(), IsOk());
  const auto reply = begin(another, at(3'000), {6, 6});
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply.value().claim.state, ClaimState::mismatch);
  EXPECT_THAT(records(), SizeIs(1));
}

TEST_F(BeginTest, WritesNothingUnlessTheClaimIsFresh) {
  const auto held = claim(1'100);
  EXPECT_EQ(begin().value().claim.state, ClaimState::in_progress);
  EXPECT_EQ(begin(owner, at(3'000), {6, 6}).value().claim.state, ClaimState::mismatch);
  EXPECT_THAT(records(), IsEmpty());
  EXPECT_THAT(store.unfinished({}, 10).value(), IsEmpty());
  ASSERT_THAT(store.release_claim(request, held), IsOk());
  EXPECT_EQ(begin(owner, at(1'000)).value().claim.state, ClaimState::expired);
  EXPECT_THAT(records(), IsEmpty());
  EXPECT_EQ(begin().value().claim.state, ClaimState::fresh);
}

TEST(BeginInASmallStore, IsRefusedByThePartThatIsFull) {
  MemoryLimits limits;
  limits.retention.count = 1;
  limits.runs.max_runs = 1;
  MemoryBackend<> store(limits);
  store.advance_to(at(1'000));
  const auto begin = [&](std::uint64_t number) {
    PreparedWrite write({1, number}, 0);
    write.add(record(RecordKind::begun));
    write.claim({{{4, number}, {5, 5}, at(3'000), at(3'000)}, 0});
    return store.write(write.seal());
  };
  const auto held = store.claim({{4, 9}, {5, 5}, at(2'000), at(3'000)}).value().epoch;
  const auto no_claim = begin(1);
  EXPECT_THAT(no_claim, ErrorIs(Errc::resource_exhausted, Limit::requests));
  EXPECT_EQ(no_claim.error().part, WritePart::claim);
  EXPECT_THAT(store.read({1, 1}).value(), IsEmpty());
  ASSERT_THAT(store.release_claim({4, 9}, held), IsOk());
  const auto begun = begin(1);
  ASSERT_THAT(begun, IsOk());
  ASSERT_THAT(store.release_claim({4, 1}, begun.value().claim.epoch), IsOk());
  const auto no_run = begin(2);
  EXPECT_THAT(no_run, ErrorIs(Errc::resource_exhausted, Limit::runs));
  EXPECT_EQ(no_run.error().part, WritePart::head);
  EXPECT_THAT(store.claim({{4, 2}, {5, 5}, at(2'000), at(3'000)}), ClaimIs(ClaimState::fresh))
      << "no claim is taken for a run that finds no room";
}

}  // namespace
}  // namespace invsaga::testing::memory_tests
