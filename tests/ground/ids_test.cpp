// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include <invsaga/ids.hpp>

#include "src/siphash.hpp"

namespace invsaga {
namespace {

std::string hex_of(Hash128 hash) {
  std::string text;
  for (const std::uint64_t word : {hash.high, hash.low}) {
    for (unsigned shift = 0; shift < 64; shift += 8) {
      const auto byte = static_cast<unsigned char>(word >> shift);
      text += "0123456789abcdef"[byte >> 4];
      text += "0123456789abcdef"[byte & 15];
    }
  }
  return text;
}

std::vector<std::byte> counted(std::size_t size) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(i));
  return bytes;
}

/// Of the message 00, 01, ... of that size.
template <class Hash>
auto hash_of(std::size_t size, HashKey key) {
  Hash hash(key);
  hash.add(counted(size));
  return hash.finish();
}

constexpr HashKey reference_key{0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull};

// vectors_sip128 of the reference implementation: key 00..0f.
struct Vector {
  std::size_t size;
  const char* hash;
};
constexpr Vector vectors[] = {
    {0, "a3817f04ba25a8e66df67214c7550293"},  {1, "da87c1d86b99af44347659119b22fc45"},
    {2, "8177228da4a45dc7fca38bdef60affe4"},  {7, "a1f1ebbed8dbc153c0b84aa61ff08239"},
    {8, "3b62a9ba6258f5610f83e264f31497b4"},  {15, "5493e99933b0a8117e08ec0f97cfc3d9"},
    {16, "6ee2a4ca67b054bbfd3315bf85230577"}, {31, "2939b0183223fafc1723de4f52c43d35"},
    {63, "5150d1772f50834a503e069a973fbd7c"},
};

TEST(SipHash128, GivesTheVectorsOfTheReferenceImplementation) {
  for (const Vector& vector : vectors) {
    const Hash128 hash = hash_of<SipHash128>(vector.size, reference_key);
    EXPECT_EQ(hex_of(hash), vector.hash) << vector.size << " bytes";
  }
}

TEST(SipHash128, DoesNotDependOnWhereThePiecesEnd) {
  const auto bytes = counted(63);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    SipHash128 hash(reference_key);
    hash.add(Bytes(bytes).first(cut));
    hash.add(Bytes(bytes).subspan(cut));
    EXPECT_EQ(hex_of(hash.finish()), "5150d1772f50834a503e069a973fbd7c");
  }
}

struct Vector64 {
  std::size_t size;
  std::uint64_t hash;
};

// vectors_sip64 of the reference implementation, of the same messages.
TEST(SipHash64, GivesTheVectorsOfTheReferenceImplementation) {
  constexpr Vector64 vectors[] = {{0, 0x726fdb47dd0e0e31},
                                  {7, 0xab0200f58b01d137},
                                  {8, 0x93f5f5799a932462},
                                  {15, 0xa129ca6149be45e5},
                                  {63, 0x958a324ceb064572}};
  for (const auto& [size, hash] : vectors) {
    EXPECT_EQ((hash_of<SipHash<2, 4, false>>(size, reference_key)), hash) << size << " bytes";
  }
}

// With one round a word and three at the end, as CPython 3.11 hashes bytes by a key of zeros.
TEST(SipHash64, OfFewerRoundsGivesWhatOthersGive) {
  constexpr Vector64 vectors[] = {{1, 0x68a914128e01e473},  {7, 0x2f098ab0c751325a},
                                  {8, 0xead411e67ebe2eea},  {15, 0xf30eb725bb91c9ea},
                                  {16, 0x8972188433a5c5b7}, {63, 0x385d3e39e5f37359}};
  for (const auto& [size, hash] : vectors) {
    EXPECT_EQ(hash_of<SipHash64>(size, HashKey{}), hash) << size << " bytes";
  }
}

TEST(SipHash64, TakesAWordAsItsEightBytes) {
  SipHash64 words(reference_key);
  words.add(std::uint64_t{0x0706050403020100});
  words.add(std::uint64_t{0x0f0e0d0c0b0a0908});
  EXPECT_EQ(words.finish(), hash_of<SipHash64>(16, reference_key));
}

TEST(Hash128Of, TellsPartsApart) {
  const auto text = [](std::initializer_list<std::string_view> parts) {
    return hex_of(hash128(parts));
  };
  const std::set<std::string> hashes{text({}),          text({""}),        text({"", ""}),
                                     text({"abc"}),     text({"ab", "c"}), text({"a", "bc"}),
                                     text({"abc", ""}), text({"", "abc"}), text({"a", "b", "c"})};
  EXPECT_EQ(hashes.size(), 9u);
}

TEST(Hash128Of, DependsOnTheKey) {
  EXPECT_NE(hex_of(hash128({"order"}, {1, 2})), hex_of(hash128({"order"}, {1, 3})));
  EXPECT_NE(hex_of(hash128({"order"}, {1, 2})), hex_of(hash128({"order"}, {2, 2})));
}

TEST(Hash128Of, PrecedesEachPartByItsLength) {
  SipHash128 hash(HashKey{});
  const std::byte two[8] = {std::byte{2}};
  hash.add(two);
  hash.add(as_bytes("ab"));
  EXPECT_EQ(hex_of(hash128({"ab"})), hex_of(hash.finish()));
}

// Ids are kept for ever: a change of these values loses every stored run and reservation.
TEST(MakeId, IsTheSameForEver) {
  const auto id = make_id<ReservationId>({"order", "536365"});
  EXPECT_EQ(hex_of({id.high, id.low}), "0f9984d7b5374492a9214e1ed5cc6edd");
  const auto derived = derive_id<ReservationId>("hold", RunId{1, 2}, 3, 4);
  EXPECT_EQ(hex_of({derived.high, derived.low}), "3f68d604fef9cc5698ab0f9d972b2946");
}

TEST(MakeId, TakesAKeyThatIsNotSetForZero) {
  EXPECT_EQ(make_id<RunId>({"order", "1"}), make_id<RunId>({"order", "1"}, {0, 0}));
  EXPECT_NE(make_id<RunId>({"order", "1"}), make_id<RunId>({"order", "1"}, {0, 1}));
  EXPECT_FALSE(HashKey{}.is_set());
  EXPECT_TRUE((HashKey{0, 1}.is_set()));
  EXPECT_TRUE((HashKey{1, 0}.is_set()));
}

TEST(DeriveId, DependsOnTheKey) {
  EXPECT_EQ(derive_id<CallId>("a", RunId{1, 2}, 3, 4),
            derive_id<CallId>("a", RunId{1, 2}, 3, 4, {}));
  EXPECT_NE(derive_id<CallId>("a", RunId{1, 2}, 3, 4),
            derive_id<CallId>("a", RunId{1, 2}, 3, 4, {1, 0}));
}

TEST(DeriveId, DiffersByDomainParentAndNumbers) {
  std::set<ReservationId> ids;
  for (const auto* domain : {"hold", "call"}) {
    for (std::uint64_t run = 1; run <= 3; ++run) {
      for (std::uint32_t step = 0; step < 3; ++step) {
        for (std::uint32_t hold = 0; hold < 3; ++hold) {
          ids.insert(derive_id<ReservationId>(domain, RunId{run, 0}, step, hold));
          ids.insert(derive_id<ReservationId>(domain, RunId{0, run}, step, hold));
        }
      }
    }
  }
  EXPECT_EQ(ids.size(), 2u * 6 * 9);
}

TEST(AnId, IsUnsetOnlyIfAllOfItIsZero) {
  EXPECT_FALSE(RunId{}.is_set());
  EXPECT_TRUE((RunId{1, 0}.is_set()));
  EXPECT_TRUE((RunId{0, 1}.is_set()));
}

}  // namespace
}  // namespace invsaga
