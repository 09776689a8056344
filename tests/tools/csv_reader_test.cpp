// SPDX-License-Identifier: Apache-2.0
#include "tools/csv_reader.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "input_support.hpp"

namespace invsaga::tools {
namespace {

struct ReadRow {
  std::size_t line;
  std::vector<std::string> fields;
  std::string fault;
  std::size_t fault_column;

  friend bool operator==(const ReadRow&, const ReadRow&) = default;
};

void PrintTo(const ReadRow& row, std::ostream* out) {
  *out << row.line << ':' << row.fault_column << " [";
  for (const auto& field : row.fields) *out << '<' << field << '>';
  *out << "] " << row.fault;
}

/// All rows of `text`; of those with a fault no fields.
std::vector<ReadRow> rows(std::string_view text) {
  CsvReader reader{TextSource{ByteSource::memory(text)}};
  std::vector<ReadRow> out;
  for (CsvRow row; reader.next(row);) {
    ReadRow read{row.line, {}, std::string{row.fault}, 0};
    if (row.fault.empty()) {
      for (const Field& field : row.fields) read.fields.emplace_back(field.text);
    } else {
      read.fault_column = row.fault_at.column;
    }
    out.push_back(read);
  }
  return out;
}

ReadRow good(std::size_t line, std::vector<std::string> fields) {
  return {line, std::move(fields), "", 0};
}

ReadRow bad(std::size_t line, std::size_t column, std::string fault) {
  return {line, {}, std::move(fault), column};
}

using Rows = std::vector<ReadRow>;

TEST(CsvReader, EndsRowsWithLfOrCrlfOrTheText) {
  EXPECT_EQ(rows("a,b\nc,d\r\ne,f"),
            (Rows{good(1, {"a", "b"}), good(2, {"c", "d"}), good(3, {"e", "f"})}));
  EXPECT_EQ(rows("a\n"), (Rows{good(1, {"a"})}));
  EXPECT_EQ(rows(""), Rows{});
}

TEST(CsvReader, KeepsEmptyFieldsAndBlanks) {
  EXPECT_EQ(rows(",, a ,\n,"), (Rows{good(1, {"", "", " a ", ""}), good(2, {"", ""})}));
  EXPECT_EQ(rows("\"\",a\n"), (Rows{good(1, {"", "a"})}));
}

TEST(CsvReader, ABlankLineIsARowOfOneEmptyField) {
  EXPECT_EQ(rows("a\n\r\n\nb\n"),
            (Rows{good(1, {"a"}), good(2, {""}), good(3, {""}), good(4, {"b"})}));
}

TEST(CsvReader, DropsAByteOrderMark) {
  EXPECT_EQ(rows("\xEF\xBB\xBF"
                 "a,b\n"),
            (Rows{good(1, {"a", "b"})}));
  EXPECT_EQ(rows("\xEF\xBB\xBF\"a\"\n"), (Rows{good(1, {"a"})}));
  EXPECT_EQ(rows("\xEF\xBB\xBF"), Rows{});
  EXPECT_EQ(rows("\xEF\xBB\xBF\xEF\xBB\xBF"
                 "a"),
            (Rows{good(1, {"\xEF\xBB\xBF"
                           "a"})}));
}

TEST(CsvReader, TakesQuotesOff) {
  EXPECT_EQ(rows("\"a,b\",\"say \"\"hi\"\"\",\"\"\"\"\r\nc\n"),
            (Rows{good(1, {"a,b", "say \"hi\"", "\""}), good(2, {"c"})}));
  EXPECT_EQ(rows("\"a\""), (Rows{good(1, {"a"})}));
}

TEST(CsvReader, TellsTheColumnsOfFields) {
  CsvReader reader{TextSource{ByteSource::memory("ab,\"c\",,é,x\n")}};
  CsvRow row;
  ASSERT_TRUE(reader.next(row));
  std::vector<std::size_t> columns;
  for (const Field& field : row.fields) columns.push_back(field.column);
  EXPECT_EQ(columns, (std::vector<std::size_t>{1, 4, 8, 9, 12}));
  EXPECT_EQ(row.end_column, 13U);
}

TEST(CsvReader, RefusesABrokenQuotingAndGoesOnWithTheNextLine) {
  EXPECT_EQ(rows("a,b\"c,d\nx\n"),
            (Rows{bad(1, 3, "has a quote in it but is not quoted"), good(2, {"x"})}));
  EXPECT_EQ(rows("a,\"b\"c\nx\n"),
            (Rows{bad(1, 3, "has text after its closing quote"), good(2, {"x"})}));
  EXPECT_EQ(rows("\"b\" ,c\nx\n"),
            (Rows{bad(1, 1, "has text after its closing quote"), good(2, {"x"})}));
  EXPECT_EQ(rows("a,\"b\rx"), (Rows{bad(1, 3, "has a quote that is not closed")}));
  EXPECT_EQ(rows("\"b\"\r"), (Rows{bad(1, 1, "has text after its closing quote")}));
}

TEST(CsvReader, AQuoteNeverClosedDoesNotSwallowTheRows) {
  const Rows read = rows("a,\"b\n" + times(500, "c,d\n"));
  ASSERT_EQ(read.size(), 501U);
  EXPECT_EQ(read[0], bad(1, 3, "has a quote that is not closed"));
  EXPECT_EQ(read[1], good(2, {"c", "d"}));
  EXPECT_EQ(read[500], good(501, {"c", "d"}));
}

TEST(CsvReader, AQuoteClosedFarBelowDoesNotSwallowTheRows) {
  const Rows read = rows("a,\"b\n" + times(100, "c,d\n") + "e\",f\ng\n");
  ASSERT_EQ(read.size(), 103U);
  EXPECT_EQ(read[0], bad(1, 3, "has a quote that is not closed"));
  EXPECT_EQ(read[1], good(2, {"c", "d"}));
  EXPECT_EQ(read[101], bad(102, 1, "has a quote in it but is not quoted"));
  EXPECT_EQ(read[102], good(103, {"g"}));
}

TEST(CsvReader, ALineBreakInQuotesIsOneBadRowOverItsLines) {
  EXPECT_EQ(rows("a,\"b\nc\r\nd\",e\nf\n"),
            (Rows{bad(1, 3, "holds a control character"), good(4, {"f"})}));
}

TEST(CsvReader, ACrIsTextUnlessAnLfFollows) {
  EXPECT_EQ(rows("a\rb\n"), (Rows{bad(1, 1, "holds a control character")}));
  EXPECT_EQ(rows("a,b\r\r\n"), (Rows{bad(1, 3, "holds a control character")}));
  EXPECT_EQ(rows("a,b\r"), (Rows{bad(1, 3, "holds a control character")}));
}

TEST(CsvReader, RefusesTextThatIsNotCleanUtf8) {
  EXPECT_EQ(rows("a,b\tc\nx\n"), (Rows{bad(1, 3, "holds a control character"), good(2, {"x"})}));
  EXPECT_EQ(rows(std::string("a,\0\n", 4)), (Rows{bad(1, 3, "holds a control character")}));
  EXPECT_EQ(rows("\xC3,\x1B\n"), (Rows{bad(1, 1, "is not valid UTF-8")}));
}

TEST(CsvReader, CountsABytesOfAFieldWithoutItsQuotes) {
  const std::string full(255, 'x');
  EXPECT_EQ(rows(full + ",\"" + full + "\"\n"), (Rows{good(1, {full, full})}));
  EXPECT_EQ(rows('"' + times(255, "\"\"") + "\"\n"), (Rows{good(1, {std::string(255, '"')})}));
  EXPECT_EQ(rows("a," + full + "x\nb\n"),
            (Rows{bad(1, 3, "is longer than 255 bytes"), good(2, {"b"})}));
  EXPECT_EQ(rows("a,\"" + full + "x\",c\nb\n"),
            (Rows{bad(1, 3, "is longer than 255 bytes"), good(2, {"b"})}));
}

TEST(CsvReader, ReadsTheLongestGoodRow) {
  const std::string field = '"' + times(255, "\"\"") + '"';
  const std::string row = field + times(5, "," + field) + "\r\n";
  ASSERT_LE(row.size(), row_bytes_max);
  const Rows read = rows(row + row + "x\n");
  ASSERT_EQ(read.size(), 3U);
  EXPECT_EQ(read[1], good(2, std::vector<std::string>(6, std::string(255, '"'))));
}

TEST(CsvReader, LeavesOutARowThatIsTooLongWhateverItsLength) {
  for (const std::size_t bytes : {4'095U, 4'096U, 4'097U, 16'383U, 16'384U, 16'385U, 1'000'000U}) {
    const std::string row(bytes, 'x');
    EXPECT_EQ(rows("a\n" + row + "\nb\n"),
              (Rows{good(1, {"a"}), bad(2, 1, "is longer than 255 bytes"), good(3, {"b"})}));
    EXPECT_EQ(rows(row), (Rows{bad(1, 1, "is longer than 255 bytes")}));
    EXPECT_EQ(rows('"' + row), (Rows{bad(1, 1, "has a quote that is not closed")}));
  }
  const Rows read = rows(times(3'000, "x,") + "\nb\n");
  EXPECT_EQ(read, (Rows{bad(1, 4'097, "is in a row of more than 4096 bytes"), good(2, {"b"})}));
}

TEST(CsvReader, ReadsTheSameWhereverItsBufferEnds) {
  // The buffer is no multiple of a row, so that every place of a row meets the end of the buffer.
  const std::string row = "ab,\"c\"\"d\",\"e\"\"f\",é\r\n";
  const Rows read = rows(times(20'000, row));
  ASSERT_EQ(read.size(), 20'000U);
  for (std::size_t i = 0; i < read.size(); ++i) {
    ASSERT_EQ(read[i], good(i + 1, {"ab", "c\"d", "e\"f", "é"}));
  }
}

}  // namespace
}  // namespace invsaga::tools
