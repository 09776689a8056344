// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cctype>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <invsaga/request_id.hpp>

namespace invsaga {
namespace {

constexpr Time now = time_from_ms(1'645'557'742'000);
// The example of RFC 9562, appendix A.6; its time is `now`.
constexpr std::string_view example = "017F22E2-79B0-7CC3-98C4-DC0C0C07398F";

RequestIdFault fault(std::string_view text, const RequestIdRules& rules = {}) {
  return fault_of(text, now, rules);
}

TEST(AnIdOfAClient, IsTakenIfItIsPlainTextAndHardToGuess) {
  EXPECT_EQ(fault(example), RequestIdFault::none);
  EXPECT_EQ(fault("9f8b4c1d-7e6a-4b3c-8d2e-1f0a9b8c7d6e"), RequestIdFault::none);
  EXPECT_EQ(fault("01ARZ3NDEKTSV4RRFFQ69G5FAV"), RequestIdFault::none);
  EXPECT_EQ(fault("kX7_p2.Qz~9v:Lw/4+e=T@"), RequestIdFault::none);
}

TEST(AnIdOfAClient, HasALength) {
  EXPECT_EQ(fault(""), RequestIdFault::too_short);
  EXPECT_EQ(fault("1234567"), RequestIdFault::too_short);
  EXPECT_EQ(fault(std::string(128, 'a') + "b"), RequestIdFault::too_long);
  const RequestIdRules rules{.min_length = 22, .max_length = 22};
  EXPECT_EQ(fault("kX7_p2.Qz~9v:Lw/4+e=T", rules), RequestIdFault::too_short);
  EXPECT_EQ(fault("kX7_p2.Qz~9v:Lw/4+e=T@", rules), RequestIdFault::none);
  EXPECT_EQ(fault("kX7_p2.Qz~9v:Lw/4+e=T@a", rules), RequestIdFault::too_long);
}

TEST(AnIdOfAClient, HasNoCharactersThatLogsAndHeadersTrip) {
  const std::vector<std::string> all_bad{
      " ", "\n", "\r", std::string(1, '\0'), "\"", "'", "\\", "<", ",", ";", "\x7f", "\xc3\xa4"};
  for (const std::string& bad : all_bad) {
    EXPECT_EQ(fault("9f8b4c1d7e6a4b3c" + bad + "8d2e1f0a"), RequestIdFault::bad_character);
  }
}

TEST(AnIdOfAClient, IsNoCounter) {
  EXPECT_EQ(fault("00000001"), RequestIdFault::predictable);
  EXPECT_EQ(fault("order-0000017"), RequestIdFault::predictable);
  EXPECT_EQ(fault("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), RequestIdFault::predictable);
  EXPECT_EQ(fault("00000001", {.min_entropy_bits = 0}), RequestIdFault::none);
}

TEST(AnIdOfAClient, WithATimeIsNeitherOldNorFromTheFuture) {
  RequestIdRules rules;
  rules.max_ahead = Duration{1'000};
  rules.max_age = Duration{2'000};
  const auto at = [&](std::int64_t ms) { return fault_of(example, now + Duration{ms}, rules); };
  EXPECT_EQ(at(0), RequestIdFault::none);
  EXPECT_EQ(at(-1'000), RequestIdFault::none);
  EXPECT_EQ(at(-1'001), RequestIdFault::from_the_future);
  EXPECT_EQ(at(2'000), RequestIdFault::none);
  EXPECT_EQ(at(2'001), RequestIdFault::too_old);
  EXPECT_EQ(fault_of("9f8b4c1d-7e6a-4b3c-8d2e-1f0a9b8c7d6e", Time{}, rules), RequestIdFault::none)
      << "an id without a time";
}

TEST(AnIdOfAClient, MayBeHeldToItsVeryMillisecond) {
  RequestIdRules rules;
  rules.max_ahead = rules.max_age = Duration{0};
  EXPECT_EQ(fault_of(example, now, rules), RequestIdFault::none);
  EXPECT_EQ(fault_of(example, now - Duration{1}, rules), RequestIdFault::from_the_future);
  EXPECT_EQ(fault_of(example, now + Duration{1}, rules), RequestIdFault::too_old);
}

TEST(TheTimeOfAUuid7, IsReadFromThatVersionOnly) {
  EXPECT_EQ(time_of_uuid7(example), now);
  EXPECT_EQ(time_of_uuid7("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"), now);
  EXPECT_EQ(time_of_uuid7("017f22e2-79b0-4cc3-98c4-dc0c0c07398f"), std::nullopt) << "version 4";
  EXPECT_EQ(time_of_uuid7("017f22e2-79b0-7cc3-c8c4-dc0c0c07398f"), std::nullopt) << "variant";
  EXPECT_EQ(time_of_uuid7("017f22e2x79b0-7cc3-98c4-dc0c0c07398f"), std::nullopt);
  EXPECT_EQ(time_of_uuid7("017f22e2-79b0-7cc3-98c4-dc0c0c07398"), std::nullopt);
  EXPECT_EQ(time_of_uuid7("017f22g2-79b0-7cc3-98c4-dc0c0c07398f"), std::nullopt);
  EXPECT_EQ(time_of_uuid7(""), std::nullopt);
}

TEST(TheEntropyHint, GrowsWithLengthAndVariety) {
  EXPECT_EQ(entropy_hint(""), 0);
  EXPECT_EQ(entropy_hint("aaaa"), 0);
  EXPECT_DOUBLE_EQ(entropy_hint("abab"), 4);
  EXPECT_DOUBLE_EQ(entropy_hint("abcdabcd"), 16);
}

TEST(AUuid, IsTheTextOfItsBits) {
  EXPECT_EQ(Uuid(0x0123456789abcdef, 0xfedcba9876543210).text(),
            "01234567-89ab-cdef-fedc-ba9876543210");
  EXPECT_EQ(Uuid(0, 1).text(), "00000000-0000-0000-0000-000000000001");
}

TEST(AnIdThatIsMade, IsAUuid7OfItsTime) {
  RequestIdMaker maker;
  Rng chance(1);
  const Uuid id = maker.make(now, chance);
  EXPECT_EQ(time_of_uuid7(id.text()), now);
  EXPECT_EQ(fault(id.text()), RequestIdFault::none);
  for (const char c : id.text()) EXPECT_FALSE(std::isupper(static_cast<unsigned char>(c)));
}

// Of the last 16 digits: the first two bits are the variant.
TEST(AnIdThatIsMade, HasChanceInEachOf62Bits) {
  RequestIdMaker maker;
  Rng chance(4);
  std::uint64_t ever = 0, always = ~std::uint64_t{0};
  for (int i = 0; i < 100; ++i) {
    std::string digits(maker.make(now, chance).text().substr(19));
    digits.erase(4, 1);
    const std::uint64_t bits = std::stoull(digits, nullptr, 16);
    ever |= bits;
    always &= bits;
  }
  constexpr std::uint64_t variant = std::uint64_t{1} << 63;
  EXPECT_EQ(ever, variant | ((std::uint64_t{1} << 62) - 1));
  EXPECT_EQ(always, variant);
}

// 10 million ids, 4 a millisecond with pauses and a clock that goes back: each is above the one
// before.
TEST(AnIdThatIsMade, IsAboveTheOneBefore) {
  RequestIdMaker maker;
  Rng chance(2);
  std::string before;
  for (std::int64_t i = 0; i < 10'000'000; ++i) {
    const std::int64_t back = i % 1'000 == 0 ? 50 : 0;
    const Uuid id = maker.make(now + Duration{i / 4 - back}, chance);
    ASSERT_LT(before, id.text());
    before = id.text();
  }
}

TEST(AnIdThatIsMade, GoesOnWhereTheClockStandsStill) {
  RequestIdMaker maker;
  Rng chance(3);
  std::set<std::string> ids;
  std::string before;
  for (int i = 0; i < 20'000; ++i) {  // many more than the counter holds
    const std::string id(maker.make(now, chance).text());
    ASSERT_LT(before, id);
    before = id;
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 20'000u);
}

TEST(AnIdThatIsMade, IsNotMadeByAnotherMaker) {
  std::set<std::string> ids;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    RequestIdMaker maker;
    Rng chance(seed);
    for (int i = 0; i < 50; ++i) ids.insert(std::string(maker.make(now, chance).text()));
  }
  EXPECT_EQ(ids.size(), 200u * 50);
}

TEST(AnIdThatIsMade, TakesAClockBefore1970AsItsStart) {
  RequestIdMaker maker;
  Rng chance(4);
  EXPECT_EQ(time_of_uuid7(maker.make(time_from_ms(-5), chance).text()), Time{});
}

TEST(FaultWords, SayWhatIsWrong) {
  EXPECT_EQ(name(RequestIdFault::none), "none");
  EXPECT_EQ(name(RequestIdFault::too_short), "too_short");
  EXPECT_EQ(name(RequestIdFault::too_old), "too_old");
}

}  // namespace
}  // namespace invsaga
