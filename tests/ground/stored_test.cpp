// SPDX-License-Identifier: Apache-2.0
//
// How values are kept: what the bytes are, what their schema says, and that any other bytes are
// refused.
#include "invsaga/stored.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "invsaga/operation.hpp"
#include "invsaga/testing/matchers.hpp"
#include "tests/ground/one_spelling.hpp"

namespace invsaga {
namespace {

using ::testing::ElementsAreArray;
using testing::ErrorIs;
using testing::IsOkAndHolds;

std::vector<std::byte> bytes_of(std::initializer_list<int> numbers) {
  std::vector<std::byte> bytes;
  for (const int number : numbers) bytes.push_back(static_cast<std::byte>(number));
  return bytes;
}

enum class Colour : std::uint16_t { red = 1, green = 515 };

struct Address {
  static constexpr std::string_view invsaga_schema = "test.address.1";
  std::string street;
  std::optional<std::int32_t> floor;
  friend bool operator==(const Address&, const Address&) = default;
};
/// Kept by hand.
struct Mark {
  std::uint8_t value = 0;
  friend bool operator==(const Mark&, const Mark&) = default;
};
}  // namespace
}  // namespace invsaga
template <>
struct invsaga::Stored<invsaga::Mark> {
  static constexpr std::string_view schema = "by.hand";
  static void encode(const Mark& mark, ByteWriter& writer) { writer.u8(mark.value); }
  static result<Mark> decode(ByteReader& reader) {
    const Mark mark{reader.u8()};
    if (!reader.ok()) return Error{Errc::corrupt};
    return mark;
  }
};
namespace invsaga {
namespace {

struct Everything {
  static constexpr std::string_view invsaga_schema = "test.everything.1";
  std::int8_t tiny = 0;
  std::uint16_t small = 0;
  std::int32_t middle = 0;
  unsigned long long large = 0;
  bool yes = false;
  double share = 0;
  Colour colour{};
  std::string text;
  std::vector<std::byte> bytes;
  RunId run;
  Row row;
  Time time;
  Duration length{};
  std::vector<Line> lines;
  std::optional<Address> address;
  std::vector<Address> others;
  std::optional<std::vector<bool>> flags;
  Mark mark;
  std::vector<Mark> marks;
  Nothing nothing;
  friend bool operator==(const Everything&, const Everything&) = default;
};
Everything everything() {
  Everything made;
  made.tiny = -128;
  made.small = 65'535;
  made.middle = std::numeric_limits<std::int32_t>::min();
  made.large = std::numeric_limits<unsigned long long>::max();
  made.yes = true;
  made.share = -0.1;
  made.colour = Colour::green;
  made.text = std::string("a\0b", 3);
  made.bytes = bytes_of({0, 255});
  made.run = {1, 2};
  made.row = Row{7};
  made.time = time_from_ms(-5);
  made.length = Duration{6};
  made.lines = {{Row{4}, 2}, {Row{5}, 3}};
  made.address = Address{"High Street", -1};
  made.others = {{"a", {}}, {"", 3}};
  made.flags = std::vector<bool>{true, false};
  made.mark = {3};
  made.marks = {{4}, {5}};
  return made;
}

// --- the bytes

TEST(Stored, ReadsWhatItWrote) {
  EXPECT_THAT(decode<Everything>(encode(everything())), IsOkAndHolds(everything()));
  EXPECT_THAT(decode<Everything>(encode(Everything{})), IsOkAndHolds(Everything{}));
}

TEST(Stored, TheMembersStandOneBehindTheOther) {
  const Address address{"ab", 258};
  EXPECT_THAT(encode(address), ElementsAreArray(bytes_of({2, 0, 0, 0, 'a', 'b', 1, 2, 1, 0, 0})));
  EXPECT_THAT(encode(std::vector<Address>{{"", {}}}),
              ElementsAreArray(bytes_of({1, 0, 0, 0, 0, 0, 0, 0, 0})));
  EXPECT_THAT(encode(Colour::green), ElementsAreArray(bytes_of({3, 2})));
  EXPECT_THAT(encode(1.0), ElementsAreArray(bytes_of({0, 0, 0, 0, 0, 0, 0xf0, 0x3f})));
}

struct Most {
  static constexpr std::string_view invsaga_schema = "most";
  bool a{}, b{}, c{}, d{}, e{}, f{}, g{}, h{}, i{}, j{}, k{}, l{};
  bool m{}, n{}, o{}, p{}, q{}, r{}, s{}, t{}, u{}, v{}, w{}, x{};
  friend bool operator==(const Most&, const Most&) = default;
};

TEST(Stored, AStructOfTheMostMembersThereMayBe) {
  Most most;
  most.x = most.c = true;
  EXPECT_EQ(encode(most).size(), 24u);
  EXPECT_THAT(decode<Most>(encode(most)), IsOkAndHolds(most));
}

// --- the schema

TEST(StoredSchema, HasThoseOfAllMembers) {
  EXPECT_EQ(Stored<Address>::schema, "test.address.1{text,optional(i32)}");
  EXPECT_EQ(Stored<Everything>::schema,
            "test.everything.1{i8,u16,i32,u64,bool,f64,enum(u16),text,bytes,id,invsaga.row.v1{u64},"
            "time,duration,vector(invsaga.line.v1{invsaga.row.v1{u64},i64}),"
            "optional(test.address.1{text,optional(i32)}),"
            "vector(test.address.1{text,optional(i32)}),optional(vector(bool)),by.hand,vector(by."
            "hand),nothing}");
}

TEST(StoredSchema, IsWhatItAlwaysWas) {
  EXPECT_EQ(Stored<std::int64_t>::schema, "i64");
  EXPECT_EQ(Stored<std::string>::schema, "text");
  EXPECT_EQ(Stored<Nothing>::schema, "nothing");
}

// --- bytes of strangers

TEST(StoredDecoding, RefusesBytesThatAreLeftOver) {
  auto bytes = encode(std::int64_t{5});
  EXPECT_THAT(decode<std::int64_t>(bytes), IsOkAndHolds(5));
  bytes.push_back(std::byte{0});
  EXPECT_THAT(decode<std::int64_t>(bytes), ErrorIs(Errc::corrupt));
}

TEST(StoredDecoding, TakesTextAsItIs) {
  const std::string text("a\0b\xff", 4);
  EXPECT_THAT(decode<std::string>(encode(text)), IsOkAndHolds(text));
}

TEST(StoredDecoding, OfNothingNeedsNoBytes) {
  EXPECT_TRUE(encode(Nothing{}).empty());
  EXPECT_THAT(decode<Nothing>({}), IsOkAndHolds(Nothing{}));
}

TEST(StoredDecoding, RefusesAnythingThatIsCutShort) {
  const auto whole = encode(everything());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(decode<Everything>(Bytes(whole).first(size)), ErrorIs(Errc::corrupt)) << size;
  }
}

TEST(StoredDecoding, RefusesASecondSpelling) {
  EXPECT_THAT(decode<bool>(bytes_of({2})), ErrorIs(Errc::corrupt));
  EXPECT_THAT(decode<std::optional<bool>>(bytes_of({2, 1})), ErrorIs(Errc::corrupt));
  EXPECT_THAT(decode<std::optional<bool>>(bytes_of({0, 1})), ErrorIs(Errc::corrupt));
  Rng rng(17);
  expect_one_spelling<Everything>(encode(everything()), rng, 20'000);
}

// The count alone would be 4 thousand million.
TEST(StoredDecoding, RefusesMoreValuesThanCouldFollow) {
  EXPECT_THAT(decode<std::vector<Line>>(bytes_of({255, 255, 255, 255, 1, 2, 3})),
              ErrorIs(Errc::corrupt));
  EXPECT_THAT(decode<std::vector<Address>>(bytes_of({2, 0, 0, 0, 0, 0, 0, 0, 0})),
              ErrorIs(Errc::corrupt));
}

TEST(StoredDecoding, TakesANumberThatNoEnumeratorHas) {
  EXPECT_THAT(decode<Colour>(bytes_of({9, 9})), IsOkAndHolds(static_cast<Colour>(9 * 257)));
}

}  // namespace
}  // namespace invsaga
