// SPDX-License-Identifier: Apache-2.0
#include "printable.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <string>

#include <invsaga/rng.hpp>

namespace invsaga {
namespace {

using ::testing::EndsWith;
using ::testing::SizeIs;

std::string of(std::string_view text) { return printable(text, 100); }

TEST(Printable, LeavesTextAsItIs) {
  EXPECT_EQ(of(""), "");
  EXPECT_EQ(of("card declined: \"51\" \\ 7 %"), "card declined: \"51\" \\ 7 %");
  EXPECT_EQ(of("\u00e4\u00f6\u20ac \U0001f600"), "\u00e4\u00f6\u20ac \U0001f600");
}

TEST(Printable, MakesHarmlessWhatMovesACursorOrEndsALine) {
  EXPECT_EQ(of("a\nb\r\tc\x1b[31m\x7f"), "a?b??c?[31m?");
  EXPECT_EQ(of(std::string("a\0b", 3)), "a?b");
  EXPECT_EQ(of("\u009b31m\u0085"), "?31m?") << "the control characters of two bytes";
  EXPECT_EQ(of("a\u2028b\u2029c"), "a?b?c");
  EXPECT_EQ(of("\u202e\u202a\u2066\u2069txt.exe"), "????txt.exe");
  EXPECT_EQ(of("\u00a0\u2027\u202f\u2065\u206a"), "\u00a0\u2027\u202f\u2065\u206a")
      << "their neighbours";
}

TEST(Printable, MakesHarmlessWhatIsNoText) {
  EXPECT_EQ(of("\xff\xfe a"), "?? a");
  EXPECT_EQ(of("\xc0\x80 overlong"), "?? overlong");
  EXPECT_EQ(of("\xed\xa0\x80 surrogate"), "??? surrogate");
  EXPECT_EQ(of("cut \xe2\x82"), "cut ??");
}

TEST(Printable, IsNeverLongerThanItMayBeAndSaysSo) {
  EXPECT_EQ(printable("12345678", 8), "12345678");
  EXPECT_EQ(printable("123456789", 8), "12345...");
  EXPECT_EQ(printable("1234\u20ac\u20ac", 8), "1234...") << "no half character";
  EXPECT_EQ(printable("123456", 3), "...");
  EXPECT_THAT(printable(std::string(5'000, 'x'), 1'024), SizeIs(1'024));
  EXPECT_THAT(printable(std::string(5'000, 'x'), 1'024), EndsWith("x..."));
}

TEST(Printable, OfRandomBytesIsText) {
  Rng rng(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(rng.below(40), ' ');
    for (char& byte : bytes) byte = static_cast<char>(rng.below(256));
    const std::string text = printable(bytes, 30);
    ASSERT_LE(text.size(), 30u);
    for (const char c : text) ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    ASSERT_NO_THROW(static_cast<void>(nlohmann::json(text).dump())) << "it is UTF-8";
    ASSERT_EQ(printable(text, 30), text) << "once is enough";
  }
}

}  // namespace
}  // namespace invsaga
