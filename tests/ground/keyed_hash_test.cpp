// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <set>

#include <invsaga/keyed_hash.hpp>

#include "src/siphash.hpp"

namespace invsaga {
namespace {

constexpr HashKey one_key{1, 2};
constexpr HashKey other_key{3, 4};

TEST(KeyedHash, OfAnIdIsSipHashOfItsWords) {
  SipHash64 hash(one_key);
  hash.add(std::uint64_t{5});
  hash.add(std::uint64_t{6});
  EXPECT_EQ(keyed_hash(one_key, 5, 6), hash.finish());
  EXPECT_NE(keyed_hash(one_key, 5, 6), keyed_hash(one_key, 6, 5));
}

TEST(KeyedHash, TellsPartsApart) {
  const std::set<std::uint64_t> hashes{
      keyed_hash(one_key, {}),          keyed_hash(one_key, {""}),
      keyed_hash(one_key, {"", ""}),    keyed_hash(one_key, {"abc"}),
      keyed_hash(one_key, {"ab", "c"}), keyed_hash(one_key, {"a", "bc"})};
  EXPECT_EQ(hashes.size(), 6u);
}

TEST(AHashOfATable, DependsOnItsKey) {
  EXPECT_EQ(IdHash(one_key)(RunId{1, 2}), IdHash(one_key)(RunId{1, 2}));
  EXPECT_NE(IdHash(one_key)(RunId{1, 2}), IdHash(other_key)(RunId{1, 2}));
  EXPECT_NE(TextHash(one_key)("a"), TextHash(other_key)("a"));
}

TEST(AHashOfATable, HasTheKeyOfTheProcessIfNoneIsSet) {
  EXPECT_TRUE(process_hash_key().is_set());
  EXPECT_EQ(process_hash_key().first, process_hash_key().first) << "it is drawn once";
  EXPECT_EQ(process_hash_key().second, process_hash_key().second);
  EXPECT_EQ(IdHash()(RunId{1, 2}), IdHash(process_hash_key())(RunId{1, 2}));
  EXPECT_EQ(TextHash()("a"), TextHash(process_hash_key())("a"));
}

// Each of these ids undoes what a hash of a fixed multiplication did.
TEST(AHashOfATable, TellsIdsApartThatAreChosenToMeet) {
  std::set<std::size_t> hashes;
  for (std::uint64_t i = 1; i <= 1'000; ++i) {
    hashes.insert(IdHash()(ReservationId{i * 0x9E3779B97F4A7C15ull, i}));
  }
  EXPECT_EQ(hashes.size(), 1'000u);
}

}  // namespace
}  // namespace invsaga
