// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <invsaga/bytes.hpp>

namespace invsaga {
namespace {

std::vector<std::uint8_t> numbers(Bytes bytes) {
  std::vector<std::uint8_t> all;
  for (const std::byte byte : bytes) all.push_back(static_cast<std::uint8_t>(byte));
  return all;
}

TEST(ByteWriter, WritesNumbersLowestByteFirst) {
  ByteWriter writer;
  writer.u8(0x01);
  writer.u32(0x02030405);
  writer.u64(0x060708090a0b0c0dull);
  EXPECT_EQ(numbers(writer.view()),
            (std::vector<std::uint8_t>{1, 5, 4, 3, 2, 13, 12, 11, 10, 9, 8, 7, 6}));
}

TEST(ByteWriter, PrecedesTextByItsLength) {
  ByteWriter writer;
  writer.text("ab");
  writer.text("");
  EXPECT_EQ(numbers(writer.view()), (std::vector<std::uint8_t>{2, 0, 0, 0, 'a', 'b', 0, 0, 0, 0}));
}

TEST(ByteReader, ReadsWhatAWriterWrote) {
  ByteWriter writer;
  writer.u8(255);
  writer.u16(0xfffe);
  writer.u32(std::numeric_limits<std::uint32_t>::max());
  writer.u64(std::numeric_limits<std::uint64_t>::max());
  writer.i64(std::numeric_limits<std::int64_t>::min());
  writer.time(time_from_ms(-5));
  writer.id(RunId{1, 2});
  writer.text("text");
  ByteReader reader(writer.view());
  EXPECT_EQ(reader.u8(), 255);
  EXPECT_EQ(reader.u16(), 0xfffe);
  EXPECT_EQ(reader.u32(), std::numeric_limits<std::uint32_t>::max());
  EXPECT_EQ(reader.u64(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(reader.i64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(reader.time(), time_from_ms(-5));
  EXPECT_EQ(reader.id<RunId>(), (RunId{1, 2}));
  EXPECT_EQ(reader.text(), "text");
  EXPECT_TRUE(reader.at_end());
}

TEST(ByteReader, GivesZerosAfterAShortRead) {
  const std::vector<std::byte> three(3, std::byte{7});
  ByteReader reader(three);
  EXPECT_EQ(reader.u32(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0) << "what is left is not read either";
  EXPECT_EQ(reader.text(), "");
  EXPECT_FALSE(reader.at_end());
}

TEST(ByteReader, RefusesATextLongerThanTheBytes) {
  ByteWriter writer;
  writer.u32(std::numeric_limits<std::uint32_t>::max());
  writer.u8('a');
  ByteReader reader(writer.view());
  EXPECT_EQ(reader.text(), "");
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, RefusesACountThatCouldNotFollow) {
  const auto count_of = [](std::uint32_t count, std::size_t bytes_behind, std::size_t least) {
    ByteWriter writer;
    writer.u32(count);
    for (std::size_t i = 0; i < bytes_behind; ++i) writer.u8(0);
    ByteReader reader(writer.view());
    const std::size_t read = reader.count(least);
    return reader.ok() ? std::to_string(read) : "bad";
  };
  EXPECT_EQ(count_of(3, 12, 4), "3");
  EXPECT_EQ(count_of(4, 12, 4), "bad");
  EXPECT_EQ(count_of(0, 0, 4), "0");
  EXPECT_EQ(count_of(std::numeric_limits<std::uint32_t>::max(), 12, 4), "bad");
}

}  // namespace
}  // namespace invsaga
