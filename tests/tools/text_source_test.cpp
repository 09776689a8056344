// SPDX-License-Identifier: Apache-2.0
#include "tools/text_source.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "input_support.hpp"

namespace invsaga::tools {
namespace {

struct Text {
  std::string text;
  std::string fault;
};

/// All of it, `piece` bytes at a time.
Text read_all(TextSource source, std::size_t piece = 1000) {
  Text out;
  std::string buffer(piece, '\0');
  for (;;) {
    const std::size_t bytes = source.read(buffer);
    out.text.append(buffer, 0, bytes);
    if (bytes < piece) break;
  }
  EXPECT_EQ(source.read(buffer), 0U) << "a repeat after the end reads nothing";
  out.fault = source.fault();
  return out;
}

Text read_all(std::string_view bytes, TextLimits limits = {}) {
  return read_all(TextSource{ByteSource::memory(bytes), limits});
}

/// 200 KiB that do not pack to nothing.
std::string some_text() {
  std::string text;
  for (std::uint32_t i = 0; text.size() < 200'000; ++i)
    text += std::to_string(i * 2'654'435'761U) + '\n';
  return text;
}

TEST(TextSource, GivesPlainBytesAsTheyAre) {
  const std::string text = some_text();
  EXPECT_EQ(read_all(text).text, text);
  EXPECT_EQ(read_all("").text, "");
  EXPECT_EQ(read_all("\xFD"
                     "7zXZ")
                .text,
            "\xFD"
            "7zXZ");
  for (const std::size_t piece : {1U, 7U, 65'536U, 1'000'000U}) {
    EXPECT_EQ(read_all(TextSource{ByteSource::memory(text)}, piece).text, text);
  }
}

TEST(TextSource, KnowsXzByItsBytes) {
  const std::string text = some_text();
  for (const auto check :
       {LZMA_CHECK_NONE, LZMA_CHECK_CRC32, LZMA_CHECK_CRC64, LZMA_CHECK_SHA256}) {
    const Text read = read_all(packed(text, check));
    EXPECT_EQ(read.fault, "");
    EXPECT_EQ(read.text, text);
  }
  const TemporaryFile file{packed(text)};
  EXPECT_EQ(read_all(TextSource{ByteSource::file(file.path())}).text, text);
}

TEST(TextSource, UnpacksStreamsOneAfterTheOtherWithPadding) {
  const Text read = read_all(packed("one\n") + std::string(8, '\0') + packed("") + packed("two\n"));
  EXPECT_EQ(read.fault, "");
  EXPECT_EQ(read.text, "one\ntwo\n");
}

TEST(TextSource, FindsXzThatIsCutOffAnywhere) {
  const std::string whole = packed("some text, some more text\n");
  for (std::size_t bytes = xz_magic_bytes; bytes < whole.size(); ++bytes) {
    EXPECT_EQ(read_all(whole.substr(0, bytes)).fault, "damaged xz: it is cut off") << bytes;
  }
  EXPECT_NE(read_all(whole + whole.substr(0, 20)).fault, "");
}

TEST(TextSource, FindsEveryDamagedByteOfAnXzFile) {
  const std::string whole = packed("some text, some more text\n");
  for (std::size_t i = xz_magic_bytes; i < whole.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      EXPECT_NE(read_all(damaged).fault, "") << i << ' ' << bit;
    }
  }
}

TEST(TextSource, FindsWhatComesAfterTheXzData) {
  EXPECT_EQ(read_all(packed("a\n") + "more than that").fault, "damaged xz");
  EXPECT_NE(read_all(packed("a\n") + "m").fault, "");
  EXPECT_NE(read_all(packed("a\n") + std::string(3, '\0')).fault, "") << "padding is by four";
}

TEST(TextSource, BoundsTheMemoryForUnpacking) {
  const Text read = read_all(packed("a\n"), {.xz_memory = std::uint64_t{64} << 10U});
  EXPECT_EQ(read.fault, "xz: unpacking it takes more than 0 MiB of memory");
  EXPECT_EQ(read_all(packed("a\n"), {.xz_memory = std::uint64_t{4} << 20U}).fault, "");
}

TEST(TextSource, BoundsTheTextHoweverSmallItIsPacked) {
  const std::string bomb = packed(std::string(20'000'000, '\0'));
  ASSERT_LT(bomb.size(), 10'000U);
  const Text read = read_all(bomb, {.text_bytes = 1'000'000});
  EXPECT_EQ(read.fault, "holds more than 1000000 bytes of text");
  EXPECT_LT(read.text.size(), 1'010'000U);
  EXPECT_EQ(read_all("12345", {.text_bytes = 5}).fault, "");
  EXPECT_NE(read_all("123456", {.text_bytes = 5}).fault, "");
}

TEST(TextSource, SaysWhyAFileCannotBeRead) {
  EXPECT_EQ(read_all(TextSource{ByteSource::file("/no/such/file")}).fault,
            "cannot be opened: No such file or directory");
  EXPECT_EQ(read_all(TextSource{ByteSource::file(testing::TempDir())}).fault,
            "cannot be read: Is a directory");
}

}  // namespace
}  // namespace invsaga::tools
