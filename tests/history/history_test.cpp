// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include <invsaga/history/history.hpp>

#include "tests/history/maker.hpp"
#include "tests/history/script.hpp"

namespace {

using namespace invsaga;
using histories::script_header;
using testing::HasSubstr;

constexpr std::string_view begin = R"({"n":1,"at":"2010-12-01T08:26:00.000Z","t0":5,"t1":9,)";

std::string why_not(const std::string& rest) {
  HistoryLine line;
  std::string why;
  EXPECT_FALSE(read_history(std::string(begin) + rest, line, why)) << rest;
  return why;
}

HistoryLine must_read(const std::string& text) {
  HistoryLine line;
  std::string why;
  EXPECT_TRUE(read_history(text, line, why)) << why << "\n" << text;
  return line;
}

std::string written(const HistoryLine& line) {
  std::string text;
  write_history(line, text);
  return text;
}

std::string read_all(const std::string& text) {
  History history;
  std::string why;
  return read_history(text, history, why) ? "" : why;
}

TEST(HistoryWords, AreReadAsTheyAreWritten) {
  for (std::size_t i = 0; i < history_op_count; ++i) {
    EXPECT_EQ(history_op(name(static_cast<HistoryOp>(i))), static_cast<HistoryOp>(i));
  }
  for (std::size_t i = 0; i < history_answer_count; ++i) {
    EXPECT_EQ(history_answer(name(static_cast<HistoryAnswer>(i))), static_cast<HistoryAnswer>(i));
  }
  EXPECT_EQ(history_op("sell"), std::nullopt);
  EXPECT_EQ(history_answer("yes"), HistoryAnswer::other);
}

TEST(HistoryWords, EveryOperationMayFailOrBeUnknown) {
  for (std::size_t i = 0; i < history_op_count; ++i) {
    EXPECT_TRUE(may_answer(static_cast<HistoryOp>(i), HistoryAnswer::failed));
    EXPECT_TRUE(may_answer(static_cast<HistoryOp>(i), HistoryAnswer::unknown));
    EXPECT_FALSE(may_answer(static_cast<HistoryOp>(i), HistoryAnswer::other));
  }
  EXPECT_TRUE(may_answer(HistoryOp::reserve, HistoryAnswer::suppressed));
  EXPECT_FALSE(may_answer(HistoryOp::commit, HistoryAnswer::suppressed));
}

TEST(HistoryWriter, WritesEachOperationWithItsFieldsInOneOrder) {
  const std::string_view rests[] = {
      R"("op":"request","saga":"5","id":"r","units":8,"amount":"12.50","answer":"fresh"})",
      R"("op":"call","saga":"5","step":"clear cart","id":"c","answer":"done"})",
      R"("op":"reserve","saga":"5","step":"reserve","id":"r0","until":"2010-12-01T08:41:00.000Z","lines":[["A",6],["B",2]],"short":[["A",6,4]],"answer":"out_of_stock"})",
      R"("op":"commit","saga":"5","id":"r0","lines":[["A",4]],"back":[["A",2]],"answer":"committed","lost":true})",
      R"("op":"release","saga":"5","id":"r0","answer":"tombstoned"})",
      R"("op":"extend","saga":"5","id":"r0","until":"2010-12-01T08:41:00.001Z","answer":"reserved"})",
      R"("op":"expire","id":"r0","lines":[["A",6]],"answer":"expired"})",
      R"("op":"adjust","saga":"C5","id":"a","reason":"write_off","lines":[["A",-6]],"answer":"adjusted","repeat":true})",
      R"("op":"charge","saga":"5","id":"p","amount":"0","answer":"unknown"})",
      R"("op":"refund","saga":"5","id":"p","amount":"12.50","answer":"refunded"})",
      R"("op":"publish","saga":"5","id":"e","type":"T","sequence":1,"answer":"published"})",
      R"("op":"deliver","saga":"5","id":"e","type":"T","sequence":1,"consumer":"c","answer":"parked"})",
      R"("op":"end","saga":"5","outcome":"compensated","reason":"declined","events":3,"answer":"ended"})",
      R"("op":"stock","rows":[["A",5,0,1],["B",0,0,0]],"answer":"counted"})",
  };
  for (const std::string_view rest : rests) {
    const std::string text = std::string(begin) + std::string(rest);
    EXPECT_EQ(written(must_read(text)), text + "\n");
  }
}

TEST(HistoryWriter, EscapesWhatJsonMustEscapeAndReplacesWhatIsNoText) {
  HistoryLine line;
  line.op = HistoryOp::expire;
  line.answer = HistoryAnswer::expired;
  line.id = std::string("a\"\\\n\t\r\x01\x7f\0z", 10);
  line.lines.add("caf\xc3\xa9 \xf0\x9f\x8e\x81", 1);
  const HistoryLine back = must_read(written(line).substr(0, written(line).size() - 1));
  EXPECT_EQ(back.id, line.id);
  EXPECT_EQ(back.lines, line.lines);
  line.id = "\xff\xc3(\xed\xa0\x80\xe2\x82";
  EXPECT_EQ(
      must_read(written(line)).id,
      "\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(HistoryWriter, WritesATimeThatNoTextCanSayAsTheNearest) {
  for (const auto& [time, text] : {std::pair{Time::max(), "9999-12-31T23:59:59.999Z"},
                                   std::pair{Time::min(), "0000-01-01T00:00:00.000Z"}}) {
    HistoryLine line;
    line.n = 1;
    line.op = HistoryOp::extend;
    line.id = "x";
    line.at = line.until = time;
    line.answer = HistoryAnswer::reserved;
    std::string written, why;
    write_history(line, written);
    EXPECT_EQ(written.find(text), written.find("\"at\":\"") + 6) << written;
    HistoryLine read;
    EXPECT_TRUE(read_history(written, read, why)) << why;
    EXPECT_EQ(read.impossible, "");
  }
}

TEST(HistoryWriter, WritesTimesOfAnyDay) {
  HistoryLine line;
  for (const std::int64_t ms :
       {0LL, 951'782'400'000LL, 1'291'190'760'001LL, 253'402'300'799'999LL}) {
    line.op = HistoryOp::extend;
    line.at = line.until = time_from_ms(ms);
    EXPECT_EQ(must_read(written(line)).until, line.until);
  }
}

TEST(HistoryReader, TakesKeysInAnyOrder) {
  const auto line = must_read(
      R"({"answer":"handled","consumer":"c","sequence":2,"type":"T","id":"e","saga":"5","op":"deliver","t1":9,"t0":5,"at":"2010-12-01T08:26:00.000Z","n":7})");
  EXPECT_EQ(line.n, 7U);
  EXPECT_EQ(line.answer, HistoryAnswer::handled);
  EXPECT_EQ(line.sequence, 2U);
}

TEST(HistoryReader, KeepsNothingOfTheLineBefore) {
  HistoryLine line = must_read(
      std::string(begin) +
      R"("op":"commit","saga":"5","id":"r0","lines":[["A",4]],"back":[["A",2]],"answer":"committed","lost":true})");
  std::string why;
  const std::string next = std::string(begin) + R"("op":"release","id":"x","answer":"tombstoned"})";
  ASSERT_TRUE(read_history(next, line, why));
  EXPECT_EQ(line, must_read(next));
}

TEST(HistoryReader, RefusesWhatIsNotJsonOfTheShapeOfALine) {
  EXPECT_THAT(why_not(R"("op":"end")"), HasSubstr("not JSON at column"));
  EXPECT_THAT(why_not(R"("op":"release","id":"x","answer":"tombstoned"} {})"),
              HasSubstr("not JSON"));
  EXPECT_THAT(why_not(R"("op":"release","id":"x","answer":"tombstoned","x":1})"),
              HasSubstr("\"x\" is not known"));
  EXPECT_THAT(why_not(R"("op":"release","id":"x","id":"x","answer":"tombstoned"})"),
              HasSubstr("twice"));
  EXPECT_THAT(why_not(R"("op":"release","answer":"tombstoned"})"),
              HasSubstr("\"id\" is missing in a line of release"));
  EXPECT_THAT(
      why_not(
          R"("op":"release","id":"x","until":"2010-12-01T08:26:00.000Z","answer":"tombstoned"})"),
      HasSubstr("\"until\" is out of place"));
  EXPECT_THAT(why_not(R"("op":"sell","id":"x","answer":"tombstoned"})"),
              HasSubstr("operation \"sell\" is not known"));
  EXPECT_THAT(why_not(R"("op":"release","id":5,"answer":"tombstoned"})"),
              HasSubstr("\"id\" cannot be a number"));
  EXPECT_THAT(why_not(R"("op":"release","id":null,"answer":"tombstoned"})"),
              HasSubstr("cannot be null"));
  EXPECT_THAT(why_not(R"("op":"release","id":"x","answer":"tombstoned","lost":"yes"})"),
              HasSubstr("cannot be a text"));
  EXPECT_THAT(why_not(R"("op":"release","id":"x","answer":"tombstoned","lost":{}})"),
              HasSubstr("cannot be an object"));
  EXPECT_THAT(why_not(R"("op":"expire","id":"x","lines":[["A"]],"answer":"expired"})"),
              HasSubstr("[text, number]"));
  EXPECT_THAT(why_not(R"("op":"expire","id":"x","lines":[["A",1,2]],"answer":"expired"})"),
              HasSubstr("[text, number]"));
  EXPECT_THAT(why_not(R"("op":"expire","id":"x","lines":[[1,"A"]],"answer":"expired"})"),
              HasSubstr("[text, number]"));
  EXPECT_THAT(why_not(R"("op":"expire","id":"x","lines":[["A",[1]]],"answer":"expired"})"),
              HasSubstr("a list"));
  EXPECT_THAT(why_not(R"("op":"expire","id":"x","lines":["A",1],"answer":"expired"})"),
              HasSubstr("a text"));
  EXPECT_THAT(why_not(R"("op":"expire","id":"x","lines":[["A",1.5]],"answer":"expired"})"),
              HasSubstr("a fraction"));
  EXPECT_THAT(why_not(R"("op":"expire","id":"x","lines":[["A",1e400]],"answer":"expired"})"),
              HasSubstr("not JSON"));
  HistoryLine line;
  std::string why;
  for (const char* text : {"", "[]", "7", "\"n\"", "null", "{}", "[[[[[[[[", "{\"n\":{\"n\":{"}) {
    EXPECT_FALSE(read_history(std::string_view(text), line, why)) << text;
    EXPECT_FALSE(why.empty());
  }
}

TEST(HistoryReader, LeavesImpossibleValuesToTheChecker) {
  const auto impossible = [](const std::string& rest) {
    return must_read(std::string(begin) + rest).impossible;
  };
  EXPECT_THAT(
      impossible(
          R"("op":"extend","id":"x","until":"2010-13-01T08:26:00.000Z","answer":"expired"})"),
      HasSubstr("no time"));
  EXPECT_THAT(impossible(R"("op":"extend","id":"x","until":"soon","answer":"expired"})"),
              HasSubstr("no time"));
  EXPECT_THAT(
      impossible(
          R"("op":"extend","id":"x","until":"2010-02-29T08:26:00.000Z","answer":"expired"})"),
      HasSubstr("no time"));
  EXPECT_THAT(
      impossible(
          R"("op":"expire","id":"x","lines":[["A",18446744073709551615]],"answer":"expired"})"),
      HasSubstr("2^63"));
  EXPECT_THAT(
      impossible(
          R"("op":"expire","id":"x","lines":[["A",-99999999999999999999]],"answer":"expired"})"),
      HasSubstr("64 bits"));
  EXPECT_THAT(impossible(R"("op":"release","id":"x","answer":"maybe"})"),
              HasSubstr("\"answer\" is \"maybe\""));
  EXPECT_THAT(
      impossible(
          R"("op":"publish","saga":"5","id":"e","type":"T","sequence":-1,"answer":"published"})"),
      HasSubstr("below 0"));
  EXPECT_EQ(impossible(
                R"("op":"extend","id":"x","until":"2012-02-29T08:26:00.000Z","answer":"expired"})"),
            "");
}

TEST(HistoryHeader, KeepsWhatWasRun) {
  HistoryHeader header;
  std::string why, text;
  ASSERT_TRUE(read_history(script_header, header, why)) << why;
  EXPECT_EQ(header.hold, Duration{900'000});
  EXPECT_EQ(header.paths.size(), 4U);
  write_history(header, text);
  EXPECT_EQ(text, std::string(script_header) + "\n");
}

TEST(HistoryHeader, TakesKeysThatItDoesNotKnow) {
  HistoryHeader header;
  std::string why;
  EXPECT_TRUE(read_history(
      R"({"invsaga_history":1,"made_by":["x"],"options":{},"seed":18446744073709551615,"threads":2,"exact":true,"consumers":{},"paths":[]})",
      header, why))
      << why;
  EXPECT_TRUE(header.exact);
  EXPECT_EQ(header.seed, ~std::uint64_t{0});
}

TEST(HistoryHeader, RefusesWhatIsNotOurs) {
  HistoryHeader header;
  std::string why;
  const std::string rest = R"("options":{},"seed":1,"threads":1,"consumers":{},"paths":[]})";
  ASSERT_TRUE(read_history(R"({"invsaga_history":1,)" + rest, header, why)) << why;
  for (
      const std::string& text :
      {std::string(), std::string("{"), std::string("[]"), "{" + rest,
       R"({"invsaga_history":2,)" + rest, R"({"invsaga_history":"1",)" + rest,
       R"({"invsaga_history":1,"seed":2,)" + rest,
       std::string(
           R"({"invsaga_history":1,"options":{},"seed":1,"threads":0,"consumers":{},"paths":[]})"),
       std::string(
           R"({"invsaga_history":1,"options":{},"seed":-1,"threads":1,"consumers":{},"paths":[]})"),
       std::string(
           R"({"invsaga_history":1,"options":{},"seed":1,"threads":1,"consumers":{"T":"c"},"paths":[]})"),
       std::string(
           R"({"invsaga_history":1,"options":{},"seed":1,"threads":1,"consumers":{},"paths":["T"]})"),
       std::string(
           R"({"invsaga_history":1,"options":[],"seed":1,"threads":1,"consumers":{},"paths":[]})"),
       std::string(R"({"invsaga_history":1,"options":{},"seed":1,"threads":1,"consumers":{}})"),
       R"({"invsaga_history":1,"deep":)" + std::string(100'000, '[') + std::string(100'000, ']') +
           "," + rest}) {
    EXPECT_FALSE(read_history(text, header, why)) << text.substr(0, 200);
    EXPECT_FALSE(why.empty());
  }
}

TEST(HistoryFile, RoundTripsWhatAShopDid) {
  const History made = histories::make({.seed = 3, .orders = 200});
  std::string text;
  write_history(made.header, text);
  for (const HistoryLine& line : made.lines) write_history(line, text);
  ASSERT_GT(text.size(), std::size_t{1} << 18);  // more than one block of the reader
  History back;
  std::string why;
  ASSERT_TRUE(read_history(text, back, why)) << why;
  EXPECT_EQ(back.header, made.header);
  EXPECT_EQ(back.lines, made.lines);
}

TEST(HistoryFile, NamesTheLineThatIsNotOurs) {
  const std::string good = histories::script_text({histories::counted("")});
  EXPECT_EQ(read_all(good), "");
  EXPECT_EQ(read_all(good.substr(0, good.size() - 1)), "");  // the last line feed may be missing
  EXPECT_EQ(read_all(""), "line 1: the file is empty");
  EXPECT_THAT(read_all("\n"), HasSubstr("line 1: not JSON"));
  EXPECT_THAT(read_all(good + "\n"), HasSubstr("line 3: "));
  EXPECT_THAT(read_all(good.substr(0, good.size() - 5)), HasSubstr("line 2: not JSON"));
  EXPECT_THAT(read_all(good + good), HasSubstr("line 3: key \"invsaga_history\" is not known"));
}

TEST(HistoryFile, HoldsALineToItsBudget) {
  std::istringstream in(std::string(script_header) + "\n" + std::string(1'000'000, ' '));
  HistoryReader reader(in, {.header_bytes = 10'000, .line_bytes = 5'000});
  HistoryHeader header;
  HistoryLine line;
  ASSERT_EQ(reader.header(header), HistoryReader::Got::line);
  EXPECT_EQ(reader.next(line), HistoryReader::Got::not_ours);
  EXPECT_EQ(reader.problem(), "line 2: longer than 5000 bytes");
  EXPECT_EQ(reader.next(line), HistoryReader::Got::not_ours);
}

TEST(HistoryFile, TakesALineOfExactlyItsBudget) {
  const std::string text = histories::script_text({histories::counted("")});
  const std::size_t header_bytes = script_header.size();
  const std::size_t line_bytes = text.size() - header_bytes - 2;  // without the line feeds
  for (const std::size_t less : {0U, 1U}) {
    HistoryHeader header;
    HistoryLine line;
    std::istringstream in(text);
    HistoryReader reader(in, {.header_bytes = header_bytes, .line_bytes = line_bytes - less});
    ASSERT_EQ(reader.header(header), HistoryReader::Got::line);
    EXPECT_EQ(reader.next(line) == HistoryReader::Got::line, less == 0);
    std::istringstream again(text);
    HistoryReader other(again, {.header_bytes = header_bytes - less, .line_bytes = line_bytes});
    EXPECT_EQ(other.header(header) == HistoryReader::Got::line, less == 0);
  }
}

}  // namespace
