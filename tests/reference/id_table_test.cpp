// SPDX-License-Identifier: Apache-2.0
//
// The table of ids, which any id may be chosen for: what it does is counted in comparisons.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>

#include <invsaga/rng.hpp>

#include "src/reference/id_table.hpp"

namespace invsaga {
inline namespace v0 {

/// An id that counts how often it is compared.
struct CountedTag;
template <>
struct Id<CountedTag> {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  static inline std::size_t compared = 0;

  friend bool operator==(const Id& a, const Id& b) noexcept {
    ++compared;
    return a.high == b.high && a.low == b.low;
  }
};

namespace {

using Counted = Id<CountedTag>;
constexpr HashKey one_key{1, 2};
constexpr HashKey other_key{3, 4};
constexpr std::uint64_t many = 4'000;

Counted ordinary(std::uint64_t i) {
  const auto id = make_id<RunId>({"order", std::to_string(i)});
  return {id.high, id.low};
}
/// Of one hash, where a hash is a word times a fixed one.
Counted of_a_multiplication(std::uint64_t i) { return {i * 0x9E3779B97F4A7C15ull, i}; }
Counted of_one_word(std::uint64_t i) { return {i, 0}; }
Counted of_equal_words(std::uint64_t i) { return {i, i}; }

/// How many comparisons it takes to put so many ids in, and to find each.
std::size_t comparisons(Counted (*id)(std::uint64_t), HashKey key = {}) {
  IdTable<Counted, std::uint64_t> table(key);
  Counted::compared = 0;
  for (std::uint64_t i = 1; i <= many; ++i) table.insert(table.make(id(i))) = i;
  for (std::uint64_t i = 1; i <= many; ++i) {
    const std::uint64_t* const found = table.find(id(i));
    if (found == nullptr || *found != i) return static_cast<std::size_t>(-1);
  }
  return Counted::compared;
}

TEST(AnIdTable, ComparesAFewTimesAnIdWhateverIdsAreChosen) {
  for (const auto ids : {ordinary, of_a_multiplication, of_one_word, of_equal_words}) {
    EXPECT_LE(comparisons(ids), 12 * many);
  }
}

/// The ids that fall into one of 256 parts under a key.
std::vector<Counted> of_one_part(HashKey key) {
  std::vector<Counted> ids;
  for (std::uint64_t i = 1; ids.size() < 200; ++i) {
    if (IdHash(key)(ordinary(i)) % 256 == 0) ids.push_back(ordinary(i));
  }
  return ids;
}

TEST(AnIdTable, IdsThatAreChosenToMeetUnderOneKeyDoNotUnderAnother) {
  std::set<std::size_t> parts;
  for (const Counted id : of_one_part(one_key)) parts.insert(IdHash(other_key)(id) % 256);
  EXPECT_GT(parts.size(), 100u);
}

TEST(AnIdTable, KeepsTheSameUnderEachKey) {
  Rng chance(7);
  IdTable<RunId, int> one(one_key), other(other_key);
  std::map<RunId, int> model;
  for (int i = 0; i < 20'000; ++i) {
    const RunId id{chance.below(64), chance.below(16)};
    if (chance.below(3) == 0) {
      one.erase(id);
      EXPECT_EQ(static_cast<bool>(other.extract(id)), model.erase(id) == 1);
    } else if (model.try_emplace(id, i).second) {
      one.insert(one.make(id)) = i;
      other.insert(other.make(id)) = i;
    }
    const RunId asked{chance.below(64), chance.below(16)};
    const auto known = model.find(asked);
    for (const int* const found : {one.find(asked), other.find(asked)}) {
      ASSERT_EQ(found != nullptr, known != model.end());
      if (found != nullptr) {
        ASSERT_EQ(*found, known->second);
      }
    }
    ASSERT_EQ(one.size(), model.size());
    ASSERT_EQ(other.size(), model.size());
  }
}

TEST(AnIdTable, KeepsAValueWhereItIsWhileItGrows) {
  IdTable<RunId, int> table(one_key);
  const int* const first = &table.insert(table.make({1, 0}));
  for (std::uint64_t i = 2; i < 1'000; ++i) table.insert(table.make({i, 0}));
  EXPECT_EQ(table.find({1, 0}), first);
}

}  // namespace
}  // namespace v0
}  // namespace invsaga
