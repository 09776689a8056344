// SPDX-License-Identifier: Apache-2.0
#include "tools/text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tools/issue.hpp"
#include "tools/text_table.hpp"

namespace invsaga::tools {
namespace {

TEST(Text, AllowsEveryPrintableCharacter) {
  for (const std::string text :
       {"", "85123A", "a b", "~", "\xC2\xA0", "é", "€", "漢字", "😀", "\xEF\xBF\xBF",
        "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF", "\xE0\xA0\x80"}) {
    EXPECT_EQ(text_fault(text), "") << escaped(text);
  }
}

TEST(Text, RefusesControlCharacters) {
  for (int byte = 0; byte < 0x20; ++byte) {
    EXPECT_EQ(text_fault("a" + std::string(1, static_cast<char>(byte))),
              "holds a control character");
  }
  EXPECT_EQ(text_fault("\x7F"), "holds a control character");
  EXPECT_EQ(text_fault("ab\xC2\x80"), "holds a control character");
  EXPECT_EQ(text_fault("\xC2\x9F"), "holds a control character");
}

TEST(Text, RefusesWhatIsNotUtf8) {
  for (const std::string text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x9F\xBF", "\xE2\x82",
        "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF0\x9F\x98", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\xFE", "\xFF", "ok \xE2(\xA1"}) {
    EXPECT_EQ(text_fault(text), "is not valid UTF-8") << escaped(text);
  }
}

TEST(Text, QuotesSoThatNothingReachesTheTerminal) {
  EXPECT_EQ(shown("a\x1B[2J\n\xFF é"), "\"a\\x1b[2J\\x0a\\xff é\"");
  EXPECT_EQ(shown(std::string(40, 'x')), '"' + std::string(40, 'x') + '"');
  EXPECT_EQ(shown(std::string(41, 'x')), '"' + std::string(40, 'x') + "...\"");
}

TEST(Text, CutsNoCharacterInTwo) {
  EXPECT_EQ(shown(std::string(39, 'x') + "éé"), '"' + std::string(39, 'x') + "...\"");
  EXPECT_EQ(shown(std::string(37, 'x') + "😀😀"), '"' + std::string(37, 'x') + "...\"");
  EXPECT_EQ(text_fault(shown(std::string(60, '\x80'))), "");
}

TEST(Issue, IsToldAsFileLineColumnAndReason) {
  EXPECT_EQ(to_text(Issue{"a.csv", 3, 7, "no"}), "a.csv:3:7: no");
  EXPECT_EQ(to_text(Issue{"a.csv", 0, 0, "is empty"}), "a.csv: is empty");
  EXPECT_EQ(to_text(Issue{"", 0, 0, "no"}), "no");
  EXPECT_EQ(to_text(Issue{"a\n.csv", 1, 1, "no"}), "a\\x0a.csv:1:1: no");
}

TEST(Issue, AreAllCountedAndOnlyTheFirstKept) {
  IssueList issues{2};
  for (std::size_t line = 1; line <= 5; ++line) issues.add({"f", line, 1, "bad"});
  EXPECT_EQ(issues.count(), 5U);
  EXPECT_EQ(to_text(issues), "f:1:1: bad\nf:2:1: bad\n... and 3 more\n");
}

TEST(TextTable, NumbersDifferentTextsInTheirOrder) {
  TextTable table;
  EXPECT_EQ(table.find("a"), std::nullopt);
  EXPECT_EQ(table.intern("a"), 0U);
  EXPECT_EQ(table.intern("A"), 1U);
  EXPECT_EQ(table.intern(""), 2U);
  EXPECT_EQ(table.intern("a"), 0U);
  EXPECT_EQ(table.find("A"), 1U);
  EXPECT_EQ(table.find("b"), std::nullopt);
  EXPECT_EQ(table[1], "A");
  EXPECT_EQ(table.size(), 3U);
}

TEST(TextTable, KeepsViewsGoodWhileItGrowsAndMoves) {
  TextTable table;
  table.intern("first");
  const std::string_view first = table[0];
  for (int i = 0; i < 50'000; ++i) table.intern(std::to_string(i));
  const std::string large(200'000, 'x');
  EXPECT_EQ(table[table.intern(large)], large);
  const TextTable moved = std::move(table);
  EXPECT_EQ(first, "first");
  EXPECT_EQ(moved.find("49999"), 50'000U);
  EXPECT_EQ(moved.find(large), 50'001U);
  EXPECT_GE(moved.memory_bytes(), 50'000U * 16);
}

}  // namespace
}  // namespace invsaga::tools
